"""Put a trained and measured writer into the package: python benchmarks/judge_writer_ship.py FOLDER.

FOLDER holds the adapter that `posology adapt run` made. It is written in bfloat16 where the model merged
from it as Q8_0 is as near to what was trained as the one merged from 32-bit floats. Refused: an adapter whose
licences forbid it, one of more than 12 MB, one that cannot be merged, and one that reports/criteria-NAME and
reports/grounding-NAME did not measure as it ships, or found worse than without: rules alone, and
reports/grounding-WITHOUT.

    python benchmarks/judge_writer_ship.py models/judge-writer --examples judge-writer/select/examples.jsonl

Where the writer that ships was measured again, `--refresh` in the place of FOLDER writes its card and
measured.json anew, as far as the reports are of it and speak for it.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from common import REPORTS, ROOT, validators
from posology.adapt.card import card_with
from posology.adapt.export.comparing import Tally
from posology.adapt.export.engines import logits_of
from posology.adapt.export.probes import OWN, Probe, build_probes
from posology.chat import find_entry, find_weights, weights_at
from posology.chat.catalogue import ADAPTED
from posology.chat.matrices import Change, Weights, change_of, open_weights, write_gguf
from posology.chat.matrices.tensors import open_tensors, write_tensors
from posology.chat.shipped import WEIGHTS, describe_adapter
from posology.chat.torch_adapter import find_adapter
from posology.chat.weights import check_sha256
from posology.corpus import may_ship, read_examples
from posology.errors import UserError
from posology.files import staged_folder

NAME = "judge-writer"
ENTRY = ADAPTED[NAME]
BASE = ENTRY.adapter.base
PAPERS = ("adapter_config.json", "card.md", "report.json", "recipe.toml", "manifest.json")
MOST = 12_000_000  # bytes of weights
LEAST_MET = 0.95  # precision of met
LEAST_N = {"text leaves": 50, "packets": 50}
LONG_LISTS = ("disagreements_list", "problems")
SAME = ("charts", "seed", "public", "held_out")  # settings that two reports share
SLACK = 1.1  # divergence of the model from bfloat16, as a multiple of that from 32-bit floats


@dataclass(frozen=True)
class Report:
    """A folder of reports/."""

    name: str
    results: dict[str, Any]
    manifest: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """Return what it was measured with."""
        return dict(self.manifest["settings"])

    def short(self) -> dict[str, Any]:
        """Return the report without its lists of single cases."""
        kept = {key: value for key, value in self.results.items() if key not in LONG_LISTS}
        return {"results": kept, "manifest": self.manifest}


def main() -> None:
    """Check, compare and copy the adapter, with its papers and its measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("adapter", type=Path, nargs="?")
    parser.add_argument("--refresh", action="store_true", help="the papers of the one that ships")
    parser.add_argument("--measured", default="held-out-tuned", help="of reports/criteria-, grounding-")
    parser.add_argument("--without", default="held-out-untuned", help="of reports/grounding-")
    parser.add_argument("--examples", type=Path, help="texts to compare precisions on, one JSON a line")
    parser.add_argument("--most", type=int, default=24, help="examples compared at most")
    parser.add_argument("--target", type=Path, default=ENTRY.adapter.folder)
    options = parser.parse_args()
    if (options.adapter is None) is not options.refresh:
        parser.error("name FOLDER, or --refresh")
    try:
        faults = [] if options.refresh else faults_of(options.adapter)
        parts = ("criteria", "grounding")
        reports = {part: read_report(f"{part}-{options.measured}") for part in parts}
        untuned = {part: read_report(f"{part}-{options.without}") for part in parts}
        faults += faults_of_scores(reports["criteria"], reports["grounding"], untuned["grounding"])
        stop_at(faults)
        measured = {part: report.short() for part, report in reports.items()}
        measured |= {f"{part} without": report.short() for part, report in untuned.items()}
        measured["canaries"] = read_report("canaries").short()
        if options.refresh:
            stop_at([fault for one in reports.values() for fault in faults_of_shipped(one)])
            told = json.loads((options.target / "measured.json").read_text("utf-8"))
            write_measured(options.target, measured | {"export": told["export"]})
            print(options.target, "card.md and measured.json")
            return
        with staged_folder(options.target, overwrite=True) as staging:
            fill(options.adapter, staging)
            stop_at(faults_of_size(staging))
            compared, hashes = compare(options.adapter, staging, probes_of(options.examples, options.most))
            faults = faults_of_precision(compared)
            for report in reports.values():
                faults += faults_of_identity(report, options.adapter, hashes)
            stop_at(faults)
            finish(staging, measured | {"export": compared})
    except UserError as fault:
        stop_at([str(fault)])
    print(options.target, sum(path.stat().st_size for path in options.target.iterdir()), "bytes")
    print(f"Add to NOTICE: {NAME}, an adapter on {BASE}, learned from what its card.md names.")


