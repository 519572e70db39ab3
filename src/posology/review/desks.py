"""What lies beside a packet when a person acts on it: its chart, its policy, what was asked, the checker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import select

from posology.chat import ModelIdentity
from posology.config import Settings
from posology.errors import PolicyError
from posology.evidence import SupportChecker
from posology.policies import Policy
from posology.priorauth import Request
from posology.priorauth.models import open_checker
from posology.priorauth.sheet import Desk
from posology.review.charts import load_chart
from posology.review.heads import PacketHead
from posology.review.jobs import DraftRequest, open_request
from posology.review.packets import OpenPacket
from posology.store import Store
from posology.store.schema import jobs

__all__ = ["Desks", "policy_of"]


class _Shared:
    """A checker that several threads may use: one at a time."""

    def __init__(self, checker: SupportChecker) -> None:
        self._checker = checker
        self._lock = Lock()

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self._checker.identity

    @property
    def threshold(self) -> float:
        """Return the least score that counts as supported."""
        return self._checker.threshold

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return the support of one sentence."""
        with self._lock:
            return self._checker.score(sentence, sources)

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Return the support of many sentences."""
        with self._lock:
            return self._checker.score_many(pairs)


def _open_shared(settings: Settings) -> SupportChecker | None:
    checker = open_checker(settings)
    return None if checker is None else _Shared(checker)


def policy_of(policies: Sequence[Policy], head: PacketHead) -> Policy:
    """Return the policy that a packet was drafted after; raise PolicyError where it is no longer there."""
    for policy in policies:
        if (policy.id, policy.version) == (head.policy_id, head.policy_version):
            return policy
    raise PolicyError(
        f"policy {head.policy_id}, version {head.policy_version}: it is not in the library any more; "
        "put the file back, or draft anew"
    )


@dataclass
class Desks:
    """Sets the desk of a packet; the validator is opened at its first use and kept."""

    store: Store
    settings: Settings
    policies: Sequence[Policy]
    opener: Callable[[Settings], SupportChecker | None] = _open_shared
    _checker: list[SupportChecker | None] = field(default_factory=list)
    _opening: Lock = field(default_factory=Lock)

    def __call__(self, opened: OpenPacket) -> Desk:
        """Return what lies beside a packet."""
        head = opened.head
        policy = policy_of(self.policies, head)
        asked = self._request(head.job_id)
        return Desk(
            chart=load_chart(self.store, head.chart_id),
            policy=policy,
            request=Request(asked.service, asked.day, asked.details),
            checker=self.checker(),
            practice=self.settings.practice.model_dump(),
        )

    def checker(self) -> SupportChecker | None:
        """Return the validator of the profile, or ``None`` where it has none."""
        with self._opening:
            if not self._checker:
                self._checker.append(self.opener(self.settings))
            return self._checker[0]

    def _request(self, job_id: str) -> DraftRequest:
        with self.store.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
            return open_request(self.store.cipher(connection, row.key_id), row)
