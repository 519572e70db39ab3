"""Policies over HTTP: which there are for a service, a payer and a day."""

from datetime import date
from typing import Annotated

from fastapi import Query

from posology.policies import Code, Policy
from posology.policies.choose import governs, same_payer
from posology.priorauth import parse_service
from posology.web.answers import CodeAnswer, PolicyAnswer
from posology.web.bodies import Word
from posology.web.context import OfSite
from posology.web.guard import new_router

__all__ = ["router"]

router = new_router()


@router.get("/api/v1/policies")
def list_policies(
    site: OfSite,
    service: Annotated[Word, Query(description="SYSTEM:CODE")] = "",
    payer: Word = "",
    day: Annotated[date | None, Query(alias="date", description="in force on this day")] = None,
) -> list[PolicyAnswer]:
    """List the policies that govern a service, of a payer, in force on a day; empty restricts nothing."""
    code = parse_service(service) if service else None
    return [_answer(policy) for policy in site.policies if _fits(policy, code, payer, day)]


def _fits(policy: Policy, service: Code | None, payer: str, day: date | None) -> bool:
    return (
        (service is None or governs(policy, service))
        and (not payer or same_payer(policy.payer, payer))
        and (day is None or policy.in_force(day))
    )


def _answer(policy: Policy) -> PolicyAnswer:
    return PolicyAnswer(
        id=policy.id,
        title=policy.title,
        payer=policy.payer,
        version=policy.version,
        effective_from=policy.effective_from,
        effective_until=policy.effective_until,
        jurisdiction=policy.jurisdiction,
        source_title=policy.source_title,
        services=[CodeAnswer(system=one.system, code=one.code) for one in policy.services],
        sha256=policy.sha256,
    )
