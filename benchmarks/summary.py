"""Write docs/measurements.md from the result files under reports/, so that no number is typed by hand.

python benchmarks/summary.py            # write
python benchmarks/summary.py --check    # fail where the page differs from the results
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from common import REPORTS, ROOT, load, share
from summary_embedder import embedder
from summary_evaluate import SECTIONS as EVALUATION
from summary_heads import checker, heads
from summary_workshop import SECTIONS as WORKSHOP

PAGE = ROOT / "docs" / "measurements.md"
_REPORT_OF = {
    "checker": "checker",
    "serving": "serve",
    "faults": "faults",
}  # long runs, whose reports may not be there yet


def main() -> None:
    """Write the page, or compare it."""
    text = "\n".join(render()) + "\n"
    if "--check" not in sys.argv:
        PAGE.write_text(text)
    elif PAGE.read_text() != text:
        sys.exit("docs/measurements.md differs from reports/: run python benchmarks/summary.py")


def render() -> Iterator[str]:
    """Yield the page's lines."""
    yield "# Measurements"
    yield ""
    yield "Made by `python benchmarks/summary.py` from the files under `reports/`; each has a manifest with command,"
    yield "settings, versions, machine and date. Intervals are 95 %. Made charts are synthetic: what a text leaf scores"
    yield "on them says little of what it scores on a hospital's notes."
    parts = [criteria, grounding, facts, support, retrieval, embedder, heads, speed, second, ledger]
    parts += [part for part in (checker, serving, faults) if (REPORTS / _REPORT_OF[part.__name__]).is_dir()]
    later = [section for name, section in EVALUATION.items() if (REPORTS / name).is_dir()]
    later += [
        section for section, names in WORKSHOP.items() if all((REPORTS / name).is_dir() for name in names)
    ]
    for part in (*parts, deidentification, *later):
        yield ""
        yield from part()


def criteria() -> Iterator[str]:
    """Yield the section on criteria."""
    r, where = load("criteria")
    yield "## Criteria of made charts"
    yield ""
    yield f"{where}. {r['charts']} charts of ten policies whose answers are known by construction;"
    yield "the model is the untuned writer, smollm2-135m-instruct (the tuned one: below)."
    yield ""
    yield "| what | result |"
    yield "|---|---|"
    yield f"| structured leaves right | {share(r['structured_leaves_right'])} |"
    yield f"| all leaves right | {share(r['all_leaves_right'])} |"
    yield f"| conclusions right | {share(r['conclusions_right'])} |"
    yield f"| still met after all its witnesses were removed | {share(r['removal']['still_met'])} |"
    yield f"| asked for after its witnesses were removed | {share(r['removal']['asked_for'])} |"
    yield ""
    yield "Text leaves:"
    yield ""
    yield "| read by | status | precision | recall |"
    yield "|---|---|---|---|"
    for reader, table in r["text_leaves"].items():
        for status in ("met", "not_met", "unknown"):
            row = table[status]
            yield f"| {reader} | {status} | {share(row['precision'])} | {share(row['recall'])} |"
    yield ""
    yield "Text leaves read by rules, met only, by note style:"
    yield ""
    yield "| style | precision | recall |"
    yield "|---|---|---|"
    for style, table in r["text_leaves_by_style"].items():
        yield f"| {style} | {share(table['met']['precision'])} | {share(table['met']['recall'])} |"


def grounding() -> Iterator[str]:
    """Yield the section on letters."""
    r, where = load("grounding")
    yield "## No invention, no omission"
    yield ""
    yield f"{where}. {r['packets']} letters of made, Synthea and Da Vinci charts, judged by an extractor that shares no"
    yield "code with the program's checks; written by the untuned writer (the tuned one: below)."
    yield ""
    yield "| what | result |"
    yield "|---|---|"
    yield f"| sentences with a fact that stands in no cited source | {share(r['sentences_with_invention'])} |"
    yield f"| quotes that differ from their source | {share(r['quotes_that_differ'])} |"
    yield f"| met leaves whose decisive fact the letter omits | {share(r['met_leaves_omitted'])} |"
    authors = ", ".join(f"{name} {n}" for name, n in r["sentences_by_author"].items())
    yield f"| sentences by author | {authors} |"
    yield f"| sentences withheld | {r['withheld']} |"
    for cause, n in r["withheld_by_cause"].items():
        yield f"| withheld: {cause} | {n} |"


