"""The codes that made charts use: their displays, their units, and a code for each common branch."""

__all__ = ["ICD10CM", "LOINC", "PREFIXES", "RXNORM", "SNOMED", "concrete", "default_unit", "display"]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"

DISPLAYS: dict[str, str] = {
    "39156-5": "Body mass index (BMI) [Ratio]",
    "29463-7": "Body weight",
    "8302-2": "Body height",
    "8867-4": "Heart rate",
    "9279-1": "Respiratory rate",
    "8310-5": "Body temperature",
    "718-7": "Hemoglobin [Mass/volume] in Blood",
    "2951-2": "Sodium [Moles/volume] in Serum or Plasma",
    "2823-3": "Potassium [Moles/volume] in Serum or Plasma",
    "2160-0": "Creatinine [Mass/volume] in Serum or Plasma",
    "3016-3": "Thyrotropin [Units/volume] in Serum or Plasma",
    "4548-4": "Hemoglobin A1c/Hemoglobin.total in Blood",
    "17856-6": "Hemoglobin A1c/Hemoglobin.total in Blood by HPLC",
    "69990-0": "Apnea hypopnea index 24 hour",
    "1986-9": "C peptide [Mass/volume] in Serum or Plasma",
    "1558-6": "Fasting glucose [Mass/volume] in Serum or Plasma",
    "2339-0": "Glucose [Mass/volume] in Blood",
    "41653-7": "Glucose [Mass/volume] in Capillary blood by Glucometer",
    "2164-2": "Creatinine renal clearance in 24 hour Urine and Serum or Plasma",
    "56540-8": "Glutamate decarboxylase 65 Ab [Units/volume] in Serum",
    "44261-6": "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]",
    "8664-5": "Cigarettes smoked total (pack per year) - Reported",
    "72166-2": "Tobacco smoking status NHIS",
    "85354-9": "Blood pressure panel with all children optional",
    "8480-6": "Systolic blood pressure",
    "8462-4": "Diastolic blood pressure",
    "71774-4": "Mycobacterium tuberculosis stimulated gamma interferon [Interpretation] in Blood",
    "5196-1": "Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay",
    "5195-3": "Hepatitis B virus surface Ag [Presence] in Serum",
    "44054006": "Diabetes mellitus type 2",
    "46635009": "Diabetes mellitus type 1",
    "78275009": "Obstructive sleep apnea syndrome",
    "38341003": "Hypertensive disorder",
    "59621000": "Essential hypertension",
    "239873007": "Osteoarthritis of knee",
    "414545008": "Ischemic heart disease",
    "230690007": "Cerebrovascular accident",
    "279039007": "Low back pain",
    "278860009": "Chronic low back pain",
    "91251008": "Physical therapy procedure",
    "44868003": "Acupuncture",
    "60554003": "Polysomnography",
    "363346000": "Malignant neoplastic disease",
    "254837009": "Malignant neoplasm of breast",
    "370143000": "Major depressive disorder",
    "58214004": "Schizophrenia",
    "68890003": "Schizoaffective disorder",
    "401201003": "Cigarette pack-years",
    "449868002": "Smokes tobacco daily",
    "77176002": "Smoker",
    "428041000124106": "Occasional tobacco smoker",
    "8517006": "Ex-smoker",
    "266919005": "Never smoked tobacco",
    "16334891000119106": "Low dose computed tomography of thorax for lung cancer screening",
    "55822004": "Hyperlipidemia",
    "77386006": "Pregnant",
    "69896004": "Rheumatoid arthritis",
    "11999007": "Inactive tuberculosis",
    "84114007": "Heart failure",
    "10828004": "Positive",
    "260385009": "Negative",
    "373068000": "Undetermined",
    "195967001": "Asthma",
    "235595009": "Gastroesophageal reflux disease",
    "40930008": "Hypothyroidism",
    "6809": "metformin",
    "5640": "ibuprofen",
    "7258": "naproxen",
    "41493": "meloxicam",
    "140587": "celecoxib",
    "3355": "diclofenac",
    "1991302": "semaglutide",
    "2601723": "tirzepatide",
    "475968": "liraglutide",
    "1551291": "dulaglutide",
    "60548": "exenatide",
    "327361": "adalimumab",
    "6851": "methotrexate",
    "105585": "methotrexate 2.5 MG Oral Tablet",
    "214555": "etanercept",
    "191831": "infliximab",
    "1357536": "tofacitinib",
    "274783": "insulin glargine",
    "86009": "insulin lispro",
    "51428": "insulin aspart",
    "435": "albuterol",
    "7646": "omeprazole",
    "10582": "levothyroxine",
    "0D160ZA": "Bypass Stomach to Jejunum, Open Approach",
    "0D164ZA": "Bypass Stomach to Jejunum, Percutaneous Endoscopic Approach",
    "0D190ZB": "Bypass Duodenum to Ileum, Open Approach",
    "0D194ZB": "Bypass Duodenum to Ileum, Percutaneous Endoscopic Approach",
    "0DV64CZ": "Restriction of Stomach with Extraluminal Device, Percutaneous Endoscopic Approach",
    "0DV60CZ": "Restriction of Stomach with Extraluminal Device, Open Approach",
    "0DB64Z3": "Excision of Stomach, Percutaneous Endoscopic Approach, Vertical",
    "0DB60Z3": "Excision of Stomach, Open Approach, Vertical",
    "BR39ZZZ": "Magnetic Resonance Imaging (MRI) of Lumbar Spine",
    "BR39YZZ": "Magnetic Resonance Imaging (MRI) of Lumbar Spine using Other Contrast",
    "BR39Y0Z": (
        "Magnetic Resonance Imaging (MRI) of Lumbar Spine using Other Contrast, Unenhanced and Enhanced"
    ),
    "BB24ZZZ": "Computerized Tomography (CT Scan) of Bilateral Lungs",
    "8E0H30Z": "Acupuncture of Integumentary System and Breast, Percutaneous Approach",
    "00HE0MZ": "Insertion of Neurostimulator Lead into Cranial Nerve, Open Approach",
    "00HE3MZ": "Insertion of Neurostimulator Lead into Cranial Nerve, Percutaneous Approach",
    "00HE4MZ": "Insertion of Neurostimulator Lead into Cranial Nerve, Percutaneous Endoscopic Approach",
    "E0601": "Continuous positive airway pressure (CPAP) device",
    "E0784": "External ambulatory infusion pump, insulin",
    "E2103": "Non-adjunctive, non-implanted continuous glucose monitor or receiver",
    "A4239": "Supply allowance for non-adjunctive, non-implanted continuous glucose monitor, one month",
    "C1767": "Generator, neurostimulator (implantable), non-rechargeable",
    "G0296": "Counseling visit to discuss need for lung cancer screening using low dose CT scan",
    "G0398": "Home sleep study test with type II portable monitor",
    "G0399": "Home sleep test with type III portable monitor",
    "G0400": "Home sleep test with type IV portable monitor",
    "E11.9": "Type 2 diabetes mellitus without complications",
    "E10.9": "Type 1 diabetes mellitus without complications",
    "G47.33": "Obstructive sleep apnea (adult) (pediatric)",
    "I10": "Essential (primary) hypertension",
    "M17.0": "Bilateral primary osteoarthritis of knee",
    "M54.50": "Low back pain, unspecified",
    "M54.16": "Radiculopathy, lumbar region",
    "M51.16": "Intervertebral disc disorders with radiculopathy, lumbar region",
    "M48.061": "Spinal stenosis, lumbar region without neurogenic claudication",
    "C50.911": "Malignant neoplasm of unspecified site of right female breast",
    "C61": "Malignant neoplasm of prostate",
    "C34.90": "Malignant neoplasm of unspecified part of unspecified bronchus or lung",
    "Z85.3": "Personal history of malignant neoplasm of breast",
    "I25.10": "Atherosclerotic heart disease of native coronary artery without angina pectoris",
    "I63.9": "Cerebral infarction, unspecified",
    "Z86.73": (
        "Personal history of transient ischemic attack (TIA), and cerebral infarction "
        "without residual deficits"
    ),
    "G40.011": (
        "Localization-related (focal) (partial) idiopathic epilepsy and epileptic syndromes with seizures of "
        "localized onset, intractable, with status epilepticus"
    ),
    "G40.119": (
        "Localization-related (focal) (partial) symptomatic epilepsy and epileptic syndromes with simple "
        "partial seizures, intractable, without status epilepticus"
    ),
    "G40.219": (
        "Localization-related (focal) (partial) symptomatic epilepsy and epileptic syndromes with complex "
        "partial seizures, intractable, without status epilepticus"
    ),
    "F32.2": "Major depressive disorder, single episode, severe without psychotic features",
    "F33.2": "Major depressive disorder, recurrent severe without psychotic features",
    "F32.3": "Major depressive disorder, single episode, severe with psychotic features",
    "F33.3": "Major depressive disorder, recurrent, severe with psychotic symptoms",
    "F20.9": "Schizophrenia, unspecified",
    "F25.9": "Schizoaffective disorder, unspecified",
    "E78.5": "Hyperlipidemia, unspecified",
    "Z33.1": "Pregnant state, incidental",
    "Z34.90": "Encounter for supervision of normal pregnancy, unspecified, unspecified trimester",
    "O09.90": "Supervision of high risk pregnancy, unspecified, unspecified trimester",
    "M05.79": (
        "Rheumatoid arthritis with rheumatoid factor of multiple sites without organ or systems involvement"
    ),
    "M06.09": "Rheumatoid arthritis without rheumatoid factor, multiple sites",
    "M06.9": "Rheumatoid arthritis, unspecified",
    "Z22.7": "Latent tuberculosis",
    "I50.9": "Heart failure, unspecified",
}

