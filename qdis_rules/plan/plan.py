"""The executable plan of a ruleset: what to run, in which order, into which slot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from decimal import Decimal
from typing import TypeAlias

from qdis_rules.model import typed
from qdis_rules.model.order import reads
from qdis_rules.model.types import NumberType, Type
from qdis_rules.numbers import ZERO, CauseKind, Undefined
from qdis_rules.plan.compile import Compiler, Margin
from qdis_rules.plan.frame import Code
from qdis_rules.plan.generate import Program, Steps, generate
from qdis_rules.records import dataclass
from qdis_rules.syntax import tree


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
    message: tuple[str | tree.Placeholder | tuple[Code, typed.Expr], ...] = field(repr=False)
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything needed to evaluate any dossier, and nothing of any dossier: safe to share.

    `program` fills the computed slots and the `count` outcomes; `edits` redo them one by one. `empty` is what an empty dossier
    gives each slot; `zeros` the (slot, code) of the cells of a table where `vide vaut 0`;
    `mapped` the cells that read accounts, `carried` those that take over last year's closing.
    """

    ruleset: typed.TypedRuleset
    slots: Mapping[str, int]
    steps: tuple[Step, ...]
    trials: Mapping[str, tuple[Trial, ...]]
    count: int
    program: Program = field(repr=False)
    edits: Steps = field(repr=False)
    empty: tuple[Undefined | Decimal, ...] = field(repr=False)
    zeros: Mapping[str, tuple[tuple[int, str], ...]] = field(repr=False)
    mapped: tuple[typed.Cell, ...] = field(repr=False)
    carried: tuple[typed.Cell, ...] = field(repr=False)
    lists: tuple[str, ...]


def plan(ruleset: typed.TypedRuleset) -> Plan:
    """Return the plan of a ruleset that checked without error. Total."""
    slots = {code: index for index, code in enumerate(ruleset.order)}
    compiler = Compiler(slots)
    steps: list[Step] = []
    for code in ruleset.order:
        steps.append(_step(ruleset, compiler, slots, code))
    trials = {
        code: tuple(_trial(compiler, instance) for instance in check.instances)
        for code, check in ruleset.checks.items()
    }
    program, edits = generate(ruleset, slots, compiler)
    fixed = [cell for cell in ruleset.cells.values() if cell.row != "*"]
    return Plan(
        ruleset,
        slots,
        tuple(steps),
        trials,
        count=sum(map(len, trials.values())),
        program=program,
        edits=edits,
        empty=tuple(_empty(ruleset, code) for code in ruleset.order),
        zeros=_zeros(ruleset, slots, fixed),
        mapped=tuple(cell for cell in fixed if cell.selection is not None),
        carried=tuple(cell for cell in fixed if cell.carried_from is not None),
        lists=tuple(code for code, table in ruleset.tables.items() if table.is_list),
    )


def _empty(ruleset: typed.TypedRuleset, code: str) -> Undefined | Decimal:
    cell = ruleset.cells.get(code)
    if cell is None or cell.formula is not None:
        return ZERO
    if ruleset.tables[cell.table].empty_is_zero and isinstance(cell.type, NumberType):
        return Undefined.of(CauseKind.NO_TABLE, cell.table)
    return Undefined.of(CauseKind.ABSENT, code)


def _zeros(
    ruleset: typed.TypedRuleset, slots: Mapping[str, int], cells: Iterable[typed.Cell]
) -> dict[str, tuple[tuple[int, str], ...]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for cell in cells:
        if cell.formula is None and ruleset.tables[cell.table].empty_is_zero and isinstance(cell.type, NumberType):
            found.setdefault(cell.table, []).append((slots[cell.code], cell.code))
    return {table: tuple(pairs) for table, pairs in found.items()}


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


def _trial(compiler: Compiler, instance: typed.CheckInstance) -> Trial:
    message: list[str | tree.Placeholder | tuple[Code, typed.Expr]] = []
    for part in instance.message:
        if isinstance(part, str | tree.Placeholder):
            message.append(part)
        else:
            message.append((compiler.code(part), part))
    return Trial(
        instance.key,
        instance.label,
        instance.rows_of,
        compiler.code(instance.guard) if instance.guard is not None else None,
        compiler.code(instance.body),
        tuple(_gaps(compiler, instance.body)),
        tuple(message),
        tuple(dict.fromkeys(_cells_read(instance.body))),
    )


def _cells_read(body: typed.Expr) -> list[str]:
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
