"""IMHI: depression, stress and its cause in posts of social media, as three tasks."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import Line, length_slice, read_csv
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Reference, Task

__all__ = ["IMHI_DR", "IMHI_DREADDIT", "IMHI_SAD"]

_QUERY = re.compile(r'Consider this post: "(.*)" Question: ([^"?]+\?)', re.DOTALL)
_CAUSE = "This post shows the stress cause related to "


@dataclass(frozen=True, slots=True)
class _Subset:
    """One of the three: its file, and the sentence of the source for each label."""

    file: str
    sentences: Mapping[str, str]

    def read(self, folder: Path) -> Iterator[Item]:
        rows = list(read_csv(folder / self.file, ("query", "gpt-3.5-turbo")))
        posts = [_post_of(row["query"], line) for line, row in rows]
        for (line, row), post, group in zip(rows, posts, similar_groups(posts), strict=True):
            yield Item(
                id=f"{Path(self.file).parent.name}-{line.number}",
                group=group,
                text=post,
                gold=self._label_of(row["gpt-3.5-turbo"], line),
                slices={"length": length_slice(post)},
            )

    def _label_of(self, answer: str, line: Line) -> str:
        """Return the label: the sentence before the reasoning, as the authors' own score program reads it."""
        sentence, found, _ = answer.partition(" Reasoning:")
        if not found or sentence not in self.sentences:
            raise line.fault("the answer does not begin with the sentence of a label and `Reasoning:`")
        return self.sentences[sentence]


def _post_of(query: str, line: Line) -> str:
    match = _QUERY.fullmatch(query.strip())
    if not match or not match[1].strip():
        raise line.fault('the query is not `Consider this post: "…" Question: …?`')
    return match[1].strip()


def _asking(question: str) -> Callable[[Item], str]:
    return lambda item: f"Post: {item.text}\n\nQuestion: {question}"


_YES_NO = ("yes", "no")
_CAUSES = (
    "school",
    "financial problem",
    "family issues",
    "social relationships",
    "work",
    "health issues",
    "emotional turmoil",
    "everyday decision making",
    "other causes",
)


def _yes_no(illness: str) -> dict[str, str]:
    return {
        f"Yes, the poster suffers from {illness}.": "yes",
        f"No, the poster does not suffer from {illness}.": "no",
    }


_CAUSE_SENTENCES = {
    **{f"{_CAUSE}{cause.replace('emotional', 'emotion')}.": cause for cause in _CAUSES[:-1]},
    "This post shows other stress causes.": "other causes",
}


def _card(title: str, file: str, about: str, leaks: str, references: tuple[Reference, ...]) -> Card:
    return Card(
        title=title,
        source=f"Yang et al., WWW 2024 (IMHI); SteveKGYang/MentalLLaMA, {file}",
        licence="MIT",
        url="https://github.com/SteveKGYang/MentalLLaMA",
        about=f"{about} The gold label is the sentence that opens the reference answer, as the authors' own "
        "score program reads it; the reasoning after it, by gpt-3.5-turbo, is not used.",
        leaks=leaks,
        limits="Labels of posts, not diagnoses of persons. Authors are not known, so posts of one author may "
        "stand in two parts. Published scores are weighted F1 on the test files, which are not in this copy.",
        references=references,
    )


def _reference(system: str, value: float, parameters: int | None, test: str) -> Reference:
    return Reference(
        system, "weighted F1", value, f"IMHI test file of {test}", "arXiv 2309.13567, table", "V2", parameters
    )


IMHI_DR = Task(
    name="imhi_dr",
    family=Family.MENTAL_HEALTH,
    language="en",
    folder="imhi_mental_health",
    read=_Subset("DR/train.csv", _yes_no("depression")).read,
    system="You read posts of social media for signs of mental illness.",
    ask=_asking("Does the poster suffer from depression?"),
    form=ChoiceForm(_YES_NO),
    labels=_YES_NO,
    metric="macro-F1",
    card=_card(
        "IMHI, DR: depression",
        "training file of DR",
        "A post of Reddit: does its author suffer from depression?",
        "Posts were labelled by the forum that they come from (Pirina and Coltekin 2018): words of the forum "
        "can give the label away. Public since 2018.",
        (
            _reference("MentalRoBERTa, fine-tuned", 0.9423, 125_000_000, "DR"),
            _reference("MentaLLaMA-chat-7B", 0.8395, 7_000_000_000, "DR"),
            _reference("ChatGPT, zero-shot", 0.8241, None, "DR"),
        ),
    ),
)

IMHI_DREADDIT = Task(
    name="imhi_dreaddit",
    family=Family.MENTAL_HEALTH,
    language="en",
    folder="imhi_mental_health",
    read=_Subset("dreaddit/val.csv", _yes_no("stress")).read,
    system="You read posts of social media for signs of mental illness.",
    ask=_asking("Does the poster suffer from stress?"),
    form=ChoiceForm(_YES_NO),
    labels=_YES_NO,
    metric="macro-F1",
    card=_card(
        "IMHI, Dreaddit: stress",
        "validation file of dreaddit",
        "A passage of a post of Reddit: is its author stressed? By readers (Turcan, McKeown 2019).",
        "Public since 2019; other passages of the same posts are in the training file of the source.",
        (
            _reference("MentalRoBERTa, fine-tuned", 0.8176, 125_000_000, "Dreaddit"),
            _reference("MentaLLaMA-chat-7B", 0.6220, 7_000_000_000, "Dreaddit"),
            _reference("ChatGPT, zero-shot", 0.7179, None, "Dreaddit"),
        ),
    ),
)

IMHI_SAD = Task(
    name="imhi_sad",
    family=Family.MENTAL_HEALTH,
    language="en",
    folder="imhi_mental_health",
    read=_Subset("SAD/val.csv", _CAUSE_SENTENCES).read,
    system="You read short messages about everyday stress.",
    ask=_asking("What is the cause of the stress?"),
    form=ChoiceForm(_CAUSES),
    labels=_CAUSES,
    metric="macro-F1",
    card=_card(
        "IMHI, SAD: causes of stress",
        "validation file of SAD",
        "A sentence about stress: which of nine causes has it? Labelled by readers (Mauriello et al. 2021).",
        "Public since 2021. Many sentences name their cause in a word.",
        (
            _reference("MentalRoBERTa, fine-tuned", 0.6844, 125_000_000, "SAD"),
            _reference("MentaLLaMA-chat-7B", 0.6218, 7_000_000_000, "SAD"),
            _reference("ChatGPT, zero-shot", 0.5405, None, "SAD"),
        ),
    ),
)
