"""Examples to learn from: made by rule with known truth, or written by a teacher, checked and reviewed."""

from posology.adapt.teacher.audit import (
    AuditRow,
    audit,
    audit_markdown,
    traits_of_example,
    traits_of_record,
)
from posology.adapt.teacher.candidates import Candidate, read_again, write_candidates
from posology.adapt.teacher.checks import Checked, check_candidates
from posology.adapt.teacher.learned import Mapped, examples_of_reviews, mapped_sections, undecided
from posology.adapt.teacher.lessons import Lesson, make_lessons
from posology.adapt.teacher.passages import parse_quoted, passage_prompt
from posology.adapt.teacher.review import Review, read_reviews, write_reviews
from posology.adapt.teacher.scenario import Point, Scenario, read_scenarios, write_scenarios
from posology.adapt.teacher.terms import Terms

__all__ = [
    "AuditRow",
    "Candidate",
    "Checked",
    "Lesson",
    "Mapped",
    "Point",
    "Review",
    "Scenario",
    "Terms",
    "audit",
    "audit_markdown",
    "check_candidates",
    "examples_of_reviews",
    "make_lessons",
    "mapped_sections",
    "parse_quoted",
    "passage_prompt",
    "read_again",
    "read_reviews",
    "read_scenarios",
    "traits_of_example",
    "traits_of_record",
    "undecided",
    "write_candidates",
    "write_reviews",
    "write_scenarios",
]
