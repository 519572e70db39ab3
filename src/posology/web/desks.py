"""The desk of a packet for the use cases that act on it, from what the site has."""

from posology.priorauth import Desk
from posology.review.acting import DeskOf
from posology.review.desks import Furniture, set_desk
from posology.review.packets import OpenPacket
from posology.web.site import Site

__all__ = ["desk_of"]


def desk_of(site: Site) -> DeskOf:
    """Return what sets the desk of any packet of a site."""
    furniture = Furniture(site.policies, site.settings.practice.model_dump(), site.models)

    def set_for(opened: OpenPacket) -> Desk:
        return set_desk(site.store, opened, furniture)

    return set_for
