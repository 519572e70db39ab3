"""Every text of a chart as a Document: attachments, conclusions, sections, narratives, annotations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from posology.records.attachments import Extracted, Failure, decode_base64, extract_text, verify_attachment
from posology.records.chart import Document, Resource, Unread
from posology.records.dates import PartialDate, parse_date
from posology.records.markup import parse_html
from posology.records.timing import date_of

__all__ = ["Fetch", "documents_of"]

Body = Mapping[str, Any]
Fetch = Callable[[str, Resource], "bytes | Failure"]
Found = Document | Unread

# statuses under which a text was withdrawn or is not final: it is listed, not read
_NOT_FINAL: Mapping[str, frozenset[str]] = {
    "DocumentReference": frozenset({"entered-in-error", "superseded"}),
    "DiagnosticReport": frozenset({"entered-in-error", "cancelled", "registered", "partial", "preliminary"}),
    "Composition": frozenset({"entered-in-error", "preliminary"}),
}
_WITHDRAWN = frozenset({"entered-in-error"})
_PLAIN: Mapping[str, tuple[str, ...]] = {
    "DiagnosticReport": ("conclusion",),
    "ClinicalImpression": ("description", "summary"),
    "CarePlan": ("description",),
}


@dataclass(frozen=True, slots=True)
class _Head:
    """What a text inherits from its resource or section."""

    title: str
    day: PartialDate | None
    codes: tuple[Body, ...] = ()


@dataclass(frozen=True, slots=True)
class _Text:
    """A text on its way to becoming a document."""

    kind: str
    head: _Head
    text: str


@dataclass(frozen=True)
class _Reader:
    """The texts of one resource, on their way to becoming documents."""

    resource: Resource
    fetch: Fetch
    restricted: frozenset[str]

    def texts(self) -> Iterator[_Text | Unread]:
        """Yield each text of the resource, or why it was not read."""
        body, kind = self.resource.body, self.resource.type
        head = _Head(_title(body) or kind, date_of(self.resource), tuple(_codes(body)))
        if kind == "DocumentReference":
            for number, content in enumerate(_objects(body.get("content"))):
                yield from self._attachment(
                    content.get("attachment"), f"content[{number}].attachment", "note", head
                )
        if kind == "DiagnosticReport":
            for number, form in enumerate(_objects(body.get("presentedForm"))):
                yield from self._attachment(form, f"presentedForm[{number}]", "report", head)
        if kind == "Media":
            yield from self._attachment(body.get("content"), "content", "note", head)
        for element in _PLAIN.get(kind, ()):
            text = body.get(element)
            if isinstance(text, str) and text.strip():
                yield _Text("report", replace(head, title=f"{head.title}: {element}"), text)
        if kind == "Composition":
            yield from self._sections(body, "section", head)
        narrative = body.get("text")
        if isinstance(narrative, dict) and narrative.get("status") == "additional":
            yield from self._div(narrative, "text", "narrative", replace(head, codes=()))
        yield from self._annotations(body, head)

    def _attachment(self, attachment: Any, path: str, kind: str, head: _Head) -> Iterator[_Text | Unread]:
        if not isinstance(attachment, dict):
            yield Unread(self.resource.reference, f"{path}: empty attachment")
            return
        found = self._extract(attachment)
        if isinstance(found, Failure):
            yield Unread(self.resource.reference, f"{path}: {found.why}")
            return
        for warning in found.warnings:
            yield Unread(self.resource.reference, f"{path}: {warning}")
        own = attachment.get("title")
        yield _Text(kind, replace(head, title=own) if isinstance(own, str) and own else head, found.text)

    def _extract(self, attachment: Body) -> Extracted | Failure:
        data = self._data(attachment)
        if isinstance(data, Failure):
            return data
        content_type = attachment.get("contentType")
        return verify_attachment(attachment, data) or extract_text(
            data, content_type if isinstance(content_type, str) else ""
        )

    def _data(self, attachment: Body) -> bytes | Failure:
        data, url = attachment.get("data"), attachment.get("url")
        if isinstance(data, str) and data.strip():
            return decode_base64(data)
        if isinstance(url, str) and url.strip():
            return self.fetch(url.strip(), self.resource)
        return Failure("empty attachment")

    def _sections(self, parent: Body, path: str, head: _Head) -> Iterator[_Text | Unread]:
        for number, section in enumerate(_objects(parent.get("section"))):
            where = f"{path}[{number}]"
            if self._names_restricted(section):
                yield Unread(self.resource.reference, f"{where}: draws on a restricted resource")
                continue
            own = section.get("title")
            title = f"{head.title}: {own}" if isinstance(own, str) and own else head.title
            inner = _Head(title, head.day, tuple(_codes(section)))
            yield from self._div(section.get("text"), f"{where}.text", "section", inner)
            yield from self._sections(section, f"{where}.section", inner)

    def _names_restricted(self, section: Body) -> bool:
        entries = [str(entry.get("reference")) for entry in _objects(section.get("entry"))]
        tails = ["/".join(entry.split("/_history")[0].split("/")[-2:]) for entry in entries]
        return not self.restricted.isdisjoint([*entries, *tails])

    def _div(self, narrative: Any, path: str, kind: str, head: _Head) -> Iterator[_Text | Unread]:
        div = narrative.get("div") if isinstance(narrative, dict) else None
        if not isinstance(div, str):
            return
        text, hidden = parse_html(div)
        if hidden:
            why = f"{path}: {hidden} characters of hidden text were left out"
            yield Unread(self.resource.reference, why)
        if text.strip():
            yield _Text(kind, head, text)

    def _annotations(self, body: Body, head: _Head) -> Iterator[_Text]:
        for note in _objects(body.get("note")):
            text = note.get("text")
            if isinstance(text, str) and text.strip():
                day = parse_date(note.get("time")) or head.day
                yield _Text("annotation", _Head(f"Note on {head.title}", day), text)


def documents_of(resources: Sequence[Resource], fetch: Fetch, restricted: frozenset[str]) -> Iterator[Found]:
    """Yield the documents of all resources, in order, and what of their text was not read.

    ``fetch`` returns the bytes that a URL of an attachment leads to; ``restricted`` holds the references
    and full URLs of resources that were left out.
    """
    for resource in resources:
        why = _not_final(resource)
        if why:
            if _has_text(resource):
                yield Unread(resource.reference, f"text not read: {why}")
            continue
        count = 0
        for found in _Reader(resource, fetch, restricted).texts():
            if isinstance(found, Unread):
                yield found
                continue
            count += 1
            source = resource.reference if count == 1 else f"{resource.reference}#{count}"
            head = found.head
            yield Document(
                source, head.title, found.kind, found.text, head.day, head.codes, resource.restricted
            )


def _not_final(resource: Resource) -> str:
    status = resource.body.get("status")
    if isinstance(status, str) and status in _NOT_FINAL.get(resource.type, _WITHDRAWN):
        return f"status {status}"
    status = resource.body.get("docStatus")
    if resource.type == "DocumentReference" and status in ("entered-in-error", "preliminary"):
        return f"docStatus {status}"
    return ""


def _has_text(resource: Resource) -> bool:
    body = resource.body
    return resource.type in _NOT_FINAL or bool(body.get("note"))


def _title(body: Body) -> str:
    title = body.get("title")
    if isinstance(title, str) and title:
        return title
    for element in ("type", "code", "vaccineCode", "medicationCodeableConcept"):
        concept = body.get(element)
        for one in _objects(concept if isinstance(concept, list) else [concept]):
            names = [one.get("text"), *(coding.get("display") for coding in _objects(one.get("coding")))]
            found = next((name for name in names if isinstance(name, str) and name), "")
            if found:
                return found
    description = body.get("description")
    return description if isinstance(description, str) and len(description) <= 120 else ""


def _codes(body: Body) -> list[Body]:
    concepts = [body.get("type"), body.get("code")]
    category = body.get("category")
    concepts.extend(category if isinstance(category, list) else [category])
    return [coding for concept in _objects(concepts) for coding in _objects(concept.get("coding"))]


def _objects(value: Any) -> list[Body]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
