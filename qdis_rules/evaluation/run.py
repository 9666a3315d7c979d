"""The values of one dossier: every cell and aggregate, then the outcome of every check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from fractions import Fraction

from qdis_rules.evaluation.admit import Admitted
from qdis_rules.evaluation.inputs import Inputs, row_key
from qdis_rules.evaluation.results import Origin
from qdis_rules.model import typed
from qdis_rules.numbers import NOT_APPLICABLE, CauseKind, NotApplicable, NumberTooLarge, Undefined, quotient
from qdis_rules.plan.frame import Code, Frame, Known, ListValue, Past, Value, table_of
from qdis_rules.plan.plan import Computed, Entered, Gate, Indicator, Plan
from qdis_rules.plan.program import UNFIT, wide
from qdis_rules.records import dataclass


@dataclass(slots=True)
class Evaluation:
    """One dossier evaluated: its frame, the outcome of each trial, where each retained value came from.

    An outcome is True, False, undefined or *sans objet*; None where the trial goes over the rows of a list.
    `fits`: the generated program did it.
    """

    plan: Plan
    admitted: Admitted
    frame: Frame
    outcomes: list[Value | None]
    origins: dict[str, Origin]
    others: dict[str, dict[Origin, Known]]
    fits: bool
    recomputed: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)

    def apart(self) -> Evaluation:
        """Return the same evaluation with its own row at hand: a report may be read by several threads."""
        frame = self.frame
        return Evaluation(
            self.plan,
            self.admitted,
            Frame(
                frame.year,
                frame.values,
                frame.parameters,
                frame.row_counts,
                frame.past,
                {},
                frame.supplied,
                frame.pending,
                frame.supplied_in_row,
            ),
            self.outcomes,
            self.origins,
            self.others,
            self.fits,
            self.recomputed,
            self.ignored,
        )

    def value(self, code: str) -> Value | ListValue:
        """Return the value of a cell, list column or aggregate, in base units."""
        slot = self.plan.slots[code]
        value = self.frame.values[slot] = plain(self.frame.values[slot])
        return value

    def origin(self, code: str) -> Origin | None:
        """Return where the retained value of a cell came from, None when there is none."""
        if code not in self.plan.outline.computed:
            return self.origins.get(code)
        return None if _gated(self.frame, self.plan.slots.get(table_of(code))) else Origin.FORMULA

    def row_keys(self, table: str) -> tuple[str, ...]:
        """Return how each row the dossier gives a list is named, in order."""
        rows = self.admitted.rows.get(table, ())
        key = self.plan.outline.sheets[table].key
        return tuple(row_key(key, row, index) for index, row in enumerate(rows))

    def row_value(self, code: str, row: int) -> Value:
        """Return the value of a list column in the row at that place, in base units."""
        column = self.value(code)
        return column[row] if isinstance(column, list) else column

    def row_origin(self, code: str, row: int) -> Origin | None:
        """Return where the value of a list column comes from in the row at that place, None when there is none."""
        if not isinstance(self.value(code), list):
            return None
        if code in self.plan.outline.computed:
            return Origin.FORMULA
        if (code, row) in self.frame.supplied_in_row:
            return Origin.TYPED
        return None if isinstance(self.row_value(code, row), Undefined) else Origin.EMPTY


def plain(value: Value | ListValue) -> Value | ListValue:
    """Return what a slot holds, as one number if it is a quotient that nobody needed as one yet."""
    return quotient(*value) if isinstance(value, tuple) else value


def run(plan: Plan, admitted: Admitted, past: Callable[[int], Past | None]) -> Evaluation:
    """Return the evaluation of every cell, aggregate and check."""
    inputs = admitted.inputs
    origins, others, carried = inputs.origins, inputs.others, _carried(plan, inputs, past)
    if carried is not None:
        inputs, origins, others = carried, carried.origins, carried.others
    frame = _frame(admitted, inputs, past)
    outcomes: list[Value | None] = [None] * plan.count
    try:
        if inputs.fractions:
            raise NumberTooLarge
        with wide():
            plan.program(frame, outcomes)
    except UNFIT:
        frame = _frame(admitted, inputs, past)
        outcomes = _by_closures(plan, frame)
        return Evaluation(plan, admitted, frame, outcomes, origins, others, fits=False)
    return Evaluation(plan, admitted, frame, outcomes, origins, others, fits=True)


def _frame(admitted: Admitted, inputs: Inputs, past: Callable[[int], Past | None]) -> Frame:
    return Frame(
        year=admitted.dossier.year,
        values=inputs.values.copy(),
        parameters=inputs.parameters,
        row_counts=inputs.row_counts.copy(),
        past=past,
        supplied=inputs.supplied.copy() if inputs.pending else inputs.supplied,
        supplied_in_row=inputs.supplied_in_row,
        pending=inputs.pending,
    )


@dataclass(frozen=True, slots=True)
class _Closings:
    """What cells take over of last year: by code and slot (None: a computed cell), and their codes by table that applies."""

    values: Sequence[tuple[str, int | None, Known]]
    gated: Mapping[str, frozenset[str]]
    others: frozenset[str]


def _closings(plan: Plan, last: Past) -> _Closings:
    computed, slots = plan.outline.computed, plan.slots
    read = ((code, last.cell(before)) for code, before in plan.outline.carried)
    known = {code: value for code, value in read if not isinstance(value, Undefined | NotApplicable)}
    gated: dict[str, set[str]] = {}
    for code in known:
        if table_of(code) in slots:
            gated.setdefault(table_of(code), set()).add(code)
    return _Closings(
        [(code, None if code in computed else slots[code], value) for code, value in known.items()],
        {table: frozenset(codes) for table, codes in gated.items()},
        frozenset(known).difference(*gated.values()),
    )


def _carried(plan: Plan, inputs: Inputs, past: Callable[[int], Past | None]) -> Inputs | None:
    """Return the inputs with last year's closings added, None when there are none."""
    last = past(1) if plan.outline.carried else None
    if last is None:
        return None
    closings: _Closings | None = last.kept.get(_Closings)
    if closings is None:
        closings = last.kept[_Closings] = _closings(plan, last)
    values, origins, others = inputs.values.copy(), inputs.origins.copy(), inputs.others.copy()
    fractions = inputs.fractions
    for code, slot, value in closings.values:
        if slot is not None and origins.get(code, Origin.EMPTY) is Origin.EMPTY:
            values[slot] = value
            origins[code] = Origin.CARRIED
            fractions = fractions or value.__class__ is Fraction
        else:
            others[code] = {**others[code], Origin.CARRIED: value} if code in others else {Origin.CARRIED: value}
    pending: dict[str, AbstractSet[str]] = dict(inputs.pending)
    for table, codes in closings.gated.items():
        pending[table] = codes.union(pending.get(table, ()))
    supplied = inputs.supplied | closings.others
    return replace(
        inputs,
        values=values,
        origins=origins,
        others=others,
        supplied=supplied,
        pending=pending,
        fractions=fractions,
    )


