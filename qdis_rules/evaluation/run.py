"""The values of one dossier: every cell and aggregate, in dependency order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from qdis_rules.evaluation.admit import Admitted, row_key
from qdis_rules.evaluation.results import Origin
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType
from qdis_rules.numbers import NOT_APPLICABLE, ZERO, CauseKind, NotApplicable, NumberTooLarge, Undefined
from qdis_rules.plan.frame import Code, Frame, Known, ListValue, Past, Value
from qdis_rules.plan.plan import Computed, Entered, Gate, Indicator, Plan


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
                closed = guarded(run_gate, frame, table_code)
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
                    frame.values[slot] = guarded(formula, frame, cell.code)
                    evaluation.origins[cell.code] = Origin.FORMULA
                inputs.second_values(cell, applies=shut is not NOT_APPLICABLE)
            case Indicator(slot, aggregate, guard, formula):
                frame.values[slot] = _indicator(frame, aggregate.code, guard, formula)
    return evaluation


def _parameter(parameter: typed.Parameter, year: int) -> Value:
    found = parameter.value_for(year)
    return found.value if found is not None else Undefined.of(CauseKind.NO_VALUE, f"{parameter.code} ({year})")


def guarded(code: Code, frame: Frame, subject: str) -> Value:
    """Run `code`; a number too large is undefined, the `subject` being its cause."""
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
        column.append(guarded(code, frame, cell.code))
    return column


def _indicator(frame: Frame, subject: str, guard: Code | None, code: Code) -> Value:
    allowed = guarded(guard, frame, subject) if guard is not None else True
    if allowed is True:
        return guarded(code, frame, subject)
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
