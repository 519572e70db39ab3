"""No invention, no omission: judge drafted letters with an extractor that shares no code with the checks.

For every sentence of every letter: each number, date, code, side, unit-bearing dose, drug and capitalised
name must stand in a source that the sentence cites. For every quote: the text must stand at its offsets, or
the value at its path, in the chart's own JSON, read here without the program's readers. For every met
criterion: the letter must hold the quote of its decisive evidence.

    python benchmarks/grounding.py --charts 30 --profile embedded
    python benchmarks/grounding.py --held-out --charts 30 --writer models/judge-writer --name judge-writer

``--held-out``: only the policies of the task criteria's part report, and public charts under them.
``--writer``: a folder with an adapter or a model instead of the profile's writer.
"""

import argparse
import base64
import io
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from common import DATA, quantile, rate, settings_of, write_report

CODE = re.compile(
    r"\b(?:[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?|[A-V]\d{4}|[0-9A-HJ-NP-Z]{7}|\d{6,18}|\d{1,5}-\d)\b"
)
ISO = re.compile(r"\b\d{4}-\d{2}(?:-\d{2})?\b")
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
SIDE = re.compile(r"\b(left|right|bilateral)\b", re.I)
NAME = re.compile(r"(?<![.?!“] )(?<!^)(?<![“\"])\b[A-Z][a-z]{2,}\b")
# capitalised words of the fixed wording of letters
FIXED = {
    "The",
    "Authorization",
    "Body",
    "Expedited",
    "Age",
    "They",
    "This",
    "Patient",
    "Date",
    "Record",
    "Note",
    "Stated",
    "An",
    "And",
    "Of",
    "In",
    "On",
    "For",
    "With",
    "Not",
    "Is",
    "Was",
    "Are",
    "Has",
    "Have",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
}


Drafted = tuple[str, dict[str, Any], dict[str, Any], float]
Case = tuple[str, dict[str, Any], Any, Any, date]  # name, chart, policy, service, day


def main() -> None:
    """Draft, judge, and write reports/grounding."""
    options = argparse.ArgumentParser()
    options.add_argument("--charts", type=int, default=30, help="made charts a policy")
    options.add_argument("--profile", default="embedded")
    options.add_argument("--public", type=int, default=20, help="public charts")
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument("--held-out", action="store_true", help="only policies that nothing is learned from")
    options.add_argument("--writer", default="", help="a folder that takes the place of the profile's writer")
    options.add_argument("--reads", choices=("named", "all"), default="named", help="what the writer judges")
    options.add_argument("--name", default="", help="written to reports/grounding-NAME")
    args = options.parse_args()
    from posology.priorauth import open_models

    totals: Counter[str] = Counter()
    by_author: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    problems: list[dict[str, Any]] = []
    seconds: list[float] = []
    models = open_models(settings_of(args.profile, args.writer, args.reads))
    for name, bundle, packet, spent in drafted(args, models, totals):
        seconds.append(spent)
        totals["packets"] += 1
        totals[f"conclusion {packet['conclusion']}"] += 1
        judge(name, bundle, packet, totals, by_author, causes, problems)
    results = {
        "packets": totals["packets"],
        "charts_refused": totals["refused"],
        "conclusions": {k.split()[1]: v for k, v in totals.items() if k.startswith("conclusion")},
        "sentences": totals["sentences"],
        "sentences_by_author": dict(by_author),
        "facts_checked": totals["facts"],
        "sentences_with_invention": rate(totals["inventing"], totals["sentences"]),
        "quotes_that_differ": rate(totals["bad_quotes"], totals["quotes"]),
        "met_leaves_omitted": rate(totals["omitted"], totals["met"]),
        "withheld": totals["withheld"],
        "withheld_by_cause": dict(causes.most_common()),
        "seconds_p50": quantile(seconds, 0.5),
        "identities": models.identities(),
        "problems": problems[:50],
    }
    name = "-".join(filter(None, ("grounding", "held-out" if args.held_out else "", args.name)))
    write_report(name, results, command=" ".join(sys.argv), settings=vars(args))
    json.dump({k: v for k, v in results.items() if k != "problems"}, sys.stdout, indent=2)
    print()
    for problem in problems[:10]:
        print(problem)


