"""Reading what people write, and writing files and folders that appear whole or not at all."""

import csv
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from posology.errors import OutputError, UserError

__all__ = ["parse_utf8", "parse_yaml", "read_utf8", "require_free", "staged_folder", "write_atomic"]

MAX_NODES = 200_000  # keys and values of a file that a person writes


def read_utf8(path: Path, error: type[UserError] = UserError) -> str:
    """Return the text of a UTF-8 file; raise ``error`` with the file's name where that fails."""
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise error(f"{path}: cannot be read ({cause.strerror})") from cause
    return parse_utf8(data, path, error)


def parse_utf8(data: bytes, path: Path, error: type[UserError] = UserError) -> str:
    """Return the text of a file's bytes without its byte-order mark; ``path`` is its name in messages."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise error(f"{path}: not UTF-8 text (byte {cause.start}); save it as UTF-8 and try again") from cause


class TableReader:
    """The rows of a delimited table, each a list of texts; ``line`` is the source line read last.

    A field may hold a whole note. The library keeps the length of a field for the process, so it is set
    while a row is read and given back after: another reader of the process keeps its own.
    """

    LONGEST_FIELD = 10_000_000  # characters

    def __init__(self, lines: Iterable[str], *, delimiter: str = ",", strict: bool = False) -> None:
        """Read from lines that keep their ends; ``strict`` refuses what follows a closing quote."""
        self._reader = csv.reader(lines, delimiter=delimiter, strict=strict)

    @property
    def line(self) -> int:
        """Return the number of lines read; the first line is 1."""
        return self._reader.line_num

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the rows; raise csv.Error where a row cannot be read."""
        return self

    def __next__(self) -> list[str]:
        """Return the next row."""
        before = csv.field_size_limit(self.LONGEST_FIELD)
        try:
            return next(self._reader)
        finally:
            csv.field_size_limit(before)


class _PlainLoader(yaml.SafeLoader):
    """YAML in which every plain scalar is text, but for true, false and null."""


_PlainLoader.yaml_constructors = {
    tag: make
    for tag, make in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in ("str", "seq", "bool", "null")
}  # a tag such as !!timestamp is refused: its value would not be text
_PlainLoader.yaml_implicit_resolvers = {}
_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), ["t", "f"])
_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])


def _unique_mapping(loader: _PlainLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands twice", key_node.start_mark
            )
        seen.add(key)
    return {
        loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value
    }


_PlainLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def parse_yaml(text: str, name: str, error: type[UserError] = UserError) -> Any:
    """Parse YAML with strings as strings: ``NO`` is a jurisdiction, ``12E4`` a code, ``35`` the text "35".

    ``true``, ``false`` and ``null`` keep their meaning; numbers are converted by the schema that reads
    them. A key that stands twice is an error. ``name`` is the file's name in messages.
    """
    try:
        value = yaml.load(text, Loader=_PlainLoader)  # a SafeLoader with fewer types
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        hint = (
            "; put text that holds : ? , [ ] { } or # in quotes" if "expected" in str(cause.problem) else ""
        )
        raise error(f"{name}:{where} {cause.problem or 'not YAML'}{hint}") from cause
    except yaml.YAMLError as cause:
        raise error(f"{name}: not YAML ({str(cause).splitlines()[0]})") from cause
    except KeyError as cause:
        raise error(f"{name}: holds a value marked !!bool that is neither true nor false") from cause
    except RecursionError as cause:
        raise error(f"{name}: nested too deeply") from cause
    if not _is_bounded(value):
        raise error(f"{name}: its anchors and aliases unfold without end; write the values out")
    return value


def _is_bounded(value: Any) -> bool:
    """Say whether a value unfolds to fewer than MAX_NODES parts: an alias may hold itself, or multiply."""
    stack, seen = [value], 0
    while stack:
        node = stack.pop()
        seen += 1
        if seen > MAX_NODES:
            return False
        if isinstance(node, dict | list):
            stack.extend(node.values() if isinstance(node, dict) else node)
    return True


def write_atomic(path: Path, data: bytes, *, before: Callable[[], None] | None = None) -> None:
    """Write a file that appears whole or not at all, readable by its owner only.

    ``before`` is called when all is on the disk, right before the old file is replaced: what it raises
    leaves the old file.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if before is not None:
            before()
        Path(temporary).replace(path)
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def staged_folder(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder beside ``target`` that takes its place when the block ends without error.

    A target that exists and is not empty is refused unless ``overwrite``. Whatever happens, either the
    old folder or the whole new one stands there, and no staging folder is left. Owner-only (0700).
    """
    require_free(target, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as cause:
        raise OutputError(f"{target}: cannot be written ({cause.strerror})") from cause
    try:
        yield staging
        _swap(staging, target)
    except OSError as cause:
        raise OutputError(f"{target}: cannot be written ({cause.strerror or cause})") from cause
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def require_free(target: Path, *, overwrite: bool) -> None:
    """Raise unless a folder may be written at ``target``."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError(f"{target}: stands there already and is no folder; name another --out")
    try:
        if not target.is_dir() or not any(target.iterdir()):
            return
    except OSError as cause:
        raise OutputError(f"{target}: cannot be read ({cause.strerror}); name another folder") from cause
    if not overwrite:
        raise OutputError(f"{target}: the folder is not empty; name another or pass --overwrite")
    if not (target / "manifest.json").is_file():
        raise OutputError(
            f"{target}: --overwrite replaces only a folder that Posology wrote (no manifest.json here)"
        )


def _swap(staging: Path, target: Path) -> None:
    if not target.exists():
        staging.rename(target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
    try:
        target.rename(old / "was")
        staging.rename(target)
    finally:  # an error or Ctrl-C between the two renames brings the old folder back
        if not target.exists() and (old / "was").exists():
            (old / "was").rename(target)
        shutil.rmtree(old, ignore_errors=True)
