"""A made clinic in a store: people with sessions, and packets that were drafted once and re-made often.

Each packet has a patient, a chart, a key and ledger entries of its own, as if it had been drafted: only the
drafting itself is not repeated. A made name is as long as the one it replaces, so that every quote stands.
"""

import json
import random
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from posology.config import Serve, load_settings
from posology.ledger.entries import Kind
from posology.policies import Code, Policy, load_policies
from posology.priorauth import Packet, draft, open_models
from posology.records import Chart, read_chart_files
from posology.review.archives import pack
from posology.review.jobs import DraftRequest
from posology.review.packets import create_packet
from posology.review.sessions import begin_session, session_id
from posology.store import SYSTEM, Role, Store, Writing, new_id
from posology.store.schema import charts, jobs, packets, sessions, users
from posology.testing import make_chart, plans_for

__all__ = [
    "Original",
    "Reviewer",
    "add_packet",
    "enrol",
    "fill",
    "originals",
    "packets_by_owner",
    "plan_targets",
    "sign_in",
]

NPI = "1234567893"
_AT_ONCE = 50  # packets in one transaction
_VOWELS = "aeiou"


@dataclass(frozen=True)
class Original:
    """A chart, what was asked for it, and the packet that was drafted by rules."""

    policy_id: str
    service: Code
    day: date
    chart: Chart
    chart_text: str
    record_text: str
    manifest: Mapping[str, Any]
    name: str
    member_id: str

    @property
    def record(self) -> dict[str, Any]:
        """Return the record as it was drafted."""
        return dict(json.loads(self.record_text))


@dataclass(frozen=True)
class Reviewer:
    """A person who is signed in: what the browser holds."""

    id: str
    role: str
    secret: str
    csrf: str


def originals(count: int, seed: int) -> list[Original]:
    """Draft charts of all policies and of several plans by rules."""
    settings, policies = load_settings(None, profile="rules", environ={}), load_policies()
    models = open_models(settings)
    drafted = []
    for number in range(count):
        policy, turn = policies[number % len(policies)], number // len(policies)
        drafted.append(_drafted(policy, turn, seed + number, lambda chart, asked: draft(
            chart, settings=settings, models=models, policies=policies, **asked
        )))  # fmt: skip
    return drafted


def _drafted(policy: Policy, turn: int, seed: int, run: Any) -> Original:
    plans = plans_for(policy)
    made = make_chart(policy, plan=plans[turn * 3 % len(plans)], seed=seed)
    text = json.dumps(made.bundle, ensure_ascii=False)
    chart = read_chart_files((("chart.json", text.encode()),))
    service = Code(made.truth["service"]["system"], made.truth["service"]["code"])
    day = date.fromisoformat(made.truth["date"])
    packet = run(chart, {"service": service, "day": day, "policy_id": policy.id})
    patient = packet.record["patient"]
    return Original(
        policy.id, service, day, chart, text, json.dumps(packet.record, ensure_ascii=False),
        packet.manifest, patient["name"], patient.get("member_id") or "",
    )  # fmt: skip


def enrol(store: Store, count: int) -> list[tuple[str, Role]]:
    """Insert accounts, two clinicians to one of staff, and return their ids and roles."""
    made = []
    with store.write(SYSTEM) as w:
        for number in range(count):
            key, role = new_id(), Role.STAFF if number % 3 == 2 else Role.CLINICIAN
            row = {"id": key, "login": f"reviewer{number:04d}", "name": f"Reviewer {number:04d}"}
            row |= {"role": str(role), "npi": NPI if role is Role.CLINICIAN else ""}
            w.insert(users, row | {"created_us": w.now_us, "changed_us": w.now_us})
            w.record(Kind.USER_CREATED, details={"user": key, "role": str(role)})
            made.append((key, role))
    return made


def sign_in(store: Store, people: Sequence[tuple[str, Role]], serve: Serve) -> list[Reviewer]:
    """Begin a session for each account, as after a sign-in by OpenID Connect."""
    signed = []
    with store.write(SYSTEM) as w:
        for key, role in people:
            secret, _ = begin_session(w, key, "openid", serve)
            query = select(sessions.c.csrf).where(sessions.c.id == session_id(secret))
            csrf = w.connection.execute(query).scalar_one()
            w.record(Kind.SIGN_IN_SUCCEEDED, details={"user": key, "method": "openid"})
            signed.append(Reviewer(key, str(role), secret, csrf))
    return signed


