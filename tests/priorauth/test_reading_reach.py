"""Which sentences of notes a model judges, and which of its answers count."""

from dataclasses import replace
from datetime import date

import pytest

from posology.chat import Prompt, Reads, ScriptedGenerator
from posology.evidence import PassageIndex, ground_of, open_embedder, split_passages
from posology.policies import Leaf, load_policies
from posology.priorauth.reading import read_leaves
from posology.priorauth.tree import all_leaves
from posology.quotes import Status
from posology.records import Document, parse_date
from posology.spans import Span

DAY = date(2024, 5, 1)
UNNAMED = "Paramedics gave dextrose for a low of 31 last month."


def _leaf() -> Leaf:
    policy = next(one for one in load_policies() if one.id == "northfield-cgm")
    return next(leaf for leaf in all_leaves(policy) if leaf.id == "assisted-hypoglycemia")


def _index(text: str) -> PassageIndex:
    note = Document("DocumentReference/n", "Note", "note", text, parse_date("2024-04-20"))
    return PassageIndex(split_passages([note]), open_embedder())


def _judged(text: str, answer: str, reads: Reads) -> tuple[Status, ScriptedGenerator]:
    def say(prompt: Prompt) -> str:
        return answer if text.split(".")[0] in prompt.messages[-1].content else "not stated"

    model = ScriptedGenerator(say)
    leaf = _leaf()
    return read_leaves([leaf], _index(text), model, DAY, reads=reads)[leaf.id].status, model


def test_by_default_a_sentence_that_names_nothing_of_the_question_is_not_shown() -> None:
    status, model = _judged(UNNAMED, "yes", "named")
    assert (status, model.calls) == (Status.UNKNOWN, [])


NAMED = "Hypoglycemia with dextrose given by a bystander."


@pytest.mark.parametrize(
    ("text", "answer", "status"),
    [
        (UNNAMED, "yes", Status.MET),
        (UNNAMED, "no", Status.UNKNOWN),  # what denies must name what it denies
        (NAMED, "yes", Status.MET),
        (NAMED, "no", Status.NOT_MET),
    ],
)
def test_a_model_that_reads_all_says_no_only_of_what_a_sentence_names(
    text: str, answer: str, status: Status
) -> None:
    found, model = _judged(f"{text} Lungs clear.", answer, "all")
    assert found is status
    assert len(model.calls) == 1  # what is near no question is not shown


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("Was dextrose given by paramedics?", "it names what the other question asks"),
        ("Did paramedics come last month?", "it is nearer to the other question"),
    ],
)
def test_a_sentence_is_shown_under_the_question_that_it_is_about(other: str, why: str) -> None:
    leaf = _leaf()
    beside = replace(leaf, id="beside", question=other)
    ran: dict[str, int] = {}
    for leaves in ([leaf], [leaf, beside]):
        model = ScriptedGenerator(lambda _: "not stated")
        read_leaves(leaves, _index(UNNAMED), model, DAY, reads="all")
        asked = [prompt.messages[-1].content for prompt in model.calls]
        ran[f"{len(leaves)} asked"] = sum(str(leaf.question) in text for text in asked)
    assert ran == {"1 asked": 1, "2 asked": 0}, why


def test_of_two_sentences_that_answer_yes_the_one_that_names_the_matter_is_the_evidence() -> None:
    named = "Hypoglycemia on 2024-03-02, dextrose given by a bystander."
    newer = "On 2024-04-18 paramedics gave dextrose for a low of 31."
    leaf = _leaf()
    for text in (f"{newer} {named}", f"{named} {newer}"):
        found = read_leaves([leaf], _index(text), ScriptedGenerator(lambda _: "yes"), DAY, reads="all")[
            leaf.id
        ]
        assert (found.status, found.evidence[0].quote) == (Status.MET, named)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Did a low need another person's help?", "a question states no fact"),
        ("The policy asks for an event in which glucagon was given.", "it speaks of a rule"),
    ],
)
def test_what_states_no_fact_is_shown_to_no_model(text: str, reason: str) -> None:
    status, model = _judged(text, "yes", "all")
    assert (status, model.calls) == (Status.UNKNOWN, []), reason


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("Recurring hypoglycemia at night.", "named"),
        (UNNAMED, "unnamed"),
        ("No hypoglycemia.", "negated"),
        ("Her mother has hypoglycemia.", "refused"),
    ],
)
def test_what_a_sentence_offers_is_told(text: str, ground: str) -> None:
    asked = "Is recurring hypoglycemia documented?"
    assert ground_of(asked, text, Span(0, len(text)))[0] == ground


LOW = "Is the ferritin below 30 ng/mL?"


@pytest.mark.parametrize(
    ("asked", "text", "ground", "why"),
    [
        (LOW, "Ferritin was 12 ng/mL.", "named", "read as below"),
        (LOW, "Ferritin was 45 ng/mL.", "refused", "read as not below"),
        (LOW, "Ferritin goal is 12 ng/mL.", "refused", "a goal is no value"),
        (LOW, "Ferritin 12 ng/mL, then ferritin 80 ng/mL.", "refused", "which is today's is not read"),
        (LOW, "Ferritin was 12 mcg/dL.", "refused", "another unit"),
        (LOW, "Ferritin is low.", "refused", "no value"),
        (LOW, "Lungs clear.", "unnamed", "it names nothing"),
        ("Is hypoglycemia below 50 documented?", "Hypoglycemia of 40.", "refused", "a limit not read"),
    ],
)
def test_a_model_may_say_yes_to_a_limit_only_where_the_value_is_read_as_beyond_it(
    asked: str, text: str, ground: str, why: str
) -> None:
    assert ground_of(asked, text, Span(0, len(text)))[0] == ground, why


def test_a_value_that_the_rules_refuse_to_read_is_shown_to_no_model() -> None:
    leaf = replace(_leaf(), question=LOW)
    model = ScriptedGenerator(lambda _: "yes")
    found = read_leaves([leaf], _index("Ferritin goal is 12 ng/mL."), model, DAY)[leaf.id]
    assert (found.status, model.calls) == (Status.UNKNOWN, [])
