"""Phrases: yes/no questions of the shipped policies, asked by rules of every phrase that may answer them.

Each phrase is read alone and inside a short made note. The questions are split in two halves by the hash of
their text: rules may be written from failures of the development half only, the report half is for counting.

    python benchmarks/questions.py
    python benchmarks/questions.py --failures          # of the development half
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from common import rate, write_report
from posology import load_policies
from posology.evidence import Hit, TextVerdict, judge_by_rules, split_passages
from posology.policies import Policy
from posology.priorauth.tree import all_leaves
from posology.records import Document
from posology.testing.phrases import KINDS, load_phrases

NOTE = (
    "Chief complaint: follow-up.\n\nHISTORY\nSeen today for a visit. {} Gait is steady.\n\n"
    "EXAM\nWell appearing.\n"
)
SEEN = (
    "Was medical treatment for obesity (diet, exercise, medication) tried without success?",
    "Is excessive daytime sleepiness, impaired cognition, a mood disorder or insomnia documented?",
)
ANSWERS = ("yes", "no", "not_stated")


@dataclass(frozen=True, slots=True)
class Case:
    """One phrase under one question; ``kind`` is the phrase's class, ``truth`` the answer that it gives."""

    leaf: str
    question: str
    kind: str
    text: str

    @property
    def truth(self) -> str:
        """Return the right answer: only plain phrases about the patient give one."""
        return self.kind if self.kind in ("yes", "no") else "not_stated"


def half(question: str) -> str:
    """Return the half of a question: by its hash, but what was read of the other half is development too."""
    even = hashlib.sha256(question.encode()).digest()[0] % 2 == 0
    return "development" if even or question in SEEN else "report"


def cases(policies: list[Policy]) -> Iterator[Case]:
    """Yield every phrase of every question."""
    for policy in policies:
        phrases = load_phrases(policy)
        for leaf in all_leaves(policy):
            if leaf.question:
                for kind in KINDS:
                    for text in phrases[leaf.id].of(kind):
                        yield Case(f"{policy.id}/{leaf.id}", leaf.question, kind, text)


def judge(question: str, text: str) -> TextVerdict:
    """Read one text by rules."""
    hits = [Hit(p, 1.0, 1, 1) for p in split_passages([Document("DocumentReference/1", "", "note", text)])]
    return judge_by_rules(question, hits)


def table(counts: Counter[tuple[str, str]]) -> dict[str, object]:
    """Return precision and recall of yes and no, and all counts of (class, answer)."""
    truth = Counter[tuple[str, str]]()
    for (kind, answer), n in counts.items():
        truth[kind if kind in ("yes", "no") else "not_stated", answer] += n
    rows: dict[str, object] = {"n": counts.total()}
    for answer in ("yes", "no"):
        right = truth[answer, answer]
        rows[answer] = {
            "precision": rate(right, sum(n for (_, read), n in truth.items() if read == answer)),
            "recall": rate(right, sum(n for (known, _), n in truth.items() if known == answer)),
        }
    rows["read_as"] = {
        kind: {answer: counts[kind, answer] for answer in ANSWERS}
        for kind in KINDS
        if any(k == kind for k, _ in counts)
    }
    return rows


def main() -> None:
    """Count the answers of both halves and write reports/questions."""
    options = argparse.ArgumentParser()
    options.add_argument(
        "--failures", action="store_true", help="list failures of the development half, write nothing"
    )
    args = options.parse_args()
    counts = {
        h: {"alone": Counter[tuple[str, str]](), "in a note": Counter[tuple[str, str]]()}
        for h in ("development", "report")
    }
    questions: dict[str, set[str]] = {"development": set(), "report": set()}
    start = time.perf_counter()
    sentences = 0
    for case in cases(list(load_policies())):
        part = half(case.question)
        questions[part].add(case.question)
        for form, text in (("alone", case.text), ("in a note", NOTE.format(case.text))):
            verdict = judge(case.question, text)
            counts[part][form][case.kind, verdict.answer] += 1
            sentences += 1 if form == "alone" else 4
            if args.failures and part == "development" and form == "alone" and verdict.answer != case.truth:
                sys.stdout.write(f"{case.leaf} {case.kind}>{verdict.answer} | {case.text}\n")
    seconds = time.perf_counter() - start
    results = {
        part: {"questions": len(questions[part])} | {form: table(c) for form, c in forms.items()}
        for part, forms in counts.items()
    } | {"sentences_per_second": round(sentences / seconds)}
    if args.failures:
        results = {"development": results["development"]}
    else:
        write_report("questions", results, command=" ".join(sys.argv), settings={"note": NOTE, "seen": SEEN})
    json.dump(results, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
