"""Signing, and what follows: statements in plain words, voided signatures, exports, the payer's clock."""

import hashlib
import io
import json
import zipfile

import pytest
from sqlalchemy import select

from posology.config import Serve
from posology.errors import Conflict, NotAllowed, NotFound, RequestError
from posology.review.exporting import Wanted, export, letter_of
from posology.review.moving import assign, prepare, send_back, withdraw
from posology.review.outcomes import Decision, due_after, mark_sent, record_outcome
from posology.review.packets import differences_of, open_version
from posology.review.signing import Signing, sign, signature_of, statement_for
from posology.review.sources import list_sources
from posology.store import Actor, Role
from posology.store.schema import signatures, users
from tests.review.conftest import made

MINUTE = 60_000_000


def signed(clinic, packet_id, login="ann", **changes):
    head = clinic.head(packet_id)
    values = {"version": head.version, "acknowledged": True, "proved_us": clinic.store.clock()} | changes
    return sign(clinic.store, clinic.actor(login), packet_id, Signing(**values))


def first_sentence(clinic, packet_id):
    return next(r for r in clinic.open(packet_id).record["narrative"] if r["section"] != "request")


def test_a_clinician_signs_what_was_read(clinic):
    packet_id = clinic.packet()
    prepare(clinic.store, clinic.actor("sam"), packet_id)
    before = clinic.size()
    made_here = signed(clinic, packet_id)
    assert clinic.head(packet_id).state == "signed"
    assert signature_of(clinic.store, clinic.actor("sam"), packet_id) == made_here
    assert made_here.name == "Ann Avery, MD"
    entry = clinic.entries(before, "packet.signed")[0]
    assert entry["details"]["statement_sha256"] == hashlib.sha256(made_here.statement.encode()).hexdigest()
    assert entry["version"] == 1
    assert set(entry["objects"]) == {f"packets/{packet_id}", f"signatures/{made_here.id}"}


@pytest.mark.parametrize("login", ["sam", "aud", "adm"])
def test_nobody_but_a_clinician_signs(small_clinic, login):
    packet_id = small_clinic.packet()
    head = small_clinic.head(packet_id)
    with pytest.raises(NotAllowed):
        sign(small_clinic.store, small_clinic.actor(login), packet_id, Signing(head.version, True, 0))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"proved_us": -6 * MINUTE}, "password again"),  # given too long ago
        ({"proved_us": +6 * MINUTE}, "password again"),  # given in the future: a clock that was moved
    ],
)
def test_signing_needs_a_password_given_just_now(small_clinic, changes, words):
    packet_id = small_clinic.packet()
    at = small_clinic.store.clock() + changes["proved_us"]
    with pytest.raises(NotAllowed, match=words):
        signed(small_clinic, packet_id, proved_us=at)
    assert small_clinic.head(packet_id).state == "drafted"


def test_a_clinician_without_a_valid_npi_does_not_sign(small_clinic):
    packet_id = small_clinic.packet()
    with small_clinic.store.write(small_clinic.actor("adm")) as w:
        from posology.ledger.entries import Kind

        w.update(users, "ann", {"npi": "1234567890"})
        w.record(Kind.USER_CHANGED, details={"user": "ann"})
    with pytest.raises(NotAllowed, match="NPI"):
        signed(small_clinic, packet_id)


def test_a_version_that_was_not_read_is_not_signed(small_clinic):
    packet_id = small_clinic.packet()
    row = first_sentence(small_clinic, packet_id)
    small_clinic.act("bob", packet_id, act="drop", sentence=row["id"], reason="said elsewhere")
    with pytest.raises(Conflict, match="version 2 now"):
        signed(small_clinic, packet_id, version=1)


def test_a_packet_of_a_policy_file_that_was_changed_since_is_not_signed(small_clinic):
    packet_id = small_clinic.packet()
    opened = small_clinic.open(packet_id)
    record, version = opened.record, opened.head.version
    now = small_clinic.store.clock()
    ann = small_clinic.actor("ann")
    with pytest.raises(Conflict, match="draft anew"):
        sign(small_clinic.store, ann, packet_id, Signing(version, True, now, frozenset({"0" * 64})))
    known = frozenset({record["request"]["policy"]["sha256"]})
    assert sign(small_clinic.store, ann, packet_id, Signing(version, True, now, known)).version == version


