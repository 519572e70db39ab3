"""Names that their surroundings give away: a title, a signature, a label, a degree, a relative."""

import re

from posology.records.deidentify.kinds import Kind, Replacement
from posology.records.deidentify.words import GIVEN, NOT_NAMES

__all__ = ["find_names"]

_LABEL = "[NAME]"
_CAPITALISED = r"[A-ZÀ-ÖØ-ÞŠŽ][^\W\d_]*(?:['’-][^\W\d_]+)*"
_TOKEN = re.compile(rf"(?:{_CAPITALISED}|(?:van|von|der|den|de|del|della|la|di|da|dos|bin|al|el|y)\b)")
_GAP = re.compile(r"\.?[ \t]*,[ \t]*|\.[ \t]*|[ \t]+(?:\n[ \t]*)?|\n[ \t]*")
_MOST = 4  # words of a name
# MR without a full stop is magnetic resonance.
_TITLE = re.compile(
    r"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Drs|Prof|Professor|Doctor|Rev|Father|Nurse|MR\.|MRS|MS\.|DR|DRS|mr\.|mrs|ms\.|dr\.)"
    r"(?!\w)\.?\s*(?=[A-ZÀ-Þ]|(?:van|von|de|del|la|di|da|el|al)\s)"
)
_SPOKEN = re.compile(
    r"(?<!\w)(?:mr|mrs|dr|ms)\s?\.?\s+(?![a-z]*(?:gram|graphy|scopy|scan|scans|imaging|images?|study|mri)\b)"
    r"([a-z]{3,}(?:-[a-z]+)?)\b"
)
# Who has a name after a colon; "Mother: diabetes" has a disease.
_ROLES = (
    r"patient|provider|physician|surgeon|attending|resident|doctor|dr|pcp|author|clinician|radiologist"
    r"|pathologist|cardiologist|anesthesiologist|counselor|guardian|contact|next of kin|spouse|employer"
    r"|subscriber|insured|attn|attention"
)
_PEOPLE = (
    rf"{_ROLES}|pt|nurse|assistant|consultant|therapist|caregiver|kin|wife|husband|mother|father|son"
    r"|daughter|brother|sister|partner"
)
_LABELS = re.compile(
    rf"(?i:\b(?:(?:{_PEOPLE})(?:['’]s)?\s+(?:full\s+|first\s+|last\s+)?name(?:\s+is|\s+was)?"
    rf"|(?:first|last|full|family|given|maiden)\s+name(?:\s+is)?"
    rf"|my\s+name\s+is|name\s+is|name\s*(?=:)|named|(?:{_ROLES})\s*(?=:)"
    r"|(?:electronically\s+|digitally\s+)?(?:signed|dictated|authenticated|transcribed|reviewed"
    r"|verified|authored|performed|interpreted|referred|seen|ordered|prepared|completed"
    r"|witnessed|attended)\s+(?:electronically\s+)?by"
    r"|dear|sincerely|regards|yours truly|signature))\s*[:,]?\s*(?=[A-ZÀ-Þ])"
)
_RELATIVE = re.compile(
    r"\b(?:wife|husband|son|daughter|mother|father|brother|sister|partner|friend|niece|nephew|aunt"
    r"|uncle|cousin|grandson|granddaughter|caregiver|roommate|neighbor|fianc[eé]e?|boyfriend"
    r"|girlfriend)(?:\s*,\s*|\s+)(?=[A-Z][a-z]+)"
)
_DEGREES = re.compile(
    r"(?:M\.?D|D\.?O|Ph\.?D|R\.?N|N\.?P|PA-C|P\.?A|DPM|DDS|DMD|OD|FNP|ARNP|APRN|CRNA|LCSW|DPT|PharmD|FACS"
    r"|FACC|MBBS)\b"
)
_DEGREE = re.compile(rf"(?P<name>{_CAPITALISED}(?:\s+{_CAPITALISED}\.?){{1,3}})(?=\s*,\s*{_DEGREES.pattern})")
_GIVEN_NAME = re.compile(
    rf"(?<![\w'’-])(?P<first>{_CAPITALISED})(?:[ \t]+[A-Z]\b\.?)?[ \t]+(?={_CAPITALISED})"
)


def find_names(text: str) -> list[Replacement]:
    """Find names by what stands around them; a name alone in a sentence is not found."""
    starts = [m.end() for pattern in (_TITLE, _RELATIVE) for m in pattern.finditer(text)]
    starts += [m.start() for m in _GIVEN_NAME.finditer(text) if m["first"].lower() in GIVEN]
    spans = [(start, _run_end(text, start)) for start in starts]
    spans += [(m.end(), _listed_end(text, m.end())) for m in _LABELS.finditer(text)]
    spans += [m.span("name") for m in _DEGREE.finditer(text) if not _is_plain(m["name"])]
    spans += [m.span(1) for m in _SPOKEN.finditer(text) if m[1] not in NOT_NAMES]
    return [Replacement(start, end, Kind.NAME, _LABEL) for start, end in spans if end > start]


def _run_end(text: str, start: int) -> int:
    """Return where a run of up to four name words ends; ``start`` where there is none."""
    end = place = start
    for number in range(_MOST):
        token = _TOKEN.match(text, place)
        if token is None or (_stem(token[0]) in NOT_NAMES and not _is_middle(text, token, number)):
            break
        if token[0][0].isupper():
            end = token.start() + len(_bare(token[0]))
        gap = _GAP.match(text, token.end())
        if gap is None or not _goes_on(token[0], gap[0], number):
            break
        place = gap.end()
    return end


def _listed_end(text: str, start: int) -> int:
    """Return where a name after a label ends, which may be written family name first: "Doe, Jane A."."""
    end = _run_end(text, start)
    comma = re.compile(r",[ \t]*(?=[A-ZÀ-Þ])").match(text, end)
    if comma is None or end == start or _DEGREES.match(text, comma.end()):
        return end
    return max(end, _run_end(text, comma.end()))


def _goes_on(token: str, gap: str, number: int) -> bool:
    """Say whether a name may go on: a full stop follows initials only, a comma the family name only."""
    if "\n" in gap:
        return False
    if "." in gap:
        return len(token) == 1  # of an initial
    if "," in gap:
        return False
    # In capitals every word looks like a name: two are enough.
    return not (len(token) > 1 and token.isupper() and number >= 1) and not token.endswith(("'s", "’s"))


def _is_middle(text: str, token: re.Match[str], number: int) -> bool:
    """Say whether a letter within a name is a middle initial: "Jane A."."""
    return (
        number > 0
        and len(token[0]) == 1
        and token[0].isupper()
        and text[token.end() : token.end() + 1] == "."
    )


def _bare(token: str) -> str:
    return token[:-2] if token.endswith(("'s", "’s", "'S", "’S")) else token


def _stem(token: str) -> str:
    return _bare(token).lower()


def _is_plain(name: str) -> bool:
    words = [word.strip(".") for word in name.split() if len(word.strip(".")) > 1]
    # "Noted CT, PA and lateral" mixes words in capitals with others; a name does not.
    return any(word.lower() in NOT_NAMES for word in words) or len({word.isupper() for word in words}) > 1
