"""The typed expressions of a ruleset, written over columns: cells, lists, folds, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qdis_rules.batch.arithmetic import COMPARISONS, Arithmetic
from qdis_rules.batch.operands import (
    LIMIT,
    MOST_ROWS,
    Code,
    Column,
    Flag,
    Near,
    NotWritten,
    Number,
    Operand,
    Ratio,
    Shape,
    Whole,
    with_state,
)
from qdis_rules.evaluation.results import Origin
from qdis_rules.evaluation.verify import SUFFIX
from qdis_rules.model import typed
from qdis_rules.model.types import ChoiceType, ConditionType, NumberType, Type
from qdis_rules.numbers import Rounding
from qdis_rules.plan.plan import Plan

ORIGINS: Final = (SUFFIX[Origin.TYPED], SUFFIX[Origin.IMPORTED], SUFFIX[Origin.ACCOUNTS])
"""Where a cell may be given from, first retained first."""
DAY_ZERO: Final = date(1970, 1, 1)


class Expressions(Arithmetic):
    """Writes the expressions of a ruleset."""

    def __init__(self, plan: Plan, shape: Shape, answers: Mapping[str, int]) -> None:
        super().__init__(shape)
        self.plan = plan
        self.ruleset = plan.ruleset
        self.answers = answers
        self.operands: dict[str, Operand] = {}
        self.gates: dict[str, Flag] = {}
        self.counts: dict[str, str] = {}
        self.states: dict[tuple[str, int], tuple[str, ...]] = {}
        self.filled: dict[str, str] = {}

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

    def given_states(self, table: str, origins: Sequence[str] = ORIGINS) -> tuple[str, ...]:
        """Return the names of the states of the columns that give cells of a table."""
        key = table, len(origins)
        if key not in self.states:
            self.states[key] = tuple(
                self.input("state", origin, code)
                for code in self.ruleset.tables[table].cells
                for origin in origins
                if origin in self.shape.given.get(code, ())
            )
        return self.states[key]

    def is_filled(self, table: str) -> str:
        """Return the name of where some cell of a table is given."""
        if table not in self.filled:
            self.filled[table] = self.named(f"any_given(n, [{', '.join(self.given_states(table))}])", "b")
        return self.filled[table]

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
                states = source.state, given.state  # a number absent comes as zero
                state = "None" if "None" in states else self.once(f"both({', '.join(states)})", "s")
                given = Whole(source.text, source.scale, source.bound, state)
                continue
            there = self.once(f"is_present({source.state}, n)", "b")
            given = self.chosen(Flag(there, "None"), with_state(source, "None"), given)
        return given

    def carried(self, cell: typed.Cell) -> Operand | None:
        """Return last year's closing for a cell that takes it over, None when no column gives it."""
        if cell.carried_from is None:
            return None
        column = self.shape.past.get((cell.carried_from, 1))
        if column is None:
            return None
        found = self.column(self.ruleset.cells[cell.carried_from].type, column, "past", cell.carried_from, "1")
        return with_state(found, self.once(f"missing({found.state})", "s"))

    def slot(self, code: str) -> Operand:
        """Return the operand of a fixed cell or an aggregate, in the rows at hand."""
        found = self.operands.get(code)
        if found is None:
            cell = self.ruleset.cells[code]
            with self.at(None):
                found = self.entered(cell)
                gate = self.gates.get(cell.table)
                if gate is not None:
                    found = with_state(found, self.gated(gate, found.state))
            self.operands[code] = found
        return self.here(found)

    def count(self, table: str) -> str:
        """Return the name of the state of the number of rows of a list."""
        if table not in self.counts:
            with self.at(None):
                given = table in self.shape.lists
                state = self.input("count", table) if given else self.once("np.ones(n, np.uint8)", "s")
                gate = self.gates.get(table)
                self.counts[table] = self.gated(gate, state) if gate is not None else state
        return self.counts[table]

    def list_column(self, code: str) -> Operand:
        """Return the operand of a column of the list at hand."""
        cell = self.ruleset.cells[code]
        if cell.table != self.table:
            raise NotWritten("a row of another list")
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
                    found = with_state(found, "None")  # a number absent comes as zero
            self.operands[code] = found
        return found

    def number(self, expr: typed.Expr) -> Number:
        """Return the operand of a number."""
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
                    raise NotWritten("a rounding step that is computed")
                return self.rounded(self.number(operand), Fraction(step.value), Rounding(function))
            case typed.Fold(function, items):
                return self.fold(function, items)
            case _:
                raise NotWritten(type(expr).__name__)

    def fold(self, function: str, items: Sequence[typed.Expr]) -> Number:
        """Return `somme`, `moyenne`, `min`, `max` or `nombre` over items."""
        if any(isinstance(item, typed.Rows) for item in items):
            if self.table is not None:
                if any(_reads_outer_row(item) for item in items):
                    raise NotWritten("a list inside another")
                with self.at(None):
                    folded = self.fold_rows(function, items)
                return self.here(folded)  # type: ignore[return-value]
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
                return with_state(total, state)  # type: ignore[return-value]
            if set(states) == {"None"}:
                return with_state(self.quotient(total, Whole(str(len(numbers)), 0, len(numbers))), state)  # type: ignore[return-value]
            count = Whole(self.named(f"np.maximum(count_of({', '.join([self.size, *states])}), 1)"), 0, len(numbers))
            return with_state(self.quotient(with_state(total, "None"), count), state)  # type: ignore[arg-type,return-value]
        return self.extreme(function, numbers, state)

    def fold_rows(self, function: str, items: Sequence[typed.Expr]) -> Number:
        """Return a fold some of whose items go over the rows of a list."""
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
            return Whole(self.named(" + ".join(counts)), 0, MOST_ROWS * len(items), state)
        if function in ("min", "max"):
            there = [self.named(f"np.where({count} > 0, 0, 2).astype(np.uint8)", "s") for count in counts]
            of_items = [with_state(part, each) for part, each in zip(parts, there, strict=True)]
            return self.extreme(function, of_items, state)  # type: ignore[arg-type]
        total = self.sum([(1, part) for part in parts])
        if function == "somme":
            return with_state(total, state)  # type: ignore[return-value]
        size = self.named(f"np.maximum({' + '.join(counts)}, 1)")
        mean = self.quotient(with_state(total, "None"), Whole(size, 0, MOST_ROWS * len(items)))  # type: ignore[arg-type]
        return with_state(mean, state)  # type: ignore[return-value]

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
            number = with_state(number, state)  # type: ignore[assignment]
            if function in ("min", "max"):
                pick = f"segment_extreme(np.{function}imum"
                if isinstance(number, Whole):
                    huge = LIMIT - 1 if function == "min" else 1 - LIMIT
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
            if isinstance(number, Whole) and number.bound * MOST_ROWS < LIMIT:
                text = f"segment_sum({self.array(number.text)}, {offsets})"
                return Whole(self.named(text), number.scale, number.bound * MOST_ROWS), name
            near = self.near(number)
            f, e = self.fresh("f"), self.fresh("e")
            self.line(f"{f}, {e} = segment_near({near.text}, {near.error}, {offsets})")
            whole = self.named(f"segment_sum({near.whole}, {offsets})") if near.whole else None
            return Near(f, e, near.scale, "None", whole), name

    def value(self, expr: typed.Expr) -> Operand:
        """Return the operand of an expression of any kind."""
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
                made = self.chosen(Flag(present, "None"), with_state(one, "None"), with_state(other, "None"))
                return with_state(made, self.once(f"default_state({one.state}, {other.state})", "s"))
            case _ if isinstance(expr.type, NumberType):
                return self.number(expr)
            case _:
                return self.flag(expr)

    def constant_of(self, constant: object, kind: Type) -> Operand:
        """Return the operand of a literal."""
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
                raise NotWritten(type(constant).__name__)

    def past(self, code: str, back: int, kind: Type) -> Operand:
        """Return a cell or an aggregate of an earlier year."""
        column = self.shape.past.get((code, back))
        if column is None:
            with self.at(None):
                found = self.absent(kind)
            return self.here(found)
        return self.here(self.column(kind, column, "past", code, str(back)))

    def flag(self, expr: typed.Expr) -> Flag:
        """Return the operand of a condition."""
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
                raise NotWritten(type(expr).__name__)

    def supplied(self, code: str, in_row: bool) -> str:
        """Return the name of where the dossier itself gives a cell, or begins a table."""
        if in_row:
            table, _, column = code.split(".")
            if table != self.table:
                raise NotWritten("a row of another list")
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
        """Return whether two answers, texts, dates or conditions compare so."""
        assert isinstance(one, Flag | Code)
        assert isinstance(other, Flag | Code)
        text = self.computed(COMPARISONS[op], self.array(one.text), other.text, letter="b")
        return Flag(text, self.worst(one.state, other.state))

    def compared(self, left: Number, op: str, right: Number, margin: typed.Margin | None) -> Flag:
        """Return whether two numbers compare so, within a tolerance."""
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
            if sum(bounds) < LIMIT:
                g = self.array(self.scaled(gap, 10 ** (scale - gap.scale)))
                t = self.scaled(tolerance, 10 ** (scale - tolerance.scale))
                if op in ("=", "<>"):
                    g = self.computed("np.absolute", g)
                elif op in (">=", "<"):
                    t = self.scaled(Whole(t, scale, bounds[1]), -1)
                within = {"=": "<=", "<>": ">"}.get(op, op)
                return Flag(self.computed(COMPARISONS[within], g, t, letter="b"), state)
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
        """Return the tolerance of a comparison."""
        if margin is None:
            return Whole("0", 0, 0)
        amount = self.constant(margin.amount)
        if margin.relative:
            sizes = [self.absolute(with_state(side, "None")) for side in (left, right)]  # type: ignore[arg-type]
            amount = self.multiplied(amount, self.extreme("max", sizes, "None"))
        if margin.per_term:
            terms: Number = Whole(str(margin.cells), 0, margin.cells)
            for table in margin.lists:
                terms = self.sum([(1, terms), (1, self.row_count(table))])
            amount = self.multiplied(amount, terms)
        return amount

    def row_count(self, table: str) -> Whole:
        """Return how many rows a list has, zero where that is not known."""
        if table not in self.shape.lists:
            return Whole("0", 0, 0)
        state = self.count(table)
        with self.at(None):
            found = Whole(self.once(f"without(np.diff({self.input('offsets', table)}), {state}, 0)", "v"), 0, MOST_ROWS)
        return self.here(found)  # type: ignore[return-value]

    def between(self, value: Number, low: Number, high: Number, margin: typed.Margin | None) -> Flag:
        """Return whether a number is within bounds, each within the tolerance."""
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
