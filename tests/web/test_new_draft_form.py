"""The form of a new draft: sent twice it asks once, changed it asks anew, and it says what it cannot use."""

import re

import pytest

from tests.web.api import POLICY, made_case


@pytest.fixture
def ada(signed_in):
    return signed_in("clinician", npi="1234567893", name="Ada Made")


def shown_key(client) -> str:
    return re.search(r'name="key" value="([0-9a-f]+)"', client.get("/new").text)[1]


def send(client, made, key, **changed):
    fields = {
        "csrf": client.csrf,
        "key": key,
        "service": made.service,
        "date": made.day,
        "policy": POLICY,
        **changed,
    }
    return client.post("/new", data=fields, files={"files": ("chart.json", made.body)})


def test_a_form_that_is_sent_again_after_a_lost_answer_asks_once(ada, policies, entries):
    made, key = made_case(policies), shown_key(ada)
    first, again = send(ada, made, key), send(ada, made, key)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["Location"] == again.headers["Location"]
    assert len(entries("draft.asked")) == len(entries("chart.uploaded")) == 1


def test_a_form_that_was_changed_asks_anew(ada, policies, entries):
    made, key = made_case(policies), shown_key(ada)
    first = send(ada, made, key)
    other = send(ada, made, key, urgency="expedited", urgency_reason="Pain at rest.")
    assert first.headers["Location"] != other.headers["Location"]
    assert len(entries("draft.asked")) == 2


def test_what_cannot_be_used_is_said_beside_what_was_typed(ada, policies, entries):
    made = made_case(policies)
    answer = send(ada, made, shown_key(ada), service="no code", payer="Typed Payer")
    assert answer.status_code == 422
    assert "write SYSTEM:CODE" in answer.text
    assert "Typed Payer" in answer.text
    assert entries("chart.uploaded") == []
