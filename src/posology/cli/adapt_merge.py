"""posology adapt: models are merged, exported, and tried for planted identifiers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.show import JsonFlag, print_json, print_table, say

if TYPE_CHECKING:
    from posology.adapt.canaries import Canary, CanaryReport
    from posology.adapt.export import Export, Exported

__all__ = ["register"]

_Out = Annotated[Path, typer.Option(help="The folder to write.", metavar="DIR")]
_Base = Annotated[
    str, typer.Option(help="The base: its name in the catalogue, a GGUF file or a transformers folder.")
]
_Form = Annotated[str, typer.Option("--to", help="gguf, transformers, openvino or adapter.")]
_Precision = Annotated[str, typer.Option(help="gguf: q8_0, bfloat16, float32; transformers: the last two.")]
_Examples = Annotated[
    Path | None,
    typer.Option(help="examples.jsonl to compare on; their answers are the task score.", metavar="FILE"),
]
_Most = Annotated[int, typer.Option(min=1, help="Compare on so many of them at most.")]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a folder that is there.")]
_Seed = Annotated[int, typer.Option(help="The same seed makes the same canaries and draws.")]
_Each = Annotated[int, typer.Option(min=1, help="Canaries of each kind and number of times.")]


def register(app: typer.Typer) -> None:
    """Add the commands on finished models to the commands of ``posology adapt``."""
    app.command()(merge)
    app.command()(export)
    canaries = typer.Typer(
        help="Planted identifiers, and whether a model gives them back.", no_args_is_help=True
    )
    canaries.command()(plant)
    canaries.command()(find)
    app.add_typer(canaries, name="canaries")


def merge(  # noqa: PLR0913 - one option each
    sources: Annotated[list[Path], typer.Argument(help="Adapters or tuned models.", metavar="MODEL...")],
    base: _Base,
    out: _Out,
    form: _Form = "adapter",
    weight: Annotated[
        list[float] | None, typer.Option(help="A model's weight, in their order; each one or none.")
    ] = None,
    method: Annotated[str, typer.Option(help="linear, ties, dare_linear or dare_ties.")] = "ties",
    density: Annotated[float, typer.Option(help="Share of each change that is kept.")] = 0.5,
    strength: Annotated[float, typer.Option(help="The merged change is multiplied by it.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of what DARE drops.")] = 0,
    rank: Annotated[int, typer.Option(min=1, help="Of an adapter that is written.")] = 16,
    precision: _Precision = "",
    examples: _Examples = None,
    most: _Most = 40,
    overwrite: _Overwrite = False,
    as_json: JsonFlag = False,
) -> None:
    """Merge what several models learned from one base into one model."""
    from dataclasses import replace

    from posology.adapt.merge import METHODS, MergeSettings
    from posology.errors import SettingsError

    named = next((one for one in METHODS if one == method), None)
    if named is None:
        raise SettingsError(f"--method: {method!r} is none; there are {', '.join(METHODS)}")
    order = _order(sources, base, form, precision, examples, most)
    settings = MergeSettings(named, density, strength, seed)
    weights = tuple(weight or (1.0,) * len(sources))
    _export(
        replace(order, weights=weights, merge=settings, rank=rank), out, overwrite=overwrite, as_json=as_json
    )


def export(  # noqa: PLR0913 - one option each
    source: Annotated[Path, typer.Argument(help="An adapter or a tuned model.", metavar="MODEL")],
    base: _Base,
    out: _Out,
    form: _Form = "gguf",
    precision: _Precision = "",
    examples: _Examples = None,
    most: _Most = 40,
    overwrite: _Overwrite = False,
    as_json: JsonFlag = False,
) -> None:
    """Write a tuned model as a file that an engine loads; refused where it differs from its source."""
    order = _order([source], base, form, precision, examples, most)
    _export(order, out, overwrite=overwrite, as_json=as_json)


def _order(
    sources: list[Path], base: str, form: str, precision: str, examples: Path | None, most: int
) -> "Export":
    from itertools import islice

    from posology.adapt.export import FORMS, Export
    from posology.chat import find_weights
    from posology.corpus.jsonl import read_examples
    from posology.errors import SettingsError

    named = next((one for one in FORMS if one == form), None)
    if named is None:
        raise SettingsError(f"--to: {form!r} is none; there are {', '.join(FORMS)}")
    path = Path(base) if Path(base).exists() else find_weights(base).path
    texts = tuple(islice(read_examples(examples), most)) if examples else ()
    return Export(path, tuple(sources), named, precision=precision, examples=texts)


def _export(order: "Export", out: Path, *, overwrite: bool, as_json: bool) -> None:
    from posology.adapt.export import export_model

    done = export_model(order, out, overwrite=overwrite)
    if as_json:
        print_json(done.record())
        return
    print_table(f"{out} against its source", ("what", "how much"), _rows(done))
    say(f"Model: {out} (card.md and report.json beside the weights)")


def _rows(done: "Exported") -> list[tuple[str, str]]:
    difference = done.difference
    rows = [
        ("form", f"{done.form}, {done.precision}, {done.size_bytes / 1e6:.0f} MB"),
        ("compared on", f"{difference.tokens} tokens"),
        ("mean KL", f"{difference.mean_kl:.2g} nats a token (tuning changed {done.effect.mean_kl:.2g})"),
        ("likeliest token the same", f"{difference.top1:.1%}"),
        ("largest difference of a logit", f"{difference.max_logit:.2g}"),
    ]
    if done.source_right is not None and done.export_right is not None:
        rows.append(("answers right", f"{done.export_right:.1%}, the source's {done.source_right:.1%}"))
    if done.kept is not None:
        rows.append(("kept by the adapter's rank", f"{done.kept:.1%}"))
    return rows


def plant(
    examples: Annotated[Path, typer.Argument(help="The examples of a training run.", metavar="FILE.jsonl")],
    out: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE.jsonl")],
    seed: _Seed = 0,
    each: _Each = 2,
) -> None:
    """Plant canaries among examples: made identifiers, 1, 4 and 16 times each."""
    from posology.adapt.canaries import make_canaries, plant_canaries
    from posology.corpus.jsonl import read_examples, write_jsonl

    canaries = make_canaries(seed, each)
    number = write_jsonl(out, plant_canaries(list(read_examples(examples)), canaries, seed))
    say(f"{len(canaries)} canaries in {number} examples: {out}")


def find(  # noqa: PLR0913 - one option each
    model: Annotated[
        Path, typer.Argument(help="A transformers folder, GGUF file or OpenVINO folder.", metavar="MODEL")
    ],
    adapter: Annotated[Path | None, typer.Option(help="An adapter of it.", metavar="DIR")] = None,
    engine: Annotated[str, typer.Option(help="transformers (exposure too) or openvino.")] = "transformers",
    seed: _Seed = 0,
    each: _Each = 2,
    candidates: Annotated[int, typer.Option(min=2, help="Secrets that a canary is ranked among.")] = 256,
    samples: Annotated[int, typer.Option(min=0, help="Continuations drawn of each canary.")] = 8,
    as_json: JsonFlag = False,
) -> None:
    """Try to get planted canaries out of a model; exit code 1 where one comes out."""
    from posology.adapt.canaries import find_canaries, make_canaries
    from posology.chat import open_generator
    from posology.config import Part, load_settings
    from posology.errors import SettingsError

    told = {"engine": engine, "path": str(model), "adapter": str(adapter or "")}
    generator = open_generator(Part.model_validate(told), load_settings(None, profile="rules"))
    if generator is None:
        raise SettingsError(f"--engine: {engine!r} generates no text")
    canaries = make_canaries(seed, each)
    report = find_canaries(generator, canaries, candidates=candidates, samples=samples, seed=seed)
    if as_json:
        print_json(report.record())
    else:
        print_table(
            "Canaries", ("planted", "canaries", "came out", "most exposure, bits"), _table(canaries, report)
        )
    if report.extracted:
        raise typer.Exit(1)


def _table(canaries: "tuple[Canary, ...]", report: "CanaryReport") -> list[tuple[str, str, str, str]]:
    rows = []
    for times in sorted({canary.times for canary in canaries}):
        found = [one for one in report.found if one.times == times]
        bits = [one.exposure for one in found if one.exposure is not None]
        most = f"{max(bits):.1f}" if bits else "unknown"
        rows.append((f"{times} times", str(len(found)), str(sum(one.extracted for one in found)), most))
    return rows
