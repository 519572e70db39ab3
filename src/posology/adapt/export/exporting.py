"""Exporting: a base with its changes becomes files that are compared with their source, or nothing."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from posology.adapt.export.comparing import TOLERANCES, Difference, Tally, Tolerance, find_excess
from posology.adapt.export.engines import logits_of, openvino_logits
from posology.adapt.export.papers import write_papers
from posology.adapt.export.probes import OWN, Probe, build_probes
from posology.adapt.export.writing import (
    GGUF_NAME,
    write_folded,
    write_openvino,
    write_transformers,
)
from posology.adapt.merge.methods import MergeSettings
from posology.adapt.merge.several import merged_change
from posology.chat.matrices.changes import Change, change_of
from posology.chat.matrices.tensors import Floats
from posology.chat.matrices.weights import Weights, open_weights
from posology.chat.matrices.writing import write_gguf
from posology.chat.torch_weights import read_source, transformers_folder
from posology.chat.weights import check_sha256
from posology.corpus import Example
from posology.errors import ModelError, SettingsError
from posology.files import require_free, staged_folder

__all__ = ["FORMS", "Export", "Exported", "Form", "export_model"]

Form = Literal["gguf", "transformers", "openvino", "adapter"]


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported: a base with what one model, or several merged, changed in it."""

    base: Path  # a GGUF file or a transformers folder
    sources: tuple[Path, ...]  # adapters or tuned models of this base
    form: Form
    weights: tuple[float, ...] = ()  # one a source; empty: 1 each
    merge: MergeSettings = field(default_factory=MergeSettings)  # of several sources
    precision: str = ""  # gguf: q8_0, bfloat16, float32; transformers: bfloat16, float32; "": the first
    rank: int = 16  # of form adapter
    examples: tuple[Example, ...] = ()  # texts to compare on, their answers the task score; empty: our own
    probes: tuple[Probe, ...] = ()  # texts in tokens instead
    tolerance: Tolerance | None = None  # None: that of the precision
    home: Path | None = None  # the folder that holds models, where it is not $POSOLOGY_HOME


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how far it is from its source."""

    form: Form
    precision: str
    difference: Difference  # source against export
    effect: Difference  # base against source: what adaptation changed
    answers: int  # examples with an answer
    source_right: float | None  # share of examples whose answer comes out word by word; None: no answers
    export_right: float | None
    kept: float | None  # form adapter: share of the change's squared size
    size_bytes: int
    seconds: Mapping[str, float] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "form": self.form,
            "precision": self.precision,
            "difference": self.difference.record(),
            "effect": self.effect.record(),
            "task_score": {"n": self.answers, "source": self.source_right, "export": self.export_right},
            "kept": self.kept,
            "size_bytes": self.size_bytes,
        }


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a form needs: the base it starts from, how it is written, how it is computed."""

    base: Weights
    change: Change
    precision: str


def export_model(order: Export, out: Path, *, overwrite: bool = False) -> Exported:
    """Write a model's folder at ``out``: weights, report.json, card.md, manifest.json.

    Raises ModelError where the export differs from its source beyond tolerance: ``out`` stays as it was.
    """
    require_free(out, overwrite=overwrite)
    if not order.sources:
        raise SettingsError("export: name at least one adapter or tuned model")
    start = time.perf_counter()
    plan = _plan(order)
    probes = order.probes or _probes(order, plan)
    with staged_folder(out, overwrite=overwrite) as folder:
        kept = _WRITERS[order.form](plan, folder, order)
        written = time.perf_counter()
        tallies = _compared(plan, probes, _logits(plan, folder, probes, order.form))
        seconds = {"write": written - start, "compare": time.perf_counter() - written}
        size = sum(path.stat().st_size for path in folder.iterdir())
        exported = _outcome(order, plan, tallies, (kept, size), seconds)
        _require_tolerable(exported, order.tolerance or TOLERANCES[plan.precision], out)
        write_papers(folder, order, exported)
    return exported


def _probes(order: Export, plan: _Plan) -> tuple[Probe, ...]:
    if order.examples:
        return tuple(build_probes(order.examples, plan.base.path))
    own = build_probes(OWN, plan.base.path)
    return tuple(Probe(probe.ids, len(probe.ids)) for probe in own)  # no task: no task score


