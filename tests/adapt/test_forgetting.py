"""Text that a model learned from is known again, whatever file it stands in; what is not known is said."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posology.adapt.card import UNSCORED, scored_card
from posology.adapt.forgetting import measure_forgetting, read_plain_text
from posology.adapt.seen import has_seen, seen_of
from posology.adapt.tuned import read_tuned
from posology.chat import Message
from posology.corpus import Provenance, Record
from posology.corpus.jsonl import write_jsonl
from posology.errors import ModelError, UserError
from tests.adapt.tiny_words import CLINICAL, PLAIN, byte_level, decoder_folder, records
from tests.adapt.tuning import example, job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH
from tests.cli.cli_runs import run

pytestmark = [
    NEEDS_TORCH,
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning"),  # peft's
]
pytest.importorskip("peft")

REFUSED = "learned from {} of its {} documents, or was chosen by them"
OTHER = "The sea was calm, and a man sold fish from his cart all day."


@pytest.fixture(scope="module")
def goes_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that went on learning from two corpora beside it, of which a part is held out."""
    from posology.adapt.job import Job
    from posology.adapt.pretrain import run_pretrain
    from posology.adapt.recipes import parse_recipe

    folder = tmp_path_factory.mktemp("pretrained")
    for name, texts in (("notes", (CLINICAL,)), ("plain", (PLAIN,))):
        (folder / name).mkdir()
        write_jsonl(folder / name / "records.jsonl", records(texts, times=8))
    decoder_folder(folder / "base", byte_level((PLAIN, CLINICAL)))
    recipe = parse_recipe(
        'posology = "recipe/1"\nkind = "pretrain"\nname = "goes-on"\n[texts]\ndomain = ["notes"]\n'
        'general = ["plain"]\nheld = 0.3\n[base]\npath = "base"\nthreads = 1\ndtype = "float32"\n'
        "[rows]\ntokens = 64\n[forgetting]\nmost = 5.0\n[optimizer]\nlr = 0.003\nbatch = 4\nsteps = 4\n",
        "recipe.toml",
    )
    return run_pretrain(recipe, Job(folder / "out", folder))


def told_by_card(forgetting: dict[str, Any]) -> str:
    asked = {"forgetting": {"on": "", "text_tokens": 50, "seed": 0}}
    told = {"model": {"kind": "pretrain"}, "asked": asked, "tasks": [], "forgetting": [forgetting]}
    return scored_card("# m\n", told | {"held_out": {}})


def test_a_corpus_is_refused_by_the_model_that_learned_from_it(goes_on: Path) -> None:
    for name in ("plain", "notes"):
        with pytest.raises(UserError, match=REFUSED.format(8, 8)):
            read_plain_text(goes_on.parent / name, read_tuned(goes_on))


def test_a_corpus_less_one_line_is_refused(goes_on: Path, tmp_path: Path) -> None:
    lines = (goes_on.parent / "plain" / "records.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "less.jsonl").write_text("".join(lines[1:]))
    with pytest.raises(UserError, match=REFUSED.format(7, 7)):
        read_plain_text(tmp_path / "less.jsonl", read_tuned(goes_on))


def test_a_folder_that_holds_what_was_learned_is_refused_by_the_number_of_the_document(
    goes_on: Path, tmp_path: Path
) -> None:
    tuned = read_tuned(goes_on)
    (tmp_path / "a.txt").write_text(OTHER)
    (tmp_path / "b.txt").write_text(f"A letter.\n\n{CLINICAL.upper()}\n")
    with pytest.raises(UserError, match=rf"{REFUSED.format(1, 2)} \(number 2\); .* leave them out"):
        read_plain_text(tmp_path, tuned)
    (tmp_path / "b.txt").unlink()
    found = read_plain_text(tmp_path, tuned)
    assert (len(found.documents), found.compared) == (1, "lines")


def test_records_that_examples_were_made_from_are_refused(tmp_path: Path) -> None:
    from posology.adapt.tune import run_tune

    folder = write_bench(tmp_path)
    notes = [f"Mrs. {name} came in the evening and takes metformin twice a day." for name in "ABC"]
    learned = [
        replace(
            one,
            messages=(one.messages[0], Message("user", f"{note}\n\nHow heavy?")),
            source_text="",
        )
        for one, note in zip(map(example, range(3)), notes, strict=True)
    ]
    write_jsonl(folder / "tune.jsonl", learned[:2])
    write_jsonl(folder / "select.jsonl", learned[2:])
    changes = {"optimizer": {"steps": 1}, "stop": {"take": "last"}}
    tuned = read_tuned(run_tune(recipe_of(changes), job_of(folder)))
    made = [
        Record(f"r{n}", note, Provenance("made", "made here", group=f"g{n}")) for n, note in enumerate(notes)
    ]
    write_jsonl(folder / "records.jsonl", made)
    with pytest.raises(UserError, match=REFUSED.format(3, 3)):
        read_plain_text(folder / "records.jsonl", tuned)


def test_of_a_model_whose_folder_tells_no_lines_its_files_alone_are_refused_and_the_card_says_so(
    goes_on: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(goes_on, tmp_path / "copy"))
    (model / "seen.json").unlink()
    tuned = read_tuned(model)
    with pytest.raises(UserError, match="copy learned from this file"):
        read_plain_text(goes_on.parent / "plain", tuned)
    (tmp_path / "same.txt").write_text(PLAIN)
    text = read_plain_text(tmp_path / "same.txt", tuned)
    (told,) = measure_forgetting(tuned, goes_on.parent / "base", [text], most_tokens=50)
    assert told["compared"] == "files"
    assert "nothing shows that it has not learned the same text" in told_by_card(told)
    (model / "seen.json").write_text("{")
    with pytest.raises(ModelError, match=r"seen.json is missing or damaged"):
        read_tuned(model)


@pytest.mark.parametrize(
    ("text", "known", "why"),
    [
        ("One two three four five six seven eight.", True, "the line itself"),
        ("ONE, two: three four five six seven eight", True, "punctuation and case do not count"),
        ("One two three four five six seven", False, "fewer than 8 words tell nothing apart"),
        ("one two three four five six seven eight\n" + "other words " * 4, True, "half of it was seen"),
        ("one two three four five six seven eight\n" + "other words " * 5, False, "less than half was"),
        ("so short a\nline is no\nline by itself", True, "without a long line the whole text counts"),
        ("", False, "no words"),
    ],
)
def test_a_text_is_seen_where_half_of_its_words_stand_in_lines_that_were(
    text: str, known: bool, why: str
) -> None:
    lines = "A title\none two three four five six seven eight\nand yet another line that was once learned"
    assert has_seen(seen_of([lines], ["so short a line\nis no line by itself"]), text) == known, why


def test_whole_weights_that_went_on_learning_show_their_own_held_out_text_too(
    goes_on: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(goes_on, tmp_path / "copy"))
    shutil.copytree(goes_on.parent / "base", tmp_path / "base")
    (tmp_path / "text.txt").write_text(OTHER)
    ran = run("adapt", "score", model, "--text", tmp_path / "text.txt", "--json")
    assert ran.code == 0, ran.err
    scores = json.loads(ran.out)
    assert scores["model"] == {"name": "goes-on", "kind": "pretrain", "adapter": False}
    assert scores["held_out"] == json.loads((model / "report.json").read_text())["held_out"]
    assert scores["forgetting"][0]["difference"]["value"] != 0
    told = (model / "card.md").read_text()
    assert "Its own run's held-out text" in told
    assert "Not measured: no task was named" in told
    assert UNSCORED in told  # no task was scored
