"""Reading charts in every form in which they come."""

import io
import json
import os

import pytest

from posology.errors import ChartError
from posology.records import read_chart

from .charts import PATIENT, bundle, read, read_with, resource

CONDITION = resource("Condition", "c1", code={"text": "asthma"}, subject={"reference": "Patient/p1"})


@pytest.mark.parametrize(
    "kind", ["transaction", "collection", "document", "searchset", "batch", "history", "message"]
)
def test_a_bundle_of_any_type_is_read(tmp_path, kind):
    chart = read(tmp_path, bundle(PATIENT, CONDITION, kind=kind))
    assert [r.reference for r in chart.resources] == ["Patient/p1", "Condition/c1"]
    assert chart.unread == ()


def test_nested_bundles_lists_and_single_resources_are_read(tmp_path):
    assert len(read(tmp_path, bundle(PATIENT, bundle(CONDITION))).resources) == 2
    assert len(read(tmp_path, [PATIENT, CONDITION]).resources) == 2
    assert read(tmp_path, PATIENT).patient.reference == "Patient/p1"


def test_ndjson_is_read_by_its_name_or_its_form(tmp_path):
    text = json.dumps(PATIENT) + "\n\n" + json.dumps(CONDITION) + "\r\n"
    for name in ("chart.ndjson", "chart.json"):
        (tmp_path / name).write_text(text)
        assert len(read_chart(tmp_path / name).resources) == 2


def test_a_dash_reads_standard_input():
    chart = read_chart("-", stdin=io.BytesIO(json.dumps(bundle(PATIENT)).encode()))
    assert chart.patient.reference == "Patient/p1"
    assert list(chart.inputs) == ["-"]


def test_a_folder_is_read_in_sorted_order_with_its_notes(tmp_path):
    (tmp_path / "b.json").write_text(json.dumps(CONDITION))
    (tmp_path / "a.json").write_text(json.dumps(PATIENT))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.ndjson").write_text(json.dumps(resource("Goal", "g1")))
    (tmp_path / "more" / "2019-03-02 visit.txt").write_bytes(b"BMI 41.2\r\ntoday")
    (tmp_path / "scan.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden").write_text("x")
    chart = read_chart(tmp_path)
    assert [r.reference for r in chart.resources] == ["Patient/p1", "Condition/c1", "Goal/g1"]
    (document,) = chart.documents
    assert (document.source, document.text) == ("more/2019-03-02 visit.txt", "BMI 41.2\r\ntoday")
    assert document.date.text == "2019-03-02"
    assert {u.source for u in chart.unread} == {"scan.png", ".hidden"}
    assert len(chart.inputs) == 4


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    folder = tmp_path / "chart"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("of somebody else")
    (folder / "p.json").write_text(json.dumps(PATIENT))
    os.symlink(tmp_path / "secret.txt", folder / "note.txt")
    chart = read_chart(folder)
    assert chart.documents == ()
    assert [u.source for u in chart.unread] == ["note.txt"]


def test_unknown_types_are_kept(tmp_path):
    assert (
        read_with(tmp_path, resource("FutureThing", "f1", x=1)).by_reference["FutureThing/f1"].body["x"] == 1
    )


def test_a_resource_without_id_is_named_by_its_place(tmp_path):
    chart = read_with(tmp_path, resource("Condition", None, subject={"reference": "Patient/p1"}))
    assert chart.resources[1].reference == "Condition/entry-2"


