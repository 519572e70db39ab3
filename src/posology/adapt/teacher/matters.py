"""What questions of a policy are about: conditions, symptoms, drugs, therapies, tests, measures, visits.

Each entry is a name and other names for the same, separated by a bar. The main matters of the policies that
tasks hold back (sleep apnea, obesity surgery, rheumatoid arthritis, weight-loss drugs, spine imaging and
acupuncture) are left out on purpose: what is learned from these words is measured on those.
"""

from dataclasses import dataclass

__all__ = [
    "CONDITIONS",
    "DRUGS",
    "HARMS",
    "MEASURES",
    "SPECIALISTS",
    "SYMPTOMS",
    "TESTS",
    "THERAPIES",
    "Measure",
]


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity with its unit, where its values lie, and limits that a policy may name."""

    names: tuple[str, ...]
    unit: str
    low: float
    high: float
    limits: tuple[float, ...]
    decimals: int = 0


def _entries(text: str) -> tuple[tuple[str, ...], ...]:
    lines = (line.strip() for line in text.strip().splitlines())
    return tuple(tuple(part.strip() for part in line.split("|")) for line in lines)


CONDITIONS = _entries("""
asthma | reactive airway disease
chronic obstructive pulmonary disease | COPD
heart failure with reduced ejection fraction | HFrEF
atrial fibrillation | AF
coronary artery disease | CAD
peripheral artery disease | PAD
chronic kidney disease stage 3 | CKD 3
end-stage renal disease | ESRD
cirrhosis | cirrhosis of the liver
chronic hepatitis C | chronic HCV infection
Crohn's disease | Crohn disease
ulcerative colitis | UC
celiac disease | gluten-sensitive enteropathy
gastroesophageal reflux disease | GERD
peptic ulcer disease | PUD
multiple sclerosis | MS
epilepsy | seizure disorder
migraine with aura | classic migraine
Parkinson's disease | Parkinson disease
myasthenia gravis | MG
major depressive disorder | MDD
bipolar disorder | bipolar affective disorder
generalized anxiety disorder | GAD
schizophrenia | schizophrenic disorder
type 1 diabetes | T1DM
diabetic retinopathy | retinopathy from diabetes
hypothyroidism | underactive thyroid
Graves' disease | Graves disease
osteoporosis | low bone mass in the osteoporotic range
psoriasis | plaque psoriasis
atopic dermatitis | atopic eczema
hidradenitis suppurativa | HS
systemic lupus erythematosus | SLE
gout | gouty arthritis
ankylosing spondylitis | AS
sickle cell disease | SCD
iron deficiency anemia | IDA
hemophilia A | factor VIII deficiency
deep vein thrombosis | DVT
cystic fibrosis | CF
idiopathic pulmonary fibrosis | IPF
pulmonary arterial hypertension | PAH
chronic rhinosinusitis with nasal polyps | CRSwNP
macular degeneration | AMD
glaucoma | open-angle glaucoma
benign prostatic hyperplasia | BPH
endometriosis | endometriotic disease
polycystic ovary syndrome | PCOS
HIV infection | HIV
latent tuberculosis | LTBI
breast cancer | carcinoma of the breast
prostate cancer | carcinoma of the prostate
non-Hodgkin lymphoma | NHL
growth hormone deficiency | GHD
spinal muscular atrophy | SMA
urinary incontinence | involuntary loss of urine
carpal tunnel syndrome | CTS
rotator cuff tear | torn rotator cuff
lymphedema | chronic lymphatic swelling
venous leg ulcer | venous stasis ulcer
""")

SYMPTOMS = _entries("""
chest pain | angina
palpitations | racing heart
shortness of breath on exertion | exertional dyspnea
wheezing | wheeze
fever | febrile episodes
night sweats | drenching sweats at night
blood in the stool | hematochezia
chronic diarrhea | loose stools for months
difficulty swallowing | dysphagia
vomiting | emesis
headaches | cephalgia
dizziness | lightheadedness
numbness of the feet | numb feet
tremor of the hands | hand tremor
double vision | diplopia
joint swelling | swollen joints
itching | pruritus
hair loss | alopecia
leg edema | leg swelling
heavy menstrual bleeding | menorrhagia
urinary urgency | sudden urge to void
nocturia | getting up at night to urinate
shoulder pain | pain in the shoulder
knee pain | pain in the knee
hearing loss | hardness of hearing
hallucinations | hearing voices
suicidal thoughts | suicidal ideation
memory loss | forgetfulness
""")

DRUGS = _entries("""
albuterol | salbutamol
lisinopril | Zestril
losartan | Cozaar
metoprolol | Lopressor
carvedilol | Coreg
furosemide | Lasix
atorvastatin | Lipitor
rosuvastatin | Crestor
warfarin | Coumadin
apixaban | Eliquis
omeprazole | Prilosec
mesalamine | Asacol
azathioprine | Imuran
prednisone | oral prednisone
sumatriptan | Imitrex
topiramate | Topamax
propranolol | Inderal
lamotrigine | Lamictal
levetiracetam | Keppra
sertraline | Zoloft
fluoxetine | Prozac
venlafaxine | Effexor
aripiprazole | Abilify
lithium | lithium carbonate
glipizide | Glucotrol
insulin glargine | Lantus
levothyroxine | Synthroid
alendronate | Fosamax
allopurinol | Zyloprim
colchicine | Colcrys
gabapentin | Neurontin
pregabalin | Lyrica
duloxetine | Cymbalta
oxybutynin | Ditropan
tamsulosin | Flomax
finasteride | Proscar
hydroxyurea | Hydrea
ferrous sulfate | oral iron
fluticasone nasal spray | Flonase
tiotropium | Spiriva
montelukast | Singulair
triamcinolone cream | topical triamcinolone
tacrolimus ointment | Protopic
cyclosporine | Neoral
hydroxychloroquine | Plaquenil
latanoprost drops | Xalatan
""")

HARMS = _entries("""
nausea
a rash
dizziness
hives
a dry cough
severe headaches
muscle pain
swelling of the lips
low blood pressure
diarrhea
weight gain
drowsiness
raised liver enzymes
a slow pulse
tremor
mouth ulcers
""")

THERAPIES = _entries("""
physical therapy | PT
occupational therapy | OT
cognitive behavioral therapy | CBT
pelvic floor training | pelvic floor exercises
pulmonary rehabilitation | pulmonary rehab
cardiac rehabilitation | cardiac rehab
compression therapy | compression stockings
topical corticosteroid treatment | topical steroids
phototherapy | light therapy
a low-FODMAP diet | low-FODMAP diet
a gluten-free diet | gluten-free diet
vestibular rehabilitation | vestibular exercises
speech therapy | speech-language therapy
wrist splinting | night splints
bladder training | timed voiding
oral iron supplementation | iron tablets
nicotine replacement | nicotine patches
wound care with moist dressings | moist wound dressings
""")

TESTS = _entries("""
an echocardiogram | echo
a colonoscopy | colonoscopy
an upper endoscopy | EGD
pulmonary function tests | PFTs
a bone density scan | DXA
an electroencephalogram | EEG
nerve conduction studies | NCS
a chest radiograph | CXR
a liver biopsy | liver biopsy
a skin biopsy | skin biopsy
a stress test | exercise stress test
a Holter recording | Holter monitor
a hepatitis B screening | hepatitis B serology
a tuberculosis skin test | TB skin test
genetic testing | gene panel
a mammogram | screening mammogram
an eye examination | dilated eye exam
urodynamic testing | urodynamics
a hearing test | audiogram
an ankle-brachial index | ABI
""")

SPECIALISTS = _entries("""
a cardiologist | cardiology
a gastroenterologist | GI
a neurologist | neurology
a dermatologist | dermatology
a pulmonologist | pulmonary clinic
an endocrinologist | endocrinology
a hematologist | hematology
a nephrologist | nephrology
a psychiatrist | psychiatry
an ophthalmologist | ophthalmology
a urologist | urology
an orthopedic surgeon | orthopedics
an allergist | allergy clinic
a pain specialist | pain clinic
a registered dietitian | nutrition services
""")

MEASURES = (
    Measure(("hemoglobin A1c", "HbA1c", "A1c"), "%", 5.0, 12.9, (6.5, 7.0, 8.0, 9.0), 1),
    Measure(("left ventricular ejection fraction", "LVEF", "EF"), "%", 15, 65, (30, 35, 40, 50)),
    Measure(("systolic blood pressure", "SBP"), "mmHg", 95, 210, (130, 140, 160, 180)),
    Measure(("LDL cholesterol", "LDL"), "mg/dL", 40, 240, (70, 100, 130, 190)),
    Measure(("ferritin", "serum ferritin"), "ng/mL", 4, 300, (15, 30, 50, 100)),
    Measure(("hemoglobin", "Hgb"), "g/dL", 6.0, 17.0, (8.0, 10.0, 12.0), 1),
    Measure(("creatinine clearance", "CrCl"), "mL/min", 12, 120, (30, 45, 60)),
    Measure(("eosinophil count", "absolute eosinophils"), "cells/uL", 40, 900, (150, 300, 400)),
    Measure(("FEV1", "forced expiratory volume in one second"), "% predicted", 25, 105, (30, 50, 60, 80)),
    Measure(("T-score", "bone density T-score"), "SD", -4.2, 0.5, (-2.5, -3.0, -1.5), 1),
    Measure(("PHQ-9 score", "PHQ-9"), "points", 1, 27, (10, 15, 20)),
    Measure(("platelet count", "platelets"), "x10^9/L", 8, 420, (30, 50, 150)),
    Measure(("serum uric acid", "urate"), "mg/dL", 3.5, 12.0, (6.0, 8.0, 9.0), 1),
    Measure(("oxygen saturation", "SpO2"), "%", 78, 100, (88, 90, 92)),
    Measure(("urine protein", "protein in 24-hour urine"), "mg/day", 30, 4000, (150, 300, 1000)),
)  # fmt: skip
