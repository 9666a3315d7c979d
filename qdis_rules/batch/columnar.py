"""The typed ruleset as one function over columns: what runs for many dossiers.

The text is built from the checked model alone, as in `plan.generate`, and computes the same things with
NumPy: amounts as int64 in a decimal scale known beforehand, a quotient as a pair of them, and as float64 with an
error bound what does not fit. Rows that the bound leaves in doubt are marked, for the exact plan.
What is rare in rules is not written at all: it marks every row (`Columnar.whole` says so).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np

from qdis_rules.batch import kernels
from qdis_rules.batch.layout import Wanted
from qdis_rules.evaluation.results import BLOCKING, Origin
from qdis_rules.evaluation.verify import SUFFIX
from qdis_rules.model import typed
from qdis_rules.model.examples import UNREACHED
from qdis_rules.model.types import ChoiceType, ConditionType, DateType, NumberType, TextType, Type
from qdis_rules.numbers import Exact, Rounding
from qdis_rules.plan.plan import Plan

_LIMIT: Final = 2**62
"""Whole numbers and their sums stay under it, or are near numbers."""
ORIGINS: Final = (SUFFIX[Origin.TYPED], SUFFIX[Origin.IMPORTED], SUFFIX[Origin.ACCOUNTS])
"""Where a cell may be given from, first retained first."""
_MOST_ROWS: Final = 1000
"""A dossier with more rows in a list is left to the exact plan: sums over rows are bounded so."""
DAY_ZERO: Final = date(1970, 1, 1)


class _NotWritten(Exception):
    """Something the columnar function does not know."""


@dataclass(frozen=True, slots=True)
class Whole:
    """`text` is an int64 column, or a constant, smaller than `bound`; the value is text / 10**scale."""

    text: str
    scale: int
    bound: int
    state: str = "None"

    @property
    def constant(self) -> int | None:
        return int(self.text) if re.fullmatch(r"-?[0-9]+", self.text) else None


@dataclass(frozen=True, slots=True)
class Ratio:
    """above / below / 10**scale, the denominator positive."""

    above: Whole
    below: Whole
    scale: int
    state: str


@dataclass(frozen=True, slots=True)
class Near:
    """Floats and their error bound; `whole` names the same number modulo 2**64, if it is a whole one."""

    text: str
    error: str
    scale: int
    state: str
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A condition."""

    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Code:
    """A choice (place among all answers), a text (place among those of the batch), or a date (days since 1970)."""

    text: str
    state: str


Number: TypeAlias = Whole | Ratio | Near
Operand: TypeAlias = Number | Flag | Code


@dataclass(frozen=True, slots=True)
class Column:
    """How the values of an input column come: whole numbers at `scale`, smaller than `bound`.

    A `quotient` comes as a numerator and a positive denominator, both smaller. They are what is written,
    with `decimals`, times `factor`.
    """

    scale: int = 0
    bound: int = 0
    factor: int = 1
    decimals: int = 0
    quotient: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """Which inputs there are.

    `given` are fixed cells by origin (typed, imported, accounts), `lists` columns of lists, `past` cells and aggregates
    of so many years ago; `reached`: whether accounts reached a cell. `complete`: every row has a value in every column,
    of which nothing needs then be asked.
    """

    given: Mapping[str, Mapping[str, Column]]
    lists: Mapping[str, Mapping[str, Column]]
    past: Mapping[tuple[str, int], Column]
    reached: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Columnar:
    """The function, what it reads, in order, and why it leaves every row to the exact plan, if it does.

    `run(inputs, outputs, size, doubt, bad)` writes the wanted results: of a value (numbers or codes, states),
    of a check (verdicts, 255 where there is none). `scales` are those the values of numbers are written at.
    """

    run: Callable[..., None]
    inputs: tuple[tuple[str, ...], ...]
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


def power(number: Fraction) -> tuple[int, int] | None:
    """Return (n, scale) such that number = n / 10**scale, None when it does not end."""
    scale = 0
    while number.denominator != 1:
        number *= 10
        scale += 1
        if scale > 40:
            return None
    while scale == 0 and number and number % 10 == 0 and abs(number) >= 10:
        break
    return int(number), scale


