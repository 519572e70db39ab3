"""What the hospital has: one patient's chart, its texts, and what they say."""

from posology.records.chart import Chart, Document, Resource, Unread
from posology.records.context import Assertion, assertion_of
from posology.records.dates import PartialDate, parse_date
from posology.records.patient import (
    birth_date,
    coverages_on,
    deceased_date,
    member_id,
    patient_identifiers,
    patient_name,
    payer_name,
    person_name,
    sex,
)
from posology.records.reader import read_chart, read_chart_files
from posology.records.rendering import render_text
from posology.records.sections import Section, SectionKind, find_sections, section_at, section_spans
from posology.records.sentences import sentence_spans
from posology.records.timing import Dated, date_of, newest_date, period_of

__all__ = [
    "Assertion",
    "Chart",
    "Dated",
    "Document",
    "PartialDate",
    "Resource",
    "Section",
    "SectionKind",
    "Unread",
    "assertion_of",
    "birth_date",
    "coverages_on",
    "date_of",
    "deceased_date",
    "find_sections",
    "member_id",
    "newest_date",
    "parse_date",
    "patient_identifiers",
    "patient_name",
    "payer_name",
    "period_of",
    "person_name",
    "read_chart",
    "read_chart_files",
    "render_text",
    "section_at",
    "section_spans",
    "sentence_spans",
    "sex",
]
