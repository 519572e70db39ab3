"""The API under /api/v1: JSON in, JSON out, errors as problem+json."""

__all__: list[str] = []