def facts() -> Iterator[str]:
    """Yield the section on fact checks."""
    r, where = load("factchecks")
    yield "## Fact checks"
    yield ""
    yield f"{where}. Held-out half of the material; half of the faulty sentences are reworded."
    yield ""
    yield "| fault | found |"
    yield "|---|---|"
    for fault, row in r["faults"].items():
        yield f"| {fault} | {share(row)} |"
    yield ""
    yield "| clean sentences | false alarms |"
    yield "|---|---|"
    for name, row in r["clean"].items():
        yield f"| {name} | {share(row)} |"
    yield ""
    yield "Outside tests, and what limits them: [fact checks](fact-checks.md)."


def support() -> Iterator[str]:
    """Yield the section on the alignment."""
    r, where = load("support")
    yield "## The checker of version 0.1.0"
    yield ""
    yield f"{where}. The fitted alignment, which is no part of the package any more, beside plain word overlap on the"
    yield "same items: balanced accuracy. The checker that ships: [below](#the-trained-checker)."
    yield ""
    yield "| set | n | alignment | word overlap |"
    yield "|---|---|---|---|"
    for name, row in r.items():
        if isinstance(row, dict) and "checker" in row:
            cells = [
                f"{row[k]['balanced_accuracy']:.3f} ({row[k]['ci95'][0]:.3f}-{row[k]['ci95'][1]:.3f})"
                for k in ("checker", "word_overlap")
            ]
            yield f"| {name} | {row['n']} | {cells[0]} | {cells[1]} |"


def retrieval() -> Iterator[str]:
    """Yield the section on search."""
    r, where = load("retrieval")
    yield "## Search"
    yield ""
    yield f"{where}. MedQuAD questions against its answers."
    yield ""
    yield "| leg | n | recall@10 | nDCG@10 |"
    yield "|---|---|---|---|"
    for leg, row in r.items():
        if isinstance(row, dict) and "recall@10" in row:
            cells = [
                f"{row[k]['value']:.3f} ({row[k]['ci95'][0]:.3f}-{row[k]['ci95'][1]:.3f})"
                for k in ("recall@10", "ndcg@10")
            ]
            yield f"| {leg} | {row['n']} | {cells[0]} | {cells[1]} |"


def speed() -> Iterator[str]:
    """Yield the section on speed."""
    rules, where = load("draft-rules")
    models, _ = load("draft-embedded")
    size, _ = load("draft-size")
    yield "## Speed and memory of a draft, after loading"
    yield ""
    yield f"{where} and the parts `embedded` and `size`; the letter's three files are included."
    yield ""
    yield "| what | target | measured |"
    yield "|---|---|---|"
    kilobytes = rules["chart_bytes_median"] // 1000
    yield f"| rules only, {kilobytes} kB chart, {rules['leaves']} leaves, p50 | 0.5 s | {rules['seconds_p50']:.2f} s (n = {rules['runs']}, p95 {rules['seconds_p95']:.2f} s) |"
    ours, plain = models["ours"], models["plain"]
    yield f"| embedded models, {models['text_leaves_median']} text leaves (median), p50 | 8 s | {ours['seconds_p50']:.2f} s (n = {models['runs']}, p95 {ours['seconds_p95']:.2f} s) |"
    yield f"| its peak memory | 2.5 GB | {models['peak_mb'] / 1000:.2f} GB |"
    yield f"| prompt tokens, p50 | - | {ours['prompt_tokens_p50']} |"
    yield f"| the plain way, same model: seconds and prompt tokens, p50 | - | {plain['seconds_p50']:.2f} s, {plain['prompt_tokens_p50']} |"
    last = size["rows"][-1]
    yield f"| rules only, {last['resources']:,} observations and {last['notes']:,} notes | 30 s | {last['seconds']:.2f} s |"
    yield f"| its peak memory | 3 GB | {size['peak_mb'] / 1000:.2f} GB |"
    yield ""
    yield "The plain way: BM25's ten best passages and the policy in one prompt, the whole letter out. It decides no"
    yield "criterion and nothing it writes is checked."
    yield ""
    yield "![Seconds against chart size](../reports/draft-size/time-against-size.svg)"


