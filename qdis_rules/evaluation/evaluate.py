"""A plan and an admitted dossier to a report. Total: nothing here refuses a dossier."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from qdis_rules.evaluation import verify
from qdis_rules.evaluation.admit import Admitted, admit, row_key
from qdis_rules.evaluation.dossier import Dossier, DossierError, Problem
from qdis_rules.evaluation.report import (
    AggregateResult,
    CellResult,
    CheckResults,
    Lazy,
    Origin,
    Report,
    Shown,
    Status,
    TableCompleteness,
    ThresholdResult,
)
from qdis_rules.evaluation.wording import in_unit
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type, number_unit
from qdis_rules.numbers import (
    NOT_APPLICABLE,
    ZERO,
    Cause,
    CauseKind,
    Exact,
    NotApplicable,
    NumberTooLarge,
    Undefined,
    round_shown,
    shown,
)
from qdis_rules.plan.frame import Code, Frame, Known, ListValue, Past, Value
from qdis_rules.plan.plan import Computed, Entered, Gate, Indicator, Plan
from qdis_rules.suggest import nearest


@dataclass(slots=True)
class Evaluation:
    """One dossier being evaluated: its frame, and where each retained value came from.

    `others` are the second values of cells, `{code: {origin: value}}`, never retained;
    `other_rows` those of computed list columns, by (code, row).
    """

    plan: Plan
    admitted: Admitted
    frame: Frame
    origins: dict[str, Origin] = field(default_factory=dict)
    others: dict[str, dict[Origin, Known]] = field(default_factory=dict)
    other_rows: dict[tuple[str, int], Known] = field(default_factory=dict)
    recomputed: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)

    def value(self, code: str) -> Value | ListValue:
        """Return the value of a cell, list column or aggregate, in base units."""
        return self.frame.values[self.plan.slots[code]]


def evaluate(
    plan: Plan,
    dossier: Dossier,
    history: Sequence[Dossier | Report] = (),
    disabled: Sequence[str] = (),
) -> Report:
    """Return the report of `dossier`, reading earlier years from `history`.

    An earlier year is a dossier (read under this ruleset) or the report its own ruleset gave.
    Checks whose codes are in `disabled` are *désactivé*. Raises DossierError when a dossier
    does not fit, with every problem; ValueError for an unknown code in `disabled`; TypeError for
    what is no dossier.
    """
    _refuse_other_types(dossier, history, disabled)
    for code in disabled:
        if code not in plan.ruleset.checks:
            near = nearest(code, plan.ruleset.checks)
            raise ValueError(f"unknown check {code!r}" + (f", did you mean {near!r}?" if near else ""))
    problems: list[Problem] = []
    admitted = admit(plan.ruleset, dossier)
    if isinstance(admitted, list):
        problems.extend(admitted)
    years = _Years(plan, history, problems)
    if problems or isinstance(admitted, list):
        raise DossierError(problems)
    evaluation = run(plan, admitted, years.before(dossier.year))
    evaluation.recomputed = years.recomputed
    evaluation.ignored = years.ignored
    return _report(evaluation, frozenset(disabled))


def _refuse_other_types(dossier: object, history: object, disabled: object) -> None:
    """Say at once what a caller without a type checker would find out much later."""
    if not isinstance(dossier, Dossier):
        raise TypeError(f"a Dossier is expected, not {type(dossier).__name__}; read_dossier reads a file")
    if isinstance(history, Dossier | Report):
        raise TypeError("history is a sequence: [previous], not previous")
    if isinstance(disabled, str):
        raise TypeError("disabled is a sequence of codes: ['C1'], not 'C1'")


def run(plan: Plan, admitted: Admitted, past: Callable[[int], Past | None]) -> Evaluation:
    """Return the evaluation of every cell and aggregate, in dependency order."""
    ruleset = plan.ruleset
    frame = Frame(
        year=admitted.dossier.year,
        values=[ZERO] * len(plan.slots),
        parameters={
            code: _parameter(parameter, admitted.dossier.year) for code, parameter in ruleset.parameters.items()
        },
        row_counts={},
        past=past,
    )
    evaluation = Evaluation(plan, admitted, frame)
    inputs = _Inputs(evaluation)
    for code, table in ruleset.tables.items():
        if table.is_list:
            rows = admitted.rows.get(code)
            frame.row_counts[code] = len(rows) if rows is not None else Undefined.of(CauseKind.NO_TABLE, code)
    for step in plan.steps:
        match step:
            case Gate(slot, table_code, run_gate):
                closed = _guarded(run_gate, frame, table_code)
                frame.values[slot] = closed
                if table_code in frame.row_counts:
                    if closed is True:
                        frame.row_counts[table_code] = NOT_APPLICABLE
                    elif isinstance(closed, Undefined):
                        frame.row_counts[table_code] = closed
            case Entered(slot, cell, gate):
                shut = _gated(frame, gate)
                given = inputs.entered(cell, applies=shut is not NOT_APPLICABLE)
                frame.values[slot] = given if shut is None else shut
            case Computed(slot, cell, gate, formula):
                shut = _gated(frame, gate)
                if shut is not None:
                    frame.values[slot] = shut
                elif cell.row == "*":
                    frame.values[slot] = _column(frame, cell, formula)
                else:
                    frame.values[slot] = _guarded(formula, frame, cell.code)
                    evaluation.origins[cell.code] = Origin.FORMULA
                inputs.second_values(cell, applies=shut is not NOT_APPLICABLE)
            case Indicator(slot, aggregate, guard, formula):
                frame.values[slot] = _indicator(frame, aggregate.code, guard, formula)
    return evaluation


def _parameter(parameter: typed.Parameter, year: int) -> Value:
    found = parameter.value_for(year)
    return found.value if found is not None else Undefined.of(CauseKind.NO_VALUE, f"{parameter.code} ({year})")


def _guarded(code: Code, frame: Frame, subject: str) -> Value:
    try:
        return code(frame)
    except NumberTooLarge:
        return Undefined.of(CauseKind.TOO_LARGE, subject)


def _gated(frame: Frame, gate: int | None) -> Undefined | NotApplicable | None:
    """Return what a table's `sans objet quand` makes of its cells, or None when it applies."""
    if gate is None:
        return None
    closed = frame.values[gate]
    if closed is True:
        return NOT_APPLICABLE
    return closed if isinstance(closed, Undefined) else None


