"""Prior authorization: from a chart and a policy to a checked packet."""

from posology.priorauth.acts import (
    Act,
    Answer,
    Attach,
    Confirm,
    Drop,
    Edit,
    Offer,
    Override,
    Reject,
    State,
    parse_act,
)
from posology.priorauth.drafting import Stages, draft
from posology.priorauth.editing import Checked, preview
from posology.priorauth.history import Difference, differences
from posology.priorauth.models import Models, open_models
from posology.priorauth.packet import Packet
from posology.priorauth.request import Request, RequestFile, parse_request, parse_service, read_request_file
from posology.priorauth.revising import Notice, Revision, revise
from posology.priorauth.sheet import Desk, request_of
from posology.priorauth.statements import Person

__all__ = [
    "Act",
    "Answer",
    "Attach",
    "Checked",
    "Confirm",
    "Desk",
    "Difference",
    "Drop",
    "Edit",
    "Models",
    "Notice",
    "Offer",
    "Override",
    "Packet",
    "Person",
    "Reject",
    "Request",
    "RequestFile",
    "Revision",
    "Stages",
    "State",
    "differences",
    "draft",
    "open_models",
    "parse_act",
    "parse_request",
    "parse_service",
    "preview",
    "read_request_file",
    "request_of",
    "revise",
]
