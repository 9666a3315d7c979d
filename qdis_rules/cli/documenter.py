"""`qdis documenter`: a ruleset as pages to browse and a notice to print."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, CallError, FrenchCommand
from qdis_rules.cli.loading import CAMPAIGN_OPTION, JSON_OPTION, references_beside, require, ruleset_of, written_day
from qdis_rules.cli.proof import chart_of
from qdis_rules.cli.running import Run
from qdis_rules.evaluation.dossier import Problem

if TYPE_CHECKING:
    from qdis_rules.authoring.chart import Chart

_HELP = """
Écrit la documentation d'un jeu de règles : un site à parcourir et une notice à imprimer.

Le site s'ouvre d'un double-clic sur index.html, sans connexion. Un répertoire déjà écrit par cette commande est
remplacé ; un répertoire qui contient autre chose est refusé.

\b
Exemples :
  qdis documenter 2023 --vers documentation
  qdis documenter rulesets/2024 --vers documentation --pdf

Demande : pip install "qdis-rules[documentation]" ; avec --pdf : pip install "qdis-rules[pdf]".
"""


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Écrit la documentation d'un jeu de règles.",
    arguments=[("JEU", "Une année fournie (2023), un répertoire ou un fichier .qdis.")],
)
@click.argument("which", metavar="JEU")
@click.option("--vers", "folder", metavar="RÉPERTOIRE", required=True, help="Répertoire où écrire.")
@click.option("--pdf", "as_pdf", is_flag=True, help="Écrit aussi notice.pdf (compter une demi-minute).")
@click.option(
    "--couverture",
    "covered",
    is_flag=True,
    help="Rejoue les exemples et les dossiers du jeu, et montre ce qu'ils couvrent (compter une minute).",
)
@CAMPAIGN_OPTION
@click.option(
    "--le",
    "day",
    callback=written_day,
    metavar="JJ/MM/AAAA",
    help="Montre les contrôles comme la campagne les laisse ce jour-là. Par défaut, comme le jeu les écrit.",
)
@JSON_OPTION
@click.pass_context
def documenter(
    ctx: click.Context,
    which: str,
    folder: str,
    as_pdf: bool,
    covered: bool,
    campaign: str | None,
    day: date | None,
    as_json: bool,
) -> int:
    """Write the documentation of a ruleset."""
    if campaign is not None and day is None:
        raise CallError("--campagne ne change rien sans --le : une campagne se lit un jour donné.", ctx)
    require("jinja2", "documentation", "qdis documenter")
    if as_pdf:
        require("weasyprint", "pdf", "qdis documenter")
    ruleset, _ = ruleset_of(which, campaign)
    written = ruleset
    if day is not None:
        ruleset = ruleset.on(day)
    from qdis_rules.authoring.coverage import coverage
    from qdis_rules.documenting import NOTICE, Beside, CannotWrite, notice_as_pdf, pages_of, write_site

    seen = coverage(written, Run(written, which).reports()) if covered else None
    beside = Beside(_chart_beside(which), references_beside(which, ruleset), seen)
    pages = dict(pages_of(ruleset.typed, beside))
    if as_pdf:
        try:
            pages["notice.pdf"] = notice_as_pdf(pages[NOTICE])
        except OSError:  # its own libraries are not pip's to install
            message = "WeasyPrint ne trouve pas Pango sur ce poste : imprimez notice.html depuis un navigateur"
            raise _refused(folder, "bibliotheques-absentes", message) from None
    try:
        write_site(pages, Path(folder))
    except CannotWrite as error:
        raise _refused(folder, "repertoire-occupe", str(error)) from None
    except (OSError, ValueError):
        raise _refused(folder, "ecriture-impossible", "ce répertoire ne peut pas être écrit") from None
    if as_json:
        output.say_json({"repertoire": folder, "fichiers": sorted(pages)})
    else:
        output.say(f"{ruleset.name} {ruleset.year} : {output.counted(len(pages), 'fichier')} dans {folder}.")
        output.say(f"Ouvrez {Path(folder) / 'index.html'}")
    return OK


def _chart_beside(which: str) -> Chart | None:
    """Return the chart of accounts beside a ruleset, None when it has none. Raises CannotUse when it has errors."""
    from qdis_rules.pipeline import chart_path

    path = chart_path(which)
    if not path.is_file():
        return None
    read = chart_of(which, "")
    if not read.ok:
        problem = Problem("plan de comptes", "plan-en-erreur", "ce plan de comptes a des erreurs")
        raise output.CannotUse([output.Failure(str(path), (problem,), read.diagnostics)])
    return read.value


def _refused(folder: str, code: str, message: str) -> output.CannotUse:
    return output.CannotUse([output.failure(folder, "", code, message)])
