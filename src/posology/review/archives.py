"""ZIP archives that people upload: opened within limits, and never written to a disk."""

import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from posology.errors import ChartError

__all__ = ["is_archive", "pack", "require_names", "unpack"]

MOST_FILES = 2_000
MOST_BYTES = 256 * 1024 * 1024  # of all files together, inflated
MOST_RATIO = 250  # inflated to deflated, of a file over a mebibyte; FHIR JSON reaches about 60
_MOST_NAME = 240
_CHUNK = 1 << 16
_SMALL = 1 << 20
_MAGIC = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"BZh",
    b"\xfd7zXZ\x00",
)
_FIXED = (1980, 1, 1, 0, 0, 0)

Files = tuple[tuple[str, bytes], ...]


def is_archive(data: bytes) -> bool:
    """Tell whether bytes begin as a ZIP archive does."""
    return data.startswith(_MAGIC[:2])


def unpack(data: bytes) -> Files:
    """Return the files of an uploaded ZIP; raise ChartError for any that a chart would not hold.

    Refused are more files or bytes than a chart may have, files that inflate beyond reason, archives
    inside the archive, links, encrypted files, and names that are absolute, climb, repeat or hold control
    characters.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES:
                raise ChartError(
                    f"upload: the ZIP holds {len(entries)} files; a chart has at most {MOST_FILES}"
                )
            return tuple(_files(archive, [entry for entry in entries if not entry.is_dir()]))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise ChartError("upload: the ZIP is damaged, encrypted or of a kind that is not read") from None


def _files(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, bytes]]:
    require_names([entry.filename for entry in entries])
    left = MOST_BYTES
    for number, entry in enumerate(entries, start=1):
        where = f"upload: file {number} of the ZIP"
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ChartError(f"{where} is a link; put the file itself in")
        if entry.flag_bits & 0x1:
            raise ChartError(f"{where} is encrypted; upload it without a password")
        data = _inflate(archive, entry, left, where)
        if data.startswith(_MAGIC):
            raise ChartError(f"{where} is an archive itself; put the files in, not archives of them")
        left -= len(data)
        yield entry.filename, data


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, where: str) -> bytes:
    """Inflate a file piece by piece; what the archive says of its size is not believed."""
    parts, size = [], 0
    with archive.open(entry) as stream:
        while part := stream.read(_CHUNK):
            size += len(part)
            if size > left:
                raise ChartError(f"upload: the ZIP inflates to more than {MOST_BYTES >> 20} MiB")
            if size > _SMALL and size > MOST_RATIO * max(1, entry.compress_size):
                raise ChartError(
                    f"{where} inflates more than {MOST_RATIO} times; it is refused as a zip bomb"
                )
            parts.append(part)
    return b"".join(parts)


def require_names(names: Sequence[str]) -> None:
    """Raise ChartError for a file name that is absolute, climbs, repeats or holds control characters."""
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        fault = _fault(name)
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            fault = "has the name of another file"
        if fault:
            raise ChartError(f"upload: file {number} {fault}")
        seen.add(folded)


def _fault(name: str) -> str:
    if not name or len(name) > _MOST_NAME:
        return f"has no name, or one of more than {_MOST_NAME} characters"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") for character in name):
        return "has control characters in its name"
    if name.startswith("/") or "\\" in name or name[1:2] == ":":
        return "has an absolute path, or a backslash, for a name"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "has a name that leads out of its folder"
    return ""


def pack(files: Sequence[tuple[str, bytes]], at: tuple[int, int, int, int, int, int] = _FIXED) -> bytes:
    """Return a ZIP of files: the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name, at)
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return buffer.getvalue()
