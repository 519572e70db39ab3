"""Tables of sentences that must pass or fail a check, each with its reason."""

import pytest

from posology.evidence.facts import CHECKS, ChartFacts, Source, check_facts

FACTS = ChartFacts(
    patient_names=("Maria Elena Lopez",),
    sex="female",
    birth_date="1958-03-04",
    service_date="2019-06-01",
    provider_names=("Dr. Amara Okafor",),
    identifiers=("MB-884213", "1234567893"),
)
BMI = Source("41.2 kg/m2", date="2019-03-02", kind="structured", label="Body mass index")
FAMILY = Source("diabetes", "FAMILY HISTORY:\nMother: diabetes")

PASS = [  # check, sentence, source, reason
    ("numbers", "Her BMI was 41.2 kg/m2.", BMI, "a label is a name of the measure"),
    ("numbers", "Her BMI was 41.", BMI, "rounded to whole units; kg/m2 goes without saying"),
    ("numbers", "HbA1c was 8.1 percent.", "A1c of 8.1 %", "percent is %"),
    ("numbers", "She weighed 113.4 kg.", "weight 250 lb", "pounds convert to kilograms"),
    ("numbers", "Height was 163 cm.", "height 5'4\"", "feet and inches convert, rounded"),
    ("numbers", "BP was 142 over 90.", "BP 142/90 mmHg", "a pair in words"),
    ("numbers", "She had at least five attacks.", "≥ 5 attacks", "a sign in words, a number word"),
    ("numbers", "She has T2DM.", "type 2 diabetes mellitus", "an abbreviation with its type"),
    ("numbers", "Glucose was 7.0 mmol/L.", "glucose 126 mg/dL", "converts for this analyte only"),
    ("numbers", "AHI was 31 events per hour.", "AHI: 31/h", "two spellings of a rate"),
    ("numbers", "Doses of 10, 20 and 40 mg were tried.", "tried 10 mg, 20 mg, 40 mg", "one unit for a list"),
    ("dates", "Seen on 2019-03-02.", "seen Mar 2, 2019", "the same day"),
    ("dates", "Seen in March 2019.", "seen 3/2/2019", "less precise than its source"),
    ("dates", "BMI was measured on March 2, 2019.", BMI, "the date of the resource"),
    ("dates", "She took it for two years.", "for 24 months", "the same time"),
    ("dates", "She is 61 years old.", "Obesity.", "follows from birth and request"),
    ("dates", "It lasted one month.", "symptoms for a month", "an article counts as one"),
    ("dates", "PT lasted 6 weeks.", "PT from 2019-01-07 to 2019-02-18", "follows from two dates"),
    ("dates", "On the 4th of May, 2018 she fell.", "Fell on 5/4/18.", "an ordinal and a short year"),
    ("dates", "From March 2019 to May 2019.", "03/2019 - 05/2019", "months with slashes"),
    ("dates", "From June to December 2018.", "6/2018-12/2018", "a hyphen between two dates"),
    ("dates", "A 61-year-old woman.", "61 y/o F", "an age in short"),
    ("drugs", "She takes Lipitor 40 mg.", "atorvastatin 40 MG Oral Tablet", "brand and generic"),
    ("drugs", "Metformin 1000 mg twice daily.", "metformin 1000 mg BID", "twice daily is BID"),
    ("drugs", "Metformin 1 g BID.", "metformin 1000 mg BID", "grams and milligrams"),
    ("drugs", "A statin was tried.", "atorvastatin 40 mg", "a member stands for its class"),
    ("drugs", "NSAIDs did not help.", "naproxen did not help", "a member in the plural"),
    ("drugs", "She takes metformin.", "takes metfornin", "the source's slip, spelt right"),
    ("drugs", "Metformin by mouth.", "metformin PO", "two words for a route"),
    ("drugs", "She took 1000 mg of metformin.", "metformin 1000 mg", "the dose before the drug"),
    ("drugs", "Insulin glargine 20 units.", "Lantus 20 units at bedtime", "a brand of two words"),
    ("drugs", "Xolair was started.", "omalizumab started", "a biologic"),
    ("assertion", "She has no chest pain.", "Denies chest pain, fever.", "two ways to deny"),
    ("assertion", "No fracture was seen.", "no evidence of fracture", "evidence is no concept"),
    ("assertion", "Metformin failed.", "metformin without success", "failure in other words"),
    ("assertion", "She is intolerant of it.", "She did not tolerate it", "the word denies itself"),
    ("assertion", "Her mother had breast cancer.", "Mother: breast cancer", "said of a relative in both"),
    ("assertion", "OSA is suspected.", "possible obstructive sleep apnea", "uncertain in both"),
    ("assertion", "She has knee pain.", "No fever but knee pain.", "the denial ends at but"),
    ("assertion", "She reports dyspnea.", "complains of shortness of breath", "a synonym, affirmed"),
    ("assertion", "Pain is absent.", "no pain", "a cue after its word"),
    ("assertion", "She is a nonsmoker.", "does not smoke", "the word denies itself"),
    ("laterality", "Pain of the left knee.", "left knee pain", "the same side"),
    ("laterality", "Left knee pain.", "L knee pain", "an abbreviation"),
    ("laterality", "Disc at L4-L5.", "disc at L4/5", "two spellings of a level"),
    ("laterality", "Both knees hurt.", "bilateral knee pain", "both is bilateral"),
    ("laterality", "Bilateral hip pain.", "left hip pain, right hip pain", "left and right make both"),
    ("laterality", "Left leg edema.", "LLE edema", "an abbreviated limb"),
    ("laterality", "She is right about it.", "she agrees", "no side at all"),
    ("laterality", "Right eye pain.", "pain OD", "Latin for an eye"),
    ("laterality", "She left the clinic.", "went home", "left as a verb"),
    ("laterality", "Left-sided sciatica.", "sciatica on the left", "the side after its head"),
    ("codes", "Diagnosis E66.01.", "morbid obesity (E66.01)", "the same code"),
    ("codes", "Diagnosis E66.01.", "E6601", "without its dot"),
    ("codes", "Device E0601.", "HCPCS E0601", "a system named"),
    ("codes", "RxNorm 860975.", "860975", "bare in a structured source"),
    ("codes", "SNOMED 44054006.", "SNOMED CT 44054006", "two names of a system"),
    ("codes", "LOINC 39156-5.", "39156-5", "a code with a hyphen"),
    ("codes", "Her BMI is 41.", "BMI 41", "no code at all"),
    ("codes", "Vitamin B12 was low.", "low vitamin B12", "a vitamin is no code"),
    ("codes", "Disc at L4-L5.", "disc at L4-L5", "a vertebra is no code"),
    ("codes", "CPT 43775.", "CPT: 43775", "a procedure code"),
    ("identity", "Maria Lopez has obesity.", "obesity", "the patient's own name"),
    ("identity", "Ms. Lopez has obesity.", "obesity", "a title and the surname"),
    ("identity", "She saw Dr. Amara Okafor.", "visit", "a provider the chart knows"),
    ("identity", "She saw Dr. Patel.", "seen by Dr. Patel", "a name in a source"),
    ("identity", "Member ID MB-884213.", "obesity", "the request's own number"),
    ("identity", "NPI 1234567893.", "obesity", "the practice's own number"),
    ("identity", "Call (555) 201-9999.", "phone 555-201-9999", "another writing of a number"),
    ("identity", "Her husband says he snores.", "husband: snores", "he is not the patient"),
    ("identity", "Crohn disease has worsened.", "Crohn's disease worse", "an eponym is no patient"),
    ("identity", "Physical Therapy was completed.", "completed PT", "capitals are no name"),
]  # fmt: skip

