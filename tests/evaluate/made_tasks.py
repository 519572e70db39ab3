"""Small made tasks and items, and a generator that leans to one label."""

from collections.abc import Callable, Sequence
from pathlib import Path

from posology.chat import OptionScore, Prompt, ScriptedGenerator
from posology.evaluate.forms import ChoiceForm, CodesForm, MentionsForm, TextForm
from posology.evaluate.items import Item, Mention
from posology.evaluate.task import Card, Family, Form, Task

CARD = Card("made", "made", "none", "", "made", "none")


def made_task(form: Form, metric: str, *, labels: tuple[str, ...] = (), language: str = "en") -> Task:
    return Task(
        name="made",
        family=Family.CLAIMS,
        language=language,
        folder="made",
        read=lambda _: [],
        system="You judge claims.",
        ask=ask,
        form=form,
        metric=metric,
        card=CARD,
        labels=labels,
    )


def ask(item: Item) -> str:
    options = "".join(f"\n{letter}. {text}" for letter, text in zip("ABCDE", item.options, strict=False))
    return f"{item.text}{options}"


LABELS = ("Yes", "No", "Maybe")
CHOICE = made_task(ChoiceForm(LABELS), "macro-F1", labels=LABELS)
OPTIONS = made_task(ChoiceForm(), "accuracy")
MENTIONS = made_task(MentionsForm({"Disease": "disease"}), "strict F1")
CODES = made_task(CodesForm(r"[A-Z]\d{2}"), "micro-F1")
TEXT = made_task(TextForm("Write the impression."), "ROUGE-L")

_WORDS = {"Yes": "helps cures improves", "No": "harms worsens fails", "Maybe": "unclear mixed unknown"}


def choice_items(count: int, prefix: str = "t") -> list[Item]:
    items = []
    for number in range(count):
        gold = LABELS[number % 3]
        word = _WORDS[gold].split()[number % 2]
        text = f"Claim {number}: the drug {word} the heart{' again' * (number % 5)}."
        items.append(Item(f"{prefix}{number}", f"{prefix}g{number // 2}", text, gold))
    return items


def mention(text: str, words: str, label: str = "Disease") -> Mention:
    start = text.index(words)
    return Mention(start, start + len(words), label, words)


def entity_item(number: int, text: str, *words: str) -> Item:
    return Item(f"e{number}", f"eg{number}", text, tuple(sorted(mention(text, word) for word in words)))


class Leaning(ScriptedGenerator):
    """Scores the options of a prompt by a function of prompt and option."""

    def __init__(self, lean: Callable[[Prompt, str], float], answers: Sequence[str] = ()) -> None:
        super().__init__(answers)
        self._lean = lean
        self.scored: list[Prompt] = []

    def score(self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]) -> list[list[OptionScore]]:
        self.scored += prompts
        return [
            [OptionScore(self._lean(prompt, option), len(option.split())) for option in given]
            for prompt, given in zip(prompts, options, strict=True)
        ]


NOWHERE = Path("nowhere")
