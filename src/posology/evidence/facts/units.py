"""Units of measurement: what they measure and how they convert; a dimension never crosses to another."""

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["Unit", "parse_unit", "unit_pattern"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; ``factor`` and ``offset`` lead to the base of its dimension: base = value * factor + offset."""

    name: str
    dimension: str
    factor: float
    offset: float = 0.0

    def to_base(self, value: float) -> float:
        """Convert a value in this unit to the base of the dimension."""
        return value * self.factor + self.offset


# name | dimension | factor | spellings (lower case, without blanks around "/", "per" written "/")
_TABLE = """
g|mass|1|g,gm,gms,gram,grams
mg|mass|1e-3|mg,mgs,milligram,milligrams
ug|mass|1e-6|mcg,ug,microgram,micrograms
ng|mass|1e-9|ng,nanogram,nanograms
kg|mass|1e3|kg,kgs,kilo,kilos,kilogram,kilograms
lb|mass|453.59237|lb,lbs,pound,pounds
oz|mass|28.349523|oz,ounce,ounces
m|length|1|m,meter,meters,metre,metres
cm|length|1e-2|cm,cms,centimeter,centimeters,centimetre,centimetres
mm|length|1e-3|mm,mms,millimeter,millimeters,millimetre,millimetres
in|length|0.0254|inch,inches
ft|length|0.3048|ft,foot,feet
l|volume|1|l,liter,liters,litre,litres
dl|volume|0.1|dl,deciliter,deciliters
ml|volume|1e-3|ml,mls,cc,ccs,milliliter,milliliters
kg/m2|bmi|1|kg/m2,kg/m²,kg/m^2,kg/msq,kg/sqm,kg/squaremeter,kilograms/squaremeter,kilogram/squaremeter
g/l|mass concentration|1|g/l
g/dl|mass concentration|10|g/dl,gm/dl,grams/deciliter
mg/dl|mass concentration|1e-2|mg/dl,mg%,milligrams/deciliter,milligrams/dl
mg/l|mass concentration|1e-3|mg/l
ug/ml|mass concentration|1e-3|ug/ml,mcg/ml
ug/dl|mass concentration|1e-5|ug/dl,mcg/dl
ng/ml|mass concentration|1e-6|ng/ml,ug/l,mcg/l,nanograms/milliliter
ng/dl|mass concentration|1e-8|ng/dl
pg/ml|mass concentration|1e-9|pg/ml,ng/l
mg/ml|mass concentration|1|mg/ml
mol/l|molar concentration|1|mol/l
mmol/l|molar concentration|1e-3|mmol/l,meq/l,millimoles/liter
umol/l|molar concentration|1e-6|umol/l
nmol/l|molar concentration|1e-9|nmol/l
mmol/mol|molar ratio|1|mmol/mol
u/l|activity concentration|1|u/l,iu/l,units/l,units/liter
mu/l|activity concentration|1e-3|mu/l,miu/l,uu/ml,uiu/ml
u/ml|activity concentration|1e3|u/ml,iu/ml,units/ml
mmhg|pressure|1|mmhg,mm/hg,mmofmercury,millimetersofmercury
cmh2o|pressure|0.73556|cmh2o,cmofwater,cmofh2o,cmwater
kpa|pressure|7.50062|kpa
degc|temperature|1|°c,degc,degreesc,degreescelsius,celsius,degreec,degreescentigrade
degf|temperature|F|°f,degf,degreesf,degreesfahrenheit,fahrenheit,degreef
%|percent|1|%,percent,pct
/min|per minute|1|bpm,beats/minute,beats/min,/min,/minute,breaths/minute,breaths/min,beatsaminute
/h|per hour|1|events/hour,events/hr,events/h,/hour,/hr,/h,apneas/hour,episodes/hour,eventsanhour
s|time|1.1574074e-5|s,sec,secs,second,seconds
ms|time|1.1574074e-8|ms,msec,msecs,millisecond,milliseconds
min|time|6.9444444e-4|min,mins,minute,minutes
h|time|0.041666667|h,hr,hrs,hour,hours
d|time|1|d,day,days
wk|time|7|wk,wks,week,weeks
mo|time|30.4375|mo,mos,month,months
yr|time|365.25|y,yr,yrs,year,years
mg/kg|dose by weight|1|mg/kg,milligrams/kilogram
ug/kg|dose by weight|1e-3|mcg/kg,ug/kg
mg/m2|dose by surface|1|mg/m2,mg/m²,mg/m^2
ml/min|clearance|1|ml/min/1.73m2,ml/min/1.73m²,ml/min/1.73m^2,ml/min/1.73,ml/min,milliliters/minute
l/min|flow|1|l/min,liters/minute,liter/minute,lpm,l/m
ml/h|infusion rate|1|ml/hr,ml/h,cc/hr,ml/hour,cc/h
ug/h|mass rate|1|mcg/hr,mcg/h,ug/h,ug/hr,mcg/hour,micrograms/hour
mg/h|mass rate|1e3|mg/hr,mg/h,mg/hour
u/h|unit rate|1|units/hr,units/hour,units/h,u/hr,u/h
u/kg|units by weight|1|units/kg,u/kg
u|units|1|unit,units,iu,internationalunits,internationalunit
meq|equivalents|1|meq,milliequivalents
mmol|amount|1|mmol
k/ul|cell count|1e3|k/ul,x10^3/ul,10*3/ul,10^3/ul,thousand/ul,x10^9/l,10^9/l,10*9/l,x109/l
/ul|cell count|1|/ul,cells/ul,/mm3,cells/mm3,/mcl,cells/mcl,/cumm
m/ul|cell count|1e6|m/ul,x10^6/ul,10*6/ul,10^6/ul
copies/ml|copies|1|copies/ml
pack-year|pack-years|1|pack-year,pack-years,packyear,packyears
pack/day|packs|1|pack,packs,ppd
puff|puffs|1|puff,puffs,inhalation,inhalations
tablet|tablets|1|tablet,tablets,tab,tabs,pill,pills
capsule|capsules|1|capsule,capsules,cap,caps
drop|drops|1|drop,drops,gtt,gtts
spray|sprays|1|spray,sprays
kcal|energy|1|kcal,calorie,calories
gy|radiation|1|gy,gray
cgy|radiation|1e-2|cgy
degree|angle|1|degree,degrees,deg,°
french|french|1|fr,french
gauge|gauge|1|gauge
mets|mets|1|mets
diopter|diopters|1|diopter,diopters
db|decibels|1|db,decibel,decibels
"""


@cache
def _units() -> dict[str, Unit]:
    table: dict[str, Unit] = {}
    for line in _TABLE.strip().splitlines():
        name, dimension, factor, spellings = _fields(line)
        unit = (
            Unit(name, dimension, 5 / 9, -32 * 5 / 9)
            if factor == "F"
            else Unit(name, dimension, float(factor))
        )
        table |= dict.fromkeys(spellings.split(","), unit)
    return table


def _fields(line: str) -> tuple[str, str, str, str]:
    name, dimension, factor, spellings = line.split("|")
    return name, dimension, factor, spellings


def _key(text: str) -> str:
    text = text.lower().replace("µ", "u").replace("μ", "u")
    text = re.sub(r"\s*(?:/|\bper\b)\s*", "/", text)
    return re.sub(r"[\s]+|(?<=[a-z])-(?=$)", "", text).rstrip(".")


def parse_unit(text: str) -> Unit | None:
    """Return the unit that a spelling names, or ``None``."""
    return _units().get(_key(text)) or _units().get(_key(text).replace("-", ""))


@cache
def unit_pattern() -> str:
    """Return a regular expression (no groups) for any spelling of a unit."""
    spellings = sorted(_units(), key=len, reverse=True)
    return "(?:" + "|".join(_spelling(s) for s in spellings) + r")(?![A-Za-z0-9])"


def _spelling(key: str) -> str:
    loose = {
        "ofmercury": r"\s*of\s+mercury", "mmhg": r"mm\s*Hg", "cmh2o": r"cm\s*H2O",
        "ofwater": r"\s*of\s+water",
        "squaremeter": r"square\s+meter", "degrees": r"degrees\s*", "international": r"international\s+",
        "°": r"°\s*", "beatsaminute": r"beats\s+a\s+minute",
        "eventsanhour": r"events\s+an\s+hour", "1.73m": r"1\.73\s*m", "pack-year": r"pack[-\s]year",
    }  # fmt: skip
    pattern = re.escape(key).replace("/", r"\s*(?:/|\bper\b)\s*")
    for compact, spaced in loose.items():
        pattern = pattern.replace(re.escape(compact), spaced)
    return pattern.replace("u", "[uµμ]", 1) if key.startswith("u") else pattern
