"""Choosing the one policy in force that governs a service for a payer, or saying why there is none."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from posology.errors import PolicyError
from posology.policies.load import load_policies, load_policy
from posology.policies.policy import Code, Policy
from posology.policies.reading import nearest
from posology.policies.systems import canonical_system, normal_code, same_system

__all__ = ["choose_policy", "governs", "open_policy", "same_payer"]

SHOWN = 8  # candidates that a message lists
MEDICARE = ("medicare", "originalmedicare", "centersformedicareandmedicaidservices")


def choose_policy(
    policies: Sequence[Policy], *, service: Code, payer: str | None, day: date, policy_id: str | None
) -> Policy:
    """Return the one policy in force on a day that governs a service for a payer.

    With ``policy_id`` only that policy is looked at, whatever the payer. Anything but exactly one policy is
    an error that lists the candidates.
    """
    if policy_id is not None:
        return _by_id(policies, policy_id, service, day)
    governing = [policy for policy in policies if governs(policy, service)]
    if not governing:
        raise PolicyError(_no_service(policies, service))
    paid = [policy for policy in governing if payer is None or same_payer(policy.payer, payer)]
    if not paid:
        offered = _names(sorted({policy.payer for policy in governing}))
        raise PolicyError(
            f"no policy of payer {payer!r} governs {_code(service)}; policies of these payers do: {offered}. "
            "Name one with --payer or --policy, or add a policy with --policies"
        )
    return _one_in_force(paid, day, f"{_code(service)}")


def governs(policy: Policy, service: Code) -> bool:
    """Tell whether a policy governs a service, under any name of its code system."""
    wanted = normal_code(service.code, service.system)
    return any(
        same_system(own.system, service.system) and normal_code(own.code, own.system) == wanted
        for own in policy.services
    )


def same_payer(one: str, other: str) -> bool:
    """Tell whether two spellings name the same payer: letters and digits decide, not case or punctuation.

    Medicare is the programme that CMS pays for, so its names are one payer.
    """
    return _payer(one) == _payer(other) != ""


def open_policy(name: str, folders: Sequence[Path] = (), *, day: date | None = None) -> Policy:
    """Return a policy by its file or id; of several versions the one in force on ``day``, else the newest."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_policy(path)
    policies = load_policies(folders)
    found = [policy for policy in policies if policy.id == name]
    if not found:
        raise PolicyError(_no_id(policies, name))
    current = [policy for policy in found if day is not None and policy.in_force(day)]
    return max(current or found, key=lambda policy: policy.effective_from)


def _by_id(policies: Sequence[Policy], policy_id: str, service: Code, day: date) -> Policy:
    found = [policy for policy in policies if policy.id == policy_id]
    if not found:
        raise PolicyError(_no_id(policies, policy_id))
    chosen = _one_in_force(found, day, f"policy {policy_id}")
    if not governs(chosen, service):
        offered = _names(f"{own.system}:{own.code}" for own in chosen.services)
        raise PolicyError(f"policy {policy_id} does not govern {_code(service)}; it governs {offered}")
    return chosen


def _one_in_force(policies: Sequence[Policy], day: date, what: str) -> Policy:
    current = [policy for policy in policies if policy.in_force(day)]
    if len(current) == 1:
        return current[0]
    if not current:
        versions = _names(_version(policy) for policy in policies)
        raise PolicyError(f"no policy for {what} is in force on {day}; there is {versions}")
    versions = _names(f"{_version(policy)} in {policy.file}" for policy in current)
    raise PolicyError(
        f"more than one policy for {what} is in force on {day}: {versions}. Name one with --policy or --payer"
    )


def _no_service(policies: Sequence[Policy], service: Code) -> str:
    offered = {f"{own.system}:{own.code}" for policy in policies for own in policy.services}
    same = {name for name in offered if same_system(name.rpartition(":")[0], service.system)}
    near = _nearest(service, sorted(same)) or nearest(f"{service.system}:{service.code}", sorted(offered))
    hint = f"the nearest offered is {near}" if near else f"offered are {_names(sorted(same or offered))}"
    return f"no policy governs {_code(service)}; {hint}. Add a policy with --policies, or mend the service"


def _nearest(service: Code, offered: Sequence[str]) -> str | None:
    by_code: dict[str, str] = {name.rpartition(":")[2]: name for name in offered}
    found = nearest(service.code, tuple(by_code))
    return by_code[found] if found else None


def _no_id(policies: Sequence[Policy], policy_id: str) -> str:
    ids = sorted({policy.id for policy in policies})
    near = nearest(policy_id, ids)
    hint = f"did you mean {near!r}?" if near else f"there is {_names(ids)}"
    return f"there is no policy {policy_id!r}; {hint}"


def _version(policy: Policy) -> str:
    until = f"until {policy.effective_until}" if policy.effective_until else "without end"
    return f"{policy.id} version {policy.version} of {policy.payer} (from {policy.effective_from} {until})"


def _code(service: Code) -> str:
    return f"{canonical_system(service.system)}:{service.code}"


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(listed[:SHOWN]) or "none"
    return f"{shown} and {len(listed) - SHOWN} more" if len(listed) > SHOWN else shown


def _payer(name: str) -> str:
    letters = re.sub(r"[\W_]+", "", name.casefold().replace("&", "and"))
    return "cms" if letters in MEDICARE else letters