def drafted(args: argparse.Namespace, models: Any, totals: Counter[str]) -> Iterator[Drafted]:
    """Yield every packet with the JSON of its chart and the seconds it took."""
    from posology import draft, load_policies, read_chart
    from posology.errors import ChartError
    from posology.evaluate.task import Part
    from posology.evaluate.tasks.criteria import policy_part

    settings, policies = settings_of(args.profile, args.writer, args.reads), load_policies()
    if args.held_out:
        policies = [one for one in policies if policy_part(one.id) is Part.REPORT]
    with tempfile.TemporaryDirectory() as folder:
        for name, bundle, policy, service, day in cases(args, policies, Path(folder)):
            start = time.perf_counter()
            try:
                packet = draft(
                    read_chart("-", stdin=io.BytesIO(json.dumps(bundle).encode())),
                    service=service,
                    day=day,
                    policy_id=policy.id,
                    policies=policies,
                    settings=settings,
                    models=models,
                )
            except ChartError:  # a patient who died before the day: refused, as it should be
                totals["refused"] += 1
                continue
            yield name, bundle, dict(packet.record), time.perf_counter() - start


def cases(args: argparse.Namespace, policies: Sequence[Any], folder: Path) -> Iterator[Case]:
    """Yield made charts of every policy, then public charts, each with policy, service and day."""
    from posology.policies import Code
    from posology.testing import write_charts

    for policy in policies:
        for file in write_charts(policy, folder / policy.id, n=args.charts, seed=args.seed):
            truth = json.loads(file.with_name(f"{file.stem}.truth.json").read_text())
            service = Code(truth["service"]["system"], truth["service"]["code"])
            yield file.stem, json.loads(file.read_text()), policy, service, as_day(truth["date"])
    for number, (name, bundle) in enumerate(public_charts(args.public)):
        for step in range(1 if name.startswith("synthea") else len(policies)):
            policy = policies[(number + step) % len(policies)]
            day = max(policy.effective_from, as_day("2019-06-01"))
            yield name, bundle, policy, policy.services[0], day


