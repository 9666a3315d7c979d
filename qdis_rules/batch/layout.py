"""What each column of a batch of dossiers is, and which columns the results have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa

from qdis_rules.evaluation.dossier import DossierError, Problem
from qdis_rules.evaluation.results import Origin, Status, Verdict
from qdis_rules.evaluation.verify import SUFFIX
from qdis_rules.model.typed import UNREACHED, Cell, TypedRuleset
from qdis_rules.model.types import CONDITION, ConditionType, DateType, NumberType, Type
from qdis_rules.numbers import DECIMALS, INTEGER_DIGITS
from qdis_rules.plan.plan import Plan
from qdis_rules.suggest import nearest

READY: Final = "pret"
PROBLEMS: Final = "problemes"
STATUS: Final = ":statut"
DIGITS: Final = 38
"""Of a number in a column of results."""
PLACES: Final = DECIMALS
"""Decimals of a number for which the ruleset declares none."""
WORD: Final = pa.dictionary(pa.int8(), pa.string())
STATUSES: Final = tuple(Status)
VERDICTS: Final = tuple(Verdict)

IMPORTED: Final = f"~{SUFFIX[Origin.IMPORTED]}"
ACCOUNTS: Final = f"~{SUFFIX[Origin.ACCOUNTS]}"
CELL: Final = pa.decimal128(INTEGER_DIGITS + PLACES, PLACES)
"""Holds any number a dossier may give."""
_EARLIER: Final = re.compile(r"(.+)\[N-([1-9][0-9]?)\]")
_SUGGESTED: Final = 50
"""Nearest names cost: a table of something else gets enough of them."""


class BatchError(DossierError):
    """The columns, the results asked or the files of a run cannot be used. `problems` tells every reason."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a batch are, each by its place.

    `typed`, `imported` and `accounts` are cells by code, `lists` lists; `past` cells and aggregates, by how many
    years ago; `reached` says whether every account of a balance reached a cell.
    """

    schema: pa.Schema = field(repr=False)
    typed: Mapping[str, int]
    imported: Mapping[str, int]
    accounts: Mapping[str, int]
    lists: Mapping[str, int]
    past: Mapping[int, Mapping[str, int]]
    reached: int | None
    kept: tuple[int, ...]

    @classmethod
    def of(cls, plan: Plan, schema: pa.Schema, keep: Sequence[str] = ()) -> Layout:
        """Return the layout of a schema; the columns of `keep` are carried to the results.

        Raises BatchError, with every column that is nothing the ruleset knows, or cannot be what its name says.
        """
        return _Reader(plan, schema, keep).read()

    def second_values(self, ruleset: TypedRuleset) -> Iterator[str]:
        """Yield the names of the checks on second values that these columns may call for, by cell."""
        for code, cell in ruleset.cells.items():
            if cell.row == "*":
                place = self.lists.get(cell.table)
                columns = () if place is None else (part.name for part in fields_of(self.schema.types[place]))
                if cell.formula is not None and cell.column in columns:
                    yield f"{code}~{SUFFIX[Origin.TYPED]}"
                continue
            given = [
                origin
                for origin, there in (
                    (Origin.TYPED, code in self.typed),
                    (Origin.IMPORTED, code in self.imported),
                    (Origin.ACCOUNTS, code in self.accounts),
                    (Origin.CARRIED, cell.carried_from in self.past.get(1, ())),
                )
                if there
            ]
            for origin in given if cell.formula is not None else given[1:]:  # the first may be retained
                yield f"{code}~{SUFFIX[origin]}"
        if self.reached is not None:
            yield UNREACHED


class _Reader:
    def __init__(self, plan: Plan, schema: pa.Schema, keep: Sequence[str]) -> None:
        self.plan = plan
        self.ruleset = plan.ruleset
        self.schema = schema
        self.keep = tuple(keep)
        self.problems: list[Problem] = []
        self.typed: dict[str, int] = {}
        self.imported: dict[str, int] = {}
        self.accounts: dict[str, int] = {}
        self.lists: dict[str, int] = {}
        self.past: dict[int, dict[str, int]] = {}
        self.reached: int | None = None

    def read(self) -> Layout:
        seen: set[str] = set()
        for place, (name, arrow) in enumerate(zip(self.schema.names, self.schema.types, strict=True)):
            if name in seen:
                self._problem(name, "colonne-en-double", f"il y a deux colonnes {name}")
            seen.add(name)
            self._column(place, name, arrow)
        for name in self.keep:
            if name not in seen:
                near = nearest(name, seen)
                more = f" ; vouliez-vous dire {near} ?" if near else ""
                self._problem(name, "colonne-absente", f"il n'y a pas de colonne {name} à garder{more}")
        if self.problems:
            raise BatchError(self.problems)
        kept = tuple(self.schema.names.index(name) for name in dict.fromkeys(self.keep))
        return Layout(self.schema, self.typed, self.imported, self.accounts, self.lists, self.past, self.reached, kept)

    def _column(self, place: int, name: str, arrow: pa.DataType) -> None:
        cells = self.ruleset.cells
        earlier = _EARLIER.fullmatch(name)
        if name in cells and cells[name].row != "*":
            self._place(self.typed, name, place, name, cells[name].type, arrow)
        elif name in self.plan.lists:
            self._list(place, name, arrow)
        elif earlier is not None and (kind := self._earlier_kind(earlier[1])) is not None:
            self._place(self.past.setdefault(int(earlier[2]), {}), earlier[1], place, name, kind, arrow)
        elif name == UNREACHED:
            if self._fits(name, CONDITION, arrow):
                self.reached = place
        elif (cell := self._fixed(name.removesuffix(IMPORTED))) and name.endswith(IMPORTED):
            self._place(self.imported, cell.code, place, name, cell.type, arrow)
        elif (cell := self._fixed(name.removesuffix(ACCOUNTS))) and name.endswith(ACCOUNTS):
            if cell.selection is None:
                self._problem(name, "colonne-inconnue", f"{cell.code} ne lit pas de comptes")
            else:
                self._place(self.accounts, cell.code, place, name, cell.type, arrow)
        elif name not in self.keep:
            self._unknown(name)

    def _fixed(self, code: str) -> Cell | None:
        cell = self.ruleset.cells.get(code)
        return cell if cell is not None and cell.row != "*" else None

    def _earlier_kind(self, code: str) -> Type | None:
        cell, aggregate = self._fixed(code), self.ruleset.aggregates.get(code)
        return cell.type if cell is not None else aggregate.type if aggregate is not None else None

    def _place(self, where: dict[str, int], code: str, place: int, name: str, kind: Type, arrow: pa.DataType) -> None:
        if self._fits(name, kind, arrow):
            where[code] = place

    def _list(self, place: int, name: str, arrow: pa.DataType) -> None:
        self.lists[name] = place
        if pa.types.is_null(arrow) or (_is_list(arrow) and pa.types.is_null(arrow.value_type)):
            return  # lists not supplied, or without a row
        if not _is_list(arrow) or not pa.types.is_struct(arrow.value_type):
            wanted = "les lignes d'une liste viennent en list<struct<colonne: …>>"
            self._problem(name, "genre-de-colonne", f"{wanted}, pas en {arrow}")
            return
        table = self.ruleset.tables[name]
        for part in arrow.value_type:
            cell = self.ruleset.cells.get(f"{name}.*.{part.name}")
            if cell is None:
                near = nearest(part.name, table.columns)
                more = f" ; vouliez-vous dire {near} ?" if near else ""
                self._problem(f"{name}/{part.name}", "colonne-inconnue", f"{name} n'a pas de colonne {part.name}{more}")
            else:
                self._fits(f"{name}/{part.name}", cell.type, part.type)

    def _fits(self, pointer: str, kind: Type, arrow: pa.DataType) -> bool:
        if pa.types.is_dictionary(arrow):
            arrow = arrow.value_type
        if _is_text(arrow) or pa.types.is_null(arrow):
            return True
        match kind:
            case NumberType():
                fits, wanted = pa.types.is_decimal(arrow) or pa.types.is_integer(arrow), "des décimaux, des entiers ou"
                if pa.types.is_floating(arrow):
                    advice = f"convertissez-la en decimal128({CELL.precision}, {CELL.scale}), ou lisez-la en texte"
                    why = f"une colonne de flottants ({arrow}) n'est pas exacte : {advice}"
                    self._problem(pointer, "colonne-flottante", why)
                    return False
            case ConditionType():
                fits, wanted = pa.types.is_boolean(arrow), "des booléens ou"
            case DateType():
                fits, wanted = pa.types.is_date(arrow), "des dates (date32) ou"
            case _:
                fits, wanted = False, ""
        if not fits:
            why = f"une colonne qui attend {kind} contient {wanted + ' ' if wanted else ''}des textes, pas {arrow}"
            self._problem(pointer, "genre-de-colonne", why)
        return bool(fits)

    def _unknown(self, name: str) -> None:
        code = name.partition("[")[0]
        table = code.partition(".")[0]
        if name in self.ruleset.aggregates:
            why = f"{name} est un agrégat, qui se calcule ; d'un exercice antérieur, écrivez {name}[N-1]"
        elif table in self.plan.lists:
            why = f"{table} est une liste : donnez ses lignes dans une colonne {table}, sans exercice antérieur"
        else:
            known = [c for c, cell in self.ruleset.cells.items() if cell.row != "*"]
            near = nearest(code, (*known, *self.plan.lists)) if len(self.problems) < _SUGGESTED else None
            more = f" ; vouliez-vous dire {near} ?" if near else " ; une colonne à reporter se garde (keep, --garder)"
            why = f"{name} n'est pas connu du jeu {self.ruleset.year}{more}"
        self._problem(name, "colonne-inconnue", why)

    def _problem(self, pointer: str, code: str, message: str) -> None:
        self.problems.append(Problem(pointer, code, message))


def listed(names: Iterable[str | Path]) -> tuple[str, ...]:
    """Return a sequence of names as one that stays. Raises TypeError for a name alone, whose letters are no names."""
    if isinstance(names, str | Path):
        raise TypeError(f"a sequence of names is expected: [{str(names)!r}], not {str(names)!r}")
    return tuple(map(str, names))


def empty(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch without a row."""
    return pa.RecordBatch.from_pylist([], schema)


