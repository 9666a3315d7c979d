"""What an admitted dossier gives each slot of a plan, before any formula runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction

from qdis_rules.evaluation.results import Origin
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type
from qdis_rules.numbers import ZERO, CauseKind, Exact, NotApplicable, Undefined
from qdis_rules.plan.frame import Known, ListValue, Value, table_of
from qdis_rules.plan.outline import Sheet
from qdis_rules.plan.plan import Plan
from qdis_rules.records import dataclass


@dataclass(frozen=True, slots=True)
class Inputs:
    """Values by slot (zero where a formula will write), and where each came from.

    The first value present is retained: typed, imported, accounts. `others` are the rest,
    `{code: {origin: value}}`; `other_rows` those of computed list columns, by (code, row).
    `supplied` are the cells the dossier itself gives and the tables it begins; `pending` the cells
    that accounts give, by table, if that table applies. `fractions` tells that some number is no Decimal.
    """

    values: list[Value | ListValue]
    parameters: dict[str, Value]
    row_counts: dict[str, int | Undefined | NotApplicable]
    origins: dict[str, Origin]
    others: dict[str, dict[Origin, Known]]
    other_rows: dict[tuple[str, int], Known]
    supplied: set[str]
    supplied_in_row: set[tuple[str, int]]
    pending: Mapping[str, AbstractSet[str]]
    fractions: bool


def inputs_of(
    plan: Plan,
    year: int,
    entered: Mapping[str, Known],
    imported: Mapping[str, Known],
    rows: Mapping[str, Sequence[Mapping[str, Known]]],
    accounts: Mapping[str, Exact],
) -> Inputs:
    """Return the inputs that the parts of a dossier make; `accounts` is what its balance gives cells."""
    outline, slots = plan.outline, plan.slots
    in_row = {
        (f"{table}.*.{column}", index)
        for table, lines in rows.items()
        for index, line in enumerate(lines)
        for column in line
    }
    begun = {table for table, lines in rows.items() if lines}
    begun.update(map(table_of, entered), map(table_of, imported))  # accounts alone begin no table
    supplied = {*begun, *entered, *imported, *(code for code, _ in in_row)}
    pending: dict[str, set[str]] = {}
    for code in accounts:
        table = table_of(code)
        (pending.setdefault(table, set()) if table in slots else supplied).add(code)
    filled = begun.union(map(table_of, accounts))

    values: list[Value | ListValue] = [ZERO] * len(slots)
    origins: dict[str, Origin] = {}
    for table, sheet in outline.sheets.items():
        if sheet.key is not None:
            continue
        for slot, absent in (plan.start.unfilled if table in filled else plan.start.absent)[table]:
            values[slot] = absent
        if table in filled:
            origins.update((code, Origin.EMPTY) for _, code in plan.start.zeros[table])
    others: dict[str, dict[Origin, Known]] = {}
    fractions = False
    for origin, part in ((Origin.TYPED, entered), (Origin.IMPORTED, imported), (Origin.ACCOUNTS, accounts)):
        for code, value in part.items():
            if code in outline.computed or origins.get(code, Origin.EMPTY) is not Origin.EMPTY:
                others.setdefault(code, {})[origin] = value
                continue
            values[slots[code]] = value
            origins[code] = origin
            fractions = fractions or type(value) is Fraction
    row_counts: dict[str, int | Undefined | NotApplicable] = {}
    other_rows: dict[tuple[str, int], Known] = {}
    for sheet in outline.sheets.values():
        if sheet.key is None:
            continue
        lines = rows.get(sheet.code)
        row_counts[sheet.code] = len(lines) if lines is not None else Undefined.of(CauseKind.NO_TABLE, sheet.code)
        for code in sheet.cells:
            name = code.rpartition(".")[2]
            if code not in outline.computed:
                column = _column(sheet, code, name, outline.columns[code], lines)
                values[slots[code]] = column
                fractions = fractions or (isinstance(column, list) and any(isinstance(v, Fraction) for v in column))
            else:
                for index, line in enumerate(lines or ()):
                    if name in line:
                        other_rows[code, index] = line[name]
    parameters = {code: _parameter(parameter, year) for code, parameter in plan.ruleset.parameters.items()}
    return Inputs(values, parameters, row_counts, origins, others, other_rows, supplied, in_row, pending, fractions)


def _parameter(parameter: typed.Parameter, year: int) -> Value:
    found = parameter.value_for(year)
    value = found.value if found is not None else None
    return value if value is not None else Undefined.of(CauseKind.NO_VALUE, f"{parameter.code} ({year})")


def _column(sheet: Sheet, code: str, name: str, kind: Type, lines: Sequence[Mapping[str, Known]] | None) -> ListValue:
    if lines is None:
        return Undefined.of(CauseKind.NO_TABLE, sheet.code)
    zero = sheet.empty_is_zero and isinstance(kind, NumberType)
    return [
        line[name]
        if name in line
        else ZERO
        if zero
        else Undefined.of(CauseKind.ABSENT, f"{sheet.code}.{row_key(sheet.key, line, index)}.{name}")
        for index, line in enumerate(lines)
    ]


def row_key(column: str | None, row: Mapping[str, Known], index: int) -> str:
    """Return how a row of a list is named: what its key `column` holds, else its rank from 1."""
    key = row.get(column) if column is not None else None
    return str(key) if key is not None else f"#{index + 1}"
