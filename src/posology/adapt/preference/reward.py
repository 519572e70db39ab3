"""A reward by the deterministic checks: facts that are borne out, less inventions and omissions."""

from dataclasses import dataclass

from posology.adapt.support import find_support

__all__ = ["Reward", "fact_reward"]


@dataclass(frozen=True, slots=True)
class Reward:
    """The parts of an answer's reward: facts by kind of fate."""

    invented: int  # facts of the answer without a word of the source
    borne_out: int  # facts of the answer that the source has
    omitted: int  # facts of the reference that the source has and the answer lacks
    wanted: int  # facts of the reference that the source has

    @property
    def value(self) -> float:
        """Return the reward, from -1 to 1: the F1 of facts, less the share of facts that are invented."""
        said = self.invented + self.borne_out
        if self.wanted == 0:
            return 1.0 if said == 0 else self.borne_out / said - self.invented / said
        kept = self.wanted - self.omitted
        recall = kept / self.wanted
        if said == 0:
            return 0.0
        precision = self.borne_out / said
        harmonic = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return harmonic - self.invented / said


def fact_reward(answer: str, source: str, reference: str) -> Reward:
    """Judge an answer by its facts: numbers, dates, drugs and codes, held against source and reference.

    An empty answer invents nothing and is worth nothing where the reference tells facts: silence is not
    rewarded as safety.

    >>> fact_reward("BMI 43.", "BMI 41.2, on metformin.", "BMI 41.2, on metformin.").value
    -1.0
    """
    mine = find_support(answer, source)
    wanted = find_support(reference, source).grounded
    lacking = {(span.start, span.end) for span in find_support(reference, answer).unsupported}
    omitted = sum((span.start, span.end) in lacking for span in wanted)
    return Reward(len(mine.unsupported), len(mine.grounded), omitted, len(wanted))
