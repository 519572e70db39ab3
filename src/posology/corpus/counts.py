"""What happened to the texts of a corpus, counted."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Counts"]


@dataclass(slots=True)
class Counts:
    """Every text that was read is either kept or rejected with a reason."""

    read: Counter[str] = field(default_factory=Counter)  # by source
    kept: Counter[str] = field(default_factory=Counter)  # by source
    words: Counter[str] = field(default_factory=Counter)  # of kept, by source
    known: Counter[str] = field(default_factory=Counter)  # read with a chart of the patient, by source
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)  # by source and reason
    replaced: Counter[str] = field(default_factory=Counter)  # by kind of identifier
    licences: Counter[str] = field(default_factory=Counter)  # of kept
    languages: Counter[str] = field(default_factory=Counter)  # of kept
    parts: Counter[str] = field(default_factory=Counter)  # of kept
    contaminated: Counter[str] = field(default_factory=Counter)  # by owner of the test text
    protected: int = 0  # test texts that were looked for
    compared: int = 0  # pairs of which the exact similarity was computed
    cut_short: int = 0  # texts with more candidates than were compared
    digests: dict[str, str] = field(default_factory=dict)  # of everything read, by source
    timings_s: dict[str, float] = field(default_factory=dict)

    def by_reason(self) -> list[tuple[str, str, int]]:
        """Return source, reason and number of what was rejected, the most frequent first."""
        ordered = sorted(self.rejected.items(), key=lambda entry: (-entry[1], entry[0]))
        return [(source, reason, number) for (source, reason), number in ordered]

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON-ready values."""
        sources = [
            {
                "source": name,
                "read": self.read[name],
                "kept": self.kept[name],
                "words": self.words[name],
                "with_chart": self.known[name],
            }
            for name in self.read
        ]
        return {
            "sources": sources,
            "rejected": [
                {"source": source, "reason": reason, "n": number}
                for source, reason, number in self.by_reason()
            ],
            "identifiers_replaced": dict(sorted(self.replaced.items())),
            "licences": dict(sorted(self.licences.items())),
            "languages": dict(sorted(self.languages.items())),
            "parts": dict(sorted(self.parts.items())),
            "test_texts": self.protected,
            "contaminated": dict(sorted(self.contaminated.items())),
            "pairs_compared": self.compared,
            "compared_in_part": self.cut_short,
        }
