"""Text leaves: a question is answered from notes, always with a verbatim quote.

Retrieval finds passages, rules and a small model judge single sentences of them, and a deterministic guard
outranks the model: a sentence that is negated, uncertain, hypothetical or about a relative never counts.
The quote is the sentence itself, so it stands in the note word for word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from posology.chat import Choice, Generator, Message, Prompt, Reads, ask
from posology.evidence import Ground, Hit, PassageIndex, ground_of, judge_by_rules, touches
from posology.policies import Finding, Leaf, Window, day_in_window
from posology.priorauth.events import event_date
from posology.quotes import Evidence, EvidenceKind, Status
from posology.records.dates import PartialDate
from posology.spans import Span

__all__ = ["Verdict", "judgement_prompt", "read_leaves"]

HITS = 8  # passages looked at for a question
ASKED = {"named": 6, "all": 16}  # sentences of them shown to the model
NEAR, SLACK = 0.3, 0.05  # cosine of a sentence with its question; below that with the nearest question

Answer = Literal["yes", "no"]

_SYSTEM = (
    "You read one sentence of a clinical note and answer a question about the patient. Answer yes if the "
    "sentence says so, no if the sentence says the opposite, and not stated if it does not say."
)
_SHOTS = (
    ("Does the patient have asthma?", "He has had asthma since childhood, on albuterol.", "yes"),
    ("Does the patient have asthma?", "Lungs clear, no history of asthma.", "no"),
    ("Does the patient have asthma?", "His sister has asthma.", "not stated"),
    ("Was physical therapy tried without success?", "Completed 8 weeks of PT with no relief.", "yes"),
    ("Was physical therapy tried without success?", "Blood pressure is well controlled.", "not stated"),
)


@dataclass(frozen=True)
class Verdict:
    """One sentence's answer to a question, and who gave it."""

    answer: Answer
    source: str
    span: Span
    quote: str
    date: PartialDate | None
    decided_by: str
    score: float = 0.0

    def as_evidence(self) -> Evidence:
        """Return the sentence as a quoted piece of evidence."""
        when = self.date.text if self.date else None
        return Evidence(
            EvidenceKind.TEXT, self.source, self.quote, start=self.span.start, end=self.span.end, date=when
        )

    def __repr__(self) -> str:
        """Show the answer and where it stands: the quote is patient text."""
        return f"Verdict({self.answer}, {self.source}, {self.span.start}:{self.span.end})"


def read_leaves(
    leaves: Sequence[Leaf],
    index: PassageIndex,
    writer: Generator | None,
    day: date,
    *,
    reads: Reads = "named",
) -> dict[str, Finding]:
    """Answer the question of each leaf from the chart's text.

    Where the rules read a sentence they decide; what they do not read goes to the model in one batch. A model
    that was tuned to judge may read ``all``.
    """
    hits = {leaf.id: index.search(str(leaf.question), HITS) for leaf in leaves}
    verdicts = {leaf.id: _by_rules(leaf, hits[leaf.id]) for leaf in leaves}
    silent = [leaf for leaf in leaves if not verdicts[leaf.id]]
    if writer is not None and silent:
        shown = [one for leaf in silent for one in _sentences(leaf, hits[leaf.id], reads)]
        verdicts |= _by_model(silent, _own(shown, leaves, index) if reads == "all" else shown, writer)
    return {leaf.id: _settle(leaf, verdicts[leaf.id], hits[leaf.id], day) for leaf in leaves}


def _by_rules(leaf: Leaf, hits: Sequence[Hit]) -> list[Verdict]:
    """Judge each sentence by itself, so that a yes and a no of one passage are both seen."""
    found: dict[tuple[str, int], Verdict] = {}
    for hit in hits:
        for span in hit.passage.sentences:
            one = replace(hit, passage=replace(hit.passage, sentences=(span,)))
            verdict = judge_by_rules(str(leaf.question), [one])
            if verdict.answer in ("yes", "no") and verdict.span is not None:
                read = _verdict(hit, verdict.answer, verdict.span, "rule", verdict.score)
                found.setdefault((hit.passage.source, verdict.span.start), read)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Shown:
    """A sentence that is shown to the model under a leaf's question, and the answers that would count."""

    leaf: Leaf
    hit: Hit
    span: Span
    ground: Ground
    counts: tuple[Answer, ...]


