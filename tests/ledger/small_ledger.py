"""A small ledger as the store would keep it: entries, nodes, heads and its signing key."""

import io

from posology.ledger import (
    Act,
    Frontier,
    Kind,
    SigningKey,
    build_entry,
    canonical,
    leaf_hash,
    sign_head,
    write_export,
)
from posology.ledger.proofs import root_at

LOG = "a1b2c3d4e5f60718"
AT_US = 1_767_323_045_000_006
KEY = SigningKey.from_bytes(bytes(range(32)))
NEXT_KEY = SigningKey.from_bytes(bytes(range(1, 33)))

ACTS = (
    Act(Kind.SIGN_IN_SUCCEEDED, "u1", "s1", details={"method": "password", "user": "u1"}),
    Act(Kind.PACKET_READ, "u1", "s1", "p1", 1, {"form": "html"}),
    Act(Kind.PACKET_CONFIRMED, "u1", "s1", "p1", 2, {"criterion": "bmi-35"}),
    Act(Kind.PACKET_SIGNED, "u1", "s1", "p1", 3, {"hash": "0a" * 32}),
)


class SmallLedger:
    def __init__(self, key=KEY):
        self.key, self.entries, self.nodes, self.frontier = key, [], {}, Frontier()
        self.add(Act(Kind.STORE_CREATED, "system", details=key_details(key) | {"log": LOG}))

    def add(self, act):
        n = len(self.entries)
        self.entries.append(canonical(build_entry(n, AT_US + n, act, {f"packets/p{n}": "0b" * 32})))
        self.frontier, finished = self.frontier.append(leaf_hash(self.entries[-1]))
        self.nodes |= {(level, index): node for level, index, node in finished}

    def rotate(self, key, details):
        self.add(Act(Kind.KEY_ROTATED, "system", details=key_details(key) | details))
        self.key = key

    def node(self, level, index):
        return self.nodes[level, index]

    def head(self, size=None, key=None):
        size = len(self.entries) if size is None else size
        return sign_head(key or self.key, LOG, size, root_at(size, self.node), AT_US + size)

    def export(self, size=None):
        head, stream = self.head(size), io.BytesIO()
        write_export(stream, head, self.key.public_bytes(), self.entries[: head.size])
        return stream.getvalue()


def key_details(key):
    return {"public_key": key.public_bytes().hex(), "key_id": key.key_id}


def grown_ledger(size):
    ledger = SmallLedger()
    while len(ledger.entries) < size:
        ledger.add(ACTS[len(ledger.entries) % len(ACTS)])
    return ledger