def second() -> Iterator[str]:
    """Yield the section on the second FHIRPath engine."""
    r, where = load("second-engine")
    yield "## Second FHIRPath engine"
    yield ""
    yield f"{where}. Agreement with fhirpath.js on the expressions of the shipped policies and others, over made charts and"
    yield "Synthea; the edge probes are odd on purpose, and the report explains every disagreement."
    yield ""
    yield "| part | same result |"
    yield "|---|---|"
    for name, row in r["same_result"].items():
        yield f"| {name} | {share(row)} |"


def ledger() -> Iterator[str]:
    """Yield the section on the ledger."""
    r, where = load("ledger")
    kinds = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    yield "## The ledger"
    yield ""
    yield f"{where}. An append is a transaction of its own, on the disk when it is acknowledged; threads that write at the"
    yield "same time share commits. Proofs are among 100,000 entries."
    yield ""
    yield "| what | target | " + " | ".join(kinds.values()) + " |"
    yield "|---|---|---|---|"
    for number, row in enumerate(r["sqlite"]["one_act_a_transaction"]):
        cells = [f"{r[kind]['one_act_a_transaction'][number]['per_second']:,.0f}" for kind in kinds]
        target = "1,000" if row["threads"] > 1 else "-"
        yield f"| appends a second, {row['threads']} thread{'s' if row['threads'] > 1 else ''} | {target} | {' | '.join(cells)} |"
    cells = [f"{r[kind]['verify']['seconds']:.1f} s" for kind in kinds]
    yield f"| {r['sqlite']['verify']['entries']:,} entries verified | 10 s | {' | '.join(cells)} |"
    for key, words in (
        ("proof_ms", "a proof that an entry stands in it"),
        ("consistency_ms", "a proof that one head grew from another"),
    ):
        cells = [f"p50 {r[kind][key]['p50']:.1f} ms, p95 {r[kind][key]['p95']:.1f} ms" for kind in kinds]
        yield f"| {words} (n = {r['sqlite'][key]['n']}) | 5 ms | {' | '.join(cells)} |"


