"""One module a version of the store's tables; none is ever changed once released."""

__all__: list[str] = []
