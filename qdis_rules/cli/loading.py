"""Rulesets and dossiers as commands name them; what cannot be used raises `CannotUse`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from qdis_rules.cli.output import CannotUse, Failure, failure
from qdis_rules.evaluation.dossier import DossierError, Problem

if TYPE_CHECKING:
    from qdis_rules.diagnostics import Outcome
    from qdis_rules.evaluation.dossier import Dossier
    from qdis_rules.evaluation.report import Report
    from qdis_rules.pipeline import Ruleset
    from qdis_rules.source import Source

JSON_OPTION: Final = click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
RULESET_OPTION: Final = click.option(
    "--jeu",
    "which",
    metavar="ANNÉE|CHEMIN",
    help="Jeu de règles : une année fournie ou un chemin. Par défaut, celui de l'exercice du dossier.",
)
EARLIER_OPTION: Final = click.option(
    "--precedent",
    "earlier",
    multiple=True,
    metavar="FICHIER",
    help="Dossier d'un exercice antérieur ; à répéter pour plusieurs exercices.",
)


def sources_of(which: str) -> Outcome[tuple[Source, ...]]:
    """Return the sources of a bundled year or of a path. Raises CannotUse."""
    from qdis_rules.pipeline import ruleset_sources

    try:
        return ruleset_sources(which)
    except (OSError, ValueError) as error:
        raise CannotUse([failure(which, "jeu de règles", "jeu-introuvable", _why_no_ruleset(which, error))]) from None


def ruleset_of(which: str) -> Ruleset:
    """Return a compiled ruleset. Raises CannotUse, with its diagnostics when it has errors."""
    from qdis_rules.pipeline import RulesetError, compile_sources

    try:
        return compile_sources(sources_of(which))
    except RulesetError as error:
        problem = Problem("jeu de règles", "jeu-en-erreur", "ce jeu de règles a des erreurs")
        raise CannotUse([Failure(which, (problem,), error.diagnostics)]) from None


def dossier_of(file: str) -> Dossier:
    """Return the dossier of a file. Raises CannotUse, with every problem."""
    from qdis_rules.formats.dossier import read_dossier

    try:
        return read_dossier(file)
    except DossierError as error:
        raise CannotUse([Failure(file, error.problems)]) from None
    except ValueError:  # a name no file can have
        raise CannotUse([failure(file, "", "fichier-illisible", "ce fichier ne peut pas être lu")]) from None


class Loader:
    """Rulesets are compiled once, however many dossiers need them."""

    def __init__(self, which: str | None) -> None:
        self._which = which
        self._known: dict[str, Ruleset | CannotUse] = {}
        if which is not None:
            self._ruleset(which)

    def report(self, file: str, earlier: tuple[str, ...] = ()) -> tuple[Ruleset, Report]:
        """Return the ruleset a dossier is for, and its report. Raises CannotUse."""
        found = self._dossiers((file, *earlier))
        ruleset = self._for(file, found[0])
        try:
            return ruleset, ruleset.evaluate(found[0], found[1:])
        except DossierError as error:
            raise CannotUse([Failure(file, error.problems)]) from None

    def _dossiers(self, files: tuple[str, ...]) -> list[Dossier]:
        found: list[Dossier] = []
        lost: list[Failure] = []
        for file in files:
            try:
                found.append(dossier_of(file))
            except CannotUse as error:
                lost.extend(error.failures)
        if lost:
            raise CannotUse(lost)
        return found

    def _for(self, file: str, dossier: Dossier) -> Ruleset:
        if self._which is not None:
            return self._ruleset(self._which)
        try:
            return self._ruleset(str(dossier.year))
        except CannotUse as error:
            lost = [each for each in error.failures if not each.diagnostics]
            if not lost:
                raise
            why = f"{lost[0].problems[0].message} : donnez-en un avec --jeu"
            raise CannotUse([failure(file, "exercice", "jeu-introuvable", why)]) from None

    def _ruleset(self, which: str) -> Ruleset:
        if which not in self._known:
            try:
                self._known[which] = ruleset_of(which)
            except CannotUse as error:
                self._known[which] = error
        found = self._known[which]
        if isinstance(found, CannotUse):
            raise CannotUse(found.failures)
        return found


def _why_no_ruleset(which: str, error: Exception) -> str:
    if which.isdigit() and len(which) == 4:
        return f"aucun jeu de règles n'est fourni pour l'exercice {which}"
    if isinstance(error, FileNotFoundError):
        from pathlib import Path

        if Path(which).is_dir():
            return "ce répertoire ne contient aucun fichier .qdis"
        return "ce chemin n'existe pas"
    return "ce jeu de règles ne peut pas être lu"
