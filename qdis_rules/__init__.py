"""Rules of a yearly financial questionnaire: read, check, evaluate, explain.

Example:
    >>> import qdis_rules as qdis
    >>> ruleset = qdis.load_ruleset(2023)
    >>> report = ruleset.evaluate(qdis.read_dossier("coop.json"))
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers know better; `typing` would be imported for nothing else
if TYPE_CHECKING:
    from qdis_rules.diagnostics import Diagnostic, Outcome, Severity
    from qdis_rules.evaluation.dossier import Account, Dossier, DossierError, Problem
    from qdis_rules.evaluation.explain import Explanation
    from qdis_rules.evaluation.report import Report
    from qdis_rules.evaluation.results import (
        AggregateResult,
        CellResult,
        CheckResult,
        CheckResults,
        GapResult,
        Origin,
        ParameterResult,
        ParameterValue,
        Status,
        TableCompleteness,
        ThresholdResult,
        Verdict,
    )
    from qdis_rules.evaluation.session import Change, Session
    from qdis_rules.formats.balance import read_balance
    from qdis_rules.formats.documents import dossier_schema
    from qdis_rules.formats.dossier import read_dossier
    from qdis_rules.formats.references import Reference, load_references, read_references
    from qdis_rules.formats.report import explanation_document, report_document
    from qdis_rules.model.typed import Aggregate, Campaign, Cell, Check, Decision, Table
    from qdis_rules.numbers import Cause, CauseKind
    from qdis_rules.pipeline import Ruleset, RulesetError, check_sources, compile_sources, evaluate_files, load_ruleset
    from qdis_rules.source import Source

    __version__: str

# Where each public name stands: its module is imported when the name is first asked for.
_HOMES = {
    "diagnostics": "Diagnostic Outcome Severity",
    "evaluation.dossier": "Account Dossier DossierError Problem",
    "evaluation.explain": "Explanation",
    "evaluation.report": "Report",
    "evaluation.results": "AggregateResult CellResult CheckResult CheckResults GapResult Origin ParameterResult "
    "ParameterValue Status TableCompleteness ThresholdResult Verdict",
    "evaluation.session": "Change Session",
    "formats.balance": "read_balance",
    "formats.documents": "dossier_schema",
    "formats.dossier": "read_dossier",
    "formats.references": "Reference load_references read_references",
    "formats.report": "explanation_document report_document",
    "model.typed": "Aggregate Campaign Cell Check Decision Table",
    "numbers": "Cause CauseKind",
    "pipeline": "Ruleset RulesetError check_sources compile_sources evaluate_files load_ruleset",
    "source": "Source",
}
_HOME_OF = {name: f"qdis_rules.{home}" for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name == "__version__":
        found: object = _version()
    elif name in _HOME_OF:
        found = getattr(import_module(_HOME_OF[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("qdis-rules")
    except metadata.PackageNotFoundError:  # read where it is written, not installed
        return "unknown"


__all__ = [
    "Account",
    "Aggregate",
    "AggregateResult",
    "Campaign",
    "Cause",
    "CauseKind",
    "Cell",
    "CellResult",
    "Change",
    "Check",
    "CheckResult",
    "CheckResults",
    "Decision",
    "Diagnostic",
    "Dossier",
    "DossierError",
    "Explanation",
    "GapResult",
    "Origin",
    "Outcome",
    "ParameterResult",
    "ParameterValue",
    "Problem",
    "Reference",
    "Report",
    "Ruleset",
    "RulesetError",
    "Session",
    "Severity",
    "Source",
    "Status",
    "Table",
    "TableCompleteness",
    "ThresholdResult",
    "Verdict",
    "__version__",
    "check_sources",
    "compile_sources",
    "dossier_schema",
    "evaluate_files",
    "explanation_document",
    "load_references",
    "load_ruleset",
    "read_balance",
    "read_dossier",
    "read_references",
    "report_document",
]
