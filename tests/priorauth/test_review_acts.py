"""Acts of a review: what each does to criterion, letter and conclusion, and what no act may do."""

import json
import random
from dataclasses import replace

import pytest

from posology.errors import RequestError
from posology.priorauth import parse_act, revise
from tests.priorauth.drafted import POLICIES, drafted
from tests.priorauth.reviewed import AT, CLINICIAN, OTHER, desk_of, possible_act, problems_of


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_no_sequence_of_acts_breaks_what_every_packet_holds(policy_id):
    rng = random.Random(f"acts {policy_id}")
    for plan, seed in (("meet", 5), ("mixed", 6)):
        one = drafted(policy_id, plan, seed)
        record, desk = one.record, desk_of(one)
        assert problems_of(record, one, desk) == []
        for _ in range(25):
            chosen = possible_act(record, desk, rng)
            before = json.dumps(record)
            try:
                revision = revise(record, parse_act(chosen), rng.choice([CLINICIAN, OTHER]), AT, desk)
            except RequestError:
                assert json.dumps(record) == before
                continue
            assert json.dumps(record) == before, "the record before is left as it was"
            if revision.attachment is not None:
                desk = replace(desk, attachments=(*desk.attachments, revision.attachment))
            record = revision.record
            assert problems_of(record, one, desk) == [], chosen
