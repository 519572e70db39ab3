"""Files of questions, claims and posts in the wrong format: named with the line, and never quoted."""

import json
from pathlib import Path

import pytest

from posology.errors import UserError
from posology.evaluate.splits import load_parts
from posology.evaluate.tasks import TASKS

IMHI_HEADER = "query,gpt-3.5-turbo\n"
GOOD_QUERY = '"Consider this post: ""made"" Question: Does the poster suffer from depression?"'
FAKE_HEADER = "id,question,options,dataset\n"
HALLU_HEADER = "question,knowledge,ground_truth,least_similar_answer,final_difficulty_level\n"
MEDQA = {
    "question": "Made?",
    "options": {"A": "one", "B": "two"},
    "answer": "one",
    "answer_idx": "A",
    "meta_info": "step1",
}
MCQ = {
    "id": "1",
    "question": "Made?",
    "cop": 1,
    "choice_type": "single",
    "subject_name": "ENT",
    "opa": "1",
    "opb": "2",
    "opc": "3",
    "opd": "4",
}


def _json_line(row: dict[str, object], **changes: object) -> str:
    return json.dumps({**row, **changes}) + "\n"


# each case: the file, its content, and what the error says
WRONG = [
    ("medqa_usmle", "phrases_no_exclude_dev.jsonl", _json_line(MEDQA) + "{oops\n", "line 2: not JSON"),
    ("medqa_usmle", "phrases_no_exclude_dev.jsonl", '{"question": "Made?"}\n', "line 1: no key options"),
    (
        "medqa_usmle",
        "phrases_no_exclude_dev.jsonl",
        _json_line(MEDQA) + "\n" + _json_line(MEDQA, answer_idx="E"),
        "line 3: answer_idx is none of A, B",
    ),
    (
        "medqa_usmle",
        "phrases_no_exclude_dev.jsonl",
        _json_line(MEDQA, answer="two"),
        "line 1: answer is not the option that answer_idx names",
    ),
    (
        "medqa_usmle",
        "phrases_no_exclude_dev.jsonl",
        _json_line(MEDQA, options={"A": "one", "C": "two"}),
        "line 1: the letters of the options are not A, B, C",
    ),
    ("medmcqa", "dev.json", _json_line(MCQ) + _json_line(MCQ, cop=0), "line 2: cop"),
    ("medmcqa", "dev.json", _json_line(MCQ, opb=" "), "line 1: opb is empty"),
    ("afrimedqa", "train.jsonl", "[1]\n", "line 1: not an object"),
    ("pubmedqa", "ori_pqal_train.json", '{"1":\n {"QUESTION": }}', "line 2: not JSON"),
    ("pubmedqa", "ori_pqal_train.json", '{"7": {"QUESTION": "Made?"}}', "json: 7.CONTEXTS is missing"),
    ("pubmedqa", "ori_pqal_train.json", "[]", "the record is no object"),
    (
        "pubmedqa",
        "ori_pqal_train.json",
        '{"7": {"QUESTION": "Made?", "CONTEXTS": ["m"], "final_decision": "perhaps"}}',
        "7.final_decision is none of yes, no, maybe",
    ),
    ("bioasq_taskb", "9B1_golden.json", "[]", "the record is no object"),
    (
        "bioasq_taskb",
        "9B1_golden.json",
        '{"questions": [{"id": "q7", "type": "yesno", "body": "Made?", "exact_answer": ["yes"],'
        ' "snippets": [{"text": "m"}]}]}',
        "questions.1.exact_answer is no text",
    ),
    ("imhi_mental_health:imhi_dr", "DR/train.csv", "text,label\n", "line 1: no column query, gpt-3.5-turbo"),
    (
        "imhi_mental_health:imhi_dr",
        "DR/train.csv",
        IMHI_HEADER + "made,made\n",
        "line 2: the query is not `Consider this post",
    ),
    (
        "imhi_mental_health:imhi_dr",
        "DR/train.csv",
        IMHI_HEADER + GOOD_QUERY + ",Perhaps. Reasoning: made\n",
        "line 2: the answer does not begin with the sentence of a label",
    ),
    (
        "imhi_mental_health:imhi_dr",
        "DR/train.csv",
        IMHI_HEADER + GOOD_QUERY + ',"Yes, the poster suffers from stress. Reasoning: made"\n',
        "line 2: the answer does not begin with the sentence of a label",
    ),
    (
        "mediqa2019_rqe",
        "MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml",
        '<all>\n<pair pid="1" value="true">\n<chq>made</chq>\n</pair>\n</all>',
        "line 2: the pair has no faq",
    ),
    (
        "mediqa2019_rqe",
        "MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml",
        "<all>\n<pair>\n</all>",
        "line 3: not well-formed XML",
    ),
    (
        "mediqa2019_rqe",
        "MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml",
        '<!DOCTYPE all [\n<!ENTITY a "made">\n]>\n<all>&a;</all>',
        "line 2: a document type with declarations is not read",
    ),
    (
        "mediqa2019_rqe",
        "MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml",
        '<all>\n<pair pid="1" value="maybe"><chq>made</chq><faq>made</faq></pair></all>',
        "line 2: the label is none of true, false",
    ),
    (
        "medhalt_fake",
        "reasoning_fake.csv",
        FAKE_HEADER + "1,Made?,{oops,made\n",
        "line 2: options is not a dict",
    ),
    (
        "medhalt_fake",
        "reasoning_fake.csv",
        FAKE_HEADER + "1,Made?,[],made\n",
        "line 2: options is not a dict",
    ),
    (
        "medhallu",
        "prepared_detection_input.csv",
        HALLU_HEADER + "Made?,{},yes,no,easy\n",
        "line 2: knowledge has no list of contexts",
    ),
    (
        "medhallu",
        "prepared_detection_input.csv",
        HALLU_HEADER + "Made?,{'contexts': ['m']},made,,easy\n",
        "line 2: least_similar_answer is empty",
    ),
    ("covidfact_rte", "train.tsv", "index\tsentence1\n", "line 1: no column Sentence2, label"),
    (
        "covidfact_rte",
        "train.tsv",
        "index\tsentence1\tSentence2\tlabel\n0\tmade\tmade\tyes\n",
        "line 2: the label is none of entailment, not_entailment",
    ),
    (
        "covidfact_rte",
        "train.tsv",
        "index\tsentence1\tSentence2\tlabel\n0\tmade\tentailment\n",
        "line 2: 3 values where the header has 4",
    ),
    (
        "expertqa",
        "domain_val_healthcare.jsonl",
        '{"question": "Made?", "metadata": {}, "answers": {"gpt4": {"claims": [{"support": "Some"}]}}}\n',
        "line 1: answers.gpt4.claims.1.support is none of Complete, Partial",
    ),
    (
        "irf_mental_health:irf_tbe",
        "train_data.csv",
        "Unnamed: 0,text,belong\n1,made,2\n",
        "line 2: the label is none of 0, 1",
    ),
    (
        "cams_mental_health",
        "IntentSDCNL_Training.csv",
        "selftext,ANNOTATIONS\nmade,1\nmade,7\n",
        "line 3: the label is none of 0, 1",
    ),
    (
        "medec_ms",
        "MEDEC-MS-ValidationSet-with-GroundTruth-and-ErrorType.csv",
        "Text ID,Text,Error Flag,Error Type\nms-1,made,yes,NA\n",
        "line 2: the label is none of 0, 1",
    ),
    (
        "healthver",
        "healthver_dev.csv",
        "id,evidence,claim,label,topic_ip,question\n1,made,made,Perhaps,1,made\n",
        "line 2: the label is none of Supports, Refutes, Neutral",
    ),
]


@pytest.mark.parametrize(("name", "file", "content", "message"), WRONG)
def test_a_file_in_the_wrong_format_is_named_with_its_line(
    name: str, file: str, content: str, message: str, tmp_path: Path
) -> None:
    folder, _, task = name.partition(":")
    path = tmp_path / folder / file
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_parts(TASKS[task or name], tmp_path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert "made" not in str(caught.value).replace(str(path), "")
