"""Tree to symbols: what is declared, under which code, of which kind."""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from typing import Any

from qdis_rules.diagnostics import Diagnostic, Outcome, in_source_order
from qdis_rules.model import errors
from qdis_rules.model.types import CONDITION, DATE, ERROR, ChoiceType, NumberType, TextType, Type
from qdis_rules.records import dataclass
from qdis_rules.source import Source, Span
from qdis_rules.syntax import tree
from qdis_rules.units import NUMBER, PERCENT, PREDEFINED, Unit, base, derived


@dataclass(frozen=True, slots=True)
class CellSymbol:
    """A cell (or the column of a list, row None) and the declarations it comes from."""

    code: str
    label: str
    type: Type
    row: tree.Row | None
    column: tree.Column


@dataclass(frozen=True, slots=True)
class TableSymbol:
    """A table, its rows and columns by name, its cells by (row, column)."""

    decl: tree.TableDecl
    rows: dict[str, tree.Row]
    columns: dict[str, tree.Column]
    sections: dict[str, str | None]
    cells: dict[tuple[str, str], CellSymbol]
    broken: frozenset[str]

    @property
    def code(self) -> str:
        """The code of the table."""
        return self.decl.name.text

    @property
    def is_list(self) -> bool:
        """True when the dossier supplies the rows."""
        return self.decl.list_key is not None


@dataclass(frozen=True, slots=True)
class ParameterSymbol:
    """A parameter and its kind."""

    decl: tree.ParameterDecl
    type: Type


@dataclass(frozen=True, slots=True)
class AggregateSymbol:
    """An aggregate, its family (None when undeclared) and its kind."""

    decl: tree.AggregateDecl
    family: str | None
    type: Type


Units = dict[str, Unit | None]
"""Units by name; None for one whose declaration is wrong, which was said there."""


@dataclass(slots=True)
class SymbolTable:
    """What a ruleset declares. `broken` names what did not parse: never reported again."""

    ruleset: tree.RulesetDecl | None = None
    units: Units = field(default_factory=lambda: dict(PREDEFINED))
    unit_labels: dict[str, str] = field(default_factory=dict)
    tables: dict[str, TableSymbol] = field(default_factory=dict)
    parameters: dict[str, ParameterSymbol] = field(default_factory=dict)
    families: dict[str, tree.FamilyDecl] = field(default_factory=dict)
    aggregates: dict[str, AggregateSymbol] = field(default_factory=dict)
    checks: dict[str, tree.CheckDecl] = field(default_factory=dict)
    examples: list[tree.ExampleDecl] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def resolve(syntax: tree.SyntaxTree) -> Outcome[SymbolTable]:
    """Return the symbols of a ruleset and what is wrong with its declarations."""
    resolver = _Resolver()
    resolver.run(syntax)
    return Outcome(resolver.symbols, in_source_order(resolver.diagnostics))


