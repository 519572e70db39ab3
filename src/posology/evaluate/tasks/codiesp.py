"""CodiEsp: the ICD-10-CM diagnosis codes of clinical cases, in Spanish and machine-translated English."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from posology.evaluate.forms import CodesForm
from posology.evaluate.icd10cm import ICD_10_CM
from posology.evaluate.items import Item
from posology.evaluate.reading import Line, read_lines
from posology.evaluate.task import Card, Family, Part, Shares, Task

__all__ = ["CODIESP_EN", "CODIESP_ES"]

_FILES = {"train": "trainD.tsv", "dev": "devD.tsv"}
_ONE_CODE = re.compile(ICD_10_CM)
_CASE = re.compile(r"[A-Za-z0-9-]{1,80}")  # which names the file of its text


def _reader(texts: str) -> Callable[[Path], Iterator[Item]]:
    def read(folder: Path) -> Iterator[Item]:
        coded = {part: _codes(folder / part / name) for part, name in _FILES.items()}
        reported = {_article(case) for case in coded["dev"]}
        for part, cases in coded.items():
            for case, codes in cases.items():
                article = _article(case)
                yield Item(
                    id=f"{part}/{case}",
                    group=f"{'dev' if article in reported else 'train'}/{article}",
                    text=_text(folder / part / texts / f"{case}.txt"),
                    gold=tuple(sorted(codes)),
                    slices={"codes": _how_many(len(codes))},
                )

    return read


def _article(case: str) -> str:
    """Return the number of the article that a case is of: an article may describe several."""
    return case.rpartition("-")[0] or case


def _codes(path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line, text in read_lines(path):
        values = text.split("\t")
        code = values[-1].strip().upper()
        if len(values) != 2 or not _CASE.fullmatch(values[0]) or not _ONE_CODE.fullmatch(code):
            raise line.fault("not the number of a case, a tab and an ICD-10-CM code")
        found.setdefault(values[0], set()).add(code)
    return found


def _text(path: Path) -> str:
    text = "\n".join(text for _, text in read_lines(path)).strip()
    if not text:
        raise Line(path, 1).fault("the text of the case is empty")
    return text


def _how_many(codes: int) -> str:
    return "1 to 5" if codes <= 5 else "6 to 10" if codes <= 10 else "11 and more"


def _part_of(item: Item) -> Part | None:
    return Part.REPORT if item.group.startswith("dev/") else None


_LIMITS = (
    "Coders' own disagreement bounds every score. 21 % of the codes of the development cases stand in no "
    "training case. The copy holds 300 of the 500 training cases and 125 of the 250 development cases; the "
    "report part is the development cases and the seven training cases of the same articles. Published "
    "scores are of the test cases, and mostly mean average precision, so none stands beside ours. Whether a "
    "code exists is not checked, only its form."
)


def _card(title: str, text: str) -> Card:
    return Card(
        title=title,
        source="Miranda-Escalada et al., CLEF eHealth 2020 (CodiEsp), gold version 4, diagnoses",
        licence="CC BY 4.0",
        url="https://temu.bsc.es/codiesp/",
        about="A published clinical case and all the ICD-10-CM diagnosis codes that coders gave it: "
        f"which are they? {text}",
        leaks="The cases are journal articles (SciELO), the annotations on the web since 2020.",
        limits=_LIMITS,
    )


def _form(lead: str) -> CodesForm:
    return CodesForm(ICD_10_CM, lead=lead, max_items=40, max_tokens=320)


_SHARES = Shares(tune=0.8, select=0.2, report=0.0, part_of=_part_of)

CODIESP_EN = Task(
    name="codiesp_en",
    family=Family.CODING,
    language="en",
    folder="codiesp",
    read=_reader("text_files_en"),
    system="You code the diagnoses of clinical cases with ICD-10-CM.",
    ask=lambda item: f"Clinical case:\n{item.text}\n\nWhich ICD-10-CM diagnosis codes does this case have?",
    form=_form("Answer with the codes only, one per line, such as N44.8."),
    metric="micro-F1",
    shares=_SHARES,
    card=_card(
        "CodiEsp diagnoses, English", "The English is a machine translation of the Spanish that was coded."
    ),
)

CODIESP_ES = Task(
    name="codiesp_es",
    family=Family.CODING,
    language="es",
    folder="codiesp",
    read=_reader("text_files"),
    system="Codificas los diagnósticos de casos clínicos con la CIE-10-ES (ICD-10-CM).",
    ask=lambda item: f"Caso clínico:\n{item.text}\n\n¿Qué códigos de diagnóstico CIE-10 tiene este caso?",
    form=_form("Responde solo con los códigos, uno por línea, como N44.8."),
    metric="micro-F1",
    shares=_SHARES,
    card=_card("CodiEsp diagnoses, Spanish", "The Spanish is the text that was coded."),
)
