"""Whatever the bytes: a chart, or a ChartError of one line; never anything else."""

import copy
import io
import json
import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import ChartError
from posology.records import (
    Chart,
    assertion_of,
    birth_date,
    coverages_on,
    date_of,
    find_sections,
    member_id,
    newest_date,
    patient_name,
    payer_name,
    period_of,
    read_chart,
    render_text,
    sentence_spans,
)
from posology.records.attachments import Extracted, Failure, extract_text
from posology.records.markup import parse_html
from posology.records.shapes import SHAPES
from posology.spans import Span

from .charts import PATIENT, bundle, note, resource

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(["", "Patient/p1", "#x", "2019-03-02", "R", "active", "\u00e9\u0000", "urn:uuid:p1"]),
)
KEY_WORDS = (
    "resourceType id meta security entry resource fullUrl contained subject patient reference code "
    "coding value status text div period start section note issue link identifier attachment content "
    "data url versionId profile focus request method type birthDate name"
)
KEYS = st.sampled_from(KEY_WORDS.split())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
SEED = bundle(
    {**PATIENT, "text": {"status": "additional", "div": "<div>x</div>"}},
    note("Denies pain."),
    resource("Condition", "c1", code={"coding": [{"code": "E11"}]}, subject={"reference": "Patient/p1"}),
    resource("Observation", "o1", valueQuantity={"value": 41.2}, component=[{"code": {"text": "x"}}]),
    resource("Claim", "k1", contained=[resource("Coverage", "cov", payor=[{"display": "x"}])]),
    resource("Composition", "co", status="final", section=[{"text": {"div": "<p>a</p>"}, "section": []}]),
    resource("MedicationRequest", "m1", dosageInstruction=[{"timing": {"repeat": {}}}], note=[{"text": "n"}]),
)


def require_one_line(error: ChartError) -> None:
    assert len(str(error).splitlines()) == 1


def exercise(data: bytes) -> Chart | None:
    """Read the bytes and use everything that can be asked of the chart."""
    try:
        chart = read_chart("-", stdin=io.BytesIO(data), include_restricted=len(data) % 2 == 0)
    except ChartError as error:
        require_one_line(error)
        return None
    for one in chart.resources:
        date_of(one), period_of(one), member_id(one), payer_name(one)
    patient_name(chart), birth_date(chart), newest_date(chart), render_text(chart).encode()
    coverages_on(chart, newest_date(chart) or date(2019, 1, 1))
    assert chart.by_reference[chart.patient.reference].type == "Patient"
    assert len({r.reference for r in chart.resources}) == len(chart.resources)
    assert len({d.source for d in chart.documents}) == len(chart.documents)
    json.dumps([dict(r.linked) for r in chart.resources])
    return chart


@settings(max_examples=150)
@given(VALUES)
def test_any_json_is_read_or_refused(value):
    exercise(json.dumps(value).encode())


@settings(max_examples=150)
@given(st.sampled_from(sorted(SHAPES)), st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_resource_is_read_or_refused(kind, fields):
    exercise(json.dumps(bundle(PATIENT, {"resourceType": kind, "id": "r1", **fields})).encode())


def places(value, path=()):
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


PLACES = list(places(SEED))


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_a_bundle_with_anything_put_anywhere_is_read_or_refused(changes):
    value = copy.deepcopy(SEED)
    for path, new in changes:
        node = value
        for key in path[:-1]:
            try:
                node = node[key]
            except (KeyError, IndexError, TypeError):
                node = None
                break
        if isinstance(node, dict) or (
            isinstance(node, list) and isinstance(path[-1], int) and path[-1] < len(node)
        ):
            node[path[-1]] = new
    exercise(json.dumps(value).encode())


@pytest.mark.parametrize("seed", range(40))
def test_a_bundle_with_broken_bytes_is_read_or_refused(seed):
    chance = random.Random(seed)
    data = bytearray(json.dumps(SEED).encode())
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        choice = chance.randrange(3)
        if choice == 0:
            data[place] = chance.randrange(256)
        elif choice == 1:
            del data[place : place + chance.randint(1, 40)]
        else:
            data[place:place] = data[: chance.randint(1, 60)]
    exercise(bytes(data))


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data):
    assert exercise(data) is None


TYPES = ["text/plain", "text/html", "application/rtf", "application/pdf", "", "text/plain; charset=utf-7"]


@settings(max_examples=150)
@given(
    st.sampled_from(TYPES),
    st.sampled_from([b"", b"{\\rtf1 ", b"%PDF-1.4\n", b"<p>"]),
    st.binary(max_size=120),
)
def test_any_attachment_gives_a_text_or_a_reason(kind, start, rest):
    assert isinstance(extract_text(start + rest, kind), Extracted | Failure)


@settings(max_examples=80)
@given(st.text(max_size=200))
def test_any_text_has_sentences_sections_and_assertions(text):
    sections = find_sections(text)
    for span in sentence_spans(text)[:3]:
        assertion_of(text, span, sections=sections)
    assertion_of(text, Span(0, min(3, len(text))))
    parse_html(text)
