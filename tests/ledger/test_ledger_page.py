"""The page about the ledger names every kind of entry, and no other."""

import re
from pathlib import Path

from posology.ledger import Kind

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"


def test_the_page_lists_exactly_the_kinds_there_are():
    table = PAGE.read_text(encoding="utf-8").split("## What is recorded")[1].split("\n\n")[1]
    assert sorted(re.findall(r"`([a-z.-]+)`", table)) == sorted(Kind)
