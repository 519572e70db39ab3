from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posology.policies.units import canonical_unit, convert, known_unit
from tests.policies.leaf_charts import bmi, status

CONVERTED = [
    ("220", "[lb_av]", "kg", "99.8", "pounds"),
    ("72", "[in_i]", "cm", "182.9", "inches"),
    ("98.6", "[degF]", "Cel", "37.0", "a scale with another zero"),
    ("-40", "Cel", "[degF]", "-40.0", "the other way"),
    ("150", "10*3/uL", "10*9/L", "150.0", "counts by volume"),
    ("1", "mm[Hg]", "kPa", "0.1", "pressure"),
    ("5", "m[IU]/L", "u[IU]/mL", "5.0", "international units with prefixes"),
    ("7", "%{HemoglobinA1C}", "%", "7.0", "an annotation says nothing"),
    ("0.5", "1", "%", "50.0", "a fraction"),
    ("12", "mo", "a", "1.0", "time"),
    ("88", "mL/min/{1.73_m2}", "mL/min/{1.73_m2}", "88.0", "by body surface"),
    ("60", "{beats}/min", "/min", "60.0", "what is counted is an annotation"),
]
APART = [
    ("53", "mmol/mol", "%", "HbA1c of 53 mmol/mol is 7 %, not 5.3 %"),
    ("30", "mg/g", "%", "a ratio of different things"),
    ("5", "mmol/L", "mg/dL", "glucose and urea would differ"),
    ("4", "meq/L", "mmol/L", "calcium carries two charges"),
    ("290", "mosm/kg", "mmol/kg", "salts come apart"),
    ("5", "[iU]/L", "/L", "international units are no number"),
    ("5", "[iU]/L", "U/L", "nor enzyme units"),
    ("5", "[CFU]/mL", "/mL", "nor colonies"),
    ("90", "mL/min", "mL/min/{1.73_m2}", "one is by body surface"),
    ("5", "kg", "m", "another dimension"),
    ("5", "nonsense", "kg", "not known"),
    ("7", "[pH]", "1", "a scale of its own"),
]


@pytest.mark.parametrize(("value", "unit", "target", "expected", "reason"), CONVERTED)
def test_a_value_converts_inside_its_dimension(value, unit, target, expected, reason):
    found = convert(Decimal(value), unit, target)
    assert found is not None, reason
    assert found.quantize(Decimal("0.1")) == Decimal(expected), reason


@pytest.mark.parametrize(("value", "unit", "target", "reason"), APART)
def test_what_is_not_the_same_kind_never_converts(value, unit, target, reason):
    assert convert(Decimal(value), unit, target) is None, reason
    assert convert(Decimal(value), target, unit) is None, reason


WRITTEN = [
    ("lbs", "[lb_av]"),
    ("LB", "[lb_av]"),
    ("mmHg", "mm[Hg]"),
    ("kg/m²", "kg/m2"),
    ("IU/mL", "[iU]/mL"),
    ("mL/min/1.73 m2", "mL/min/{1.73_m2}"),
    ("K/uL", "10*3/uL"),
    ("µmol/L", "umol/L"),
    ("ft", "[ft_i]"),
    ("  ", None),
    (None, None),
]


@pytest.mark.parametrize(("written", "expected"), WRITTEN)
def test_a_unit_as_people_write_it_is_read(written, expected):
    assert canonical_unit(None, written) == expected
    assert expected is None or known_unit(expected)


def test_a_code_outranks_how_the_unit_is_written():
    assert canonical_unit("kg", "lb") == "kg"
    assert canonical_unit("lbs", "weight") == "[lb_av]"
    leaf = 'find: {resource: Observation, codes: bmi}, compare: {op: "<", value: 9, unit: "%"}'
    assert status(leaf, bmi(valueQuantity={"value": 53, "unit": "%", "code": "mmol/mol"})) == "unknown"


KINDS = {
    "mass": ("kg", "g", "mg", "[lb_av]", "[oz_av]"),
    "length": ("m", "cm", "[in_i]", "[ft_i]"),
    "concentration": ("mg/dL", "g/L", "ug/mL", "ng/mL"),
    "activity": ("[iU]/L", "m[IU]/L", "[iU]/mL"),
    "amount": ("mmol/L", "umol/L", "nmol/mL"),
    "charge": ("meq/L", "eq/L"),
    "time": ("d", "wk", "h", "min"),
    "temperature": ("Cel", "[degF]", "K"),
}
UNITS = st.sampled_from([(kind, unit) for kind, units in KINDS.items() for unit in units])


@given(UNITS, UNITS, st.decimals(1, 1000, places=2))
def test_values_convert_there_and_back_or_not_at_all(one, other, value):
    found = convert(value, one[1], other[1])
    assert (found is not None) == (one[0] == other[0])
    if found is not None:
        back = convert(found, other[1], one[1])
        assert back is not None
        assert abs(back - value) <= abs(value) * Decimal("1e-6") + Decimal("1e-6")