def test_open_points_must_be_acknowledged_and_stand_in_the_statement(small_clinic):
    packet_id = small_clinic.packet()
    record = small_clinic.open(packet_id).record
    statement = statement_for(record)
    assert record["conclusion"] in ("incomplete", "review")
    assert statement.open
    assert all(point in statement.text for point in statement.open)
    with pytest.raises(Conflict, match="acknowledge"):
        signed(small_clinic, packet_id, acknowledged=False)
    assert signed(small_clinic, packet_id).statement == statement.text


def test_a_packet_that_is_not_supported_has_nothing_to_sign(small_clinic):
    packet_id = small_clinic.packet(plan="fail-bmi-35")
    assert small_clinic.head(packet_id).conclusion == "not_supported"
    with pytest.raises(Conflict, match="not supported"):
        signed(small_clinic, packet_id)


def test_the_statement_holds_nothing_of_the_patient(small_clinic):
    packet_id = small_clinic.packet()
    record = small_clinic.open(packet_id).record
    text = signed(small_clinic, packet_id).statement
    own = [record["patient"]["name"], record["patient"]["member_id"], record["patient"]["birth_date"]]
    own += [record["request"]["date"]]
    own += [row["quote"] for row in record["evidence"] if row["kind"] in ("structured", "text")]
    assert [word for word in own if word and len(word) > 3 and word in text] == []


def test_any_act_on_a_signed_packet_voids_the_signature_in_the_same_transaction(clinic):
    packet_id = clinic.packet()
    signature = signed(clinic, packet_id)
    before = clinic.size()
    row = first_sentence(clinic, packet_id)
    clinic.act("sam", packet_id, act="drop", sentence=row["id"], reason="said elsewhere")
    kinds = [entry["kind"] for entry in clinic.entries(before)]
    assert kinds[:3] == ["packet.read", "packet.sentence-withdrawn", "packet.signature-voided"]
    assert clinic.head(packet_id).state == "prepared"
    assert signature_of(clinic.store, clinic.actor("ann"), packet_id) is None
    with clinic.store.read() as connection:
        kept = connection.execute(select(signatures).where(signatures.c.id == signature.id)).one()
    assert kept.voided_us > 0
    assert kept.voided_by == "sam"


def test_a_returned_packet_goes_to_staff_with_a_note_and_without_a_signature(clinic):
    packet_id = clinic.packet()
    signed(clinic, packet_id)
    send_back(clinic.store, clinic.actor("ann"), packet_id, "Please attach the sleep study.")
    head = clinic.head(packet_id)
    assert head.state == "drafted"
    assert signature_of(clinic.store, clinic.actor("ann"), packet_id) is None
    note = open_version(clinic.store, clinic.actor("sam"), packet_id, head.version)
    assert note.act["act"]["note"] == "Please attach the sleep study."
    assert differences_of(clinic.store, clinic.actor("sam"), packet_id) == ()


def test_an_unsigned_packet_leaves_only_as_a_draft(clinic):
    packet_id = clinic.packet()
    made_here = export(clinic.store, clinic.actor("sam"), packet_id, Wanted("html"))
    assert b"DRAFT" in made_here.data
    assert "DRAFT" in made_here.name
    for form in ("json", "zip"):
        with pytest.raises(Conflict, match="nobody has signed"):
            export(clinic.store, clinic.actor("sam"), packet_id, Wanted(form))


def test_the_same_signed_version_gives_the_same_bytes(clinic):
    packet_id = clinic.packet()
    signed(clinic, packet_id)
    for form in ("pdf", "html", "json", "zip"):
        first = export(clinic.store, clinic.actor("ann"), packet_id, Wanted(form))
        second = export(clinic.store, clinic.actor("sam"), packet_id, Wanted(form))
        assert first.data == second.data
        assert b"DRAFT" not in first.data or form in ("pdf", "zip")
        assert first.id != second.id


def unzipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("policy", ["cms-ncd-100.1", "cms-ncd-240.4", "northfield-lumbar-mri"])
def test_an_export_holds_no_text_of_a_note_beyond_the_cited_spans(small_clinic, policy):
    packet_id = small_clinic.packet(policy, seed=4)
    signed(small_clinic, packet_id)
    record = small_clinic.open(packet_id).record
    files = unzipped(export(small_clinic.store, small_clinic.actor("ann"), packet_id, Wanted("zip")).data)
    assert set(files) == {"letter.pdf", "letter.html", "packet.json", "sources.json", "manifest.json"}
    bundle = made(policy, "meet", 4)[0]
    from posology.records import read_chart_files

    told = b"".join(files[name] for name in ("letter.html", "packet.json", "sources.json")).decode()
    shown = {row["quote"] for row in record["evidence"]}
    for document in read_chart_files(bundle).documents:
        for line in document.text.splitlines():
            words = line.strip()
            if len(words) > 30 and not any(words in quote or quote in words for quote in shown):
                assert words not in told


def test_hashes_in_an_export_are_those_of_its_files(small_clinic):
    packet_id = small_clinic.packet()
    signed(small_clinic, packet_id)
    files = unzipped(export(small_clinic.store, small_clinic.actor("ann"), packet_id, Wanted("zip")).data)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert manifest["files"]["packet.json"] in files["letter.html"].decode()


def test_withheld_and_withdrawn_sentences_and_gaps_do_not_leave(small_clinic):
    packet_id = small_clinic.packet()
    row = first_sentence(small_clinic, packet_id)
    small_clinic.act("ann", packet_id, act="drop", sentence=row["id"], reason="Peculiar reason.")
    signed(small_clinic, packet_id)
    shown = json.loads(export(small_clinic.store, small_clinic.actor("ann"), packet_id, Wanted("json")).data)
    assert not {"withheld", "withdrawn", "gaps", "unread", "answers", "attachments"} & set(shown)
    assert "Peculiar reason." not in json.dumps(shown)


def test_whole_documents_leave_only_by_a_clinicians_list_each_on_the_record(clinic):
    packet_id = clinic.packet()
    signed(clinic, packet_id)
    notes = [
        one.source for one in list_sources(clinic.store, clinic.actor("ann"), packet_id) if one.kind == "text"
    ]
    wanted = Wanted("zip", (notes[0],))
    with pytest.raises(NotAllowed):
        export(clinic.store, clinic.actor("sam"), packet_id, wanted)
    before = clinic.size()
    files = unzipped(export(clinic.store, clinic.actor("ann"), packet_id, wanted).data)
    assert "documents/01.txt" in files
    kinds = [row["kind"] for row in clinic.entries(before)]
    assert kinds == ["packet.exported", "packet.document-disclosed"]
    with pytest.raises(NotFound):
        export(clinic.store, clinic.actor("ann"), packet_id, Wanted("zip", ("../x",)))
    with pytest.raises(RequestError):
        export(clinic.store, clinic.actor("ann"), packet_id, Wanted("pdf", (notes[0],)))


def test_the_payers_clock_runs_from_the_sending(clinic):
    packet_id = clinic.packet()
    with pytest.raises(Conflict, match="must be signed"):
        mark_sent(clinic.store, clinic.actor("sam"), packet_id, serve=Serve())
    signed(clinic, packet_id)
    mark_sent(clinic.store, clinic.actor("sam"), packet_id, serve=Serve())
    head = clinic.head(packet_id)
    assert head.state == "sent"
    assert head.due_us - head.sent_us == 7 * 24 * 60 * MINUTE
    record_outcome(
        clinic.store, clinic.actor("sam"), packet_id, Decision("denied", "missing-information", note="More.")
    )
    head = clinic.head(packet_id)
    assert (head.state, head.decided_us > 0) == ("denied", True)
    zipped = export(clinic.store, clinic.actor("ann"), packet_id, Wanted("zip"))
    assert zipped.signed


@pytest.mark.parametrize("outcome", ["approved", "partly", "denied"])
def test_each_outcome_has_its_state_and_ends_every_other_act(small_clinic, outcome):
    packet_id = small_clinic.packet()
    signed(small_clinic, packet_id)
    mark_sent(small_clinic.store, small_clinic.actor("sam"), packet_id, serve=Serve())
    record_outcome(
        small_clinic.store, small_clinic.actor("sam"), packet_id, Decision(outcome, "criteria-met")
    )
    assert small_clinic.head(packet_id).state == outcome
    row = first_sentence(small_clinic, packet_id)
    with pytest.raises(Conflict, match="draft anew"):
        small_clinic.act("ann", packet_id, act="drop", sentence=row["id"], reason="late")
    for late in (prepare, withdraw):
        with pytest.raises(Conflict, match="draft anew"):
            late(
                small_clinic.store,
                small_clinic.actor("ann"),
                packet_id,
                *(["mistake"] if late is withdraw else []),
            )
    with pytest.raises(Conflict, match="draft anew"):
        signed(small_clinic, packet_id)


