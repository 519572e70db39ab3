"""Measure the fact checks: single faults found, false alarms on clean sentences, two outside tests, speed.

python benchmarks/factchecks.py            # the report, on the held-out half
python benchmarks/factchecks.py --half A   # the half for development, nothing written
"""

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from common import DATA, rate, write_report
from corruptions.faults import FAULTS
from corruptions.pairs import Pair, half_of, made_pairs
from corruptions.paraphrases import reword
from corruptions.realtext import medec_rows, medhallu_rows, note_pairs
from posology.evidence.facts import ChartFacts, CheckResult, Source, check_facts

SEED = 20190302
MADE = 6000
PER_TYPE = 300  # of made pairs and of notes each, where there are as many
CLEAN = 1500


def sources_of(pair: Pair) -> list[Source]:
    """Return the pair's sources as the checks take them."""
    return [Source(text, context, date, label=label) for text, context, date, label in pair.sources]


def facts_of(pair: Pair) -> ChartFacts:
    """Return what the chart of the pair knows of the patient."""
    sex = pair.sex if pair.sex in ("female", "male") else "unknown"
    return ChartFacts(pair.names, sex, pair.born, pair.service, pair.providers)  # type: ignore[arg-type]


def alarms(sentence: str, pair: Pair) -> list[CheckResult]:
    """Return what the checks find wrong with a sentence."""
    return [r for r in check_facts(sentence, sources_of(pair), facts=facts_of(pair)) if not r.ok]


def load(half: str) -> dict[str, list[Pair]]:
    """Return the pairs of one half, made and from notes."""
    made = [pair for pair in made_pairs(SEED, MADE) if half_of(pair.origin) == half]
    notes = [pair for pair in note_pairs(DATA) if half_of(pair.sentence) == half]
    random.Random(SEED).shuffle(notes)
    return {"made": made, "notes": notes}


def clean(pairs: dict[str, list[Pair]], show: int) -> dict[str, Any]:
    """Count the alarms on sentences that say what their source says."""
    result: dict[str, Any] = {}
    for kind, group in _by_origin(pairs):
        rng = random.Random(SEED)
        flagged: Counter[str] = Counter()
        said, n = 0, 0
        for pair in group[:CLEAN]:
            sentence = reword(pair.sentence, rng)
            found = alarms(sentence, pair)
            n += 1
            said += bool(found)
            flagged.update({r.check for r in found})
            if found and show > 0:
                show -= 1
                print(f"FALSE {kind}\n   {sentence}\n   {pair.sources[0]}\n   {[r.why for r in found]}")
        result[kind] = rate(said, n) | {"by_check": dict(flagged)}
    return result


def _by_origin(pairs: dict[str, list[Pair]]) -> Iterable[tuple[str, list[Pair]]]:
    groups: dict[str, list[Pair]] = defaultdict(list)
    for kind, group in pairs.items():
        for pair in group:
            groups["made" if kind == "made" else pair.origin].append(pair)
    return groups.items()


def faulty(pairs: dict[str, list[Pair]], show: int, only: str = "") -> dict[str, Any]:
    """Count the single faults that raise an alarm; half of the sentences are reworded after the fault."""
    result: dict[str, Any] = {}
    for fault, corrupt in FAULTS.items():
        if only and fault != only:
            continue
        counts: dict[str, list[int]] = {}
        for kind, group in pairs.items():
            rng = random.Random(SEED)
            found, n = 0, 0
            for pair in group:
                sentence = corrupt(pair, rng)
                if sentence is None or sentence == pair.sentence:
                    continue
                if n % 2:
                    sentence = reword(sentence, rng)
                n += 1
                hit = bool(alarms(sentence, pair))
                found += hit
                if not hit and show > 0:
                    show -= 1
                    print(f"MISS {fault} {kind}\n   {sentence}\n   {pair.sources[0]}")
                if n == PER_TYPE:
                    break
            counts[kind] = [found, n]
        k, n = (sum(column) for column in zip(*counts.values(), strict=True))
        result[fault] = rate(k, n) | {kind: rate(*pair) for kind, pair in counts.items()}
    return result


