"""What is learned is looked at for identifiers: the run and its card tell of them, and nothing stops."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from posology.adapt.identifiers import drawn_evenly, identifiers_told, look_for_identifiers
from posology.adapt.recipe import Screening
from posology.adapt.screening import Screen, screening_told
from posology.chat import Message
from posology.corpus import Provenance, Record
from posology.corpus.jsonl import write_jsonl
from tests.adapt.tuning import RECIPE, example, job_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH
from tests.cli.cli_runs import run


@pytest.mark.parametrize(
    ("text", "kinds", "why"),
    [
        ("MRN: 00482913. Walks 50 m.", {"record": 1}, "a record's number"),
        ("Call 617-555-0143 or mail ann@example.org.", {"email": 1, "phone": 1}, "two ways to call"),
        ("SSN 078-05-1120", {"social_security": 1}, "the number of all numbers"),
        ("Mrs. Abernethy was seen on 3 May 2024.", {}, "names and dates are not looked for"),
        ("Hemoglobin A1c 8.1 %, E11.9, 99213, NDC 0002-8215-01.", {}, "figures of medicine"),
        ("", {}, "nothing"),
    ],
)  # fmt: skip
def test_what_is_found(text: str, kinds: dict[str, int], why: str) -> None:
    found = look_for_identifiers([text, "No fever."])
    assert (found["kinds"], found["holding"], found["looked_at"]) == (kinds, int(bool(kinds)), 2), why


def test_of_each_source_texts_are_drawn_from_the_first_to_the_last() -> None:
    assert drawn_evenly(range(500)) == list(range(500))
    some = drawn_evenly(range(501))
    assert (len(some), some[0], some[-1]) == (500, 0, 500)
    assert len(drawn_evenly(range(500_001))) == 500
    public = [record("public", n) for n in range(5_000)]
    ours = [record("ours", n) for n in range(3)]
    drawn = drawn_evenly([*public, *ours])
    assert [one.id for one in drawn if one.provenance.source == "ours"] == ["0", "1", "2"]
    assert len(drawn) == 503


def record(source: str, number: int) -> Record:
    return Record(str(number), "No fever.", Provenance(source, "made here"))


def test_more_than_one_look_is_summed_and_each_warns(tmp_path: Path) -> None:
    said: list[str] = []
    screen = Screen(Screening(), replace(job_of(tmp_path), warn=said.append))
    screen.keep(["MRN: 00482913, gout."], str, "texts")
    screen.keep(["No fever.", "Call 617-555-0143."], str, "texts")
    screen.keep(["No cough."], str, "texts")
    assert screen.record()["identifiers"] == {
        "looked_at": 4,
        "holding": 2,
        "kinds": {"phone": 1, "record": 1},
    }
    assert len(said) == 2


def test_a_card_counts_kinds_and_shows_no_text(tmp_path: Path) -> None:
    screen = Screen(Screening(), job_of(tmp_path))
    screen.keep(["MRN: 00482913, gout.", "No fever."], str, "texts")
    record = screen.record()
    told = screening_told(record)
    assert "1 of 2 texts looked at holds" in told
    assert "record 1" in told
    assert "0048" not in told + json.dumps(record)
    assert "none of 0 texts" in identifiers_told(look_for_identifiers([]))


@NEEDS_TORCH
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's
@pytest.mark.parametrize(("words", "warned"), [("MRN: 00482913.", True), ("Knee pain.", False)])
def test_a_run_warns_and_ends(tmp_path: Path, words: str, warned: bool) -> None:
    pytest.importorskip("peft")
    folder = write_bench(tmp_path)
    made = [example(number) for number in range(8)]
    turns = [(*one.messages[:-1], Message("user", f"{one.messages[-1].content} {words}")) for one in made]
    learned = [replace(one, messages=said) for one, said in zip(made, turns, strict=True)]
    write_jsonl(folder / "tune.jsonl", learned)
    (folder / "recipe.toml").write_text(RECIPE)
    ran = run("adapt", "run", folder / "recipe.toml", "--out", folder / "made")
    assert ran.code == 0, ran.err
    assert ("what looks like a number" in " ".join(ran.err.split())) is warned
    assert "Identifiers: " in (folder / "made" / "card.md").read_text()
