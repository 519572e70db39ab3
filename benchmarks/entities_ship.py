"""Put a trained and measured head into the package: python benchmarks/entities_ship.py FOLDER TASK.

FOLDER is the head in int8, named as it is to be called; `posology evaluate TASK --model FOLDER --system rules
--out reports/heads` measured it, and `posology adapt score FOLDER --n N` wrote its card. Refused: a head that
holds a whole encoder, one larger than 12 MB, one whose licences do not allow it, one whose card has no
scores, and one that reports/heads did not measure on all items, or found no better than the rules (the
interval of its score must lie above theirs).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from checker_ship import copy_head, faults_of
from common import DATA, REPORTS
from posology.adapt.card import UNSCORED
from posology.evaluate.splits import load_items
from posology.evaluate.task import Part
from posology.evaluate.tasks import find_task
from posology.evidence.heads import open_head, read_head_card

MOST = 12_000_000  # bytes of weights
MODELS = Path(__file__).parent.parent / "src" / "posology" / "evidence" / "models"


def main() -> None:
    """Check and copy the head, with its papers and its measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path)
    parser.add_argument("task")
    parser.add_argument("--target", type=Path, help="default: its name, among the models that ship")
    options = parser.parse_args()
    card = read_head_card(options.head)
    measured = {arm: read_arm(REPORTS / "heads" / options.task / arm) for arm in (options.head.name, "rules")}
    faults = [
        *([] if card.precision == "int8" else ["is not in int8"]),
        *(["its card has no scores"] if UNSCORED in (options.head / "card.md").read_text("utf-8") else []),
        *faults_of(options.head, card, MOST),
        *faults_of_scores(measured[options.head.name], measured["rules"], card.weights_sha256),
    ]
    if faults:
        sys.exit("not shipped:\n" + "\n".join(f"- {fault}" for fault in faults))
    open_head(options.head)
    target = options.target or MODELS / options.head.name
    copy_head(options.head, target, measured)
    print(target, sum(path.stat().st_size for path in target.iterdir()), "bytes")
    print(f"Add to NOTICE: {target.name}, on {card.base}, learned from what its card.md names.")


def read_arm(folder: Path) -> dict[str, Any]:
    """Return what an arm's folder of results says of its score and of what was measured."""
    try:
        summary, manifest = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            for name in ("summary", "manifest")
        )
    except (OSError, ValueError):
        sys.exit(f"not shipped:\n- {folder}: no results; measure the head and the rules first")
    return {"summary": summary, "manifest": manifest}


def faults_of_scores(head: dict[str, Any], rules: dict[str, Any], weights_sha256: str) -> list[str]:
    """Return why the measurement does not speak for the head."""
    if head["summary"]["arm"]["sha256"] != weights_sha256:
        return ["reports/heads measured another head"]
    settings = [one["manifest"]["settings"] for one in (head, rules)]
    if any(settings[0][key] != settings[1][key] for key in ("items_sha256", "part", "n")):
        return ["head and rules were measured on other items"]
    every = len(load_items(find_task(settings[0]["task"]), DATA, Part.REPORT))
    if settings[0]["part"] != "report" or settings[0]["state"] != "finished" or settings[0]["n"] != every:
        return [f"reports/heads was not measured on the whole part report, {every} items"]
    low, best = primary(head)["low"], primary(rules)["high"]
    return [] if low > best else [f"not shown better than the rules: {low:.3f} is not above {best:.3f}"]


def primary(arm: dict[str, Any]) -> dict[str, Any]:
    """Return an arm's first measure."""
    return dict(arm["summary"]["measures"][0])


if __name__ == "__main__":
    main()
