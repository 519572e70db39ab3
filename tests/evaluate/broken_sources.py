"""The first records of a source, and what becomes of them when a value is missing or of another kind."""

import copy
import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SECRET = "SECRETWORDS"  # stands for text of a patient, which no message may repeat
VALUES: list[Any] = [None, 7, "", [SECRET], {"x": SECRET}]
CELLS = ["", SECRET, "²", "{[]: 1}", "{'contexts': 5}"]
FILES = {
    "healthver": ("healthver_dev.csv",),
    "imhi_dr": ("DR/train.csv",),
    "imhi_dreaddit": ("dreaddit/val.csv",),
    "imhi_sad": ("SAD/val.csv",),
    "medqa_usmle": ("phrases_no_exclude_dev.jsonl",),
    "pubmedqa": ("ori_pqal_train.json",),
    "medec_ms": ("MEDEC-MS-ValidationSet-with-GroundTruth-and-ErrorType.csv",),
    "cams_mental_health": ("IntentSDCNL_Training.csv",),
    "irf_tbe": ("train_data.csv", "val_data.csv"),
    "irf_pbu": ("train_data.csv", "val_data.csv"),
    "expertqa": ("domain_val_healthcare.jsonl",),
    "covidfact_rte": ("train.tsv", "dev.tsv"),
    "medhallu": ("prepared_detection_input.csv",),
    "medhalt_fake": ("reasoning_fake.csv",),
    "mediqa2019_rqe": ("MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml",),
    "bioasq_taskb": ("9B1_golden.json", "9B2_golden.json", "9B3_golden.json"),
    "afrimedqa": ("train.jsonl",),
    "medmcqa": ("dev.json",),
    "ktas_triage": ("train.csv",),
    "openi_indiana_reports": ("indiana_reports.csv",),
    "mts_dialog": ("MTS-Dialog-TrainingSet.csv", "MTS-Dialog-ValidationSet.csv"),
    "mts_dialog_section": ("MTS-Dialog-TrainingSet.csv", "MTS-Dialog-ValidationSet.csv"),
    "aci_bench": ("train.csv", "train_metadata.csv", "valid.csv", "valid_metadata.csv"),
    "symptom_vignettes": ("semigran_vignettes.jsonl",),
    "esi_handbook_cases": ("train.csv",),
    "clinicaflow_vignettes": ("vignettes.jsonl", "vignettes_extended.jsonl"),
    "nursesim_triage": ("gpt_scenarios.json",),
    "ncbi_disease": ("NCBItrainset_corpus.txt", "NCBIdevelopset_corpus.txt"),
    "bc5cdr": ("train.tsv", "devel.tsv"),
    "clinical_trial_parser_ner": ("test_processed_medical_ner.tsv",),
    "e3c_it": ("layer1_iob_Italian_train.txt", "italian_layer1_text/IT100002.json"),
    "e3c_en": ("layer1_iob_English_train.txt",),
    "e3c_es": ("layer1_iob_Spanish_train.txt",),
    "e3c_fr": ("layer1_iob_French_train.txt",),
    "e3c_eu": ("layer1_iob_Basque_train.txt",),
    "ddi_corpus_2013": ("Train/DrugBank/Abciximab_ddi.xml", "Train/MedLine/10150268.xml"),
    "ddi_end_to_end": ("Train/DrugBank/Abciximab_ddi.xml", "Train/MedLine/10150268.xml"),
    "codiesp_en": ("train/trainD.tsv", "dev/devD.tsv"),
    "codiesp_es": ("train/trainD.tsv", "dev/devD.tsv"),
}
_TAGGED = ("bc5cdr", "clinical_trial_parser_ner", "codiesp")


