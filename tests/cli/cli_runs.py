"""Running the command line as a user does, and what every refusal must be."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from posology.cli import main
from posology.policies import load_policies
from posology.testing import MadeChart, make_chart, plans_for

POLICY = "cms-ncd-100.1"
PROGRAM = (sys.executable, "-c", "from posology.cli import main; main()")


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def run(*arguments: object) -> Ran:
    """Run a command in this process, as the console script does."""
    out, err, argv = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["posology", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        return Ran(int(end.code or 0), out.getvalue(), err.getvalue())
    finally:
        sys.argv = argv
    raise AssertionError("main ends with sys.exit")


def start(*arguments: object, **options: Any) -> "subprocess.Popen[bytes]":
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def run_apart(*arguments: object, stdin: bytes = b"", **options: Any) -> Ran:
    """Run a command as a process of its own, to its end."""
    process = start(*arguments, stdin=subprocess.PIPE, **options)
    out, err = process.communicate(stdin, timeout=60)
    return Ran(process.returncode, out.decode(), err.decode())


@cache
def _made() -> MadeChart:
    policy = next(p for p in load_policies() if p.id == POLICY)
    return make_chart(policy, plan=plans_for(policy)[0], seed=3)


def good_bundle() -> dict[str, Any]:
    """Return a chart that meets the policy, fresh to be spoilt."""
    return json.loads(json.dumps(_made().bundle))


def service() -> str:
    """Return the service that the chart's order asks for."""
    named = _made().truth["service"]
    return f"{named['system']}:{named['code']}"


def day() -> str:
    """Return the date of service of the chart."""
    return str(_made().truth["date"])


def patient_of(bundle: Mapping[str, Any]) -> dict[str, Any]:
    return next(body for body in bodies(bundle) if body["resourceType"] == "Patient")


def bodies(bundle: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


def with_more(bundle: dict[str, Any], *more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chart with further resources of its patient."""
    subject = {"reference": f"Patient/{patient_of(bundle)['id']}"}
    for body in more:
        bundle["entry"].append({"resource": {"subject": subject, **body}})
    return bundle


def write(path: Path, value: object) -> Path:
    """Write a value as JSON, bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


def draft(chart: object, out: Path, *more: object, changes: Mapping[str, str] | None = None) -> Sequence[str]:
    """Return the arguments of a draft by rules alone; ``changes`` replaces an option's value."""
    options = {"--service": service(), "--date": day(), "--profile": "rules"} | dict(changes or {})
    pairs = [word for pair in options.items() for word in pair]
    return [str(word) for word in ("draft", chart, "--out", out, *pairs, *more)]


def packet(out: Path) -> dict[str, Any]:
    return json.loads((out / "packet.json").read_text(encoding="utf-8"))


def secrets(bundle: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a message may never say: the patient's particulars, and every sentence of a note."""
    for body in bodies(bundle):
        if body.get("resourceType") == "Patient":
            for name in body.get("name", []):
                yield from (str(part) for part in (name.get("family"), *name.get("given", [])) if part)
            yield str(body.get("birthDate", "no birth date"))
        for identifier in body.get("identifier", []):
            yield str(identifier.get("value"))


def assert_refused(ran: Ran, out: Path, *words: str) -> None:
    """Assert one clear message, exit status 2, nothing written, and no word of the patient."""
    assert ran.code == 2, ran.err
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("Error: ")
    assert "Traceback" not in ran.err
    for word in words:
        assert word.lower() in ran.err.lower(), f"{word!r} is not said: {ran.err}"
    assert [secret for secret in secrets(good_bundle()) if secret in ran.err] == []
    assert_nothing_written(out)


def assert_nothing_written(out: Path) -> None:
    """Assert that no folder stands there, and none that was begun beside it."""
    assert not out.exists()
    assert leftovers(out.parent) == []


def leftovers(folder: Path) -> list[str]:
    """Return what was begun and not ended: hidden files and folders, at any depth."""
    return [str(path) for path in folder.rglob(".*")] if os.path.isdir(folder) else []
