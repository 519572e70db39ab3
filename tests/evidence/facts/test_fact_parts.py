"""The examples in the docstrings hold, and check digits are told right from wrong."""

import doctest
import importlib
import pkgutil

import pytest

from posology.evidence import facts
from posology.evidence.facts.coding import find_codes, is_well_formed
from posology.evidence.facts.identifiers import is_npi
from posology.evidence.facts.units import parse_unit

MODULES = [f"{facts.__name__}.{found.name}" for found in pkgutil.iter_modules(facts.__path__)]

CODES = [
    ("SNOMED 44054006", True, "a concept of SNOMED CT"),
    ("SNOMED 44054007", False, "its last digit changed"),
    ("LOINC 39156-5", True, "body mass index"),
    ("LOINC 39156-6", False, "its check digit changed"),
    ("E66.01", True, "ICD-10-CM"),
    ("HCPCS E0601", True, "a letter and four digits"),
]


@pytest.mark.parametrize("module", [facts.__name__, *MODULES])
def test_the_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


@pytest.mark.parametrize(("text", "good", "reason"), CODES)
def test_a_code_is_well_formed_by_its_system(text, good, reason):
    assert is_well_formed(find_codes(text)[0]) is good, reason


def test_an_npi_carries_its_check_digit():
    assert is_npi("1234567893")
    assert not is_npi("1234567890")


@pytest.mark.parametrize(
    ("unit", "value", "base"), [("lb", 250, 113398.09), ("°F", 98.6, 37.0), ("mg/dL", 100, 1.0)]
)
def test_units_convert_to_the_base_of_their_dimension(unit, value, base):
    assert parse_unit(unit).to_base(value) == pytest.approx(base, rel=1e-6)
