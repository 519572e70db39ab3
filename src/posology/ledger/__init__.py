"""The tamper-evident record: who, and which model, did what to which packet."""

__all__: list[str] = []