def test_numbers_keep_the_form_in_which_they_were_written(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(
        json.dumps(bundle(PATIENT, resource("Observation", "o1", valueQuantity={"value": "V"}))).replace(
            '"V"', "41.20"
        )
    )
    value = read_chart(path).by_reference["Observation/o1"].body["valueQuantity"]["value"]
    assert (str(value), value, json.dumps(value)) == ("41.20", 41.2, "41.2")


REFERENCES = [
    ("Practitioner/d1", "relative"),
    ("https://ehr.example/fhir/Practitioner/d1", "absolute"),
    ("Practitioner/d1/_history/3", "versioned"),
    ("https://ehr.example/fhir/Practitioner/d1/_history/3", "absolute and versioned"),
    ("urn:uuid:d1", "a urn that is the id"),
    ("Practitioner?identifier=urn:npi|1234567893", "conditional"),
    ("#here", "contained"),
]


@pytest.mark.parametrize(("reference", "why"), REFERENCES, ids=[r[1] for r in REFERENCES])
def test_every_form_of_reference_is_followed(tmp_path, reference, why):
    doctor = resource(
        "Practitioner",
        "d1",
        name=[{"family": "Lee"}],
        identifier=[{"system": "urn:npi", "value": "1234567893"}],
    )
    order = resource(
        "ServiceRequest", "s1", requester={"reference": reference, "display": "Dr. L"}, contained=[]
    )
    if reference == "#here":
        order["contained"] = [{**doctor, "id": "here"}]
    chart = read_with(tmp_path, doctor, order)
    linked = chart.by_reference["ServiceRequest/s1"].linked["requester"]
    assert linked["name"] == [{"family": "Lee"}]
    assert (linked["reference"], linked["display"]) == (reference, "Dr. L")
    assert "name" not in chart.by_reference["ServiceRequest/s1"].body["requester"]
    assert chart.unread == ()


def test_full_urls_lead_to_their_resource(tmp_path):
    value = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": "urn:uuid:aaa", "resource": PATIENT},
            {"fullUrl": "urn:uuid:bbb", "resource": resource("Medication", "m1", code={"text": "drug"})},
            {
                "fullUrl": "urn:uuid:ccc",
                "resource": resource(
                    "MedicationRequest",
                    "mr1",
                    subject={"reference": "urn:uuid:aaa"},
                    medicationReference={"reference": "urn:uuid:bbb"},
                ),
            },
        ],
    }
    linked = read(tmp_path, value).by_reference["MedicationRequest/mr1"].linked
    assert linked["medicationReference"]["code"] == {"text": "drug"}
    assert linked["subject"]["birthDate"] == "1970-05-04"


def test_references_in_a_circle_are_followed_one_level(tmp_path):
    one = resource("Condition", "c1", evidence=[{"detail": [{"reference": "Observation/o1"}]}])
    two = resource(
        "Observation", "o1", hasMember=[{"reference": "Condition/c1"}, {"reference": "Observation/o1"}]
    )
    linked = read_with(tmp_path, one, two).by_reference["Condition/c1"].linked
    inner = linked["evidence"][0]["detail"][0]["hasMember"][0]
    assert inner == {"reference": "Condition/c1"}


def test_contained_resources_are_resources_of_the_chart(tmp_path):
    coverage = resource("Coverage", "cov", subscriberId="S1", beneficiary={"reference": "Patient/p1"})
    chart = read_with(tmp_path, resource("Claim", "k1", contained=[coverage]))
    assert [r.reference for r in chart.of_type("Coverage")] == ["Claim/k1#cov"]


def test_a_contained_patient_is_no_second_patient(tmp_path):
    relative = resource("RelatedPerson", "x", patient={"reference": "Patient/p1"})
    relative["contained"] = [resource("Patient", "other", birthDate="1990-01-01")]
    chart = read_with(tmp_path, relative)
    assert [r.reference for r in chart.of_type("Patient")] == ["Patient/p1"]


def test_a_reference_that_leads_nowhere_is_listed_once(tmp_path):
    gone = {"reference": "Medication/gone"}
    chart = read_with(
        tmp_path,
        resource("MedicationRequest", "m1", medicationReference=gone),
        resource("MedicationRequest", "m2", medicationReference=gone),
        resource("Observation", "o1", encounter={"reference": "Encounter/gone"}),
    )
    (unread,) = chart.unread
    assert unread.source == "MedicationRequest/m1"
    assert unread.why == "medicationReference: refers to Medication/gone, which is not in the chart"


