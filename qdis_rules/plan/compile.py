"""Typed expressions to closures. What an operation means on zero, absent, sans objet and
undefined values is written here once for the plan, and once more in the tests' oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import assert_never, cast

from qdis_rules.model import typed
from qdis_rules.numbers import (
    NOT_APPLICABLE,
    ZERO,
    CauseKind,
    Exact,
    NotApplicable,
    Rounding,
    Undefined,
    absolute,
    add,
    divide,
    gather,
    multiply,
    negate,
    quotient,
    round_to_step,
    subtract,
)
from qdis_rules.plan.frame import ONE, Code, Frame, ListValue, Value, table_of


class Compiler:
    """Compiles expressions against the slots of a plan."""

    def __init__(self, slots: Mapping[str, int]) -> None:
        self._slots = slots

    def code(self, expr: typed.Expr) -> Code:
        """Return the closure that computes `expr`."""
        match expr:
            case typed.Const(constant):
                return lambda frame: constant
            case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                return self._read(code, back, isinstance(expr, typed.CellValue))
            case typed.RowValue(code):
                return self._read_row(code)
            case typed.ParameterValue(code):
                return lambda frame: frame.parameters[code]
            case typed.YearValue():
                return lambda frame: Decimal(frame.year)
            case typed.Negation(operand):
                inner = self.code(operand)
                return lambda frame: negate(value) if isinstance(value := inner(frame), Decimal | Fraction) else value
            case typed.Sum(terms):
                return _sum([(minus, self.code(term)) for minus, term in terms])
            case typed.Product(factors):
                subject = expr.span.inline
                return _product([(divides, self.code(factor)) for divides, factor in factors], subject)
            case typed.Comparison(left, op, right, margin):
                return _comparison(self.code(left), op, self.code(right), self.margin(margin))
            case typed.Between(value, low, high, margin):
                return _between(self.code(value), self.code(low), self.code(high), self.margin(margin))
            case typed.Not(operand):
                inner = self.code(operand)
                return lambda frame: not value if isinstance(value := inner(frame), bool) else value
            case typed.And(operands):
                return _kleene([self.code(operand) for operand in operands], absorbing=False)
            case typed.Or(operands):
                return _kleene([self.code(operand) for operand in operands], absorbing=True)
            case typed.Conditional(condition, then, otherwise):
                return _conditional(self.code(condition), self.code(then), self.code(otherwise))
            case typed.Fold(function, items):
                return self._fold(function, items)
            case typed.Apply(function, arguments):
                return _apply(function, [self.code(argument) for argument in arguments])
            case typed.Supplied(code, in_row):
                if in_row:
                    table = table_of(code)
                    return lambda frame: (code, frame.rows[table]) in frame.supplied_in_row
                return lambda frame: code in frame.supplied
            case typed.Rows() | typed.Invalid():
                raise AssertionError(f"{expr} never runs by itself")
            case _:
                assert_never(expr)

    def margin(self, margin: typed.Margin | None) -> Margin:
        """Return what computes the tolerance of a comparison from its two sides."""
        if margin is None:
            return lambda frame, left, right: ZERO
        amount = margin.amount
        if margin.per_term:
            cells, lists = margin.cells, margin.lists
            base = self.margin(typed.Margin(amount, margin.relative))

            def per_term(frame: Frame, left: Exact, right: Exact) -> Exact:
                terms = cells
                for table in lists:
                    count = frame.row_counts[table]
                    terms += count if isinstance(count, int) else 0
                return multiply(base(frame, left, right), Decimal(terms))

            return per_term
        if margin.relative:
            return lambda frame, left, right: multiply(amount, max(absolute(left), absolute(right)))
        return lambda frame, left, right: amount

    def _read(self, code: str, back: int, is_cell: bool) -> Code:
        if back == 0:
            slot = self._slots[code]

            def read(frame: Frame) -> Value:
                value = frame.values[slot]
                if isinstance(value, tuple):  # a quotient that nobody needed as one number yet
                    value = frame.values[slot] = quotient(*value)
                return cast(Value, value)

            return read

        def read_past(frame: Frame) -> Value:
            past = frame.past(back)
            if past is None:
                return Undefined.of(CauseKind.NO_YEAR, str(frame.year - back))
            return past.cell(code) if is_cell else past.aggregate(code)

        return read_past

    def _read_row(self, code: str) -> Code:
        slot, table = self._slots[code], table_of(code)

        def read_row(frame: Frame) -> Value:
            column = cast(ListValue, frame.values[slot])
            return column[frame.rows[table]] if isinstance(column, list) else column

        return read_row

    def _fold(self, function: str, items: Sequence[typed.Expr]) -> Code:
        collectors = [self._collector(item) for item in items]
        finish = _FINISH[function]

        def fold(frame: Frame) -> Value:
            values: list[Value] = []
            skipped = 0
            for collect in collectors:
                skipped += collect(frame, values)
            if not values and skipped:
                return NOT_APPLICABLE
            return finish(values)

        return fold

    def _collector(self, item: typed.Expr) -> Callable[[Frame, list[Value]], int]:
        """Return what appends the values of an item and counts those skipped as sans objet."""
        if not isinstance(item, typed.Rows):
            inner = self.code(item)

            def one(frame: Frame, values: list[Value]) -> int:
                value = inner(frame)
                if value is NOT_APPLICABLE:
                    return 1
                values.append(value)
                return 0

            return one
        table = item.table
        value_code = self.code(item.value)
        condition = self.code(item.condition) if item.condition is not None else None

        def keep(frame: Frame, values: list[Value]) -> int:
            kept = condition(frame) if condition is not None else True
            value = value_code(frame) if kept is True else kept
            if value is NOT_APPLICABLE:
                return 1
            if kept is True:
                values.append(value)
            elif isinstance(kept, Undefined):
                values.append(_Unfiltered(kept.causes))
            return 0

        def rows(frame: Frame, values: list[Value]) -> int:
            count = frame.row_counts[table]
            if isinstance(count, NotApplicable):
                return 1
            if isinstance(count, Undefined):
                values.append(_Unfiltered(count.causes))
                return 0
            outer = frame.rows.get(table)
            try:
                return sum(keep(frame, values) for frame.rows[table] in range(count))
            finally:
                if outer is not None:
                    frame.rows[table] = outer  # the row whose formula this is, even after a number too large

        return rows


class _Unfiltered(Undefined):
    """A row whose filter is undefined, or a list not supplied: even counting is undefined."""


Margin = Callable[[Frame, Exact, Exact], Exact]


def _sum(terms: Sequence[tuple[bool, Code]]) -> Code:
    def run(frame: Frame) -> Value:
        total: Exact = ZERO
        values = [code(frame) for _, code in terms]
        for (minus, _), value in zip(terms, values, strict=True):
            if not isinstance(value, Decimal | Fraction):
                return cast(Value, gather(values))
            total = subtract(total, value) if minus else add(total, value)
        return total

    return run


def _product(factors: Sequence[tuple[bool, Code]], subject: str) -> Code:
    def run(frame: Frame) -> Value:
        above: Exact = ONE
        below: Exact = ONE
        values = [code(frame) for _, code in factors]
        for (divides, _), value in zip(factors, values, strict=True):
            if not isinstance(value, Decimal | Fraction):
                return cast(Value, gather(values))
            if divides:
                below = multiply(below, value)
            else:
                above = multiply(above, value)
        if below == 1:
            return above
        if not below:
            return Undefined.of(CauseKind.DIVISION, subject)
        return divide(above, below)  # once, at the end: (a / 3) * 3 is a

    return run


def holds(op: str, gap: Exact, tolerance: Exact) -> bool:
    """Return whether `left op right` holds, given left − right and the tolerance."""
    match op:
        case "=":
            return absolute(gap) <= tolerance
        case "<>":
            return absolute(gap) > tolerance
        case "<=":
            return gap <= tolerance
        case ">=":
            return gap >= negate(tolerance)
        case "<":
            return gap < negate(tolerance)
        case _:
            return gap > tolerance


def _comparison(left: Code, op: str, right: Code, margin: Margin) -> Code:
    def run(frame: Frame) -> Value:
        a, b = left(frame), right(frame)
        none = gather((a, b))
        if none is not None:
            return none
        if isinstance(a, Decimal | Fraction) and isinstance(b, Decimal | Fraction):
            return holds(op, subtract(a, b), margin(frame, a, b))
        if isinstance(a, date) and isinstance(b, date):
            return holds(op, Decimal((a - b).days), ZERO)
        return (a == b) is (op == "=")

    return run


def _between(value: Code, low: Code, high: Code, margin: Margin) -> Code:
    lower = _comparison(value, ">=", low, margin)
    upper = _comparison(value, "<=", high, margin)

    def run(frame: Frame) -> Value:
        none = gather((value(frame), low(frame), high(frame)))
        if none is not None:
            return none
        return lower(frame) is True and upper(frame) is True

    return run


def _kleene(operands: Sequence[Code], absorbing: bool) -> Code:
    """`et` absorbs on False, `ou` on True; then sans objet wins over undefined."""

    def run(frame: Frame) -> Value:
        values = [operand(frame) for operand in operands]
        if any(value is absorbing for value in values):
            return absorbing
        none = gather(values)
        return none if none is not None else not absorbing

    return run


def _conditional(condition: Code, then: Code, otherwise: Code) -> Code:
    def run(frame: Frame) -> Value:
        chosen = condition(frame)
        if chosen is True:
            return then(frame)
        if chosen is False:
            return otherwise(frame)
        return chosen

    return run


def _apply(function: str, arguments: Sequence[Code]) -> Code:
    first = arguments[0]
    match function:
        case "défaut":
            fallback = arguments[1]

            def default(frame: Frame) -> Value:
                value = first(frame)
                if isinstance(value, Undefined | NotApplicable):
                    return fallback(frame)
                return value

            return default
        case "renseigné":
            return lambda frame: not isinstance(first(frame), Undefined | NotApplicable)
        case "abs":
            return lambda frame: absolute(value) if isinstance(value := first(frame), Decimal | Fraction) else value
        case "année":
            return lambda frame: Decimal(value.year) if isinstance(value := first(frame), date) else value
        case "arrondi" | "arrondi_sup" | "arrondi_inf" | "arrondi_pair":
            rounding, step = Rounding(function), arguments[1]

            def rounded(frame: Frame) -> Value:
                value = first(frame)
                if not isinstance(value, Decimal | Fraction):
                    return value
                return round_to_step(value, cast(Exact, step(frame)), rounding)

            return rounded
        case _:
            raise AssertionError(f"{function} is typed and never compiled")


def _numbers(values: Sequence[Value]) -> Undefined | list[Exact]:
    none = gather(values)
    if isinstance(none, Undefined):
        return none
    return [value for value in values if isinstance(value, Decimal | Fraction)]


def _total(values: Sequence[Value]) -> Value:
    numbers = _numbers(values)
    if isinstance(numbers, Undefined):
        return numbers
    total: Exact = ZERO
    for number in numbers:
        total = add(total, number)
    return total


def _mean(values: Sequence[Value]) -> Value:
    total = _total(values)
    if not values:
        return NOT_APPLICABLE
    return divide(total, Decimal(len(values))) if isinstance(total, Decimal | Fraction) else total


def _extreme(pick: Callable[[list[Exact]], Exact]) -> Callable[[Sequence[Value]], Value]:
    def run(values: Sequence[Value]) -> Value:
        numbers = _numbers(values)
        if isinstance(numbers, Undefined):
            return numbers
        return pick(numbers) if numbers else NOT_APPLICABLE

    return run


def _count(values: Sequence[Value]) -> Value:
    """Values present are counted; a row whose filter is undefined makes the count undefined."""
    none = gather([value for value in values if isinstance(value, _Unfiltered)])
    if none is not None:
        return none
    return Decimal(sum(1 for value in values if not isinstance(value, Undefined)))


_FINISH: Mapping[str, Callable[[Sequence[Value]], Value]] = {
    "somme": _total,
    "moyenne": _mean,
    "min": _extreme(min),
    "max": _extreme(max),
    "nombre": _count,
}