def guarded(code: Code, frame: Frame, subject: str) -> Value:
    """Run `code`; a number too large is undefined, the `subject` being its cause."""
    try:
        return code(frame)
    except NumberTooLarge:
        return Undefined.of(CauseKind.TOO_LARGE, subject)


def _by_closures(plan: Plan, frame: Frame) -> list[Value | None]:
    """Do what the program does, whatever the size of numbers."""
    for step in plan.steps:
        match step:
            case Gate(slot, table_code, run_gate):
                closed = guarded(run_gate, frame, table_code)
                frame.values[slot] = closed
                if closed is not True:
                    frame.supplied.update(frame.pending.get(table_code, ()))
                if table_code in frame.row_counts:
                    if closed is True:
                        frame.row_counts[table_code] = NOT_APPLICABLE
                    elif isinstance(closed, Undefined):
                        frame.row_counts[table_code] = closed
            case Entered(slot, _, gate):
                shut = _gated(frame, gate)
                if shut is not None:
                    frame.values[slot] = shut
            case Computed(slot, cell, gate, formula):
                shut = _gated(frame, gate)
                if shut is not None:
                    frame.values[slot] = shut
                elif cell.row == "*":
                    frame.values[slot] = _column(frame, cell, formula)
                else:
                    frame.values[slot] = guarded(formula, frame, cell.code)
            case Indicator(slot, aggregate, guard, formula):
                frame.values[slot] = _allowed(frame, aggregate.code, guard, formula)
    return [
        _allowed(frame, code, trial.guard, trial.body) if trial.rows_of is None else None
        for code, trials in plan.trials.items()
        for trial in trials
    ]


def _gated(frame: Frame, gate: int | None) -> Undefined | NotApplicable | None:
    """Return what the gate of a table makes of its cells, or None when it applies."""
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


def _allowed(frame: Frame, subject: str, guard: Code | None, code: Code) -> Value:
    allowed = guarded(guard, frame, subject) if guard is not None else True
    if allowed is True:
        return guarded(code, frame, subject)
    return allowed if isinstance(allowed, Undefined) else NOT_APPLICABLE
