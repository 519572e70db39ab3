"""Small language models for clinical work, inside the hospital's walls."""

__version__ = "0.1.0"

__all__ = ["__version__"]
