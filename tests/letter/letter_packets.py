"""Packets as a draft writes them, made up for the tests of the letter."""

import copy
from typing import Any

Packet = dict[str, Any]

WRITER = "smollm2-135m-instruct"
VALIDATOR = "a support checker"


def _criterion(identifier: str, path: str, text: str, status: str, **rest: Any) -> Packet:
    row = {
        "id": identifier,
        "path": path,
        "text": text,
        "status": status,
        "basis": "structured" if status != "unknown" else "none",
        "evidence": [],
        "contrary": [],
        "reason": "",
        "looked": [],
        "decided_by": "rule",
    }
    return row | rest


def _sentence(
    section: str, sentence: str, cites: list[str], written_by: str = "template", **rest: Any
) -> Packet:
    checks: list[Packet] = [
        {"check": "numbers", "ok": True},
        {"check": "dates", "ok": True},
        {"check": "support", "by": VALIDATOR, "ok": True, "score": 0.98},
    ]
    row = {"section": section, "sentence": sentence, "cites": cites, "verdict": "supported"}
    return row | {"written_by": written_by, "checks": checks} | rest


_READY: Packet = {
    "posology": "packet/1",
    "request": {
        "service": {
            "system": "ICD-10-PCS",
            "code": "0D164ZA",
            "display": "Bypass stomach to jejunum, endoscopic",
        },
        "date": "2019-06-01",
        "policy": {"id": "cms-ncd-100.1", "version": "5", "sha256": "ab" * 32},
    },
    "policy": {
        "id": "cms-ncd-100.1",
        "version": "5",
        "title": "Bariatric surgery for comorbid conditions related to morbid obesity",
        "payer": "CMS",
        "source_title": "National Coverage Determination 100.1",
        "effective": {"from": "2013-09-24", "until": None},
    },
    "patient": {
        "reference": "Patient/123",
        "name": "Marisol Ortega-Lindqvist",
        "birth_date": "1964-11-02",
        "sex": "female",
        "member_id": "1EG4-TE5-MK73",
    },
    "conclusion": "ready",
    "provisional": None,
    "findings_to_confirm": [],
    "restricted_used": False,
    "validator": VALIDATOR,
    "stale": None,
    "criteria": [
        _criterion(
            "bmi-35",
            "all[0]",
            "Body mass index of 35 kg/m2 or more.",
            "met",
            evidence=["e1"],
            policy_wording="e2",
            reason="The latest value is 41.2 kg/m2 on 2019-03-02, which is at least 35 kg/m2.",
        ),
        _criterion(
            "type-2-diabetes",
            "all[1].any[0]",
            "Type 2 diabetes mellitus.",
            "met",
            evidence=["e3"],
            reason="An active condition on the date of service.",
        ),
        _criterion(
            "other-comorbidity",
            "all[1].any[1]",
            "Another co-morbidity related to obesity.",
            "met",
            evidence=["e4"],
            contrary=["e6"],
            reason="An active condition on the date of service.",
        ),
        _criterion(
            "failed-treatment",
            "all[2]",
            "Previously unsuccessful with medical treatment for obesity.",
            "met",
            evidence=["e5"],
            basis="human",
            decided_by="person",
            reason="Confirmed by a person from a note.",
        ),
        _criterion(
            "non-covered-procedure",
            "exclusions[0]",
            "A procedure that is non-covered for all beneficiaries.",
            "not_met",
            evidence=["e7"],
            reason="The code requested is not on the policy's list of non-covered procedures.",
        ),
    ],
    "evidence": [
        {
            "id": "e1",
            "kind": "structured",
            "source": "Observation/bmi-2019",
            "path": "valueQuantity",
            "quote": "41.2 kg/m2",
            "date": "2019-03-02",
            "label": "Body mass index",
        },
        {"id": "e2", "kind": "policy", "source": "cms-ncd-100.1", "quote": "have a body-mass index ≥ 35"},
        {
            "id": "e3",
            "kind": "structured",
            "source": "Condition/dm2",
            "path": "code.coding[0].display",
            "quote": "Type 2 diabetes mellitus",
            "date": "2014-05-19",
            "label": "Diagnosis",
        },
        {
            "id": "e4",
            "kind": "structured",
            "source": "Condition/osa",
            "path": "code.text",
            "quote": "Obstructive sleep apnea",
            "date": "2016-08",
            "label": "Diagnosis",
        },
        {
            "id": "e5",
            "kind": "text",
            "source": "DocumentReference/visit-2019-02-11",
            "start": 1042,
            "end": 1137,
            "quote": "Completed a 26-week supervised diet and exercise programme; lost 3 kg, "
            "regained 5 kg within a year.",
            "date": "2019-02-11",
            "label": "Progress note",
        },
        {
            "id": "e6",
            "kind": "text",
            "source": "DocumentReference/sleep-2018",
            "start": 310,
            "end": 359,
            "quote": "Repeat polysomnography: AHI 4.1, no sleep apnea.",
            "date": "2018-12-03",
            "label": "Sleep study",
        },
        {
            "id": "e7",
            "kind": "human",
            "source": "request.yaml",
            "quote": "ICD-10-PCS 0D164ZA",
            "label": "Service",
        },
        {
            "id": "e8",
            "kind": "derived",
            "from": ["Patient/123"],
            "quote": "54 years",
            "how": "age on the date of service",
        },
        {
            "id": "e9",
            "kind": "structured",
            "source": "Observation/never-cited",
            "path": "valueString",
            "quote": "a value that no finding and no sentence cites",
        },
    ],
    "narrative": [
        _sentence(
            "request",
            "Authorization is requested for ICD-10-PCS 0D164ZA, date of service 2019-06-01.",
            ["e7"],
        ),
        _sentence("clinical_summary", "The patient is 54 years old.", ["e8"]),
        _sentence(
            "clinical_summary",
            "She has type 2 diabetes mellitus, recorded on 2014-05-19, and obstructive sleep apnea.",
            ["e3", "e4"],
            WRITER,
        ),
        _sentence(
            "prior_treatment",
            "The note of 2019-02-11 states: “Completed a 26-week supervised diet and exercise programme; "
            "lost 3 kg, regained 5 kg within a year.”",
            ["e5"],
        ),
        _sentence("medical_necessity", "Her body mass index was 41.2 kg/m2 on 2019-03-02.", ["e1"], WRITER),
        _sentence("medical_necessity", "The policy asks: “have a body-mass index ≥ 35”.", ["e2"]),
    ],
    "withheld": [],
    "gaps": [],
    "unread": [],
    "administrative": {
        "provider": {
            "name": "Dr. Anneke Voss",
            "npi": "1234567893",
            "phone": "+1 555 010 7788",
            "fax": "+1 555 010 7789",
            "address": "12 Harbor Street, Duluth, MN 55802",
        },
        "facility": {
            "name": "Lakeside Surgical Center",
            "npi": "1679576722",
            "address": "400 Pier Road, Duluth, MN 55802",
        },
        "requester": {"name": "Tomasz Reyes", "phone": "+1 555 010 7790"},
        "payer": {"name": "Medicare", "id": "00120"},
        "diagnoses": [
            {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E66.01", "display": "Morbid obesity"},
            {
                "system": "http://hl7.org/fhir/sid/icd-10-cm",
                "code": "E11.9",
                "display": "Type 2 diabetes mellitus without complications",
                "evidence": "e3",
            },
        ],
        "quantity": {"value": 1, "unit": "procedure"},
        "side": None,
        "body_site": "stomach",
        "kind": "initial",
        "urgency": "standard",
        "urgency_reason": None,
        "practice": {
            "name": "Lakeside Clinic",
            "npi": "1234567893",
            "address": "12 Harbor Street, Duluth, MN 55802",
            "phone": "+1 555 010 7788",
            "fax": "+1 555 010 7789",
        },
        "attachments": [
            {
                "source": "DocumentReference/visit-2019-02-11",
                "title": "Progress note",
                "date": "2019-02-11",
                "cited": True,
            },
            {
                "source": "DocumentReference/sleep-2018",
                "title": "Sleep study",
                "date": "2018-12-03",
                "cited": True,
            },
        ],
    },
}

_IMAGING = [
    ("back-pain", "Low back pain with radicular symptoms.", "met", "e1"),
    ("duration", "Symptoms for at least six weeks.", "met", "e2"),
    ("nsaid", "A trial of an anti-inflammatory drug for at least four weeks.", "met", "e3"),
    ("physiotherapy", "Six weeks of supervised physical therapy without improvement.", "met", "e4"),
    ("home-exercise", "A home exercise programme, documented.", "unknown", ""),
    ("neurology", "A neurological examination within three months.", "met", "e5"),
]
_RED_FLAGS = [
    ("cauda-equina", "Suspected cauda equina syndrome.", "not_met", ""),
    ("weakness", "Progressive motor weakness of a leg.", "met", "e5"),
    ("malignancy", "History of cancer with new back pain.", "unknown", ""),
]
_EXCLUSIONS = [
    ("repeat-imaging", "Magnetic resonance imaging of the same region within twelve months.", "not_met", ""),
    ("pacemaker", "An implanted device that rules magnetic resonance imaging out.", "not_met", "e6"),
    ("routine", "Requested for screening only.", "not_met", ""),
]

_REASONS = {
    "back-pain": "The note of 2023-03-01 describes pain that radiates below the knee.",
    "duration": "The note of 2023-03-20 says ten weeks, which is at least six weeks.",
    "nsaid": "Ordered on 2023-01-20 and active until the date of service: 73 days, at least four weeks.",
    "physiotherapy": "The note of 2023-03-20 says that physical therapy brought no improvement.",
    "home-exercise": "No entry and no passage decides it.",
    "neurology": "The note of 2023-03-20 holds the examination; it is within three months.",
    "cauda-equina": "No condition with these codes, and the policy takes that as no.",
    "weakness": "The note of 2023-03-20 says that the ankle reflex is diminished.",
    "malignancy": "No entry and no passage decides it.",
    "repeat-imaging": "No such imaging within twelve months of the date of service.",
    "pacemaker": "The note of 2023-03-20 says that there is none.",
    "routine": "No passage of the notes says so, and the policy takes that as no.",
}


def ready() -> Packet:
    """A packet in which everything is decided in favour."""
    return copy.deepcopy(_READY)


def review() -> Packet:
    """A packet of twelve criteria, some read from text by a model, with no validator configured."""
    packet = ready()
    evidence = [
        _note(
            "e1",
            "Low back pain radiating to the left leg below the knee since early January.",
            "2023-03-01",
            120,
        ),
        _note("e2", "Symptoms now for ten weeks.", "2023-03-20", 88),
        {
            "id": "e3",
            "kind": "structured",
            "source": "MedicationRequest/naproxen",
            "path": "medicationCodeableConcept.text",
            "quote": "Naproxen 500 mg oral tablet",
            "date": "2023-01-20",
            "label": "Medication",
        },
        _note("e4", "Completed 8 sessions of PT, no improvement.", "2023-03-20", 240),
        _note(
            "e5",
            "Straight leg raise positive on the left at 40 degrees. Ankle reflex diminished.",
            "2023-03-20",
            410,
        ),
        _note("e6", "No pacemaker, no metal implants.", "2023-03-20", 633),
        _note("e7", "Patient reports missing most PT appointments.", "2023-02-14", 51),
    ]
    rows = [_imaging_row(f"all[{n}]", *row) for n, row in enumerate(_IMAGING)]
    for place, row in (("all[3].any[0]", rows[3]), ("all[3].any[1]", rows[4]), ("all[4]", rows[5])):
        row["path"] = place
    rows += [_imaging_row(f"all[5].any[{n}]", *row) for n, row in enumerate(_RED_FLAGS)]
    rows += [_imaging_row(f"exclusions[{n}]", *row) for n, row in enumerate(_EXCLUSIONS)]
    rows[3]["contrary"] = ["e7"]
    narrative = [
        _sentence(
            "request",
            "Authorization is requested for HCPCS C8931, date of service 2023-04-03.",
            [],
            verdict="unchecked",
        ),
        *(
            _sentence(
                "prior_treatment" if n in (3, 4) else "clinical_summary",
                _told(row),
                [row["id"]],
                WRITER if n % 2 else "template",
                verdict="unchecked",
                checks=[{"check": "numbers", "ok": True}, {"check": "dates", "ok": True}],
            )
            for n, row in enumerate(evidence[:6], start=1)
        ),
    ]
    packet |= {
        "request": {
            "service": {"system": "HCPCS", "code": "C8931", "display": "MRI of the lumbar spine"},
            "date": "2023-04-03",
            "policy": {"id": "northfield-lumbar-mri", "version": "2023.1", "sha256": "cd" * 32},
        },
        "policy": {
            "id": "northfield-lumbar-mri",
            "version": "2023.1",
            "title": "Magnetic resonance imaging of the lumbar spine",
            "payer": "Northfield Health Plan",
            "source_title": "Northfield medical policy IMG-7",
            "effective": {"from": "2023-01-01", "until": "2023-12-31"},
        },
        "conclusion": "review",
        "provisional": "ready",
        "findings_to_confirm": [
            "back-pain",
            "duration",
            "physiotherapy",
            "neurology",
            "weakness",
            "pacemaker",
        ],
        "validator": None,
        "criteria": rows,
        "evidence": evidence,
        "narrative": narrative,
        "restricted_used": True,
        "stale": "The newest entry of the chart is dated 2023-03-20.",
        "withheld": [
            {"sentence": "The patient weighs 200 kg.", "why": "numbers: 200 kg stands in no cited source"}
        ],
        "gaps": [
            {
                "kind": "criterion",
                "id": "home-exercise",
                "ask": "A note of the home exercise programme, with its dates: from the treating clinician.",
            },
            {"kind": "document", "id": "pt-notes", "ask": "Physical therapy notes: from the therapist."},
            {
                "kind": "administrative",
                "id": "facility-npi",
                "ask": "The facility's NPI: in the request file.",
            },
        ],
        "unread": [{"source": "DocumentReference/scan-7", "why": "an encrypted PDF"}],
    }
    packet["administrative"] |= {
        "diagnoses": [
            {
                "system": "ICD-10-CM",
                "code": "M54.16",
                "display": "Radiculopathy, lumbar region",
                "evidence": "e1",
            }
        ],
        "facility": {"name": "Northfield Imaging"},
        "payer": {"name": "Northfield Health Plan"},
        "quantity": {"value": 1, "unit": "examination"},
        "side": None,
        "body_site": "lumbar spine",
        "urgency": "expedited",
        "urgency_reason": "Progressive weakness of the left foot.",
        "attachments": [
            {
                "source": f"DocumentReference/{e}",
                "title": "Progress note",
                "date": "2023-03-20",
                "cited": True,
            }
            for e in ("e1", "e4")
        ],
    }
    return packet


def _told(row: Packet) -> str:
    quote = str(row["quote"]).rstrip(".")
    if row["kind"] == "text":
        return f"The note of {row['date']} states: “{quote}”."
    return f"The record shows {quote}; ordered {row['date']}."


def _note(identifier: str, quote: str, day: str, start: int) -> Packet:
    return {
        "id": identifier,
        "kind": "text",
        "source": f"DocumentReference/{identifier}",
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "date": day,
        "label": "Progress note",
    }


def _imaging_row(path: str, identifier: str, text: str, status: str, evidence: str) -> Packet:
    looked = (
        ["conditions with the codes of this criterion", "3 passages of 7 notes"]
        if status == "unknown"
        else []
    )
    return _criterion(
        identifier,
        path,
        text,
        status,
        evidence=[evidence] if evidence else [],
        reason=_REASONS[identifier],
        looked=looked,
        basis="text" if evidence else "absence",
        decided_by=WRITER if evidence and evidence != "e3" else "rule",
    )


def incomplete() -> Packet:
    """A packet with a criterion that stays unknown and things to ask for."""
    packet = ready()
    packet["conclusion"] = "incomplete"
    packet["criteria"][3] |= {
        "status": "unknown",
        "evidence": [],
        "basis": "none",
        "reason": "No passage of the notes decides it.",
        "looked": [
            "12 notes of the last five years, 4 passages read",
            "the nearest passage speaks of a planned diet",
        ],
    }
    packet["narrative"] = [row for row in packet["narrative"] if row["section"] != "prior_treatment"]
    packet["patient"]["member_id"] = None
    packet["gaps"] = [
        {
            "kind": "criterion",
            "id": "failed-treatment",
            "ask": "A note of earlier treatment for obesity and its outcome: from the treating clinician.",
        },
        {
            "kind": "administrative",
            "id": "member-id",
            "ask": "The patient's member id: from the insurance card.",
        },
    ]
    return packet


def not_supported() -> Packet:
    """A packet that confirmed findings decide against."""
    packet = ready()
    packet["conclusion"] = "not_supported"
    packet["evidence"][0] |= {"quote": "31.4 kg/m2"}
    packet["criteria"][0] |= {
        "status": "not_met",
        "reason": "The latest value is 31.4 kg/m2 on 2019-03-02, which is below 35 kg/m2.",
    }
    packet["narrative"] = [row for row in packet["narrative"] if row["section"] != "medical_necessity"]
    return packet


def minimal() -> Packet:
    """The least a packet can hold: everything else is null or missing."""
    return {
        "posology": "packet/1",
        "request": {"service": {"system": "HCPCS", "code": "E0601"}, "date": "2024-02-29", "policy": None},
        "patient": {
            "reference": "Patient/1",
            "name": None,
            "birth_date": None,
            "sex": None,
            "member_id": None,
        },
        "conclusion": "incomplete",
        "criteria": [],
        "evidence": [],
        "narrative": [],
        "administrative": None,
    }


HOSTILE = [
    '#eval("1+1") #image("/etc/passwd") $x^2$ @ref <label> \\ * _ `code` // comment',
    "<script>alert(1)</script><img src=x onerror=alert(1)> &amp; </title></style>",
    "[click](javascript:alert(1)) ![](http://127.0.0.1/x.png) | a | b | **bold** ~~gone~~ https://example.org/a?b=c",
    "{{ 7 * 7 }} {% raw %} {# comment #}",
    "# heading",
    "1. one",
    "- item",
    "שלום עולם and مرحبا بالعالم",
    "medical approval \u202egnissim\u202c of nothing",
    "患者体重为九十公斤 😀",
    "x" * 400,
    "a\u0000b\u0007c\ue000d\ufdd0e",
    "combining e\u0301 a\u0332 \u200bzero width",
    "www.example.org mail@example.org :smile: ```fence",
]


def hostile() -> Packet:
    """A packet whose texts try to be markup, to turn around, to overflow, and 200 sentences."""
    packet = review()
    for number, text in enumerate(HOSTILE):
        packet["evidence"].append(_note(f"h{number}", text, "2023-03-20", 0))
        packet["narrative"].append(_sentence("clinical_summary", text, [f"h{number}"]))
        packet["gaps"].append({"kind": "criterion", "id": f"h{number}", "ask": text})
    packet["criteria"][0]["text"] = HOSTILE[2]
    packet["criteria"][1]["reason"] = HOSTILE[0]
    packet["patient"]["name"] = HOSTILE[1]
    packet["administrative"]["practice"]["name"] = HOSTILE[9]
    packet["request"]["service"]["display"] = HOSTILE[0]
    packet["narrative"] += [
        _sentence("medical_necessity", f"Sentence {number} says that nothing is new.", ["e1"])
        for number in range(200)
    ]
    return packet


PACKETS = {
    "ready": ready,
    "review": review,
    "incomplete": incomplete,
    "not_supported": not_supported,
    "minimal": minimal,
    "hostile": hostile,
}
