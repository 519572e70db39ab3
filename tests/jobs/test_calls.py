"""What the ledger is told of a model's calls."""

import pytest

from posology.chat import Choice, Message, ModelIdentity, Prompt
from posology.errors import EngineError
from posology.ledger.entries import Kind, check_details
from posology.priorauth.validating import GeneratorChecker
from posology.review.calls import CallLog, RecordedChecker, RecordedGenerator, record_models
from posology.store import Cipher
from posology.testing import ScriptedGenerator

TEXT = "Jane Doe was seen for asthma"
PROMPT = Prompt((Message("user", TEXT),), Choice(("yes", "no")))


class Checker:
    """A support checker that finds every second sentence supported."""

    identity = ModelIdentity("half", "rules", "1", "ab" * 32, "python 3")
    threshold = 0.5

    def score(self, sentence, sources):
        return self.score_many([(sentence, sources)])[0]

    def score_many(self, pairs):
        return [float(place % 2) for place, _ in enumerate(pairs)]


@pytest.fixture
def log():
    return CallLog(Cipher("k", bytes(32)).hash, "job1")


def require_fitting(rows):
    assert rows
    for row in rows:
        assert check_details(Kind.MODEL_CALLED, row) == ""
        assert TEXT not in repr(row)


def test_each_prompt_is_a_call_with_keyed_hashes_and_counts(log):
    writer = RecordedGenerator(ScriptedGenerator(["yes", "no"]), "writer", log)
    assert [answer.text for answer in writer.generate([PROMPT, PROMPT])] == ["yes", "no"]
    rows = log.take()
    require_fitting(rows)
    assert [row["ok"] for row in rows] == [True, True]
    assert rows[0]["prompt_hash"] == rows[1]["prompt_hash"]
    assert rows[0]["output_hash"] != rows[1]["output_hash"]
    assert rows[0]["prompt_tokens"] == len(TEXT.split())
    assert log.take() == []


def test_hashes_of_another_key_tell_nothing_of_these(log):
    other = CallLog(Cipher("k", bytes([1] * 32)).hash, "job1")
    for one in (log, other):
        RecordedGenerator(ScriptedGenerator(["yes"]), "writer", one).generate([PROMPT])
    assert log.take()[0]["prompt_hash"] != other.take()[0]["prompt_hash"]


def test_a_call_that_failed_is_a_call_too(log):
    writer = RecordedGenerator(ScriptedGenerator([]), "writer", log)
    with pytest.raises(EngineError):
        writer.generate([PROMPT])
    rows = log.take()
    require_fitting(rows)
    assert [(row["ok"], "output_hash" in row) for row in rows] == [(False, False)]


def test_who_watches_hears_each_answer_and_may_stop_the_call(log):
    class Enough(Exception):
        pass

    heard = []

    def watch(done, total):
        heard.append((done, total))
        if done == 2:
            raise Enough

    log.watch = watch
    writer = RecordedGenerator(ScriptedGenerator(["yes", "no", "yes"]), "writer", log)
    with pytest.raises(Enough):
        writer.generate([PROMPT] * 3)
    assert heard == [(0, 3), (1, 3), (2, 3)]
    assert [row["ok"] for row in log.take()] == [False] * 3


def test_a_checker_is_recorded_sentence_by_sentence(log):
    checker = RecordedChecker(Checker(), log)
    assert checker.score_many([(TEXT, [TEXT]), (TEXT, ["other"])]) == [0.0, 1.0]
    assert checker.score(TEXT, []) == 0.0
    rows = log.take()
    require_fitting(rows)
    assert [row["role"] for row in rows] == ["validator"] * 3
    assert rows[0]["sha256"] == "ab" * 32


def test_a_generator_that_validates_is_recorded_with_its_tokens(log, models):
    from dataclasses import replace

    asked = GeneratorChecker(ScriptedGenerator(lambda _: "yes"))
    recorded = record_models(replace(models, checker=asked), log)
    log.take()
    assert recorded.checker.score(TEXT, [TEXT]) == 1.0
    rows = log.take()
    require_fitting(rows)
    assert [(row["role"], row["output_tokens"]) for row in rows] == [("validator", 1)]
