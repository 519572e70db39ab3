"""Build the view of a letter from a packet's record."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from posology.errors import InternalError, UserError
from posology.priorauth.letter.criteria import against_rows, build_groups, status_words
from posology.priorauth.letter.drafting import build_made, build_strip, build_worksheet
from posology.priorauth.letter.header import build_panels, field, practice_lines, service_words
from posology.priorauth.letter.reading import NOT_IN_RECORD, clean, mapping_of, rows_of, text_of, texts_of
from posology.priorauth.letter.sources import Citations, number_sources
from posology.priorauth.letter.view import (
    Cited,
    Field,
    LetterView,
    Listing,
    Section,
    Signature,
    SignatureBlock,
)

__all__ = ["build_view"]

_SECTIONS = {
    "request": "Request",
    "clinical_summary": "Clinical summary",
    "prior_treatment": "Prior treatment",
    "medical_necessity": "Medical necessity",
}
_INTERNAL_SECTIONS = {"request": "What was asked for", "clinical_summary": "What the record shows"}
_ATTESTATION = (
    "I have reviewed this request and the records it cites. To the best of my knowledge the information "
    "above is accurate and is supported by the patient's medical record."
)
_NO_VALIDATOR = (
    "No validator was configured for this draft. Sentences marked unchecked passed the deterministic "
    "checks only: compare each with its sources before signing."
)
_RESTRICTED = (
    "This packet uses records labelled restricted, included by an explicit choice. Where they are substance "
    "use disorder records, 42 CFR part 2 prohibits unauthorized use or disclosure of these records."
)


def build_view(
    packet: Mapping[str, Any], *, packet_sha256: str = "", signature: Signature | None = None
) -> LetterView:
    """Build the letter of a packet: a draft for the clinician, or with a signature what the payer gets.

    ``packet`` is the record that packet.json holds and ``packet_sha256`` the hash of that file. Whatever
    the record lacks is said to be "not in the record". A packet that is not supported gives an internal
    notice, which cannot be signed.
    """
    internal = text_of(packet, "conclusion") == "not_supported"
    _require_consistent(packet, internal=internal, signature=signature)
    citations = number_sources(packet)
    practice = mapping_of(mapping_of(packet, "administrative"), "practice")
    draft = signature is None
    to_confirm = frozenset(texts_of(packet, "findings_to_confirm")) if draft else frozenset()
    return LetterView(
        title=_title(packet, internal=internal),
        draft_mark="DRAFT" if draft else "",
        internal=internal,
        practice=text_of(practice, "name") or ("" if practice else f"Practice: {NOT_IN_RECORD}"),
        practice_lines=practice_lines(practice),
        addressee=() if internal else _addressee(packet),
        strip=build_strip(packet) if draft else None,
        columns=build_panels(packet, citations),
        notices=_notices(packet, draft=draft),
        sections=_sections(packet, citations, internal=internal, draft=draft),
        criteria_title="The policy's criteria",
        criteria_columns=("Criterion", "Finding", "Why"),
        criteria=build_groups(packet, citations, to_confirm),
        listings=tuple(
            part
            for part in (
                _against(packet, citations, internal=internal),
                _contrary(packet, citations),
                _attached(packet),
            )
            if part.items
        ),
        sources_title="Sources",
        sources_note="Only the passages cited are shown. Dates are as the record has them.",
        sources_columns=("No.", "Source", "Date", "Quote"),
        sources=citations.sources(),
        signature=None if internal else _signature_block(packet, signature),
        made_title="How this letter was made",
        made=(*build_made(packet), *_hash_line(packet_sha256)),
        worksheet_title="Worksheet for staff",
        worksheet_note="Not part of the letter; it goes when the letter is signed.",
        worksheet=build_worksheet(packet) if draft else (),
        footer=_footer(packet, packet_sha256),
        timestamp=_timestamp(packet),
    )


def _require_consistent(packet: Mapping[str, Any], *, internal: bool, signature: Signature | None) -> None:
    if internal and signature is not None:
        raise UserError(
            "packet.json: a packet that is not supported has no letter to sign; it is an internal notice"
        )
    sections = [text_of(row, "section") for row in rows_of(packet, "narrative")]
    if internal and "medical_necessity" in sections:
        raise InternalError("packet.json: a packet that is not supported holds a medical_necessity section")
    unknown = sorted(set(sections) - set(_SECTIONS))
    if unknown:
        raise UserError(
            f"packet.json: narrative has the unknown section {unknown[0]!r}; known: {', '.join(_SECTIONS)}"
        )


def _title(packet: Mapping[str, Any], *, internal: bool) -> str:
    service = service_words(packet) or "a service that is not in the record"
    kind = "Internal notice, request not supported" if internal else "Prior authorization request"
    return f"{kind}: {service}"


def _addressee(packet: Mapping[str, Any]) -> tuple[str, ...]:
    payer = mapping_of(mapping_of(packet, "administrative"), "payer")
    name = text_of(payer, "name") or text_of(mapping_of(packet, "policy"), "payer")
    lines = (name or f"Payer: {NOT_IN_RECORD}", ", ".join(texts_of(payer, "address")))
    number = text_of(payer, "id")
    return tuple(line for line in (*lines, f"Payer id {number}" if number else "") if line)


def _notices(packet: Mapping[str, Any], *, draft: bool) -> tuple[str, ...]:
    unchecked = any(text_of(row, "verdict") == "unchecked" for row in rows_of(packet, "narrative"))
    notices = [_NO_VALIDATOR] if draft and unchecked else []
    return (*notices, _RESTRICTED) if packet.get("restricted_used") is True else tuple(notices)


def _sections(
    packet: Mapping[str, Any], citations: Citations, *, internal: bool, draft: bool
) -> tuple[Section, ...]:
    """Tell the narrative by section, a paragraph for the criteria of one wording of the payer."""
    titles = _SECTIONS | _INTERNAL_SECTIONS if internal else _SECTIONS
    wordings = {
        text_of(row, "id"): text_of(row, "policy_wording") or text_of(row, "id")
        for row in rows_of(packet, "criteria")
    }
    sections = []
    for key, title in titles.items():
        rows = [row for row in rows_of(packet, "narrative") if text_of(row, "section") == key]
        paragraphs = tuple(
            tuple(
                Cited(
                    text_of(row, "sentence"), citations.marks(texts_of(row, "cites")), _mark(row, draft=draft)
                )
                for row in paragraph
            )
            for _, paragraph in groupby(rows, key=lambda row: wordings.get(text_of(row, "criterion"), ""))
        )
        if paragraphs:
            sections.append(Section(title, paragraphs))
    return tuple(sections)


def _mark(row: Mapping[str, Any], *, draft: bool) -> str:
    """Mark a sentence unchecked unless it is known to be supported; a signature takes the mark away."""
    return "unchecked" if draft and text_of(row, "verdict") != "supported" else ""


def _against(packet: Mapping[str, Any], citations: Citations, *, internal: bool) -> Listing:
    rows = against_rows(packet) if internal else []
    items = (
        Cited(
            f"{status_words(row)}: {text_of(row, 'text')} {text_of(row, 'reason')}".strip(),
            citations.marks(texts_of(row, "evidence")),
        )
        for row in rows
    )
    return Listing("Findings against the request", tuple(dict.fromkeys(items)))


def _contrary(packet: Mapping[str, Any], citations: Citations) -> Listing:
    """List the evidence against a finding, quoted: it is shown as plainly as the evidence for it."""
    items = []
    for row in rows_of(packet, "criteria"):
        for key in texts_of(row, "contrary"):
            quote, day = text_of(citations.rows[key], "quote"), text_of(citations.rows[key], "date")
            when = f" ({day})" if day else ""
            items.append(Cited(f"{text_of(row, 'text')} Contrary: “{quote}”{when}", citations.marks([key])))
    return Listing("Evidence that points the other way", tuple(items))


def _attached(packet: Mapping[str, Any]) -> Listing:
    items = []
    for row in rows_of(mapping_of(packet, "administrative"), "attachments"):
        title, source = text_of(row, "title"), text_of(row, "source")
        day = text_of(row, "date") or f"date {NOT_IN_RECORD}"
        items.append(Cited(f"{title or source}, {day}" + (f" ({source})" if title and source else "")))
    return Listing("Documents to enclose", tuple(items))


def _signature_block(packet: Mapping[str, Any], signature: Signature | None) -> SignatureBlock:
    provider = mapping_of(mapping_of(packet, "administrative"), "provider")
    if signature is None:
        lines: tuple[Field, ...] = (Field("Signature", ()), Field("Date", ()))
        name, npi = text_of(provider, "name"), text_of(provider, "npi")
    else:
        name, npi = clean(signature.name), clean(signature.npi)
        lines = (field("Signed", f"{name}, electronically"), field("Date", clean(signature.date)))
    return SignatureBlock("Attestation", _ATTESTATION, (field("Name", name), field("NPI", npi), *lines))


def _policy_words(packet: Mapping[str, Any]) -> str:
    policy = mapping_of(mapping_of(packet, "request"), "policy")
    number, version = text_of(policy, "id"), text_of(policy, "version")
    return f"Policy {number or NOT_IN_RECORD}, version {version or NOT_IN_RECORD}"


def _footer(packet: Mapping[str, Any], sha256: str) -> str:
    return _policy_words(packet) + (f" · packet {clean(sha256)[:16]}" if sha256 else "")


def _hash_line(sha256: str) -> tuple[str, ...]:
    return (f"Record: packet.json, SHA-256 {clean(sha256)}.",) if sha256 else ()


def _timestamp(packet: Mapping[str, Any]) -> int:
    try:
        day = datetime.fromisoformat(text_of(mapping_of(packet, "request"), "date")[:10])
    except ValueError:
        return 0
    return max(0, int(day.replace(tzinfo=UTC).timestamp()))
