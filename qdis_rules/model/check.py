"""Symbols to the typed ruleset, in dependency order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from qdis_rules.diagnostics import Diagnostic, Outcome, in_source_order
from qdis_rules.model import accounts, errors, typed
from qdis_rules.model.checks import Checks
from qdis_rules.model.examples import Examples
from qdis_rules.model.expressions import Expressions
from qdis_rules.model.linear import LinearForms
from qdis_rules.model.margins import Margins
from qdis_rules.model.order import Leaves, dependency_order, reads, shortest_cycle
from qdis_rules.model.resolve import CellSymbol, SymbolTable, TableSymbol, simple_unit
from qdis_rules.model.scope import GLOBAL, Bare, Scope, part_spans
from qdis_rules.model.types import CONDITION, ERROR, ChoiceType, ErrorType, NumberType, Type, number_unit
from qdis_rules.model.values import literal
from qdis_rules.numbers import ZERO, Exact, exact
from qdis_rules.records import dataclass
from qdis_rules.source import Span
from qdis_rules.syntax import tree
from qdis_rules.units import Unit


def check(symbols: SymbolTable) -> Outcome[typed.TypedRuleset]:
    """Return the typed ruleset, and every error its formulas hold.

    The value is complete only when the outcome is `ok`; otherwise what could not be typed
    is `Invalid` and must not be planned.
    """
    checker = _Checker(symbols)
    ruleset = checker.run()
    declared = {
        table.decl.name.span: {
            **{name: column.name.span for name, column in table.columns.items()},
            **{name: row.name.span for name, row in table.rows.items()},
        }
        for table in symbols.tables.values()
    }
    return Outcome(ruleset, in_source_order(errors.gather_unknown(checker.diagnostics, declared)))


UNKNOWN: Final = "inconnu"
"""Stands for the value of a parameter that nobody has found: what reads it has none either."""


@dataclass(slots=True)
class _Formulas:
    """The formulas a cell could have, and the one retained."""

    by_row: typed.Expr | None = None
    by_column: typed.Expr | None = None

    def retained(self, priority: str | None) -> typed.Expr | None:
        if self.by_row is None or (self.by_column is not None and priority != "ligne"):
            return self.by_column
        return self.by_row


@dataclass(slots=True)
class _Checker:
    symbols: SymbolTable
    diagnostics: list[Diagnostic] = field(default_factory=list)
    circular: set[str] = field(default_factory=set)
    expressions: Expressions = field(init=False)

    def __post_init__(self) -> None:
        self.expressions = Expressions(self.symbols, self.diagnostics)

    def run(self) -> typed.TypedRuleset:
        candidates: dict[str, _Formulas] = {}
        not_applicable: dict[str, typed.Expr] = {}
        for table in self.symbols.tables.values():
            if table.decl.not_applicable is not None:
                not_applicable[table.code] = self.expressions.expect(
                    table.decl.not_applicable, GLOBAL, CONDITION, table.decl.name.span
                )
            self._formulas(table, candidates)
        formulas: dict[str, typed.Expr] = {}
        for table in self.symbols.tables.values():
            for symbol in table.cells.values():
                formula = candidates[symbol.code].retained(table.decl.priority)
                if formula is not None:
                    formulas[symbol.code] = formula
        aggregates = {code: self._aggregate(code) for code in self.symbols.aggregates}
        formulas.update((code, aggregate.formula) for code, aggregate in aggregates.items())
        tables = {code: self._table(code, not_applicable.get(code)) for code in self.symbols.tables}
        order = self._order(formulas, aggregates, tables)
        if order is not None:
            self._crossings(candidates, formulas, order)
        cells = self._cells(formulas)
        tolerances = self._tolerances()
        self._optional(tables, formulas)
        entered = {code: cell.unit for code, cell in cells.items() if cell.unit is not None}
        leaves = Leaves(formulas, entered, order or ())
        margins = Margins(tolerances, self.symbols.units, leaves, self.diagnostics)
        cells = {code: replace(cell, tolerance=margins.of_cell(cell)) for code, cell in cells.items()}
        checks = Checks(self.symbols, self.expressions, margins, tables, cells, self.diagnostics).all()
        bodies = [instance.body for found in checks.values() for instance in found.instances]
        self._double_counts([*formulas.values(), *bodies], formulas)
        ruleset = self.symbols.ruleset
        return typed.TypedRuleset(
            name=ruleset.name.text if ruleset else "",
            year=ruleset.year if ruleset else 0,
            version=ruleset.version.value if ruleset and ruleset.version else "",
            title=ruleset.title.value if ruleset and ruleset.title else "",
            tolerances=tolerances,
            units={name: unit for name, unit in self.symbols.units.items() if unit is not None},
            unit_labels=self.symbols.unit_labels,
            tables=MappingProxyType(tables),
            cells=MappingProxyType(cells),
            parameters={code: self._parameter(code) for code in self.symbols.parameters},
            families={
                code: typed.Family(code, decl.label.value, _notes(decl.notes), decl.name.span)
                for code, decl in self.symbols.families.items()
            },
            aggregates=MappingProxyType(aggregates),
            checks=MappingProxyType(checks),
            examples=Examples(self.symbols, self.expressions, checks, self.diagnostics).all(),
            order=tuple(order or ()),
        )

    # --- formulas ---------------------------------------------------------------

    def _formulas(self, table: TableSymbol, candidates: dict[str, _Formulas]) -> None:
        priority = table.decl.priority
        for symbol in table.cells.values():
            candidates[symbol.code] = _Formulas()
        for name, row in table.rows.items():
            claimed: dict[str, tree.Name] = {}
            for formula in row.formulas:
                self._formula_columns(table, name, formula, claimed)
                only = {scoped.text for scoped in formula.columns}
                for column, decl in table.columns.items():
                    cell = table.cells.get((name, column))
                    if cell is None or (only and column not in only):
                        continue
                    if priority == "colonne" and decl.formula is not None:
                        continue
                    scope = Scope(Bare.ROW, table, name, column)
                    if not self._type_into(candidates[cell.code], "by_row", formula.expr, scope, cell):
                        break
        for column, decl in table.columns.items():
            if decl.formula is None:
                continue
            for name in table.rows or ("*",):
                cell = table.cells.get((name, column))
                if cell is None:
                    continue
                if priority == "ligne" and candidates[cell.code].by_row is not None:
                    continue
                scope = (
                    Scope(Bare.LIST, table, None, column) if table.is_list else Scope(Bare.COLUMN, table, name, column)
                )
                if not self._type_into(candidates[cell.code], "by_column", decl.formula, scope, cell):
                    break

    def _formula_columns(
        self, table: TableSymbol, row: str, formula: tree.RowFormula, claimed: dict[str, tree.Name]
    ) -> None:
        """Report a column named after `pour` that the row has not, or that has a formula already."""
        for scoped in formula.columns:
            if (row, scoped.text) not in table.cells and scoped.text not in table.broken:
                self.diagnostics.append(
                    errors.unknown_column(scoped.span, table.code, table.decl.name.span, table.columns)
                )
            elif scoped.text in claimed:
                self.diagnostics.append(errors.two_formulas(scoped.text, scoped.span, claimed[scoped.text].span))
            claimed.setdefault(scoped.text, scoped)

    def _type_into(self, formulas: _Formulas, which: str, node: tree.Expr, scope: Scope, symbol: CellSymbol) -> bool:
        """Type one formula for one cell; False once it has an error (said once, not per cell)."""
        before = len(self.diagnostics)
        declared = _kind_span(symbol)
        setattr(formulas, which, self.expressions.expect(node, scope, symbol.type, declared))
        return len(self.diagnostics) == before

    def _aggregate(self, code: str) -> typed.Aggregate:
        symbol = self.symbols.aggregates[code]
        decl = symbol.decl
        declared = decl.kind.span if decl.kind else decl.name.span
        guard = self.expressions.condition(decl.guard, GLOBAL) if decl.guard is not None else None
        formula = self.expressions.expect(decl.formula, GLOBAL, symbol.type, declared)
        own = typed.AggregateValue(code, 0, symbol.type, decl.name.span)
        thresholds = []
        for threshold in decl.thresholds:
            choice = symbol.type if isinstance(symbol.type, ChoiceType) else None
            limit = self.expressions.check(threshold.limit, GLOBAL, choice)
            if isinstance(limit.type, NumberType) and isinstance(symbol.type, NumberType):
                unit = number_unit(symbol.type)
                if limit.type.unit is not None and not limit.type.unit.compatible(unit):
                    self.diagnostics.append(errors.unit_mismatch(declared, unit, limit.span, limit.type.unit, "seuil"))
            elif isinstance(limit.type, NumberType) != isinstance(symbol.type, NumberType):
                if not isinstance(limit, typed.Invalid):
                    self.diagnostics.append(errors.kinds_differ(declared, symbol.type, limit.span, limit.type, "seuil"))
            condition = typed.Comparison(own, threshold.op, limit, None, CONDITION, threshold.span)
            message = threshold.message.value if threshold.message else None
            thresholds.append(typed.Threshold(threshold.name.text, condition, message, threshold.span))
        return typed.Aggregate(
            code=code,
            family=symbol.family,
            section=decl.section.value if decl.section else None,
            label=decl.label.value,
            internal=decl.internal,
            type=symbol.type,
            unit=_unit(symbol.type),
            places=decl.places,
            guard=guard,
            formula=formula,
            thresholds=tuple(thresholds),
            since=self._since(decl.notes, (2, 2)),
            notes=_notes(decl.notes),
            span=decl.name.span,
        )

    # --- structure ----------------------------------------------------------------

    def _order(
        self,
        formulas: Mapping[str, typed.Expr],
        aggregates: Mapping[str, typed.Aggregate],
        tables: Mapping[str, typed.Table],
    ) -> list[str] | None:
        """Return the dependency order, or None once cycles are reported."""
        graph: dict[str, dict[str, Span]] = {}
        for table in self.symbols.tables.values():
            closed = tables[table.code].closed
            gate = {table.code: table.decl.name.span} if closed is not None else {}
            if closed is not None:
                graph[table.code] = dict(reads(closed))
            for symbol in table.cells.values():
                formula = formulas.get(symbol.code)
                graph[symbol.code] = {**(dict(reads(formula)) if formula else {}), **gate}
        for code, aggregate in aggregates.items():
            found = dict(reads(aggregate.formula))
            if aggregate.guard is not None:
                found.update(reads(aggregate.guard))
            for threshold in aggregate.thresholds:
                for read, span in reads(threshold.condition.right):
                    found.setdefault(read, span)
            graph[code] = found
        order, groups = dependency_order(graph)
        seen: set[tuple[Span, ...]] = set()
        for group in groups:
            self.circular.update(group)
            path = shortest_cycle(graph, group)
            steps = [(node, graph[node][path[(i + 1) % len(path)]]) for i, node in enumerate(path)]
            # The columns of a table repeat the cycle of their rows: say it once.
            places = tuple(sorted((span for _, span in steps), key=lambda span: (str(span.source.name), span.start)))
            if places not in seen:
                seen.add(places)
                self.diagnostics.append(errors.cycle(steps))
        return None if groups else order

    def _crossings(
        self, candidates: Mapping[str, _Formulas], formulas: Mapping[str, typed.Expr], order: list[str]
    ) -> None:
        """Where a row and a column formula meet, prove them equal or ask for a priority."""
        meeting = {
            code: both for code, both in candidates.items() if both.by_row is not None and both.by_column is not None
        }
        if not meeting:
            return
        cells = {code: formula for code, formula in formulas.items() if code in candidates}
        forms = LinearForms(cells, [code for code in order if code in cells])
        reported: set[tuple[Span, Span]] = set()
        for code, both in meeting.items():
            assert both.by_row is not None
            assert both.by_column is not None
            if isinstance(both.by_row, typed.Invalid) or isinstance(both.by_column, typed.Invalid):
                continue
            places = (both.by_row.span, both.by_column.span)
            if places not in reported and not forms.equal(both.by_row, both.by_column):
                reported.add(places)
                self.diagnostics.append(errors.crossing(code, *places))

    def _double_counts(self, expressions: Iterable[typed.Expr], formulas: Mapping[str, typed.Expr]) -> None:
        reported: set[Span] = set()
        for expr in expressions:
            for node in typed.walk(expr):
                if not isinstance(node, typed.Fold) or node.function not in ("somme", "moyenne", "nombre"):
                    continue
                ranges: dict[Span, list[str]] = {}
                for item in node.items:
                    if isinstance(item, typed.CellValue) and item.back == 0:
                        ranges.setdefault(item.span, []).append(item.code)
                for span, codes in ranges.items():
                    twice = _contained(codes, formulas) if len(codes) > 1 and span not in reported else None
                    if twice is not None and twice[0] not in self.circular:
                        reported.add(span)
                        computed, operand = twice
                        place = formulas[computed].span
                        self.diagnostics.append(errors.counted_twice(span, computed, operand, place))

    def _optional(self, tables: Mapping[str, typed.Table], formulas: Mapping[str, typed.Expr]) -> None:
        """Report a `facultatif` table that a cooperative cannot leave empty, or cannot begin."""
        for table in tables.values():
            if table.optional and table.statement is not None:
                self.diagnostics.append(errors.optional_statement(table.span, table.code, table.statement))
            elif table.optional and all(code in formulas for code in table.cells):
                self.diagnostics.append(errors.optional_computed(table.span, table.code))

    # --- declarations -------------------------------------------------------------

    def _cells(self, formulas: Mapping[str, typed.Expr]) -> dict[str, typed.Cell]:
        cells: dict[str, typed.Cell] = {}
        statements: dict[str, list[typed.Cell]] = {}
        for table in self.symbols.tables.values():
            selected = accounts.selections(table, self.diagnostics)
            named = table.decl.statement
            counted_once = statements.setdefault(f"« {named.value} »" if named else table.code, [])
            for (row, column), symbol in table.cells.items():
                cell = typed.Cell(
                    code=symbol.code,
                    table=table.code,
                    row=row,
                    column=column,
                    label=symbol.label,
                    type=symbol.type,
                    unit=_unit(symbol.type),
                    formula=formulas.get(symbol.code),
                    selection=selected.get((row, column)),
                    carried_from=self._carried(table, symbol),
                    since=self._cell_since(symbol),
                    tolerance=ZERO,
                    notes=_notes(symbol.row.notes if symbol.row else symbol.column.notes),
                    span=symbol.row.name.span if symbol.row else symbol.column.name.span,
                    required=_written((symbol.row and symbol.row.required) or symbol.column.required),
                    bounds=_written((symbol.row and symbol.row.bounds) or symbol.column.bounds),
                )
                if cell.selection is not None and not isinstance(symbol.type, NumberType | ErrorType):
                    self.diagnostics.append(errors.wrong_kind(cell.selection.prefix_spans[0], symbol.type, "un nombre"))
                cells[cell.code] = cell
                counted_once.append(cell)
        for counted_once in statements.values():
            accounts.report_double(counted_once, self.diagnostics)
        return cells

    def _carried(self, table: TableSymbol, symbol: CellSymbol) -> str | None:
        """Return the code of last year's cell that `reprise de` names."""
        row_name = symbol.row.name.text if symbol.row else "*"
        column_name = symbol.column.name.text
        if symbol.row is not None and symbol.row.carried_from is not None:
            name = symbol.row.carried_from
            target = (name.text, column_name)
        elif symbol.column.carried_from is not None:
            name = symbol.column.carried_from
            target = (row_name, name.text)
            if table.is_list:
                self.diagnostics.append(errors.not_for_list(name.span, "« reprise de »"))
                return None
        else:
            return None
        home = table
        if len(name.parts) == 3 and name.parts[0] not in self.symbols.tables:
            if name.parts[0] not in self.symbols.broken:
                span = part_spans(tree.Reference(name.parts, None, name.span))[0]
                self.diagnostics.append(errors.unknown_table(span, self.symbols.tables))
            return None
        if len(name.parts) == 3:
            home = self.symbols.tables[name.parts[0]]
            target = (name.parts[1], name.parts[2])
        found = home.cells.get(target)
        if found is not None:
            if not _same_kind(symbol.type, found.type):
                self.diagnostics.append(
                    errors.kinds_differ(_kind_span(found), found.type, _kind_span(symbol), symbol.type, "reprise")
                )
            return found.code
        if name.text not in table.broken:
            known = table.columns if symbol.column.carried_from is name else table.rows
            known_name = errors.unknown_column if known is table.columns else errors.unknown_row
            if name.text not in known:
                self.diagnostics.append(known_name(name.span, table.code, table.decl.name.span, known))
        return None

    def _cell_since(self, symbol: CellSymbol) -> tuple[int, str] | None:
        by_row = self._since(symbol.row.notes, (2, 2)) if symbol.row else None
        by_column = self._since(symbol.column.notes, (2, 2))
        table, row, column = symbol.code.split(".")
        years = [found[0] for found in (by_row, by_column) if found]
        if not years:
            return None
        if by_row:
            table, row = by_row[1].split(".")
        if by_column:
            table, column = by_column[1].split(".")
        return max(years), f"{table}.{row}.{column}"

    def _since(self, notes: tree.Notes, size: tuple[int, int]) -> tuple[int, str] | None:
        if notes.since is None:
            return None
        year, *code = notes.since.parts
        if not size[0] <= len(code) <= size[1]:
            self.diagnostics.append(
                errors.bad_since(notes.since.span, "écrivez l'exercice, le tableau et l'ancien nom : 2022.T03.x")
            )
            return None
        return int(year), ".".join(code)

    def _table(self, code: str, not_applicable: typed.Expr | None) -> typed.Table:
        table = self.symbols.tables[code]
        decl = table.decl
        return typed.Table(
            code=code,
            label=decl.label.value,
            origin=decl.origin.text if decl.origin else "saisie",
            statement=decl.statement.value if decl.statement else None,
            empty_is_zero=decl.empty_is_zero,
            optional=decl.optional,
            not_applicable=not_applicable,
            key=decl.list_key.text if decl.list_key else None,
            rows={
                name: typed.RowInfo(
                    name,
                    row.label.value if row.label else None,
                    table.sections.get(name),
                    _notes(row.notes),
                    row.name.span,
                )
                for name, row in table.rows.items()
            },
            columns={
                name: typed.ColumnInfo(
                    name, column.label.value if column.label else None, _notes(column.notes), column.name.span
                )
                for name, column in table.columns.items()
            },
            cells=tuple(symbol.code for symbol in table.cells.values()),
            notes=_notes(decl.notes),
            span=decl.name.span,
        )

    def _parameter(self, code: str) -> typed.Parameter:
        symbol = self.symbols.parameters[code]
        decl = symbol.decl
        kind_span = decl.kind.span if decl.kind else None
        values = []
        for dated in decl.values:
            own_answer = isinstance(symbol.type, ChoiceType) and UNKNOWN in symbol.type.answers
            unknown = isinstance(dated.value, tree.Name) and dated.value.text == UNKNOWN and not own_answer
            value = (
                None
                if unknown
                else literal(dated.value, symbol.type, self.symbols.units, self.diagnostics, kind_span, dated.span)
            )
            if unknown or value is not None:
                values.append(typed.ParameterYear(value, dated.first, dated.last))
        self._overlaps(decl)
        parameter = typed.Parameter(
            code, decl.label.value, symbol.type, _unit(symbol.type), tuple(values), _notes(decl.notes), decl.name.span
        )
        year = self.symbols.ruleset.year if self.symbols.ruleset else None
        if year and len(values) == len(decl.values):
            found = parameter.value_for(year)
            if found is None:
                self.diagnostics.append(errors.no_value_yet(decl.name.span, code, year))
            elif not parameter.reviewed_for(year):
                place = next(d.span for d in decl.values if d.last == found.last)
                self.diagnostics.append(
                    errors.not_reviewed(place, code, year, f"vérifié jusqu'à {found.last} seulement")
                )
        return parameter

    def _overlaps(self, decl: tree.ParameterDecl) -> None:
        for index, dated in enumerate(decl.values):
            for earlier in decl.values[:index]:
                first = max(dated.first or 0, earlier.first or 0)
                last = min(
                    dated.last if dated.last is not None else 9999,
                    earlier.last if earlier.last is not None else 9999,
                )
                if first <= last:
                    self.diagnostics.append(errors.overlapping_years(dated.span, earlier.span, first or last))

    def _tolerances(self) -> tuple[tuple[Unit, Exact], ...]:
        ruleset = self.symbols.ruleset
        found: list[tuple[Unit, Exact]] = []
        for quantity in ruleset.tolerances if ruleset else ():
            if quantity.unit is None:
                self.diagnostics.append(errors.tolerance_without_unit(quantity.span))
                continue
            unit = simple_unit(quantity.unit.text, quantity.unit.span, self.symbols.units, self.diagnostics)
            if unit is not None:
                found.append((unit, exact(Fraction(quantity.value) * unit.scale)))
        return tuple(found)


