"""Finding and proving: passages, hybrid search, questions judged by rules, fact checks, support."""

from posology.evidence.dates import dates_in
from posology.evidence.embed import Embedder, open_embedder
from posology.evidence.facts import (
    ChartFacts,
    CheckResult,
    Sex,
    Source,
    check_absence,
    check_facts,
    check_sentences,
)
from posology.evidence.passages import Passage, split_passages
from posology.evidence.questions import (
    Ground,
    TextVerdict,
    accept_judgement,
    ground_of,
    judge_by_rules,
    touches,
)
from posology.evidence.search import Hit, PassageIndex
from posology.evidence.support import SupportChecker, open_support_checker

__all__ = [
    "ChartFacts",
    "CheckResult",
    "Embedder",
    "Ground",
    "Hit",
    "Passage",
    "PassageIndex",
    "Sex",
    "Source",
    "SupportChecker",
    "TextVerdict",
    "accept_judgement",
    "check_absence",
    "check_facts",
    "check_sentences",
    "dates_in",
    "ground_of",
    "judge_by_rules",
    "open_embedder",
    "open_support_checker",
    "split_passages",
    "touches",
]
