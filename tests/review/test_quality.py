"""Figures of quality against a history that is short enough to count by hand."""

import csv
import io
from datetime import date

import pytest

from posology.errors import NotAllowed, RequestError
from posology.ledger.entries import Kind
from posology.review.quality import Week, figures_csv, quality_csv, read_quality
from posology.statistics import Estimate, proportion
from posology.store import Actor, Role
from posology.store.verification import verify_store
from tests.review.history import DAY_US, HOUR_US, MINUTE_US, START_US, Clock, History

ADMIN = Actor("adm", Role.ADMINISTRATOR)


@pytest.fixture
def history(store):
    store.clock = Clock()
    return History(store, store.clock).open()


@pytest.fixture
def told(history):
    """Three drafts in two weeks: one signed, voided and signed again, one signed, one left."""
    first = history.draft(0, withheld=2, payer="CMS", policy="p1")
    history.act(HOUR_US, Kind.PACKET_READ, first)
    history.act(HOUR_US + 4 * MINUTE_US, Kind.PACKET_CONFIRMED, first, criterion="c1", by="m")
    history.act(HOUR_US + 5 * MINUTE_US, Kind.PACKET_EDITED, first)
    history.act(HOUR_US + 40 * MINUTE_US, Kind.PACKET_SENTENCE_WITHDRAWN, first)  # counts as 15 minutes
    history.act(2 * HOUR_US, Kind.PACKET_SIGNED, first)  # 20 minutes later: counts as 15
    history.act(3 * HOUR_US, Kind.PACKET_SIGNATURE_VOIDED, first)
    history.act(4 * HOUR_US, Kind.PACKET_SIGNED, first)  # after the first signature: not review
    second = history.draft(DAY_US, payer="CMS", policy="p2")
    history.act(DAY_US + HOUR_US, Kind.PACKET_READ, second)
    history.act(DAY_US + HOUR_US + 6 * MINUTE_US, Kind.PACKET_SIGNED, second)
    third = history.draft(8 * DAY_US, withheld=1, payer="Northfield", policy="p3")
    history.sent(first, 5 * HOUR_US, 8 * DAY_US)
    history.decided(first, 2 * DAY_US, "approved")
    history.sent(second, 2 * DAY_US, 3 * DAY_US)
    history.sent(third, 8 * DAY_US, 20 * DAY_US)
    history.at(9 * DAY_US)
    return history


def test_every_figure_is_what_counting_by_hand_gives(told):
    found = read_quality(told.store, ADMIN, minutes_by_hand=40.0)
    assert found.packets == 3
    assert found.weeks == (Week(date(2026, 1, 5), 2, 2), Week(date(2026, 1, 12), 1, 0))
    assert found.hours_to_signature == Estimate((2.0 + 1.1) / 2, 2)
    assert (found.edits.value, found.edits.n) == (pytest.approx(2 / 3), 3)
    assert (found.withheld.value, found.withheld.n) == (1.0, 3)
    assert found.with_withheld == proportion(2, 3)
    assert found.voided == proportion(1, 3)
    assert [(one.by, one.confirmed) for one in found.readings] == [("m", 1)]
    assert [(one.name, one.approved, one.waiting, one.approval) for one in found.by_payer] == [
        ("CMS", 1, 1, proportion(1, 1)),
        ("Northfield", 0, 1, Estimate(None, 0)),
    ]
    assert [one.name for one in found.by_policy] == ["p1", "p2", "p3"]
    assert (found.clock.in_time, found.clock.late, found.clock.overdue, found.clock.running) == (1, 0, 1, 1)
    assert found.clock.kept == proportion(1, 2)
    assert found.saved.review == Estimate((35.0 + 6.0) / 2, 2)  # 4 + 1 + 15 + 15, and 6
    assert found.saved.each.value == pytest.approx((5.0 + 34.0) / 2)
    assert found.saved.total == pytest.approx(39.0)


