"""What commands print: a chart's text exactly, and nothing that a terminal would obey."""

import base64

from posology.cli.show import visible
from tests.cli.cli_runs import good_bundle, run, run_apart, write

TEXT = "Denies \x1b[31mpain\x1b[0m.\r\n\tBMI 41\N{NO-BREAK SPACE}kg/m² \x07"


def _chart(tmp_path):
    bundle = good_bundle()
    patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    attachment = {"contentType": "text/plain", "data": base64.b64encode(TEXT.encode()).decode()}
    attachment["title"] = "red \x1b[31m title"
    document = {"resourceType": "DocumentReference", "id": "odd", "status": "current"}
    document |= {
        "subject": {"reference": f"Patient/{patient['id']}"},
        "content": [{"attachment": attachment}],
    }
    bundle["entry"].append({"resource": document})
    return write(tmp_path / "chart.json", bundle)


def test_a_text_goes_into_a_pipe_byte_for_byte(tmp_path):
    chart = _chart(tmp_path)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0"}  # whatever the locale
    ran = run_apart("chart", "text", chart, "DocumentReference/odd", env=environment)
    assert (ran.code, ran.out, ran.err) == (0, TEXT, "")


def test_control_characters_of_a_chart_are_shown_and_not_sent_to_the_terminal(tmp_path):
    ran = run("chart", "show", _chart(tmp_path))
    assert ran.code == 0
    assert "\x1b[31m" not in ran.out
    assert "␛" in ran.out


def test_a_visible_text_keeps_its_length_so_that_offsets_stay():
    everything = "".join(map(chr, range(0x100)))
    shown = visible(everything)
    assert len(shown) == len(everything)
    assert [c for c in shown if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0] == ["\t", "\n"]
    assert visible("Ünïcode ½ µg\n") == "Ünïcode ½ µg\n"
