"""What templates ask of a ruleset: forms row by row, formulas in pieces, phrases, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from qdis_rules.documenting import graphs, wording
from qdis_rules.documenting.addresses import Addresses, group_title, link, page
from qdis_rules.documenting.beside import Beside, Quartiles
from qdis_rules.documenting.drawings import Bullet, Drawing, bullets
from qdis_rules.documenting.formulas import Mention, Piece, pieces
from qdis_rules.documenting.readers import mentioned, read_by_check, readers
from qdis_rules.model import typed
from qdis_rules.records import dataclass
from qdis_rules.syntax import tree
from qdis_rules.syntax.build import RELIABILITIES
from qdis_rules.units import Unit

UNSAID: Final = "non indiquée"
_TOGETHER: Final = 5
"""From so many cells of one column, a list names the column instead."""


@dataclass(frozen=True, slots=True)
class FormCell:
    """A cell as a form shows it; `bounds` and `duty` are in the author's words, `checks` what they imply."""

    cell: typed.Cell
    kind: str
    bounds: str | None
    duty: str | None
    by_column: bool
    checks: tuple[typed.Check, ...]


@dataclass(frozen=True, slots=True)
class FormRow:
    """A line: one place for each column, None where the form is greyed. `section` heads a new group of lines."""

    name: str
    label: str
    section: str | None
    notes: typed.Notes
    cells: tuple[FormCell | None, ...]


