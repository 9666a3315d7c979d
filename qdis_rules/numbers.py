"""Exact arithmetic, and the two values that are not numbers.

A number is a `Decimal` while its exact value has at most 34 digits, and a
`fractions.Fraction` beyond (a non-terminating quotient, a product of long amounts):
nothing is ever rounded unless the ruleset says so. The host's decimal context is never
read: every operation goes through `CONTEXT`.

*Undefined* carries its causes; *sans objet* (`NOT_APPLICABLE`) wins over undefined.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

from qdis_rules.records import dataclass

Exact: TypeAlias = Decimal | Fraction

INTEGER_DIGITS: Final = 15
DECIMALS: Final = 6
"""What an amount that is given may have, before and after the point."""
DIGITS: Final = 34
MAX_BITS: Final = 65_536
"""A number whose numerator or denominator needs more bits is refused (cost stays bounded)."""

CONTEXT: Final = decimal.Context(
    prec=DIGITS,
    rounding=decimal.ROUND_HALF_UP,
    Emin=-4096,
    Emax=4096,
    capitals=1,
    clamp=0,
    traps=[
        decimal.Inexact,
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.FloatOperation,
    ],
)
"""The one context: an operation whose exact result would not fit raises, and falls back."""

_SHOWN: Final = decimal.Context(prec=DIGITS, rounding=decimal.ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[])
_UNFIT: Final = (decimal.Inexact, decimal.Overflow, decimal.InvalidOperation)
ZERO: Final = Decimal(0)


class CauseKind(StrEnum):
    """Why a value could not be computed."""

    ABSENT = "cellule absente"
    NO_TABLE = "tableau non fourni"
    DIVISION = "division par zéro"
    NO_YEAR = "exercice manquant"
    NO_VALUE = "paramètre sans valeur"
    TOO_LARGE = "nombre trop grand"


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """One reason: the kind, and the cell, table, expression or year it is about."""

    kind: CauseKind
    subject: str

    def __str__(self) -> str:
        return f"{self.kind} : {self.subject}"


@dataclass(frozen=True, slots=True)
class Undefined:
    """A value that could not be computed, with its causes (never empty)."""

    causes: frozenset[Cause]

    @classmethod
    def of(cls, kind: CauseKind, subject: str) -> Undefined:
        """Return the undefined value with this one cause."""
        return cls(frozenset((Cause(kind, subject),)))

    def _with(self, other: object) -> Undefined | NotApplicable:
        return NOT_APPLICABLE if other is NOT_APPLICABLE else self

    def _united(self, other: object) -> Undefined | NotApplicable:
        if isinstance(other, Undefined):
            return self if self.causes == other.causes else Undefined(self.causes | other.causes)
        return self._with(other)

    __add__ = __sub__ = __mul__ = __le__ = __lt__ = __ge__ = __gt__ = _united
    __radd__ = __rsub__ = __rmul__ = _with

    def __neg__(self) -> Undefined:
        return self

    __abs__ = __neg__


class NotApplicable:
    """The type of `NOT_APPLICABLE`, *sans objet*: neither absent nor zero. It wins in `+ - *` and `< <= > >=`."""

    __slots__ = ()

    def _wins(self, other: object) -> NotApplicable:
        return self

    __add__ = __sub__ = __mul__ = __radd__ = __rsub__ = __rmul__ = __le__ = __lt__ = __ge__ = __gt__ = _wins

    def __neg__(self) -> NotApplicable:
        return self

    __abs__ = __neg__

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"

    def __reduce__(self) -> str:
        return "NOT_APPLICABLE"


NOT_APPLICABLE: Final = NotApplicable()


class NumberTooLarge(ArithmeticError):
    """An exact result needs more than `MAX_BITS` bits. Never leaves the evaluators."""


def exact(value: Fraction) -> Exact:
    """Return `value` as a Decimal when it has at most 34 digits, else unchanged."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise NumberTooLarge
    try:
        return CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
    except _UNFIT:
        return value