class _Writer:
    def __init__(self, plan: Plan, shape: Shape, answers: Mapping[str, int]) -> None:
        self.plan = plan
        self.ruleset = plan.ruleset
        self.shape = shape
        self.lines: list[str] = []
        self.inputs: dict[tuple[str, ...], str] = {}
        self.names: dict[str, object] = {"np": np, "Rounding": Rounding}
        self.names.update({name: getattr(kernels, name) for name in kernels.__dict__ if not name.startswith("_")})
        self.operands: dict[str, Operand] = {}
        self.gates: dict[str, Flag] = {}
        self.table: str | None = None
        self._shared: dict[str | None, dict[str, str]] = {}
        self._at_rows: dict[str, dict[Operand, Operand]] = {}
        self.counts: dict[str, str] = {}
        self.answers = answers
        self._count = 0

    # --- text ---

    def line(self, text: str) -> None:
        self.lines.append(text)

    def fresh(self, letter: str = "v") -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def named(self, text: str, letter: str = "v") -> str:
        if re.fullmatch(r"[a-z]+[0-9]+|-?[0-9]+|None", text):
            return text
        name = self.fresh(letter)
        self.line(f"{name} = {text}")
        return name

    def once(self, text: str, letter: str) -> str:
        """Return a name for an expression written before, or now."""
        shared = self._shared.setdefault(self.table, {})
        if text not in shared:
            shared[text] = self.named(text, letter)
        return shared[text]

    def input(self, *what: str) -> str:
        if what[0] in ("state", "count") and self.shape.complete:
            return "None"
        if what not in self.inputs:
            self.inputs[what] = self.fresh("i")
        return self.inputs[what]

    @property
    def size(self) -> str:
        return "n" if self.table is None else f"len({self.rows(self.table)})"

    def worst(self, *states: str) -> str:
        kept = sorted({state for state in states if state != "None"})
        if len(kept) < 2:
            return kept[0] if kept else "None"
        return self.once(f"worst({', '.join(kept)})", "s")

    # --- inputs ---

    def column(self, kind: Type, column: Column, *what: str) -> Operand:
        """Return the operand of an input column."""
        state = self.input("state", *what)
        text = self.input("value", *what)
        if column.quotient:
            below = Whole(self.input("below", *what), 0, column.bound)
            return Ratio(Whole(text, 0, column.bound), below, column.scale, state)
        if isinstance(kind, NumberType):
            return Whole(text, column.scale, column.bound, state)
        return Flag(text, state) if isinstance(kind, ConditionType) else Code(text, state)

    def absent(self, kind: Type, state: str | None = None) -> Operand:
        """Return the operand of what no column gives."""
        state = state or self.once(f"np.ones({self.size}, np.uint8)", "s")
        if isinstance(kind, NumberType):
            return Whole("0", 0, 0, state)
        zeros = self.once(f"np.zeros({self.size}, {'bool' if isinstance(kind, ConditionType) else 'np.int64'})", "v")
        return Flag(zeros, state) if isinstance(kind, ConditionType) else Code(zeros, state)

    def given_states(self, table: str, origins: Sequence[str] = ORIGINS) -> list[str]:
        """Return the names of the states of the columns that give cells of a table."""
        return [
            self.input("state", origin, code)
            for code in self.ruleset.tables[table].cells
            for origin in origins
            if origin in self.shape.given.get(code, ())
        ]

    def is_filled(self, table: str) -> str:
        """Return the name of where some cell of a table is given."""
        return self.once(f"any_given(n, [{', '.join(self.given_states(table))}])", "b")

    def sources(self, cell: typed.Cell) -> dict[str, Operand]:
        """Return what columns give a cell, by origin, first retained first; last year's closing included."""
        found = {
            origin: self.column(cell.type, column, origin, cell.code)
            for origin, column in self.shape.given.get(cell.code, {}).items()
        }
        carried = self.carried(cell)
        if carried is not None:
            found[SUFFIX[Origin.CARRIED]] = carried
        return found

    def entered(self, cell: typed.Cell) -> Operand:
        """Return what the dossier gives an entered cell, before its table's gate."""
        sources = list(self.sources(cell).values())
        given = self.absent(cell.type)
        zero = self.ruleset.tables[cell.table].empty_is_zero and isinstance(cell.type, NumberType)
        if zero and self.given_states(cell.table):
            given = Whole("0", 0, 0, self.once(f"unfilled({self.is_filled(cell.table)}, n)", "s"))
        for source in reversed(sources):
            if isinstance(source, Whole) and isinstance(given, Whole) and given.constant == 0:
                state = self.once(f"both({source.state}, {given.state})", "s")  # a number absent comes as zero
                given = Whole(source.text, source.scale, source.bound, state)
                continue
            there = self.once(f"is_present({source.state}, n)", "b")
            given = self.chosen(Flag(there, "None"), _with_state(source, "None"), given)
        return given

    def carried(self, cell: typed.Cell) -> Operand | None:
        """Return last year's closing for a cell that takes it over, None when no column gives it."""
        if cell.carried_from is None:
            return None
        column = self.shape.past.get((cell.carried_from, 1))
        if column is None:
            return None
        found = self.column(self.ruleset.cells[cell.carried_from].type, column, "past", cell.carried_from, "1")
        return _with_state(found, self.once(f"missing({found.state})", "s"))

    def slot(self, code: str) -> Operand:
        """Return the operand of a fixed cell or an aggregate, in the rows at hand."""
        found = self.operands.get(code)
        if found is None:
            cell = self.ruleset.cells[code]
            with self.at(None):
                found = self.entered(cell)
                gate = self.gates.get(cell.table)
                if gate is not None:
                    found = _with_state(found, self.gated(gate, found.state))
            self.operands[code] = found
        return self.here(found)

    def gated(self, gate: Flag, state: str) -> str:
        return self.once(f"gated_state({gate.text}, {gate.state}, {state})", "s")

    def here(self, found: Operand) -> Operand:
        """Return an operand of dossiers as one of the rows at hand."""
        if self.table is None:
            return found
        known = self._at_rows.setdefault(self.table, {})
        if found not in known:
            rows = self.rows(self.table)

            def spread(text: str) -> str:
                constant = text == "None" or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
                return text if constant else self.once(f"at_rows({text}, {rows})", text[0])

            match found:
                case Whole(text, scale, bound, state):
                    made: Operand = Whole(spread(text), scale, bound, spread(state))
                case Ratio(above, below, scale, state):
                    made = Ratio(
                        Whole(spread(above.text), above.scale, above.bound),
                        Whole(spread(below.text), below.scale, below.bound),
                        scale,
                        spread(state),
                    )
                case Near(text, error, scale, state, whole):
                    made = Near(spread(text), spread(error), scale, spread(state), whole and spread(whole))
                case Flag(text, state):
                    made = Flag(spread(text), spread(state))
                case Code(text, state):
                    made = Code(spread(text), spread(state))
            known[found] = made
        return known[found]

    # --- lists ---

    def rows(self, table: str) -> str:
        """Return the name of the dossier of each row of a list."""
        return self.input("rows", table)

    def count(self, table: str) -> str:
        """Return the name of the state of the number of rows of a list."""
        if table not in self.counts:
            with self.at(None):
                given = table in self.shape.lists
                state = self.input("count", table) if given else self.once("np.ones(n, np.uint8)", "s")
                gate = self.gates.get(table)
                self.counts[table] = self.gated(gate, state) if gate is not None else state
        return self.counts[table]

    @contextmanager
    def at(self, table: str | None) -> Iterator[None]:
        """Write of the rows of a list, or of dossiers (None)."""
        outer, self.table = self.table, table
        yield
        self.table = outer

    def list_column(self, code: str) -> Operand:
        cell = self.ruleset.cells[code]
        if cell.table != self.table:
            raise _NotWritten("a row of another list")
        found = self.operands.get(code)
        if found is None:
            column = self.shape.lists[cell.table].get(cell.column)
            zero = self.ruleset.tables[cell.table].empty_is_zero and isinstance(cell.type, NumberType)
            if column is None:
                name = self.named(f"np.ones({self.size}, np.uint8)", "s")
                found = Whole("0", 0, 0) if zero else self.absent(cell.type, name)
            else:
                found = self.column(cell.type, column, "list", cell.table, cell.column)
                if zero:
                    found = _with_state(found, "None")  # a number absent comes as zero
            self.operands[code] = found
        return found

    # --- numbers ---

    def number(self, expr: typed.Expr) -> Number:
        match expr:
            case (
                typed.Const()
                | typed.ParameterValue()
                | typed.CellValue()
                | typed.AggregateValue()
                | typed.RowValue()
                | typed.Conditional()
                | typed.Apply("défaut")
            ):
                found = self.value(expr)
                assert isinstance(found, Whole | Ratio | Near)
                return found
            case typed.YearValue():
                return self.constant(Decimal(self.ruleset.year))
            case typed.Negation(operand):
                return self.times(self.number(operand), -1)
            case typed.Sum(terms):
                return self.sum([(-1 if minus else 1, self.number(term)) for minus, term in terms])
            case typed.Product(factors):
                return self.product([(divides, self.number(factor)) for divides, factor in factors])
            case typed.Apply("abs", (operand,)):
                return self.absolute(self.number(operand))
            case typed.Apply("année", (operand,)):
                day = self.value(operand)
                assert isinstance(day, Code)
                years = f"{day.text}.astype('datetime64[D]').astype('datetime64[Y]').astype(np.int64) + 1970"
                return Whole(self.named(years), 0, 10_000, day.state)
            case typed.Apply(("arrondi" | "arrondi_sup" | "arrondi_inf" | "arrondi_pair") as function, (operand, step)):
                if not (isinstance(step, typed.Const) and isinstance(step.value, Decimal | Fraction)):
                    raise _NotWritten("a rounding step that is computed")
                return self.rounded(self.number(operand), Fraction(step.value), Rounding(function))
            case typed.Fold(function, items):
                return self.fold(function, items)
            case _:
                raise _NotWritten(type(expr).__name__)

    def constant(self, value: Exact) -> Number:
        exact = Fraction(value)
        found = power(exact)
        if found is not None and abs(found[0]) < _LIMIT:
            return Whole(str(found[0]), found[1], abs(found[0]))
        if max(abs(exact.numerator), exact.denominator) >= _LIMIT:
            raise _NotWritten("a constant that long")
        above, below = Whole(str(exact.numerator), 0, abs(exact.numerator)), Whole(str(exact.denominator), 0, exact.denominator)
        return Ratio(above, below, 0, "None")

    def array(self, text: str) -> str:
        """Return the name of a column, for a constant too."""
        return self.once(f"np.full({self.size}, {text})", "v") if re.fullmatch(r"-?[0-9]+", text) else text

    def scaled(self, whole: Whole, factor: int) -> str:
        """Return the text of a whole number times an int."""
        if whole.constant is not None:
            return str(whole.constant * factor)
        if factor in (1, -1):
            return whole.text if factor == 1 else self.named(f"-{whole.text}")
        return self.named(f"{whole.text} * {factor}")

    def times(self, number: Number, factor: int, scale: int = 0) -> Number:
        """Return number * factor / 10**scale."""
        if factor == 1 and scale == 0:
            return number
        match number:
            case Whole(_, of, bound, state):
                if bound * abs(factor) < _LIMIT:
                    return Whole(self.scaled(number, factor), of + scale, bound * abs(factor), state)
                return self.times(self.near(number), factor, scale)
            case Ratio(above, below, of, state):
                made = self.times(above, factor)
                if isinstance(made, Whole):
                    return Ratio(made, below, of + scale, state)
                return self.times(self.near(number), factor, scale)
            case Near(text, error, of, state, whole):
                f, e = self.fresh("f"), self.fresh("e")
                self.line(f"{f}, {e} = near_sum([({factor}.0, {text}, {error})])")
                wrapped = self.named(f"{whole} * {factor}") if whole and abs(factor) < _LIMIT else None
                return Near(f, e, of + scale, state, wrapped)

    def near(self, number: Number) -> Near:
        match number:
            case Near():
                return number
            case Whole(text, scale, bound, state):
                column = self.array(text)
                name = self.once(f"near({column})", "p")
                return Near(f"{name}[0]", f"{name}[1]", scale, state, column)
            case Ratio(above, below, scale, state):
                name = self.once(f"near_of_ratio({self.array(above.text)}, {self.array(below.text)})", "p")
                return Near(f"{name}[0]", f"{name}[1]", scale, state)

    def sum(self, terms: Sequence[tuple[int, Number]]) -> Number:
        if len(terms) == 1:
            return self.times(terms[0][1], terms[0][0])
        state = self.worst(*(term.state for _, term in terms))
        wholes = [(sign, term) for sign, term in terms if isinstance(term, Whole)]
        if len(wholes) == len(terms):
            return self.whole_sum(wholes, state) or self.near_sum(terms, state)
        ratios = [(sign, term) for sign, term in terms if isinstance(term, Ratio)]
        belows = {(ratio.below, ratio.scale) for _, ratio in ratios}
        if len(ratios) + len(wholes) == len(terms) and len(belows) == 1:
            ((below, scale),) = belows
            parts = [(sign, ratio.above) for sign, ratio in ratios]
            for sign, whole in wholes:  # w = w * below / below, at the scale of the ratio
                product = self.whole_product(whole, below)
                if product is None:
                    return self.near_sum(terms, state)
                parts.append((sign, Whole(product.text, product.scale - scale, product.bound)))
            made = self.whole_sum(parts, "None")
            if made is not None:
                return Ratio(Whole(made.text, 0, made.bound), below, scale + made.scale, state)
        return self.near_sum(terms, state)

    def whole_sum(self, terms: Sequence[tuple[int, Whole]], state: str) -> Whole | None:
        scale = max(term.scale for _, term in terms)
        bound = sum(term.bound * 10 ** (scale - term.scale) for _, term in terms)
        if bound >= _LIMIT:
            return None
        fixed = 0
        parts: list[tuple[int, str]] = []
        for sign, term in terms:
            factor = 10 ** (scale - term.scale)
            if term.constant is not None:
                fixed += sign * term.constant * factor
            else:
                parts.append((sign, self.scaled(term, factor)))
        if not parts:
            return Whole(str(fixed), scale, abs(fixed), state)
        parts.sort(key=lambda part: -part[0])
        total = self.fresh()
        (first, one), *rest = parts
        if not rest:
            return Whole(self.named(f"{'-' if first < 0 else ''}{one}{fixed:+d}" if fixed else f"{'-' if first < 0 else ''}{one}"), scale, bound, state)
        (second, other), *rest = rest
        self.line(f"{total} = {'-' if first < 0 else ''}{one} {'-' if second < 0 else '+'} {other}")
        for sign, text in rest:
            self.line(f"{total} {'-' if sign < 0 else '+'}= {text}")
        if fixed:
            self.line(f"{total} += {fixed}")
        return Whole(total, scale, bound, state)

    def near_sum(self, terms: Sequence[tuple[int, Number]], state: str) -> Near:
        nears = [(sign, self.near(term)) for sign, term in terms]
        scale = max(term.scale for _, term in nears)
        parts = [f"({sign * 10 ** (scale - term.scale)}.0, {term.text}, {term.error})" for sign, term in nears]
        f, e = self.fresh("f"), self.fresh("e")
        self.line(f"{f}, {e} = near_sum([{', '.join(parts)}])")
        whole = None
        if all(term.whole is not None and scale - term.scale < 19 for _, term in nears):
            texts = [f"{sign * 10 ** (scale - term.scale)} * {term.whole}" for sign, term in nears]
            whole = self.named(" + ".join(texts))
        return Near(f, e, scale, state, whole)

    def whole_product(self, one: Whole, other: Whole) -> Whole | None:
        bound = one.bound * other.bound
        if bound >= _LIMIT:
            return None
        state = self.worst(one.state, other.state)
        if one.constant is not None and other.constant is not None:
            return Whole(str(one.constant * other.constant), one.scale + other.scale, bound, state)
        if one.constant is not None:
            one, other = other, one
        text = self.scaled(one, other.constant) if other.constant is not None else self.named(f"{one.text} * {other.text}")
        return Whole(text, one.scale + other.scale, bound, state)

    def multiplied(self, one: Number, other: Number) -> Number:
        state = self.worst(one.state, other.state)
        if isinstance(one, Whole) and isinstance(other, Whole):
            made = self.whole_product(one, other)
            if made is not None:
                return made
        elif not isinstance(one, Near) and not isinstance(other, Near):
            a, b = self.pair(one), self.pair(other)
            above, below = self.whole_product(a.above, b.above), self.whole_product(a.below, b.below)
            if above is not None and below is not None:
                return Ratio(Whole(above.text, 0, above.bound), below, a.scale + b.scale, state)
        a_near, b_near = self.near(one), self.near(other)
        f, e = self.fresh("f"), self.fresh("e")
        self.line(f"{f}, {e} = near_product(({a_near.text}, {a_near.error}), ({b_near.text}, {b_near.error}))")
        whole = None
        if a_near.whole is not None and b_near.whole is not None:
            whole = self.named(f"{a_near.whole} * {b_near.whole}")
        return Near(f, e, a_near.scale + b_near.scale, state, whole)

    def pair(self, number: Whole | Ratio) -> Ratio:
        if isinstance(number, Ratio):
            return number
        return Ratio(Whole(number.text, 0, number.bound), Whole("1", 0, 1), number.scale, number.state)

    def product(self, factors: Sequence[tuple[bool, Number]]) -> Number:
        above = [factor for divides, factor in factors if not divides]
        below = [factor for divides, factor in factors if divides]
        top: Number = above[0] if above else Whole("1", 0, 1)
        for factor in above[1:]:
            top = self.multiplied(top, factor)
        if not below:
            return top
        bottom = below[0]
        for factor in below[1:]:
            bottom = self.multiplied(bottom, factor)
        return self.quotient(top, bottom)

    def quotient(self, top: Number, bottom: Number) -> Number:
        state = self.worst(top.state, bottom.state)
        if not isinstance(top, Near) and not isinstance(bottom, Near):
            if isinstance(bottom, Whole) and bottom.constant:
                inverse = power(Fraction(1, bottom.constant))
                if inverse is not None:
                    made = self.times(top, inverse[0], inverse[1] - bottom.scale)
                    return _with_state(made, state)  # type: ignore[return-value]
            a, b = self.pair(top), self.pair(bottom)
            above, below = self.whole_product(a.above, b.below), self.whole_product(a.below, b.above)
            if above is not None and below is not None:
                n, d, s = self.fresh(), self.fresh(), self.fresh("s")
                if below.constant is not None and below.constant > 0:
                    return Ratio(Whole(above.text, 0, above.bound), below, a.scale - b.scale, state)
                self.line(f"{n}, {d}, {s} = divided({self.array(above.text)}, {self.array(below.text)}, {state})")
                return Ratio(Whole(n, 0, above.bound), Whole(d, 0, max(below.bound, 1)), a.scale - b.scale, s)
        a_near, b_near = self.near(top), self.near(bottom)
        f, e, s = self.fresh("f"), self.fresh("e"), self.fresh("s")
        pairs = f"({a_near.text}, {a_near.error}), ({b_near.text}, {b_near.error})"
        self.line(f"{f}, {e}, {s} = near_quotient({pairs}, {state}, {self.doubt})")
        self.settle()
        return Near(f, e, a_near.scale - b_near.scale, s)

    @property
    def doubt(self) -> str:
        """Return the name of where rows in doubt are marked: of dossiers, or of rows of a list."""
        if self.table is None:
            return "F"
        return self.once(f"np.zeros({self.size}, bool)", "d")

    def settle(self) -> None:
        """Mark the dossiers of the rows in doubt."""
        if self.table is not None:
            self.line(f"F[{self.rows(self.table)}[{self.doubt}]] = True")

    def absolute(self, number: Number) -> Number:
        match number:
            case Whole(text, scale, bound, state):
                if number.constant is not None:
                    return Whole(str(abs(number.constant)), scale, bound, state)
                return Whole(self.named(f"np.abs({text})"), scale, bound, state)
            case Ratio(above, below, scale, state):
                made = self.absolute(above)
                assert isinstance(made, Whole)
                return Ratio(made, below, scale, state)
            case Near(text, error, scale, state):
                return Near(self.named(f"np.abs({text})", "f"), error, scale, state)

    def rounded(self, number: Number, step: Fraction, rounding: Rounding) -> Number:
        """Return number rounded to a multiple of step."""
        unit = power(step)
        if unit is None or step <= 0:
            raise _NotWritten("a rounding step that does not end")
        count = self.steps(number, step, rounding)
        bound = 2**51  # more is in doubt
        if isinstance(number, Whole):
            bound = int(Fraction(number.bound) / Fraction(10) ** number.scale / step) + 1
        made = self.times(Whole(count, 0, bound, number.state), unit[0], unit[1])
        return made

    def steps(self, number: Number, step: Fraction, rounding: Rounding) -> str:
        """Return the name of how many steps a number rounds to."""
        state = number.state
        size = step * Fraction(10) ** number.scale  # text / size steps
        match number:
            case Whole(text, _, bound, _):
                if size.numerator == 1 and bound * size.denominator < _LIMIT:
                    return self.scaled(number, size.denominator)
                if bound * size.denominator < _LIMIT and 2 * size.numerator < _LIMIT:
                    column = self.array(self.scaled(number, size.denominator))
                    return self.named(f"rounded_whole({column}, {size.numerator}, Rounding.{rounding.name})")
            case Ratio(above, below, _, _):
                if below.bound * size.numerator < 2**60 and size.denominator < _LIMIT:
                    name = self.named(
                        f"rounded_ratio({self.array(above.text)}, {self.array(below.text)}, {size.denominator}, "
                        f"{size.numerator}, Rounding.{rounding.name}, {state}, {self.doubt})"
                    )
                    self.settle()
                    return name
            case Near():
                pass
        near = self.near(number)
        times = size.denominator / size.numerator
        name = self.named(f"rounded_near({near.text}, {near.error}, {times!r}, Rounding.{rounding.name}, {state}, {self.doubt})")
        self.settle()
        return name

    # --- folds ---

    def fold(self, function: str, items: Sequence[typed.Expr]) -> Number:
        if any(isinstance(item, typed.Rows) for item in items):
            if self.table is not None:
                if any(_reads_outer_row(item) for item in items):
                    raise _NotWritten("a list inside another")
                with self.at(None):
                    found = self.fold_rows(function, items)
                return self.here(found)  # type: ignore[return-value]
            return self.fold_rows(function, items)
        if function == "nombre":
            states = [self.value(item).state for item in items]
            found = f"count_of({', '.join([self.size, *states])})"
            return Whole(self.named(found), 0, len(items), self.named(f"count_state({', '.join(states)})", "s"))
        numbers = [self.number(item) for item in items]
        if not numbers:
            if function == "somme":
                return Whole("0", 0, 0)
            return Whole("0", 0, 0, self.once(f"np.full({self.size}, 2, np.uint8)", "s"))
        states = [number.state for number in numbers]
        state = "None" if set(states) == {"None"} else self.once(f"fold_state({', '.join(states)})", "s")
        if function in ("somme", "moyenne"):
            total = self.sum([(1, self.filled_with(number, "0")) for number in numbers])
            if function == "somme":
                return _with_state(total, state)  # type: ignore[return-value]
            if set(states) == {"None"}:
                return _with_state(self.quotient(total, Whole(str(len(numbers)), 0, len(numbers))), state)  # type: ignore[return-value]
            count = Whole(self.named(f"np.maximum(count_of({', '.join([self.size, *states])}), 1)"), 0, len(numbers))
            return _with_state(self.quotient(_with_state(total, "None"), count), state)  # type: ignore[arg-type,return-value]
        return self.extreme(function, numbers, state)

    def filled_with(self, number: Number, neutral: str) -> Number:
        """Return a number, `neutral` where there is none, always a value."""
        if number.state == "None":
            return number
        match number:
            case Whole(text, scale, bound, state):
                if number.constant == int(neutral):
                    return Whole(text, scale, bound)
                return Whole(self.once(f"without({self.array(text)}, {state}, {neutral})", "v"), scale, bound)
            case Ratio(above, below, scale, state):
                text = f"without({self.array(above.text)}, {state}, {neutral})"
                return Ratio(Whole(self.named(text), 0, above.bound), below, scale, "None")
            case Near(text, error, scale, state, whole):
                f = self.named(f"without({text}, {state}, {neutral})", "f")
                e = self.named(f"without({error}, {state}, 0.0)", "e")
                return Near(f, e, scale, "None", self.named(f"without({whole}, {state}, {neutral})") if whole else None)

    def extreme(self, function: str, numbers: Sequence[Number], state: str) -> Number:
        huge = _LIMIT - 1 if function == "min" else 1 - _LIMIT
        wholes = [number for number in numbers if isinstance(number, Whole)]
        if len(wholes) == len(numbers):
            scale = max(number.scale for number in wholes)
            bound = max(number.bound * 10 ** (scale - number.scale) for number in wholes)
            if bound < _LIMIT:
                texts = []
                for number in wholes:
                    text = self.scaled(number, 10 ** (scale - number.scale))
                    texts.append(text if number.state == "None" else f"without({self.array(text)}, {number.state}, {huge})")
                made = self.array(texts[0])
                for text in texts[1:]:
                    made = f"np.{function}imum({made}, {text})"
                return Whole(self.named(made), scale, bound, state)
        nears = [self.near(number) for number in numbers]
        scale = max(near.scale for near in nears)
        parts = []
        for near in nears:
            at = self.times(near, 10 ** (scale - near.scale))
            assert isinstance(at, Near)
            limit = "np.inf" if function == "min" else "-np.inf"
            parts.append(f"(without({at.text}, {at.state}, {limit}), without({at.error}, {at.state}, 0.0))")
        f, e = self.fresh("f"), self.fresh("e")
        self.line(f"{f}, {e} = near_extreme({function!r}, [{', '.join(parts)}])")
        return Near(f, e, scale, state)

    def fold_rows(self, function: str, items: Sequence[typed.Expr]) -> Number:
        undefined: list[str] = []
        present: list[str] = []
        skipped: list[str] = []
        counts: list[str] = []
        parts: list[Number] = []
        for item in items:
            if not isinstance(item, typed.Rows):
                each = self.value(item)
                state = self.once(f"np.zeros(n, np.uint8) if {each.state} is None else {each.state}", "s")
                undefined.append("np.False_" if function == "nombre" else f"({state} == 1)")
                skipped.append(f"({state} == 2)")
                present.append(f"({state} != 2)" if function == "nombre" else f"({state} == 0)")
                counts.append(f"({state} == 0).astype(np.int64)")
                if function != "nombre":
                    assert isinstance(each, Whole | Ratio | Near)
                    parts.append(self.filled_with(each, "0"))
                continue
            part, state = self.rows_of(function, item)
            present.append(f"{state}[3]")
            undefined.append(f"{state}[1]")
            skipped.append(f"{state}[2]")
            counts.append(f"{state}[0]")
            parts.append(part)
        if function not in ("somme", "nombre"):
            skipped = ["np.True_"]  # nothing has no mean, whether something was skipped or not
        of = [f"[{', '.join(group)}]" for group in (undefined, present, skipped)]
        state = self.named(f"items_state({', '.join(of)})", "s")
        if function == "nombre":
            return Whole(self.named(" + ".join(counts)), 0, _MOST_ROWS * len(items), state)
        if function in ("min", "max"):
            there = [self.named(f"np.where({count} > 0, 0, 2).astype(np.uint8)", "s") for count in counts]
            of_items = [_with_state(part, each) for part, each in zip(parts, there, strict=True)]
            return self.extreme(function, of_items, state)  # type: ignore[arg-type]
        total = self.sum([(1, part) for part in parts])
        if function == "somme":
            return _with_state(total, state)  # type: ignore[return-value]
        size = self.named(f"np.maximum({' + '.join(counts)}, 1)")
        mean = self.quotient(_with_state(total, "None"), Whole(size, 0, _MOST_ROWS * len(items)))  # type: ignore[arg-type]
        return _with_state(mean, state)  # type: ignore[return-value]

    def rows_of(self, function: str, item: typed.Rows) -> tuple[Number, str]:
        """Return what the rows of an item add up to, and the name of what is known of them."""
        count = self.count(item.table)
        if item.table not in self.shape.lists:
            name = self.named(f"(np.zeros(n, np.int64), {count} == 1, {count} == 2, np.False_)", "t")
            return Whole("0", 0, 0), name
        offsets = self.input("offsets", item.table)
        with self.at(item.table):
            if function == "nombre" and not isinstance(item.value.type, NumberType):
                number: Number = Whole("0", 0, 0, self.value(item.value).state)
            else:
                number = self.number(item.value)
            state = number.state
            if function == "nombre" and state != "None":
                state = self.named(f"uncounted({state})", "s")
            if item.condition is not None:
                kept = self.flag(item.condition)
                state = self.named(f"kept_state({kept.text}, {kept.state}, {state}, {self.size})", "s")
            if count != "None":
                state = self.named(f"open_rows({state}, {count}, {self.rows(item.table)})", "s")
            name = self.named(f"rows_state({state}, {self.size}, {offsets}, {count})", "t")
            if function == "nombre":
                return Whole("0", 0, 0), name
            number = _with_state(number, state)  # type: ignore[assignment]
            if function in ("min", "max"):
                pick = f"segment_extreme(np.{function}imum"
                if isinstance(number, Whole):
                    huge = _LIMIT - 1 if function == "min" else 1 - _LIMIT
                    text = f"without({self.array(number.text)}, {state}, {huge})"
                    return Whole(self.named(f"{pick}, {text}, {offsets}, 0)"), number.scale, number.bound), name
                near = self.near(number)
                huge_float = "np.inf" if function == "min" else "-np.inf"
                text = f"without({near.text}, {state}, {huge_float})"
                error = f"without({near.error} + np.zeros({self.size}), {state}, 0.0)"
                return (
                    Near(
                        self.named(f"{pick}, {text}, {offsets}, 0.0)", "f"),
                        self.named(f"segment_extreme(np.maximum, {error}, {offsets}, 0.0)", "e"),
                        near.scale,
                        "None",
                    ),
                    name,
                )
            number = self.filled_with(number, "0")
            if isinstance(number, Whole) and number.bound * _MOST_ROWS < _LIMIT:
                text = f"segment_sum({self.array(number.text)}, {offsets})"
                return Whole(self.named(text), number.scale, number.bound * _MOST_ROWS), name
            near = self.near(number)
            f, e = self.fresh("f"), self.fresh("e")
            self.line(f"{f}, {e} = segment_near({near.text}, {near.error}, {offsets})")
            whole = self.named(f"segment_sum({near.whole}, {offsets})") if near.whole else None
            return Near(f, e, near.scale, "None", whole), name

    # --- values of any kind ---

    def value(self, expr: typed.Expr) -> Operand:
        match expr:
            case typed.CellValue(code, 0) | typed.AggregateValue(code, 0):
                return self.slot(code)
            case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                return self.past(code, back, expr.type)
            case typed.RowValue(code):
                return self.list_column(code)
            case typed.Const(constant):
                return self.constant_of(constant, expr.type)
            case typed.ParameterValue(code):
                dated = self.ruleset.parameters[code].value_for(self.ruleset.year)
                if dated is None or dated.value is None:
                    return self.absent(expr.type)
                return self.constant_of(dated.value, expr.type)
            case typed.Conditional(condition, then, otherwise):
                return self.chosen(self.flag(condition), self.value(then), self.value(otherwise))
            case typed.Apply("défaut", (first, fallback)):
                one = self.value(first)
                if one.state == "None":
                    return one
                other = self.value(fallback)
                present = self.once(f"is_present({one.state}, {self.size})", "b")
                made = self.chosen(Flag(present, "None"), _with_state(one, "None"), _with_state(other, "None"))
                return _with_state(made, self.once(f"default_state({one.state}, {other.state})", "s"))
            case _ if isinstance(expr.type, NumberType):
                return self.number(expr)
            case _:
                return self.flag(expr)

    def constant_of(self, constant: object, kind: Type) -> Operand:
        match constant:
            case bool():
                return Flag(self.once(f"np.full({self.size}, {constant})", "b"), "None")
            case date():
                return Code(str((constant - DAY_ZERO).days), "None")
            case str():
                if isinstance(kind, ChoiceType):
                    return Code(str(self.answers[constant]), "None")
                return Code(self.once(f"np.full({self.size}, {self.input('text', constant)})", "v"), "None")
            case Decimal() | Fraction():
                return self.constant(constant)
            case _:
                raise _NotWritten(type(constant).__name__)

    def past(self, code: str, back: int, kind: Type) -> Operand:
        column = self.shape.past.get((code, back))
        if column is None:
            with self.at(None):
                found = self.absent(kind)
            return self.here(found)
        return self.here(self.column(kind, column, "past", code, str(back)))

    def chosen(self, condition: Flag, one: Operand, other: Operand) -> Operand:
        """Return `one` where the condition holds, `other` elsewhere."""
        state = self.named(
            f"conditional_state({condition.text}, {condition.state}, {one.state}, {other.state})"
            if (condition.state, one.state, other.state) != ("None",) * 3
            else "None",
            "s",
        )
        match one, other:
            case Flag(), Flag():
                return Flag(self.named(f"np.where({condition.text}, {one.text}, {other.text})", "b"), state)
            case Code(), Code():
                return Code(self.named(f"np.where({condition.text}, {one.text}, {other.text})"), state)
            case Whole(), Whole():
                scale = max(one.scale, other.scale)
                bounds = [each.bound * 10 ** (scale - each.scale) for each in (one, other)]
                if max(bounds) < _LIMIT:
                    texts = [self.scaled(each, 10 ** (scale - each.scale)) for each in (one, other)]
                    text = self.named(f"np.where({condition.text}, {texts[0]}, {texts[1]})")
                    return Whole(text, scale, max(bounds), state)
            case (Whole() | Ratio()), (Whole() | Ratio()):
                a, b = self.pair(one), self.pair(other)
                if a.scale < b.scale:
                    a = self.rescaled(a, b.scale)
                elif b.scale < a.scale:
                    b = self.rescaled(b, a.scale)
                if a.above.bound < _LIMIT and b.above.bound < _LIMIT:
                    above = self.named(f"np.where({condition.text}, {a.above.text}, {b.above.text})")
                    below = self.named(f"np.where({condition.text}, {a.below.text}, {b.below.text})")
                    return Ratio(
                        Whole(above, 0, max(a.above.bound, b.above.bound)),
                        Whole(below, 0, max(a.below.bound, b.below.bound)),
                        a.scale,
                        state,
                    )
            case _:
                pass
        assert isinstance(one, Whole | Ratio | Near)
        assert isinstance(other, Whole | Ratio | Near)
        a_near, b_near = self.near(one), self.near(other)
        scale = max(a_near.scale, b_near.scale)
        first, second = self.times(a_near, 10 ** (scale - a_near.scale)), self.times(b_near, 10 ** (scale - b_near.scale))
        assert isinstance(first, Near)
        assert isinstance(second, Near)
        f, e = self.fresh("f"), self.fresh("e")
        pairs = f"({first.text}, {first.error}), ({second.text}, {second.error})"
        self.line(f"{f}, {e} = chosen_near({condition.text}, {pairs})")
        return Near(f, e, scale, state)

    def rescaled(self, ratio: Ratio, scale: int) -> Ratio:
        factor = 10 ** (scale - ratio.scale)
        above = Whole("0", 0, _LIMIT)
        if ratio.above.bound * factor < _LIMIT:
            above = Whole(self.scaled(ratio.above, factor), 0, ratio.above.bound * factor)
        return Ratio(above, ratio.below, scale, ratio.state)

    # --- conditions ---

    def flag(self, expr: typed.Expr) -> Flag:
        match expr:
            case typed.Comparison(left, op, right, margin):
                if isinstance(left.type, NumberType):
                    return self.compared(self.number(left), op, self.number(right), margin)
                return self.same(self.value(left), op, self.value(right))
            case typed.Between(value, low, high, margin):
                if isinstance(value.type, NumberType):
                    return self.between(self.number(value), self.number(low), self.number(high), margin)
                day, first, last = self.value(value), self.value(low), self.value(high)
                after, before = self.same(day, ">=", first), self.same(day, "<=", last)
                return Flag(self.named(f"{after.text} & {before.text}", "b"), self.worst(after.state, before.state))
            case typed.Not(operand):
                inner = self.flag(operand)
                return Flag(self.named(f"~{inner.text}", "b"), inner.state)
            case typed.And(operands) | typed.Or(operands):
                parts = [self.flag(operand) for operand in operands]
                pairs = ", ".join(f"({part.text}, {part.state})" for part in parts)
                b, s = self.fresh("b"), self.fresh("s")
                function = "conjunction" if isinstance(expr, typed.And) else "disjunction"
                self.line(f"{b}, {s} = {function}({self.size}, {pairs})")
                return Flag(b, s)
            case typed.Apply("renseigné", (operand,)):
                state = self.value(operand).state
                return Flag(self.once(f"is_present({state}, {self.size})", "b"), "None")
            case typed.Supplied(code, in_row):
                return Flag(self.supplied(code, in_row), "None")
            case (
                typed.CellValue()
                | typed.AggregateValue()
                | typed.ParameterValue()
                | typed.RowValue()
                | typed.Const()
                | typed.Conditional()
                | typed.Apply("défaut")
            ):
                found = self.value(expr)
                assert isinstance(found, Flag)
                return found
            case _:
                raise _NotWritten(type(expr).__name__)

    def supplied(self, code: str, in_row: bool) -> str:
        """Return the name of where the dossier itself gives a cell, or begins a table."""
        if in_row:
            table, _, column = code.split(".")
            if table != self.table:
                raise _NotWritten("a row of another list")
            if column not in self.shape.lists[table]:
                return self.once(f"np.zeros({self.size}, bool)", "b")
            return self.once(f"is_present({self.input('state', 'list', table, column)}, {self.size})", "b")
        if self.table is not None:
            with self.at(None):
                found = self.supplied(code, in_row=False)
            return self.once(f"at_rows({found}, {self.rows(self.table)})", "b")
        nowhere = self.once("np.zeros(n, bool)", "b")
        if code in self.ruleset.tables:
            if self.ruleset.tables[code].is_list:
                if code not in self.shape.lists:
                    return nowhere
                return self.once(f"np.diff({self.input('offsets', code)}) > 0", "b")
            begun = f"any_given(n, [{', '.join(self.given_states(code, ORIGINS[:2]))}])"
            return self.once(f"np.broadcast_to(np.asarray({begun}), n)", "b")
        cell = self.ruleset.cells[code]
        if cell.row == "*":
            if cell.table not in self.shape.lists or cell.column not in self.shape.lists[cell.table]:
                return nowhere
            state = self.input("state", "list", cell.table, cell.column)
            rows, offsets = self.rows(cell.table), self.input("offsets", cell.table)
            return self.once(f"segment_sum(is_present({state}, len({rows})).astype(np.int64), {offsets}) > 0", "b")
        parts = []
        for origin, source in self.sources(cell).items():
            there = f"is_present({source.state}, n)"
            if origin in ORIGINS[:2] or cell.table not in self.plan.slots:
                parts.append(there)
            elif cell.table in self.gates:  # only if the table applies
                gate = self.gates[cell.table]
                parts.append(f"({there} & ~({gate.text} & is_present({gate.state}, n)))")
        return self.once(" | ".join(parts), "b") if parts else nowhere

    def same(self, one: Operand, op: str, other: Operand) -> Flag:
        assert isinstance(one, Flag | Code)
        assert isinstance(other, Flag | Code)
        sign = {"=": "==", "<>": "!="}.get(op, op)
        return Flag(self.named(f"({self.array(one.text)} {sign} {other.text})", "b"), self.worst(one.state, other.state))

    def compared(self, left: Number, op: str, right: Number, margin: typed.Margin | None) -> Flag:
        state = self.worst(left.state, right.state)
        tolerance = self.tolerance(margin, left, right)
        if isinstance(tolerance, Whole) and tolerance.constant == 0:
            if isinstance(left, Ratio) or isinstance(right, Ratio):
                return Flag(self.crossed(left, op, right, state), state)
            gap = self.sum([(1, left), (-1, right)])
            return Flag(self.signed(op, gap, state), state)
        gap = self.sum([(1, left), (-1, right)])
        if isinstance(gap, Whole) and isinstance(tolerance, Whole):
            scale = max(gap.scale, tolerance.scale)
            bounds = [each.bound * 10 ** (scale - each.scale) for each in (gap, tolerance)]
            if sum(bounds) < _LIMIT:
                g = self.array(self.scaled(gap, 10 ** (scale - gap.scale)))
                t = self.scaled(tolerance, 10 ** (scale - tolerance.scale))
                return Flag(self.named(_within(op, g, t), "b"), state)
        match op:  # the sign of |gap| - t, gap - t or gap + t
            case "=":
                return Flag(self.signed("<=", self.sum([(1, self.absolute(gap)), (-1, tolerance)]), state), state)
            case "<>":
                return Flag(self.signed(">", self.sum([(1, self.absolute(gap)), (-1, tolerance)]), state), state)
            case "<=" | ">":
                return Flag(self.signed(op, self.sum([(1, gap), (-1, tolerance)]), state), state)
            case _:
                return Flag(self.signed(op, self.sum([(1, gap), (1, tolerance)]), state), state)

    def tolerance(self, margin: typed.Margin | None, left: Number, right: Number) -> Number:
        if margin is None:
            return Whole("0", 0, 0)
        amount = self.constant(margin.amount)
        if margin.relative:
            sizes = [self.absolute(_with_state(side, "None")) for side in (left, right)]  # type: ignore[arg-type]
            amount = self.multiplied(amount, self.extreme("max", sizes, "None"))
        if margin.per_term:
            terms: Number = Whole(str(margin.cells), 0, margin.cells)
            for table in margin.lists:
                terms = self.sum([(1, terms), (1, self.row_count(table))])
            amount = self.multiplied(amount, terms)
        return amount

    def row_count(self, table: str) -> Whole:
        if table not in self.shape.lists:
            return Whole("0", 0, 0)
        state = self.count(table)
        with self.at(None):
            found = Whole(self.once(f"without(np.diff({self.input('offsets', table)}), {state}, 0)", "v"), 0, _MOST_ROWS)
        return self.here(found)  # type: ignore[return-value]

    def signed(self, op: str, gap: Number, state: str) -> str:
        """Return the name of `gap op 0`."""
        sign = {"=": "==", "<>": "!="}.get(op, op)
        match gap:
            case Whole(text):
                return self.named(f"({self.array(text)} {sign} 0)", "b")
            case Ratio(above):
                return self.named(f"({self.array(above.text)} {sign} 0)", "b")
            case Near(text, error, _, _, whole):
                name = self.named(f"sign_of({text}, {error}, {whole}, {state}, {self.doubt}) {sign} 0", "b")
                self.settle()
                return name

    def crossed(self, left: Number, op: str, right: Number, state: str) -> str:
        """Return the name of `left op right`, one of them a ratio: denominators are positive, they multiply."""
        if isinstance(left, Near) or isinstance(right, Near):
            return self.signed(op, self.near_sum([(1, left), (-1, right)], state), state)
        a, b = self.pair(left), self.pair(right)
        above = self.multiplied(Whole(a.above.text, a.scale, a.above.bound), Whole(b.below.text, 0, b.below.bound))
        other = self.multiplied(Whole(b.above.text, b.scale, b.above.bound), Whole(a.below.text, 0, a.below.bound))
        return self.signed(op, self.sum([(1, above), (-1, other)]), state)

    def between(self, value: Number, low: Number, high: Number, margin: typed.Margin | None) -> Flag:
        over = self.compared(value, ">=", low, margin)
        under = self.compared(value, "<=", high, margin)
        state = self.worst(value.state, low.state, high.state)
        return Flag(self.named(f"{over.text} & {under.text}", "b"), state)


