"""A look for numbers, telephones and addresses of persons in what is learned; it is no gate.

What comes from charts and reviewers' edits passes the de-identification gate (`posology curate`, `posology
store edits`) before it becomes a corpus. A recipe may name any folder: some of its texts are held against the
gate's rules, for the kinds of identifier that no clinical sentence needs. Names are not looked for: rules
alone take too many words for names.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from posology.corpus.gate import Gate
from posology.records.deidentify import Kind

__all__ = ["NOT_LOOKED", "both_looked", "drawn_evenly", "identifiers_told", "look_for_identifiers"]

T = TypeVar("T")

NOT_LOOKED: Mapping[str, Any] = {"looked_at": 0, "holding": 0, "kinds": {}}
"""What is known of identifiers before any text was looked at."""
_MOST = 500  # texts of a source
_KINDS = frozenset(
    {Kind.PHONE, Kind.FAX, Kind.EMAIL, Kind.SOCIAL_SECURITY, Kind.RECORD, Kind.MEMBER, Kind.ACCOUNT, Kind.IP}
)


def drawn_evenly(records: Sequence[T]) -> list[T]:
    """Return what is looked at: five hundred of each source at most, from its first to its last."""
    sources = defaultdict[str, list[T]](list)
    for one in records:
        sources[getattr(getattr(one, "provenance", None), "source", "")].append(one)
    return [one for kept in sources.values() for one in _some(kept)]


def _some(records: Sequence[T]) -> Sequence[T]:
    size = len(records)
    return records if size <= _MOST else [records[at * (size - 1) // (_MOST - 1)] for at in range(_MOST)]


def look_for_identifiers(texts: Sequence[str]) -> dict[str, Any]:
    """Return how many texts hold identifiers, and of which kinds.

    >>> look_for_identifiers(["MRN: 00482913, walks with a cane.", "No fever for 2 days."])
    {'looked_at': 2, 'holding': 1, 'kinds': {'record': 1}}
    """
    gate, kinds, holding = Gate().patient("any"), Counter[str](), 0
    for text in texts:
        found = {str(one.kind) for one in gate.find(text) if one.kind in _KINDS}
        kinds.update(found)
        holding += bool(found)
    return {"looked_at": len(texts), "holding": holding, "kinds": dict(sorted(kinds.items()))}


def both_looked(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two looks found together."""
    kinds = Counter(first["kinds"]) + Counter(second["kinds"])
    sums = {key: first[key] + second[key] for key in ("looked_at", "holding")}
    return sums | {"kinds": dict(sorted(kinds.items()))}


def identifiers_told(record: Mapping[str, Any]) -> str:
    """Return what a card and a warning say of it.

    >>> identifiers_told({"looked_at": 2, "holding": 1, "kinds": {"record": 1}})[:52]
    'Identifiers: 1 of 2 texts looked at holds what looks'
    """
    if not record["holding"]:
        return (
            f"Identifiers: none of {record['looked_at']:,} texts looked at holds what looks like a number, "
            "telephone or e-mail address of a person; names were not looked for."
        )
    kinds = ", ".join(f"{kind.replace('_', ' ')} {number:,}" for kind, number in record["kinds"].items())
    hold = "holds" if record["holding"] == 1 else "hold"
    return (
        f"Identifiers: {record['holding']:,} of {record['looked_at']:,} texts looked at {hold} what looks "
        f"like a number, telephone or e-mail address of a person ({kinds}). Texts of patients pass the gate "
        "first: posology curate."
    )
