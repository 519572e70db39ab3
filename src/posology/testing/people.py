"""The people and places of a made chart: invented names, valid check digits, no real person."""

import random
from dataclasses import dataclass
from datetime import date

from posology.testing.resources import TERMINOLOGY, Json, instant

__all__ = ["Cast", "make_cast", "make_npi"]

GIVEN = {
    "female": (
        "Maribel",
        "Odette",
        "Shanice",
        "Ingrid",
        "Priya",
        "Lucinda",
        "Noreen",
        "Tamsin",
        "Yolanda",
        "Wanda",
    ),
    "male": (
        "Desmond",
        "Anselmo",
        "Thaddeus",
        "Rohan",
        "Clifford",
        "Leopold",
        "Marcus",
        "Ignacio",
        "Wendell",
        "Bertram",
    ),
}
FAMILY = (
    "Abernethy", "Brightwater", "Castellanos", "Drummond", "Eastlake", "Fairweather", "Gallardo", "Holloway",
    "Iverson", "Jankowski", "Kimbrough", "Lindqvist", "Marchetti", "Nakagawa", "Okonjo", "Pettibone",
    "Quintero",
    "Rasmussen", "Stavros", "Thistlewood", "Underhill", "Vasquez", "Whitcombe", "Yarborough", "Zielinski",
)  # fmt: skip
STREETS = (
    "Alder Street",
    "Birch Lane",
    "Canal Road",
    "Dogwood Avenue",
    "Elm Court",
    "Foundry Row",
    "Grange Way",
)
TOWNS = (
    ("Millbrook", "OH", "44901"),
    ("Cedar Falls", "IA", "50613"),
    ("Ashby", "MA", "01431"),
    ("Marlow", "NH", "03456"),
)
CLINICS = ("Lakeside Clinic", "Harbor Point Medical Group", "Prairie View Health", "Stonebridge Physicians")
NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"


@dataclass(frozen=True)
class Cast:
    """Who appears in the chart; references are ``Type/id``."""

    patient: str
    practitioner: str
    organization: str
    payer: str
    name: str
    family: str
    clinician: str
    clinic: str
    sex: str
    resources: tuple[Json, ...]


def make_npi(rng: random.Random) -> str:
    """Return a ten-digit NPI whose Luhn check digit, computed with the prefix 80840, is right."""
    body = "1" + "".join(str(rng.randint(0, 9)) for _ in range(8))
    total = 0
    for place, digit in enumerate(reversed("80840" + body)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


def make_cast(payer_name: str, sex: str, born: date | None, since: date, rng: random.Random) -> Cast:
    """Return the patient and their coverage, the payer, the practitioner, clinic, role and location."""
    given, family = rng.choice(GIVEN[sex]), rng.choice(FAMILY)
    doctor_given, doctor = rng.choice(GIVEN[rng.choice(("female", "male"))]), rng.choice(FAMILY)
    clinic, address = rng.choice(CLINICS), _address(rng)
    patient: Json = {
        "resourceType": "Patient",
        "id": "patient-1",
        "identifier": [{"system": "https://clinic.example.org/mrn", "value": str(rng.randint(10**6, 10**7))}],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "telecom": [{"system": "phone", "value": _phone(rng), "use": "home"}],
        "gender": sex,
        "address": [_address(rng)],
    }
    if born is not None:
        patient["birthDate"] = born.isoformat()
    organization: Json = {
        "resourceType": "Organization",
        "id": "organization-1",
        "identifier": [{"system": NPI_SYSTEM, "value": make_npi(rng)}],
        "active": True,
        "name": clinic,
        "telecom": [{"system": "phone", "value": _phone(rng)}],
        "address": [address],
    }
    practitioner: Json = {
        "resourceType": "Practitioner",
        "id": "practitioner-1",
        "identifier": [{"system": NPI_SYSTEM, "value": make_npi(rng)}],
        "active": True,
        "name": [{"family": doctor, "given": [doctor_given], "suffix": ["MD"]}],
        "telecom": [{"system": "phone", "value": _phone(rng)}],
    }
    rest = (_role(), _location(clinic, address), _payer(payer_name), _coverage(since, rng))
    return Cast(
        patient="Patient/patient-1",
        practitioner="Practitioner/practitioner-1",
        organization="Organization/organization-1",
        payer="Organization/payer-1",
        name=f"{given} {family}",
        family=family,
        clinician=f"{doctor_given} {doctor}, MD",
        clinic=clinic,
        sex=sex,
        resources=(patient, organization, practitioner, *rest),
    )


def _role() -> Json:
    return {
        "resourceType": "PractitionerRole",
        "id": "role-1",
        "active": True,
        "practitioner": {"reference": "Practitioner/practitioner-1"},
        "organization": {"reference": "Organization/organization-1"},
        "location": [{"reference": "Location/location-1"}],
    }


def _location(clinic: str, address: Json) -> Json:
    return {
        "resourceType": "Location",
        "id": "location-1",
        "status": "active",
        "name": clinic,
        "address": address,
        "managingOrganization": {"reference": "Organization/organization-1"},
    }


def _payer(name: str) -> Json:
    kind = {"coding": [{"system": f"{TERMINOLOGY}organization-type", "code": "pay"}]}
    return {"resourceType": "Organization", "id": "payer-1", "active": True, "type": [kind], "name": name}


def _coverage(since: date, rng: random.Random) -> Json:
    member = "".join(rng.choice("ABCDEFGHJKMNPQRTUVWXY") for _ in range(3)) + str(
        rng.randint(10**7, 10**8 - 1)
    )
    return {
        "resourceType": "Coverage",
        "id": "coverage-1",
        "status": "active",
        "subscriberId": member,
        "identifier": [
            {
                "type": {"coding": [{"system": f"{TERMINOLOGY}v2-0203", "code": "MB"}]},
                "system": "https://payer.example.org/member",
                "value": member,
            }
        ],
        "beneficiary": {"reference": "Patient/patient-1"},
        "relationship": {"coding": [{"system": f"{TERMINOLOGY}subscriber-relationship", "code": "self"}]},
        "period": {"start": since.isoformat()},
        "payor": [{"reference": "Organization/payer-1"}],
    }


def _address(rng: random.Random) -> Json:
    town, state, postcode = rng.choice(TOWNS)
    line = f"{rng.randint(10, 990)} {rng.choice(STREETS)}"
    return {"line": [line], "city": town, "state": state, "postalCode": postcode, "country": "US"}


def _phone(rng: random.Random) -> str:
    return f"+1-555-{rng.randint(200, 989)}-{rng.randint(1000, 9999)}"


def visit(identifier: str, day: date, cast: Cast) -> Json:
    """Return the encounter of a note."""
    return {
        "resourceType": "Encounter",
        "id": identifier,
        "status": "finished",
        "class": {"system": f"{TERMINOLOGY}v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [{"text": "Office visit"}],
        "subject": {"reference": cast.patient},
        "participant": [{"individual": {"reference": cast.practitioner}}],
        "period": {"start": instant(day, 9), "end": instant(day, 10)},
    }
