"""The packet folder appears whole or not at all, whatever stands there and whenever it is stopped."""

import os
import resource
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.cli_runs import (
    assert_nothing_written,
    assert_refused,
    draft,
    good_bundle,
    leftovers,
    packet,
    run,
    run_apart,
    start,
    write,
)

FILES = {"packet.json", "letter.md", "letter.html", "letter.pdf", "manifest.json"}


@pytest.fixture
def chart(tmp_path):
    return write(tmp_path / "in" / "chart.json", good_bundle())


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_packet_is_whole_and_its_owner_alone_may_read_it(tmp_path, chart):
    out = tmp_path / "deep" / "packet"
    before = os.umask(0o000)
    try:
        assert run(*draft(chart, out)).code == 0
    finally:
        os.umask(before)
    assert _names(out) == FILES
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert leftovers(tmp_path) == []


def test_an_empty_folder_is_taken(tmp_path, chart):
    (tmp_path / "out").mkdir()
    assert run(*draft(chart, tmp_path / "out")).code == 0
    assert _names(tmp_path / "out") == FILES


def _one_file(folder: Path) -> None:
    write(folder / "notes.txt", b"mine")


def _file_itself(folder: Path) -> None:
    write(folder, b"mine")


def _link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")


TAKEN = [
    ("a folder that holds something", _one_file, (), ["not empty", "--overwrite"]),
    ("a folder of somebody else", _one_file, ("--overwrite",), ["only a folder that Posology wrote"]),
    ("a file", _file_itself, ("--overwrite",), ["no folder"]),
    ("a link", _link, ("--overwrite",), ["no folder"]),
]


@pytest.mark.parametrize(("lay", "more", "words"), [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_what_stands_there_already_is_left_alone(tmp_path, chart, lay, more, words):
    out = tmp_path / "out" / "packet"
    out.parent.mkdir()
    lay(out)
    before = sorted((str(p), p.read_bytes() if p.is_file() else b"") for p in out.parent.rglob("*"))
    ran = run(*draft(chart, out, *more))
    assert ran.code == 2
    assert all(word in ran.err for word in words), ran.err
    assert before == sorted((str(p), p.read_bytes() if p.is_file() else b"") for p in out.parent.rglob("*"))


def test_overwriting_replaces_the_whole_folder(tmp_path, chart):
    out = tmp_path / "out"
    assert run(*draft(chart, out)).code == 0
    write(out / "from-the-last-run.txt", b"old")
    assert run(*draft(chart, out)).code == 2
    assert run(*draft(chart, out, "--overwrite")).code == 0
    assert _names(out) == FILES
    assert leftovers(tmp_path) == []


def test_a_draft_that_fails_leaves_the_old_packet(tmp_path, chart):
    out = tmp_path / "out"
    assert run(*draft(chart, out)).code == 0
    old = {path.name: path.read_bytes() for path in out.iterdir()}
    write(chart, b"rubbish")
    assert run(*draft(chart, out, "--overwrite")).code == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == old
    assert leftovers(tmp_path) == []


def test_a_folder_that_may_not_be_written_is_named(tmp_path, chart):
    parent = tmp_path / "locked"
    parent.mkdir(mode=0o500)
    if os.geteuid() == 0:  # nobody locks out root, but a file in the way does
        write(tmp_path / "file", b"")
        parent = tmp_path / "file"
    ran = run(*draft(chart, parent / "out"))
    assert ran.code == 2
    assert f"{parent / 'out'}: cannot be written" in ran.err
    assert not (parent / "out").exists()


def _small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))


def test_a_file_that_cannot_grow_leaves_nothing(tmp_path, chart):
    ran = run_apart(*draft(chart, tmp_path / "out"), preexec_fn=_small_files)
    assert_refused(ran, tmp_path / "out", "cannot be written", "too large")


@pytest.fixture
def full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_nothing(full_disk, chart):
    ran = run(*draft(chart, full_disk / "out"))
    assert_refused(ran, full_disk / "out", "cannot be written", "No space left")
    assert list(full_disk.iterdir()) == []


@pytest.mark.parametrize("tenths", [1, 4, 7, 10, 13, 16])
def test_stopped_at_any_moment_it_leaves_nothing_half_written(tmp_path, chart, tenths):
    out = tmp_path / "out" / "packet"
    process = start(*draft(chart, out))
    time.sleep(tenths / 10)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode in (0, 130, -signal.SIGINT), err
    if process.returncode == 0 or out.exists():  # the packet was there before the signal was
        assert _names(out) == FILES
    else:
        assert_nothing_written(out)
    assert leftovers(tmp_path) == []


def test_stopped_while_it_replaces_a_packet_one_whole_packet_stands_there(tmp_path, chart):
    out = tmp_path / "out"
    assert run(*draft(chart, out)).code == 0
    for tenths in (8, 12):
        process = start(*draft(chart, out, "--overwrite"))
        time.sleep(tenths / 10)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert _names(out) == FILES
        assert packet(out)["posology"] == "packet/1"
        assert leftovers(tmp_path) == []
