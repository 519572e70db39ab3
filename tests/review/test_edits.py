"""A reviewer's edit that a clinician signed becomes a preference without what identifies anybody."""

import json
import re
from collections import Counter

import pytest
from sqlalchemy import update

from posology.config import Practice
from posology.corpus import Gate, Preference
from posology.corpus.jsonl import read_preferences
from posology.errors import NotAllowed, OutputError
from posology.records.deidentify import known_identifiers
from posology.review.charts import forget_chart, load_chart
from posology.review.deletion import delete_packet
from posology.review.edits import export_edits
from posology.store import SYSTEM
from posology.store.schema import charts
from tests.review.test_signing import signed


def _edited(clinic, sign=True, words="This patient", seed=1):
    """Reword every sentence that begins with the patient as far as checks let it; return the packet."""
    packet_id = clinic.packet(seed=seed)
    for row in clinic.open(packet_id).record["narrative"]:
        if row["section"] != "request" and row["sentence"].startswith("The patient"):
            text = row["sentence"].replace("The patient", words, 1)
            clinic.act("ann", packet_id, act="edit", sentence=row["id"], text=text)
    if sign:
        signed(clinic, packet_id)
    return packet_id


def _read(file, folder) -> list[Preference]:
    (folder / "edits.jsonl").write_bytes(file.data)
    return list(read_preferences(folder / "edits.jsonl"))


def test_signed_edits_become_preferences_in_the_writer_s_own_form(small_clinic, tmp_path):
    packet_id = _edited(small_clinic)
    file = export_edits(small_clinic.store, small_clinic.actor("adm"), "IRB-7", Practice())
    pairs = _read(file, tmp_path)
    assert len(pairs) == file.edits > 0
    assert file.packets == 1
    for pair in pairs:
        chosen, rejected = (json.loads(one)["sentence"] for one in (pair.chosen, pair.rejected))
        assert chosen.startswith("This patient")
        assert rejected.startswith("The patient")
        assert pair.messages[-1].content.startswith("1. ")
        assert pair.provenance.consent == "IRB-7"
        assert pair.provenance.licence == "not stated"  # no shipped model learns from it
        assert packet_id not in pair.id + pair.provenance.group
    (entry,) = small_clinic.entries(kind="edits.exported")
    assert (entry["details"]["edits"], entry["details"]["consent"]) == (file.edits, "IRB-7")


def test_no_identifier_passes(small_clinic):
    packet_id = small_clinic.packet()
    chart = load_chart(small_clinic.store, small_clinic.head(packet_id).chart_id)
    known = known_identifiers(chart)
    family = next(one.family for one in known.people if one.family)
    for row in small_clinic.open(packet_id).record["narrative"]:
        if row["section"] != "request" and row["sentence"].startswith("The patient"):
            text = row["sentence"].replace("The patient", f"The patient {family}", 1)
            small_clinic.act("ann", packet_id, act="edit", sentence=row["id"], text=text)
    signed(small_clinic, packet_id)
    file = export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice(name="Sunrise Clinic"))
    told = file.data.decode()
    assert file.edits
    assert re.search(r"The patient [A-Z]\w+ is", told)  # another name stands for the one that was written
    secrets = {one.family for one in known.people} | {one.text for one in known.values} | {packet_id, "Avery"}
    for secret in (one for one in secrets if len(one) > 2):
        assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", told, re.IGNORECASE), (
            "an identifier leaked"
        )


def test_edits_of_one_patient_are_of_one_group_whichever_chart_they_rest_on(small_clinic, tmp_path):
    packet_ids = [_edited(small_clinic, seed=seed) for seed in (1, 2, 1)]  # the first patient came twice
    assert len({small_clinic.head(one).chart_id for one in packet_ids}) == 3
    pairs = _read(export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice(), key=bytes(32)), tmp_path)
    groups = {pair.id.split("/")[1]: pair.provenance.group for pair in pairs}  # of each packet
    assert len(groups) == 3
    assert sorted(Counter(groups.values()).values()) == [1, 2]
    again = export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice(), key=bytes(32))
    assert _read(again, tmp_path) == pairs


