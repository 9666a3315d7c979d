"""Reports and explanations as JSON-ready documents: numbers are texts with every digit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from qdis_rules.evaluation.explain import Explanation
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.results import AggregateResult, CellResult, CheckResult, GapResult, Shown
from qdis_rules.model.typed import Decision
from qdis_rules.numbers import Cause

FORMAT: Final = "qdis-rapport/1"


def report_document(report: Report) -> dict[str, Any]:
    """Return a report as a JSON-ready document (format `qdis-rapport/1`).

    Amounts are texts in plain notation, decimal point, in the unit named beside them.
    """
    return {
        "format": FORMAT,
        "jeu": {"nom": report.ruleset, "exercice": report.year, "version": report.version},
        "organisme": report.organisation,
        "campagne": {"jour": report.day.isoformat(), "decisions": _decisions(report.decisions)}
        if report.day is not None
        else None,
        "pret_pour_validation": report.ready_for_validation,
        "obstacles": [result.name for result in report.blockers],
        "familles": {
            family: {
                "libelle": report.families.get(family, ""),
                "rubriques": {title: [result.code for result in results] for title, results in sections.items()},
            }
            for family, sections in report.layout().items()
        },
        "agregats": {code: _aggregate(result) for code, result in report.indicators.items()},
        "controles": {name: _check(result) for name, result in report.checks.items()},
        "cellules": {code: _cell(result) for code, result in report.cells.items()},
        "listes": {
            code: {key: {column: _cell(result) for column, result in columns.items()} for key, columns in rows.items()}
            for code, rows in report.lists.items()
        },
        "tableaux": {
            code: {
                "libelle": table.label,
                "etat": table.status,
                "renseignees": table.filled,
                "attendues": table.expected,
                "obligatoires_absentes": list(table.missing_required),
            }
            for code, table in report.tables.items()
        },
        "recalcules": list(report.recomputed),
        "ignores": list(report.ignored),
    }


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as a JSON-ready document."""
    return {
        "code": explanation.code,
        "libelle": explanation.label,
        "valeur": explanation.value,
        "origine": explanation.origin or None,
        "garde": explanation.guard,
        "raison": explanation.reason,
        "formule": explanation.formula,
        "source": explanation.source,
        "fiabilite": explanation.reliability,
        "repere": explanation.mark,
        "causes": _causes(explanation.causes),
        "a_remplir": [{"code": code, "libelle": label} for code, label in explanation.missing],
        "comptes": [
            {"compte": line.number, "libelle": line.label, "montant": _shown(line.amount)}
            for line in explanation.accounts
        ],
        "deja_explique": explanation.repeated,
        "decisions": _decisions(explanation.decisions),
        "operandes": [explanation_document(operand) for operand in explanation.operands],
    }


def _aggregate(result: AggregateResult) -> dict[str, Any]:
    return {
        "libelle": result.label,
        "famille": result.family,
        "rubrique": result.section,
        "repere": result.mark,
        "valeur": _shown(result.value),
        "unite": result.unit,
        "etat": str(result.status),
        "causes": _causes(result.causes),
        "seuils": [
            {
                "nom": threshold.name,
                "condition": threshold.condition,
                "franchi": threshold.crossed,
                "message": threshold.message,
            }
            for threshold in result.thresholds
        ],
        "source": result.source,
        "fiabilite": result.reliability,
    }


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "code": result.code,
        "lieu": result.key,
        "libelle": result.label,
        "gravite": result.severity,
        "justifiable": result.justifiable,
        "verdict": str(result.verdict),
        "message": result.message or None,
        "comparaisons": [_gap(gap) for gap in result.gaps],
        "cellules": list(result.cells),
        "causes": _causes(result.causes),
        "justification": result.justification,
        "genere_par": result.origin,
        "source": result.source,
        "fiabilite": result.reliability,
        "repere": result.mark,
        "decisions": _decisions(result.decisions),
    }


def _decisions(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    return [
        {
            "controle": decision.code,
            "action": decision.action,
            "gravite": decision.severity,
            "justifiable": decision.justifiable if decision.severity is not None else None,
            "a_compter_du": decision.since.isoformat(),
            "par": decision.author,
            "motif": decision.reason,
        }
        for decision in decisions
    ]


def _gap(gap: GapResult) -> dict[str, Any]:
    return {
        "operateur": gap.op,
        "gauche": _shown(gap.left),
        "droite": _shown(gap.right),
        "ecart": _shown(gap.gap),
        "tolerance": _shown(gap.tolerance),
        "marge": _shown(gap.margin),
        "tient": gap.holds,
        "unite": gap.unit,
    }


def _cell(result: CellResult) -> dict[str, Any]:
    return {
        "libelle": result.label,
        "valeur": _shown(result.value),
        "unite": result.unit,
        "etat": str(result.status),
        "origine": str(result.origin) if result.origin is not None else None,
        "causes": _causes(result.causes),
    }


def _causes(causes: Iterable[Cause]) -> list[dict[str, str]]:
    return [{"nature": str(cause.kind), "objet": cause.subject} for cause in causes]


def _shown(value: Shown) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value
