"""The people of a site as the options of a list: every page has them, so they are put together once."""

from functools import lru_cache

from markupsafe import Markup, escape

from posology.review.people import Colleague

__all__ = ["people_options"]


def people_options(people: tuple[Colleague, ...], chosen: str = "", *, roles: bool = False) -> Markup:
    """Return the options of a list of people; ``roles`` adds what each may do."""
    options = _options(people, roles)
    if not any(one.id == chosen for one in people):
        return options
    value = f'<option value="{escape(chosen)}"'
    return Markup(options.replace(value, f"{value} selected", 1))


@lru_cache(maxsize=16)
def _options(people: tuple[Colleague, ...], roles: bool) -> Markup:
    return Markup().join(
        Markup('<option value="{}">{}</option>').format(
            one.id, f"{one.name} ({one.role})" if roles else one.name
        )
        for one in people
    )
