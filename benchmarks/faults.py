"""The application under kill -9: a hundred random moments of six kinds of acts, on each database.

python benchmarks/faults.py                                   # 100 kills on SQLite, 100 on PostgreSQL
python benchmarks/faults.py --kills 12 --database sqlite      # a short look
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import select  # noqa: E402

from benchmarks.common import quantile, rate, write_report  # noqa: E402
from benchmarks.faulting.deeds import KINDS, PASSWORD, Deed, Login, do, sign_in  # noqa: E402
from benchmarks.faulting.holding import find_violations, is_done, new_head  # noqa: E402
from benchmarks.faulting.processes import Processes, import_all  # noqa: E402
from benchmarks.serving.clinic import NPI, Original, add_packet, originals, plan_targets  # noqa: E402
from benchmarks.serving.plant import write_settings  # noqa: E402
from posology.config import Serve, load_settings  # noqa: E402
from posology.ledger.entries import Kind  # noqa: E402
from posology.ledger.heads import SignedHead  # noqa: E402
from posology.review.accounts import NewAccount, create_account  # noqa: E402
from posology.review.jobs import job_of  # noqa: E402
from posology.review.sessions import begin_session, session_id  # noqa: E402
from posology.store import SYSTEM, MasterKeys, Role, Store, init_store, open_store  # noqa: E402
from posology.store.keys import new_key_file  # noqa: E402
from posology.store.schema import jobs, packets, sessions  # noqa: E402
from tests.databases import Postgres, start_postgres  # noqa: E402

_SEED = 20_26
_FORMS = ("json", "html", "zip", "pdf")
_WEIGHTS = {
    "draft": {"drafts": 5, "pages": 2, "minder": 1, "all": 2},
    "other": {"pages": 6, "minder": 1, "all": 3},
}
_DATABASE_SHARE = 0.15  # of the kills on PostgreSQL: the server itself, without a shutdown
_PATIENCE_S = 120.0
_LOST = "whose answer was lost"  # the application died between the act and its answer


@dataclass
class Site:
    """A store, the packets that were made for it, and its application."""

    address: str
    masters: MasterKeys
    processes: Processes
    originals: list[Original]
    user: str
    fresh: list[tuple[str, int]]  # packets nobody has touched, and which original each is
    server: Postgres | None = None
    login: Login = field(default_factory=lambda: Login("", ""))
    heads: list[SignedHead] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    drafts: int = 0

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store beside the application, and close it before anything is forked."""
        store = open_store(self.address, self.masters)
        try:
            yield store
        finally:
            store.close()


@dataclass(frozen=True)
class Kill:
    """One kill: of which process, in which act, how far into it, and what came of it."""

    kind: str
    target: str
    moment: float  # of the act's usual duration
    acknowledged: bool
    kept: bool  # of an act that was not acknowledged: whether it had been kept
    recovered_s: float
    violations: tuple[str, ...]


