"""What follows from the findings of a packet in review: conclusion, gaps, diagnoses, and the story."""

from collections.abc import Mapping
from dataclasses import replace

from posology.policies import Finding
from posology.priorauth.administrative import Administrative, build_administrative
from posology.priorauth.answers import answered_details, answered_practice, supplied_by_hand
from posology.priorauth.conclusion import conclude
from posology.priorauth.diagnoses import find_diagnoses
from posology.priorauth.narrative import DraftSentence
from posology.priorauth.record import Parts
from posology.priorauth.request import Request
from posology.priorauth.sheet import Desk, Sheet
from posology.priorauth.story import Story, template_sentences
from posology.priorauth.subject import subject_of
from posology.priorauth.supplying import documents_with

__all__ = ["parts_of", "templates_of"]


def parts_of(sheet: Sheet, desk: Desk) -> Parts:
    """Return what a record of these findings is made of."""
    request = replace(desk.request, details=answered_details(desk.request.details, sheet.answers))
    findings, policy = sheet.findings, desk.policy
    subject = subject_of(desk.chart, request, policy.payer)
    administrative = _administrative(sheet, desk, request, findings)
    documents = documents_with(desk, request.day, sheet.attachments)
    gaps = bool(documents.missing or administrative.gaps)
    conclusion = conclude(policy, findings, gaps=gaps)
    return Parts(
        desk.chart, request, subject, policy, findings, conclusion, documents, administrative, desk.checker
    )


def _administrative(
    sheet: Sheet, desk: Desk, request: Request, findings: Mapping[str, Finding]
) -> Administrative:
    return build_administrative(
        desk.chart,
        request,
        desk.policy,
        member_id=subject_of(desk.chart, request, desk.policy.payer).member_id,
        practice=answered_practice(desk.practice, sheet.answers),
        diagnoses=find_diagnoses(desk.chart, request, desk.policy, findings),
        supplied=supplied_by_hand(sheet.answers),
    )


def templates_of(parts: Parts) -> list[DraftSentence]:
    """Return the template sentences of the story that a record's parts tell, in the letter's order."""
    story = Story(
        parts.policy,
        parts.findings,
        parts.conclusion,
        parts.request,
        parts.subject,
        parts.administrative.block,
    )
    return template_sentences(story, parts.chart)
