"""The page about charts names what the reader goes by."""

import re

import pytest

from posology.records.restricted import RESTRICTED_CODES
from posology.records.versions import GIVEAWAY_ELEMENTS, GIVEAWAY_TYPES


@pytest.fixture(scope="module")
def page(repo_root):
    return (repo_root / "docs" / "charts.md").read_text(encoding="utf-8")


def test_every_giveaway_of_another_version_is_documented(page):
    for name in [*GIVEAWAY_TYPES, *(sign.split()[0] for *_, sign in GIVEAWAY_ELEMENTS)]:
        assert f"`{name}`" in page


def test_every_restricted_code_is_documented(page):
    assert all(f"`{code}`" in page for code in RESTRICTED_CODES)


def test_the_example_runs(page, capsys):
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(block, "charts.md", "exec"), {})  # noqa: S102 - the page of this repository
    assert capsys.readouterr().out == "Patient/1 2019-03-02 visit.txt 2019-03-02\nTrue\n"