FAIL = [
    ("numbers", "Her BMI was 45 kg/m2.", BMI, "another value"),
    ("numbers", "Her BMI was 41.2 kg.", BMI, "another unit"),
    ("numbers", "HbA1c was 130 mg/dL, LDL was 8.1 %.", "HbA1c 8.1 %, LDL 130 mg/dL", "measures exchanged"),
    ("numbers", "At least 35 attacks.", "35 attacks", "a comparator put in"),
    ("numbers", "She had 5 attacks.", "at least 5 attacks", "a comparator left out"),
    ("numbers", "She took 100 mg.", "took 10 mg", "ten times as much"),
    ("numbers", "Creatinine was 2 mg/dL.", "creatinine 1.6 mg/dL", "rounded too far"),
    ("numbers", "BP was 142/80.", "BP 142/90", "half of a pair"),
    ("numbers", "Type 1 diabetes.", "T2DM", "another type"),
    ("numbers", "A1c went from 7.1 to 9.2 %.", "A1c from 9.2 % to 7.1 %", "the order turned"),
    ("dates", "Seen on 2019-03-12.", "seen Mar 2, 2019", "another day"),
    ("dates", "Seen on March 2, 2019.", "seen in March 2019", "more precise than its source"),
    ("dates", "She took it for three years.", "for 24 months", "another time"),
    ("dates", "She took it for 3 months.", "took it for 12 weeks", "12 weeks are not 3 months"),
    ("dates", "She is 71 years old.", "61-year-old", "another age"),
    ("dates", "Since 2017 she has had asthma.", "asthma since 2016", "another year"),
    ("dates", "From June 2, 2019 to May 1, 2019.", "June 2, 2019; May 1, 2019", "it runs backwards"),
    ("dates", "She took it for 8 weeks.", "for 8 months", "another unit of time"),
    ("dates", "On 2/3/2019 she fell.", "fell 3/2/2019", "day and month exchanged"),
    ("dates", "For more than 6 months.", "for 6 months", "a comparator put in"),
    ("drugs", "She takes glipizide.", "metformin", "another drug"),
    ("drugs", "She takes hydralazine.", "hydroxyzine", "a look-alike"),
    ("drugs", "She takes metformim.", "metformin", "a letter wrong"),
    ("drugs", "Metoprolol 50 mg, lisinopril 10 mg.", "metoprolol 10 mg, lisinopril 50 mg", "exchanged doses"),
    ("drugs", "Metformin 500 mg daily.", "metformin 500 mg BID", "another frequency"),
    ("drugs", "Vicodin was given.", "Percocet", "another combination"),
    ("drugs", "Atorvastatin was tried.", "a statin", "the class is not the drug"),
    ("drugs", "An opioid was tried.", "naproxen", "another class"),
    ("drugs", "Methotrexate IM weekly.", "methotrexate PO weekly", "another route"),
    ("drugs", "Zumbolimab was tried.", "infliximab", "no list has it, nor has the source"),
    ("assertion", "She has chest pain.", "Denies chest pain, fever.", "a denial lost"),
    ("assertion", "She has no chest pain.", "Reports chest pain.", "a denial put in"),
    ("assertion", "Metformin did not fail.", "Metformin failed.", "failure denied"),
    ("assertion", "She has breast cancer.", "Mother had breast cancer.", "a relative's disease"),
    ("assertion", "She has OSA.", "Possible obstructive sleep apnea.", "doubt lost"),
    ("assertion", "There is a fracture.", "no evidence of fracture", "evidence put in"),
    ("assertion", "She tolerated metformin.", "did not tolerate metformin", "tolerance turned"),
    ("assertion", "PT was effective.", "PT was ineffective", "a word that denies itself"),
    ("assertion", "She has diabetes.", FAMILY, "the context says whose"),
    ("assertion", "Abdominal pain is present.", "No abdominal pain. Chest pain.", "another is affirmed"),
    ("laterality", "Pain of the right knee.", "left knee pain", "the other side"),
    ("laterality", "Bilateral knee pain.", "left knee pain", "one side made two"),
    ("laterality", "Left knee pain.", "knee pain", "a side put in"),
    ("laterality", "Disc at L5-S1.", "disc at L4-L5", "another level"),
    ("laterality", "Disc at L4-L5 and C5-C6.", "disc at L4-L5", "a level put in"),
    ("laterality", "Left hip and right knee pain.", "left knee and right hip pain", "sides exchanged"),
    ("laterality", "Right eye pain.", "pain OS", "Latin for the other eye"),
    ("laterality", "Right upper lobe mass.", "right lower lobe mass", "another lobe"),
    ("laterality", "Left leg edema.", "RLE edema", "the other limb"),
    ("laterality", "Lateral meniscus tear.", "medial meniscus tear", "the other meniscus"),
    ("codes", "Diagnosis E11.65.", "E11.9", "another code"),
    ("codes", "Diagnosis E66.01.", "morbid obesity", "a code put in"),
    ("codes", "Device E0601.", "E0470", "another device"),
    ("codes", "RxNorm 860975.", "RxNorm 860974", "a digit wrong"),
    ("codes", "SNOMED 44054006.", "SNOMED 73211009", "another concept"),
    ("codes", "LOINC 39156-5.", "LOINC 4548-4", "another test"),
    ("codes", "CPT 43775.", "CPT 43644", "another procedure"),
    ("codes", "Code 0DB64Z3.", "0DB60Z3", "another approach of a PCS code"),
    ("codes", "Diagnosis E11.65 and E66.01.", "E11.65", "one of two"),
    ("codes", "Drug J1745.", "J1746", "a digit wrong"),
    ("identity", "John Smith has obesity.", "obesity", "another name"),
    ("identity", "Ms. Smith has obesity.", "obesity", "another surname"),
    ("identity", "He has obesity.", "obesity", "another sex"),
    ("identity", "A 61-year-old man.", "61-year-old woman", "another sex by noun"),
    ("identity", "She saw Dr. Patel.", "clinic visit", "a provider put in"),
    ("identity", "Member ID MB-884214.", "obesity", "a digit wrong"),
    ("identity", "NPI 1234567890.", "obesity", "another NPI"),
    ("identity", "Call (555) 201-9998.", "phone 555-201-9999", "a digit wrong"),
    ("identity", "Rosalind Achebe has asthma.", "asthma", "a name in no list of names"),
    ("identity", "She lives at 12 Oak Street.", "lives alone", "an address put in"),
]  # fmt: skip


def failed(sentence: str, source: str | Source) -> set[str]:
    cited = source if isinstance(source, Source) else Source(source)
    return {r.check for r in check_facts(sentence, [cited], facts=FACTS) if not r.ok}


@pytest.mark.parametrize(("check", "sentence", "source", "reason"), PASS, ids=lambda v: str(v)[:40])
def test_a_true_sentence_raises_no_alarm(check, sentence, source, reason):
    assert check not in failed(sentence, source), reason


@pytest.mark.parametrize(("check", "sentence", "source", "reason"), FAIL, ids=lambda v: str(v)[:40])
def test_a_false_sentence_fails_the_check_that_owns_its_fault(check, sentence, source, reason):
    assert check in failed(sentence, source), reason


@pytest.mark.parametrize("table", [PASS, FAIL])
def test_every_check_has_ten_cases_each_way(table):
    assert {c: sum(row[0] == c for row in table) >= 10 for c in CHECKS} == dict.fromkeys(CHECKS, True)
