"""Heads on a small encoder for words, texts and pairs of texts: trained, calibrated, exported."""

__all__: list[str] = []