def test_times_that_cannot_be_are_refused(small_clinic):
    packet_id = small_clinic.packet()
    signature = signed(small_clinic, packet_id)
    for wrong in (signature.signed_us - 1, small_clinic.store.clock() + MINUTE):
        with pytest.raises(RequestError, match="correct it"):
            mark_sent(small_clinic.store, small_clinic.actor("sam"), packet_id, serve=Serve(), sent_us=wrong)


def test_a_packet_is_assigned_to_people_who_may_work_on_it(clinic):
    packet_id = clinic.packet()
    assign(clinic.store, clinic.actor("sam"), packet_id, "bob")
    assert clinic.head(packet_id).owner == "Bob Brook, MD"
    for login in ("aud", "adm", "nobody"):
        with pytest.raises(NotFound):
            assign(clinic.store, clinic.actor("sam"), packet_id, login)


def test_letters_to_read_are_drafts_until_they_are_signed(clinic):
    packet_id = clinic.packet()
    assert b"DRAFT" in letter_of(clinic.store, clinic.actor("ann"), packet_id, "md")
    signed(clinic, packet_id)
    letter = letter_of(clinic.store, clinic.actor("ann"), packet_id, "md").decode()
    assert "DRAFT" not in letter
    assert "Ann Avery, MD, electronically" in letter
    assert letter_of(clinic.store, clinic.actor("ann"), packet_id, "pdf").startswith(b"%PDF")


def test_a_signed_letter_is_never_taken_without_an_entry(small_clinic):
    """It has the bytes of the export: each reading is recorded, also the second of a session."""
    store, ann = small_clinic.store, small_clinic.actor("ann")
    packet_id = small_clinic.packet()
    signed(small_clinic, packet_id)
    small_clinic.open(packet_id)
    for _ in range(2):
        before = small_clinic.size()
        assert letter_of(store, ann, packet_id, "html") == export_of(small_clinic, packet_id)
        (entry,) = small_clinic.entries(before, "packet.read")
        assert (entry["version"], entry["details"]) == (1, {"form": "letter-html"})


def export_of(clinic, packet_id):
    return export(clinic.store, clinic.actor("ann"), packet_id, Wanted("html")).data


def test_of_a_withdrawn_packet_there_is_a_draft_only(small_clinic):
    store, ann = small_clinic.store, small_clinic.actor("ann")
    packet_id = small_clinic.packet()
    signed(small_clinic, packet_id)
    withdraw(store, ann, packet_id, "mistake")
    letter = letter_of(store, ann, packet_id, "md").decode()
    assert "DRAFT" in letter
    assert "electronically" not in letter


def test_the_program_itself_signs_and_reads_nothing(small_clinic):
    packet_id = small_clinic.packet()
    for actor in (Actor("system"), Actor("ann", Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            signature_of(small_clinic.store, actor, packet_id)


def test_nothing_of_a_withdrawn_packet_goes_out(small_clinic):
    packet_id = small_clinic.packet()
    signed(small_clinic, packet_id)
    withdraw(small_clinic.store, small_clinic.actor("ann"), packet_id, "not-needed")
    for form in ("pdf", "html", "json", "zip"):
        with pytest.raises(Conflict, match="withdrawn"):
            export(small_clinic.store, small_clinic.actor("ann"), packet_id, Wanted(form))
    with pytest.raises(RequestError, match="reason"):
        withdraw(small_clinic.store, small_clinic.actor("ann"), packet_id, "he asked me to")


@pytest.mark.parametrize(
    ("urgency", "serve", "hours"),
    [
        ("standard", Serve(), 7 * 24),
        ("expedited", Serve(), 72),
        ("standard", Serve(payer_days_standard=14), 14 * 24),
        ("expedited", Serve(payer_hours_expedited=24), 24),
        ("", Serve(), 7 * 24),  # nothing said: not expedited
    ],
)
def test_the_payers_time_is_that_of_the_settings(urgency, serve, hours):
    assert due_after(1_000_000, urgency, serve) == 1_000_000 + hours * 60 * MINUTE
