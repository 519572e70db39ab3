"""Does a sentence follow from its cited sources? One protocol; the validator is a trained head.

The fitted alignment, the validator before it, is what the head is measured against.
"""

import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from posology.chat.generator import ModelIdentity
from posology.chat.weights import check_sha256, find_weights
from posology.errors import ModelError
from posology.evidence.alignment import FEATURES, source_units, support_features
from posology.evidence.bert import BertEncoder, Encoded, open_bert
from posology.evidence.heads.checker import open_head_checker

__all__ = [
    "SHIPPED_HEAD",
    "AlignmentChecker",
    "SupportChecker",
    "SupportModel",
    "open_alignment_checker",
    "open_support_checker",
    "read_support_model",
]

CHECKER = "all-minilm-l6-v2"
SHIPPED_HEAD = Path(__file__).parent / "models" / "checker-minilm"
_MODEL = Path(__file__).parent / "models" / "support-minilm" / "model.json"
_KEPT = 2000  # encoded texts that are remembered: the sentences of one letter cite the same sources


class SupportChecker(Protocol):
    """Scores how well sources support a sentence; a validator of another family than the writer."""

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        ...

    @property
    def threshold(self) -> float:
        """Return the least score that counts as supported."""
        ...

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return the support of one sentence by its sources, 0 to 1."""
        ...

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Return the support of many sentences, each by its own sources, in order."""
        ...


@dataclass(frozen=True, slots=True)
class SupportModel:
    """A logistic model over the features: standardised by mean and scale, then weighed."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    threshold: float
    encoder_sha256: str
    sha256: str  # of the file

    def probability(self, features: NDArray[np.float64]) -> float:
        """Return the probability that a pair with these features is supported."""
        standard = (features - np.array(self.mean)) / np.array(self.scale)
        value = float(standard @ np.array(self.weights)) + self.bias
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, value))))


class AlignmentChecker:
    """A logistic model over how a sentence's word pieces, words and numbers lie on its sources."""

    def __init__(self, encoder: BertEncoder, model: SupportModel, identity: ModelIdentity) -> None:
        """Take the encoder, the logistic model and the identity of both."""
        self._encoder = encoder
        self._model = model
        self._identity = identity
        self._known: OrderedDict[str, Encoded] = OrderedDict()

    @property
    def identity(self) -> ModelIdentity:
        """Say which weights these are."""
        return self._identity

    @property
    def threshold(self) -> float:
        """Return the least score that counts as supported."""
        return self._model.threshold

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return the support of one sentence by its sources; without sources or words it is 0."""
        return self.score_many([(sentence, sources)])[0]

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Return the support of many sentences; each text is encoded once."""
        rows = self.features(pairs)
        return [
            self._model.probability(row) if sentence.strip() and any(s.strip() for s in sources) else 0.0
            for row, (sentence, sources) in zip(rows, pairs, strict=True)
        ]

    def features(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> NDArray[np.float64]:
        """Return the features of each pair: (pairs, features)."""
        units = [source_units(sources) for _, sources in pairs]
        texts = dict.fromkeys(
            t for (sentence, _), u in zip(pairs, units, strict=True) for t in (sentence, *u)
        )
        encoded = self._encode(list(texts))
        rows = [support_features(s, u, encoded.__getitem__) for (s, _), u in zip(pairs, units, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(pairs), len(FEATURES))

    def _encode(self, texts: Sequence[str]) -> dict[str, Encoded]:
        fresh = [text for text in texts if text not in self._known]
        found = dict(zip(fresh, self._encoder.encode(fresh), strict=True)) if fresh else {}
        result = {text: found[text] if text in found else self._known[text] for text in texts}
        self._known.update(found)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return result


def open_support_checker(
    head: Path | None = None,
    *,
    sha256: str = "",
    home: Path | None = None,
    threads: int = 0,
    shipped: Path = SHIPPED_HEAD,
) -> SupportChecker:
    """Open the support checker: the trained head in ``head``, else the ``shipped`` one.

    Raises ModelError where weights are missing or are not those that the card, or ``sha256``, names: no
    weaker checker steps in, and without weights a site runs without a validator on purpose, or not at all.
    """
    checker = open_head_checker(head or shipped, threads=threads, home=home)
    if sha256 and checker.identity.sha256 != sha256.lower():
        raise ModelError(
            f"{head or checker.identity.name}: the validator's weights have another hash than the settings "
            "name: refused"
        )
    return checker


def open_alignment_checker(
    name: str = CHECKER, *, home: Path | None = None, threads: int = 0
) -> AlignmentChecker:
    """Open the checker that was fitted to how a sentence's words lie on its sources; raise ModelError."""
    if name != CHECKER:
        raise ModelError(f"{name}: no support checker of this name; there is {CHECKER}")
    found = find_weights(name, home)
    folder = found.path if found.path.is_dir() else found.path.parent
    model = read_support_model(_MODEL)
    digest = check_sha256(folder / "model.safetensors", model.encoder_sha256)
    return AlignmentChecker(open_bert(folder, threads=threads), model, _identity(model, digest))


def _identity(model: SupportModel, digest: str) -> ModelIdentity:
    from importlib.metadata import version

    return ModelIdentity(
        name="support-minilm",
        family="bert",
        version=model.sha256[:12],
        sha256=digest,
        engine=f"openvino {version('openvino')}",
    )


def read_support_model(path: Path) -> SupportModel:
    """Read the logistic model; raise ModelError where it is damaged or made for other features."""
    try:
        data = path.read_bytes()
        raw: dict[str, Any] = json.loads(data)
        model = SupportModel(
            features=tuple(raw["features"]),
            mean=tuple(map(float, raw["mean"])),
            scale=tuple(map(float, raw["scale"])),
            weights=tuple(map(float, raw["weights"])),
            bias=float(raw["bias"]),
            threshold=float(raw["threshold"]),
            encoder_sha256=str(raw["encoder_sha256"]),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{path}: not a support model; reinstall posology") from cause
    sizes = {len(model.mean), len(model.scale), len(model.weights), len(FEATURES)}
    if model.features != FEATURES or len(sizes) != 1 or not all(scale > 0 for scale in model.scale):
        raise ModelError(f"{path}: made for other features; reinstall posology")
    return model
