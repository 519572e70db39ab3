"""The recipe of kind vocabulary: a model's tokenizer learns whole words where the text says it pays."""

from typing import Literal

from pydantic import Field

from posology.adapt.recipe import Base, Recipe, Table, Texts, field_of

__all__ = ["Corpora", "VocabularyRecipe", "Words"]


class Corpora(Table):
    """What texts are read: corpus folders with records.jsonl."""

    corpora: Texts = field_of((), "folders with records.jsonl, from the recipe file's folder")
    purpose: Literal["study", "ship"] = field_of(
        "study", "ship: the licence of every record and of the base must allow that the model is given away"
    )
    limit: int = field_of(0, "read so many records of each folder at most; 0: all", least=0)


class Words(Table):
    """Which words become tokens, and from when on it pays."""

    most: int = field_of(2000, "so many new words at most", least=1)
    least_count: int = field_of(20, "a word must occur so often", least=1)
    least_groups: int = field_of(
        5, "and in so many patients or documents: rarer words may name a person", least=1
    )
    least_saving: float = field_of(
        0.03, "refuse where the words save a smaller share of the tokens", least=0, most=1
    )
    tolerance: float = field_of(
        1e-3, "largest difference of the logits of text without a new word, in 32 bits", least=0
    )


class VocabularyRecipe(Recipe):
    """A recipe of kind vocabulary."""

    kind: Literal["vocabulary"] = Field(description="what is made")
    data: Corpora = Field(description="the texts that words are taken from")
    base: Base = Field(description="the model whose tokenizer learns words")
    words: Words = Words()
