"""Two FHIRPath engines on the same resources: fhirpathpy, which the program uses, and fhirpath.js.

Every expression of the shipped policies, and those of expressions.py, over resources of made charts and of
public synthetic patients. Each disagreement is listed with what explains it; one without is an open question.

    npm ci --prefix benchmarks/second_engine --ignore-scripts
    python benchmarks/second_engine/compare.py --charts 6 --bundles 8
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from expressions import AUTHORED, PROBES  # noqa: E402

from common import DATA, rate, write_report  # noqa: E402
from posology import load_policies, read_chart  # noqa: E402
from posology.policies.fhirpath import FhirPathFailure, evaluate, leading_type, parse_fhirpath  # noqa: E402
from posology.policies.schema import leaves_of  # noqa: E402
from posology.policies.worlds import variable_sets, versions  # noqa: E402
from posology.records.chart import Chart, Resource  # noqa: E402
from posology.records.timing import date_of  # noqa: E402
from posology.testing import write_charts  # noqa: E402

DAY = date(2019, 6, 1)  # the date of service
EACH = 40  # resources that an expression is tried on, at most


@dataclass(frozen=True)
class Row:
    """One expression on one resource, seen once with whole days and once as it is written."""

    expression: str
    seen: str
    reference: str
    resource: Mapping[str, Any]
    variables: Mapping[str, Any]


def main() -> None:
    """Compare both engines and write reports/second-engine."""
    options = argparse.ArgumentParser()
    options.add_argument("--charts", type=int, default=6, help="made charts a policy")
    options.add_argument("--bundles", type=int, default=8, help="bundles of synthetic patients")
    options.add_argument("--seed", type=int, default=2026)
    args = options.parse_args()
    expressions = tuple(dict.fromkeys((*_shipped(), *AUTHORED)))
    rows = [*_rows(expressions, list(_charts(args))), *_edge_rows()]
    results = _results(rows, [_ours(row) for row in rows], _theirs(rows), expressions)
    write_report("second-engine", results, command=" ".join(sys.argv), settings=vars(args))
    shown = {key: value for key, value in results.items() if key != "disagreements"}
    json.dump(shown, sys.stdout, indent=2)
    sys.stdout.write("\n")
    for item in results["disagreements"]:
        sys.stdout.write("\t".join(str(value) for value in item.values()) + "\n")


def _shipped() -> Iterator[tuple[str, str]]:
    for policy in load_policies():
        leaves = list(leaves_of(policy.criteria, *policy.exclusions))
        finds = [leaf.find for leaf in leaves] + [document.find for document in policy.documents]
        for find in finds:
            if find is not None and find.where:
                yield str(find.resource), find.where
            if find is not None and find.expression:
                yield leading_type(find.expression) or "", find.expression
        for leaf in leaves:
            if leaf.test and leaf.find:
                yield leaf.find.resource or leading_type(leaf.find.expression or "") or "", leaf.test


def _charts(args: argparse.Namespace) -> Iterator[Chart]:
    with tempfile.TemporaryDirectory() as folder:
        for policy in load_policies():
            for path in write_charts(policy, Path(folder) / policy.id, n=args.charts, seed=args.seed):
                yield read_chart(path)
    for path in sorted((DATA / "synthea_fhir_r4").glob("*.json"))[: args.bundles]:
        yield read_chart(path)


def _rows(expressions: Iterable[tuple[str, str]], charts: list[Chart]) -> Iterator[Row]:
    found: dict[str, list[tuple[Chart, Resource]]] = defaultdict(list)
    for chart in charts:
        for resource in chart.resources:
            found[resource.type].append((chart, resource))
    for kind, expression in expressions:
        every = found[kind]
        step = max(1, len(every) // EACH)
        for chart, resource in every[::step][:EACH]:
            variables = variable_sets(expression, chart.patient.body, DAY, date_of(resource))[0]
            for seen, body in (("days", versions(resource.linked)[0]), ("written", resource.linked)):
                yield Row(expression, seen, resource.reference, body, variables)


def _edge_rows() -> Iterator[Row]:
    bodies = [json.loads(line) for line in (HERE / "edges.ndjson").read_text().splitlines()]
    for expression in PROBES:
        for body in bodies:
            resource = Resource(f"{body['resourceType']}/{body['id']}", str(body["resourceType"]), body, body)
            variables = variable_sets("", {"birthDate": "1960-01-01"}, DAY, date_of(resource))[0]
            for seen, version in (("days", versions(body)[0]), ("written", body)):
                yield Row(expression, f"edge {seen}", resource.reference, version, variables)


def _ours(row: Row) -> Any:
    try:
        parse_fhirpath(row.expression)
    except FhirPathFailure:
        return "refused"
    try:
        return _plain(evaluate(row.expression, row.resource, row.variables))
    except FhirPathFailure:
        return "error"


def _theirs(rows: list[Row]) -> list[Any]:
    lines = (
        {
            "id": number,
            "expression": re.sub(r"\.resolve\(\s*\)", "", row.expression),
            "resource": row.resource,
            "variables": {name: _passed(value) for name, value in row.variables.items()},
        }
        for number, row in enumerate(rows)
    )
    done = subprocess.run(
        ["node", str(HERE / "run.mjs")],
        input="\n".join(json.dumps(line, default=float) for line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return ["error" if "error" in answer else _plain(answer["found"]) for answer in answers]


def _passed(value: object) -> object:
    return {"date": value.isoformat()} if isinstance(value, date) else value


def _plain(value: Any) -> Any:
    """Return values that compare: numbers rounded, dates as text, the engines' own types unwrapped."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal):
        return round(float(value), 6)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value)


