"""Words for structured facts: fixed words around the quotes of one entry, or of several of one kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from posology.quotes import Evidence

__all__ = ["Entry", "completed", "entries_words", "entry_of", "one_line", "own_words"]

MOST_SHOWN = 6  # entries that a count shows, the newest; there may be more

_DATE_WORDS = {
    "onset": "onset",
    "abatement": "abated",
    "performed": "performed",
    "authoredOn": "ordered",
    "effective": "dated",
    "occurrence": "given",
    "recordedDate": "recorded",
    "start": "from",
    "end": "until",
    "issued": "issued",
    "birthDate": "born",
}
_NOUNS = {
    "AllergyIntolerance": "the allergy or intolerance",
    "Condition": "the diagnosis",
    "DeviceRequest": "an order of",
    "DiagnosticReport": "the report",
    "DocumentReference": "the document",
    "Encounter": "the visit",
    "FamilyMemberHistory": "the family history entry",
    "Immunization": "the immunization",
    "MedicationAdministration": "the administration of",
    "MedicationRequest": "a prescription of",
    "MedicationStatement": "the medication",
    "Procedure": "the procedure",
    "ServiceRequest": "an order of",
}
_LASTING = ("Condition", "MedicationRequest", "MedicationStatement", "AllergyIntolerance")


@dataclass(frozen=True)
class Entry:
    """One entry of the record in the parts that a sentence is made of."""

    kind: str
    name: str
    codes: tuple[str, ...]
    values: tuple[str, ...]
    states: tuple[str, ...]
    dates: tuple[str, ...]
    day: str
    dosage: str

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What entries of one sentence share: what they are of."""
        return (self.kind, self.name, self.codes)

    def __repr__(self) -> str:
        """Show the type of the entry only: the rest is patient text."""
        return f"Entry({self.kind})"


def entry_of(group: Sequence[Evidence]) -> Entry:
    """Sort one entry's evidence into its parts."""
    values = [e for e in group if re.match(r"(component\[\d+\]\.)?value|gender", e.path)]
    names = [e for e in group if e.path.endswith(("text", "display")) and e not in values]
    names = [e for e in names if not _is_dosage(e)]
    component = [e for e in names if e.path.startswith("component")]
    codes = [e for e in group if e.path.endswith(".code") and "tatus" not in e.path and e not in values]
    dates = [e for e in group if _date_word(e)]
    told = {id(e) for e in (*values, *names, *codes, *dates)}
    states = [e for e in group if id(e) not in told and not _is_dosage(e)]
    head = (component or names or [])[:1]
    name = head[0].quote if head else group[0].label
    if not name:
        name = states.pop(0).quote if states else group[0].quote
    return Entry(
        kind=_kind(group),
        name=one_line(name),
        codes=tuple(e.quote for e in codes),
        values=tuple(one_line(_measure(e.quote)) for e in values),
        states=tuple(e.quote for e in states if e.quote != name),
        dates=_dates(dates, group[0].date or ""),
        day=group[0].date or next((e.quote[:10] for e in dates), ""),
        dosage=next((one_line(e.quote) for e in group if _is_dosage(e)), ""),
    )


def entries_words(entries: Sequence[Entry]) -> str:
    """Say entries of one kind: what they are of, then value, state and day of each."""
    first = entries[0]
    noun = _NOUNS.get(first.kind, "")
    lead = f"the record shows {noun} “{first.name}”" if noun else f"the record shows {first.name}"
    lead += f" ({', '.join(first.codes)})" if first.codes else ""
    recent = " most recently" if len(entries) >= MOST_SHOWN else ""
    if first.kind in _LASTING:
        parts = [part for entry in entries if (part := _lasting(entry))]
        return lead + (f": {'; '.join(parts)}" if parts else "")
    if not any(entry.values or entry.states for entry in entries):
        days = [entry.day for entry in entries if entry.day]
        return lead + (f"{recent} on {_listed(days)}" if days else "")
    if len(entries) == 1:
        return f"{lead}: {', '.join((*first.values, *first.states))}" + (
            f", on {first.day}" if first.day else ""
        )
    rows = [", ".join((*e.values, *e.states)) + (f" ({e.day})" if e.day else "") for e in entries]
    return f"{lead}:{recent} {_listed(rows)}"


def completed(sentence: str, group: Sequence[Evidence]) -> str:
    """Add the code, state, days and dosage of an entry to a model's sentence on it."""
    return sentence.removesuffix(".") + _details(group) + "."


def own_words(sentence: str, group: Sequence[Evidence]) -> str:
    """Return what of a completed sentence the model itself wrote."""
    return sentence.removesuffix(".").removesuffix(_details(group))


def _details(group: Sequence[Evidence]) -> str:
    entry = entry_of(group)
    codes = ", ".join(entry.codes)
    if entry.kind not in _LASTING and not codes and not entry.states:
        return f" on {entry.day}" if entry.day else ""
    rest = (
        _lasting(replace(entry, values=()))
        if entry.kind in _LASTING
        else ", ".join((*entry.states, *_day(entry)))
    )
    said = "; ".join(part for part in (codes, rest) if part)
    return f" ({said})" if said else ""


def one_line(quote: str) -> str:
    """Return a quote on one line."""
    return " ".join(quote.split())


def _lasting(entry: Entry) -> str:
    dosage = (f"dosage “{entry.dosage}”",) if entry.dosage else ()
    return ", ".join((*entry.values, *entry.states, *entry.dates, *dosage))


def _day(entry: Entry) -> tuple[str, ...]:
    return (f"on {entry.day}",) if entry.day else ()


def _kind(group: Sequence[Evidence]) -> str:
    """Return the type of the entry; a drug or device that it refers to does not name it."""
    kinds = [e.source.split("/")[0] for e in group if "#" not in e.source]
    return next((kind for kind in kinds if kind not in ("Medication", "Device")), (kinds or [""])[0])


def _dates(dates: Sequence[Evidence], day: str) -> tuple[str, ...]:
    said = tuple(dict.fromkeys(f"{_date_word(e)} {e.quote[:10]}" for e in dates))
    if len(said) == 2 and said[0].startswith("from ") and said[1].startswith("until "):
        return (" ".join(said),)
    return said if said or not day else (f"dated {day}",)


def _is_dosage(evidence: Evidence) -> bool:
    return evidence.path.startswith("dosage") and evidence.path.endswith(".text")


def _date_word(evidence: Evidence) -> str:
    if not re.match(r"\d{4}(-\d{2}){0,2}", evidence.quote) or evidence.path.startswith("value"):
        return ""
    last = evidence.path.rsplit(".", 1)[-1]
    return next((word for key, word in _DATE_WORDS.items() if last.startswith(key)), "")


def _measure(quote: str) -> str:
    """Write a unit without the braces of a note on it, or no unit where it is a note alone.

    >>> _measure("26 {PackYears}"), _measure("12 {events}/h")
    ('26', '12 events/h')
    """
    return re.sub(r"\{([^{}]*)\}", r"\1", re.sub(r"(?<=\d) \{[^{}]*\}$", "", quote))


def _listed(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
