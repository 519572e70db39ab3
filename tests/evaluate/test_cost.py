"""Costs: every figure says what it rests on, and the arithmetic is that of the published tables."""

import sys
from pathlib import Path
from typing import get_args

import pytest

from posology.chat.servers import Kind
from posology.errors import UserError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.cost import (
    Basis,
    CostMeter,
    CostSettings,
    EnergyMeter,
    Figure,
    Money,
    Premises,
    Workload,
    arithmetic,
    find_grid,
    find_price,
    flops_of,
    load_grids,
    load_prices,
    read_money,
    stated_power,
)
from posology.evaluate.cost.carbon import carbon_figure
from posology.evaluate.cost.energy import Rapl
from posology.evaluate.cost.memory import MemoryMeter
from posology.evaluate.cost.money import call_cost, premises_cost
from posology.evaluate.cost.tokens import quantile
from posology.evaluate.items import Item, Outcome, Response

LOCAL = ArmIdentity("small", "smollm2", "zero", 135_000_000, engine="transformers 5")
PA = Workload(calls_per_month=200, input_tokens=3000, output_tokens=2000)
BOX = Premises(machine_usd=1500, months=36, watts=200, kwh_usd=0.15)


def outcomes(n: int = 4) -> list[Outcome]:
    return [
        Outcome(
            Item(str(k), str(k), "", "a"), Response("a", prompt_tokens=100, output_tokens=2, seconds=k + 1)
        )
        for k in range(n)
    ]


def cost_of(arm: ArmIdentity, settings: CostSettings, found: list[Outcome], *, kept: int = 0):
    return CostMeter(arm, settings).cost(found, kept=kept, cached=0, earlier={})


def zone(root: Path, name: str, joules: float, span: float = 262.0) -> None:
    folder = root / name
    folder.mkdir(exist_ok=True)
    (folder / "energy_uj").write_text(f"{int(joules * 1e6)}\n")
    (folder / "max_energy_range_uj").write_text(f"{int(span * 1e6)}\n")


def test_a_forward_pass_takes_two_operations_a_parameter_and_token() -> None:
    assert flops_of(135_000_000, 1000) == 2.7e11


def test_every_figure_says_whether_it_was_measured() -> None:
    row = cost_of(LOCAL, CostSettings(stated_power(100), "ITA"), outcomes()).as_json()
    assert row.pop("cached") == 0
    assert {figure["basis"] for figure in row.values()} <= set(Basis)
    assert all((figure["value"] is None) == (figure["basis"] == "unavailable") for figure in row.values())
    assert all(figure["note"] for figure in row.values() if figure["basis"] != "measured")
    assert row["flops"]["value"] == 2 * 135_000_000 * 102
    assert (row["latency_p50"]["value"], row["latency_p95"]["value"]) == (2, 4)
    assert row["items_per_s"]["value"] == 0.4
    assert row["tokens_per_s"]["value"] == pytest.approx(40.8)
    assert row["peak_memory"]["value"] > 1e6


def test_modelled_energy_is_watts_by_seconds_and_says_so(tmp_path: Path) -> None:
    figure = EnergyMeter(stated_power(50), Rapl(tmp_path)).per_item(4, 10.0)
    assert (figure.value, figure.basis) == (125.0, Basis.MODELLED)
    assert "50.0 W x 10.00 s / 4 items; 50 W as stated" in figure.note


def test_without_a_statement_the_machine_is_modelled_by_cores_and_memory(tmp_path: Path) -> None:
    figure = EnergyMeter(None, Rapl(tmp_path)).per_item(1, 1.0)
    assert figure.basis is Basis.MODELLED
    assert "cores x 12 W" in figure.note
    assert "Green Algorithms" in figure.note


def test_counters_are_read_package_by_package_and_may_wrap(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 200.0)
    zone(tmp_path, "intel-rapl:1", 10.0)
    zone(tmp_path, "intel-rapl:0:0", 5.0)  # the cores of package 0, counted there already
    meter = EnergyMeter(stated_power(50), Rapl(tmp_path))
    zone(tmp_path, "intel-rapl:0", 250.0)
    meter.sample()
    zone(tmp_path, "intel-rapl:0", 8.0)  # wrapped: 12 J to the end of its range, and 8 J
    zone(tmp_path, "intel-rapl:1", 40.0)
    zone(tmp_path, "intel-rapl:0:0", 90.0)
    figure = meter.per_item(10, 1.0)
    assert (figure.value, figure.basis) == (pytest.approx(10.0), Basis.MEASURED)


def test_the_counter_of_the_whole_board_is_not_added_to_those_of_its_packages(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 200.0)
    zone(tmp_path, "intel-rapl:1", 500.0)
    (tmp_path / "intel-rapl:0" / "name").write_text("package-0\n")
    (tmp_path / "intel-rapl:1" / "name").write_text("psys\n")
    meter = EnergyMeter(stated_power(50), Rapl(tmp_path))
    zone(tmp_path, "intel-rapl:0", 220.0)
    zone(tmp_path, "intel-rapl:1", 560.0)
    assert meter.per_item(10, 1.0).value == pytest.approx(2.0)


class _Card:
    """The part of torch that a run on a graphics card is measured by."""

    def __init__(self) -> None:
        self.peak = 8_000_000_000
        self.cuda = self

    def is_initialized(self) -> bool:
        return True

    def reset_peak_memory_stats(self) -> None:
        self.peak = 1_000

    def max_memory_allocated(self) -> int:
        return self.peak


def test_the_peak_of_a_card_is_that_of_this_run_not_of_a_larger_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", _Card())  # type: ignore[arg-type]
    peak = MemoryMeter().peak()
    assert peak.value is not None
    assert peak.value < 8_000_000_000
    assert "and of the graphics card" in peak.note


