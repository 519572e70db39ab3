"""Whether something that is done (taught, evaluated, completed) was done, was left undone, or is still "
"open."""

import re
from typing import Literal

__all__ = ["Deed", "read_deed", "ticked_answer"]

Deed = Literal["done", "undone", "open", "unsaid"]

_NOT = r"(?:not|never|n[’']t)"
_DID = (
    r"(?:completed?|finish(?:ed)?|done|given|provided|receiv(?:ed?)|attend(?:ed)?|held|tak(?:en?) place"
    r"|took place"
    r"|perform(?:ed)?|pass(?:ed)?|educated|trained|taught|instructed|shown|reviewed|assess(?:ed)?"
    r"|evaluated?|occur(?:red)?"
    r"|counsell?ed|participat\w+|discussed|made|used|undergone|undergo|gone through|happen(?:ed)?"
    r"|conducted|carried out"
    r"|demonstrated|addressed|started|begun|offered|follow(?:ed)?|tried|appraised)"
)
_UNDONE = re.compile(
    rf"\b{_NOT}\s+(?:(?:yet|been|ever|formally|really|as yet|so far)\s+){{0,3}}{_DID}\b"
    rf"|\b\w+n[’']t\s+(?:\w+\s+)?{_DID}\b"
    r"|\bcancell?ed\b|\bmissed\b|\bno[- ]show\b|\bdropped out\b|\bwithdrew\b|\bdeclined\b|\bdeclines\b"
    r"|\brefus(?:ed|es)\b"
    r"|\bnever (?:had|went|did)\b|\bincomplete\b|\buntrained\b|\bnone (?:given|done|provided|completed"
    r"|to date|so far)\b"
    r"|\bnot (?:yet|applicable)\b|\bwithout (?:having )?(?:completing|completed|finishing)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:defer(?:red)?|postponed|resched\w+|pending|overdue|outstanding|in progress|ongoing|enrolled"
    r"|partial(?:ly)?"
    r"|half(?:way)?|scheduled|upcoming|next (?:week|month|visit)|waitlist\w*|due|to be|tomorrow|started"
    r"|began|begun"
    r"|needs?|registered|invited|available|covers?|includes? classes)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    rf"(?<!not )(?<!never )(?<!n’t )(?<!n't )(?<!not yet )(?<!not been )(?<!never been )\b(?:{_DID}"
    rf"|completion of|graduat\w+|s/p|certificate|sat through|went (?:through|over)"
    r"|today|yes|negative|positive|read as|results?|showed|shows|\d{1,2}/\d{2,4}|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_BOX = re.compile(r"\[(?P<mark>[ xX✓✔]?)\]|(?P<glyph>[\u2610\u2611\u2612])")
_YES_NO = re.compile(r"\s*(?P<word>yes|no|n/a|unknown)\b", re.IGNORECASE)


def read_deed(words: str) -> Deed:
    """Tell what a sentence says of a deed that it names; doing and not doing in one sentence leave it open.

    >>> read_deed("Education program started but not completed."), read_deed("Education given today.")
    ('undone', 'done')
    """
    undone = _UNDONE.search(words)
    done = _DONE.search(_UNDONE.sub(" ", words))
    if undone:
        started = done and not re.fullmatch(r"(?:started|begun|began|offered)", done[0], re.IGNORECASE)
        return "open" if started else "undone"
    if _OPEN.search(words):
        return "open"
    return "done" if done else "unsaid"


def ticked_answer(words: str) -> str | None:
    """Return the answer that a row of boxes gives: yes, no, ``open`` for no clear tick; ``None`` without.

    >>> ticked_answer("CPAP training: [ ] Yes [x] No"), ticked_answer("[x] CPAP training")
    ('no', 'yes')
    """
    boxes = list(_BOX.finditer(words))
    if not boxes:
        return None
    marked = [box for box in boxes if (box["mark"] or "").strip() or box["glyph"] in ("\u2611", "\u2612")]
    if len(marked) != 1:
        return "open"
    after = _YES_NO.match(words, marked[0].end())
    if after:
        return {"yes": "yes", "no": "no"}.get(after["word"].lower(), "open")
    return "yes" if len(boxes) == 1 and not _YES_NO.match(words, boxes[0].end()) else "open"
