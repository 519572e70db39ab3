"""Fidelity: how often the counts of inventions find a planted fault, and what they find in references.

References are the texts that people wrote: an invention counted there stands nowhere in the source, or is a
false alarm. Faults are planted one at a time into sentences of references in which none was counted.

    python benchmarks/fidelity.py --items 200
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common import DATA, rate, write_report

TASKS = ("openi_indiana_reports", "mts_dialog", "aci_bench")
_NUMBER = re.compile(r"(?<![\d./-])\d{1,4}(?![\d./-])")
_SIDE = re.compile(r"\b(?:left|right)\b")
_DENIAL = re.compile(r"\b(?:no|without|denies) ", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:no|not|without|denies|denied|negative|never)\b", re.IGNORECASE)


def main() -> None:
    """Count over the report part of three tasks and write reports/fidelity."""
    options = argparse.ArgumentParser()
    options.add_argument("--items", type=int, default=200, help="items a task, at most")
    options.add_argument("--planted", type=int, default=150, help="faults of a kind and task, at most")
    args = options.parse_args()
    from posology.evaluate.splits import load_items
    from posology.evaluate.task import Part
    from posology.evaluate.tasks import TASKS as ALL

    start = time.perf_counter()
    results: dict[str, Any] = {
        name: judge(load_items(ALL[name], DATA, Part.REPORT, args.items), args.planted) for name in TASKS
    }
    results["seconds"] = round(time.perf_counter() - start, 1)
    write_report("fidelity", results, command=" ".join(sys.argv), settings=vars(args))
    json.dump(results, sys.stdout, indent=1)
    print()


def judge(items: Sequence[Any], most: int) -> dict[str, Any]:
    """Return the shares of references' sentences and documents with an invention, and of faults found."""
    from posology.evaluate.scorers.fidelity import find_inventions

    sentences, documents = Counter[bool](), Counter[bool]()
    kinds: Counter[str] = Counter()
    planted: dict[str, Counter[bool]] = {kind: Counter() for kind in PLANTED}
    for item in items:
        found = find_inventions(item.text, item.gold)
        documents[any(one.faults for one in found)] += 1
        for one in found:
            sentences[bool(one.faults)] += 1
            kinds.update({fault.partition(":")[0] for fault in one.faults})
            if not one.faults:
                plant(item.text, item.gold[one.start : one.end], planted, most)
    return {
        "reference_sentences_with_an_invention": rate(sentences[True], sentences.total()),
        "references_with_an_invention": rate(documents[True], documents.total()),
        "reference_sentences_by_kind": dict(kinds.most_common()),
        "planted_faults_found": {kind: rate(seen[True], seen.total()) for kind, seen in planted.items()},
    }


def plant(source: str, sentence: str, planted: Mapping[str, Counter[bool]], most: int) -> None:
    """Plant one fault of each kind that fits the sentence, and count whether it is found."""
    from posology.evaluate.scorers.fidelity import find_inventions

    for kind, change in PLANTED.items():
        faulty = change(sentence)
        if faulty is not None and planted[kind].total() < most:
            planted[kind][any(one.faults for one in find_inventions(source, faulty))] += 1


def other_number(sentence: str) -> str | None:
    """Return the sentence with its first number changed."""
    match = _NUMBER.search(sentence)
    return None if match is None else _put(sentence, match, str(int(match[0]) * 3 + 7))


def other_side(sentence: str) -> str | None:
    """Return the sentence with its first side changed."""
    match = _SIDE.search(sentence)
    return None if match is None else _put(sentence, match, "left" if match[0] == "right" else "right")


def more_drug(sentence: str) -> str:
    """Return the sentence with a drug."""
    return f"{sentence.rstrip('. ')}, on warfarin 5 mg daily."


def more_disease(sentence: str) -> str | None:
    """Return a sentence that denies nothing, with a disease."""
    return None if _DENIES.search(sentence) else f"{sentence.rstrip('. ')} with cirrhosis."


def dropped_denial(sentence: str) -> str | None:
    """Return the sentence without its first word of denial."""
    match = _DENIAL.search(sentence)
    return None if match is None else _put(sentence, match, "")


def _put(sentence: str, match: re.Match[str], words: str) -> str:
    return sentence[: match.start()] + words + sentence[match.end() :]


PLANTED: dict[str, Callable[[str], str | None]] = {
    "another number": other_number,
    "the other side": other_side,
    "a drug more": more_drug,
    "a disease more": more_disease,
    "a denial dropped": dropped_denial,
}

if __name__ == "__main__":
    main()
