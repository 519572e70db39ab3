"""The whole flow on unusual charts: restricted, stale, spoilt, of other makers; and a golden packet."""

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from posology.errors import PosologyError
from posology.priorauth import draft
from posology.records import read_chart
from tests.priorauth.drafted import POLICIES, draft_of, drafted, made, rules, without
from tests.priorauth.refresh_golden import GOLDEN, golden_record

JUNK = [
    None, 1, -1.5, "", "x", "2020-02-30", [], {}, [None], [1], ["x"], {"x": 1}, True, {"coding": "x"},
    {"value": "x"}, {"reference": 5}, [{"reference": None}], "Patient/gone", {"start": 5}, [[]],
]  # fmt: skip


def _spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*path, key)
        yield from _spots(value[key], (*path, key))


def _spoilt(bundle: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    spoilt = json.loads(json.dumps(bundle))
    for _ in range(rng.choice([1, 2, 5])):
        body = rng.choice(spoilt["entry"])["resource"]
        *path, last = rng.choice(list(_spots(body)))
        for key in path:
            body = body[key]
        body[last] = json.loads(json.dumps(rng.choice(JUNK)))
    return spoilt


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_a_spoilt_chart_is_drafted_or_refused_and_nothing_else(policy_id):
    rng = random.Random(f"spoilt {policy_id}")
    messages = []
    for _ in range(12):
        try:
            one = draft_of(policy_id, "mixed", bundle=_spoilt(made(policy_id, "mixed").bundle, rng))
        except PosologyError as refused:
            messages.append(str(refused))
        else:
            assert one.packet.letter("md")
    assert [message for message in messages if len(message.splitlines()) != 1] == []


def _restricted() -> dict[str, Any]:
    bundle = json.loads(json.dumps(made("cms-ncd-100.1").bundle))
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Observation":
            entry["resource"]["meta"] = {"security": [{"code": "R"}]}
    return bundle


def test_restricted_resources_are_used_only_when_asked_for_and_the_packet_says_so():
    plain = draft_of("cms-ncd-100.1", bundle=_restricted())
    status = {row["id"]: row["status"] for row in plain.record["criteria"]}
    assert status["bmi-35"] == "unknown"
    assert plain.record["restricted_used"] is False
    assert any("restricted" in row["why"].lower() for row in plain.record["unread"])
    asked = draft_of("cms-ncd-100.1", bundle=_restricted(), include_restricted=True)
    assert {row["id"]: row["status"] for row in asked.record["criteria"]}["bmi-35"] == "met"
    assert asked.record["restricted_used"] is True


@pytest.mark.parametrize(("years", "stale"), [(0, False), (3, True)])
def test_a_chart_whose_newest_entry_is_over_a_year_older_is_reported(years, stale):
    one = made("cms-ncd-240.4")
    policy = POLICIES["cms-ncd-240.4"]
    day = date.fromisoformat(one.truth["date"])
    packet = draft(
        drafted("cms-ncd-240.4").chart,
        service=policy.services[0],
        day=day.replace(year=day.year + years, day=min(day.day, 28)),
        policy_id=policy.id,
        settings=rules(),
    )
    assert bool(packet.record["stale"]) is stale
    if stale:
        assert "over a year before the date of service" in packet.record["stale"]
        assert (
            "stale" in packet.letter("md").decode().lower() or "over a year" in packet.letter("md").decode()
        )


def _write_folder(folder: Path, bundle: dict[str, Any]) -> Path:
    """Write a bundle as a folder: a file a resource, and its observations as NDJSON."""
    lines = []
    for number, entry in enumerate(bundle["entry"]):
        body = entry["resource"]
        if body["resourceType"] == "Observation":
            lines.append(json.dumps(body))
        else:
            (folder / f"{number:03}.json").write_text(json.dumps(body), encoding="utf-8")
    (folder / "observations.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_folder_of_resources_gives_the_statuses_of_the_bundle(tmp_path):
    one = drafted("cms-ncd-100.1", "mixed")
    chart = read_chart(_write_folder(tmp_path, one.bundle))
    policy = POLICIES["cms-ncd-100.1"]
    service = next(s for s in policy.services if s.code == one.truth["service"]["code"])
    day = date.fromisoformat(one.truth["date"])
    packet = draft(chart, service=service, day=day, policy_id=policy.id, settings=rules())
    assert packet.statuses == one.packet.statuses
    assert packet.conclusion == one.packet.conclusion


def test_a_chart_without_notes_or_observations_leaves_their_criteria_open():
    bundle = without(made("cms-ncd-100.1").bundle, "Observation", "DocumentReference", "Composition")
    record = draft_of("cms-ncd-100.1", bundle=bundle).record
    assert {row["id"]: row["status"] for row in record["criteria"]}["bmi-35"] == "unknown"
    assert record["conclusion"] in ("incomplete", "not_supported")


def _draft_for_all(path: Path) -> list[str]:
    """Draft a chart for every policy; return why not, where it is refused."""
    chart = read_chart(path)
    for policy in POLICIES.values():
        try:
            packet = draft(
                chart, service=policy.services[0], day=date(2024, 6, 1), policy_id=policy.id, settings=rules()
            )
        except PosologyError as refused:
            return [str(refused)]
        assert packet.record["conclusion"] != "ready"
        assert packet.letter("md")
    return []


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_synthea_charts_are_drafted_for_every_policy(data_folder, number):
    paths = sorted((data_folder / "synthea_fhir_r4").glob("*.json"), key=lambda path: path.stat().st_size)
    if not paths:
        pytest.skip("the Synthea charts are not here")
    refused = _draft_for_all(paths[number])
    assert [why for why in refused if "deceased" not in why] == []


@pytest.mark.slow
def test_every_da_vinci_chart_is_drafted_or_refused_in_one_line(data_folder):
    drafts, messages = 0, []
    for path in sorted((data_folder / "davinci_pas_examples").rglob("*.json")):
        try:
            read_chart(path)
        except PosologyError as refused:
            messages.append(str(refused))
            continue
        messages += _draft_for_all(path)
        drafts += 1
    assert drafts > 0
    assert [message for message in messages if len(message.splitlines()) != 1] == []


def test_the_packet_of_one_made_chart_is_the_golden_one():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden_record() == golden, "read the difference; python -m tests.priorauth.refresh_golden --accept"
