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
    "ml/min/1.73m2": "mL/min/{1.73_m2}", "ml/min/1.73 m2": "mL/min/{1.73_m2}",
    "ml/min/1.73m^2": "mL/min/{1.73_m2}",
    "ml/min/1.73 m^2": "mL/min/{1.73_m2}", "ml/min/1.73m²": "mL/min/{1.73_m2}",
    "ml/min/{1.73_m2}": "mL/min/{1.73_m2}",
    "k/ul": "10*3/uL", "10^3/ul": "10*3/uL", "x10e3/ul": "10*3/uL", "10e3/ul": "10*3/uL", "10^9/l": "10*9/L",
    "umol/l": "umol/L", "µmol/l": "umol/L", "μmol/l": "umol/L", "nmol/l": "nmol/L", "iu/ml": "[iU]/mL",
    "ug/l": "ug/L", "mg/l": "mg/L", "g/l": "g/L", "mcg/ml": "ug/mL", "cm": "cm", "kg": "kg", "mg": "mg",
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
    is not 5.3 %. International units and equivalents compare with their own kind only.

    >>> convert(Decimal(220), "[lb_av]", "kg").quantize(Decimal("0.1"))
    Decimal('99.8')
    """
    bare, wanted = _bare(unit), _bare(target)
    if bare == wanted:
        return value
    factor = _PERCENT.get((bare, wanted))
    if factor is not None:
        return value * factor
    if _kinds(unit) != _kinds(target):
        return None
    source, goal = _parse(unit), _parse(target)
    if source is None or goal is None or source.dimensionless or goal.dimensionless:
        return None
    if source.dimensionality != goal.dimensionality:
        return None
    found = _registry().Quantity(float(value) * float(source.magnitude), source.units)
    converted = found.to(goal.units)
    return _exact(converted.magnitude / float(goal.magnitude))


# units that stand for a kind of thing, which the library takes for plain numbers or for moles
_KIND = re.compile(r"\[[^\]]*\]|(?<![A-Za-z])[munpkd]?(?:eq|osm)(?![A-Za-z])|1\.73_m2")
_MEASURED = (
    "[lb_",
    "[oz_",
    "[in_",
    "[ft_",
    "[yd_",
    "[deg",
    "[mi_",
    "[cal]",
    "[Cal]",
    "[drp]",
    "[Hg]",
    "[H2O]",
)


def _kinds(unit: str) -> tuple[str, ...]:
    """Return what a unit counts: international units, equivalents, body surface; never a plain measure.

    >>> _kinds("m[IU]/L"), _kinds("[lb_av]"), _kinds("meq/L")
    (('[iu]',), (), ('eq',))
    """
    found = [match[0] for match in _KIND.finditer(unit) if not match[0].startswith(_MEASURED)]
    return tuple(sorted(kind.lower() if kind[0] == "[" else kind.lstrip("munpkd") for kind in found))


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
    bare = _bare(unit).rstrip("/")  # an annotation that stands for the number one: mL/min/{1.73_m2}
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
