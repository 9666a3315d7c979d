"""The unit algebra: EUR, kEUR, %, logement, EUR/logement …

A unit is a scale times a product of base units. Two units are *compatible* when their
dimensions are equal; values then convert exactly through their scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction

from qdis_rules.records import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `dimension` maps base units to powers, `scale` is its size in base units.

    `symbol` is how an author writes it; it plays no part in equality.
    """

    dimension: tuple[tuple[str, int], ...]
    scale: Fraction
    symbol: str = field(compare=False)

    def __mul__(self, other: Unit) -> Unit:
        return _build(self, other, 1)

    def __truediv__(self, other: Unit) -> Unit:
        return _build(self, other, -1)

    def compatible(self, other: Unit) -> bool:
        """True when both measure the same thing (EUR and kEUR do, EUR and logement do not)."""
        return self.dimension == other.dimension

    def __str__(self) -> str:
        return self.symbol or "nombre sans unité"


def _build(left: Unit, right: Unit, sign: int) -> Unit:
    powers = dict(left.dimension)
    for name, power in right.dimension:
        powers[name] = powers.get(name, 0) + sign * power
    dimension = tuple(sorted((name, power) for name, power in powers.items() if power))
    scale = left.scale * right.scale if sign > 0 else left.scale / right.scale
    return Unit(dimension, scale, _symbol(dimension, scale, left, right, sign))


def _symbol(dimension: tuple[tuple[str, int], ...], scale: Fraction, left: Unit, right: Unit, sign: int) -> str:
    if not right.dimension and right.scale == 1:
        return left.symbol
    if sign > 0 and not left.dimension and left.scale == 1:
        return right.symbol
    if scale == 1 or not dimension:
        over = "*".join(n if p == 1 else "*".join([n] * p) for n, p in dimension if p > 0)
        under = "".join("/" + n for n, p in dimension if p < 0 for _ in range(-p))
        return (over or ("1" if under else "")) + under
    if not left.symbol:
        return f"1/{right.symbol}" if sign < 0 else right.symbol
    return f"{left.symbol}{'*' if sign > 0 else '/'}{right.symbol}" if right.symbol else left.symbol


NUMBER = Unit((), Fraction(1), "")
PERCENT = Unit((), Fraction(1, 100), "%")


def base(name: str) -> Unit:
    """Return a new base unit."""
    return Unit(((name, 1),), Fraction(1), name)


def derived(name: str, factor: Fraction, unit: Unit) -> Unit:
    """Return the unit `name` worth `factor` times `unit`."""
    return Unit(unit.dimension, factor * unit.scale, name)


PREDEFINED: Mapping[str, Unit] = {
    "EUR": base("EUR"),
    "kEUR": derived("kEUR", Fraction(1000), base("EUR")),
    "logement": base("logement"),
    "mois": base("mois"),
    "an": derived("an", Fraction(12), base("mois")),
    "jour": base("jour"),
    "ETP": base("ETP"),
    "m2": base("m2"),
    "point": derived("point", Fraction(1, 100), NUMBER),
}
"""Units every ruleset knows. A ruleset adds its own with `unité`."""
