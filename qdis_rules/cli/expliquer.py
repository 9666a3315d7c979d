"""`qdis expliquer`: why a value or a verdict is what it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, FrenchCommand
from qdis_rules.cli.loading import CAMPAIGN_OPTION, DAY_OPTION, EARLIER_OPTION, JSON_OPTION, RULESET_OPTION, Loader

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from qdis_rules.evaluation.explain import Explanation
    from qdis_rules.evaluation.report import Report
    from qdis_rules.evaluation.results import CheckResult
    from qdis_rules.pipeline import Ruleset

_HELP = """
Explique une cellule, un agrégat ou un contrôle d'un dossier.

Montre la formule telle qu'elle est écrite, chaque valeur qu'elle lit jusqu'aux comptes, la source ; ou, si la
valeur manque, les cellules à remplir. CODE peut être un repère (« SF16 »).

\b
Exemples :
  qdis expliquer coop-2023.json SF.frng
  qdis expliquer coop-2023.json BIL01
  qdis expliquer coop-2023.json BA.total.net
"""
_GRAVITY: Final = ("violé", "indéterminé")


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Explique une valeur ou un contrôle d'un dossier.",
    arguments=[
        ("DOSSIER", "Le fichier JSON du dossier."),
        ("CODE", "Code d'un agrégat, d'une cellule ou d'un contrôle, ou son repère."),
    ],
)
@click.argument("file", metavar="DOSSIER")
@click.argument("code", metavar="CODE")
@RULESET_OPTION
@CAMPAIGN_OPTION
@DAY_OPTION
@EARLIER_OPTION
@JSON_OPTION
def expliquer(
    file: str,
    code: str,
    which: str | None,
    campaign: str | None,
    day: date,
    earlier: tuple[str, ...],
    as_json: bool,
) -> int:
    """Explain one code."""
    ruleset, _, report = Loader(which, campaign, day).report(file, earlier)
    found = _found(ruleset, report, code)
    try:
        explanation = report.explain(found)
    except KeyError as error:
        message = str(error.args[0])
        raise output.CannotUse([output.failure(file, "CODE", "code-inconnu", message)]) from None
    if as_json:
        from qdis_rules.formats.report import explanation_document

        output.say_json(explanation_document(explanation))
    elif output.on_terminal():
        output.say_shown(output.captured([_tree(explanation)]))
    else:
        for line in explanation.lines():
            output.say(output.indented_line(line))
    return OK


def _found(ruleset: Ruleset, report: Report, code: str) -> str:
    """Return the code to explain: of a check with several places the gravest, or the one with this mark."""
    if code in ruleset.cells or code in ruleset.aggregates or code in report.checks:
        return code
    places = report.checks.of(code)
    if places:
        return min(places, key=_gravity).name
    marked = _marked(ruleset, report, code)
    if len(marked) > 1:
        message = f"le repère {code} est porté par plusieurs codes : {', '.join(marked)}"
        raise output.CannotUse([output.failure(None, "CODE", "repere-ambigu", message)])
    return marked[0] if marked else code


def _gravity(result: CheckResult) -> int:
    verdict = str(result.verdict)
    return _GRAVITY.index(verdict) if verdict in _GRAVITY else len(_GRAVITY)


def _marked(ruleset: Ruleset, report: Report, mark: str) -> list[str]:
    found = [code for code, aggregate in ruleset.aggregates.items() if aggregate.notes.mark == mark]
    found += [code for code, cell in ruleset.cells.items() if cell.notes.mark == mark]
    return found + [name for name, result in report.checks.items() if result.mark == mark]


# --- a tree on a terminal -----------------------------------------------------


def _tree(explanation: Explanation) -> Tree:
    from rich.tree import Tree

    root = Tree(_head(explanation), guide_style="dim")
    waiting = [(root, explanation, True)]
    while waiting:
        branch, each, first = waiting.pop()
        for line in _lines(each, first):
            branch.add(line)
        children = [(branch.add(_head(operand)), operand, False) for operand in each.operands]
        waiting.extend(children)
    return root


def _head(each: Explanation) -> Text:
    from rich.text import Text

    mark = f" ({output.one_line(each.mark)})" if each.mark else ""
    repeated = " (expliqué plus haut)" if each.repeated else ""
    return Text.assemble(
        (output.one_line(each.code) + mark, "cyan"),
        f" « {output.one_line(each.label)} » = ",
        (output.one_line(each.value), "bold"),
        (repeated, "dim"),
    )


def _lines(each: Explanation, first: bool) -> Iterator[Text]:
    from rich.text import Text

    if each.repeated:
        return
    for decision in each.decisions:
        yield Text(output.one_line(f"campagne : {decision}"), "bold yellow")
    if each.guard:
        yield Text(f"quand {output.one_line(each.guard)}", "italic")
    if each.reason:
        yield Text(output.one_line(each.reason), "yellow")
    if each.formula:
        yield Text(f"= {output.one_line(each.formula)}", "italic")
    elif each.origin:
        yield Text(f"origine : {each.origin}", "dim")
    if each.source:
        reliability = f" [{each.reliability}]" if each.reliability else ""
        yield Text(f"source : {output.one_line(each.source)}{reliability}", "dim")
    for account in each.accounts:
        yield Text(output.one_line(f"compte {account.number} {account.label} : {account.amount}"))
    for cause in each.causes:
        yield Text(output.one_line(f"cause : {cause}"), "yellow")
    for code, label in each.missing if first else ():
        yield Text(output.one_line(f"à remplir : {code} « {label} »"), "bold yellow")