def stop_at(faults: Sequence[str]) -> None:
    """End the program where there are faults; nothing is written."""
    if faults:
        sys.exit("not shipped:\n" + "\n".join(f"- {fault}" for fault in faults))


def read_report(name: str) -> Report:
    """Read a report; raise UserError where it is not there."""
    folder = REPORTS / name
    try:
        read = [json.loads((folder / f"{one}.json").read_text("utf-8")) for one in ("results", "manifest")]
    except (OSError, ValueError) as cause:
        raise UserError(f"{folder}: cannot be read: measure the writer first (docs/adapt.md)") from cause
    return Report(name, *read)


def faults_of(folder: Path) -> list[str]:
    """Return why an adapter may not go into the package, by what it says of itself."""
    lost = [name for name in (WEIGHTS, *PAPERS) if not (folder / name).is_file()]
    if lost:
        return [f"{folder}: has no {', '.join(lost)}"]
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    report = json.loads((folder / "report.json").read_text("utf-8"))
    base, recipe = manifest["models"]["base"], manifest["settings"]["recipe"]
    licences = {*report["licences"], base["licence"], find_entry(BASE).licence}
    found = [f"licence: {one}" for one in sorted(licences) if not may_ship(one)]
    if not report["licences"]:
        found.append("report.json names no licence of what was learned")
    if recipe["data"]["purpose"] != "ship":
        found.append(f"was trained for the purpose {recipe['data']['purpose']!r}: not to be given away")
    if base["name"] != BASE or base["family"] != ENTRY.family:
        found.append(f"was made for {base['name']}, not for {BASE}")
    elif base["sha256"] != find_weights(BASE).sha256:
        found.append(f"was made for other weights of {BASE} than are here")
    return found


def faults_of_size(folder: Path) -> list[str]:
    """Return why weights are too large."""
    size = (folder / WEIGHTS).stat().st_size
    return [f"its weights have {size:,} bytes, more than {MOST:,}"] if size > MOST else []


def faults_of_scores(criteria: Report, grounding: Report, without: Report) -> list[str]:
    """Return why the measurement does not speak for the adapter."""
    found = []
    for report in (criteria, grounding):
        if not report.settings.get("held_out"):
            found.append(f"{report.name}: was not measured on held-out policies (--held-out)")
        if report.settings.get("reads") != ENTRY.reads:
            found.append(f"{report.name}: was not measured as it ships (--reads {ENTRY.reads})")
    return [*found, *faults_of_criteria(criteria), *faults_of_grounding(grounding, without)]


def faults_of_criteria(report: Report) -> list[str]:
    """Return where criteria are read worse than they should, or than by rules alone."""
    readers = report.results["text_leaves"]
    tuned, rules = readers.get("rules and model"), readers["rules"]
    if tuned is None:
        return [f"{report.name}: was measured without a model"]
    found = []
    if tuned["n"] < LEAST_N["text leaves"]:
        found.append(f"{report.name}: {tuned['n']} text leaves are too few")
    precision = tuned["met"]["precision"]["rate"]
    if precision is None or precision < LEAST_MET:
        found.append(f"{report.name}: precision of met is {precision}, less than {LEAST_MET}")
    recall, least = tuned["met"]["recall"]["rate"] or 0, rules["met"]["recall"]["rate"] or 0
    if recall < least:
        found.append(f"{report.name}: recall of met is {recall}, that of rules alone {least}")
    return found


