"""A plan and a dossier to a report. Once a dossier is admitted, nothing here refuses it."""

from __future__ import annotations

from collections.abc import Sequence

from qdis_rules.evaluation.admit import admit
from qdis_rules.evaluation.dossier import Dossier, DossierError, Problem
from qdis_rules.evaluation.history import Years
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.run import run
from qdis_rules.plan.plan import Plan


def evaluate(plan: Plan, dossier: Dossier, history: Sequence[Dossier | Report] | Years = ()) -> Report:
    """Return the report of `dossier`, reading earlier years from `history`.

    An earlier year is a dossier (read under this ruleset) or the report its own ruleset gave;
    `earlier_years` makes of them what several dossiers may share.
    Raises DossierError when a dossier does not fit, with every problem; TypeError for what is no dossier.
    """
    refuse_other_types(dossier, history)
    problems: list[Problem] = []
    admitted = admit(plan, dossier)
    if isinstance(admitted, list):
        problems.extend(admitted)
    years = history if isinstance(history, Years) else Years(plan, history, problems)
    if problems or isinstance(admitted, list):
        raise DossierError(problems)
    evaluation = run(plan, admitted, years.before(dossier.year))
    evaluation.recomputed = years.recomputed
    evaluation.ignored = years.ignored
    return Report(evaluation)


def earlier_years(plan: Plan, history: Sequence[Dossier | Report]) -> Years:
    """Return earlier years that several dossiers may read, each evaluated once. Raises DossierError.

    What one dossier makes them recompute is told in the reports of all.
    """
    problems: list[Problem] = []
    years = Years(plan, history, problems)
    if problems:
        raise DossierError(problems)
    return years


def refuse_other_types(dossier: object, history: object) -> None:
    """Say at once what a caller without a type checker would find out much later."""
    if not isinstance(dossier, Dossier):
        raise TypeError(f"a Dossier is expected, not {type(dossier).__name__}; read_dossier reads a file")
    if isinstance(history, Dossier | Report):
        raise TypeError("history is a sequence: [previous], not previous")
