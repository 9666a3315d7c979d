"""The published cases as data, and an oracle of their identities that knows nothing of the library."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

HERE: Final = Path(__file__).parent

Figure: TypeAlias = tuple[str, str]
"""A published figure: the code of its line, and its year or organisation (a column of the source)."""
Figures: TypeAlias = Mapping[Figure, Decimal | None]

_REFERENCE: Final = re.compile(r"([A-Z][A-Z0-9_]*)(?:@(\w+))?")
_ORDERING: Final = re.compile(r"quartile <= 2 +<=> +(\w+) < (\w+)\b.*")


@dataclass(frozen=True)
class Identity:
    """An identity of a case, as its JSON states it, in one column of the source.

    `holds` is None where the source lacks a figure; `gap` is published minus computed, at six
    decimals, None where it is not given; both sides are in the unit of `result`.
    """

    result: str
    formula: str
    year: str
    tolerance: Decimal
    ordering: bool
    holds: bool | None
    gap: Decimal | None

    @property
    def text(self) -> str:
        return f"{self.result} = {self.formula}"

    def __str__(self) -> str:
        return f"{self.result}@{self.year}" + ("+" if self.formula.count("+") else "")

    def reads(self) -> set[Figure]:
        """Return the figures read, the result included."""
        if self.ordering:
            return {(self.result, self.year), *((code, self.year) for code in _ordered(self.formula))}
        found = {(code, year or self.year) for code, year in _REFERENCE.findall(self.formula)}
        return {(self.result, self.year), *found}

    def computed(self, figures: Figures) -> Fraction | None:
        """Return the exact value of the formula, None when a figure is missing."""
        if any(figures[figure] is None for figure in self.reads() - {(self.result, self.year)}):
            return None
        return _compute(self.formula, lambda code, year: Fraction(figures[code, year or self.year] or 0))

    def difference(self, figures: Figures) -> Fraction | None:
        """Return published minus computed, exactly; None when a figure is missing."""
        published, computed = figures[self.result, self.year], self.computed(figures)
        return None if published is None or computed is None else Fraction(published) - computed

    def verdict(self, figures: Figures) -> bool | None:
        """Return whether the identity holds of `figures`, None when one is missing."""
        if self.ordering:
            values = [figures[code, self.year] for code in (self.result, *_ordered(self.formula))]
            known = [value for value in values if value is not None]
            return None if len(known) < 3 else (known[0] <= 2) == (known[1] < known[2])
        difference = self.difference(figures)
        return None if difference is None else abs(difference) <= Fraction(self.tolerance)


@dataclass(frozen=True, eq=False)
class Case:
    """The figures of one organisation and the identities between them. Each is read once."""

    name: str
    years: tuple[str, ...]
    figures: Figures
    percents: frozenset[str]
    identities: tuple[Identity, ...]

    @property
    def ruleset_path(self) -> Path:
        return HERE / f"{self.name}.qdis"

    def moved(self, figure: Figure, value: Decimal | None) -> dict[Figure, Decimal | None]:
        """Return the figures with one of them changed."""
        return {**self.figures, figure: value}


@lru_cache
def read_case(name: str, file: str) -> Case:
    """Return the case whose ruleset is `name`.qdis and whose figures are in data/`file`.json."""
    text = (HERE / "data" / f"{file}.json").read_text(encoding="utf-8")
    document = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    years = tuple(document["years"])
    lines = document["lines"]
    return Case(
        name,
        years,
        {(line["code"], year): value for line in lines for year, value in zip(years, line["values"], strict=True)},
        frozenset(line["code"] for line in lines if line.get("unit") == "%"),
        tuple(found for entry in document["identities"] for found in _identities(entry, years)),
    )


def _identities(entry: Mapping[str, Any], years: tuple[str, ...]) -> list[Identity]:
    ordering = entry.get("kind") == "ordering"
    gaps = entry.get("published_minus_computed", [None] * len(years))
    return [
        Identity(entry["result"], entry["formula"], year, entry["tolerance"], ordering, holds, gap)
        for year, holds, gap in zip(years, entry["holds"], gaps, strict=True)
    ]


def _ordered(formula: str) -> tuple[str, str]:
    match = _ORDERING.fullmatch(formula)
    assert match is not None, formula
    return match[1], match[2]


def _compute(formula: str, value: Callable[[str, str], Fraction]) -> Fraction:
    values: list[Fraction] = []

    def name(match: re.Match[str]) -> str:
        values.append(value(match[1], match[2] or ""))
        return f"x{len(values) - 1}"

    return _fold(ast.parse(_REFERENCE.sub(name, formula), mode="eval").body, values)


def _fold(node: ast.expr, values: list[Fraction]) -> Fraction:
    match node:
        case ast.Constant(int(number)):
            return Fraction(number)
        case ast.Name(name):
            return values[int(name[1:])]
        case ast.BinOp(left, ast.Add(), right):
            return _fold(left, values) + _fold(right, values)
        case ast.BinOp(left, ast.Sub(), right):
            return _fold(left, values) - _fold(right, values)
        case ast.BinOp(left, ast.Mult(), right):
            return _fold(left, values) * _fold(right, values)
        case ast.BinOp(left, ast.Div(), right):
            return _fold(left, values) / _fold(right, values)
        case _:
            raise AssertionError(ast.dump(node))
