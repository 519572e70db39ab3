"""The form of ICD-10-CM codes, their categories and chapters."""

__all__ = ["CHAPTERS", "ICD_10_CM", "category_of", "chapter_of"]

ICD_10_CM = r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?"
"""The form of a code: three characters, then a dot and one to four more."""

CHAPTERS: tuple[tuple[str, str, str], ...] = (
    ("A00", "B99", "infectious and parasitic diseases"),
    ("C00", "D49", "neoplasms"),
    ("D50", "D89", "blood and immune mechanism"),
    ("E00", "E89", "endocrine, nutritional and metabolic diseases"),
    ("F01", "F99", "mental and behavioral disorders"),
    ("G00", "G99", "nervous system"),
    ("H00", "H59", "eye"),
    ("H60", "H95", "ear"),
    ("I00", "I99", "circulatory system"),
    ("J00", "J99", "respiratory system"),
    ("K00", "K95", "digestive system"),
    ("L00", "L99", "skin"),
    ("M00", "M99", "musculoskeletal system"),
    ("N00", "N99", "genitourinary system"),
    ("O00", "O9A", "pregnancy and childbirth"),
    ("P00", "P96", "perinatal period"),
    ("Q00", "Q99", "congenital malformations"),
    ("R00", "R99", "symptoms and abnormal findings"),
    ("S00", "T88", "injury and poisoning"),
    ("U00", "U85", "codes for special purposes"),
    ("V00", "Y99", "external causes"),
    ("Z00", "Z99", "factors influencing health status"),
)
"""First and last category of each chapter of ICD-10-CM, and what it is about."""


def category_of(code: str) -> str:
    """Return the first three characters.

    >>> category_of("N44.8")
    'N44'
    """
    return code.partition(".")[0][:3]


def chapter_of(code: str) -> str:
    """Return what the chapter of a code is about, "" where no chapter has it.

    >>> chapter_of("O9A.2")
    'pregnancy and childbirth'
    """
    category = category_of(code)
    return next((about for first, last, about in CHAPTERS if first <= category <= last), "")
