"""How well a trained checker tells what a source supports: python benchmarks/checker.py --head FOLDER.

Beside it, on the same items: the untrained base (the nearest source sentence by mean vector), the share of
the sentence's words that stand in the sources, and the fitted alignment. The trained head has its own
threshold. Those of the others are chosen where it helps them most: for a public task on its parts tune and
select, for made sets on the claims' part select. Measured: report parts of public tasks; claims of matters
and policies held back from training; faults by benchmarks/corruptions, which shares no list, template or
wording with the training. Of heads of other seeds (``--seeds``) the balanced accuracy is told, no more.
Writes reports/checker/.
"""

import argparse
import hashlib
import json
import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aligning.checker import AlignmentChecker, open_alignment_checker
from aligning.features import FEATURES
from common import DATA, REPORTS, ROOT, write_report
from corruptions.faults import FAULTS
from corruptions.pairs import Pair, half_of, made_pairs
from corruptions.paraphrases import reword
from posology.adapt.claims.claim import SUPPORTED, Claim
from posology.adapt.claims.matching import area_above, match_claims
from posology.adapt.encoders.labelled import LABELLED_FILE, Labelled, read_labelled
from posology.adapt.encoders.scores import best_threshold
from posology.corpus import Provenance
from posology.evaluate.encoder_examples import AFFIRMED, labelled_of
from posology.evaluate.splits import load_items
from posology.evaluate.task import Part
from posology.evaluate.tasks import find_task
from posology.evidence.heads import open_head_checker
from posology.evidence.support import SupportChecker
from posology.evidence.tokens import lexical_overlap

ROUNDS = 2000
PUBLIC = ("healthver", "expertqa", "medhallu")
MOST_CHOSEN = 400  # items of a public task that choose thresholds
HEAD = "trained head"
OTHERWISE = {"trained head, threshold of the set": HEAD, "alignment as fitted": "alignment"}
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A sentence with its source, the truth, and what is drawn together in the bootstrap."""

    sentence: str
    source: str
    supported: bool
    group: str
    kind: str = ""
    name: str = ""


class Scorer(Protocol):
    """Scores many pairs at once."""

    def __call__(self, asked: Sequence[Asked]) -> Scores:
        """Return a score a pair; higher is better supported."""


def main() -> None:
    """Score every set with every system and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--head", type=Path, required=True, help="the trained head, as it would ship")
    parser.add_argument("--seeds", type=Path, nargs="*", default=[], help="heads of the recipe's other seeds")
    parser.add_argument("--claims", type=Path, default=ROOT / "out/claims", help="the folder of the claims")
    parser.add_argument("--made", type=int, default=3000, help="made sentences for the faults")
    parser.add_argument("--limit", type=int, default=0, help="items a set at most, to try it; 0: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--speed",
        action="store_true",
        help="only time it, alone on the machine, into the report of this head",
    )
    options = parser.parse_args()
    head = open_head_checker(options.head, threads=options.threads)
    if options.speed:
        time_again(head, options.claims)
        return
    others = [open_head_checker(folder, threads=options.threads) for folder in options.seeds]
    alignment = open_alignment_checker(threads=options.threads)
    scorers = systems(head, Aligned(alignment))
    fixed = {HEAD: head.threshold, "alignment as fitted": alignment.threshold}
    chosen = {name: public(name, (Part.TUNE, Part.SELECT))[:MOST_CHOSEN] for name in PUBLIC}
    chosen["made"] = made_claims(options.claims / "select")
    thresholds = {
        name: {**thresholds_of(scorers, asked[: options.limit or None]), **fixed}
        for name, asked in chosen.items()
    }
    results: dict[str, Any] = {"thresholds": thresholds}
    for name, asked in sets_of(options.claims, options.made).items():
        some = asked[: options.limit or None]
        task = name.partition(",")[0]
        results[name] = measured(some, scorers, thresholds[task if task in PUBLIC else "made"])
        if "systems" in results[name]:
            results[name]["other_seeds"] = [balanced(some, other) for other in others]
        print(name, {key: value for key, value in results[name].items() if key != "by_kind"}, flush=True)
    results["speed"] = speed(head, results_of(options.claims, options.limit))
    print(results["speed"])
    settings = {
        "head": head.identity.version,
        "other_seeds": [other.identity.version for other in others],
        "made": options.made,
        "rounds": ROUNDS,
        "threads": options.threads,
        "limit": options.limit,
    }
    if not options.limit:
        print(write_report("checker", results, command="python benchmarks/checker.py", settings=settings))


