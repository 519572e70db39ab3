"""The page of the documentation that shows every task's card."""

from collections.abc import Iterable

from posology.evaluate.scorers import measures_of
from posology.evaluate.splits import committed_part
from posology.evaluate.task import Part, Reference, Task

__all__ = ["tasks_page"]

_TRUST = "V: read in the primary source; V2: in a secondary one; R: recalled, to be verified"
_OF_LABELS = ("F1 of ", "recall of ")  # measures of one label each, named together
_HEAD = f"""\
# Tasks

What `posology evaluate` can ask, one section a task. This page is written by `scripts/docs` from the tasks
themselves. None of the data is part of Posology: fetch each set from its source, under its licence, into a
folder of the name given, and name the folder above it with `--data` or `POSOLOGY_DATA`.

Items are dealt to three parts by a hash of their group (patient, document or source text), so that a group is
in one part only: systems learn from *tune*, prompts and settings are chosen on *select*, scores are of
*report*. The deal is committed: a set whose items differ is refused. "n" counts items, "groups" what the
intervals are drawn from.

Published scores stand beside ours for orientation only, with their trust ({_TRUST}).

| task | family | language | n to report on | groups | primary measure |
|---|---|---|---|---|---|
"""


def tasks_page(tasks: Iterable[Task]) -> str:
    """Return docs/tasks.md: a table of the tasks, then a section for each."""
    ordered = sorted(tasks, key=lambda task: (str(task.family), task.name))
    rows = [_table_row(task) for task in ordered]
    return _HEAD + "\n".join(rows) + "\n" + "".join(_section(task) for task in ordered)


def _table_row(task: Task) -> str:
    report = committed_part(task.name, Part.REPORT)
    cells = [
        f"[{task.name}](#{task.name})", str(task.family), task.language,
        str(report.get("n", "unknown")), str(report.get("groups", "unknown")), task.metric,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _section(task: Task) -> str:
    card = task.card
    lines = [
        f"- **Source**: {card.source}" + (f" ({card.url})" if card.url else ""),
        f"- **Licence**: {card.licence}",
        f"- **Folder**: `{task.folder}`",
        f"- **Items**: {_items(task)}",
        f"- **Answer**: {task.form.kind}" + _labels(task),
        f"- **Measures**: {', '.join(_measures(task))}",
        f"- **Known leaks**: {card.leaks}",
    ]
    if card.limits:
        lines.append(f"- **Limits**: {card.limits}")
    body = "\n".join(lines)
    return f"\n## {task.name}\n\n{card.title}. {card.about}\n\n{body}\n{_references(card.references)}"


def _items(task: Task) -> str:
    parts = [(part, committed_part(task.name, part)) for part in Part]
    if not all(row for _, row in parts):
        return "unknown: no split is committed"
    return ", ".join(f"{part} {row['n']} ({row['groups']} groups)" for part, row in parts)


def _labels(task: Task) -> str:
    if not task.labels:
        return ""
    joined = " < ".join(task.labels) if task.ordered else ", ".join(task.labels)
    return f" of {joined}"


def _measures(task: Task) -> list[str]:
    first, *others = [measure.name for measure in measures_of(task)]
    of_labels = [name for name in others if name.startswith(_OF_LABELS)]
    more = ["F1 and recall of each label"] if of_labels else []
    return [f"**{first}**", *(name for name in others if name not in of_labels), *more]


def _references(references: tuple[Reference, ...]) -> str:
    if not references:
        return ""
    rows = [
        f"| {one.system} | {'unknown' if one.parameters is None else f'{one.parameters:,}'} | {one.metric} "
        f"| {one.value:g} | {one.split} | {one.source} | {one.trust} |"
        for one in references
    ]
    head = (
        "| published | parameters | measure | value | split | source | trust |\n|---|---|---|---|---|---|---|"
    )
    return f"\n{head}\n" + "\n".join(rows) + "\n"
