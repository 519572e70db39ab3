"""posology label: what a trained head finds in texts."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posology.cli.show import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from posology.evidence.heads import Head

__all__ = ["label"]


def label(
    files: Annotated[list[Path], typer.Argument(help="Texts, a file each.", metavar="FILE...")],
    head: Annotated[
        str, typer.Option(help="The folder of a trained head, or the name of one that ships.", metavar="HEAD")
    ],
    source: Annotated[
        Path | None,
        typer.Option(help="What the texts are held against, for a head of pairs.", metavar="FILE"),
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Processor threads; 0: all.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Find spans in texts, or give them labels, with a trained head."""
    from posology.errors import UserError
    from posology.evidence.heads import find_head, open_head
    from posology.files import read_utf8

    folder = find_head(head)
    texts = [read_utf8(path) for path in files]
    opened = open_head(folder, threads=threads)
    if (opened.card.kind == "pair") != (source is not None):
        raise UserError(
            f"--source: {opened.card.name} reads pairs: name the file that texts are held against"
            if source is None
            else f"--source: {opened.card.name} reads texts alone: leave it out"
        )
    names = [str(path) for path in files]
    rows = list(_rows(opened, names, texts, read_utf8(source) if source else ""))
    if as_json:
        print_json(rows)
    elif opened.card.kind == "token":
        columns = ["file", "start", "end", "label", "probability", "text"]
        print_table("", columns, [[_told(row[name]) for name in columns] for row in rows])
    else:
        table = [[row["file"], row["label"], _told(row["scores"][row["label"]])] for row in rows]
        print_table("", ["file", "label", "probability"], table)


def _told(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _rows(head: "Head", names: Sequence[str], texts: Sequence[str], source: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each span, or one for each text; offsets are characters, half-open."""
    if head.card.kind == "token":
        for name, text, spans in zip(names, texts, head.find_spans(texts), strict=True):
            for span in spans:
                place = {"file": name, "start": span.start, "end": span.end, "label": span.label}
                yield {**place, "probability": span.score, "text": text[span.start : span.end]}
        return
    if head.card.kind == "pair":
        found = head.label_pairs([(text, source) for text in texts])
    else:
        found = head.label_texts(texts)
    for name, one in zip(names, found, strict=True):
        yield {"file": name, "label": one.best, "scores": dict(one.scores)}
