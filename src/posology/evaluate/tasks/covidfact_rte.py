"""COVID-Fact: whether passages of the web support a claim about COVID-19."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of, linked_groups, same_words
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_csv, require_label, require_text
from posology.evaluate.task import Card, Family, Task

__all__ = ["COVIDFACT_RTE"]

_LABELS = ("yes", "no")
_SAID = {"entailment": "yes", "not_entailment": "no"}
_COLUMNS = {"train": "label", "dev": "entailment"}  # of the label: the two files name it differently


def _read(folder: Path) -> Iterator[Item]:
    rows = [
        (name, line, row, _SAID[require_label(row[label], tuple(_SAID), line)])
        for name, label in _COLUMNS.items()
        for line, row in read_csv(
            folder / f"{name}.tsv", ("index", "sentence1", "Sentence2", label), delimiter="\t"
        )
    ]
    keys = [
        (f"evidence {same_words(row['sentence1'])}", f"claim {same_words(row['Sentence2'])}")
        for _, _, row, _ in rows
    ]
    for (name, line, row, gold), group in zip(rows, linked_groups(keys), strict=True):
        evidence, claim = require_text(row, "sentence1", line), require_text(row, "Sentence2", line)
        yield Item(
            id=f"{name}-{row['index']}",
            group=group_of(group),
            text=f"Evidence: {evidence}\nClaim: {claim}",
            gold=gold,
            slices={"file": name, "length": length_slice(evidence)},
        )


def _ask(item: Item) -> str:
    return f"{item.text}\n\nDoes the evidence support the claim?"


COVIDFACT_RTE = Task(
    name="covidfact_rte",
    family=Family.CLAIMS,
    language="en",
    folder="covidfact_rte",
    read=_read,
    system="You check claims about COVID-19 against evidence.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="COVID-Fact (RTE form)",
        source="Saakyan et al., ACL 2021; asaakyan/covidfact, development file and four tenths of training",
        licence="not stated",
        url="https://github.com/asaakyan/covidfact",
        about="A claim from a forum of Reddit and sentences of a web page that the claim links to: do they "
        "support it? Claims that they refute were made by a machine, which changed a word of a true one.",
        leaks="The pages and the set are on the web since 2021. True claims and their changed copies share "
        "evidence and are in one part; changed words can sound odd and give the label away.",
        limits='Two claims in three are refuted: accuracy says little. No label says "neither".',
    ),
)