def _plan(order: Export) -> _Plan:
    precisions = FORMS[order.form]
    precision = order.precision or precisions[0]
    if precision not in precisions:
        raise SettingsError(
            f"export: {order.form} is written as {' or '.join(precisions)}, not {precision!r}"
        )
    path = order.base
    if order.form == "transformers":
        path = transformers_folder(path, order.home)
    base = open_weights(path)
    digest = base_hash(order.base)
    changes = [change_of(source, base, digest) for source in order.sources]
    if len(changes) == 1 and not order.weights:
        return _Plan(base, changes[0], precision)
    weights = order.weights or (1.0,) * len(changes)
    return _Plan(base, merged_change(changes, weights, order.merge), precision)


def base_hash(path: Path) -> str:
    """Return the hash by which a base is known: its GGUF file's, also of a folder converted from one."""
    if path.is_file():
        return check_sha256(path, "")
    source = read_source(path)
    if source is not None:
        return source.sha256
    parts = sorted(path.glob("*.safetensors"))
    return check_sha256(parts[0], "") if len(parts) == 1 else ""


def _gguf(plan: _Plan, folder: Path, order: Export) -> float | None:  # noqa: ARG001  (the table's)
    write_gguf(plan.base, plan.change, folder / GGUF_NAME, _GGUF_TYPES[plan.precision])
    return None


def _transformers(plan: _Plan, folder: Path, order: Export) -> float | None:  # noqa: ARG001  (the table's)
    write_transformers(
        plan.base, plan.change, folder, "float32" if plan.precision == "float32" else "bfloat16"
    )
    return None


def _openvino(plan: _Plan, folder: Path, order: Export) -> float | None:  # noqa: ARG001  (the table's)
    write_openvino(plan.base, plan.change, folder)
    return None


def _adapter(plan: _Plan, folder: Path, order: Export) -> float | None:
    return write_folded(plan.base, plan.change, folder, order.rank)


_GGUF_TYPES = {"q8_0": "Q8_0", "bfloat16": "BF16", "float32": "F32"}
FORMS: dict[Form, tuple[str, ...]] = {
    "gguf": ("q8_0", "bfloat16", "float32"),
    "transformers": ("bfloat16", "float32"),
    "openvino": ("int8",),
    "adapter": ("adapter",),
}
"""The forms of an export, each with its precisions; the first is the default."""

_WRITERS: dict[Form, Callable[[_Plan, Path, Export], float | None]] = {
    "gguf": _gguf,
    "transformers": _transformers,
    "openvino": _openvino,
    "adapter": _adapter,
}


def _logits(plan: _Plan, folder: Path, probes: Sequence[Probe], form: Form) -> Iterator[Floats]:
    """Return the logits of what was written, read back from the files."""
    texts = [probe.ids for probe in probes]
    if form == "openvino":
        return openvino_logits(folder, texts)
    if form == "adapter":
        return logits_of(plan.base, texts, change_of(folder, plan.base))
    return logits_of(open_weights(folder / GGUF_NAME if form == "gguf" else folder), texts)


def _compared(plan: _Plan, probes: Sequence[Probe], exported: Iterator[Floats]) -> tuple[Tally, Tally]:
    """Return the tally of source against export and of source against base, a text at a time."""
    texts = [probe.ids for probe in probes]
    sources, bases = logits_of(plan.base, texts, plan.change), logits_of(plan.base, texts)
    difference, effect = Tally(), Tally()
    for probe, source, export, base in zip(probes, sources, exported, bases, strict=True):
        difference.add(source, export, probe)
        effect.add(source, base, probe)
    return difference, effect


def _outcome(
    order: Export,
    plan: _Plan,
    tallies: tuple[Tally, Tally],
    written: tuple[float | None, int],
    seconds: Mapping[str, float],
) -> Exported:
    difference, effect = tallies
    n = difference.answers
    return Exported(
        form=order.form,
        precision=plan.precision,
        difference=difference.difference(),
        effect=effect.difference(),
        answers=n,
        source_right=difference.right[0] / n if n else None,
        export_right=difference.right[1] / n if n else None,
        kept=written[0],
        size_bytes=written[1],
        seconds=seconds,
    )


def _require_tolerable(exported: Exported, tolerance: Tolerance, out: Path) -> None:
    excess = find_excess(exported.difference, exported.effect, tolerance)
    if exported.source_right is not None and exported.export_right is not None:
        drop = exported.source_right - exported.export_right
        if drop > max(tolerance.score_drop, 1 / exported.answers):
            excess.append(
                f"answers right {exported.export_right:.1%}, the source's {exported.source_right:.1%} "
                f"(at most {tolerance.score_drop:.1%} fewer)"
            )
    if excess:
        raise ModelError(
            f"{out}: not written: the export differs from its source beyond tolerance: {'; '.join(excess)}"
        )
