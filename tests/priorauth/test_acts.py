"""The messages that acts come as: closed, checked, and free of patient text in errors."""

import pytest

from posology.errors import RequestError
from posology.priorauth import Attach, Confirm, Edit, State, parse_act

REFUSED = [
    ({}, "the key act names no act", "nothing says what to do"),
    ({"act": "delete"}, "the key act names no act", "no such act"),
    ({"act": "confirm"}, "confirm.criterion: the key is missing", "of which criterion?"),
    ({"act": "confirm", "criterion": "c", "by": "me"}, "confirm.by: unknown key", "no part of an act"),
    ({"act": "reject", "criterion": "c", "reason": " "}, "reject.reason: it is empty", "a reason is words"),
    ({"act": "override", "criterion": "c", "status": "yes", "reason": "r"}, "override.status", "no status"),
    ({"act": "edit", "sentence": "s1", "text": "a\nb"}, "U+000A", "a sentence is one line"),
    ({"act": "edit", "sentence": "s1", "text": "a\u202eb"}, "U+202E", "it would read backwards"),
    ({"act": "edit", "sentence": "s1", "text": "a\x00b"}, "U+0000", "a control character"),
    ({"act": "edit", "sentence": "s1", "text": "x" * 2001}, "longer than 2,000", "no letter in a sentence"),
    ({"act": "edit", "sentence": "s1", "text": "x", "cites": []}, "edit.cites", "a sentence cites something"),
    ({"act": "state", "criterion": "c", "answer": "maybe", "statement": "s"}, "state.answer", "no answer"),
    ({"act": "state", "criterion": "c", "answer": "no", "statement": "s", "date": 5}, "state.date", "no day"),
    ({"act": "attach", "title": "t", "text": "x", "date": "2026-01-01"}, "either gap", "for what?"),
    (
        {"act": "attach", "gap": "g", "criterion": "c", "title": "t", "text": "x", "date": "2026-01-01"},
        "either gap",
        "one of them",
    ),
    (
        {"act": "attach", "gap": "g", "title": "t", "text": " \n", "date": "2026-01-01"},
        "holds no text",
        "nothing to read",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "said", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_a_message_that_is_no_act_is_refused_by_its_key(message, said, reason):
    with pytest.raises(RequestError) as refused:
        parse_act(message)
    assert said in str(refused.value), reason
    assert len(str(refused.value).splitlines()) == 1


def test_an_act_is_what_its_message_says_and_hides_its_words():
    assert parse_act({"act": "confirm", "criterion": "c"}) == Confirm(criterion="c")
    edit = parse_act({"act": "edit", "sentence": "s1", "text": "  Has gout. ", "cites": ["e1"]})
    assert edit == Edit(sentence="s1", text="Has gout.", cites=("e1",))
    assert "gout" not in repr(edit) + str(edit)
    assert parse_act({"act": "state", "criterion": "c", "answer": "no", "statement": "s"}) == State(
        criterion="c", answer="no", statement="s"
    )


def test_the_text_of_a_document_is_kept_exactly():
    text = "  First line\r\n\tsecond line \n"
    act = parse_act({"act": "attach", "gap": "g", "title": "t", "text": text, "date": "2026-01-01"})
    assert isinstance(act, Attach)
    assert act.text == text
