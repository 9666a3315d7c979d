"""What reads what: dependency order, cycles, and the entered cells behind a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from qdis_rules.model.typed import (
    AggregateValue,
    CellValue,
    Expr,
    Rows,
    RowValue,
    walk,
)
from qdis_rules.source import Span
from qdis_rules.units import Unit


def reads(expr: Expr) -> Iterator[tuple[str, Span]]:
    """Yield (code, where) for each cell, list column or aggregate of this year `expr` reads."""
    for node in walk(expr):
        match node:
            case CellValue(code, 0, _, span) | AggregateValue(code, 0, _, span) | RowValue(code, _, span):
                yield code, span
            case Rows(table, _, _, _, span):
                yield table, span
            case _:
                pass


Graph = Mapping[str, Mapping[str, Span]]
"""For each node, what it reads and where it says so."""


def dependency_order(graph: Graph) -> tuple[list[str], list[list[str]]]:
    """Return the nodes so that each follows what it reads, and the groups that cannot be ordered.

    Iterative Tarjan: a chain of any length is walked without recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    order: list[str] = []
    groups: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(graph[root]))]
        while work:
            node, successors = work[-1]
            descended = False
            for successor in successors:
                if successor not in graph:
                    continue
                if successor not in index:
                    index[successor] = low[successor] = len(index)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(graph[successor])))
                    descended = True
                    break
                if successor in on_stack:
                    low[node] = min(low[node], index[successor])
            if descended:
                continue
            work.pop()
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[node])
            if low[node] == index[node]:
                group = []
                while True:
                    member = stack.pop()
                    on_stack.discard(member)
                    group.append(member)
                    if member == node:
                        break
                if len(group) > 1 or node in graph[node]:
                    groups.append(group)
                else:
                    order.append(node)
    return order, groups


def shortest_cycle(graph: Graph, group: Iterable[str]) -> list[str]:
    """Return the nodes of a shortest cycle within a strongly connected group."""
    members = set(group)
    start = min(members)  # whatever the order of declaration
    if start in graph[start]:
        return [start]
    parents: dict[str, str] = {}
    frontier = [start]
    while frontier:
        following = []
        for node in frontier:
            for successor in graph[node]:
                if successor == start:
                    path = [node]
                    while path[-1] != start:
                        path.append(parents[path[-1]])
                    return path[::-1]
                if successor in members and successor not in parents:
                    parents[successor] = node
                    following.append(successor)
        frontier = following
    raise AssertionError("a strongly connected group has a cycle")


class Leaves:
    """The entered cells behind a value, through formulas and aggregates.

    An earlier year's cell is `code[N-1]`, a list column `T.*.column`. Only the coarsest units
    are remembered per value: whole sets would cost the square of a long chain.
    """

    def __init__(self, formulas: Mapping[str, Expr], units: Mapping[str, Unit], order: Iterable[str]) -> None:
        self._formulas = formulas
        self._units = units
        self._coarsest: dict[str, Mapping[Dimension, Fraction]] = {}
        for code in order:
            formula = formulas.get(code)
            self._coarsest[code] = self._entered(code) if formula is None else self._read(formula)

    def of(self, *expressions: Expr) -> frozenset[str]:
        """Return the codes of the entered cells that `expressions` read."""
        found: set[str] = set()
        stack = list(expressions)
        seen: set[str] = set()
        while stack:
            for name, code, back in _values(stack.pop()):
                formula = self._formulas.get(code) if back == 0 else None
                if formula is None:
                    found.add(name)
                elif code not in seen:
                    seen.add(code)
                    stack.append(formula)
        return frozenset(found)

    def coarsest(self, dimension: Dimension, *expressions: Expr) -> Fraction | None:
        """Return the scale of the coarsest unit of `dimension` in which the cells read are entered."""
        scales = [scale for expr in expressions if (scale := self._read(expr).get(dimension)) is not None]
        return max(scales, default=None)

    def _entered(self, code: str) -> Mapping[Dimension, Fraction]:
        unit = self._units.get(code)
        return {unit.dimension: unit.scale} if unit is not None else {}

    def _read(self, expr: Expr) -> Mapping[Dimension, Fraction]:
        merged: dict[Dimension, Fraction] = {}
        for _, code, back in _values(expr):
            below = self._coarsest.get(code) if back == 0 else self._entered(code)
            for dimension, scale in (below or {}).items():
                merged[dimension] = max(scale, merged.get(dimension, scale))
        return merged


Dimension = tuple[tuple[str, int], ...]


def _values(expr: Expr) -> Iterator[tuple[str, str, int]]:
    """Yield (name, code, years back) for each cell, list column or aggregate read."""
    for node in walk(expr):
        match node:
            case CellValue(code, back) | AggregateValue(code, back):
                yield (code if back == 0 else f"{code}[N-{back}]"), code, back
            case RowValue(code):
                yield code, code, 0
            case _:
                pass
