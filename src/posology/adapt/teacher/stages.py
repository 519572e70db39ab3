"""The teacher's stages, each from files to a corpus folder with card and manifest."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posology.adapt.embedding.pairs import Pair, write_pairs
from posology.adapt.teacher.audit import audit, audit_markdown, traits_of_example, traits_of_record
from posology.adapt.teacher.candidates import read_again, write_candidates
from posology.adapt.teacher.checks import Checked, check_candidates
from posology.adapt.teacher.conversations import join_judgements
from posology.adapt.teacher.heldout import require_free
from posology.adapt.teacher.learned import examples_of_reviews, mapped_sections
from posology.adapt.teacher.lessons import Lesson, make_lessons
from posology.adapt.teacher.lines import write_lines
from posology.adapt.teacher.review import Review, read_reviews, write_reviews
from posology.adapt.teacher.scenario import read_scenarios
from posology.adapt.teacher.terms import Terms
from posology.chat import Generator
from posology.corpus import Example
from posology.corpus.contamination import Protected
from posology.corpus.jsonl import read_examples, read_records, write_jsonl
from posology.corpus.parts import part_of, require_apart
from posology.corpus.spec import Parts
from posology.errors import UserError
from posology.files import staged_folder
from posology.manifest import Input, build_manifest, hash_file, render_manifest

__all__ = ["Beside", "Taught", "build_audit", "build_candidates", "build_lessons", "build_reviewed"]


@dataclass(frozen=True, slots=True)
class Taught:
    """Who writes and who reads again, under which terms."""

    teacher: Generator
    second: Generator
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes into a folder of lessons beside them.

    ``charts`` are examples from made charts; ``held`` the texts that nothing may be learned from;
    ``select`` the share of groups that is kept apart, in the folder's folder ``select``, to say when to stop;
    ``turns`` how many judgements one conversation holds.
    """

    charts: Sequence[Example] = ()
    held: Protected | None = None
    select: float = 0.0
    turns: int = 1


def build_lessons(
    out: Path,
    counts: Mapping[Lesson, int],
    *,
    seed: int = 0,
    overwrite: bool = False,
    beside: Beside | None = None,
) -> dict[str, int]:
    """Write examples made by rule into a corpus folder; return how many of each task."""
    beside = beside or Beside()
    examples = [one for kind, n in counts.items() for one in make_lessons(kind, n, seed=seed)]
    examples += beside.charts
    if beside.held is not None:
        require_free(examples, beside.held)
    parts = _parted(examples, beside.select, seed)
    if beside.turns > 1:
        parts = {part: join_judgements(rows, beside.turns, seed=seed) for part, rows in parts.items()}
    about = "Examples made by rule, with known truth: no teacher wrote them, no record was read."
    settings = {
        "counts": dict(counts) | ({"chart": len(beside.charts)} if beside.charts else {}),
        "held_texts": beside.held.texts if beside.held is not None else 0,
        "turns": beside.turns,
    } | ({"select": beside.select} if beside.select else {})
    with staged_folder(out, overwrite=overwrite) as folder:
        for place, rows in ((folder, parts["tune"]), (folder / "select", parts["select"])):
            if rows or place is folder:
                place.mkdir(exist_ok=True)
                write_jsonl(place / "examples.jsonl", rows)
                write_lines(place / "rejected.jsonl", [])
                _papers(place, _card(about, rows, {}), (), settings, seed=seed)
    return dict(Counter(one.task for one in examples))


def _parted(examples: Sequence[Example], select: float, seed: int) -> dict[str, list[Example]]:
    """Deal examples by the hash of their group; a matter, question or policy stays in one part."""
    dealt: dict[str, list[Example]] = {"tune": [], "select": []}
    shares = Parts(select=select, report=0)
    for one in examples:
        dealt[part_of(one.provenance.source, one.provenance.group, shares)].append(one)
    require_apart(dealt, "example")
    random.Random(seed).shuffle(dealt["select"])  # so that the first so many are of every kind
    return dealt


