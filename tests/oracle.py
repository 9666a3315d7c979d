"""The oracle: a plain tree walk over `fractions.Fraction` that every evaluator must agree with.

It is written from the page on values of the language (what each operation means on zero,
absent, sans objet and undefined), not from the plan: no slots, no closures, no order of
evaluation. A value is computed when it is asked for, and remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TypeAlias

from qdis_rules.evaluation.dossier import Account, Dossier, Raw
from qdis_rules.evaluation.entries import read_value
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type
from qdis_rules.numbers import NOT_APPLICABLE, Cause, CauseKind, NotApplicable, Undefined

Value: TypeAlias = Fraction | bool | date | str | Undefined | NotApplicable
Column: TypeAlias = list[Value] | Undefined | NotApplicable
"""A list column: a value for each row, or why there are no rows."""

Rows: TypeAlias = Mapping[str, int]
"""The row at hand of each list that is being walked."""

SATISFIED, VIOLATED, UNDETERMINED, NOT_CONCERNED = "satisfait", "violé", "indéterminé", "sans objet"

TYPED, IMPORTED, ACCOUNTS, CARRIED = "saisie", "rapatriement", "comptes", "reprise"


@dataclass(frozen=True)
class Told:
    """What the oracle says of one check: its verdict and the causes when undetermined."""

    verdict: str
    causes: frozenset[Cause] = frozenset()


def undefined(kind: CauseKind, subject: str) -> Undefined:
    return Undefined(frozenset({Cause(kind, subject)}))


def missing(*values: Value) -> Undefined | NotApplicable | None:
    """What strict arithmetic gives when an operand is no value: sans objet wins, causes unite."""
    if NOT_APPLICABLE in values:
        return NOT_APPLICABLE
    causes = [value.causes for value in values if isinstance(value, Undefined)]
    return Undefined(frozenset().union(*causes)) if causes else None


def is_missing(value: Value) -> bool:
    return value is NOT_APPLICABLE or isinstance(value, Undefined)


def number(value: Value) -> Fraction:
    assert isinstance(value, Fraction), value
    return value


def known(value: object) -> Value:
    """A value as read by the library, its numbers as fractions."""
    if isinstance(value, (bool, date, str)):
        return value
    return Fraction(value)  # type: ignore[call-overload,no-any-return]


def round_half_away(value: Fraction, step: Fraction = Fraction(1)) -> Fraction:
    """`value` to the nearest multiple of `step`, ties away from zero."""
    size = (abs(value) / step + Fraction(1, 2)) // 1 * step
    return size if value >= 0 else -size


def round_half_even(value: Fraction, step: Fraction) -> Fraction:
    return round(value / step) * step  # Fraction.__round__ rounds half to even


def round_away(value: Fraction, step: Fraction) -> Fraction:
    size = -(-(abs(value) / step) // 1) * step
    return size if value >= 0 else -size


def round_towards(value: Fraction, step: Fraction) -> Fraction:
    size = (abs(value) / step) // 1 * step
    return size if value >= 0 else -size


ROUNDINGS: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "arrondi": round_half_away,
    "arrondi_pair": round_half_even,
    "arrondi_sup": round_away,
    "arrondi_inf": round_towards,
}

_DATED = re.compile(r".* \([0-9]{4}\)", re.DOTALL)


def dated(value: Value, year: int) -> Value:
    """Say of which earlier year the causes of an undefined value are."""
    if not isinstance(value, Undefined):
        return value
    return Undefined(
        frozenset(
            cause
            if cause.kind is CauseKind.NO_YEAR or _DATED.fullmatch(cause.subject)
            else Cause(cause.kind, f"{cause.subject} ({year})")
            for cause in value.causes
        )
    )


class Oracle:
    """One dossier under a ruleset, with the dossiers of earlier years."""

    def __init__(self, ruleset: typed.TypedRuleset, dossier: Dossier, history: Sequence[Dossier] = ()) -> None:
        self.ruleset = ruleset
        self.years = {earlier.year: Year(self, earlier, earlier=True) for earlier in history}
        self.present = Year(self, dossier, earlier=False)

    def value(self, code: str) -> Value | Column:
        """Return the value of a cell, list column or aggregate, numbers in base units."""
        return self.present.value(code)

    def values(self) -> dict[str, Value | Column]:
        """Return every cell, list column and aggregate by code."""
        return {code: self.value(code) for code in (*self.ruleset.cells, *self.ruleset.aggregates)}

    def checks(self) -> dict[str, Told]:
        """Return what is told of every check, by name."""
        return dict(Judge(self.present).all())

    def thresholds(self) -> dict[tuple[str, str], bool | None]:
        """Return whether each threshold is crossed (None: cannot be told), by aggregate and name."""
        found: dict[tuple[str, str], bool | None] = {}
        for code, aggregate in self.ruleset.aggregates.items():
            for threshold in aggregate.thresholds:
                crossed = self.present.of(threshold.condition, {})
                found[code, threshold.name] = crossed if isinstance(crossed, bool) else None
        return found


@dataclass
class Year:
    """One dossier of one year: what it gives, and every value that follows."""

    oracle: Oracle
    dossier: Dossier
    earlier: bool
    known: dict[tuple[str, int | None], Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ruleset = self.oracle.ruleset
        self.typed = self._read(self.dossier.typed, self.ruleset.cells)
        self.imported = self._read(self.dossier.imported, self.ruleset.cells)
        self.filed = self._read(self.dossier.filed, self.ruleset.aggregates)
        self.accounts = {
            code: amount
            for code, cell in self.ruleset.cells.items()
            if cell.selection is not None and self.dossier.balance is not None
            if (amount := balance_of(cell.selection, self.dossier.balance)) is not None
        }

    def _read(
        self, given: Mapping[str, Raw], declared: Mapping[str, typed.Cell] | Mapping[str, typed.Aggregate]
    ) -> dict[str, Value]:
        found = {}
        for code, item in declared.items():
            name = code
            if self.earlier and item.since is not None and self.dossier.year <= item.since[0]:
                name = item.since[1]
            raw = given.get(name)
            if not _is_empty(raw):
                found[code] = known(read_value(raw, item.type))
        return found

    # --- values -------------------------------------------------------------------

    def value(self, code: str) -> Value | Column:
        if code in self.ruleset.aggregates:
            return self.single(code)
        cell = self.ruleset.cells[code]
        if cell.row != "*":
            return self.single(code)
        rows = self.rows(cell.table)
        if isinstance(rows, int):
            return [self.in_row(code, row) for row in range(rows)]
        return rows

    def single(self, code: str) -> Value:
        """A fixed cell or an aggregate."""
        if (code, None) not in self.known:
            aggregate = self.ruleset.aggregates.get(code)
            self.known[code, None] = (
                self.aggregate(aggregate) if aggregate is not None else self.cell(self.ruleset.cells[code])
            )
        return self.known[code, None]

    def aggregate(self, aggregate: typed.Aggregate) -> Value:
        if aggregate.guard is not None:
            allowed = self.of(aggregate.guard, {})
            if isinstance(allowed, Undefined):
                return allowed
            if allowed is not True:
                return NOT_APPLICABLE
        return self.of(aggregate.formula, {})

    def cell(self, cell: typed.Cell) -> Value:
        closed = self.closed(cell.table)
        if closed is not None:
            return closed
        if cell.formula is not None:
            return self.of(cell.formula, {})
        for _, value in self.given(cell):
            return value
        if self.ruleset.tables[cell.table].empty_is_zero and isinstance(cell.type, NumberType):
            if self.supplies(cell.table):
                return Fraction(0)
            return undefined(CauseKind.NO_TABLE, cell.table)
        return undefined(CauseKind.ABSENT, cell.code)

    def given(self, cell: typed.Cell) -> Iterator[tuple[str, Value]]:
        """What the dossier (or last year's) gives a cell, in order of preference."""
        for origin, values in ((TYPED, self.typed), (IMPORTED, self.imported), (ACCOUNTS, self.accounts)):
            if cell.code in values:
                yield origin, values[cell.code]
        carried = self.carried(cell)
        if carried is not None:
            yield CARRIED, carried

    def carried(self, cell: typed.Cell) -> Value | None:
        """Last year's closing: nothing when that year is missing or has no value there."""
        last = self.oracle.years.get(self.dossier.year - 1)
        if cell.carried_from is None or last is None:
            return None
        value = last.single(cell.carried_from)
        return None if is_missing(value) else value

    def supplies(self, table: str) -> bool:
        """True when the dossier gives at least one cell of a fixed table."""
        given = (*self.typed, *self.imported, *self.accounts)
        return any(self.ruleset.cells[code].table == table for code in given)

    def begun(self, table: str) -> bool:
        """True when the dossier has a row of the list, or types or imports a cell of the table."""
        given = (*self.typed, *self.imported)
        return bool(self.dossier.lists.get(table)) or any(self.ruleset.cells[code].table == table for code in given)

    def closed(self, table: str) -> Undefined | NotApplicable | None:
        """What `facultatif` and `sans objet quand` make of the cells of a table; None when it applies."""
        if self.ruleset.tables[table].optional and not self.begun(table):
            return NOT_APPLICABLE
        condition = self.ruleset.tables[table].not_applicable
        if condition is None:
            return None
        found = self.of(condition, {})
        if found is True:
            return NOT_APPLICABLE
        return found if isinstance(found, Undefined) else None

    # --- lists --------------------------------------------------------------------

    def rows(self, table: str) -> int | Undefined | NotApplicable:
        """How many rows a list has, or why it has none."""
        closed = self.closed(table)
        if closed is not None:
            return closed
        rows = self.dossier.lists.get(table)
        return len(rows) if rows is not None else undefined(CauseKind.NO_TABLE, table)

    def in_row(self, code: str, row: int) -> Value:
        if (code, row) not in self.known:
            cell = self.ruleset.cells[code]
            self.known[code, row] = (
                self.of(cell.formula, {cell.table: row}) if cell.formula is not None else self.entry(cell, row)
            )
        return self.known[code, row]

    def entry(self, cell: typed.Cell, row: int) -> Value:
        raw = self.dossier.lists[cell.table][row].get(cell.column)
        if not _is_empty(raw):
            return known(read_value(raw, cell.type))
        if self.ruleset.tables[cell.table].empty_is_zero and isinstance(cell.type, NumberType):
            return Fraction(0)
        return undefined(CauseKind.ABSENT, f"{cell.table}.{self.row_key(cell.table, row)}.{cell.column}")

    def row_key(self, table: str, row: int) -> str:
        key = self.ruleset.tables[table].key
        assert key is not None
        return str(read_value(self.dossier.lists[table][row][key], self.ruleset.cells[f"{table}.*.{key}"].type))

    # --- expressions --------------------------------------------------------------

    def of(self, expr: typed.Expr, rows: Rows) -> Value:
        """Return what `expr` is, with `rows` the row at hand of each list being walked."""
        match expr:
            case typed.Const(constant):
                return known(constant)
            case typed.CellValue(code, 0) | typed.AggregateValue(code, 0):
                return self.single(code)
            case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                return self.past(code, back)
            case typed.RowValue(code):
                return self.in_row(code, rows[self.ruleset.cells[code].table])
            case typed.ParameterValue(code):
                return self.parameter(self.ruleset.parameters[code])
            case typed.YearValue():
                return Fraction(self.dossier.year)
            case typed.Negation(operand):
                value = self.of(operand, rows)
                return value if is_missing(value) else -number(value)
            case typed.Sum(terms):
                return self.sum(terms, rows)
            case typed.Product(factors):
                return self.product(factors, " ".join(re.sub("#.*", "", expr.span.text).split()), rows)
            case typed.Comparison():
                return self.comparison(expr, rows)
            case typed.Between():
                return self.between(expr, rows)
            case typed.Not(operand):
                value = self.of(operand, rows)
                return value if is_missing(value) else value is False
            case typed.And(operands):
                return kleene([self.of(operand, rows) for operand in operands], absorbing=False)
            case typed.Or(operands):
                return kleene([self.of(operand, rows) for operand in operands], absorbing=True)
            case typed.Conditional(condition, then, otherwise):
                chosen = self.of(condition, rows)
                if is_missing(chosen):
                    return chosen
                return self.of(then if chosen is True else otherwise, rows)
            case typed.Fold(function, items):
                return self.fold(function, items, rows)
            case typed.Apply(function, arguments):
                return self.apply(function, arguments, rows)
            case typed.Supplied(code, in_row):
                return self.supplied(code, rows[self.ruleset.cells[code].table] if in_row else None)
            case _:
                raise AssertionError(f"never evaluated: {expr}")

    def past(self, code: str, back: int) -> Value:
        year = self.dossier.year - back
        found = self.oracle.years.get(year)
        if found is None:
            return undefined(CauseKind.NO_YEAR, str(year))
        if code in found.filed:
            return found.filed[code]
        return dated(found.single(code), year)

    def parameter(self, parameter: typed.Parameter) -> Value:
        """The value for this year, else the latest one checked before it."""
        year = self.dossier.year
        at_hand = [value for value in parameter.values if (value.first or 0) <= year <= (value.last or 9999)]
        before = [value for value in parameter.values if value.last is not None and value.last < year]
        found = at_hand or [max(before, key=lambda value: value.last or 0)] if at_hand or before else []
        for dated_value in found:
            if dated_value.value is not None:
                return known(dated_value.value)
        return undefined(CauseKind.NO_VALUE, f"{parameter.code} ({year})")

    def sum(self, terms: Sequence[tuple[bool, typed.Expr]], rows: Rows) -> Value:
        values = [self.of(term, rows) for _, term in terms]
        none = missing(*values)
        if none is not None:
            return none
        total = Fraction(0)
        for (minus, _), value in zip(terms, values, strict=True):
            total += -number(value) if minus else number(value)
        return total

    def product(self, factors: Sequence[tuple[bool, typed.Expr]], text: str, rows: Rows) -> Value:
        values = [self.of(factor, rows) for _, factor in factors]
        none = missing(*values)
        if none is not None:
            return none
        if any(divides and value == 0 for (divides, _), value in zip(factors, values, strict=True)):
            return undefined(CauseKind.DIVISION, text)
        result = Fraction(1)
        for (divides, _), value in zip(factors, values, strict=True):
            result = result / number(value) if divides else result * number(value)
        return result

    def comparison(self, node: typed.Comparison, rows: Rows) -> Value:
        left, right = self.of(node.left, rows), self.of(node.right, rows)
        none = missing(left, right)
        if none is not None:
            return none
        if isinstance(left, Fraction):
            return compare(left, node.op, number(right), self.tolerance(node.margin, left, number(right)))
        if isinstance(left, date):
            assert isinstance(right, date)
            return compare(Fraction(left.toordinal()), node.op, Fraction(right.toordinal()), Fraction(0))
        return (left == right) == (node.op == "=")

    def between(self, node: typed.Between, rows: Rows) -> Value:
        value, low, high = (self.of(side, rows) for side in (node.value, node.low, node.high))
        none = missing(value, low, high)
        if none is not None:
            return none
        if isinstance(value, date):
            assert isinstance(low, date)
            assert isinstance(high, date)
            return low <= value <= high
        found, bottom, top = number(value), number(low), number(high)
        return compare(found, ">=", bottom, self.tolerance(node.margin, found, bottom)) and compare(
            found, "<=", top, self.tolerance(node.margin, found, top)
        )

    def tolerance(self, margin: typed.Margin | None, left: Fraction, right: Fraction) -> Fraction:
        if margin is None:
            return Fraction(0)
        amount = Fraction(margin.amount)
        if margin.relative:
            amount *= max(abs(left), abs(right))
        if margin.per_term:
            counts = [self.rows(table) for table in margin.lists]
            amount *= margin.cells + sum(count for count in counts if isinstance(count, int))
        return amount

    # --- functions ----------------------------------------------------------------

    def fold(self, function: str, items: Sequence[typed.Expr], rows: Rows) -> Value:
        values: list[Value] = []
        uncounted: list[Value] = []  # rows that may or may not be there
        for item in items:
            if isinstance(item, typed.Rows):
                self.spread(item, rows, values, uncounted)
            else:
                values.append(self.of(item, rows))
        remaining = [value for value in values if value is not NOT_APPLICABLE]
        if not remaining and not uncounted and values:
            return NOT_APPLICABLE
        if function == "nombre":
            none = missing(*uncounted)
            return none if none is not None else Fraction(sum(1 for value in remaining if not is_missing(value)))
        none = missing(*remaining, *uncounted)
        if none is not None:
            return none
        numbers = [number(value) for value in remaining]
        if function == "somme":
            return sum(numbers, Fraction(0))
        if not numbers:
            return NOT_APPLICABLE
        match function:
            case "moyenne":
                return sum(numbers, Fraction(0)) / len(numbers)
            case "min":
                return min(numbers)
            case _:
                assert function == "max"
                return max(numbers)

    def spread(self, node: typed.Rows, rows: Rows, values: list[Value], uncounted: list[Value]) -> None:
        """One value for each row kept; a filter that is sans objet leaves a value that is."""
        count = self.rows(node.table)
        if isinstance(count, Undefined):
            uncounted.append(count)
        elif isinstance(count, NotApplicable):
            values.append(NOT_APPLICABLE)
        else:
            for row in range(count):
                here = {**rows, node.table: row}
                kept = self.of(node.condition, here) if node.condition is not None else True
                if kept is True:
                    values.append(self.of(node.value, here))
                elif kept is NOT_APPLICABLE:
                    values.append(NOT_APPLICABLE)
                elif isinstance(kept, Undefined):
                    uncounted.append(kept)

    def apply(self, function: str, arguments: Sequence[typed.Expr], rows: Rows) -> Value:
        value = self.of(arguments[0], rows)
        if function == "renseigné":
            return not is_missing(value)
        if function == "défaut":
            return self.of(arguments[1], rows) if is_missing(value) else value
        if is_missing(value):
            return value
        if function == "abs":
            return abs(number(value))
        if function == "année":
            assert isinstance(value, date)
            return Fraction(value.year)
        return ROUNDINGS[function](number(value), number(self.of(arguments[1], rows)))

    def supplied(self, code: str, row: int | None) -> bool:
        """True when a value is given before `vide vaut 0`; a table that does not apply holds only what is typed."""
        if code in self.ruleset.tables:
            return self.begun(code)
        cell = self.ruleset.cells[code]
        if cell.row != "*":
            if code in self.typed or code in self.imported:
                return True
            return self.closed(cell.table) is not NOT_APPLICABLE and any(True for _ in self.given(cell))
        given = [not _is_empty(line.get(cell.column)) for line in self.dossier.lists.get(cell.table, ())]
        return given[row] if row is not None else any(given)


def compare(left: Fraction, op: str, right: Fraction, tolerance: Fraction) -> bool:
    """Three comparisons with a symmetric tolerance, bound included; the others are their negation."""
    match op:
        case "=":
            return abs(left - right) <= tolerance
        case "<=":
            return left <= right + tolerance
        case ">=":
            return left >= right - tolerance
        case "<>":
            return not compare(left, "=", right, tolerance)
        case "<":
            return not compare(left, ">=", right, tolerance)
        case _:
            assert op == ">"
            return not compare(left, "<=", right, tolerance)


def kleene(values: Sequence[Value], absorbing: bool) -> Value:
    """`et` (absorbed by False) or `ou` (absorbed by True)."""
    if any(value is absorbing for value in values):
        return absorbing
    none = missing(*values)
    return none if none is not None else not absorbing


# --- the trial balance --------------------------------------------------------------


def balance_of(selection: typed.Selection, accounts: Sequence[Account]) -> Fraction | None:
    """Return what `comptes` reads, debit positive for `débit`; None when the balance lacks those columns."""
    moment, _, side = selection.reading.rpartition(" ")
    total = Fraction(0)
    for account in accounts:
        debit, credit = {
            "": (account.closing_debit, account.closing_credit),
            "ouverture": (account.opening_debit, account.opening_credit),
            "mouvements": (account.movement_debit, account.movement_credit),
        }[moment]
        if debit is None or credit is None:
            return None
        if not takes(selection, account.number):
            continue
        net = Fraction(debit) - Fraction(credit)
        if moment == "mouvements":
            total += Fraction(debit) if side == "débit" else Fraction(credit)
        elif side in ("débit", "crédit"):
            total += net if side == "débit" else -net
        else:
            total += max(net if side == "débiteurs" else -net, Fraction(0))
    return total


def takes(selection: typed.Selection, account: str) -> bool:
    return (
        any(account.startswith(prefix) for prefix in selection.prefixes)
        and not any(account.startswith(prefix) for prefix in selection.exceptions)
        and not any(takes(other, account) for other in selection.without)
    )


def reached(ruleset: typed.TypedRuleset, account: Account) -> bool:
    """True when a statement reads the closing balance of the account.

    Statements are the tables with an `état comptable`; when there is none, those neither computed nor `facultatif`.
    """
    named = {table.code for table in ruleset.tables.values() if table.statement is not None}
    net = Fraction(account.closing_debit) - Fraction(account.closing_credit)
    for cell in ruleset.cells.values():
        selection = cell.selection
        table = ruleset.tables[cell.table]
        if selection is None or " " in selection.reading:
            continue
        if (named and table.code not in named) or (not named and (table.origin == "calcul" or table.optional)):
            continue
        ignored = selection.reading == "débiteurs" and net < 0 or selection.reading == "créditeurs" and net > 0
        if takes(selection, account.number) and not ignored:
            return True
    return False


# --- checks -------------------------------------------------------------------------


@dataclass
class Judge:
    """The verdicts of one dossier."""

    year: Year

    def all(self) -> Iterator[tuple[str, Told]]:
        ruleset = self.year.ruleset
        for check in ruleset.checks.values():
            for instance in check.instances:
                yield from self.instances(check.code, instance)
        for cell in ruleset.cells.values():
            if cell.row != "*":
                yield from self.second_values(cell)
        balance = self.year.dossier.balance
        if balance is not None:
            held = all(
                account.closing_debit == account.closing_credit or reached(ruleset, account) for account in balance
            )
            yield "balance~comptes", Told(SATISFIED if held else VIOLATED)

    def instances(self, code: str, instance: typed.CheckInstance) -> Iterator[tuple[str, Told]]:
        if instance.rows_of is None:
            name = code if instance.key is None else f"{code}[{instance.key}]"
            yield name, self.told(instance, {})
            return
        count = self.year.rows(instance.rows_of)
        declared = self.year.ruleset.checks[code].origin is None
        if isinstance(count, Undefined) and declared:
            yield code, Told(UNDETERMINED, count.causes)
        elif isinstance(count, Undefined):  # a bound says nothing of rows that are not there
            yield code, Told(NOT_CONCERNED)
        elif isinstance(count, NotApplicable) or count == 0:
            yield code, Told(NOT_CONCERNED)
        else:
            for row in range(count):
                key = self.year.row_key(instance.rows_of, row)
                yield f"{code}[{key}]", self.told(instance, {instance.rows_of: row})

    def told(self, instance: typed.CheckInstance, rows: Rows) -> Told:
        allowed: Value = self.year.of(instance.guard, rows) if instance.guard is not None else True
        if isinstance(allowed, Undefined):
            return Told(UNDETERMINED, allowed.causes)
        if allowed is not True:
            return Told(NOT_CONCERNED)
        found = self.year.of(instance.body, rows)
        if isinstance(found, Undefined):
            return Told(UNDETERMINED, found.causes)
        if found is NOT_APPLICABLE:
            return Told(NOT_CONCERNED)
        return Told(SATISFIED if found is True else VIOLATED)

    def second_values(self, cell: typed.Cell) -> Iterator[tuple[str, Told]]:
        """A value that the dossier gives and that is not retained is compared with the one that is."""
        given = list(self.year.given(cell))
        others = given if cell.formula is not None else given[1:]
        retained = self.year.single(cell.code)
        for origin, other in others:
            name = f"{cell.code}~{origin}"
            if isinstance(retained, Undefined):
                yield name, Told(UNDETERMINED, retained.causes)
            elif retained is NOT_APPLICABLE:
                yield name, Told(NOT_CONCERNED)
            elif isinstance(retained, Fraction):
                same = compare(retained, "=", number(other), Fraction(cell.tolerance))
                yield name, Told(SATISFIED if same else VIOLATED)
            else:
                yield name, Told(SATISFIED if retained == other else VIOLATED)


def shown_in(kind: Type, value: Fraction) -> Fraction:
    """Return a number in base units in its declared unit."""
    if isinstance(kind, NumberType) and kind.unit is not None:
        return value / kind.unit.scale
    return value


def _is_empty(raw: Raw) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())
