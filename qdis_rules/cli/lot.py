"""`qdis lot`: many dossiers, in files of columns, verified in one run."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, VIOLATED, CallError, FrenchCommand
from qdis_rules.cli.loading import (
    CAMPAIGN_OPTION,
    DAY_OPTION,
    JSON_OPTION,
    campaign_of,
    refused_ruleset,
    require,
    sources_of,
)
from qdis_rules.evaluation.dossier import DossierError

if TYPE_CHECKING:
    from qdis_rules.batch.files import Progress, Summary

_HELP = """
Vérifie beaucoup de dossiers à la fois : une ligne par dossier, une colonne par cellule.

Lit du Parquet et du CSV (UTF-8, virgule ou point-virgule), écrit un répertoire de fichiers Parquet : pour chaque
dossier, les colonnes gardées, s'il peut être validé (pret), pourquoi il est refusé (problemes), ses agrégats et
ses contrôles. Interrompue, la même commande reprend où elle en était.

\b
Exemples :
  qdis lot dossiers.parquet --jeu 2023 --vers resultats --garder siren
  qdis lot 'liasses/*.csv' --jeu 2023 --vers ratios --garder siren --resultats AE.ratio_autofinancement

Codes de retour : 0, tous les dossiers peuvent être validés ; 1, un dossier ne peut pas l'être, ou est refusé ;
2, fichier, colonne ou jeu de règles inutilisable.

Demande : pip install "qdis-rules[batch]".
"""


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Vérifie beaucoup de dossiers, en colonnes.",
    arguments=[("ENTRÉE...", "Des fichiers .parquet ou .csv, des répertoires qui en contiennent, des motifs.")],
)
@click.argument("files", nargs=-1, required=True, metavar="ENTRÉE...")
@click.option("--vers", "folder", metavar="RÉPERTOIRE", required=True, help="Répertoire où écrire les résultats.")
@click.option(
    "--jeu", "which", metavar="ANNÉE|CHEMIN", required=True, help="Jeu de règles : une année fournie ou un chemin."
)
@click.option(
    "--garder",
    "keep",
    multiple=True,
    metavar="COLONNE",
    help="Colonne à reporter dans les résultats ; à répéter pour plusieurs colonnes.",
)
@click.option(
    "--resultats",
    "results",
    multiple=True,
    metavar="CODE",
    help="Agrégat, contrôle ou cellule à donner ; à répéter. Par défaut, les agrégats publiés et tous les contrôles.",
)
@CAMPAIGN_OPTION
@DAY_OPTION
@click.option(
    "--processus",
    "processes",
    metavar="N",
    type=int,
    default=1,
    help="Nombre de processus. Par défaut, 1, qui occupe deux cœurs.",
)
@JSON_OPTION
@click.pass_context
def lot(
    ctx: click.Context,
    files: tuple[str, ...],
    folder: str,
    which: str,
    keep: tuple[str, ...],
    results: tuple[str, ...],
    campaign: str | None,
    day: date,
    processes: int,
    as_json: bool,
) -> int:
    """Verify files of dossiers; the exit code is that of the worst."""
    if processes < 1:
        raise CallError("--processus attend un nombre à partir de 1.", ctx)
    require("pyarrow", "batch", "qdis lot")
    sources_of(which)
    decided = campaign_of(which, campaign)
    from qdis_rules.pipeline import RulesetError, evaluate_files

    start = time.monotonic()
    try:
        with _followed() as progress:
            summary = evaluate_files(
                which,
                files,
                folder,
                keep,
                results or None,
                campaign=campaign,
                day=day,
                processes=processes,
                progress=progress,
            )
    except RulesetError as error:
        raise refused_ruleset(which, decided.value.name if decided is not None else None, error) from None
    except DossierError as error:
        raise output.CannotUse([output.Failure(None, error.problems)]) from None
    if as_json:
        output.say_json(_document(folder, summary))
    else:
        _say(folder, summary, time.monotonic() - start)
    return OK if summary.ready == summary.rows else VIOLATED


def _say(folder: str, summary: Summary, seconds: float) -> None:
    done = summary.rows - summary.resumed_rows
    speed = f", {_grouped(round(done / seconds))} par seconde" if done and seconds >= 1 else ""
    why = ", voir la colonne problemes" if summary.refused else ""
    kept = f", dont {summary.resumed} déjà là" if summary.resumed else ""
    output.say(f"{_counted(summary.rows, 'dossier')} en {_grouped(round(seconds))} s{speed}")
    output.say(f"  prêts pour la validation : {_grouped(summary.ready)}")
    output.say(f"  pas prêts : {_grouped(summary.not_ready)}")
    output.say(f"  refusés : {_grouped(summary.refused)}{why}")
    output.say(f"Résultats dans {folder} : {_counted(summary.parts, 'fichier')} Parquet{kept}.")


def _counted(number: int, noun: str) -> str:
    return output.counted(number, noun).replace(str(number), _grouped(number), 1)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _document(folder: str, summary: Summary) -> dict[str, object]:
    return {
        "repertoire": folder,
        "dossiers": summary.rows,
        "prets": summary.ready,
        "non_prets": summary.not_ready,
        "refuses": summary.refused,
        "fichiers": summary.parts,
        "deja_la": summary.resumed,
    }


@contextmanager
def _followed() -> Iterator[Progress | None]:
    """Follow the rows with a bar, when a person watches standard error."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("Vérification"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("dossiers"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
