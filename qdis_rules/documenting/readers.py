"""Who reads what: the question « qui utilise cette case ? » answered once for a whole ruleset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qdis_rules.model import typed
from qdis_rules.syntax import tree


def readers(ruleset: typed.TypedRuleset) -> Mapping[str, tuple[str, ...]]:
    """Return the codes of what reads each cell, aggregate, parameter and list, in order: cells, aggregates, checks.

    A table stands among the readers when it is *sans objet* according to what it reads. A generated check
    does not: it is shown with its cell.
    """
    found: dict[str, dict[str, None]] = {}
    for reader, codes in _rules(ruleset):
        for code in codes:
            if code != reader:
                found.setdefault(code, {})[reader] = None
    return {code: tuple(codes) for code, codes in found.items()}


def mentioned(expr: typed.Expr) -> Iterator[str]:
    """Yield the codes an expression reads, left to right, repeats included."""
    for node in typed.walk(expr):
        match node:
            case typed.CellValue(code) | typed.RowValue(code) | typed.AggregateValue(code) | typed.ParameterValue(code):
                yield code
            case typed.Rows(table):
                yield table
            case _:
                pass


def read_by_cell(cell: typed.Cell) -> Iterator[str]:
    """Yield the codes a cell reads: those of its formula, last year's cell."""
    if cell.formula is not None:
        yield from mentioned(cell.formula)
    if cell.carried_from is not None:
        yield cell.carried_from


def read_by_aggregate(aggregate: typed.Aggregate) -> Iterator[str]:
    """Yield the codes an aggregate reads: guard, formula, limits of its thresholds."""
    if aggregate.guard is not None:
        yield from mentioned(aggregate.guard)
    yield from mentioned(aggregate.formula)
    for threshold in aggregate.thresholds:
        yield from mentioned(threshold.condition.right)


def read_by_check(check: typed.Check) -> Iterator[str]:
    """Yield the codes a check reads, its message included, at every place it applies to."""
    for instance in check.instances:
        if instance.guard is not None:
            yield from mentioned(instance.guard)
        yield from mentioned(instance.body)
        for part in instance.message:
            if not isinstance(part, str | tree.Placeholder):
                yield from mentioned(part)


def _rules(ruleset: typed.TypedRuleset) -> Iterator[tuple[str, Iterator[str]]]:
    for table in ruleset.tables.values():
        if table.not_applicable is not None:
            yield table.code, mentioned(table.not_applicable)
    for cell in ruleset.cells.values():
        yield cell.code, read_by_cell(cell)
    for aggregate in ruleset.aggregates.values():
        yield aggregate.code, read_by_aggregate(aggregate)
    for check in ruleset.checks.values():
        if check.origin is None:
            yield check.code, read_by_check(check)
        elif check.code.endswith("~obligatoire") and check.instances[0].guard is not None:
            yield check.origin, mentioned(check.instances[0].guard)  # « obligatoire quand … »
