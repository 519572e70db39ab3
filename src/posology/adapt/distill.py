"""Teachers: a larger model of the same vocabulary that runs beside, or the likeliest tokens it once gave.

A cache is a folder with ``cache.safetensors`` (log-probabilities in 16 bits, tokens in 32) and a
``manifest.json`` that names the teacher, its weights' hash, the vocabulary, the temperature, how many tokens
are kept, the hash of what is kept and the place of each example, found by the hash of its tokens. What lies
outside the kept tokens is one cell of its own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.adapt.batches import pieces
from posology.adapt.devices import require_alone
from posology.adapt.job import Job
from posology.adapt.masks import Marked
from posology.adapt.network import Network, find_base, open_network
from posology.adapt.objective.answers import Teaching, padded
from posology.adapt.objective.terms import divergence, tail_divergence
from posology.adapt.recipe import Base, Lora
from posology.adapt.recipes.tune import Distillation
from posology.errors import ModelError, UserError
from posology.files import staged_folder
from posology.manifest import hash_file

__all__ = ["CachedTeacher", "LiveTeacher", "build_cache", "open_teacher"]

FORM = "teacher-cache/1"
CACHE = "cache.safetensors"


def open_teacher(
    terms: Distillation, student: Network, base: Base, marked: Sequence[Marked], job: Job
) -> Teaching:
    """Return the teacher that a recipe names; a cache that is named and not there is made first.

    Raises ModelError where teacher and student have not the same vocabulary, and where a cache is of another
    teacher than the recipe names, or keeps another number of tokens; UserError where several processes would
    make it.
    """
    if not terms.cache:
        return LiveTeacher(_loaded(terms, student, base, job), terms)
    folder = job.place(terms.cache)
    if not (folder / "manifest.json").is_file():
        if not terms.teacher:
            raise ModelError(
                f"{folder}: there is no cache of a teacher; name objective.distill.teacher to make it"
            )
        require_alone(f"{folder}: making the cache of a teacher")
        teacher = _loaded(terms, student, base, job)
        job.tell("Asking the teacher", 0, len(marked))
        build_cache(folder, teacher, marked, terms, micro_tokens=4096)
    elif terms.teacher:
        _require_made_by(folder, terms, base, job)
    return CachedTeacher(folder, student, terms)


def _loaded(terms: Distillation, student: Network, base: Base, job: Job) -> Network:
    teacher = open_network(_weights_of(terms, base), Lora(rank=0), job, seed=0)
    require_vocabulary(vocabulary_of(teacher), vocabulary_of(student), terms.teacher)
    teacher.core.eval().requires_grad_(False)
    return teacher


def _weights_of(terms: Distillation, base: Base) -> Base:
    return base.model_copy(update={"model": "", "path": terms.teacher, "sha256": ""})


def _require_made_by(folder: Path, terms: Distillation, base: Base, job: Job) -> None:
    """Raise ModelError unless the teacher that the recipe names made a cache, with as many tokens kept."""
    record = _read_manifest(folder)
    if not job.place(terms.teacher).exists():
        raise ModelError(
            f"objective.distill.teacher: {terms.teacher} is not there, so that the cache {folder} cannot be "
            "held against it; correct the path, or leave teacher empty to take the cache as it is"
        )
    told = find_base(_weights_of(terms, base), job)[1]
    wanted = {
        "sha256": told["sha256"],
        "answers": told["answers"],
        "top": terms.top,
    }  # also its scale, its template
    made_by = record["teacher"]
    if wanted != {"sha256": made_by.get("sha256"), "answers": made_by.get("answers"), "top": record["top"]}:
        made = _maker(record["teacher"].get("name"), record["teacher"].get("sha256"), record["top"])
        raise ModelError(
            f"{folder}: was made by {made}, and the recipe names "
            f"{_maker(terms.teacher, wanted['sha256'], terms.top)}; name another objective.distill.cache, or "
            "delete the folder to make it anew"
        )


def _maker(name: object, sha256: object, top: object) -> str:
    return f"{name or 'unknown'} (SHA-256 {str(sha256 or 'unknown')[:12]}, top {top or 'unknown'})"


def vocabulary_of(network: Network) -> str:
    """Return the hash of a model's vocabulary: every token with its id, and the width of the logits."""
    known = sorted(network.tokenizer.get_vocab().items())
    width = int(network.core.get_output_embeddings().weight.shape[0])
    return hashlib.sha256(json.dumps([known, width]).encode()).hexdigest()


def require_vocabulary(theirs: str, ours: str, name: str) -> None:
    """Raise ModelError unless two vocabularies are one."""
    if theirs != ours:
        raise ModelError(
            f"objective.distill: {name}: the teacher's vocabulary is not the student's: its tokens mean "
            "others; use a teacher of the same tokenizer, or let it write answers and learn from those"
        )


class LiveTeacher:
    """A teacher that runs beside the student."""

    def __init__(self, network: Network, terms: Distillation) -> None:
        """Take an open teacher of the student's vocabulary."""
        self._network = network
        self._beta = 0.0 if terms.divergence == "forward" else terms.beta
        self._temperature = terms.temperature

    def prepare(self, marked: Sequence[Marked]) -> Any:
        """Return the teacher's hidden states before each token of the answers."""
        return _answer_states(self._network, marked)

    def divergence(self, known: Any, logits: Any, weights: Any) -> Any:
        """Return the weighted sum of the divergence from the student's logits."""
        with self._network.torch.no_grad():
            theirs = self._network.logits(known)
        return divergence(theirs, logits, weights, beta=self._beta, temperature=self._temperature)


