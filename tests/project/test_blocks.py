"""The runner of documentation notices what it should notice."""

from pathlib import Path

import pytest

from tests.project.blocks import find_blocks, missing, parse_steps

PAGE = """\
Text.

```console needs="model"
$ posology draft chart.json \\
>     --out packet
Conclusion: …
$ cat > a.toml <<'END'
[practice]
END
$ ls
a.toml
```

```python skip="needs a server"
1 / 0
```
"""


def test_blocks_know_their_language_line_and_conditions(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    console, python = find_blocks(page)
    assert (console.language, console.line, console.needs_model, console.skip) == ("console", 3, True, "")
    assert (python.language, python.skip) == ("python", "needs a server")


def test_steps_join_continued_lines_and_keep_what_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    draft, cat, ls = parse_steps(find_blocks(page)[0].text)
    assert draft.command == "posology draft chart.json --out packet"
    assert draft.expected == ("Conclusion: …",)
    assert cat.written == "[practice]\n"
    assert (ls.command, ls.expected) == ("ls", ("a.toml",))


@pytest.mark.parametrize(
    ("expected", "output", "absent", "reason"),
    [
        (("a b",), "x  a\n b y", [], "white space is folded"),
        (("n = …",), "n = 12", [], "an ellipsis stands for anything"),
        (("b", "a"), "a b", ["a"], "lines come in order"),
        (("met",), "unknown", ["met"], "what is not there is told"),
    ],
)
def test_lines_are_looked_for_in_order(
    expected: tuple[str, ...], output: str, absent: list[str], reason: str
) -> None:
    assert missing(expected, output) == absent, reason
