"""What a drawing shows: all that an aggregate comes from, and which table feeds which family."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Final

from qdis_rules.documenting.drawings import Drawing, Node, layered
from qdis_rules.documenting.readers import read_by_aggregate, read_by_cell
from qdis_rules.documenting.wording import accounts, kind_of_cell, reading
from qdis_rules.model import typed
from qdis_rules.records import dataclass

_DEPTH: Final = 4
"""How far from the aggregate things are unfolded."""
_BOXES: Final = 40
"""Once so many boxes are drawn, the others are not unfolded."""
_TOGETHER: Final = 5
"""From so many cells of one table read by one formula, they make one box."""


@dataclass(slots=True)
class _Graph:
    nodes: dict[str, Node] = field(default_factory=dict)
    links: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, reader: str, node: Node) -> bool:
        """Add what `reader` reads; True when it was not there yet."""
        new = node.key not in self.nodes
        self.nodes.setdefault(node.key, node)
        self.links[reader, node.key] = self.links.get((reader, node.key), 0) + 1
        return new


def dependencies(ruleset: typed.TypedRuleset, code: str, href: Callable[[str], str], accounts_page: str) -> Drawing:
    """Return the drawing of what an aggregate comes from: aggregates, cells, accounts, to a limited depth."""
    graph = _Graph({code: _node(ruleset, code, href, root=True)})
    waiting = deque([(code, 0)])
    while waiting:
        reader, depth = waiting.popleft()
        cell = ruleset.cells.get(reader)
        if cell is not None and cell.selection is not None:
            text = f"{accounts(cell.selection)}, {reading(cell.selection)}"
            graph.add(
                reader, Node(f"comptes {reader}", "comptes", "", text, accounts_page, f"Comptes lus par {reader}")
            )
        if depth == _DEPTH or len(graph.nodes) >= _BOXES:
            continue
        for group in _groups(ruleset, reader):
            if len(group) == 1:
                key = group[0]
                if graph.add(reader, _node(ruleset, key, href)) and not key.endswith("]"):
                    waiting.append((key, depth + 1))
            else:
                graph.add(reader, _together(ruleset, group, href))
    return layered(graph.nodes.values(), graph.links)


def overview(ruleset: typed.TypedRuleset, href: Callable[[str], str]) -> Drawing:
    """Return the drawing of which table feeds which family, through which other tables."""
    homes = {code: cell.table for code, cell in ruleset.cells.items()}
    homes.update({code: a.family for code, a in ruleset.aggregates.items() if a.family is not None})
    homes.update({code: code for code in ruleset.tables})
    links: dict[tuple[str, str], int] = {}
    reads: list[tuple[str, Iterator[str]]] = [(code, read_by_cell(cell)) for code, cell in ruleset.cells.items()]
    reads += [(code, read_by_aggregate(aggregate)) for code, aggregate in ruleset.aggregates.items()]
    for reader, codes in reads:
        for code in set(codes):
            pair = (homes.get(code, ""), homes.get(reader, ""))
            if pair[0] != pair[1] and "" not in pair:
                links[pair] = links.get(pair, 0) + 1
    drawn = set(ruleset.families)
    while more := {start for start, end in links if end in drawn} - drawn:
        drawn |= more
    links = {pair: weight for pair, weight in links.items() if drawn.issuperset(pair)}
    nodes = [
        Node(code, table.origin or "saisie", code, table.label, href(code), f"{code} : {table.label}")
        for code, table in ruleset.tables.items()
        if code in drawn
    ]
    nodes += [
        Node(code, "famille", code, family.label, href(code), f"{code} : {family.label}")
        for code, family in ruleset.families.items()
    ]
    return layered(nodes, links)


def _groups(ruleset: typed.TypedRuleset, reader: str) -> list[tuple[str, ...]]:
    """Return what `reader` reads, the many cells of one table together; last year's value ends with « [N-1] »."""
    read: dict[str, None] = {}
    for expr in _rules(ruleset, reader):
        for node in typed.walk(expr):
            match node:
                case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                    read[f"{code}[N-{back}]" if back else code] = None
                case typed.RowValue(code) | typed.ParameterValue(code):
                    read[code] = None
                case typed.Rows(table, typed.Const()):
                    read[table] = None
                case _:
                    pass
    cell = ruleset.cells.get(reader)
    if cell is not None and cell.carried_from is not None:
        read[f"{cell.carried_from}[N-1]"] = None
    by_table: dict[str, list[str]] = {}
    for key in read:
        found = ruleset.cells.get(key)
        by_table.setdefault(found.table if found is not None else f"={key}", []).append(key)
    groups: list[tuple[str, ...]] = []
    for keys in by_table.values():
        groups += [tuple(keys)] if len(keys) >= _TOGETHER else [(key,) for key in keys]
    return groups


def _rules(ruleset: typed.TypedRuleset, code: str) -> Iterator[typed.Expr]:
    aggregate = ruleset.aggregates.get(code)
    if aggregate is not None:
        if aggregate.guard is not None:
            yield aggregate.guard
        yield aggregate.formula
        yield from (threshold.condition.right for threshold in aggregate.thresholds)
    cell = ruleset.cells.get(code)
    if cell is not None and cell.formula is not None:
        yield cell.formula


def _node(ruleset: typed.TypedRuleset, key: str, href: Callable[[str], str], *, root: bool = False) -> Node:
    code = key.partition("[")[0]
    cell = ruleset.cells.get(code)
    if cell is not None:
        kind = kind_of_cell(cell)
        label = cell.label
    elif code in ruleset.aggregates:
        kind, label = "agregat", ruleset.aggregates[code].label
    elif code in ruleset.parameters:
        kind, label = "parametre", ruleset.parameters[code].label
    else:
        kind, label = "liste", ruleset.tables[code].label
    if root:
        kind = "racine"
    elif key != code:
        kind = "passe"
    return Node(key, kind, key, label, href(code), f"{key} : {label}")


def _together(ruleset: typed.TypedRuleset, codes: tuple[str, ...], href: Callable[[str], str]) -> Node:
    table = ruleset.tables[ruleset.cells[codes[0]].table]
    hint = "\n".join(f"{code} : {ruleset.cells[code].label}" for code in codes)
    return Node(" ".join(codes), "groupe", f"{table.code} ({len(codes)} cellules)", table.label, href(codes[0]), hint)