PREFIXES: dict[str, str] = {
    "E11": "E11.9",
    "E10": "E10.9",
    "M17": "M17.0",
    "M54.5": "M54.50",
    "M48.06": "M48.061",
    "C50": "C50.911",
    "C34": "C34.90",
    "Z85": "Z85.3",
    "I25": "I25.10",
    "I63": "I63.9",
    "G40.0": "G40.011",
    "G40.1": "G40.119",
    "G40.2": "G40.219",
    "F32": "F32.2",
    "F33": "F33.2",
    "F20": "F20.9",
    "F25": "F25.9",
    "E78": "E78.5",
    "Z33": "Z33.1",
    "Z34": "Z34.90",
    "O09": "O09.90",
    "M05": "M05.79",
    "M06.0": "M06.09",
    "I50": "I50.9",
    "BR39": "BR39ZZZ",
}

UNITS: dict[str, str] = {
    "1986-9": "ng/mL",
    "8664-5": "{PackYears}",
    "401201003": "{PackYears}",
    "44261-6": "{score}",
}


def display(code: str, fallback: str) -> str:
    """Return the name of a code, or the fallback where the maker does not know it."""
    return DISPLAYS.get(code, fallback)


def concrete(prefix: str) -> str:
    """Return a code under a branch; the branch itself where none is known."""
    return PREFIXES.get(prefix, prefix)


def default_unit(entry: tuple[str, str]) -> str:
    """Return the unit in which a code is reported where the policy names none."""
    return UNITS.get(entry[1], "1")
