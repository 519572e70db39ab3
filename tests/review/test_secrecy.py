"""What the ledger and the clear columns say: who did what when, and nothing that a patient's record says."""

import json
import re
from itertools import chain

import pytest
from sqlalchemy import select

from posology.config import Serve
from posology.review.exporting import Wanted, export
from posology.review.moving import assign, prepare, send_back
from posology.review.outcomes import Decision, mark_sent, record_outcome
from posology.review.scratch import Scratch, keep_scratch
from posology.review.signing import Signing, sign
from posology.review.sources import list_sources, open_source
from posology.store.schema import TABLES
from tests.review.conftest import made

WORDS = "Zyxwvut told me so in Qwertyville"
CHARTS = [("cms-ncd-100.1", 1), ("cms-ncd-240.4", 2), ("northfield-glp1", 3), ("northfield-lumbar-mri", 5)]


def live(clinic, policy, seed):
    """Do everything that can be done to a packet, once."""
    packet_id, store = clinic.packet(policy, seed=seed), clinic.store
    ann, sam = clinic.actor("ann"), clinic.actor("sam")
    record = clinic.open(packet_id).record
    for source in list_sources(store, ann, packet_id):
        open_source(store, ann, packet_id, source.source)
    criterion = record["criteria"][0]
    day, status = record["request"]["date"], "not_met" if criterion["status"] == "met" else "met"
    acts = [
        {"act": "override", "criterion": criterion["id"], "status": status, "reason": WORDS},
        {"act": "edit", "sentence": record["narrative"][0]["id"], "text": WORDS + "."},
        {"act": "drop", "sentence": record["narrative"][1]["id"], "reason": WORDS},
        {"act": "answer", "field": "facility", "value": WORDS},
        {"act": "answer", "field": "member-id", "value": "QQ-998877"},
    ]
    acts += [
        {
            "act": "override",
            "criterion": criterion["id"],
            "status": criterion["status"],
            "reason": WORDS + "!",
        }
    ]
    asked = [row["id"] for row in record["gaps"] if row["kind"] == "criterion"]
    if asked:
        acts.append(
            {
                "act": "attach",
                "criterion": asked[0],
                "title": WORDS,
                "text": WORDS + " at length.",
                "date": day,
            }
        )
    for act in acts:
        clinic.act("ann", packet_id, **act)
    keep_scratch(store, ann, packet_id, Scratch("sentence:s1", 1, 0, WORDS))
    assign(store, sam, packet_id, "ann")
    prepare(store, sam, packet_id)
    send_back(store, ann, packet_id, WORDS)
    if clinic.head(packet_id).conclusion == "not_supported":
        return packet_id, record
    sign(store, ann, packet_id, Signing(clinic.head(packet_id).version, True, store.clock()))
    notes = [one.source for one in list_sources(store, ann, packet_id) if one.kind == "text"]
    export(store, ann, packet_id, Wanted("zip", tuple(notes)))
    mark_sent(store, sam, packet_id, serve=Serve())
    record_outcome(store, sam, packet_id, Decision("partly", "other", note=WORDS))
    return packet_id, record


def own_words(policy, seed, record):
    """Return every text of a chart that could tell whose it is or what it says."""
    files = made(policy, "meet", seed)[0]
    bundle = json.loads(files[0][1])
    patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    named = [
        *strings(patient),
        *(identifier for e in bundle["entry"] for identifier in identifiers(e["resource"])),
    ]
    quotes = [row["quote"] for row in record["evidence"] if row["kind"] != "policy"]
    lines = [line.strip() for d in strings(bundle) for line in d.splitlines() if len(line.split()) > 3]
    references = [e["resource"]["resourceType"] + "/" + str(e["resource"].get("id")) for e in bundle["entry"]]
    found = {word for word in chain(named, quotes, lines, references) if len(word) > 4}
    found |= {word for quote in quotes for word in quote.split() if len(word) > 12}
    named = " ".join(row["id"] for row in record["criteria"])  # the policy's names, such as metformin
    return {word for word in found - public_words(record) if word not in named}


def public_words(record):
    """Return what the store says in clear on purpose: the service, the policy and the payer."""
    service = record["request"]["service"]
    return {service["code"], service["system"], record["policy"]["payer"], "standard", "female", "Patient"}


def strings(value):
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]


def identifiers(resource):
    keys = (
        "identifier",
        "subscriberId",
        "telecom",
        "address",
        "birthDate",
        "authoredOn",
        "effectiveDateTime",
    )
    return [text for key in keys for text in strings(resource.get(key)) if "://" not in text]


def clear_text(store):
    """Return everything that stands readable in the database."""
    with store.read() as connection:
        rows = [row for table in TABLES.values() for row in connection.execute(select(table))]
        bodies = [bytes(row.body) for row in connection.execute(select(TABLES["ledger_entries"].c.body))]
    texts = [value for row in rows for value in row if isinstance(value, str)]
    blobs = b"\0".join(bytes(v) for row in rows for v in row if isinstance(v, bytes | memoryview))
    return "\0".join(texts), b"\0".join(bodies).decode(), blobs


def stands_in(word, text):
    """Say whether a word stands in a text; digits such as a postal code, not within a hash or an id."""
    if not re.fullmatch(r"[0-9a-f]+", word):
        return word in text
    return re.search(rf"(?<![0-9A-Za-z]){word}(?![0-9A-Za-z])", text) is not None


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("44901", '{"sha256": "7be449013f"}', False),  # chance: one of five digits among sixteen signs
        ("44901", '{"postalCode": "44901"}', True),
        ("44901", "Main Street 1, 44901 Town", True),
        ("Qwertyville", "xQwertyvillex", True),
        ("2025-01-02", "at 2025-01-02T10:00", True),
    ],
)
def test_what_is_looked_for_is_found_but_not_in_hashes(word, text, found):
    assert stands_in(word, text) is found


@pytest.mark.parametrize(("policy", "seed"), CHARTS)
def test_nothing_of_a_chart_or_of_what_persons_wrote_stands_in_clear(small_clinic, policy, seed):
    packet_id, record = live(small_clinic, policy, seed)
    columns, ledger, blobs = clear_text(small_clinic.store)
    secrets = own_words(policy, seed, record) | {WORDS, "Qwertyville", "QQ-998877"}
    assert len(secrets) > 20
    assert packet_id in ledger
    assert sorted(word for word in secrets if stands_in(word, ledger)) == []
    assert sorted(word for word in secrets if stands_in(word, columns)) == []
    assert [word for word in secrets if len(word) > 7 and word.encode() in blobs] == []


def test_nothing_stands_in_clear_on_postgresql_either(clinic):
    _, record = live(clinic, *CHARTS[0])
    columns, ledger, blobs = clear_text(clinic.store)
    secrets = own_words(*CHARTS[0], record) | {WORDS, "QQ-998877"}
    assert [
        word
        for word in secrets
        if stands_in(word, columns + ledger) or (word.encode() in blobs and len(word) > 7)
    ] == []


def test_what_shows_a_packet_shows_no_text_of_it(small_clinic):
    packet_id = small_clinic.packet()
    opened = small_clinic.open(packet_id)
    source = open_source(
        small_clinic.store, small_clinic.actor("ann"), packet_id, opened.record["evidence"][0]["source"]
    )
    shown = f"{opened!r} {opened.head!r} {opened.head.card!r} {source!r} {small_clinic.desk_of(opened)!r}"
    assert opened.record["patient"]["name"] not in shown
    assert "patient-1" not in shown
