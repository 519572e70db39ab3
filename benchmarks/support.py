"""How well the fitted alignment tells supported sentences: python benchmarks/support.py.

It was the validator of version 0.1.0; the one that ships is measured by benchmarks/checker.py.

Balanced accuracy with a 95 % bootstrap interval over groups (questions), on the reported halves and on
healthver, beside a plain baseline: the share of the sentence's words that stand in the sources, whose
threshold is chosen on the same training halves as the alignment's. Writes reports/support/.
"""

import os
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aligning.checker import open_alignment_checker
from common import write_report
from posology.evidence.tokens import lexical_overlap
from support_fit import best_threshold
from support_pairs import ONLY_REPORTED, TRAINED, Pair

DRAWS = 1000


def main() -> None:
    """Score every set with the alignment and with the baseline, and write the report."""
    checker = open_alignment_checker()
    overlap_threshold = baseline_threshold()
    results = {}
    for name, read in {**TRAINED, **ONLY_REPORTED}.items():
        pairs = [pair for pair in read() if name in ONLY_REPORTED or pair.reported]
        asked = [(pair.sentence, pair.sources) for pair in pairs]
        start = time.perf_counter()
        scores = np.array(checker.score_many(asked))
        seconds = time.perf_counter() - start
        overlap = np.array([lexical_overlap(sentence, sources) for sentence, sources in asked])
        results[name] = {
            "n": len(pairs),
            "supported": sum(pair.supported for pair in pairs),
            "groups": len({pair.group for pair in pairs}),
            "checker": measured(pairs, scores, checker.threshold),
            "word_overlap": measured(pairs, overlap, overlap_threshold),
            "pairs_per_s": round(len(pairs) / seconds, 1),
            "words_per_pair": round(
                float(np.mean([sum(len(t.split()) for t in (s, *c)) for s, c in asked])), 1
            ),
        }
        print(name, results[name])
    results["short_quotes"] = speed()
    settings = {
        "checker": checker.identity.name,
        "version": checker.identity.version,
        "threshold": checker.threshold,
        "overlap_threshold": overlap_threshold,
        "bootstrap_draws": DRAWS,
    }
    print(write_report("support", results, command="python benchmarks/support.py", settings=settings))


def baseline_threshold() -> float:
    """Choose the baseline's threshold on the training halves."""
    rows = [(name, pair) for name, read in TRAINED.items() for pair in read() if not pair.reported]
    scores = np.array([lexical_overlap(pair.sentence, pair.sources) for _, pair in rows])
    labels = np.array([pair.supported for _, pair in rows])
    return best_threshold(scores, labels, np.array([name for name, _ in rows]))


def measured(pairs: Sequence[Pair], scores: NDArray[np.float64], threshold: float) -> dict[str, object]:
    """Return balanced accuracy with its interval, recall of both labels, and the area under the curve."""
    truth = np.array([pair.supported for pair in pairs])
    said = scores >= threshold
    return {
        "balanced_accuracy": round(balanced(truth, said), 4),
        "ci95": bootstrap(pairs, truth, said),
        "supported_passed": round(float(said[truth].mean()), 4),
        "unsupported_caught": round(float((~said[~truth]).mean()), 4),
        "auc": round(area(truth, scores), 4),
    }


def balanced(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Return the mean of the two recalls."""
    return float((said[truth].mean() + (~said[~truth]).mean()) / 2)


def area(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Return the probability that a supported pair scores above an unsupported one."""
    positive, negative = scores[truth], scores[~truth]
    above = (positive[:, None] > negative).mean() + (positive[:, None] == negative).mean() / 2
    return float(above)


def bootstrap(
    pairs: Sequence[Pair], truth: NDArray[np.bool_], said: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return the 95 % interval of balanced accuracy when whole groups are drawn again."""
    rng = np.random.default_rng(1)
    groups: dict[str, list[int]] = {}
    for at, pair in enumerate(pairs):
        groups.setdefault(pair.group, []).append(at)
    members = [np.array(group) for group in groups.values()]
    drawn = []
    for _ in range(DRAWS):
        at = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        if truth[at].any() and not truth[at].all():
            drawn.append(balanced(truth[at], said[at]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def speed() -> dict[str, float]:
    """Return pairs per second by the clock and by processor time: a sentence with two short quotes each."""
    pairs = [
        (
            f"The body mass index was {30 + n / 10:.1f} kg/m2 on visit {n}, and sleep apnea is documented.",
            (f"Body mass index {30 + n / 10:.1f} kg/m2", f"Visit {n}: severe OSA, on CPAP nightly."),
        )
        for n in range(300)
    ]
    checker = open_alignment_checker()
    start, used = time.perf_counter(), time.process_time()
    checker.score_many(pairs)
    clock, used = time.perf_counter() - start, time.process_time() - used
    return {
        "pairs_per_s": round(len(pairs) / clock, 1),
        "pairs_per_cpu_s": round(len(pairs) / used, 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    main()
