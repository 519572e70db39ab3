"""Making a small model good at a job: recipes, tuning, encoders, preferences, merging, export."""

__all__: list[str] = []