class _Resolver:
    def __init__(self) -> None:
        self.symbols = SymbolTable()
        self.diagnostics: list[Diagnostic] = []
        self._unit_spans: dict[str, Span] = {}
        self._unknown_families: set[str] = set()

    def run(self, syntax: tree.SyntaxTree) -> None:
        self.symbols.broken.update(syntax.broken)
        self.symbols.units.update(dict.fromkeys(syntax.broken - set(PREDEFINED)))
        declarations = syntax.declarations
        # Units and families first: order of declaration changes nothing.
        for decl in declarations:
            if isinstance(decl, tree.UnitDecl) and decl.unit is None:
                self._unit(decl)
        for decl in declarations:
            if isinstance(decl, tree.UnitDecl) and decl.unit is not None:
                self._unit(decl)
        for decl in declarations:
            match decl:
                case tree.RulesetDecl():
                    self._ruleset(decl)
                case tree.FamilyDecl():
                    self._register(self.symbols.families, decl.name, decl, "la famille")
                case _:
                    pass
        for decl in declarations:
            match decl:
                case tree.TableDecl():
                    self._table(decl)
                case tree.ParameterDecl():
                    kind = self._kind(decl.kind, decl.name.span, decl.name.text)
                    self._register(self.symbols.parameters, decl.name, ParameterSymbol(decl, kind), "le paramètre")
                case tree.AggregateDecl():
                    self._aggregate(decl)
                case tree.CheckDecl():
                    self._register(self.symbols.checks, decl.name, decl, "le contrôle")
                case tree.ExampleDecl():
                    self.symbols.examples.append(decl)
                case _:
                    pass
        for table in self.symbols.tables.values():
            family = self.symbols.families.get(table.code)
            if family:
                self.diagnostics.append(
                    errors.shared_name(table.code, table.decl.name.span, "un tableau", family.name.span, "une famille")
                )
        if self.symbols.ruleset is None and tree.RULESET not in self.symbols.broken and declarations:
            start = declarations[0].span
            self.diagnostics.append(errors.no_ruleset(Span(start.source, start.start, start.start + 1)))
        if not declarations and not self.symbols.broken:
            self.diagnostics.append(errors.no_ruleset(Span(Source.of("(jeu vide)", ""), 0, 0)))

    def _register(self, home: dict[str, Any], name: tree.Name, symbol: object, what: str) -> bool:
        if name.text in home:
            first: Any = home[name.text]
            decl = getattr(first, "decl", first)
            self.diagnostics.append(errors.duplicate(what, name.text, name.span, decl.name.span))
            return False
        home[name.text] = symbol
        return True

    def _ruleset(self, decl: tree.RulesetDecl) -> None:
        first = self.symbols.ruleset
        if first is not None:
            self.diagnostics.append(errors.second_ruleset(decl.name.span, first.name.span))
        else:
            self.symbols.ruleset = decl

    def _unit(self, decl: tree.UnitDecl) -> None:
        name = decl.name.text
        unit = base(name)
        if decl.unit is not None and decl.factor is not None:
            of = unit_of(decl.unit, self.symbols.units, self.diagnostics)
            if of is None:
                self.symbols.units[name] = None
                return
            unit = derived(name, Fraction(decl.factor) or Fraction(1), of)
        if decl.label is not None:
            self.symbols.unit_labels.setdefault(name, decl.label.value)
        known = self.symbols.units.get(name)
        if known is None and name not in self.symbols.units:
            self.symbols.units[name] = unit
            self._unit_spans[name] = decl.name.span
        elif name not in PREDEFINED:
            self.diagnostics.append(errors.duplicate("l'unité", name, decl.name.span, self._unit_spans[name]))
        elif known is not None and (known.dimension, known.scale) != (unit.dimension, unit.scale):
            self.diagnostics.append(errors.redefined_unit(decl.name.span, name))

    def _kind(self, node: tree.Kind | None, span: Span, code: str) -> Type:
        if node is None:
            self.diagnostics.append(errors.no_kind(span, code, ()))
            return ERROR
        return self._given_kind(node)

    def _given_kind(self, node: tree.Kind) -> Type:
        match node:
            case tree.NumberKind(unit, integer):
                of = unit_of(unit, self.symbols.units, self.diagnostics) if unit else NUMBER
                return NumberType(of, integer) if of is not None else ERROR
            case tree.ChoiceKind(answers):
                seen: dict[str, Span] = {}
                for answer in answers:
                    if answer.name.text in seen:
                        self.diagnostics.append(
                            errors.duplicate("la réponse", answer.name.text, answer.name.span, seen[answer.name.text])
                        )
                    seen[answer.name.text] = answer.name.span
                return ChoiceType(
                    tuple(seen),
                    tuple(
                        (a.label.value if a.label else a.name.text) for a in {a.name.text: a for a in answers}.values()
                    ),
                )
            case tree.SimpleKind("oui/non"):
                return CONDITION
            case tree.SimpleKind("date"):
                return DATE
            case tree.SimpleKind(_, size):
                return TextType(size if size is not None else 1000)

    def _aggregate(self, decl: tree.AggregateDecl) -> None:
        kind = self._kind(decl.kind, decl.name.span, decl.name.text)
        family = decl.name.parts[0] if len(decl.name.parts) > 1 else None
        if family not in self.symbols.families:
            name = family or ""
            if name not in self.symbols.broken | self._unknown_families and not decl.internal:
                self._unknown_families.add(name)
                self.diagnostics.append(errors.no_family(decl.name.span, family or "SF", self.symbols.families))
            symbol = AggregateSymbol(decl, None, kind)
        else:
            symbol = AggregateSymbol(decl, family, kind)
        if self._register(self.symbols.aggregates, decl.name, symbol, "l'agrégat"):
            parameter = self.symbols.parameters.get(decl.name.text)
            if parameter:
                self.diagnostics.append(
                    errors.shared_name(
                        decl.name.text,
                        decl.name.span,
                        "un agrégat",
                        parameter.decl.name.span,
                        "un paramètre",
                    )
                )

    def _table(self, decl: tree.TableDecl) -> None:
        rows: dict[str, tree.Row] = {}
        columns: dict[str, tree.Column] = {}
        sections: dict[str, str | None] = {}
        section: str | None = None
        for item in decl.items:
            match item:
                case tree.Column():
                    self._member(columns, item, "la colonne")
                case tree.Row():
                    self._member(rows, item, "la ligne")
                    sections.setdefault(item.name.text, section)
                case tree.Section(title):
                    section = title.value
        code = decl.name.text
        broken = decl.broken
        if decl.list_key is not None:
            for row in rows.values():
                self.diagnostics.append(errors.list_with_rows(row.name.span, decl.list_key.span))
            broken |= set(rows)
            rows = {}
            if decl.list_key.text not in columns and decl.list_key.text not in decl.broken:
                self.diagnostics.append(errors.list_key(decl.list_key.span, code, columns))
        if not columns or (decl.list_key is None and not rows):
            self.symbols.broken.add(code)
        if not columns and not decl.broken:
            self.diagnostics.append(errors.empty_table(decl.name.span, code, "colonne"))
        elif decl.list_key is None and not rows and not decl.broken:
            self.diagnostics.append(errors.empty_table(decl.name.span, code, "ligne"))
        cells = self._cells(decl, rows, columns)
        table = TableSymbol(decl, rows, columns, sections, cells, broken)
        self._register(self.symbols.tables, decl.name, table, "le tableau")

    def _member(self, home: dict[str, Any], item: tree.Column | tree.Row, what: str) -> None:
        name = item.name
        if name.text in home:
            self.diagnostics.append(errors.duplicate(what, name.text, name.span, home[name.text].name.span))
        else:
            home[name.text] = item

    def _cells(
        self, decl: tree.TableDecl, rows: dict[str, tree.Row], columns: dict[str, tree.Column]
    ) -> dict[tuple[str, str], CellSymbol]:
        code = decl.name.text
        column_types = {name: self._given_kind(column.kind) for name, column in columns.items() if column.kind}
        cells: dict[tuple[str, str], CellSymbol] = {}
        if decl.list_key is not None:
            for name, column in columns.items():
                kind = column_types.get(name)
                if kind is None:
                    kind = ERROR
                    self.diagnostics.append(errors.no_kind(column.name.span, f"{code}.{name}", ()))
                label = column.label.value if column.label else name
                cells["*", name] = CellSymbol(f"{code}.*.{name}", label, kind, None, column)
            return cells
        kindless: set[str] = set()
        for row_name, row in rows.items():
            row_type = self._given_kind(row.kind) if row.kind else None
            for wanted in row.only:
                if wanted.text not in columns and wanted.text not in decl.broken:
                    self.diagnostics.append(errors.unknown_column(wanted.span, code, decl.name.span, columns))
            only = {name.text for name in row.only} or set(columns)
            if not only <= set(columns):
                only = set(columns)  # an unknown name after `sur` is said once, not at each cell read
            missing = False
            for name, column in columns.items():
                if name not in only:
                    continue
                kind = row_type or column_types.get(name)
                if kind is None:
                    if not missing and name not in kindless:
                        self.diagnostics.append(errors.cell_without_kind(code, row.name.span, column.name.span))
                    kindless.add(name)
                    missing = True
                    kind = ERROR
                cells[row_name, name] = CellSymbol(
                    f"{code}.{row_name}.{name}", _cell_label(row, column, len(columns)), kind, row, column
                )
        return cells


def _cell_label(row: tree.Row, column: tree.Column, columns: int) -> str:
    row_label = row.label.value if row.label else row.name.text
    if columns == 1:
        return row_label
    return f"{row_label}, {column.label.value if column.label else column.name.text}"


def unit_of(node: tree.UnitExpr, units: Units, diagnostics: list[Diagnostic]) -> Unit | None:
    """Return the unit a node writes, or None once an unknown name is reported."""
    result: Unit | None = NUMBER
    for factor in node.factors:
        unit = simple_unit(factor.name, factor.span, units, diagnostics)
        if unit is None or result is None:
            result = None
        else:
            result = result / unit if factor.divides else result * unit
    if result is not None and len(node.factors) > 1:
        written = "".join(("/" if f.divides else "*" if i else "") + f.name for i, f in enumerate(node.factors))
        result = Unit(result.dimension, result.scale, written)
    return result


def simple_unit(name: str, span: Span, units: Units, diagnostics: list[Diagnostic]) -> Unit | None:
    """Return the unit called `name`, or None once it is reported as unknown."""
    if name == "%":
        return PERCENT
    if name not in units:
        diagnostics.append(errors.unknown_unit(span, units))
        return None
    return units[name]
