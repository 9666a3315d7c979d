"""The exact way: each row a dossier, admitted and evaluated like any other. It is the judge of any faster one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, cast

import pyarrow as pa

from qdis_rules.batch.layout import (
    DIGITS,
    PROBLEMS,
    READY,
    STATUS,
    STATUSES,
    VERDICTS,
    Layout,
    Results,
    Wanted,
    words,
)
from qdis_rules.evaluation.admit import admit
from qdis_rules.evaluation.dossier import Dossier, Problem, Raw
from qdis_rules.evaluation.entries import Refused, read_value
from qdis_rules.evaluation.results import BLOCKING, Status, Verdict
from qdis_rules.evaluation.run import Evaluation, run
from qdis_rules.evaluation.verify import all_checks
from qdis_rules.evaluation.wording import in_unit
from qdis_rules.model.typed import UNREACHED
from qdis_rules.model.types import CONDITION, NumberType, TextType, Type, number_unit
from qdis_rules.numbers import (
    NOT_APPLICABLE,
    CauseKind,
    Exact,
    NotApplicable,
    NumberTooLarge,
    Undefined,
    exact,
    round_shown,
)
from qdis_rules.plan.frame import Known, Past, Value
from qdis_rules.plan.plan import Plan

_AT_ONCE: Final = 256
"""Rows turned into Python objects at once."""
_QUOTIENT: Final = re.compile(r"(-?[0-9]{1,400})/([0-9]{1,400})")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?")
SET_ASIDE: Final = "sans objet"
"""What a column of an earlier year says of a value that was *sans objet*."""
_WORST: Final = (Verdict.VIOLATED, Verdict.UNDETERMINED, Verdict.SATISFIED, Verdict.NOT_APPLICABLE, Verdict.DEACTIVATED)
_SEVERITY: Final = {verdict: place for place, verdict in enumerate(_WORST)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A dossier that has no results."""

    problems: tuple[Problem, ...]

    @property
    def text(self) -> str:
        """The problems, one a line."""
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class Told:
    """The results of one dossier: a value (and its status) or a verdict for each wanted."""

    ready: bool
    results: tuple[Any, ...]


class _ColumnPast(Past):
    """An earlier year as the columns of a row tell it: what they do not is absent."""

    def __init__(self, year: int, values: Mapping[str, Known | NotApplicable]) -> None:
        super().__init__()
        self._year = year
        self._values = values

    def cell(self, code: str) -> Value:
        """Return a cell, in base units."""
        found = self._values.get(code)
        return found if found is not None else Undefined.of(CauseKind.ABSENT, f"{code} ({self._year})")

    aggregate = cell


