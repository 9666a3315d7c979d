"""What one dossier asks of a ruleset, as plain tables: no declaration is looked at to evaluate it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TypeAlias

from qdis_rules.model import typed
from qdis_rules.model.readings import reading_of, reads_closing, statements
from qdis_rules.model.types import NumberType, Type, number_unit
from qdis_rules.numbers import Exact
from qdis_rules.records import dataclass

TrialHead: TypeAlias = tuple[str, str, str, str | None, str | None]
"""Of a trial: the name of its result, the code of its check, severity as written, reliability, list it goes over."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: how far it is filled is told from its `cells` and from those `entered`. `key`: of a list."""

    code: str
    label: str
    mark: str | None
    key: str | None
    optional: bool
    empty_is_zero: bool
    cells: tuple[str, ...]
    entered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell reads of a balance: a selection of accounts, at a moment, on a side.

    `closes`: it is in a statement and reads closing balances, so that these accounts are reached.
    """

    code: str
    prefixes: tuple[str, ...]
    exceptions: tuple[str, ...]
    without: tuple[Reading, ...]
    moment: str
    side: str
    closes: bool

    def takes(self, account: str) -> bool:
        """True when `account` is among those selected, whatever its balance."""
        return account.startswith(self.prefixes) and not self.spares(account)

    def spares(self, account: str) -> bool:
        """True when an account of the prefixes is left out."""
        return bool(self.exceptions and account.startswith(self.exceptions)) or any(
            other.takes(account) for other in self.without
        )


@dataclass(frozen=True, slots=True, repr=False)
class Outline:
    """The tables. All follow the order of declaration.

    `kinds` are those of the cells of fixed tables, `columns` of list columns, `aggregates` of aggregates, by code;
    `amounts` the fixed cells that are numbers in base units; `computed` the cells and columns with a formula;
    `tolerances` what a second value of a cell may differ by, where it is not zero; `reliabilities` those of cells;
    `since` the year before which something had an older code, and that code; `carried` (code, last year's code);
    `shown` the aggregates that are not `interne`.
    """

    kinds: Mapping[str, Type]
    columns: Mapping[str, Type]
    aggregates: Mapping[str, Type]
    amounts: frozenset[str]
    computed: frozenset[str]
    tolerances: Mapping[str, Exact]
    reliabilities: Mapping[str, str]
    since: Mapping[str, tuple[int, str]]
    carried: tuple[tuple[str, str], ...]
    shown: tuple[str, ...]
    sheets: Mapping[str, Sheet]
    readings: tuple[Reading, ...]
    trials: tuple[TrialHead, ...] = field(repr=False)


def outline(ruleset: typed.TypedRuleset) -> Outline:
    """Return the outline of a ruleset that checked without error. Total."""
    cells, aggregates = ruleset.cells, ruleset.aggregates
    fixed = {code: cell for code, cell in cells.items() if cell.row != "*"}
    items: list[tuple[str, typed.Cell | typed.Aggregate]] = [*cells.items(), *aggregates.items()]
    return Outline(
        kinds={code: cell.type for code, cell in fixed.items()},
        columns={code: cell.type for code, cell in cells.items() if cell.row == "*"},
        aggregates={code: aggregate.type for code, aggregate in aggregates.items()},
        amounts=frozenset(code for code, cell in fixed.items() if _is_amount(cell.type)),
        computed=frozenset(code for code, cell in cells.items() if cell.formula is not None),
        tolerances={code: cell.tolerance for code, cell in cells.items() if cell.tolerance},
        reliabilities={code: cell.notes.reliability for code, cell in cells.items() if cell.notes.reliability},
        since={code: item.since for code, item in items if item.since is not None},
        carried=tuple((code, cell.carried_from) for code, cell in fixed.items() if cell.carried_from is not None),
        shown=tuple(code for code, aggregate in aggregates.items() if not aggregate.internal),
        sheets={code: _sheet(ruleset, table) for code, table in ruleset.tables.items()},
        readings=tuple(_readings(ruleset, fixed)),
        trials=tuple(_heads(ruleset)),
    )


def _is_amount(kind: Type) -> bool:
    return isinstance(kind, NumberType) and not kind.integer and number_unit(kind).scale == 1


def _sheet(ruleset: typed.TypedRuleset, table: typed.Table) -> Sheet:
    return Sheet(
        table.code,
        table.label,
        table.notes.mark,
        table.key,
        table.optional,
        table.empty_is_zero,
        table.cells,
        tuple(code for code in table.cells if ruleset.cells[code].formula is None),
    )


def _readings(ruleset: typed.TypedRuleset, fixed: Mapping[str, typed.Cell]) -> Iterator[Reading]:
    closing = {code for codes in statements(ruleset.tables).values() for code in codes}
    for code, cell in fixed.items():
        if cell.selection is not None:
            yield _reading(code, cell.selection, cell.table in closing and reads_closing(cell.selection))


def _reading(code: str, selection: typed.Selection, closes: bool) -> Reading:
    without = tuple(_reading(code, other, closes=False) for other in selection.without)
    moment, side = reading_of(selection.reading)
    return Reading(code, selection.prefixes, selection.exceptions, without, moment, side, closes)


def _heads(ruleset: typed.TypedRuleset) -> Iterator[TrialHead]:
    for code, check in ruleset.checks.items():
        for instance in check.instances:
            name = code if instance.key is None or instance.rows_of else f"{code}[{instance.key}]"
            yield name, code, check.severity, check.notes.reliability, instance.rows_of
