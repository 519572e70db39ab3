"""Quantities compared across UCUM units, never across dimensions."""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

__all__ = ["canonical_unit", "convert", "known_unit"]

# units as people write them, to UCUM
_WRITTEN = {
    "lb": "[lb_av]", "lbs": "[lb_av]", "pound": "[lb_av]", "pounds": "[lb_av]", "oz": "[oz_av]",
    "in": "[in_i]", "inch": "[in_i]", "inches": "[in_i]", "ft": "[ft_i]", "feet": "[ft_i]",
    "mmhg": "mm[Hg]", "mm hg": "mm[Hg]", "kg/m^2": "kg/m2", "kg/m²": "kg/m2", "kg/m**2": "kg/m2",
    "percent": "%", "pct": "%", "yr": "a", "yrs": "a", "year": "a", "years": "a", "month": "mo",
    "months": "mo", "week": "wk", "weeks": "wk", "day": "d", "days": "d", "hour": "h", "hours": "h",
    "hr": "h", "hrs": "h", "minute": "min", "minutes": "min", "second": "s", "seconds": "s", "f": "[degF]",
    "degf": "[degF]", "°f": "[degF]", "c": "Cel", "degc": "Cel", "°c": "Cel", "mcg": "ug", "µg": "ug",
    "μg": "ug", "iu": "[iU]", "iu/l": "[iU]/L", "miu/l": "m[IU]/L", "/hr": "/h", "events/h": "{events}/h",
    "events/hr": "{events}/h", "events/hour": "{events}/h", "mg/dl": "mg/dL", "g/dl": "g/dL",
    "mmol/l": "mmol/L", "ml/min": "mL/min", "ng/ml": "ng/mL", "pg/ml": "pg/mL", "kilogram": "kg",
    "kilograms": "kg", "bpm": "{beats}/min", "beats/min": "{beats}/min", "l/min": "L/min", "u/l": "U/L",
    "meq/l": "meq/L", "pack years": "{pack-years}", "pack-years": "{pack-years}",
}  # fmt: skip
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_PLAIN_NUMBER = ("", "1")


def canonical_unit(code: str | None, unit: str | None) -> str | None:
    """Return a quantity's unit in UCUM: its code, else its unit as people write it, or ``None``."""
    if code:
        return (
            _WRITTEN.get(code.strip().lower(), code.strip()) if not known_unit(code.strip()) else code.strip()
        )
    if not unit or not unit.strip():
        return None
    written = unit.strip()
    return _WRITTEN.get(written.lower(), written)


@lru_cache(maxsize=512)
def known_unit(code: str) -> bool:
    """Tell whether UCUM knows a unit; annotations alone count as the number one."""
    return _bare(code) in _PLAIN_NUMBER or _parse(code) is not None


def convert(value: Decimal, unit: str, target: str) -> Decimal | None:
    """Convert a value to another unit; ``None`` where the dimensions differ or a unit is not known.

    Ratios of the same kind of thing (mmol/mol, mg/g) are never turned into per cent: HbA1c of 53 mmol/mol
    is not 5.3 %.

    >>> convert(Decimal(220), "[lb_av]", "kg").quantize(Decimal("0.1"))
    Decimal('99.8')
    """
    bare, wanted = _bare(unit), _bare(target)
    if bare == wanted:
        return value
    factor = _PERCENT.get((bare, wanted))
    if factor is not None:
        return value * factor
    source, goal = _parse(unit), _parse(target)
    if source is None or goal is None or source.dimensionless or goal.dimensionless:
        return None
    if source.dimensionality != goal.dimensionality:
        return None
    found = _registry().Quantity(float(value) * float(source.magnitude), source.units)
    converted = found.to(goal.units)
    return _exact(converted.magnitude / float(goal.magnitude))


_PERCENT = {
    ("%", "1"): Decimal("0.01"),
    ("1", "%"): Decimal(100),
    ("%", ""): Decimal("0.01"),
    ("", "%"): Decimal(100),
}


def _exact(value: float) -> Decimal | None:
    try:
        return Decimal(f"{value:.10g}")
    except InvalidOperation:
        return None


def _bare(unit: str) -> str:
    return _ANNOTATION.sub("", unit).strip()


@lru_cache(maxsize=512)
def _parse(unit: str) -> Any:
    """Parse a UCUM unit to a pint quantity; ``None`` where that fails, for whatever reason."""
    bare = _bare(unit)
    if bare in _PLAIN_NUMBER or len(bare) > 60:
        return None
    try:
        parsed = _registry().from_ucum(bare)
    except Exception:  # noqa: BLE001 - the parser raises many types; what it cannot read is not known
        return None
    return parsed if hasattr(parsed, "dimensionality") else None


@lru_cache(maxsize=1)
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()
