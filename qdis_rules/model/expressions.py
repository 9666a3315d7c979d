"""Formulas: from names and words to typed expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors, typed
from qdis_rules.model.ranges import Ranges
from qdis_rules.model.resolve import SymbolTable, simple_unit
from qdis_rules.model.scope import Names, Scope
from qdis_rules.model.types import (
    CONDITION,
    ERROR,
    PLAIN,
    ChoiceType,
    ConditionType,
    DateType,
    ErrorType,
    NumberType,
    TextType,
    Type,
    number_unit,
)
from qdis_rules.numbers import exact
from qdis_rules.source import Span
from qdis_rules.suggest import fold
from qdis_rules.syntax import tree
from qdis_rules.units import NUMBER

FOLDS: Final = ("somme", "moyenne", "min", "max", "nombre")
ROUNDINGS: Final = ("arrondi", "arrondi_sup", "arrondi_inf", "arrondi_pair")
FUNCTIONS: Final = (*FOLDS, "abs", "défaut", "renseigné", "année", *ROUNDINGS)
_BY_FOLDED: Final = {fold(name): name for name in FUNCTIONS}

MarginMaker = Callable[[tree.Tolerance | None, tuple[typed.Expr, ...]], typed.Margin | None]


@dataclass
class Expressions:
    """Types expressions; what it notices goes to `diagnostics`.

    `margin` decides the tolerance of each comparison: none but in the body of a check.
    """

    symbols: SymbolTable
    diagnostics: list[Diagnostic]
    margin: MarginMaker | None = None

    def __post_init__(self) -> None:
        self.names = Names(self.symbols, self.diagnostics)
        self.ranges = Ranges(self.symbols, self.names, self.diagnostics)
        self._spread: dict[int, typed.Expr] = {}

    # --- entry points -------------------------------------------------------------

    def expect(self, node: tree.Expr, scope: Scope, kind: Type, declared: Span) -> typed.Expr:
        """Return the typed formula of something declared of `kind` at `declared`."""
        value = self.check(node, scope, kind if isinstance(kind, ChoiceType) else None)
        found = value.type
        if isinstance(found, ErrorType) or isinstance(kind, ErrorType):
            return value
        if isinstance(kind, NumberType) and isinstance(found, NumberType):
            if found.unit is not None and not found.unit.compatible(number_unit(kind)):
                self.diagnostics.append(errors.declared_unit(node.span, found.unit, declared, number_unit(kind)))
                return typed.Invalid(node.span)
            return value
        if type(found) is not type(kind):
            self.diagnostics.append(errors.kinds_differ(declared, kind, node.span, found, "la formule"))
            return typed.Invalid(node.span)
        return value

    def condition(self, node: tree.Expr, scope: Scope) -> typed.Expr:
        """Return `node` as a condition; Invalid once reported."""
        value = self.check(node, scope)
        if isinstance(value.type, ConditionType | ErrorType):
            return value
        help = "écrivez une comparaison, par exemple « x > 0 »" if isinstance(value.type, NumberType) else None
        self.diagnostics.append(errors.wrong_kind(node.span, value.type, "une condition", help=help))
        return typed.Invalid(node.span)

    def number(self, node: tree.Expr, scope: Scope) -> typed.Expr:
        """Return `node` as a number; Invalid once reported."""
        value = self.check(node, scope)
        if isinstance(value.type, NumberType | ErrorType):
            return value
        self.diagnostics.append(errors.wrong_kind(node.span, value.type, "un nombre"))
        return typed.Invalid(node.span)

    # --- one function a node --------------------------------------------------------

    def check(self, node: tree.Expr, scope: Scope, choice: ChoiceType | None = None) -> typed.Expr:
        """Return the typed form of `node`. `choice` is what stands opposite, if a choice."""
        if id(node) in self._spread:
            return self._spread[id(node)]
        match node:
            case tree.Quantity():
                return self._quantity(node)
            case tree.DateLiteral(day, span):
                return typed.Const(day, DateType(), span)
            case tree.FiscalYear(span):
                return typed.YearValue(PLAIN, span)
            case tree.CurrentRow(span):
                return self._current_row(span, scope, choice)
            case tree.Reference():
                return self._reference(node, scope, choice)
            case tree.RangeExpr(_, _, span):
                self.diagnostics.append(errors.range_outside(span))
                return typed.Invalid(span)
            case tree.Negation(operand, span):
                value = self.number(operand, scope)
                return typed.Negation(value, value.type, span)
            case tree.Sum():
                return self._sum(node, scope)
            case tree.Product():
                return self._product(node, scope)
            case tree.Comparison():
                return self._comparison(node, scope)
            case tree.Between():
                return self._between(node, scope)
            case tree.Not(operand, span):
                return typed.Not(self.condition(operand, scope), CONDITION, span)
            case tree.And(operands, span):
                return typed.And(tuple(self.condition(o, scope) for o in operands), CONDITION, span)
            case tree.Or(operands, span):
                return typed.Or(tuple(self.condition(o, scope) for o in operands), CONDITION, span)
            case tree.Conditional():
                return self._conditional(node, scope, choice)
            case tree.Filtered(_, _, span):
                self.diagnostics.append(errors.filter_outside(span))
                return typed.Invalid(span)
            case tree.Call():
                return self._call(node, scope)

    def _quantity(self, node: tree.Quantity) -> typed.Expr:
        if node.unit is None:
            kind = NumberType(None if node.value == 0 else NUMBER)
            return typed.Const(node.value, kind, node.span)
        unit = simple_unit(node.unit.text, node.unit.span, self.symbols.units, self.diagnostics)
        if unit is None:
            return typed.Invalid(node.span)
        return typed.Const(exact(Fraction(node.value) * unit.scale), NumberType(unit), node.span)

    def _reference(self, node: tree.Reference, scope: Scope, choice: ChoiceType | None) -> typed.Expr:
        if "*" in node.parts or (node.years is not None and node.years.is_range):
            self.diagnostics.append(errors.range_outside(node.span))
            return typed.Invalid(node.span)
        back = node.years.first if node.years is not None else 0
        if choice is not None and len(node.parts) == 1 and node.years is None:
            return self._answer(node, scope, choice)
        return self.names.reference(node, scope, back)

    def _answer(self, node: tree.Reference, scope: Scope, choice: ChoiceType) -> typed.Expr:
        """Opposite a choice, a bare name is an answer, unless only a cell has it."""
        name = node.parts[0]
        if self.names.is_broken(node, scope):
            return typed.Invalid(node.span)
        readings = self.names.readings(node, scope, 0)
        if name in choice.answers:
            if readings:
                places = [(what, place) for what, place, _ in readings]
                self.diagnostics.append(errors.ambiguous(node.span, places))
                return typed.Invalid(node.span)
            return typed.Const(name, choice, node.span)
        if readings:
            return self.names.reference(node, scope, 0)
        self.diagnostics.append(errors.unknown_answer(node.span, choice.answers))
        return typed.Invalid(node.span)

    def _current_row(self, span: Span, scope: Scope, choice: ChoiceType | None) -> typed.Expr:
        if scope.row is None:
            self.diagnostics.append(
                errors.wrong_name_for_row(span, "« ligne » ne vaut que dans la formule d'une colonne")
            )
            return typed.Invalid(span)
        if choice is None:
            self.diagnostics.append(errors.wrong_name_for_row(span, "« ligne » se compare à un choix, par = ou <>"))
            return typed.Invalid(span)
        if scope.row not in choice.answers:
            self.diagnostics.append(errors.row_is_no_answer(span, scope.row, choice.answers))
            return typed.Invalid(span)
        return typed.Const(scope.row, choice, span)

    def _sum(self, node: tree.Sum, scope: Scope) -> typed.Expr:
        terms = tuple((minus, self.number(term, scope)) for minus, term in node.terms)
        kind = self._same_unit([term for _, term in terms], "addition")
        return typed.Sum(terms, kind, node.span) if kind is not ERROR else typed.Invalid(node.span)

    def _product(self, node: tree.Product, scope: Scope) -> typed.Expr:
        factors: list[tuple[bool, typed.Expr]] = []
        unit = NUMBER
        ok = True
        for divides, factor in node.factors:
            if divides and self._is_unit_name(factor, scope):
                self.diagnostics.append(errors.compound_unit(node.span, factor.span.text))
                return typed.Invalid(node.span)
            value = self.number(factor, scope)
            if isinstance(value.type, NumberType):
                of = number_unit(value.type)
                unit = unit / of if divides else unit * of
            else:
                ok = False
            factors.append((divides, value))
        if not ok:
            return typed.Invalid(node.span)
        return typed.Product(tuple(factors), NumberType(unit), node.span)

    def _is_unit_name(self, node: tree.Expr, scope: Scope) -> bool:
        return (
            isinstance(node, tree.Reference)
            and len(node.parts) == 1
            and node.parts[0] in self.symbols.units
            and not self.names.readings(node, scope, 0)
        )

    def _same_unit(self, values: list[typed.Expr], what: str) -> Type:
        """Return the common type of numbers, or ERROR once a mismatch is reported."""
        first: typed.Expr | None = None
        ok = True
        for value in values:
            if not isinstance(value.type, NumberType):
                ok = False
                continue
            if value.type.unit is None:
                continue
            if first is None:
                first = value
                continue
            left, right = number_unit(first.type), value.type.unit
            if not left.compatible(right):
                self.diagnostics.append(errors.unit_mismatch(first.span, left, value.span, right, what))
                ok = False
        if not ok:
            return ERROR
        if first is not None:
            return NumberType(number_unit(first.type))
        return NumberType(None)

    def _comparison(self, node: tree.Comparison, scope: Scope) -> typed.Expr:
        left, right = self._sides(node, scope)
        if not self._comparable(left, right, node.op, "comparaison"):
            return typed.Invalid(node.span)
        margin = self._margin(node.tolerance, (left, right))
        return typed.Comparison(left, node.op, right, margin, CONDITION, node.span)

    def _sides(self, node: tree.Comparison, scope: Scope) -> tuple[typed.Expr, typed.Expr]:
        """Type both sides, the one that may be an answer after the other."""
        if _may_be_answer(node.left) and not _may_be_answer(node.right):
            right = self.check(node.right, scope)
            return self._opposite(node.left, scope, right), right
        if _may_be_answer(node.left) and isinstance(node.left, tree.Reference):
            if not self.names.readings(node.left, scope, 0) and not self.names.is_broken(node.left, scope):
                right = self.check(node.right, scope)
                return self._opposite(node.left, scope, right), right
        left = self.check(node.left, scope)
        return left, self._opposite(node.right, scope, left)

    def _opposite(self, node: tree.Expr, scope: Scope, other: typed.Expr) -> typed.Expr:
        """Type the side that may be an answer; opposite what is unknown, a name without reading is no second mistake."""
        if isinstance(other.type, ErrorType) and isinstance(node, tree.Reference) and _may_be_answer(node):
            if not self.names.readings(node, scope, 0):
                return typed.Invalid(node.span)
        return self.check(node, scope, _choice(other))

    def _comparable(self, left: typed.Expr, right: typed.Expr, op: str, what: str) -> bool:
        kinds = (left.type, right.type)
        if any(isinstance(kind, ErrorType) for kind in kinds):
            return False
        for side in (left, right):
            if isinstance(side.type, TextType):
                self.diagnostics.append(errors.text_value(side.span))
                return False
        if isinstance(left.type, NumberType) and isinstance(right.type, NumberType):
            return self._same_unit([left, right], what) is not ERROR
        if type(left.type) is not type(right.type):
            self.diagnostics.append(errors.kinds_differ(left.span, left.type, right.span, right.type, what))
            return False
        if isinstance(left.type, ChoiceType) and left.type != right.type:
            self.diagnostics.append(errors.kinds_differ(left.span, left.type, right.span, right.type, what))
            return False
        if not isinstance(left.type, DateType) and op not in ("=", "<>"):
            self.diagnostics.append(errors.no_order(left.span, op, left.type))
            return False
        return True

    def _between(self, node: tree.Between, scope: Scope) -> typed.Expr:
        value = self.check(node.value, scope)
        low = self.check(node.low, scope)
        high = self.check(node.high, scope)
        if not (
            self._comparable(value, low, "entre", "comparaison")
            and self._comparable(value, high, "entre", "comparaison")
        ):
            return typed.Invalid(node.span)
        if _is_constant(low) and _is_constant(high) and low.value > high.value:  # type: ignore[union-attr,operator]
            self.diagnostics.append(errors.bounds_backwards(node.low.span.to(node.high.span)))
            return typed.Invalid(node.span)
        margin = self._margin(node.tolerance, (value, low, high))
        return typed.Between(value, low, high, margin, CONDITION, node.span)

    def _margin(self, node: tree.Tolerance | None, sides: tuple[typed.Expr, ...]) -> typed.Margin | None:
        if node is not None and not isinstance(sides[0].type, NumberType):
            self.diagnostics.append(errors.margin_without_number(node.span, sides[0].type))
            return None
        if self.margin is not None:
            return self.margin(node, sides) if isinstance(sides[0].type, NumberType) else None
        if node is not None:
            self.diagnostics.append(errors.margin_outside(node.span))
        return None

    def _conditional(self, node: tree.Conditional, scope: Scope, choice: ChoiceType | None) -> typed.Expr:
        margin, self.margin = self.margin, None  # the condition of a `si` is exact
        condition = self.condition(node.condition, scope)
        self.margin = margin
        then = self.check(node.then, scope, choice)
        otherwise = self.check(node.otherwise, scope, choice)
        kind = self._common([then, otherwise], "les deux branches")
        if kind is ERROR or isinstance(condition.type, ErrorType):
            return typed.Invalid(node.span)
        return typed.Conditional(condition, then, otherwise, kind, node.span)

    def _common(self, values: list[typed.Expr], what: str) -> Type:
        """Return the one kind of `values`, or ERROR once a difference is reported."""
        if any(isinstance(value.type, ErrorType) for value in values):
            return ERROR
        if all(isinstance(value.type, NumberType) for value in values):
            return self._same_unit(values, what)
        first = values[0]
        for value in values[1:]:
            if value.type != first.type:
                self.diagnostics.append(errors.kinds_differ(first.span, first.type, value.span, value.type, what))
                return ERROR
        return first.type

    # --- functions --------------------------------------------------------------

    def _call(self, node: tree.Call, scope: Scope) -> typed.Expr:
        name = _BY_FOLDED.get(fold(node.function.text))
        if name is None:
            self.diagnostics.append(errors.unknown_function(node.function.span, FUNCTIONS))
            return typed.Invalid(node.span)
        if name in FOLDS:
            return self._fold(name, node, scope)
        for argument in node.arguments:
            if isinstance(argument, tree.Filtered):
                self.diagnostics.append(errors.filter_outside(argument.span))
                return typed.Invalid(node.span)
        arguments = node.arguments
        match name:
            case "abs":
                if not self._count(node, name, 1, 1, "abs(x)"):
                    return typed.Invalid(node.span)
                value = self.number(arguments[0], scope)
                return typed.Apply(name, (value,), value.type, node.span)
            case "défaut":
                return self._default(node, scope)
            case "renseigné":
                if not self._count(node, name, 1, 1, "renseigné(x)"):
                    return typed.Invalid(node.span)
                value = self.check(arguments[0], scope)
                if isinstance(value.type, ErrorType):
                    return typed.Invalid(node.span)
                return typed.Apply(name, (value,), CONDITION, node.span)
            case "année":
                if not self._count(node, name, 1, 1, "année(d)"):
                    return typed.Invalid(node.span)
                value = self.check(arguments[0], scope)
                if not isinstance(value.type, DateType | ErrorType):
                    self.diagnostics.append(errors.wrong_kind(arguments[0].span, value.type, "une date"))
                    return typed.Invalid(node.span)
                return typed.Apply(name, (value,), PLAIN, node.span)
            case _:
                return self._rounding(name, node, scope)

    def _count(self, node: tree.Call, name: str, low: int, high: int, example: str) -> bool:
        found = len(node.arguments)
        if low <= found <= high:
            return True
        expected = f"{low} argument{'s' if low > 1 else ''}"
        self.diagnostics.append(errors.wrong_count(node.span, name, expected, found, example))
        return False

    def _default(self, node: tree.Call, scope: Scope) -> typed.Expr:
        if not self._count(node, "défaut", 2, 2, "défaut(x ; 0)"):
            return typed.Invalid(node.span)
        value = self.check(node.arguments[0], scope)
        fallback = self.check(node.arguments[1], scope, _choice(value))
        kind = self._common([value, fallback], "défaut")
        if kind is ERROR:
            return typed.Invalid(node.span)
        return typed.Apply("défaut", (value, fallback), kind, node.span)

    def _rounding(self, name: str, node: tree.Call, scope: Scope) -> typed.Expr:
        if not self._count(node, name, 2, 2, f"{name}(x ; 0,01 EUR)"):
            return typed.Invalid(node.span)
        value = self.number(node.arguments[0], scope)
        step = self.number(node.arguments[1], scope)
        if isinstance(value.type, ErrorType) or isinstance(step.type, ErrorType):
            return typed.Invalid(node.span)
        if not isinstance(step, typed.Const) or not isinstance(step.value, Decimal | Fraction) or step.value <= 0:
            self.diagnostics.append(errors.step_not_constant(node.arguments[1].span))
            return typed.Invalid(node.span)
        if self._same_unit([value, step], "arrondi") is ERROR:
            return typed.Invalid(node.span)
        return typed.Apply(name, (value, step), value.type, node.span)

    def _fold(self, name: str, node: tree.Call, scope: Scope) -> typed.Expr:
        items: list[typed.Expr] = []
        ok = True
        for argument in node.arguments:
            spread = self._items(argument, scope, name)
            ok = ok and spread is not None
            items.extend(spread or ())
        if not ok or any(isinstance(item.type, ErrorType) for item in items):
            return typed.Invalid(node.span)
        if name == "nombre":
            return typed.Fold(name, tuple(items), NumberType(NUMBER), node.span)
        for item in items:
            if not isinstance(item.type, NumberType):
                self.diagnostics.append(errors.wrong_kind(item.span, item.type, "un nombre"))
                return typed.Invalid(node.span)
        kind = self._same_unit(items, name)
        return typed.Fold(name, tuple(items), kind, node.span) if kind is not ERROR else typed.Invalid(node.span)

    def _items(self, argument: tree.Expr, scope: Scope, function: str) -> list[typed.Expr] | None:
        """Return the items one argument stands for: ranges are spread, lists become `Rows`."""
        condition_node = None
        span = argument.span
        if isinstance(argument, tree.Filtered):
            condition_node, argument = argument.condition, argument.value
        unclear = self.ranges.ambiguous(argument, FOLDS)
        if unclear is not None:
            self.diagnostics.append(errors.range_ambiguous(unclear.span, unclear.function.text, function))
            return None
        listed = self.ranges.whole_list(argument, function)
        if listed is not None:
            value: typed.Expr = typed.Const(Decimal(1), PLAIN, span)
            return [self._rows(listed.code, value, condition_node, scope.in_list(listed), span)]
        nodes = self.ranges.inside(argument, FOLDS)
        if not nodes:
            if condition_node is not None:
                self.diagnostics.append(errors.filter_outside(span))
                return None
            return [self.check(argument, scope)]
        spreads = [self.ranges.spread(found, scope) for found in nodes]
        if any(spread is None for spread in spreads):
            return None
        lists = {spread.list.code for spread in spreads if spread is not None and spread.list is not None}
        sizes = {len(spread.values) for spread in spreads if spread is not None}
        if len(sizes) > 1 or len(lists) > 1 or (lists and any(s and s.list is None for s in spreads)):
            self.diagnostics.append(errors.range_of_mixed(span))
            return None
        if condition_node is not None and not lists:
            self.diagnostics.append(errors.filter_outside(condition_node.span))
            return None
        items = []
        for index in range(sizes.pop()):
            for found, spread in zip(nodes, spreads, strict=True):
                assert spread is not None
                self._spread[id(found)] = spread.values[index]
            items.append(self.check(argument, scope))
            for found in nodes:
                del self._spread[id(found)]
        if lists:
            table = self.symbols.tables[lists.pop()]
            return [self._rows(table.code, items[0], condition_node, scope.in_list(table), span)]
        return items

    def _rows(self, table: str, value: typed.Expr, node: tree.Expr | None, scope: Scope, span: Span) -> typed.Expr:
        margin, self.margin = self.margin, None
        condition = self.condition(node, scope) if node is not None else None
        self.margin = margin
        if condition is not None and isinstance(condition.type, ErrorType):
            return typed.Invalid(span)
        return typed.Rows(table, value, condition, value.type, span)


def _may_be_answer(node: tree.Expr) -> bool:
    if isinstance(node, tree.CurrentRow):
        return True
    return isinstance(node, tree.Reference) and len(node.parts) == 1 and node.years is None


def _choice(value: typed.Expr) -> ChoiceType | None:
    return value.type if isinstance(value.type, ChoiceType) else None


def _is_constant(value: typed.Expr) -> bool:
    return isinstance(value, typed.Const)