def add(left: Exact, right: Exact) -> Exact:
    """Return the exact sum."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        try:
            return CONTEXT.add(left, right)
        except _UNFIT:
            pass
    return exact(Fraction(left) + Fraction(right))


def subtract(left: Exact, right: Exact) -> Exact:
    """Return the exact difference."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        try:
            return CONTEXT.subtract(left, right)
        except _UNFIT:
            pass
    return exact(Fraction(left) - Fraction(right))


def multiply(left: Exact, right: Exact) -> Exact:
    """Return the exact product."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        try:
            return CONTEXT.multiply(left, right)
        except _UNFIT:
            pass
    return exact(Fraction(left) * Fraction(right))


def divide(left: Exact, right: Exact) -> Exact:
    """Return the exact quotient. `right` is not zero."""
    return exact(Fraction(left) / Fraction(right))


def quotient(above: Decimal, below: Decimal) -> Exact:
    """Return the exact quotient of a pair whose denominator is not zero."""
    try:
        return CONTEXT.divide(above, below)
    except _UNFIT:
        return exact(Fraction(above) / Fraction(below))


def negate(value: Exact) -> Exact:
    """Return the opposite; the context is not asked, so no digit is lost."""
    return value.copy_negate() if isinstance(value, Decimal) and value else -Fraction(value) if value else ZERO


def absolute(value: Exact) -> Exact:
    """Return the absolute value."""
    return value.copy_abs() if isinstance(value, Decimal) else abs(value)


class Rounding(StrEnum):
    """The named roundings of the language, as in a French spreadsheet."""

    HALF_UP = "arrondi"  # to nearest, ties away from zero
    UP = "arrondi_sup"  # away from zero
    DOWN = "arrondi_inf"  # towards zero
    HALF_EVEN = "arrondi_pair"  # to nearest, ties to even


def round_to_step(value: Exact, step: Exact, rounding: Rounding = Rounding.HALF_UP) -> Exact:
    """Return the multiple of `step` (not zero) that `rounding` designates."""
    size = abs(Fraction(step))
    quotient = abs(Fraction(value)) / size
    whole, rest = divmod(quotient.numerator, quotient.denominator)
    twice = 2 * rest - quotient.denominator
    match rounding:
        case Rounding.HALF_UP:
            whole += twice >= 0
        case Rounding.HALF_EVEN:
            whole += twice > 0 or (twice == 0 and whole % 2 == 1)
        case Rounding.UP:
            whole += rest > 0
        case Rounding.DOWN:
            pass
    result = whole * size
    return exact(-result if value < 0 else result)


def round_shown(value: Exact, places: int) -> Decimal:
    """Return `value` rounded half up to `places` decimals, with exactly that many shown."""
    above, below = value.as_integer_ratio()
    whole, rest = divmod(abs(above) * 10**places, below)
    whole += 2 * rest >= below
    return Decimal(f"{'-' if above < 0 and whole else ''}{whole}E-{places}")


def shown(value: Exact) -> Decimal:
    """Return `value` as a Decimal without idle zeros: exact when it terminates within 34 digits, else 34 digits."""
    if isinstance(value, Fraction):
        value = _SHOWN.divide(Decimal(value.numerator), Decimal(value.denominator))
    if value == value.to_integral_value():
        return Decimal(int(value))
    return value.normalize(_SHOWN)


def gather(values: Iterable[object]) -> Undefined | NotApplicable | None:
    """Return what strict arithmetic over `values` is when one of them is no value, else None.

    *Sans objet* wins; otherwise the causes of all undefined values are united.
    """
    causes: set[Cause] = set()
    for value in values:
        if value is NOT_APPLICABLE:
            return NOT_APPLICABLE
        if isinstance(value, Undefined):
            causes |= value.causes
    return Undefined(frozenset(causes)) if causes else None
