"""What identifies a person in Spanish clinical text, by its form and by the label before it."""

import re
from collections.abc import Iterator

from posology.records.deidentify import Kind, Replacement

__all__ = ["find_spanish"]

_NO_NAME = (
    r"(?!(?:Servicio|Hospital|Correo|E-?mail|Nº|NºCol|Nh?c|NHC|NASS|Departamento|Dpto|Unidad|Sección|Calle|Avda"
    r"|Avenida|Plaza|Apellidos|Nombre|Centro|Clínica|Instituto|Facultad|Universidad|España|Tel[ée]f|Tlf|Fax"
    r"|M[ée]dico"
    r"|Paciente|Varón|Mujer|Hombre|Niñ[oa]|Fecha|Sexo|Edad|Domicilio|Localidad|Informe|Complejo|Fundación)\b)"
)
_INITIAL = r"(?:[A-ZÁÉÍÓÚÑ]\.(?:\s?ª|a\b)?)"
_CAP = rf"(?:{_NO_NAME}[A-ZÁÉÍÓÚÜÑÇ][\wÁÉÍÓÚÜÑáéíóúüñç'’·-]+|{_INITIAL})"
_LINK = r"(?:(?:[Dd]e|[Dd]el|[Ll]a|[Ll]as|[Ll]os|[Dd]os|da|y|i|e|van|von)[ \t]+)"
_NAME = rf"{_LINK}{{0,2}}{_CAP}(?:[ \t]*(?<=[. \t]){_LINK}{{0,3}}{_CAP}){{0,5}}"
_TITLES = r"(?:(?:Dres|Dr[ªa]?s?|Sr[ªa]?|D|Dña|Don|Doña|Prof[ªa]?)\.?ª?[ \t]*)"
_MONTH = (
    r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre)"
)
_STREET = (
    r"(?:(?:[Cc]alle|Avda|Av|Avenida|Plaza|Pza|Pl|Paseo|P\.?[ºo]|Carretera|Ctra|Crta"
    r"|Ronda|Rambla|Camino|Cno|Travesía"
    r"|Urbanización|Urb|Glorieta|Vía|Carrer|Polígono|Apartado|Barrio|Bulevar)\b\.?|[Cc]/|[Cc]\\)"
)
_FLOOR = r"(?:\s*[-,]?\s*\d{1,2}\s?[ºªo°](?:\s?-?\s?(?:[A-Z]\b|izq\w*\.?|dcha\.?|derecha))?)?"
_CENTRE = (
    r"(?:Hospital|Clínica|Centro(?: de Salud| Médico| Hospitalario| de Especialidades)?|Instituto|Fundación"
    r"|Complejo(?! [Vv]itam)"
    r"|Universidad|Facultad|Sanatorio|Consorcio|Policlínica|Residencia|Asociación|Escuela)"
)
_OF = r"(?:(?:de|del|la|las|los|y|para|universitario|general|clínico|provincial|militar|en)[ \t]+)"
_TOWN = rf"{_CAP}(?:[ \t]+{_LINK}{{0,2}}{_CAP}){{0,3}}"

