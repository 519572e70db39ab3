"""The retrieval model: settings chosen on *select*, then scored on *report*, three seeds beside the untuned.

    python benchmarks/embedder.py choose     # writes reports/embedder/choice.json
    python benchmarks/embedder.py measure    # recipes/embed-static.toml; writes reports/embedder/results.json

Pairs are those of `posology adapt pairs`. Four kinds of questions are searched: MedQuAD's among all its
answers and the policies' wordings, the policies' among the same, made notes' within their chart, and the
same in thick charts: among 100 passages, the further ones from charts of other policies. To choose, one
policy that is learned from (northfield-cgm) is held back beside the one of *select*, which has but five
questions.
"""

import argparse
import json
import random
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import DATA, REPORTS, ROOT, machine, write_report
from posology.adapt.embedding.measure import GAINS, asked_once, find_ranks
from posology.adapt.embedding.pairs import Pair, read_pairs, write_pairs
from posology.adapt.job import Job
from posology.adapt.recipes import parse_recipe
from posology.adapt.recipes.embed import EmbedRecipe
from posology.adapt.running import run_recipe
from posology.chat import ModelIdentity
from posology.evidence import Embedder, open_embedder
from posology.evidence.search import DENSE
from posology.statistics import clustered_interval

HELD_BACK = "northfield-cgm"
THICK = 100  # passages
WEIGHTS = (0.25, 0.5, 1.0, 1.5)  # of the dense half; BM25 counts 1
SEEDS = (0, 1, 2)
GRID: Mapping[str, Mapping[str, Any]] = {
    "lr 0.03, 2 negatives, scale 20, 3 epochs": {"lr": 0.03, "negatives": 2},
    "lr 0.03, 6 negatives, scale 20, 3 epochs": {"lr": 0.03, "negatives": 6},
    "lr 0.01, 6 negatives, scale 20, 3 epochs": {"lr": 0.01, "negatives": 6},
    "lr 0.03, 6 negatives, scale 10, 3 epochs": {"lr": 0.03, "negatives": 6, "scale": 10.0},
    "lr 0.03, 6 negatives, scale 10, 6 epochs": {"lr": 0.03, "negatives": 6, "scale": 10.0, "epochs": 6.0},
    "lr 0.03, 6 negatives, scale 10, 12 epochs": {
        "lr": 0.03,
        "negatives": 6,
        "scale": 10.0,
        "epochs": 12.0,
    },
    "lr 0.03, 6 negatives, scale 20, anchor 1e-5": {"lr": 0.03, "negatives": 6, "anchor": 1e-5},
    "lr 0.03, 6 negatives, scale 20, 1,000 lessons": {"lr": 0.03, "negatives": 6, "lessons": 1000},
}
Gains = NDArray[np.float64]  # a question each


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of a part: all that are searched, and which of them are of a kind and asked once."""

    pairs: Sequence[Pair]
    kinds: Mapping[str, Sequence[int]]


class Remembering:
    """An embedder that embeds each text once: thick charts share most of their passages."""

    def __init__(self, embedder: Embedder) -> None:
        """Take the embedder."""
        self._embedder = embedder
        self._rows: dict[str, NDArray[np.float32]] = {}

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self._embedder.identity

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        self._rows.update(zip(new, self._embedder.embed(new), strict=True))
        return np.stack([self._rows[text] for text in texts])


def main() -> None:
    """Choose settings, or measure the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=("choose", "measure"))
    parser.add_argument("--work", type=Path, help="keep what is trained here, to go on with")
    asked = parser.parse_args()
    work = asked.work or Path(tempfile.mkdtemp(prefix="posology-embedder-"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        (choose if asked.step == "choose" else measure)(work)
    finally:
        if asked.work is None:
            shutil.rmtree(work)


def choose(work: Path) -> None:
    """Train each setting with two seeds, score it on select, write reports/embedder/choice.json.

    The settings are those with the best mean of the four kinds at the weight that the search has, the weight
    the best for both kinds of notes, which are what the evidence search reads.
    """
    folders = {n: held_back(made_pairs(work / f"pairs-{n}", n), work / f"choice-{n}") for n in (3000, 1000)}
    questions = asked_of(list(read_pairs(folders[3000] / "pairs-select.jsonl")))
    kept = work / "scores.json"  # what is scored already, where a choice goes on
    found: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    for name, setting in {"untuned": None, **GRID}.items():
        if name in found:
            continue
        tuned: list[Path | None] = [None]
        if setting is not None:
            folder = folders[setting.get("lessons", 3000)].name
            tuned = [train(changed(setting, seed, folder, report=False), work) for seed in SEEDS[:2]]
        found[name] = on_select(questions, [Remembering(open_embedder(one)) for one in tuned])
        found[name]["seconds"] = [round(seconds_of(one)) for one in tuned if one]
        kept.write_text(json.dumps(found))
        print(name, found[name], flush=True)
    best = max(GRID, key=lambda name: found[name][f"hybrid at {DENSE:g}"]["mean"])
    weight = max(WEIGHTS, key=lambda one: in_notes(found[best][f"hybrid at {one:g}"]))
    n = {kind: len(rows) for kind, rows in questions.kinds.items()}
    ordered = {name: found[name] for name in ("untuned", *GRID)}
    result = {"n": n, "settings": ordered, "chosen": best, "weight": weight, "machine": machine()}
    (REPORTS / "embedder").mkdir(parents=True, exist_ok=True)
    (REPORTS / "embedder" / "choice.json").write_text(json.dumps(result, indent=1) + "\n")
    print(best, weight)


def in_notes(row: Mapping[str, float]) -> float:
    """Return the mean over both kinds of notes: what the evidence search is for."""
    return row["made notes"] + row["made notes, thick charts"]


def on_select(questions: Asked, embedders: Sequence[Embedder]) -> dict[str, Any]:
    """Return the mean nDCG@10 of each kind, by words, by meaning and for both at each weight."""
    table: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for embedder in embedders:
        for weight in WEIGHTS:
            ranks = find_ranks(questions.pairs, embedder, dense=weight)
            legs = ("words", "meaning", "hybrid") if weight == WEIGHTS[0] else ("hybrid",)
            for leg in legs:
                gains = np.array([GAINS["ndcg@10"](rank) for rank in ranks[leg]])
                row = {kind: float(gains[list(at)].mean()) for kind, at in questions.kinds.items()}
                name = leg if leg != "hybrid" else f"hybrid at {weight:g}"
                table[name].append({**row, "mean": float(np.mean(list(row.values())))})
    return {
        leg: {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}
        for leg, rows in table.items()
    }


def measure(work: Path) -> None:
    """Train the recipe with three seeds, score them on report, write reports/embedder."""
    choice = json.loads((REPORTS / "embedder" / "choice.json").read_text())
    folder = made_pairs(work / "pairs", 3000)
    questions = asked_of(list(read_pairs(folder / "pairs-report.jsonl")))
    tuned = [train(changed({}, seed, "pairs", report=True), work) for seed in SEEDS]
    weights = sorted({DENSE, choice["weight"]})
    gains: dict[str, list[Mapping[str, Gains]]] = {"BM25": [], "untuned": [], "tuned": []} | {
        f"hybrid, {name}{'' if weight == DENSE else f', weight {weight:g}'}": []
        for name in ("untuned", "tuned")
        for weight in weights
    }
    start = time.perf_counter()
    for name, embedders in (("untuned", [None]), ("tuned", tuned)):
        for embedder in embedders:
            opened = Remembering(open_embedder(embedder))
            for weight in weights:
                ranks = find_ranks(questions.pairs, opened, dense=weight)
                told = f"hybrid, {name}{'' if weight == DENSE else f', weight {weight:g}'}"
                gains[told].append(gains_of(ranks["hybrid"]))
                if weight == weights[0]:
                    gains[name].append(gains_of(ranks["meaning"]))
                    gains["BM25"] = [gains_of(ranks["words"])]
    reports = [json.loads((one / "report.json").read_text()) for one in tuned]
    results = {
        "pairs": reports[0]["pairs"],
        "sources": reports[0]["sources"],
        "steps": [one["steps"] for one in reports],
        "train_s": [round(one["seconds"]) for one in reports],
        "search_s": round(time.perf_counter() - start),
        "weight": choice["weight"],
        "kinds": {kind: of_kind(questions, kind, gains) for kind in questions.kinds},
    }
    settings = {"recipe": "recipes/embed-static.toml", "seeds": list(SEEDS), "bootstrap_draws": 1000}
    print(write_report("embedder", results, command="benchmarks/embedder.py measure", settings=settings))


def gains_of(ranks: Sequence[int | None]) -> dict[str, Gains]:
    """Return what each question gains, by measure."""
    return {name: np.array([float(gain(rank)) for rank in ranks]) for name, gain in GAINS.items()}


def of_kind(questions: Asked, kind: str, gains: Mapping[str, Sequence[Mapping[str, Gains]]]) -> Any:
    """Return all scores and paired differences of one kind; of several seeds the mean of each question."""
    at = list(questions.kinds[kind])
    some = [questions.pairs[place] for place in at]
    mean = {
        name: {key: np.mean([run[key][at] for run in runs], axis=0) for key in GAINS}
        for name, runs in gains.items()
    }
    ours = [name for name in mean if "tuned" in name.split(", ")]
    against = {name: ["BM25", name.replace("tuned", "untuned")] for name in ours}
    against["hybrid, tuned"] = [*against["hybrid, tuned"], "tuned"]
    for name in ours:
        if ", weight " in name:  # each table at its own weight
            against[name].append("hybrid, untuned")
    return {
        "n": len(at),
        "groups": len({pair.provenance.group for pair in some}),
        "questions": len({pair.query for pair in some}),
        "scores": {
            name: {key: estimate(some, values) for key, values in row.items()} for name, row in mean.items()
        },
        "seeds": {
            name: {"ndcg@10": [round(float(run["ndcg@10"][at].mean()), 4) for run in gains[name]]}
            for name in ours
        },
        "differences": {
            f"{name} less {other}": {
                key: estimate(some, mean[name][key] - mean[other][key])
                | {"by_question": estimate(some, mean[name][key] - mean[other][key], by_question=True)}
                for key in GAINS
            }
            for name, others in against.items()
            for other in others
        },
    }


def estimate(pairs: Sequence[Pair], values: Gains, *, by_question: bool = False) -> dict[str, Any]:
    """Return a mean with its interval; whole documents or charts are drawn, or else whole questions."""
    groups: dict[str, list[float]] = defaultdict(list)
    for pair, value in zip(pairs, values, strict=True):
        groups[pair.query if by_question else pair.provenance.group].append(float(value))
    found = clustered_interval(list(groups.values()), seed=0, rounds=1000)
    interval = (
        None if found.low is None or found.high is None else [round(found.low, 4), round(found.high, 4)]
    )
    return {"value": round(float(values.mean()), 4), "ci95": interval}


def asked_of(pairs: Sequence[Pair]) -> Asked:
    """Return the questions of a part, without made passages, and those in thick charts beside."""
    plain = [pair for pair in pairs if pair.provenance.source != "posology lessons"]
    whole = [
        pair if pair.provenance.source == "posology notes" else replace(pair, negatives=()) for pair in plain
    ]
    notes = [pair for pair in whole if pair.provenance.source == "posology notes"]
    rows = [*whole, *thickened(notes)]
    once = asked_once(rows)
    names = {"posology notes": "made notes"}
    kinds: dict[str, list[int]] = defaultdict(list)
    for place in once:
        source = rows[place].provenance.source
        kinds[names.get(source, source)].append(place)
    return Asked(rows, dict(kinds))


def thickened(notes: Sequence[Pair]) -> Iterator[Pair]:
    """Yield the questions of notes among passages from charts of other policies too."""
    by_policy: dict[str, set[str]] = defaultdict(set)
    for pair in notes:
        by_policy[policy_of(pair)].update((pair.passage, *pair.negatives))
    for pair in notes:
        others = sorted(
            set().union(*(texts for name, texts in by_policy.items() if name != policy_of(pair)))
            - by_policy[policy_of(pair)]
        )
        more = random.Random(pair.id).sample(others, max(0, THICK - 1 - len(pair.negatives)))
        provenance = replace(pair.provenance, source="made notes, thick charts")
        yield replace(pair, id=f"thick/{pair.id}", provenance=provenance, negatives=(*pair.negatives, *more))


def policy_of(pair: Pair) -> str:
    """Return the policy of a made chart's pair."""
    return pair.provenance.group.split("/")[0]


def made_pairs(folder: Path, lessons: int) -> Path:
    """Make the pairs as the command does, unless they are there."""
    from posology.cli.adapt_data import pairs

    if not folder.is_dir():
        pairs(folder, medquad=DATA / "medquad", lesson=lessons, charts=40, deal=1, seed=0)
    return folder


def held_back(pairs: Path, folder: Path) -> Path:
    """Write the pairs with one policy moved from tune to select, to choose on."""
    folder.mkdir(exist_ok=True)
    tune, select = (list(read_pairs(pairs / f"pairs-{part}.jsonl")) for part in ("tune", "select"))
    moved = [pair for pair in tune if policy_of(pair) == HELD_BACK]
    write_pairs(folder / "pairs-tune.jsonl", [pair for pair in tune if policy_of(pair) != HELD_BACK])
    write_pairs(folder / "pairs-select.jsonl", [*select, *moved])
    return folder


def read_recipe() -> EmbedRecipe:
    """Return the committed recipe."""
    file = ROOT / "recipes" / "embed-static.toml"
    recipe = parse_recipe(file.read_text(), str(file))
    if not isinstance(recipe, EmbedRecipe):
        raise TypeError(f"{file}: not a recipe of kind embed")
    return recipe


def changed(setting: Mapping[str, Any], seed: int, folder: str, *, report: bool) -> EmbedRecipe:
    """Return the committed recipe with other settings, a seed and a folder of pairs, on one thread."""
    recipe = read_recipe()

    def within(table: Any, **fixed: Any) -> Any:
        known = {key: value for key, value in setting.items() if key in type(table).model_fields}
        return table.model_copy(update={**known, **fixed})

    told = "".join(f"-{key}{value}" for key, value in setting.items())
    update = {
        "name": f"{recipe.name}{told}-{'report' if report else 'choice'}-{seed}",
        "seed": seed,
        "pairs": within(recipe.pairs, tune=(folder,), select=(folder,), report=(folder,) if report else ()),
        "form": within(recipe.form),
        "optimizer": within(recipe.optimizer),
        "base": within(recipe.base, threads=1),
    }
    return recipe.model_copy(update=update)


def train(recipe: EmbedRecipe, work: Path) -> Path:
    """Train a recipe, unless its folder is there."""
    out = work / recipe.name
    return out if out.is_dir() else run_recipe(recipe, Job(out=out, folder=work))


def seconds_of(folder: Path) -> float:
    """Return how long a training took."""
    return float(json.loads((folder / "report.json").read_text())["seconds"])


if __name__ == "__main__":
    main()
