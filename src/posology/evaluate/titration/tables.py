"""The tables of the report, as rows of words."""

from collections.abc import Sequence
from dataclasses import dataclass

from posology.evaluate.cost import Basis, Figure
from posology.evaluate.titration.analysis import Row, Study, TaskStudy
from posology.evaluate.titration.arms import ArmResult
from posology.evaluate.titration.doses import size_words
from posology.evaluate.titration.robustness import Robust
from posology.statistics import Difference, Estimate

__all__ = [
    "Column",
    "Line",
    "Table",
    "cost_lines",
    "cost_table",
    "difference_table",
    "fallen_table",
    "ladder_table",
    "measure_table",
    "overview_table",
    "reason_table",
    "reference_table",
    "robustness_table",
    "score_table",
    "slice_table",
    "to_read_table",
    "untried_lines",
]

_COSTS = (
    ("prompt_tokens", "prompt tokens", 1.0),
    ("output_tokens", "output tokens", 1.0),
    ("flops", "GFLOP", 1e-9),
    ("latency_p50", "p50 s", 1.0),
    ("latency_p95", "p95 s", 1.0),
    ("items_per_s", "items/s", 1.0),
    ("peak_memory", "peak memory GB", 1e-9),
    ("energy", "energy J", 1.0),
    ("carbon", "carbon g", 1.0),
    ("money", "money / 1,000", 1.0),
)


_LEAST = 0.001  # of a cost: smaller ones are shown as smaller; CSV and JSON hold them
_NAMED = 3  # arms that a line names; of more it says how many

_FAILED = (("parse", "not readable"), ("length", "too long"), ("abstained", "abstained"))


@dataclass(frozen=True, slots=True)
class Column:
    """A column; numbers stand at its right."""

    name: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row; the one of an effective dose is marked."""

    cells: tuple[str, ...]
    effective: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Line, ...]


def _table(caption: str, columns: Sequence[str], rows: Sequence[Line]) -> Table:
    """Make a table; a column whose name begins with # holds numbers."""
    return Table(
        caption, tuple(Column(one.removeprefix("#"), one.startswith("#")) for one in columns), tuple(rows)
    )


def _shown(found: Estimate | Difference, *, signed: bool = False, between: str = " ") -> str:
    """Return a value and its interval; ``between`` them a line break where columns are many."""
    if found.value is None:
        return "no value"
    form = "+.3f" if signed else ".3f"
    value = format(found.value, form)
    if found.low is None or found.high is None:
        return f"{value}{between}(no interval)"
    return f"{value}{between}({found.low:{form}} to {found.high:{form}})"


def _figure(figure: Figure, factor: float = 1.0) -> str:
    if figure.value is None:
        return "–"
    mark = " *" if figure.basis is Basis.MODELLED else ""
    value = figure.value * factor
    if 0 < abs(value) < _LEAST:
        return f"< {_LEAST:g}{mark}"
    return f"{value:,.0f}{mark}" if abs(value) >= 999.5 else f"{value:.3g}{mark}"


def ladder_table(study: Study) -> Table:
    """Return the systems of the plan."""
    rows = []
    for rung in study.plan.rungs:
        spec = rung.spec
        size = f"{spec.parameters:,}" if spec.parameters else "–"
        rows.append(
            Line((spec.name, spec.kind, spec.family or "–", size, spec.precision or "–", spec.notes or "–"))
        )
    columns = ("system", "kind", "family", "#parameters", "precision", "what to know of it")
    return _table("The ladder, smallest dose first", columns, rows)


def overview_table(study: Study) -> Table | None:
    """Return every arm by task; None for a single task."""
    if len(study.tasks) < 2:
        return None
    names = dict.fromkeys(row.arm.name for task in study.tasks for row in task.rows)
    rows = [Line((name, *(_cell(task, name) for task in study.tasks))) for name in names]
    columns = ("arm", *(f"#{task.task.name}\n{task.task.metric}" for task in study.tasks))
    return _table("Every arm on every task", columns, rows)


def _cell(study: TaskStudy, name: str) -> str:
    row = next((row for row in study.rows if row.arm.name == name), None)
    if row is None:
        return "–"
    mark = "● " if row.judgement.effective else ""
    return mark + _shown(row.estimates[study.task.metric], between="\n")