class ExactRows:
    """Evaluates the rows of batches of one layout, one by one."""

    def __init__(self, plan: Plan, layout: Layout, results: Results) -> None:
        self._plan = plan
        self._layout = layout
        self._results = results
        self._verdicts = {each.name for each in results.wanted if each.kind is None}
        standing = plan.ruleset.standings.get(UNREACHED)
        self._reached_blocks = standing is None or (standing.active and standing.severity == BLOCKING)
        self._reached_active = standing is None or standing.active

    def evaluate(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the results of every row, in order, without the columns kept."""
        return self._batch(self.told(batch))

    def told(self, batch: pa.RecordBatch) -> list[Told | Refusal]:
        """Return what is told of every row, in order."""
        told: list[Told | Refusal] = []
        for start in range(0, batch.num_rows, _AT_ONCE):
            columns = [column.to_pylist() for column in batch.slice(start, _AT_ONCE).columns]
            told += [self._row(row) for row in zip(*columns, strict=True)]
        return told

    # --- one row --------------------------------------------------------------------

    def _row(self, row: Sequence[Any]) -> Told | Refusal:
        layout, year = self._layout, self._plan.ruleset.year
        problems: list[Problem] = []
        accounts = dict(self._accounts(row, problems))
        years = dict(self._years(row, problems))
        reached = self._reached(row, problems)
        lists = {code: row[place] for code, place in layout.lists.items() if row[place] is not None}
        for code, lines in lists.items():
            if None in lines:
                problems.append(Problem(f"listes/{code}/{lines.index(None)}", "ligne-absente", "cette ligne est nulle"))
        if not any(None in lines for lines in lists.values()):
            dossier = Dossier(
                year,
                typed={code: row[place] for code, place in layout.typed.items()},
                imported={code: row[place] for code, place in layout.imported.items()},
                lists=lists,
            )
            admitted = admit(self._plan, dossier, accounts=accounts)
            if not problems and not isinstance(admitted, list):
                return self._told(run(self._plan, admitted, years.get), reached)
            problems = [*(admitted if isinstance(admitted, list) else ()), *problems]
        return Refusal(tuple(problems))

    def _accounts(self, row: Sequence[Any], problems: list[Problem]) -> Iterator[tuple[str, Exact]]:
        for code, place in self._layout.accounts.items():
            kind = self._plan.ruleset.cells[code].type
            value = _read(f"comptes/{code}", row[place], kind, problems)
            if isinstance(value, Decimal | Fraction):
                yield code, value

    def _years(self, row: Sequence[Any], problems: list[Problem]) -> Iterator[tuple[int, Past]]:
        ruleset = self._plan.ruleset
        for back, places in self._layout.past.items():
            values: dict[str, Known | NotApplicable] = {}
            for code, place in places.items():
                item = ruleset.cells.get(code) or ruleset.aggregates[code]
                value = _read(f"{code}[N-{back}]", row[place], item.type, problems, earlier=True)
                if value is not None:
                    values[code] = value
            if values:
                yield back, _ColumnPast(ruleset.year - back, values)

    def _reached(self, row: Sequence[Any], problems: list[Problem]) -> bool | None:
        if self._layout.reached is None:
            return None
        return _read(UNREACHED, row[self._layout.reached], CONDITION, problems)  # type: ignore[return-value]

    # --- its results ------------------------------------------------------------------

    def _told(self, evaluation: Evaluation, reached: bool | None) -> Told | Refusal:
        checks = all_checks(evaluation)
        verdicts: dict[str, Verdict] = {}
        for name in checks:
            column = name if name in self._verdicts else name.partition("[")[0]
            verdict = checks.verdict(name)
            known = verdicts.get(column)
            if known is None or _SEVERITY[verdict] < _SEVERITY[known]:
                verdicts[column] = verdict
        ready = not checks.blocking
        if reached is not None:
            verdicts[UNREACHED] = (
                Verdict.DEACTIVATED if not self._reached_active else Verdict.SATISFIED if reached else Verdict.VIOLATED
            )
            ready = ready and (reached or not self._reached_blocks)
        found: list[Any] = []
        too_long: list[Problem] = []
        for wanted in self._results.wanted:
            if wanted.kind is None:
                found.append(verdicts.get(wanted.name))
                continue
            value, status = _value(evaluation, wanted)
            if isinstance(value, Decimal) and len(value.as_tuple().digits) > DIGITS:
                why = f"cette valeur a plus de {DIGITS} chiffres avec {wanted.places} décimales"
                too_long.append(Problem(wanted.name, "valeur-trop-longue", why))
            found.append((value, status))
        return Refusal(tuple(too_long)) if too_long else Told(ready, tuple(found))

    def _batch(self, told: Sequence[Told | Refusal]) -> pa.RecordBatch:
        arrays: dict[str, pa.Array] = {
            READY: pa.array([None if isinstance(each, Refusal) else each.ready for each in told], pa.bool_()),
            PROBLEMS: pa.array([each.text if isinstance(each, Refusal) else None for each in told], pa.string()),
        }
        for place, wanted in enumerate(self._results.wanted):
            column = [None if isinstance(each, Refusal) else each.results[place] for each in told]
            if wanted.kind is None:
                arrays[wanted.name] = words(column, VERDICTS)
                continue
            arrays[wanted.name] = pa.array([each and each[0] for each in column], wanted.fields[0].type)
            arrays[wanted.name + STATUS] = words([each and each[1] for each in column], STATUSES)
        return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


def _value(evaluation: Evaluation, wanted: Wanted) -> tuple[Any, Status]:
    """Return a value as a column holds it, in its declared unit, and its status."""
    value = evaluation.value(wanted.name)
    if value is NOT_APPLICABLE:
        return None, Status.NOT_APPLICABLE
    if isinstance(value, Undefined):
        cell = evaluation.plan.ruleset.cells.get(wanted.name)
        entered = cell is not None and cell.formula is None
        return None, Status.ABSENT if entered else Status.UNDEFINED
    if isinstance(value, Decimal | Fraction):
        return round_shown(in_unit(value, number_unit(cast(Type, wanted.kind))), wanted.places), Status.PRESENT
    return value, Status.PRESENT


def _read(
    pointer: str, raw: Raw, kind: Type, problems: list[Problem], *, earlier: bool = False
) -> Known | NotApplicable | None:
    """Return a value that somebody computed, whatever its length: in base units, None when there is none."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if earlier and not isinstance(kind, TextType) and raw == SET_ASIDE:
        return NOT_APPLICABLE
    try:
        number = computed_number(raw) if isinstance(kind, NumberType) else None
        return exact(number * number_unit(kind).scale) if number is not None else read_value(raw, kind)
    except Refused as refused:
        problems.append(Problem(pointer, refused.code, str(refused)))
    except NumberTooLarge:
        problems.append(Problem(pointer, "nombre-trop-long", "ce nombre est trop long"))
    return None


def computed_number(raw: Raw) -> Fraction | None:
    """Return a number that somebody computed, « -4/3 » included; None for what is none."""
    if isinstance(raw, Decimal):
        return Fraction(raw) if raw.is_finite() else None
    quotient = _QUOTIENT.fullmatch(raw) if isinstance(raw, str) else None
    if quotient is not None and int(quotient[2]) != 0:
        return Fraction(int(quotient[1]), int(quotient[2]))
    return Fraction(raw) if isinstance(raw, str) and _DECIMAL.fullmatch(raw) else None
