"""A demonstration as the processes of an application know it."""

from dataclasses import dataclass

__all__ = ["Demo"]


@dataclass(frozen=True, slots=True, repr=False)
class Demo:
    """A demonstration: whose sessions its address begins, and the draft that it leads to."""

    user_id: str
    job_id: str
    secret: str

    def __repr__(self) -> str:
        """Show the draft's id only."""
        return f"Demo({self.job_id})"
