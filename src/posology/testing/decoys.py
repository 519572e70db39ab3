"""Facts that look right and must not count: entered in error, refuted, preliminary, in the future."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from posology.testing.facts import Fact, Setting
from posology.testing.scenarios import Group

__all__ = ["INELIGIBLE", "make_decoys"]

INELIGIBLE: dict[str, tuple[str, ...]] = {
    "Condition": ("entered-in-error", "refuted"),
    "Observation": ("entered-in-error", "preliminary", "cancelled"),
    "MedicationRequest": ("entered-in-error", "draft", "cancelled"),
    "MedicationStatement": ("entered-in-error", "not-taken"),
    "Procedure": ("entered-in-error", "not-done", "preparation"),
    "Encounter": ("entered-in-error", "cancelled"),
    "DiagnosticReport": ("entered-in-error", "preliminary", "cancelled"),
    "ServiceRequest": ("entered-in-error", "draft"),
    "DeviceRequest": ("entered-in-error", "draft"),
    "Immunization": ("entered-in-error", "not-done"),
}
FUTURE = "after the date of service"


def make_decoys(group: Group, options: Sequence[Fact], setting: Setting, rng: random.Random) -> list[Fact]:
    """Return up to two ineligible twins of facts that would have decided the group's leaves."""
    decoys: list[Fact] = []
    for fact in rng.sample(list(options), min(2, len(options))):
        reasons = [r for r in INELIGIBLE[group.resource] if "status" not in dict(fact.fields)]
        reason = rng.choice([*reasons, FUTURE])
        if reason == FUTURE:
            when = setting.day + timedelta(days=rng.randint(5, 90))
            decoys.append(replace(fact, start=when, end=None, ineligible=FUTURE))
        else:
            decoys.append(replace(fact, ineligible=reason))
    return decoys
