"""Code blocks of the documentation, and how each kind is run.

```python blocks of a page run one after another in one namespace and one empty folder; ```console blocks
hold `$ command` lines, each followed by lines its output must contain, in order (`…` stands for anything;
a `$ cat > FILE <<'EOF'` line writes the file that follows). A block that cannot run here says why:
```console skip="needs a server".
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^( *)```(\S*)([^\n]*)\n(.*?)^\1```\s*$", re.MULTILINE | re.DOTALL)
NEEDS_MODEL = re.compile(r'\bneeds="model"')
SKIP = re.compile(r'\bskip="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block: language, the rest of its info line, text, and the line where it starts."""

    language: str
    info: str
    text: str
    line: int

    @property
    def skip(self) -> str:
        found = SKIP.search(self.info)
        return found.group(1) if found else ""

    @property
    def needs_model(self) -> bool:
        return bool(NEEDS_MODEL.search(self.info))


@dataclass(frozen=True)
class Step:
    """One command of a console block, its input if it writes a file, and what it must print."""

    command: str
    written: str
    expected: tuple[str, ...]


def find_blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(m[2], m[3].strip(), dedented(m[4], len(m[1])), text.count("\n", 0, m.start()) + 1)
        for m in FENCE.finditer(text)
    ]


def dedented(text: str, by: int) -> str:
    return "".join(line[by:] if line[:by].strip() == "" else line for line in text.splitlines(keepends=True))


def parse_steps(text: str) -> list[Step]:
    """Split a console block into its commands."""
    steps: list[Step] = []
    lines = text.splitlines()
    while lines:
        line = lines.pop(0)
        if not line.startswith("$ "):
            continue
        command = line[2:]
        while command.endswith("\\"):
            command = command[:-1] + lines.pop(0).removeprefix("> ").strip()
        steps.append(_step(command, lines))
    return steps


def _step(command: str, lines: list[str]) -> Step:
    written: list[str] = []
    if "<<" in command:
        end = command.rpartition("<<")[2].strip().strip("'\"")
        while (line := lines.pop(0)) != end:
            written.append(line)
    expected: list[str] = []
    while lines and not lines[0].startswith("$ "):
        expected.append(lines.pop(0))
    return Step(command, "\n".join(written) + "\n", tuple(line for line in expected if line.strip()))


def words(command: str) -> list[str]:
    """Return a command as a shell would split it."""
    return shlex.split(command, comments=True)


def missing(expected: tuple[str, ...], output: str) -> list[str]:
    """Return the expected lines that the output does not hold, in order, white space folded."""
    rest = " ".join(output.split())
    absent = []
    for line in expected:
        parts = [re.escape(" ".join(part.split())) for part in re.split("…|\\.\\.\\.", line)]
        found = re.search(".*?".join(parts), rest, re.DOTALL)
        if found is None:
            absent.append(line)
        else:
            rest = rest[found.end() :]
    return absent
