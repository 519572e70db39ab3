"""Energy: counters of the processor (RAPL) and of graphics cards (NVML), else a stated power model."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from posology.errors import UserError
from posology.evaluate.cost.figures import Figure, measured, modelled, unavailable
from posology.manifest import machine

__all__ = ["EnergyMeter", "PowerModel", "Rapl", "default_power", "stated_power"]

POWERCAP = Path("/sys/class/powercap")
_CORE_W, _MEMORY_W_PER_GB = 12.0, 0.3725
_SOURCE = "Lannelongue et al., Green Algorithms, Adv Sci 2021;8:2100707, defaults of version 2.2"


@dataclass(frozen=True, slots=True)
class PowerModel:
    """How many watts the machine is taken to draw while it answers, and who says so."""

    watts: float
    source: str


def stated_power(watts: float) -> PowerModel:
    """Return the model of a power draw that the user states; raise UserError where it cannot be one."""
    if not 0 < watts < 100_000:
        raise UserError(
            f"watts: {watts:g} is no power draw; state what the machine draws under load, in watts"
        )
    return PowerModel(watts, f"{watts:g} W as stated")


def default_power() -> PowerModel | None:
    """Return 12 W a core and 0.3725 W a GB of memory for this machine; None where it tells neither."""
    found = machine()
    cores, memory = found["cores"], found["memory_bytes"]
    if not cores or not memory:
        return None
    watts = cores * _CORE_W + memory / 1e9 * _MEMORY_W_PER_GB
    return PowerModel(
        watts, f"{cores} cores x {_CORE_W:g} W + {memory / 1e9:.1f} GB x {_MEMORY_W_PER_GB} W ({_SOURCE})"
    )


@dataclass(slots=True)
class Rapl:
    """The energy counters of the processor packages; they wrap, so they must be read every few minutes."""

    root: Path = POWERCAP
    joules: float = 0.0
    _last: dict[Path, int] = field(default_factory=dict)

    def sample(self) -> bool:
        """Add what was used since the last reading; say whether there are counters that can be read."""
        found = False
        for zone in sorted(self.root.glob("*rapl:[0-9]*")):
            if zone.name.count(":") != 1:
                continue  # a part of a package, which the package counts already
            if _name_of(zone) == "psys":
                continue  # the whole board, the packages in it
            used = self._read(zone)
            found = found or used is not None
            self.joules += used or 0.0
        return found

    def _read(self, zone: Path) -> float | None:
        try:
            now = int((zone / "energy_uj").read_text(encoding="ascii"))
            span = int((zone / "max_energy_range_uj").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        before = self._last.get(zone, now)
        self._last[zone] = now
        return (now - before if now >= before else now - before + span) / 1e6


def _name_of(zone: Path) -> str:
    try:
        return (zone / "name").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


@dataclass(slots=True)
class _Nvml:
    """The energy counters of the graphics cards that this process may see, where pynvml is installed."""

    joules: float = 0.0
    _first: Mapping[int, float] | None = None

    def sample(self) -> bool:
        now = _card_joules()
        if not now:
            return False
        self._first = self._first or now
        self.joules = sum(now[card] - self._first.get(card, now[card]) for card in now)
        return True


def _card_joules() -> dict[int, float]:
    try:
        import pynvml  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        return {}
    try:
        pynvml.nvmlInit()
        shown = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        places = range(pynvml.nvmlDeviceGetCount())
        cards = [int(one) for one in shown.split(",") if one.isdecimal()] or list(places)
        handles = {card: pynvml.nvmlDeviceGetHandleByIndex(card) for card in cards if card in places}
        return {
            card: pynvml.nvmlDeviceGetTotalEnergyConsumption(one) / 1000.0 for card, one in handles.items()
        }
    except pynvml.NVMLError:
        return {}


class EnergyMeter:
    """Counts joules from its making on; to be sampled every few minutes or more often."""

    def __init__(self, power: PowerModel | None = None, rapl: Rapl | None = None) -> None:
        """Take the power model for machines without counters; by default that of this machine."""
        self._power = power
        self._rapl, self._nvml = rapl or Rapl(), _Nvml()
        self._has_rapl, self._has_nvml = self._rapl.sample(), self._nvml.sample()

    def sample(self) -> None:
        """Read the counters."""
        if self._has_rapl:
            self._rapl.sample()
        if self._has_nvml:
            self._nvml.sample()

    def per_item(self, items: int, seconds: float, *, cached: bool = False) -> Figure:
        """Return the joules per item over items that took so many seconds of answering.

        ``cached``: some answers came out of a cache: counters cannot tell what they took, the model can.
        """
        self.sample()
        unit = "J per item"
        if not items:
            return unavailable(unit, "no item was answered in this run")
        if cached:
            return self._modelled(items, seconds, unit)
        if self._has_nvml and _on_card() and self._has_rapl:
            joules = self._rapl.joules + self._nvml.joules
            return measured(joules / items, unit, f"RAPL and NVML, the whole machine, {items} items")
        if self._has_nvml and _on_card():
            note = f"NVML, the cards alone, without processor and memory, {items} items"
            return measured(self._nvml.joules / items, unit, note)
        if self._has_rapl and not _on_card():
            note = f"RAPL, all processor packages of the machine, {items} items"
            return measured(self._rapl.joules / items, unit, note)
        return self._modelled(items, seconds, unit)

    def _modelled(self, items: int, seconds: float, unit: str) -> Figure:
        if self._power is None and _on_card():
            return unavailable(unit, "a graphics card without a counter that can be read; state watts")
        power = self._power or default_power()
        if power is None:
            return unavailable(unit, "the machine tells neither energy nor cores and memory; state watts")
        if not seconds:
            return unavailable(unit, "the system tells no time to multiply the watts by")
        note = f"{power.watts:.1f} W x {seconds:.2f} s / {items} items; {power.source}"
        return modelled(power.watts * seconds / items, unit, note)


def _on_card() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())
