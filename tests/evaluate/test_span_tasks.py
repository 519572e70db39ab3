"""The tasks of entities, relations and codes on their data."""

import re
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest

from posology.chat.copies import find_copy_fault
from posology.errors import UserError
from posology.evaluate.icd10cm import chapter_of
from posology.evaluate.items import Outcome, Response
from posology.evaluate.scorers.entities import entity_measures
from posology.evaluate.scorers.measures import total
from posology.evaluate.splits import deal_parts
from posology.evaluate.task import Part
from posology.evaluate.tasks import TASKS
from posology.evaluate.tasks.ddi_corpus_2013 import mark_drugs

# task: (mentions as publications or tags count them, mentions whose words stand before them as no mention,
# answers that the copy constraint does not allow: parts of words, more words than allowed)
ENTITIES = {
    "ncbi_disease": (5134 + 787, 7, 2),
    "e3c_it": (345, 0, 0),
    "e3c_en": (437, 1, 0),
    "e3c_es": (509, 1, 0),
    "e3c_fr": (569, 0, 0),
    "e3c_eu": (835, 0, 0),
    "clinical_trial_parser_ner": (7910, 30, 5),
    "bc5cdr": (5203 + 5347 + 4182 + 4246, 1, 1),
}


def read(name, data_folder):
    folder = data_folder / TASKS[name].folder
    if not folder.is_dir():
        pytest.skip(f"no data of {name} at {folder}")
    return _read(name, folder)


@cache
def _read(name, folder):
    return tuple(TASKS[name].read(folder))


@pytest.mark.parametrize("name", ENTITIES)
def test_gold_mentions_are_all_there_and_are_written_and_read_back(name, data_folder):
    items, form = read(name, data_folder), TASKS[name].form
    mentions, ambiguous, refused = ENTITIES[name]
    assert sum(len(item.gold) for item in items) == mentions
    for item in items:
        assert all(item.text[one.start : one.end] == one.text for one in item.gold)
        assert list(item.gold) == sorted(item.gold)
        assert all(one.end <= other.start for one, other in pairwise(item.gold))
    outcomes = []
    faults = 0
    for item in items[:: 9 if name == "bc5cdr" else 1]:
        text = form.write(item, item.gold)
        outcomes.append(Outcome(item, Response(form.read(text, item), text=text)))
        faults += bool(find_copy_fault(text, form.constraint(item)))
    misplaced = sum(len(set(one.item.gold) - set(one.response.answer)) for one in outcomes)
    assert misplaced <= ambiguous if name == "bc5cdr" else misplaced == ambiguous
    assert faults <= refused if name == "bc5cdr" else faults == refused
    strict = entity_measures(TASKS[name])[0]
    assert strict.value(total(strict, outcomes)[0].sum(axis=0)) == 1


def test_abstracts_and_cases_stay_in_one_part(data_folder):
    for name, groups in (("ncbi_disease", 692), ("e3c_it", 36)):
        read(name, data_folder)
        parts = deal_parts(TASKS[name], data_folder)
        homes = [{item.group for item in items} for items in parts.values()]
        assert sum(map(len, homes)) == len(set.union(*homes)) == groups


@pytest.mark.parametrize("name", ["ncbi_disease", "bc5cdr"])
def test_the_development_file_and_no_other_is_the_report_part(name, data_folder):
    part_of = TASKS[name].shares.part_of
    for item in read(name, data_folder):
        assert (part_of(item) is Part.REPORT) == item.id.startswith("dev/")
    assert name == "bc5cdr" or TASKS[name].shares.report == 0


def test_pairs_of_drugs_are_those_of_the_source(data_folder):
    items = read("ddi_corpus_2013", data_folder)
    counts = Counter(item.gold for item in items)
    assert counts == {"none": 7971, "effect": 718, "mechanism": 361, "advise": 258, "int": 60}
    for item in items[::40]:
        for mark in ("<drug1>", "</drug1>", "<drug2>", "</drug2>"):
            assert item.text.count(mark) == 1
        first, second = (re.search(rf"<drug{n}>(.+?)</drug{n}>", item.text) for n in (1, 2))
        assert first[1].strip() == first[1]
        assert second[1].strip() == second[1]


@pytest.mark.parametrize(
    ("first", "second", "marked", "why"),
    [
        ((0, 1), (2, 3), "<drug1>a</drug1> <drug2>b</drug2> c", "one after the other"),
        ((2, 3), (0, 1), "<drug2>a</drug2> <drug1>b</drug1> c", "the second before the first"),
        ((0, 5), (2, 3), "<drug1>a <drug2>b</drug2> c</drug1>", "one within the other"),
        ((0, 1), (0, 3), "<drug2><drug1>a</drug1> b</drug2> c", "both begin there"),
        ((0, 3), (2, 3), "<drug1>a <drug2>b</drug2></drug1> c", "both end there"),
    ],
)
def test_drugs_are_marked(first, second, marked, why):
    assert mark_drugs("a b c", first, second) == marked, why


