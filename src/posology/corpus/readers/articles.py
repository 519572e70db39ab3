"""Articles in PubTator's form: title and abstract."""

import re
from collections.abc import Iterator
from pathlib import Path

from posology.corpus.readers.raw import Raw, Unreadable, files_of, root_of, text_of
from posology.corpus.spec import SourceSpec

__all__ = ["read_articles"]

_PART = re.compile(r"(\d+)\|([ta])\|(.*)")


def read_articles(source: SourceSpec, beside: Path) -> Iterator[Raw | Unreadable]:
    """Yield title and abstract of each article, the two with a space between; annotations are not text."""
    for number, path in enumerate(files_of(root_of(source, beside), (".txt", ".pubtator")), 1):
        text = text_of(path)
        if text is None:
            yield Unreadable(str(number), "not UTF-8 text, or not readable")
            continue
        for place, block in enumerate(filter(None, re.split(r"\n\s*\n", text.strip())), 1):
            yield _article(f"{number}.{place}", block)


def _article(place: str, block: str) -> Raw | Unreadable:
    rows = block.strip().split("\n")
    parts = [_PART.fullmatch(row) for row in rows[:2]]
    if len(parts) < 2 or not parts[0] or not parts[1] or (parts[0][2], parts[1][2]) != ("t", "a"):
        return Unreadable(place, "no title and abstract (number|t|... and number|a|...)")
    title, body = parts[0], parts[1]
    if title[1] != body[1]:
        return Unreadable(place, "title and abstract of different articles")
    return Raw(place, f"{title[3]} {body[3]}".strip(), title[1], title[1], meta={"kind": "article"})
