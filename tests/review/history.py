"""A history that a test writes by hand: packets with what people and payers did, at chosen times."""

from dataclasses import dataclass

from posology.ledger.entries import Kind
from posology.store import SYSTEM, Actor, Role, Store, new_id
from posology.store.schema import charts, packets, users

START_US = 1_767_571_200_000_000  # Monday 2026-01-05
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
DAY_US = 24 * HOUR_US


@dataclass
class Clock:
    """A clock that a test sets."""

    now_us: int = START_US

    def __call__(self) -> int:
        return self.now_us


@dataclass
class History:
    """Writes packets and entries at times that count from Monday 2026-01-05."""

    store: Store
    clock: Clock
    chart: str = ""
    key: str = ""

    def open(self) -> "History":
        with self.store.write(SYSTEM) as w:
            row = {"id": "ann", "login": "ann", "name": "Ann", "role": "clinician"}
            w.insert(users, row | {"created_us": 1, "changed_us": 1})
            self.chart, self.key = new_id(), w.new_key("packet").key_id
            plain = {"created_us": 1, "created_by": "ann", "size_bytes": 1, "files": 1, "body": b"x"}
            w.insert(charts, {"id": self.chart, "key_id": self.key, **plain})
            w.record(Kind.USER_CREATED, details={"user": "ann"})
        return self

    def at(self, us: int) -> None:
        self.clock.now_us = START_US + us

    def draft(self, us: int, *, withheld: int = 0, payer: str = "CMS", policy: str = "p1") -> str:
        self.at(us)
        packet = new_id()
        with self.store.write(SYSTEM) as w:
            w.insert(packets, self.row(packet, w.now_us) | {"payer": payer, "policy_id": policy})
            w.record(Kind.PACKET_DRAFTED, packet=packet, version=1, details={"withheld": withheld})
        return packet

    def row(self, packet: str, now_us: int) -> dict:
        row = {"id": packet, "key_id": self.key, "chart_id": self.chart, "job_id": new_id(), "version": 1}
        row |= {"created_us": now_us, "updated_us": now_us, "created_by": "ann", "owner_id": "ann"}
        row |= {"state": "drafted", "conclusion": "ready", "payer": "CMS", "policy_id": "p1"}
        row |= {"policy_version": "1", "service": "HCPCS:E0601", "name_index": "n", "member_index": "m"}
        return row | {"card": b"x"}

    def act(self, us: int, kind: Kind, packet: str, **details) -> None:
        self.at(us)
        with self.store.write(Actor("ann", Role.CLINICIAN)) as w:
            w.record(kind, packet=packet, version=1, details=details)

    def sent(self, packet: str, us: int, due: int) -> None:
        with self.store.write(SYSTEM) as w:
            w.update(packets, packet, {"state": "sent", "sent_us": START_US + us, "due_us": START_US + due})
            w.record(Kind.PACKET_SENT, packet=packet, version=1)

    def decided(self, packet: str, us: int, outcome: str) -> None:
        with self.store.write(SYSTEM) as w:
            w.update(packets, packet, {"state": outcome, "decided_us": START_US + us})
            w.record(Kind.PACKET_OUTCOME, packet=packet, version=1)
