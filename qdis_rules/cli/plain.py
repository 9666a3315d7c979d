"""A view as aligned text, for pipes and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qdis_rules.cli.view import Filling, Group, Row, Tab, View

_GAP = "  "


def plain(view: View) -> str:
    """Return the view as text, ending with its conclusion and one line end."""
    blocks = [list(_heads(view))]
    blocks += [list(_tab(tab)) for tab in view.tabs]
    blocks.append(list(_checks(view)))
    if view.fillings:
        blocks.append([*_title("Complétude des tableaux"), *_fillings(view.fillings)])
    if view.notes:
        blocks.append(list(view.notes))
    blocks.append([view.conclusion])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _heads(view: View) -> Iterator[str]:
    width = max(len(name) for name, _ in view.heads)
    return (f"{name:<{width}} : {text}" for name, text in view.heads)


def _title(text: str) -> Iterator[str]:
    yield text
    yield "=" * len(text)


def _tab(tab: Tab) -> Iterator[str]:
    yield from _title(tab.title)
    rows = [row for _, rows in tab.sections for row in rows]
    widths = _widths([_cells(row) for row in rows])
    for title, section in tab.sections:
        if title:
            yield f"{title}"
        for row in section:
            yield "  " + _aligned(_cells(row), widths, right=3) + row.reliability
            for line in row.crossed:
                yield f"      ! {line}"
            for line in row.reasons:
                yield f"      - {line}"
            if row.reference:
                yield f"      ~ {row.reference}"


def _cells(row: Row) -> tuple[str, ...]:
    return row.mark, row.code, row.label, row.value


def _checks(view: View) -> Iterator[str]:
    yield from _title("Contrôles")
    for group in view.groups:
        yield from _group(group)
    yield view.counts


def _group(group: Group) -> Iterator[str]:
    yield group.title
    for item in group.items:
        yield f"  {item.name}{_GAP}{item.text}".rstrip()
        for line in item.details:
            yield f"      {line}"
    yield ""


def _fillings(fillings: Sequence[Filling]) -> Iterator[str]:
    rows = [(each.mark, each.code, each.label, each.filled, each.status) for each in fillings]
    widths = _widths(rows)
    for row, each in zip(rows, fillings, strict=True):
        yield "  " + _aligned(row, widths, right=3)
        if each.missing:
            yield f"      - {each.missing}"


def _widths(rows: Sequence[tuple[str, ...]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _aligned(row: tuple[str, ...], widths: Sequence[int], right: int) -> str:
    """Return a row with its column `right` set to the right; columns empty everywhere take no room."""
    cells = [
        cell.rjust(width) if index == right else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        if width
    ]
    return _GAP.join(cells).rstrip()
