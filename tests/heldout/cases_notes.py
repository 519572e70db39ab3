"""Notes read by rules."""

from typing import Any

from tests.heldout.builders import condition, coverage, note, patient
from tests.heldout.case import E11, LABEL, Case, Leaves, of, swap

SAID = "Chronic low back pain for six months. She does not smoke. Type 2 diabetes is well controlled."
NOTES = {
    "patient": patient(),
    "coverage": coverage(),
    "diabetes": condition("dm", E11, onsetDateTime="2015-01-01"),
    "note": note("n1", SAID, "2024-01-02"),
}
ALL_NOTES = {"back-pain": "met", "no-smoking": "met", "diabetes": "met", "infection": "not_met"}


def notes(
    name: str, leaves: Leaves, conclusion: str | None = None, provisional: str | None = None, **changed: Any
) -> Case:
    build = of(*swap(NOTES, **changed))
    return Case(
        f"notes: {name}",
        "ho-notes",
        "HCPCS:E0748",
        "2024-01-10",
        build,
        ALL_NOTES | leaves,
        conclusion,
        provisional,
    )


SILENT = dict.fromkeys(["back-pain", "no-smoking"], "unknown")
NOTE_CASES = [
    notes("read", {}, "review", "ready"),
    notes(
        "as HTML",
        {},
        "review",
        "ready",
        note=note("n1", f"<p>{SAID.replace('. ', '.</p><p>')}</p>", "2024-01-02", "text/html"),
    ),
    notes("dated after the day", SILENT, "incomplete", note=note("n1", SAID, "2024-01-11")),
    notes(
        "entered in error",
        SILENT,
        "incomplete",
        note=note("n1", SAID, "2024-01-02", status="entered-in-error"),
    ),
    notes("preliminary", SILENT, "incomplete", note=note("n1", SAID, "2024-01-02", docStatus="preliminary")),
    notes("restricted", SILENT, "incomplete", note=note("n1", SAID, "2024-01-02", meta=LABEL)),
    notes(
        "a relative's pain",
        SILENT,
        "incomplete",
        note=note("n1", "Her mother had low back pain. Her father smokes.", "2024-01-02"),
    ),
    notes(
        "a plan",
        {"back-pain": "unknown"},
        "incomplete",
        note=note("n1", "Return if low back pain develops. She does not smoke.", "2024-01-02"),
    ),
    notes(
        "smokes",
        {"no-smoking": "not_met"},
        "review",
        "not_supported",
        note=note("n1", "Chronic low back pain. She smokes a pack a day.", "2024-01-02"),
    ),
    notes(
        "denied",
        {"diabetes": "unknown"},
        "incomplete",
        note=note(
            "n1",
            "Chronic low back pain. She does not smoke. The patient does not have diabetes.",
            "2024-01-02",
        ),
    ),
    notes(
        "infected",
        {"infection": "met"},
        "review",
        "not_supported",
        more=note("n2", "Spinal infection was found at L4.", "2024-01-03"),
    ),
    notes(
        "infection denied",
        {"infection": "not_met"},
        "review",
        "ready",
        more=note("n2", "No spinal infection.", "2024-01-03"),
    ),
    notes(
        "infection perhaps",
        {"infection": "unknown"},
        "incomplete",
        more=note("n2", "Possible spinal infection at L4.", "2024-01-03"),
    ),
]
