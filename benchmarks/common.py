"""What benchmarks share: intervals, the machine, and result files with their manifest."""

import csv
import json
import math
import os
import platform
import resource
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from posology.statistics import wilson_interval

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("POSOLOGY_DATA", ROOT.parent / "shared" / "data"))
REPORTS = ROOT / "reports"
_PACKAGES = ("posology", "openvino-genai", "fhirpathpy", "bm25s", "typst", "numpy")


def wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float] | None:
    """Return the 95 % Wilson interval of a proportion; ``None`` where there is nothing to score."""
    interval = wilson_interval(successes, n, z)
    return None if interval is None else (round(interval[0], 4), round(interval[1], 4))


def rate(successes: int, n: int) -> dict[str, Any]:
    """Return a proportion with its n and interval."""
    return {
        "k": successes,
        "n": n,
        "rate": round(successes / n, 4) if n else None,
        "ci95": wilson(successes, n),
    }


def quantile(values: Sequence[float], q: float) -> float | None:
    """Return a quantile by the nearest rank; ``None`` of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)] if ordered else None


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def machine() -> dict[str, Any]:
    """Describe the machine: processor, cores, memory; no name."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "python": platform.python_version(),
    }


def load(name: str) -> tuple[dict[str, Any], str]:
    """Return a report's results, and in words where and when they were made."""
    results = json.loads((REPORTS / name / "results.json").read_text())
    manifest = json.loads((REPORTS / name / "manifest.json").read_text())
    machine = manifest["machine"]
    cores = machine.get("cores") or machine.get("cpus") or "?"
    when = manifest.get("date", "")
    return results, f"`{manifest.get('command', name)}`, {cores} cores of a {machine['cpu']}, {when}"


def share(row: dict[str, Any]) -> str:
    """Return a proportion as k of n with its interval."""
    if not row["n"]:
        return "none"
    low, high = row["ci95"]
    return f"{row['k']} of {row['n']} ({low:.3f}-{high:.3f})"


def verdict(low: float | None, high: float | None, better: int) -> str:
    """Return what the interval of a difference says: won or lost where it leaves out nothing, else open.

    ``better``: the measure's, -1 where less is better.
    """
    if low is None or high is None or low * high <= 0:
        return "open"
    return "won" if low * better > 0 else "lost"


def write_report(name: str, results: Mapping[str, Any], *, command: str, settings: Mapping[str, Any]) -> Path:
    """Write ``reports/NAME/results.json`` with its manifest and return the folder."""
    folder = REPORTS / name
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "command": command if command.startswith("python ") else f"python {command}",
        "settings": dict(settings),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "packages": _versions(),
        "commit": commit(),
    }
    (folder / "results.json").write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return folder


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def commit() -> str:
    """Return the commit of the code."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def validators(untuned: Mapping[str, Any], tuned: Mapping[str, Any]) -> str:
    """Say which validator two reports of letters were made with; the same weights may have two names."""
    plain, ours = (one.get("identities", {}).get("validator", {}) for one in (untuned, tuned))
    names = [one.get("name", "unknown") for one in (plain, ours)]
    weights = [one.get("sha256") or name for one, name in zip((plain, ours), names, strict=True)]
    if weights[0] == weights[1]:
        return f"the validator was {names[0]} for both"
    return f"the validator was {names[0]} for the untuned writer and {names[1]} for the tuned one"


def visit_notes() -> list[str]:
    """Return the notes of aci_bench."""
    found = []
    for name in ("train.csv", "valid.csv"):
        with (DATA / "aci_bench" / name).open(encoding="utf-8", newline="") as file:
            found += [row["note"] for row in csv.DictReader(file)]
    return found


def text_record(number: int, text: str, source: str) -> Any:
    """Return a text of a public set as a record of a corpus."""
    from posology.corpus import Provenance, Record

    return Record(str(number), text, Provenance(source, "study"))


def settings_of(profile: str, writer: str = "", reads: str = "named") -> Any:
    """Return settings with a profile; ``writer``: what takes the place of its writer.

    An adapter, a folder with safetensors, an OpenVINO folder or a GGUF file.
    """
    from posology.config import load_settings

    if not writer:
        return load_settings(None, profile=profile)
    embedded = writer.endswith(".gguf") or any(Path(writer).glob("*.xml"))
    engine = "openvino" if embedded else "transformers"
    lines = [
        "[profile.measured]",
        f'writer = {{engine = "{engine}", path = "{Path(writer).resolve()}", family = "smollm2", '
        f'reads = "{reads}"}}',
        'validator = {engine = "embedded-checker"}',
        'embedder = {engine = "static"}',
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "posology.toml"
        file.write_text("\n".join(lines) + "\n")
        return load_settings(file, profile="measured")
