"""What reads what: dependency order, cycles, and the entered cells behind a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from qdis_rules.model.typed import (
    AggregateValue,
    CellValue,
    Expr,
    Rows,
    RowValue,
    walk,
)
from qdis_rules.source import Span


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
    start = next(node for node in graph if node in members)
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

    An earlier year's cell is `code[N-1]`, a list column `T.*.column`.
    """

    def __init__(self, formulas: Mapping[str, Expr], order: Iterable[str]) -> None:
        self._formulas = formulas
        self._known: dict[str, frozenset[str]] = {}
        for code in order:
            formula = formulas.get(code)
            self._known[code] = frozenset((code,)) if formula is None else self.of(formula)

    def of(self, *expressions: Expr) -> frozenset[str]:
        """Return the codes of the entered cells that `expressions` read."""
        found: set[str] = set()
        for expr in expressions:
            for node in walk(expr):
                match node:
                    case CellValue(code, back) | AggregateValue(code, back) if back:
                        found.add(f"{code}[N-{back}]")
                    case CellValue(code) | AggregateValue(code) | RowValue(code):
                        found |= self._known.get(code, frozenset((code,)))
                    case _:
                        pass
        return frozenset(found)
