"""Sentences tagged word by word, and abstracts in PubTator's form."""

import random

import pytest
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

from posology.errors import UserError
from posology.evaluate.iob import find_spans, join_words, mentions_at, place_words, read_iob
from posology.evaluate.pubtator import cut_sentences, read_pubtator

LABELS = ("Chemical", "Disease")


@pytest.mark.parametrize(
    ("words", "text", "why"),
    [
        ("( PTH ) , then .", "(PTH), then.", "marks hang on their words"),
        ("lead - induced / acute", "lead-induced/acute", "hyphen and slash join"),
        ("- first point", "- first point", "a dash at the beginning does not"),
        ("p = 0 . 05", "p = 0.05", "a decimal point joins"),
        ("5 + / - 1 kg", "5 +/- 1 kg", "plus or minus"),
        ("Parkinson ' s disease", "Parkinson's disease", "an apostrophe joins"),
        ("l' examen d’ urine", "l'examen d’urine", "so does an elision"),
        ('the " real " thing', 'the "real" thing', "quotation marks hang inside"),
        ("80 % here , % 85 hor", "80% here, % 85 hor", "percent after the number, or before it in Basque"),
    ],
)
def test_words_are_joined_as_printed(words, text, why):
    joined, places = join_words(words.split())
    assert joined == text, why
    assert [joined[start:end] for start, end in places] == words.split()


def test_words_are_placed_in_the_text_they_were_cut_from():
    text = "Later.  Acute\nlead-poisoning was found."
    assert place_words(["Acute", "lead", "-", "poisoning"], text, 6) == [
        (8, 13),
        (14, 18),
        (18, 19),
        (19, 28),
    ]
    assert place_words(["Chronic", "lead"], text, 6) is None


def test_spans_are_those_of_seqeval_in_its_strict_mode():
    chance = random.Random(4)
    tags = ["O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI")]
    for _ in range(300):
        sequence = [chance.choice(tags) for _ in range(chance.randint(1, 12))]
        ours = [(label, first, after) for first, after, label in find_spans(sequence)]
        theirs = [(one.tag, one.start, one.end) for one in Entities([sequence], scheme=IOB2).entities[0]]
        assert ours == theirs
    assert get_entities(["B-Disease", "I-Disease"]) == [("Disease", 0, 1)]  # the last word, not the one after


def test_tags_make_mentions_with_the_words_of_the_text():
    text, places = join_words(["acute", "lead", "-", "poisoning", "."])
    (one,) = mentions_at(text, places, ["O", "B-Disease", "I-Disease", "I-Disease", "O"])
    assert (one.start, one.end, one.text) == (6, 20, "lead-poisoning")


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("lead\tB-Chemical\nno tag\n", 2, "no delimiter"),
        ("lead\tB-Drug\n", 1, "a label of another source"),
        ("the\tO\nlead\tI-Chemical\n", 2, "an I- after nothing"),
        ("a\tB-Chemical\n\nlead\tI-Chemical\n", 3, "an I- at the beginning of a sentence"),
        ("a\tB-Disease\nlead\tI-Chemical\n", 2, "an I- after another label"),
    ],
)
def test_a_line_of_another_form_is_an_error_that_names_it(tmp_path, content, line, why):
    path = tmp_path / "x.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=rf"x\.tsv, line {line}: "):
        list(read_iob(path, LABELS, delimiter="\t"))


def test_sentences_end_at_blank_lines_however_many(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("a\tO\n\n\nb\tO\nc\tO", encoding="utf-8")
    assert [one.words for one in read_iob(path, LABELS, delimiter="\t")] == [("a",), ("b", "c")]


def read(tmp_path, content):
    path = tmp_path / "x.txt"
    path.write_text(content, encoding="utf-8")
    return list(read_pubtator(path))


def test_sentences_are_cut_neither_within_mentions_nor_within_numbers(tmp_path):
    body = "Gout was rare (P = 0. 001). One had Ewing s sarcoma. Type I disease was not. 3)."
    start = len("Gout in mice. ") + body.index("Ewing")
    end = start + len("Ewing s sarcoma. Type I disease")
    words = "Ewing s sarcoma. Type I disease"
    rows = f"7\t0\t4\tGout\tSpecificDisease\tD1\n7\t{start}\t{end}\t{words}\tX\tD2\n"
    content = f"7|t|Gout in mice.\n7|a|{body}\n{rows}"
    (abstract,) = read(tmp_path, content)
    cut = cut_sentences(abstract)
    assert [one.text for one in cut] == [
        "Gout in mice.",
        "Gout was rare (P = 0. 001).",
        "One had Ewing s sarcoma. Type I disease was not. 3).",
    ]
    assert [one.in_title for one in cut] == [True, False, False]
    assert [one.mentions[0].text for one in cut if one.mentions] == ["Gout", words]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("7|t|Gout.\n", 1, "no abstract"),
        ("7|t|Gout.\n8|a|Gout.\n", 1, "the abstract of another article"),
        ("7|t|Gout.\n7|a|Gout.\n7\t0\tgout\n", 3, "too few columns"),
        ("7|t|Gout.\n7|a|Gout.\n7\t1\t5\tGout\tDisease\tD1\n", 3, "words at another place"),
    ],
)
def test_an_abstract_of_another_form_is_an_error_that_names_its_line(tmp_path, content, line, why):
    with pytest.raises(UserError, match=rf"x\.txt, line {line}: "):
        read(tmp_path, content)
