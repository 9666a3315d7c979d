"""The executable plan of a ruleset: what to run, in which order, into which slot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

from qdis_rules.lazy import Lazy
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type
from qdis_rules.numbers import ZERO, CauseKind, Undefined
from qdis_rules.plan.frame import Code
from qdis_rules.plan.outline import Outline, outline
from qdis_rules.plan.program import Program
from qdis_rules.plan.steps import Edited, Steps, all_readers
from qdis_rules.records import dataclass
from qdis_rules.syntax.texts import Placeholder

if TYPE_CHECKING:
    from qdis_rules.plan.compile import Compiler, Margin
    from qdis_rules.plan.generate import Generated


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a table is *sans objet*, into its slot."""

    slot: int
    table: str
    code: Code = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entered:
    """A cell or list column that the dossier gives."""

    slot: int
    cell: typed.Cell
    gate: int | None


@dataclass(frozen=True, slots=True)
class Computed:
    """A cell or list column that a formula gives."""

    slot: int
    cell: typed.Cell
    gate: int | None
    code: Code = field(repr=False)


@dataclass(frozen=True, slots=True)
class Indicator:
    """An aggregate: guard, formula, thresholds."""

    slot: int
    aggregate: typed.Aggregate
    guard: Code | None = field(repr=False)
    code: Code = field(repr=False)
    thresholds: tuple[tuple[typed.Threshold, Code, Code], ...] = field(repr=False)


Step: TypeAlias = Gate | Entered | Computed | Indicator


