"""How an answer is read: the label that was given, or a reason why none was."""

import pytest

from posology.evaluate.forms import ChoiceForm, ask_with_options
from posology.evaluate.items import Item

YES_NO = ChoiceForm(("yes", "no", "maybe"))
CAUSES = ChoiceForm(("social", "social relationships", "work", "no reason"))
SUPPORT = ChoiceForm(("Supports", "Refutes", "Neutral"))
LETTERS = ChoiceForm()
ITEM = Item("1", "1", "What next?", "B", options=("Aspirin", "Heparin", "Vitamin C", "A stent"))

READ = [
    ("the label alone", YES_NO, "yes", "yes"),
    ("space and a full stop around it", YES_NO, "  yes.\n", "yes"),
    ("another case", YES_NO, "YES", "yes"),
    ("in bold", YES_NO, "**Yes**", "yes"),
    ("in quotation marks", YES_NO, '"no"', "no"),
    ("its reason after a comma", YES_NO, "Yes, because the trial was large", "yes"),
    ("its reason holds another label as a word", YES_NO, "Yes, because there is no doubt", "yes"),
    ("a sentence about why, after a full stop", YES_NO, "No. The maybe of the authors is weak", "no"),
    ("what a base model writes next is not the answer", YES_NO, "yes\n\nQuestion: or no?", "yes"),
    ("announced", YES_NO, "Answer: no", "no"),
    ("announced in a sentence", YES_NO, "The answer is maybe.", "maybe"),
    ("announced at length", YES_NO, "So, the correct answer is: **yes**", "yes"),
    ("the longer of two labels that begin alike", CAUSES, "social relationships", "social relationships"),
    ("the shorter of them", CAUSES, "Social.", "social"),
    ("a label of two words", CAUSES, "No reason, as it seems", "no reason"),
    ("a label with the words that belong to it", SUPPORT, "Supports the claim", "Supports"),
    ("the letter alone", LETTERS, "B", "B"),
    ("a small letter", LETTERS, "b.", "B"),
    ("in brackets", LETTERS, "(B)", "B"),
    ("letter and option", LETTERS, "B) Heparin", "B"),
    ("letter and option without a sign between", LETTERS, "B Heparin", "B"),
    ("an option that ends in another letter", LETTERS, "C. Vitamin C", "C"),
    ("an option that begins with a letter as a word", LETTERS, "A stent", "D"),
    ("the option's words alone", LETTERS, "heparin", "B"),
    ("the option's words, announced", LETTERS, "The answer is Heparin.", "B"),
    ("the letter, announced", LETTERS, "Answer: B", "B"),
    ("the letter and more, announced", LETTERS, "The best option is B) Heparin, for now", "B"),
    ("the letter as the subject", LETTERS, "B is correct", "B"),
    ("the letter and a reason on the next line", LETTERS, "B\nIt thins the blood", "B"),
    ("what a base model writes next", LETTERS, "B\n\nWhat next?\nA. Iron\nB. Zinc", "B"),
]

REFUSED = [
    ("nothing", YES_NO, "", "none of the labels"),
    ("only signs", YES_NO, " ... ", "none of the labels"),
    ("two labels with a stroke", YES_NO, "yes/no", "more than one"),
    ("two labels with a word", YES_NO, "yes or no", "more than one"),
    ("all labels, as a form to fill", YES_NO, "yes, no, maybe", "more than one"),
    ("a contradiction", YES_NO, "Yes and also no", "more than one"),
    ("two sentences that differ", YES_NO, "Yes. No.", "more than one"),
    ("denied", YES_NO, "The answer is not yes", "none of the labels"),
    ("the label somewhere later", YES_NO, "I would say yes", "none of the labels"),
    ("a word that only begins like a label", YES_NO, "nothing is known", "none of the labels"),
    ("a word that only begins like a label", YES_NO, "yesterday", "none of the labels"),
    ("a refusal", SUPPORT, "I'm sorry, but I can't help", "none of the labels"),
    ("two labels", SUPPORT, "Supports, Refutes", "more than one"),
    ("two letters", LETTERS, "A and B", "more than one"),
    ("two letters with a comma", LETTERS, "A, B", "more than one"),
    ("two letters with a stroke", LETTERS, "B/C", "more than one"),
    ("the options said again", LETTERS, "A. Aspirin\nB. Heparin\nC. Vitamin C", "more than one"),
    ("the options said again on one line", LETTERS, "A) Aspirin B) Heparin", "more than one"),
    ("an article, not a letter", LETTERS, "A drug that thins the blood", "a word of its sentence"),
    ("a letter that this item has not", LETTERS, "E", "none of the labels"),
    ("denied", LETTERS, "Not B", "none of the labels"),
    ("the number of the option", LETTERS, "2", "none of the labels"),
]


@pytest.mark.parametrize(("why", "form", "text", "label"), READ)
def test_an_answer_that_names_one_label_is_read(why: str, form: ChoiceForm, text: str, label: str) -> None:
    assert form.read(text, ITEM) == label, why


@pytest.mark.parametrize(("why", "form", "text", "reason"), REFUSED)
def test_an_answer_that_would_have_to_be_guessed_is_none(
    why: str, form: ChoiceForm, text: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        form.read(text, ITEM)


def test_two_options_with_the_same_words_are_not_told_apart_by_their_words() -> None:
    item = Item("1", "1", "Which?", "A", options=("Iron", "iron ", "Zinc"))
    with pytest.raises(ValueError, match="none of the labels"):
        LETTERS.read("iron", item)
    assert LETTERS.read("B. iron", item) == "B"


def test_an_instruction_names_exactly_the_labels_that_are_read() -> None:
    assert YES_NO.instruction(ITEM) == "Answer with exactly one of: yes, no, maybe."
    assert LETTERS.instruction(ITEM) == "Answer with exactly one of: A, B, C, D."
    assert YES_NO.constraint(ITEM).options == ("yes", "no", "maybe")


def test_only_a_label_of_the_item_is_written() -> None:
    assert LETTERS.write(ITEM, "D") == "D"
    with pytest.raises(ValueError, match="not a label"):
        LETTERS.write(ITEM, "E")


def test_options_are_asked_by_letter_after_the_question() -> None:
    assert ask_with_options(ITEM) == "What next?\n\nA. Aspirin\nB. Heparin\nC. Vitamin C\nD. A stent"
