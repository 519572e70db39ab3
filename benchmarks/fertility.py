"""Tokens a word of clinical text, by tokenizer, section and code system.

    .venv/bin/python benchmarks/fertility.py smollm2=FOLDER minilm=FOLDER --prefill 1716 --decode 43

Each FOLDER holds a tokenizer.json, such as those that the transformers engine keeps. Texts are the notes of
aci_bench, the reports of openi_indiana_reports, and sentences that name diagnoses by their codes: 2,000 of
icd10cm_codes, evenly drawn, two a sentence. What it costs in time is told of the first tokenizer.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import DATA, text_record, visit_notes, write_report
from posology.adapt.fertility import Fertility, Speed, measure_fertility
from posology.adapt.vocabulary import open_encode
from posology.evaluate.splits import load_parts
from posology.evaluate.task import Part
from posology.evaluate.tasks import find_task

CODES = 2_000


def texts() -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of text with its name."""
    yield "notes of visits", visit_notes()
    tune = load_parts(find_task("openi_indiana_reports"), DATA)[Part.TUNE]
    yield "chest x-ray reports", [item.text for item in tune]
    with (DATA / "icd10cm_codes" / "icd10cm_tabular_descriptions.tsv").open(encoding="utf-8") as file:
        codes = [row for row in csv.DictReader(file, delimiter="\t") if "." in row["code"]]
    some = codes[:: len(codes) // CODES][:CODES]
    said = [f"{row['description']} ({row['code']})" for row in some]
    yield (
        "diagnoses with codes",
        [f"Assessment: {a}. {b}." for a, b in zip(said[::2], said[1::2], strict=True)],
    )


def told(found: Fertility, speed: Speed | None) -> dict[str, Any]:
    """Return what is written of one tokenizer on one kind of text; sections with 500 words or more."""
    kept = found.record()
    kept["sections"] = {name: one for name, one in kept["sections"].items() if one["words"] >= 500}
    if speed:
        kept["seconds_of_1000_words"] = found.seconds(speed)
    return kept


def main() -> None:
    """Count and write reports/fertility."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tokenizer", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--prefill", type=float, help="tokens a second that it reads")
    parser.add_argument("--decode", type=float, help="tokens a second that it writes")
    given = parser.parse_args()
    if (given.prefill is None) is not (given.decode is None):
        parser.error("--prefill and --decode go together")
    folders = {name: Path(folder) for name, _, folder in (one.partition("=") for one in given.tokenizer)}
    first = next(iter(folders))
    results: dict[str, Any] = {}
    for kind, found in texts():
        records = [text_record(n, text, kind) for n, text in enumerate(found)]
        results[kind] = {"texts": len(records)}
        for name, folder in folders.items():
            encode = open_encode(folder / "tokenizer.json")
            speed = Speed(given.prefill, given.decode) if name == first and given.prefill else None
            results[kind][name] = told(measure_fertility(encode, records), speed)
            print(kind, name, results[kind][name]["whole"], results[kind][name]["codes"])
    settings = {"prefill": given.prefill, "decode": given.decode, "tokenizers": list(folders)}
    write_report("fertility", results, command="benchmarks/fertility.py NAME=FOLDER ...", settings=settings)


if __name__ == "__main__":
    main()
