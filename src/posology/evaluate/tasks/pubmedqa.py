"""PubMedQA: a research question answered by its abstract with yes, no or maybe."""

from collections.abc import Iterator
from pathlib import Path

from posology.errors import UserError
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_json
from posology.evaluate.task import Card, Family, Reference, Task

__all__ = ["PUBMEDQA"]

_LABELS = ("yes", "no", "maybe")
_TEST = "official test list, 500 questions, abstract given"


def _read(folder: Path) -> Iterator[Item]:
    path = folder / "ori_pqal_train.json"
    articles = read_json(path)
    if not isinstance(articles, dict):
        raise UserError(f"{path}: an object with an article for each number is needed")
    for number, row in articles.items():
        if missing := [key for key in ("QUESTION", "CONTEXTS", "final_decision") if not row.get(key)]:
            raise UserError(f"{path}, article {number}: no {', '.join(missing)}")
        if row["final_decision"] not in _LABELS:
            raise UserError(f"{path}, article {number}: final_decision is none of {', '.join(_LABELS)}")
        abstract = "\n".join(row["CONTEXTS"])
        yield Item(
            id=number,
            group=number,
            text=f"Abstract: {abstract}\nQuestion: {row['QUESTION']}",
            gold=row["final_decision"],
            slices={"length": length_slice(abstract), "published": _period(row.get("YEAR"))},
        )


def _period(year: str | None) -> str:
    if not year:
        return "unknown"
    return "before 2010" if int(year) < 2010 else "2010 and later"


def _ask(item: Item) -> str:
    return item.text


PUBMEDQA = Task(
    name="pubmedqa",
    family=Family.QUESTIONS,
    language="en",
    folder="pubmedqa",
    read=_read,
    system="You answer questions about biomedical research from the abstract of an article.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="PubMedQA (expert-labelled)",
        source="Jin et al., EMNLP 2019; pubmedqa/pubmedqa, the 500 articles not on the official test list",
        licence="MIT",
        url="https://github.com/pubmedqa/pubmedqa",
        about="The title of an article is a question; its abstract without the conclusion is given: is the "
        "answer yes, no or maybe? Labelled by two experts.",
        leaks="The conclusions stand in PubMed, and the set in many instruction sets since 2019. MedHallu "
        "asks about the same 500 articles: who learns from one has seen the other's abstracts.",
        limits="Always yes is right for 55 %, so accuracy says little; maybe is rare (11 %). Published "
        "scores are accuracy on the test list, which is not in this copy.",
        references=(
            Reference(
                "BioLinkBERT-large, fine-tuned",
                "accuracy",
                0.722,
                _TEST,
                "LinkBERT, ACL 2022",
                "V",
                340_000_000,
            ),
            Reference(
                "Gemma 3 4B", "accuracy", 0.684, _TEST, "arXiv 2604.05081", "V", parameters=4_000_000_000
            ),
            Reference(
                "MedGemma 1 4B", "accuracy", 0.734, _TEST, "arXiv 2604.05081", "V", parameters=4_000_000_000
            ),
        ),
    ),
)