def test_a_patient_s_group_is_the_same_in_every_export(small_clinic, tmp_path):
    older = _edited(small_clinic, sign=False)
    _edited(small_clinic)
    before = _read(export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice()), tmp_path)
    signed(small_clinic, older)  # now the older chart has edits too
    small_clinic.packet()  # and a third chart comes
    after = _read(export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice()), tmp_path)
    assert {pair.provenance.group for pair in after} == {pair.provenance.group for pair in before}
    assert [pair for pair in after if pair.id in {one.id for one in before}] == before
    assert len(after) > len(before)
    told = "".join(pair.id + pair.provenance.group for pair in after)
    assert small_clinic.head(older).chart_id not in told


def test_once_a_patient_s_chart_is_deleted_nobody_can_tell_whose_the_edits_are(small_clinic, tmp_path):
    packet_id = _edited(small_clinic)
    store, key = small_clinic.store, bytes(32)
    pairs = _read(export_edits(store, SYSTEM, "IRB-7", Practice(), key=key), tmp_path)
    chart_id = small_clinic.head(packet_id).chart_id
    delete_packet(store, small_clinic.actor("adm"), packet_id, "patient-request")
    assert packet_id in {one["packet"] for one in small_clinic.entries(kind="packet.deleted")}
    told = {part for pair in pairs for part in (pair.id.split("/")[1], pair.provenance.group)}
    assert not told & {Gate(key=key).pseudonym(one) for one in (packet_id, chart_id)}


def test_words_that_a_check_refused_are_not_exported(small_clinic):
    packet_id = small_clinic.packet()
    row = next(
        one
        for one in small_clinic.open(packet_id).record["narrative"]
        if one["section"] != "request" and one["sentence"].startswith("The patient")
    )
    words = f"{row['sentence'].rstrip('.')}, 98765 times."
    small_clinic.act("ann", packet_id, act="edit", sentence=row["id"], text=words)
    assert any("98765" in one["sentence"] for one in small_clinic.open(packet_id).record["withheld"])
    signed(small_clinic, packet_id)
    assert export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice()).edits == 0


def test_what_nobody_signed_is_not_exported(small_clinic):
    _edited(small_clinic, sign=False)
    assert export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice()).edits == 0


def test_the_export_needs_consent_and_the_administrator(small_clinic):
    with pytest.raises(NotAllowed, match="has not consented"):
        export_edits(small_clinic.store, SYSTEM, " ", Practice())
    with pytest.raises(NotAllowed, match="needs the role administrator"):
        export_edits(small_clinic.store, small_clinic.actor("ann"), "IRB-7", Practice())
    assert not small_clinic.entries(kind="edits.exported")


def test_nothing_is_exported_where_a_chart_cannot_be_read(small_clinic):
    edited, other = _edited(small_clinic), small_clinic.packet(seed=2)
    told = r"edits: a chart of the store cannot be read, so which charts are of one .* nothing was exported"
    for packet_id, message in (
        (other, told),
        (edited, r"edits: the chart of packet .* nothing was exported"),
    ):
        chart_id = small_clinic.head(packet_id).chart_id
        with small_clinic.store.engine.begin() as connection:  # as if the disk had lost it
            connection.execute(update(charts).where(charts.c.id == chart_id).values(body=b"gone"))
        forget_chart(chart_id)
        with pytest.raises(OutputError, match=message):
            export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice())
    assert not small_clinic.entries(kind="edits.exported")


def test_a_model_is_tuned_by_the_exported_edits(small_clinic, tmp_path):
    pytest.importorskip("torch", reason="needs the extra adapt")
    pytest.importorskip("peft", reason="needs the extra adapt")
    from posology.adapt.job import Job
    from posology.adapt.recipes import parse_recipe
    from posology.adapt.running import run_recipe
    from tests.chat.tiny_model import write_tiny

    _edited(small_clinic)
    file = export_edits(small_clinic.store, SYSTEM, "IRB-7", Practice())
    (tmp_path / "edits.jsonl").write_bytes(file.data)
    write_tiny(tmp_path / "tiny")
    recipe = parse_recipe(
        'posology = "recipe/1"\nkind = "prefer"\nname = "edits"\n[data]\npairs = ["edits.jsonl"]\n'
        'select_share = 0.0\nmax_tokens = 1024\n[base]\npath = "tiny"\ndtype = "float32"\nthreads = 1\n'
        "[lora]\nrank = 2\n[optimizer]\nsteps = 1\nbatch = 1\n",
        "r.toml",
    )
    made = run_recipe(recipe, Job(tmp_path / "out", tmp_path, home=tmp_path / "home"))
    report = json.loads((made / "report.json").read_text())
    assert report["faults"] == {"reworded by a reviewer": file.edits}
    assert report["licences"] == {"not stated": file.edits}
