"""The typed ruleset as one straight-line Python function: what runs for one dossier.

The text is built from the checked model alone: names of slots and constants, codes as literals, never a
word of the ruleset. It computes what the closures of `compile` compute, with two liberties:

- a quotient stays a pair (numerator, denominator), so that the division comes last, or never:
  comparisons cross-multiply;
- numbers are `Decimal` in a wide context that refuses to round. What does not fit raises
  (`UNFIT`), and the dossier is evaluated by the closures, which know fractions.

Undefined and *sans objet* take part in `+ - *` by themselves (`numbers`), so a formula is written
as a person would write it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import cast

from qdis_rules.model import typed
from qdis_rules.model.types import NumberType
from qdis_rules.plan.compile import Compiler
from qdis_rules.plan.expressions import (
    ENTERED,
    Number,
    Operand,
    Other,
    Quotient,
    Writer,
    digits,
    divides,
    is_certain,
    unrounded,
)
from qdis_rules.plan.program import CALLED, Program
from qdis_rules.plan.steps import Written
from qdis_rules.records import dataclass


@dataclass(frozen=True, slots=True)
class Generated:
    """A program, the constants it names, the expressions of those that are closures, and how it was written."""

    program: Program
    constants: Mapping[str, object]
    closures: Mapping[str, typed.Expr]
    written: Written


def generate(ruleset: typed.TypedRuleset, slots: Mapping[str, int], compiler: Compiler) -> Generated:
    """Return the function that fills every computed slot of a frame, then every outcome."""
    writer = Writer(slots, compiler)
    writer.fractions.update(_fractions(ruleset))
    for code, parameter in ruleset.parameters.items():
        sizes = [digits(dated.value) for dated in parameter.values if isinstance(dated.value, Decimal)]
        if sizes:
            writer.parameter_sizes[code] = max(b for b, _ in sizes), max(a for _, a in sizes)
    entries: dict[str | None, tuple[int, list[int]]] = {None: (0, [])}
    for code in ruleset.order:
        if code in ruleset.tables:
            _write_gate(writer, ruleset, code)
            entries[code] = (len(writer.lines), [])
        elif code in ruleset.cells:
            cell = ruleset.cells[code]
            gate = cell.table if cell.table in slots else None
            if cell.formula is None:
                entries[gate][1].append(slots[code])
                _enter(writer, cell, slots[code])
            else:
                _write_cell(writer, cell, gate)
        else:
            _write_aggregate(writer, ruleset.aggregates[code])
    instances = (instance for check in ruleset.checks.values() for instance in check.instances)
    for index, instance in enumerate(instances):
        if instance.rows_of is None:
            _write_trial(writer, index, instance)
    lines = list(writer.lines)
    for place, entered in reversed(list(entries.values())):  # from the last place up, so that places stay true
        lines[place:place] = _unpacking(writer, entered)
    constants = {name: value for name, value in writer.names.items() if name not in CALLED}
    program = cast(Program, _made(writer, "program(F, R)", lines))
    operands = {slot: _flat(operand) for slot, operand in writer.operands.items()}
    written = Written(operands, writer.sizes, writer.parameter_sizes, frozenset(writer.fractions))
    return Generated(program, constants, writer.closures, written)


def _flat(operand: Operand) -> tuple[str, ...]:
    match operand:
        case Number(text):
            return "n", text
        case Quotient(above, below):
            return "q", above, below
        case Other(text):
            return "o", text


class _Operands(dict[int, Operand]):
    """The operands of a program written before, each made when it is asked for."""

    def __init__(self, flat: Mapping[int, tuple[str, ...]]) -> None:
        super().__init__()
        self._flat = flat

    def __missing__(self, slot: int) -> Operand:
        letter, *texts = self._flat[slot]
        made: Operand = {"n": Number, "q": Quotient, "o": Other}[letter](*texts)
        self[slot] = made
        return made


def generate_slot(
    of: Written, item: typed.Cell | typed.Aggregate, slots: Mapping[str, int], compiler: Compiler
) -> Program:
    """Return what fills the slot of a computed cell or list column, or of an aggregate, alone."""
    writer = _apart(of, slots, compiler)
    if isinstance(item, typed.Cell):
        _write_cell(writer, item, item.table if item.table in slots else None)
    else:
        _write_aggregate(writer, item)
    return cast(Program, _made(writer, "step(F, R)", writer.lines))


def generate_trial(
    of: Written, index: int, instance: typed.CheckInstance, slots: Mapping[str, int], compiler: Compiler
) -> Program:
    """Return what fills one outcome alone, of a trial that goes over no list."""
    writer = _apart(of, slots, compiler)
    _write_trial(writer, index, instance)
    return cast(Program, _made(writer, "step(F, R)", writer.lines))


def _apart(of: Written, slots: Mapping[str, int], compiler: Compiler) -> Writer:
    return Writer(
        slots,
        compiler,
        operands=_Operands(of.operands),
        sizes=dict(of.sizes),
        parameter_sizes=dict(of.parameter_sizes),
        fractions=set(of.fractions),
        apart=True,
    )


def _made(writer: Writer, signature: str, lines: Sequence[str]) -> object:
    """Return the function of that signature, made of the lines written."""
    head = [f"def {signature}:", "    V = F.values"]
    for name, given in (("S", "F.supplied"), ("YEAR", "D(F.year)")):
        if any(re.search(rf"\b{name}\b", line) for line in lines):
            head.append(f"    {name} = {given}")
    head += [f"    {name} = past(F, {', '.join(map(repr, year))})" for year, name in writer.pasts.items()]
    head += [f"    {name} = whole(F.parameters[{code!r}])" for code, name in writer.parameters.items()]
    exec(compile("\n".join([*head, *lines, ""]), "<qdis>", "exec"), writer.names)  # noqa: S102 - written above
    return writer.names[signature.partition("(")[0]]


def _fractions(ruleset: typed.TypedRuleset) -> set[str]:
    """Return the codes of what may be a fraction, this year or another."""
    found = {
        code
        for code, parameter in ruleset.parameters.items()
        if any(isinstance(dated.value, Fraction) for dated in parameter.values)
    }
    readers: dict[str, list[str]] = {code: [] for code in found}
    formulas = {code: cell.formula for code, cell in ruleset.cells.items() if cell.formula is not None}
    formulas |= {code: aggregate.formula for code, aggregate in ruleset.aggregates.items()}
    for code, formula in formulas.items():
        for node in unrounded(formula):
            if divides(node):
                found.add(code)
            elif isinstance(node, typed.CellValue | typed.AggregateValue | typed.RowValue | typed.ParameterValue):
                readers.setdefault(node.code, []).append(code)
    waiting = list(found)
    while waiting:
        new = [code for code in readers.get(waiting.pop(), ()) if code not in found]
        found.update(new)
        waiting += new
    return found


def _unpacking(writer: Writer, entered: Sequence[int]) -> list[str]:
    """Return the lines that name the entered values some formula reads."""
    used = [slot for slot in entered if slot in writer.used]
    lines = []
    for start in range(0, len(used), 500):
        part = used[start : start + 500]
        getter = itemgetter(*part) if len(part) > 1 else itemgetter(part[0], part[0])
        targets = [f"v_{slot}" for slot in part] if len(part) > 1 else [f"v_{part[0]}", "_"]
        lines.append(f"    {', '.join(targets)} = {writer.constant(getter)}(V)")
    return lines


def _enter(writer: Writer, cell: typed.Cell, slot: int) -> None:
    text = f"v_{slot}"
    writer.operands[slot] = Number(text) if isinstance(cell.type, NumberType) else Other(text)
    if cell.unit is not None:
        before, after = ENTERED
        scale = cell.unit.scale
        writer.sizes[slot] = before + len(str(scale.numerator)), after + len(str(scale.denominator))


def _write_gate(writer: Writer, ruleset: typed.TypedRuleset, table: str) -> None:
    condition = ruleset.tables[table].closed
    assert condition is not None
    closed = f"g_{writer.slots[table]}"
    writer.line(f"V[{writer.slots[table]}] = {closed} = {writer.other(condition)}")
    entered = [writer.slots[code] for code in ruleset.tables[table].cells if ruleset.cells[code].formula is None]
    slots = writer.constant(tuple(entered))
    writer.line(f"if {closed} is True or {closed}.__class__ is U: close(F, {slots}, {table!r}, {closed})")
    writer.line(f"if {closed} is not True: S.update(F.pending.get({table!r}, ()))")


def _write_cell(writer: Writer, cell: typed.Cell, gate: str | None) -> None:
    assert cell.formula is not None
    slot = writer.slots[cell.code]
    if cell.row == "*":
        whole = cell.code not in writer.fractions
        writer.sizes[slot] = writer.size(cell.formula)
        if not writer.column(slot, cell, cell.formula):
            code = writer.closure(cell.formula)
            writer.line(f"V[{slot}] = column(F, {cell.table!r}, {code}, {whole})")
        writer.operands[slot] = Other(f"V[{slot}]")
        return
    if gate is None:
        _write_value(writer, slot, cell.formula, None)
        return
    closed = writer.gate(gate)
    _write_value(
        writer,
        slot,
        cell.formula,
        f"{closed} is False or {closed} is NA",
        f"NA if {closed} is True else {closed}",
    )


def _write_aggregate(writer: Writer, aggregate: typed.Aggregate) -> None:
    slot = writer.slots[aggregate.code]
    if aggregate.guard is None:
        _write_value(writer, slot, aggregate.formula, None)
        return
    _write_value(writer, slot, aggregate.formula, *_allowed(writer, aggregate.guard))


def _write_value(writer: Writer, slot: int, formula: typed.Expr, test: str | None, otherwise: str = "") -> None:
    """Write `V[slot] = formula`, or what it is where `test` fails."""
    if test is None:
        writer.operands[slot] = _assigned(writer, slot, formula)
        return
    with writer.block(f"if {test}:"):
        found = _assigned(writer, slot, formula)
    with writer.block("else:"):
        if isinstance(found, Quotient):
            writer.line(f"V[{slot}] = {found.above} = {otherwise}; {found.below} = ONE")
        else:
            writer.line(f"V[{slot}] = {found.text} = {otherwise}")
    writer.operands[slot] = found


def _assigned(writer: Writer, slot: int, formula: typed.Expr) -> Operand:
    if not isinstance(formula.type, NumberType):
        writer.line(f"V[{slot}] = v_{slot} = {writer.other(formula)}")
        return Other(f"v_{slot}")
    found = writer.number(formula)
    writer.sizes[slot] = writer.size(formula)
    if isinstance(found, Quotient):
        n, d = f"n_{slot}", f"d_{slot}"
        writer.line(f"{n} = {found.above}; {d} = {found.below}")
        writer.line(f"V[{slot}] = ({n}, {d}) if {n}.__class__ is D else {n}")
        return Quotient(n, d)
    writer.line(f"V[{slot}] = v_{slot} = {found.text}")
    writer.check(slot, f"v_{slot}")
    return Number(f"v_{slot}")


def _write_trial(writer: Writer, index: int, instance: typed.CheckInstance) -> None:
    if instance.guard is None:
        writer.line(f"R[{index}] = {writer.other(instance.body)}")
        return
    test, otherwise = _allowed(writer, instance.guard)
    with writer.block(f"if {test}:"):
        writer.line(f"R[{index}] = {writer.other(instance.body)}")
    with writer.block("else:"):
        writer.line(f"R[{index}] = {otherwise}")


def _allowed(writer: Writer, guard: typed.Expr) -> tuple[str, str]:
    """Return the test of a `quand`, and what there is where it fails."""
    text = writer.other(guard)
    if is_certain(guard):
        return text, "NA"
    allowed = writer.named(text)
    return f"{allowed} is True", f"{allowed} if {allowed}.__class__ is U else NA"
