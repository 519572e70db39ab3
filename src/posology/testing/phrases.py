"""How clinicians write the answer to a question: shipped phrase banks, and a fallback from the question."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from posology.errors import InternalError
from posology.files import parse_yaml
from posology.policies.policy import Leaf, Policy

__all__ = ["KINDS", "Phrases", "load_phrases"]

KINDS = ("yes", "no", "uncertain", "family", "hypothetical", "irrelevant")
QUESTION = re.compile(
    r"(?P<verb>Is|Are|Was|Were|Has|Have|Does|Do|Did)\s+(?P<who>the patient|there)\s+(?P<rest>.+?)\??",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Phrases:
    """Sentences by what they say of one question; ``avoid`` lists words kept out of unrelated text."""

    sentences: Mapping[str, tuple[str, ...]]
    avoid: tuple[str, ...] = field(default=())

    def of(self, kind: str) -> tuple[str, ...]:
        """Return the sentences of one kind."""
        return self.sentences.get(kind, ())


def load_phrases(policy: Policy) -> dict[str, Phrases]:
    """Return the phrases of every question of a policy, by leaf id."""
    from posology.testing.plans import all_leaves

    bank = _read_bank(policy.id)
    return {
        leaf.id: bank.get(leaf.id) or fallback(leaf.question)
        for leaf in all_leaves(policy)
        if leaf.question is not None and isinstance(leaf, Leaf)
    }


def _read_bank(policy_id: str) -> dict[str, Phrases]:
    name = f"{policy_id}.yaml"
    file = resources.files("posology.testing").joinpath("phrases", name)
    if not re.fullmatch(r"[A-Za-z0-9._-]+", policy_id) or not file.is_file():
        return {}
    data = parse_yaml(file.read_text(encoding="utf-8"), name, InternalError)  # type: ignore[arg-type]
    return {
        leaf_id: Phrases(
            {kind: tuple(str(s) for s in entry.get(kind) or ()) for kind in KINDS},
            tuple(str(word) for word in entry.get("avoid") or ()),
        )
        for leaf_id, entry in data.items()
    }


def fallback(question: str) -> Phrases:
    """Make sentences from the question's own words."""
    plain = question.strip()
    match = QUESTION.fullmatch(plain)
    if match is None:
        asked = plain.rstrip("?")
        return Phrases(
            {
                "yes": (
                    f"{asked}? Yes.",
                    f"{asked}: yes, confirmed today.",
                    f"Reviewed: {asked}? Yes, per chart.",
                ),
                "no": (
                    f"{asked}? No.",
                    f"{asked}: no, confirmed today.",
                    f"Reviewed: {asked}? No, per chart.",
                ),
                "uncertain": (f"{asked}? Not clear from the records at hand.",),
                "hypothetical": (f"To be asked at the next visit: {asked}?",),
            }
        )
    verb, rest = match["verb"].lower(), match["rest"]
    who = "The patient" if match["who"].lower() == "the patient" else "There"
    return Phrases(
        {
            "yes": (
                f"{who} {verb} {rest}.",
                f"On review today, {who.lower()} {verb} {rest}.",
                f"{who} {verb} indeed {rest}.",
                f"Confirmed at this visit: {who.lower()} {verb} {rest}.",
            ),
            "no": (
                f"{who} {verb} not {rest}.",
                f"On review today, {who.lower()} {verb} not {rest}.",
                f"Confirmed at this visit: {who.lower()} {verb} not {rest}.",
            ),
            "uncertain": (f"It is unclear whether {who.lower()} {verb} {rest}.",),
            "hypothetical": (f"Will ask at the next visit whether {who.lower()} {verb} {rest}.",),
        }
    )
