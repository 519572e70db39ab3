"""The profiles that need no settings file."""

from collections.abc import Mapping
from typing import Any

__all__ = ["BUILT_IN_PROFILES"]

BUILT_IN_PROFILES: Mapping[str, Mapping[str, Any]] = {
    "embedded": {
        "writer": {"engine": "openvino", "model": "judge-writer"},
        "validator": {"engine": "embedded-checker"},
        "embedder": {"engine": "static"},
    },
    "rules": {
        "writer": {"engine": "none"},
        "validator": {"engine": "none"},
        "embedder": {"engine": "static"},
    },
    "workstation": {
        "writer": {"engine": "openai", "base_url": "http://127.0.0.1:8000/v1", "model": "Qwen/Qwen3.5-4B"},
        "validator": {
            "engine": "openai",
            "base_url": "http://127.0.0.1:8001/v1",
            "model": "google/medgemma-4b-it",
        },
        "embedder": {"engine": "static"},
    },
}