def _reads_outer_row(item: typed.Expr) -> bool:
    """Tell whether an item of a fold reads the row at hand outside it."""
    if not isinstance(item, typed.Rows):
        return any(isinstance(node, typed.RowValue | typed.Supplied) for node in typed.walk(item))
    inner = [node for node in typed.walk(item) if isinstance(node, typed.RowValue)]
    return any(node.code.partition(".")[0] != item.table for node in inner)


def _within(op: str, gap: str, tolerance: str) -> str:
    return {
        "=": f"np.abs({gap}) <= {tolerance}",
        "<>": f"np.abs({gap}) > {tolerance}",
        "<=": f"{gap} <= {tolerance}",
        ">=": f"{gap} >= -{tolerance}",
        "<": f"{gap} < -{tolerance}",
        ">": f"{gap} > {tolerance}",
    }[op]


def _with_state(operand: Operand, state: str) -> Operand:
    match operand:
        case Whole(text, scale, bound):
            return Whole(text, scale, bound, state)
        case Ratio(above, below, scale):
            return Ratio(above, below, scale, state)
        case Near(text, error, scale, _, whole):
            return Near(text, error, scale, state, whole)
        case Flag(text):
            return Flag(text, state)
        case Code(text):
            return Code(text, state)


# --- the whole function --------------------------------------------------------------------------


