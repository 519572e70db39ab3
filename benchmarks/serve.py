"""The application under load: 200 reviewers at work on 20,000 packets, over loopback on this machine.

python benchmarks/serve.py                                              # five minutes, SQLite
python benchmarks/serve.py --seconds 20 --packets 2000 --reviewers 50   # a short look
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.common import machine, write_report  # noqa: E402
from benchmarks.serving.clinic import (  # noqa: E402
    Original,
    Reviewer,
    enrol,
    fill,
    originals,
    packets_by_owner,
    plan_targets,
    sign_in,
)
from benchmarks.serving.figures import times_summary  # noqa: E402
from benchmarks.serving.plant import (  # noqa: E402
    Running,
    busy_seconds,
    cpu_seconds,
    memory_mb,
    run_plant,
    write_settings,
)
from benchmarks.serving.reviewers import READS  # noqa: E402
from posology.config import Serve  # noqa: E402
from posology.store import MasterKeys, Role, init_store, open_store  # noqa: E402
from posology.store.keys import new_key_file  # noqa: E402
from posology.store.schema import users  # noqa: E402
from posology.store.verification import verify_store  # noqa: E402
from tests.databases import start_postgres  # noqa: E402

_ORIGINALS, _SEED, _SHARED = 40, 11, 40
_TARGET_READS_MS, _TARGET_WORKLIST_MS = 200, 100
_READS = tuple(name for name, _ in READS)


def main() -> None:
    """Fill a store, measure the worklist alone, then everything under load, and write reports/serve."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--packets", type=int, default=20_000)
    options.add_argument("--reviewers", type=int, default=200)
    options.add_argument("--every", type=float, default=2.0, help="seconds between two acts of a reviewer")
    options.add_argument("--pages", type=int, default=2, help="processes that serve pages")
    options.add_argument("--profile", choices=("embedded", "rules"), default="embedded")
    options.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument(
        "--keep", type=Path, help="folder in which the filled SQLite store stays for more runs"
    )
    options.add_argument("--report", default="serve", help="name of the report; empty: none")
    asked = options.parse_args()
    with _address(asked) as (folder, address):
        results = _measured(asked, folder, address)
    if asked.report:
        settings = {key: value for key, value in vars(asked).items() if key not in ("keep", "report")}
        command = f"benchmarks/serve.py --seconds {asked.seconds:g} --packets {asked.packets}"
        command += f" --reviewers {asked.reviewers} --pages {asked.pages} --database {asked.database}"
        write_report(asked.report, results, command=command, settings=settings)
    print(json.dumps(results, indent=2))


