"""What is said of a thing in a text: asserted, denied, doubted, of a relative, past or only planned."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from posology.records.sections import Section, SectionKind, find_sections, section_at
from posology.records.sentences import sentence_spans
from posology.records.triggers import ANSWERED_NO, POST, PRE, PSEUDO, TERMINATORS
from posology.spans import Span

__all__ = ["Assertion", "assertion_of"]

_BOX = re.compile(r"\[(?P<mark>[ xX✓✔]?)\]|\((?P<round>[ xX✓✔])\)|(?P<glyph>[\u2610\u2611\u2612])")
_LIST_LEAD = re.compile(r"[ \t]*(?:[-*\u2022\u00b7+]|\(?\d{1,2}[.)])\s")
_PLANNED = re.compile(
    r"[ \t]*(?:[-*\u2022\u00b7+]|\(?\d{1,2}[.)])?\s*(?:start|begin|initiate|trial of|try|add|order|"
    r"obtain|schedule|refer|recommend|consider|request|pursue)\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(ANSWERED_NO, re.IGNORECASE)
_JOINED = re.compile(r",|\band\b|\bwith\b", re.IGNORECASE)
_PLURAL = re.compile(r"\s*(?:were|are|have)\b", re.IGNORECASE)
_PARAGRAPH = re.compile(r"\r?\n[ \t]*\r?\n")
_DIRECT = re.compile(r"non-?|negative|neg|absent|\?|ex-|query", re.IGNORECASE)  # reach a few words only
_REACH = 600  # characters before and after a thing that are looked at
_NEAR = 30  # characters that a direct trigger reaches


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a text says of a thing it names; all false means that it is simply asserted.

    ``historical`` says that the text speaks of the past or lists it in a past history, where a chronic
    condition may well be active still; ``hypothetical`` covers conditions, plans, recommendations and
    return precautions; ``other`` another person who is no relative. ``cues`` are the spans of the words
    that decided, in the text.
    """

    negated: bool = False
    uncertain: bool = False
    family: bool = False
    historical: bool = False
    hypothetical: bool = False
    other: bool = False
    cues: tuple[Span, ...] = ()

    @property
    def holds(self) -> bool:
        """Tell whether the thing is asserted of the patient, now or in the past."""
        return not (self.negated or self.uncertain or self.family or self.hypothetical or self.other)


def assertion_of(text: str, span: Span, *, sections: Sequence[Section] | None = None) -> Assertion:
    """Return what ``text`` says of the thing named at ``span``, by the words around it in its sentence.

    ``sections`` are the text's sections where the caller has them already.

    >>> assertion_of("Denies chest pain or dyspnea.", Span(21, 28)).negated
    True
    """
    found: dict[str, list[Span]] = {field: [] for field in PRE}
    scopes = _scopes(text, span)
    for scope in scopes:
        box = _checkbox(text, scope, span)
        if box is not None:
            marked, where = box
            if not marked:
                found["negated"].append(where)
        for field in found:
            if not (field == "negated" and box is not None):
                found[field].extend(_cues(text, scope, span, field))
    kind = _section_kind(text, span, sections)
    planned = kind in (SectionKind.PLAN, SectionKind.ASSESSMENT, None) and _PLANNED.match(
        text, scopes[0].start, span.start
    )
    if planned:
        found["hypothetical"].append(Span(planned.start(), planned.end()))
    return Assertion(
        negated=bool(found["negated"]),
        uncertain=bool(found["uncertain"]),
        family=bool(found["family"]) or kind is SectionKind.FAMILY_HISTORY,
        historical=bool(found["historical"])
        or kind in (SectionKind.PAST_HISTORY, SectionKind.SURGICAL_HISTORY),
        hypothetical=bool(found["hypothetical"]) or kind is SectionKind.INSTRUCTIONS,
        other=bool(found["other"]),
        cues=tuple(sorted({cue for cues in found.values() for cue in cues})),
    )


def _section_kind(text: str, span: Span, sections: Sequence[Section] | None) -> SectionKind | None:
    section = section_at(list(find_sections(text) if sections is None else sections), span.start)
    return section.kind if section else None


