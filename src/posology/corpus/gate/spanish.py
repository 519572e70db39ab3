"""What identifies a person in Spanish clinical text, by its form and by the label before it."""

import re
from collections.abc import Iterator

from posology.records.deidentify import Kind, Replacement

__all__ = ["find_spanish"]

_CAP = r"[A-ZÁÉÍÓÚÜÑ][\wÁÉÍÓÚÜÑáéíóúüñ'’·-]*\.?"
_NAME = rf"{_CAP}(?:\s+(?:(?:de|del|la|las|los|y|i|e)\s+)*{_CAP}){{0,4}}"
_MONTH = (
    r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre)"
)
_STREET = (
    r"(?:Calle|C/|c/|C\\|Avda?\.?|Avenida|Av\.|Plaza|Pza\.?|Pl\.|Paseo|P[ºo]\.?|Carretera|Ctra\.?|Ronda|Rambla|Camino|"
    r"Travesía|Urbanización|Urb\.|Glorieta|Vía|Carrer|Polígono|Apartado)"
)
_CENTRE = (
    r"(?:Hospital|Clínica|Centro de Salud|Centro Médico|Centro Hospitalario|Instituto|Servicio Canario|Fundación|"
    r"Complejo|Universidad|Facultad|Sanatorio|Consorcio|Policlínica)"
)
_RULES: tuple[tuple[Kind, str, str], ...] = (
    (Kind.EMAIL, "[EMAIL]", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    (Kind.URL, "[URL]", r"(?:https?://|www\.)[^\s,;)]+"),
    (Kind.DATE, "[DATE]", r"(?<![\d/.])\d{1,2}[-/.]\d{1,2}[-/.](?:(?:19|20)\d\d|\d\d)(?![\d/])"),
    (Kind.DATE, "[DATE]", r"(?<!\d)(?:19|20)\d\d-\d\d-\d\d(?!\d)"),
    (Kind.DATE, "[DATE]", rf"(?i:\b(?:\d{{1,2}}\s+(?:de\s+)?)?{_MONTH}(?:\s+del?(?:\s+año)?)?\s+(?:19|20)\d\d\b)"),
    (Kind.DATE, "[DATE]", rf"(?i:\b\d{{1,2}}\s+de\s+{_MONTH}\b)"),
    (Kind.DATE, "[DATE]", rf"(?i:\b(?:en|desde|hasta|de|mes de)\s+(?P<part>{_MONTH}))\b"),
    (Kind.DATE, "[BIRTH DATE]", r"(?i:nacimiento|nacid[oa] (?:el|en))\W{0,4}(?P<part>[\d/.-]{4,10}\d)"),
    (Kind.AGE, "[AGE 90+]", r"\b(?P<part>(?:9\d|1[0-2]\d))(?=\s+años\b)"),
    (Kind.PHONE, "[PHONE]", r"(?i:\b(?:tel[eé]fono|tel[fn]?|tfno|tlf|fax|m[oó]vil|busca)\b)\W{0,4}(?P<part>\+?[\d][\d\s().-]{6,17}\d)"),
    (Kind.PHONE, "[PHONE]", r"(?<![\w+])(?:\+|00)?34[\s.-]?[6789]\d{2}[\s.-]?\d{2,3}[\s.-]?\d{2,3}(?:[\s.-]?\d{2,3})?(?!\d)"),
    (Kind.PHONE, "[PHONE]", r"(?<![\w./-])[6789]\d{2}[ .-]\d{2,3}[ .-]\d{2,3}(?:[ .-]\d{2,3})?(?![\d/])"),
    (Kind.RECORD, "[MRN]", r"\b(?:NHC|N\.?H\.?C|Historia(?: clínica)?|HC|Nº? ?de historia|CIPA|ID|Episodio)\s*(?:n[ºo.]*)?\s*[:.]\s*(?P<part>[\w][\w./-]*\d[\w./-]*\b)"),
    (Kind.MEMBER, "[MEMBER ID]", r"\b(?:NASS|NSS|Nº? ?SS|CIP|Nº? ?de (?:asegurado|afiliación))\s*[:.]\s*(?P<part>[A-Z]{0,6}[\d][\d\s/-]{4,20}\d)"),
    (Kind.LICENCE, "[LICENCE]", r"(?i:n\s?[ºo°.]{0,2}\s?col(?:egiado)?|colegiado|NC)\s*[ºo]?\s*[:.]?\s*(?:n[ºo.]*\s*)?(?P<part>\d[\d\s/-]{2,16}\d)"),
    (Kind.OTHER, "[ID]", r"\b(?:DNI|NIF|NIE|Pasaporte)\W{0,3}(?P<part>[XYZ]?\d[\d.]{5,10}-?[A-Z]?)\b"),
    (Kind.OTHER, "[ID]", r"(?<![\w.,/-])\d{8}-?[A-Z](?!\w)"),
    (Kind.NAME, "[NAME]", rf"\b(?:Nombre(?: y apellidos)?|Apellidos|Paciente|Médico(?: responsable)?|Remitid[oa] por|Responsable clínico|Autor(?:a|es)?|Firmado|Fdo|Facultativo|Cirujano)\s*[:.]\s*(?:(?:Dra?|D|Dña|Prof)\.?ª?\s+)?(?P<part>{_NAME})"),
    (Kind.NAME, "[NAME]", rf"(?<!\w)(?:Dra?s?\.|Dra?|Sra?\.|Dr[ªº]\.?|D\.|Dña\.?|D[ªº]\.?|Don|Doña|Doctora?|Prof\.)\s+(?P<part>{_NAME})"),
    (Kind.PLACE, "[ADDRESS]", rf"(?<!\w){_STREET}\s+[^\n:;]{{2,60}}?\d+[\w/º.-]*(?:\s*[-,]?\s*\d{{1,2}}\s?[ºª](?:\s?(?:[A-Z]|izq\.?|dcha\.?|derecha|izquierda))?)?"),
    (Kind.PLACE, "[ADDRESS]", r"\b(?:Domicilio|Dirección|Localidad ?/ ?Provincia|Localidad|Provincia|Población|Municipio|Ciudad)\s*:\s*(?P<part>[^\n.:]{2,80})"),
    (Kind.PLACE, "[ZIP]", r"(?i:\bC\.?P\.?|código postal)\s*[:.]?\s*(?P<part>\d{5})\b"),
    (Kind.PLACE, "[ADDRESS]", rf"(?<![\w.,/])(?P<part>(?:0[1-9]|[1-4]\d|5[0-2])\d{{3}}[ ,-]+{_CAP}(?:\s+(?:(?:de|del|la|las|los)\s+)*{_CAP}){{0,3}}(?:\s*\({_CAP}(?:\s+{_CAP})*\))?)"),
    (Kind.ORGANIZATION, "[ORGANIZATION]", rf"\b{_CENTRE}(?:\s+(?:(?:de|del|la|las|los|y|General|Universitario|Clínico)\s+)*{_CAP}){{1,7}}"),
)  # fmt: skip
_PATTERNS = tuple((kind, label, re.compile(form)) for kind, label, form in _RULES)


def find_spanish(text: str) -> list[Replacement]:
    """Find names, dates, numbers, addresses and places of care in a Spanish text.

    >>> [text[:0] + one.label for text in ["Dra. Ana Ruiz, 3/4/2019"] for one in find_spanish(text)]
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
