"""The result folder: items.jsonl, an item a line; summary.json; manifest.json. One arm, one task.

Gold answers and answers may be words of a patient: the folder is its owner's alone.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from posology.errors import UserError
from posology.evaluate.items import Answer, Item, Mention, Outcome, Response
from posology.evaluate.task import Kind, Task

__all__ = [
    "ITEMS",
    "MANIFEST",
    "SUMMARY",
    "answer_from_json",
    "answer_to_json",
    "read_manifest",
    "read_outcomes",
    "read_summary",
    "row_of",
    "stream_outcomes",
]

ITEMS, SUMMARY, MANIFEST = "items.jsonl", "summary.json", "manifest.json"
_DIGITS = 6  # of seconds and probabilities


def answer_to_json(answer: Answer | None) -> Any:
    """Return an answer as JSON: a label, a list of codes, or a list of [start, end, label, words]."""
    if answer is None or isinstance(answer, str):
        return answer
    return [[one.start, one.end, one.label, one.text] if isinstance(one, Mention) else one for one in answer]


def answer_from_json(value: Any, kind: Kind) -> Answer | None:
    """Return an answer of JSON; raise ValueError where it is none of this kind."""
    if value is None:
        return None
    if kind in (Kind.CHOICE, Kind.TEXT):
        if not isinstance(value, str):
            raise ValueError("an answer that is no text")
        return value
    if not isinstance(value, list):
        raise ValueError("an answer that is no list")
    if kind is Kind.CODES:
        return tuple(str(code) for code in value)
    return tuple(Mention(int(start), int(end), str(label), str(text)) for start, end, label, text in value)


def row_of(outcome: Outcome) -> dict[str, Any]:
    """Return the line of an outcome; ``options`` stands there only where the item has its own."""
    item, response = outcome.item, outcome.response
    row = {
        "id": item.id,
        "group": item.group,
        "gold": answer_to_json(item.gold),
        "answer": answer_to_json(response.answer),
        "failure": response.failure,
        "abstained": response.abstained,
        "text": response.text,
        "scores": {label: round(score, _DIGITS) for label, score in response.scores.items()},
        "prompt_tokens": response.prompt_tokens,
        "output_tokens": response.output_tokens,
        "seconds": round(response.seconds, _DIGITS),
        "slices": dict(item.slices),
    }
    return row | ({"options": list(item.options)} if item.options else {})


def _outcome_of(row: Mapping[str, Any], kind: Kind, known: Mapping[str, Item]) -> Outcome:
    item = known.get(row["id"]) or Item(
        id=str(row["id"]),
        group=str(row["group"]),
        text="",
        gold=answer_from_json(row["gold"], kind) or (),
        options=tuple(row.get("options", ())),
        slices=row["slices"],
    )
    response = Response(
        answer=answer_from_json(row["answer"], kind),
        failure=row["failure"],
        abstained=row["abstained"],
        text=row["text"],
        scores=row["scores"],
        prompt_tokens=row["prompt_tokens"],
        output_tokens=row["output_tokens"],
        seconds=row["seconds"],
    )
    return Outcome(item, response)


def stream_outcomes(folder: Path, task: Task, items: Mapping[str, Item] | None = None) -> Iterator[Outcome]:
    """Yield the outcomes of a folder in their order, one line held at a time.

    The folder holds no text of the items: an outcome's item has none, but where ``items`` knows its id.
    """
    path, known, kind = folder / ITEMS, items or {}, task.form.kind
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.endswith(b"\n"):
                    raise UserError(f"{path}, line {number}: cut off; run the evaluation again to finish it")
                try:
                    yield _outcome_of(json.loads(line), kind, known)
                except (ValueError, TypeError, KeyError, AttributeError) as cause:
                    raise UserError(f"{path}, line {number}: not a line of results of {task.name}") from cause
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror}); is it a result folder?") from cause


def read_outcomes(folder: Path, task: Task, items: Mapping[str, Item] | None = None) -> list[Outcome]:
    """Return the outcomes of a folder in their order."""
    return list(stream_outcomes(folder, task, items))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a result folder; raise UserError where there is none."""
    manifest = _read_object(folder / MANIFEST)
    if not isinstance(settings := manifest.get("settings"), dict) or "fingerprint" not in settings:
        raise UserError(f"{folder}: {MANIFEST} is not the manifest of a result folder of posology evaluate")
    return manifest


def read_summary(folder: Path) -> dict[str, Any]:
    """Return the summary of a result folder; raise UserError where the run is not finished."""
    told, begun = (folder / SUMMARY).is_file(), (folder / MANIFEST).is_file()
    if begun and (not told or read_manifest(folder)["settings"].get("state") == "unfinished"):
        raise UserError(f"{folder}: this run is not finished; run the same command again to finish it")
    return _read_object(folder / SUMMARY)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror}); is it a result folder?") from cause
    except ValueError as cause:
        raise UserError(f"{path}: not JSON") from cause
    if not isinstance(value, dict):
        raise UserError(f"{path}: not a JSON object")
    return value
