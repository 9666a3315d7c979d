"""The expressions of a ruleset, as text of Python over the slots of one dossier: what `generate` puts together.

A number is the text of what is a Decimal, undefined or sans objet; a quotient stays a pair of names. What is rare is
left to its closure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Final, TypeAlias, cast

from qdis_rules.model import typed
from qdis_rules.model.types import NumberType
from qdis_rules.numbers import (
    CONTEXT,
    DECIMALS,
    DIGITS,
    INTEGER_DIGITS,
    ZERO,
    CauseKind,
    Rounding,
    Undefined,
    add,
    negate,
)
from qdis_rules.plan.compile import Compiler
from qdis_rules.plan.frame import table_of
from qdis_rules.plan.program import CALLED, MODES, Late
from qdis_rules.records import dataclass

_LONG: Final = 300
"""An expression longer than this many characters gets a name: the parser has a depth limit."""
_MANY: Final = 60
"""Terms written in one sum or product."""
_ROUNDINGS: Final = frozenset(map(str, Rounding))
ENTERED: Final = (INTEGER_DIGITS + 6, DECIMALS)
"""Digits of an amount, before and after the point: as a dossier gives it, or as its accounts add up to."""


@dataclass(frozen=True, slots=True)
class Number:
    """Text of an expression whose value is a Decimal, undefined or sans objet."""

    text: str


@dataclass(frozen=True, slots=True)
class Quotient:
    """Names of a numerator (or undefined, or sans objet) and of its denominator, never zero."""

    above: str
    below: str


@dataclass(frozen=True, slots=True)
class Other:
    """Text of an expression that is no number."""

    text: str


Operand: TypeAlias = Number | Quotient | Other


# --- writing ------------------------------------------------------------------------


@dataclass(slots=True)
class Writer:
    """Writes statements; expressions are returned as text."""

    slots: Mapping[str, int]
    compiler: Compiler
    names: dict[str, object] = field(default_factory=lambda: dict(CALLED))
    closures: dict[str, typed.Expr] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    depth: int = 1
    operands: dict[int, Operand] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    parameter_sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    pasts: dict[tuple[int, str, bool], str] = field(default_factory=dict)
    fractions: set[str] = field(default_factory=set)
    at_hand: dict[str, str] = field(default_factory=dict)
    apart: bool = False
    calls: int = 0
    _count: int = 0

    def line(self, text: str) -> None:
        """Write a statement."""
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write what is under a head."""
        self.line(head)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self.depth -= 1

    def fresh(self, letter: str = "t") -> str:
        """Return a name that nothing bears yet."""
        self._count += 1
        return f"{letter}{self._count}"  # slots are named with an underscore: n_12

    def constant(self, value: object) -> str:
        """Return a name for a constant."""
        name = self.fresh("k")
        self.names[name] = value
        return name

    def closure(self, expr: typed.Expr) -> str:
        """Return a name for the closure of an expression."""
        name = self.fresh("k")
        self.names[name] = Late(self.names, name, partial(self.compiler.code, expr))
        self.closures[name] = expr
        return name

    def named(self, text: str) -> str:
        """Return a name for an expression."""
        if text.isidentifier():
            return text
        name = self.fresh()
        self.line(f"{name} = {text}")
        return name

    def _slot(self, code: str) -> Operand:
        slot = self.slots[code]
        found = self.operands[slot]
        if not self.apart:
            self.used.add(slot)
            return found
        if isinstance(found, Quotient):
            n, d = self.fresh("n"), self.fresh("d")
            self.line(f"{n}, {d} = pair(V[{slot}])")
            return Quotient(n, d)
        return replace(found, text=f"V[{slot}]")

    def gate(self, table: str) -> str:
        """Return the text of what tells that a table does not apply."""
        return f"V[{self.slots[table]}]" if self.apart else f"g_{self.slots[table]}"

    # --- numbers ---

    def number(self, expr: typed.Expr) -> Number | Quotient:
        """Return the operand of a number."""
        match expr:
            case typed.Const(constant):
                return self._constant(constant)
            case typed.CellValue(code, 0) | typed.AggregateValue(code, 0):
                found = self._slot(code)
                return found if not isinstance(found, Other) else self._called(expr)
            case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                return self._past(code, back, "cell" if isinstance(expr, typed.CellValue) else "aggregate")
            case typed.ParameterValue(code) if code not in self.fractions:
                return Number(self.parameters.setdefault(code, f"p_{len(self.parameters)}"))
            case typed.YearValue():
                return Number("YEAR")
            case typed.Negation(operand):
                inner = self.number(operand)
                if isinstance(inner, Quotient):
                    return Quotient(self.named(f"-{inner.above}"), inner.below)
                return self._short(f"(-{inner.text})")
            case typed.Sum(terms):
                return self._sum([(minus, self.number(term)) for minus, term in terms])
            case typed.Product(factors):
                return self._product(expr, [(divides, self.number(factor)) for divides, factor in factors])
            case typed.Conditional(condition, then, otherwise):
                return self._conditional_number(condition, then, otherwise)
            case typed.Apply("défaut", (value, fallback)):
                return self._default(value, fallback)
            case typed.Apply("abs", (value,)):
                inner = self.number(value)
                if isinstance(inner, Quotient):
                    return Quotient(self.named(f"abs({inner.above})"), self.named(f"abs({inner.below})"))
                return self._short(f"abs({inner.text})")
            case typed.Apply(function, (operand, typed.Const(Decimal() as step))) if (
                function in _ROUNDINGS and step > 0
            ):
                return self._rounding(self.number(operand), step, MODES[Rounding(function)])
            case typed.Fold("somme", items) if items and self._all_numbers(items):
                return self._total([self.named(self._whole_number(item)) for item in items])
            case typed.Fold(("min" | "max") as pick, items) if items and self._all_numbers(items):
                values = "".join(f"{self.named(self._whole_number(item))}, " for item in items)
                return Number(self.named(f"extreme({pick}, ({values}))"))
            case typed.Fold("moyenne", items) if items and not any(isinstance(item, typed.Rows) for item in items):
                pairs = [self._pair(self.number(item)) for item in items]
                above, below = self.fresh("n"), self.fresh("d")
                self.line(f"{above}, {below} = mean(({''.join(f'({n}, {d}), ' for n, d in pairs)}))")
                return Quotient(above, below)
            case typed.Fold("somme", (typed.Rows() as rows,)) if self.is_whole(expr):
                return self._rows_total(rows) or self._called(expr)
            case typed.RowValue(code) if code in self.at_hand:
                if code not in self.fractions:
                    return Number(self.at_hand[code])
                n, d = self.fresh("n"), self.fresh("d")
                self.line(f"{n}, {d} = split({self.at_hand[code]})")
                return Quotient(n, d)
            case _:
                return self._called(expr)

    def _past(self, code: str, back: int, kind: str) -> Number | Quotient:
        whole = code not in self.fractions
        year = self.pasts.setdefault((back, kind, whole), f"h_{len(self.pasts)}")
        if whole:
            return Number(f"{year}[{code!r}]")
        n, d = self.fresh("n"), self.fresh("d")
        self.line(f"{n}, {d} = {year}[{code!r}]")
        return Quotient(n, d)

    def _rounding(self, operand: Number | Quotient, step: Decimal, mode: str) -> Number:
        if isinstance(operand, Quotient):
            above, below = self.named(operand.above), operand.below
        else:
            above, below = self.named(operand.text), "ONE"
        plain = CONTEXT.normalize(step)
        if plain.as_tuple().digits == (1,):
            text = f"rounded({above}, {below}, {self.constant(plain)}, {mode!r})"
        else:
            size = self.constant(step)
            below = size if below == "ONE" else f"{below} * {size}"
            text = f"rounded({above}, {below}, ONE, {mode!r}) * {size}"
        return Number(self.named(f"{text} if {above}.__class__ is D else {above}"))

    def _constant(self, value: object) -> Number | Quotient:
        if isinstance(value, Fraction):
            above, below = Decimal(value.numerator), Decimal(value.denominator)
            return Quotient(self.constant(above), self.constant(below))
        return Number(self.constant(value))

    def _called(self, expr: typed.Expr) -> Number | Quotient:
        """What is rare is left to its closure."""
        call = self._call(expr)
        if self.is_whole(expr):
            return Number(self.named(f"whole({call})"))
        above, below = self.fresh("n"), self.fresh("d")
        self.line(f"{above}, {below} = split({call})")
        return Quotient(above, below)

    def _short(self, text: str) -> Number:
        return Number(text if len(text) < _LONG else self.named(text))

    def _sum(self, terms: Sequence[tuple[bool, Number | Quotient]]) -> Number | Quotient:
        plain = [(minus, term.text) for minus, term in terms if isinstance(term, Number)]
        total = self._plain_sum(plain) if plain else None
        pair: Quotient | None = None
        for minus, term in terms:
            if not isinstance(term, Quotient):
                continue
            sign = "-" if minus else "+"
            if pair is None:
                above = f"{total.text} * {term.below} {sign} {term.above}" if total else f"{sign}{term.above}"
                pair = Quotient(self.named(above if total or minus else term.above), term.below)
            elif pair.below == term.below:
                pair = Quotient(self.named(f"{pair.above} {sign} {term.above}"), pair.below)
            else:
                above = f"{pair.above} * {term.below} {sign} {term.above} * {pair.below}"
                pair = Quotient(self.named(above), self.named(f"{pair.below} * {term.below}"))
        if pair is not None:
            return pair
        assert total is not None
        return total

    def _plain_sum(self, terms: Sequence[tuple[bool, str]]) -> Number:
        terms = sorted(terms, key=lambda term: term[0])  # a sum that starts with a minus costs one negation
        done: str | None = None
        for start in range(0, len(terms), _MANY):
            parts = [] if done is None else [done]
            for minus, text in terms[start : start + _MANY]:
                sign = "-" if minus else "+"
                parts.append(f"{sign} {text}" if parts else (f"-{text}" if minus else text))
            text = " ".join(parts)
            last = start + _MANY >= len(terms)
            done = f"({text})" if last else self.named(text)
        assert done is not None
        return self._short(done)

    def _product(self, expr: typed.Product, factors: Sequence[tuple[bool, Number | Quotient]]) -> Number | Quotient:
        above: list[str] = []
        below: list[str] = []
        divisors: list[str] = []
        for divides, factor in factors:
            if isinstance(factor, Number):
                (below if divides else above).append(factor.text)
                if divides:
                    divisors.append(factor.text)
            else:
                (below if divides else above).append(factor.above)
                (above if divides else below).append(factor.below)
                if divides:
                    divisors.append(factor.above)
        top = self._times(above)
        if not below:
            return self._short(f"({top})" if len(above) > 1 else top)
        n, d = self.fresh("n"), self.fresh("d")
        self.line(f"{n} = {top}")
        self.line(f"{d} = {self._times(below)}")
        if any(self._may_be_zero(divisor) for divisor in divisors):
            division = self.constant(Undefined.of(CauseKind.DIVISION, expr.span.inline))
            self.line(f"if {d}.__class__ is not D or not {d}: {n}, {d} = divided({n}, {d}, {division})")
        return Quotient(n, d)

    def _times(self, factors: Sequence[str]) -> str:
        """Return the text of a product, cut where it is long."""
        done = list(factors) or ["ONE"]
        while len(done) > _MANY:
            done[:_MANY] = [self.named(" * ".join(done[:_MANY]))]
        return " * ".join(done)

    def _may_be_zero(self, text: str) -> bool:
        constant = self.names.get(text)
        return not (isinstance(constant, Decimal) and constant)

    def _conditional_number(self, condition: typed.Expr, then: typed.Expr, otherwise: typed.Expr) -> Number | Quotient:
        chosen = self.named(self.other(condition))
        n, d = self.fresh("n"), self.fresh("d")
        pairs = False
        start = len(self.lines)
        for head, branch in ((f"if {chosen} is True:", then), (f"elif {chosen} is False:", otherwise)):
            with self.block(head):
                found = self.number(branch)
                pairs = pairs or isinstance(found, Quotient)
                self._assign(n, d, found)
        with self.block("else:"):
            self._assign(n, d, Number(chosen))
        return self._one_or_pair(n, d, start, pairs)

    def _default(self, value: typed.Expr, fallback: typed.Expr) -> Number | Quotient:
        n, d = self.fresh("n"), self.fresh("d")
        start = len(self.lines)
        first = self.number(value)
        self._assign(n, d, first)
        with self.block(f"if {n}.__class__ is not D:"):
            second = self.number(fallback)
            self._assign(n, d, second)
        return self._one_or_pair(n, d, start, isinstance(first, Quotient) or isinstance(second, Quotient))

    def _assign(self, n: str, d: str, value: Number | Quotient) -> None:
        if isinstance(value, Quotient):
            self.line(f"{n} = {value.above}; {d} = {value.below}")
        else:
            self.line(f"{n} = {value.text}; {d} = ONE")

    def _one_or_pair(self, n: str, d: str, start: int, pairs: bool) -> Number | Quotient:
        """Return a value assigned since line `start`: a pair if some branch gave one, else the number alone."""
        if pairs:
            return Quotient(n, d)
        for index in range(start, len(self.lines)):
            self.lines[index] = self.lines[index].removesuffix(f"; {d} = ONE")
        return Number(n)

    def _all_numbers(self, items: Sequence[typed.Expr]) -> bool:
        return all(not isinstance(item, typed.Rows) and self.is_whole(item) for item in items)

    def _pair(self, found: Number | Quotient) -> tuple[str, str]:
        return (found.above, found.below) if isinstance(found, Quotient) else (self.named(found.text), "ONE")

    def _whole_number(self, item: typed.Expr) -> str:
        found = self.number(item)
        assert isinstance(found, Number)
        return found.text

    def _total(self, texts: Sequence[str]) -> Number:
        total = self.named(self._plain_sum([(False, text) for text in texts]).text)
        if len(texts) == 1:
            return Number(total)  # sans objet alone stays so
        self.line(f"if {total} is NA: {total} = skipping(({', '.join(texts)},))")
        return Number(total)

    def _columns(self, table: str, parts: Sequence[typed.Expr]) -> list[str]:
        """Return the columns that expressions read of the row at hand of a list; none if they read other rows."""
        nodes = (node for part in parts for node in typed.walk(part))
        columns = sorted({node.code for node in nodes if isinstance(node, typed.RowValue)}, key=self.slots.__getitem__)
        return columns if all(table_of(code) == table for code in columns) else []

    def _each_row(self) -> str:
        """Return the head of a loop over the rows of a list, whose columns are those at hand."""
        values = ", ".join(f"V[{self.slots[code]}]" for code in self.at_hand)
        return f"for {', '.join(self.at_hand.values())}, in zip({values}):"

    def column(self, slot: int, cell: typed.Cell, formula: typed.Expr) -> bool:
        """Write a computed list column; False when a closure must see the row at hand."""
        columns = self._columns(cell.table, [formula])
        if not columns or not isinstance(formula.type, NumberType):
            return False
        before, calls = len(self.lines), self.calls
        count, made = self.fresh("c"), self.fresh()
        self.at_hand = {code: self.fresh("r") for code in columns}
        self.line(f"{count} = F.row_counts[{cell.table!r}]")
        with self.block(f"if {count}.__class__ is int:"):
            self.line(f"V[{slot}] = {made} = []")
            with self.block(self._each_row()):
                found = self.number(formula)
                if isinstance(found, Quotient):
                    n, d = found.above, found.below
                    self.line(f"{made}.append(quotient({n}, {d}) if {n}.__class__ is D else {n})")
                else:
                    value = self.named(found.text)
                    self.check(slot, value)
                    self.line(f"{made}.append({value})")
        self.line(f"else: V[{slot}] = {count}")
        self.at_hand = {}
        if self.calls != calls:
            del self.lines[before:]
            return False
        return True

    def check(self, slot: int, value: str) -> None:
        """Write what refuses a value that has too many digits, where it may."""
        if sum(self.sizes[slot]) > DIGITS:
            self.line(f"if {value}.__class__ is D: fits({value})")

    def _rows_total(self, rows: typed.Rows) -> Number | None:
        """Return the sum over the rows of a list, or None when a closure must see the row at hand."""
        if self.at_hand:
            return None
        parts = [rows.value] if rows.condition is None else [rows.value, rows.condition]
        columns = self._columns(rows.table, parts)
        if not columns:
            return None
        before, calls = len(self.lines), self.calls
        total, count, kept, skipped = self.fresh(), self.fresh("c"), self.fresh("b"), self.fresh("b")
        self.at_hand = {code: self.fresh("r") for code in columns}
        self.line(f"{count} = F.row_counts[{rows.table!r}]")
        with self.block(f"if {count}.__class__ is int:"):
            self.line(f"{total} = ZERO; {kept} = {skipped} = False")
            with self.block(self._each_row()):
                if rows.condition is None:
                    self._add_row(rows.value, total, kept, skipped)
                else:
                    held = self.named(self.other(rows.condition))
                    with self.block(f"if {held} is True:"):
                        self._add_row(rows.value, total, kept, skipped)
                    self.line(f"elif {held}.__class__ is U: {total} = {total} + {held}; {kept} = True")
                    self.line(f"elif {held} is NA: {skipped} = True")
            self.line(f"if {skipped} and not {kept}: {total} = NA")
        self.line(f"else: {total} = {count}")
        self.at_hand = {}
        if self.calls != calls:
            del self.lines[before:]
            return None
        return Number(total)

    def _add_row(self, expr: typed.Expr, total: str, kept: str, skipped: str) -> None:
        found = self.number(expr)
        assert isinstance(found, Number)
        value = self.named(found.text)
        self.line(f"if {value} is NA: {skipped} = True")
        self.line(f"else: {total} = {total} + {value}; {kept} = True")

    def is_whole(self, expr: typed.Expr) -> bool:
        """True when no division can make the value of `expr` a fraction."""
        return not any(divides(node) or self._reads_fraction(node) for node in unrounded(expr))

    def _reads_fraction(self, node: typed.Expr) -> bool:
        match node:
            case typed.CellValue(code, 0) | typed.AggregateValue(code, 0):
                return isinstance(self.operands[self.slots[code]], Quotient)
            case typed.CellValue(code) | typed.AggregateValue(code) | typed.RowValue(code) | typed.ParameterValue(code):
                return code in self.fractions
            case _:
                return False

    def size(self, expr: typed.Expr) -> tuple[int, int]:
        """Return how many digits `expr` may have before and after the point."""
        match expr:
            case typed.Const(Decimal() as constant):
                return digits(constant)
            case typed.CellValue(code, 0) | typed.AggregateValue(code, 0) | typed.RowValue(code):
                return self.sizes.get(self.slots[code], ENTERED)
            case typed.ParameterValue(code) if code in self.parameter_sizes:
                return self.parameter_sizes[code]
            case typed.Product(factors):
                sizes = [(divides, *self.size(part)) for divides, part in factors]
                before = sum(after if divides else before for divides, before, after in sizes)
                return before, sum(before if divides else after for divides, before, after in sizes)
            case typed.Apply(function, (operand, typed.Const(Decimal() as step))) if function in _ROUNDINGS:
                return self.size(operand)[0] + 1 + digits(step)[0], digits(step)[1]
            case _:
                parts = [self.size(part) for part in typed.children(expr)] or [ENTERED]
                carry = len(str(len(parts))) if len(parts) > 1 else 0
                return max(before for before, _ in parts) + carry, max(after for _, after in parts)

    # --- conditions and the rest ---

    def other(self, expr: typed.Expr) -> str:
        """Return the text of an expression that is no number."""
        match expr:
            case typed.Const(constant):
                return repr(constant) if isinstance(constant, bool) else self.constant(constant)
            case typed.CellValue(code, 0) | typed.AggregateValue(code, 0):
                found = self._slot(code)
                return found.text if isinstance(found, Other) else self._call(expr)
            case typed.Comparison(left, _, right) if isinstance(left.type, NumberType) and self._plain_margin(expr):
                return self._comparison(expr, self.number(left), self.number(right))
            case typed.Comparison(left, _, right, typed.Margin(Decimal() as part, True, False)):
                return self._relative(expr, self.number(left), self.number(right), part)
            case typed.Comparison(left, ("=" | "<>") as op, right) if not isinstance(left.type, NumberType):
                return self._same(self.other(left), op, self.other(right))
            case typed.Between(value, low, high) if isinstance(value.type, NumberType) and self._plain_margin(expr):
                return self._between(expr, self.number(value), self.number(low), self.number(high))
            case typed.RowValue(code) if code in self.at_hand:
                return self.at_hand[code]
            case typed.Not(operand):
                if is_certain(operand):
                    return f"(not {self.other(operand)})"
                inner = self.named(self.other(operand))
                return f"(not {inner} if {inner}.__class__ is bool else {inner})"
            case typed.And(operands) | typed.Or(operands) if all(map(is_certain, operands)):
                return f"({(' or ' if isinstance(expr, typed.Or) else ' and ').join(map(self.other, operands))})"
            case typed.And(operands) | typed.Or(operands):
                return self._kleene(operands, absorbing=isinstance(expr, typed.Or))
            case typed.Apply("renseigné", (value,)):
                return self._known(value)
            case typed.Supplied(code, False):
                return f"({code!r} in S)"
            case _:
                return self._call(expr)

    def _call(self, expr: typed.Expr) -> str:
        self.calls += 1
        return f"{self.closure(expr)}(F)"

    def _plain_margin(self, expr: typed.Comparison | typed.Between) -> bool:
        margin = expr.margin
        return margin is None or (not margin.per_term and not margin.relative and isinstance(margin.amount, Decimal))

    def _known(self, value: typed.Expr) -> str:
        if isinstance(value.type, NumberType):
            found = self.number(value)
            name = self.named(found.text) if isinstance(found, Number) else found.above
            return f"({name}.__class__ is D)"
        return f"({self.named(self.other(value))}.__class__ not in NO_VALUE)"

    def _same(self, left: str, op: str, right: str) -> str:
        a, b = self.named(left), self.named(right)
        sign = "==" if op == "=" else "!="
        sides = [side for side in (a, b) if side not in self.names]  # a constant is a value
        test = " or ".join(f"{side}.__class__ in NO_VALUE" for side in sides) or "False"
        return f"(gather(({a}, {b})) if {test} else {a} {sign} {b})"

    def _comparison(self, expr: typed.Comparison, left: Number | Quotient, right: Number | Quotient) -> str:
        amount = expr.margin.amount if expr.margin is not None else Decimal(0)
        if isinstance(left, Number) and isinstance(right, Number) and expr.op not in ("=", "<>"):
            bound = self.names.get(right.text) if amount else ZERO
            if isinstance(bound, Decimal):
                moved = add(bound, amount if expr.op in ("<=", ">") else negate(amount))
                return f"({left.text} {expr.op} {self.constant(moved) if amount else right.text})"
        gap = self._sum([(False, left), (True, right)])
        result = self.fresh()
        if isinstance(gap, Quotient):
            g, scale = self._upright(gap)
            test = _test(expr.op, g, self._scaled(amount, scale))
        else:
            g = gap.text
            if amount:
                return _compared(expr.op, g, self.constant(amount), lambda: self.constant(negate(amount)))
            g = self.named(g)
            test = _test(expr.op, g, "")
        self.line(f"{result} = {test} if {g}.__class__ is D else {g}")
        return result

    def _relative(
        self, expr: typed.Comparison, left: Number | Quotient, right: Number | Quotient, part: Decimal
    ) -> str:
        """Return what a comparison within a part of its sides gives: of numbers, else its closure."""
        if isinstance(left, Quotient) or isinstance(right, Quotient):
            return self._call(expr)
        a, b, result = self.named(left.text), self.named(right.text), self.fresh()
        test = _test(expr.op, f"({a} - {b})", f"max(abs({a}), abs({b})) * {self.constant(part)}")
        self.line(f"if {a}.__class__ is {b}.__class__ is D: {result} = {test}")
        self.line(f"else: {result} = {self._call(expr)}")
        return result

    def _upright(self, pair: Quotient) -> tuple[str, str]:
        """Return the names of a pair whose denominator is positive."""
        g, scale = self.fresh(), self.fresh("d")
        self.line(f"{g} = {pair.above}; {scale} = {pair.below}")
        if not isinstance(self.names.get(pair.below), Decimal) or self.names[pair.below] < 0:  # type: ignore[operator]
            self.line(f"if {scale} < 0: {g} = -{g}; {scale} = -{scale}")
        return g, scale

    def _scaled(self, amount: object, scale: str) -> str:
        return f"({self.constant(amount)} * {scale})" if amount else ""

    def _between(
        self,
        expr: typed.Between,
        value: Number | Quotient,
        low: Number | Quotient,
        high: Number | Quotient,
    ) -> str:
        amount = expr.margin.amount if expr.margin is not None else Decimal(0)
        tests: list[str] = []
        gaps: list[str] = []
        for bound, op in ((low, ">="), (high, "<=")):
            gap = self._sum([(False, value), (True, bound)])
            if isinstance(gap, Quotient):
                g, scale = self._upright(gap)
                tests.append(_test(op, g, self._scaled(amount, scale)))
            else:
                g = self.named(gap.text)
                tests.append(_test(op, g, self.constant(amount) if amount else ""))
            gaps.append(g)
        result = self.fresh()
        known = " and ".join(f"{g}.__class__ is D" for g in gaps)
        self.line(f"{result} = ({' and '.join(tests)}) if {known} else gather(({', '.join(gaps)}))")
        return result

    def _kleene(self, operands: Sequence[typed.Expr], absorbing: bool) -> str:
        names = [self.named(self.other(operand)) for operand in operands]
        result = self.fresh()
        self.line(f"if {' and '.join(f'{name} is {not absorbing}' for name in names)}: {result} = {not absorbing}")
        self.line(f"elif {' or '.join(f'{name} is {absorbing}' for name in names)}: {result} = {absorbing}")
        self.line(f"else: {result} = gather(({', '.join(names)},))")
        return result


