"""Write the committed splits of the tasks, or check them; the data must be there for every task named."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from posology.errors import UserError
from posology.evaluate.splits import committed_split, data_folder, deal_parts, describe_split
from posology.evaluate.task import Part, Task
from posology.evaluate.tasks import TASKS, find_task

FOLDER = Path(__file__).resolve().parent.parent / "src" / "posology" / "evaluate" / "splits"


def renew_split(task: Task, data: Path, *, check: bool) -> str:
    """Write one task's split, or only say how it differs; return a line about it."""
    parts = deal_parts(task, data)
    found = describe_split(task, parts)
    changed = found != committed_split(task.name)
    if changed and not check:
        path = FOLDER / f"{task.name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    numbers = " ".join(f"{part} {len(parts[part])}" for part in Part)
    return f"{'changed' if changed else 'as it was'}: {task.name} ({numbers})"


def main() -> None:
    """Go through the tasks named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", help="the names of tasks; all without")
    parser.add_argument("--data", type=Path, help="the folder of data sets; without it, POSOLOGY_DATA")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where one differs")
    given = parser.parse_args()
    try:
        sys.exit(_run(given.tasks or sorted(TASKS), data_folder(given.data), check=given.check))
    except UserError as error:
        sys.exit(f"splits: {error}")


def _run(names: Sequence[str], data: Path, *, check: bool) -> int:
    lines = [renew_split(find_task(name), data, check=check) for name in names]
    print("\n".join(lines))
    stale = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in TASKS)
    for name in stale:
        print(f"no task has this name: {name}.json")
    return int(check and (bool(stale) or any(line.startswith("changed") for line in lines)))


if __name__ == "__main__":
    main()