def public_charts(most: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the Synthea bundles, then the four Da Vinci patients as a Bundle each."""
    for file in sorted((DATA / "synthea_fhir_r4").glob("*.json"))[:most]:
        yield f"synthea {file.stem}", json.loads(file.read_text())
    seeds = DATA / "davinci_pas_examples" / "test-ehr" / "seed-data"
    for patient in ("o2billy", "o2jane", "o2john", "o2teddy"):
        resources = [json.loads(file.read_text()) for file in sorted(seeds.glob(f"{patient}_*.json"))]
        entries = [{"resource": resource} for resource in resources]
        yield f"davinci {patient}", {"resourceType": "Bundle", "type": "collection", "entry": entries}


def as_day(text: str) -> date:
    """Parse an ISO day."""
    return date.fromisoformat(text)


def judge(name, bundle, packet, totals, by_author, causes, problems) -> None:  # noqa: PLR0913
    """Count inventions, wrong quotes and omissions of one packet."""
    evidence = {row["id"]: row for row in packet["evidence"]}
    for row in packet["narrative"]:
        totals["sentences"] += 1
        by_author[row["written_by"]] += 1
        sources = " ".join(source_text(evidence[i]) for i in row["cites"])
        found, missing = facts_of(row["sentence"]), []
        totals["facts"] += len(found)
        missing = [fact for fact in found if not stands(fact, sources)]
        if missing:
            totals["inventing"] += 1
            problems.append({"chart": name, "sentence": row["sentence"], "missing": missing})
    for item in packet["withheld"]:
        totals["withheld"] += 1
        causes[f"{item.get('written_by')}: {item['why'].split(':')[0]}"] += 1
    for row in evidence.values():
        if row["kind"] in ("structured", "text"):
            totals["quotes"] += 1
            why = wrong_quote(row, bundle)
            if why:
                totals["bad_quotes"] += 1
                problems.append({"chart": name, "quote": row, "why": why})
    letter = fold(" ".join(row["sentence"] for row in packet["narrative"]))
    for row in packet["criteria"]:
        if row["status"] == "met" and row["evidence"]:
            totals["met"] += 1
            if not any(holds(letter, evidence[i]) for i in row["evidence"]):
                totals["omitted"] += 1
                problems.append({"chart": name, "omitted": row["id"]})


def holds(letter: str, row: dict[str, Any]) -> bool:
    """Tell whether the letter holds a quote, its numbers perhaps rounded."""
    quote = re.sub(r"^(?:[-*•]|\[x?\]|\d+[.)])\s*", "", fold(row["quote"]))  # a list's mark is no fact
    if quote in letter:
        return True
    numbers = NUMBER.findall(row["quote"])
    return (
        bool(numbers)
        and row.get("path", "").startswith(("value", "component"))
        and all(any(rounded(n, m) for m in NUMBER.findall(letter)) for n in numbers)
    )


def source_text(row: dict[str, Any]) -> str:
    """Return what a cited source says: its quote, its date and its own name."""
    return " ".join(str(row.get(key, "")) for key in ("quote", "date", "label", "how"))


def facts_of(sentence: str) -> list[str]:
    """Return the checkable tokens of a sentence: dates, codes, numbers, sides, names."""
    facts = ISO.findall(sentence)
    rest = ISO.sub(" ", sentence)
    codes = CODE.findall(rest)
    rest = CODE.sub(" ", rest)
    facts += codes + NUMBER.findall(rest) + [side.lower() for side in SIDE.findall(rest)]
    return facts + [word for word in NAME.findall(rest) if word not in FIXED]


def stands(fact: str, sources: str) -> bool:
    """Tell whether a fact stands in the sources, a number perhaps rounded to the precision shown."""
    if fold(fact) in fold(sources):
        return True
    return bool(NUMBER.fullmatch(fact)) and any(rounded(n, fact) for n in NUMBER.findall(sources))


def rounded(exact: str, shown: str) -> bool:
    """Tell whether ``shown`` is ``exact`` at the precision it shows."""
    places = len(shown.partition(".")[2])
    try:
        return round(float(exact.replace(",", "")), places) == float(shown.replace(",", ""))
    except ValueError:
        return False


def fold(text: str) -> str:
    """Fold white space and case."""
    return " ".join(text.split()).lower()


def wrong_quote(row: dict[str, Any], bundle: dict[str, Any]) -> str:
    """Compare a quote with the chart's own JSON; an empty text means it stands there."""
    resource = find_resource(bundle, row["source"].split("#")[0])
    if resource is None:
        return "no such resource"
    if row["kind"] == "text":
        text = plain_text(resource)
        if text is None:
            return ""  # HTML, RTF and PDF are judged by the readers' own tests
        return "" if text[row["start"] : row["end"]] == row["quote"] else "the text differs at these offsets"
    value = walk(resource, row["path"])
    return "" if says(value, row["quote"]) else f"the value at {row['path']} differs"


def find_resource(bundle: dict[str, Any], reference: str) -> dict[str, Any] | None:
    """Find a resource of a Bundle by Type/id."""
    kind, _, identifier = reference.partition("/")
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == kind and resource.get("id") == identifier:
            return resource
    return None


def plain_text(resource: dict[str, Any]) -> str | None:
    """Return the text of a DocumentReference with one plain attachment."""
    for content in resource.get("content", []):
        attachment = content["attachment"]
        if attachment.get("contentType", "").startswith("text/plain"):
            return base64.b64decode(attachment["data"]).decode()
    return None


def walk(value: Any, path: str) -> Any:
    """Follow ``a.b[0].c`` in JSON."""
    for name, index in re.findall(r"([A-Za-z]+)|\[(\d+)\]", path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def says(value: Any, quote: str) -> bool:
    """Tell whether a JSON value reads as the quote."""
    if isinstance(value, dict) and "value" in value:
        units = {str(value.get("unit", "")), str(value.get("code", ""))}
        return any(
            fold(f"{value.get('comparator', '')}{value['value']} {unit}") == fold(quote) for unit in units
        )
    if isinstance(value, dict):
        names = [value.get("text")] + [c.get("display") for c in value.get("coding", [])]
        return quote in names
    return str(value) == quote or (isinstance(value, str) and value[:10] == quote)


if __name__ == "__main__":
    main()
