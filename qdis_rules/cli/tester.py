"""`qdis tester`: the `exemple` blocks of a ruleset, run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, VIOLATED, FrenchCommand
from qdis_rules.cli.loading import JSON_OPTION, sources_of

if TYPE_CHECKING:
    from qdis_rules.authoring.examples import ExampleResult

_HELP = """
Exécute les exemples écrits dans un jeu de règles.

Chaque bloc « exemple » donne des cellules et ce qui en est attendu ; une attente qui n'est pas satisfaite est
montrée à sa place, avec ce qui a été obtenu.

\b
Exemples :
  qdis tester 2023
  qdis tester rulesets/2024

Codes de retour : 0, tous passent ; 1, un exemple échoue ou le jeu a des erreurs ; 2, jeu illisible.
"""


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Exécute les exemples d'un jeu de règles.",
    arguments=[("JEU", "Une année fournie (2023), un répertoire ou un fichier .qdis.")],
)
@click.argument("which", metavar="JEU")
@JSON_OPTION
def tester(which: str, as_json: bool) -> int:
    """Run the examples of a ruleset."""
    sources = sources_of(which)
    from qdis_rules.authoring.examples import run_examples
    from qdis_rules.pipeline import RulesetError, compile_sources

    try:
        ruleset = compile_sources(sources)
    except RulesetError as error:
        return _in_error(which, error, as_json)
    results = run_examples(ruleset)
    failed = sum(1 for result in results if not result.passed)
    if as_json:
        output.say_json(_document(results, failed))
    else:
        _say(results, failed)
    return VIOLATED if failed else OK


def _in_error(which: str, error: Exception, as_json: bool) -> int:
    from qdis_rules.evaluation.dossier import Problem
    from qdis_rules.pipeline import RulesetError

    assert isinstance(error, RulesetError)
    message = "ce jeu de règles a des erreurs : ses exemples ne peuvent pas être exécutés"
    problem = Problem("jeu de règles", "jeu-en-erreur", message)
    if as_json:
        output.say_json(output.failures_document([output.Failure(which, (problem,), error.diagnostics)]))
    else:
        output.say_diagnostics(error.diagnostics)
        output.failures([output.Failure(which, (problem,))], as_json=False)
    return VIOLATED


def _document(results: Sequence[ExampleResult], failed: int) -> dict[str, object]:
    return {
        "exemples": [
            {
                "titre": result.title,
                "reussi": result.passed,
                "diagnostics": [dict(diagnostic.as_json()) for diagnostic in result.diagnostics],
            }
            for result in results
        ],
        "reussis": len(results) - failed,
        "echoues": failed,
    }


def _say(results: Sequence[ExampleResult], failed: int) -> None:
    for result in results:
        output.say_tick(result.passed, result.title)
        output.say_diagnostics(result.diagnostics, indent="    ")
    if not results:
        output.say("Ce jeu de règles ne contient aucun exemple.")
        return
    passed = output.counted(len(results) - failed, "exemple réussi", "exemples réussis")
    output.say(f"{passed}, {output.counted(failed, 'échec')}.")
