"""Clinical Trial Parser: what kinds of conditions the eligibility criteria of trials name."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import MentionsForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item, Mention
from posology.evaluate.reading import Line, read_lines, require_label
from posology.evaluate.task import Card, Family, Task

__all__ = ["CLINICAL_TRIAL_PARSER_NER"]

_NAMES = {
    "age": "age",
    "allergy_name": "allergy",
    "bmi": "body mass index",
    "cancer": "cancer",
    "chronic_disease": "chronic disease",
    "clinical_variable": "clinical variable",
    "contraception_consent": "contraception",
    "ethnicity": "ethnicity",
    "gender": "gender",
    "language_fluency": "language",
    "lower_bound": "lower bound",
    "pregnancy": "pregnancy",
    "technology_access": "technology access",
    "treatment": "treatment",
    "upper_bound": "upper bound",
}


def _read(folder: Path) -> Iterator[Item]:
    for line, row in read_lines(folder / "test_processed_medical_ner.tsv"):
        spans, tab, text = row.partition("\t")
        if not tab or not text.strip():
            raise line.fault("not start:end:type,... a tab and a criterion")
        mentions = sorted(_mention(line, span, text) for span in spans.split(",") if span)
        yield Item(
            id=f"{line.number:04}",
            group=group_of(text),
            text=text,
            gold=tuple(mentions),
            slices={"mentions": str(len(mentions)) if len(mentions) < 4 else "4 and more"},
        )


def _mention(line: Line, span: str, text: str) -> Mention:
    """Read a span: the source counts characters from one, the end not in it."""
    values = span.split(":")
    if len(values) != 3 or not (values[0].isdecimal() and values[1].isdecimal()):
        raise line.fault("a span that is not start:end:type")
    start, end = int(values[0]) - 1, int(values[1]) - 1
    if not 0 <= start < end <= len(text):
        raise line.fault("a span outside the criterion")
    return Mention(start, end, require_label(values[2], tuple(_NAMES), line), text[start:end])


def _ask(item: Item) -> str:
    return f"Criterion: {item.text}\n\nWhich conditions does this eligibility criterion of a trial name?"


CLINICAL_TRIAL_PARSER_NER = Task(
    name="clinical_trial_parser_ner",
    family=Family.ENTITIES,
    language="en",
    folder="clinical_trial_parser_ner",
    read=_read,
    system="You take the eligibility criteria of clinical trials apart.",
    ask=_ask,
    form=MentionsForm(
        names=_NAMES,
        lead="Copy each exactly as it stands in the criterion, one per line",
        max_words=15,
        max_tokens=400,
    ),
    metric="strict F1",
    card=Card(
        title="Clinical Trial Parser, named entities",
        source="Tseo et al. 2020; facebookresearch/Clinical-Trial-Parser, test file, 70 % of its lines",
        licence="Apache 2.0",
        url="https://github.com/facebookresearch/Clinical-Trial-Parser",
        about="Lines of eligibility criteria of ClinicalTrials.gov, lower case and cut into words: which "
        "stretches name a disease, a cancer, a treatment, a variable, a bound, and so on (15 types)?",
        leaks="The file is on the web since 2020, the criteria before. Lines do not say of which trial they "
        "are: only lines of the same words are kept in one part, so phrases that trials share may stand in "
        "several.",
        limits="Numbers are masked in the source (@NUMBER). Seven types have fewer than 120 mentions, two of "
        "them fewer than ten: read the scores of the types with their n. Our parts are all of the source's "
        "test file, the only one that could be had. Five mentions of 16 words and more are longer than a "
        "constrained answer may be; 30 of 7,910 have words that stand earlier in the line as no mention.",
    ),
)
