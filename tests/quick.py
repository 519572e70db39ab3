"""Bounds on processor time that hold on a busy machine and still fail where the work itself is slow."""

import time
from collections.abc import Callable


def least_seconds(work: Callable[[], object], under: float, tries: int = 3) -> float:
    """Return the least processor seconds that `work` took, trying again while that is not below `under`.

    Other threads of a worker and a collection of its garbage cost a try seconds that are not the work's. Work
    that is slow itself is slow in each try.
    """
    least = float("inf")
    for _ in range(tries):
        begun = time.process_time()
        work()
        least = min(least, time.process_time() - begun)
        if least < under:
            break
    return least
