"""Who may use which route: one table, checked before the application starts and at every request.

A route that is not in the table does not start, and neither does an entry without a route. Roles:
clinicians and staff see patients' data; auditors see the ledger; administrators see accounts and figures.
"""

from collections.abc import Iterable, Mapping

from posology.errors import InternalError
from posology.store import Role

__all__ = [
    "BEARER",
    "OPEN",
    "PUBLIC",
    "QUIET",
    "SET_UP",
    "SIGNED_IN",
    "TABLE",
    "Route",
    "Rule",
    "check_table",
]

Route = tuple[str, str]  # method, path template
Rule = frozenset[Role] | None  # None: anybody, signed in or not

PUBLIC: Rule = None
SIGNED_IN: Rule = frozenset(Role)
CLINICIAN: Rule = frozenset({Role.CLINICIAN})
CARE: Rule = frozenset({Role.CLINICIAN, Role.STAFF})
FIGURES: Rule = frozenset({Role.CLINICIAN, Role.STAFF, Role.ADMINISTRATOR})
AUDITOR: Rule = frozenset({Role.AUDITOR})
HEADS: Rule = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
ADMINISTRATOR: Rule = frozenset({Role.ADMINISTRATOR})

TABLE: Mapping[Route, Rule] = {
    # The application itself
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): ADMINISTRATOR,
    ("GET", "/static/{release}/{name:path}"): PUBLIC,
    ("GET", "/api/v1/openapi.json"): PUBLIC,
    # Sessions and accounts
    ("GET", "/sign-in"): PUBLIC,
    ("POST", "/sign-in"): PUBLIC,
    ("GET", "/sign-in/openid"): PUBLIC,
    ("GET", "/sign-in/openid/return"): PUBLIC,
    ("GET", "/account/prove/openid"): SIGNED_IN,
    ("POST", "/sign-out"): SIGNED_IN,
    ("GET", "/account"): SIGNED_IN,
    ("POST", "/account/password"): SIGNED_IN,
    ("POST", "/account/prove"): SIGNED_IN,
    ("GET", "/account/code"): SIGNED_IN,
    ("POST", "/account/code"): SIGNED_IN,
    ("GET", "/api/v1/session"): SIGNED_IN,
    ("POST", "/api/v1/session"): PUBLIC,
    ("DELETE", "/api/v1/session"): SIGNED_IN,
    ("GET", "/users"): ADMINISTRATOR,
    ("POST", "/users"): ADMINISTRATOR,
    ("POST", "/users/{user_id}"): ADMINISTRATOR,
    ("POST", "/users/{user_id}/{act}"): ADMINISTRATOR,
    ("GET", "/api/v1/users"): ADMINISTRATOR,
    ("POST", "/api/v1/users"): ADMINISTRATOR,
    ("PATCH", "/api/v1/users/{user_id}"): ADMINISTRATOR,
    ("POST", "/api/v1/users/{user_id}/reset"): ADMINISTRATOR,
    # Jobs
    ("GET", "/api/v1/jobs/{job_id}"): CARE,
    ("GET", "/api/v1/jobs/{job_id}/events"): CARE,
    ("POST", "/api/v1/jobs/{job_id}/cancel"): CARE,
    ("POST", "/api/v1/jobs/{job_id}/retry"): CARE,
    # Charts, drafts, packets
    ("POST", "/api/v1/charts"): CARE,
    ("GET", "/api/v1/charts/{chart_id}"): CARE,
    ("POST", "/api/v1/drafts"): CARE,
    ("GET", "/api/v1/policies"): CARE,
    ("GET", "/api/v1/packets"): CARE,
    ("POST", "/api/v1/packets/find"): CARE,
    ("GET", "/api/v1/packets/{packet_id}"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/head"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/versions"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/versions/{number}"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/sources"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/sources/{source:path}"): CARE,
    ("PUT", "/api/v1/packets/{packet_id}/scratch/{target}"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/scratch/{target}"): CARE,
    ("DELETE", "/api/v1/packets/{packet_id}/scratch/{target}"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/acts"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/preview"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/differences"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/letter.{form}"): CARE,
    ("GET", "/api/v1/packets/{packet_id}/statement"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/prepare"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/return"): CLINICIAN,
    ("POST", "/api/v1/packets/{packet_id}/assign"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/sign"): CLINICIAN,
    ("POST", "/api/v1/packets/{packet_id}/export"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/sent"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/outcome"): CARE,
    ("POST", "/api/v1/packets/{packet_id}/withdraw"): CARE,
    ("DELETE", "/api/v1/packets/{packet_id}"): ADMINISTRATOR,
    # The pages of a packet
    ("GET", "/"): SIGNED_IN,
    ("GET", "/demo/{secret}"): PUBLIC,
    ("POST", "/find"): CARE,
    ("GET", "/new"): CARE,
    ("POST", "/new"): CARE,
    ("GET", "/jobs/{job_id}"): CARE,
    ("POST", "/jobs/{job_id}/cancel"): CARE,
    ("POST", "/jobs/{job_id}/retry"): CARE,
    ("GET", "/packets/{packet_id}"): CARE,
    ("GET", "/packets/{packet_id}/source"): CARE,
    ("POST", "/packets/{packet_id}/acts"): CARE,
    ("POST", "/packets/{packet_id}/prepare"): CARE,
    ("POST", "/packets/{packet_id}/return"): CLINICIAN,
    ("POST", "/packets/{packet_id}/assign"): CARE,
    ("POST", "/packets/{packet_id}/withdraw"): CARE,
    ("GET", "/packets/{packet_id}/sign"): CLINICIAN,
    ("POST", "/packets/{packet_id}/sign"): CLINICIAN,
    ("GET", "/packets/{packet_id}/letter.pdf"): CARE,
    ("GET", "/packets/{packet_id}/export"): CARE,
    ("POST", "/packets/{packet_id}/export"): CARE,
    ("POST", "/packets/{packet_id}/sent"): CARE,
    ("POST", "/packets/{packet_id}/outcome"): CARE,
    ("GET", "/packets/{packet_id}/differences"): CARE,
    # Comparisons and quality
    ("GET", "/api/v1/comparisons"): CARE,
    ("POST", "/api/v1/comparisons"): CARE,
    ("GET", "/api/v1/comparisons/results"): FIGURES,
    ("GET", "/api/v1/comparisons/export"): ADMINISTRATOR,
    ("GET", "/api/v1/comparisons/{comparison_id}"): CARE,
    ("POST", "/api/v1/comparisons/{comparison_id}/ratings"): CLINICIAN,
    ("GET", "/compare"): FIGURES,
    ("POST", "/compare"): CARE,
    ("GET", "/compare/results"): FIGURES,
    ("POST", "/compare/export"): ADMINISTRATOR,
    ("GET", "/compare/{comparison_id}"): CARE,
    ("POST", "/compare/{comparison_id}"): CLINICIAN,
    ("GET", "/api/v1/quality"): FIGURES,
    ("GET", "/quality"): FIGURES,
    ("GET", "/quality/figures.csv"): FIGURES,
    # The ledger
    ("GET", "/ledger"): HEADS,
    ("POST", "/ledger/verify"): HEADS,
    ("GET", "/ledger/entries/{number}"): AUDITOR,
    ("GET", "/api/v1/ledger/entries"): AUDITOR,
    ("GET", "/api/v1/ledger/entries/{number}/proof"): AUDITOR,
    ("GET", "/api/v1/ledger/head"): HEADS,
    ("GET", "/api/v1/ledger/consistency"): AUDITOR,
    ("POST", "/api/v1/ledger/verify"): HEADS,
    ("GET", "/api/v1/ledger/export"): AUDITOR,
}

OPEN: frozenset[Route] = frozenset(  # public, the same for everybody, and not counted
    {("GET", "/static/{release}/{name:path}"), ("GET", "/healthz")}
)

BEARER: Mapping[Route, str] = {  # routes that a machine may use with the token of this environment variable
    ("GET", "/metrics"): "POSOLOGY_METRICS_TOKEN",
}

SET_UP: frozenset[Route] = frozenset(  # what an account that is not set up yet may use
    {
        ("GET", "/account"),
        ("POST", "/account/password"),
        ("POST", "/account/prove"),
        ("GET", "/account/code"),
        ("POST", "/account/code"),
        ("POST", "/sign-out"),
        ("GET", "/api/v1/session"),
        ("DELETE", "/api/v1/session"),
    }
)

QUIET: frozenset[Route] = frozenset(  # polled by pages: does not keep an idle session alive
    {
        ("GET", "/api/v1/jobs/{job_id}"),
        ("GET", "/api/v1/jobs/{job_id}/events"),
        ("GET", "/api/v1/packets/{packet_id}/head"),
    }
)


def check_table(routes: Iterable[Route], table: Mapping[Route, Rule] = TABLE) -> None:
    """Raise InternalError unless the table names exactly these routes."""
    there = frozenset(routes)
    unruled, unused = sorted(there - table.keys()), sorted(table.keys() - there)
    if unruled or unused:
        words = [f"no rule for {method} {path}" for method, path in unruled]
        words += [f"a rule without a route: {method} {path}" for method, path in unused]
        raise InternalError("permissions: " + "; ".join(words))