def _contained(codes: list[str], formulas: Mapping[str, typed.Expr]) -> tuple[str, str] | None:
    """Return (computed, operand) when a computed cell of a range reads another one of it."""
    members = set(codes)
    seen: set[str] = set()  # shared: what was walked without meeting a member need not be again
    for code in codes:
        stack = [code]
        while stack:
            formula = formulas.get(stack.pop())
            for read, _ in reads(formula) if formula is not None else ():
                if read in members and read != code:
                    return code, read
                if read not in seen and read != code:
                    seen.add(read)
                    stack.append(read)
    return None


def _same_kind(one: Type, other: Type) -> bool:
    if isinstance(one, NumberType) and isinstance(other, NumberType):
        return number_unit(one).compatible(number_unit(other))
    return one == other or ERROR in (one, other)


def _kind_span(symbol: CellSymbol) -> Span:
    if symbol.row is not None and symbol.row.kind is not None:
        return symbol.row.kind.span
    if symbol.column.kind is not None:
        return symbol.column.kind.span
    return symbol.column.name.span


def _unit(kind: Type) -> Unit | None:
    return number_unit(kind) if isinstance(kind, NumberType) else None


def _written(part: tree.Required | tree.Bounds | None) -> str | None:
    return part.span.inline if part is not None else None


def _notes(notes: tree.Notes) -> typed.Notes:
    return typed.Notes(
        source=notes.source.value if notes.source else None,
        reliability=notes.reliability.text if notes.reliability else None,
        help=notes.help.value if notes.help else None,
        mark=notes.mark.value if notes.mark else None,
    )
