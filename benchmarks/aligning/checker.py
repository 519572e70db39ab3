"""A logistic model over how a sentence lies on its sources: a support checker as the trained one is."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.chat.generator import ModelIdentity
from posology.chat.weights import check_sha256, find_weights
from posology.errors import ModelError

from .encoder import BertEncoder, open_bert
from .features import FEATURES, source_units, support_features

__all__ = [
    "ENCODER",
    "MODEL",
    "AlignmentChecker",
    "SupportModel",
    "open_alignment_checker",
    "read_support_model",
]

ENCODER = "all-minilm-l6-v2"
MODEL = Path(__file__).parent / "model.json"


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
        return self.probabilities(pairs, self.features(pairs))

    def probabilities(
        self, pairs: Sequence[tuple[str, Sequence[str]]], rows: NDArray[np.float64]
    ) -> list[float]:
        """Return the support of many sentences whose features are known: (pairs, features)."""
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
        encoded = dict(zip(texts, self._encoder.encode(list(texts)), strict=True))
        rows = [support_features(s, u, encoded.__getitem__) for (s, _), u in zip(pairs, units, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(pairs), len(FEATURES))


def open_alignment_checker(*, threads: int = 0) -> AlignmentChecker:
    """Open the encoder and the fitted model; raise ModelError where the encoder's weights are others."""
    found = find_weights(ENCODER)
    folder = found.path if found.path.is_dir() else found.path.parent
    model = read_support_model(MODEL)
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
        raise ModelError(f"{path}: not a support model") from cause
    sizes = {len(model.mean), len(model.scale), len(model.weights), len(FEATURES)}
    if model.features != FEATURES or len(sizes) != 1 or not all(scale > 0 for scale in model.scale):
        raise ModelError(f"{path}: made for other features; fit it anew by benchmarks/support_fit.py")
    return model