def score_table(study: TaskStudy) -> Table:
    """Return the arms of a task with their primary measure and what was not answered."""
    rows = []
    for row in study.rows:
        found = row.estimates[study.task.metric]
        effective = _effective(study, row)
        cells = (row.arm.name, _dose(row.arm), _shown(found), effective, str(found.n), _unanswered(row))
        rows.append(Line(cells, row.judgement.effective))
    measure = f"#{study.task.metric} (95 % interval)"
    columns = ("arm", "dose", measure, "effective dose", "#n", "without an answer")
    return _table("Scores, smallest dose first; what was not answered counts as wrong", columns, rows)


def _effective(study: TaskStudy, row: Row) -> str:
    if row.judgement.effective:
        return "● effective"
    if study.dose.undecided:
        return "not judged"
    return "no" if study.demand.words else "–"


def _unanswered(row: Row) -> str:
    """Say how many items have no answer, by reason."""
    named = {kind for kind, _ in _FAILED}
    other = sum(many for kind, many in row.failures.items() if kind not in named)
    counts = [(row.failures.get(kind, 0), words) for kind, words in _FAILED]
    counts.append((other, "engine failed"))
    return ", ".join(f"{many} {words}" for many, words in counts if many) or "none"


def _dose(arm: ArmResult) -> str:
    return size_words(arm).removesuffix(" parameters").replace("no language model", "no model")


def reason_table(study: TaskStudy) -> Table | None:
    """Return why arms are not effective; None where nothing is required or all are."""
    rows = [
        Line((row.arm.name, "; ".join(row.judgement.reasons)))
        for row in study.rows
        if row.judgement.reasons and study.demand.words and not study.dose.undecided
    ]
    return _table("What each arm lacks", ("arm", "why it is not an effective dose"), rows) if rows else None


def difference_table(study: TaskStudy) -> Table:
    """Return the differences from the reference and from the best system without a model."""
    rows = [
        Line(
            (
                one.arm,
                one.other,
                _shown(one.difference, signed=True),
                str(one.difference.n),
                _p(one.difference.p_value),
                _p(one.adjusted),
            )
        )
        for one in (*study.from_reference, *study.from_baseline)
    ]
    columns = ("arm", "less", f"#difference of {study.task.metric} (95 % interval)", "#n", "#p", "#p, Holm")
    return _table("Paired differences; p by swapping answers, Holm's over the arms compared", columns, rows)


