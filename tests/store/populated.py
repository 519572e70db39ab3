"""A store with rows in every table, written as the application writes them."""

from posology.ledger.entries import Kind
from posology.store import SYSTEM, Actor, Role, Store, Writing
from posology.store.schema import METADATA

__all__ = ["CLINICIAN", "populate"]

CLINICIAN = Actor("user1", Role.CLINICIAN, "s1")
T = METADATA.tables


def populate(store: Store, packets: int = 2) -> None:
    """Write two people, their sessions, and packets with everything that belongs to one."""
    with store.write(SYSTEM) as w:
        for number in (1, 2):
            _person(w, number)
        w.record(Kind.USER_CREATED, details={"user": "user1"})
        w.insert(T["idempotency"], _row("i1") | {"request_hash": "a" * 64, "status": 201})
        w.insert(T["idempotency"], _row("i2") | {"request_hash": "b" * 64, "status": 202})
        w.record(Kind.SETTINGS_CHANGED)
    for number in range(1, packets + 1):
        with store.write(CLINICIAN) as w:
            _packet(w, number)
            w.record(Kind.PACKET_DRAFTED, packet=f"packet{number}", version=1)
        with store.write(CLINICIAN) as w:
            _around(w, number)
            w.record(Kind.PACKET_READ, packet=f"packet{number}", version=1)


def _row(key: str) -> dict[str, object]:
    return {"id": key, "created_us": 1000}


def _by(key: str) -> dict[str, object]:
    return _row(key) | {"created_by": "user1"}


def _person(w: Writing, n: int) -> None:
    sealed = w.cipher("system").seal(b"secret", f"users/totp/user{n}")
    person = {"login": f"login{n}", "name": f"Name {n}", "role": "clinician", "totp": sealed, "changed_us": n}
    w.insert(T["users"], _row(f"user{n}") | person)
    times = {"expires_us": 10, "proved_us": n, "seen_us": n}
    session = {"name": f"s{n}", "user_id": f"user{n}", "csrf": f"c{n}", "method": "password"}
    w.insert(T["sessions"], _row(f"session{n}") | session | times)


def _packet(w: Writing, n: int) -> None:
    cipher = w.new_key("packet")
    key, chart, packet = {"key_id": cipher.key_id}, f"chart{n}", f"packet{n}"
    body = cipher.seal(b"chart %d" % n, f"charts/body/{chart}")
    w.insert(T["charts"], _by(chart) | key | {"size_bytes": 9, "files": n, "body": body})
    job = {"request_key": f"r{n}", "chart_id": chart, "state": "done", "packet_id": packet}
    w.insert(T["jobs"], _by(f"job{n}") | key | job | {"request": cipher.seal(b"{}", f"jobs/request/job{n}")})
    head = {"chart_id": chart, "job_id": f"job{n}", "updated_us": n, "version": 1, "state": "drafted"}
    head |= {"conclusion": "ready", "owner_id": "user1", "payer": f"payer{n}", "policy_id": "p"}
    head |= {"policy_version": "1", "service": "HCPCS:E0601", "name_index": f"n{n}", "member_index": f"m{n}"}
    card = cipher.seal(b"card", f"packets/card/{packet}")
    w.insert(T["packets"], _by(packet) | key | head | {"card": card})
    sealed = {
        column: cipher.seal(column.encode(), f"versions/{column}/{packet}.1")
        for column in ("act", "record", "manifest")
    }
    version = {"packet_id": packet, "number": 1, "cause": "drafted", "packet_hash": f"{n}" * 64}
    w.insert(T["versions"], _by(f"{packet}.1") | version | sealed)


def _around(w: Writing, n: int) -> None:
    packet = f"packet{n}"
    row = w.connection.execute(T["packets"].select().where(T["packets"].c.id == packet)).one()
    cipher = w.cipher(row.key_id)
    of = {"packet_id": packet, "version": 1}
    body = cipher.seal(b"text", f"attachments/body/{packet}.1")
    w.insert(T["attachments"], _by(f"{packet}.1") | {"packet_id": packet, "number": 1, "body": body})
    signature = {"user_id": "user1", "name": "N", "npi": "1", "signed_us": n, "statement": b"I attest"}
    w.insert(T["signatures"], {"id": f"sign{n}", "packet_hash": "c" * 64} | of | signature)
    w.insert(T["exports"], _by(f"export{n}") | of | {"form": "pdf", "hash": f"{n}" * 64})
    letter = cipher.seal(b"by hand", f"comparisons/letter/comparison{n}")
    w.insert(
        T["comparisons"],
        _by(f"comparison{n}") | of | {"blinded": 1, "draft_side": "a", "letter": letter},
    )
    rating = {"comparison_id": f"comparison{n}", "user_id": "user1", "scores": "[]"}
    place = f"comparison{n}.user1"
    w.insert(
        T["ratings"],
        _row(place) | rating | {"body": cipher.seal(b"free text", f"ratings/body/{place}")},
    )
    scratch = {"packet_id": packet, "user_id": "user1", "target": "sentence:1", "seen_version": 1}
    place = f"user1.{packet}.sentence:1"
    typed = cipher.seal(b"typed", f"scratches/text/{place}")
    w.connection.execute(T["scratches"].insert().values(id=place, saved_us=w.now_us, text=typed, **scratch))
    w.connection.execute(T["reads"].insert().values(id=f"s1.{packet}", at_us=w.now_us))
