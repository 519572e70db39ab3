"""A writer goes into the package where licence, size, measurement and precision speak for it, else not."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from posology.chat.matrices.tensors import open_tensors, write_tensors

pytest.importorskip("gguf")


@pytest.fixture
def ship(repo_root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(repo_root / "benchmarks"))
    return importlib.import_module("judge_writer_ship")


def rate(k: int, n: int) -> dict[str, Any]:
    return {"k": k, "n": n, "rate": k / n if n else None, "ci95": [0.0, 1.0] if n else None}


def readers(precision: tuple[int, int], recall: tuple[int, int], n: int = 200) -> dict[str, Any]:
    def reader(met: tuple[int, int], found: tuple[int, int]) -> dict[str, Any]:
        return {"n": n, "met": {"precision": rate(*met), "recall": rate(*found)}}

    return {"rules": reader((50, 50), (50, 100)), "rules and model": reader(precision, recall)}


HELD: dict[str, Any] = {"held_out": True, "reads": "all", "charts": 30, "seed": 1, "public": 20}
GROUNDED: dict[str, Any] = {
    "packets": 100,
    "sentences_with_invention": rate(0, 900),
    "quotes_that_differ": rate(0, 900),
    "met_leaves_omitted": rate(0, 300),
    "withheld": 50,
}


def scored(
    ship: ModuleType,
    leaves: dict[str, Any],
    grounded: dict[str, Any],
    settings: dict[str, Any],
    others: dict[str, Any],
) -> list[str]:
    def report(name: str, results: dict[str, Any], settings: dict[str, Any]) -> Any:
        return ship.Report(name, results, {"settings": HELD | settings})

    found: list[str] = ship.faults_of_scores(
        report("criteria-x", {"text_leaves": leaves}, settings),
        report("grounding-x", GROUNDED | grounded, settings),
        report("grounding-y", GROUNDED | {"withheld": 90}, others),
    )
    return found


GOOD = readers((78, 80), (78, 100))


@pytest.mark.parametrize(
    ("leaves", "grounded", "settings", "others", "fault"),
    [
        (GOOD, {}, {}, {}, ""),
        (readers((76, 80), (76, 100)), {}, {}, {}, ""),  # 0.95 is enough
        (readers((75, 80), (75, 100)), {}, {}, {}, "precision of met is 0.9375"),
        (readers((0, 0), (0, 100)), {}, {}, {}, "precision of met is None"),
        (readers((49, 50), (49, 100)), {}, {}, {}, "recall of met is 0.49, that of rules alone 0.5"),
        (readers((20, 20), (78, 100), n=40), {}, {}, {}, "40 text leaves are too few"),
        ({"rules": GOOD["rules"]}, {}, {}, {}, "measured without a model"),
        (GOOD, {"sentences_with_invention": rate(1, 900)}, {}, {}, "sentences_with_invention: 1"),
        (GOOD, {"quotes_that_differ": rate(1, 900)}, {}, {}, "quotes_that_differ: 1"),
        (GOOD, {"packets": 20}, {}, {}, "20 packets are too few"),
        (GOOD, {"met_leaves_omitted": rate(3, 300)}, {}, {}, "met leaves omitted: 0.01, without 0"),
        (GOOD, {"withheld": 91}, {}, {}, "withheld sentences: 91, without 90"),
        (GOOD, {}, {"held_out": False}, {"held_out": False}, "not measured on held-out policies"),
        (GOOD, {}, {"reads": "named"}, {}, "not measured as it ships"),
        (GOOD, {}, {}, {"charts": 12}, "measured with other settings: charts"),
    ],
)
def test_only_a_measurement_that_speaks_for_it_lets_a_writer_ship(
    ship: ModuleType,
    leaves: dict[str, Any],
    grounded: dict[str, Any],
    settings: dict[str, Any],
    others: dict[str, Any],
    fault: str,
) -> None:
    found = scored(ship, leaves, grounded, settings, others)
    assert bool(found) == bool(fault)
    assert any(fault in one for one in found) == bool(fault)


@pytest.mark.parametrize(
    ("half", "fine"),
    [({"mean_kl": 0.0021, "top1": 0.97}, True), ({"mean_kl": 0.003, "top1": 0.98}, False),
     ({"mean_kl": 0.002, "top1": 0.96}, False)],
)  # fmt: skip
def test_bfloat16_is_taken_where_q8_0_loses_as_much_without_it(
    ship: ModuleType, half: dict[str, float], fine: bool
) -> None:
    compared = {"Q8_0 of float32": {"mean_kl": 0.002, "top1": 0.98}, "Q8_0 of bfloat16": half}
    assert (ship.faults_of_precision(compared) == []) == fine


def adapter(folder: Path, licences: dict[str, int], purpose: str = "ship", base: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    values = np.full((4, 8), 0.1234567, np.float32)
    write_tensors(folder / "adapter.safetensors", {"a": (4, 8)}, [("a", values)], "float32")
    (folder / "adapter_config.json").write_text("{}")
    (folder / "card.md").write_text("# x\n")
    (folder / "recipe.toml").write_text("")
    (folder / "report.json").write_text(json.dumps({"licences": licences}))
    told = {"name": base or "smollm2-135m-instruct", "family": "smollm2", "licence": "Apache-2.0"}
    told["sha256"] = "0" * 64
    recipe = {"data": {"purpose": purpose}}
    manifest = {"models": {"base": told}, "settings": {"recipe": recipe}, "inputs": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize(
    ("licences", "purpose", "fault"),
    [
        ({"made here": 5, "CC BY-NC 4.0": 1}, "ship", "licence: CC BY-NC 4.0"),
        ({"not stated": 5}, "ship", "licence: not stated"),
        ({}, "ship", "names no licence"),
        ({"made here": 5}, "study", "for the purpose 'study'"),
    ],
)
def test_an_adapter_whose_licences_forbid_it_is_refused(
    ship: ModuleType, tmp_path: Path, licences: dict[str, int], purpose: str, fault: str
) -> None:
    found = ship.faults_of(adapter(tmp_path / "a", licences, purpose, base="other"))
    assert sorted(found) == sorted([fault_in(found, fault), fault_in(found, "was made for other")])


def fault_in(found: list[str], words: str) -> str:
    (one,) = [fault for fault in found if words in fault]
    return one


def test_an_adapter_without_its_papers_is_refused(ship: ModuleType, tmp_path: Path) -> None:
    folder = adapter(tmp_path / "a", {"made here": 5})
    (folder / "card.md").unlink()
    assert ship.faults_of(folder) == [f"{folder}: has no card.md"]


def test_weights_of_more_than_twelve_megabytes_are_refused(ship: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "adapter.safetensors").write_bytes(bytes(12_000_000))
    assert ship.faults_of_size(tmp_path) == []
    (tmp_path / "adapter.safetensors").write_bytes(bytes(12_000_001))
    assert ship.faults_of_size(tmp_path) == ["its weights have 12,000,001 bytes, more than 12,000,000"]


def test_the_weights_ship_in_bfloat16(ship: ModuleType, tmp_path: Path) -> None:
    source = adapter(tmp_path / "a", {"made here": 5})
    (tmp_path / "b").mkdir()
    ship.fill(source, tmp_path / "b")
    before, after = (open_tensors(tmp_path / one / "adapter.safetensors")["a"].read() for one in "ab")
    assert 0 < np.abs(after / before - 1).max() <= 2**-8
    assert after.shape == before.shape


def test_a_report_counts_for_the_adapter_and_its_exports_only(ship: ModuleType, tmp_path: Path) -> None:
    one, other = adapter(tmp_path / "a", {"made here": 5}), adapter(tmp_path / "b", {"made here": 5})
    assert ship.export_of(one, one)
    assert ship.export_of(other, one)  # the same weights in another place
    values = np.ones((4, 8), np.float32)
    write_tensors(other / "adapter.safetensors", {"a": (4, 8)}, [("a", values)], "float32")
    assert ship.export_of(other, one) is None
    assert ship.export_of(tmp_path / "gone", one) is None


def test_the_card_tells_scores_beside_the_untuned_and_keeps_what_else_was_measured(
    ship: ModuleType, tmp_path: Path
) -> None:
    def report(results: dict[str, Any]) -> dict[str, Any]:
        return {"results": results, "manifest": {}}

    named = {"identities": {"validator": {"name": "checker"}}}
    measured = {
        "criteria": report({"text_leaves": GOOD}),
        "criteria without": report({"text_leaves": GOOD}),
        "grounding": report(GROUNDED | named),
        "grounding without": report(GROUNDED | {"withheld": 90}),
        "canaries": report({"tuned": {"by_times": {"1": {"canaries": 8, "extracted": 0}}}}),
        "export": {"Q8_0 of bfloat16": {"mean_kl": 0.002}, "untuned": {"mean_kl": 4.0}},
    }
    card = tmp_path / "card.md"
    mark = "<!-- written by posology adapt score -->"
    card.write_text(f"# writer\n\n## Forgetting\n\n{mark}\n\nLittle.\n\n## Limits\n\nMany.\n")
    for _ in range(2):
        ship.write_measured(tmp_path, measured)
        told = card.read_text()
        assert told.count("## Scores") == told.count("Little.") == 1
        assert "| sentences withheld | 90 | 50 |" in told
        assert "the validator was unknown for the untuned writer and checker for the tuned one" in told
        assert "0 of 8 that stood there once" in told
        assert told.index("## Scores") < told.index("## Limits")
    assert json.loads((tmp_path / "measured.json").read_text()) == measured


def test_a_report_of_another_writer_refreshes_nothing(
    ship: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = type("Weights", (), {"identity_sha256": "ab" * 32})()
    monkeypatch.setattr(ship, "find_weights", lambda _: weights)
    ours = ship.Report("grounding-x", {"identities": {"writer": {"sha256": "ab" * 32}}}, {})
    other = ship.Report("grounding-y", {"identities": {"writer": {"sha256": "cd" * 32}}}, {})
    assert ship.faults_of_shipped(ours) == []
    assert ship.faults_of_shipped(other) == ["grounding-y: measured another writer"]
    assert ship.faults_of_shipped(ship.Report("z", {}, {})) == ["z: measured another writer"]


@pytest.mark.parametrize(
    ("untuned", "tuned", "said"),
    [
        (("a", "checker-minilm"), ("a", "checker"), "was checker-minilm for both"),
        (
            ("b", "support"),
            ("a", "checker"),
            "was support for the untuned writer and checker for the tuned one",
        ),
        (("", "rules"), ("", "rules"), "was rules for both"),
    ],
)
def test_one_validator_with_two_names_is_one(
    ship: ModuleType, untuned: tuple[str, str], tuned: tuple[str, str], said: str
) -> None:
    reports = [{"identities": {"validator": {"sha256": sha, "name": name}}} for sha, name in (untuned, tuned)]
    assert said in ship.validators(*reports)
