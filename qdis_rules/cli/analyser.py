"""`qdis analyser`: everything that can be said of a ruleset before any dossier is seen."""

from __future__ import annotations

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, VIOLATED, FrenchCommand
from qdis_rules.cli.loading import CAMPAIGN_OPTION, JSON_OPTION, campaign_of, sources_of
from qdis_rules.cli.proof import chart_of
from qdis_rules.cli.proof import document as proof_document
from qdis_rules.cli.proof import lines as proof_lines

_HELP = """
Analyse un jeu de règles et sa campagne : erreurs, avertissements, taille.

Toutes les remarques sont données d'un coup, chacune avec sa place et, si possible, la correction. Un jeu qui
n'a que des avertissements peut servir.

Avec --comptes, le jeu est confronté à un plan de comptes : chaque compte terminal doit entrer dans une cellule et
une seule d'un état comptable. Sans nom de fichier, le plan est comptes.csv, à côté des règles.

\b
Exemples :
  qdis analyser 2023
  qdis analyser rulesets/2024
  qdis analyser 2023 --campagne campagne-2023.qdis
  qdis analyser 2023 --comptes
  qdis analyser 2023 --comptes mon_plan.csv

Codes de retour : 0, aucune erreur ; 1, au moins une erreur ; 2, jeu ou plan introuvable ou illisible.
"""


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Analyse un jeu de règles sans dossier.",
    arguments=[("JEU", "Une année fournie (2023), un répertoire ou un fichier .qdis.")],
)
@click.argument("which", metavar="JEU")
@CAMPAIGN_OPTION
@click.option(
    "--comptes",
    "chart_file",
    is_flag=False,
    flag_value="",
    metavar="[FICHIER]",
    help="Confronte le jeu à un plan de comptes ; d'office, comptes.csv à côté des règles.",
)
@JSON_OPTION
def analyser(which: str, campaign: str | None, chart_file: str | None, as_json: bool) -> int:
    """Check a ruleset statically."""
    sources, campaign_source = sources_of(which), campaign_of(which, campaign)
    chart = chart_of(which, chart_file) if chart_file is not None else None
    from qdis_rules.diagnostics import Severity, in_source_order
    from qdis_rules.pipeline import check_campaign, check_sources

    checked = check_sources(sources.value)
    noticed = (*sources.diagnostics, *checked.diagnostics)
    decisions: int | None = None
    if campaign_source is not None:
        noticed = (*noticed, *campaign_source.diagnostics)
        if campaign_source.ok:
            decided = check_campaign(campaign_source.value, checked)
            noticed, decisions = (*noticed, *decided.diagnostics), len(decided.value.decisions)
    diagnostics = in_source_order(noticed)
    sound = checked.ok and sources.ok
    if sound:
        from qdis_rules.authoring.lint import lint

        diagnostics = in_source_order((*diagnostics, *lint(checked.value)))
    proof = None
    if chart is not None:
        diagnostics = (*diagnostics, *chart.diagnostics)
        if sound and chart.ok:
            from qdis_rules.authoring.accounts import coverage

            proof = coverage(checked.value, chart.value)
            diagnostics = (*diagnostics, *proof.diagnostics)
    errors = sum(1 for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)
    warnings = len(diagnostics) - errors
    ruleset = checked.value
    sizes = {
        "tableaux": len(ruleset.tables),
        "cellules": len(ruleset.cells),
        "controles": len(ruleset.checks),
        "agregats": len(ruleset.aggregates),
    }
    if as_json:
        document = {
            "diagnostics": [dict(diagnostic.as_json()) for diagnostic in diagnostics],
            "erreurs": errors,
            "avertissements": warnings,
            "taille": sizes,
            "decisions": decisions,
        }
        if proof is not None:
            document["comptes"] = proof_document(proof)
        output.say_json(document)
    else:
        if proof is not None:
            output.say("\n".join(proof_lines(proof)) + "\n")
        output.say_diagnostics(diagnostics)
        if not sound:
            rest = "" if chart is None else " et la preuve par les comptes"
            output.say(f"Les autres avertissements{rest} viendront quand il n'y aura plus d'erreur.")
        output.say(_summary(errors, warnings, sizes, decisions))
    return VIOLATED if errors else OK


def _summary(errors: int, warnings: int, sizes: dict[str, int], decisions: int | None) -> str:
    nouns = {"tableaux": "tableau", "cellules": "cellule", "controles": "contrôle", "agregats": "agrégat"}
    plurals = {"tableaux": "tableaux"}
    size = ", ".join(output.counted(number, nouns[kind], plurals.get(kind)) for kind, number in sizes.items())
    campaign = f" ; campagne : {output.counted(decisions, 'décision')}" if decisions is not None else ""
    return f"{output.counted(errors, 'erreur')}, {output.counted(warnings, 'avertissement')} ; {size}{campaign}."
