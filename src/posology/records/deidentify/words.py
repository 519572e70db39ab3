"""Words that are names and something else too, and words that are never names."""

__all__ = ["CLINICAL_NOUNS", "COMMON", "DISEASES", "EPONYMS", "GIVEN", "MONTHS", "NOT_NAMES", "PHRASES"]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names that alone stand for a disease, a sign or a tool: "Parkinson's", "a Foley", "h/o Hodgkin".
DISEASES = _set("""
    addison alzheimer apgar asperger babinski barrett burkitt charcot chiari crohn cushing danlos
    doppler down dupuytren ehlers ewing fabry foley gaucher gleason glasgow graves guillain hashimoto
    hodgkin holter huntington kaposi kawasaki kernig klinefelter korsakoff lewy lisfranc lyme marfan
    meniere nissen osler paget parkinson peyronie pompe raynaud romberg schober sjogren still tourette
    valsalva wernicke whipple wilms
""")

# Names that stand for something clinical only together with the word that they qualify: "Bell's palsy".
EPONYMS = DISEASES | _set("""
    adson allen angelman arnold baker bankart barre beck bell bennett billroth bishop bouchard braden
    breslow budd bunnell child clark cobb colles coombs cox duke ellison epley fontan fowler freiberg
    galeazzi ganz garden gardner gehrig glenn gram hallpike hamilton harrington harris hartmann hawkins
    heberden heimlich hickman hill hunter hurler ishihara jackson janeway jobe johnson jones karnofsky
    kellgren kirschner kocher kussmaul lachman lawrence lou lynch macintosh mallory mantoux marie mayo
    mcburney mcmurray merkel miller monteggia morse morton murphy neer noonan norwood ober oswestry
    patrick perthes phalen pick pott prader pratt pugh ranson rett ross roth roux rovsing sachs salter
    scheuermann schlatter sever smith snellen speed spurling steinmann stevens stokes swan thomas
    thompson tinel tooth trendelenburg turner virchow weber wegener weiss wells white willi wilson wolff
    wright young zollinger
""")

# What an eponym qualifies.
CLINICAL_NOUNS = _set("""
    anemia angle apparatus approach arthropathy bodies body catheter cell cells chorea chorioma
    classification clip complex contracture crisis criteria curve cyst deformity dementia disability
    disease disorder drain dystrophy encephalopathy esophagus exponent fracture grade grading graft
    hernia index lesion lymphoma malformation maneuver manoeuvre monitor neuroma node nodes oesophagus
    operation palsy paralysis phenomenon point position procedure protocol psychosis repair reflex
    retractor sarcoma scale score sign sphincter spots stage staging stain stoma syndrome tear test
    thyroiditis triad trial tube tumor tumour ulcer ulcers wire wires view
""")

MONTHS = _set("april august january june march may")

# Names that are plain words as well.
COMMON = _set("""
    ace art ash bank banks barber bass bay bean best bill bird bishop black blood bloom bond bone bowel
    bowling branch brand brook brooks brown buck burn burns bush butler bury cage cain call cane care
    carter case cash chance charity chase chin christian church clay close cloud coffee cole colon cook
    cooper corn cotton cough crane cross curry dale dawn day days dean dear dial dick don dove drew
    drink duke early east eden eve faith fall falls farmer fast fever field fields fine finger fish
    fisher flood flowers foot ford forest foster fox frame frank free french frost gene glass gold good
    goose grace grant graves gray green grey grim guy hair hall ham hand hands hardy harm harp hart head
    heart heath heel hill hip hood hook hope horn hunt hunter iris ivory ivy jack jade jewel joint joy
    judge keen key king knee knight lab lake lamb lance land lane large law leach lean leg light lilly
    lily little long loss love low lung major man marks marsh mark marrow mason mercy mild mills miles
    moody moon moss mouth nail neck new noble norm north nurse old olive page pain paine park parks
    parish pat patience pearl pepper perry piercing pike pill pine poole poor pope post potter powers
    price pride prince quick rash ray reed reading rice rich ring rivers rob rock rod roman rose ruby
    rush sage salt sand sandy savage schilling self sharp shields shin short shot sky skin small snow
    son sores south spring stark stay steel stern stone stones stool storm strain street strong sue
    summer sutton swallow sweet tab temple tender toe tone tongue tracy tree trip tuck van vein victor
    violet wade walker wall walls ward warm waters wave way weak weaver webb weeks weight wells west
    wheeler white wick wild will wind winter wise wood woods worth wrist yes young
""")

