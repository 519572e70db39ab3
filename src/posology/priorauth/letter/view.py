"""What a letter says, word for word, before anyone decides how it looks.

Every text that a rendering shows stands here, so that Markdown, HTML and PDF say the same. No value
shows its text in ``repr``: it is patient text.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Cited",
    "CriteriaGroup",
    "CriterionRow",
    "Field",
    "LetterView",
    "Listing",
    "Panel",
    "Quote",
    "Section",
    "Signature",
    "SignatureBlock",
    "Source",
    "Strip",
]

Tone = Literal["good", "bad", "open"]  # for the request: speaks for it, against it, undecided


@dataclass(frozen=True, slots=True, repr=False)
class Cited:
    """A text with the numbers of the sources that it cites, and a mark such as "unchecked"."""

    text: str
    cites: tuple[int, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """A labelled value; ``missing`` where the record has none and the value says so."""

    label: str
    values: tuple[Cited, ...]
    missing: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Panel:
    """A titled group of fields of the header block."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Strip:
    """The cover strip of a draft: what the clinician must know before reading; gone when signed."""

    title: str
    headline: str
    points: tuple[str, ...]
    tone: Tone


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """A titled part of the narrative: paragraphs of sentences."""

    title: str
    paragraphs: tuple[tuple[Cited, ...], ...]


@dataclass(frozen=True, slots=True, repr=False)
class CriterionRow:
    """One criterion: the payer's words, the finding, and why.

    ``wording`` holds the payer's own words where the packet quotes them, ``status`` the finding in words,
    ``confirm`` says that a person must still confirm it, ``contrary`` numbers the sources against it.
    """

    id: str
    text: str
    wording: tuple[Cited, ...]
    status: str
    tone: Tone
    confirm: str
    reason: Cited
    contrary: tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class CriteriaGroup:
    """Criteria that belong together, under a caption such as "Any one of these is enough"."""

    caption: str
    rows: tuple[CriterionRow, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Quote:
    """Words of a source, and the place in it where they stand."""

    text: str
    place: str


@dataclass(frozen=True, slots=True, repr=False)
class Source:
    """One cited source: ``number`` is its citation mark, ``ids`` its pieces of evidence in packet.json."""

    number: int
    ids: tuple[str, ...]
    label: str
    origin: str
    date: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Listing:
    """A titled list."""

    title: str
    items: tuple[Cited, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Signature:
    """Who signed a letter, with which NPI, and when."""

    name: str
    npi: str
    date: str


@dataclass(frozen=True, slots=True, repr=False)
class SignatureBlock:
    """The attestation and the lines under it."""

    title: str
    attestation: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, repr=False)
class LetterView:
    """A letter; ``draft_mark`` is empty once it is signed, and so are ``strip`` and ``worksheet``."""

    title: str
    draft_mark: str
    internal: bool
    practice: str
    practice_lines: tuple[str, ...]
    addressee: tuple[str, ...]
    strip: Strip | None
    columns: tuple[tuple[Panel, ...], ...]  # the header block
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    criteria_title: str
    criteria_columns: tuple[str, str, str]
    criteria: tuple[CriteriaGroup, ...]
    listings: tuple[Listing, ...]  # contrary evidence, enclosures
    sources_title: str
    sources_note: str
    sources_columns: tuple[str, str, str, str]
    sources: tuple[Source, ...]
    signature: SignatureBlock | None
    made_title: str
    made: tuple[str, ...]
    worksheet_title: str
    worksheet_note: str
    worksheet: tuple[Listing, ...]
    footer: str
    timestamp: int  # seconds since 1970 of the date of service: the same packet gives the same bytes

    def __repr__(self) -> str:
        """Show what kind of letter this is, and no text of the patient's."""
        return f"LetterView({self.draft_mark or 'signed'}, {len(self.sources)} sources)"
