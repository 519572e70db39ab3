"""What the hospital has: one patient's chart, its texts, and what they say."""

from posology.records.chart import Chart, Document, Resource, Unread
from posology.records.dates import PartialDate, parse_date
from posology.records.reader import read_chart
from posology.records.rendering import render_text
from posology.records.timing import Dated, date_of, newest_date, period_of

__all__ = [
    "Chart",
    "Dated",
    "Document",
    "PartialDate",
    "Resource",
    "Unread",
    "date_of",
    "newest_date",
    "parse_date",
    "period_of",
    "read_chart",
    "render_text",
]