def write_beginning(source: Path, target: Path) -> None:
    """Write the first records of a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(encoding="utf-8-sig", newline="") as stream:
        target.write_text(_beginning(stream, source), encoding="utf-8")


def _beginning(stream: io.TextIOBase, source: Path) -> str:
    if _is_table(source):
        rows = csv.reader(stream, delimiter=_delimiter(source))
        return _table([row for _, row in zip(range(3), rows, strict=False)], source)
    if source.suffix == ".xml":
        return stream.read()
    if source.name == "dev.json" or source.suffix == ".jsonl":
        return "".join(next(stream) for _ in range(2))
    if source.suffix == ".json":
        return json.dumps(_few(json.load(stream)))
    return "".join(line for _, line in zip(range(12), stream, strict=False))


def _is_table(path: Path) -> bool:
    return path.suffix in (".csv", ".tsv") and not any(name in str(path) for name in _TAGGED)


def _delimiter(path: Path) -> str:
    return "," if path.suffix == ".csv" else "\t"


def _few(value: Any) -> Any:
    """Keep the first of many records; of questions one with an answer of yes or no, cut to one passage."""
    if "questions" in value:
        asked = next(row for row in value["questions"] if row["type"] == "yesno")
        return {"questions": [{**asked, "snippets": asked["snippets"][:1]}]}
    if set(value) == set("12345"):
        return {level: rows[:1] for level, rows in value.items()}
    return dict(list(value.items())[:1]) if len(value) > 20 else value


def broken_files(name: str) -> tuple[str, ...]:
    """Return the files of a task that are read in ways of their own; the others are like the first."""
    return FILES[name][:2] if name in ("aci_bench", "e3c_it") else FILES[name][:1]


def variants(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what is broken and the file's content with it, one value at a time."""
    text = path.read_text(encoding="utf-8")
    if _is_table(path):
        yield from _broken_table(text, path)
    elif path.suffix == ".jsonl" or path.name == "dev.json":
        first, last = text.splitlines()
        for why, value in _broken_values(json.loads(last)):
            yield why, f"{first}\n{json.dumps(value)}\n"
        yield "lists in lists", "[" * 100_000
    elif path.suffix == ".json":
        for why, value in _broken_values(json.loads(text)):
            yield why, json.dumps(value)
        yield "a number of too many digits", '{"1": ' + "1" * 5000 + "}"
    elif path.suffix == ".xml":
        yield "an unknown encoding", '<?xml version="1.0" encoding="utf-99"?>' + text.partition("?>")[2]
        for name in ("charOffset", "ddi", "type", "e1", "value"):
            yield f"no {name}", text.replace(f' {name}="', ' zzz="')
            yield f"another {name}", text.replace(f' {name}="', f' {name}="²{SECRET}')
    else:
        yield from _broken_lines(text.splitlines())


def _table(rows: list[list[str]], path: Path) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=_delimiter(path), lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _broken_table(text: str, path: Path) -> Iterator[tuple[str, str]]:
    head, *rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(path)))
    for place, name in enumerate(head[:20]):
        yield f"no column {name}", _table([row[:place] + row[place + 1 :] for row in (head, *rows)], path)
        for cell in CELLS:
            last = [*rows[-1][:place], cell, *rows[-1][place + 1 :]]
            yield f"{name} = {cell!r}", _table([head, *rows[:-1], last], path)
    yield "a short row", _table([head, rows[0][:1]], path)


def _broken_values(value: Any) -> Iterator[tuple[str, Any]]:
    for at in _places(value):
        if at:
            yield f"{at} is gone", _changed(value, at, lambda holder, key: holder.pop(key))
        for new in VALUES:
            yield f"{at} = {new!r}", _changed(value, at, _setting(new)) if at else new


def _setting(new: Any) -> Callable[[Any, Any], None]:
    return lambda holder, key: holder.__setitem__(key, new)


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)[: 1 if set(value) == set("12345") else 6]
    elif isinstance(value, list):
        keys = [0] if value else []
    for key in keys:
        yield from _places(value[key], (*at, key))


def _changed(value: Any, at: tuple[Any, ...], change: Callable[[Any, Any], object]) -> Any:
    whole = copy.deepcopy(value)
    holder = whole
    for key in at[:-1]:
        holder = holder[key]
    change(holder, at[-1])
    return whole


def _broken_lines(lines: list[str]) -> Iterator[tuple[str, str]]:
    for place in range(min(4, len(lines))):
        for why, line in _broken_line(lines[place]):
            yield f"line {place + 1}: {why}", "\n".join([*lines[:place], line, *lines[place + 1 :]])


def _broken_line(line: str) -> Iterator[tuple[str, str]]:
    yield "only words", SECRET
    for sign in ("\t", "|", ":", " "):
        parts = line.split(sign)
        for place in range(min(5, len(parts)) if len(parts) > 1 else 0):
            for cell in ("", "²", SECRET):
                words = sign.join([*parts[:place], cell, *parts[place + 1 :]])
                yield f"part {place + 1} by {sign!r} = {cell!r}", words
