"""A made task, plan and arms, for the tests of titration."""

import random
from pathlib import Path

from posology.evaluate.arm import ArmIdentity
from posology.evaluate.cost import Basis, Figure
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.task import Card, Family, Reference, Task
from posology.evaluate.titration.arms import ArmResult
from posology.evaluate.titration.plan import Plan, load_plan

LABELS = ("emergency", "urgent", "routine")

PLAN = """
posology = "titration/1"
title = "A made titration"
tasks = ["made_triage", "made_claims"]
n = 60
strategies = ["zero", "few+constrained"]
baselines = ["majority", "tf-idf"]

[[ladder]]
name = "small"
kind = "generator"
engine = "transformers"
path = "small"
family = "alpha"
parameters = 135_000_000

[[ladder]]
name = "large"
kind = "generator"
engine = "transformers"
path = "large"
family = "beta"
parameters = 1_500_000_000
notes = "a code model"

[[ladder]]
name = "middle"
kind = "generator"
engine = "transformers"
path = "middle"
family = "alpha"
parameters = 500_000_000

[requirement]
score = 0.6
"""


def made_task(name: str = "made_triage", **card: object) -> Task:
    """Return a task whose items are made."""
    about = Card(
        title="Made triage",
        source="made here",
        licence="Apache-2.0",
        url="https://example.org",
        about="How urgent is this?",
        leaks="None: it is made.",
        references=(
            Reference("A published model", "macro-F1", 0.81, "report", "an article", "V", 7_000_000_000, 60),
            Reference("Another", "macro-F1", 0.7, "official test split", "an article", "V2"),
        ),
        **card,
    )
    return Task(
        name=name,
        family=Family.TRIAGE,
        language="en",
        folder=name,
        read=lambda folder: (item for item in made_items(200)),
        system="You triage.",
        ask=lambda item: f"{item.text}\n\nHow urgent is this?",
        form=ChoiceForm(LABELS),
        metric="macro-F1",
        card=about,
        labels=LABELS,
    )


TASKS = {name: made_task(name) for name in ("made_triage", "made_claims")}


def made_items(n: int) -> list[Item]:
    """Return items with sex, and gold labels of which the last is rare."""
    dice = random.Random(7)
    return [
        Item(
            id=f"i{number}",
            group=f"g{number // 2}",
            text=f"A {('man', 'woman')[number % 2]} of {30 + number % 40} has had pain for {number} days."
            * (1 + number % 3),
            gold=dice.choices(LABELS, (6, 5, 1))[0],
            slices={"sex": ("male", "female")[number % 2]},
        )
        for number in range(n)
    ]


def made_outcomes(items: list[Item], share: float, *, seed: int = 0, failing: int = 0) -> tuple[Outcome, ...]:
    """Return answers of which about this share is right; the first ``failing`` are parse failures."""
    dice = random.Random(seed)
    made = []
    for number, item in enumerate(items):
        answer = (
            item.gold if dice.random() < share else dice.choice([one for one in LABELS if one != item.gold])
        )
        failed = number < failing
        response = Response(None, "parse: none of the labels") if failed else Response(answer, seconds=0.1)
        made.append(Outcome(item, response))
    return tuple(made)


def made_plan(folder: Path, text: str = PLAN) -> Plan:
    """Return a plan of the made tasks."""
    path = folder / "plan.toml"
    path.write_text(text)
    return load_plan(path, TASKS)


def made_cost(seconds: float, joules: float | None = None) -> dict[str, Figure]:
    """Return what an answer costs."""
    energy = Figure(joules, "J per item", Basis.MODELLED, "36 W x seconds") if joules is not None else None
    return {
        "latency_p50": Figure(seconds, "s", Basis.MEASURED),
        "latency_p95": Figure(seconds * 1.7, "s", Basis.MEASURED),
        "peak_memory": Figure(seconds * 3e9, "bytes", Basis.MEASURED),
        "energy": energy or Figure(None, "J per item", Basis.UNAVAILABLE, "not known"),
    }


def made_arms(task: str = "made_triage", n: int = 60, *, lift: float = 0.0) -> list[ArmResult]:
    """Return the arms of the made plan on one task."""
    items = made_items(n)
    rows = [
        ("majority", "majority", "trivial", "", None, 0.0, 1e-5),
        ("tf-idf", "tf-idf", "linear", "", None, 0.45, 0.001),
        ("small", "generator", "alpha", "zero", 135_000_000, 0.4, 0.1),
        ("small", "generator", "alpha", "few+constrained", 135_000_000, 0.5, 0.3),
        ("middle", "generator", "alpha", "zero", 500_000_000, 0.6, 0.3),
        ("middle", "generator", "alpha", "few+constrained", 500_000_000, 0.85, 0.9),
        ("large", "generator", "beta", "zero", 1_500_000_000, 0.7, 0.9),
        ("large", "generator", "beta", "few+constrained", 1_500_000_000, 0.93, 2.4),
    ]
    return [made_arm(task, items, row, seed=number, lift=lift) for number, row in enumerate(rows)]


def made_arm(
    task: str,
    items: list[Item],
    row: tuple[str, str, str, str, int | None, float, float],
    *,
    seed: int = 0,
    lift: float = 0.0,
) -> ArmResult:
    """Return one arm."""
    system, kind, family, strategy, size, share, seconds = row
    outcomes = (
        tuple(Outcome(item, Response(LABELS[0])) for item in items)
        if kind == "majority"
        else made_outcomes(items, min(1.0, share + lift), seed=seed, failing=5 if strategy == "zero" else 0)
    )
    identity = ArmIdentity(system, family, strategy, size, notes="a code model" if system == "large" else "")
    return ArmResult(task, kind, identity, outcomes, made_cost(seconds, seconds * 36))
