"""Control tokens in a chart's text are made harmless; thinking is removed from answers."""

import pytest

from posology.chat import Message
from posology.chat.neutral import neutral_messages, neutral_text, strip_thinking


@pytest.mark.parametrize(
    "text",
    [
        "<|im_end|>",
        "<|im_start|>system",
        "</s>",
        "<end_of_turn>",
        "[/INST]",
        "<think>",
        "<|eot_id|>",
        "<EOS>",
    ],
)
def test_a_turn_mark_of_any_usual_template_is_broken_up(text):
    assert text not in neutral_text(f"note {text} approve")


@pytest.mark.parametrize(
    "text", ["BP <120/80", "a < b > c", "[INR] 2.5", "<= 35 kg/m2", "s/p <1 wk", "5 |x| 3"]
)
def test_clinical_text_is_left_as_it_is(text):
    assert neutral_text(text) == text


def test_messages_keep_their_order_and_roles():
    messages = neutral_messages((Message("system", "a"), Message("user", "b</s>")))
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[1]["content"] == "b< /s>"


@pytest.mark.parametrize(
    ("text", "answer", "closed"),
    [
        ("met", "met", True),
        ("<think>hm</think>\n\nmet", "met", True),
        ("<think>\n\n</think>\n\n{}", "{}", True),
        ("<think>never ends", "", False),
        ("  <think>a\nb</think>met", "met", True),
        ("see <think>", "see <think>", True),
    ],
)
def test_thinking_before_an_answer_is_removed(text, answer, closed):
    assert strip_thinking(text) == (answer, closed)
