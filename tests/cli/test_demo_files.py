"""The demonstration's files and the request file that is documented are what the program reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from posology.files import parse_yaml
from posology.priorauth.request import parse_request
from tests.cli.cli_runs import run

POLICY = "cms-ncd-100.1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the chart that scripts/demo makes."""
    folder = tmp_path_factory.mktemp("demo") / "charts"
    assert run("synth", POLICY, "--out", folder, "--n", "1", "--seed", "7").code == 0
    return next(path for path in folder.glob(f"{POLICY}-*.json") if ".truth." not in path.name)


def _draft(chart: Path, root: Path, out: Path, request: str) -> Any:
    truth = json.loads(chart.with_suffix(".truth.json").read_text(encoding="utf-8"))
    service = f"{truth['service']['system']}:{truth['service']['code']}"
    demo = root / "examples" / "demo"
    ran = run(
        "draft", chart, "--service", service, "--date", truth["date"], "--policy", POLICY,
        "--profile", "rules", "--config", demo / "practice.toml", "--request", demo / request, "--out", out,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return json.loads((out / "packet.json").read_text(encoding="utf-8"))


def test_the_surgeons_statement_makes_the_demonstrations_packet_ready(made, tmp_path, repo_root):
    assert _draft(made, repo_root, tmp_path / "first", "request.yaml")["conclusion"] != "ready"
    confirmed = _draft(made, repo_root, tmp_path / "second", "confirmed.yaml")
    assert (confirmed["conclusion"], confirmed["gaps"]) == ("ready", [])


def test_the_request_file_that_is_documented_is_read_and_shows_every_key(repo_root):
    page = (repo_root / "docs" / "request.md").read_text(encoding="utf-8")
    shown = re.search(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert shown, "docs/request.md shows a request file"
    record = parse_yaml(shown[1], "docs/request.md")
    request = parse_request(record, "docs/request.md")
    assert set(record) == set(type(request).model_fields)
