"""Rewordings of a sentence that leave every fact as it is."""

import random
import re
from collections.abc import Callable

__all__ = ["reword"]

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WORDS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_TERMS = (
    ("twice daily", ("BID", "two times a day", "every 12 hours")),
    ("three times daily", ("TID", "three times a day", "every 8 hours")),
    ("once daily", ("daily", "every day", "QD")),
    ("BID", ("twice daily", "twice a day")),
    ("TID", ("three times a day",)),
    ("at bedtime", ("nightly", "QHS")),
    ("once a week", ("weekly", "every week")),
    ("weekly", ("once weekly",)),
    ("events per hour", ("events/hour", "/h")),
    ("kg/m2", ("kg/m²", "kg per m2", "kilograms per square meter")),
    ("mg/dL", ("mg per dL", "milligrams per deciliter")),
    (" percent", (" %",)),
    ("%", (" percent",)),
    (" mg ", (" milligrams ",)),
    (" kg ", (" kilograms ",)),
    ("denies", ("reports no", "does not report", "does not have")),
    ("denied", ("reported no", "did not have")),
    ("has no ", ("does not have ", "is free of ")),
    ("There is no ", ("There is no evidence of ",)),
    ("without success", ("unsuccessfully", "and it failed")),
    ("without benefit", ("without any benefit", "with no benefit")),
    ("did not help", ("was of no help",)),
    ("with good relief", ("with relief",)),
    ("shortness of breath", ("dyspnea",)),
    ("hypertension", ("high blood pressure",)),
    ("type 2 diabetes", ("T2DM", "type II diabetes")),
    ("coronary artery disease", ("CAD",)),
    ("obstructive sleep apnea", ("OSA",)),
    ("heart failure", ("CHF",)),
    ("was diagnosed with", ("received a diagnosis of",)),
    ("Hemoglobin A1c", ("HbA1c", "A1c")),
    ("HbA1c", ("A1c", "hemoglobin A1c")),
    ("Body mass index", ("BMI",)),
    ("BMI", ("body mass index",)),
    ("Creatinine", ("Serum creatinine",)),
    ("LVEF", ("ejection fraction", "EF")),
    ("Oxygen saturation", ("SpO2",)),
    ("AHI", ("apnea-hypopnea index",)),
    ("complains of", ("reports",)),
    ("presented with", ("came in with",)),
    ("physical therapy", ("PT", "physiotherapy")),
    ("past medical history", ("medical history",)),
    ("fracture", ("broken bone",)),
    ("was measured at", ("was",)),
    ("year-old", ("yo", "y/o")),
    ("years of age", ("years old",)),
    ("mmHg", ("mm Hg",)),
    ("twice a day", ("BID",)),
    ("by mouth", ("orally", "PO")),
    ("the left", ("the LEFT",)),
    ("24 months", ("2 years",)),
    ("12 months", ("1 year", "one year")),
    ("evidence of", ("signs of",)),
    ("without ", ("with no ",)),
    ("documented", ("recorded",)),
    ("Lasix", ("furosemide",)),
    ("Coumadin", ("warfarin",)),
    ("Tylenol", ("acetaminophen",)),
    ("Synthroid", ("levothyroxine",)),
    ("atorvastatin", ("Lipitor",)),
    ("gabapentin", ("Neurontin",)),
    ("sertraline", ("Zoloft",)),
    ("duloxetine", ("Cymbalta",)),
)


def _dates(text: str, rng: random.Random) -> str:
    def reformat(match: re.Match[str]) -> str:
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        if not 1 <= month <= 12:
            return match.group()
        name = _MONTHS[month - 1]
        forms = (
            f"{name} {day}, {year}",
            f"{name[:3]} {day}, {year}",
            f"{day} {name} {year}",
            f"{month:02d}/{day:02d}/{year}",
        )
        return rng.choice(forms)

    return re.sub(r"\b((?:19|20)\d\d)-(\d\d)-(\d\d)\b", reformat, text)


def _long_dates(text: str, rng: random.Random) -> str:
    def reformat(match: re.Match[str]) -> str:
        month, day, year = _MONTHS.index(match[1]) + 1, int(match[2]), int(match[3])
        return rng.choice(
            (
                f"{year}-{month:02d}-{day:02d}",
                f"{match[1][:3]} {day}, {year}",
                f"{month}/{day}/{year}",
                f"the {day}th of {match[1]} {year}",
            )
        )

    return re.sub(rf"\b({'|'.join(_MONTHS)}) (\d{{1,2}}), (\d{{4}})\b", reformat, text)


def _number_words(text: str, _: random.Random) -> str:
    return re.sub(
        r"(?<![\w./-])([2-9]|1[0-2])(?= (?:weeks|months|days|years|tablets)\b)",
        lambda m: _WORDS[int(m[1])],
        text,
    )


def _terms(text: str, rng: random.Random) -> str:
    for term, others in _TERMS:
        if term != "fracture" and rng.random() < 0.6:
            pattern = (
                (r"\b" if term[0].isalnum() else "") + re.escape(term) + (r"\b" if term[-1].isalnum() else "")
            )
            chosen = rng.choice(others)
            text = re.sub(pattern, lambda _, chosen=chosen: chosen, text, count=1)
    return text


def _opening(text: str, rng: random.Random) -> str:
    opening = rng.choice(
        ("According to the chart, ", "As documented, ", "Per the record, ", "Of note, ", "In summary, ")
    )
    return opening + (
        text[0].lower() + text[1:] if re.match(r"(?:She|He|The|There|On|A|His|Her) ", text) else text
    )


def _fronted(text: str, _: random.Random) -> str:
    match = re.fullmatch(r"(?P<rest>[A-Z].*?) (?P<when>(?:on|in|since) [^,.]*\d{4}(?:-\d\d-\d\d)?)\.", text)
    return (
        f"{match['when'][0].upper()}{match['when'][1:]}, {match['rest'][0].lower()}{match['rest'][1:]}."
        if match and match["rest"].startswith(("She ", "He ", "The "))
        else text
    )


def _rounded(text: str, _: random.Random) -> str:
    """Round a measurement of 20 or more to whole units; doses are left alone."""
    return re.sub(
        r"\b([2-9]\d|1\d\d)\.(\d)(?= (?:kg|%|percent|events)(?![\w]))",
        lambda m: f"{float(m.group()):.0f}" if m[2] != "5" else m.group(),
        text,
    )


_RULES: tuple[Callable[[str, random.Random], str], ...] = (
    _terms,
    _dates,
    _long_dates,
    _number_words,
    _fronted,
    _rounded,
    _opening,
)


def reword(text: str, rng: random.Random) -> str:
    """Reword a sentence by several rules; the facts stay."""
    for rule in _RULES:
        if rng.random() < 0.7:
            text = rule(text, rng)
    return text
