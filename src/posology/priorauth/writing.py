"""The writer: a small model words single facts, and the program adds codes, states and dates itself.

The model sees the name and value of one fact at a time and answers one JSON object: the numbers of the facts
it used and the sentence. It is shown no code, date or identifier, and a sentence that holds one is refused:
those come from the chart only. What it writes is a draft; checks decide whether it stands.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from posology.chat import Generator, JsonShape, Message, Prompt, ask
from posology.priorauth.narrative import DraftSentence
from posology.priorauth.phrases import completed
from posology.quotes import Evidence, EvidenceKind

__all__ = ["word_facts", "wording_prompt"]

MAX_CHARACTERS = 240

_SYSTEM = (
    "You write one sentence of a letter to a health insurer about a patient. Use only the numbered facts. "
    "Copy every name, number and unit exactly. Add nothing. Answer with JSON: the facts used, the sentence."
)
_SHOTS = (
    (("Hemoglobin A1c: 8.4 %",), "The patient's hemoglobin A1c was 8.4 %."),
    (("Chronic obstructive pulmonary disease",), "The patient has chronic obstructive pulmonary disease."),
    (("albuterol 90 mcg inhaler",), "The patient was prescribed an albuterol 90 mcg inhaler."),
)
_FORBIDDEN = re.compile(
    r"\d{4}-\d\d|\b(?:19|20)\d\d\b|\b\d{1,2}/\d{1,2}\b|\b[A-Z]\d\d[.\dA-Z]*\b|\b\d{6,}\b|https?:"
    r"|\b(?:january|february|march|april|may \d|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[A-Z][^\n]{10,}\.")


def word_facts(
    templates: Sequence[DraftSentence], writer: Generator, *, progress: Callable[[int], None] | None = None
) -> list[DraftSentence | None]:
    """Let the model word each template sentence; ``None`` where it is not asked or gives no valid answer.

    Quotes of notes and of people are left to the templates, which quote them word for word.
    """
    facts = [_facts(template) for template in templates]
    asked = [i for i, rows in enumerate(facts) if rows]
    answers = ask(
        writer,
        [wording_prompt([_line(fact) for fact in facts[i]]) for i in asked],
        parse=_parse,
        progress=progress,
    )
    worded: list[DraftSentence | None] = [None] * len(templates)
    for i, answer in zip(asked, answers, strict=True):
        if answer.value is not None:
            worded[i] = _completed(templates[i], answer.value, writer)
    return worded


def _facts(template: DraftSentence) -> tuple[Evidence, ...]:
    """Return what of a sentence the model may word: names and values of one structured source."""
    if not template.criterion or any(e.kind is not EvidenceKind.STRUCTURED for e in template.cites):
        return ()
    if len({e.source for e in template.cites}) != 1:
        return ()
    return tuple(e for e in template.cites if e.path.startswith(("value", "component")) or _is_name(e))[:1]


def _is_name(evidence: Evidence) -> bool:
    return evidence.path.endswith((".text", ".display")) and not evidence.path.startswith("dosage")


def wording_prompt(lines: Sequence[str]) -> Prompt:
    """Return how the model is asked to word facts, each a line such as "Hemoglobin A1c: 8.4 %"."""
    messages = [Message("system", _SYSTEM)]
    for shown, sentence in _SHOTS:
        messages.append(Message("user", _numbered(shown)))
        messages.append(Message("assistant", f'{{"cites": [1], "sentence": "{sentence}"}}'))
    messages.append(Message("user", _numbered(lines)))
    return Prompt(tuple(messages), JsonShape(_schema(len(lines))), max_tokens=72)


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def _line(fact: Evidence) -> str:
    name = "" if not fact.label or fact.label.lower() in fact.quote.lower() else f"{fact.label}: "
    return name + " ".join(fact.quote.split())


def _schema(facts: int) -> dict[str, Any]:
    known = {"enum": list(range(1, facts + 1))}
    numbers = {"type": "array", "items": known, "minItems": 1, "maxItems": facts}
    return {
        "type": "object",
        "properties": {"cites": numbers, "sentence": {"type": "string", "maxLength": MAX_CHARACTERS}},
        "required": ["cites", "sentence"],
        "additionalProperties": False,
    }


def _parse(record: Mapping[str, Any]) -> str:
    sentence = " ".join(str(record["sentence"]).split())
    if not _SENTENCE.fullmatch(sentence):
        raise ValueError("not one whole sentence")
    if _FORBIDDEN.search(sentence):
        raise ValueError("a date, code or identifier, which a model never writes")
    return sentence


def _completed(template: DraftSentence, sentence: str, writer: Generator) -> DraftSentence:
    """Add the codes, states and dates of the template's source to a model's sentence."""
    return replace(template, text=completed(sentence, template.cites), written_by=writer.identity.name)
