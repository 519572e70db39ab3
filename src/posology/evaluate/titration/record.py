"""The data of a report: one JSON of all of it, and tables as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from posology.evaluate.titration.analysis import Study, TaskStudy
from posology.statistics import Difference, Estimate

__all__ = ["study_record", "study_tables"]

_FORMAT = "titration-report/1"
_DIGITS = 6


def study_record(study: Study) -> dict[str, Any]:
    """Return a study as JSON-ready values: no text of items."""
    return {
        "posology": _FORMAT,
        "title": study.plan.file.title,
        "plan": {
            "name": study.plan.name,
            "sha256": study.plan.sha256,
            **study.plan.file.model_dump(mode="json", exclude_defaults=True),
        },
        "dose": {
            "sentence": study.dose.sentence,
            "smallest": study.dose.smallest,
            "runner_up": study.dose.runner_up,
            "met": {arm: list(tasks) for arm, tasks in study.dose.met.items()},
        },
        "tasks": [_task(task) for task in study.tasks],
        "robustness": [_rounded(asdict(one)) for one in study.robust],
        "fallen": [asdict(one) for one in study.fallen],
    }


def _task(study: TaskStudy) -> dict[str, Any]:
    record = {
        "task": study.task.name,
        "metric": study.task.metric,
        "groups": study.groups,
        "required": study.demand.words,
        "dose": asdict(study.dose) | {"smallest": study.dose.smallest},
        "arms": [
            {
                "name": row.arm.name,
                "kind": row.arm.kind,
                **asdict(row.arm.identity),
                "fingerprint": row.arm.fingerprint,
                "measures": {name: asdict(found) for name, found in row.estimates.items()},
                "failures": dict(row.failures),
                "cost": {name: figure.as_json() for name, figure in row.arm.cost.items()},
                "effective": row.judgement.effective,
                "reasons": list(row.judgement.reasons),
            }
            for row in study.rows
        ],
        "differences": [asdict(one) for one in (*study.from_reference, *study.from_baseline)],
        "fronts": [{"cost": front.cost, "best": list(front.best)} for front in study.fronts],
        "slices": [asdict(one) for one in study.slices],
        "to_read": _to_read(study),
        "alarms": [asdict(one) for one in study.alarms],
        "references": [asdict(one) | {"standing": standing} for one, standing in study.references],
    }
    rounded: dict[str, Any] = _rounded(record)
    return rounded


def _to_read(study: TaskStudy) -> dict[str, Any] | None:
    if study.read is None:
        return None
    first, second, items = study.read
    return {"first": first, "second": second, "items": [asdict(one) for one in items]}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def study_tables(study: Study) -> dict[str, bytes]:
    """Return the tables of a study as CSV, by file name."""
    return {
        "scores.csv": _csv(_SCORE_COLUMNS, _score_rows(study)),
        "differences.csv": _csv(_DIFFERENCE_COLUMNS, _difference_rows(study)),
        "costs.csv": _csv(("task", "arm", "figure", "value", "unit", "basis", "note"), _cost_rows(study)),
        "slices.csv": _csv(("task", "arm", "by", "slice", "measure", *_ESTIMATE), _slice_rows(study)),
        "robustness.csv": _csv(_ROBUST_COLUMNS, _robust_rows(study)),
    }


_ESTIMATE = ("value", "low", "high", "n")
_SCORE_COLUMNS = (
    "task", "arm", "system", "family", "strategy", "parameters", "measure", *_ESTIMATE, "effective",
)  # fmt: skip
_DIFFERENCE_COLUMNS = ("task", "arm", "less", *_ESTIMATE, "p", "p_holm")
_ROBUST_COLUMNS = (
    "task", "arm", "kind", "measure", "gap", "low", "high", "n", "changed", "changed_low", "changed_high",
    "yielded", "excluded",
)  # fmt: skip


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if cell is None else _cell(cell) for cell in row])
    return stream.getvalue().encode()


def _cell(value: object) -> object:
    return round(value, _DIGITS) if isinstance(value, float) else value


def _numbers(found: Estimate | Difference) -> tuple[float | int | None, ...]:
    return found.value, found.low, found.high, found.n


def _score_rows(study: Study) -> Iterable[Sequence[object]]:
    for task in study.tasks:
        for row in task.rows:
            who = row.arm.identity
            about = (task.task.name, row.arm.name, who.system, who.family, who.strategy, who.parameters)
            for name, found in row.estimates.items():
                effective = row.judgement.effective if name == task.task.metric else None
                yield (*about, name, *_numbers(found), effective)


def _difference_rows(study: Study) -> Iterable[Sequence[object]]:
    for task in study.tasks:
        for one in (*task.from_reference, *task.from_baseline):
            found = one.difference
            yield task.task.name, one.arm, one.other, *_numbers(found), found.p_value, one.adjusted


def _cost_rows(study: Study) -> Iterable[Sequence[object]]:
    for task in study.tasks:
        for row in task.rows:
            for name, figure in row.arm.cost.items():
                yield task.task.name, row.arm.name, name, figure.value, figure.unit, figure.basis, figure.note


def _slice_rows(study: Study) -> Iterable[Sequence[object]]:
    for task in study.tasks:
        for one in task.slices:
            yield task.task.name, one.arm, one.by, one.value, one.measure, *_numbers(one.found)


def _robust_rows(study: Study) -> Iterable[Sequence[object]]:
    for one in study.robust:
        gap, changed = one.gap, one.changed
        yielded = one.yielded.value if one.yielded else None
        yield (
            one.task, one.arm, one.kind, one.measure, gap.value, gap.low, gap.high, one.n,
            changed.value, changed.low, changed.high, yielded, sum(one.excluded.values()),
        )  # fmt: skip
