"""Services, dates, policies, request files and settings that cannot be used."""

import pytest

from tests.cli.cli_runs import POLICY, assert_refused, day, draft, good_bundle, run, run_apart, service, write

OPTIONS = [
    ("a day that does not exist", {"--date": "2024-02-30"}, ["--date", "2024-02-30", "YYYY-MM-DD"]),
    ("a day written otherwise", {"--date": "03/05/2024"}, ["--date", "YYYY-MM-DD"]),
    ("a day out of reach", {"--date": "99999-01-01"}, ["--date"]),
    ("a service without its system", {"--service": "E0601"}, ["--service", "SYSTEM:CODE"]),
    ("a service without its code", {"--service": "HCPCS:"}, ["--service", "SYSTEM:CODE"]),
    ("an unknown service", {"--service": "HCPCS:E0602"}, ["HCPCS:E0602", "nearest", "HCPCS:E0601"]),
    ("an unknown system", {"--service": "NOPE:1"}, ["NOPE:1", "nearest"]),
    ("an unknown payer", {"--payer": "Nobody Health"}, ["Nobody Health", "CMS", "--payer"]),
    ("an unknown policy", {"--policy": "cms-ncd-100.2"}, ["cms-ncd-100.2", "nearest", POLICY]),
    ("a policy of another service", {"--policy": "cms-ncd-240.4"}, ["does not govern", "HCPCS:E0601"]),
    ("a day before any policy", {"--date": "1999-01-01"}, ["in force on 1999-01-01", POLICY]),
    ("an unknown profile", {"--profile": "ruels"}, ["ruels", "rules"]),
    ("a folder of policies that is not there", {"--policies": "gone"}, ["gone", "no such folder"]),
    ("a request file that is not there", {"--request": "gone.yaml"}, ["gone.yaml", "cannot be read"]),
    ("settings that are not there", {"--config": "gone.toml"}, ["gone.toml"]),
]


@pytest.fixture
def chart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "chart.json", good_bundle())


@pytest.mark.parametrize(("changes", "words"), [row[1:] for row in OPTIONS], ids=[row[0] for row in OPTIONS])
def test_an_option_that_cannot_be_used_is_refused(tmp_path, chart, changes, words):
    bundle = good_bundle()
    if "--payer" in changes or changes.get("--date") == "1999-01-01":
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Coverage"]
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == "Patient":
                entry["resource"]["birthDate"] = "1960"
    write(chart, bundle)
    assert_refused(run(*draft(chart, tmp_path / "out", changes=changes)), tmp_path / "out", *words)


REQUESTS = [
    ("an unknown key", "quantitty: {value: 3}", ["request.yaml", "quantitty", "nearest", "quantity"]),
    ("an unknown key inside", "provider: {nmae: A}", ["provider.nmae", "nearest", "name"]),
    ("an unknown key of a quantity", "quantity: {value: 3, units: box}", ["quantity.units", "unit"]),
    ("an unknown key of an attestation", "attestations: [{criterio: x}]", ["attestations.0", "criterion"]),
    ("no number", "quantity: {value: many}", ["quantity.value"]),
    ("a quantity below nothing", "quantity: {value: -3}", ["quantity.value", "positive"]),
    ("no choice", "side: middle", ["side", "left"]),
    ("a key that stands twice", "side: left\nside: right", ["line 2", "twice"]),
    ("no mapping", "- side", ["a mapping"]),
    ("no YAML", "side: [left", ["request.yaml", "line"]),
    (
        "a statement on no criterion",
        "attestations: [{criterion: bmi-53, answer: 'yes', statement: s, by: Dr A, date: 2024-01-01}]",
        ["bmi-53", "bmi-35"],
    ),
    (
        "a statement of a day that does not exist",
        "attestations: [{criterion: bmi-35, answer: 'yes', statement: s, by: Dr A, date: 2024-02-30}]",
        ["attestations.0.date"],
    ),
]