def test_the_same_resource_twice_is_kept_once(tmp_path):
    chart = read(tmp_path, bundle(PATIENT, CONDITION, PATIENT, CONDITION))
    assert len(chart.resources) == 2


def test_the_highest_version_is_kept_and_the_older_one_listed(tmp_path):
    old = resource("Condition", "c1", meta={"versionId": "9"}, code={"text": "old"})
    new = resource("Condition", "c1", meta={"versionId": "10"}, code={"text": "new"})
    for pair in ((old, new), (new, old)):
        chart = read_with(tmp_path, *pair)
        assert chart.by_reference["Condition/c1"].body["code"] == {"text": "new"}
        assert [u.why for u in chart.unread] == ["an older version (meta.versionId 9) was left out"]


def test_what_a_history_deleted_is_left_out(tmp_path):
    value = bundle(PATIENT, kind="history")
    value["entry"] += [
        {"request": {"method": "DELETE", "url": "Condition/c1"}},
        {"resource": CONDITION},
    ]
    chart = read(tmp_path, value)
    assert len(chart.resources) == 1
    assert "Condition/c1" in {u.source for u in chart.unread}


def test_a_further_page_is_listed(tmp_path):
    value = bundle(PATIENT, kind="searchset") | {"link": [{"relation": "next", "url": "https://x"}]}
    assert "next page" in read(tmp_path, value).unread[0].why


def test_a_wrong_type_under_a_deciding_element_leaves_the_resource_out(tmp_path):
    chart = read_with(tmp_path, resource("Observation", "o1", valueQuantity=[{"value": 41}]))
    assert chart.of_type("Observation") == ()
    why = "valueQuantity: expected an object (Quantity); the resource was left out"
    assert chart.unread[0].why == why


WRONG = [
    (resource("Condition", code="asthma"), "code: expected an object (CodeableConcept)"),
    (resource("Condition", code={"coding": [{"code": 1}]}), "code.coding[0].code: expected text"),
    (resource("Observation", status=1), "status: expected text"),
    (resource("Observation", valueQuantity={"value": "41"}), "valueQuantity.value: expected a number"),
    (resource("Observation", valueQuantity={"value": True}), "valueQuantity.value: expected a number"),
    (resource("Observation", component={"code": {}}), "component: expected a list of Observation.component"),
    (resource("Procedure", performedDateTime=2019), "performedDateTime: expected a date"),
    (resource("MedicationRequest", doNotPerform="false"), "doNotPerform: expected true or false"),
    (resource("Encounter", period="2019"), "period: expected an object (Period)"),
]


@pytest.mark.parametrize(("body", "why"), WRONG, ids=[row[1] for row in WRONG])
def test_each_wrong_type_names_its_path(tmp_path, body, why):
    chart = read_with(tmp_path, body)
    assert [u.why for u in chart.unread] == [f"{why}; the resource was left out"]


def test_a_date_that_does_not_exist_counts_as_no_date(tmp_path):
    chart = read_with(tmp_path, resource("Procedure", "x", performedDateTime="2019-02-30"))
    assert len(chart.of_type("Procedure")) == 1
    assert chart.unread[0].why == ("performedDateTime: expected a date on the calendar; it counts as no date")


def test_odd_values_elsewhere_are_read_leniently(tmp_path):
    body = resource("Observation", "o1", unknownElement=[1, None, {"x": []}], extension="odd", code=None)
    assert read_with(tmp_path, body).unread == ()


RESTRICTED = [
    resource("Condition", "x", meta={"security": [{"code": "R"}]}),
    resource("Condition", "x", meta={"security": [{"code": "N"}, {"code": "42CFRPart2"}]}),
    resource("DocumentReference", "x", securityLabel=[{"coding": [{"code": "V"}]}]),
    resource("Composition", "x", confidentiality="R"),
    resource("DocumentReference", "x", type={"text": "Psychotherapy note"}),
    resource("Claim", "x", contained=[resource("Condition", "y", meta={"security": [{"code": "PSY"}]})]),
]


