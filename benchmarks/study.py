"""Keep a finished study under reports/: its report, data and plots, with a manifest, and no text of any item.

python benchmarks/study.py DIR --name first-dose --plan studies/first-dose.toml

DIR is what `posology titrate` wrote. The items' answers stay there: they hold gold answers and words of the
data sets, whose licences do not all allow that they are given away. --commit names the code that asked the
models where it is not the code that wrote the report.
"""

import argparse
import hashlib
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common import REPORTS, ROOT, commit, machine

_KEPT = ("report.html", "study.json", "overview.svg", "plan.toml")


def arms_of(folder: Path) -> dict[str, Any]:
    """Return what the manifests of the arms say: items and split of each task, models, versions, seconds."""
    tasks: dict[str, Any] = {}
    models: dict[str, str] = {}
    versions: dict[str, str] = {}
    seconds, count = 0.0, 0
    for path in sorted(folder.glob("arms/*/*/manifest.json")):
        manifest = json.loads(path.read_text())
        settings = manifest["settings"]
        tasks[settings["task"]] = {
            "items_sha256": settings["items_sha256"],
            "split_sha256": settings["split"],
        }
        arm = settings["arm"]
        if arm["sha256"]:
            models[arm["system"]] = arm["sha256"]
        versions |= manifest["versions"] | dict([arm["engine"].split(" ")] if " " in arm["engine"] else [])
        seconds += manifest["timings_s"]["answering"]
        count += 1
    return {
        "arms": count,
        "answering_s": round(seconds),
        "tasks": tasks,
        "models": models,
        "packages": versions,
    }


def main() -> int:
    """Copy the study and write its manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--commit", default="", help="the code that asked the models")
    given = parser.parse_args()
    plan = hashlib.sha256(given.plan.read_bytes()).hexdigest()
    study = json.loads((given.folder / "study.json").read_text())
    if study["plan"]["sha256"] != plan:
        sys.exit(f"{given.folder} is of another plan than {given.plan}")
    target = REPORTS / given.name
    target.mkdir(parents=True, exist_ok=True)
    for path in [given.folder / name for name in _KEPT] + sorted(given.folder.glob("*.csv")):
        shutil.copyfile(path, target / path.name)
    manifest = {
        "command": f"posology titrate {given.plan.resolve().relative_to(ROOT)}",
        "plan_sha256": plan,
        **arms_of(given.folder),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "commit": {"answers": given.commit or commit(), "report": commit()},
    }
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
