"""How well search finds the answer to a question: python benchmarks/retrieval.py.

medquad: 200 questions, chosen by hash, against the answers of the whole collection (the question is never
part of the passage), each answer cut to passages as a note would be. A hit is a passage of the question's own
answer; answers with the same text count as one. recall@k and nDCG@10 (an answer is relevant once, at its
first passage) with a 95 % bootstrap interval over questions, for BM25, for vectors and for both fused.
Writes reports/retrieval/.
"""

import hashlib
import math
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from common import DATA, write_report
from posology.evidence.embed import open_embedder
from posology.evidence.passages import split_passages
from posology.evidence.search import PassageIndex
from posology.evidence.tokens import expand_query, search_tokens
from posology.records.chart import Document

QUESTIONS = 200
DEPTH = 200  # passages that are looked through for ten different answers
DRAWS = 1000


def main() -> None:
    """Index the answers, ask each leg, write the report."""
    pairs = read_pairs()
    answers = {text: str(n) for n, text in enumerate(dict.fromkeys(answer for _, answer in pairs))}
    passages = split_passages(Document(name, "", "note", text) for text, name in answers.items())
    start = time.perf_counter()
    index = PassageIndex(passages, open_embedder())
    build_s = time.perf_counter() - start
    asked = sorted(pairs, key=lambda pair: hashlib.sha256(pair[0].encode()).digest())[:QUESTIONS]
    legs = legs_of(index)
    results = {}
    for name, search in legs.items():
        start = time.perf_counter()
        ranks = np.array([rank_of(search(q), answers[a]) for q, a in asked])
        seconds = time.perf_counter() - start
        results[name] = scores(ranks) | {"ms_per_query": round(1000 * seconds / len(asked), 2)}
        print(name, results[name])
    settings = {
        "questions": len(asked),
        "answers": len(answers),
        "passages": len(index),
        "index_s": round(build_s, 2),
        "embedder": open_embedder().identity.name,
        "bootstrap_draws": DRAWS,
    }
    print(write_report("retrieval", results, command="python benchmarks/retrieval.py", settings=settings))


def read_pairs() -> list[tuple[str, str]]:
    """Return (question, answer) pairs, each question once."""
    found: dict[str, str] = {}
    for path in sorted(DATA.glob("medquad/*/*.xml")):
        for pair in ElementTree.parse(path).iter("QAPair"):
            question, answer = pair.findtext("Question"), pair.findtext("Answer")
            if question and answer and answer.strip():
                found.setdefault(" ".join(question.split()), answer.strip())
    return list(found.items())


def legs_of(index: PassageIndex) -> dict[str, Callable[[str], list[set[str]]]]:
    """Return a search by name: each gives the sets of answers that hold the passages found, best first."""

    def texts(numbers: list[int]) -> list[set[str]]:
        return [{passage.source for passage in index.copies(n)} for n in numbers]

    def with_names(query: str) -> list[set[str]]:
        tokens, more, _ = expand_query(query)
        return texts(index.search_words(tokens, DEPTH, more))

    def hybrid(query: str) -> list[set[str]]:
        return [{p.source for p in (hit.passage, *hit.copies)} for hit in index.search(query, DEPTH)]

    return {
        "bm25": lambda q: texts(index.search_words(search_tokens(q), DEPTH)),
        "bm25_other_names": with_names,
        "dense": lambda q: texts(index.search_meaning(expand_query(q)[2], DEPTH)),
        "hybrid": hybrid,
    }


def rank_of(found: list[set[str]], wanted: str) -> int:
    """Return the rank (from 1) of the wanted answer among the different answers found, 0 if absent."""
    seen: set[str] = set()
    for holders in found:
        if wanted in holders:
            return len(seen) + 1
        seen.add(min(holders))
    return 0


def scores(ranks: NDArray[np.int64]) -> dict[str, object]:
    """Return recall@1, @5, @10 and nDCG@10 with intervals."""
    gains = np.array([1 / math.log2(rank + 1) if 0 < rank <= 10 else 0.0 for rank in ranks])
    measures = {f"recall@{k}": ((ranks > 0) & (ranks <= k)).astype(float) for k in (1, 5, 10)} | {
        "ndcg@10": gains
    }
    rng = np.random.default_rng(1)
    draws = rng.integers(0, len(ranks), (DRAWS, len(ranks)))
    return {"n": len(ranks)} | {
        name: {
            "value": round(float(values.mean()), 4),
            "ci95": [round(float(q), 4) for q in np.quantile(values[draws].mean(axis=1), [0.025, 0.975])],
        }
        for name, values in measures.items()
    }


if __name__ == "__main__":
    main()
