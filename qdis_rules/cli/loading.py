"""Rulesets and dossiers as commands name them; what cannot be used raises `CannotUse`."""

from __future__ import annotations

import contextlib
import re
from datetime import date, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import click

from qdis_rules.cli.french import CallError
from qdis_rules.cli.output import CannotUse, Failure, failure
from qdis_rules.evaluation.dossier import DossierError, Problem

if TYPE_CHECKING:
    from qdis_rules.diagnostics import Outcome
    from qdis_rules.evaluation.dossier import Dossier
    from qdis_rules.evaluation.report import Report
    from qdis_rules.formats.references import Reference
    from qdis_rules.pipeline import Ruleset, RulesetError
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
CAMPAIGN_OPTION: Final = click.option(
    "--campagne",
    "campaign",
    metavar="FICHIER",
    help="Campagne : décisions datées sur les contrôles. Par défaut, le campagne.qdis du répertoire du jeu.",
)


def _day(ctx: click.Context, parameter: click.Parameter, value: str | None) -> date:
    """Return the day written jj/mm/aaaa, today's when none is given."""
    return written_day(ctx, parameter, value) or datetime.now().astimezone().date()


def written_day(ctx: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    """Return the day written jj/mm/aaaa, None when none is given."""
    if value is None:
        return None
    with contextlib.suppress(ValueError):
        if re.fullmatch(r"[0-9]{2}/[0-9]{2}/[0-9]{4}", value):
            day, month, year = map(int, value.split("/"))
            return date(year, month, day)
    raise CallError(f"« {value} » n'est pas une date : --le attend jj/mm/aaaa.", ctx)


DAY_OPTION: Final = click.option(
    "--le",
    "day",
    callback=_day,
    metavar="JJ/MM/AAAA",
    help="Jour de la vérification, auquel la campagne est lue. Par défaut, aujourd'hui.",
)


def sources_of(which: str) -> Outcome[tuple[Source, ...]]:
    """Return the sources of a bundled year or of a path. Raises CannotUse."""
    from qdis_rules.pipeline import ruleset_sources

    try:
        return ruleset_sources(which)
    except (OSError, ValueError) as error:
        raise CannotUse([failure(which, "jeu de règles", "jeu-introuvable", _why_no_ruleset(which, error))]) from None


def campaign_of(which: str, campaign: str | None) -> Outcome[Source] | None:
    """Return the source of the campagne of a ruleset, None when it has none. Raises CannotUse."""
    from qdis_rules.pipeline import campaign_source

    try:
        return campaign_source(which, campaign)
    except (OSError, ValueError):
        why = "cette campagne n'existe pas ou ne peut pas être lue"
        raise CannotUse([failure(campaign, "campagne", "campagne-introuvable", why)]) from None


def ruleset_of(which: str, campaign: str | None) -> tuple[Ruleset, str | None]:
    """Return a compiled ruleset and the file of its campagne. Raises CannotUse, with diagnostics when there are errors."""
    from qdis_rules.pipeline import RulesetError, compile_sources

    sources, decided = sources_of(which), campaign_of(which, campaign)
    file = decided.value.name if decided is not None else None
    try:
        return compile_sources(sources, decided, cache=True), file
    except RulesetError as error:
        raise refused_ruleset(which, file, error) from None


def refused_ruleset(which: str, campaign: str | None, error: RulesetError) -> CannotUse:
    """Return what tells the errors of a ruleset, or of its campagne, the file `campaign`."""
    from qdis_rules.diagnostics import Severity

    errors = [each for each in error.diagnostics if each.severity is Severity.ERROR]
    if all(each.primary.span.source.name == campaign for each in errors):
        problem = Problem("campagne", "campagne-en-erreur", "cette campagne a des erreurs")
        return CannotUse([Failure(campaign, (problem,), error.diagnostics)])
    problem = Problem("jeu de règles", "jeu-en-erreur", "ce jeu de règles a des erreurs")
    return CannotUse([Failure(which, (problem,), error.diagnostics)])


def require(library: str, extra: str, command: str) -> None:
    """Raise CannotUse when the library of an extra is not installed."""
    if find_spec(library) is None:
        message = f'cette commande demande une bibliothèque en plus : pip install "qdis-rules[{extra}]"'
        raise CannotUse([failure(None, command, "bibliotheques-absentes", message)])


def dossier_of(file: str) -> Dossier:
    """Return the dossier of a file. Raises CannotUse, with every problem."""
    from qdis_rules.formats.dossier import read_dossier

    try:
        return read_dossier(file)
    except DossierError as error:
        raise CannotUse([Failure(file, error.problems)]) from None


def references_beside(which: int | str, ruleset: Ruleset) -> tuple[Reference, ...]:
    """Return the quartiles that stand with a ruleset, none when there are none. Raises CannotUse."""
    from qdis_rules.formats.references import load_references
    from qdis_rules.pipeline import REFERENCES

    try:
        return load_references(which, ruleset)
    except DossierError as error:
        raise CannotUse([Failure(REFERENCES, error.problems)]) from None


class Loader:
    """Rulesets are compiled once, however many dossiers need them, and put on the day of the verification."""

    def __init__(self, which: str | None, campaign: str | None, day: date) -> None:
        self._which = which
        self._campaign = campaign
        self._day = day
        self._known: dict[str, tuple[Ruleset, str | None] | CannotUse] = {}
        if which is not None:
            self._ruleset(which)

    def report(self, file: str, earlier: tuple[str, ...] = ()) -> tuple[Ruleset, str | None, Report]:
        """Return the ruleset a dossier is for, the file of its campagne, and the report. Raises CannotUse."""
        found = self._dossiers((file, *earlier))
        ruleset, campaign = self._for(file, found[0])
        try:
            return ruleset, campaign, ruleset.evaluate(found[0], found[1:])
        except DossierError as error:
            raise CannotUse([Failure(file, error.problems)]) from None

    def references(self, ruleset: Ruleset, family: str) -> dict[str, Reference]:
        """Return the quartiles of a family by aggregate, from the ruleset's own folder. Raises CannotUse."""
        from qdis_rules.pipeline import REFERENCES

        found = references_beside(self._which or ruleset.year, ruleset)
        if not found:
            message = f"il n'y a pas de {REFERENCES} à côté de ce jeu de règles"
            raise CannotUse([failure(REFERENCES, "", "references-introuvables", message)])
        of_family = {each.aggregate: each for each in found if each.family.casefold() == family.casefold()}
        if not of_family:
            known = ", ".join(sorted({each.family for each in found}))
            raise CannotUse(
                [failure(REFERENCES, "famille", "famille-inconnue", f"« {family} » n'est pas de : {known}")]
            )
        return of_family

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

    def _for(self, file: str, dossier: Dossier) -> tuple[Ruleset, str | None]:
        if self._which is not None:
            return self._ruleset(self._which)
        try:
            return self._ruleset(str(dossier.year))
        except CannotUse as error:
            (problem,) = error.failures[0].problems
            if problem.code != "jeu-introuvable":
                raise
            why = f"{problem.message} : donnez-en un avec --jeu"
            raise CannotUse([failure(file, "exercice", "jeu-introuvable", why)]) from None

    def _ruleset(self, which: str) -> tuple[Ruleset, str | None]:
        if which not in self._known:
            try:
                ruleset, campaign = ruleset_of(which, self._campaign)
                self._known[which] = ruleset.on(self._day), campaign
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

        if Path(which).name == "campagne.qdis":
            return "aucun jeu de règles n'est à côté de cette campagne : donnez le jeu, et la campagne avec --campagne"
        if Path(which).is_dir():
            return "ce répertoire ne contient aucun fichier .qdis"
        return "ce chemin n'existe pas"
    return "ce jeu de règles ne peut pas être lu"
