"""posology batch: a table of charts becomes drafts in the store."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posology.cli.options import ConfigFile, ModelProfile
from posology.cli.show import JsonFlag, count, print_json, print_table, progress, say, warn

if TYPE_CHECKING:
    from posology.config import Settings
    from posology.review.batch import Asked, Outcome, Rejected
    from posology.review.queue import DraftQueue
    from posology.store import Actor, Store

__all__ = ["batch"]

_POLL_S = 0.3


def batch(  # noqa: PLR0913 - one option each
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with the columns chart, service, date and, if wanted, policy, payer, request.",
            metavar="FILE.csv",
        ),
    ],
    login: Annotated[str, typer.Option("--as", help="The account that asks.", metavar="LOGIN")],
    out: Annotated[
        Path | None, typer.Option(help="Also write each packet to a folder in DIR.", metavar="DIR")
    ] = None,
    profile: ModelProfile = None,
    config: ConfigFile = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Draft here and now, or leave it to a running server.")
    ] = True,
    include_restricted: Annotated[
        bool,
        typer.Option("--include-restricted", help="Use resources labelled restricted; the packets say so."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Draft many: ask for each row of a table, then work the queue until they are done."""
    from posology.config import load_settings
    from posology.review.batch import account_of, outcome_of, read_batch
    from posology.review.queue import open_queue, open_site_store

    settings = load_settings(config, profile=profile)
    rows, rejected = read_batch(file)
    store = open_site_store(settings, os.environ)
    actor = account_of(store, login)
    queue = open_queue(store)
    try:
        with progress(quiet=as_json) as steps:
            asked, refused = _ask_all(store, actor, queue, rows, restricted=include_restricted, steps=steps)
            rejected = sorted([*rejected, *refused], key=lambda row: row.number)
            _write_rejected(file, out, rejected)
            if wait:
                _work(store, settings, queue, asked, steps)
        outcomes = [outcome_of(store, one) for one in asked]
        if out is not None:
            _write_packets(store, actor, outcomes, out)
    finally:
        queue.close()
        store.close()
    _show(outcomes, rejected, as_json=as_json)
    if rejected or any(one.job.state in ("failed", "cancelled") for one in outcomes):
        raise typer.Exit(2)


def _ask_all(
    store: "Store", actor: "Actor", queue: "DraftQueue", rows: Sequence[Any], *, restricted: bool, steps: Any
) -> tuple[list["Asked"], list["Rejected"]]:
    from posology.errors import ChartError, RequestError
    from posology.review.batch import Rejected, ask_row

    asked: list[Asked] = []
    refused: list[Rejected] = []
    for number, row in enumerate(rows):
        steps("Asking", number, len(rows))
        try:
            asked.append(ask_row(store, actor, row, restricted=restricted, queue=queue))
        except (ChartError, RequestError) as error:
            refused.append(Rejected(row.number, str(error)))
    return asked, refused


def _work(
    store: "Store", settings: "Settings", queue: "DraftQueue", asked: Sequence["Asked"], steps: Any
) -> None:
    """Draft in this process until every job has ended; Ctrl-C leaves the rest queued."""
    from posology.review.jobs import open_jobs
    from posology.review.queue import Worker, bench_over

    waiting = {one.job_id for one in asked} & open_jobs(store).keys()
    if not waiting:
        return
    every = len(waiting)
    worker = Worker(bench_over(store, settings), queue)
    worker.start()
    try:
        while waiting:
            steps("Drafting", every - len(waiting), every)
            time.sleep(_POLL_S)
            waiting &= open_jobs(store).keys()
    except KeyboardInterrupt:
        warn(f"Stopped: {count(len(waiting), 'draft')} stay queued; run it again, or start a server.")
        raise
    finally:
        worker.stop()


def _write_rejected(file: Path, out: Path | None, rejected: Sequence["Rejected"]) -> None:
    """Write rejected.jsonl beside the packets, else beside the table; an old one of no use is removed."""
    from posology.files import write_atomic

    path = out / "rejected.jsonl" if out else file.with_name(f"{file.stem}.rejected.jsonl")
    if not rejected:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"row": row.number, "reason": row.reason}, ensure_ascii=False) for row in rejected]
    write_atomic(path, ("\n".join(lines) + "\n").encode())
    warn(f"Rejected: {count(len(rejected), 'row')}; the reasons are in {path}")


def _write_packets(store: "Store", actor: "Actor", outcomes: Sequence["Outcome"], out: Path) -> None:
    """Write the packets that are not there yet: a folder is named by the packet's id."""
    from posology.review.batch import write_draft

    out.mkdir(parents=True, exist_ok=True)
    for one in outcomes:
        if one.job.packet_id and one.conclusion != "deleted" and not (out / one.job.packet_id).exists():
            write_draft(store, actor, one.job.packet_id, out / one.job.packet_id)


def _show(outcomes: Sequence["Outcome"], rejected: Sequence["Rejected"], *, as_json: bool) -> None:
    if as_json:
        refused = [{"row": row.number, "reason": row.reason} for row in rejected]
        print_json({"rows": [one.to_json() for one in outcomes], "rejected": refused})
        return
    rows = [(one.number, one.job.state, _words(one), one.job.packet_id or "") for one in outcomes]
    print_table("Drafts", ["line", "state", "conclusion", "packet"], rows)
    states = [one.job.state for one in outcomes]
    words = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    say(", ".join([*words, f"{len(rejected)} rejected"]))


def _words(one: "Outcome") -> str:
    return one.conclusion.replace("_", " ") or one.job.error