def outside() -> dict[str, Any]:
    """Run the outside tests as they are: MEDEC-MS and MedHallu."""
    found = wrong = 0
    rows = medec_rows(DATA)
    types: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        right, bad = row["Corrected Sentence"], row["Error Sentence"]
        hit = _flagged(bad, [Source(right, row["Corrected Text"])])
        found += hit
        types[row["Error Type"]][0] += hit
        types[row["Error Type"]][1] += 1
        wrong += _flagged(right, [Source(right, row["Corrected Text"])])
    answers = medhallu_rows(DATA)
    hallucinated = sum(_flagged(row["least_similar_answer"], [Source(row["knowledge"])]) for row in answers)
    true = sum(_flagged(row["ground_truth"], [Source(row["knowledge"])]) for row in answers)
    return {
        "medec_ms": {
            "errors flagged": rate(found, len(rows)),
            "corrections flagged": rate(wrong, len(rows)),
            "by type": {kind: rate(*counts) for kind, counts in sorted(types.items())},
        },
        "medhallu": {
            "hallucinated flagged": rate(hallucinated, len(answers)),
            "true flagged": rate(true, len(answers)),
        },
    }


def _flagged(sentence: str, sources: list[Source]) -> bool:
    return any(not r.ok for r in check_facts(sentence, sources, facts=ChartFacts()))


def speed(pairs: dict[str, list[Pair]]) -> dict[str, float]:
    """Time the checks on made sentences and on sentences of notes."""
    result = {}
    for kind, group in pairs.items():
        sample = group[:500]
        start = time.perf_counter()
        for pair in sample:
            alarms(pair.sentence, pair)
        result[kind] = round(len(sample) / (time.perf_counter() - start), 1) if sample else 0.0
    return result


def table(results: dict[str, Any]) -> str:
    """Write the results as a Markdown table."""
    lines = [
        "# Fact checks",
        "",
        "| fault | found | n | 95 % interval | made | notes |",
        "|---|---|---|---|---|---|",
    ]
    for fault, r in results["faults"].items():
        low, high = r["ci95"] or (0.0, 0.0)
        lines.append(
            f"| {fault} | {r['rate']} | {r['n']} | {low}-{high} "
            f"| {r['made']['rate']} (n {r['made']['n']}) | {r['notes']['rate']} (n {r['notes']['n']}) |"
        )
    lines += ["", "| clean sentences of | false alarms | n | 95 % interval |", "|---|---|---|---|"]
    for kind, r in results["clean"].items():
        low, high = r["ci95"] or (0.0, 0.0)
        lines.append(f"| {kind} | {r['rate']} | {r['n']} | {low}-{high} |")
    lines += ["", "| outside test | rate | n | 95 % interval |", "|---|---|---|---|"]
    for name, measures in results["outside"].items():
        for what, r in measures.items():
            if "rate" in r:
                lines.append(f"| {name}: {what} | {r['rate']} | {r['n']} | {r['ci95'][0]}-{r['ci95'][1]} |")
    lines += [
        "",
        "Sentences checked per second: " + ", ".join(f"{k} {v}" for k, v in results["speed"].items()),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Report on the held-out half, or show the half for development."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", default="B", choices=("A", "B"))
    parser.add_argument(
        "--show", type=int, default=0, help="how many misses and false alarms to print (half A only)"
    )
    parser.add_argument("--only", default="", help="one kind of fault")
    options = parser.parse_args()
    pairs = load(options.half)
    if options.half == "A":
        for kind, r in clean(pairs, options.show).items():
            print("clean", kind, r)
        for fault, r in faulty(pairs, options.show, options.only).items():
            print(fault, r["rate"], r["made"]["k"], r["made"]["n"], r["notes"]["k"], r["notes"]["n"])
        print(speed(pairs))
        return
    results = {
        "clean": clean(pairs, 0),
        "faults": faulty(pairs, 0),
        "outside": outside(),
        "speed": speed(pairs),
    }
    folder = write_report(
        "factchecks", results, command="python benchmarks/factchecks.py", settings={"seed": SEED, "half": "B"}
    )
    (folder / "results.md").write_text(table(results), encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
