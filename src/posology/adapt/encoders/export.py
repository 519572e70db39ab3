"""From a head in 32 bits to one in int8, which runs without torch; refused where it answers otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posology.adapt.encoders.labelled import Labelled
from posology.adapt.encoders.measuring import measure
from posology.adapt.encoders.prepared import Task, prepare
from posology.adapt.encoders.saving import SEEN_FILE, head_logits, largest_difference, write_head
from posology.adapt.recipes.encode import HeadTable
from posology.errors import ModelError, UserError
from posology.evidence.heads import Head, HeadCard, open_head, read_head_card
from posology.evidence.heads.precision import quantized
from posology.evidence.heads.weights import own_weights
from posology.files import staged_folder
from posology.manifest import build_manifest, hash_file, render_manifest

__all__ = ["Compared", "Limits", "copy_papers", "export_head"]

_KEPT = ("recipe.toml", "report.json", "card.md", "log.jsonl", SEEN_FILE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an export may be from its source."""

    logits: float = 1.0  # largest difference of a logit
    answers: float = 0.98  # least share of texts (tags, for spans) that are answered alike
    score: float = 0.01  # largest loss of the first score on the examples


@dataclass(frozen=True, slots=True)
class Compared:
    """An export beside its source, on the same examples, both without torch."""

    examples: int
    logit_difference: float
    mean_difference: float
    answers_alike: float
    scores: Mapping[str, float | None]
    scores_of_source: Mapping[str, float | None]
    bytes: int
    bytes_of_source: int


def export_head(
    source: Path,
    out: Path,
    examples: Sequence[Labelled],
    *,
    limits: Limits | None = None,
    home: Path | None = None,
    overwrite: bool = False,
) -> Compared:
    """Write a head's int8 form, compared on examples of *select*; return the comparison.

    A head that is kept as changes of a rank to its base stays that: it becomes int8 when it is opened.

    Raises ModelError where logits, answers or score differ by more than ``limits``: nothing is written.
    """
    card = read_head_card(source)
    if card.network == "decoder":
        raise UserError(f"{source}: stands on {card.base} in int8 as it is: there is nothing to export")
    if card.precision != "fp32":
        raise UserError(f"{source}: is in {card.precision} already; export the head that was trained")
    if not examples:
        raise UserError(f"{source}: an export is compared with its source on examples; there are none")
    own = own_weights(source, card)
    weights = own if card.rank else quantized(own)
    update = {"precision": "int8"}
    with staged_folder(out, overwrite=overwrite) as folder:
        made = write_head(folder, weights, card.model_copy(update=update), source)
        compared = _compared(open_head(source, home=home), open_head(folder, home=home), examples)
        _require(compared, limits or Limits(), card)
        difference = {"logit_difference": compared.logit_difference}
        write_head(folder, weights, made.model_copy(update=difference), source)
        copy_papers(source, folder)
        _write_manifest(source, folder, compared)
    return compared


def _compared(source: Head, made: Head, examples: Sequence[Labelled]) -> Compared:
    texts = [(one.first, one.second) for one in examples]
    theirs, ours = head_logits(source, texts), head_logits(made, texts)
    pairs = [(a, b) for a, b in zip(theirs, ours, strict=True) if a.size]
    alike = np.concatenate([np.atleast_1d(a.argmax(-1) == b.argmax(-1)) for a, b in pairs])
    return Compared(
        examples=len(examples),
        logit_difference=largest_difference(theirs, ours),
        mean_difference=float(np.concatenate([np.abs(a - b).ravel() for a, b in pairs]).mean()),
        answers_alike=float(alike.mean()),
        scores=_scores(made, ours, examples),
        scores_of_source=_scores(source, theirs, examples),
        bytes=made.bytes,
        bytes_of_source=source.bytes,
    )


def _scores(
    head: Head, logits: Sequence[NDArray[np.float64]], examples: Sequence[Labelled]
) -> dict[str, float | None]:
    card = head.card
    units, _ = prepare(examples, Task(card.kind, tuple(card.labels)), head.cutter)
    table = HeadTable(kind=card.kind, positive=card.positive, whole_words=card.whole_words)
    scaled = [rows / card.temperature for rows in logits]
    return measure(units, scaled, card.labels, table, card.threshold)


def _require(compared: Compared, limits: Limits, card: HeadCard) -> None:
    faults = []
    if compared.logit_difference > limits.logits:
        faults.append(f"a logit differs by {compared.logit_difference:.3f} (at most {limits.logits:g})")
    if compared.answers_alike < limits.answers:
        faults.append(
            f"{compared.answers_alike:.1%} of the answers are alike (at least {limits.answers:.0%})"
        )
    name = next(iter(compared.scores))
    before, after = compared.scores_of_source[name], compared.scores[name]
    if before is not None and (after is None or before - after > limits.score):
        faults.append(f"{name} falls from {before:.4f} to {after or 0.0:.4f} (at most by {limits.score:g})")
    if faults:
        raise ModelError(f"{card.name} in int8 is not the head it was made from: {'; '.join(faults)}")


def copy_papers(source: Path, folder: Path) -> None:
    """Copy what was written about a head beside its export."""
    for name in _KEPT:
        if (source / name).is_file():
            (folder / name).write_bytes((source / name).read_bytes())


def _write_manifest(source: Path, folder: Path, compared: Compared) -> None:
    manifest = build_manifest(
        [hash_file("source", source / "head.safetensors")],
        {},
        {"export": "int8", "compared": asdict(compared)},
        seed=0,
        timings_s={},
    )
    (folder / "manifest.json").write_bytes(render_manifest(manifest))
