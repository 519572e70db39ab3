"""The files beside a folder's weights that change its answers: tokenizer, chat template, configuration."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from posology.errors import ModelError

__all__ = ["OPENVINO_FILES", "TRANSFORMERS_FILES", "answers_sha256"]

TRANSFORMERS_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "*tokens*.json",  # special_tokens_map.json, added_tokens.json
    "chat_template*",
    "additional_chat_templates/*",
    "vocab*",
    "merges.txt",
    "*.model",  # of SentencePiece
    "*.tiktoken",
    "*.safetensors.index.json",
)
OPENVINO_FILES = ("openvino_[!m]*", "openvino_model*.xml", *TRANSFORMERS_FILES)  # all but openvino_model.bin


def answers_sha256(weights_sha256: str, folder: Path, patterns: Sequence[str]) -> str:
    """Return the hash of weights and of the files of their folder that change what they answer."""
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    digest = hashlib.sha256(f"answers/1 {weights_sha256}\n".encode())
    for path in sorted(found):
        digest.update(f"{path.relative_to(folder).as_posix()} {_hash(path)}\n".encode())
    return digest.hexdigest()


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as cause:
        raise ModelError(f"{path}: cannot be read ({cause.strerror})") from cause