def test_without_the_sites_estimate_no_minutes_are_saved(told):
    assert read_quality(told.store, ADMIN).saved is None


def test_of_nothing_there_is_no_figure_and_never_a_zero(history):
    found = read_quality(history.store, ADMIN, minutes_by_hand=40.0)
    for estimate in (found.hours_to_signature, found.edits, found.withheld, found.voided, found.clock.kept):
        assert estimate == Estimate(None, 0)
    assert (found.saved.each, found.saved.total) == (Estimate(None, 0), None)
    assert (found.weeks, found.readings, found.by_payer) == ((), (), ())


@pytest.mark.parametrize(
    ("acts", "counted"),
    [
        ([(Kind.PACKET_CONFIRMED, "m")], (1, 0, 0)),
        ([(Kind.PACKET_REJECTED, "m")], (0, 1, 0)),
        ([(Kind.PACKET_OVERRIDDEN, "m")], (0, 0, 1)),
        ([(Kind.PACKET_REJECTED, "m"), (Kind.PACKET_OVERRIDDEN, "person")], (0, 1, 0)),  # once, as rejected
        ([(Kind.PACKET_CONFIRMED, "m"), (Kind.PACKET_OVERRIDDEN, "person")], (0, 0, 1)),  # taken back
        ([(Kind.PACKET_OVERRIDDEN, "person")], None),  # a person's decision is no reading
    ],
)
def test_a_reading_counts_once_under_the_model_that_read(history, acts, counted):
    packet = history.draft(0)
    for number, (kind, by) in enumerate(acts, start=1):
        history.act(number * MINUTE_US, kind, packet, criterion="c1", by=by)
    found = read_quality(history.store, ADMIN).readings
    shown = [(one.confirmed, one.rejected, one.overridden) for one in found]
    assert shown == ([] if counted is None else [counted])
    if counted:
        assert found[0].held == proportion(counted[0], 1)


def test_a_period_takes_packets_drafted_in_it(told):
    told.at(60 * DAY_US)
    assert read_quality(told.store, ADMIN, 4).packets == 0
    told.at(30 * DAY_US)
    found = read_quality(told.store, ADMIN, 4)
    assert (found.packets, [one.name for one in found.by_payer]) == (1, ["Northfield"])
    with pytest.raises(RequestError, match="weeks is one of"):
        read_quality(told.store, ADMIN, 5)


def test_figures_are_at_most_a_minute_old(told):
    before = read_quality(told.store, ADMIN)
    told.draft(9 * DAY_US + 1)
    assert read_quality(told.store, ADMIN) is before
    told.at(9 * DAY_US + MINUTE_US)
    assert read_quality(told.store, ADMIN).packets == before.packets + 1
    told.at(9 * DAY_US - 1)  # a clock set back does not keep old figures
    assert read_quality(told.store, ADMIN).made_us == START_US + 9 * DAY_US - 1


def test_the_file_holds_the_figures_and_is_recorded(told):
    data = quality_csv(told.store, ADMIN, minutes_by_hand=40.0)
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    found = {(row["figure"], row["of"]): row for row in rows}
    assert found["drafts", "2026-01-05"]["value"] == "2"
    assert found["approved by payer, share", "Northfield"]["value"] == ""
    assert found["minutes saved a signed packet, mean", ""]["value"] == "19.5"
    assert verify_store(told.store).ok


def test_no_cell_is_a_formula(told):
    told.draft(9 * DAY_US, payer="=cmd()")
    packet = told.draft(9 * DAY_US, payer="=cmd()")
    told.sent(packet, 9 * DAY_US, 10 * DAY_US)
    told.at(9 * DAY_US + MINUTE_US)
    assert b",'=cmd()," in figures_csv(read_quality(told.store, ADMIN))


def test_auditors_see_no_figures(told):
    with pytest.raises(NotAllowed):
        read_quality(told.store, Actor("aud", Role.AUDITOR))
