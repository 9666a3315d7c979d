"""What stands for a value while the columnar function is written: names of columns, scales, bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

LIMIT: Final = 2**62
"""Whole numbers and their sums stay under it, or are near numbers."""
MOST_ROWS: Final = 1000
"""A dossier with as many rows in a list, or more, is left to the exact plan: sums over rows are bounded so."""


class NotWritten(Exception):
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
        """The number itself, when it is a constant."""
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


def power(number: Fraction) -> tuple[int, int] | None:
    """Return (n, scale) such that number = n / 10**scale, None when it does not end."""
    scale = 0
    while number.denominator != 1:
        number *= 10
        scale += 1
        if scale > 40:
            return None
    return int(number), scale


def with_state(operand: Operand, state: str) -> Operand:
    """Return the same values, absent elsewhere."""
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