def _column(frame: Frame, cell: typed.Cell, code: Code) -> ListValue:
    count = frame.row_counts[cell.table]
    if not isinstance(count, int):
        return count
    column = []
    for frame.rows[cell.table] in range(count):
        column.append(_guarded(code, frame, cell.code))
    return column


def _indicator(frame: Frame, subject: str, guard: Code | None, code: Code) -> Value:
    allowed = _guarded(guard, frame, subject) if guard is not None else True
    if allowed is True:
        return _guarded(code, frame, subject)
    return allowed if isinstance(allowed, Undefined) else NOT_APPLICABLE


class _Inputs:
    """What the dossier gives each cell: the first value present is retained, others are kept."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        admitted = evaluation.admitted
        ruleset = evaluation.plan.ruleset
        self.values: dict[str, dict[Origin, Known]] = {}
        for origin, given in ((Origin.TYPED, admitted.typed), (Origin.IMPORTED, admitted.imported)):
            for code, value in given.items():
                self.values.setdefault(code, {})[origin] = value
        if admitted.balance is not None:
            for code, cell in ruleset.cells.items():
                if cell.selection is not None:
                    amount = admitted.balance.read(cell.selection)
                    if amount is not None:
                        self.values.setdefault(code, {})[Origin.ACCOUNTS] = amount
        self.tables = {ruleset.cells[code].table for code in self.values}
        self.tables.update(code for code, rows in admitted.rows.items() if rows)
        in_row = {
            (f"{table}.*.{column}", index)
            for table, rows in admitted.rows.items()
            for index, row in enumerate(rows)
            for column in row
        }
        evaluation.frame.supplied = {*admitted.typed, *admitted.imported, *(code for code, _ in in_row)}
        evaluation.frame.supplied_in_row = in_row

    def entered(self, cell: typed.Cell, *, applies: bool) -> Value | ListValue:
        """Return the retained value of a cell, keeping the others."""
        if cell.row == "*":
            return self._list_column(cell)
        self._take_over(cell, applies)
        given = self.values.get(cell.code)
        if given:
            retained = next(iter(given))
            self.evaluation.origins[cell.code] = retained
            self._keep(cell, {origin: value for origin, value in given.items() if origin is not retained})
            return given[retained]
        table = self.evaluation.plan.ruleset.tables[cell.table]
        if table.empty_is_zero and isinstance(cell.type, NumberType):
            if cell.table in self.tables:
                self.evaluation.origins[cell.code] = Origin.EMPTY
                return ZERO
            return Undefined.of(CauseKind.NO_TABLE, cell.table)
        return Undefined.of(CauseKind.ABSENT, cell.code)

    def second_values(self, cell: typed.Cell, *, applies: bool) -> None:
        """Keep what the dossier gives a computed cell, to be compared with its formula."""
        if cell.row != "*":
            self._take_over(cell, applies)
            self._keep(cell, self.values.get(cell.code, {}))
            return
        for index, row in enumerate(self.evaluation.admitted.rows.get(cell.table, ())):
            if cell.column in row:
                self.evaluation.other_rows[cell.code, index] = row[cell.column]

    def _take_over(self, cell: typed.Cell, applies: bool) -> None:
        """Add last year's closing; accounts and closings supply no cell of a table that does not apply."""
        past = self.evaluation.frame.past(1) if cell.carried_from is not None else None
        if past is not None and cell.carried_from is not None:
            value = past.cell(cell.carried_from)
            if not isinstance(value, Undefined | NotApplicable):
                self.values.setdefault(cell.code, {})[Origin.CARRIED] = value
        if applies and cell.code in self.values:
            self.evaluation.frame.supplied.add(cell.code)

    def _keep(self, cell: typed.Cell, values: Mapping[Origin, Known]) -> None:
        if values:
            self.evaluation.others[cell.code] = dict(values)

    def _list_column(self, cell: typed.Cell) -> ListValue:
        count = self.evaluation.frame.row_counts[cell.table]
        if not isinstance(count, int):
            return count
        table = self.evaluation.plan.ruleset.tables[cell.table]
        zero = table.empty_is_zero and isinstance(cell.type, NumberType)
        rows = self.evaluation.admitted.rows[cell.table]
        return [
            row[cell.column]
            if cell.column in row
            else ZERO
            if zero
            else Undefined.of(CauseKind.ABSENT, f"{cell.table}.{row_key(table, row, index)}.{cell.column}")
            for index, row in enumerate(rows)
        ]


