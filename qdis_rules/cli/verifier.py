"""`qdis verifier`: what the platform's « Lancer la vérification » tells of a dossier."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, UNUSABLE, VIOLATED, CallError, FrenchCommand
from qdis_rules.cli.loading import CAMPAIGN_OPTION, DAY_OPTION, EARLIER_OPTION, JSON_OPTION, RULESET_OPTION, Loader
from qdis_rules.records import dataclass

if TYPE_CHECKING:
    from qdis_rules.evaluation.report import Report
    from qdis_rules.formats.references import Reference
    from qdis_rules.pipeline import Ruleset

_HELP = """
Vérifie un dossier et dit s'il peut être validé (étape 4).

Donne les agrégats des onglets QDIS SF et QDIS AE, puis les contrôles du plus grave au moins grave, avec les
cellules à remplir, puis la complétude des tableaux. Les décisions de la campagne en vigueur le jour de la
vérification sont appliquées, et rappelées.

\b
Exemples :
  qdis verifier coop-2023.json --precedent coop-2022.json
  qdis verifier coop-2023.json --quartiles COOP
  qdis verifier dossiers/*.json --json > resultats.json

Codes de retour : 0, l'étape 4 est ouverte ; 1, un contrôle bloquant est violé ou indéterminé ; 2, dossier ou
jeu de règles inutilisable.
"""


@dataclass(frozen=True, slots=True)
class _Result:
    """A dossier verified, drawn already: what to write, and the exit code it calls for."""

    code: int
    text: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[output.Failure, ...] = ()


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Vérifie un dossier et dit s'il peut être validé.",
    arguments=[("DOSSIER...", "Un ou plusieurs fichiers JSON au format qdis-dossier/1.")],
)
@click.argument("files", nargs=-1, required=True, metavar="DOSSIER...")
@RULESET_OPTION
@CAMPAIGN_OPTION
@DAY_OPTION
@EARLIER_OPTION
@click.option(
    "--quartiles",
    "family",
    metavar="FAMILLE",
    help="Montre sous chaque agrégat les quartiles d'une famille d'organismes (COOP, ESH, OPH, SEM, ensemble).",
)
@JSON_OPTION
@click.pass_context
def verifier(
    ctx: click.Context,
    files: tuple[str, ...],
    which: str | None,
    campaign: str | None,
    day: date,
    earlier: tuple[str, ...],
    family: str | None,
    as_json: bool,
) -> int:
    """Verify dossiers; the exit code is that of the worst."""
    if earlier and len(files) > 1:
        message = f"--precedent ne va qu'avec un seul dossier, {len(files)} sont donnés."
        raise CallError(message, ctx)
    if family and as_json:
        raise CallError("--quartiles ne va pas avec --json : les références sont dans quartiles.csv.", ctx)
    loader = Loader(which, campaign, day)
    if len(files) == 1:
        result = _verified(loader, files[0], earlier, family, as_json)
        _write(result, as_json)
        return result.code
    with _followed(files) as followed:
        results = [_verified(loader, file, (), family, as_json) for file in followed]
    if as_json:
        output.say_json([{"fichier": file, **result.document} for file, result in zip(files, results, strict=True)])
        return max(result.code for result in results)
    for index, result in enumerate(results):
        if index and result.text:
            click.echo("\n" + "─" * 60 + "\n")
        _write(result, as_json)
    return max(result.code for result in results)


def _verified(loader: Loader, file: str, earlier: tuple[str, ...], family: str | None, as_json: bool) -> _Result:
    try:
        ruleset, campaign, report = loader.report(file, earlier)
        references = loader.references(ruleset, family) if family else {}
    except output.CannotUse as error:
        return _Result(UNUSABLE, document=output.failures_document(error.failures), failures=error.failures)
    code = OK if report.ready_for_validation else VIOLATED
    if as_json:
        from qdis_rules.formats.report import report_document

        return _Result(code, document=report_document(report))
    return _Result(code, _drawn(file, ruleset, campaign, report, references))


def _drawn(
    file: str, ruleset: Ruleset, campaign: str | None, report: Report, references: Mapping[str, Reference]
) -> str:
    from qdis_rules.cli.view import view_of

    view = view_of(file, ruleset, campaign, report, references)
    if output.on_terminal():
        from qdis_rules.cli.pretty import pretty

        return output.captured(pretty(view))
    from qdis_rules.cli.plain import plain

    return output.clean(plain(view))


def _write(result: _Result, as_json: bool) -> None:
    if as_json:
        output.say_json(result.document)
    elif result.failures:
        output.failures(result.failures, as_json=False)
    else:
        output.say_shown(result.text)


@contextmanager
def _followed(files: tuple[str, ...]) -> Iterator[Iterable[str]]:
    """Follow a run over many dossiers with a bar, when a person watches standard error."""
    if not sys.stderr.isatty():
        yield files
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        yield progress.track(files, description="Vérification")
