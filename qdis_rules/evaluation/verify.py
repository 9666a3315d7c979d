"""Checks on an evaluated dossier: verdicts, sides, gaps, messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial

from qdis_rules.evaluation.results import BLOCKING, CheckResult, CheckResults, GapResult, Origin, Told, Verdict
from qdis_rules.evaluation.run import Evaluation, guarded
from qdis_rules.evaluation.wording import MESSAGE_PLACES, french_number, in_unit, spoken, with_unit
from qdis_rules.model import typed
from qdis_rules.model.typed import UNREACHED, is_generated
from qdis_rules.model.types import NumberType, Type, number_unit
from qdis_rules.numbers import (
    NOT_APPLICABLE,
    ZERO,
    Exact,
    NumberTooLarge,
    Undefined,
    absolute,
    add,
    gather,
    negate,
    round_shown,
    shown,
    subtract,
)
from qdis_rules.plan.compile import holds
from qdis_rules.plan.frame import Code, Known, Value, table_of
from qdis_rules.plan.outline import TrialHead
from qdis_rules.plan.plan import Gap, Trial
from qdis_rules.records import dataclass


def all_checks(evaluation: Evaluation) -> CheckResults:
    """Return the results of declared and generated checks, then of second values, then of the balance.

    Verdicts are known at once; the rest of a result is worked out when it is asked for.
    """
    found: dict[str, Told] = {}
    seen: Counter[str] = Counter()
    apart = evaluation.apart()
    for head, outcome in zip(evaluation.plan.outline.trials, evaluation.outcomes, strict=True):
        name, code, severity, reliability, rows_of = head
        nth = seen[code]
        seen[code] += 1
        if rows_of is None:
            found[name] = Told(verdict_of(outcome), severity, reliability, partial(_alone, evaluation, code, nth))
        else:
            found.update(_of_rows(evaluation, apart, head, nth))
    for name, second in _second_values(evaluation):
        found[name] = Told(second.verdict, BLOCKING, second.reliability, partial(_second_value, evaluation, second))
    unreached = _unreached(evaluation)
    if unreached is not None:
        found[unreached.name] = Told.of(unreached)
    if evaluation.plan.ruleset.standings:
        found = {name: _told_as_it_stands(evaluation, name, told) for name, told in found.items()}
    return CheckResults(found)


def _alone(evaluation: Evaluation, code: str, nth: int) -> CheckResult:
    trial = evaluation.plan.trials[code][nth]
    return _result(evaluation.apart(), evaluation.plan.ruleset.checks[code], trial, trial.key, trial.label)


def _told_as_it_stands(evaluation: Evaluation, name: str, told: Told) -> Told:
    standing = evaluation.plan.ruleset.standings.get(name.partition("[")[0])
    if standing is None:
        return told
    verdict = told.verdict if standing.active else Verdict.DEACTIVATED
    return Told(verdict, standing.severity, told.reliability, lambda: _as_it_stands(evaluation, told.make()))


def _as_it_stands(evaluation: Evaluation, result: CheckResult) -> CheckResult:
    """Return a result as the campagne in force has its check stand."""
    standing = evaluation.plan.ruleset.standings[result.code]
    result = replace(result, severity=standing.severity, justifiable=standing.justifiable, decisions=standing.decisions)
    if not standing.active:  # set aside whole: neither message nor figures
        return replace(
            result, verdict=Verdict.DEACTIVATED, message="", gaps=(), causes=(), justification=None, guard=None
        )
    justification = _justification(evaluation, result.code, result.verdict) if standing.justifiable else None
    return replace(result, justification=justification)


def _justification(evaluation: Evaluation, code: str, verdict: Verdict) -> str | None:
    return evaluation.admitted.dossier.justifications.get(code) if verdict is Verdict.VIOLATED else None


def verdict_of(outcome: Value | None) -> Verdict:
    """Return the verdict that an outcome is; None is no outcome of a trial that goes over no list."""
    if outcome is True:
        return Verdict.SATISFIED
    if outcome is False:
        return Verdict.VIOLATED
    return Verdict.UNDETERMINED if isinstance(outcome, Undefined) else Verdict.NOT_APPLICABLE


def _of_rows(evaluation: Evaluation, apart: Evaluation, head: TrialHead, nth: int) -> Iterator[tuple[str, Told]]:
    """Yield what is told of a check in each row of a list, by name."""
    _, code, severity, reliability, table = head
    assert table is not None
    count = evaluation.frame.row_counts[table]
    if not isinstance(count, int) or count == 0:
        # A bound says nothing of rows that are not there.
        causes = count if isinstance(count, Undefined) and not is_generated(code) else None
        verdict = Verdict.UNDETERMINED if causes is not None else Verdict.NOT_APPLICABLE
        yield code, Told(verdict, severity, reliability, partial(_of_no_row, evaluation, code, verdict, causes))
        return
    guard, body = evaluation.plan.closures.conditions[code][nth]
    for row, key in enumerate(evaluation.row_keys(table)):
        apart.frame.rows[table] = row
        verdict = verdict_of(_outcome(apart, code, guard, body)[1])
        yield f"{code}[{key}]", Told(verdict, severity, reliability, partial(_of_row, evaluation, code, nth, row, key))


def _of_row(evaluation: Evaluation, code: str, nth: int, row: int, key: str) -> CheckResult:
    evaluation = evaluation.apart()
    trial = evaluation.plan.trials[code][nth]
    evaluation.frame.rows[trial.rows_of or ""] = row
    return _result(evaluation, evaluation.plan.ruleset.checks[code], trial, key, key)


def _of_no_row(evaluation: Evaluation, code: str, verdict: Verdict, causes: Undefined | None) -> CheckResult:
    return _made(evaluation, evaluation.plan.ruleset.checks[code], None, None, verdict, causes)


def _outcome(evaluation: Evaluation, subject: str, guard: Code | None, body: Code) -> tuple[Value, Value]:
    """Return what the guard of a check says, then its outcome."""
    allowed = guarded(guard, evaluation.frame, subject) if guard is not None else True
    if allowed is True:
        return True, guarded(body, evaluation.frame, subject)
    return allowed, allowed if isinstance(allowed, Undefined) else NOT_APPLICABLE


def _result(
    evaluation: Evaluation,
    check: typed.Check,
    trial: Trial,
    key: str | None,
    label: str | None,
) -> CheckResult:
    allowed, outcome = _outcome(evaluation, check.code, trial.guard, trial.body)
    verdict = verdict_of(outcome)
    causes = outcome if isinstance(outcome, Undefined) else None
    if allowed is not True:
        refused = False if allowed is False else None
        return _made(evaluation, check, key, label, verdict, causes, cells=trial.cells, guard=refused)
    gaps = tuple(found for gap in trial.gaps if (found := _gap(evaluation, gap)) is not None)
    met = True if trial.guard is not None else None
    result = _made(evaluation, check, key, label, verdict, causes, gaps, trial.cells, met)
    if verdict is Verdict.VIOLATED:
        return replace(result, message=_message(evaluation, trial, result))
    return result


def _made(
    evaluation: Evaluation,
    check: typed.Check,
    key: str | None,
    label: str | None,
    verdict: Verdict,
    causes: Undefined | None,
    gaps: tuple[GapResult, ...] = (),
    cells: tuple[str, ...] = (),
    guard: bool | None = None,
) -> CheckResult:
    return CheckResult(
        code=check.code,
        key=key,
        label=label,
        severity=check.severity,
        justifiable=check.justifiable,
        verdict=verdict,
        message="",
        gaps=gaps,
        cells=cells,
        causes=tuple(sorted(causes.causes)) if causes is not None else (),
        justification=_justification(evaluation, check.code, verdict) if check.justifiable else None,
        origin=check.origin,
        source=check.notes.source,
        reliability=check.notes.reliability,
        mark=check.notes.mark,
        guard=guard,
    )


def _gap(evaluation: Evaluation, gap: Gap) -> GapResult | None:
    """Return the sides of a comparison, or None when one of them is no number."""
    try:
        if any(code(evaluation.frame) is not wanted for code, wanted in gap.when):
            return None
        sides = [code(evaluation.frame) for code in gap.sides]
        if gather(sides) is not None:
            return None
        numbers = [side for side in sides if isinstance(side, Decimal | Fraction)]
        left, *others = numbers
        return _measured(gap, evaluation, left, others)
    except NumberTooLarge:
        return None


def _measured(gap: Gap, evaluation: Evaluation, left: Exact, others: list[Exact]) -> GapResult:
    frame = evaluation.frame
    if gap.op == "entre":
        low, high = others
        below, above = subtract(left, low), subtract(high, left)
        low_tolerance, high_tolerance = gap.margin(frame, left, low), gap.margin(frame, left, high)
        nearest_low = add(below, low_tolerance) <= add(above, high_tolerance)
        right, tolerance = (low, low_tolerance) if nearest_low else (high, high_tolerance)
        distance = below if below < 0 else negate(above) if above < 0 else ZERO
        margin = min(add(below, low_tolerance), add(above, high_tolerance))
        held = margin >= 0
    else:
        right = others[0]
        distance = subtract(left, right)
        tolerance = gap.margin(frame, left, right)
        margin = _slack(gap.op, distance, tolerance)
        held = holds(gap.op, distance, tolerance)
    unit = number_unit(gap.kind)

    def out(value: Exact) -> Decimal:
        return shown(in_unit(value, unit))

    return GapResult(
        gap.op,
        out(left),
        out(right),
        out(distance),
        out(tolerance),
        out(margin),
        held,
        unit.symbol or None,
    )


def _slack(op: str, gap: Exact, tolerance: Exact) -> Exact:
    """Return by how much a comparison holds (positive) or fails (negative)."""
    match op:
        case "=":
            return subtract(tolerance, absolute(gap))
        case "<>":
            return subtract(absolute(gap), tolerance)
        case "<=":
            return subtract(tolerance, gap)
        case ">=":
            return add(gap, tolerance)
        case "<":
            return negate(add(gap, tolerance))
        case _:
            return subtract(gap, tolerance)


def _message(evaluation: Evaluation, trial: Trial, result: CheckResult) -> str:
    parts = []
    for part in trial.message:
        match part:
            case str():
                parts.append(part)
            case (code, expr):
                value = guarded(code, evaluation.frame, result.code)
                parts.append(_said(evaluation, value, expr))
            case _:
                parts.append(_placeholder(part.word, result))
    return "".join(parts)


def _said(evaluation: Evaluation, value: Value, expr: typed.Expr) -> str:
    ruleset = evaluation.plan.ruleset
    match expr:
        case typed.AggregateValue(code):
            return spoken(value, expr.type, ruleset.aggregates[code].places)
        case typed.CellValue(code) | typed.RowValue(code):
            return spoken(value, expr.type, entered=ruleset.cells[code].formula is None)
        case typed.YearValue() | typed.Apply("année") if isinstance(value, Decimal):
            return str(value)  # a year is no amount: 2023, not 2 023
        case _:
            return spoken(value, expr.type)


def _placeholder(word: str, result: CheckResult) -> str:
    if word in ("ligne", "colonne"):
        return result.label or ""
    gap = result.deciding
    if gap is None:
        return "?"
    number = {"écart": gap.gap, "gauche": gap.left, "droite": gap.right, "tolérance": gap.tolerance}[word]
    return _short(number, gap.unit)


# --- generated while evaluating -----------------------------------------------


_SAID = {
    Origin.TYPED: "la valeur saisie",
    Origin.IMPORTED: "la valeur rapatriée",
    Origin.ACCOUNTS: "le solde des comptes",
    Origin.CARRIED: "la valeur reprise de l'exercice précédent",
    Origin.FORMULA: "la valeur calculée",
    Origin.EMPTY: "la valeur vide",
}


SUFFIX = {
    Origin.TYPED: "saisie",
    Origin.IMPORTED: "rapatriement",
    Origin.ACCOUNTS: "comptes",
    Origin.CARRIED: "reprise",
}


@dataclass(frozen=True, slots=True)
class _Second:
    """A second value of a cell, and the one retained."""

    code: str
    retained: Value
    origin: Origin
    other: Known
    key: str | None
    tolerance: Exact
    reliability: str | None

    @property
    def verdict(self) -> Verdict:
        return agreement(self.tolerance, self.retained, self.other)


def _second_values(evaluation: Evaluation) -> Iterator[tuple[str, _Second]]:
    """Yield the name of the check on each second value, and its two values."""
    outline = evaluation.plan.outline

    def second(code: str, retained: Value, origin: Origin, other: Known, key: str | None = None) -> _Second:
        tolerance, reliability = outline.tolerances.get(code, ZERO), outline.reliabilities.get(code)
        return _Second(code, retained, origin, other, key, tolerance, reliability)

    for code in sorted(evaluation.others, key=evaluation.plan.slots.__getitem__):
        retained = evaluation.value(code)
        assert not isinstance(retained, list)
        for origin, other in evaluation.others[code].items():
            yield f"{code}~{SUFFIX[origin]}", second(code, retained, origin, other)
    for (code, row), other in evaluation.admitted.inputs.other_rows.items():
        column = evaluation.value(code)
        key = evaluation.row_keys(table_of(code))[row]
        retained = column[row] if isinstance(column, list) else column
        yield f"{code}~{SUFFIX[Origin.TYPED]}[{key}]", second(code, retained, Origin.TYPED, other, key)


def agreement(tolerance: Exact, retained: Value, other: Known) -> Verdict:
    """Return the verdict on a second value, within a tolerance in base units."""
    if isinstance(retained, Decimal | Fraction) and isinstance(other, Decimal | Fraction):
        same = absolute(subtract(retained, other)) <= tolerance
    elif retained is NOT_APPLICABLE:
        return Verdict.NOT_APPLICABLE
    elif isinstance(retained, Undefined):
        return Verdict.UNDETERMINED
    else:
        same = retained == other
    return Verdict.SATISFIED if same else Verdict.VIOLATED


def _second_value(evaluation: Evaluation, second: _Second) -> CheckResult:
    cell = evaluation.plan.ruleset.cells[second.code]
    retained, origin, other, key = second.retained, second.origin, second.other, second.key
    verdict = second.verdict
    gap = _pair(cell, retained, other)
    message = ""
    if verdict is Verdict.VIOLATED:
        kept = _SAID[evaluation.origin(cell.code) or Origin.FORMULA]
        message = (
            f"« {cell.label} »{f' ({key})' if key else ''} : {kept} ({spoken(retained, cell.type)}) et {_SAID[origin]} "
            f"({spoken(other, cell.type)}) diffèrent{_by(gap)}."
        )
    return CheckResult(
        f"{cell.code}~{SUFFIX[origin]}",
        key,
        key,
        BLOCKING,
        False,
        verdict,
        message,
        (gap,) if gap is not None else (),
        (cell.code,),
        tuple(sorted(retained.causes)) if isinstance(retained, Undefined) else (),
        None,
        cell.code,
        cell.notes.source,
        cell.notes.reliability,
        cell.notes.mark,
    )


def _pair(cell: typed.Cell, retained: Value, other: Known) -> GapResult | None:
    if not (isinstance(retained, Decimal | Fraction) and isinstance(other, Decimal | Fraction)):
        return None
    kind: Type = cell.type
    unit = number_unit(kind) if isinstance(kind, NumberType) else None
    assert unit is not None
    gap = subtract(retained, other)
    margin = subtract(cell.tolerance, absolute(gap))

    def out(value: Exact) -> Decimal:
        return shown(in_unit(value, unit))

    return GapResult(
        "=", out(retained), out(other), out(gap), out(cell.tolerance), out(margin), margin >= 0, unit.symbol or None
    )


def _by(gap: GapResult | None) -> str:
    if gap is None:
        return ""
    return f" de {_short(gap.gap, gap.unit)}"


def _short(number: Decimal, unit: str | None) -> str:
    """Return a number of a gap for a message: six decimals at most."""
    cut = round_shown(number, MESSAGE_PLACES)
    text = french_number(number) if cut == number else french_number(cut) + "…"
    return f"{text}\u00a0{unit}" if unit else text


def _unreached(evaluation: Evaluation) -> CheckResult | None:
    """Every account with a closing balance must reach a cell of a statement."""
    balance = evaluation.admitted.balance
    if balance is None:
        return None
    lost = balance.unreached(evaluation.plan.outline.readings)
    named = ", ".join(
        f"{account.number} ({with_unit(french_number(shown(amount)), None)}\u00a0EUR)" for account, amount in lost
    )
    message = f"Comptes de la balance qui n'entrent dans aucune cellule : {named}." if lost else ""
    return CheckResult(
        UNREACHED,
        None,
        None,
        "bloquant",
        False,
        Verdict.VIOLATED if lost else Verdict.SATISFIED,
        message,
        (),
        tuple(account.number for account, _ in lost),
        (),
        None,
        None,
        None,
        None,
        None,
    )
