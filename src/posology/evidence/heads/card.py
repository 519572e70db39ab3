"""The file head.json of a trained head: what it answers, how it reads, and what its weights must be."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from posology.chat.catalogue import family_of
from posology.errors import ModelError
from posology.evidence.heads.comparing import HEADS
from posology.evidence.heads.windows import BERT_MARKS
from posology.files import read_utf8

__all__ = [
    "CARD_FILE",
    "TRUNK",
    "WEIGHTS",
    "HeadCard",
    "HeadKind",
    "Join",
    "Reads",
    "read_head_card",
    "render_head_card",
    "unsaid",
]

CARD_FILE = "head.json"
WEIGHTS = "head.safetensors"
TRUNK = "bert."  # the names of the encoder's own weights begin with it

HeadKind = Literal["token", "sequence", "pair"]
Network = Literal["bert", "decoder"]
Reads = Literal["together", "apart"]
Join = Literal["mean", "highest"]


class HeadCard(BaseModel):
    """What a head is. Strict: an unknown key is an error, so an older program refuses a newer head."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    posology: Literal["head/1"] = "head/1"
    name: str = Field(min_length=1)
    kind: HeadKind
    labels: list[str] = Field(min_length=1)  # of a token head: the entities, without B and I
    network: Network = "bert"  # decoder: a writing model of the catalogue, which does not learn
    begin: str = BERT_MARKS[0]  # the special piece before a text
    end: str = BERT_MARKS[1]  # and after it
    reads: Reads = "together"  # a pair: as one text, or each by itself and then compared
    width: int = Field(0, ge=0)  # of a comparing head
    blocks: int = Field(0, ge=0)
    pooling: Literal["mean", "first"] = "mean"
    join: Join = "mean"
    positive: str = ""  # the label of join highest and of the threshold
    whole_words: bool = True
    window: int = Field(256, ge=32)
    overlap: int = Field(48, ge=0)
    temperature: float = Field(1.0, gt=0)
    threshold: float | None = Field(None, ge=0, le=1)  # from which on it is `positive`, chosen on select
    precision: Literal["fp32", "int8"] = "fp32"
    trunk: Literal["whole", "base"] = "whole"  # base: the weights below are those of `base`
    base: str = ""  # its name in the catalogue
    base_sha256: str = ""
    rank: int = Field(0, ge=0)  # of the changes to the base's matrices, NAME.up times NAME.down; 0: none
    layers: int = Field(ge=1)  # of what reads, the lowest
    parameters: int = Field(ge=1)
    weights_sha256: str = Field(min_length=64, max_length=64)
    tokenizer_sha256: str = Field(min_length=64, max_length=64)
    licences: list[str] = []  # of what it learned from
    tasks: list[str] = []
    logit_difference: float | None = None  # largest, against the weights that it was made from

    @property
    def family(self) -> str:
        """Return the family of what reads: a validator must be of another one than the writer."""
        return family_of(self.base) if self.network == "decoder" else "bert"

    @model_validator(mode="after")
    def _consistent(self) -> "HeadCard":
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label stands twice")
        if self.kind != "token" and len(self.labels) < 2:
            raise ValueError("a text has at least two labels to choose from")
        if (self.join == "highest" or self.threshold is not None) and not self.positive:
            raise ValueError("join highest and a threshold need a label in positive")
        if self.positive and self.positive not in self.labels:
            raise ValueError("positive is none of the labels")
        if self.reads == "apart" and not (self.kind == "pair" and self.width and self.blocks):
            raise ValueError("reads apart is of a pair, and needs width and blocks")
        if self.network == "decoder" and (
            self.trunk != "base" or self.kind == "token" or self.reads == "apart" or self.pooling != "mean"
        ):
            raise ValueError("a head on a decoder labels texts by their mean vector: trunk base, no tokens")
        if self.width % HEADS:
            raise ValueError(f"width is shared by {HEADS} heads: a multiple of {HEADS}")
        if self.rank and self.trunk != "base":
            raise ValueError("changes of a rank are changes to a base: trunk base")
        if self.trunk == "base" and not (self.base and self.base_sha256):
            raise ValueError("trunk base needs base and base_sha256")
        return self


def unsaid(card: HeadCard) -> set[str]:
    """Return the keys that a head on an encoder does not tell: its papers stay as they were."""
    return {"network", "begin", "end"} if card.network == "bert" else set()


def read_head_card(folder: Path) -> HeadCard:
    """Read the card of a head's folder; raise ModelError with the key that is wrong."""
    path = folder / CARD_FILE
    if not path.is_file():
        raise ModelError(f"{folder}: no trained head here ({CARD_FILE} is missing)")
    try:
        return HeadCard.model_validate(json.loads(read_utf8(path, ModelError)))
    except json.JSONDecodeError as cause:
        raise ModelError(f"{path}: not JSON (line {cause.lineno})") from cause
    except ValidationError as cause:
        first = cause.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ModelError(f"{path}: {key + ': ' if key else ''}{first['msg']}") from None


def render_head_card(card: HeadCard) -> str:
    """Return the text of head.json; others lack what only a comparing head has, or one on a decoder."""
    beside = {"reads", "width", "blocks"} if card.reads == "together" else set()
    beside |= unsaid(card)
    return json.dumps(card.model_dump(mode="json", exclude=beside), indent=1, ensure_ascii=False) + "\n"
