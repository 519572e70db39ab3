"""What finds identifiers by their form and surroundings, without knowing the patient."""

from collections.abc import Callable, Mapping

from posology.records.deidentify.kinds import Replacement
from posology.records.deidentify.recognisers.ages import find_ages
from posology.records.deidentify.recognisers.contexts import find_by_context
from posology.records.deidentify.recognisers.dates import find_dates
from posology.records.deidentify.recognisers.emails import find_emails
from posology.records.deidentify.recognisers.facilities import find_facilities
from posology.records.deidentify.recognisers.ips import find_ips
from posology.records.deidentify.recognisers.names import find_names
from posology.records.deidentify.recognisers.numbers import find_numbers
from posology.records.deidentify.recognisers.phones import find_phones
from posology.records.deidentify.recognisers.places import find_places
from posology.records.deidentify.recognisers.urls import find_urls

__all__ = ["RECOGNISERS"]

RECOGNISERS: Mapping[str, Callable[[str], list[Replacement]]] = {
    "emails": find_emails,
    "urls": find_urls,
    "ips": find_ips,
    "contexts": find_by_context,
    "numbers": find_numbers,
    "phones": find_phones,
    "dates": find_dates,
    "ages": find_ages,
    "places": find_places,
    "facilities": find_facilities,
    "names": find_names,
}