@pytest.mark.parametrize("body", RESTRICTED)
def test_restricted_resources_are_left_out_unless_asked_for(tmp_path, body):
    chart = read_with(tmp_path, body)
    assert len(chart.resources) == 1
    assert "read with --include-restricted" in chart.unread[0].why
    chart = read_with(tmp_path, body, include_restricted=True)
    assert chart.by_reference[f"{body['resourceType']}/x"].restricted


def test_a_restricted_resource_is_not_seen_through_a_reference(tmp_path):
    secret = resource("Condition", "x", meta={"security": [{"code": "R"}]}, code={"text": "secret"})
    visit = resource("Encounter", "e1", reasonReference=[{"reference": "Condition/x"}])
    chart = read_with(tmp_path, secret, visit)
    assert "secret" not in json.dumps(dict(chart.by_reference["Encounter/e1"].linked))
    assert len(chart.unread) == 1


def test_a_label_of_the_bundle_covers_entries_without_labels(tmp_path):
    value = bundle(PATIENT, CONDITION) | {"meta": {"security": [{"code": "R"}]}}
    with pytest.raises(ChartError, match="include-restricted"):
        read(tmp_path, value)
    assert read(tmp_path, value, include_restricted=True).by_reference["Condition/c1"].restricted


def test_a_label_of_the_bundle_is_not_explained_by_an_entry_labelled_normal(tmp_path):
    normal = resource("Condition", "c1", meta={"security": [{"code": "N"}]})
    value = bundle(PATIENT | {"meta": {"security": [{"code": "N"}]}}, normal, resource("Condition", "c2"))
    chart = read(tmp_path, value | {"meta": {"security": [{"code": "R"}]}})
    assert [condition.reference for condition in chart.of_type("Condition")] == ["Condition/c1"]
    assert [(u.source, u.why[:10]) for u in chart.unread] == [("Condition/c2", "restricted")]


def test_a_label_of_the_bundle_is_explained_by_the_entry_that_is_restricted(tmp_path):
    secret = resource("Condition", "c1", meta={"security": [{"code": "R"}]})
    value = bundle(PATIENT, secret, resource("Condition", "c2"))
    chart = read(tmp_path, value | {"meta": {"security": [{"code": "R"}]}})
    assert [condition.reference for condition in chart.of_type("Condition")] == ["Condition/c2"]


def test_a_folder_that_is_hidden_or_linked_is_listed(tmp_path):
    chart, elsewhere = tmp_path / "chart", tmp_path / "elsewhere"
    for folder in (chart / ".hidden", elsewhere):
        folder.mkdir(parents=True)
        (folder / "note.txt").write_text("A note.")
    (chart / "patient.json").write_text(json.dumps(PATIENT))
    (chart / "linked").symlink_to(elsewhere)
    unread = {(item.source, item.why) for item in read_chart(chart).unread}
    assert unread == {(".hidden", "a hidden folder"), ("linked", "a link to a folder")}


def test_a_resource_about_something_else_is_left_out(tmp_path):
    chart = read_with(
        tmp_path,
        resource("Location", "l1"),
        resource("Observation", "o1", subject={"reference": "Location/l1"}),
        resource("Observation", "o2", focus=[{"reference": "RelatedPerson/mother"}]),
    )
    assert chart.of_type("Observation") == ()
    assert len(chart.unread) == 2


def test_nothing_of_a_chart_shows_in_its_repr(tmp_path):
    chart = read_with(tmp_path, resource("Condition", "c1", code={"text": "secret"}))
    assert "secret" not in repr(chart) + repr(chart.resources)
    assert "Example" not in repr(chart.patient)
