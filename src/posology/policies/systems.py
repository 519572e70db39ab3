"""Code systems under their names and addresses, and codes in one spelling."""

from functools import lru_cache

__all__ = ["SYSTEMS", "canonical_system", "normal_code", "same_system"]

# the short name of each system, then every address, OID and other name it goes by
SYSTEMS: dict[str, tuple[str, ...]] = {
    "ICD-10-CM": (
        "http://hl7.org/fhir/sid/icd-10-cm",
        "urn:oid:2.16.840.1.113883.6.90",
        "icd10cm",
        "icd-10",
        "icd10",
        "http://hl7.org/fhir/sid/icd-10",
    ),
    "ICD-10-PCS": (
        "http://www.cms.gov/medicare/coding/icd10",
        "https://www.cms.gov/medicare/coding/icd10",
        "http://hl7.org/fhir/sid/icd-10-pcs",
        "urn:oid:2.16.840.1.113883.6.4",
        "icd10pcs",
    ),
    "ICD-9-CM": ("http://hl7.org/fhir/sid/icd-9-cm", "urn:oid:2.16.840.1.113883.6.103", "icd9", "icd9cm"),
    "SNOMED CT": ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96", "snomed", "snomedct", "sct"),
    "LOINC": ("http://loinc.org", "https://loinc.org", "urn:oid:2.16.840.1.113883.6.1"),
    "RxNorm": ("http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88"),
    "HCPCS": (
        "http://www.cms.gov/medicare/coding/hcpcsreleasecodesets",
        "https://www.cms.gov/medicare/coding/hcpcsreleasecodesets",
        "http://terminology.hl7.org/codesystem/hcpcs-all-codes",
        "https://bluebutton.cms.gov/resources/codesystem/hcpcs",
        "http://www.cms.gov/medicare/coding/medhcpcsgeninfo/index",
        "urn:oid:2.16.840.1.113883.6.285",
        "urn:oid:2.16.840.1.113883.6.14",
        "hcpcs level ii",
        "hcpcs2",
    ),
    "CPT": (
        "http://www.ama-assn.org/go/cpt",
        "https://www.ama-assn.org/go/cpt",
        "urn:oid:2.16.840.1.113883.6.12",
    ),
    "NDC": ("http://hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69"),
    "CVX": ("http://hl7.org/fhir/sid/cvx", "urn:oid:2.16.840.1.113883.12.292"),
    "UCUM": ("http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"),
    "CDT": ("http://www.ada.org/cdt", "http://ada.org/cdt"),
    "ATC": ("http://www.whocc.no/atc",),
    "NPI": ("http://hl7.org/fhir/sid/us-npi",),
}


def _key(system: str) -> str:
    return system.strip().lower().rstrip("/")


_CANONICAL = {
    key: name
    for name, others in SYSTEMS.items()
    for spelling in (name, *others)
    for key in {_key(spelling), _key(spelling).replace("-", "").replace(" ", "")}
}


@lru_cache(maxsize=1024)
def canonical_system(system: str) -> str:
    """Return a system's short name where it is known, else the system as written, folded.

    >>> canonical_system("http://loinc.org")
    'LOINC'
    """
    key = _key(system)
    return _CANONICAL.get(key) or _CANONICAL.get(key.replace("-", "").replace(" ", "")) or key


def same_system(one: str, other: str) -> bool:
    """Tell whether two spellings name the same code system."""
    return canonical_system(one) == canonical_system(other)


@lru_cache(maxsize=65536)
def normal_code(code: str, system: str) -> str:
    """Return a code in one spelling: ICD codes without the dot and in capitals, HCPCS in capitals."""
    name = canonical_system(system)
    plain = code.strip()
    if name.startswith("ICD-"):
        return plain.replace(".", "").upper()
    return plain.upper() if name in ("HCPCS", "CPT", "CDT", "ATC") else plain