def time_again(head: SupportChecker, claims: Path) -> None:
    """Put the speed into the report that is there; refuse the report of another head."""
    folder = REPORTS / "checker"
    results, about = (json.loads((folder / f"{name}.json").read_text()) for name in ("results", "manifest"))
    if about["settings"]["head"] != head.identity.version:
        raise SystemExit("reports/checker is of another head")
    results["speed"] = speed(head, results_of(claims, 0))
    settings = about["settings"] | {"speed": "timed afterwards, alone on the machine"}
    print(results["speed"])
    write_report("checker", results, command="python benchmarks/checker.py", settings=settings)


class Aligned:
    """The alignment, which keeps the features of the set it was asked last: two systems read them."""

    def __init__(self, checker: AlignmentChecker) -> None:
        """Take the alignment."""
        self._checker = checker
        self._asked: Sequence[Asked] = ()
        self._rows: Scores = checker.features([])

    def cosines(self, asked: Sequence[Asked]) -> Scores:
        """Return the cosine of each sentence with the nearest sentence of its source."""
        return self._features(asked)[:, FEATURES.index("cosine")]

    def scores(self, asked: Sequence[Asked]) -> Scores:
        """Return the scores by all features, as fitted."""
        return np.array(self._checker.probabilities(pairs_of(asked), self._features(asked)))

    def _features(self, asked: Sequence[Asked]) -> Scores:
        if asked is not self._asked:
            self._asked, self._rows = asked, self._checker.features(pairs_of(asked))
        return self._rows


def systems(head: SupportChecker, alignment: Aligned) -> dict[str, Scorer]:
    """Return the systems by name, the trained head first."""
    return {
        HEAD: lambda asked: scored(head, asked),
        "untrained base": alignment.cosines,
        "word overlap": lambda asked: np.array(
            [lexical_overlap(one.sentence, [one.source]) for one in asked]
        ),
        "alignment": alignment.scores,
    }


def pairs_of(asked: Sequence[Asked]) -> list[tuple[str, list[str]]]:
    """Return sentences with their sources, as a checker is asked."""
    return [(one.sentence, [one.source]) for one in asked]


def scored(checker: SupportChecker, asked: Sequence[Asked]) -> Scores:
    """Return a checker's scores."""
    return np.array(checker.score_many(pairs_of(asked)))


def balanced(asked: Sequence[Asked], head: SupportChecker) -> float:
    """Return a head's balanced accuracy at its own threshold."""
    truth = np.array([one.supported for one in asked])
    said = scored(head, asked) >= head.threshold
    return round(float(said[truth].mean() + (~said[~truth]).mean()) / 2, 4)


def thresholds_of(scorers: Mapping[str, Scorer], chosen: Sequence[Asked]) -> dict[str, float]:
    """Choose each system's threshold with the best balanced accuracy."""
    truth = np.array([one.supported for one in chosen])
    found = {name: best_threshold(truth, score(chosen)) or 0.5 for name, score in scorers.items()}
    return found | {"trained head, threshold of the set": found[HEAD]}


def sets_of(claims: Path, made: int) -> dict[str, list[Asked]]:
    """Return the sets by name; a public set also without groups that the alignment was fitted on."""
    sets: dict[str, list[Asked]] = {}
    for name in PUBLIC:
        asked = public(name, (Part.REPORT,))
        sets[name] = asked
        if name != "healthver":
            sets[f"{name}, new to all"] = [one for one in asked if not one.kind]
    sets["medhallu, matched in length"] = matched(sets["medhallu"])
    held = made_claims(claims / "report")
    for source in sorted({one.kind for one in held}):
        sets[f"held-out {source}"] = [one for one in held if one.kind == source]
    sets["held-out faults"] = list(faults(made))
    sets["held-out faults, matched"] = matched(sets["held-out faults"])
    sets["held-out faults in letters"] = list(faulty_letters(held))
    return sets


