"""Ranges: `a..b`, `T.*.n`, `x[N-2..N]`, spread into the values they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors
from qdis_rules.model.resolve import SymbolTable, TableSymbol
from qdis_rules.model.scope import Bare, Names, Scope, part_spans
from qdis_rules.model.typed import CellValue, Expr, RowValue
from qdis_rules.records import dataclass
from qdis_rules.source import Span
from qdis_rules.suggest import fold
from qdis_rules.syntax import tree


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of a range; over a list, one value standing for each of its rows."""

    values: tuple[Expr, ...]
    list: TableSymbol | None = None


class Ranges:
    """Spreads ranges, reporting those that cannot be read."""

    def __init__(self, symbols: SymbolTable, names: Names, diagnostics: list[Diagnostic]) -> None:
        self.symbols = symbols
        self.names = names
        self.diagnostics = diagnostics

    def inside(self, node: tree.Expr, folds: tuple[str, ...]) -> list[tree.Expr]:
        """Return the ranges of `node`, not those of functions inside it that fold ranges."""
        match node:
            case tree.RangeExpr():
                return [node]
            case tree.Reference():
                return [node] if is_range(node) else []
            case tree.Call(function) if fold(function.text) in folds:
                return []
            case _:
                return [found for child in tree.children(node) for found in self.inside(child, folds)]

    def ambiguous(self, node: tree.Expr, folds: tuple[str, ...]) -> tree.Call | None:
        """Return a `min` or `max` in `node` that could stand for each cell of its range, or for all of them at once."""
        if isinstance(node, tree.Call) and fold(node.function.text) in ("min", "max") and len(node.arguments) > 1:
            if any(self.inside(argument, folds) for argument in node.arguments):
                return node
        found = (self.ambiguous(child, folds) for child in tree.children(node))
        return next((call for call in found if call is not None), None)

    def whole_list(self, node: tree.Expr, function: str) -> TableSymbol | None:
        """Return the list that `nombre(T)` counts."""
        if function == "nombre" and isinstance(node, tree.Reference) and len(node.parts) == 1:
            table = self.symbols.tables.get(node.parts[0])
            if table is not None and table.is_list:
                return table
        return None

    def spread(self, node: tree.Expr, scope: Scope) -> Spread | None:
        """Return the values `node` stands for, or None once reported."""
        if isinstance(node, tree.RangeExpr):
            return self._between(node, scope)
        assert isinstance(node, tree.Reference)
        if "*" in node.parts:
            return self._star(node, scope)
        return self._years(node, scope)

    def _years(self, node: tree.Reference, scope: Scope) -> Spread | None:
        assert node.years is not None
        before = len(self.diagnostics)
        values = []
        for back in range(node.years.first, node.years.last - 1, -1):
            values.append(self.names.reference(node, scope, back))
            if len(self.diagnostics) > before:
                return None
        return Spread(tuple(values))

    def _star(self, node: tree.Reference, scope: Scope) -> Spread | None:
        if self.names.is_broken(node, scope):
            return None
        spans = part_spans(node)
        table = self.symbols.tables.get(node.parts[0])
        if table is None:
            self.diagnostics.append(errors.unknown_table(spans[0], self.symbols.tables))
            return None
        back = node.years.first if node.years else 0
        if node.years is not None and (node.years.is_range or table.is_list):
            self.diagnostics.append(errors.range_malformed(node.span))
            return None
        if len(node.parts) == 2:
            if len(table.columns) != 1:
                self.diagnostics.append(
                    errors.column_needed(node.span, table.code, table.columns, table.decl.name.span)
                )
                return None
            column = next(iter(table.columns))
        else:
            column = node.parts[2]
            if column == scope.variable and not scope.over_rows and scope.column is not None:
                column = scope.column
        if column not in table.columns:
            self.diagnostics.append(errors.unknown_column(spans[-1], table.code, table.decl.name.span, table.columns))
            return None
        if table.is_list:
            cell = table.cells["*", column]
            return Spread((RowValue(cell.code, cell.type, node.span),), table)
        # `*` leaves out the row being computed.
        skipped = scope.row if scope.table is table and scope.bare is Bare.ROW else None
        rows = [row for row in table.rows if row != skipped]
        return Spread(self._row_cells(table, rows, column, node.span, back))

    def _row_cells(self, table: TableSymbol, rows: list[str], column: str, span: Span, back: int) -> tuple[Expr, ...]:
        cells = [table.cells[row, column] for row in rows if (row, column) in table.cells]
        return tuple(CellValue(cell.code, back, cell.type, span) for cell in cells)

    def _between(self, node: tree.RangeExpr, scope: Scope) -> Spread | None:
        first, last = node.first.parts, node.last.parts
        table = scope.table
        head = 0
        if len(first) == 2 and len(last) in (1, 2) and first[0] in self.symbols.tables:
            table = self.symbols.tables[first[0]]
            head = 1
        elif len(first) == 2 and first[0] in self.symbols.broken:
            return None
        elif len(first) == 2:
            span = part_spans(tree.Reference(first, None, node.first.span))[0]
            self.diagnostics.append(errors.unknown_table(span, self.symbols.tables))
            return None
        if table is None or table.is_list or len(first) - head != 1 or len(last) > 2:
            self.diagnostics.append(errors.range_malformed(node.span))
            return None
        if not head and scope.bare is Bare.COLUMN and len(last) == 1:
            return self._columns(node, table, scope)
        column = self._range_column(node, table, scope, last)
        if column is None:
            return None
        names = self._names_between(node, first[head], last[0], table.rows, table)
        if names is None:
            return None
        skipped = scope.row if scope.table is table and scope.bare is Bare.ROW else None
        rows = [name for name in names if name != skipped]
        return Spread(self._row_cells(table, rows, column, node.span, 0))

    def _range_column(
        self, node: tree.RangeExpr, table: TableSymbol, scope: Scope, last: tuple[str, ...]
    ) -> str | None:
        if len(last) == 2:
            column = last[1]
            if column == scope.variable and not scope.over_rows and scope.column is not None:
                return scope.column
            if column in table.columns:
                return column
            if column not in table.broken:
                span = part_spans(tree.Reference(last, None, node.last.span))[1]
                self.diagnostics.append(errors.unknown_column(span, table.code, table.decl.name.span, table.columns))
            return None
        if scope.table is table and scope.bare is Bare.ROW:
            return scope.column
        if len(table.columns) == 1:
            return next(iter(table.columns))
        self.diagnostics.append(errors.column_needed(node.span, table.code, table.columns, table.decl.name.span))
        return None

    def _columns(self, node: tree.RangeExpr, table: TableSymbol, scope: Scope) -> Spread | None:
        names = self._names_between(node, node.first.text, node.last.text, table.columns, table)
        if names is None or scope.row is None:
            return None
        cells = [table.cells[scope.row, name] for name in names if (scope.row, name) in table.cells]
        return Spread(tuple(CellValue(cell.code, 0, cell.type, node.span) for cell in cells))

    def _names_between(
        self,
        node: tree.RangeExpr,
        first: str,
        last: str,
        known: Mapping[str, tree.Row] | Mapping[str, tree.Column],
        table: TableSymbol,
    ) -> list[str] | None:
        report = errors.unknown_row if known is table.rows else errors.unknown_column
        last_index = 1 if len(node.first.parts) == 2 else 0
        spans = (
            part_spans(tree.Reference(node.first.parts, None, node.first.span))[last_index],
            part_spans(tree.Reference(node.last.parts, None, node.last.span))[0],
        )
        missing = False
        for name, span in zip((first, last), spans, strict=True):
            if name not in known:
                missing = True
                if name not in table.broken:
                    self.diagnostics.append(report(span, table.code, table.decl.name.span, known))
        if missing:
            return None
        order = list(known)
        start, end = order.index(first), order.index(last)
        if start > end:
            self.diagnostics.append(errors.range_backwards(node.span, known[first].name.span, known[last].name.span))
            return None
        return order[start : end + 1]


def is_range(node: tree.Reference) -> bool:
    """True for `T.*.n` and `x[N-2..N]`."""
    return "*" in node.parts or (node.years is not None and node.years.is_range)
