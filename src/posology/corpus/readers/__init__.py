"""What reads a source: a function for each kind, which yields texts and what it could not read."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from posology.corpus.readers.articles import read_articles
from posology.corpus.readers.charts import read_charts
from posology.corpus.readers.lines import read_record_lines
from posology.corpus.readers.notes import read_notes, read_texts
from posology.corpus.readers.raw import Raw, Unreadable
from posology.corpus.readers.submissions import read_submissions
from posology.corpus.readers.tables import read_tables
from posology.corpus.spec import Kind, SourceSpec

__all__ = ["READERS", "Raw", "Unreadable"]

READERS: Mapping[Kind, Callable[[SourceSpec, Path], Iterator[Raw | Unreadable]]] = {
    "text": read_texts,
    "notes": read_notes,
    "jsonl": read_record_lines,
    "pubtator": read_articles,
    "csv": read_tables,
    "fhir": read_charts,
    "submissions": read_submissions,
}
