"""One loaded program for the short commands of all tests of the folder."""

from collections.abc import Iterator

import pytest

from tests.serve.commands import Commands, commands


@pytest.fixture(scope="session")
def program() -> Iterator[Commands]:
    with commands() as opened:
        yield opened
