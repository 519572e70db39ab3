"""Criterion judgement: what the notes of a made chart answer to a question of a payer's policy.

The charts are made here, with their truth, from the policies that ship with the package: no data folder is
needed. The same version of the package makes the same items.
"""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from posology.errors import InternalError
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice
from posology.evaluate.task import Card, Family, Part, Shares, Task
from posology.policies import Policy, load_policies
from posology.records import Chart, read_chart
from posology.testing import make_chart, random_plan
from posology.testing.plans import all_leaves

__all__ = ["CRITERIA", "policy_part"]

_LABELS = ("yes", "no", "not documented")
_CHARTS = 12  # a policy
_SEED = 4000
_PARTS = {  # a policy's questions, and the sentences its charts are written with, stay in one part
    "cms-ncd-160.18": Part.TUNE,
    "cms-ncd-210.14": Part.TUNE,
    "cms-ncd-280.14": Part.TUNE,
    "northfield-cgm": Part.TUNE,
    "cms-ncd-30.3.3": Part.SELECT,
    "cms-ncd-100.1": Part.REPORT,
    "cms-ncd-240.4": Part.REPORT,
    "northfield-adalimumab": Part.REPORT,
    "northfield-glp1": Part.REPORT,
    "northfield-lumbar-mri": Part.REPORT,
}


def _read(folder: Path) -> Iterator[Item]:  # noqa: ARG001  (made, not read)
    for policy in load_policies():
        if policy.id in _PARTS:
            for number in range(_CHARTS):
                yield from _items(policy, number)


def _items(policy: Policy, number: int) -> Iterator[Item]:
    """Yield a question for each criterion of the policy that looks into the notes."""
    made = make_chart(policy, plan=random_plan(policy, _SEED + number), seed=_SEED + number)
    notes = _notes(read_chart("-", stdin=io.BytesIO(json.dumps(made.bundle).encode())))
    for leaf in all_leaves(policy):
        truth = made.truth["leaves"].get(leaf.id)
        if leaf.question is None or truth is None or truth["text"] is None:
            continue
        yield Item(
            id=f"{policy.id}/{number}/{leaf.id}",
            group=f"{policy.id}/{number}",
            text=f"{notes}\n\nQuestion: {leaf.question}",
            gold=_answer(
                str(truth["text"]), str(leaf.expect), f"{policy.id}, {leaf.id}, chart {number}", truth
            ),
            slices={"policy": policy.id, "style": _style(truth), "length": length_slice(notes)},
        )


def _notes(chart: Chart) -> str:
    """Return the chart's notes, the oldest first, each under its date."""
    dated = sorted((str(note.date.text) if note.date else "", note.text.strip()) for note in chart.documents)
    return "\n\n".join(f"[Note of {day or 'an unknown day'}]\n{text}" for day, text in dated)


def _answer(text: str, expect: str, where: str, truth: Mapping[str, Any]) -> str:
    """Return the answer that the notes give; the sentences put into them must say the same."""
    other = "no" if expect == "yes" else "yes"
    answer = {"met": expect, "not_met": other}.get(text, "not documented")
    said = {witness["answer"] for witness in truth["witnesses"] if "answer" in witness}
    if said != ({answer} if answer in ("yes", "no") else set()):
        raise InternalError(f"{where}: the truth of the made chart is not what its sentences say")
    return answer


def _style(truth: Mapping[str, Any]) -> str:
    styles = {witness["style"] for witness in truth["witnesses"] if "style" in witness}
    return " and ".join(sorted(styles)) or "no answer in the notes"


def _part(item: Item) -> Part:
    return _PARTS[item.slices["policy"]]


def policy_part(policy_id: str) -> Part | None:
    """Return the part that a policy's questions are in, None where the task does not use it."""
    return _PARTS.get(policy_id)


def _ask(item: Item) -> str:
    return f"{item.text}\n\nWhat do the notes say of the patient: yes, no, or is it not documented?"


CRITERIA = Task(
    name="criteria",
    family=Family.AUTHORIZATION,
    language="en",
    folder="",
    read=_read,
    system="You read clinical notes and answer questions about the patient from them alone. What is said of "
    "a relative, planned, or only possible does not count.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    shares=Shares(part_of=_part),
    card=Card(
        title="Criteria of made charts",
        source="made by posology.testing from the policies that ship with the package",
        licence="CC0 1.0",
        url="",
        about="The notes of a made chart, and a question of a prior authorization policy: do the notes say "
        "yes, no, or nothing? What they say is known because they were written to say it.",
        leaks="None from outside: the charts are made when they are asked for. The sentences come from a "
        "bank, so whole policies are kept in one part: no question and no answering sentence of the report "
        "part stands in another.",
        limits="Made notes of 100 to 250 words, with traps (relatives, plans, doubts, copied text) but "
        "cleaner than real ones. The program's own rules were developed on such charts, and an answer of "
        "theirs here says nothing about real notes. A relative or a plan in the notes is 'not documented'.",
    ),
)
