"""Several changes of one base merged into one."""

from collections.abc import Sequence

import numpy as np

from posology.adapt.merge.methods import MergeSettings, merge_changes
from posology.chat.matrices.changes import Change, bound
from posology.chat.matrices.tensors import Floats
from posology.errors import SettingsError

__all__ = ["merged_change"]


def merged_change(changes: Sequence[Change], weights: Sequence[float], settings: MergeSettings) -> Change:
    """Return several changes of one base merged into one, tensor by tensor.

    A change that leaves a tensor as it is counts there as zeros.
    """
    if not changes or len(changes) != len(weights):
        raise SettingsError(
            f"merge: {len(changes)} models and {len(weights)} weights; give each one a weight"
        )
    if not np.isfinite(weights).all() or any(weight <= 0 for weight in weights):
        raise SettingsError("merge: weights are positive numbers")

    def merged(name: str) -> Floats:
        found = [change.read(name) for change in changes]
        shape = next(part.shape for part in found if part is not None)
        full = [np.zeros(shape, np.float32) if part is None else part for part in found]
        return merge_changes(name, full, weights, settings)

    names = dict.fromkeys(name for change in changes for name in change.parts)
    about = f"{settings.method} of {', '.join(change.about for change in changes)}"
    return Change({name: bound(merged, name) for name in names}, about)