def serving() -> Iterator[str]:
    """Yield the section on the application under load."""
    r, where = load("serve")

    def cell(row: dict[str, Any]) -> str:
        parts = []
        for name in ("p50", "p95", "p99"):
            low_high = row[name]["ci95"]
            interval = f" ({low_high[0]:.0f}-{low_high[1]:.0f})" if low_high else ""
            parts.append(f"{row[name]['value']:.0f}{interval}")
        return f"{row['n']:,} | " + " | ".join(parts)

    cpu = sum(row["cpu_share"] for row in r["processes"].values())
    memory = sum(row["memory_mb"]["peak"] for row in r["processes"].values()) / 1000
    yield "## The application under load"
    yield ""
    yield f"{where}. 200 reviewers, each acting every two seconds, {r['requests_a_second']:.0f} requests a second of which"
    yield f"{r['writes']:,} of {r['requests']:,} write, on a store of {r['store']['packets']:,} packets, over loopback; the load itself runs on the"
    yield "same cores. Times count from the moment a request was meant to start, so that a slow answer delays no measurement."
    yield ""
    yield "| what | n | p50 ms | p95 ms | p99 ms |"
    yield "|---|---|---|---|---|"
    yield f"| reads (target: p95 200 ms) | {cell(r['reads_ms'])} |"
    yield f"| writes | {cell(r['writes_ms'])} |"
    for kind, row in r["by_kind_ms"].items():
        yield f"| - {kind} | {cell(row)} |"
    yield f"| the worklist alone, without load (target: p95 100 ms) | {cell(r['worklist_alone_ms'])} |"
    yield ""
    yield f"Errors: {r['errors']}{' ' + str(r['errors_by']) if r['errors'] else ''} (target 0); acts refused as another's came first: {r['refused_as_another_was_first']}. The application took {cpu:.1f} of"
    yield f"{r['cores']} cores and {memory:.1f} GB at its peak. Afterwards the ledger of {r['store']['entries']:,} entries and"
    yield f"{r['store']['rows']:,} rows verified in {r['store']['verify_s']} s."
    earlier = json.loads((ROOT / "reports" / "serve" / "earlier.json").read_text())
    yield ""
    yield "The target of the reads is missed: this load needs most of two cores, so waits grow steeply when the processor, shared with"
    yield f"others, is slow. The same run when the worklist alone took {earlier['worklist_alone_ms']['p50']['value']:.0f} ms (now {r['worklist_alone_ms']['p50']['value']:.0f} ms) had its p95 of reads at {earlier['reads_ms']['p95']['value']:.0f} ms (`reports/serve/earlier.json`)."


def faults() -> Iterator[str]:
    """Yield the section on processes killed at random moments."""
    r, where = load("faults")
    yield "## Processes killed at random moments"
    yield ""
    yield f"{where}. `kill -9` of the process that serves, that drafts, that minds them, or of all (and of PostgreSQL), at a moment"
    yield "drawn over the usual time of an act. Afterwards every acknowledged act must be there, none half-done, no draft twice, the"
    yield "ledger and every row verified, and every head given out before consistent."
    yield ""
    yield "| database | kills | acts done | violations | again at work after, p50 / p95 / longest |"
    yield "|---|---|---|---|---|"
    for name, row in r.items():
        times = row["recovered_s"]
        yield f"| {name} | {row['kills']} | {row['acts']} | {len(row['violations'])} | {times['p50']:.1f} / {times['p95']:.1f} / {times['longest']:.1f} s |"


def deidentification() -> Iterator[str]:
    """Yield the section on de-identification."""
    r, where = load("deidentify")
    made, visits, words = r["made_charts"], r["visits_names_left"], r["names_that_are_words"]
    leaked = {key: sum(row[key] for row in made["leaked"].values()) for key in ("k", "n")}
    lost = {key: sum(row[key] for row in made["lost"].values()) for key in ("k", "n")}
    notes = r["nothing_known"]["mtsamples_sample"]["words_removed"]
    yield "## De-identification"
    yield ""
    yield f"{where}. Patterns and tests have one author, and the patterns were tuned while looking at these sets: none is held out."
    yield ""
    yield "| what | result |"
    yield "|---|---|"
    yield f"| identifiers of {made['charts']} made charts that were left, all written forms | {leaked['k']} of {leaked['n']:,} |"
    yield f"| clinical terms, numbers and phrases that were lost | {lost['k']} of {lost['n']:,} |"
    yield f"| the same for six patients whose names are words: left | {share(words['leaked'])} |"
    yield f"| names left in visit notes, the chart known | {share(visits['note']['known'])} |"
    yield f"| names left in visit notes, nothing known | {share(visits['note']['unknown'])} |"
    yield f"| names left in visit dialogues, the chart known | {share(visits['dialogue']['known'])} |"
    yield f"| names left in visit dialogues, nothing known | {share(visits['dialogue']['unknown'])} |"
    yield f"| words removed from transcribed notes, nothing known | {100 * notes['rate']:.2f} % of {notes['n']:,} |"


if __name__ == "__main__":
    main()
