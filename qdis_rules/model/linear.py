"""Linear forms: proving that two formulas are the same sum of the same things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from qdis_rules.model.typed import (
    AggregateValue,
    CellValue,
    Const,
    Expr,
    Fold,
    Negation,
    Product,
    Rows,
    RowValue,
    Sum,
)

Form: TypeAlias = Mapping[Expr | None, Fraction]
"""Coefficients by term; the key None is the constant. Terms that are not linear stand whole."""

MAX_TERMS: Final = 500


class LinearForms:
    """Linear forms after substitution of computed values by their formulas.

    `formulas` are by code, in dependency `order`; what has no formula here stands for itself.
    """

    def __init__(self, formulas: Mapping[str, Expr], order: Iterable[str]) -> None:
        self._known: dict[str, Form] = {}
        for code in order:
            formula = formulas.get(code)
            if formula is not None:
                form = self.of(formula)
                if len(form) <= MAX_TERMS:
                    self._known[code] = form

    def equal(self, left: Expr, right: Expr) -> bool:
        """True when both are proved to be the same, whatever the dossier."""
        return self.of(left) == self.of(right)

    def of(self, expr: Expr) -> Form:
        """Return the linear form of a number."""
        match expr:
            case Const(value) if isinstance(value, Decimal | Fraction):
                return {None: Fraction(value)} if value else {}
            case CellValue(code, 0) | AggregateValue(code, 0) if code in self._known:
                return self._known[code]
            case RowValue() | CellValue() | AggregateValue():
                return {expr: Fraction(1)}
            case Negation(operand):
                return _scaled(self.of(operand), Fraction(-1))
            case Sum(terms):
                return _total((self.of(term), -1 if minus else 1) for minus, term in terms)
            case Fold("somme", items) if not any(isinstance(item, Rows) for item in items):
                return _total((self.of(item), 1) for item in items)
            case Product(factors):
                return self._product(expr, factors)
            case _:
                return {expr: Fraction(1)}

    def _product(self, expr: Expr, factors: tuple[tuple[bool, Expr], ...]) -> Form:
        coefficient = Fraction(1)
        rest: Form | None = None
        for divides, factor in factors:
            form = self.of(factor)
            if set(form) <= {None}:
                value = form.get(None, Fraction(0))
                if divides and value == 0:
                    return {expr: Fraction(1)}
                coefficient = coefficient / value if divides else coefficient * value
            elif rest is None and not divides:
                rest = form
            else:
                return {expr: Fraction(1)}
        return _scaled(rest if rest is not None else {None: Fraction(1)}, coefficient)


def _scaled(form: Form, by: Fraction) -> Form:
    return {term: value * by for term, value in form.items()} if by else {}


def _total(parts: Iterable[tuple[Form, int]]) -> Form:
    total: dict[Expr | None, Fraction] = {}
    for form, sign in parts:
        for term, value in form.items():
            total[term] = total.get(term, Fraction(0)) + sign * value
    return {term: value for term, value in total.items() if value}
