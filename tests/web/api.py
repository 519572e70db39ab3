"""A packet drafted by rules over HTTP, and what tests of the API send."""

import json
from dataclasses import dataclass, field
from threading import Event

from posology.priorauth import Models
from posology.review.drafting import Bench, run_job
from posology.testing import make_chart, plans_for
from posology.web.site import Site

POLICY = "cms-ncd-100.1"


@dataclass
class AtOnce:
    """A queue that drafts as soon as it is told of a job."""

    bench: Bench | None = None
    told: list[str] = field(default_factory=list)

    def enqueue(self, job_id: str) -> None:
        self.told.append(job_id)
        if self.bench is not None:
            run_job(self.bench, job_id, last=True)

    def cancel(self, job_id: str) -> None:
        self.told.append(job_id)

    def alive(self) -> bool:
        return True


@dataclass(frozen=True)
class Made:
    """A made chart and what is asked for it."""

    bundle: dict
    service: str
    day: str

    @property
    def body(self) -> bytes:
        return json.dumps(self.bundle).encode()


def made_case(policies, plan: int = 0, seed: int = 7) -> Made:
    policy = next(one for one in policies if one.id == POLICY)
    made = make_chart(policy, plan=plans_for(policy)[plan], seed=seed)
    asked = made.truth["service"]
    return Made(made.bundle, f"{asked['system']}:{asked['code']}", made.truth["date"])


def working(site: Site, models: Models) -> Site:
    """Return the site with models and a queue that drafts at once."""
    from dataclasses import replace

    queue = AtOnce(Bench(site.store, site.settings, site.policies, models, Event()))
    return replace(site, queue=queue, models=lambda: models)


def upload(browser, made: Made) -> str:
    answer = browser.post(
        "/api/v1/charts", content=made.body, headers={"Content-Type": "application/fhir+json"}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def draft(browser, made: Made, chart: str | None = None, **more) -> str:
    """Upload a chart, draft, and return the packet's id."""
    body = {"chart": chart or upload(browser, made), "service": made.service, "date": made.day, **more}
    answer = browser.post("/api/v1/drafts", json=body)
    assert answer.status_code == 202, answer.text
    job = browser.get(answer.headers["Location"]).json()
    assert job["state"] == "done", job
    return job["packet_id"]


def problem(answer, status: int) -> dict:
    """Return the body of an answer that must be a problem of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    return body
