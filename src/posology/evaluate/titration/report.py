"""The report of a titration: one self-contained HTML page, its data as JSON, its tables as CSV."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from posology.evaluate.splits import note_on_split
from posology.evaluate.strategy import name_of
from posology.evaluate.titration.analysis import Study, TaskStudy
from posology.evaluate.titration.judging import budget_words
from posology.evaluate.titration.pictures import (
    difference_pictures,
    dose_picture,
    front_pictures,
    overview_picture,
)
from posology.evaluate.titration.record import study_record, study_tables
from posology.evaluate.titration.tables import (
    cost_lines,
    cost_table,
    difference_table,
    fallen_table,
    ladder_table,
    measure_table,
    overview_table,
    reason_table,
    reference_table,
    robustness_table,
    score_table,
    slice_table,
    to_read_table,
    untried_lines,
)
from posology.files import write_atomic
from posology.plots import alone
from posology.power import detectable_difference

__all__ = ["render_report", "write_report"]

_DISCORDANT = 0.3
_FEW_GROUPS = 30
_LONGEST = 600  # characters of an item's text
_ALWAYS = (
    "An interval is of one arm on one task; it is not corrected for how many arms were tried. A dose that "
    "was found here among many should be confirmed on items that nothing was chosen by.",
    "Strategies were not chosen on these items, but naming the best of several after the fact favours it; "
    "the difference tables carry Holm's correction, the intervals do not.",
    "Scores say how systems answer these items on this machine, not what they would do to patients.",
)


def render_report(study: Study, *, with_text: bool = False) -> str:
    """Render a study as one page without scripts or requests; texts of items only ``with_text``."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files(__package__)
    style = (folder / "report.css").read_text(encoding="utf-8")
    template = (folder / "report.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader({"report": template}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    view = _view(study, with_text)
    return environment.get_template("report").render(view=view, style=style, style_hash=f"sha256-{digest}")


def write_report(study: Study, folder: Path, *, with_text: bool = False) -> Path:
    """Write report.html, study.json, the CSV files and overview.svg; return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    record = json.dumps(study_record(study), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomic(folder / "study.json", record.encode())
    for name, data in study_tables(study).items():
        write_atomic(folder / name, data)
    if picture := _overview(study):
        write_atomic(folder / "overview.svg", alone(picture).encode())
    page = folder / "report.html"
    write_atomic(page, render_report(study, with_text=with_text).encode())
    return page


def _view(study: Study, with_text: bool) -> Mapping[str, Any]:
    plan, order = study.plan, _strategies(study)
    return {
        "title": plan.file.title,
        "question": plan.file.question,
        "sentence": study.dose.sentence if len(study.plan.tasks) > 1 else _single(study),
        "alarms": [
            f"{task.task.name}, {one.arm}: {one.words}." for task in study.tasks for one in task.alarms
        ],
        "facts": _plan_facts(study),
        "ladder": ladder_table(study),
        "overview": overview_table(study),
        "overview_plot": _overview(study),
        "tasks": [_task_view(task, order, with_text) for task in study.tasks],
        "robustness": robustness_table(study.robust),
        "untried": untried_lines(study.robust),
        "fallen": fallen_table(study),
        "limits": _limits(study),
        "plan_name": plan.name,
        "sha256": plan.sha256,
    }


def _overview(study: Study) -> str:
    """Return the panels of all tasks where there are several; intervals of the strategy that is required."""
    if len(study.tasks) < 2:
        return ""
    order, required = _strategies(study), study.plan.file.requirement.non_inferior_to or ""
    focus = next((one for one in order if required.rpartition(" ")[2] == one), order[-1] if order else "")
    return overview_picture(study.tasks, order, focus)


def _strategies(study: Study) -> list[str]:
    """Return the strategies of the plan in its order: the same line and hue on every task."""
    rungs = study.plan.rungs
    return list(dict.fromkeys(name_of(one) for rung in rungs for one in rung.strategies if one is not None))


def _single(study: Study) -> str:
    return study.tasks[0].dose.sentence if study.tasks else "No arm of the plan has a result."


def _plan_facts(study: Study) -> list[tuple[str, str]]:
    file = study.plan.file
    facts = [
        ("Tasks", ", ".join(task.name for task in study.plan.tasks)),
        ("Items", f"the first {file.n} of the part report of each task, the same for every arm"),
        ("Strategies", ", ".join(file.strategies)),
        ("Seed", str(file.seed)),
    ]
    asked = file.requirement
    if asked.score is not None:
        facts.append(
            ("Required", f"a primary measure of at least {asked.score:g} with the interval's lower end")
        )
    if asked.by_task:
        facts.append(
            ("Required by task", ", ".join(f"{name} {score:g}" for name, score in asked.by_task.items()))
        )
    if asked.non_inferior_to:
        facts.append(("Required", f"not worse than {asked.non_inferior_to} by {asked.margin:g} or more"))
    facts.append(("Budget", budget_words(file.budget) or "none"))
    facts.append(("Power", _power_words(file.n)))
    return facts


def _power_words(n: int) -> str:
    least = detectable_difference(n, discordant=_DISCORDANT)
    given = f"with {n} items, of which one arm alone has {_DISCORDANT * 100:.0f} % right"
    if least is None:
        return f"{given}, no difference of two arms can be shown with a power of 80 %"
    return (
        f"{given}, a difference of {least:.2f} of two arms is shown with a power of 80 % (McNemar, two-sided "
        "5 %, before Holm's correction); smaller ones may be there and stay unseen"
    )


def _task_view(study: TaskStudy, order: Sequence[str], with_text: bool) -> Mapping[str, Any]:
    task, card = study.task, study.task.card
    return {
        "name": task.name,
        "title": task.name if card.title == task.name else f"{card.title} ({task.name})",
        "sentence": study.dose.sentence,
        "about": card.about,
        "facts": [
            ("Work", f"{task.family}, language {task.language}"),
            ("Source", f"{card.source}; licence: {card.licence}"),
            ("Primary measure", f"{task.metric}, intervals drawn over {study.groups} groups of items"),
            ("Required", study.demand.words or "nothing"),
            ("May be known", card.leaks),
            *([("Does not say", card.limits)] if card.limits else []),
        ],
        "alarms": [f"{one.arm}: {one.words}." for one in study.alarms],
        "dose_plot": dose_picture(study, order),
        "scores": score_table(study),
        "reasons": reason_table(study),
        "difference_plots": difference_pictures(study),
        "differences": difference_table(study),
        "front_plots": front_pictures(study),
        "costs": cost_table(study),
        "cost_lines": cost_lines(study),
        "measures": measure_table(study),
        "slices": slice_table(study),
        "to_read": to_read_table(study, _texts(study) if with_text else {}),
        "references": reference_table(study),
    }


def _texts(study: TaskStudy) -> dict[str, str]:
    items = [outcome.item for row in study.rows[:1] for outcome in row.arm.outcomes]
    return {
        item.id: item.text if len(item.text) <= _LONGEST else f"{item.text[:_LONGEST].rstrip()} …"
        for item in items
    }


def _limits(study: Study) -> list[str]:
    notes = [f"{rung.spec.name}: {rung.spec.notes}." for rung in study.plan.rungs if rung.spec.notes]
    few = [task.task.name for task in study.tasks if task.groups < _FEW_GROUPS]
    if few:
        notes.append(
            f"Fewer than {_FEW_GROUPS} groups of items: {', '.join(few)}; intervals there are too narrow."
        )
    splits = [note for task in study.tasks if (note := note_on_split(task.task))]
    if study.plans and study.plan.sha256 not in study.plans:
        notes.append(
            "The results were made with another plan than this report reads; hashes of theirs begin: "
            f"{', '.join(one[:12] for one in study.plans)}."
        )
    elif len(study.plans) > 1:
        earlier = ", ".join(one[:12] for one in study.plans[:-1])
        notes.append(
            f"The plan was changed after a run had begun; the hashes of earlier ones begin: {earlier}."
        )
    if flat := _without_width(study):
        notes.append(
            f"Intervals without width ({', '.join(flat)}): every draw of these items gives the same score. "
            "That is no certainty about other items; ask more of them."
        )
    gone = sorted({one.task for one in study.fallen} - {task.task.name for task in study.tasks})
    if gone:
        notes.append(f"No arm has a result on {', '.join(gone)}: no dose is shown to be effective there.")
    return [*study.plan.file.limits, *notes, *splits, *_ALWAYS]


def _without_width(study: Study) -> list[str]:
    """Return the tasks where an arm's primary measure has an interval of no width."""
    return [
        task.task.name
        for task in study.tasks
        if any(
            (found := row.estimates[task.task.metric]).low is not None and found.low == found.high
            for row in task.rows
        )
    ]