def faults_of_grounding(report: Report, without: Report) -> list[str]:
    """Return what was invented, and where letters are worse than those of the untuned writer."""
    results, found = report.results, []
    for measure in ("sentences_with_invention", "quotes_that_differ"):
        if results[measure]["k"]:
            found.append(f"{report.name}: {measure}: {results[measure]['k']}, more than 0")
    if results["packets"] < LEAST_N["packets"]:
        found.append(f"{report.name}: {results['packets']} packets are too few")
    differ = [key for key in SAME if report.settings.get(key) != without.settings.get(key)]
    if differ:
        return [*found, f"{without.name}: was measured with other settings: {', '.join(differ)}"]
    omitted, least = (one["met_leaves_omitted"]["rate"] or 0 for one in (results, without.results))
    if omitted > least:
        found.append(f"{report.name}: met leaves omitted: {omitted}, without {least}")
    if results["withheld"] > without.results["withheld"]:
        found.append(
            f"{report.name}: withheld sentences: {results['withheld']}, without {without.results['withheld']}"
        )
    return found


def fill(folder: Path, staging: Path) -> None:
    """Copy the papers, and the weights in bfloat16."""
    for name in PAPERS:
        shutil.copyfile(folder / name, staging / name)
    tensors = open_tensors(folder / WEIGHTS)
    shapes = {name: one.shape for name, one in tensors.items()}
    values = ((name, one.read()) for name, one in tensors.items())
    write_tensors(staging / WEIGHTS, shapes, values, "bfloat16")


def probes_of(examples: Path | None, most: int) -> list[Probe]:
    """Return the texts that precisions are compared on."""
    chosen = list(islice(read_examples(examples), most)) if examples else []
    return build_probes([*OWN, *chosen], find_weights(BASE).path)


