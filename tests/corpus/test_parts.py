"""Parts: a patient, document or question of a source stands in one of them."""

import hashlib
from itertools import combinations

import pytest

from posology.corpus import Provenance, Record, require_apart
from posology.corpus.parts import PARTS, part_of
from posology.corpus.spec import Parts
from posology.errors import UserError


def record(name: str, group: str, source: str = "made") -> Record:
    return Record(name, "Text of a patient.", Provenance(source, "made here", "", group))


APART = [
    ([record("a", "p1")], [record("b", "p2")], "other groups"),
    ([record("a", "p1")], [record("b", "p1", "elsewhere")], "the same name in another source"),
    ([record("a", "")], [record("b", "")], "no group at all"),
    ([record("a", "p1"), record("b", "p1")], [], "a group twice in one part"),
]


@pytest.mark.parametrize(("tune", "select", "reason"), APART, ids=[reason for *_, reason in APART])
def test_parts_that_share_no_group_pass(tune: list[Record], select: list[Record], reason: str) -> None:
    require_apart({"tune": tune, "select": select}, "record")


@pytest.mark.parametrize("parts", list(combinations(PARTS, 2)), ids=" ".join)
def test_a_group_in_two_parts_is_named_by_one_of_it_without_its_text(parts: tuple[str, str]) -> None:
    dealt = {name: [record(f"{name}-own", name)] for name in PARTS}
    for group in ("p1", "p2"):
        for part in parts:
            dealt[part] += [record(f"{part}-{group}-{number}", group) for number in range(2)]
    with pytest.raises(UserError) as caught:
        require_apart(dealt, "record")
    first, second = parts
    assert str(caught.value) == (
        f"record {second}-p1-0 of made: its group is in {first} and in {second} (groups in both: 2); "
        "split by patient, document or question"
    )


def test_a_record_that_was_joined_from_several_is_of_all_their_groups() -> None:
    talk = Record("talk", "Text.", Provenance("made; other", "made here", group="p1; p2; p3"))
    for source, group in (("made", "p2"), ("other", "p3"), ("made; other", "p1; p9")):
        one = Record("one", "Text.", Provenance(source, "made here", group=group))
        with pytest.raises(UserError, match=r"its group is in tune and in select \(groups in both: [12]\)"):
            require_apart({"tune": [talk], "select": [one]}, "record")
    apart = [Provenance("made", "made here", group="p4"), Provenance("third", "made here", group="p1")]
    require_apart({"tune": [talk], "select": [Record("one", "Text.", of) for of in apart]}, "record")


@pytest.mark.parametrize(("select", "report"), [(0.05, 0.05), (0.2, 0.3), (0.0, 0.1), (0.1, 0.0)])
def test_the_hash_deals_report_first_then_select_and_the_rest_to_tune(select: float, report: float) -> None:
    def by_hand(group: str) -> str:
        place = int(hashlib.sha256(f"corpus:{group}".encode()).hexdigest()[:15], 16) / 16**15
        return "report" if place < report else "select" if place < report + select else "tune"

    groups = [f"patient-{number}" for number in range(300)]
    shares = Parts(select=select, report=report)
    assert [part_of("corpus", group, shares) for group in groups] == [by_hand(group) for group in groups]