_DATED: Final = re.compile(r" \([0-9]{4}\)$")

# --- earlier years ------------------------------------------------------------


class _Years:
    """Earlier years by year; each is evaluated once, when first read."""

    def __init__(self, plan: Plan, history: Sequence[Dossier | Report], problems: list[Problem]) -> None:
        self.plan = plan
        self.recomputed: set[str] = set()
        self.ignored: set[str] = set()
        self._pasts: dict[int, Past] = {}
        for item in history:
            pointer = f"historique/{item.year}"
            if item.year in self._pasts:
                problems.append(Problem(pointer, "exercice-en-double", f"l'exercice {item.year} est donné deux fois"))
            elif isinstance(item, Report):
                self._pasts[item.year] = _ReportPast(plan, item)
            else:
                admitted = admit(plan.ruleset, item, earlier=True)
                if isinstance(admitted, list):
                    problems.extend(replace(p, pointer=f"{pointer}/{p.pointer}") for p in admitted)
                else:
                    self.ignored.update(admitted.ignored)
                    self._pasts[item.year] = _DossierPast(self, admitted)

    def before(self, year: int) -> Callable[[int], Past | None]:
        return lambda back: self._pasts.get(year - back)


class _DossierPast:
    """An earlier dossier under the current ruleset; aggregates filed with it come first."""

    def __init__(self, years: _Years, admitted: Admitted) -> None:
        self._years = years
        self._admitted = admitted
        self._evaluation: Evaluation | None = None

    def _evaluated(self) -> Evaluation:
        if self._evaluation is None:
            year = self._admitted.dossier.year
            self._evaluation = run(self._years.plan, self._admitted, self._years.before(year))
        return self._evaluation

    def cell(self, code: str) -> Value:
        return _dated(self._evaluated().value(code), self._admitted.dossier.year)

    def aggregate(self, code: str) -> Value:
        filed = self._admitted.filed.get(code)
        if filed is not None:
            return filed
        year = self._admitted.dossier.year
        value = _dated(self._evaluated().value(code), year)
        if not isinstance(value, Undefined | NotApplicable):
            self._years.recomputed.add(f"{code}[{year}]")
        return value


