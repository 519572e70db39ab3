"""Processes killed with -9 at random moments of acts: the short form of benchmarks/faults.py."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import delete

from benchmarks.faulting.deeds import Deed, Login
from benchmarks.faulting.holding import find_violations
from posology.store.schema import versions

pytestmark = pytest.mark.slow
KILLS = {"sqlite": 6, "postgresql": 6}  # each kind of act once


@pytest.mark.parametrize("database", KILLS)
def test_nothing_acknowledged_is_lost_and_nothing_is_half_done(database, repo_root, request):
    if database == "postgresql":
        request.getfixturevalue("postgres_server")  # skips where it is not installed
    command = [sys.executable, "benchmarks/faults.py", "--kills", str(KILLS[database]), "--report", ""]
    done = subprocess.run(
        [*command, "--database", database, "--seed", "7"],
        cwd=repo_root, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    result = json.loads(done.stdout)[database]
    assert result["kills"] == KILLS[database]
    assert result["violations"] == result["violations_at_the_end"] == []
    assert set(result["by_act"]) == {"draft", "confirm", "edit", "sign", "export", "append"}


def test_the_check_after_a_kill_finds_what_is_lost_and_what_is_half_done(small_practice):
    store, packet = small_practice.clinic.store, small_practice.packet
    answer = small_practice.drop(2)
    deed = Deed(
        "edit", packet, "POST", "", {}, Login("", ""), "sentence:s2", status=200, answer=answer.content
    )
    assert find_violations(store, [], []) == []
    assert find_violations(store, [deed], []) == [f"acknowledged edit {packet}: lost"]
    unanswered = replace(deed, status=0)
    assert find_violations(store, [unanswered], []) == []
    with store.volatile() as connection:
        connection.execute(delete(versions).where(versions.c.id == f"{packet}.2"))
    found = find_violations(store, [], [])
    assert f"packet {packet}: its versions are not 1 to 2" in found
    assert any(words.startswith("verify: ") for words in found)
