"""What a run is given beside its recipe: folders, the examples of tasks, who hears of progress."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from posology.adapt.encoders.labelled import Labelled
from posology.corpus import Example
from posology.corpus.held import Held
from posology.errors import UserError

__all__ = ["Job", "TaskExamples", "TaskLabelled", "no_held", "no_labelled", "no_tasks", "silent"]

TaskExamples = Callable[[str, Literal["tune", "select"]], Sequence[Example]]
"""From a task's name and a part to its examples; a part that holds scores is never asked for."""


def no_tasks(task: str, part: str) -> Sequence[Example]:  # noqa: ARG001  (the type's)
    """Stand for a caller that knows no tasks: refuse them by name."""
    raise UserError(f"data.tasks: {task}: this call has no tasks; name folders of examples under corpora")


TaskLabelled = Callable[[str, Literal["tune", "select"]], Sequence[Labelled]]
"""The same for encoders: labelled texts, pairs and spans."""


def no_labelled(task: str, part: str) -> Sequence[Labelled]:  # noqa: ARG001  (the type's)
    """Stand for a caller that knows no tasks: refuse them by name."""
    raise UserError(
        f"data.tasks: {task}: this call has no tasks; name folders of labelled texts under corpora"
    )


def no_held(_: tuple[str, ...] = ()) -> Held | None:
    """Stand for a caller that knows no test texts."""
    return None


def silent(stage: str, done: int | None = None, total: int | None = None) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run. ``folder`` is the recipe file's: paths in the recipe are taken from there."""

    out: Path
    folder: Path = field(default_factory=Path)
    examples: TaskExamples = no_tasks
    labelled: TaskLabelled = no_labelled
    held: Callable[[tuple[str, ...]], Held | None] = no_held  # test texts, but those of the tasks named
    home: Path | None = None  # the folder that holds models, where it is not $POSOLOGY_HOME
    overwrite: bool = False
    restart: bool = False  # begin anew though a checkpoint is there
    watts: float | None = None  # what the machine draws under load, as stated; None: energy is unknown
    tokens_per_second: float | None = None  # as stated, for plans; None: a plan measures it
    tell: Callable[..., None] = silent  # (stage, done, total)
    warn: Callable[[str], None] = silent  # of what a person should know before the first step

    def energy_wh(self, seconds: float) -> float | None:
        """Return the energy of so many seconds in watt hours; None where no draw is stated."""
        return None if self.watts is None else self.watts * seconds / 3600

    def place(self, path: str) -> Path:
        """Return a path of the recipe."""
        return self.folder / Path(path).expanduser()

    @property
    def work(self) -> Path:
        """Return the folder beside ``out`` that holds log and checkpoint until the model is done."""
        return self.out.parent / f"{self.out.name}.work"