def _is_text(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_string(arrow) or pa.types.is_large_string(arrow) or pa.types.is_string_view(arrow))


def _is_list(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_list(arrow) or pa.types.is_large_list(arrow) or pa.types.is_fixed_size_list(arrow))


def fields_of(arrow: pa.DataType) -> tuple[pa.Field, ...]:
    """Return the fields of the rows of a list; none when it never has a row."""
    return tuple(arrow.value_type) if _is_list(arrow) and pa.types.is_struct(arrow.value_type) else ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A result: the value of an aggregate or a cell (its `kind`, its decimals), or a verdict (`kind` None).

    The verdict `name` of a check over the rows of a list is the worst of them.
    """

    name: str
    kind: Type | None = None
    places: int = PLACES

    @property
    def fields(self) -> list[pa.Field]:
        """The columns it is told in."""
        match self.kind:
            case None:
                return [pa.field(self.name, WORD)]
            case NumberType():
                arrow = pa.decimal128(DIGITS, self.places)
            case ConditionType():
                arrow = pa.bool_()
            case DateType():
                arrow = pa.date32()
            case _:
                arrow = pa.string()
        return [pa.field(self.name, arrow), pa.field(self.name + STATUS, WORD)]


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a batch, in order, and the schema they make after the columns kept."""

    wanted: tuple[Wanted, ...]
    schema: pa.Schema = field(repr=False)

    @classmethod
    def of(cls, plan: Plan, layouts: Sequence[Layout], results: Sequence[str] | None = None) -> Results:
        """Return the results asked, by default every aggregate that is not `interne` and every check.

        Batches of several layouts have the same results. Raises BatchError, with every code that is no result,
        and every column kept that is not of the same type in all.
        """
        ruleset = plan.ruleset
        seconds = tuple(dict.fromkeys(name for layout in layouts for name in layout.second_values(ruleset)))
        checks = {code: names_of(plan, code) for code in plan.trials}
        problems: list[Problem] = []
        if results is None:
            wanted = [_value(ruleset, code) for code, each in ruleset.aggregates.items() if not each.internal]
            wanted += [Wanted(name) for names in checks.values() for name in names]
            wanted += [Wanted(name) for name in seconds]
        else:
            wanted = []
            names = {*seconds, *(name for names in checks.values() for name in names)}
            for code in dict.fromkeys(results):
                cell = ruleset.cells.get(code)
                if code in ruleset.aggregates or (cell is not None and cell.row != "*"):
                    wanted.append(_value(ruleset, code))
                elif code in names:
                    wanted.append(Wanted(code))
                elif code in checks:
                    wanted += [Wanted(name) for name in checks[code]]
                else:
                    problems.append(_no_result(ruleset, code, (*names, *checks)))
        wanted = list(dict.fromkeys(wanted))
        first, *others = ([layout.schema.field(place) for place in layout.kept] for layout in layouts)
        kept = [part.with_nullable(True).remove_metadata() for part in first]
        for part, same in zip(first, zip(*others, strict=True), strict=False):
            if any(other.type != part.type for other in same):
                kinds = ", ".join(sorted({str(part.type), *(str(other.type) for other in same)}))
                why = f"la colonne gardée {part.name} n'a pas le même type partout ({kinds})"
                problems.append(Problem(part.name, "genre-de-colonne", why))
        fields = [*kept, pa.field(READY, pa.bool_()), pa.field(PROBLEMS, pa.string())]
        fields += [part for each in wanted for part in each.fields]
        seen: set[str] = set()
        for part in fields:
            if part.name in seen:
                problems.append(
                    Problem(part.name, "colonne-en-double", f"{part.name} serait deux fois dans le résultat")
                )
            seen.add(part.name)
        if problems:
            raise BatchError(problems)
        return cls(tuple(wanted), pa.schema(fields))