def columnar(plan: Plan, shape: Shape, wanted: Sequence[Wanted], answers: Mapping[str, int]) -> Columnar:
    """Return the function over columns of a plan, for inputs of that shape."""
    writer = _Writer(plan, shape, answers)
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
    except _NotWritten as why:
        return Columnar(lambda *_: None, (), {}, "", str(why))
    used = {name for line in writer.lines for name in _NAME.findall(line)}
    inputs = {what: name for what, name in writer.inputs.items() if name in used}
    head = [f"({', '.join(inputs.values())},) = I"] if inputs else []
    lines = _forgetting([*head, *writer.lines])
    text = "\n".join(["def columns(I, O, n, F, B):", *(f"    {line}" for line in lines), "    return None", ""])
    exec(compile(text, "<qdis columns>", "exec"), writer.names)  # noqa: S102 - written above
    run: Any = writer.names["columns"]
    return Columnar(run, tuple(inputs), scales, text)


_NAME: Final = re.compile(r"\b[a-z][0-9]+\b")


def _forgetting(lines: Sequence[str]) -> list[str]:
    """Return the lines with each name deleted after its last use: what is freed is at hand for the next column."""
    last: dict[str, int] = {}
    for index, line in enumerate(lines):
        for name in _NAME.findall(line):
            last[name] = index
    after: dict[int, list[str]] = {}
    for name, index in last.items():
        after.setdefault(index, []).append(name)
    return [f"{line}; del {', '.join(after[index])}" if index in after else line for index, line in enumerate(lines)]