@dataclass(frozen=True, slots=True)
class FormColumn:
    """A column; `kind` is None where it differs from line to line; `formula` is the one all its cells share."""

    name: str
    label: str
    kind: str | None
    notes: typed.Notes
    formula: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A table as the cooperative fills it."""

    table: typed.Table
    columns: tuple[FormColumn, ...]
    rows: tuple[FormRow, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """Something read, or many cells of one column: the link goes to the first."""

    code: str
    text: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class AccountUse:
    """A cell that reads a prefix."""

    cell: typed.Cell
    reading: str


@dataclass(frozen=True, slots=True)
class UsedUnit:
    """A unit, what it is called, and how many cells and rules are given in it."""

    name: str
    unit: Unit
    label: str
    count: int


class Views:
    """Answers the templates; everything that depends on the whole ruleset is worked out once."""

    def __init__(self, ruleset: typed.TypedRuleset, beside: Beside) -> None:
        self.ruleset = ruleset
        self.beside = beside
        self.coverage = beside.coverage
        self.addresses = Addresses(ruleset)
        self.readers = readers(ruleset)
        self._implied: dict[str, list[typed.Check]] = {}
        for check in ruleset.checks.values():
            if check.origin is not None:
                self._implied.setdefault(check.origin, []).append(check)

    def knows(self, code: str) -> bool:
        """Return True when `code` is shown somewhere."""
        return self.addresses.knows(code)

    # --- names ------------------------------------------------------------------

    def label(self, code: str) -> str:
        """Return the label of anything that has a code; of a check, its message with its places in brackets."""
        found = self._item(code)
        return self._plain_message(found) if isinstance(found, typed.Check) else found.label

    def _plain_message(self, check: typed.Check) -> str:
        words = []
        for piece in self.message(check) or (check.text,):
            match piece:
                case str():
                    words.append(piece)
                case Mention():
                    words.append(f"[{self.mention_label(piece)}]")
                case _:
                    words.append(f"[{piece.word}]")
        return "".join(words)

    def kind(self, code: str) -> str:
        """Return what a code is, as the class that colours it: a kind of cell, `agregat`, `controle` …"""
        rules = self.ruleset
        if code in rules.cells:
            return wording.kind_of_cell(rules.cells[code], rules.tables[rules.cells[code].table].origin)
        for kind, home in (
            ("agregat", rules.aggregates),
            ("parametre", rules.parameters),
            ("tableau", rules.tables),
            ("famille", rules.families),
        ):
            if code in home:
                return kind
        return "controle"

    def hint(self, code: str) -> str:
        """Return what hovering a code tells: label, unit, and the table of a cell."""
        found = self._item(code)
        unit = found.unit if isinstance(found, typed.Cell | typed.Aggregate | typed.Parameter) else None
        text = f"{code} : {self.label(code)}"
        if unit is not None and unit.symbol:
            text += f" ({unit.symbol})"
        return f"{text}\n{self.ruleset.tables[found.table].label}" if isinstance(found, typed.Cell) else text

    def _item(
        self, code: str
    ) -> typed.Cell | typed.Aggregate | typed.Parameter | typed.Table | typed.Family | typed.Check:
        rules = self.ruleset
        homes: tuple[
            Mapping[str, typed.Cell | typed.Aggregate | typed.Parameter | typed.Table | typed.Family | typed.Check], ...
        ]
        homes = (rules.cells, rules.aggregates, rules.parameters, rules.tables, rules.families, rules.checks)
        return next(home[code] for home in homes if code in home)

    # --- formulas -----------------------------------------------------------------

    def formula(self, *typings: typed.Expr | None) -> tuple[Piece, ...]:
        """Return a formula in pieces; several typings are one formula at several places."""
        given = [expr for expr in typings if expr is not None]
        return pieces(given) if given else ()

    def mention_label(self, mention: Mention, home: str = "", axis: str = "") -> str:
        """Return what a mention means: a label, or how many cells of what.

        In a formula written in the table `home` on a `ligne` or `colonne` (the `axis`), the cells of that table are
        called as the formula does: by their line, by their column.
        """
        cells = [self.ruleset.cells[code] for code in mention.codes if code in self.ruleset.cells]
        if not mention.codes:
            return " ou ".join(mention.answers)
        if len(cells) < len(mention.codes):
            return self.label(mention.codes[0]) if len(mention.codes) == 1 else f"{len(mention.codes)} valeurs"
        tables = {cell.table for cell in cells}
        rows = list(dict.fromkeys(cell.row for cell in cells))
        columns = {cell.column for cell in cells}
        first, last = self.row_label(cells[0]), self.row_label(cells[-1])
        span = f"{first} à {last}, {len(rows)} lignes" if ".." in mention.text else f"{len(rows)} lignes"
        if tables == {home}:
            if axis == "colonne" and len(columns) == 1:
                return self.column_label(cells[0])
            if axis == "ligne" and "." not in mention.text.replace("..", ""):
                return first if len(rows) == 1 else span
        if len(cells) == 1:
            return cells[0].label
        if len(tables) > 1:
            return f"{len(cells)} cellules"
        table = self.ruleset.tables[cells[0].table]
        if len(columns) == 1:
            where = span if ".." in mention.text else f"{span} de {table.code}"
            return f"{self.column_label(cells[0])}, {where}" if len(table.columns) > 1 else where
        if len(rows) == 1:
            return f"{first}, {len(cells)} colonnes"
        return f"{len(cells)} cellules de {table.code}"

    def mention_hint(self, mention: Mention) -> str:
        """Return what hovering a mention tells."""
        if len(mention.codes) == 1:
            return self.hint(mention.codes[0])
        shown = [f"{code} : {self.label(code)}" for code in mention.codes[:12]]
        return "\n".join([*shown, *(["…"] if len(mention.codes) > len(shown) else [])])

    def message(self, check: typed.Check) -> tuple[Piece | tree.Placeholder, ...]:
        """Return the message of a check in pieces, each place where a value will stand apart."""
        found: list[Piece | tree.Placeholder] = []
        for parts in zip(*(instance.message for instance in check.instances), strict=False):
            first = parts[0]
            match first:
                case str() | tree.Placeholder():
                    found.append(first)
                case _:
                    found += pieces([part for part in parts if not isinstance(part, str | tree.Placeholder)])
        return tuple(found)

    def tolerances(self, check: typed.Check) -> tuple[str, ...]:
        """Return the tolerance of each comparison of numbers in a check: « à 1 EUR près », « exacte »."""
        found: dict[str, None] = {}
        for node in typed.walk(check.instances[0].body) if check.instances else ():
            if not isinstance(node, typed.Comparison | typed.Between):
                continue
            margin, value = node.margin, node.left if isinstance(node, typed.Comparison) else node.value
            if margin is None or not margin.amount:
                found["exacte"] = None
                continue
            kind = wording.PERCENT if margin.relative else value.type
            terms = " par terme" if margin.per_term else ""
            found[f"à {wording.value(margin.amount, kind)} près{terms}"] = None
        return tuple(found)

    # --- forms ----------------------------------------------------------------------

    def form(self, table: typed.Table) -> Form:
        """Return a table line by line."""
        cells = self.ruleset.cells
        shared = self._column_formulas(table)
        columns = tuple(
            FormColumn(
                name,
                column.label or name,
                self._common_kind(cells[code] for code in table.cells if cells[code].column == name),
                column.notes,
                pieces(shared[name]) if name in shared else (),
            )
            for name, column in table.columns.items()
        )
        rows = []
        section = None
        by_place = {(cells[code].row, cells[code].column): cells[code] for code in table.cells}
        for row in table.rows.values():
            here = tuple(self._form_cell(by_place.get((row.name, name)), shared.get(name)) for name in table.columns)
            heading = row.section if row.section != section else None
            section = row.section
            rows.append(FormRow(row.name, row.label or row.name, heading, row.notes, here))
        if table.is_list:
            here = tuple(self._form_cell(by_place["*", name], shared.get(name)) for name in table.columns)
            rows.append(FormRow("*", "Une ligne par " + columns[0].label.lower(), None, typed.Notes(), here))
        return Form(table, columns, tuple(rows))

    def _column_formulas(self, table: typed.Table) -> dict[str, list[typed.Expr]]:
        """Return the formulas written once for a whole column, by column: their cells share one text."""
        found: dict[str, list[typed.Expr]] = {}
        for name in table.columns:
            by_text: dict[tuple[str, int], list[typed.Expr]] = {}
            for code in table.cells:
                cell = self.ruleset.cells[code]
                if cell.column == name and cell.formula is not None:
                    span = cell.formula.span
                    by_text.setdefault((span.source.name, span.start), []).append(cell.formula)
            typings = max(by_text.values(), key=len, default=[])
            if len(typings) > 1 or (typings and table.is_list):
                found[name] = typings
        return found

    def _form_cell(self, cell: typed.Cell | None, of_column: Sequence[typed.Expr] | None) -> FormCell | None:
        if cell is None:
            return None
        implied = self.implied(cell.code)
        said = {check.code.rpartition("~")[2]: check.span.inline for check in implied}
        return FormCell(
            cell,
            self.kind(cell.code),
            said.get("positif") or said.get("bornes"),
            said.get("obligatoire"),
            of_column is not None and cell.formula is not None and cell.formula.span == of_column[0].span,
            implied,
        )

    def row_formulas(self, form: Form, row: FormRow) -> tuple[tuple[tuple[str, ...], tuple[Piece, ...]], ...]:
        """Return the formulas written on a line: the columns each is for (none: all), and its pieces."""
        typings: dict[int, tuple[list[str], list[typed.Expr]]] = {}
        for column, it in zip(form.columns, row.cells, strict=True):
            if it is not None and it.cell.formula is not None and not it.by_column:
                labels, exprs = typings.setdefault(it.cell.formula.span.start, ([], []))
                labels.append(column.label)
                exprs.append(it.cell.formula)
        everywhere = sum(it is not None for it in row.cells)
        return tuple(
            (() if len(labels) == everywhere else tuple(labels), pieces(exprs)) for labels, exprs in typings.values()
        )

    @staticmethod
    def _common_kind(cells: Iterable[typed.Cell]) -> str | None:
        kinds = {wording.short_kind(cell.type, cell.unit) for cell in cells}
        return kinds.pop() if len(kinds) == 1 else None

    def implied(self, code: str) -> tuple[typed.Check, ...]:
        """Return the checks that the declaration of a cell or table implies."""
        return tuple(self._implied.get(code, ()))

    def row_label(self, cell: typed.Cell) -> str:
        """Return the label of a cell's row."""
        row = self.ruleset.tables[cell.table].rows.get(cell.row)
        return (row.label if row is not None else None) or cell.row

    def column_label(self, cell: typed.Cell) -> str:
        """Return the label of a cell's column."""
        return self.ruleset.tables[cell.table].columns[cell.column].label or cell.column

    # --- what is read, and by whom --------------------------------------------------

    def read_by_check(self, check: typed.Check) -> tuple[Read, ...]:
        """Return what a check reads."""
        return self.grouped(read_by_check(check))

    def read_by(self, *exprs: typed.Expr | None) -> tuple[Read, ...]:
        """Return what formulas read."""
        return self.grouped(code for expr in exprs if expr is not None for code in mentioned(expr))

    def grouped(self, codes: Iterable[str]) -> tuple[Read, ...]:
        """Return each code once, the many cells of one column together."""
        by_column: dict[str, list[str]] = {}
        for code in dict.fromkeys(codes):
            cell = self.ruleset.cells.get(code)
            by_column.setdefault(f"{cell.table}..{cell.column}" if cell is not None else code, []).append(code)
        return tuple(read for group in by_column.values() for read in self._reads(group))

    def _reads(self, codes: Sequence[str]) -> Iterator[Read]:
        if len(codes) < _TOGETHER:
            yield from (Read(code, code, self.label(code), self.kind(code)) for code in codes)
            return
        cell = self.ruleset.cells[codes[0]]
        label = self.mention_label(Mention("", tuple(codes)))
        yield Read(codes[0], f"{cell.table}.….{cell.column}", label, self.kind(codes[0]))

    def read_by_others(self, code: str) -> tuple[Read, ...]:
        """Return what reads `code`: « lue par »."""
        return self.grouped(self.readers.get(code, ()))

    # --- pages that look at everything ---------------------------------------------------

    @cached_property
    def accounts(self) -> Mapping[str, tuple[AccountUse, ...]]:
        """The cells that read each account prefix, by prefix."""
        found: dict[str, list[AccountUse]] = {}
        for cell in self.ruleset.cells.values():
            if cell.selection is not None:
                for prefix in dict.fromkeys(cell.selection.prefixes):
                    found.setdefault(prefix, []).append(AccountUse(cell, wording.reading(cell.selection)))
        return {prefix: tuple(found[prefix]) for prefix in sorted(found)}

    def account_label(self, prefix: str) -> str:
        """Return what the chart of accounts calls `prefix`: nothing where it does not stand there."""
        chart = self.beside.chart
        account = chart.accounts.get(prefix) if chart is not None else None
        return account.label if account is not None else ""

    @cached_property
    def reliabilities(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """The codes of tables, declared checks, aggregates and parameters, by kind then by reliability.

        For quartiles, the code of the aggregate: once for each family of organisations.
        """
        rules = self.ruleset
        declared = [check for check in rules.checks.values() if check.origin is None]
        kinds: Mapping[str, Iterable[typed.Table | typed.Check | typed.Aggregate | typed.Parameter]] = {
            "Tableaux": rules.tables.values(),
            "Contrôles": declared,
            "Agrégats": rules.aggregates.values(),
            "Paramètres": rules.parameters.values(),
        }
        found: dict[str, Mapping[str, tuple[str, ...]]] = {}
        for name, items in kinds.items():
            codes: dict[str, list[str]] = {word: [] for word in (*RELIABILITIES, UNSAID)}
            for item in items:
                codes[item.notes.reliability or UNSAID].append(item.code)
            found[name] = {word: tuple(listed) for word, listed in codes.items()}
        if self.beside.quartiles:
            found["Quartiles"] = {
                word: tuple(each.aggregate for each in self.beside.quartiles if each.reliability == word)
                for word in (*RELIABILITIES, UNSAID)
            }
        return found

    @cached_property
    def units(self) -> tuple[UsedUnit, ...]:
        """The units something is given in, and those the ruleset labels."""
        rules = self.ruleset
        given = [
            *(cell.unit for cell in rules.cells.values()),
            *(aggregate.unit for aggregate in rules.aggregates.values()),
            *(parameter.unit for parameter in rules.parameters.values()),
        ]
        units = {name: unit for name, unit in rules.units.items() if name in rules.unit_labels}
        units.update((unit.symbol, unit) for unit in given if unit is not None and unit.symbol)
        labels = {**wording.UNITS, **rules.unit_labels}
        counts = Counter(unit.symbol for unit in given if unit is not None)
        return tuple(UsedUnit(name, units[name], labels.get(name, ""), counts[name]) for name in sorted(units))

    @cached_property
    def groups(self) -> Mapping[str, tuple[str, tuple[typed.Check, ...]]]:
        """The declared checks by rule file: its title and its checks."""
        return {stem: (group_title(stem), checks) for stem, checks in sorted(self.addresses.groups.items())}

    def sections(self, family: str) -> Mapping[str, tuple[typed.Aggregate, ...]]:
        """Return the aggregates of a family by rubrique, in order of declaration; internal ones last."""
        found: dict[str, list[typed.Aggregate]] = {}
        for aggregate in self.ruleset.aggregates.values():
            if aggregate.family == family and not aggregate.internal:
                found.setdefault(aggregate.section or "Sans rubrique", []).append(aggregate)
        for aggregate in self.ruleset.aggregates.values():
            if aggregate.family == family and aggregate.internal:
                found.setdefault("Valeurs intermédiaires", []).append(aggregate)
        return {section: tuple(aggregates) for section, aggregates in found.items()}

    def quartiles(self, code: str) -> tuple[tuple[Quartiles, Bullet], ...]:
        """Return the quartiles of an aggregate, each with its place in the drawing they share."""
        found = [each for each in self.beside.quartiles if each.aggregate == code]
        return tuple(zip(found, bullets([(each.q1, each.median, each.q3) for each in found], 600), strict=True))

    def dependencies(self, code: str) -> Drawing:
        """Return the drawing of what an aggregate comes from, for its own page."""
        here = self.addresses.file(code)
        return graphs.dependencies(
            self.ruleset, code, lambda read: self.addresses.to(read, here), link(page("comptes"), here)
        )

    def overview(self, here: str) -> Drawing:
        """Return the drawing of which table feeds which family, for the page `here`."""
        return graphs.overview(self.ruleset, lambda code: self.addresses.to(code, here))
