"""Checks: those an author declares, and those that declarations of cells imply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from typing import Final

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors, typed
from qdis_rules.model.expressions import Expressions
from qdis_rules.model.margins import Margins
from qdis_rules.model.resolve import CellSymbol, SymbolTable, TableSymbol
from qdis_rules.model.scope import GLOBAL, Bare, Scope
from qdis_rules.model.types import CONDITION, NumberType, number_unit
from qdis_rules.numbers import ZERO, exact, negate
from qdis_rules.records import dataclass
from qdis_rules.source import Span
from qdis_rules.syntax import tree

_OF_A_GAP: Final = ("écart", "gauche", "droite", "tolérance")


@dataclass(slots=True)
class Checks:
    """Types the declared checks and generates the implied ones."""

    symbols: SymbolTable
    expressions: Expressions
    margins: Margins
    tables: Mapping[str, typed.Table]
    cells: Mapping[str, typed.Cell]
    diagnostics: list[Diagnostic]
    _found: dict[str, typed.Check] = field(default_factory=dict)

    def all(self) -> dict[str, typed.Check]:
        """Return every check by code: declared first, then generated, in table order."""
        for decl in self.symbols.checks.values():
            self._declared(decl)
        for table in self.symbols.tables.values():
            self._of_table(table)
            for symbol in table.cells.values():
                self._of_cell(table, symbol)
        return self._found

    # --- declared -----------------------------------------------------------------

    def _declared(self, decl: tree.CheckDecl) -> None:
        instances: list[typed.CheckInstance] = []
        for key, label, rows_of, scope in self._places(decl):
            before = len(self.diagnostics)
            instances.append(self._instance(decl, key, label, rows_of, scope))
            if any(d.code != "ligne-en-regard" for d in self.diagnostics[before:]):
                break  # the next rows would say the same
        notes = decl.notes
        self._found[decl.name.text] = typed.Check(
            code=decl.name.text,
            severity=decl.severity,
            justifiable=decl.justifiable,
            text=decl.message.raw,
            instances=tuple(instances),
            origin=None,
            notes=typed.Notes(
                notes.source.value if notes.source else None,
                notes.reliability.text if notes.reliability else None,
                notes.help.value if notes.help else None,
                notes.mark.value if notes.mark else None,
            ),
            span=decl.name.span,
        )

    def _places(self, decl: tree.CheckDecl) -> list[tuple[str | None, str | None, str | None, Scope]]:
        """Return (key, label, list, scope) for each row or column the check applies to."""
        iteration = decl.iteration
        if iteration is None:
            return [(None, None, None, GLOBAL)]
        table = self.symbols.tables.get(iteration.table.text)
        if table is None:
            if iteration.table.text not in self.symbols.broken:
                self.diagnostics.append(errors.unknown_table(iteration.table.span, self.symbols.tables))
            return []
        variable = iteration.variable.text if iteration.variable else None
        over_rows = iteration.over == "ligne"
        if table.is_list:
            named = "« parmi »" if iteration.among else "« sauf »" if iteration.excepted else None
            what = named if over_rows else "« pour chaque colonne »"
            if what is not None:
                self.diagnostics.append(errors.not_for_list(iteration.span, what))
                return []
            return [(None, None, table.code, Scope(Bare.LIST, table, None, None, variable))]
        known: Mapping[str, tree.Row | tree.Column] = table.rows if over_rows else table.columns
        places: list[tuple[str | None, str | None, str | None, Scope]] = []
        for key in self._walked(iteration, table, known):
            label = known[key].label
            scope = (
                Scope(Bare.COLUMN, table, key, None, variable)
                if over_rows
                else Scope(Bare.ROW, table, None, key, variable, over_rows=False)
            )
            places.append((key, label.value if label else key, None, scope))
        return places

    def _walked(
        self, iteration: tree.Iteration, table: TableSymbol, known: Mapping[str, tree.Row | tree.Column]
    ) -> list[str]:
        """Return the rows or columns an iteration walks: those after `parmi` (else all), but those after `sauf`."""
        before = len(self.diagnostics)
        among = self._named(iteration.among, table, known) if iteration.among else dict.fromkeys(known, iteration.span)
        excepted = self._named(iteration.excepted, table, known)
        ends = {
            name.text for part in (*iteration.among, *iteration.excepted) for name in (part.first, part.last) if name
        }
        if len(self.diagnostics) == before and not ends & table.broken:
            for name, span in excepted.items():
                if name not in among:
                    self.diagnostics.append(errors.excepts_nothing(span, name))
            if excepted and among.keys() <= excepted.keys():
                self.diagnostics.append(errors.walks_nothing(iteration.span, iteration.over))
        return [name for name in among if name not in excepted]

    def _named(
        self, stretches: Sequence[tree.Stretch], table: TableSymbol, known: Mapping[str, tree.Row | tree.Column]
    ) -> dict[str, Span]:
        """Return the names that stretches stand for, each with the stretch that says it."""
        found: dict[str, Span] = {}
        order = list(known)
        report = errors.unknown_row if known is table.rows else errors.unknown_column
        for stretch in stretches:
            ends = [stretch.first, stretch.last or stretch.first]
            unknown = [name for name in dict.fromkeys(ends) if name.text not in known]
            for name in unknown:
                if name.text not in table.broken:
                    self.diagnostics.append(report(name.span, table.code, table.decl.name.span, known))
            if unknown:
                continue
            first, last = (order.index(name.text) for name in ends)
            if first > last:
                places = (known[name.text].name.span for name in ends)
                self.diagnostics.append(errors.range_backwards(stretch.span, *places))
            keys = order[first : last + 1]
            again = next((key for key in keys if key in found), None)
            if again is not None:
                self.diagnostics.append(errors.walked_twice(stretch.span, again, found[again]))
            found.update((key, stretch.span) for key in keys if key not in found)
        return found

    def _instance(
        self, decl: tree.CheckDecl, key: str | None, label: str | None, rows_of: str | None, scope: Scope
    ) -> typed.CheckInstance:
        guard = self.expressions.condition(decl.guard, scope) if decl.guard is not None else None
        self.expressions.margin = self.margins
        body = self.expressions.condition(decl.body, scope)
        self.expressions.margin = None
        return typed.CheckInstance(key, label, rows_of, guard, body, self._message(decl, body, scope))

    def _message(self, decl: tree.CheckDecl, body: typed.Expr, scope: Scope) -> tuple[typed.MessagePart, ...]:
        parts: list[typed.MessagePart] = []
        for part in decl.message.parts:
            match part:
                case str():
                    parts.append(part)
                case tree.Placeholder(word, span):
                    parts.append(part)
                    self._placeholder(decl, body, word, span)
                case tree.Reference((name,)) if decl.iteration is not None and name == scope.variable:
                    parts.append(tree.Placeholder(decl.iteration.over, part.span))
                case _:
                    value = self.expressions.check(part, scope)
                    if not isinstance(value, typed.Invalid):
                        parts.append(value)
        return tuple(parts)

    def _placeholder(self, decl: tree.CheckDecl, body: typed.Expr, word: str, span: Span) -> None:
        if word in _OF_A_GAP:
            if next(typed.deciding(body), None) is None and not any(
                isinstance(node, typed.Invalid) for node in typed.walk(body)
            ):
                self.diagnostics.append(
                    errors.bad_placeholder(span, f"{{{word}}} : ce contrôle ne compare pas deux nombres")
                )
        elif decl.iteration is None or decl.iteration.over != word:
            self.diagnostics.append(
                errors.bad_placeholder(
                    span,
                    f"{{{word}}} : ce contrôle ne parcourt pas de {word}s",
                    help=f"ajoutez « pour chaque {word} de … », ou retirez {{{word}}}",
                )
            )

    # --- implied --------------------------------------------------------------------

    def _of_table(self, table: TableSymbol) -> None:
        condition = self.tables[table.code].not_applicable
        if condition is None or isinstance(condition, typed.Invalid):
            return
        span = table.decl.name.span
        cells = tuple(typed.Supplied(symbol.code, False, CONDITION, span) for symbol in table.cells.values())
        body = typed.Not(typed.Or(cells, CONDITION, span), CONDITION, span)
        message = (f"Le tableau {table.code} est sans objet, mais des valeurs y sont saisies.",)
        self._add(
            f"{table.code}~sans_objet",
            "avertissement",
            typed.CheckInstance(None, None, None, condition, body, message),
            table.code,
            span,
        )

    def _of_cell(self, table: TableSymbol, symbol: CellSymbol) -> None:
        rows_of = table.code if table.is_list else None
        kind = symbol.type
        value: typed.Expr = (
            typed.RowValue(symbol.code, kind, symbol.column.name.span)
            if table.is_list
            else typed.CellValue(symbol.code, 0, kind, symbol.column.name.span)
        )
        scope = (
            Scope(Bare.LIST, table)
            if symbol.row is None
            else Scope(Bare.COLUMN, table, symbol.row.name.text, symbol.column.name.text)
        )
        bounds = (symbol.row.bounds if symbol.row else None) or symbol.column.bounds
        if bounds is not None:
            self._bounds(symbol, bounds, value, scope, rows_of)
        required = symbol.row.required if symbol.row else None
        if required is not None and symbol.row is not None:
            scope = Scope(Bare.ROW, table, symbol.row.name.text, symbol.column.name.text)
        required = required or symbol.column.required
        if required is not None:
            self._required(table, symbol, required, value, scope, rows_of)

    def _bounds(
        self, symbol: CellSymbol, bounds: tree.Bounds, value: typed.Expr, scope: Scope, rows_of: str | None
    ) -> None:
        span = bounds.span
        if not isinstance(symbol.type, NumberType):
            if not isinstance(value.type, NumberType) and str(value.type) != "?":
                self._once(errors.wrong_kind(span, symbol.type, "un nombre"))
            return
        guard = typed.Apply("renseigné", (value,), CONDITION, span)
        body: typed.Expr
        if bounds.low is None or bounds.high is None:
            body = typed.Comparison(value, ">=", typed.Const(ZERO, NumberType(None), span), None, CONDITION, span)
            suffix, text = "positif", f"« {symbol.label} » doit être positif ou nul : "
        else:
            before = len(self.diagnostics)
            low = self._bound(bounds.low, symbol, scope)
            high = self._bound(bounds.high, symbol, scope)
            if len(self.diagnostics) == before and isinstance(low, typed.Const) and isinstance(high, typed.Const):
                if low.value > high.value:  # type: ignore[operator]
                    self._once(errors.bounds_backwards(span))
            body = typed.Between(value, low, high, None, CONDITION, span)
            suffix, text = "bornes", f"« {symbol.label} » sort de ses bornes : "
        instance = typed.CheckInstance(None, None, rows_of, guard, body, (text, value, "."))
        self._add(f"{symbol.code}~{suffix}", "bloquant", instance, symbol.code, span)

    def _bound(self, node: tree.Expr, symbol: CellSymbol, scope: Scope) -> typed.Expr:
        """Return a bound; a bare number is in the unit of its cell."""
        bare = node.operand if isinstance(node, tree.Negation) else node
        if isinstance(bare, tree.Quantity) and bare.unit is None:
            size = exact(Fraction(bare.value) * number_unit(symbol.type).scale)
            return typed.Const(negate(size) if bare is not node else size, symbol.type, node.span)
        return self.expressions.expect(node, scope, symbol.type, symbol.column.name.span)

    def _required(
        self,
        table: TableSymbol,
        symbol: CellSymbol,
        required: tree.Required,
        value: typed.Expr,
        scope: Scope,
        rows_of: str | None,
    ) -> None:
        span = required.span
        guard = self.expressions.condition(required.condition, scope) if required.condition is not None else None
        closed = self.tables[table.code].closed
        if closed is not None:
            applies = typed.Not(closed, CONDITION, span)
            guard = applies if guard is None else typed.And((applies, guard), CONDITION, span)
        if self.cells[symbol.code].formula is not None:
            body: typed.Expr = typed.Apply("renseigné", (value,), CONDITION, span)
        else:
            body = typed.Supplied(symbol.code, rows_of is not None, CONDITION, span)
        message = (f"« {symbol.label} » est obligatoire.",)
        instance = typed.CheckInstance(None, None, rows_of, guard, body, message)
        self._add(f"{symbol.code}~obligatoire", "bloquant", instance, symbol.code, span)

    def _once(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    def _add(self, code: str, severity: str, instance: typed.CheckInstance, origin: str, span: Span) -> None:
        text = "".join(part if isinstance(part, str) else f"{{{origin}}}" for part in instance.message)
        self._found[code] = typed.Check(code, severity, False, text, (instance,), origin, typed.Notes(), span)
