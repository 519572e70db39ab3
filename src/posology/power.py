"""How many items a claim needs, and what difference a number of items can show.

All are normal approximations of two-sided tests. A difference below what a study can detect is not shown to
be absent: state ``detectable_difference`` beside every comparison that found none.
"""

import math
from statistics import NormalDist

__all__ = ["design_effect", "detectable_difference", "needed_n"]

_NORMAL = NormalDist()
_STEPS = 60  # halvings: beyond the precision of a float


def needed_n(
    effect: float,
    *,
    p1: float | None = None,
    discordant: float | None = None,
    sd: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int:
    """Return how many items are needed to show a difference; give exactly one of p1, discordant and sd.

    ``p1``: two arms on different items, one with this proportion, the other with ``p1 + effect``; n is of
    each arm. Fleiss JL, Levin B, Paik MC. Statistical methods for rates and proportions, 3rd ed. Wiley 2003,
    section 4.2, without continuity correction.
    ``discordant``: two arms on the same items, the share of items that one of them alone has right
    (McNemar); n is of pairs. Connor RJ. Biometrics 1987;43:207-211.
    ``sd``: two arms on the same items, the standard deviation of the differences of their scores.
    Where items come in clusters, multiply by ``design_effect``.
    """
    found = _needed(effect, (p1, discordant, sd), power, alpha)
    if math.isinf(found):
        raise ValueError("no number of items shows a difference of 0")
    return math.ceil(found - 1e-9)


def detectable_difference(
    n: int,
    *,
    p1: float | None = None,
    discordant: float | None = None,
    sd: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float | None:
    """Return the smallest difference upwards that n items show with this power, None where none can be shown.

    The arguments are those of ``needed_n``; with ``p1``, n is of each arm and the other arm is above it.
    """
    design = (p1, discordant, sd)
    largest = _largest(design)
    if n < 1 or _needed(largest, design, power, alpha) > n:
        return None
    low, high = 0.0, largest
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _needed(middle, design, power, alpha) > n:
            low = middle
        else:
            high = middle
    return high


def design_effect(items_per_cluster: float, correlation: float) -> float:
    """Return by what the n of single items is multiplied where clusters of items resemble each other.

    1 + (m - 1) rho, m the mean items of a cluster and rho their intraclass correlation. Kish L. Survey
    sampling. Wiley 1965.
    """
    if items_per_cluster < 1 or not 0 <= correlation <= 1:
        raise ValueError("a cluster has one item or more, and a correlation between 0 and 1")
    return 1 + (items_per_cluster - 1) * correlation


_Design = tuple[float | None, float | None, float | None]  # p1, discordant, sd: one is given


def _needed(effect: float, design: _Design, power: float, alpha: float) -> float:
    p1, discordant, sd = design
    if sum(value is not None for value in design) != 1:
        raise ValueError("give exactly one of p1, discordant and sd")
    if not 0 < alpha < 1 or not alpha < power < 1:
        raise ValueError("alpha lies between 0 and 1, and power between alpha and 1")
    if effect == 0:
        return math.inf
    z_alpha, z_power = _NORMAL.inv_cdf(1 - alpha / 2), _NORMAL.inv_cdf(power)
    if sd is not None:
        if sd <= 0:
            raise ValueError("a standard deviation is above 0")
        return ((z_alpha + z_power) * sd / effect) ** 2
    if discordant is not None:
        if not abs(effect) <= discordant <= 1:
            raise ValueError("the discordant share lies between the difference and 1")
        spread = math.sqrt(max(0.0, discordant - effect**2))
        return ((z_alpha * math.sqrt(discordant) + z_power * spread) / effect) ** 2
    return _unpaired(p1 or 0.0, effect, z_alpha, z_power)


def _unpaired(p1: float, effect: float, z_alpha: float, z_power: float) -> float:
    p2 = p1 + effect
    if not (0 <= p1 <= 1 and -1e-12 <= p2 <= 1 + 1e-12):
        raise ValueError("both proportions lie between 0 and 1")
    p2 = min(1.0, max(0.0, p2))
    mean = (p1 + p2) / 2
    null, other = math.sqrt(2 * mean * (1 - mean)), math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return ((z_alpha * null + z_power * other) / effect) ** 2


def _largest(design: _Design) -> float:
    p1, discordant, sd = design
    if p1 is not None:
        return 1 - p1
    if discordant is not None:
        return discordant
    return 1e6 * (sd or 1.0)
