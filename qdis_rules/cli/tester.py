"""`qdis tester`: the `exemple` blocks of a ruleset and its whole dossiers, run; what they cover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, VIOLATED, FrenchCommand
from qdis_rules.cli.loading import JSON_OPTION, sources_of
from qdis_rules.cli.running import Run

if TYPE_CHECKING:
    from qdis_rules.authoring.coverage import Coverage, Sides

_HELP = """
Exécute les exemples d'un jeu de règles et ses dossiers entiers, et dit quelles règles ils montrent à l'œuvre.

Chaque bloc « exemple » donne des cellules et ce qui en est attendu ; une attente qui n'est pas satisfaite est
montrée à sa place, avec ce qui a été obtenu. Les dossiers sont ceux du répertoire « dossiers » placé à côté des
règles. Une règle est couverte quand un exemple ou un dossier l'a montrée satisfaite, et un autre violée.

\b
Exemples :
  qdis tester 2023
  qdis tester 2023 --manquants
  qdis tester rulesets/2024 --exiger-tout

Codes de retour : 0, tous passent ; 1, un exemple échoue, un dossier ne se lit pas, le jeu a des erreurs, ou
(--exiger-tout) une règle n'est pas couverte ; 2, jeu illisible.
"""


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Exécute les exemples d'un jeu de règles, et dit ce qu'ils couvrent.",
    arguments=[("JEU", "Une année fournie (2023), un répertoire ou un fichier .qdis.")],
)
@click.argument("which", metavar="JEU")
@click.option("--manquants", "missing", is_flag=True, help="Donne le code de tout ce qui n'est pas couvert.")
@click.option(
    "--exiger-tout", "strict", is_flag=True, help="Échoue quand une règle n'est pas couverte, et dit laquelle."
)
@JSON_OPTION
def tester(which: str, missing: bool, strict: bool, as_json: bool) -> int:
    """Run the examples and the dossiers of a ruleset."""
    sources = sources_of(which)
    from qdis_rules.authoring.coverage import coverage
    from qdis_rules.pipeline import RulesetError, compile_sources

    try:
        ruleset = compile_sources(sources)
    except RulesetError as error:
        return _in_error(which, error, as_json)
    run = Run(ruleset, which)
    seen = coverage(ruleset, run.reports())
    if as_json:
        output.say_json(_document(run, seen))
    else:
        _say(run)
        _say_coverage(run, seen, missing or strict)
    return VIOLATED if run.failed or run.lost or (strict and not seen.whole) else OK


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


def _document(run: Run, seen: Coverage) -> dict[str, object]:
    return {
        "exemples": [
            {
                "titre": result.title,
                "reussi": result.passed,
                "diagnostics": [dict(diagnostic.as_json()) for diagnostic in result.diagnostics],
            }
            for result in run.results
        ],
        "reussis": len(run.results) - run.failed,
        "echoues": run.failed,
        "dossiers": run.dossiers,
        "validables": run.ready,
        "problemes": [str(problem) for error in run.lost for problem in error.problems],
        "couverture": {
            "complete": seen.whole,
            "comptes": {
                what: {"vus": count.seen, "sur": count.total}
                for what, count in {**seen.counts(), **seen.places_count()}.items()
            },
            "manquants": {what: list(codes) for what, codes in seen.missing().items()},
            "regles_mortes": list(seen.dead),
            "controles_du_dossier": {
                kind: dict(zip(("satisfaits", "violes"), _seen(codes), strict=True))
                for kind, codes in seen.observed.items()
            },
        },
    }


_MANY = 60
"""Beyond so many examples, only those that fail are listed."""


def _say(run: Run) -> None:
    for result in run.results:
        if not result.passed or len(run.results) <= _MANY:
            output.say_tick(result.passed, result.title)
            output.say_diagnostics(result.diagnostics, indent="    ")
    if not run.results:
        output.say("Ce jeu de règles ne contient aucun exemple.")
    else:
        passed = output.counted(len(run.results) - run.failed, "exemple réussi", "exemples réussis")
        output.say(f"{passed}, {output.counted(run.failed, 'échec')}.")
    if run.dossiers:
        ready = output.counted(run.ready, "dossier entier validable", "dossiers entiers validables")
        output.say(f"{ready} sur {len(run.dossiers)}.")
    for problem in (problem for error in run.lost for problem in error.problems):
        output.say(f"dossier inutilisable : {output.one_line(str(problem))}")


def _say_coverage(run: Run, seen: Coverage, missing: bool) -> None:
    shown = output.counted(len(run.dossiers), "dossier entier", "dossiers entiers")
    output.say(f"\nCouverture, par {output.counted(len(run.results), 'exemple')} et {shown} :")
    for what, count in {**seen.counts(), **seen.places_count()}.items():
        if count.total:
            output.say(f"  {what} : {count}")
    output.say(f"  règles mortes, ni satisfaites, ni violées, ni calculées : {len(seen.dead)}")
    for kind, codes in seen.observed.items():
        if codes:
            satisfied, violated = _seen(codes)
            name = kind if "~" in kind else f"~{kind}"
            output.say(f"  {name}, selon les dossiers : satisfaits {satisfied}, violés {violated}")
    if not missing and not seen.whole:
        output.say("Le détail de ce qui manque : --manquants")
    if missing:
        for what, names in {"règles mortes": seen.dead, **seen.missing()}.items():
            if names:
                output.say(f"\n{what} ({len(names)}) :")
                output.say("\n".join(f"  {name}" for name in names))


def _seen(codes: Mapping[str, Sides]) -> tuple[int, int]:
    """Return how many were seen satisfied, and violated."""
    return sum(1 for sides in codes.values() if sides.yes), sum(1 for sides in codes.values() if sides.no)