# Given names under which a capitalised next word is a family name; those that are words as well are left out.
GIVEN = _set("""
    thomas william aaron abigail adam adrian agnes aidan alan albert alejandro alexander alexandra
    alexis alfred alice alicia alison amanda amber amelia amy ana andrea andrew angela angelica ann anna
    anne annette anthony antonio ariana arthur ashley audrey austin barbara beatrice benjamin bernard
    bernice bertha beth betty beverly bonnie bradley brandon brenda brent brian brianna bruce bryan
    caleb calvin cameron camille carl carla carlos carmen carol caroline carolyn catherine cathy cecilia
    charlene charles charlotte cheryl christina christine christopher cindy claire clara clarence
    claudia clifford connie connor constance corey courtney craig crystal curtis cynthia daisy daniel
    danielle darlene darren david deborah debra denise dennis derek diana diane dolores donald donna
    doris dorothy douglas dustin dylan edith eduardo edward edwin eileen elaine eleanor elena elijah
    elizabeth ella ellen emily emma eric erica erin esther ethan eugene eva evelyn felicia fernando
    florence frances francis francisco fred frederick gabriel gail gary george gerald geraldine gilbert
    gladys glenda gloria gordon gregory gwendolyn hannah harold harry heather hector helen henry herbert
    herman holly howard ian ida ignacio irene isaac isabel isabella jacob jacqueline jaime james jamie
    jane janet janice jared jasmine jason javier jean jeff jeffrey jennifer jeremy jerome jerry jesse
    jessica jesus jill jim jimmy joan joann joanna joanne joe joel john johnny jonathan jordan jorge
    jose joseph joshua joyce juan juanita judith judy julia julian julie justin karen katherine kathleen
    kathryn kathy katie kayla keith kelly kenneth kevin kim kimberly kristen kristin kyle larry laura
    lauren laurie leah leon leonard leslie lillian linda lisa lloyd lois loretta lori lorraine louis
    louise lucas lucille lucy luis luke lydia lynn madison manuel marcia marcus margaret maria marian
    marilyn mario marjorie marlene martha martin marvin mary matthew maureen maurice megan melanie
    melinda melissa melvin meredith michael michele michelle miguel mildred mitchell molly monica
    monique morgan nancy naomi natalie natasha nathan nathaniel nicholas nicole nina noah nora norma
    norman oliver olivia oscar pablo pamela patricia paul paula pauline pedro peggy peter philip phillip
    phyllis priscilla rachel ralph ramon randall randy raul raymond rebecca regina renee ricardo richard
    rita robert roberta roberto robin rodney roger roland ronald rosa rosemary roy russell ruth ryan
    sabrina sally samantha samuel sandra sara sarah scott sean sergio shane shannon sharon shawn sheila
    shelby shelly sherry shirley sierra sophia spencer stacey stacy stanley stephanie stephen steve
    steven stuart susan suzanne sylvia tamara tammy tanya tara taylor teresa terry thelma theodore
    theresa tiffany timothy tina todd tom tommy toni tonya travis trevor tyler valerie vanessa vera
    vernon veronica vicki victoria vincent virginia vivian walter wanda warren wayne wendy wesley
    wilfred willie yolanda yvette yvonne zachary
""")

# Clinical phrases that hold a whole name, a given name or a holiday; nothing inside them is an identifier.
PHRASES = (
    "St. John's wort",
    "Sister Mary Joseph",
    "Lou Gehrig's disease",
    "Charcot-Marie-Tooth",
    "Charles Bonnet",
    "Christmas disease",
    "Rocky Mountain spotted fever",
)

# Capitalised words that end a run of name words: grammar, headings and what notes say next.
NOT_NAMES = _set("""
    dr drs prof mrs miss professor a about according active acute admission admitted advised after again
    age agreed all allergies allergy also am an and any apparently are as assessment associated at
    attending back be because been before being below blood both but by call called can cardiac
    cardiology care chest chief chronic clinic clinical complaint complains condition consult
    consultation consulted continue continues could current currently date daily denied denies
    department did diagnosis discharge discharged discussed do does dob doctor done drug due during each
    ed education emergency er examination exam eye female fever final findings follow followed for from
    full general given had has have he head heart her here him his history hospital hpi however i icu id
    if impression in indication indications information initial interval is it its known lab labs
    laboratory last left lungs male may md medical medication medications medicine might mr mrn mrs ms
    my n name neck needs negative neuro neurology new no none normal not note now np nurse nursing
    objective obtained of office on once only operation or orders other our out over pa pain past
    patient patients per phone physical physician physicians plan please positive possible postoperative
    pre preoperative present presented presents primary prior procedure procedures progress provider pt
    rn reason recommend recommendation recommendations recommended recommends referral referred
    referring regarding regular report reports requested results return returned review right risk
    routine said same saw says seen service she should since skin so social some started stated states
    status stable surgeon surgery surgical symptoms systems tells than that the their them then there
    these they this those to today told took treatment u under underwent unit unknown until up upon use
    used very visit vital was we well went were what when where which while who will with without would
    x yes you your year years abdomen abdominal anesthesia anesthesiologist assistant blood cancer colon
    consent copy diabetes disease ekg endoscopy family fracture gastroenterology hematology hypertension
    infection internal neurosurgery oncology orthopedic orthopedics pediatrics pharmacy psychiatry
    pulmonary radiology renal respiratory specimen spine specialist syndrome team therapy time
    transcribed type urology vascular monday tuesday wednesday thursday friday saturday sunday january
    february march april june july august september october november december
""")