def _test(op: str, gap: str, tolerance: str) -> str:
    """Return the text of `gap op 0`, within `tolerance` (empty: exact)."""
    if not tolerance:
        return {"=": f"(not {gap})", "<>": f"(not not {gap})"}.get(op, f"({gap} {op} 0)")
    return {
        "=": f"(abs({gap}) <= {tolerance})",
        "<>": f"(abs({gap}) > {tolerance})",
        "<=": f"({gap} <= {tolerance})",
        ">=": f"(-{gap} <= {tolerance})",
        "<": f"(-{gap} > {tolerance})",
        ">": f"({gap} > {tolerance})",
    }[op]


def _compared(op: str, gap: str, tolerance: str, opposite: Callable[[], str]) -> str:
    """Return the text of `gap op 0` within a tolerance; what is no number stays so."""
    match op:
        case "=":
            return f"(abs({gap}) <= {tolerance})"
        case "<>":
            return f"(abs({gap}) > {tolerance})"
        case "<=" | ">":
            return f"({gap} {op} {tolerance})"
        case _:
            return f"({gap} {op} {opposite()})"


def is_certain(condition: typed.Expr) -> bool:
    """True for a condition that is true or false whatever is missing."""
    match condition:
        case typed.Apply("renseigné") | typed.Supplied(_, False):
            return True
        case typed.Not(operand):
            return is_certain(operand)
        case typed.And(operands) | typed.Or(operands):
            return all(map(is_certain, operands))
        case _:
            return False


def _is_decimal(expr: typed.Expr) -> bool:
    return isinstance(expr, typed.Const) and isinstance(expr.value, Decimal)


def digits(number: Decimal) -> tuple[int, int]:
    """Return how many digits a number has before and after the point."""
    exponent = cast(int, number.as_tuple().exponent)
    return max(number.adjusted() + 1, 0), max(-exponent, 0)


def unrounded(expr: typed.Expr) -> Iterator[typed.Expr]:
    """Yield the nodes of an expression, but those whose value is rounded."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        if not (isinstance(node, typed.Apply) and node.function in _ROUNDINGS and _is_decimal(node.arguments[1])):
            waiting.extend(typed.children(node))
        yield node


def divides(node: typed.Expr) -> bool:
    """True for what may make a fraction by itself."""
    match node:
        case typed.Const(Fraction()) | typed.Fold("moyenne"):
            return True
        case typed.Product(factors):
            return any(divides for divides, _ in factors)
        case _:
            return False
