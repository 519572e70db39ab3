"""What stands beside exported weights: report.json, card.md, manifest.json."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from posology.adapt.licences import own_licences, path_licences
from posology.manifest import Input, build_manifest, hash_file, render_manifest

if TYPE_CHECKING:
    from posology.adapt.export.exporting import Export, Exported

__all__ = ["write_papers"]

_WEIGHTS = (".safetensors", ".gguf", ".bin", ".xml")


def write_papers(folder: Path, order: "Export", exported: "Exported") -> None:
    """Write the papers of an export into its folder."""
    (folder / "report.json").write_text(json.dumps(exported.record(), indent=1) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(_card(order, exported), encoding="utf-8")
    inputs = [entry for path in (order.base, *order.sources) for entry in _inputs(path, order.base)]
    settings = {
        "form": order.form,
        "precision": exported.precision,
        "weights": list(order.weights),
        "merge": asdict(order.merge) if len(order.sources) > 1 or order.weights else None,
        "rank": order.rank if order.form == "adapter" else None,
    }
    files = {path.name: hash_file("weights", path).sha256 for path in _weight_files(folder)}
    manifest = build_manifest(
        inputs,
        {"export": files, "sources": {"licence": "; ".join(_licences(order))}},
        settings,
        seed=order.merge.seed,
        timings_s=exported.seconds,
    )
    (folder / "manifest.json").write_bytes(render_manifest(manifest))


def _licences(order: "Export") -> list[str]:
    """Return the licences of the base and of all that was merged into it."""
    sources = (one for source in order.sources for one in own_licences(source))
    return list(dict.fromkeys((*path_licences(order.base, order.home), *sources)))


def _weight_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(one for one in path.iterdir() if one.name.endswith(_WEIGHTS))


def _inputs(path: Path, base: Path) -> list[Input]:
    return [hash_file("base" if path == base else "source", file) for file in _weight_files(path)]


def _card(order: "Export", exported: "Exported") -> str:
    """Return the card: what it is made of, how far it is from its source, and the sources' own cards."""
    difference, effect = exported.difference, exported.effect
    names = ", ".join(source.name for source in order.sources)
    made = f"{order.merge.method}, density {order.merge.density:g}, seed {order.merge.seed}"
    lines = [
        f"# {names} as {exported.form} ({exported.precision})",
        "",
        f"Base: {order.base.name}. Source: {names}{f' ({made})' if len(order.sources) > 1 else ''}.",
        "",
        f"Compared with its source on {difference.tokens} tokens:",
        "",
        "| | export against source | base against source |",
        "|---|---|---|",
        f"| mean KL, nats a token | {difference.mean_kl:.2g} | {effect.mean_kl:.2g} |",
        f"| KL of the worst 1 in 100 tokens | {difference.p99_kl:.2g} | {effect.p99_kl:.2g} |",
        f"| likeliest token the same | {difference.top1:.1%} | {effect.top1:.1%} |",
        f"| largest difference of a logit | {difference.max_logit:.2g} | {effect.max_logit:.2g} |",
        "",
    ]
    if exported.source_right is not None and exported.export_right is not None:
        lines += [
            f"Answers that come out word by word, of {exported.answers}: source {exported.source_right:.1%}, "
            f"export {exported.export_right:.1%}.",
            "",
        ]
    if exported.kept is not None:
        lines += [f"The adapter's rank keeps {exported.kept:.1%} of the squared size of the change.", ""]
    for source in order.sources:
        if (source / "card.md").is_file():
            lines += [
                f"---\n\nThe card of {source.name}:\n",
                (source / "card.md").read_text(encoding="utf-8"),
            ]
    return "\n".join(lines)
