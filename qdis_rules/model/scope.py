"""What a name means where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum
from typing import Final

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors
from qdis_rules.model.resolve import CellSymbol, SymbolTable, TableSymbol
from qdis_rules.model.typed import (
    AggregateValue,
    CellValue,
    Expr,
    Invalid,
    ParameterValue,
    RowValue,
)
from qdis_rules.records import dataclass
from qdis_rules.source import Span
from qdis_rules.syntax import tree

MAX_SUGGESTIONS: Final = 200


class Bare(Enum):
    """What a bare name is: nothing of a table, a row, a column, or a column of a list."""

    NOTHING = 0
    ROW = 1
    COLUMN = 2
    LIST = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a formula stands: its table, and the row and column it computes.

    `variable` is the name given by `pour chaque ligne l` (or colonne), if any.
    """

    bare: Bare = Bare.NOTHING
    table: TableSymbol | None = None
    row: str | None = None
    column: str | None = None
    variable: str | None = None
    over_rows: bool = True

    def in_list(self, table: TableSymbol) -> Scope:
        """Return the scope of a filter over the rows of `table`, keeping the row at hand."""
        return replace(self, bare=Bare.LIST, table=table)


GLOBAL = Scope()


class Names:
    """Resolves references to typed values, reporting what it cannot find."""

    def __init__(self, symbols: SymbolTable, diagnostics: list[Diagnostic]) -> None:
        self.symbols = symbols
        self.diagnostics = diagnostics

    def reference(self, node: tree.Reference, scope: Scope, back: int) -> Expr:
        """Return the value `node` names, `back` years ago; Invalid once reported."""
        if self.is_broken(node, scope):
            return Invalid(node.span)
        readings = self.readings(node, scope, back)
        if len(readings) == 1:
            return readings[0][2]
        if readings:
            self.diagnostics.append(errors.ambiguous(_bare_span(node), [(what, place) for what, place, _ in readings]))
        else:
            self._report_unknown(node, scope)
        return Invalid(node.span)

    def is_broken(self, node: tree.Reference, scope: Scope) -> bool:
        """True when `node` mentions a declaration that did not parse (already reported)."""
        broken = self.symbols.broken
        if node.parts[0] in broken or ".".join(node.parts[:2]) in broken:
            return True
        table = self.symbols.tables.get(node.parts[0])
        names = node.parts[1:]
        if table is None:
            table, names = scope.table, node.parts
        return table is not None and any(name in table.broken for name in names)

    def readings(self, node: tree.Reference, scope: Scope, back: int) -> list[tuple[str, Span, Expr]]:
        """Return every reading of `node`: what it is, where declared, the value."""
        found: list[tuple[str, Span, Expr]] = []
        code = ".".join(node.parts)
        parameter = self.symbols.parameters.get(code)
        if parameter:
            shifted = self._shift(node, back, "un paramètre")
            value: Expr = Invalid(node.span) if shifted else ParameterValue(code, parameter.type, node.span)
            found.append(("un paramètre", parameter.decl.name.span, value))
        aggregate = self.symbols.aggregates.get(code)
        if aggregate:
            value = AggregateValue(code, back, aggregate.type, node.span)
            found.append(("un agrégat", aggregate.decl.name.span, value))
        for what, symbol in self._cells(node, scope):
            span = symbol.row.name.span if symbol.row else symbol.column.name.span
            if symbol.row is None:
                self._shift(node, back, "la ligne d'une liste")
                value = RowValue(symbol.code, symbol.type, node.span)
            else:
                value = CellValue(symbol.code, back, symbol.type, node.span)
            found.append((what, span, value))
        return found

    def _shift(self, node: tree.Reference, back: int, what: str) -> bool:
        if back:
            span = node.years.span if node.years else node.span
            self.diagnostics.append(errors.no_year_shift(span, what))
        return bool(back)

    def _cells(self, node: tree.Reference, scope: Scope) -> list[tuple[str, CellSymbol]]:
        found: list[tuple[str, CellSymbol]] = []
        parts = node.parts
        here = scope.table
        if len(parts) == 1 and here is not None:
            cell = None
            match scope.bare:
                case Bare.ROW if scope.column is not None:
                    cell = here.cells.get((parts[0], scope.column))
                case Bare.COLUMN if scope.row is not None:
                    cell = here.cells.get((scope.row, parts[0]))
                case Bare.LIST:
                    cell = here.cells.get(("*", parts[0]))
                case _:
                    pass
            if cell:
                what = "une ligne du tableau" if scope.bare is Bare.ROW else "une colonne du tableau"
                found.append((what, cell))
        if len(parts) == 2:
            table = self.symbols.tables.get(parts[0])
            if table is not None:
                row = self._variable_row(parts[1], scope)
                if table.is_list and scope.bare is Bare.LIST and here is table:
                    cell = table.cells.get(("*", parts[1]))
                elif len(table.columns) == 1:
                    cell = table.cells.get((row, next(iter(table.columns))))
                else:
                    cell = None
                if cell:
                    found.append((f"une cellule de {table.code}", cell))
            if here is not None and not here.is_list and scope.bare is not Bare.NOTHING:
                cell = here.cells.get((parts[0], parts[1]))
                if cell:
                    found.append((f"une cellule de {here.code}", cell))
        if len(parts) == 3:
            table = self.symbols.tables.get(parts[0])
            if table is not None:
                row = self._variable_row(parts[1], scope)
                column = self._variable_column(parts[2], scope)
                if table.is_list and scope.bare is Bare.LIST and here is table and parts[1] == scope.variable:
                    row = "*"
                cell = table.cells.get((row, column)) if not (table.is_list and row != "*") else None
                if cell:
                    found.append((f"une cellule de {table.code}", cell))
        return found

    def _variable_row(self, name: str, scope: Scope) -> str:
        if name == scope.variable and scope.over_rows and scope.row is not None:
            return scope.row
        return name

    def _variable_column(self, name: str, scope: Scope) -> str:
        if name == scope.variable and not scope.over_rows and scope.column is not None:
            return scope.column
        return name

    def _known(self, names: Iterable[str]) -> Iterable[str]:
        """Return the names to suggest from: none once many are unknown, suggestions cost."""
        return names if len(self.diagnostics) < MAX_SUGGESTIONS else ()

    # --- what to say of a name without a reading -----------------------------------

    def _report_unknown(self, node: tree.Reference, scope: Scope) -> None:
        parts = node.parts
        spans = part_spans(node)
        table = self.symbols.tables.get(parts[0])
        if len(parts) == 1:
            self.diagnostics.append(self._unknown_bare(node, spans[0], scope))
        elif table is None and parts[0] in self.symbols.families and len(parts) == 2:
            known = [c.split(".", 1)[1] for c in self.symbols.aggregates if c.startswith(parts[0] + ".")]
            self.diagnostics.append(errors.unknown_aggregate(spans[1], parts[0], self._known(known)))
        elif table is None:
            here = scope.table
            if here is not None and len(parts) == 2 and (parts[0] in here.rows):
                self._report_column(here, spans[1], parts[0], parts[1])
            else:
                self.diagnostics.append(errors.unknown_table(spans[0], self._known(self._heads(scope))))
        elif table.is_list:
            column = parts[-1]
            if column not in table.columns:
                self.diagnostics.append(
                    errors.unknown_column(spans[-1], table.code, table.decl.name.span, self._known(table.columns))
                )
            else:
                self.diagnostics.append(errors.not_a_value(node.span, "la colonne d'une liste"))
        else:
            self._report_cell(table, node, spans, scope)

    def _report_cell(self, table: TableSymbol, node: tree.Reference, spans: list[Span], scope: Scope) -> None:
        parts = node.parts
        row = self._variable_row(parts[1], scope)
        if row not in table.rows:
            if row != parts[1] and scope.table is not None:
                walked = scope.table.rows[row].name.span
                self.diagnostics.append(
                    errors.row_not_opposite(spans[1], table.code, row, walked, table.decl.name.span)
                )
            else:
                self.diagnostics.append(
                    errors.unknown_row(spans[1], table.code, table.decl.name.span, self._known(table.rows))
                )
        elif len(parts) == 2:
            if not table.broken:
                self.diagnostics.append(
                    errors.column_needed(node.span, table.code, table.columns, table.decl.name.span)
                )
        else:
            self._report_column(table, spans[2], row, self._variable_column(parts[2], scope))

    def _report_column(self, table: TableSymbol, span: Span, row: str, column: str) -> None:
        if column not in table.columns:
            self.diagnostics.append(
                errors.unknown_column(span, table.code, table.decl.name.span, self._known(table.columns))
            )
        else:
            decl = table.rows[row]
            self.diagnostics.append(
                errors.greyed(span, f"{table.code}.{row}.{column}", decl.name.span, [n.text for n in decl.only])
            )

    def _unknown_bare(self, node: tree.Reference, span: Span, scope: Scope) -> Diagnostic:
        name = node.parts[0]
        table = self.symbols.tables.get(name)
        if table is not None:
            return errors.not_a_value(span, "un tableau")
        if name in self.symbols.families:
            return errors.not_a_value(span, "une famille")
        here = scope.table
        if here is not None and scope.bare is Bare.ROW:
            if name in here.rows and scope.column is not None:
                decl = here.rows[name]
                return errors.greyed(
                    span, f"{here.code}.{name}.{scope.column}", decl.name.span, [n.text for n in decl.only]
                )
            return errors.unknown_row(span, here.code, here.decl.name.span, self._known(here.rows))
        if here is not None and scope.bare is not Bare.NOTHING:
            if name in here.columns and scope.row is not None and scope.row in here.rows:
                decl = here.rows[scope.row]
                return errors.greyed(
                    span, f"{here.code}.{scope.row}.{name}", decl.name.span, [n.text for n in decl.only]
                )
            return errors.unknown_column(span, here.code, here.decl.name.span, self._known(here.columns))
        known = [*self.symbols.parameters, *self.symbols.aggregates]
        return errors.unknown_name(span, self._known(known), "ici")

    def _heads(self, scope: Scope) -> set[str]:
        heads = {*self.symbols.tables, *self.symbols.families}
        heads.update(code.split(".")[0] for code in self.symbols.parameters)
        heads.update(code.split(".")[0] for code in self.symbols.aggregates)
        if scope.table is not None:
            heads.update(scope.table.rows)
        return heads


def part_spans(node: tree.Reference) -> list[Span]:
    """Return the span of each dotted part of a reference."""
    spans = []
    start = node.span.start
    for part in node.parts:
        size = len(part)
        written = node.span.text[start - node.span.start :]
        if written[:1] in ("«", '"'):  # the key of a row, cited
            size = written.index("»" if written[0] == "«" else '"', 1) + 1
        spans.append(Span(node.span.source, start, start + size))
        start += size + 1
    return spans


def _bare_span(node: tree.Reference) -> Span:
    return part_spans(node)[0].to(part_spans(node)[-1])
