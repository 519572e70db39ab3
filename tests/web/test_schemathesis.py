"""Requests that schemathesis makes up from the description of the API: none is answered by a fault.

What each role sends is well-formed and malformed by turns; every answer has a status, a type and a form
that the description names.
"""

import os
from collections import Counter
from dataclasses import replace

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from posology.config import load_settings
from posology.priorauth import open_models
from posology.store import Role
from tests.web.api import draft, made_case, working

pytestmark = pytest.mark.slow
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = "/events"
ENDING = {("DELETE", "/api/v1/session"), ("POST", "/api/v1/session")}
EXAMPLES = int(os.environ.get("POSOLOGY_EXAMPLES", "3"))  # of each operation, kind and role


@pytest.fixture(scope="module")
def models():
    return open_models(load_settings(profile="rules", environ={}))


@pytest.fixture
def site(site, models):
    serve = site.settings.serve.model_copy(update={"requests_per_minute": 1_000_000})
    return working(replace(site, settings=replace(site.settings, serve=serve)), models)


@pytest.fixture
def schema(client):
    return schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())


def operations(schema):
    for found in schema.get_all_operations():
        operation = found.ok()
        if not operation.path.endswith(ENDLESS) and (operation.method.upper(), operation.path) not in ENDING:
            yield operation


def send(browser, case, known: dict[str, str]):
    """Send a case as a browser of this role; every second one names a packet that is there."""
    for name, value in known.items():
        if name in (case.path_parameters or {}) and len(str(case.path_parameters[name])) % 2 == 0:
            case.path_parameters[name] = value
    wanted = case.as_transport_kwargs(base_url="http://127.0.0.1:8642", headers=browser.headers)
    wanted.pop("cookies", None)
    headers = {key: value for key, value in wanted.pop("headers").items() if key.lower() != "cookie"}
    if isinstance(wanted.get("data"), bytes | str):
        wanted["content"] = wanted.pop("data")
    request = browser.client.build_request(**wanted, headers={**headers, **browser.headers})
    request.read()
    answer = browser.client.send(request)
    case.validate_response(answer, checks=CHECKS)
    return answer.status_code


@pytest.mark.parametrize("role", list(Role))
def test_no_request_of_any_role_is_answered_by_a_fault(role, schema, signed_in, policies):
    ada = signed_in("clinician", npi="1234567893")
    packet = draft(ada, made_case(policies))
    browser = ada if role == Role.CLINICIAN else signed_in(role)
    known = {"packet_id": packet, "chart_id": ada.get(f"/api/v1/packets/{packet}").json()["head"]["chart_id"]}
    seen: Counter[int] = Counter()
    failures: list[str] = []

    for operation in operations(schema):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=EXAMPLES,
                phases=(Phase.generate,),
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case):
                seen[send(browser, case, known)] += 1

            try:
                check()
            except FailureGroup as group:
                failures += [f"{operation.label}: {one.title}: {one.message}" for one in group.exceptions]
    assert not failures, "\n".join(failures)
    assert sum(seen.values()) > 100
    assert not [status for status in seen if status >= 500]
