"""Who may teach, from where, on what: a teacher outside needs a named agreement and a gated scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

from posology.adapt.teacher.scenario import Scenario
from posology.chat import Generator
from posology.errors import UserError

__all__ = ["Terms", "require_other_family", "require_terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a teacher writes.

    ``licence`` is what its maker allows to be done with its texts: "made here" where they may be used
    freely. ``remote``: it runs outside the site. ``gate``: the hash of the manifest of the
    de-identification run that the scenarios from charts went through.
    """

    licence: str = "not stated"
    agreement: str = ""
    remote: bool = False
    gate: str = ""


def require_terms(scenarios: Sequence[Scenario], terms: Terms) -> None:
    """Raise UserError unless these scenarios may be given to a teacher under these terms.

    Nothing from a chart is taught from without the gate, wherever the teacher runs; nothing at all goes to
    a remote teacher without an agreement.
    """
    if terms.remote and not terms.agreement:
        raise UserError(
            "the teacher runs outside the site: name the agreement that covers its host under `remote` in "
            "the settings"
        )
    charts = [one.id for one in scenarios if one.origin == "chart"]
    if charts and not terms.gate:
        raise UserError(
            f"scenario {charts[0]} and {len(charts) - 1} more come from charts: pass them through the "
            "de-identification gate (posology curate) first and name its folder"
        )


def require_other_family(teacher: Generator, second: Generator) -> None:
    """Raise UserError where the second reader is of the teacher's family: it would share its mistakes."""
    if teacher.identity.family == second.identity.family:
        raise UserError(
            f"the second reader {second.identity.name} is of the teacher's family "
            f"({teacher.identity.family}); choose a model of another family"
        )
