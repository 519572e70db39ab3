"""HTML as a reader sees it: blocks break lines, inline tags do not, hidden text is left out and counted."""

import re
from dataclasses import dataclass, field
from typing import Any

__all__ = ["parse_html"]

_BLOCKS_WORDS = (
    "address article aside blockquote body br caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p "
    "pre section select summary table tbody tfoot thead tr ul"
)
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_DROPPED_WORDS = "head script style template title noscript object iframe svg math"
_DROPPED = frozenset(_DROPPED_WORDS.split())
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$|!)"
    r"|font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:;|$|!)",
    re.IGNORECASE,
)
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")


@dataclass
class _Page:
    lines: list[str] = field(default_factory=list)
    line: str = ""
    hidden: int = 0

    def add(self, text: str, *, exact: bool) -> None:
        if exact:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self.line += first
            for other in others:
                self.end_line(keep_blank=True)
                self.line = other
            return
        text = _SPACE.sub(" ", text)
        self.line += text.lstrip() if not self.line or self.line.endswith(" ") else text

    def end_line(self, *, keep_blank: bool = False) -> None:
        done = self.line.rstrip()
        if done or (keep_blank and self.lines and self.lines[-1]):
            self.lines.append(done)
        self.line = ""


def parse_html(markup: str) -> tuple[str, int]:
    """Return the visible text of HTML or XHTML, and how many characters of hidden text it left out."""
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(markup).root
    page = _Page()
    # (node, leaving, exact, hidden): a stack and no recursion, as markup may nest without end
    stack: list[tuple[Any, bool, bool, bool]] = [(root, False, False, False)] if root is not None else []
    while stack:
        node, leaving, exact, hidden = stack.pop()
        tag = node.tag or ""
        if leaving:
            page.end_line()
        elif tag == "-text":
            text = node.text_content or ""
            if hidden:
                page.hidden += len(text.strip())
            else:
                page.add(text, exact=exact)
        elif tag not in _DROPPED and not tag.startswith(("!", "-")):
            _enter(node, tag, page, stack, (exact or tag == "pre", hidden or _is_hidden(node)))
    page.end_line()
    return "\n".join(page.lines).strip("\n"), page.hidden


def _enter(
    node: Any, tag: str, page: _Page, stack: list[tuple[Any, bool, bool, bool]], state: tuple[bool, bool]
) -> None:
    exact, hidden = state
    if tag in _BLOCKS:
        page.end_line()
        stack.append((node, True, exact, hidden))
    if not hidden:
        if tag == "li":
            page.line = "- "
        elif tag in ("td", "th") and page.line.strip():
            page.line = page.line.rstrip() + " | "
    children = []
    child = node.child
    while child is not None:
        children.append((child, False, exact, hidden))
        child = child.next
    stack.extend(reversed(children))


def _is_hidden(node: Any) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
