"""What a writer judges: what the settings say, else what the catalogue says of the model, else the least."""

from pathlib import Path

import pytest

from posology.chat import reads_of
from posology.config import load_settings
from posology.priorauth import open_models

CATALOGUED = reads_of("judge-writer")  # "all" in a version that ships it


@pytest.mark.parametrize(
    ("more", "reads"),
    [
        ("", "named"),
        (', model = "smollm2-135m-instruct"', "named"),
        (', model = "somebody-s-own"', "named"),
        (', model = "somebody-s-own", reads = "all"', "all"),
        (', model = "judge-writer"', CATALOGUED),
        (', model = "judge-writer", reads = "named"', "named"),
        (', model = "judge-writer", reads = "all"', "all"),
    ],
)
def test_the_settings_decide_what_a_writer_judges_and_else_the_catalogue(
    tmp_path: Path, more: str, reads: str
) -> None:
    file = tmp_path / "posology.toml"
    file.write_text(
        f'[profile.mine]\nwriter = {{engine = "none"{more}}}\n'
        'validator = {engine = "none"}\nembedder = {engine = "static"}\n'
    )
    assert open_models(load_settings(file, profile="mine")).reads == reads