def test_counters_say_nothing_of_answers_out_of_a_cache(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 200.0)
    figure = EnergyMeter(stated_power(50), Rapl(tmp_path)).per_item(2, 4.0, cached=True)
    assert (figure.value, figure.basis) == (100.0, Basis.MODELLED)


@pytest.mark.parametrize(
    "arm",
    [
        *(ArmIdentity("big", "x", "zero", engine=f"{kind} 1") for kind in get_args(Kind)),
        ArmIdentity("big", "recorded", engine=""),
    ],
    ids=[*get_args(Kind), "recorded answers"],
)
def test_work_of_another_machine_has_no_energy_or_memory_here(arm: ArmIdentity) -> None:
    cost = cost_of(arm, CostSettings(stated_power(50), "ITA"), outcomes())
    assert {cost.energy.basis, cost.carbon.basis, cost.peak_memory.basis} == {Basis.UNAVAILABLE}


def test_a_system_without_tokens_has_no_figures_about_them() -> None:
    bare = [Outcome(Item("a", "a", "", "a"), Response("a"))]
    cost = cost_of(ArmIdentity("majority", "trivial"), CostSettings(), bare)
    assert {cost.prompt_tokens.basis, cost.flops.basis, cost.latency_p50.basis, cost.tokens_per_s.basis} == {
        Basis.UNAVAILABLE
    }


def test_carbon_is_energy_by_the_grid_and_none_without_a_named_grid() -> None:
    energy = Figure(3.6e6, "J per item", Basis.MEASURED)
    assert carbon_figure(energy, "FRA", 1.5).value == pytest.approx(56.039 * 1.5)
    assert carbon_figure(energy, "").basis is Basis.UNAVAILABLE
    assert {grid.year for grid in load_grids().values()} == {2023}
    with pytest.raises(UserError, match="did you mean ITA"):
        find_grid("ITL")


@pytest.mark.parametrize("watts", [0, -5, float("nan"), 1e9])
def test_a_power_draw_that_is_none_is_refused(watts: float) -> None:
    with pytest.raises(UserError, match="no power draw"):
        stated_power(watts)


def test_every_price_has_its_date_and_source() -> None:
    assert all(
        price.as_of and price.source and price.input < price.output for price in load_prices().values()
    )


@pytest.mark.parametrize(
    ("model", "each", "month", "break_even"),
    [
        ("gpt-4o", 0.0275, 5.50, 5273),
        ("claude-sonnet-4.5", 0.0390, 7.80, 3718),
        ("gemini-2.5-pro", 0.02375, 4.75, 6106),
    ],
)
def test_two_hundred_authorizations_a_month_cost_what_the_list_prices_say(
    model: str, each: float, month: float, break_even: int
) -> None:
    assert call_cost(PA, find_price(model)) == pytest.approx(each)
    flat = Premises(machine_usd=0, months=1, watts=0, kwh_usd=0, licences_usd=145)
    text = "\n".join(arithmetic(Money(posology="costs/1", cloud=[model], workload=PA, premises=flat)))
    assert f"= {month:,.2f} USD a month" in text
    assert f"from {break_even:,} calls a month on" in text


def test_a_box_costs_sixty_four_dollars_a_month() -> None:
    assert premises_cost(BOX) == pytest.approx(41.67 + 21.90, abs=0.01)


def test_every_part_of_the_sum_has_its_line_and_a_full_machine_a_warning() -> None:
    work = Workload(
        calls_per_month=6000, input_tokens=1000, cached_tokens=2000, output_tokens=1500, reasoning_tokens=500,
        fixed_cloud_usd=20,
    )  # fmt: skip
    here = BOX.model_copy(update={"tokens_per_s": 20.0, "serving_hours": 176.0, "nodes": 1})
    lines = arithmetic(Money(posology="costs/1", cloud=["gpt-4o"], workload=work, premises=here))
    text = "\n".join(lines)
    for word in ("machines", "electricity", "operation", "licences", "cached", "reasoning", "fixed"):
        assert word in text
    assert "utilisation: 18.94 of 20.00 output tokens a second = 95%" in text
    assert lines[-1].startswith("WARNING: above 70% calls queue; 2 nodes")
    easy = here.model_copy(update={"tokens_per_s": 400.0})
    assert "WARNING" not in "\n".join(
        arithmetic(Money(posology="costs/1", cloud=["gpt-4o"], workload=work, premises=easy))
    )


def test_a_file_of_costs_is_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "costs.toml"
    good = (
        'posology = "costs/1"\ncloud = ["gpt-4o"]\n[workload]\ncalls_per_month = 200\ninput_tokens = 3000\n'
        "output_tokens = 2000\n[premises]\nmachine_usd = 1500\nmonths = 36\nwatts = 200\nkwh_usd = 0.15\n"
    )
    path.write_text(good)
    assert read_money(path).workload == PA
    for line, words in (("wats = 3\n", "did you mean 'watts'"), ("pue = 0.5\n", "premises.pue")):
        path.write_text(good + line)
        with pytest.raises(UserError, match=words):
            read_money(path)
    with pytest.raises(UserError, match="did you mean gpt-4o"):
        arithmetic(read_money_with(path, good.replace("gpt-4o", "gpt-4oo")))


def read_money_with(path: Path, text: str) -> Money:
    path.write_text(text)
    return read_money(path)


def test_cached_tokens_without_a_price_are_refused() -> None:
    work = PA.model_copy(update={"cached_tokens": 10.0})
    with pytest.raises(UserError, match="no price of cached tokens"):
        call_cost(work, find_price("gpt-5"))


def test_quantiles_are_of_the_nearest_rank() -> None:
    assert [quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 0.95)] == [1.0, 2.0, 3.0]
