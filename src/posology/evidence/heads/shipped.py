"""The heads that ship with the package, by name."""

from collections.abc import Mapping
from pathlib import Path

from posology.declarations import nearest_words
from posology.errors import UserError
from posology.evidence.heads.card import CARD_FILE

__all__ = ["find_head", "shipped_heads"]

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
