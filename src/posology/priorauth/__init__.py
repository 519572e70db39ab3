"""Prior authorization: from a chart and a policy to a checked packet."""

from posology.priorauth.drafting import Stages, draft
from posology.priorauth.models import Models, open_models
from posology.priorauth.packet import Packet
from posology.priorauth.request import Request, RequestFile, parse_request, parse_service, read_request_file

__all__ = [
    "Models",
    "Packet",
    "Request",
    "RequestFile",
    "Stages",
    "draft",
    "open_models",
    "parse_request",
    "parse_service",
    "read_request_file",
]
