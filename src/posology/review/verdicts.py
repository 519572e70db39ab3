"""Entries about sentences that an act had checked: fact checks, the verdict, the models that were asked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from posology.evidence import SupportChecker
from posology.ledger.entries import Kind
from posology.ledger.values import CODE, MODEL
from posology.priorauth.sheet import Desk
from posology.priorauth.validating import GeneratorChecker
from posology.review.calls import CallLog, RecordedChecker, RecordedGenerator
from posology.store import Writing

__all__ = ["model_name", "record_calls", "record_verdicts", "recorded_desk"]

_OTHER = re.compile(r"[^A-Za-z0-9._:/+@-]+")


def recorded_desk(desk: Desk, log: CallLog) -> Desk:
    """Return the same desk, each call of whose models is noted in the log."""
    writer = None if desk.writer is None else RecordedGenerator(desk.writer, "writer", log)
    return replace(desk, writer=writer, checker=_recorded(desk.checker, log))


def _recorded(checker: SupportChecker | None, log: CallLog) -> SupportChecker | None:
    if isinstance(checker, GeneratorChecker):  # its calls are those of the generator that it asks
        return GeneratorChecker(RecordedGenerator(checker.generator, "validator", log))
    return None if checker is None else RecordedChecker(checker, log)


def record_calls(w: Writing, log: CallLog, packet_id: str, version: int) -> None:
    """Record each call of a model that an act needed."""
    for row in log.take():
        details = {key: value for key, value in row.items() if key != "job"}
        w.record(Kind.MODEL_CALLED, packet=packet_id, version=version, details=details)


def record_verdicts(
    w: Writing, record: Mapping[str, Any], touched: Iterable[str], packet_id: str, version: int
) -> None:
    """Record, for each sentence that an act wrote or had checked again, its checks and its verdict."""
    for row, verdict in _checked(record, frozenset(touched)):
        failed = next((check["check"] for check in row.get("checks") or () if not check["ok"]), "")
        made = {"check": "facts", "sentence": row["id"], "ok": verdict != "withheld"}
        if CODE.holds(failed):
            made["reason"] = failed
        w.record(Kind.CHECK_MADE, packet=packet_id, version=version, details=made)
        given = {"sentence": row["id"], "verdict": verdict} | _scored(row)
        w.record(Kind.VERDICT_GIVEN, packet=packet_id, version=version, details=given)


def _checked(record: Mapping[str, Any], touched: frozenset[str]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for row in record["narrative"]:
        if f"sentence:{row['id']}" in touched:
            yield row, row["verdict"]
    for row in record["withheld"]:
        if f"withheld:{row['id']}" in touched:
            yield row, "withheld"


def _scored(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return who gave the verdict, and the score in thousandths where one was given."""
    support = next((check for check in row.get("checks") or () if check.get("by")), None)
    if support is None:
        return {"by": "rules"}
    score = support.get("score")
    scored = {} if score is None else {"score": max(0, round(1000 * float(score)))}
    return {"by": model_name(str(support["by"]))} | scored


def model_name(name: str) -> str:
    """Return a model's name as the ledger can hold it."""
    plain = _OTHER.sub("-", name).strip("-")[:128]
    return plain if MODEL.holds(plain) else "unknown"
