"""Several hands on one packet, in any order and over stale pages: what was accepted is there at the end."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posology.errors import Conflict, RequestError
from posology.review.packets import versions_of
from posology.review.scratch import list_scratches

STEP = st.tuples(
    st.sampled_from(["ann", "bob", "sam"]),
    st.sampled_from(["drop", "edit", "wrong edit", "offer", "answer"]),
    st.integers(0, 7),
    st.booleans(),  # whether the person looks at the packet first
)


def act_of(kind, number, record, step):
    sentence = record["narrative"][number % len(record["narrative"])]
    words = f"of step {step}"
    if kind == "drop":
        return {"act": "drop", "sentence": sentence["id"], "reason": words}
    if kind == "edit":
        return {"act": "edit", "sentence": sentence["id"], "text": sentence["sentence"]}
    if kind == "wrong edit":
        return {"act": "edit", "sentence": sentence["id"], "text": f"It weighed {9000 + step} kg."}
    if kind == "answer":
        return {"act": "answer", "field": "facility-phone", "value": f"555-{step:04}"}
    gone = (record.get("withdrawn") or []) + record["withheld"]
    return {"act": "offer", "withheld": gone[number % len(gone)]["id"]} if gone else None


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, min_size=4, max_size=9))
def test_what_was_accepted_is_kept_and_what_was_not_is_told(small_clinic, steps):
    packet_id, draft = small_clinic.packet(), None
    draft = small_clinic.open(packet_id).record
    seen = dict.fromkeys(("ann", "bob", "sam"), (1, draft))
    accepted = []
    for step, (login, kind, number, looks) in enumerate(steps):
        if looks:
            opened = small_clinic.open(packet_id, login)
            seen[login] = opened.head.version, opened.record
        version, record = seen[login]
        act = act_of(kind, number, record, step)
        if act is None:
            continue
        before = small_clinic.head(packet_id).version
        try:
            acted = small_clinic.act(login, packet_id, seen=version, **act)
        except Conflict as met:
            require_told(small_clinic, packet_id, login, met.details)
            assert small_clinic.head(packet_id).version == before
        except RequestError:
            assert small_clinic.head(packet_id).version == before
        else:
            if not acted.again:
                accepted.append((login, act, acted))
                assert acted.version == before + 1
    heads = versions_of(small_clinic.store, small_clinic.actor("ann"), packet_id)
    assert [(one.created_by, one.cause) for one in heads[1:]] == [(a[0], a[1]["act"]) for a in accepted]
    require_kept(small_clinic.open(packet_id).record, accepted)


def require_told(clinic, packet_id, login, details):
    """Check that who met another's act is told of it, and that the words are not lost."""
    assert details.by
    assert details.version <= details.current
    kept = list_scratches(clinic.store, clinic.actor(login), packet_id)
    assert not details.written or details.written in [one.text for one in kept]


def require_kept(record, accepted):
    """Check that each accepted act shows, unless a later one was on the same thing."""
    for place, (_, act, acted) in enumerate(accepted):
        target = acted.revision.target
        if any(
            target in (later.revision.target, *later.revision.touched)
            for _, _, later in accepted[place + 1 :]
        ):
            continue
        if act["act"] == "drop":
            assert act["sentence"] in {row["id"] for row in record["withdrawn"]}
        elif act["act"] == "answer":
            assert act["value"] in [row["value"] for row in record["answers"]]
        elif act["act"] == "edit":
            texts = [row["sentence"] for row in (*record["narrative"], *record["withheld"])]
            assert act["text"] in texts