@dataclass(frozen=True, slots=True)
class Gap:
    """A comparison of numbers in the body of a check, to report its sides.

    `sides` is (left, right), or (value, low, high) for `entre`. `when` are the conditions of `si` under
    which it decides, each with the answer wanted.
    """

    op: str
    sides: tuple[Code, ...] = field(repr=False)
    margin: Margin = field(repr=False)
    kind: Type
    when: tuple[tuple[Code, bool], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trial:
    """A check as it applies once: verdict, gaps, message, cells read."""

    key: str | None
    label: str | None
    rows_of: str | None
    guard: Code | None = field(repr=False)
    body: Code = field(repr=False)
    gaps: tuple[Gap, ...]
    message: tuple[str | Placeholder | tuple[Code, typed.Expr], ...] = field(repr=False)
    cells: tuple[str, ...]


class Closures:
    """Steps and trials as closures, each compiled when something that is rare asks for it."""

    def __init__(self, ruleset: typed.TypedRuleset, slots: Mapping[str, int]) -> None:
        self._ruleset = ruleset
        self.slots = slots
        self.steps: Mapping[str, Step] = Lazy(ruleset.order, self._step)
        self.trials: Mapping[str, tuple[Trial, ...]] = Lazy(ruleset.checks, self._trials)
        self.conditions: Mapping[str, tuple[tuple[Code | None, Code], ...]] = Lazy(ruleset.checks, self._conditions)
        """The guard and the body of each trial of a check."""

    @cached_property
    def compiler(self) -> Compiler:
        """What makes closures of expressions."""
        from qdis_rules.plan.compile import Compiler

        return Compiler(self.slots)

    def _step(self, code: str) -> Step:
        return _step(self._ruleset, self.compiler, self.slots, code)

    def _trials(self, code: str) -> tuple[Trial, ...]:
        instances = self._ruleset.checks[code].instances
        return tuple(map(partial(_trial, self.compiler), instances, self.conditions[code]))

    def _conditions(self, code: str) -> tuple[tuple[Code | None, Code], ...]:
        compiled = self.compiler.code
        return tuple(
            (compiled(instance.guard) if instance.guard is not None else None, compiled(instance.body))
            for instance in self._ruleset.checks[code].instances
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything needed to evaluate any dossier, and nothing of any dossier: safe to share.

    `outline` is what evaluation asks of the ruleset. `program` fills the computed slots and the outcomes; `edits`
    redo them one by one; `closures` do the same whatever the size of numbers, and tell what they did.
    """

    ruleset: typed.TypedRuleset
    outline: Outline
    slots: Mapping[str, int]
    program: Program = field(repr=False)
    edits: Steps = field(repr=False)
    closures: Closures = field(repr=False)
    start: Start = field(repr=False)

    @property
    def count(self) -> int:
        """The number of trials, hence of outcomes."""
        return len(self.outline.trials)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What to run, in order, when the program does not fit."""
        return tuple(self.closures.steps.values())

    @property
    def trials(self) -> Mapping[str, tuple[Trial, ...]]:
        """The trials of each check."""
        return self.closures.trials

    @property
    def empty(self) -> Sequence[Undefined | Decimal]:
        """What an empty dossier gives each slot."""
        values: list[Undefined | Decimal] = [ZERO] * len(self.slots)
        for pairs in self.start.absent.values():
            for slot, value in pairs:
                values[slot] = value
        return tuple(values)

    @property
    def zeros(self) -> Mapping[str, tuple[tuple[int, str], ...]]:
        """The (slot, code) of the cells of each fixed table where `vide vaut 0`."""
        fixed = (sheet for sheet in self.outline.sheets.values() if sheet.empty_is_zero and sheet.key is None)
        return {sheet.code: self.start.zeros[sheet.code] for sheet in fixed}

    @property
    def mapped(self) -> tuple[typed.Cell, ...]:
        """The cells that read accounts."""
        return tuple(self.ruleset.cells[reading.code] for reading in self.outline.readings)

    @property
    def carried(self) -> tuple[typed.Cell, ...]:
        """The cells that take over last year's closing."""
        return tuple(self.ruleset.cells[code] for code, _ in self.outline.carried)

    @property
    def lists(self) -> tuple[str, ...]:
        """The codes of the lists."""
        return tuple(code for code, sheet in self.outline.sheets.items() if sheet.key is not None)


class Start:
    """What the cells of each table hold before a dossier gives them anything, worked out when the table comes up."""

    def __init__(self, drawn: Outline, slots: Mapping[str, int]) -> None:
        self._outline = drawn
        self._slots = slots
        self.absent: Mapping[str, tuple[tuple[int, Undefined], ...]] = Lazy(drawn.sheets, self._absent)
        """By table, the (slot, why there is no value) of its entered cells."""
        self.unfilled: Mapping[str, tuple[tuple[int, Undefined], ...]] = Lazy(drawn.sheets, self._unfilled)
        """The same once the table is begun: where `vide vaut 0`, those of its cells that are no numbers."""
        self.zeros: Mapping[str, tuple[tuple[int, str], ...]] = Lazy(drawn.sheets, self._zeros)
        """By table, the (slot, code) of the cells that are zero once it is begun."""

    def _absent(self, table: str) -> tuple[tuple[int, Undefined], ...]:
        no_table = Undefined.of(CauseKind.NO_TABLE, table)
        return (*self.unfilled[table], *((slot, no_table) for slot, _ in self.zeros[table]))

    def _unfilled(self, table: str) -> tuple[tuple[int, Undefined], ...]:
        zero = {code for _, code in self.zeros[table]}
        codes = (code for code in self._outline.sheets[table].entered if code not in zero)
        return tuple((self._slots[code], Undefined.of(CauseKind.ABSENT, code)) for code in codes)

    def _zeros(self, table: str) -> tuple[tuple[int, str], ...]:
        sheet = self._outline.sheets[table]
        if not sheet.empty_is_zero:
            return ()
        kinds = self._outline.kinds if sheet.key is None else self._outline.columns
        return tuple((self._slots[code], code) for code in sheet.entered if isinstance(kinds[code], NumberType))


def plan(ruleset: typed.TypedRuleset) -> Plan:
    """Return the plan of a ruleset that checked without error. Total."""
    return planned(ruleset)[0]


def planned(ruleset: typed.TypedRuleset) -> tuple[Plan, Generated]:
    """Return the plan of a ruleset, and its program as it was generated."""
    from qdis_rules.plan.generate import generate

    slots = slots_of(ruleset)
    closures = Closures(ruleset, slots)
    drawn = outline(ruleset)
    generated = generate(ruleset, slots, closures.compiler)

    def edited() -> Edited:
        return Edited(generated.written, *all_readers(ruleset, slots))

    return assembled(ruleset, drawn, closures, generated.program, edited), generated


def assembled(
    ruleset: typed.TypedRuleset, drawn: Outline, closures: Closures, program: Program, edited: Callable[[], Edited]
) -> Plan:
    """Return the plan made of these parts."""
    slots = closures.slots
    edits = Steps(ruleset, slots, lambda: closures.compiler, drawn.trials, edited)
    return Plan(ruleset, drawn, slots, program, edits, closures, Start(drawn, slots))


def slots_of(ruleset: typed.TypedRuleset) -> dict[str, int]:
    """Return the slot of each table, cell and aggregate: its place in the order."""
    return {code: index for index, code in enumerate(ruleset.order)}


def _step(ruleset: typed.TypedRuleset, compiler: Compiler, slots: Mapping[str, int], code: str) -> Step:
    slot = slots[code]
    if code in ruleset.cells:
        cell = ruleset.cells[code]
        gate = slots.get(cell.table)
        if cell.formula is None:
            return Entered(slot, cell, gate)
        return Computed(slot, cell, gate, compiler.code(cell.formula))
    if code in ruleset.aggregates:
        aggregate = ruleset.aggregates[code]
        return Indicator(
            slot,
            aggregate,
            compiler.code(aggregate.guard) if aggregate.guard is not None else None,
            compiler.code(aggregate.formula),
            tuple(
                (threshold, compiler.code(threshold.condition), compiler.code(threshold.condition.right))
                for threshold in aggregate.thresholds
            ),
        )
    closed = ruleset.tables[code].closed
    assert closed is not None
    return Gate(slot, code, compiler.code(closed))


def _trial(compiler: Compiler, instance: typed.CheckInstance, condition: tuple[Code | None, Code]) -> Trial:
    message: list[str | Placeholder | tuple[Code, typed.Expr]] = []
    for part in instance.message:
        if isinstance(part, str | Placeholder):
            message.append(part)
        else:
            message.append((compiler.code(part), part))
    return Trial(
        instance.key,
        instance.label,
        instance.rows_of,
        *condition,
        tuple(_gaps(compiler, instance.body)),
        tuple(message),
        tuple(dict.fromkeys(_cells_read(instance.body))),
    )


def _cells_read(body: typed.Expr) -> list[str]:
    from qdis_rules.model.order import reads

    found = [code for code, _ in reads(body)]
    for node in typed.walk(body):
        match node:
            case typed.CellValue(code, back) | typed.AggregateValue(code, back) if back:
                found.append(f"{code}[N-{back}]")
            case typed.Supplied(code):
                found.append(code)
            case _:
                pass
    return found


def _gaps(compiler: Compiler, body: typed.Expr) -> list[Gap]:
    found = []
    for comparison, taken in typed.deciding(body):
        match comparison:
            case typed.Comparison(left, op, right, margin):
                kind = left.type if left.type.unit is not None else right.type  # type: ignore[union-attr]
                sides: tuple[Code, ...] = (compiler.code(left), compiler.code(right))
            case typed.Between(value, low, high, margin):
                op, kind = "entre", value.type
                sides = (compiler.code(value), compiler.code(low), compiler.code(high))
        when = tuple((compiler.code(condition), wanted) for condition, wanted in taken)
        found.append(Gap(op, sides, compiler.margin(margin), kind, when))
    return found