def _shape(answer: Any) -> str:
    """Say what an answer is without its text, which belongs to a patient."""
    if answer in ("error", "refused"):
        return str(answer)
    if not answer:
        return "empty"
    if len(answer) == 1 and isinstance(answer[0], bool):
        return str(answer[0]).lower()
    kinds = Counter(type(item).__name__ for item in answer)
    return ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))


# what explains a disagreement: a pattern on "seen: expression: ours / theirs", and in words why
EXPLAINED: tuple[tuple[str, str], ...] = (
    (
        r"^edge written: birthDate <= .*true / empty",
        "the library takes the first day of a month; the program asks with the first and the last day",
    ),
    (
        r"^edge written: effective >= .*false / empty",
        "the library takes the first day of a year; the program asks with the first and the last day",
    ),
    (r"toDate\(\)", "the library fills in a partial date; the program sees whole days only"),
    (
        r"^edge days: effective .*(true|empty) / error",
        "an instant seen as its calendar day is no instant to the second engine",
    ),
    (
        r"effective = @.*error / false",
        "a period is no date: an error here, not equal there; not met in neither",
    ),
    (r"value and true: error / true", "here a logical operator takes booleans only; what fails is unknown"),
    (r": empty / error$", "no single answer in either: unknown"),
    (
        r": error / (empty|false)$",
        "not supported here, and unknown; a check of the policy names the function",
    ),
    (
        r"(matchesFull|defineVariable|yearOf)\(",
        "not supported here, and unknown; a check of the policy names it",
    ),
    (r"toString\(\): 1 str / 1 str", "the text of a boolean, or of a whole element, is spelt otherwise"),
    (
        r": value\.(value|comparator).*: empty / (true|false|1 float)$",
        "value.value of a bare integer: empty here, the number itself there",
    ),
)


def _explanation(expression: str, ours: str, theirs: str, seen: str) -> str:
    for pattern, why in EXPLAINED:
        if re.search(pattern, f"{seen}: {expression}: {ours} / {theirs}"):
            return why
    return "not explained"


def _results(
    rows: list[Row], ours: list[Any], theirs: list[Any], expressions: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    differing: Counter[tuple[str, str, str, str]] = Counter()
    same: Counter[str] = Counter()
    truth: Counter[str] = Counter()
    each: Counter[str] = Counter()
    refused: set[str] = set()
    for row, mine, other in zip(rows, ours, theirs, strict=True):
        refused.update([row.expression] if mine == "refused" else [])
        if mine == "refused":
            continue
        each[row.seen] += 1
        same[row.seen] += mine == other
        truth[row.seen] += _truth(mine) == _truth(other)
        if mine != other:
            differing[row.expression, row.seen, _shape(mine), _shape(other)] += 1
    return {
        "expressions": {"policies and authored": len(expressions), "edges": len(PROBES)},
        "evaluations": len(rows),
        "same_result": {seen: rate(same[seen], n) for seen, n in each.items()},
        "same_truth": {seen: rate(truth[seen], n) for seen, n in each.items()},
        "refused_here": sorted(refused),
        "never_tried": sorted({e for _, e in expressions} - {row.expression for row in rows}),
        "disagreements": [
            {
                "n": n,
                "seen": seen,
                "expression": expression,
                "ours": mine,
                "theirs": other,
                "explanation": _explanation(expression, mine, other, seen),
            }
            for (expression, seen, mine, other), n in sorted(differing.items())
        ],
    }


def _truth(answer: Any) -> bool | None:
    return (
        answer[0] if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], bool) else None
    )


if __name__ == "__main__":
    main()
