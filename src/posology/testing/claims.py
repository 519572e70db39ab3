"""Sentences of drafted letters with what they cite, from made charts; and copies that the sources belie."""

import io
import json
import random
import re
from collections.abc import Iterator, Sequence
from datetime import date

from posology.adapt.claims import Claim
from posology.adapt.claims.faults import add_fault
from posology.adapt.claims.wordings import reword_claim
from posology.chat import ModelIdentity
from posology.config import Settings, load_settings
from posology.corpus import Provenance
from posology.errors import UserError
from posology.evidence import open_embedder
from posology.policies import Code, Policy
from posology.priorauth.drafting import draft
from posology.priorauth.models import Models
from posology.records import read_chart
from posology.testing.charts import make_chart
from posology.testing.plans import random_plan

__all__ = ["claims_of_charts", "word_freely"]

Cited = tuple[str, Sequence[str]]
_SOURCE = "posology letters"
_DAY = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b(?!T)")
_NAME = re.compile(r"“([^”]{3,90})”")
_VALUE = re.compile(r"(?<=: )\d+(?:\.\d+)?(?= [^\W\d])")
_FREE = tuple(
    (re.compile(pattern), wordings)
    for pattern, wordings in (
        (
            r"The record shows the diagnosis “(?P<n>.+?)”: (?P<r>[^;]+)\.",
            ("The patient has {n} ({r}).", "{n} is {r}.", "The patient carries a diagnosis of {n}, {r}."),
        ),
        (
            r"The record shows a prescription of “(?P<n>.+?)”: (?P<r>[^;]+)\.",
            ("{n} was prescribed ({r}).", "The patient was given {n}, {r}.", "A prescription of {n} is {r}."),
        ),
        (
            r"The record shows (?P<n>[^“:]+): (?P<r>[^;]+?), on (?P<d>\d{4}-\d\d-\d\d)\.",
            ("On {d}, the {n} was {r}.", "The patient's {n} was {r} on {d}.", "{n} came to {r} ({d})."),
        ),
        (
            r"The note of (?P<d>\d{4}-\d\d-\d\d) states: “(?P<q>.+?)\.?”\.?",
            ("{q} (note of {d}).", "The chart says on {d}: {q}.", "As noted on {d}: {q}."),
        ),
        (
            r"The record shows (?:the procedure|the visit) “(?P<n>.+?)”(?P<r>.*)\.",
            ("The patient had {n}{r}.", "{n} is documented{r}."),
        ),
        (  # what was ordered has not been done
            r"The record shows an order of “(?P<n>.+?)”(?P<r>.*)\.",
            ("{n} was ordered{r}.", "An order of {n} is documented{r}."),
        ),
    )
)


class _Listener:
    """Stands where the validator stands, and keeps what it is asked."""

    identity = ModelIdentity(name="listener", family="none", version="1", sha256="0" * 64, engine="none")
    threshold = 0.0

    def __init__(self) -> None:
        self.heard: list[Cited] = []

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Keep one pair."""
        return self.score_many([(sentence, sources)])[0]

    def score_many(self, pairs: Sequence[Cited]) -> list[float]:
        """Keep pairs; all are let pass."""
        self.heard += pairs
        return [1.0] * len(pairs)


def claims_of_charts(policies: Sequence[Policy], charts: int, *, seed: int = 0) -> Iterator[Claim]:
    """Yield claims from the letters of so many made charts a policy, drafted by rules alone.

    Each sentence of a letter follows from what it cites: it is fixed words around quotes. Beside it stand
    rewordings, single faults, and the facts of the same chart's other sentences in its place.
    """
    settings = load_settings(profile="rules")
    for policy in policies:
        for number in range(charts):
            own = seed * 1_000_003 + number
            rng = random.Random(f"claims of charts:{policy.id}:{own}")
            heard = _letter(policy, own, settings)
            for place, cited in enumerate(heard):
                provenance = Provenance(_SOURCE, "made here", group=f"policy:{policy.id}")
                name = f"{policy.id}/chart-{own}/{place}"
                yield from _claims(cited, [*heard[:place], *heard[place + 1 :]], (name, provenance), rng)


def _letter(policy: Policy, seed: int, settings: Settings) -> list[Cited]:
    """Return what a validator is asked about one letter; a request without its policy's wording is none."""
    made = make_chart(policy, plan=random_plan(policy, seed), seed=seed)
    chart = read_chart("-", stdin=io.BytesIO(json.dumps(made.bundle).encode()))
    listener = _Listener()
    service = made.truth["service"]
    try:
        draft(
            chart,
            service=Code(service["system"], service["code"]),
            day=date.fromisoformat(made.truth["date"]),
            policies=[policy],
            policy_id=policy.id,
            settings=settings,
            models=Models(None, listener, open_embedder(None)),
        )
    except UserError:  # a chart that cannot be asked for, such as one without a birth date
        return []
    heard = [(text.strip(), tuple(dict.fromkeys(sources))) for text, sources in listener.heard]
    return [one for one in dict.fromkeys(heard) if not one[0].startswith("The policy asks")]


def _claims(
    cited: Cited, others: Sequence[Cited], origin: tuple[str, Provenance], rng: random.Random
) -> Iterator[Claim]:
    name, provenance = origin
    said, sources = cited
    source = "\n".join(sources)
    worded = word_freely(said, rng)
    kind = "as stated" if worded == said else "reworded"
    yield Claim(name, worded, source, True, kind, provenance)
    fault = add_fault(said, source, rng)
    if fault is not None:
        yield Claim(name, word_freely(fault[0], rng), source, False, fault[1], provenance)
    if not others:
        return
    other, foreign = rng.choice(others)
    both = "\n".join(dict.fromkeys(rng.sample([*sources, *foreign], len(sources) + len(foreign))))
    taken = _taken(said, other, rng)
    if taken is not None:
        yield Claim(name, word_freely(said, rng), both, True, f"{kind}, among others", provenance)
        yield Claim(name, word_freely(taken, rng), both, False, "another's fact", provenance)
    if not set(_NAME.findall(said)) & set(_NAME.findall(other)) and rng.random() < 0.3:
        yield Claim(name, worded, "\n".join(foreign), False, "another's source", provenance)


def _taken(said: str, other: str, rng: random.Random) -> str | None:
    """Put a name, day or value of another sentence of the chart in the place of the claim's own.

    Two notes may say the same, and two diagnoses may have begun together: then no name is exchanged.
    """
    alike = said.startswith("The note") or set(_DAY.findall(said)) <= set(_DAY.findall(other))
    for pattern in rng.sample((_DAY, _VALUE) if alike else (_DAY, _NAME, _VALUE), 2 if alike else 3):
        own, foreign = (sorted({m[pattern.groups] for m in pattern.finditer(text)}) for text in (said, other))
        new = [one for one in foreign if one not in said]
        if own and new:
            return said.replace(rng.choice(own), rng.choice(new))
    return None


def word_freely(text: str, rng: random.Random) -> str:
    """Say a sentence of fixed words as a writer would, or leave it."""
    for pattern, wordings in _FREE:
        found = pattern.fullmatch(text)
        if found and rng.random() < 0.75:
            parts = {key: value.strip() if key != "r" else value for key, value in found.groupdict().items()}
            text = rng.choice(wordings).format_map(parts)
            text = text[:1].upper() + text[1:]
            break
    return reword_claim(text, rng) if rng.random() < 0.6 else text
