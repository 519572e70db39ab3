"""Comparisons: letters made alike, ratings that hold until results are opened, exports that tell nobody."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from posology.config import Practice
from posology.errors import Conflict, NotAllowed, NotFound, OutputError, RequestError
from posology.records.deidentify import known_identifiers
from posology.review.charts import forget_chart, load_chart
from posology.review.comparisons import NewComparison, create_comparison, list_comparisons, open_comparison
from posology.review.deletion import delete_packet
from posology.review.rating import DIMENSIONS, MarkOf, Rating, rate
from posology.review.results import open_results
from posology.review.sharing import export_ratings
from posology.review.sides import draft_letter, plain_letter
from posology.store.schema import charts, comparisons
from posology.store.verification import verify_store

LETTER = """Sunrise Clinic
1 Main Street

Dear Medical Director:

MEDICAL NECESSITY
She has severe obesity with a BMI of 41.2
and has tried a diet.

- Metformin, stopped for nausea
- Orlistat

Sincerely,
Ann Avery, MD"""


def scores(a=7, b=6):
    return {"a": dict.fromkeys(DIMENSIONS, a), "b": dict.fromkeys(DIMENSIONS, b)}


def compare(clinic, by="sam", **more):
    packet_id = more.pop("packet_id", None) or clinic.packet()
    return create_comparison(
        clinic.store, clinic.actor(by), NewComparison(packet_id, more.pop("letter", LETTER), **more)
    )


def rate_as(clinic, login, comparison_id, **more):
    given = {"scores": scores(), "preferred": "a", **more}
    rate(clinic.store, clinic.actor(login), comparison_id, Rating(**given))


def side_of_draft(clinic, comparison_id):
    with clinic.store.read() as connection:
        query = select(comparisons.c.draft_side).where(comparisons.c.id == comparison_id)
        return connection.execute(query).scalar_one()


@pytest.mark.parametrize(
    ("text", "plain", "left_out"),
    [
        ("One.\r\nTwo.\n\n\nThree.", "One. Two.\n\nThree.", ()),  # line ends and white space
        ("Clinical Summary\n\nShe walks.", "She walks.", ("Clinical Summary",)),  # a title alone
        ("HISTORY\nShe walks.", "She walks.", ("HISTORY",)),  # capitals
        ("## Why\nShe walks.", "She walks.", ("## Why",)),  # Markdown
        ("**Why**\nShe walks.", "She walks.", ("**Why**",)),
        ("Re: her request\n\nShe walks.", "She walks.", ("Re: her request",)),  # a subject line
        ("BMI 41.2", "BMI 41.2", ()),  # a value alone is no title
        ("Seen.\n1. Diet\n2. Pills", "Seen.\n\nDiet\n\nPills", ()),  # list marks go, items stay
        ("“BMI” – 41’s…", '"BMI" - 41\'s...', ()),  # typography
        ("To whom it may concern,\nShe walks.", "She walks.", ("To whom it may concern,",)),
        ("She walks.\n\nKind regards\nDr. Lee", "She walks.", ("Kind regards", "Dr. Lee")),
        ("She\u200b walks.\u202e", "She walks.", ()),  # what cannot be seen
        ("", "", ()),
    ],
)
def test_both_letters_become_plain_paragraphs_and_what_is_left_out_is_told(text, plain, left_out):
    made = plain_letter(text)
    assert (made.text, made.left_out) == (plain, left_out)


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=8).map("\n".join))
def test_a_letter_made_plain_holds_no_word_that_was_not_there_and_loses_none_in_silence(text):
    made = plain_letter(text)
    kept = "".join((made.text + "".join(made.left_out)).split())
    whole = "".join(
        "".join(plain_letter(line).text + "".join(plain_letter(line).left_out) for line in [text]).split()
    )
    assert sorted(kept) == sorted(whole)
    assert "\n\n\n" not in made.text
    assert made.text == made.text.strip()


def test_the_draft_shows_neither_marks_nor_titles(small_clinic):
    record = small_clinic.open(small_clinic.packet()).record
    draft = draft_letter(record)
    told = [" ".join(row["sentence"].split()) for row in record["narrative"]]
    plain = [one.translate(str.maketrans("“”’–", '""\'-')) for one in told]
    assert not draft.left_out
    assert " ".join(draft.text.split()) == " ".join(plain)
    assert not re.search(r"\[\d+\]|unchecked|Medical necessity|Clinical summary", draft.text)


def test_sides_are_withheld_until_a_person_has_rated_and_then_told_to_that_person_only(clinic):
    made = compare(clinic)
    before = open_comparison(clinic.store, clinic.actor("ann"), made)
    assert before.draft_side == ""
    rate_as(clinic, "ann", made)
    after = open_comparison(clinic.store, clinic.actor("ann"), made)
    assert after.draft_side == side_of_draft(clinic, made)
    assert after.sides == before.sides
    assert open_comparison(clinic.store, clinic.actor("bob"), made).draft_side == ""
    assert verify_store(clinic.store).ok


def test_sides_are_drawn_and_an_open_comparison_tells_at_once(small_clinic):
    packet_id = small_clinic.packet()
    drawn = {side_of_draft(small_clinic, compare(small_clinic, packet_id=packet_id)) for _ in range(24)}
    assert drawn == {"a", "b"}
    told = compare(small_clinic, packet_id=packet_id, blinded=False)
    shown = open_comparison(small_clinic.store, small_clinic.actor("ann"), told)
    assert shown.draft_side == side_of_draft(small_clinic, told)


def test_who_pasted_the_letter_does_not_rate_a_blinded_comparison(small_clinic):
    made = compare(small_clinic, by="ann")
    with pytest.raises(NotAllowed, match="who pasted the letter"):
        rate_as(small_clinic, "ann", made)
    told = compare(small_clinic, by="ann", blinded=False)
    rate_as(small_clinic, "ann", told)


def test_a_rating_is_replaced_until_results_are_opened_and_the_change_is_counted(clinic):
    made = compare(clinic)
    rate_as(clinic, "ann", made, text="first")
    rate_as(clinic, "ann", made, text="second")
    mine = open_comparison(clinic.store, clinic.actor("ann"), made).mine
    assert (mine.text, mine.changes) == ("second", 1)
    results = open_results(clinic.store, clinic.actor("sam"))
    assert (results.whole.ratings, results.changed) == (1, 1)
    with pytest.raises(Conflict, match="results were opened"):
        rate_as(clinic, "ann", made)
    rate_as(clinic, "bob", made)  # who had not rated still may
    open_results(clinic.store, clinic.actor("adm"))
    open_results(clinic.store, clinic.actor("adm"))
    opened = clinic.entries(kind="comparison.opened")
    assert [one["details"] for one in opened] == [
        {"comparisons": 1, "ratings": 1},
        {"comparisons": 1, "ratings": 2},
    ]
    assert len(clinic.entries(kind="comparison.rated")) == 3
    assert verify_store(clinic.store).ok


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"scores": scores(11)}, "whole number from 1 to 10"),
        ({"scores": scores(0)}, "whole number from 1 to 10"),
        ({"scores": scores(True)}, "whole number from 1 to 10"),
        ({"scores": {"a": scores()["a"]}}, "for sides a and b"),
        ({"preferred": "draft"}, "a, b or neither"),
        ({"marks": (MarkOf("a", "invention", 5, 5),)}, "do not lie in side a"),
        ({"marks": (MarkOf("b", "invention", 0, 10**6),)}, "do not lie in side b"),
        ({"marks": (MarkOf("c", "invention", 0, 1),)}, "side is a or b"),
        ({"marks": (MarkOf("a", "typo", 0, 1),)}, "kind is one of"),
        ({"marks": (MarkOf("a", "omission", 0, 3),) * 2}, "marked twice"),
        ({"marks": tuple(MarkOf("a", "omission", n, n + 1) for n in range(201))}, "200 marks"),
        ({"text": "x" * 10_001}, "10,000 characters"),
    ],
)
def test_a_rating_that_cannot_be_is_refused_and_nothing_is_kept(small_clinic, more, words):
    made = compare(small_clinic)
    size = small_clinic.size()
    with pytest.raises(RequestError, match=words):
        rate_as(small_clinic, "ann", made, **more)
    assert small_clinic.size() == size


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"letter": "HISTORY"}, RequestError, "no text beside its headings"),
        ({"letter": "x " * 20_001}, RequestError, "40,000 characters"),
        ({"minutes": -1}, RequestError, "minutes"),
        ({"version": 9}, NotFound, "no version 9"),
        ({"packet_id": "0" * 20}, NotFound, "no packet"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(small_clinic, more, error, words):
    with pytest.raises(error, match=words):
        compare(small_clinic, **more)
    assert not small_clinic.entries(kind="comparison.created")


@pytest.mark.parametrize("login", ["aud", "adm"])
def test_who_reads_no_packet_reads_no_comparison(small_clinic, login):
    made = compare(small_clinic)
    for act in (
        lambda who: open_comparison(small_clinic.store, who, made),
        lambda who: list_comparisons(small_clinic.store, who),
        lambda who: rate(small_clinic.store, who, made, Rating(scores(), "a")),
    ):
        with pytest.raises(NotAllowed):
            act(small_clinic.actor(login))


def test_staff_compares_and_does_not_rate_and_auditors_see_no_results(small_clinic):
    made = compare(small_clinic)
    with pytest.raises(NotAllowed, match="needs the role clinician"):
        rate_as(small_clinic, "sam", made)
    with pytest.raises(NotAllowed):
        open_results(small_clinic.store, small_clinic.actor("aud"))


def test_one_reading_of_a_session_is_recorded_and_says_it_was_a_comparison(small_clinic):
    made = compare(small_clinic)
    for _ in range(2):
        open_comparison(small_clinic.store, small_clinic.actor("bob"), made)
    read = [one for one in small_clinic.entries(kind="source.read") if one["actor"] == "bob"]
    assert [one["details"]["form"] for one in read] == ["comparison"]


def test_a_rater_who_had_opened_the_packet_did_not_rate_blind(small_clinic):
    packet_id = small_clinic.packet()
    made = compare(small_clinic, packet_id=packet_id)
    small_clinic.open(packet_id, "ann")
    rate_as(small_clinic, "ann", made)
    rate_as(small_clinic, "bob", made)
    assert open_results(small_clinic.store, small_clinic.actor("sam")).blind == 1


def test_the_ledger_does_not_tell_the_side_and_holds_no_word(small_clinic):
    made = compare(small_clinic)
    rate_as(small_clinic, "ann", made, text="Thistlewood is missing")
    for entry in small_clinic.entries():
        if entry["kind"].startswith("comparison."):
            assert "draft" not in json.dumps(entry)
            assert "Thistlewood" not in json.dumps(entry)


def test_deleting_the_packet_deletes_what_was_compared(small_clinic):
    packet_id = small_clinic.packet()
    made = compare(small_clinic, packet_id=packet_id)
    rate_as(small_clinic, "ann", made)
    delete_packet(small_clinic.store, small_clinic.actor("adm"), packet_id, "test")
    with pytest.raises(NotFound):
        open_comparison(small_clinic.store, small_clinic.actor("ann"), made)
    assert open_results(small_clinic.store, small_clinic.actor("sam")).whole.ratings == 0
    assert verify_store(small_clinic.store).ok


def named_letter(known):
    """Write a letter that names everything that is known of the patient."""
    people = [f"{' '.join(one.given)} {one.family} was there." for one in known.people]
    values = [f"The {one.kind} is {one.text}." for one in known.values]
    births = [f"Born {day:%m/%d/%Y}." for day in known.births]
    return "\n\n".join([*people, *values, *births, "BMI 41.2 kg/m2, treated with metformin."])


PRACTICE = Practice(name="Sunrise Weight Clinic", npi="1234567893", phone="555-010-7788")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_identifier_of_the_chart_leaves_in_an_export(small_clinic, seed):
    packet_id = small_clinic.packet(seed=seed)
    chart = load_chart(small_clinic.store, small_clinic.head(packet_id).chart_id)
    known = known_identifiers(chart)
    letter = named_letter(known) + "\n\nSunrise Weight Clinic, 555-010-7788, NPI 1234567893."
    made = compare(small_clinic, packet_id=packet_id, letter=letter)
    shown = open_comparison(small_clinic.store, small_clinic.actor("ann"), made)
    name = next(one for one in known.people if one.family and one.given)
    words = f"{name.given[0]} {name.family} was seen by Ann Avery."
    marks = (MarkOf("a", "invention", 0, 12, words), MarkOf("b", "omission", 0, 12, words))
    rate_as(small_clinic, "ann", made, text=words, marks=marks)
    file = export_ratings(small_clinic.store, small_clinic.actor("adm"), "IRB 2026/7", PRACTICE)
    told = file.data.decode()
    secrets = {one.text for one in known.values} | {f"{day:%m/%d/%Y}" for day in known.births}
    secrets |= {f"{' '.join(one.given)} {one.family}".strip() for one in known.people}
    secrets |= {one.family for one in known.people} | {"Sunrise", "555-010-7788", "1234567893", "Avery"}
    secrets |= {packet_id, made, "ann"}
    for secret in secrets - {""}:
        if len(secret) > 2:
            assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", told, re.I), "an identifier leaked"
    assert "BMI 41.2 kg/m2" in told
    assert shown.sides["a"] not in told


def test_marks_stand_where_their_passages_stand_after_de_identification(small_clinic):
    packet_id = small_clinic.packet()
    known = known_identifiers(load_chart(small_clinic.store, small_clinic.head(packet_id).chart_id))
    name = next(f"{one.given[0]} {one.family}" for one in known.people if one.given and one.family)
    text = f"{name} came. The BMI was invented. {name} left."
    made = compare(small_clinic, packet_id=packet_id, letter=text)
    hand = {"a": "b", "b": "a"}[side_of_draft(small_clinic, made)]
    places = [
        (text.index("The BMI"), text.index("The BMI") + 21),  # beside a label
        (0, 3),  # within one
        (0, len(name) + 6),  # around one
        (len(text) - 5, len(text)),  # after two
    ]
    marks = tuple(MarkOf(hand, "invention", start, end) for start, end in places)
    rate_as(small_clinic, "ann", made, marks=marks)
    file = export_ratings(small_clinic.store, small_clinic.actor("adm"), "c1", Practice())
    line = json.loads(file.data.decode().splitlines()[1])["manual"]
    cut = [line["text"][mark["start"] : mark["end"]] for mark in line["marks"]]
    assert cut == [text[slice(*places[0])], "[NAME]", "[NAME] came.", "left."]


def test_an_export_needs_consent_which_goes_into_its_header_and_the_ledger(small_clinic):
    made = compare(small_clinic, minutes=45)
    rate_as(small_clinic, "ann", made)
    admin = small_clinic.actor("adm")
    with pytest.raises(NotAllowed, match="has not consented"):
        export_ratings(small_clinic.store, admin, " ", Practice())
    with pytest.raises(NotAllowed, match="needs the role administrator"):
        export_ratings(small_clinic.store, small_clinic.actor("ann"), "IRB-7", Practice())
    assert not small_clinic.entries(kind="comparison.exported")
    file = export_ratings(small_clinic.store, admin, "IRB-7", Practice())
    header, line = [json.loads(one) for one in file.data.decode().splitlines()]
    assert (header["consent"], header["ratings"], header["comparisons"]) == ("IRB-7", 1, 1)
    assert line["minutes_by_hand"] == 45
    (entry,) = small_clinic.entries(kind="comparison.exported")
    assert entry["details"]["consent"] == "IRB-7"
    assert entry["details"]["ratings"] == 1


def test_nothing_is_exported_where_a_chart_cannot_be_read(small_clinic):
    packet_id = small_clinic.packet()
    made = compare(small_clinic, packet_id=packet_id)
    rate_as(small_clinic, "ann", made)
    chart_id = small_clinic.head(packet_id).chart_id
    with small_clinic.store.engine.begin() as connection:  # as if the disk had lost it
        connection.execute(update(charts).where(charts.c.id == chart_id).values(body=b"gone"))
    forget_chart(chart_id)
    with pytest.raises(OutputError, match="nothing was exported"):
        export_ratings(small_clinic.store, small_clinic.actor("adm"), "IRB-7", Practice())
    assert not small_clinic.entries(kind="comparison.exported")