def public(name: str, parts: Sequence[Part]) -> list[Asked]:
    """Return parts of a task; ``kind`` marks groups that the alignment was fitted on."""
    task = find_task(name)
    items = [item for part in parts for item in load_items(task, DATA, part)]
    texts = {one.id: one for one in labelled_of(task, items)}
    found = []
    for item in items:
        one = texts[item.id]
        question = re.search(r"\nQuestion: (.*)\n(?:Answer|Sentence): ", item.text)
        fitted = name != "healthver" and question is not None and fitted_on(question[1])
        kind = "fitted" if fitted else ""
        found.append(Asked(one.first, one.second, one.label in AFFIRMED, item.group, kind, item.id))
    return found


def fitted_on(question: str) -> bool:
    """Tell whether the alignment was fitted on a question: the rule of support_pairs.py."""
    return hashlib.sha256(question.encode()).digest()[0] % 2 == 0


def made_claims(folder: Path) -> list[Asked]:
    """Return the claims of a part; ``kind`` is their source, ``name`` ends in the fault."""
    return [made_claim(one) for one in read_labelled(folder / LABELLED_FILE)]


def made_claim(one: Labelled) -> Asked:
    """Return a claim; charts of one policy are drawn by the chart, other claims by their matter."""
    source = one.provenance.source
    group = "/".join(one.id.split("/")[:2]) if source == "posology letters" else one.provenance.group
    return Asked(one.first, one.second, one.label == SUPPORTED, group, source, one.id)


def faults(count: int) -> Iterator[Asked]:
    """Yield made true sentences in other words, and the same with one fault: half B of corruptions."""
    rng = random.Random(5)
    for number, pair in enumerate(made_pairs(5, count)):
        if half_of(pair.origin) != "B":
            continue
        source = "\n".join(as_source(*parts) for parts in pair.sources)
        said = reword(pair.sentence, rng)
        yield Asked(said, source, True, pair.origin, "true", f"{number}/true")
        kind = rng.choice(sorted(FAULTS))
        order = [kind, *sorted(set(FAULTS) - {kind})]
        fault = next(((k, text) for k in order if (text := FAULTS[k](pair, rng)) is not None), None)
        if fault is not None:
            yield Asked(reword(fault[1], rng), source, False, pair.origin, fault[0], f"{number}/{fault[0]}")


def as_source(quote: str, context: str, day: str, label: str) -> str:
    """Write a source as the validator reads it."""
    return (f"{label}: " if label else "") + (context or quote) + (f" ({day})" if day else "")


def faulty_letters(held: Sequence[Asked]) -> Iterator[Asked]:
    """Yield true sentences of letters under held-back policies, and each with a fault of corruptions."""
    rng = random.Random(6)
    for one in held:
        if one.kind != "posology letters" or not one.supported:
            continue
        yield Asked(one.sentence, one.source, True, one.group, "true", one.name)
        pair = Pair(one.sentence, ((one.source, "", "", ""),), one.group)
        for kind in rng.sample(sorted(FAULTS), len(FAULTS)):
            text = FAULTS[kind](pair, rng)
            if text is not None:
                yield Asked(text, one.source, False, one.group, kind, f"{one.name}/{kind}")
                break


def matched(asked: Sequence[Asked]) -> list[Asked]:
    """Return as many supported as not of like length and overlap."""
    place = Provenance("", "made here")
    claims = [
        Claim(str(number), one.sentence, one.source, one.supported, "", place)
        for number, one in enumerate(asked)
    ]
    return [asked[int(one.id)] for one in match_claims(claims).claims]