def _p(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def cost_table(study: TaskStudy) -> Table:
    """Return what an answer of each arm costs; a figure that no arm has gets no column."""
    shown = [cost for cost in _COSTS if any(row.arm.figure(cost[0]).value is not None for row in study.rows)]
    rows = [
        Line((row.arm.name, *(_figure(row.arm.figure(name), factor) for name, _, factor in shown)))
        for row in study.rows
    ]
    columns = ("arm", *(f"#{words}" for _, words, _ in shown))
    return _table("What an answer costs; * modelled, – unavailable, else measured", columns, rows)


def cost_lines(study: TaskStudy) -> list[str]:
    """Say of every figure with an arithmetic or a lack how it came about, the same words once."""
    lines: dict[str, list[str]] = {}
    for row in study.rows:
        for name, words, _ in _COSTS:
            figure = row.arm.figure(name)
            if figure.note and name not in ("prompt_tokens", "output_tokens"):
                lines.setdefault(f"{words} is {figure.basis}: {figure.note}", []).append(row.arm.name)
    return [
        f"{words} ({', '.join(arms) if len(arms) < len(study.rows) else 'every arm'})"
        for words, arms in lines.items()
    ]


def measure_table(study: TaskStudy) -> Table:
    """Return every measure of every arm."""
    rows = [
        Line(
            (
                measure.name,
                row.arm.name,
                _shown(row.estimates[measure.name]),
                str(row.estimates[measure.name].n),
                measure.about,
            )
        )
        for measure in study.measures
        for row in study.rows
        if row.estimates[measure.name].n
    ]
    return _table("Every measure", ("measure", "arm", "#value (95 % interval)", "#n", "what it is"), rows)


def slice_table(study: TaskStudy) -> Table | None:
    """Return the slices, an arm a column; None where there are none."""
    if not study.slices:
        return None
    arms = list(dict.fromkeys(one.arm for one in study.slices))
    keys = list(dict.fromkeys((one.by, one.value, one.measure) for one in study.slices))
    found = {(one.by, one.value, one.arm): one.found for one in study.slices}
    rows = []
    for by, value, measure in keys:
        cells = [found[by, value, arm] for arm in arms]
        shown = [_shown(cell, between="\n") for cell in cells]
        rows.append(Line((f"{by}: {value}", measure, str(cells[0].n), *shown)))
    columns = ("slice", "measure", "#n", *(f"#{_broken(arm)}" for arm in arms))
    return _table(
        "The best arm of each system, and the doses named above, on parts of the items", columns, rows
    )


def to_read_table(study: TaskStudy, texts: dict[str, str]) -> Table | None:
    """Return the items on which two arms differ; ``texts``: what to show of items, by id."""
    if study.read is None or not study.read[2]:
        return None
    first, second, items = study.read
    extra = ("text",) if texts else ()
    rows = [
        Line(
            (
                one.item,
                first if one.won else second,
                one.first,
                one.second,
                *([texts.get(one.item, "")] if texts else []),
            )
        )
        for one in items
    ]
    columns = ("item", "better", first, second, *extra)
    return _table("Items to read: labels and counts, by id", columns, rows)


def reference_table(study: TaskStudy) -> Table | None:
    """Return published scores, those that compare with ours first; other measures are left out."""
    order = {"beside": "same split and measure", "other split": "other split: not comparable"}
    rows = []
    for one, standing in sorted(study.references, key=lambda row: row[1]):
        if standing in order:
            size = f"{one.parameters:,}" if one.parameters else "–"
            number = str(one.n) if one.n else "–"
            rows.append(
                Line(
                    (
                        one.system,
                        size,
                        f"{one.metric} {one.value:g}",
                        number,
                        order[standing],
                        one.split,
                        f"{one.source} [{one.trust}]",
                    )
                )
            )
    columns = ("system", "#parameters", "#score", "#n", "beside ours", "split", "source")
    caption = "Published scores [V: read in the source, V2: in a secondary one, R: recalled, to be verified]"
    return _table(caption, columns, rows) if rows else None


def robustness_table(found: Sequence[Robust]) -> Table | None:
    """Return what changes did to answers, by task and change; those without items are left out."""
    tasks = list(dict.fromkeys(one.task for one in found))
    kinds = list(dict.fromkeys(one.kind for one in found))
    order = sorted(found, key=lambda one: (tasks.index(one.task), kinds.index(one.kind)))
    rows = [Line(_trial(one)) for one in order if one.n]
    columns = (
        "change", "task", "arm", "#n", "#gap of the primary measure\n(95 % interval)",
        "#changed answers\n(95 % interval)", "#took up the claim, declined,\nor right in both orders",
        "left out",
    )  # fmt: skip
    return _table("Changed items against the original ones", columns, rows) if rows else None


def _trial(one: Robust) -> tuple[str, ...]:
    return (
        one.kind,
        one.task,
        one.arm,
        str(one.n),
        _shown(one.gap, signed=True, between="\n") if one.gap.n else "–",
        _shown(one.changed, between="\n"),
        _shown(one.yielded, between="\n") if one.yielded else "–",
        _excluded(one) or "none",
    )


def _excluded(one: Robust) -> str:
    return "; ".join(f"{many}: {reason}" for reason, many in one.excluded.items())


def untried_lines(found: Sequence[Robust]) -> list[str]:
    """Say which changes no item of a task could be changed in, and why."""
    lines = [
        f"{one.kind} on {one.task}: no item could be changed ({_excluded(one)})."
        for one in found
        if not one.n
    ]
    return list(dict.fromkeys(lines))


def fallen_table(study: Study) -> Table | None:
    """Return the arms without a result and why, the same reason of one task in a line."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in study.fallen:
        alike.setdefault((one.task, one.reason), []).append(one.arm)
    rows = [Line((task, _named(arms), reason)) for (task, reason), arms in alike.items()]
    return _table("Why they have none", ("task", "arms", "reason"), rows) if rows else None


def _named(arms: Sequence[str]) -> str:
    return ", ".join(arms) if len(arms) <= _NAMED else f"{len(arms)} arms: {', '.join(arms)}"


def _broken(arm: str) -> str:
    """Return the name of an arm with its strategy on a line of its own."""
    return arm.replace(" ", "\n", 1)
