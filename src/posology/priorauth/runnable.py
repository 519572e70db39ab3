"""Whether a policy can be run: an expression that does not parse would leave its leaf unknown for ever."""

from collections.abc import Iterator

from posology.errors import PolicyError
from posology.policies import Policy
from posology.policies.fhirpath import FhirPathFailure, parse_fhirpath
from posology.policies.policy import Find
from posology.priorauth.tree import all_leaves

__all__ = ["require_runnable"]


def require_runnable(policy: Policy) -> None:
    """Raise PolicyError, with file and leaf, unless every FHIRPath expression of a policy may be run."""
    for where, expression in _expressions(policy):
        try:
            parse_fhirpath(expression)
        except FhirPathFailure as cause:
            raise PolicyError(
                f"{policy.file}: {where}: FHIRPath: {cause}; correct it, then run posology policy check"
            ) from cause


def _expressions(policy: Policy) -> Iterator[tuple[str, str]]:
    for leaf in all_leaves(policy):
        yield from _of_find(leaf.id, leaf.find)
        if leaf.test is not None:
            yield f"{leaf.id}: test", leaf.test
    for document in policy.documents:
        yield from _of_find(f"documents.{document.id}", document.find)


def _of_find(where: str, find: Find | None) -> Iterator[tuple[str, str]]:
    if find is not None and find.expression is not None:
        yield f"{where}: find", find.expression
    if find is not None and find.where is not None:
        yield f"{where}: find.where", find.where
