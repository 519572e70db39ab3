"""The data card of a corpus: what is in it, what may be done with it, what stayed out, what is not known."""

from collections.abc import Sequence

from posology.corpus.counts import Counts
from posology.corpus.licences import may_ship
from posology.corpus.spec import Spec

__all__ = ["render_card"]

_SHOWN = 40  # reasons in the table; rejected.jsonl has every text


def render_card(spec: Spec, counts: Counts) -> str:
    """Return the card as Markdown."""
    sections = [
        f"# Corpus {spec.name}\n" + (f"\n{spec.about}\n" if spec.about else ""),
        _sources(spec, counts),
        _permission(counts),
        _gate(spec, counts),
        _left_out(counts),
        _copies(spec, counts),
        _tests(counts),
        _parts(spec, counts),
    ]
    return "\n".join(sections)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(map(_cell, row)) + " |" for row in rows)]) + "\n"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "/").replace("\n", " ")


def _sources(spec: Spec, counts: Counts) -> str:
    rows = [
        (
            one.name,
            one.kind,
            one.licence,
            one.consent or "-",
            one.language,
            counts.read[one.name],
            counts.kept[one.name],
            counts.words[one.name],
        )
        for one in spec.source
    ]
    columns = ("source", "kind", "licence", "consent", "language", "read", "kept", "words kept")
    total = f"\n{sum(counts.kept.values()):,} of {sum(counts.read.values()):,} texts are kept.\n"
    return "## Sources\n\n" + _table(columns, rows) + total


def _permission(counts: Counts) -> str:
    barred = sorted(licence for licence in counts.licences if not may_ship(licence))
    rows = [(name, n, "yes" if may_ship(name) else "no") for name, n in sorted(counts.licences.items())]
    words = (
        f"Weights trained on the whole corpus may not be given away: {', '.join(barred)}."
        if barred
        else "By these licences weights trained on it may be given away; consent is the site's to judge."
    )
    table = _table(("licence", "texts", "weights may be given away"), rows)
    return f"## What it may be used for\n\n{table}\n{words}\n"


def _gate(spec: Spec, counts: Counts) -> str:
    rows = [
        (
            one.name,
            "passed" if one.gated else f"not passed: {one.without_gate}",
            f"{counts.known[one.name]:,} of {counts.read[one.name]:,}" if one.gated else "-",
        )
        for one in spec.source
    ]
    kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(counts.replaced.items())) or "none"
    how = "by surrogates of their form" if spec.replace == "surrogates" else "by labels"
    return (
        "## De-identification\n\n"
        + _table(("source", "gate", "texts with a chart of their patient"), rows)
        + f"\nIdentifiers are replaced {how}; in the texts that passed the filters: {kinds}.\n\n"
        "Where a chart tells who the patient is, their identifiers are found reliably; those of people whom "
        "no chart names are found in part. Read a sample before the corpus leaves the site.\n"
    )


def _left_out(counts: Counts) -> str:
    rows = counts.by_reason()
    if not rows:
        return "## Left out\n\nNothing.\n"
    more = f"\n{len(rows) - _SHOWN} further reasons: see rejected.jsonl.\n" if len(rows) > _SHOWN else ""
    shown = [(source, reason, n) for source, reason, n in rows[:_SHOWN]]
    return "## Left out\n\n" + _table(("source", "reason", "texts"), shown) + more


def _copies(spec: Spec, counts: Counts) -> str:
    near = spec.duplicates.near
    rule = (
        f"near copies (Jaccard similarity of five-word runs from {near:g} on)"
        if near < 1
        else "no near copies"
    )
    cut = (
        f" {counts.cut_short:,} texts had more candidates than are compared: copies among them may be left."
        if counts.cut_short
        else ""
    )
    return (
        f"## Copies\n\nExact copies (the same words) and {rule} are left out, within and across sources; the "
        f"first in the order of the sources stays. {counts.compared:,} pairs were compared exactly.{cut}\n"
    )


def _tests(counts: Counts) -> str:
    if not counts.protected:
        return "## Test texts\n\nNo test texts were given: nothing shows that none is in the corpus.\n"
    found = [(owner, n) for owner, n in sorted(counts.contaminated.items())]
    table = "\n" + _table(("test texts of", "texts left out"), found) if found else ""
    return (
        f"## Test texts\n\n{counts.protected:,} test texts, with their options, were looked for (13 words in "
        f"a row, or all of a shorter text); {sum(counts.contaminated.values()):,} texts held one and are "
        f"left out.\n{table}"
    )


def _parts(spec: Spec, counts: Counts) -> str:
    rows = [(name, counts.parts[name]) for name in ("tune", "select", "report")]
    return (
        "## Parts\n\nPatients and documents are dealt out by a hash of the corpus' name and their own "
        f"({spec.parts.select:g} select, {spec.parts.report:g} report); each record says its part in "
        "`meta.part`.\n\n" + _table(("part", "texts"), rows)
    )