def compare(folder: Path, staging: Path, probes: Sequence[Probe]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return how far each merged model is from base and adapter, and the merged models' hashes."""
    base = open_weights(find_weights(BASE).path)
    trained = change_of(folder, base)
    compared: dict[str, Any] = {"untuned": differences(base, trained, base, probes)}
    hashes = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, source in (("float32", folder), ("bfloat16", staging)):
            path = Path(scratch) / f"{name}.gguf"
            write_gguf(base, change_of(source, base), path)
            hashes[f"Q8_0 of {name}"] = check_sha256(path, "")
            compared[f"Q8_0 of {name}"] = differences(base, trained, open_weights(path), probes)
            path.unlink()
    return compared, hashes


def differences(base: Weights, change: Change, other: Weights, probes: Sequence[Probe]) -> dict[str, Any]:
    """Return how far a model is from base and change."""
    texts = [probe.ids for probe in probes]
    tally = Tally()
    pairs: Iterable[Any] = zip(logits_of(base, texts, change), logits_of(other, texts), probes, strict=True)
    for one, two, probe in pairs:
        tally.add(one, two, probe)
    counts = {"answers": tally.answers, "right_of_source": tally.right[0], "right": tally.right[1]}
    return tally.difference().record() | counts


def faults_of_precision(compared: dict[str, Any]) -> list[str]:
    """Return why bfloat16 loses what Q8_0 would keep."""
    exact, half = compared["Q8_0 of float32"], compared["Q8_0 of bfloat16"]
    if half["mean_kl"] <= SLACK * exact["mean_kl"] and half["top1"] >= exact["top1"] - 0.01:
        return []
    return [
        f"in bfloat16 it is further from what was trained ({half['mean_kl']:.2g} nats a token, likeliest "
        f"token the same in {half['top1']:.1%}) than Q8_0 alone makes it ({exact['mean_kl']:.2g}, "
        f"{exact['top1']:.1%})"
    ]


def faults_of_identity(report: Report, folder: Path, hashes: dict[str, str]) -> list[str]:
    """Return why a report is of another model, by the hash it tells, else by the folder that it names."""
    writer = report.settings.get("writer")
    known = dict(hashes)
    adapter = find_adapter(folder)
    if adapter is not None:
        known["adapter, transformers"] = adapter.answers_sha256(find_weights(BASE).sha256)
    named = export_of(ROOT / writer, folder) if writer else None
    known |= {"export": named} if named else {}
    told = report.results.get("identities", {}).get("writer", {}).get("sha256", "")
    if told:
        return [] if told in known.values() else [f"{report.name}: measured another writer ({told[:12]})"]
    if named:
        return []
    return [f"{report.name}: does not tell that this adapter was measured (its writer: {writer or 'none'})"]


def faults_of_shipped(report: Report) -> list[str]:
    """Return why a report is not of the writer that ships."""
    told = report.results.get("identities", {}).get("writer", {}).get("sha256", "")
    return [] if told == find_weights(NAME).identity_sha256 else [f"{report.name}: measured another writer"]


def export_of(measured: Path, folder: Path) -> str | None:
    """Return the hash of a folder that holds this adapter, or an export of it; None of any other."""
    digest = check_sha256(folder / WEIGHTS, "")
    if (measured / WEIGHTS).is_file():
        return digest if check_sha256(measured / WEIGHTS, "") == digest else None
    try:
        inputs = json.loads((measured / "manifest.json").read_text("utf-8"))["inputs"]
    except (OSError, ValueError, KeyError):
        return None
    made = any(one.get("role") == "source" and one.get("sha256") == digest for one in inputs)
    return weights_at(measured).identity_sha256 if made and any(measured.glob("*.xml")) else None


def finish(staging: Path, measured: dict[str, Any]) -> None:
    """Write hashes, measurement and scores beside the weights; whoever installs the package may read them."""
    describe_adapter(staging, BASE, find_entry(BASE).sha256)
    write_measured(staging, measured)
    staging.chmod(0o755)
    for path in staging.iterdir():
        path.chmod(0o644)


def write_measured(folder: Path, measured: dict[str, Any]) -> None:
    """Write measured.json, and the scores into the card."""
    text = json.dumps(measured, indent=1, ensure_ascii=False) + "\n"
    (folder / "measured.json").write_text(text, encoding="utf-8")
    card = (folder / "card.md").read_text("utf-8")
    (folder / "card.md").write_text(card_with(card, [scores_of(measured)], scored=True), encoding="utf-8")


def scores_of(measured: dict[str, Any]) -> str:
    """Return a section of the card: what was measured, with n and intervals."""
    readers, untuned = (measured[name]["results"]["text_leaves"] for name in ("criteria", "criteria without"))
    columns = [readers["rules"], untuned["rules and model"], readers["rules and model"]]
    letters = [measured[name]["results"] for name in ("grounding without", "grounding")]
    half, planted = (
        measured["export"]["Q8_0 of bfloat16"],
        measured["canaries"]["results"]["tuned"]["by_times"],
    )
    out = [
        f"{one['extracted']} of {one['canaries']} that stood there {times} times".replace(" 1 times", " once")
        for times, one in planted.items()
    ]
    lines = [
        "## Scores",
        "",
        "On policies and note styles that nothing was learned from:",
        "",
        "| | rules alone | with the untuned model | with this model |",
        "|---|---|---|---|",
        *(
            f"| {measure} of met | {' | '.join(share(one['met'][measure]) for one in columns)} |"
            for measure in ("precision", "recall")
        ),
        "",
        f"Drafted packets ({letters[1]['packets']}; {validators(*letters)}):",
        "",
        "| | the untuned writer | this one |",
        "|---|---|---|",
        *(
            f"| {said} | {' | '.join(share(one[key]) for one in letters)} |"
            for key, said in (
                ("sentences_with_invention", "sentences that invent"),
                ("quotes_that_differ", "quotes that differ"),
                ("met_leaves_omitted", "met leaves that are omitted"),
            )
        ),
        f"| sentences withheld | {' | '.join(str(one['withheld']) for one in letters)} |",
        "",
        f"The weights are in bfloat16; merged as Q8_0 they are {half['mean_kl']:.2g} nats a token from what "
        f"was trained, which is {measured['export']['untuned']['mean_kl']:.2g} from the base.",
        "",
        f"Planted identifiers that came out of a training on a sixth of its lessons: {', '.join(out)}. Its "
        "lessons are made: no patient is among them.",
    ]
    return "\n".join(lines) + "\n"


def share(row: dict[str, Any]) -> str:
    """Return a proportion with its n and interval."""
    if not row["n"]:
        return "none"
    low, high = row["ci95"]
    return f"{row['rate']:.3f} ({low:.3f}-{high:.3f}; {row['k']} of {row['n']})"


if __name__ == "__main__":
    main()
