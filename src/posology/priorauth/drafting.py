"""Draft: chart and policy in, checked packet out."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from posology.config import Settings, load_settings, settings_record
from posology.errors import RequestError
from posology.manifest import Input, build_manifest
from posology.policies import (
    Code,
    Policy,
    choose_policy,
    find_documents,
    load_policies,
)
from posology.priorauth.administrative import build_administrative
from posology.priorauth.conclusion import conclude
from posology.priorauth.criteria import build_index, judge_criteria
from posology.priorauth.diagnoses import find_diagnoses
from posology.priorauth.models import Models, open_models
from posology.priorauth.packet import Packet
from posology.priorauth.record import Parts, build_record
from posology.priorauth.request import Request, RequestFile
from posology.priorauth.runnable import require_runnable
from posology.priorauth.story import Story, tell
from posology.priorauth.subject import require_alive, subject_of
from posology.priorauth.tree import all_leaves
from posology.records import Chart

__all__ = ["Stages", "draft"]


class Stages(Protocol):
    """What is told about progress: a stage, and how much of it is done."""

    def __call__(self, stage: str, done: int | None = None, total: int | None = None) -> None:
        """Take note of a stage."""
        ...


def _silent(stage: str, done: int | None = None, total: int | None = None) -> None:
    """Tell nobody."""


@dataclass
class _Clock:
    """Times each stage, in seconds, for the manifest."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.perf_counter() - start, 4)


def draft(  # noqa: PLR0913 - the command line's options, as keywords
    chart: Chart,
    *,
    service: Code,
    day: date,
    policies: Sequence[Policy] | None = None,
    policy_id: str | None = None,
    payer: str | None = None,
    details: RequestFile | None = None,
    settings: Settings | None = None,
    models: Models | None = None,
    inputs: Sequence[Input] = (),
    seed: int = 0,
    seal: Mapping[str, Any] | None = None,
    on_stage: Stages = _silent,
) -> Packet:
    """Draft a prior-authorization packet from one patient's chart and the payer's policy.

    ``day`` is the date of service. Without ``policies`` the shipped library is used; without ``policy_id``
    the one policy in force that governs the service for the payer. ``models`` may be opened once by
    ``open_models`` and used for many drafts; else they are opened by ``settings``. ``inputs`` are further
    files for the manifest, such as the request file; ``seal`` is what it records of the egress lock.
    """
    settings = settings or load_settings()
    clock = _Clock()
    request = Request(service, day, details or RequestFile())
    subject = subject_of(chart, request)
    require_alive(chart, day)
    library = load_policies() if policies is None else policies
    policy = choose_policy(
        library,
        service=service,
        payer=payer or subject.payer,
        day=day,
        policy_id=policy_id,
        quotes_payer=payer is not None,
    )
    subject = subject_of(chart, request, policy.payer)
    require_runnable(policy)
    _require_attestable(policy, request)
    on_stage("Opening the models")
    with clock("open_models"):
        opened = models or open_models(settings)
    on_stage("Reading the criteria")
    with clock("index"):
        index = build_index(chart, opened.embedder, day)
    with clock("criteria"):
        findings = judge_criteria(policy, chart, request, index, opened.writer, reads=opened.reads)
    documents = find_documents(policy, chart, day)
    diagnoses = find_diagnoses(chart, request, policy, findings)
    administrative = build_administrative(
        chart,
        request,
        policy,
        member_id=subject.member_id,
        practice=settings.practice.model_dump(),
        diagnoses=diagnoses,
    )
    conclusion = conclude(policy, findings, gaps=bool(documents.missing or administrative.gaps))
    on_stage("Writing and checking the letter")
    story = Story(policy, findings, conclusion, request, subject, administrative.block)
    with clock("narrative"):
        told, withheld = tell(story, chart, opened)
    parts = Parts(
        chart,
        request,
        subject,
        policy,
        findings,
        conclusion,
        documents,
        administrative,
        opened.checker,
    )
    record = build_record(parts, told, withheld)
    files = [*inputs, *(Input("chart", name, sha256, None) for name, sha256 in chart.inputs.items())]
    files.append(Input("policy", policy.file.rsplit("/", 1)[-1], policy.sha256, None))
    manifest = build_manifest(
        files,
        opened.identities(),
        settings_record(settings),
        seed=seed,
        timings_s=clock.seconds,
        seal=seal,
    )
    return Packet(record, manifest)


def _require_attestable(policy: Policy, request: Request) -> None:
    """Refuse statements about no criterion of the policy, twice about one, or of a day still to come."""
    known = {leaf.id for leaf in all_leaves(policy)}
    seen: set[str] = set()
    for statement in request.details.attestations:
        where = f"request file: attestations: {statement.criterion!r}"
        if statement.criterion not in known:
            raise RequestError(
                f"{where}: the policy {policy.id} has no such criterion; "
                f"its criteria: {', '.join(sorted(known))}"
            )
        if statement.criterion in seen:
            raise RequestError(f"{where}: stated twice; keep one statement a criterion")
        if statement.date > request.day:
            raise RequestError(f"{where}: dated {statement.date}, after the date of service {request.day}")
        seen.add(statement.criterion)
