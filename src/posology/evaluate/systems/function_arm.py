"""An arm made of a function from items to responses: what every system but a generator is."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from posology.evaluate.arm import ArmIdentity
from posology.evaluate.items import Item, Response

__all__ = ["FunctionArm", "Respond"]

Respond = Callable[[Sequence[Item]], list[Response]]
_AT_ONCE = 256  # items between two reports of progress


@dataclass(frozen=True, slots=True)
class FunctionArm:
    """Answers by a function; the time of a batch is shared alike by its items."""

    identity: ArmIdentity
    fingerprint: str
    respond: Respond

    def answer(
        self, items: Sequence[Item], *, progress: Callable[[int], None] | None = None
    ) -> list[Response]:
        """Answer items in order; see Arm."""
        done: list[Response] = []
        for first in range(0, len(items), _AT_ONCE):
            batch = items[first : first + _AT_ONCE]
            began = time.perf_counter()
            responses = self.respond(batch)
            each = (time.perf_counter() - began) / len(batch)
            done += [replace(response, seconds=each) for response in responses]
            if progress:
                progress(len(done))
        return done
