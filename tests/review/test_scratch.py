"""Unsaved words: kept for their author alone, sealed, replaced, and let go."""

import pytest
from sqlalchemy import select

from posology.errors import NotAllowed, NotFound, RequestError
from posology.review.packets import pulse_of
from posology.review.scratch import Scratch, delete_scratch, get_scratch, keep_scratch, list_scratches
from posology.store.schema import scratches

TARGET = "sentence:s2"


def test_words_are_kept_for_their_author_alone(clinic):
    packet_id = clinic.packet()
    ann, bob = clinic.actor("ann"), clinic.actor("bob")
    keep_scratch(clinic.store, ann, packet_id, Scratch(TARGET, 1, 0, "half a sen"))
    keep_scratch(clinic.store, ann, packet_id, Scratch(TARGET, 2, 0, "half a sentence \U0001f600"))
    keep_scratch(clinic.store, ann, packet_id, Scratch("criterion:bmi-35", 2, 0, "why"))
    kept = get_scratch(clinic.store, ann, packet_id, TARGET)
    assert (kept.text, kept.seen_version) == ("half a sentence \U0001f600", 2)
    assert get_scratch(clinic.store, bob, packet_id, TARGET) is None
    assert [one.target for one in list_scratches(clinic.store, ann, packet_id)] == [
        "criterion:bmi-35",
        TARGET,
    ]
    delete_scratch(clinic.store, bob, packet_id, TARGET)
    assert get_scratch(clinic.store, ann, packet_id, TARGET) is not None
    delete_scratch(clinic.store, ann, packet_id, TARGET)
    assert get_scratch(clinic.store, ann, packet_id, TARGET) is None


def test_words_are_sealed(small_clinic):
    packet_id = small_clinic.packet()
    keep_scratch(small_clinic.store, small_clinic.actor("ann"), packet_id, Scratch(TARGET, 1, 0, "z" * 500))
    with small_clinic.store.read() as connection:
        row = connection.execute(select(scratches)).one()
    assert b"zzzz" not in bytes(row.text)


def test_others_see_who_is_writing_and_not_what(small_clinic):
    packet_id = small_clinic.packet()
    keep_scratch(small_clinic.store, small_clinic.actor("bob"), packet_id, Scratch(TARGET, 1, 0, "words"))
    assert pulse_of(small_clinic.store, small_clinic.actor("ann"), packet_id).present == ("Bob Brook, MD",)
    assert pulse_of(small_clinic.store, small_clinic.actor("bob"), packet_id).present == ()


@pytest.mark.parametrize("target", ["", "sentence:", "s2", "sentence:../x", "a b:c", "x" * 30 + ":y"])
def test_a_target_is_a_kind_and_an_id(small_clinic, target):
    packet_id = small_clinic.packet()
    for call in (
        lambda: keep_scratch(
            small_clinic.store, small_clinic.actor("ann"), packet_id, Scratch(target, 1, 0, "x")
        ),
        lambda: get_scratch(small_clinic.store, small_clinic.actor("ann"), packet_id, target),
    ):
        with pytest.raises(RequestError, match="target"):
            call()


def test_letting_go_of_what_cannot_be_kept_changes_nothing(small_clinic):
    packet_id = small_clinic.packet()
    delete_scratch(small_clinic.store, small_clinic.actor("ann"), packet_id, "no target")
    assert list_scratches(small_clinic.store, small_clinic.actor("ann"), packet_id) == ()


def test_words_without_bound_are_refused(small_clinic):
    packet_id = small_clinic.packet()
    with pytest.raises(RequestError, match="longer"):
        keep_scratch(
            small_clinic.store, small_clinic.actor("ann"), packet_id, Scratch(TARGET, 1, 0, "x" * 400_001)
        )


def test_words_need_a_packet_and_a_role(small_clinic):
    packet_id = small_clinic.packet()
    with pytest.raises(NotFound):
        keep_scratch(small_clinic.store, small_clinic.actor("ann"), "0" * 20, Scratch(TARGET, 1, 0, "x"))
    with pytest.raises(NotAllowed):
        keep_scratch(small_clinic.store, small_clinic.actor("aud"), packet_id, Scratch(TARGET, 1, 0, "x"))


def test_nobody_fills_the_store_with_unsaved_words(small_clinic):
    packet_id, ann = small_clinic.packet(), small_clinic.actor("ann")
    for number in range(100):
        keep_scratch(small_clinic.store, ann, packet_id, Scratch(f"sentence:s{number}", 1, 0, "x"))
    with pytest.raises(RequestError, match="let them go"):
        keep_scratch(small_clinic.store, ann, packet_id, Scratch("sentence:s100", 1, 0, "x"))
    keep_scratch(small_clinic.store, ann, packet_id, Scratch("sentence:s7", 1, 0, "y"))
