"""A trained head as a rung of the ladder: labels, options and spans, without torch."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from posology.adapt.encoders.gathering import fingerprints
from posology.adapt.encoders.saving import SEEN_FILE
from posology.errors import ModelError, UserError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.encoder_examples import OPTION_LABELS, head_kind, labelled_of, reading_of
from posology.evaluate.forms import LETTERS
from posology.evaluate.items import Item, Mention, Response
from posology.evaluate.systems.digests import digest_of
from posology.evaluate.systems.function_arm import FunctionArm
from posology.evaluate.systems.spec import SystemSpec
from posology.evaluate.task import Kind, Task
from posology.evidence.heads import Head, HeadCard, open_head, read_head_card
from posology.evidence.heads.card import CARD_FILE, unsaid
from posology.evidence.heads.head import Labels

__all__ = ["find_head", "open_encoder_arm", "why_no_head"]


def find_head(spec: SystemSpec, task: Task) -> Path:
    """Return the head's folder: `path`, or the folder of the task's name in it."""
    folder = Path(spec.path)
    return folder if (folder / CARD_FILE).is_file() else folder / task.name


def why_no_head(spec: SystemSpec, task: Task) -> str:
    """Return why a spec's head cannot answer a task, "" where it can."""
    kind = head_kind(task)
    if kind is None:
        return f"heads answer choice and entities tasks; this one is of the kind {task.form.kind}"
    folder = find_head(spec, task)
    if not (folder / CARD_FILE).is_file():
        return f"there is no trained head in {spec.path}, nor in a folder {task.name} in it"
    try:
        card = read_head_card(folder)
    except ModelError as cause:
        return str(cause)
    if card.kind != kind:
        return f"the head in {folder} is of the kind {card.kind}; the task needs one of the kind {kind}"
    wanted, known = set(_wanted(task)), set(card.labels)
    if wanted != known and not (kind == "token" and known <= wanted):
        return (
            f"the head in {folder} answers {', '.join(card.labels)}; the task has {', '.join(sorted(wanted))}"
        )
    return ""


def _wanted(task: Task) -> tuple[str, ...]:
    if task.form.kind is Kind.ENTITIES:
        return tuple(getattr(task.form, "names", {})) or task.labels
    return task.labels or OPTION_LABELS


def open_encoder_arm(spec: SystemSpec, task: Task) -> FunctionArm:
    """Return a trained head as an arm about a task; items that it has seen in training are refused."""
    folder = find_head(spec, task)
    card = read_head_card(folder)
    if spec.sha256 and spec.sha256.lower() != card.weights_sha256:
        raise ModelError(f"{folder}: the weights are not those of sha256 in the system {spec.name}")
    head = open_head(folder, threads=spec.threads)
    seen = _seen(folder)
    respond = _RESPONDERS[card.kind if task.labels or card.kind == "token" else "options"]

    def answer(items: Sequence[Item]) -> list[Response]:
        _require_unseen(task, items, seen, folder)
        return respond(head, task, items) if items else []

    return FunctionArm(_identity(spec, card), _fingerprint(task, card), answer)


def _identity(spec: SystemSpec, card: HeadCard) -> ArmIdentity:
    from importlib.metadata import version

    return ArmIdentity(
        system=spec.name,
        family=spec.family or ("encoder" if card.network == "bert" else card.family),
        parameters=spec.parameters or card.parameters,
        precision=spec.precision or card.precision,
        sha256=card.weights_sha256,
        engine=f"openvino {version('openvino')}",
        notes=spec.notes,
    )


def _fingerprint(task: Task, card: HeadCard) -> str:
    return digest_of("encoder/1", task.name, card.model_dump(mode="json", exclude=unsaid(card)))


def _seen(folder: Path) -> frozenset[str]:
    """Return the hashes of the examples that a head learned from or was chosen by."""
    path = folder / SEEN_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return frozenset((*told["tune"], *told["select"]))
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{path}: cannot be read: it must say which items the head has seen") from cause


def _require_unseen(task: Task, items: Sequence[Item], seen: frozenset[str], folder: Path) -> None:
    for item in items:
        if seen.intersection(fingerprints(labelled_of(task, [item]))):
            raise UserError(
                f"{folder}: the head learned from item {item.id} of {task.name}, or was chosen by it: a "
                "score on it would say nothing; train on the part tune alone"
            )


def _find_mentions(head: Head, task: Task, items: Sequence[Item]) -> list[Response]:
    texts = [reading_of(task, item)[0][0] for item in items]
    return [
        Response(tuple(Mention(one.start, one.end, one.label, text[one.start : one.end]) for one in spans))
        for text, spans in zip(texts, head.find_spans(texts), strict=True)
    ]


def _label_texts(head: Head, task: Task, items: Sequence[Item]) -> list[Response]:
    return _labelled(head.label_texts([reading_of(task, item)[0][0] for item in items]), task)


def _label_pairs(head: Head, task: Task, items: Sequence[Item]) -> list[Response]:
    return _labelled(head.label_pairs([reading_of(task, item)[0] for item in items]), task)


def _labelled(found: Sequence[Labels], task: Task) -> list[Response]:
    return [Response(one.best, scores={label: one.scores[label] for label in task.labels}) for one in found]


def _choose_options(head: Head, task: Task, items: Sequence[Item]) -> list[Response]:
    """Answer with the option that is likeliest right; its share among the options is its score."""
    readings = [reading_of(task, item) for item in items]
    found = iter(head.label_pairs([pair for reading in readings for pair in reading]))
    responses = []
    for reading in readings:
        odds = [next(found).scores[OPTION_LABELS[0]] for _ in reading]
        scores = dict(zip(LETTERS, (one / (sum(odds) or 1.0) for one in odds), strict=False))
        responses.append(Response(max(scores, key=scores.__getitem__), scores=scores))
    return responses


Responder = Callable[[Head, Task, Sequence[Item]], list[Response]]
_RESPONDERS: Mapping[str, Responder] = {
    "token": _find_mentions,
    "sequence": _label_texts,
    "pair": _label_pairs,
    "options": _choose_options,
}