class _ReportPast:
    """An earlier year as its own ruleset reported it."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._evaluation = report._evaluation
        self._year = report.year

    def cell(self, code: str) -> Value:
        return self._read(code, self._plan.ruleset.cells[code].since)

    def aggregate(self, code: str) -> Value:
        return self._read(code, self._plan.ruleset.aggregates[code].since)

    def _read(self, code: str, since: tuple[int, str] | None) -> Value:
        if since is not None and self._year <= since[0]:
            code = since[1]
        if code not in self._evaluation.plan.slots:
            return Undefined.of(CauseKind.ABSENT, f"{code} ({self._year})")
        return _dated(self._evaluation.value(code), self._year)


def _dated(value: Value | ListValue, year: int) -> Value:
    """Say of which year the causes of an undefined value are."""
    if isinstance(value, Undefined):
        return Undefined(
            frozenset(
                cause
                if cause.kind is CauseKind.NO_YEAR or _DATED.search(cause.subject)
                else Cause(cause.kind, f"{cause.subject} ({year})")
                for cause in value.causes
            )
        )
    assert not isinstance(value, list)
    return value


# --- report -------------------------------------------------------------------


def _report(evaluation: Evaluation, disabled: frozenset[str]) -> Report:
    ruleset = evaluation.plan.ruleset
    checks = CheckResults(verify.all_checks(evaluation, disabled))
    aggregates = {
        step.aggregate.code: aggregate_result(evaluation, step)
        for step in evaluation.plan.steps
        if isinstance(step, Indicator)
    }
    fixed = tuple(code for code, cell in ruleset.cells.items() if cell.row != "*")
    return Report(
        ruleset=ruleset.name,
        version=ruleset.version,
        year=ruleset.year,
        organisation=evaluation.admitted.dossier.organisation,
        cells=Lazy(fixed, lambda code: cell_result(evaluation, code)),
        aggregates=MappingProxyType({code: aggregates[code] for code in ruleset.aggregates}),
        checks=checks,
        tables=MappingProxyType(
            {code: _completeness(evaluation, table, checks) for code, table in ruleset.tables.items()}
        ),
        recomputed=tuple(sorted(evaluation.recomputed)),
        ignored=tuple(sorted(evaluation.ignored)),
        _evaluation=evaluation,
    )


def cell_result(evaluation: Evaluation, code: str) -> CellResult:
    """Return a cell as reported, in its declared unit."""
    cell = evaluation.plan.ruleset.cells[code]
    value = evaluation.value(code)
    assert not isinstance(value, list)
    visible, _, status, causes = visible_value(value, cell.type, None)
    if status is Status.UNDEFINED and cell.formula is None:
        status = Status.ABSENT
    unit = cell.unit.symbol if cell.unit is not None else None
    return CellResult(code, cell.label, unit, visible, status, evaluation.origins.get(code), causes)


def aggregate_result(evaluation: Evaluation, step: Indicator) -> AggregateResult:
    """Return an aggregate as reported: rounded as declared, with the thresholds it crosses."""
    aggregate = step.aggregate
    value = evaluation.frame.values[step.slot]
    assert not isinstance(value, list)
    visible, exact_value, status, causes = visible_value(value, aggregate.type, aggregate.places)
    thresholds = []
    for threshold, code, _ in step.thresholds:
        crossed = _guarded(code, evaluation.frame, aggregate.code)
        text = " ".join(threshold.condition.span.text.split())
        thresholds.append(
            ThresholdResult(
                threshold.name,
                _condition_text(text, threshold.name),
                crossed if isinstance(crossed, bool) else None,
                threshold.message,
            )
        )
    return AggregateResult(
        code=aggregate.code,
        label=aggregate.label,
        family=aggregate.family,
        section=aggregate.section,
        unit=aggregate.unit.symbol if aggregate.unit is not None else None,
        value=visible,
        exact=exact_value,
        status=status,
        causes=causes,
        thresholds=tuple(thresholds),
        source=aggregate.notes.source,
        reliability=aggregate.notes.reliability,
        mark=aggregate.notes.mark,
    )


def _condition_text(text: str, name: str) -> str:
    """Return « < 3 % » from « seuil alerte < 3 % « … » »."""
    text = text.removeprefix("seuil").strip().removeprefix(name).strip()
    return text.split("«")[0].split('"')[0].strip()


def visible_value(
    value: Value, kind: Type, places: int | None
) -> tuple[Shown, Exact | None, Status, tuple[Cause, ...]]:
    """Return (value shown, exact value, status, causes), numbers in the declared unit."""
    if value is NOT_APPLICABLE:
        return None, None, Status.NOT_APPLICABLE, ()
    if isinstance(value, Undefined):
        return None, None, Status.UNDEFINED, tuple(sorted(value.causes))
    if isinstance(value, Decimal | Fraction) and isinstance(kind, NumberType):
        size = in_unit(value, number_unit(kind))
        return (round_shown(size, places) if places is not None else shown(size)), size, Status.PRESENT, ()
    assert not isinstance(value, Fraction | NotApplicable)
    return value, None, Status.PRESENT, ()


def _completeness(evaluation: Evaluation, table: typed.Table, checks: CheckResults) -> TableCompleteness:
    ruleset = evaluation.plan.ruleset
    entered = [code for code in table.cells if ruleset.cells[code].formula is None]
    gate = evaluation.plan.slots.get(table.code)
    closed = evaluation.frame.values[gate] if gate is not None else False
    if table.is_list:
        count = evaluation.frame.row_counts[table.code]
        size = count if isinstance(count, int) else 0
        filled = sum(1 for code, _ in evaluation.frame.supplied_in_row if code in entered)
        expected = size * len(entered)
        given = isinstance(count, int)
    else:
        filled = sum(1 for code in entered if code in evaluation.frame.supplied)
        expected = len(entered)
        given = any(code in evaluation.frame.supplied for code in table.cells)
    missing = tuple(
        dict.fromkeys(
            result.origin
            for result in checks.values()
            if result.code.endswith("~obligatoire")
            and result.verdict == "violé"
            and result.origin is not None
            and result.origin.startswith(table.code + ".")
        )
    )
    if closed is True:
        status = "sans objet"
    elif not given:
        status = "non fourni" if expected or table.is_list else "complet"
    elif missing or (filled < expected and not table.empty_is_zero):
        status = "partiel"
    else:
        status = "complet"
    return TableCompleteness(table.code, table.label, table.notes.mark, status, filled, expected, missing)
