"""The heads that ship with the package, by name."""

from collections.abc import Mapping
from pathlib import Path

from posology.chat.catalogue import CatalogueEntry, ModelRow, runs_here
from posology.declarations import nearest_words
from posology.errors import UserError
from posology.evidence.heads.card import CARD_FILE, WEIGHTS, read_head_card
from posology.files import read_utf8

__all__ = ["find_head", "head_card_text", "head_rows", "shipped_heads"]

_MODELS = Path(__file__).parent.parent / "models"


def shipped_heads(models: Path = _MODELS) -> Mapping[str, Path]:
    """Return the folders of the heads that ship, by name."""
    return {card.parent.name: card.parent for card in sorted(models.glob(f"*/{CARD_FILE}"))}


def find_head(name: str, models: Path = _MODELS) -> Path:
    """Return a head's folder, by its path or by the name under which it ships.

    Raises UserError where there is neither, with the nearest name.
    """
    path = Path(name).expanduser()
    if (path / CARD_FILE).is_file():
        return path
    known = shipped_heads(models)
    if name not in known:
        raise UserError(
            f"{name}: no folder of a trained head, and none ships as that{nearest_words(name, known)}"
        )
    return known[name]


def head_card_text(name: str) -> str | None:
    """Return the card of a head that ships, None for another name."""
    folder = shipped_heads().get(name)
    return None if folder is None else read_utf8(folder / "card.md")


def head_rows(models: Path = _MODELS) -> list[ModelRow]:
    """Return the heads that ship as rows of the catalogue; raise ModelError where a card is damaged."""
    return [_row(name, folder) for name, folder in shipped_heads(models).items()]


def _row(name: str, folder: Path) -> ModelRow:
    card = read_head_card(folder)
    base = f"; on {card.base}" if card.trunk == "base" else ""
    entry = CatalogueEntry(
        name=name,
        use="head",
        family=card.family,
        parameters=card.parameters,
        licence="Apache-2.0",
        conditions=f"keep licence and notices; learned from: {'; '.join(card.licences)}",
        origin=f"trained here: {card.kind} ({', '.join(card.labels)}){base}",
        size_bytes=(folder / WEIGHTS).stat().st_size,
        sha256=card.weights_sha256,
        memory_bytes=None,
        window=card.window,
    )
    verdict, why = runs_here(entry)
    return ModelRow(entry, "ships", verdict, why)
