"""What a report says, as the columns of a batch say it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pyarrow as pa

from qdis_rules import DossierError, Report, Ruleset
from qdis_rules.model.types import NumberType
from qdis_rules.numbers import round_shown

WORST = ("violé", "indéterminé", "satisfait", "sans objet", "désactivé")
HUGE = 10**38


def everything(ruleset: Ruleset, keep=()) -> list[str]:
    """Return the codes of every result one may ask: aggregates, checks, cells of fixed tables."""
    cells = [code for code, cell in ruleset.cells.items() if cell.row != "*" and code not in keep]
    return [*ruleset.aggregates, *ruleset.checks, *cells]


def report_of(ruleset, dossier, history=()):
    try:
        return ruleset.evaluate(dossier, history)
    except DossierError as error:
        return error


def told(report: Report | DossierError, names: list[str]) -> dict[str, object]:
    """Return what the row of a report holds in the columns `names`; checks by code for those over lists."""
    if isinstance(report, DossierError):
        row = dict.fromkeys(names)
        return {**row, "problemes": "\n".join(map(str, report.problems))}
    verdicts: dict[str, str] = {}
    for name in report.checks:
        for column in {name, name.partition("[")[0]}:
            seen = verdicts.get(column)
            verdict = str(report.checks.verdict(name))
            if seen is None or WORST.index(verdict) < WORST.index(seen):
                verdicts[column] = verdict
    row: dict[str, object] = {}
    typed = report._evaluation.plan.ruleset
    for name in names:
        code = name.removesuffix(":statut")
        item = report.aggregates.get(code) or report.cells.get(code)
        if name == "pret":
            row[name] = report.ready_for_validation
        elif name == "problemes":
            row[name] = None
        elif item is None:
            row[name] = verdicts.get(name)
        elif name != code:
            row[name] = str(item.status)
        else:
            declared = typed.aggregates.get(code) or typed.cells[code]
            row[name] = item.value
            if isinstance(declared.type, NumberType) and item.value is not None:
                row[name] = rounded(report, code, getattr(declared, "places", None))
    return row


def rounded(report: Report, code: str, places: int | None) -> Decimal:
    """Return a number with its decimals, half away from zero."""
    evaluation = report._evaluation
    declared = evaluation.plan.ruleset.aggregates.get(code) or evaluation.plan.ruleset.cells[code]
    value = evaluation.value(code)
    return round_shown(
        Fraction(value) / Fraction(declared.unit.scale if declared.unit else 1), 6 if places is None else places
    )


def too_long(row: dict[str, object]) -> bool:
    """True when a number does not fit its column."""
    return any(isinstance(value, Decimal) and len(value.as_tuple().digits) > 38 for value in row.values())


def assert_told(results: pa.Table, reports: list[Report | DossierError]) -> None:
    """Assert that each row is what its report says, in every column that is not carried."""
    assert results.num_rows == len(reports)
    names = results.schema.names[results.schema.names.index("pret") :]
    for row, report in zip(results.to_pylist(), reports, strict=True):
        expected = told(report, names)
        if too_long(expected):
            assert "valeur-trop-longue" in row["problemes"]
            continue
        wrong = {name: (row[name], expected[name]) for name in names if row[name] != expected[name]}
        assert not wrong, f"(in the batch, alone): {wrong}"
