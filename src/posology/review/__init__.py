"""The use cases of review: every act of a person or a job, recorded as it is done; no HTTP."""

__all__: list[str] = []
