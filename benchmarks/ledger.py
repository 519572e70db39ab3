"""The ledger's speed: acts recorded a second, each in a transaction of its own; verifying; proving.

Usage: python benchmarks/ledger.py [--entries 100000] [--seconds 20]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.common import quantile, write_report  # noqa: E402
from posology.ledger.entries import Kind  # noqa: E402
from posology.review import audit  # noqa: E402
from posology.store import SYSTEM, Store, init_store  # noqa: E402
from posology.store.verification import verify_store  # noqa: E402
from tests.databases import TEST_KEYS, find_postgres, start_postgres  # noqa: E402

DETAILS = {"form": "html", "versions": 3}


def append_one(store: Store) -> None:
    """Record one act as the application does: one transaction, on the disk when it returns."""
    with store.write(SYSTEM) as w:
        w.record(Kind.PACKET_READ, packet="0123456789abcdef0123", version=3, details=DETAILS)


def appends_a_second(store: Store, seconds: float, threads: int) -> dict[str, Any]:
    """Append from several threads for a while."""
    counts, stop = [0] * threads, time.perf_counter() + seconds

    def work(number: int) -> None:
        while time.perf_counter() < stop:
            append_one(store)
            counts[number] += 1

    workers = [Thread(target=work, args=(number,)) for number in range(threads)]
    begun = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    passed = time.perf_counter() - begun
    return {"threads": threads, "appends": sum(counts), "per_second": round(sum(counts) / passed, 1)}


def fill(store: Store, entries: int) -> float:
    """Bring a ledger to a length, a thousand entries a transaction; return entries a second."""
    begun, made = time.perf_counter(), 0
    while (missing := entries - audit.entries(store, audit.Query(limit=1)).size) > 0:
        with store.write(SYSTEM) as w:
            for _ in range(min(1000, missing)):
                w.record(Kind.PACKET_READ, packet="0123456789abcdef0123", version=3, details=DETAILS)
                made += 1
    return round(made / (time.perf_counter() - begun), 1)


def milliseconds(act: Callable[[int], object], numbers: range) -> dict[str, Any]:
    """Time an act on each number."""
    times = []
    for number in numbers:
        begun = time.perf_counter()
        act(number)
        times.append((time.perf_counter() - begun) * 1000)
    return {"n": len(times), "p50": round(quantile(times, 0.5), 3), "p95": round(quantile(times, 0.95), 3)}


def measure(store: Store, entries: int, seconds: float) -> dict[str, Any]:
    """Measure one database."""
    result: dict[str, Any] = {
        "one_act_a_transaction": [appends_a_second(store, seconds, threads) for threads in (1, 8, 32)],
        "thousand_acts_a_transaction_per_second": fill(store, entries),
    }
    begun = time.perf_counter()
    report = verify_store(store)
    result["verify"] = {
        "entries": report.size,
        "seconds": round(time.perf_counter() - begun, 2),
        "ok": report.ok,
    }
    step = max(1, report.size // 200)
    result["proof_ms"] = milliseconds(lambda n: audit.inclusion(store, n), range(0, report.size, step))
    result["consistency_ms"] = milliseconds(
        lambda n: audit.consistency(store, n), range(1, report.size, step)
    )
    return result


def main() -> None:
    """Measure SQLite and, where it is installed, PostgreSQL, both writing to the disk at each act."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    chosen = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = init_store(f"sqlite:///{folder}/ledger.db", TEST_KEYS)
        results["sqlite"] = measure(store, chosen.entries, chosen.seconds)
        store.close()
    if find_postgres() is not None:
        with start_postgres(fsync=True) as server:
            store = init_store(server.address("ledger"), TEST_KEYS)
            results["postgresql"] = measure(store, chosen.entries, chosen.seconds)
            store.close()
    command = f"benchmarks/ledger.py --entries {chosen.entries} --seconds {chosen.seconds:g}"
    write_report("ledger", results, command=command, settings=vars(chosen))
    print(results)


if __name__ == "__main__":
    main()