def _own(shown: Sequence[_Shown], leaves: Sequence[Leaf], index: PassageIndex) -> list[_Shown]:
    """Keep what is as near to its own question as to any other of the policy, and near at all.

    A sentence that names what another question asks, and nothing of this one, is the other's. A small model
    says yes to much that is of the same matter: on charts of the policies that nothing is reported on 69 of
    its 183 yes answered the question; of the 78 that are as near as this, 59 did.
    """
    if not shown:
        return []
    sentences = [" ".join(one.hit.passage.sentence_text(one.span).split()) for one in shown]
    near = index.nearness(sentences, [str(leaf.question) for leaf in leaves])
    place = {leaf.id: number for number, leaf in enumerate(leaves)}
    return [
        one
        for one, row in zip(shown, near, strict=True)
        if row[place[one.leaf.id]] >= max(NEAR, float(row.max()) - SLACK)
        and not (one.ground == "unnamed" and _is_anothers(one, leaves))
    ]


def _is_anothers(one: _Shown, leaves: Sequence[Leaf]) -> bool:
    others = (leaf for leaf in leaves if leaf.id != one.leaf.id)
    return any(_ground(leaf, one.hit, one.span) in ("named", "negated") for leaf in others)


def _by_model(leaves: Sequence[Leaf], asked: Sequence[_Shown], writer: Generator) -> dict[str, list[Verdict]]:
    """Ask the model about sentences; which of its answers count, ``_COUNTS`` says.

    A no of the untuned model was right two times in three on made charts: not enough to speak against a
    request. A no must name what it denies: "No rash" answers no question on sleep.
    """
    prompts = [
        judgement_prompt(str(one.leaf.question), one.hit.passage.sentence_text(one.span)) for one in asked
    ]
    found: dict[str, list[Verdict]] = {leaf.id: [] for leaf in leaves}
    for one, answer in zip(asked, ask(writer, prompts, parse=str), strict=True):
        for counted in one.counts:
            if answer.value == counted:
                near = float(one.ground == "named")  # what names the matter is shown before what does not
                verdict = _verdict(one.hit, counted, one.span, writer.identity.name, near)
                found[one.leaf.id].append(verdict)
    return found


# which answers of a model count, by what it reads and by what the sentence offers; none: it is not asked
_COUNTS: Mapping[Reads, Mapping[Ground, tuple[Answer, ...]]] = {
    "named": {"named": ("yes",), "unnamed": (), "negated": (), "refused": ()},
    "all": {"named": ("yes", "no"), "unnamed": ("yes",), "negated": ("no",), "refused": ()},
}


def _sentences(leaf: Leaf, hits: Sequence[Hit], reads: Reads) -> list[_Shown]:
    """Choose the sentences worth asking about, best passages first; those that name what is asked lead."""
    chosen: dict[tuple[str, int], _Shown] = {}
    for hit in hits:
        for span in hit.passage.sentences:
            ground = _ground(leaf, hit, span)
            if counts := _COUNTS[reads][ground]:
                one = _Shown(leaf, hit, span, ground, counts)
                chosen.setdefault((hit.passage.source, span.start), one)
    return sorted(chosen.values(), key=lambda one: one.ground == "unnamed")[: ASKED[reads]]


def _ground(leaf: Leaf, hit: Hit, span: Span) -> Ground:
    passage = hit.passage
    return ground_of(str(leaf.question), passage.text, _inside(hit, span), section=passage.section)[0]


def _named(leaf: Leaf, hits: Sequence[Hit]) -> bool:
    """Tell whether any sentence names what is asked, in whatever way: then nothing may be called absent."""
    return any(touches(str(leaf.question), hit.passage) for hit in hits)


def _inside(hit: Hit, span: Span) -> Span:
    return Span(span.start - hit.passage.start, span.end - hit.passage.start)


def _verdict(hit: Hit, answer: Answer, span: Span, by: str, score: float = 0.0) -> Verdict:
    quote = hit.passage.sentence_text(span)
    when = event_date(quote) or hit.passage.date
    return Verdict(answer, hit.passage.source, span, quote, when, by, score)