def names_of(plan: Plan, code: str) -> tuple[str, ...]:
    """Return the names of the results of a check; of a check over the rows of a list, its code alone."""
    names = (
        code if trial.rows_of is not None or trial.key is None else f"{code}[{trial.key}]"
        for trial in plan.trials[code]
    )
    return tuple(dict.fromkeys(names))


def _value(ruleset: TypedRuleset, code: str) -> Wanted:
    aggregate = ruleset.aggregates.get(code)
    if aggregate is None:
        return Wanted(code, ruleset.cells[code].type)
    return Wanted(code, aggregate.type, PLACES if aggregate.places is None else aggregate.places)


def _no_result(ruleset: TypedRuleset, code: str, names: Sequence[str]) -> Problem:
    fixed = (each for each, cell in ruleset.cells.items() if cell.row != "*")
    near = nearest(code, (*names, *ruleset.aggregates, *fixed))
    more = f" ; vouliez-vous dire {near} ?" if near else ""
    why = f"{code} n'est ni un agrégat, ni un contrôle, ni une cellule d'un tableau fixe{more}"
    return Problem(code, "resultat-inconnu", why)


def words(column: Sequence[str | None], known: Sequence[str]) -> pa.DictionaryArray:
    """Return a column of words out of those known: the same dictionary in every batch."""
    places = {word: place for place, word in enumerate(known)}
    indices = pa.array([None if word is None else places[word] for word in column], pa.int8())
    return pa.DictionaryArray.from_arrays(indices, pa.array([str(word) for word in known]))


__all__ = [
    "PLACES",
    "PROBLEMS",
    "READY",
    "STATUS",
    "STATUSES",
    "VERDICTS",
    "BatchError",
    "Layout",
    "Results",
    "Wanted",
    "empty",
    "listed",
    "names_of",
    "words",
]
