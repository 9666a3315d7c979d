"""The typed ruleset as one function over columns: what runs for many dossiers.

The text is built from the checked model alone, as in `plan.generate`, and computes the same things with
NumPy: amounts as int64 in a decimal scale known beforehand, a quotient as a pair of them, and as float64 with an
error bound what does not fit. Rows that the bound leaves in doubt are marked, for the exact plan.
What is rare in rules is not written at all: it marks every row (`Columnar.whole` says so).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from qdis_rules.batch.expressions import Expressions
from qdis_rules.batch.layout import Wanted
from qdis_rules.batch.operands import (
    Code,
    Column,
    Flag,
    Near,
    NotWritten,
    Operand,
    Ratio,
    Shape,
    Whole,
    power,
    with_state,
)
from qdis_rules.batch.registers import NAME, placed
from qdis_rules.evaluation.results import BLOCKING
from qdis_rules.model import typed
from qdis_rules.model.typed import UNREACHED
from qdis_rules.model.types import ChoiceType, ConditionType, NumberType
from qdis_rules.numbers import Rounding
from qdis_rules.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Columnar:
    """The function, what it reads, in order, and why it leaves every row to the exact plan, if it does.

    `run(inputs, outputs, size, doubt, bad, registers)` writes the wanted results: of a value (numbers or codes, states),
    of a check (verdicts, 255 where there is none); `registers` are columns it works in, int64 (`r`) or bool (`m`).
    `scales` are those the values of numbers are written at.
    """

    run: Callable[..., None]
    inputs: tuple[tuple[str, ...], ...]
    registers: tuple[str, ...]
    scales: Mapping[int, int]
    text: str = field(repr=False)
    whole: str | None = None


def answers_of(plan: Plan) -> dict[str, int]:
    """Return the place of each answer among those of all choices."""
    found: dict[str, int] = {}
    for cell in plan.ruleset.cells.values():
        if isinstance(cell.type, ChoiceType):
            for answer in cell.type.answers:
                found.setdefault(answer, len(found))
    return found


def columnar(plan: Plan, shape: Shape, wanted: Sequence[Wanted], answers: Mapping[str, int]) -> Columnar:
    """Return the function over columns of a plan, for inputs of that shape."""
    writer = Expressions(plan, shape, answers)
    scales: dict[int, int] = {}
    values = {each.name: place for place, each in enumerate(wanted) if each.kind is not None}
    verdicts = {each.name: place for place, each in enumerate(wanted) if each.kind is None}
    try:
        for code in plan.ruleset.order:
            _write_value(writer, code)
            if code in values and code in writer.operands:
                _write_result(writer, values[code], wanted[values.pop(code)], scales)
        for place in values.values():  # what is entered
            _write_result(writer, place, wanted[place], scales)
        _write_checks(writer, verdicts)
        written = {word for line in writer.lines for word in _RESULT.findall(line)}
        for place in verdicts.values():
            if str(place) not in written:  # no column of these calls for it
                writer.line(f"O[{place}][:] = 255")
    except NotWritten as why:
        return Columnar(lambda *_: None, (), (), {}, "", str(why))
    lines, registers = placed(writer.lines, writer.columns)
    used = {name for line in writer.lines for name in NAME.findall(line)}
    inputs = {what: name for what, name in writer.inputs.items() if name in used}
    heads = [f"({', '.join(names)},) = {of}" for names, of in ((inputs.values(), "I"), (registers, "R")) if names]
    lines = [*heads, *lines]
    text = "\n".join(["def columns(I, O, n, F, B, R):", *(f"    {line}" for line in lines), "    return None", ""])
    exec(compile(text, "<qdis columns>", "exec"), writer.names)  # noqa: S102 - written above
    run: Any = writer.names["columns"]
    return Columnar(run, tuple(inputs), tuple(registers), scales, text)


_RESULT: Final = re.compile(r"O\[([0-9]+)\]")


def _write_value(writer: Expressions, code: str) -> None:
    """Write whether a table is closed, or a computed cell, or an aggregate."""
    ruleset = writer.ruleset
    if code in ruleset.tables:
        closed = ruleset.tables[code].closed
        assert closed is not None
        writer.gates[code] = writer.flag(closed)
    elif code in ruleset.cells:
        cell = ruleset.cells[code]
        if cell.formula is None:
            return
        if cell.row == "*":
            if cell.table in writer.shape.lists:
                with writer.at(cell.table):
                    writer.operands[code] = writer.value(cell.formula)
            return
        found = writer.value(cell.formula)
        gate = writer.gates.get(cell.table)
        if gate is not None:
            found = with_state(found, writer.gated(gate, found.state))
        writer.operands[code] = found
    else:
        aggregate = ruleset.aggregates[code]
        found = writer.value(aggregate.formula)
        if aggregate.guard is not None:
            allowed = writer.flag(aggregate.guard)
            state = writer.once(f"guarded_state({allowed.text}, {allowed.state}, {found.state})", "s")
            found = with_state(found, state)
        writer.operands[code] = found


def _write_checks(writer: Expressions, places: Mapping[str, int]) -> None:
    ruleset = writer.ruleset
    for code, check in ruleset.checks.items():
        standing = ruleset.standings.get(code)
        active = standing.active if standing is not None else check.active
        blocking = (standing.severity if standing is not None else check.severity) == BLOCKING
        for instance in check.instances:
            name = code if instance.key is None or instance.rows_of is not None else f"{code}[{instance.key}]"
            place = places.get(name)
            if not active:
                if place is not None:
                    writer.line(f"O[{place}][:] = 4")
                continue
            if place is None and not blocking:
                continue
            target = f"O[{place}]" if place is not None else writer.named("np.empty(n, np.uint8)", "o")
            bad = "B" if blocking else "None"
            if instance.rows_of is not None:
                _write_row_check(writer, check, instance, target, bad)
                continue
            body = _guarded(writer, instance)
            writer.line(f"told({body.text}, {body.state}, {target}, {bad})")
    _write_seconds(writer, places)


def _guarded(writer: Expressions, instance: typed.CheckInstance) -> Flag:
    body = writer.flag(instance.body)
    if instance.guard is None:
        return body
    allowed = writer.flag(instance.guard)
    state = writer.named(f"guarded_state({allowed.text}, {allowed.state}, {body.state})", "s")
    return Flag(body.text, state)


def _write_row_check(
    writer: Expressions, check: typed.Check, instance: typed.CheckInstance, target: str, bad: str
) -> None:
    table = instance.rows_of
    assert table is not None
    count = writer.count(table)
    undetermined = 2 if check.origin is None else 3
    if table not in writer.shape.lists:
        writer.line(f"{target}[:] = np.where({count} == 1, {undetermined}, 3)")
        if bad == "B":
            writer.line(f"B |= {target} == 2")
        return
    offsets = writer.input("offsets", table)
    with writer.at(table):
        body = _guarded(writer, instance)
        text = writer.array(body.text)
    writer.line(f"of_rows({text}, {body.state}, ({offsets}, {count}), {undetermined}, {target}, {bad})")


def _write_seconds(writer: Expressions, places: Mapping[str, int]) -> None:
    """Write the checks of second values: of computed cells given, of cells given twice."""
    for cell in writer.ruleset.cells.values():
        if cell.row == "*":
            listed = writer.shape.lists.get(cell.table, {}).get(cell.column)
            if cell.formula is not None and listed is not None:
                _write_second_of_rows(writer, cell, listed, places)
            continue
        sources = writer.sources(cell)
        before: list[str] = []
        for origin, source in sources.items():
            if cell.formula is not None or before:
                _write_second(writer, cell, origin, source, before if cell.formula is None else (), places)
            before.append(source.state)
    if writer.shape.reached:
        active, blocking = _standing(writer, UNREACHED)
        place = places.get(UNREACHED)
        target = f"O[{place}]" if place is not None else writer.named("np.empty(n, np.uint8)", "o")
        reached = writer.column(ConditionType(), Column(), "reached")
        assert isinstance(reached, Flag)
        writer.line(f"told({reached.text}, None, {target}, None)" if active else f"{target}[:] = 4")
        there = writer.named(f"is_present({reached.state}, n)", "b")
        writer.line(f"{target}[~{there}] = 255")
        if active and blocking:
            writer.line(f"B |= {target} == 1")


def _standing(writer: Expressions, name: str) -> tuple[bool, bool]:
    standing = writer.ruleset.standings.get(name)
    return (True, True) if standing is None else (standing.active, standing.severity == BLOCKING)


def _write_second(
    writer: Expressions,
    cell: typed.Cell,
    suffix: str,
    other: Operand,
    before: Sequence[str],
    places: Mapping[str, int],
) -> None:
    name = f"{cell.code}~{suffix}"
    active, blocking = _standing(writer, name)
    place = places.get(name)
    if place is None and not (active and blocking):
        return
    target = f"O[{place}]" if place is not None else writer.named("np.empty(n, np.uint8)", "o")
    there = writer.named(f"is_present({other.state}, n)", "b")
    if before:
        there = writer.named(f"{there} & ({' | '.join(f'is_present({state}, n)' for state in before)})", "b")
    if not active:
        writer.line(f"{target}[:] = np.where({there}, 4, 255)")
        return
    retained = writer.slot(cell.code)
    agreed = _agreement(writer, cell, retained, with_state(other, "None"))
    writer.line(f"told({agreed.text}, {agreed.state}, {target}, None)")
    writer.line(f"{target}[~{there}] = 255")
    if blocking:
        writer.line(f"B |= ({target} == 1) | ({target} == 2)")


def _agreement(writer: Expressions, cell: typed.Cell, retained: Operand, other: Operand) -> Flag:
    if isinstance(cell.type, NumberType):
        margin = typed.Margin(cell.tolerance)
        assert isinstance(retained, Whole | Ratio | Near)
        assert isinstance(other, Whole | Ratio | Near)
        return writer.compared(retained, "=", other, margin)
    return writer.same(retained, "=", other)


def _write_second_of_rows(writer: Expressions, cell: typed.Cell, column: Column, places: Mapping[str, int]) -> None:
    name = f"{cell.code}~saisie"
    active, blocking = _standing(writer, name)
    place = places.get(name)
    if not active or (place is None and not blocking):
        raise NotWritten("a second value of a list set aside")
    target = f"O[{place}]" if place is not None else writer.named("np.empty(n, np.uint8)", "o")
    offsets, count = writer.input("offsets", cell.table), writer.count(cell.table)
    with writer.at(cell.table):
        retained = writer.list_column(cell.code)
        closed = writer.once(f"at_rows({count}, {writer.rows(cell.table)})", "s")
        retained = with_state(retained, writer.worst(retained.state, closed))
        other = writer.column(cell.type, column, "list", cell.table, cell.column)
        agreed = _agreement(writer, cell, retained, with_state(other, "None"))
        there = writer.named(f"is_present({other.state}, {writer.size})", "b")
        text = writer.array(agreed.text)
    bad = "B" if blocking else "None"
    writer.line(f"second_of_rows({text}, {agreed.state}, {there}, {offsets}, {target}, {bad})")


def _write_result(writer: Expressions, place: int, wanted: Wanted, scales: dict[int, int]) -> None:
    found = writer.slot(wanted.name)
    values, states = f"O[{place}][0]", f"O[{place}][1]"
    if found.state != "None":
        writer.line(f"if {found.state} is not None: {states}[:] = {found.state}")
    if not isinstance(wanted.kind, NumberType):
        assert isinstance(found, Flag | Code)
        writer.line(f"{values}[:] = {found.text}")
        return
    assert isinstance(found, Whole | Ratio | Near)
    item = writer.ruleset.cells.get(wanted.name) or writer.ruleset.aggregates[wanted.name]
    unit = item.unit.scale if item.unit is not None else Fraction(1)
    step = unit / Fraction(10) ** wanted.places
    scales[place] = wanted.places
    if isinstance(found, Whole):
        size = step * Fraction(10) ** found.scale
        # Finer than what is known: the figure is written as it is, Arrow adds the zeros.
        shift = power(unit)
        if size.numerator == 1 and shift is not None and abs(shift[0]) == 1:
            scales[place] = found.scale - shift[1]
            if 0 <= scales[place] <= wanted.places:
                writer.line(f"{values}[:] = {found.text}")
                return
            scales[place] = wanted.places
    writer.line(f"{values}[:] = {writer.steps(found, step, Rounding.HALF_UP)}")
