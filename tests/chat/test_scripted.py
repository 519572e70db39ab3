"""The generator whose answers, and scores, are written beforehand."""

import pytest

from posology.chat import Copy, Message, OptionScore, Pattern, Prompt, ScriptedGenerator, ScriptedScorer
from posology.errors import PromptTooLong

PROMPT = Prompt((Message("user", "is it so"),), None, 4)


def test_a_scripted_scorer_scores_by_its_function():
    scorer = ScriptedScorer(["yes"], lambda prompt, option: -float(len(option)))
    assert scorer.score([PROMPT], [("yes", "not at all")]) == [[OptionScore(-3.0, 1), OptionScore(-10.0, 3)]]
    assert scorer.generate([PROMPT])[0].text == "yes"
    assert scorer.scored == scorer.calls == [PROMPT]


def test_a_generator_without_scores_has_no_score():
    assert not hasattr(ScriptedGenerator([]), "score")


def test_a_scripted_scorer_has_a_window_too():
    with pytest.raises(PromptTooLong, match="prompt 1"):
        ScriptedScorer([], lambda *_: 0.0, window=4).score([PROMPT], [("one two",)])


def test_every_constraint_is_taken_and_the_answer_given_as_written():
    for form in (Copy("a b"), Pattern("x")):
        assert ScriptedGenerator(["odd"]).generate([Prompt(PROMPT.messages, form, 4)])[0].text == "odd"