def _write_value(writer: _Writer, code: str) -> None:
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
            found = _with_state(found, writer.gated(gate, found.state))
        writer.operands[code] = found
    else:
        aggregate = ruleset.aggregates[code]
        found = writer.value(aggregate.formula)
        if aggregate.guard is not None:
            allowed = writer.flag(aggregate.guard)
            state = writer.once(f"guarded_state({allowed.text}, {allowed.state}, {found.state})", "s")
            found = _with_state(found, state)
        writer.operands[code] = found


def _write_checks(writer: _Writer, places: Mapping[str, int]) -> None:
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


def _guarded(writer: _Writer, instance: typed.CheckInstance) -> Flag:
    body = writer.flag(instance.body)
    if instance.guard is None:
        return body
    allowed = writer.flag(instance.guard)
    state = writer.named(f"guarded_state({allowed.text}, {allowed.state}, {body.state})", "s")
    return Flag(body.text, state)


def _write_row_check(
    writer: _Writer, check: typed.Check, instance: typed.CheckInstance, target: str, bad: str
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


def _write_seconds(writer: _Writer, places: Mapping[str, int]) -> None:
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


def _standing(writer: _Writer, name: str) -> tuple[bool, bool]:
    standing = writer.ruleset.standings.get(name)
    return (True, True) if standing is None else (standing.active, standing.severity == BLOCKING)


def _write_second(
    writer: _Writer,
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
    agreed = _agreement(writer, cell, retained, _with_state(other, "None"))
    writer.line(f"told({agreed.text}, {agreed.state}, {target}, None)")
    writer.line(f"{target}[~{there}] = 255")
    if blocking:
        writer.line(f"B |= ({target} == 1) | ({target} == 2)")


def _agreement(writer: _Writer, cell: typed.Cell, retained: Operand, other: Operand) -> Flag:
    if isinstance(cell.type, NumberType):
        margin = typed.Margin(cell.tolerance)
        assert isinstance(retained, Whole | Ratio | Near)
        assert isinstance(other, Whole | Ratio | Near)
        return writer.compared(retained, "=", other, margin)
    return writer.same(retained, "=", other)


def _write_second_of_rows(
    writer: _Writer, cell: typed.Cell, column: Column, places: Mapping[str, int]
) -> None:
    name = f"{cell.code}~saisie"
    active, blocking = _standing(writer, name)
    place = places.get(name)
    if not active or (place is None and not blocking):
        raise _NotWritten("a second value of a list set aside")
    target = f"O[{place}]" if place is not None else writer.named("np.empty(n, np.uint8)", "o")
    offsets, count = writer.input("offsets", cell.table), writer.count(cell.table)
    with writer.at(cell.table):
        retained = writer.list_column(cell.code)
        closed = writer.once(f"at_rows({count}, {writer.rows(cell.table)})", "s")
        retained = _with_state(retained, writer.worst(retained.state, closed))
        other = writer.column(cell.type, column, "list", cell.table, cell.column)
        agreed = _agreement(writer, cell, retained, _with_state(other, "None"))
        there = writer.named(f"is_present({other.state}, {writer.size})", "b")
        text = writer.array(agreed.text)
    bad = "B" if blocking else "None"
    writer.line(f"second_of_rows({text}, {agreed.state}, {there}, {offsets}, {target}, {bad})")


def _write_result(writer: _Writer, place: int, wanted: Wanted, scales: dict[int, int]) -> None:
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
