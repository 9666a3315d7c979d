"""Dossiers to columns, and one dossier to many: the same with other values in some cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from typing import Any, Final, TypeAlias

import pyarrow as pa

from qdis_rules.batch.evaluate import Runs
from qdis_rules.batch.layout import ACCOUNTS, CELL, IMPORTED, PLACES, BatchError, Layout
from qdis_rules.batch.rows import SET_ASIDE
from qdis_rules.evaluation.admit import admit, from_accounts
from qdis_rules.evaluation.dossier import Dossier, DossierError, Problem
from qdis_rules.evaluation.evaluate import refuse_other_types
from qdis_rules.evaluation.history import Years
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.wording import in_unit
from qdis_rules.model import typed
from qdis_rules.model.typed import UNREACHED
from qdis_rules.model.types import CONDITION, ConditionType, DateType, NumberType, TextType, Type, number_unit
from qdis_rules.numbers import INTEGER_DIGITS, Undefined
from qdis_rules.plan.frame import Value
from qdis_rules.plan.plan import Plan

DOSSIER: Final = "dossier"
ORGANISATION: Final = "organisme"
_VALUES: Final = 8_000_000
"""About how many values a batch of scenarios holds."""

Scenarios: TypeAlias = Mapping[str, Sequence[Any]] | pa.Table | pa.RecordBatch
_Lines: TypeAlias = list[dict[str, Value]]


def columns_of(
    plan: Plan, dossiers: Iterable[Dossier], histories: Iterable[Sequence[Dossier | Report]] = ()
) -> pa.Table:
    """Return the columns that tell dossiers, a row each, with what the rules read of their earlier years.

    Raises DossierError for the first dossier that does not fit, its name before each problem.
    """
    columns = _Columns(plan)
    for dossier, history in zip_longest(dossiers, histories):
        if dossier is None:
            raise ValueError("there are more histories than dossiers")
        columns.add(dossier, history or ())
    return columns.table()


def sensitivity(
    plan: Plan,
    runs: Runs,
    dossier: Dossier,
    scenarios: Scenarios,
    history: Sequence[Dossier | Report] = (),
    results: Sequence[str] | None = None,
) -> pa.Table:
    """Return the results of a dossier with, in each row, the values of `scenarios` instead of its own.

    The columns of `scenarios` stand before the results. Raises DossierError.
    """
    given = scenarios if isinstance(scenarios, pa.Table) else _scenarios(scenarios)
    Layout.of(plan, given.schema)  # a column that is nothing is told before it is kept
    base = columns_of(plan, [dossier], [history]).drop_columns([DOSSIER, ORGANISATION])
    base = base.drop_columns([name for name in base.schema.names if name in given.schema.names]).combine_chunks()
    schema = pa.schema([*given.schema, *base.schema])
    run = runs.of(schema, given.schema.names, results)
    size = max(1, _VALUES // len(schema)) if len(schema) else 1
    same = [column.chunk(0).take(pa.array([0] * min(size, given.num_rows), pa.int32())) for column in base.columns]
    found = []
    for batch in given.combine_chunks().to_batches(max_chunksize=size):
        rows = [*batch.columns, *(column.slice(0, batch.num_rows) for column in same)]
        found.append(run.evaluate(pa.RecordBatch.from_arrays(rows, schema=schema)))
    return pa.Table.from_batches(found, run.schema)


def _scenarios(given: Mapping[str, Sequence[Any]] | pa.RecordBatch) -> pa.Table:
    if isinstance(given, pa.RecordBatch):
        return pa.Table.from_batches([given])
    for name, values in given.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise TypeError(f"{name} takes a sequence of values, one a row: not {values!r}")
    sizes = {len(values) for values in given.values()}
    if len(sizes) > 1:
        why = f"les colonnes n'ont pas toutes autant de valeurs : {', '.join(map(str, sorted(sizes)))}"
        raise BatchError([Problem("scénarios", "colonnes-inegales", why)])
    return pa.table({name: _as_given(values) for name, values in given.items()})


def _as_given(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):  # texts and numbers together, or long numbers
        if any(isinstance(value, float) for value in values):
            return pa.array([None] * len(values), pa.float64())  # told with the other columns
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


class _Columns:
    """Columns as dossiers come: by name, then by row."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._earlier = sorted(_read_of_earlier_years(plan.ruleset))
        self._names: list[tuple[str, str]] = []
        self._values: dict[str, dict[int, Value]] = {}
        self._lines: dict[str, dict[int, _Lines]] = {}

    def add(self, dossier: Dossier, history: Sequence[Dossier | Report]) -> None:
        """Add a row. Raises DossierError."""
        refuse_other_types(dossier, history)
        problems: list[Problem] = []
        years = Years(self._plan, history, problems)
        admitted = admit(self._plan, dossier)
        if isinstance(admitted, list) or problems:
            told = [*(admitted if isinstance(admitted, list) else ()), *problems]
            raise DossierError([Problem(f"{dossier.name}/{p.pointer}", p.code, p.message) for p in told])
        row = len(self._names)
        self._names.append((dossier.name, dossier.organisation))
        for code, value in admitted.typed.items():
            self._put(code, row, value)
        for code, value in admitted.imported.items():
            self._put(code + IMPORTED, row, value)
        if admitted.balance is not None:
            for code, amount in from_accounts(self._plan, admitted.balance).items():
                self._put(code + ACCOUNTS, row, amount)
            self._put(UNREACHED, row, not admitted.balance.unreached(self._plan.outline.readings))
        for code, lines in admitted.rows.items():
            self._lines.setdefault(code, {})[row] = [dict(line) for line in lines]
        before = years.before(dossier.year)
        for code, back in self._earlier:
            past = before(back)
            if past is not None:
                stood = past.cell(code) if code in self._plan.ruleset.cells else past.aggregate(code)
                if not isinstance(stood, Undefined):
                    self._put(f"{code}[N-{back}]", row, stood)

    def _put(self, name: str, row: int, value: Value) -> None:
        self._values.setdefault(name, {})[row] = value

    def table(self) -> pa.Table:
        """Return the columns, in order of declaration."""
        ruleset, size = self._plan.ruleset, len(self._names)
        arrays = {
            DOSSIER: pa.array([name for name, _ in self._names], pa.string()),
            ORGANISATION: pa.array([organisation for _, organisation in self._names], pa.string()),
        }
        for name, kind in self._order():
            found = self._values.get(name)
            if found is not None:
                arrays[name] = _array([found.get(row) for row in range(size)], kind)
        for code, rows in self._lines.items():
            table = ruleset.tables[code]
            used = {column for lines in rows.values() for line in lines for column in line}
            kinds = {column: ruleset.cells[f"{code}.*.{column}"].type for column in table.columns if column in used}
            arrays[code] = _list([rows.get(row) for row in range(size)], kinds)
        return pa.table(arrays)

    def _order(self) -> Iterator[tuple[str, Type]]:
        ruleset = self._plan.ruleset
        fixed = [cell for cell in ruleset.cells.values() if cell.row != "*"]
        for suffix in ("", IMPORTED, ACCOUNTS):
            yield from ((cell.code + suffix, cell.type) for cell in fixed)
        yield UNREACHED, CONDITION
        for code, back in self._earlier:
            yield f"{code}[N-{back}]", (ruleset.cells.get(code) or ruleset.aggregates[code]).type


