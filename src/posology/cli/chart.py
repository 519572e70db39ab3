"""posology chart: what was read."""

from typing import Annotated, Any

import typer

from posology.cli.show import JsonFlag, print_json, print_table, print_text
from posology.errors import ChartError

__all__ = ["app"]

app = typer.Typer(help="Look at a chart as Posology reads it.", no_args_is_help=True)

ChartArgument = Annotated[str, typer.Argument(help="A Bundle, a folder, or - for standard input.")]
Restricted = Annotated[
    bool, typer.Option("--include-restricted", help="Read resources labelled restricted too.")
]


@app.command()
def show(chart: ChartArgument, include_restricted: Restricted = False, as_json: JsonFlag = False) -> None:
    """List what the chart holds, and what could not be read."""
    from posology.records import read_chart

    record = read_chart(chart, include_restricted=include_restricted)
    counts = {kind: len(group) for kind, group in sorted(record.by_type.items())}
    documents = [_document(document) for document in record.documents]
    unread = [{"source": item.source, "why": item.why} for item in record.unread]
    if as_json:
        print_json(
            {
                "patient": record.patient.reference,
                "resources": counts,
                "documents": documents,
                "unread": unread,
            }
        )
        return
    print_table("Resources", ["type", "count"], list(counts.items()))
    columns = ["source", "kind", "date", "characters", "title"]
    print_table("Documents", columns, [[document[key] for key in columns] for document in documents])
    print_table("Not read", ["source", "why"], [[item["source"], item["why"]] for item in unread])


@app.command()
def text(
    chart: ChartArgument,
    source: Annotated[str | None, typer.Argument(help="One document's source; all by default.")] = None,
    include_restricted: Restricted = False,
    as_json: JsonFlag = False,
) -> None:
    """Print the text that quotes are offsets into: one document exactly, or all with headings."""
    from posology.records import read_chart, render_text

    record = read_chart(chart, include_restricted=include_restricted)
    if source is None:
        if as_json:
            print_json([_document(document) | {"text": document.text} for document in record.documents])
        else:
            print_text(render_text(record))
        return
    document = record.document(source)
    if document is None:
        known = ", ".join(d.source for d in record.documents[:20]) or "none"
        raise ChartError(f"{chart}: no document {source!r}; the chart's documents: {known}")
    if as_json:
        print_json(_document(document) | {"text": document.text})
    else:
        print_text(document.text)


def _document(document: Any) -> dict[str, object]:
    return {
        "source": document.source,
        "kind": document.kind,
        "date": document.date.text if document.date else None,
        "characters": len(document.text),
        "title": document.title,
    }
