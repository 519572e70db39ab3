"""Completions kept by content: the same model, prompt and settings are asked once.

The cache is one SQLite file that its owner alone can read. It holds answers and the hashes of what was
asked, never the prompts; an answer may repeat words of a patient, so delete the folder when the charts go.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from posology.chat import Completion, Generator, ModelIdentity, OptionScore, Prompt, Scorer
from posology.errors import EngineStopped, OutputError

__all__ = ["CachedGenerator", "CachedScorer", "CompletionCache", "Usage", "with_cache"]

_FORMAT = 1
_CHUNK = 500  # keys a query
_TABLE = (
    "CREATE TABLE IF NOT EXISTS completions "
    "(key BLOB PRIMARY KEY, value TEXT NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID"
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What came out of the cache: how many answers, and the seconds that the model once took for them."""

    hits: int = 0
    seconds: float = 0.0


class CompletionCache:
    """Answers by the hash of what was asked; several processes may use one folder at once."""

    def __init__(self, folder: Path) -> None:
        """Open the cache of a folder, which is made where it does not exist."""
        self.path = folder / "completions.sqlite"
        self._usage = Usage()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as cause:
            raise OutputError(f"{self.path}: cannot be written ({cause.strerror})") from cause
        with self._saying():
            self._base = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._prepare()

    def _prepare(self) -> None:
        found = self._base.execute("PRAGMA user_version").fetchone()[0]
        tables = {row[0] for row in self._base.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        if found not in (0, _FORMAT) or (found == 0 and tables - {"completions"}):
            raise OutputError(f"{self.path}: not a cache of this version of Posology; name another folder")
        self._base.execute(_TABLE)
        self._base.execute(f"PRAGMA user_version={_FORMAT}")

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Any]:
        """Return the values of the keys that are known."""
        found: dict[bytes, Any] = {}
        seconds = 0.0
        with self._saying():
            for start in range(0, len(keys), _CHUNK):
                some = keys[start : start + _CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, value, seconds FROM completions WHERE key IN ({marks})"
                for key, value, took in self._base.execute(query, some):
                    found[key] = json.loads(value)
                    seconds += took
        self._usage = Usage(self._usage.hits + len(found), self._usage.seconds + seconds)
        return found

    def keep(self, values: Sequence[tuple[bytes, Any]], seconds: float) -> None:
        """Keep values, each with its share of the seconds that they took together."""
        share = seconds / len(values) if values else 0.0
        rows = [(key, json.dumps(value), share) for key, value in values]
        with self._saying():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany("INSERT OR IGNORE INTO completions VALUES (?, ?, ?)", rows)
                self._base.execute("COMMIT")
            except sqlite3.Error:
                self._base.execute("ROLLBACK")
                raise

    def take_usage(self) -> Usage:
        """Return what came out of the cache since this was last asked."""
        usage, self._usage = self._usage, Usage()
        return usage

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextmanager
    def _saying(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as cause:
            raise OutputError(
                f"{self.path}: the cache cannot be used ({cause}); delete the file or name another folder"
            ) from cause


class CachedGenerator:
    """A generator that asks a model only what the cache does not know."""

    def __init__(self, generator: Generator, cache: CompletionCache) -> None:
        """Take the generator and the cache; both stay open."""
        self._generator = generator
        self._cache = cache
        self._model = _model_key(generator.identity)

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self._generator.identity

    @property
    def window(self) -> int:
        """Return how many tokens prompt and answer may have together."""
        return self._generator.window

    def count_tokens(self, prompt: Prompt) -> int:
        """Return the number of tokens of the prompt as it will be sent."""
        return self._generator.count_tokens(prompt)

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        """Answer every prompt, in order; equal prompts of one call are asked once."""
        keys = [_key("generate", self._model, prompt) for prompt in prompts]
        found = self._cache.find(list(dict.fromkeys(keys)))
        missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in found}
        if missing:
            known = sum(key in found for key in keys)
            tell = (lambda done: progress(known + done)) if progress else None
            started = time.perf_counter()
            try:
                made = self._generator.generate(list(missing.values()), progress=tell)
            except EngineStopped as cause:
                answered = [one for one in cause.answered if isinstance(one, Completion)]
                found |= self._keep(list(missing)[: len(answered)], answered, time.perf_counter() - started)
                first = takewhile(found.__contains__, keys)
                raise EngineStopped(str(cause), [Completion(**found[key]) for key in first]) from cause
            found |= self._keep(list(missing), made, time.perf_counter() - started)
        if progress and prompts:
            progress(len(prompts))
        return [Completion(**found[key]) for key in keys]

    def _keep(self, keys: Sequence[bytes], made: Sequence[Completion], seconds: float) -> dict[bytes, Any]:
        """Keep completions by their keys, and return them."""
        values = [(key, asdict(one)) for key, one in zip(keys, made, strict=True)]
        self._cache.keep(values, seconds)
        return dict(values)


class CachedScorer(CachedGenerator):
    """A cached generator that also tells how likely given answers are."""

    def __init__(self, generator: "ScoringGenerator", cache: CompletionCache) -> None:
        """Take the generator and the cache; both stay open."""
        super().__init__(generator, cache)
        self._scorer: Scorer = generator

    def score(self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]) -> list[list[OptionScore]]:
        """Return the score of each option of each prompt; a prompt's options are asked together."""
        pairs = list(zip(prompts, options, strict=True))
        keys = [_key("score", self._model, prompt, tuple(some)) for prompt, some in pairs]
        found = self._cache.find(list(dict.fromkeys(keys)))
        missing = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in found}
        if missing:
            started = time.perf_counter()
            made = self._scorer.score(
                [one[0] for one in missing.values()], [one[1] for one in missing.values()]
            )
            values = [(key, [asdict(one) for one in row]) for key, row in zip(missing, made, strict=True)]
            self._cache.keep(values, time.perf_counter() - started)
            found.update(values)
        return [[OptionScore(**one) for one in found[key]] for key in keys]


class ScoringGenerator(Generator, Scorer, Protocol):
    """A generator that is a scorer too."""


def with_cache(generator: Generator, cache: CompletionCache) -> CachedGenerator:
    """Return the generator behind a cache; one that scores goes on to score."""
    if callable(getattr(generator, "score", None)):
        return CachedScorer(generator, cache)  # type: ignore[arg-type]  # it has both, as was just asked
    return CachedGenerator(generator, cache)


def _model_key(identity: ModelIdentity) -> list[str]:
    return [identity.sha256, identity.name, identity.version, identity.engine]


def _key(verb: str, model: list[str], prompt: Prompt, options: tuple[str, ...] = ()) -> bytes:
    """Return the hash of all that decides an answer; the class of a constraint is part of it."""
    constraint, sampling = prompt.constraint, prompt.sampling
    asked = [
        verb,
        model,
        [[message.role, message.content] for message in prompt.messages],
        [type(constraint).__name__, asdict(constraint)] if constraint else None,
        prompt.max_tokens,
        asdict(sampling) if sampling else None,
        prompt.opening,
        options,
    ]
    text = json.dumps(asked, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