def fill(store: Store, drafted: Sequence[Original], owners: Sequence[str], count: int, seed: int) -> None:
    """Add packets until there are so many, owned by people in turn."""
    rng = random.Random(seed)
    for start in range(0, count, _AT_ONCE):
        with store.write(SYSTEM) as w:
            for number in range(start, min(start + _AT_ONCE, count)):
                add_packet(w, drafted[number % len(drafted)], owners[number % len(owners)], rng)


def add_packet(w: Writing, original: Original, owner: str, rng: random.Random) -> str:
    """Add one packet with its chart and its job, re-made under another name; return its id."""
    swap = _swap(original, rng)
    chart_id, key_id = _add_chart(w, swap(original.chart_text), owner)
    request = DraftRequest(chart_id, original.service, original.day, original.policy_id)
    job_id = _add_job(w, request, key_id, owner)
    row = w.connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
    packet = Packet(json.loads(swap(original.record_text)), original.manifest)
    packet_id = create_packet(w, job_row=row, packet=packet, chart=original.chart, request=request)
    w.update(jobs, job_id, {"state": "done", "packet_id": packet_id, "finished_us": w.now_us})
    details = {"job": job_id, "chart": chart_id, "attempt": 1, "conclusion": packet.conclusion}
    w.record(Kind.DRAFT_FINISHED, packet=packet_id, version=1, details=details)
    return packet_id


def _add_chart(w: Writing, text: str, owner: str) -> tuple[str, str]:
    cipher, chart_id, body = w.new_key("chart"), new_id(), pack((("chart.json", text.encode()),))
    row = {"id": chart_id, "key_id": cipher.key_id, "created_us": w.now_us, "created_by": owner}
    row |= {"size_bytes": len(body), "files": 1, "restricted": 0}
    w.insert(charts, row | {"body": cipher.seal(body, f"charts/body/{chart_id}")})
    w.record(Kind.CHART_UPLOADED, details={"chart": chart_id, "files": 1, "size_bytes": len(body)})
    return chart_id, cipher.key_id


def _add_job(w: Writing, request: DraftRequest, key_id: str, owner: str) -> str:
    job_id, cipher = new_id(), w.cipher(key_id)
    row = {"id": job_id, "request_key": new_id(), "chart_id": request.chart_id, "key_id": key_id}
    row |= {"created_us": w.now_us, "created_by": owner, "state": "running", "attempts": 1}
    w.insert(jobs, row | {"request": cipher.seal(request.to_bytes(), f"jobs/request/{job_id}")})
    w.record(Kind.DRAFT_ASKED, details={"job": job_id, "chart": request.chart_id})
    return job_id


def _swap(original: Original, rng: random.Random) -> Any:
    """Return what puts a made name and number of the same length in the place of the original's."""
    words = {word: _made_word(len(word), rng) for word in original.name.split() if len(word) > 2}
    if original.member_id:
        words[original.member_id] = "".join(rng.choice(string.digits) for _ in original.member_id)
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")\b")
    return lambda text: pattern.sub(lambda found: words[found[1]], text)


def _made_word(length: int, rng: random.Random) -> str:
    consonants = "bdfgklmnprstvz"
    letters = (rng.choice(_VOWELS if place % 2 else consonants) for place in range(length))
    return "".join(letters).capitalize()


def packets_by_owner(store: Store) -> dict[str, list[str]]:
    """Return the ids of each person's packets, oldest first."""
    owned: dict[str, list[str]] = {}
    with store.read() as connection:
        query = select(packets.c.id, packets.c.owner_id).order_by(packets.c.created_us, packets.c.id)
        for row in connection.execute(query):
            owned.setdefault(row.owner_id, []).append(row.id)
    return owned


def plan_targets(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people can act on and look at in a packet."""
    return {
        "sentences": [[row["id"], row["sentence"]] for row in _editable(record)],
        "confirm": list(record["findings_to_confirm"]),
        "criteria": [row["id"] for row in record["criteria"] if row["status"] == "unknown"],
        "evidence": list(_shown(record["evidence"])),
    }


def _editable(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the sentences that people may reword: not those that quote the policy."""
    quoted = {row["id"] for row in record["evidence"] if row["kind"] == "policy"}
    return [row for row in record["narrative"] if not quoted & set(row["cites"])]


def _shown(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["kind"] not in ("human", "policy") and (row.get("source") or row.get("from")):
            yield row["id"]
