"""What an embedder's run reports: scores on held-out questions beside BM25 and the untuned, and the card."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from posology.adapt.card import energy_words
from posology.adapt.checkpoint import Progress
from posology.adapt.embedding.gathering import PairMaterial
from posology.adapt.embedding.measure import asked_once, compare_ranks, find_ranks, score_ranks
from posology.adapt.embedding.pairs import Pair
from posology.adapt.recipes.embed import EmbedRecipe
from posology.evidence import Embedder

__all__ = ["embedding_card", "embedding_report"]


def embedding_report(
    material: PairMaterial,
    progress: Progress,
    before: dict[str, Any],
    embedder: Embedder,
    energy_wh: float | None,
) -> dict[str, Any]:
    """Return report.json: what was learned from, and the scores by source of the held-out questions."""
    report: dict[str, Any] = {
        "posology": "embedding/1",
        "pairs": {"tune": len(material.tune), "select": len(material.select), "report": len(material.report)},
        "sources": dict(sorted(Counter(one.provenance.source for one in material.tune).items())),
        "licences": dict(sorted(Counter(one.provenance.licence for one in material.tune).items())),
        "tests": material.tests,
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "ended": progress.ended,
        "best_step": progress.best_step,
        "select_loss": progress.best_loss,
        "energy_wh": energy_wh,
    }
    if material.report:
        after = find_ranks(material.report, embedder)
        report["by_source"] = {
            source: _scores(material.report, before, after, source)
            for source in sorted({one.provenance.source for one in material.report})
        }
    return report


def _scores(pairs: Sequence[Pair], before: Any, after: Any, source: str) -> dict[str, Any]:
    """Score one source's questions: they are searched among passages of all sources."""
    chosen = [place for place in asked_once(pairs) if pairs[place].provenance.source == source]
    some = [pairs[place] for place in chosen]
    was, now = ({leg: [rows[p] for p in chosen] for leg, rows in ranks.items()} for ranks in (before, after))
    return {
        "untuned": score_ranks(some, was),
        "tuned": score_ranks(some, now),
        "difference": compare_ranks(some, now, was),
        "hybrid_less_words": compare_ranks(some, {"hybrid": now["hybrid"]}, {"hybrid": now["words"]})[
            "hybrid"
        ],
    }


def embedding_card(recipe: EmbedRecipe, report: dict[str, Any], base: dict[str, str]) -> str:
    """Return the card of an embedder as Markdown."""
    lines = [f"# {recipe.name}", "", recipe.about or "A retrieval model.", ""]
    lines += [f"Made from {base['name']} (licence: {base['licence']}; SHA-256 {base['sha256'][:16]}).", ""]
    lines += [f"Learned from {report['pairs']['tune']} pairs: "]
    lines += [f"- {name}: {n}" for name, n in {**report["sources"], **report["licences"]}.items()]
    lines += [f"- {report['steps']} steps, {report['seconds']:.0f} s"]
    lines += [f"- energy: {energy_words(report['energy_wh'])}"]
    lines += ["", "## Held-out questions", ""]
    for source, scores in report.get("by_source", {}).items():
        lines += [f"### {source}", "", *_score_table(scores), ""]
    if not report.get("by_source"):
        lines += ["None were given: how good it is is not known.", ""]
    lines += [
        "## Limits",
        "",
        "Scores hold for questions and passages like these; a search that finds nothing ",
    ]
    lines += ["proves nothing. Use it beside BM25, as the evidence search does.", ""]
    return "\n".join(lines)


def _score_table(scores: dict[str, Any]) -> list[str]:
    rows = [
        ("BM25", scores["untuned"]["words"]),
        ("untuned", scores["untuned"]["meaning"]),
        ("tuned", scores["tuned"]["meaning"]),
        ("hybrid, untuned", scores["untuned"]["hybrid"]),
        ("hybrid, tuned", scores["tuned"]["hybrid"]),
    ]
    names = ("recall@1", "recall@5", "recall@10", "ndcg@10")
    head = ["| search | " + " | ".join(names) + " | n |", "|---|" + "---:|" * (len(names) + 1)]
    return head + [
        f"| {name} | " + " | ".join(_cell(found[key]) for key in names) + f" | {found['ndcg@10']['n']} |"
        for name, found in rows
    ]


def _cell(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return "unknown"
    interval = "" if found["low"] is None else f" ({found['low']:.2f} to {found['high']:.2f})"
    return f"{found['value']:.3f}{interval}"
