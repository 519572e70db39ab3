"""Pairs to learn retrieval from: a public collection of questions, policies, and made passages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

from posology.adapt.embedding.deals import dealt_part
from posology.adapt.embedding.pairs import Pair, write_pairs
from posology.adapt.teacher.lessons import make_passages
from posology.corpus import Provenance
from posology.corpus.parts import PARTS
from posology.corpus.spec import Parts
from posology.errors import UserError
from posology.files import staged_folder
from posology.manifest import build_manifest, render_manifest
from posology.policies import Policy
from posology.policies.policy import Leaf, Node

__all__ = ["build_pairs", "deal_parts", "pairs_of_lessons", "pairs_of_medquad", "pairs_of_policies"]

_WORDS = 120  # of a passage, as the evidence search cuts them
_MEDQUAD_LICENCE = "CC-BY-4.0"


def pairs_of_medquad(folder: Path) -> list[Pair]:
    """Read the question-answer pairs of MedQuAD; a document's answers to other questions are hard negatives.

    A passage is the first 120 words of an answer. Questions without an answer are left out.
    """
    files = sorted(folder.glob("*/*.xml"))
    if not files:
        raise UserError(f"{folder}: no XML files of MedQuAD here (5_NIDDK_QA/*.xml)")
    return [pair for path in files for pair in _of_document(path)]


def _of_document(path: Path) -> Iterator[Pair]:
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as cause:
        raise UserError(f"{path}: not XML ({cause})") from cause
    provenance = Provenance("MedQuAD", _MEDQUAD_LICENCE, group=f"{path.parent.name}/{path.stem}")
    asked: list[tuple[str, str, str]] = []
    for number, one in enumerate(root.iter("QAPair")):
        question, answer = (" ".join((one.findtext(name) or "").split()) for name in ("Question", "Answer"))
        if question and answer:
            asked.append((str(number), question, _first_words(answer)))
    for at, (number_text, question, passage) in enumerate(asked):
        own = {text for _, asks, text in asked if asks.lower() == question.lower()}
        others = [text for _, _, text in asked[at + 1 :] + asked[:at] if text not in own]
        yield Pair(f"{provenance.group}/{number_text}", question, passage, provenance, tuple(others[:4]))


def _first_words(text: str) -> str:
    return " ".join(text.split()[:_WORDS])


def pairs_of_policies(policies: Iterable[Policy]) -> list[Pair]:
    """Return each criterion's question, and its text, with the payer's wording behind it."""
    found: list[Pair] = []
    for policy in policies:
        provenance = Provenance("policies", "made here", group=policy.id)
        leaves = [leaf for node in (policy.criteria, *policy.exclusions) for leaf in _leaves(node)]
        for leaf in leaves:
            if leaf.source_quote:
                others = tuple({x.source_quote for x in leaves if x.source_quote} - {leaf.source_quote})
                for kind, query in (("question", leaf.question), ("text", leaf.text)):
                    if query:
                        name = f"{policy.id}/{leaf.id}/{kind}"
                        found.append(
                            Pair(name, query, leaf.source_quote, provenance, tuple(sorted(others)[:4]))
                        )
    return found


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
    else:
        for child in node.children:
            yield from _leaves(child)


def pairs_of_lessons(n: int, *, seed: int = 0) -> list[Pair]:
    """Return questions with made passages that answer them; hard negatives are of the same kind."""
    rows = [(one, text) for one, text in islice(make_passages(seed), 2 * n) if one.answer != "not stated"][:n]
    by_kind: dict[str, list[int]] = {}
    for place, (one, _) in enumerate(rows):
        by_kind.setdefault(one.kind, []).append(place)
    pairs = []
    for place, (one, text) in enumerate(rows):
        alike = by_kind[one.kind]
        at = alike.index(place)
        near = [rows[other] for other in (alike[at - 1], alike[(at + 1) % len(alike)])]
        others = tuple(other for judged, other in near if judged.matter != one.matter)
        provenance = Provenance("posology lessons", "made here", group=f"matter:{one.matter}")
        pairs.append(Pair(f"lesson-{seed}-{place}", one.question, text, provenance, others))
    return pairs


def deal_parts(
    pairs: Sequence[Pair], shares: Parts | None = None, *, earlier: Sequence[Parts] = ()
) -> dict[str, list[Pair]]:
    """Deal pairs into tune, select and report by the hash of their group.

    ``earlier`` are the shares of the dealings before this one: what stood in a report part of theirs, whose
    scores were seen, comes into this one's no more. Those of report lose their hard negatives: their
    questions are searched among all passages of the part.
    """
    dealt: dict[str, list[Pair]] = {part: [] for part in PARTS}
    for pair in pairs:
        group = pair.provenance.group or pair.id
        part = dealt_part(pair.provenance.source, group, (*earlier, shares or Parts()))
        dealt[part].append(replace(pair, negatives=()) if part == "report" else pair)
    return dealt


def build_pairs(
    out: Path, parts: dict[str, list[Pair]], *, settings: dict[str, object], overwrite: bool = False
) -> dict[str, int]:
    """Write a file of pairs for each part, with a manifest; return the counts."""
    counts = {part: len(pairs) for part, pairs in parts.items()}
    with staged_folder(out, overwrite=overwrite) as folder:
        for part in PARTS:
            write_pairs(folder / f"pairs-{part}.jsonl", parts.get(part, []))
        manifest = build_manifest((), {}, {**settings, "pairs": counts}, seed=0, timings_s={})
        (folder / "manifest.json").write_bytes(render_manifest(manifest))
    return counts