@pytest.mark.parametrize(("text", "words"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
def test_a_request_file_is_read_strictly(tmp_path, chart, text, words):
    request = write(tmp_path / "request.yaml", text.encode())
    assert_refused(run(*draft(chart, tmp_path / "out", "--request", request)), tmp_path / "out", *words)


POLICY_TEXT = """posology: policy/1
id: own
title: A policy of one's own
payer: CMS
version: "1"
effective: {from: 2000-01-01, until: null}
services: [{system: HCPCS, code: Z0001}]
criteria: {id: leaf, text: A leaf., find: {resource: Condition}, test: "true"}
"""

POLICIES = [
    ("a typo in a key", ("title:", "titel:"), ["own.yaml", "titel", "title"]),
    ("a typo in a leaf", ("test:", "tset:"), ["own.yaml", "tset", "test"]),
    ("no such type under find", ("{resource: Condition}", "{resourse: Condition}"), ["resourse", "resource"]),
    ("FHIRPath that does not parse", ('"true"', '"code.where("'), ["own.yaml", "leaf", "FHIRPath"]),
    ("FHIRPath with something after it", ('"true"', '"true true"'), ["own.yaml", "leaf", "goes on"]),
    ("FHIRPath that runs away", ('"true"', "\"code.text.matches('(a+)+$')\""), ["leaf", "without end"]),
    ("FHIRPath that never ends", ('"true"', '"repeat($this)"'), ["leaf", "without end"]),
    ("FHIRPath of great length", ('"true"', '"' + "true and " * 400 + 'true"'), ["leaf", "longer than"]),
    (
        "a filter that does not parse",
        ("{resource: Condition}", "{resource: Condition, where: 'a ='}"),
        ["own.yaml", "leaf: find.where", "FHIRPath"],
    ),
    (
        "a find that does not parse",
        ("{resource: Condition}", "'Condition.where('"),
        ["leaf: find", "FHIRPath"],
    ),
    ("another format", ("policy/1", "policy/9"), ["own.yaml", "policy/1"]),
    ("an end before the beginning", ("until: null", "until: 1999-01-01"), ["ends before it begins"]),
    ("no YAML", ("services: [", "services: [["), ["own.yaml", "line"]),
    ("a source that is not there", ("criteria:", "source: {file: gone.txt}\ncriteria:"), ["gone.txt"]),
    (
        "a source outside its folder",
        ("criteria:", "source: {file: ../../etc/passwd}\ncriteria:"),
        ["source.file", "beside the policy"],
    ),
]


@pytest.mark.parametrize(("change", "words"), [row[1:] for row in POLICIES], ids=[row[0] for row in POLICIES])
def test_a_policy_that_cannot_be_used_is_refused_with_its_file_and_place(tmp_path, chart, change, words):
    assert change[0] in POLICY_TEXT
    write(tmp_path / "own" / "own.yaml", POLICY_TEXT.replace(*change, 1).encode())
    arguments = draft(
        chart, tmp_path / "out", changes={"--service": "HCPCS:Z0001", "--policies": str(tmp_path / "own")}
    )
    assert_refused(run(*arguments), tmp_path / "out", *words)


def test_two_policies_in_force_are_both_named(tmp_path, chart):
    write(tmp_path / "own" / "one.yaml", POLICY_TEXT.encode())
    write(tmp_path / "own" / "two.yaml", POLICY_TEXT.replace("id: own", "id: other").encode())
    arguments = draft(
        chart, tmp_path / "out", changes={"--service": "HCPCS:Z0001", "--policies": str(tmp_path / "own")}
    )
    assert_refused(run(*arguments), tmp_path / "out", "own version 1", "other version 1", "--policy")


def test_the_same_version_in_two_files_is_refused(tmp_path, chart):
    for name in ("one.yaml", "two.yaml"):
        write(tmp_path / "own" / name, POLICY_TEXT.encode())
    arguments = draft(chart, tmp_path / "out", changes={"--policies": str(tmp_path / "own")})
    assert_refused(run(*arguments), tmp_path / "out", "one.yaml", "two.yaml")


SETTINGS = [
    ("an unknown key", "[practise]\nname = 'x'", ["practise", "practice"]),
    ("an NPI of a wrong check digit", "[practice]\nnpi = '1234567890'", ["practice", "npi", "check digit"]),
    ("no TOML", "[practice", ["posology.toml"]),
    (
        "an address outside",
        "[profile.rules]\nwriter = {engine = 'openai', base_url = 'http://203.0.113.7/v1', model = 'm'}\n"
        "validator = {engine = 'none'}\nembedder = {engine = 'static'}",
        ["203.0.113.7", "remote"],
    ),
]


@pytest.mark.parametrize(("text", "words"), [row[1:] for row in SETTINGS], ids=[row[0] for row in SETTINGS])
def test_settings_are_read_strictly(tmp_path, chart, text, words):
    write(tmp_path / "posology.toml", text.encode())
    assert_refused(run(*draft(chart, tmp_path / "out")), tmp_path / "out", *words)


def test_a_missing_option_shows_how_to_use_the_command(tmp_path, chart):
    ran = run("draft", chart, "--service", service())
    assert ran.code == 2
    assert "--out" in ran.err
    assert "Traceback" not in ran.err


def test_a_bundle_comes_from_standard_input_too(tmp_path, chart):
    arguments = draft("-", tmp_path / "out")
    ran = run_apart(*arguments, stdin=chart.read_bytes())
    assert ran.code == 0, ran.err
    assert (tmp_path / "out" / "packet.json").is_file()
    ran = run_apart(*draft("-", tmp_path / "other"), stdin=b"hello")
    assert_refused(ran, tmp_path / "other", "standard input", "not JSON")


def test_the_same_message_comes_from_a_process_of_its_own(tmp_path, chart):
    ran = run_apart(*draft(chart, tmp_path / "out", changes={"--date": "2024-02-30"}))
    assert_refused(ran, tmp_path / "out", "--date")
    assert day() != "2024-02-30"
