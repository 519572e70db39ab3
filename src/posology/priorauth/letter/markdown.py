"""The letter as Markdown (CommonMark with tables), every text escaped."""

import re
from collections.abc import Iterable, Sequence

from posology.priorauth.letter.view import (
    Cited,
    CriteriaGroup,
    CriterionRow,
    Field,
    LetterView,
    Listing,
    Panel,
    SignatureBlock,
    Source,
    Strip,
)

__all__ = ["escape", "render_markdown"]

_ACTIVE = re.compile(r"[\\`*_\[\]<>|~&$@]")
_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(?=:)|\b(www)(?=\.)")
_START = re.compile(r"^(#{1,6}(?=\s|$)|[-+](?=\s|$)|=+\s*$|-{2,}\s*$|\d{1,9}(?=[.)](?:\s|$)))")


def escape(text: str) -> str:
    """Return a text so that Markdown shows exactly it: no markup, link or math comes of it."""
    escaped = _ACTIVE.sub(r"\\\g<0>", text)
    escaped = _LINK.sub(lambda match: f"{match[0]}\\", escaped)
    start = _START.match(escaped)
    if start is None:
        return escaped
    head, rest = start[0], escaped[start.end() :]
    return f"{head}\\{rest}" if head.isdigit() else f"\\{head}{rest}"


def render_markdown(view: LetterView) -> str:
    """Render the letter as Markdown."""
    blocks: list[str] = []
    if view.draft_mark:
        blocks.append(f"**{view.draft_mark}**")
    if view.strip is not None:
        blocks += _strip(view.strip)
    blocks += _letterhead(view)
    blocks += [block for column in view.columns for panel in column for block in _panel(panel)]
    blocks += [f"> {escape(notice)}" for notice in view.notices]
    for section in view.sections:
        paragraphs = [" ".join(_cited(sentence) for sentence in part) for part in section.paragraphs]
        blocks += [f"## {escape(section.title)}", *paragraphs]
    blocks += _criteria(view)
    blocks += [block for listing in view.listings for block in _listing(listing, "##")]
    if view.signature is not None:
        blocks += _signature(view.signature)
    blocks += _sources(view)
    blocks += [f"## {escape(view.made_title)}", _items(escape(line) for line in view.made)]
    if view.worksheet:
        blocks += ["---", f"## {escape(view.worksheet_title)}", f"*{escape(view.worksheet_note)}*"]
        blocks += [block for listing in view.worksheet for block in _listing(listing, "###")]
    mark = f"**{view.draft_mark}** · " if view.draft_mark else ""
    blocks += ["---", f"{mark}{escape(view.footer)}"]
    return "\n\n".join(blocks) + "\n"


def _strip(strip: Strip) -> list[str]:
    lines = [f"**{escape(strip.title)}**", escape(strip.headline)]
    quoted = "\n>\n".join(f"> {line}" for line in lines)
    points = "\n".join(f"> - {escape(point)}" for point in strip.points)
    return [quoted + ("\n>\n" + points if points else "")]


def _letterhead(view: LetterView) -> list[str]:
    lines = [f"**{escape(view.practice)}**"] if view.practice else []
    lines += [escape(line) for line in view.practice_lines]
    blocks = ["\\\n".join(lines)] if lines else []
    if view.addressee:
        blocks.append("\\\n".join(escape(line) for line in view.addressee))
    return [*blocks, f"# {escape(view.title)}"]


def _panel(panel: Panel) -> list[str]:
    rows = [(escape(field.label), _values(field)) for field in panel.fields]
    return [_table((escape(panel.title), ""), rows)]


def _values(field: Field) -> str:
    words = "; ".join(_cited(value) for value in field.values)
    return f"*{words}*" if field.missing else words


def _cited(cited: Cited) -> str:
    return escape(cited.text) + _marks(cited.cites) + (f" *({escape(cited.mark)})*" if cited.mark else "")


def _marks(numbers: Iterable[int]) -> str:
    return "".join(f" \\[{number}\\]" for number in numbers)


def _criteria(view: LetterView) -> list[str]:
    if not view.criteria:
        return []
    blocks = [f"## {escape(view.criteria_title)}"]
    header = tuple(escape(column) for column in view.criteria_columns)
    for group in view.criteria:
        blocks += _group(group, header)
    return blocks


def _group(group: CriteriaGroup, header: tuple[str, ...]) -> list[str]:
    caption = [f"**{escape(group.caption)}**"] if group.caption else []
    return [*caption, _table(header, [_criterion(row) for row in group.rows])]


def _criterion(row: CriterionRow) -> tuple[str, str, str]:
    words = escape(row.text) + "".join(f" “{escape(part.text)}”{_marks(part.cites)}" for part in row.wording)
    status = f"**{escape(row.status)}**" + (f" ({escape(row.confirm)})" if row.confirm else "")
    contrary = _marks(row.contrary)
    return words, status, _cited(row.reason) + (f" Contrary:{contrary}" if contrary else "")


def _listing(listing: Listing, level: str) -> list[str]:
    return [f"{level} {escape(listing.title)}", _items(_cited(item) for item in listing.items)]


def _items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _signature(block: SignatureBlock) -> list[str]:
    blank = r"\_" * 30
    lines = [f"{escape(field.label)}: {_values(field) or blank}" for field in block.fields]
    return [f"## {escape(block.title)}", escape(block.attestation), "\\\n".join(lines)]


def _sources(view: LetterView) -> list[str]:
    if not view.sources:
        return []
    header = tuple(escape(column) for column in view.sources_columns)
    table = _table(header, [_source(source) for source in view.sources])
    return [f"## {escape(view.sources_title)}", f"*{escape(view.sources_note)}*", table]


def _source(source: Source) -> tuple[str, str, str, str]:
    label = f"**{escape(source.label)}** " if source.label else ""
    quotes = "; ".join(
        f"“{escape(q.text)}”" + (f" ({escape(q.place)})" if q.place else "") for q in source.quotes
    )
    return f"\\[{source.number}\\]", f"{label}{escape(source.origin)}", escape(source.date), quotes


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
