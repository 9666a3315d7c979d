"""Running the `exemple` blocks of a ruleset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from qdis_rules.authoring import errors
from qdis_rules.diagnostics import Diagnostic
from qdis_rules.evaluation.dossier import Account, Dossier, DossierError, Raw
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.results import Status, Verdict
from qdis_rules.evaluation.wording import in_unit, spoken
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type, number_unit
from qdis_rules.numbers import ZERO, Exact, Undefined, absolute, multiply, round_shown, shown, subtract
from qdis_rules.pipeline import Ruleset
from qdis_rules.plan.frame import Value


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """An `exemple` run: passed, or the diagnostics of the expectations it does not meet."""

    title: str
    passed: bool
    diagnostics: tuple[Diagnostic, ...]


def run_examples(ruleset: Ruleset) -> tuple[ExampleResult, ...]:
    """Return the result of each `exemple` of `ruleset`, in order of declaration."""
    return tuple(_run(ruleset, example) for example in ruleset.typed.examples)


def _run(ruleset: Ruleset, example: typed.Example) -> ExampleResult:
    try:
        dossier, history = _dossiers(ruleset.typed, example)
        report = ruleset.evaluate(dossier, history)
    except DossierError as error:
        found: tuple[Diagnostic, ...] = tuple(
            errors.unfit_example(example.span, str(problem)) for problem in error.problems
        )
        return ExampleResult(example.title, False, found)
    unmet = [diagnostic for step in example.expected if (diagnostic := _unmet(ruleset.typed, report, step)) is not None]
    return ExampleResult(example.title, not unmet, tuple(unmet))


def _dossiers(ruleset: typed.TypedRuleset, example: typed.Example) -> tuple[Dossier, list[Dossier]]:
    """Return the dossier an example describes, and those of earlier years."""
    backs = sorted({step.back for step in example.given} | {0})
    dossiers = [_dossier(ruleset, example, back) for back in backs]
    return dossiers[0], dossiers[1:]


def _dossier(ruleset: typed.TypedRuleset, example: typed.Example, back: int) -> Dossier:
    cells: dict[str, Raw] = {}
    filed: dict[str, Raw] = {}
    rows: dict[str, dict[str, dict[str, Raw]]] = {}
    accounts: list[Account] = []
    for step in example.given:
        if step.back != back or step.value is None:
            continue
        match step.kind:
            case "cell":
                cells[step.code] = _raw(step.value, ruleset.cells[step.code].type)
            case "aggregate":
                filed[step.code] = _raw(step.value, ruleset.aggregates[step.code].type)
            case "account":
                accounts.append(_account(step.code, step.value))
            case _:
                cell = ruleset.cells[step.code]
                table = ruleset.tables[cell.table]
                key = step.row or ""
                row = rows.setdefault(cell.table, {}).setdefault(key, {table.key or "": key})
                row[cell.column] = _raw(step.value, cell.type)
    return Dossier(
        year=ruleset.year - back,
        typed=cells,
        filed=filed,
        lists={code: tuple(lines.values()) for code, lines in rows.items()},
        balance=tuple(accounts) if accounts else None,
        name=example.title,
    )


def _raw(value: typed.Constant, kind: Type) -> Raw:
    """Return a value in base units as a dossier would give it, in its declared unit."""
    if isinstance(value, Decimal | Fraction) and isinstance(kind, NumberType):
        return shown(in_unit(value, number_unit(kind)))
    return value if isinstance(value, bool | str | date) else None


def _account(number: str, value: typed.Constant) -> Account:
    amount = shown(value) if isinstance(value, Decimal | Fraction) else Decimal(0)
    debit, credit = (amount, Decimal(0)) if amount >= 0 else (Decimal(0), amount.copy_abs())
    return Account(number, "", Decimal(0), Decimal(0), debit, credit, debit, credit)


def _unmet(ruleset: typed.TypedRuleset, report: Report, step: typed.ExampleStep) -> Diagnostic | None:
    if step.kind == "check":
        return _unmet_check(report, step)
    value, kind, places = _found(ruleset, report, step)
    cell = ruleset.cells.get(step.code)
    said = spoken(value, kind, places, entered=cell is not None and cell.formula is None)
    if step.state is not None:
        wanted = {
            "absent": Status.ABSENT,
            "sans objet": Status.NOT_APPLICABLE,
            "non calculable": Status.UNDEFINED,
        }[step.state]
        if _status(ruleset, step, value) is wanted:
            return None
        return errors.unmet_expectation(step.span, said, _why(value))
    if not _same(value, step, kind, places):
        return errors.unmet_expectation(step.span, said, _why(value))
    return None


def _found(ruleset: typed.TypedRuleset, report: Report, step: typed.ExampleStep) -> tuple[Value, Type, int | None]:
    evaluation = report._evaluation
    item: typed.Cell | typed.Aggregate
    places = None
    if step.code in ruleset.aggregates:
        item = ruleset.aggregates[step.code]
        places = item.places
    else:
        item = ruleset.cells[step.code]
    if step.back:
        past = evaluation.frame.past(step.back)
        if past is None:
            return Undefined(frozenset()), item.type, places
        return (past.aggregate(step.code) if step.kind == "aggregate" else past.cell(step.code)), item.type, places
    value = evaluation.value(step.code)
    if isinstance(value, list):
        table = ruleset.tables[ruleset.cells[step.code].table]
        keys = [str(row.get(table.key or "")) for row in evaluation.admitted.rows[table.code]]
        if step.row not in keys:
            return Undefined(frozenset()), item.type, places
        return value[keys.index(step.row)], item.type, places
    return value, item.type, places


def _same(value: Value, step: typed.ExampleStep, kind: Type, places: int | None) -> bool:
    """Compare with what is shown: an aggregate is rounded as declared."""
    if isinstance(value, Decimal | Fraction) and isinstance(step.value, Decimal | Fraction):
        found: Exact = value
        if places is not None and isinstance(kind, NumberType):
            unit = number_unit(kind)
            found = multiply(round_shown(in_unit(value, unit), places), unit.scale)
        tolerance = step.tolerance if step.tolerance is not None else ZERO
        return absolute(subtract(found, step.value)) <= tolerance
    return type(value) is type(step.value) and value == step.value


def _status(ruleset: typed.TypedRuleset, step: typed.ExampleStep, value: Value) -> Status:
    if isinstance(value, Undefined):
        entered = step.code in ruleset.cells and ruleset.cells[step.code].formula is None
        return Status.ABSENT if entered else Status.UNDEFINED
    if isinstance(value, Decimal | Fraction | bool | str | date):
        return Status.PRESENT
    return Status.NOT_APPLICABLE


def _why(value: Value) -> str | None:
    if isinstance(value, Undefined) and value.causes:
        return "causes : " + " ; ".join(str(cause) for cause in sorted(value.causes))
    return None


_RANK: Mapping[Verdict, int] = {
    Verdict.VIOLATED: 0,
    Verdict.UNDETERMINED: 1,
    Verdict.SATISFIED: 2,
    Verdict.NOT_APPLICABLE: 3,
    Verdict.DEACTIVATED: 4,
}


def _unmet_check(report: Report, step: typed.ExampleStep) -> Diagnostic | None:
    """A check applied to several places has the worst of its verdicts."""
    results = report.checks.of(step.code)
    verdicts = [result.verdict for result in results] or [Verdict.NOT_APPLICABLE]
    worst = min(verdicts, key=_RANK.__getitem__)
    if str(worst) == step.state:
        return None
    causes = sorted({str(cause) for result in results for cause in result.causes})
    message = next((result.message for result in results if result.message), None)
    help = message or ("causes : " + " ; ".join(causes) if causes else None)
    return errors.unmet_expectation(step.span, str(worst), help)
