"""Accounts: which cell reads which, and which are read twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors
from qdis_rules.model.readings import reading_of
from qdis_rules.model.resolve import TableSymbol
from qdis_rules.model.typed import Cell, Selection
from qdis_rules.source import Span
from qdis_rules.syntax import tree


def selections(table: TableSymbol, diagnostics: list[Diagnostic]) -> dict[tuple[str, str], Selection]:
    """Return the account selection of each cell of `table` that has one."""
    written: dict[tuple[str, str], tree.Accounts] = {}
    for row_name, row in table.rows.items():
        for accounts in row.accounts:
            column = _column(table, row, accounts, diagnostics)
            if column is None:
                continue
            if (row_name, column) in written:
                first = written[row_name, column].span
                diagnostics.append(
                    errors.duplicate("la lecture de comptes de", f"{row_name}.{column}", accounts.span, first)
                )
            else:
                written[row_name, column] = accounts
    built: dict[tuple[str, str], Selection] = {}
    for key in written:
        _build(key, written, built, (), table, diagnostics)
    for name, column_decl in table.columns.items():
        if column_decl.opening_of is not None:
            _openings(table, name, column_decl.opening_of, built, diagnostics)
    return built


def _column(table: TableSymbol, row: tree.Row, accounts: tree.Accounts, diagnostics: list[Diagnostic]) -> str | None:
    here = [column for (name, column) in table.cells if name == row.name.text]
    if accounts.column is None:
        if len(here) == 1:
            return here[0]
        diagnostics.append(errors.column_needed(accounts.span, table.code, here, table.decl.name.span))
        return None
    name = accounts.column
    if name.text in here:
        return name.text
    if name.text in table.columns:
        only = [column.text for column in row.only]
        diagnostics.append(errors.greyed(name.span, f"{table.code}.{row.name.text}.{name.text}", row.name.span, only))
    elif name.text not in table.broken:
        diagnostics.append(errors.unknown_column(name.span, table.code, table.decl.name.span, table.columns))
    return None


def _build(
    key: tuple[str, str],
    written: Mapping[tuple[str, str], tree.Accounts],
    built: dict[tuple[str, str], Selection],
    open_keys: tuple[tuple[str, str], ...],
    table: TableSymbol,
    diagnostics: list[Diagnostic],
) -> Selection:
    if key in built:
        return built[key]
    accounts = written[key]
    without = []
    for name in accounts.except_rows:
        other = (name.text, key[1])
        if other == key or other in open_keys:
            diagnostics.append(errors.cycle([(f"comptes de {name.text}", name.span)]))
        elif other in written:
            without.append(_build(other, written, built, (*open_keys, key), table, diagnostics))
        elif name.text not in table.rows and name.text not in table.broken:
            diagnostics.append(errors.unknown_row(name.span, table.code, table.decl.name.span, table.rows))
        elif name.text in table.rows:
            diagnostics.append(errors.row_without_accounts(name.span, table.rows[name.text].name.span))
    built[key] = Selection(
        tuple(prefix.digits for prefix in accounts.prefixes),
        tuple(prefix.digits for prefix in accounts.except_prefixes),
        tuple(without),
        accounts.reading,
        False,
        tuple(prefix.span for prefix in accounts.prefixes),
    )
    return built[key]


def _openings(
    table: TableSymbol,
    column: str,
    of: tree.Name,
    built: dict[tuple[str, str], Selection],
    diagnostics: list[Diagnostic],
) -> None:
    if of.text not in table.columns:
        if of.text not in table.broken:
            diagnostics.append(errors.unknown_column(of.span, table.code, table.decl.name.span, table.columns))
        return
    for (row, name), selection in list(built.items()):
        closing = not selection.reading.startswith(("ouverture", "mouvements"))
        if name == of.text and closing and (row, column) in table.cells and (row, column) not in built:
            built[row, column] = Selection(
                selection.prefixes,
                selection.exceptions,
                selection.without,
                f"ouverture {selection.reading}",
                True,
                selection.prefix_spans,
            )


def report_double(cells: Iterable[Cell], diagnostics: list[Diagnostic]) -> None:
    """Report the accounts that two cells of one statement (or of one table) read in the same way."""
    readers = [(cell, cell.selection) for cell in cells if cell.selection is not None and not cell.selection.derived]
    by_prefix: dict[str, list[tuple[Cell, Selection, Span]]] = {}
    for cell, selection in readers:
        for prefix, span in zip(selection.prefixes, selection.prefix_spans, strict=True):
            by_prefix.setdefault(prefix, []).append((cell, selection, span))
    reported: set[frozenset[str]] = set()
    for cell, selection in readers:
        for prefix, span in zip(selection.prefixes, selection.prefix_spans, strict=True):
            for size in range(1, len(prefix) + 1):
                for other, other_selection, other_span in by_prefix.get(prefix[:size], ()):
                    pair = frozenset((cell.code, other.code))
                    if other is cell or pair in reported:
                        continue
                    if _overlap(selection, other_selection, prefix):
                        reported.add(pair)
                        _report((cell, selection, span), (other, other_selection, other_span), prefix, diagnostics)


def _overlap(first: Selection, second: Selection, account: str) -> bool:
    if not (first.takes(account) and second.takes(account)):
        return False
    (moment, side), (other_moment, other_side) = reading_of(first.reading), reading_of(second.reading)
    if moment != other_moment:
        return False
    if moment == "mouvements":
        return side == other_side
    return {side, other_side} != {"débiteurs", "créditeurs"}


_Reader = tuple[Cell, Selection, Span]


def _report(one: _Reader, two: _Reader, account: str, diagnostics: list[Diagnostic]) -> None:
    first, later = sorted((one, two), key=lambda reader: reader[2].start)
    sides = {reading_of(selection.reading)[1][0] for _, selection, _ in (one, two)}
    same_table = first[0].table == later[0].table
    names = [f"{cell.row}.{cell.column}" if same_table else cell.code for cell in (later[0], first[0])]
    diagnostics.append(
        errors.account_twice(
            account, later[2], names[0], first[2], names[1], opposite=len(sides) > 1, same_table=same_table
        )
    )