def measured(
    asked: Sequence[Asked], scorers: Mapping[str, Scorer], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Return each system's scores, its difference to the head on the same items, and faults by kind."""
    truth = np.array([one.supported for one in asked])
    if not len(asked) or truth.all() or not truth.any():
        return {"n": len(asked), "not measured": "one label only"}
    scores = {name: score(asked) for name, score in scorers.items()}
    scores |= {name: scores[same] for name, same in OTHERWISE.items()}
    said = {name: one >= thresholds[name] for name, one in scores.items()}
    groups = [one.group for one in asked]
    rounds = {name: drawn(truth, one, groups) for name, one in said.items()}
    rows = {name: row(truth, scores[name], one, rounds[name]) for name, one in said.items()}
    for name, one in rows.items():
        if name != HEAD:
            gap = rounds[HEAD] - rounds[name]
            one["head_minus_this"] = round(rows[HEAD]["balanced_accuracy"] - one["balanced_accuracy"], 4)
            one["head_minus_this_ci95"] = interval(gap)
    return {
        "n": len(asked),
        "supported": int(truth.sum()),
        "groups": len(set(groups)),
        "systems": rows,
        "by_kind": by_kind(asked, said),
    }


def row(truth: NDArray[np.bool_], scores: Scores, said: NDArray[np.bool_], rounds: Scores) -> dict[str, Any]:
    """Return balanced accuracy with its clustered interval, both recalls, and the area under the curve."""
    area = area_above(list(truth), list(scores))
    return {
        "balanced_accuracy": round(float(said[truth].mean() + (~said[~truth]).mean()) / 2, 4),
        "ci95": interval(rounds),
        "supported_passed": round(float(said[truth].mean()), 4),
        "unsupported_caught": round(float((~said[~truth]).mean()), 4),
        "auc": None if area is None else round(area, 4),
    }


def drawn(truth: NDArray[np.bool_], said: NDArray[np.bool_], groups: Sequence[str]) -> Scores:
    """Return balanced accuracy in each round of drawing whole groups; the same groups for every system."""
    names, places = np.unique(np.array(groups), return_inverse=True)
    counts = np.zeros((len(names), 4))
    for column, cell in enumerate((truth & said, truth, ~truth & ~said, ~truth)):
        np.add.at(counts[:, column], places, cell)
    rng = np.random.default_rng(1)
    totals = np.stack([counts[rng.integers(0, len(names), len(names))].sum(axis=0) for _ in range(ROUNDS)])
    usable = totals[(totals[:, 1] > 0) & (totals[:, 3] > 0)]
    result: Scores = (usable[:, 0] / usable[:, 1] + usable[:, 2] / usable[:, 3]) / 2
    return result


def interval(rounds: Scores) -> tuple[float, float]:
    """Return the middle 95 % of rounds."""
    low, high = np.quantile(rounds, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def by_kind(asked: Sequence[Asked], said: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """Return the share of each kind's pairs that the head and the alignment call rightly."""
    kinds = [one.name.rpartition("/")[2] if one.kind.startswith("posology") else one.kind for one in asked]
    found: dict[str, Any] = {}
    for kind in sorted(set(kinds) - {"", "fitted"}):
        at = np.array([n for n, one in enumerate(kinds) if one == kind])
        truth = np.array([asked[n].supported for n in at])
        found[kind] = {"n": len(at)} | {
            name: round(float((said[name][at] == truth).mean()), 4) for name in (HEAD, "alignment")
        }
    return found


def results_of(claims: Path, limit: int) -> list[Asked]:
    """Return the letters' claims of the report part: what the validator is asked in a draft."""
    held = [one for one in made_claims(claims / "report") if one.kind == "posology letters"]
    return held[: limit or None]


def speed(head: SupportChecker, asked: Sequence[Asked]) -> dict[str, float]:
    """Return pairs a second by the clock and by processor time, after a warm-up."""
    pairs = pairs_of(asked)
    head.score_many(pairs[:16])
    clock, used = time.perf_counter(), time.process_time()
    head.score_many(pairs)
    clock, used = time.perf_counter() - clock, time.process_time() - used
    return {
        "n": len(pairs),
        "words_a_pair": round(float(np.mean([len((a + " " + b[0]).split()) for a, b in pairs])), 1),
        "pairs_per_s": round(len(pairs) / clock, 1),
        "pairs_per_cpu_s": round(len(pairs) / used, 1),
    }


if __name__ == "__main__":
    main()
