"""The documents of a chart as one text for a person to read."""

from posology.records.chart import Chart

__all__ = ["render_text"]


def render_text(chart: Chart) -> str:
    """Return every document's text under a line that names its source, kind, date and length.

    Offsets of quotes count the characters of one document's text, beginning after its heading line.
    """
    parts: list[str] = []
    for document in chart.documents:
        day = document.date.text if document.date else "no date"
        heading = f"===== {document.source} | {document.kind} | {day} | {len(document.text)} characters ====="
        parts.append(f"{heading}\n{document.text}\n")
    return "\n".join(parts)
