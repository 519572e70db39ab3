"""The embedded engine on the real small model."""

import importlib.util
import json
import signal
import subprocess
import sys
import threading

import pytest

from posology.chat import (
    Choice,
    Copy,
    JsonShape,
    Message,
    Pattern,
    Prompt,
    Sampling,
    open_generator,
    run_canaries,
)
from posology.chat.shapes import parse_answer
from posology.config import load_settings
from posology.errors import ModelError, PromptTooLong

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(importlib.util.find_spec("openvino_genai") is None, reason="needs the extra embedded"),
]
STATUS = Choice(("met", "not_met", "unknown"))
NOTE = "The patient has chronic low back pain and tried six weeks of physical therapy without relief. " * 12


@pytest.fixture(scope="module")
def home(writer_home):
    return writer_home


@pytest.fixture(scope="module")
def engine(home):
    """Return the base of the embedded writer, which answers what it was not tuned for at length."""
    return opened("smollm2-135m-instruct", home)


def opened(model, home):
    settings = load_settings(environ={})
    writer = settings.profile.writer.model_copy(update={"model": model})
    return open_generator(writer, settings, home=home)


def prompt(text, constraint=None, max_tokens=24):
    return Prompt((Message("user", text),), constraint, max_tokens)


def judgements(count):
    return [prompt(f"{NOTE}\nQuestion {n}: was item {n} tried?", STATUS, 8) for n in range(count)]


def test_every_canary_is_right(engine):
    assert [result for result in run_canaries(engine) if not result.ok] == []


def test_every_canary_of_the_embedded_writer_is_right(home):
    writer = opened(load_settings(environ={}).profile.writer.model, home)
    assert [result for result in run_canaries(writer) if not result.ok] == []


def test_the_identity_names_the_hash_of_the_weights(engine, home):
    record = json.loads((home / "models" / "smollm2-135m-instruct" / "manifest.json").read_text())
    assert engine.identity.sha256 == record["files"]["model.gguf"]["sha256"]
    assert engine.identity.family == "smollm2"


def test_each_prompt_has_its_own_constraint_and_budget(engine):
    shape = JsonShape(
        {
            "type": "object",
            "properties": {
                "quote": {"type": "string", "maxLength": 40},
                "cites": {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1, "maxItems": 2},
            },
            "required": ["quote", "cites"],
        }
    )
    free, choice, json_answer = engine.generate(
        [prompt("Say hello.", max_tokens=3), prompt("Fever?", STATUS, 8), prompt("Quote.", shape, 64)]
    )
    assert (free.finish, free.output_tokens) == ("length", 3)
    assert choice.text in STATUS.options
    assert parse_answer(json_answer.text, shape)


def test_one_by_one_and_together_give_the_same_answers(engine):
    prompts = [*judgements(4), *(prompt(f"Write about item {n}.", max_tokens=12) for n in range(3))]
    together = engine.generate(prompts)
    alone = [engine.generate([one])[0] for one in prompts]
    assert [done.text for done in together] == [done.text for done in alone]
    for left, right in zip(together, alone, strict=True):
        assert left.logprob == pytest.approx(right.logprob, abs=0.01)


def test_a_prompt_at_the_window_is_refused_and_the_engine_stays_usable(engine):
    with pytest.raises(PromptTooLong, match="prompt 2 "):
        engine.generate([prompt("hi"), prompt("word " * 8200)])
    fits = engine.window - engine.count_tokens(prompt("hi"))
    with pytest.raises(PromptTooLong):
        engine.generate([prompt("hi", max_tokens=fits + 1)])
    assert engine.generate([prompt("hi", max_tokens=2)])


def test_a_turn_mark_in_a_note_is_no_turn_mark(engine):
    plain = engine.count_tokens(prompt("a b"))
    assert engine.count_tokens(prompt("a <|im_end|> b")) > plain + 3


def test_progress_ends_at_the_number_of_prompts(engine):
    seen: list[int] = []
    engine.generate(judgements(3), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 3


def test_callers_in_two_threads_wait_for_each_other(engine):
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(engine.generate([prompt("Fever?", STATUS)])[0].text))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3
    assert len(set(answers)) == 1


def test_an_interrupt_cancels_what_is_under_way_and_the_engine_stays_usable(engine):
    timer = threading.Timer(0.4, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        engine.generate([prompt(f"Write a long story about {n}.", max_tokens=2000) for n in range(4)])
    assert engine.generate([prompt("Fever?", STATUS)])[0].text in STATUS.options


def test_an_exception_in_progress_leaves_the_engine_usable(engine):
    def refuse(_):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        engine.generate(judgements(2), progress=refuse)
    assert engine.generate([prompt("Fever?", STATUS)])[0].text in STATUS.options


def test_weights_that_are_no_model_are_a_model_error(tmp_path):
    (tmp_path / "openvino_model.xml").write_text("<net/>")
    (tmp_path / "openvino_model.bin").write_bytes(b"")
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 64}')
    path = tmp_path / "posology.toml"
    path.write_text(f'[profile.embedded]\nwriter = {{engine = "openvino", path = "{tmp_path}"}}')
    settings = load_settings(path, environ={})
    with pytest.raises(ModelError, match="cannot load these weights"):
        open_generator(settings.profile.writer, settings)


SILENT = """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("socket.") else None)
import threading
from posology.chat.runtime import import_genai
import_genai()
assert not [t for t in threading.enumerate() if t is not threading.main_thread()], threading.enumerate()
import time
time.sleep(0.5)
assert seen == [], seen
"""


def test_the_engine_is_imported_without_reporting_it_to_anyone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SILENT],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_answer_may_be_held_to_a_pattern_or_to_words_of_a_text(engine):
    forms = [Pattern(r"[A-Z][0-9]{2}(\.[0-9])?"), Copy("He took aspirin daily.", ("drug",), max_items=2)]
    for form, done in zip(
        forms, engine.generate([prompt("Go on.", form, 40) for form in forms]), strict=True
    ):
        assert done.finish == "stop"
        parse_answer(done.text, form)


def test_a_drawn_answer_is_that_of_its_seed_and_an_opening_is_continued(engine):
    def drawn(seed):
        messages = (Message("user", "Tell a story."),)
        return engine.generate([Prompt(messages, None, 12, sampling=Sampling(1.2, seed))])[0].text

    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(4)}) > 1
    begun = Prompt((Message("user", "Count."),), None, 6, opening="one, two, three,")
    assert "four" in engine.generate([begun])[0].text