def build_candidates(
    scenarios: Path,
    out: Path,
    taught: Taught,
    *,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Let the teacher write, the second model read, the checks refuse; write what a person reviews."""
    wanted = list(read_scenarios(scenarios))
    written = write_candidates(wanted, taught.teacher, taught.terms, seed=seed, progress=progress)
    checked = check_candidates(read_again(written, taught.second, taught.teacher))
    passed = [one for one in checked if one.passed]
    counts = {
        "scenarios": len(wanted),
        "refused": len(checked) - len(passed),
        "doubtful": sum(1 for one in passed if one.doubts),
        "clear": sum(1 for one in passed if not one.doubts),
    }
    card = "# Candidates of a teacher\n\nNothing is learned from these before a person has accepted them.\n\n"
    with staged_folder(out, overwrite=overwrite) as folder:
        write_reviews(folder / "reviews.jsonl", checked, taught.terms)
        write_lines(folder / "rejected.jsonl", _refused(checked))
        models = {"teacher": taught.teacher, "second": taught.second}
        card += _listed(counts) + _reasons(row["reason"] for row in _refused(checked))
        inputs = [hash_file("scenarios", scenarios)]
        _papers(folder, card, inputs, {"terms": _terms_record(taught.terms)}, seed=seed, models=models)
    return counts


def build_reviewed(
    reviews: Path, policies: Mapping[str, str], out: Path, *, overwrite: bool = False
) -> dict[str, int]:
    """Write what a person accepted as a corpus folder: examples, and pairs of policy and sentence.

    ``policies`` maps ids to source texts. What was rejected or not looked at is counted and listed.
    """
    decided = read_reviews(reviews, policies)
    examples = examples_of_reviews(decided)
    if not examples:
        raise UserError(f"{reviews.name}: nobody has accepted a document yet; set `verdict` and `by`")
    left = [
        {"id": one.id, "reason": "rejected" if one.verdict else "not decided"}
        for one in decided
        if one.verdict != "accept"
    ]
    pairs = _pairs(decided)
    about = "Documents that a teacher wrote and a person accepted, as examples."
    with staged_folder(out, overwrite=overwrite) as folder:
        write_jsonl(folder / "examples.jsonl", examples)
        write_pairs(folder / "pairs.jsonl", pairs)
        write_lines(folder / "rejected.jsonl", left)
        reasons = Counter(row["reason"] for row in left)
        _papers(folder, _card(about, examples, reasons), [hash_file("reviews", reviews)], {})
    return {"examples": len(examples), "pairs": len(pairs), "left out": len(left)}


def build_audit(made: Path, reference: Path, out: Path, *, overwrite: bool = False) -> dict[str, int]:
    """Write a table of what the examples of a folder over- and under-represent beside another corpus."""
    rows = audit(
        [traits_of_example(one) for one in read_examples(made / "examples.jsonl")], _reference(reference)
    )
    head = "# What the made examples over- and under-represent\n\n"
    with staged_folder(out, overwrite=overwrite) as folder:
        text = json.dumps([row.record() for row in rows], ensure_ascii=False, indent=1)
        (folder / "audit.json").write_text(text + "\n", encoding="utf-8")
        inputs = [hash_file("made", made / "examples.jsonl"), hash_file("reference", _corpus_file(reference))]
        _papers(folder, head + audit_markdown(rows), inputs, {})
    return dict(Counter(row.verdict for row in rows))


def _reference(folder: Path) -> list[Mapping[str, tuple[str, ...]]]:
    file = _corpus_file(folder)
    if file.name == "records.jsonl":
        return [traits_of_record(one) for one in read_records(file)]
    return [traits_of_example(one) for one in read_examples(file)]


def _corpus_file(folder: Path) -> Path:
    for name in ("records.jsonl", "examples.jsonl"):
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder}: no corpus (neither records.jsonl nor examples.jsonl)")


def _pairs(reviews: Sequence[Review]) -> list[Pair]:
    return [
        Pair(f"{one.policy}/{number}", one.section, one.sentence, one.provenance)
        for number, one in enumerate(mapped_sections(reviews))
    ]


def _refused(checked: Sequence[Checked]) -> list[dict[str, str]]:
    return [
        {"id": one.candidate.scenario.id, "reason": "; ".join(one.faults)} for one in checked if one.faults
    ]


def _terms_record(terms: Terms) -> dict[str, Any]:
    return {
        "licence": terms.licence,
        "agreement": terms.agreement,
        "remote": terms.remote,
        "gate": terms.gate,
    }


def _card(about: str, examples: Sequence[Example], left: Mapping[str, int]) -> str:
    licences = Counter(one.provenance.licence for one in examples)
    tasks = Counter(one.task or "none" for one in examples)
    groups = len({one.provenance.group for one in examples})
    lines = [f"# Corpus of examples\n\n{about}\n", _listed({"examples": len(examples), "groups": groups})]
    lines += ["\n## Tasks\n", _listed(tasks), "\n## Licences\n", _listed(licences)]
    return "\n".join(lines) + ("\n## Left out\n\n" + _listed(left) if left else "")


def _listed(counts: Mapping[str, int]) -> str:
    return "\n".join(f"- {name}: {n}" for name, n in counts.items()) + "\n"


def _reasons(reasons: Iterable[str]) -> str:
    first = Counter(reason.split("; ")[0].partition(": ")[2] or reason.split("; ")[0] for reason in reasons)
    return "\n## Why candidates were refused\n\n" + _listed(dict(first.most_common())) if first else ""


def _papers(
    folder: Path,
    card: str,
    inputs: Sequence[Input],
    settings: Mapping[str, Any],
    *,
    seed: int = 0,
    models: Mapping[str, Generator] | None = None,
) -> None:
    identities = {
        part: {"name": one.identity.name, "family": one.identity.family, "sha256": one.identity.sha256}
        for part, one in (models or {}).items()
    }
    (folder / "card.md").write_text(card, encoding="utf-8")
    manifest = build_manifest(inputs, identities, settings, seed=seed, timings_s={})
    (folder / "manifest.json").write_bytes(render_manifest(manifest))
