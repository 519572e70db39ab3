"""What each term of an objective is good for: the same run with and without it, at equal tokens of data.

Every arm sees the same examples in the same batches for the same number of steps; a term's own passes (a
teacher's, a prompt without its source) come on top and are counted in the arm's tokens.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from posology.adapt.finished import Origin, is_finished
from posology.adapt.job import Job
from posology.adapt.material import gather_material
from posology.adapt.network import find_base
from posology.adapt.recipes.tune import Objective, TuneRecipe
from posology.adapt.tune import run_tune
from posology.errors import UserError
from posology.files import write_atomic

__all__ = ["ablate", "ablations", "render_ablation"]

_TERMS = ("answer", "distill", "ground")
_COLUMNS = ("arm", "answer", "distill", "unlikelihood", "contrast", "steps", "tokens", "seconds")


def ablations(recipe: TuneRecipe, without: Sequence[str] = ()) -> dict[str, TuneRecipe]:
    """Return the recipe as it is, and once without each term that is on; all end after the same steps.

    ``without`` names the terms to leave out, one an arm; none: each that is on. Raises UserError where one
    is off.
    """
    on = [name for name in _TERMS if getattr(recipe.objective, name).on]
    if len(on) < 2:
        raise UserError(f"{recipe.name}: objective: one term is on; an ablation needs two or more")
    if unknown := sorted(set(without) - set(on)):
        raise UserError(f"{recipe.name}: no term {', '.join(unknown)} is on; on are {', '.join(on)}")
    stop = recipe.stop.model_copy(update={"patience": 0})
    whole = recipe.model_copy(update={"stop": stop})
    return {"all": whole} | {f"without-{name}": _without(whole, name) for name in without or on}


def _without(recipe: TuneRecipe, term: str) -> TuneRecipe:
    table = recipe.objective.model_dump()
    table[term]["on"] = False
    objective = Objective.model_validate(table)
    name = f"{recipe.name} without {term}"[:80]
    return recipe.model_copy(update={"objective": objective, "name": name})


def ablate(recipe: TuneRecipe, job: Job, without: Sequence[str] = ()) -> Path:
    """Run every arm into its own folder and write ``ablation.json`` and ``ablation.md`` beside them.

    Arms that are done are not run again. Raises UserError, before any arm runs, where one that stands there
    was made by another recipe, from other data or from another base.
    """
    rows = []
    arms = ablations(recipe, without)
    done = _done(arms, job)
    for name, arm in arms.items():
        folder = job.out / name
        if name not in done:
            run_tune(arm, replace(job, out=folder))
        rows.append(_row(name, folder))
    record = {"posology": "ablation/1", "recipe": recipe.name, "arms": rows}
    write_atomic(job.out / "ablation.json", (json.dumps(record, indent=1) + "\n").encode())
    write_atomic(job.out / "ablation.md", render_ablation(record).encode())
    return job.out


def _done(arms: Mapping[str, TuneRecipe], job: Job) -> list[str]:
    """Return the names of the arms that stand there; data and base are read where there is one."""
    there = [name for name in arms if (job.out / name / "manifest.json").is_file()]
    if not there:
        return []
    one = arms[there[0]]  # arms differ in their terms only
    inputs, base = gather_material(one.data, job, one.tests).inputs, find_base(one.base, job)[1]
    for name in there:
        if not is_finished(Origin(arms[name], inputs, base), replace(job, out=job.out / name)):
            raise UserError(
                f"{job.out / name}: holds an arm of another recipe, other data or another base: one table "
                "would mix them; name another --out, or delete the folder to run this arm anew"
            )
    return there


def _row(name: str, folder: Path) -> dict[str, Any]:
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    measured = [entry["select"] for line in lines if "select" in (entry := json.loads(line))]
    last = measured[-1] if measured else {}
    return {"arm": name, **last, **{key: report[key] for key in ("steps", "tokens", "seconds")}}


def render_ablation(record: Mapping[str, Any]) -> str:
    """Return the table of an ablation as Markdown; a term that an arm lacks is not measured there."""
    lines = [
        f"# {record['recipe']}: what each term is good for",
        "",
        "Mean of each term per supervised token on select after the last step, equal examples and steps.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'---|' * len(_COLUMNS)}",
    ]
    lines += [f"| {' | '.join(_cell(row.get(column)) for column in _COLUMNS)} |" for row in record["arms"]]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )
