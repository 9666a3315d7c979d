"""A view on a terminal: panels and tables. Every word goes through `Text`, none is markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from qdis_rules.cli.view import Filling, Group, Row, Tab, View

_TINTS = ("red", "yellow", "cyan")
_STATES = {
    "complet": "green",
    "calculé": "green",
    "partiel": "yellow",
    "non fourni": "red",
    "facultatif, non fourni": "dim",
    "sans objet": "dim",
}


def pretty(view: View) -> Iterator[RenderableType]:
    """Yield what a terminal shows of a view, its conclusion last."""
    yield _heads(view)
    for tab in view.tabs:
        yield Panel(_tab(tab), title=Text(tab.title, "bold"), title_align="left", padding=(0, 1))
    for group in view.groups:
        tint = _TINTS[group.level]
        yield Panel(_group(group, tint), title=Text(group.title, f"bold {tint}"), title_align="left", border_style=tint)
    yield Text(view.counts)
    if view.fillings:
        title = Text("Complétude des tableaux", "bold")
        yield Panel(_fillings(view.fillings), title=title, title_align="left", padding=(0, 1))
    for note in view.notes:
        yield Text(note, "dim")
    yield Text(view.conclusion, "bold green" if view.ready else "bold red")


def _grid() -> Table:
    return Table.grid(padding=(0, 2))


def _heads(view: View) -> Table:
    grid = _grid()
    for name, text in view.heads:
        grid.add_row(Text(name, "dim"), Text(text, "bold"))
    return grid


def _tab(tab: Tab) -> RenderableType:
    rows = [row for _, rows in tab.sections for row in rows]
    marks, codes, values = (max(map(cell_len, words)) for words in zip(*map(_measured, rows), strict=True))
    parts: list[RenderableType] = []
    for title, section in tab.sections:
        if title:
            parts.append(Text(title, "bold cyan"))
        table = _columns(marks, codes, values)
        for row in section:
            table.add_row(*_cells(row, bool(marks)))
        parts.append(table)
    return Stack(*parts)


def _measured(row: Row) -> tuple[str, str, str]:
    return row.mark, row.code, row.value


def _columns(marks: int, codes: int, values: int) -> Table:
    """Return a table whose columns align with those of the other sections; a value is never cut."""
    table = Table(box=None, show_header=False, expand=True, padding=(0, 1))
    if marks:
        table.add_column(width=marks, no_wrap=True)
    table.add_column(max_width=codes, min_width=min(codes, 8), overflow="fold")
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True, min_width=values)
    table.add_column(width=2)
    return table


def _cells(row: Row, marked: bool) -> list[Text]:
    label = Text(row.label)
    for line in row.crossed:
        label.append(f"\n▲ {line}", "yellow")
    for line in (*row.reasons, row.reference):
        if line:
            label.append(f"\n{line}", "dim")
    value = Text(row.value, "dim" if row.value.startswith("(") else "bold")
    mark = [Text(row.mark, "dim")] if marked else []
    # A narrow terminal folds the code before it cuts a figure.
    return [*mark, Text(row.code, "dim"), label, value, Text(row.reliability, "dim")]


def _group(group: Group, tint: str) -> Stack:
    parts: list[RenderableType] = []
    for item in group.items:
        parts.append(Text.assemble((item.name, f"bold {tint}"), "  ", item.text))
        parts.extend(Padding(Text(line, "dim"), (0, 0, 0, 4)) for line in item.details)
    return Stack(*parts)


def _fillings(fillings: Sequence[Filling]) -> Table:
    table = Table(box=None, show_header=False, expand=True, padding=(0, 1))
    marked = any(each.mark for each in fillings)
    if marked:
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for each in fillings:
        label = Text(each.label)
        if each.missing:
            label.append(f"\n{each.missing}", "yellow")
        first = [Text(each.mark, "dim")] if marked else []
        state = Text(each.status, _STATES.get(each.status, ""))
        table.add_row(*first, Text(each.code, "dim"), label, Text(each.filled), state)
    return table
