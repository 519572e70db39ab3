"""Several sentences checked against sources that are read once get what each gets by itself."""

from posology.evidence import ChartFacts, Source, check_facts, check_sentences
from posology.evidence.facts import CHECKS

SOURCES = (
    Source("BMI 41.2 kg/m2, on metformin 500 mg daily. Denies chest pain. Seen by Dr. Ada Lovelace."),
    Source("Right knee effusion since 03/02/2019."),
)
SENTENCES = (
    "Her BMI is 45 kg/m2.",
    "Takes metformin 500 mg daily and lisinopril.",
    "Left knee effusion.",
    "Has chest pain.",
    "Seen by Dr. Ada Byron.",
    "Uses an ACE inhibitor since 03/02/2018.",
)


def test_each_of_several_sentences_gets_the_results_it_gets_alone() -> None:
    facts = ChartFacts(sex="female")
    together = check_sentences(SENTENCES, SOURCES, facts=facts)
    assert together == [check_facts(sentence, SOURCES, facts=facts) for sentence in SENTENCES]
    assert all(any(not one.ok for one in results) for results in together)


def test_only_the_checks_asked_for_are_made() -> None:
    results = check_sentences(SENTENCES, SOURCES, facts=ChartFacts(), checks=("numbers", "drugs"))
    assert {one.check for sentence in results for one in sentence} == {"numbers", "drugs"}
    assert set(CHECKS) > {"numbers", "drugs"}