@contextmanager
def _address(asked: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """Give a folder and the address of a database, new or kept."""
    with tempfile.TemporaryDirectory(prefix="posology-serve-") as name:
        folder = asked.keep or Path(name)
        folder.mkdir(exist_ok=True, parents=True)
        if asked.database == "sqlite":
            yield folder, f"sqlite:///{folder / 'store.db'}"
            return
        with start_postgres(fsync=True) as server:
            yield Path(name), server.address("serve")


def _measured(asked: argparse.Namespace, folder: Path, address: str) -> dict[str, Any]:
    drafted, begun = originals(_ORIGINALS, _SEED), time.perf_counter()
    masters = _filled(asked, folder, address, drafted)
    filled_s = time.perf_counter() - begun
    config = write_settings(folder, address, folder / "key", {"port": 0, "pages": asked.pages})
    plan, reviewers = _plan(asked, address, masters, drafted)
    with run_plant(config, asked.profile, log=folder / "log") as running:
        _wait_ready(running.port)
        alone = _worklist_alone(running.port, reviewers[0])
        loaded = _loaded(running, plan | {"host": "127.0.0.1", "port": running.port})
    results = _results(asked, alone, loaded)
    results["store"] = {"packets": asked.packets, "filled_s": round(filled_s, 1)} | _verified(
        address, masters
    )
    return results


def _filled(asked: argparse.Namespace, folder: Path, address: str, drafted: Sequence[Original]) -> MasterKeys:
    from posology.store import read_keys

    if (folder / "key").exists():
        return read_keys(folder / "key", {})
    masters = new_key_file(folder / "key")
    store = init_store(address, masters)
    people = enrol(store, asked.reviewers)
    fill(store, drafted, [key for key, _ in people], asked.packets, _SEED)
    store.close()
    return masters


def _plan(
    asked: argparse.Namespace, address: str, masters: MasterKeys, drafted: Sequence[Original]
) -> tuple[dict[str, Any], list[Reviewer]]:
    """Sign everybody in, and say what each of them may work on."""
    store = open_store(address, masters)
    owned = packets_by_owner(store)
    with store.read() as connection:
        people = [
            (row.id, Role(row.role))
            for row in connection.execute(users.select().order_by(users.c.login))
            if row.id in owned
        ]
    reviewers = sign_in(store, people[: asked.reviewers], Serve())
    with store.read() as connection:
        originals_of = _originals_of(connection, drafted)
    store.close()
    everybody = [packet for packets in owned.values() for packet in packets]
    plan = {
        "seed": _SEED,
        "seconds": asked.seconds,
        "every_s": asked.every,
        "reviewers": [asdict(one) | {"own": owned[one.id]} for one in reviewers],
        "shared": everybody[:: max(1, len(everybody) // _SHARED)][:_SHARED],
        "targets": [plan_targets(one.record) for one in drafted],
        "originals": originals_of,
    }
    return plan, reviewers


def _originals_of(connection: Any, drafted: Sequence[Original]) -> dict[str, int]:
    """Return which original each packet was made from: they were made in turn, one ledger entry each."""
    from posology.ledger.entries import Kind
    from posology.store.schema import ledger_entries

    table = ledger_entries.c
    query = (
        ledger_entries.select()
        .with_only_columns(table.packet)
        .where(table.kind == str(Kind.PACKET_DRAFTED))
        .order_by(table.n)
    )
    return {row.packet: number % len(drafted) for number, row in enumerate(connection.execute(query))}


def _wait_ready(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if _get(port, "/readyz", "")[0] == 200:
                return
        except OSError:
            pass
        if time.monotonic() > until:
            raise SystemExit("the application did not become ready within a minute")
        time.sleep(0.2)


def _get(port: int, path: str, secret: str) -> tuple[int, float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": f"posology={secret}"} if secret else {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, (time.perf_counter() - begun) * 1000


def _worklist_alone(port: int, reviewer: Reviewer) -> dict[str, Any]:
    """Time the worklist's pages for one person, nobody else being there."""
    paths = ("/", "/?owner=me", "/?page=17", "/?conclusion=review&sort=gaps", "/?sort=due", "/?state=drafted")
    times: dict[str, list[float]] = {path: [] for path in paths}
    for turn in range(51):
        for path in paths:
            status, spent = _get(port, path, reviewer.secret)
            if status != 200:
                raise SystemExit(f"{path}: answered {status}")
            if turn:  # the first fills caches
                times[path].append(spent)
            time.sleep(0.05)  # below the limit of requests of one session
    every = [one for some in times.values() for one in some]
    return times_summary(every) | {"by_address": {path: times_summary(some) for path, some in times.items()}}


def _loaded(running: Running, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Let the reviewers work, and take note of what the processes use meanwhile."""
    pids = running.processes()
    before, begun = {pid: cpu_seconds(pid) for pid in pids}, time.monotonic()
    busy = busy_seconds()
    script = Path(__file__).parent / "serving" / "reviewers.py"
    done = subprocess.run(
        [sys.executable, str(script)], input=json.dumps(plan), capture_output=True, text=True, check=True
    )
    passed = time.monotonic() - begun
    sys.stderr.write(done.stderr[-2000:])
    names = ["minding", *(f"process {n}" for n in range(1, len(pids)))]
    used = {
        name: {
            "cpu_share": round((cpu_seconds(pid) - before[pid]) / passed, 3),
            "memory_mb": memory_mb(pid),
        }
        for name, pid in zip(names, pids, strict=True)
    }
    worked = json.loads(done.stdout)
    ours = sum(one["cpu_share"] for one in used.values()) + worked["cpu_share"]
    others = (busy_seconds() - busy) / passed - ours
    return worked | {
        "processes": used,
        "died": running.processes() != pids,
        "others_cpu_share": round(max(0.0, others), 3),
    }


def _results(
    asked: argparse.Namespace, alone: Mapping[str, Any], loaded: Mapping[str, Any]
) -> dict[str, Any]:
    rows = loaded["rows"]
    reads = [row for row in rows if row[0] in _READS]
    writes = [row for row in rows if row[0] not in _READS]
    outrun = [row for row in rows if _is_outrun(row)]
    errors = [row for row in rows if not 200 <= row[4] < 300 and not _is_outrun(row)]
    reads_p95 = _waits(reads)["p95"]["value"]
    return {
        "requests": len(rows),
        "requests_a_second": round(len(rows) / asked.seconds, 1),
        "writes": len(writes),
        "errors": len(errors),
        "errors_by": _counted(f"{row[0]} {row[4]}" for row in errors),
        "refused_as_another_was_first": len(outrun),
        "reads_ms": _waits(reads),
        "writes_ms": _waits(writes),
        "by_kind_ms": {kind: _waits([row for row in rows if row[0] == kind]) for kind in _kinds(rows)},
        "from_sending_ms": times_summary([row[3] * 1000 for row in reads]),
        "worklist_alone_ms": dict(alone),
        "processes": loaded["processes"],
        "load_process_cpu_share": loaded["cpu_share"],
        "other_programs_cpu_share": loaded["others_cpu_share"],
        "a_process_died": loaded["died"],
        "priority": os.nice(0),
        "cores": machine()["cores"],
        "targets": {
            "reads_p95_ms": _target(reads_p95, _TARGET_READS_MS),
            "errors": _target(len(errors), 0),
            "worklist_alone_p95_ms": _target(alone["p95"]["value"], _TARGET_WORKLIST_MS),
        },
    }


def _is_outrun(row: Sequence[Any]) -> bool:
    """Say whether an act on a packet that others share was rightly refused: another's act came first."""
    return bool(row[5]) and row[4] in (409, 422)


def _waits(rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Sum up times from when each request was due."""
    return times_summary([row[2] * 1000 for row in rows])


def _kinds(rows: Sequence[Sequence[Any]]) -> list[str]:
    return sorted({row[0] for row in rows})


def _counted(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _target(value: float, most: float) -> dict[str, Any]:
    return {"value": value, "target": most, "met": value <= most}


def _verified(address: str, masters: MasterKeys) -> dict[str, Any]:
    """Verify the whole store after the load."""
    store = open_store(address, masters)
    begun = time.perf_counter()
    report = verify_store(store)
    store.close()
    spent = round(time.perf_counter() - begun, 1)
    return {"verified": report.ok, "entries": report.size, "rows": report.rows, "verify_s": spent}


if __name__ == "__main__":
    main()
