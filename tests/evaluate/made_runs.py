"""Small made tasks and arms for the tests of runs: no patient's words."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from posology.errors import EngineError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item, Response
from posology.evaluate.task import Card, Family, Task

LABELS = ("routine", "urgent")
CARD = Card("Made", "made here", "Apache-2.0", "https://example.org", "Made items.", "None.")
MADE = Task(
    name="made",
    family=Family.TRIAGE,
    language="en",
    folder="made",
    read=lambda folder: iter(made_items(20)),
    system="You read referrals.",
    ask=lambda item: f"{item.text}\nHow urgent?",
    form=ChoiceForm(LABELS),
    metric="macro-F1",
    card=CARD,
    labels=LABELS,
)


def made_items(n: int) -> list[Item]:
    """Return n items, two of each group; every third is urgent."""
    return [
        Item(
            f"item-{number}",
            f"group-{number // 2}",
            f"Referral {number} about knee pain.",
            LABELS[number % 3 == 0],
            slices={"age": "old" if number % 4 else "young"},
        )
        for number in range(n)
    ]


MADE_BY = ArmIdentity("made", "rules", engine="made")


@dataclass
class MadeArm:
    """Answers with the gold label but for every seventh item; may be slow, or die at an item."""

    identity: ArmIdentity = MADE_BY
    fingerprint: str = "made-1"
    dies_at: str = ""
    delay_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    log: Path | None = None

    def answer(
        self, items: Sequence[Item], *, progress: Callable[[int], None] | None = None
    ) -> list[Response]:
        done = []
        for item in items:
            if item.id == self.dies_at:
                raise EngineError("the engine is gone")
            time.sleep(self.delay_s)
            self.asked.append(item.id)
            if self.log is not None:
                with self.log.open("a") as stream:
                    stream.write(item.id + "\n")
            done.append(self._respond(item))
            if progress:
                progress(len(done))
        return done

    def _respond(self, item: Item) -> Response:
        number = int(item.id.partition("-")[2])
        if number % 7 == 6:
            return Response(None, failure="parse: no label", text="?", prompt_tokens=11, seconds=0.25)
        return Response(
            str(item.gold),
            text=str(item.gold),
            scores={label: 0.9 if label == item.gold else 0.1 for label in LABELS},
            prompt_tokens=11,
            output_tokens=1,
            seconds=0.5,
        )
