"""Which policy governs: the one in force on the date, for the service and the payer."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from posology.errors import PolicyError
from posology.policies.load import load_policies, load_policy
from posology.policies.policy import Code, Policy
from posology.policies.systems import canonical_system, normal_code, same_system

__all__ = ["choose_policy", "find_policy", "open_policy"]


def choose_policy(
    policies: Sequence[Policy],
    *,
    service: Code,
    payer: str | None,
    day: date,
    policy_id: str | None = None,
    quotes_payer: bool = True,
) -> Policy:
    """Return the one policy in force that governs a service for a payer, or the one named.

    Raises PolicyError that lists the candidates where there is none, or more than one; the message quotes the
    payer only where ``quotes_payer``: a name that stands in a chart is not repeated.
    """
    if policy_id is not None:
        return _named(policies, policy_id, service, day)
    governing = [p for p in policies if governs(p, service)]
    if not governing:
        raise PolicyError(_unknown_service(policies, service))
    matching = [p for p in governing if payer is None or same_payer(p.payer, payer)]
    if not matching:
        whose = payer if quotes_payer else "the chart's payer"
        raise PolicyError(
            f"no policy of {whose} governs {_say(service)}; others do: {_list(governing)}. "
            "The payer is the chart's Coverage's unless --payer names another; --policy names a policy"
        )
    in_force = [p for p in matching if p.in_force(day)]
    if not in_force:
        raise PolicyError(f"no policy for {_say(service)} is in force on {day}: {_list(matching)}")
    if len(in_force) > 1:
        raise PolicyError(
            f"{len(in_force)} policies for {_say(service)} are in force on {day}: {_list(in_force)}. "
            "Name one with --policy, or the payer with --payer"
        )
    return in_force[0]


def governs(policy: Policy, service: Code) -> bool:
    """Tell whether a policy lists a service."""
    return any(
        same_system(listed.system, service.system)
        and normal_code(listed.code, service.system) == normal_code(service.code, service.system)
        for listed in policy.services
    )


def same_payer(one: str, other: str) -> bool:
    """Compare payers' names without case, punctuation and legal form; Medicare goes by CMS too."""
    return _payer_key(one) == _payer_key(other)


_FORMS = re.compile(r"\b(inc|llc|corp|co|ltd|the)\b")
_ALIASES = {"medicare": "cms", "centers for medicare medicaid services": "cms", "original medicare": "cms"}
_ALIASES |= {
    "medicare part b": "cms",
    "medicare fee for service": "cms",
    "medicare ffs": "cms",
    "medicare part a": "cms",
}


def _payer_key(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    words = re.sub(r"[\W_]", " ", folded.replace("&", " ").replace(" and ", " "))
    key = " ".join(_FORMS.sub(" ", words).split())
    return _ALIASES.get(key, key)


def _named(policies: Sequence[Policy], identifier: str, service: Code, day: date) -> Policy:
    versions = [p for p in policies if p.id == identifier]
    if not versions:
        raise PolicyError(_no_such(policies, identifier))
    governing = [p for p in versions if governs(p, service)]
    if not governing:
        services = ", ".join(_say(s) for s in versions[0].services[:8])
        raise PolicyError(f"the policy {identifier} does not govern {_say(service)}; it governs: {services}")
    in_force = [p for p in governing if p.in_force(day)]
    if len(in_force) == 1:
        return in_force[0]
    if not in_force:
        raise PolicyError(f"the policy {identifier} is not in force on {day}: {_list(governing)}")
    raise PolicyError(f"{len(in_force)} versions of {identifier} are in force on {day}: {_list(in_force)}")


def find_policy(policies: Sequence[Policy], identifier: str) -> Policy:
    """Return a policy by its id, the version that came into force last."""
    versions = [p for p in policies if p.id == identifier]
    if not versions:
        raise PolicyError(_no_such(policies, identifier))
    return max(versions, key=lambda p: p.effective_from)


def open_policy(name: str, folders: Sequence[Path] = ()) -> Policy:
    """Return a policy by its file's name (.yaml) or by its id among the shipped ones and the folders'."""
    if name.endswith((".yaml", ".yml")):
        return load_policy(Path(name))
    return find_policy(load_policies(folders), name)


def _no_such(policies: Sequence[Policy], identifier: str) -> str:
    known = sorted({p.id for p in policies})
    return f"no policy has the id {identifier!r}; nearest: {', '.join(_nearest(identifier, known))}"


def _unknown_service(policies: Iterable[Policy], service: Code) -> str:
    listed = sorted({_say(s) for p in policies for s in p.services})
    return (
        f"no policy governs the service {_say(service)}; "
        f"nearest: {', '.join(_nearest(_say(service), listed))}. "
        "posology policy list shows the policies; --policies DIR adds a folder"
    )


def _nearest(wanted: str, known: Sequence[str]) -> list[str]:
    from rapidfuzz import process

    return [str(row[0]) for row in process.extract(wanted, known, limit=3)] or ["none at hand"]


def _say(service: Code) -> str:
    return f"{canonical_system(service.system)}:{service.code}"


def _list(policies: Iterable[Policy]) -> str:
    return "; ".join(
        f"{p.id} version {p.version} ({p.payer}, {p.effective_from} to {p.effective_until or 'open'})"
        for p in policies
    )
