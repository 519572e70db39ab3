"""Web addresses, but for those that name a clinical terminology."""

import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["find_urls", "is_terminology"]

# Addresses of code systems name a vocabulary, not a person.
_TERMINOLOGIES = (
    "loinc.org",
    "snomed.info",
    "hl7.org",
    "unitsofmeasure.org",
    "nlm.nih.gov",
    "cms.gov",
    "ama-assn.org",
    "fda.gov",
    "who.int",
    "ihe.net",
    "dicom.nema.org",
)
_URL = re.compile(
    r"(?<![\w@])(?:(?:https?|ftp|sftp|file)://[^\s<>\"'\])]+|www\.[^\s<>\"'\])]+"
    r"|[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|org|net|edu|gov|io|info|us|co\.uk)\b(?:/[^\s<>\"'\])]*)?)",
    re.IGNORECASE,
)
_HOST = re.compile(r"^(?:[a-z]+://)?([^/:?#|]+)", re.IGNORECASE)


def find_urls(text: str) -> list[Replacement]:
    """Find web addresses and bare host names under a common top-level domain."""
    found = [match for match in _URL.finditer(text) if not is_terminology(match[0].rstrip(".,;:"))]
    return [Replacement(m.start(), m.start() + len(m[0].rstrip(".,;:")), Kind.URL, "[URL]") for m in found]


def is_terminology(url: str) -> bool:
    """Say whether an address lies with a publisher of clinical vocabularies."""
    host = _HOST.match(url)
    name = host[1].lower() if host else ""
    return any(name == known or name.endswith(f".{known}") for known in _TERMINOLOGIES)
