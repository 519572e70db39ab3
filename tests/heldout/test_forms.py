"""Charts in every form that is read, what is refused, and that nothing is left behind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.cli_runs import run, run_apart
from tests.heldout.builders import bundle, condition, coverage, note, patient, pdf, write_bundle
from tests.heldout.case import E11
from tests.heldout.cases_forms import BASIC
from tests.heldout.cases_notes import SAID
from tests.heldout.drafting import POLICIES, leaves_in

RTF = r"{\rtf1\ansi " + SAID.replace(". ", r".\par ") + "}"
HTML = "<html><body><p>" + SAID.replace(". ", ".</p><p>") + "</p></body></html>"
NOTES: dict[str, bytes] = {
    "2024-01-02 visit.txt": SAID.encode(),
    "2024-01-02 visit.html": HTML.encode(),
    "2024-01-02 visit.rtf": RTF.encode(),
    "2024-01-02 visit.pdf": pdf(SAID),
    "2024-01-02 visit.md": SAID.encode(),
}
READ = {"back-pain": "met", "no-smoking": "met", "diabetes": "met", "infection": "not_met"}


def draft_of(chart: object, out: Path, service: str = "HCPCS:E0143", **options: str) -> tuple[object, ...]:
    named = {"date": "2024-01-10", "policies": str(POLICIES), "profile": "rules"} | options
    given = [word for name, value in named.items() for word in (f"--{name}", value)]
    return "draft", chart, "--service", service, "--out", out, *given


@pytest.mark.parametrize("name", NOTES)
def test_a_folder_of_resources_and_a_note_of_any_kind_is_read_alike(name: str, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "notes").mkdir(parents=True)
    (chart / "patient.json").write_text(json.dumps(patient()))
    lines = [json.dumps(one) for one in (coverage(), condition("dm", E11, onsetDateTime="2015-01-01"))]
    (chart / "rest.ndjson").write_text("\n".join(lines) + "\n")
    (chart / "notes" / name).write_bytes(NOTES[name])
    ran = run(*draft_of(chart, tmp_path / "out", "HCPCS:E0748"))
    assert ran.code == 0, ran.err
    packet = json.loads((tmp_path / "out" / "packet.json").read_text())
    assert leaves_in(packet) == READ
    assert (packet["conclusion"], packet["provisional"]) == ("review", "ready")
    for one in packet["evidence"]:
        if one["kind"] == "text":
            text = run("chart", "text", chart, one["source"]).out
            assert text[one["start"] : one["end"]] == one["quote"]


@pytest.mark.parametrize("form", ["bundle", "ndjson"])
def test_standard_input_is_read(form: str, tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(one) for one in BASIC)
    text = json.dumps(bundle(*BASIC)) if form == "bundle" else lines
    ran = run_apart(*draft_of("-", tmp_path / "out"), stdin=text.encode())
    assert ran.code == 0, ran.err
    assert leaves_in(json.loads((tmp_path / "out" / "packet.json").read_text())) == {"gait": "met"}


def _foreign(folder: Path) -> Path:
    return write_bundle(folder, patient(), patient(id="other"))


def _cut(folder: Path) -> Path:
    path = write_bundle(folder, *BASIC)
    path.write_text(path.read_text()[:-20])
    return path


def _nobody(folder: Path) -> Path:
    return write_bundle(folder, *BASIC[1:])


def _dead(folder: Path) -> Path:
    return write_bundle(folder, patient(deceasedDateTime="2023-12-12"), *BASIC[1:])


def _basic(folder: Path) -> Path:
    return write_bundle(folder, *BASIC)


REFUSED: dict[str, tuple[Callable[[Path], Path], dict[str, str], str]] = {
    "two patients": (_foreign, {}, "Patient"),
    "cut in the middle": (_cut, {}, "chart.json"),
    "no patient": (_nobody, {}, "patient"),
    "died before the day": (_dead, {}, "deceasedDateTime"),
    "no such file": (lambda folder: folder / "gone.json", {}, "gone.json"),
    "no such policy": (_basic, {"policy": "ho-quit"}, "ho-quiet"),
    "a policy for another service": (_basic, {"policy": "ho-notes"}, "E0748"),
    "no policy governs it": (_basic, {"service": "HCPCS:E9999"}, "E9999"),
    "another payer": (_basic, {"payer": "Elsewhere"}, "ho-quiet"),
    "before the policy": (_basic, {"date": "2019-12-31"}, "ho-quiet"),
    "no date": (_basic, {"date": "2024-02-30"}, "2024-02-30"),
    "no code": (_basic, {"service": "E0143"}, "SYSTEM:CODE"),
    "no such profile": (_basic, {"profile": "rulez"}, "rules"),
    "no such folder of policies": (_basic, {"policies": "/nowhere/at/all"}, "/nowhere/at/all"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_user_can_mend_ends_with_two_and_writes_nothing(name: str, tmp_path: Path) -> None:
    build, options, told = REFUSED[name]
    (tmp_path / "in").mkdir()
    ran = run(*draft_of(build(tmp_path / "in"), tmp_path / "out", **options))
    assert ran.code == 2, ran.out + ran.err
    assert told in ran.err
    assert [one.name for one in tmp_path.iterdir()] == ["in"]


def test_an_unknown_key_names_the_file_the_path_and_the_nearest_key(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    text = (POLICIES / "quiet.yaml").read_text()
    (tmp_path / "in" / "mine.yaml").write_text(text.replace("  text: Abnormal", "  txet: Abnormal"))
    options = {"policies": str(tmp_path / "in")}
    ran = run(*draft_of(_basic(tmp_path / "in"), tmp_path / "out", **options))
    assert ran.code == 2
    assert all(word in ran.err for word in ("mine.yaml", "criteria.txet", "'text'"))
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone_without_overwrite(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    ran = run(*draft_of(_basic(tmp_path / "in"), out))
    assert ran.code == 2
    assert "--overwrite" in ran.err
    assert [one.name for one in out.iterdir()] == ["mine.txt"]


def test_a_failure_leaves_an_earlier_packet_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    chart = _basic(tmp_path / "in")
    assert run(*draft_of(chart, tmp_path / "out")).code == 0
    before = {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()}
    _cut(tmp_path / "in")
    assert run(*draft_of(chart, tmp_path / "out"), "--overwrite").code == 2
    assert {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()} == before


def test_the_same_inputs_give_the_same_packet_and_letter(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    parts = [patient(), coverage(), condition("dm", E11), note("n", SAID, "2024-01-02")]
    chart = write_bundle(tmp_path / "in", *parts)
    kept = []
    for _ in range(2):
        assert run(*draft_of(chart, tmp_path / "out", "HCPCS:E0748")).code == 0
        names = ("packet.json", "letter.md", "letter.html", "letter.pdf")
        kept.append([(tmp_path / "out" / name).read_bytes() for name in names])
        shutil.rmtree(tmp_path / "out")
    assert kept[0] == kept[1]


def test_the_order_of_entries_decides_nothing(tmp_path: Path) -> None:
    parts = [patient(), coverage(), condition("dm", E11), note("n", SAID, "2024-01-02")]
    packets = []
    for name, order in (("a", parts), ("b", parts[::-1])):
        (tmp_path / name).mkdir()
        chart = write_bundle(tmp_path / name, *order)
        assert run(*draft_of(chart, tmp_path / name / "out", "HCPCS:E0748")).code == 0
        packets.append(json.loads((tmp_path / name / "out" / "packet.json").read_text()))
    assert leaves_in(packets[0]) == leaves_in(packets[1])
    assert packets[0]["conclusion"] == packets[1]["conclusion"]


@pytest.mark.parametrize(("day", "stale"), [("2024-01-01", False), ("2024-01-02", True)])
def test_a_chart_is_stale_from_a_year_and_a_day_on(day: str, stale: bool, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert run(*draft_of(_basic(tmp_path / "in"), tmp_path / "out", date=day)).code == 0
    told = json.loads((tmp_path / "out" / "packet.json").read_text())["stale"]
    assert (told is not None) is stale
