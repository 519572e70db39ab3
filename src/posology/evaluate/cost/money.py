"""Money: a model in the cloud against one on-premise, every line of the arithmetic said.

cloud = calls x (input + cached + output and reasoning tokens x their prices) / 1e6 + fixed;
on-premise = price / months x nodes + kW x hours x price of a kWh x PUE + hours of staff x rate + licences.
"""

import math
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from posology.declarations import read_declaration
from posology.errors import UserError
from posology.evaluate.cost.prices import Price, find_price

__all__ = ["Money", "Premises", "Workload", "arithmetic", "call_cost", "premises_cost", "read_money"]

_FULL = 0.7  # utilisation above which answers queue


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Workload(_Table):
    """What is asked in a month."""

    calls_per_month: float = Field(gt=0)
    input_tokens: float = Field(ge=0, description="a call, without those that the cloud has cached")
    output_tokens: float = Field(ge=0)
    cached_tokens: float = Field(0, ge=0)
    reasoning_tokens: float = Field(0, ge=0, description="billed as output")
    fixed_cloud_usd: float = Field(0, ge=0, description="a month: agreements, seats, gateways")


class Premises(_Table):
    """What answering on-premise costs. ``tokens_per_s``: output that was measured; 0: not known."""

    machine_usd: float = Field(ge=0)
    months: float = Field(gt=0, description="over which the machine is written off")
    nodes: int = Field(1, ge=1)
    watts: float = Field(ge=0, description="a node draws on average")
    hours_per_month: float = Field(730, gt=0, le=744)
    kwh_usd: float = Field(ge=0)
    pue: float = Field(1.0, ge=1)
    operation_hours: float = Field(0, ge=0, description="of staff a month")
    hourly_usd: float = Field(0, ge=0)
    licences_usd: float = Field(0, ge=0, description="a month")
    tokens_per_s: float = Field(0, ge=0)
    serving_hours: float = Field(730, gt=0, le=744, description="of a month in which calls come")


class Money(_Table):
    """A file of costs: the models of the cloud to compare with, the workload, the premises."""

    posology: str = Field(pattern="^costs/1$")
    cloud: list[str] = Field(min_length=1)
    workload: Workload
    premises: Premises


def read_money(path: Path) -> Money:
    """Read a file of costs; raise UserError that names the key."""
    return read_declaration(path, Money, "key of a file of costs")


def call_cost(work: Workload, price: Price) -> float:
    """Return the dollars of one call; raise UserError for cached tokens without a price."""
    if work.cached_tokens and price.cached_input is None:
        raise UserError(f"{price.model}: the table has no price of cached tokens; count them as input_tokens")
    return (
        work.input_tokens * price.input
        + work.cached_tokens * (price.cached_input or 0.0)
        + (work.output_tokens + work.reasoning_tokens) * price.output
    ) / 1e6


def premises_cost(here: Premises) -> float:
    """Return the dollars of a month on-premise."""
    return (
        here.machine_usd / here.months * here.nodes
        + _energy_kwh(here) * here.kwh_usd
        + here.operation_hours * here.hourly_usd
        + here.licences_usd
    )


def _energy_kwh(here: Premises) -> float:
    return here.watts / 1000 * here.hours_per_month * here.pue * here.nodes


def arithmetic(money: Money) -> list[str]:
    """Return every line of the sums, each model's break-even, and a warning where the machine is full."""
    here, work = money.premises, money.workload
    total = premises_cost(here)
    lines = _premises_lines(here, total)
    for price in map(find_price, money.cloud):
        lines += _cloud_lines(work, price, total)
    return lines + _use_lines(work, here)


def _premises_lines(here: Premises, total: float) -> list[str]:
    machine = here.machine_usd / here.months * here.nodes
    kwh = _energy_kwh(here)
    return [
        f"on-premise, machines: {here.machine_usd:,.2f} USD / {here.months:g} months x {here.nodes} = "
        f"{machine:,.2f} USD a month",
        f"on-premise, electricity: {here.watts:g} W x {here.hours_per_month:g} h x PUE {here.pue:g} x "
        f"{here.nodes} = {kwh:,.1f} kWh x {here.kwh_usd:g} USD = {kwh * here.kwh_usd:,.2f} USD a month",
        f"on-premise, operation: {here.operation_hours:g} h x {here.hourly_usd:g} USD = "
        f"{here.operation_hours * here.hourly_usd:,.2f} USD a month",
        f"on-premise, licences: {here.licences_usd:,.2f} USD a month",
        f"on-premise, together: {total:,.2f} USD a month",
    ]


def _cloud_lines(work: Workload, price: Price, here: float) -> list[str]:
    each = call_cost(work, price)
    month = each * work.calls_per_month + work.fixed_cloud_usd
    parts = [f"{work.input_tokens:g} input x {price.input:g}"]
    if work.cached_tokens:
        parts.append(f"{work.cached_tokens:g} cached x {price.cached_input:g}")
    parts.append(f"{work.output_tokens + work.reasoning_tokens:g} output and reasoning x {price.output:g}")
    head = f"{price.model} ({price.source}, {price.as_of})"
    return [
        f"{head}: ({' + '.join(parts)}) / 1e6 = {each:.5f} USD a call",
        f"{price.model}: {work.calls_per_month:g} calls x {each:.5f} + {work.fixed_cloud_usd:g} fixed = "
        f"{month:,.2f} USD a month",
        _compared(price.model, month, here),
        _break_even(price.model, each, work.fixed_cloud_usd, here),
    ]


def _compared(model: str, month: float, here: float) -> str:
    if not month or not here:
        return f"{model}: no ratio to on-premise, as one of the two costs nothing"
    word = "dearer" if here > month else "cheaper"
    ratio = max(here / month, month / here)
    return f"{model}: on-premise is {ratio:,.1f} times {word} at this volume"


def _break_even(model: str, each: float, fixed: float, here: float) -> str:
    if fixed >= here:
        return f"{model}: its fixed costs alone exceed on-premise"
    if not each:
        return f"{model}: a call costs nothing; there is no break-even"
    calls = (here - fixed) / each
    return f"{model}: break-even at {calls:,.1f}, so from {math.ceil(calls):,} calls a month on"


def _use_lines(work: Workload, here: Premises) -> list[str]:
    if not here.tokens_per_s:
        return ["utilisation: unavailable; give tokens_per_s as measured"]
    needed = work.calls_per_month * (work.output_tokens + work.reasoning_tokens) / (here.serving_hours * 3600)
    able = here.tokens_per_s * here.nodes
    line = (
        f"utilisation: {needed:,.2f} of {able:,.2f} output tokens a second = {needed / able:.0%} "
        f"over {here.serving_hours:g} h a month"
    )
    if needed / able <= _FULL:
        return [line]
    more = math.ceil(needed / (_FULL * here.tokens_per_s))
    return [line, f"WARNING: above {_FULL:.0%} calls queue; {more} nodes would be needed"]
