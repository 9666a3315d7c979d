"""Reference quartiles as CSV: what a family of organisations has for an aggregate, and how far to trust it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Final

from qdis_rules.evaluation.dossier import DossierError, Problem
from qdis_rules.evaluation.entries import Refused, read_number
from qdis_rules.files import CannotRead, TooLarge, read_file
from qdis_rules.pipeline import REFERENCES, Ruleset, references_path
from qdis_rules.records import dataclass
from qdis_rules.suggest import nearest

MAX_BYTES: Final = 5_000_000
RELIABILITIES: Final = ("sourcée", "partielle", "déduite", "à confirmer")
_MAX_GUESSES: Final = 50
"""Past so many problems no nearest name is looked for: it is slow, and nobody reads that far."""
_COLUMNS: Final = ("agrégat", "code", "famille", "q1", "médiane", "q3", "unité", "source", "fiabilité", "remarque")


@dataclass(frozen=True, slots=True)
class Reference:
    """The quartiles of one aggregate in one family; numbers in `unit`, which is the aggregate's own."""

    aggregate: str
    code: str
    family: str
    q1: Decimal
    median: Decimal
    q3: Decimal
    unit: str
    source: str
    reliability: str
    remark: str


def load_references(which: int | str | Path, ruleset: Ruleset) -> tuple[Reference, ...]:
    """Return the references that stand with a ruleset, in `quartiles.csv` in its folder; none without that file.

    Raises:
        FileNotFoundError: no such bundled year, folder or file.
        DossierError: what `read_references` says.
    """
    path = references_path(which)
    return read_references(path, ruleset) if path.exists() else ()


def read_references(path: str | Path, ruleset: Ruleset) -> tuple[Reference, ...]:
    """Return the references of a CSV file (`;`, UTF-8), in order of its lines.

    Columns: agrégat, code, famille, q1, médiane, q3, unité, source, fiabilité, remarque.

    Raises:
        DossierError: the file cannot be read, an aggregate is not of the ruleset or not in the unit
            given, quartiles are out of order, a line stands twice; every line is told.
    """
    path = Path(path)
    try:
        text = read_file(path, MAX_BYTES).decode("utf-8-sig")
    except TooLarge as error:
        raise DossierError([Problem(path.name, "fichier-trop-gros", str(error))]) from None
    except CannotRead as error:
        raise DossierError([Problem(path.name, "references-introuvables", str(error))]) from None
    except UnicodeDecodeError:
        raise DossierError([Problem(path.name, "references-illisibles", "ce fichier n'est pas en UTF-8")]) from None
    return parse_references(text, ruleset, path.name)


def parse_references(text: str, ruleset: Ruleset, name: str = REFERENCES) -> tuple[Reference, ...]:
    """Return the references written in `text`. Raises DossierError."""
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    except csv.Error:
        raise DossierError([Problem(name, "references-illisibles", "ligne de CSV mal formée")]) from None
    if not rows or tuple(title.strip() for title in rows[0]) != _COLUMNS:
        raise DossierError([Problem(f"{name}:1", "colonne-absente", f"l'en-tête attendu est {' ; '.join(_COLUMNS)}")])
    problems: list[Problem] = []
    found: dict[tuple[str, str], Reference] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(field.strip() for field in row):
            continue
        told = len(problems)
        reference = _reference(row, ruleset, f"{name}:{line}", problems)
        if reference is None or len(problems) > told:
            continue
        key = (reference.aggregate, reference.family)
        if key in found:
            problems.append(Problem(f"{name}:{line}", "reference-en-double", f"{key[0]} a déjà la famille {key[1]}"))
        found[key] = reference
    if problems:
        raise DossierError(problems)
    return tuple(found.values())


def _reference(row: list[str], ruleset: Ruleset, place: str, problems: list[Problem]) -> Reference | None:
    fields = [field.strip() for field in row]
    if len(fields) != len(_COLUMNS):
        problems.append(Problem(place, "colonne-absente", f"{len(fields)} colonnes pour {len(_COLUMNS)}"))
        return None
    aggregate, code, family, *numbers, unit, source, reliability, remark = fields
    _fits(aggregate, unit, ruleset, place, problems)
    if not (code and family and source):
        problems.append(Problem(place, "reference-incomplete", "code, famille et source sont à remplir"))
    if reliability not in RELIABILITIES:
        known = ", ".join(RELIABILITIES)
        problems.append(Problem(place, "fiabilite-inconnue", f"« {reliability} » n'est pas de : {known}"))
    try:
        q1, median, q3 = map(read_number, numbers)
    except Refused as refused:
        problems.append(Problem(place, refused.code, str(refused)))
        return None
    if not q1 <= median <= q3:
        problems.append(Problem(place, "quartiles-desordonnes", "q1 <= médiane <= q3 n'est pas respecté"))
    return Reference(aggregate, code, family, q1, median, q3, unit, source, reliability, remark)


def _fits(code: str, unit: str, ruleset: Ruleset, place: str, problems: list[Problem]) -> None:
    aggregate = ruleset.aggregates.get(code)
    if aggregate is None:
        near = nearest(code, ruleset.aggregates) if len(code) < 200 and len(problems) < _MAX_GUESSES else None
        hint = f" ; vouliez-vous dire {near} ?" if near else ""
        problems.append(Problem(place, "agregat-inconnu", f"{code} n'est pas un agrégat du jeu {ruleset.year}{hint}"))
    elif unit != str(aggregate.unit):
        expected = f"{code} est en {aggregate.unit}, la référence en {unit or 'nombre sans unité'}"
        problems.append(Problem(place, "unite-differente", expected))
