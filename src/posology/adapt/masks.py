"""What each term counts: examples as tokens, with a mask over the answer's tokens for every term.

Prompts are rendered as the transformers engine sends them, template or plain text, so that a model is asked
as it was tuned. Masks lie over the answer's tokens, its end included, never over the prompt; where earlier
turns are learned too, the prompt is what stands before the first of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from posology.adapt.support import find_support
from posology.chat import Message, Prompt
from posology.chat.torch_prompts import Answered, PromptCodec
from posology.corpus import Example
from posology.errors import UserError
from posology.spans import Span

__all__ = ["Marked", "Marker", "mark_example", "mark_examples"]

_ABSENT = "(no source text)"  # stands in the place of the source in a prompt without it


@dataclass(frozen=True, slots=True)
class Marked:
    """An example as tokens; the masks have one place for each token of the answer."""

    id: str
    context: tuple[int, ...]
    answer: tuple[int, ...]
    learn: tuple[bool, ...]  # tokens whose likelihood counts, and which a teacher is asked about
    unsupported: tuple[bool, ...]  # of facts that the source does not bear out
    grounded: tuple[bool, ...]  # of facts that it does
    bare: tuple[int, ...] = ()  # the context without the source; () where there is nothing to contrast
    weight: float = 1.0

    @property
    def tokens(self) -> int:
        """Return how many tokens go through the model, the bare context not counted."""
        return len(self.context) + len(self.answer)

    def __repr__(self) -> str:
        """Show id and sizes only: the tokens are text."""
        return f"Marked({self.id}, {len(self.context)} and {len(self.answer)} tokens)"


@dataclass(frozen=True, slots=True)
class Marker:
    """How examples are marked: the codec of the model, the tokens that end an answer, whether facts count.

    ``turns``: the model's earlier turns in a prompt are answers too, and learned; without ``contrast``.
    """

    codec: PromptCodec
    ends: Collection[int]
    ground: bool = False
    contrast: bool = False
    turns: bool = False


def mark_example(example: Example, marker: Marker) -> Marked:
    """Turn an example into tokens and masks; raise UserError where nothing of it would be learned.

    With ``ground``, tokens of unsupported facts are not learned: they are only made unlikely.
    """
    if not example.answer.strip():
        raise UserError(f"{example.id}: the answer is empty: 0 tokens would be supervised; leave it out")
    written = marker.codec.answered(Prompt(example.messages), example.answer, marker.ends)
    none = (False,) * len(written.answer)
    unsupported = grounded = none
    if marker.ground and example.source_text:
        found = find_support(written.text, example.source_text)
        unsupported = _marks(written, found.unsupported)
        grounded = _marks(written, found.grounded)
    learn = tuple(not bad for bad in unsupported)
    if not any(learn) and not any(unsupported):
        raise UserError(f"{example.id}: 0 tokens would be supervised")
    bare = _bare_context(example, marker) if any(grounded) and marker.contrast else ()
    marked = Marked(
        example.id,
        written.context,
        written.answer,
        learn,
        unsupported,
        grounded if bare else none,
        bare,
        example.weight,
    )
    return _with_turns(marked, example, marker) if marker.turns else marked


def _with_turns(marked: Marked, example: Example, marker: Marker) -> Marked:
    """Let the answer begin at the model's first turn; of what comes after, its own turns are learned.

    Raises UserError where a model's template writes an earlier turn otherwise than an answer.
    """
    told = [place for place, turn in enumerate(example.messages) if turn.role == "assistant"]
    if not told:
        return marked
    context, learn, start = marked.context, list[bool](), 0
    for place in told:
        said = example.messages[place].content
        turn = marker.codec.answered(Prompt(example.messages[:place]), said, marker.ends)
        whole = (*turn.context, *turn.answer)
        if context[: len(whole)] != whole:
            raise UserError(
                f"{example.id}: turn {place + 1}: this model's template writes an earlier turn otherwise "
                'than an answer; only the last can be learned: data.learn = "answer"'
            )
        start = start or len(turn.context)
        learn += [False] * (len(turn.context) - start - len(learn)) + [True] * len(turn.answer)
    learn += [False] * (len(context) - start - len(learn))
    none = (False,) * len(learn)
    return replace(
        marked,
        context=context[:start],
        answer=(*context[start:], *marked.answer),
        learn=(*learn, *marked.learn),
        unsupported=(*none, *marked.unsupported),
        grounded=(*none, *marked.grounded),
    )


def mark_examples(examples: Sequence[Example], marker: Marker) -> list[Marked]:
    """Mark every example, in order."""
    return [mark_example(example, marker) for example in examples]


def _marks(written: Answered, spans: Sequence[Span]) -> tuple[bool, ...]:
    """Return which tokens share a character with one of the spans."""
    return tuple(any(one < span.end and span.start < end for span in spans) for one, end in written.spans)


def _bare_context(example: Example, marker: Marker) -> tuple[int, ...]:
    """Return the prompt's tokens with the source cut out of it, () where it does not stand in the prompt."""
    source = example.source_text.strip()
    turns = tuple(
        Message(turn.role, turn.content.replace(source, _ABSENT)) if turn.role != "assistant" else turn
        for turn in example.messages
    )
    return () if turns == example.messages else marker.codec.context(Prompt(turns)).tokens
