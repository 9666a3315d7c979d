"""The judge: what a work gives on a dossier, in exact rational arithmetic, straight from its definition.

It shares nothing with the library, nor with any contender. Sums are sums of whole cents; a rate and a ratio are
fractions, rounded once. It counts, too, the corners a dossier meets.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.synthetic import Work

Results = tuple[list[int | None], list[bool | None]]
"""The value of each formula in hundredths (None: none), the verdict of each check (None: it cannot be told)."""


def judge(work: Work, dossier: Sequence[int | None]) -> tuple[Results, tuple[int, int]]:
    """Return the values and the verdicts of a dossier; how many roundings are ties, and gaps exactly the tolerance."""
    ties = met = 0
    known: dict[str, int | None] = {f"x{i}": cents for i, cents in enumerate(dossier)}
    for index, formula in enumerate(work.formulas):
        exact = _exact(known, formula)
        known[f"f{index}"] = None if exact is None else rounded(exact)
        ties += isinstance(exact, Fraction) and exact.denominator == 2
    values = [known[f"f{i}"] for i in range(len(work.formulas))]
    verdicts: list[bool | None] = []
    for check in work.checks:
        gap = _gap(known, check)
        verdicts.append(None if gap is None else _holds(check.op, gap, check.tolerance))
        met += gap is not None and abs(gap) == check.tolerance
    return (values, verdicts), (ties, met)


def rounded(exact: Fraction | int) -> int:
    """Return the nearest whole number, ties away from zero."""
    nearest = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return nearest if exact >= 0 else -nearest


def _exact(known: dict[str, int | None], formula: object) -> Fraction | int | None:
    terms = [known[term] for term in formula.terms]
    if None in terms:
        return None
    if formula.kind == "sum":
        return sum(term if sign > 0 else -term for sign, term in zip(formula.signs, terms, strict=True))
    if formula.kind == "rate":
        return Fraction(terms[0] * formula.percent, 100)
    return Fraction(10_000 * terms[0], terms[1]) if terms[1] else None


def _gap(known: dict[str, int | None], check: object) -> int | None:
    left, right = known[check.left], known[check.right] if isinstance(check.right, str) else check.right
    return None if left is None or right is None else left - right


def _holds(op: str, gap: int, tolerance: int) -> bool:
    if op == "=":
        return -tolerance <= gap <= tolerance
    return gap <= tolerance if op == "<=" else gap >= -tolerance
