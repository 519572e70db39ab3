"""From accepted reviews to examples, each with who wrote it and who accepted it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from posology.adapt.teacher.passages import passage_prompt, quoted_answer
from posology.adapt.teacher.review import Decided, Review
from posology.corpus import Example, Provenance
from posology.priorauth.reading import judgement_prompt

__all__ = ["Mapped", "examples_of_reviews", "mapped_sections", "undecided"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A sentence of a document and the words of the policy that it answers to, as a person mapped them."""

    policy: str
    section: str
    sentence: str
    provenance: Provenance

    def __repr__(self) -> str:
        """Show the policy only."""
        return f"Mapped({self.policy})"


def examples_of_reviews(reviews: Iterable[Review]) -> list[Example]:
    """Return two examples for each answered question of each accepted document, one for an open question.

    The document is asked as a passage with its quote, and the quoted sentence by itself as a draft asks it.
    """
    return [example for review in reviews if review.verdict == "accept" for example in _of(review)]


def undecided(reviews: Sequence[Review]) -> int:
    """Count the documents on which nobody has decided; they are not learned from."""
    return sum(1 for review in reviews if not review.verdict)


def mapped_sections(reviews: Iterable[Review]) -> list[Mapped]:
    """Return the sentences of accepted documents that a person mapped to the policy's words."""
    return [
        Mapped(review.policy, point.section, point.quote, review.provenance)
        for review in reviews
        if review.verdict == "accept"
        for point in review.points
        if point.section and point.quote
    ]


def _of(review: Review) -> Iterator[Example]:
    for point in review.points:
        yield _passage(review, point)
        if point.quote:
            yield _sentence(review, point)


def _passage(review: Review, point: Decided) -> Example:
    document = " ".join(review.document.split())
    return Example(
        f"{review.id}/{point.leaf}/passage",
        passage_prompt(point.question, document).messages,
        quoted_answer(point.told, " ".join(point.quote.split())),
        _accepted(review),
        "passage",
        source_text=document,
    )


def _sentence(review: Review, point: Decided) -> Example:
    messages = judgement_prompt(point.question, point.quote).messages
    return Example(f"{review.id}/{point.leaf}/judge", messages, point.told, _accepted(review), "judge")


def _accepted(review: Review) -> Provenance:
    of = review.provenance
    return replace(of, consent="; ".join(text for text in (of.consent, f"accepted by {review.by}") if text))