def judgement_prompt(question: str, sentence: str) -> Prompt:
    """Return how the model is asked what one sentence of a note answers to a question."""
    messages = [Message("system", _SYSTEM)]
    for shot_question, shot_sentence, shot_answer in _SHOTS:
        messages += [Message("user", _ask(shot_question, shot_sentence)), Message("assistant", shot_answer)]
    messages.append(Message("user", _ask(question, sentence)))
    return Prompt(tuple(messages), Choice(("yes", "no", "not stated")), max_tokens=4)


def _ask(question: str, sentence: str) -> str:
    return f"Sentence: {' '.join(sentence.split())}\nQuestion: {question}"


def _settle(leaf: Leaf, verdicts: Sequence[Verdict], hits: Sequence[Hit], day: date) -> Finding:
    looked = (_looked(leaf, hits, verdicts),)
    timely = [(v, _timely(leaf, v, day)) for v in verdicts]
    inside = [v for v, fits in timely if fits is True]
    if not inside:
        return _nothing(leaf, timely, hits, looked)
    best, contrary, clash = _weigh(inside)
    evidence, against = (best.as_evidence(),), tuple(v.as_evidence() for v in contrary)
    if clash:
        reason = "The notes contradict each other on this point."
        return Finding(Status.UNKNOWN, "conflict", evidence, against, reason, looked, best.decided_by)
    status = Status.MET if best.answer == leaf.expect else Status.NOT_MET
    said = "answers yes" if best.answer == "yes" else "answers no"
    reason = f"A note {said} to the question; a person must confirm the reading."
    return Finding(status, "text", evidence, against, reason, (), best.decided_by)


def _weigh(verdicts: Sequence[Verdict]) -> tuple[Verdict, list[Verdict], bool]:
    """Choose the verdict to show; the notes clash where a no is not older than every yes."""
    yes = sorted((v for v in verdicts if v.answer == "yes"), key=_rank)
    no = sorted((v for v in verdicts if v.answer == "no"), key=_rank)
    if not yes or not no:
        return (yes or no)[0], [], False
    return yes[0], no, not all(_older(n, yes[0]) for n in no)


def _rank(verdict: Verdict) -> tuple[int, float, int]:
    newest = -verdict.date.earliest.toordinal() if verdict.date else 0
    return (0 if verdict.decided_by == "rule" else 1, -verdict.score, newest)


def _older(one: Verdict, other: Verdict) -> bool:
    return one.date is not None and other.date is not None and one.date.latest < other.date.earliest


def _timely(leaf: Leaf, verdict: Verdict, day: date) -> bool | None:
    """Tell whether a verdict is dated where the leaf wants it; ``None`` where that cannot be told."""
    if verdict.date is not None and verdict.date.on_or_before(day) is False:
        return False
    if leaf.within is None:
        return True
    return day_in_window(verdict.date, Window(leaf.within, day)) if verdict.date else None


def _nothing(
    leaf: Leaf, timely: Sequence[tuple[Verdict, bool | None]], hits: Sequence[Hit], looked: tuple[str, ...]
) -> Finding:
    unsure = tuple(v.as_evidence() for v, fits in timely if fits is None)
    if unsure:
        reason = "A note speaks of it, but its date cannot be placed inside the time that the policy allows."
        return Finding(Status.UNKNOWN, "text", unsure, (), reason, looked, "rule")
    if leaf.when_absent == "not_met" and not _named(leaf, hits):
        return Finding(Status.NOT_MET, "absence", (), (), "No passage of the record says so.", looked, "rule")
    reason = "The record's text does not answer the question."
    return Finding(Status.UNKNOWN, "none", (), (), reason, looked, "rule")


def _looked(leaf: Leaf, hits: Sequence[Hit], verdicts: Sequence[Verdict]) -> str:
    where = ", ".join(dict.fromkeys(hit.passage.source for hit in hits)) or "no document holds text"
    came = f"; {len(verdicts)} sentences spoke of it" if verdicts else "; no sentence asserts or denies it"
    return f"“{leaf.question}” in {len(hits)} passages ({where}){came}"
