"""posology draft: a chart and a policy become a packet."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posology.cli.options import ConfigFile, Listener, ModelProfile, PolicyFolders, SealedFlag
from posology.cli.show import JsonFlag, count, print_json, print_table, progress, say, warn
from posology.errors import RequestError

if TYPE_CHECKING:
    from posology.config import Settings
    from posology.egress import Sealed

__all__ = ["draft", "parse_day"]


def draft(  # noqa: PLR0913 - one option each
    chart: Annotated[
        str,
        typer.Argument(
            help="A FHIR R4 Bundle (JSON), a folder of resources and notes, or - for standard input."
        ),
    ],
    service: Annotated[
        str, typer.Option(help="The service asked for, such as HCPCS:E0601.", metavar="SYSTEM:CODE")
    ],
    out: Annotated[Path, typer.Option(help="The folder to write.", metavar="DIR")],
    policy: Annotated[str | None, typer.Option(help="The policy's id.", metavar="ID")] = None,
    policies: PolicyFolders = None,
    payer: Annotated[
        str | None, typer.Option(help="The payer; else the chart's Coverage.", metavar="NAME")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", help="The date of service; today by default.", metavar="YYYY-MM-DD"),
    ] = None,
    request: Annotated[
        Path | None,
        typer.Option(help="YAML or JSON with what no chart holds: docs/request.md.", metavar="FILE"),
    ] = None,
    profile: ModelProfile = None,
    config: ConfigFile = None,
    seed: Annotated[int, typer.Option(help="Recorded in the manifest; models decode greedily.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a packet folder.")] = False,
    include_restricted: Annotated[
        bool,
        typer.Option("--include-restricted", help="Use resources labelled restricted; the packet says so."),
    ] = False,
    sealed: SealedFlag = False,
    probe: Listener = None,
    as_json: JsonFlag = False,
) -> None:
    """Draft a prior-authorization packet from a chart and a payer's policy."""
    from posology.config import load_settings
    from posology.files import require_free

    require_free(out, overwrite=overwrite)
    settings = load_settings(config, profile=profile)
    seal = _seal(settings, probe, sealed=sealed)
    settings = seal.settings if seal else settings
    # Only now what starts threads: a process is sealed while it has one.
    from posology.manifest import hash_file
    from posology.policies import load_policies
    from posology.priorauth import draft as draft_packet
    from posology.priorauth import parse_service, read_request_file
    from posology.records import read_chart

    code = parse_service(service)
    when = parse_day(day)
    details = read_request_file(request) if request else None
    library = load_policies(policies or [])
    files = [hash_file("request", request)] if request else []
    with progress(quiet=as_json) as steps:
        steps("Reading the chart")
        record = read_chart(chart, include_restricted=include_restricted)
        packet = draft_packet(
            record, service=code, day=when, policies=library, policy_id=policy, payer=payer,
            details=details, settings=settings, seed=seed, on_stage=steps, inputs=files,
            seal=seal.as_json() if seal else None,
        )  # fmt: skip
        steps("Writing the packet")
        packet.write(out, overwrite=overwrite)
    if as_json:
        print_json(_brief(packet.record, out) | ({"sealed": list(seal.seal.layers)} if seal else {}))
        return
    _summary(packet.record, out)


def _seal(settings: "Settings", probe: str | None, *, sealed: bool) -> "Sealed | None":
    """Seal this process for life where that is asked for, and say what of the lock does not hold."""
    if not sealed:
        if probe is not None:
            raise RequestError("--probe names the listener that proves a seal: give --sealed with it")
        return None
    import atexit

    from posology.egress import Plan, parse_listener, sealed_run

    run = sealed_run(settings, Plan(listener=parse_listener(probe) if probe else None))
    atexit.register(run.relay.close)
    for doubt in run.doubts:
        warn(f"Seal: {doubt}.")
    return run


def parse_day(text: str | None) -> date:
    """Parse ``--date``; today where it is not given."""
    if text is None:
        return date.today()
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as cause:
        raise RequestError(f"--date {text!r}: write a day of the calendar as YYYY-MM-DD") from cause


def _brief(record: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Return what a program wants to know at once; all the rest stands in packet.json."""
    return {
        "out": str(out),
        "conclusion": record["conclusion"],
        "provisional": record.get("provisional"),
        "criteria": {row["id"]: row["status"] for row in record["criteria"]},
        "to_confirm": list(record["findings_to_confirm"]),
        "gaps": [gap["id"] for gap in record["gaps"]],
        "unread": len(record["unread"]),
    }


def _summary(record: Mapping[str, Any], out: Path) -> None:
    from posology.priorauth.letter.criteria import against_rows, status_words

    rows = [[row["id"], status_words(row), row["reason"]] for row in record["criteria"]]
    print_table(str(record["policy"]["title"]), ["criterion", "finding", "why"], rows)
    outcome = str(record["conclusion"])
    provisional = str(record.get("provisional") or "")
    say(
        f"Conclusion: {_words(outcome)}"
        + (f" ({_words(provisional)}, if a person confirms the findings)" if provisional else "")
    )
    texts = {row["id"]: row["text"] for row in record["criteria"]}
    if outcome == "not_supported":
        for row in against_rows(record):
            say(f"  against: {row['id']}: {row['text']}")
    for key in record["findings_to_confirm"]:
        say(f"  confirm: {key}: {texts[key]}")
    for gap in record["gaps"]:
        say(f"  missing: {gap['id']}: {gap['ask']}")
    if record["unread"]:
        unread = count(len(record["unread"]), "part")
        warn(f"Not read: {unread} of the chart; the packet lists them under unread.")
    if record.get("stale"):
        warn(str(record["stale"]))
    say(f"Packet: {out}  (packet.json, letter.pdf, letter.html, letter.md, manifest.json)")
    say(f"Why: posology explain {quote(str(out))} [CRITERION]")


def _words(conclusion: str) -> str:
    return conclusion.replace("_", " ")
