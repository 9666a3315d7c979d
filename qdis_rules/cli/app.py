"""The group `qdis`: its commands and its version."""

from __future__ import annotations

import click

from qdis_rules.cli.french import FrenchGroup

_HELP = """
Vérifie les dossiers QDIS et les jeux de règles qui les contrôlent.

\b
Pour un dossier :          qdis verifier coop.json
                           qdis expliquer coop.json SF.frng
Pour beaucoup :            qdis lot dossiers.parquet --jeu 2023 --vers resultats
Pour un jeu de règles :    qdis analyser rulesets/2023
                           qdis tester rulesets/2023
                           qdis formater rulesets/2023 --ecrire
                           qdis documenter rulesets/2023 --vers documentation

Codes de retour : 0, tout va bien ; 1, un contrôle bloquant, une erreur de règle ou un exemple en échec ;
2, appel incorrect, fichier illisible ou inutilisable.
"""


def _show_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from importlib import metadata

    try:
        version = metadata.version("qdis-rules")
    except metadata.PackageNotFoundError:
        version = "(version inconnue : non installé)"
    click.echo(f"qdis {version}")
    context.exit(0)


_COMMANDS = ("verifier", "expliquer", "lot", "analyser", "tester", "formater", "documenter")

app = FrenchGroup(
    name="qdis",
    help=_HELP,
    homes={name: f"qdis_rules.cli.{name}" for name in _COMMANDS},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Affiche la version et s'arrête.",
        )
    ],
)

__all__ = ["app"]