def _answer_states(network: Network, marked: Sequence[Marked]) -> Any:
    torch = network.torch
    tokens, mask = padded(torch, [[*one.context, *one.answer] for one in marked])
    with torch.no_grad():
        hidden = network.hidden(tokens.to(network.device), mask.to(network.device))
    begins = [len(one.context) - 1 for one in marked]
    parts = [
        hidden[row, begin : begin + len(one.answer)]
        for row, (begin, one) in enumerate(zip(begins, marked, strict=True))
    ]
    return torch.cat(parts)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a cache holds."""

    logp: Any  # (tokens, k), 16 bits
    ids: Any  # (tokens, k)
    places: Mapping[str, tuple[int, int]]  # hash of an example's tokens -> first row, rows


class CachedTeacher:
    """What a teacher once gave: its likeliest tokens at each place of the answers."""

    def __init__(self, folder: Path, student: Network, terms: Distillation) -> None:
        """Open a cache; raise ModelError where it is damaged, of another vocabulary or temperature."""
        self._torch = student.torch
        self._device = student.device
        self._temperature = terms.temperature
        self._folder = folder
        record = _read_manifest(folder)
        require_vocabulary(record["vocabulary"], vocabulary_of(student), str(record["teacher"]["name"]))
        if record["temperature"] != terms.temperature:
            raise ModelError(
                f"{folder}: was made at temperature {record['temperature']}, the recipe says "
                f"{terms.temperature}; make it anew in another folder"
            )
        self._kept = _read_cache(folder, record)

    def prepare(self, marked: Sequence[Marked]) -> Any:
        """Return the kept tokens of each place of the answers with their log-probabilities."""
        rows: list[int] = []
        for one in marked:
            place = self._kept.places.get(_digest(one))
            if place is None:
                raise ModelError(
                    f"{self._folder}: holds nothing of the example {one.id}: the data, its wording, "
                    "data.learn or the tokenizer changed since; make the cache anew in another folder"
                )
            rows += range(place[0], place[0] + place[1])
        at = self._torch.tensor(rows, dtype=self._torch.long)
        return {
            "logp": self._kept.logp[at].to(self._device),
            "ids": self._kept.ids[at].long().to(self._device),
        }

    def divergence(self, known: Any, logits: Any, weights: Any) -> Any:
        """Return the weighted sum of KL over the kept tokens and the rest, from the student's logits."""
        return tail_divergence(known["logp"], known["ids"], logits, weights, temperature=self._temperature)


def build_cache(
    folder: Path, teacher: Network, marked: Sequence[Marked], terms: Distillation, *, micro_tokens: int
) -> None:
    """Ask a teacher once about every answer and keep its likeliest tokens; the folder appears whole."""
    from safetensors.torch import save_file

    torch = teacher.torch
    unique = list({_digest(one): one for one in marked}.items())
    lengths = [one.tokens for _, one in unique]
    logp, ids, places, filled = [], [], {}, 0
    for piece in pieces(range(len(unique)), lengths, micro_tokens):
        states = _answer_states(teacher, [unique[row][1] for row in piece])
        for states_part in states.split(1024):
            with torch.no_grad():
                found = (teacher.logits(states_part) / terms.temperature).log_softmax(-1).topk(terms.top, -1)
            logp.append(found.values.half().cpu())
            ids.append(found.indices.int().cpu())
        for row in piece:
            digest, one = unique[row]
            places[digest] = (filled, len(one.answer))
            filled += len(one.answer)
    with staged_folder(folder) as staging:
        save_file({"logp": torch.cat(logp), "ids": torch.cat(ids)}, str(staging / CACHE))
        record = {
            "posology": FORM,
            "teacher": dict(teacher.identity),
            "vocabulary": vocabulary_of(teacher),
            "temperature": terms.temperature,
            "top": terms.top,
            "sha256": hash_file("", staging / CACHE).sha256,
            "places": places,
        }
        (staging / "manifest.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _digest(one: Marked) -> str:
    """Return the hash of an example's tokens."""
    return hashlib.sha256(json.dumps([one.context, one.answer]).encode()).hexdigest()[:32]


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if record["posology"] != FORM:
            raise ValueError
        told = {key: record.get(key) for key in ("top", "sha256")}  # unknown of caches made earlier
        told |= {key: record[key] for key in ("vocabulary", "temperature", "places")}
        return told | {"teacher": dict(record["teacher"])}
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(
            f"{folder}: no cache of a teacher, or a damaged one; remove it to make it anew"
        ) from cause


def _read_cache(folder: Path, record: Mapping[str, Any]) -> _Kept:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if record["sha256"] and hash_file("", folder / CACHE).sha256 != record["sha256"]:
            raise ValueError
        tensors = load_file(str(folder / CACHE))
        places = {digest: (int(first), int(rows)) for digest, (first, rows) in record["places"].items()}
        return _Kept(tensors["logp"], tensors["ids"], places)
    except (OSError, SafetensorError, UserError, KeyError, ValueError, TypeError) as cause:
        raise ModelError(f"{folder}: the cache is damaged; remove it to make it anew") from cause
