"""Pages: HTML that works without scripts."""

__all__: list[str] = []