def _scopes(text: str, span: Span) -> list[Span]:
    """Return the sentence that holds the span, led by the line that introduces its list, if any."""
    start = max((m.end() for m in _PARAGRAPH.finditer(text, 0, span.start)), default=0)
    after = _PARAGRAPH.search(text, span.end)
    end = after.start() if after else len(text)
    sentences = [Span(s.start + start, s.end + start) for s in sentence_spans(text[start:end])]
    holding = [s for s in sentences if s.overlaps(span) or s.start <= span.start < s.end] or [
        Span(start, end)
    ]
    begin, end = max(holding[0].start, span.start - _REACH), min(holding[-1].end, span.end + _REACH)
    scopes = [Span(begin, max(begin, end))]
    if _LIST_LEAD.match(text, scopes[0].start):
        leads = [s for s in sentences if s.end <= scopes[0].start and not _LIST_LEAD.match(text, s.start)]
        if leads and text[leads[-1].start : leads[-1].end].endswith(":"):
            scopes.append(Span(max(leads[-1].start, leads[-1].end - _REACH), leads[-1].end))
    return scopes


def _checkbox(text: str, scope: Span, span: Span) -> tuple[bool, Span] | None:
    line = text.rfind("\n", scope.start, span.start) + 1 or scope.start
    boxes = list(_BOX.finditer(text, line, span.start))
    if not boxes:
        return None
    box = boxes[-1]
    marked = bool((box["mark"] or box["round"] or "").strip()) or box["glyph"] in ("\u2611", "\u2612")
    return marked, Span(box.start(), box.end())


def _cues(text: str, scope: Span, span: Span, field: str) -> list[Span]:
    sentence = text[scope.start : scope.end]
    masked = _compiled("pseudo", field).sub(lambda match: "\x00" * len(match[0]), sentence)
    begin, end = span.start - scope.start, min(span.end, scope.end) - scope.start
    if begin < 0 or scope.end <= span.start:
        begin = end = len(sentence)
    answers = [m.span() for m in _ANSWER.finditer(masked)]
    found = [
        m
        for m in _compiled("pre", field).finditer(masked, 0, begin)
        if _reaches(masked, m, begin) and not any(a <= m.start() < b for a, b in answers)
    ]
    found += [
        m for m in _compiled("post", field).finditer(masked, end) if _reaches_back(masked, end, m, field)
    ]
    return [Span(scope.start + m.start(), scope.start + m.end()) for m in found]


def _reaches(sentence: str, trigger: re.Match[str], begin: int) -> bool:
    between = sentence[trigger.end() : begin]
    if _DIRECT.fullmatch(trigger[0]) and (len(between) > _NEAR or "," in between):
        return False
    return not _terminators().search(sentence, trigger.end(), begin)


def _reaches_back(sentence: str, end: int, trigger: re.Match[str], field: str) -> bool:
    """A singular verb or a bare word speaks of the nearest thing, a plural verb of the whole list."""
    between = sentence[end : trigger.start()]
    if len(between) > 80 or _terminators().search(between):
        return False
    if field in ("family", "historical", "other"):
        return len(between) < 60
    return bool(_PLURAL.match(trigger[0])) or not _JOINED.search(between)


@cache
def _compiled(direction: str, field: str) -> re.Pattern[str]:
    tables = {"pre": PRE, "post": POST, "pseudo": PSEUDO}
    phrases = sorted(tables[direction].get(field, ()), key=len, reverse=True)
    body = "|".join(phrases) or r"(?!)"
    whole = rf"(?:(?<!\w)|(?!\w))(?:{body})(?:(?!\w)|(?<!\w))"  # between words, or beside a sign
    prefix = r"|(?<!\w)non-?(?=\w)" if (direction, field) == ("pre", "negated") else ""
    return re.compile(whole + prefix, re.IGNORECASE)


@cache
def _terminators() -> re.Pattern[str]:
    return re.compile("|".join(TERMINATORS), re.IGNORECASE)
