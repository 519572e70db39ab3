"""Why a criterion is met, not met or unknown."""

import json

import pytest
from letter_packets import incomplete, minimal, ready, review

from posology.errors import UserError
from posology.priorauth.explain import explain


def test_a_met_criterion_is_explained_by_its_quotes_and_sources() -> None:
    text = explain(ready(), "bmi-35").text
    assert text.startswith("bmi-35: Met. Body mass index of 35 kg/m2 or more.")
    assert "Body mass index: “41.2 kg/m2” (Observation/bmi-2019, valueQuantity, 2019-03-02)" in text
    assert "“have a body-mass index ≥ 35” (policy cms-ncd-100.1)" in text
    assert "Decided by rule." in text
    assert "What would settle it" not in text


def test_an_unknown_criterion_is_explained_by_what_was_looked_for_and_who_can_settle_it() -> None:
    text = explain(incomplete(), "failed-treatment").text
    assert "failed-treatment: Unknown." in text
    assert "the nearest passage speaks of a planned diet" in text
    assert "from the treating clinician. [criterion: failed-treatment]" in text


def test_contrary_evidence_and_the_need_to_confirm_are_shown() -> None:
    text = explain(review(), "physiotherapy").text
    assert "Contrary evidence:\n  - Progress note: “Patient reports missing most PT appointments.”" in text
    assert "A person must confirm this finding." in text


def test_an_unknown_criterion_that_nothing_asks_for_says_so_and_names_what_was_not_read() -> None:
    text = explain(review(), "malignancy").text
    assert "The packet asks for nothing here." in text
    assert "DocumentReference/scan-7: an encrypted PDF" in text


def test_a_whole_packet_is_explained_in_a_line_a_criterion() -> None:
    explanation = explain(review())
    assert explanation.heading == "Conclusion: review (if the findings hold: ready)"
    titles = dict(explanation.parts)
    assert (len(titles["Criteria"]), len(titles["Exclusions"])) == (9, 3)
    assert titles["Missing"][1] == "Physical therapy notes: from the therapist. [document: pt-notes]"


def test_an_empty_packet_is_explained() -> None:
    assert explain(minimal()).text == "Conclusion: incomplete\n"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("bmi35", "did you mean bmi-35?"), ("zzz", "the packet has: bmi-35, type-2-diabetes")],
)
def test_a_criterion_that_the_packet_lacks_gets_the_nearest(asked: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        explain(ready(), asked)
    assert hint in str(caught.value)


def test_the_explanation_for_machines_is_json() -> None:
    record = json.loads(json.dumps(explain(ready(), "bmi-35").as_json()))
    assert record["parts"][0]["title"] == "Why"


def test_the_repr_of_an_explanation_shows_no_patient_text() -> None:
    assert "41.2" not in repr(explain(ready(), "bmi-35"))
