"""The history of the store's tables, one module a version, run by ``posology store migrate``."""

__all__: list[str] = []