def _read_of_earlier_years(ruleset: typed.TypedRuleset) -> set[tuple[str, int]]:
    """Return what rules read of earlier years: (code, how many years ago)."""
    written = [cell.formula for cell in ruleset.cells.values()]
    written += [table.closed for table in ruleset.tables.values()]
    written += [expr for each in ruleset.aggregates.values() for expr in (each.guard, each.formula)]
    written += [
        expr for check in ruleset.checks.values() for each in check.instances for expr in (each.guard, each.body)
    ]
    found = {(cell.carried_from, 1) for cell in ruleset.cells.values() if cell.carried_from is not None}
    for expr in written:
        for node in typed.walk(expr) if expr is not None else ():
            match node:
                case typed.CellValue(code, back) | typed.AggregateValue(code, back) if back:
                    found.add((code, back))
                case _:
                    pass
    return found


def _list(rows: Sequence[_Lines | None], kinds: Mapping[str, Type]) -> pa.Array:
    lines = [line for found in rows for line in found or ()]
    columns = [_array([line.get(name) for line in lines], kind) for name, kind in kinds.items()]
    offsets: list[int | None] = []
    count = 0
    for found in rows:
        offsets.append(None if found is None else count)
        count += len(found or ())
    offsets.append(count)
    fields = [pa.field(name, column.type) for name, column in zip(kinds, columns, strict=True)]
    structs = pa.StructArray.from_arrays(columns, fields=fields) if columns else pa.array([{}] * count, pa.struct([]))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs)


def _array(values: Sequence[Value | None], kind: Type) -> pa.Array:
    """Return values in base units as a column holds them: in the declared unit of their cell."""
    match kind:
        case NumberType():
            unit = number_unit(kind)
            sizes = [in_unit(each, unit) if isinstance(each, Decimal | Fraction) else each for each in values]
            if all(each is None or (isinstance(each, Decimal) and _is_short(each)) for each in sizes):
                return pa.array(sizes, CELL)
            return pa.array([None if each is None else _text(each) for each in sizes], pa.string())
        case TextType():  # only its presence is ever read
            return pa.array([each if isinstance(each, str) else None for each in values], pa.string())
        case ConditionType() if all(each is None or isinstance(each, bool) for each in values):
            return pa.array(values, pa.bool_())
        case DateType() if all(each is None or isinstance(each, date) for each in values):
            return pa.array(values, pa.date32())
        case _:
            return pa.array([None if each is None else _text(each) for each in values], pa.string())


def _is_short(number: Decimal) -> bool:
    """True for what a dossier may give."""
    _, digits, exponent = number.as_tuple()
    return isinstance(exponent, int) and exponent >= -PLACES and len(digits) + exponent <= INTEGER_DIGITS


def _text(value: Any) -> str:
    match value:
        case bool():
            return "oui" if value else "non"
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case date():
            return value.isoformat()
        case str():
            return value
        case _:
            return SET_ASIDE