def test_sentences_of_drug_documents_are_in_one_part(data_folder):
    read("ddi_corpus_2013", data_folder)
    homes = {}
    for part, items in deal_parts(TASKS["ddi_corpus_2013"], data_folder).items():
        for item in items:
            text = re.sub(r"</?drug[12]>", "", item.text)
            assert homes.setdefault(text, part) is part


def test_interactions_of_sentences_are_written_and_read_back(data_folder):
    items, form = read("ddi_end_to_end", data_folder), TASKS["ddi_end_to_end"].form
    assert len(items) == 752
    for item in items:
        assert form.read(form.write(item, item.gold), item) == item.gold
    assert sum(len(item.gold) > form.max_items for item in items) == 2


def test_cases_have_the_same_codes_in_both_languages_and_articles_one_part(data_folder):
    english, spanish = read("codiesp_en", data_folder), read("codiesp_es", data_folder)
    assert [(one.id, one.group, one.gold) for one in english] == [
        (one.id, one.group, one.gold) for one in spanish
    ]
    assert len(english) == 425
    assert all(one.gold and all(chapter_of(code) for code in one.gold) for one in english)
    assert max(len(one.gold) for one in english) <= TASKS["codiesp_en"].form.max_items
    parts = deal_parts(TASKS["codiesp_en"], data_folder)
    articles = [{one.id.partition("/")[2].rpartition("-")[0] for one in items} for items in parts.values()]
    assert not any(one & other for one in articles for other in articles if one is not other)
    assert Counter(one.id.partition("/")[0] for one in parts[Part.REPORT]) == {"dev": 125, "train": 7}


FAULTS = {
    "a tag of another source": ("e3c_en", "layer1_iob_English_train.txt", "gout B-drug\n", "line 1"),
    "a span outside the criterion": (
        "clinical_trial_parser_ner",
        "test_processed_medical_ner.tsv",
        "1:9:age\tage\n",
        "line 1",
    ),
    "a type of another source": (
        "clinical_trial_parser_ner",
        "test_processed_medical_ner.tsv",
        "1:4:dose\tage\n",
        "line 1",
    ),
    "no span": ("clinical_trial_parser_ner", "test_processed_medical_ner.tsv", "a:4:age\tage\n", "line 1"),
    "no tab": ("clinical_trial_parser_ner", "test_processed_medical_ner.tsv", "age over 4\n", "line 1"),
    "another type of mention": (
        "ncbi_disease",
        "NCBItrainset_corpus.txt",
        "7|t|Gout.\n7|a|x.\n7\t0\t4\tGout\tDrug\tD1\n",
        "line 1",
    ),
    "an article twice, differently": (
        "ncbi_disease",
        "NCBItrainset_corpus.txt",
        "7|t|A.\n7|a|b.\n\n7|t|A.\n7|a|c.\n",
        "line 4",
    ),
    "no XML": ("ddi_corpus_2013", "Train/DrugBank/a.xml", "<document>", "a.xml"),
    "a drug that is not there": (
        "ddi_corpus_2013",
        "Train/DrugBank/a.xml",
        '<document id="d"><sentence text="x"><pair id="p" e1="a" e2="b" ddi="false"/></sentence></document>',
        "pair p",
    ),
    "no place": (
        "ddi_corpus_2013",
        "Train/DrugBank/a.xml",
        '<document id="d"><sentence text="x"><entity id="e" charOffset="4-9"/></sentence></document>',
        "drug e",
    ),
    "a code of another system": ("codiesp_en", "train/trainD.tsv", "S1-1\t44.8\n", "line 1"),
    "a case without text": ("codiesp_en", "train/trainD.tsv", "S1-1\tI10\n", "S1-1.txt"),
}


@pytest.mark.parametrize("why", FAULTS)
def test_a_source_of_another_form_is_an_error_that_says_where(tmp_path, why):
    name, file, content, where = FAULTS[why]
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    for beside in ("dev/devD.tsv",):
        (tmp_path / beside).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / beside).write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(where)):
        list(TASKS[name].read(tmp_path))


@pytest.mark.parametrize("name", [*ENTITIES, "ddi_corpus_2013", "codiesp_en", "codiesp_es"])
def test_a_folder_without_the_files_is_an_error_that_names_one(tmp_path, name):
    with pytest.raises(UserError, match=re.escape(str(tmp_path))):
        list(TASKS[name].read(tmp_path))
