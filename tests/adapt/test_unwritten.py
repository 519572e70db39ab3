"""What cannot be written says why, and asks for room only where room is missing."""

import errno
import os
from pathlib import Path

import pytest

from posology.adapt.checkpoint import Checkpoints
from posology.adapt.unwritten import advice_on, reason_of
from posology.errors import OutputError

REASONS = {
    "the disk is full": (errno.ENOSPC, "make room"),
    "the quota is used up": (errno.EDQUOT, "make room"),
    "files may grow no further: room is no cure": (errno.EFBIG, "raise the limit of a file's size"),
    "the folder is another's": (errno.EACCES, "once this is mended"),
    "the disk may only be read": (errno.EROFS, "once this is mended"),
    "the disk is damaged": (errno.EIO, "once this is mended"),
}


@pytest.mark.parametrize(("number", "advice"), REASONS.values(), ids=REASONS)
def test_room_is_asked_for_where_it_is_missing_only(number: int, advice: str) -> None:
    named = OSError(number, os.strerror(number))
    written = RuntimeError(f"Error while serializing: I/O error: words (os error {number}) at path x")
    for cause in (named, written):  # the system's own, and the one of the writer of weights
        assert advice_on(cause).startswith(advice)
        assert advice_on(cause).endswith("run the same command again")
        assert reason_of(cause) == os.strerror(number)


def test_a_failure_without_a_number_says_its_own_words() -> None:
    assert reason_of(ValueError("no tensor")) == "no tensor"
    assert advice_on(ValueError("no tensor")).startswith("once this is mended")
    assert advice_on(None).startswith("once this is mended")


def test_a_checkpoint_that_cannot_be_written_names_path_and_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    work = tmp_path / "file" / "out.work"
    checkpoints = Checkpoints(work, "")
    for write in (lambda: checkpoints.append({"step": 1}), lambda: checkpoints.save_best(1, {})):
        with pytest.raises(OutputError, match=r"out\.work: cannot be written \(Not a directory\); once this"):
            write()


def test_weights_that_cannot_be_written_name_path_and_reason(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra adapt")
    (tmp_path / "best" / "step-000001.safetensors").mkdir(parents=True)  # a folder stands in the file's place
    told = r"step-000001\.safetensors: cannot be written \(Is a directory\); once this is mended"
    with pytest.raises(OutputError, match=told):
        Checkpoints(tmp_path, "").save_best(1, {})
