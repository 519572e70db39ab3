"""Places smaller than a state: streets, post boxes, cities before a state, and ZIP codes."""

import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["SUFFIXES", "find_places"]

# Street words with their abbreviations.
SUFFIXES = {
    "street": "st", "avenue": "ave", "road": "rd", "lane": "ln", "drive": "dr", "court": "ct",
    "boulevard": "blvd", "place": "pl", "terrace": "ter", "circle": "cir", "highway": "hwy",
    "parkway": "pkwy", "square": "sq", "trail": "trl", "turnpike": "tpke", "way": "way", "row": "row",
    "alley": "aly", "crescent": "cres", "plaza": "plz", "loop": "loop", "pike": "pike", "mall": "mall",
}  # fmt: skip
_SUFFIX = "|".join(f"{word.capitalize()}s?|{short.capitalize()}" for word, short in SUFFIXES.items())
_UNIT = r"(?:,?\s*\n?\s*(?:(?i:apartment|apt|suite|ste|unit|floor|fl|room|rm)\.?\s*#?\s*\w{1,6}|#\s*\w{1,5}))"
_WORD = r"[A-Z][\w'’.-]*"
_CITY = r"[A-Z][\w'’-]+"
_STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia"
    "|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts"
    "|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey"
    "|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania"
    "|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington"
    "|West Virginia|Wisconsin|Wyoming|Puerto Rico"
)
# Codes that mean nothing else in a chart; MD, PA, CT, MI, MS, DO and the like need a ZIP code after them.
_PLAIN_CODES = "AK|AR|AZ|FL|GA|IA|KS|KY|MN|NC|ND|NE|NH|NJ|NM|NV|NY|OH|RI|SD|TN|TX|UT|VT|WI|WV|WY"
_CODES = f"{_PLAIN_CODES}|AL|CA|CO|CT|DC|DE|HI|ID|IL|IN|LA|MA|MD|ME|MI|MO|MS|MT|OK|OR|PA|PR|SC|VA|WA|AA|AE|AP"
_ZIP = r"\d{5}(?:-\d{4})?(?![\d-])"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\w/.])\d{{1,6}}[A-Za-z]?(?:\s+(?:[NSEW]\.?|North|South|East|West|\d+(?:st|nd|rd"
        rf"|th)))?(?:\s+{_WORD}){{1,4}}?"
        rf"\s+(?:{_SUFFIX})\b\.?(?!\s+(?:[A-Z][a-z]+\s+)?(?:{_SUFFIX})\b)(?:\s+[NSEW]{{1,2}}\b\.?)?{_UNIT}?",
        rf"(?<![\w/.])\d{{1,6}}\s+(?:\d+(?:st|nd|rd|th)\s+)(?:{_SUFFIX})\b\.?{_UNIT}?",
        r"\b(?i:p\.?\s?o\.?\s*box|post\s+office\s+box|PSC)\s*#?\s*\d+(?:,?\s*Box\s+\d+)?",
        r"\b(?i:apartment|apt\.?)\s*#?\s*\d{1,5}[A-Za-z]?\b",
        rf"(?P<part>{_WORD}(?:\s+{_WORD}){{0,2}}\s*,?\s+)(?:{_STATES}|{_CODES})\.?,?\s+{_ZIP}",
        rf"(?<![\w,])(?P<part>[A-Z][a-z]+(?:[ -][A-Z][a-z]+){{0,2}})(?=,\s*(?:{_STATES}"
        rf"|(?:{_PLAIN_CODES}))\b)",
        rf"(?:{_STATES}|\b(?:{_CODES}))\.?,?\s+(?P<part>{_ZIP})",
        rf"(?i:\b(?:zip|postal|post)(?:\s*code)?\b\W*(?:is|of|:)?\W*)(?P<part>{_ZIP})",
        r"(?<![\w-])(?P<part>\d{5}-\d{4})(?![\w-])",
        r"(?i:\bzip(?:\s*code)?\b\W*(?:(?:is|of|:)\W*)?)(?P<part>\d[\d -]{1,8}\d)",
        r"(?i:\b(?:[AFD]PO)\s+A[AEP]\s+\d{5}(?:-\d{4})?)",
        r"(?<![\w/.])\d{1,6}(?:\s+(?:[A-Z]|\d)[\w'’-]*\.?){1,5}?,?\s+(?:Apt|Apartment|Suite|Ste)\b\.?\s*#?\d{1,5}(?!\w)",
        r"(?i:\b(?:address|home|residence)(?:\s+(?:is|was)|\s*:)\s*)(?P<part>\d{1,6}\s+[^\n;?!]{4,80}?)(?=\.\s|[.\n;?!]*$|\n|;)",
        rf"(?i:\b(?:lives?|living|resides?|residing|home|house|born|raised|grew up|moved"
        rf"|relocated|native)\s+(?:in|at|to|from|of"
        rf"|near)\s+)(?P<part>{_CITY}(?:[ \t]+{_CITY}){{0,2}})",
    )
)


def find_places(text: str) -> list[Replacement]:
    """Find addresses and what stands before a state or after "lives in"; a state itself is kept."""
    return [
        _replacement(text, match)
        for pattern in _PATTERNS
        for match in pattern.finditer(text)
        if not _is_state(match)
    ]


def _is_state(match: re.Match[str]) -> bool:
    part = match.groupdict().get("part")
    return (
        part is not None
        and re.fullmatch(rf"(?:{_STATES}|United States|US|USA|U\.S\.A?\.?|America)\W*", part) is not None
    )


def _replacement(text: str, match: re.Match[str]) -> Replacement:
    part = "part" if match.groupdict().get("part") is not None else 0
    start = match.start(part)
    end = start + len(match[part].rstrip(" ,.\n"))
    label = "[ZIP]" if re.fullmatch(_ZIP, text[start:end]) else "[ADDRESS]"
    return Replacement(start, end, Kind.PLACE, label)
