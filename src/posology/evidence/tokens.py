"""Cutting text into search tokens that keep codes, decimals, ratios and numbers with their units."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from posology.evidence.terms import ALIKE, TERMS, Term

__all__ = ["Name", "alike", "expand_query", "find_terms", "lexical_overlap", "search_tokens", "stem"]

_TOKEN = re.compile(
    r"[A-Za-z]{1,2}\d{1,3}(?:\.[0-9A-Za-z]{1,4})?(?![A-Za-z0-9])"  # E11.9, M54, G4733 is a plain word
    r"|\d+(?:[.,/]\d+)*"  # 41.2, 120/80, 1,500
    r"|[^\W\d_]+(?:['’][^\W\d_]+)?(?:[-‐‑][^\W_]+|\d[^\W_]*)*"  # words, co-morbidity, GLP-1, HbA1c
)
_UNIT_WORDS = (
    "mg mcg g kg ml l dl mmol iu units unit mmhg bpm cm mm in lb lbs % week weeks wk wks month months mo day "
    "days year years yr yrs hour hours hr hrs h min pack packs events"
)
_UNITS = frozenset(_UNIT_WORDS.split())
_STOP_WORDS = (
    "a an the and or of to in on at for from with by as is are was were be been being has have had do does "
    "did this that these those it its there such any not no patient patients who which what when where how "
    "will would can could should may might than then into about after before during if he she they his her "
    "their one least documented"
)
_STOP = frozenset(_STOP_WORDS.split())


def stem(word: str) -> str:
    """Return a word without its plural ending: therapies and therapy are one token."""
    if len(word) <= 3 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def search_tokens(text: str) -> list[str]:
    """Return the tokens of a text for search, in order, without words that say nothing.

    >>> search_tokens("E11.9: metformin 500 mg, co-morbidities")
    ['e11.9', 'metformin', '500', 'mg', '500mg', 'comorbidity', 'morbidity']
    """
    found: list[str] = []
    number = ""
    for match in _TOKEN.finditer(text):
        word = match[0].lower().replace("’", "'").removesuffix("'s")
        if word[0].isdigit():
            number = word
            found.append(word)
            continue
        if word in _STOP and not match[0].isupper():
            number = ""
            continue
        found.extend(_forms(word))
        if number and word in _UNITS:
            found.append(number + stem(word))
        number = ""
    return found


def lexical_overlap(sentence: str, sources: Sequence[str]) -> float:
    """Return the share of a sentence's distinct tokens that stand in the sources.

    >>> lexical_overlap("Severe knee pain.", ["Pain of the left knee.", "Severe asthma."])
    1.0
    """
    own = set(search_tokens(sentence))
    known = {token for source in sources for token in search_tokens(source)}
    return len(own & known) / len(own) if own else 0.0


def alike(tokens: Iterable[str]) -> list[str]:
    """Return tokens with words that mean nearly the same brought to one form: trained and taught."""
    table = _alike_table()
    return [table.get(token, token) for token in tokens]


@lru_cache(maxsize=1)
def _alike_table() -> dict[str, str]:
    return {stem(word): row.split()[0] for row in ALIKE for word in row.split()}


def _forms(word: str) -> list[str]:
    parts = re.split(r"[-‐‑]", word)
    if len(parts) == 1:
        return [stem(word)]
    whole = stem("".join(parts))
    return [whole, *(stem(part) for part in parts if len(part) > 2 and part not in _STOP)]


class Name:
    """One name of a term, ready to be found in text: capitals match capitals, words match any case."""

    __slots__ = ("pattern", "text")

    def __init__(self, text: str) -> None:
        """Compile the name; a plain word may stand in the plural, white space and hyphens may differ."""
        words = re.split(r"[\s-]+", text)
        body = r"[\s‐‑-]+".join(re.escape(word) for word in words)
        exact = any(sum(map(str.isupper, word)) > 1 or word in _SHORT for word in words) or len(text) < 4
        ending = "s?" if exact or text[-1] in "s'" else r"(?:s|es|'s)?"
        self.text = text
        self.pattern = re.compile(rf"(?<![\w-]){body}{ending}(?![\w])", 0 if exact else re.IGNORECASE)

    def __repr__(self) -> str:
        """Show the name: it comes from our table, not from a record."""
        return f"Name({self.text!r})"


_SHORT = frozenset({"AFib", "Afib", "PsA", "Rx", "Fx", "fx", "rx"})


@lru_cache(maxsize=1)
def _term_names() -> tuple[tuple[Term, tuple[Name, ...]], ...]:
    return tuple((t, tuple(Name(n) for n in (t.name, *t.same, *t.loose))) for t in TERMS)


def find_terms(text: str) -> list[Term]:
    """Return the terms of our table that a text names, in the table's order."""
    return [term for term, names in _term_names() if any(name.pattern.search(text) for name in names)]


def expand_query(query: str) -> tuple[list[str], list[str], str]:
    """Return a query's tokens, those of other names of its terms, and its text with plain names added.

    >>> tokens, more, text = expand_query("history of OSA")
    >>> "apnea" in more, text
    (True, 'history of OSA (obstructive sleep apnea)')
    """
    terms = find_terms(query)
    tokens = list(dict.fromkeys(search_tokens(query)))
    more = dict.fromkeys(search_tokens(" ; ".join(_all_names(terms))))
    plain = [t.name for t in terms if t.name.lower() not in query.lower()]
    return tokens, [t for t in more if t not in tokens], f"{query} ({', '.join(plain)})" if plain else query


def _all_names(terms: Iterable[Term]) -> Iterable[str]:
    for term in terms:
        yield from (term.name, *term.same, *term.kinds, *term.loose)