_RULES: tuple[tuple[Kind, str, str], ...] = (
    (Kind.EMAIL, "[EMAIL]", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    (Kind.URL, "[URL]", r"(?:https?://|www\.)[^\s,;)]+"),
    (Kind.DATE, "[DATE]", r"(?<![\d/.])\d{1,2}[-/.]\d{1,2}[-/.](?:(?:19|20)\d\d|\d\d)(?![\d/])"),
    (Kind.DATE, "[DATE]", r"(?<!\d)(?:19|20)\d\d-\d\d-\d\d(?!\d)"),
    (Kind.DATE, "[DATE]",
     rf"(?i:\b(?:\d{{1,2}}\s+de\s+)?{_MONTH}(?:\s+del?(?:\s+año)?|,)?\s+(?:19|20)?\d\d\b)"),
    (Kind.DATE, "[DATE]", rf"(?i:\b\d{{1,2}}\s+de\s+{_MONTH}\b)"),
    (Kind.DATE, "[DATE]", rf"(?i:\b(?:en|desde|hasta|de|mes de)\s+(?P<part>{_MONTH}))\b"),
    (Kind.DATE, "[BIRTH DATE]", r"(?i:nacimiento|nacid[oa] (?:el|en))\W{0,4}(?P<part>[\d/.-]{4,10}\d)"),
    (Kind.AGE, "[AGE 90+]", r"\b(?P<part>(?:9\d|1[0-2]\d))(?=\s+años\b)"),
    (Kind.PHONE, "[PHONE]", r"(?i:\b(?:tel[eé]fono|tel[fn]?|tfno|tlf[no]*|fax|m[oó]vil|busca)\b)\W{0,4}"
                            r"(?P<part>\+?[\d][\d\s().-]{5,17}\d)"),
    (Kind.PHONE, "[PHONE]", r"(?<![\w+])(?:\+|00)\d{2}[\s.-]?\d{2,3}(?:[\s.-]?\d{2,3}){2,3}(?!\d)"),
    (Kind.PHONE, "[PHONE]", r"(?<![\w./-])[6789]\d{2}[ .-]\d{2,3}[ .-]\d{2,3}(?:[ .-]\d{2,3})?(?![\d/])"),
    (Kind.RECORD, "[MRN]",
     r"(?i:\b(?:NHC|N\.?H\.?C|Historia(?: clínica)?|HC|Nº? ?de historia|CIPA|Episodio)\b)"
                           r"\s*(?:n[ºo.]*)?\s*[:.]?\s*(?P<part>\w[\w./-]*\d[\w./-]*)"),
    (Kind.RECORD, "[MRN]", r"\b(?:ID|Id)\s*[:.]\s*(?P<part>[\w./-]*\d[\w./-]*)"),
    (Kind.MEMBER, "[MEMBER ID]", r"\b(?:NASS|NSS|Nº? ?SS|CIP|Nº? ?de (?:asegurado|afiliación))\s*[:.]\s*"
                                 r"(?P<part>[A-Z]{0,6}\d[\d\s/-]{4,20}\d)"),
    (Kind.LICENCE, "[LICENCE]", r"(?i:n\s?[ºo°.]{0,2}\s?col(?:egiado)?|colegiado|NC)\.?\s*[ºo]?\s*[:.]?\s*"
                                r"(?:n[ºo.]*\s*)?(?P<part>\d[\d\s/-]{2,16}\d)"),
    (Kind.OTHER, "[ID]", r"\b(?:DNI|NIF|NIE|Pasaporte)\W{0,3}(?P<part>[XYZ]?\d[\d.]{5,10}-?[A-Z]?)\b"),
    (Kind.OTHER, "[ID]", r"(?<![\w.,/-])\d{8}-?[A-Z](?!\w)"),
    (Kind.NAME, "[NAME]", r"\b(?:Nombre(?: y apellidos)?|Apellidos|M[ée]dicos?(?: responsable)?"
                          r"|Remitid[oa] por|Responsable(?: clínico)?|Autor(?:a|es)?|Firmado|Fdo|Facultativo"
                          r"|Cirujano)"
                          rf"\s*[:.][ \t]*{_TITLES}?(?P<part>{_NAME})"),
    (Kind.NAME, "[NAME]", r"(?m:^(?:Nombre|Apellidos)\s*:[ \t]*(?P<part>[^\n.:]{2,60}))"),
    (Kind.NAME, "[NAME]",
     r"(?<!\w)(?:(?:Dres|Dr[ªa]?s?|Sr[ªa]?|Dña|D[ªº]?|Prof)\.[ªº]?|Dra?|Don|Doña|Doctora?)"
                          rf"[ \t]*(?<=[.ªº \t])(?P<part>{_NAME})"),
    (Kind.PLACE, "[ADDRESS]", rf"(?<!\w){_STREET}\s*[^\n:;]{{2,60}}?(?:\d+[\w/º.#-]*|s/n\.?º?){_FLOOR}"),
    (Kind.PLACE, "[ADDRESS]",
     r"(?im:^(?:Domicilio|Dirección|Localidad ?/ ?Provincia|Localidad|Provincia|Población"
     r"|Municipio|Ciudad|Lugar de nacimiento)\s*:[ \t]*(?P<part>[^\n:]{2,80}?)\.?[ \t]*$)"),
    (Kind.PLACE, "[ZIP]", r"(?i:\bC\.?P\.?|código postal)\s*[:.]?\s*(?P<part>\d{4,6})\b"),
    (Kind.PLACE, "[ADDRESS]",
     rf"(?<![\w.,/])(?:0[1-9]|[1-4]\d|5[0-2])\d{{3}}[.,]?[ \t-]+{_TOWN}(?:[ .,]*\({_TOWN}\))?"),
    (Kind.PLACE, "[ADDRESS]",
     rf"(?i:\b(?:residente|vecin[oa]|natural|procedente|vive|domiciliad[oa]) (?:en|de))"
                              rf"[ \t]+(?P<part>{_TOWN})"),
    (Kind.ORGANIZATION, "[ORGANIZATION]",
     rf"\b(?:{_CENTRE}|[Hh]ospital)(?:[ \t]+{_OF}{{0,4}}(?:{_CAP}|[\"“«][^\"”»\n]{{3,40}}[\"”»])){{1,7}}"),
    # A line about who sends and where to write holds no finding: all of it goes.
    (Kind.PLACE, "[ADDRESS]",
     r"(?im:^[ \t]*(?:remitid[oa] por|responsable clínico|correspondencia|dirección para"
                              rf" correspondencia)\s*:[ \t]*(?:(?-i:{_TITLES}?{_NAME}))?"
                              r"[ \t.,;-]*(?P<part>[^\n]{3,400})$)"),
)  # fmt: skip
_PATTERNS = tuple((kind, label, re.compile(form)) for kind, label, form in _RULES)


def find_spanish(text: str) -> list[Replacement]:
    """Find names, dates, numbers, addresses and places of care in a Spanish text.

    >>> [one.label for one in find_spanish("La Dra. Ana Ruiz la vio el 3/4/2019.")]
    ['[DATE]', '[NAME]']
    """
    return list(_found(text))


def _found(text: str) -> Iterator[Replacement]:
    for kind, label, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("part" if "part" in pattern.groupindex else 0)
            while end > start and text[end - 1] in " .,;:\t":
                end -= 1
            if end > start:
                yield Replacement(start, end, kind, label)
