"""The chart of accounts against a ruleset: each account in one cell of a statement, each aggregate counts it once.

A dossier is not needed: what is proved here holds for every trial balance that uses the chart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from qdis_rules.authoring import errors
from qdis_rules.authoring.chart import BOTH, Chart
from qdis_rules.diagnostics import Diagnostic, Label, in_source_order
from qdis_rules.model import typed
from qdis_rules.model.linear import LinearForms
from qdis_rules.model.readings import reading_of, reads_closing, statements
from qdis_rules.model.types import NumberType
from qdis_rules.source import Span


@dataclass(frozen=True, slots=True)
class Reach:
    """The cells an account reaches in a statement when its balance is debit, and when it is credit."""

    debit: frozenset[str]
    credit: frozenset[str]

    @property
    def cells(self) -> frozenset[str]:
        """The cells reached, whatever the balance."""
        return self.debit | self.credit

    @property
    def settled(self) -> bool:
        """True when one cell is reached whatever the balance: the same, or one for each side."""
        return len(self.debit) == len(self.credit) == 1


@dataclass(frozen=True)
class StatementCoverage:
    """What the tables of one statement read of the chart at closing.

    `required` tells the statements that must together read the whole balance from the annexes.
    `leaves` and `prefixes` (shorter numbers) hold those that reach a cell; `coarse` the shorter
    numbers that reach none because their details go to several, with these cells.
    """

    title: str
    tables: tuple[str, ...]
    required: bool
    leaves: Mapping[str, Reach]
    prefixes: Mapping[str, Reach]
    coarse: Mapping[str, tuple[str, ...]]

    @cached_property
    def one_cell(self) -> tuple[str, ...]:
        """The leaves that reach the same cell whatever their balance."""
        return tuple(leaf for leaf, reach in self.leaves.items() if reach.settled and len(reach.cells) == 1)

    @cached_property
    def by_side(self) -> tuple[str, ...]:
        """The leaves that reach one cell when debit, another when credit."""
        return tuple(leaf for leaf, reach in self.leaves.items() if reach.settled and len(reach.cells) == 2)

    @cached_property
    def twice(self) -> tuple[str, ...]:
        """The leaves that reach two cells with one balance: an error of the ruleset in itself."""
        return tuple(n for n, reach in self.leaves.items() if len(reach.debit) > 1 or len(reach.credit) > 1)


@dataclass(frozen=True, slots=True)
class Weights:
    """One linear part of an aggregate (a numerator, a branch …): coefficients of the cells it reads.

    `accounts` are the coefficients of the leaves, debit balance positive: (when debit, when credit).
    """

    cells: Mapping[str, Fraction]
    accounts: Mapping[str, tuple[Fraction, Fraction]]


@dataclass(frozen=True, slots=True)
class FamilyCoverage:
    """The leaves of one statement that the aggregates of a family count, and those that none counts."""

    family: str
    statement: str
    read: tuple[str, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the ruleset reads of a chart of accounts.

    `missing` are the leaves that reach no required statement, or only with one side of their
    balance; `unknown` the accounts that required statements read and the chart does not have.
    """

    chart: Chart
    statements: tuple[StatementCoverage, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    aggregates: Mapping[str, tuple[Weights, ...]]
    families: tuple[FamilyCoverage, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def required(self) -> tuple[StatementCoverage, ...]:
        """The statements that must together read the whole balance."""
        return tuple(statement for statement in self.statements if statement.required)


def coverage(ruleset: typed.TypedRuleset, chart: Chart) -> Coverage:
    """Return what `ruleset` reads of `chart`, with everything noticed in source order."""
    return _Analysis(ruleset, chart).coverage()


class _Analysis:
    def __init__(self, ruleset: typed.TypedRuleset, chart: Chart) -> None:
        self.ruleset = ruleset
        self.chart = chart
        self.closing = {
            code: cell.selection
            for code, cell in ruleset.cells.items()
            if cell.selection is not None and reads_closing(cell.selection)
        }
        self.reached = {
            code: tuple(leaf for leaf in chart.leaves if selection.takes(leaf))
            for code, selection in self.closing.items()
        }

    def coverage(self) -> Coverage:
        required = statements(self.ruleset.tables)
        named = {code for codes in required.values() for code in codes}
        found = [self._statement(title, tables, required=True) for title, tables in required.items()]
        for code in dict.fromkeys(self.ruleset.cells[cell].table for cell in self.closing):
            if code not in named:
                found.append(self._statement(code, (code,), required=False))
        compulsory = [statement for statement in found if statement.required]
        missing = {leaf: sides for leaf in self.chart.leaves if (sides := _unread_sides(leaf, compulsory))}
        aggregates = {code: tuple(self._weights(each.formula)) for code, each in self.ruleset.aggregates.items()}
        families = tuple(self._families(aggregates, compulsory))
        diagnostics = [
            *self._missing(missing, compulsory),
            *self._forgotten(compulsory),
            *self._confused(compulsory),
            *self._unequal(aggregates),
            *self._unread(families),
        ]
        return Coverage(
            self.chart,
            tuple(found),
            tuple(missing),
            tuple(self._unknown(compulsory)),
            aggregates,
            families,
            in_source_order(diagnostics),
        )

    # --- statements -----------------------------------------------------------------

    def _statement(self, title: str, tables: tuple[str, ...], required: bool) -> StatementCoverage:
        selections = self._selections(tables)
        leaves = {leaf: reach for leaf in self.chart.leaves if (reach := _reach(leaf, selections)).cells}
        prefixes: dict[str, Reach] = {}
        coarse: dict[str, tuple[str, ...]] = {}
        for prefix in self.chart.prefixes:
            reach = _reach(prefix, selections)
            if reach.cells:
                prefixes[prefix] = reach
            if not reach.settled:
                details = self._details(prefix, leaves, selections)
                if len(set(details)) > 1:
                    coarse[prefix] = tuple(dict.fromkeys(cell for each in details for cell in sorted(each.cells)))
        return StatementCoverage(title, tables, required, leaves, prefixes, coarse)

    def _selections(self, tables: Sequence[str]) -> dict[str, typed.Selection]:
        cells = self.ruleset.cells
        return {code: selection for code, selection in self.closing.items() if cells[code].table in tables}

    def _details(
        self, prefix: str, leaves: Mapping[str, Reach], selections: Mapping[str, typed.Selection]
    ) -> list[Reach]:
        """Return where the details of `prefix` go: its leaves, and the longer accounts that the ruleset names."""
        named = {
            number
            for selection in selections.values()
            for number in (*selection.prefixes, *selection.exceptions)
            if number.startswith(prefix) and number != prefix
        }
        found = [leaves[leaf] for leaf in self.chart.below[prefix] if leaf in leaves]
        found.extend(reach for number in sorted(named) if (reach := _reach(number, selections)).cells)
        return found

    def _unknown(self, compulsory: Sequence[StatementCoverage]) -> Iterator[str]:
        tables = [table for statement in compulsory for table in statement.tables]
        read = {number for selection in self._selections(tables).values() for number in selection.prefixes}
        for number in sorted(read):
            if not any(leaf.startswith(number) or number.startswith(leaf) for leaf in self.chart.leaves):
                yield number

    # --- what is said of statements -----------------------------------------------------

    def _missing(
        self, missing: Mapping[str, tuple[str, ...]], compulsory: Sequence[StatementCoverage]
    ) -> Iterator[Diagnostic]:
        for sides in dict.fromkeys(missing.values()):
            for number in self.chart.grouped(leaf for leaf, of in missing.items() if of == sides):
                account = self.chart.accounts[number]
                side = sides[0] if len(sides) == 1 else None
                details = len(self.chart.below[number])
                yield errors.no_cell(account.span, number, account.label, details, side, self._near(number, compulsory))

    def _near(self, number: str, compulsory: Sequence[StatementCoverage]) -> Label | None:
        """Return where the account nearest to `number` is read: a likely place for it."""
        for size in range(len(number), 1, -1):
            for statement in compulsory:
                for leaf, reach in statement.leaves.items():
                    if leaf.startswith(number[:size]):
                        code = min(reach.cells)
                        return Label(self._place(code, leaf), f"le compte {leaf} entre dans {code}")
        return None

    def _forgotten(self, compulsory: Sequence[StatementCoverage]) -> Iterator[Diagnostic]:
        """Accounts of the chart above its leaves that reach no cell although nothing forbids it."""
        for prefix in self.chart.prefixes:
            if prefix not in self.chart.accounts:
                continue
            if any(prefix in each.coarse or _settles(each, prefix) for each in compulsory):
                continue
            for statement in compulsory:
                leaf = next((leaf for leaf in self.chart.below[prefix] if leaf in statement.leaves), None)
                if leaf is not None:
                    code = min(statement.leaves[leaf].cells)
                    span = self.chart.accounts[prefix].span
                    yield errors.forgotten_group(span, prefix, code, self._place(code, leaf))
                    break

    def _confused(self, compulsory: Sequence[StatementCoverage]) -> Iterator[Diagnostic]:
        two_sided = [leaf for leaf in self.chart.leaves if self.chart.accounts[leaf].nature == BOTH]
        reaches = {leaf: [each.leaves[leaf] for each in compulsory if leaf in each.leaves] for leaf in two_sided}
        netted = [
            leaf
            for leaf, found in reaches.items()
            if found and all(each.settled and len(each.cells) == 1 for each in found)
        ]
        for number in self.chart.grouped(netted):
            leaf = self.chart.below[number][0]
            code = min(reaches[leaf][0].cells)
            yield errors.sides_confused(self.chart.accounts[number].span, number, code, self._place(code, leaf))

    def _place(self, code: str, account: str) -> Span:
        selection = self.closing[code]
        pairs = zip(selection.prefixes, selection.prefix_spans, strict=True)
        return next(span for prefix, span in pairs if account.startswith(prefix))

    # --- aggregates -------------------------------------------------------------------

    @cached_property
    def _forms(self) -> LinearForms:
        """Formulas of cells and aggregates; a cell that reads accounts stands for these accounts."""
        cells = self.ruleset.cells.items()
        formulas = {code: cell.formula for code, cell in cells if cell.formula is not None and code not in self.closing}
        formulas.update({code: aggregate.formula for code, aggregate in self.ruleset.aggregates.items()})
        return LinearForms(formulas, self.ruleset.order)

    def _weights(self, expr: typed.Expr) -> Iterator[Weights]:
        """Yield the linear parts of a formula: a quotient has two, a choice one for each answer."""
        cells: dict[str, Fraction] = {}
        for term, coefficient in self._forms.of(expr).items():
            match term:
                case typed.CellValue(code, 0) if code in self.closing:
                    cells[code] = coefficient
                case None | typed.CellValue() | typed.RowValue() | typed.AggregateValue() | typed.Rows():
                    pass
                case _:
                    for child in typed.children(term):
                        if isinstance(child.type, NumberType):
                            yield from self._weights(child)
        if cells:
            yield Weights(cells, self._by_account(cells))

    def _by_account(self, cells: Mapping[str, Fraction]) -> dict[str, tuple[Fraction, Fraction]]:
        found: dict[str, tuple[Fraction, Fraction]] = {}
        for code, coefficient in cells.items():
            side = reading_of(self.closing[code].reading)[1]
            signed = coefficient if side.startswith("débit") else -coefficient
            when_debit = signed if side != "créditeurs" else Fraction(0)
            when_credit = signed if side != "débiteurs" else Fraction(0)
            for leaf in self.reached[code]:
                debit, credit = found.get(leaf, (Fraction(0), Fraction(0)))
                found[leaf] = debit + when_debit, credit + when_credit
        return {leaf: both for leaf, both in found.items() if any(both)}

    def _families(
        self, aggregates: Mapping[str, tuple[Weights, ...]], compulsory: Sequence[StatementCoverage]
    ) -> Iterator[FamilyCoverage]:
        for family in self.ruleset.families:
            parts = [
                weights
                for code, found in aggregates.items()
                if self.ruleset.aggregates[code].family == family
                for weights in found
            ]
            for statement in compulsory:
                read: set[str] = set()
                for weights in parts:
                    own = {
                        code: by
                        for code, by in weights.cells.items()
                        if self.ruleset.cells[code].table in statement.tables
                    }
                    read.update(self._by_account(own))
                yield FamilyCoverage(
                    family,
                    statement.title,
                    tuple(leaf for leaf in statement.leaves if leaf in read),
                    tuple(leaf for leaf in statement.leaves if leaf not in read),
                )

    def _unequal(self, aggregates: Mapping[str, tuple[Weights, ...]]) -> Iterator[Diagnostic]:
        """Debit positive, a sum counts all its accounts alike: charges and products of a margin, assets and debts."""
        for code, parts in aggregates.items():
            for weights in parts:
                counts = Counter(by for both in weights.accounts.values() for by in both if by)
                if len(counts) < 2:
                    continue
                usual = counts.most_common(1)[0][0]
                for by in counts:
                    if by != usual:
                        leaves = [leaf for leaf, both in weights.accounts.items() if by in both]
                        through = [cell for cell in weights.cells if any(leaf in self.reached[cell] for leaf in leaves)]
                        places = [
                            Label(self.closing[cell].prefix_spans[0], f"par {cell}, {_shown(weights.cells[cell])} fois")
                            for cell in through[:3]
                        ]
                        yield errors.unequal_weights(
                            self.ruleset.aggregates[code].span,
                            code,
                            self.chart.grouped(leaves),
                            None if by == -usual else _shown(by / usual),
                            tuple(places),
                        )

    def _unread(self, families: Iterable[FamilyCoverage]) -> Iterator[Diagnostic]:
        """A family that reads most of a statement is expected to read it all."""
        for each in families:
            if each.unread and len(each.read) >= len(each.unread):
                span = self.ruleset.families[each.family].span
                yield errors.unread_accounts(span, each.family, each.statement, self.chart.grouped(each.unread))


def _reach(account: str, selections: Mapping[str, typed.Selection]) -> Reach:
    taking = [(code, reading_of(each.reading)[1]) for code, each in selections.items() if each.takes(account)]
    return Reach(
        frozenset(code for code, side in taking if side != "créditeurs"),
        frozenset(code for code, side in taking if side != "débiteurs"),
    )


def _settles(statement: StatementCoverage, prefix: str) -> bool:
    return prefix in statement.prefixes and statement.prefixes[prefix].settled


def _unread_sides(leaf: str, compulsory: Sequence[StatementCoverage]) -> tuple[str, ...]:
    """Return the sides of its balance on which `leaf` reaches no cell: débiteur, créditeur."""
    found = [statement.leaves[leaf] for statement in compulsory if leaf in statement.leaves]
    sides = {"débiteur": any(each.debit for each in found), "créditeur": any(each.credit for each in found)}
    return tuple(side for side, read in sides.items() if not read)


def _shown(number: Fraction) -> str:
    return str(number).replace("-", "\N{MINUS SIGN}")
