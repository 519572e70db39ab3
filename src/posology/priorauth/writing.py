"""The writer: a small model words each finding, one sentence at a time, from the evidence it is given.

The model sees only numbered facts of one finding and must answer one JSON object: the sentence and the
numbers of the facts it used. What it writes is a draft: checks decide whether it stands.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from posology.chat import Generator, JsonShape, Message, Prompt, ask
from posology.priorauth.narrative import DraftSentence
from posology.quotes import Evidence, EvidenceKind

__all__ = ["word_findings"]

MAX_FACTS = 6
MAX_CHARACTERS = 320

_SYSTEM = (
    "You write one sentence of a letter of medical necessity. Use only the numbered facts. Copy every number, "
    "unit, date, drug and diagnosis exactly. Add nothing. Answer with JSON: the facts you used, and the sentence."
)
_EXAMPLE_FACTS = "1. Hemoglobin A1c: 8.4 % (2021-04-12)\n2. Type 2 diabetes mellitus (2016-02-01)"
_EXAMPLE_ANSWER = (
    '{"cites":[1,2],"sentence":"The patient has type 2 diabetes mellitus, recorded on 2016-02-01, with a '
    'hemoglobin A1c of 8.4 % on 2021-04-12."}'
)


@dataclass(frozen=True)
class _Task:
    """The template sentences of one finding, and their evidence as the model sees it."""

    templates: tuple[DraftSentence, ...]
    facts: tuple[Evidence, ...]


def word_findings(
    groups: Sequence[tuple[DraftSentence, ...]],
    writer: Generator,
    *,
    progress: Callable[[int], None] | None = None,
) -> list[DraftSentence | None]:
    """Let the model word each group of template sentences as one; ``None`` where it gives no valid answer.

    Quotes of notes are left to the templates, which quote them word for word: a rewording could only
    lose. So are groups of more facts than the model is given.
    """
    tasks = [_task(group) for group in groups]
    wanted = [task for task in tasks if task is not None]
    answers = iter(ask(writer, [_prompt(task) for task in wanted], parse=_parse, progress=progress))
    return [None if task is None else _sentence(task, next(answers).value, writer) for task in tasks]


def _task(group: tuple[DraftSentence, ...]) -> _Task | None:
    facts = tuple(
        dict.fromkeys(e for sentence in group for e in sentence.cites if e.kind is not EvidenceKind.POLICY)
    )
    quoted = any(e.kind in (EvidenceKind.TEXT, EvidenceKind.HUMAN) for e in facts)
    return None if quoted or not 0 < len(facts) <= MAX_FACTS else _Task(group, facts)


def _prompt(task: _Task) -> Prompt:
    lines = [f"{number}. {_line(fact)}" for number, fact in enumerate(task.facts, start=1)]
    schema = {
        "type": "object",
        "properties": {
            "cites": {
                "type": "array",
                "items": {"enum": list(range(1, len(task.facts) + 1))},
                "minItems": 1,
                "maxItems": len(task.facts),
            },
            "sentence": {"type": "string", "maxLength": MAX_CHARACTERS},
        },
        "required": ["cites", "sentence"],
        "additionalProperties": False,
    }
    messages = (
        Message("system", _SYSTEM),
        Message("user", _EXAMPLE_FACTS),
        Message("assistant", _EXAMPLE_ANSWER),
        Message("user", "\n".join(lines)),
    )
    return Prompt(messages, JsonShape(schema), max_tokens=120)


def _line(fact: Evidence) -> str:
    name = f"{fact.label}: " if fact.label and fact.label.lower() not in fact.quote.lower() else ""
    when = f" ({fact.date})" if fact.date and fact.date not in fact.quote else ""
    return f"{name}{' '.join(fact.quote.split())}{when}"


def _parse(record: Mapping[str, Any]) -> tuple[tuple[int, ...], str]:
    sentence = " ".join(str(record["sentence"]).split())
    if not re.fullmatch(r"[A-Z\d“\"].{15,}[.!]", sentence) or "http" in sentence:
        raise ValueError("not one whole sentence")
    return tuple(dict.fromkeys(int(number) for number in record["cites"])), sentence


def _sentence(
    task: _Task, value: tuple[tuple[int, ...], str] | None, writer: Generator
) -> DraftSentence | None:
    if value is None or any(not 1 <= number <= len(task.facts) for number in value[0]):
        return None
    cites = tuple(task.facts[number - 1] for number in value[0])
    must_hold = tuple(e for sentence in task.templates for e in sentence.must_hold)
    first = task.templates[0]
    return replace(first, text=value[1], cites=cites, written_by=writer.identity.name, must_hold=must_hold)
