"""What `qdis analyser --comptes` shows of the proof by the accounts, as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdis_rules.cli.output import CannotUse, counted, failure

if TYPE_CHECKING:
    from qdis_rules.authoring.accounts import Coverage, Reach, StatementCoverage, Weights
    from qdis_rules.authoring.chart import Chart
    from qdis_rules.diagnostics import Outcome

_WIDTH = 100
_UNCERTAIN = "à confirmer"


def chart_of(which: str, file: str) -> Outcome[Chart]:
    """Return the chart of accounts in `file`; empty: the one beside the ruleset. Raises CannotUse."""
    from qdis_rules.authoring.chart import read_chart
    from qdis_rules.files import CannotRead
    from qdis_rules.pipeline import chart_path

    path = Path(file) if file else chart_path(which)
    try:
        return read_chart(path)
    except CannotRead as error:
        raise CannotUse([failure(str(path), "plan de comptes", "plan-introuvable", str(error))]) from None


def lines(found: Coverage) -> Iterator[str]:
    """Yield the proof: every account of the chart, statement by statement, then what the aggregates count."""
    chart = found.chart
    uncertain = sum(chart.accounts[leaf].reliability == _UNCERTAIN for leaf in chart.leaves)
    size = f"{counted(len(chart.accounts), 'compte')}, dont {counted(len(chart.leaves), 'terminal', 'terminaux')}"
    yield f"{chart.name} : {size}{f' ({uncertain} {_UNCERTAIN})' if uncertain else ''}."
    yield from _verdict(found)
    yield ""
    head = ("état comptable", "terminaux lus", "une cellule", "une par sens", "deux fois", "débuts lus", "trop courts")
    yield from _table(head, [_row(each) for each in found.required])
    annexes = [each for each in found.statements if not each.required]
    if annexes:
        yield ""
        yield from _table(("annexe", *head[1:]), [_row(each) for each in annexes])
    yield ""
    yield from _families(found)
    coarse = [each for each in found.required if each.coarse]
    if coarse:
        yield ""
        yield "Trop courts pour choisir une cellule (balance~comptes bloque le dossier qui les emploie sans détail) :"
        for each in coarse:
            yield from _wrapped(f"  {each.title} : ", each.coarse)


def _verdict(found: Coverage) -> Iterator[str]:
    chart = found.chart
    inside = len(chart.leaves) - len(found.missing)
    twice = {leaf for statement in found.required for leaf in statement.twice}
    if not found.missing and not twice:
        yield "Chaque compte terminal entre dans un état comptable et n'y a qu'une cellule, quel que soit son solde."
    else:
        yield (
            f"Comptes terminaux : {inside} dans un état comptable, {len(found.missing)} dans aucun ou d'un seul côté, "
            f"{len(twice)} deux fois dans un même état."
        )
    if found.unknown:
        yield f"Lus par le jeu, absents du plan : {counted(len(found.unknown), 'début')} de compte (liste avec --json)."


def _row(each: StatementCoverage) -> tuple[str, ...]:
    numbers = (each.leaves, each.one_cell, each.by_side, each.twice, each.prefixes, each.coarse)
    return (each.title, *(str(len(number)) for number in numbers))


def _families(found: Coverage) -> Iterator[str]:
    """Yield, for each family, how many leaves of each statement its aggregates count."""
    titles = [each.title for each in found.required]
    rows = []
    for family in dict.fromkeys(each.family for each in found.families):
        own = {each.statement: each for each in found.families if each.family == family}
        shares = (f"{len(own[title].read)}/{len(own[title].read) + len(own[title].unread)}" for title in titles)
        rows.append((family, *shares))
    yield from _table(("comptes lus par la famille", *titles), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  ".join(cells)


def _wrapped(title: str, numbers: Iterable[str]) -> Iterator[str]:
    return iter(textwrap.wrap(title + "\u00a0; ".join(numbers), _WIDTH, subsequent_indent=" " * 4))


def document(found: Coverage) -> dict[str, Any]:
    """Return the proof for `--json`: numbers of accounts, cells they reach, coefficients as « 1/2 »."""
    return {
        "plan": found.chart.name,
        "comptes": len(found.chart.accounts),
        "terminaux": len(found.chart.leaves),
        "debuts": len(found.chart.prefixes),
        "sans_cellule": list(found.missing),
        "lus_hors_du_plan": list(found.unknown),
        "etats": [_statement(each) for each in found.statements],
        "agregats": {code: [_weights(found.chart, each) for each in parts] for code, parts in found.aggregates.items()},
        "familles": [
            {"famille": each.family, "etat": each.statement, "lus": len(each.read), "non_lus": list(each.unread)}
            for each in found.families
        ],
    }


def _statement(each: StatementCoverage) -> dict[str, Any]:
    return {
        "etat": each.title,
        "tableaux": list(each.tables),
        "annexe": not each.required,
        "terminaux": {leaf: _reach(reach) for leaf, reach in each.leaves.items()},
        "debuts": {number: _reach(reach) for number, reach in each.prefixes.items()},
        "deux_fois": list(each.twice),
        "trop_courts": {number: list(cells) for number, cells in each.coarse.items()},
    }


def _reach(reach: Reach) -> dict[str, list[str]]:
    return {"debiteur": sorted(reach.debit), "crediteur": sorted(reach.credit)}


def _weights(chart: Chart, each: Weights) -> dict[str, Any]:
    """Return the cells of one linear part, and its accounts by coefficient, for each side of their balance."""
    document: dict[str, Any] = {"cellules": {code: str(by) for code, by in each.cells.items()}}
    for index, side in enumerate(("debiteur", "crediteur")):
        leaves: dict[str, list[str]] = {}
        for leaf, both in each.accounts.items():
            if both[index]:
                leaves.setdefault(str(both[index]), []).append(leaf)
        document[side] = {by: list(chart.grouped(found)) for by, found in leaves.items()}
    return document