def main() -> None:
    """Kill, check, and write reports/faults."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options.add_argument("--seed", type=int, default=_SEED)
    options.add_argument("--report", default="faults", help="name of the report; empty: none")
    asked = options.parse_args()
    import_all()
    drafted = [one for one in originals(20, 31) if one.record["conclusion"] != "not_supported"]
    kinds = ("sqlite", "postgresql") if asked.database == "both" else (asked.database,)
    results = {name: _on(name, asked, drafted) for name in kinds}
    if asked.report:
        settings = {key: value for key, value in vars(asked).items() if key != "report"}
        command = (
            f"benchmarks/faults.py --kills {asked.kills} --database {asked.database} --seed {asked.seed}"
        )
        write_report(asked.report, results, command=command, settings=settings)
    json.dump(results, sys.stdout, indent=2)
    print()
    sys.exit(any(one["violations"] for one in results.values()))


def _on(database: str, asked: argparse.Namespace, drafted: list[Original]) -> dict[str, Any]:
    """Kill so many times on one kind of database."""
    rng, begun = random.Random(f"{asked.seed} {database}"), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="posology-faults-") as name, _database(database, name) as found:
        address, server = found
        site = _open_site(Path(name), address, server, drafted, asked.kills)
        try:
            usual = _usual(site)
            kills = [_round(site, rng, number, usual) for number in range(asked.kills)]
        finally:
            site.processes.stop()
        with site.store() as store:
            entries, last = new_head(store).size, find_violations(store, site.deeds, site.heads)
    return _summed(site, kills, usual) | {
        "entries": entries,
        "violations_at_the_end": last,
        "seconds": round(time.monotonic() - begun, 1),
    }


@contextmanager
def _database(kind: str, folder: str) -> Iterator[tuple[str, Postgres | None]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/store.db", None
        return
    with start_postgres(fsync=True) as server:
        yield server.address("faults"), server


def _open_site(
    folder: Path, address: str, server: Postgres | None, drafted: list[Original], kills: int
) -> Site:
    masters = new_key_file(folder / "key")
    store = init_store(address, masters)
    account = NewAccount("clinician", "Ann Avery, MD", Role.CLINICIAN, NPI, must_change=False)
    user = create_account(store, SYSTEM, account, PASSWORD)
    rng, fresh = random.Random(5), []
    for which in _needed(drafted, kills):
        with store.write(SYSTEM) as w:
            fresh.append((add_packet(w, drafted[which], user, rng), which))
    store.close()
    config = write_settings(folder, address, folder / "key", {"requests_per_minute": 1_000_000})
    processes = Processes(load_settings(config, profile="rules", environ={}), masters, folder)
    processes.start()
    processes.wait_ready()
    site = Site(address, masters, processes, drafted, user, fresh, server)
    site.login = sign_in(processes.port, "clinician")
    return site


def _needed(drafted: list[Original], kills: int) -> list[int]:
    """Return which originals to make packets of: enough with a finding to confirm, enough without."""
    some = [n for n, one in enumerate(drafted) if one.record["findings_to_confirm"]]
    none = [n for n in range(len(drafted)) if n not in some]
    return [
        *(some[turn % len(some)] for turn in range(kills // len(KINDS) + 6)),
        *(none[turn % len(none)] for turn in range(2 * kills + 30)),
    ]


def _usual(site: Site) -> dict[str, float]:
    """Return how long each kind of act usually takes, undisturbed: the median of three."""
    usual = {}
    for kind in KINDS:
        times = []
        for _ in range(3):
            deed = _new_deed(site, kind)
            begun = time.perf_counter()
            do(deed, site.processes.port)
            if not deed.acknowledged:
                raise SystemExit(
                    f"{kind}: answered {deed.status} before anything was killed: {deed.answer!r:.300}"
                )
            if kind == "draft":
                _wait_drafted(site, deed)
            times.append(time.perf_counter() - begun)
            site.deeds.append(deed)
        usual[kind] = sorted(times)[1]
    return usual


def _new_deed(site: Site, kind: str) -> Deed:
    makers: dict[str, Callable[[Site], Deed]] = {
        "draft": _draft,
        "confirm": _confirm,
        "edit": _edit,
        "sign": _sign,
        "export": _export,
        "append": _read,
    }
    return makers[kind](site)


def _take(site: Site, suits: Callable[[dict[str, Any]], bool] = lambda _: True) -> tuple[str, dict[str, Any]]:
    """Take a packet that nobody has touched, and what can be acted on in it."""
    for place, (packet, which) in enumerate(site.fresh):
        targets = plan_targets(site.originals[which].record)
        if suits(targets):
            del site.fresh[place]
            return packet, targets
    raise SystemExit("there are not enough packets for so many kills")


def _draft(site: Site) -> Deed:
    packet, which = site.fresh[0]
    original = site.originals[which]
    with site.store() as store, store.read() as connection:
        chart = connection.execute(select(packets.c.chart_id).where(packets.c.id == packet)).scalar_one()
    site.drafts += 1
    body = {
        "chart": chart,
        "service": f"{original.service.system}:{original.service.code}",
        "date": original.day.isoformat(),
        "policy": original.policy_id,
        "details": {"member_id": f"M{site.drafts:06d}"},
    }
    return Deed("draft", "", "POST", "/api/v1/drafts", body, site.login)


def _act(site: Site, packet: str, kind: str, target: str, act: dict[str, Any]) -> Deed:
    body = {"seen_version": 1, "act": act}
    return Deed(kind, packet, "POST", f"/api/v1/packets/{packet}/acts", body, site.login, target)


def _confirm(site: Site) -> Deed:
    packet, targets = _take(site, lambda found: bool(found["confirm"]))
    criterion = targets["confirm"][0]
    return _act(site, packet, "confirm", f"criterion:{criterion}", {"act": "confirm", "criterion": criterion})


def _edit(site: Site) -> Deed:
    packet, targets = _take(site, lambda found: not found["confirm"])
    sentence, text = targets["sentences"][0]
    act = {"act": "edit", "sentence": sentence, "text": f"{text.rstrip('.')}, as recorded."}
    return _act(site, packet, "edit", f"sentence:{sentence}", act)


def _sign(site: Site) -> Deed:
    packet, _ = _take(site, lambda found: not found["confirm"])
    body = {"version": 1, "attested": True, "acknowledged": True, "password": PASSWORD}
    return Deed("sign", packet, "POST", f"/api/v1/packets/{packet}/sign", body, site.login)


def _export(site: Site) -> Deed:
    signing = _sign(site)
    do(signing, site.processes.port)
    if not signing.acknowledged:
        raise SystemExit(f"a packet to export could not be signed: {signing.status}")
    site.deeds.append(signing)
    form = _FORMS[len(site.deeds) % len(_FORMS)]
    packet = signing.packet
    return Deed("export", packet, "POST", f"/api/v1/packets/{packet}/export", {"form": form}, site.login)


def _read(site: Site) -> Deed:
    """Read a packet for the first time in a session: the act is the entry in the ledger."""
    packet, _ = site.fresh[-1]
    with site.store() as store, store.write(SYSTEM) as w:
        secret, name = begin_session(w, site.user, "openid", Serve())
        w.record(Kind.SIGN_IN_SUCCEEDED, details={"user": site.user, "method": "openid"})
        query = select(sessions.c.csrf).where(sessions.c.id == session_id(secret))
        login = Login(secret, w.connection.execute(query).scalar_one(), name)
    return Deed("append", packet, "GET", f"/api/v1/packets/{packet}", None, login)


def _wait_drafted(site: Site, deed: Deed) -> None:
    """Wait until the job of an acknowledged draft has ended."""
    until = time.monotonic() + _PATIENCE_S
    with site.store() as store:
        while not (job := job_of(store, deed.said["job"])).final:
            if time.monotonic() > until:
                raise SystemExit(f"job {job.id} is {job.state} after {_PATIENCE_S:.0f} s")
            time.sleep(0.02)
        if job.state != "done":
            raise SystemExit(f"job {job.id}: {job.state}: {job.error}")


def _round(site: Site, rng: random.Random, number: int, usual: dict[str, float]) -> Kill:
    """Begin an act while others go on, kill a process in it, start again, and look what is there."""
    kind = KINDS[number % len(KINDS)]
    target = _target(site, rng, kind)
    moment = rng.uniform(0.0, 1.5)  # others are at work too: it takes longer than usual
    deed, others = _new_deed(site, kind), [_new_deed(site, other) for other in ("append", "edit")]
    workers = [Thread(target=do, args=(one, site.processes.port)) for one in (*others, deed)]
    for worker in workers:
        worker.start()
    time.sleep(moment * usual[kind])
    begun = time.monotonic()
    _strike(site, target)
    for worker in workers:
        worker.join()
    _recover(site, target)
    recovered = time.monotonic() - begun
    acknowledged, kept = deed.acknowledged, False
    with site.store() as store:
        found = find_violations(store, [*site.deeds, *_acknowledged(others, deed)], site.heads)
        kept = not acknowledged and _is_kept(store, deed)
    again = _finish(site, deed, others)
    if kind == "draft":
        recovered = max(recovered, time.monotonic() - begun)
    _refresh(site)
    with site.store() as store:
        site.deeds += [deed, *others]
        found += again + find_violations(store, site.deeds, site.heads)
        site.heads.append(new_head(store))
    print(f"{number + 1}: {kind}, {target} after {moment:.2f}: {recovered:.2f} s", *found, file=sys.stderr)
    return Kill(kind, target, round(moment, 3), acknowledged, kept, round(recovered, 2), tuple(found))


def _target(site: Site, rng: random.Random, kind: str) -> str:
    if site.server is not None and rng.random() < _DATABASE_SHARE:
        return "database"
    weights = _WEIGHTS["draft" if kind == "draft" else "other"]
    return rng.choices(list(weights), list(weights.values()))[0]


def _strike(site: Site, target: str) -> None:
    if target == "database" and site.server is not None:
        site.server.stop("immediate")
    else:
        site.processes.kill(target)


def _recover(site: Site, target: str) -> None:
    """Start what the minding process does not start by itself, and wait until all is ready."""
    if target == "database" and site.server is not None:
        site.server.start()
    if target in ("minder", "all"):
        site.processes.bury()
        site.processes.start()
    site.processes.wait_ready()


def _acknowledged(others: list[Deed], deed: Deed) -> list[Deed]:
    """Return what was acknowledged and must be there at once; a draft is made later."""
    return [one for one in (*others, deed) if one.acknowledged and one.kind != "draft"]


def _is_kept(store: Store, deed: Deed) -> bool:
    if deed.kind != "draft":
        return is_done(store, deed)
    with store.read() as connection:
        return (
            connection.execute(select(jobs.c.id).where(jobs.c.state.in_(("queued", "running")))).first()
            is not None
        )


def _finish(site: Site, deed: Deed, others: list[Deed]) -> list[str]:
    """Ask again for what was not acknowledged, as a browser does, and wait for what was drafted."""
    found = []
    for one in (deed, *others):
        if not one.acknowledged:
            one.sent_again += 1
            do(one, site.processes.port)
        if one.status == 409 and (one.kind == "sign" or _LOST in str(one.said.get("detail"))):
            one.status = 200  # the store says that it was done; whether it was is looked at next
        if not one.acknowledged:
            why = one.said.get("detail", "")
            found.append(f"{one.kind} {one.packet}: asked again, it answered {one.status}: {why}")
        if one.kind == "draft" and one.acknowledged:
            one.target = one.target or _job_of_location(one) or _last_job(site)
            _wait_for_job(site, one)
    return found


def _job_of_location(deed: Deed) -> str:
    said = deed.said
    return str(said.get("job") or str(said.get("location", "")).rpartition("/")[2])


def _last_job(site: Site) -> str:
    """Return the job queued last: what a person finds who looks whether a draft was begun."""
    with site.store() as store, store.read() as connection:
        query = select(jobs.c.id).order_by(jobs.c.created_us.desc()).limit(1)
        return str(connection.execute(query).scalar_one())


def _wait_for_job(site: Site, deed: Deed) -> None:
    shown = replace(deed, answer=json.dumps({"job": deed.target}).encode())
    _wait_drafted(site, shown)


def _refresh(site: Site) -> None:
    """Start all anew now and then, so that the waits after repeated deaths do not add up."""
    site.processes.stop()
    site.processes.start()
    site.processes.wait_ready()


def _summed(site: Site, kills: list[Kill], usual: dict[str, float]) -> dict[str, Any]:
    violations = [f"{one.kind}, {one.target}: {words}" for one in kills for words in one.violations]
    return {
        "kills": len(kills),
        "acts": len(site.deeds),
        "violations": violations,
        "rounds_with_a_violation": rate(sum(bool(one.violations) for one in kills), len(kills)),
        "by_act": _table(kills, lambda one: one.kind),
        "by_process": _table(kills, lambda one: one.target),
        "moments": [[one.kind, one.target, one.moment, one.acknowledged, one.kept] for one in kills],
        "recovered_s": _times([one.recovered_s for one in kills]),
        "usual_s": {kind: round(seconds, 3) for kind, seconds in usual.items()},
        "heads_kept": len(site.heads),
    }


def _table(kills: list[Kill], key: Callable[[Kill], str]) -> dict[str, dict[str, Any]]:
    table = {}
    for name in sorted({key(one) for one in kills}):
        rows = [one for one in kills if key(one) == name]
        counts = Counter(
            "acknowledged" if one.acknowledged else "kept" if one.kept else "not kept" for one in rows
        )
        table[name] = {"kills": len(rows), **counts, "recovered_s": _times([one.recovered_s for one in rows])}
    return table


def _times(seconds: list[float]) -> dict[str, float | None]:
    return {
        "p50": quantile(seconds, 0.5),
        "p95": quantile(seconds, 0.95),
        "longest": max(seconds, default=None),
    }


if __name__ == "__main__":
    os.environ.pop("POSOLOGY_CONFIG", None)
    main()
