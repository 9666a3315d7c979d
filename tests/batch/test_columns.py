"""The columns say what the rows say: of random rulesets, batches, ties and absences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from qdis_rules.batch.columns import Room
from qdis_rules.batch.evaluate import PIECE, run_of
from qdis_rules.evaluation.dossier import Raw
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, TextType, Type
from qdis_rules.pipeline import Ruleset
from tests.properties.agreement import compiled, well_typed
from tests.properties.campaign import examples
from tests.strategies import TIES, raw_values, rulesets

AMOUNTS = st.one_of(
    st.sampled_from((0, 0, 0, 1, -1, 2, 3, 10, 100)),
    st.sampled_from(TIES).map(Decimal),
    st.integers(-5000, 5000).map(lambda n: Decimal(n) / 8),
    st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 100),
    st.sampled_from(("0,5", "1\u202f250,00", "-3,25")),
)
STRANGE = st.sampled_from((10**14, "-999999999999999,999999", "abc", "1,2345678", "", "  ", Decimal(10) ** 10))


def values(kind: Type, strange: bool) -> st.SearchStrategy[Raw]:
    """Return values of a kind, mostly of a size that columns take; some that nobody takes, if `strange`."""
    if isinstance(kind, NumberType) and not kind.integer:
        return st.one_of(AMOUNTS, AMOUNTS, AMOUNTS, STRANGE) if strange else AMOUNTS
    return raw_values(kind)


def past_values(kind: Type) -> st.SearchStrategy[Raw]:
    """Return values of an earlier year, which may be quotients, or sans objet."""
    if isinstance(kind, NumberType):
        return st.one_of(AMOUNTS, st.sampled_from(("sans objet", "-4/3", "1/7", "22/7000000000000001")))
    return raw_values(kind)


def text(raw: Raw) -> str | None:
    match raw:
        case None:
            return None
        case bool():
            return "oui" if raw else "non"
        case Decimal():
            return format(raw, "f")
        case date():
            return raw.isoformat()
        case _:
            return str(raw)


def column(draw: Any, raws: Sequence[Raw]) -> pa.Array:
    """Return a column, as numbers or as text."""
    kinds = {type(raw) for raw in raws if raw is not None}
    if kinds and kinds <= {int, Decimal} and draw(st.booleans()):
        scale = draw(st.sampled_from((2, 3, 6)))
        numbers = [None if raw is None else Decimal(raw) for raw in raws]  # type: ignore[arg-type]
        if all(number is None or number == round(number, scale) for number in numbers):
            return pa.array([number and round(number, scale) for number in numbers], pa.decimal128(30, scale))
    if len(kinds) == 1 and kinds != {Decimal} and kinds != {str}:
        return pa.array(raws)
    texts = pa.array([text(raw) for raw in raws], pa.string())
    return texts.dictionary_encode() if draw(st.booleans()) else texts


def some(draw: Any, kind: Type, size: int, values_of: st.SearchStrategy[Raw]) -> list[Raw]:
    full = draw(st.integers(0, 2))
    return [draw(values_of) if full or draw(st.booleans()) else None for _ in range(size)]


def rows(draw: Any, ruleset: typed.TypedRuleset, table: typed.Table, size: int, strange: bool) -> pa.Array:
    """Return a column of lists; now and then a key is missing, or is twice the same."""
    names = [name for name in table.columns if name == table.key or draw(st.integers(0, 4))]
    kinds = {name: ruleset.cells[f"{table.code}.*.{name}"].type for name in names}
    counts = [draw(st.integers(0, 3)) for _ in range(size)]
    fields = []
    for name in names:
        kind = kinds[name]
        if name == table.key:
            keys: list[Raw] = []
            for count in counts:
                keys += [f"clé {i}" if isinstance(kind, TextType) else i + 1 for i in range(count)]
            if keys and strange and draw(st.integers(0, 5)) == 0:
                keys[-1] = draw(st.sampled_from((None, keys[0])))
            fields.append(column(draw, keys))
        else:
            fields.append(column(draw, some(draw, kind, sum(counts), values(kind, strange))))
    given_lists = pa.array([draw(st.integers(0, 4)) == 0 for _ in range(size)])
    offsets = pa.array(np.cumsum([0, *counts]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(fields, names), mask=given_lists)


def read_earlier(ruleset: typed.TypedRuleset) -> list[tuple[str, int]]:
    found = set()
    for item in (*ruleset.cells.values(), *ruleset.aggregates.values()):
        for node in typed.walk(item.formula) if item.formula is not None else ():
            if isinstance(node, typed.CellValue | typed.AggregateValue) and node.back:
                found.add((node.code, node.back))
    found.update((cell.carried_from, 1) for cell in ruleset.cells.values() if cell.carried_from is not None)
    for check in ruleset.checks.values():
        for instance in check.instances:
            for part in (instance.guard, instance.body):
                for node in typed.walk(part) if part is not None else ():
                    if isinstance(node, typed.CellValue | typed.AggregateValue) and node.back:
                        found.add((node.code, node.back))
    return sorted(each for each in found if each[0] not in ruleset.cells or ruleset.cells[each[0]].row != "*")


@st.composite
def batches(draw: Any, ruleset: Ruleset, strange: bool) -> pa.RecordBatch:
    """Return a batch of dossiers for a ruleset: any columns that it knows."""
    rules = ruleset.typed
    size = draw(st.integers(1, 4))
    found: dict[str, pa.Array] = {}
    for code, cell in rules.cells.items():
        if cell.row == "*":
            continue
        if draw(st.integers(0, 9)) < (7 if cell.formula is None else 1):
            found[code] = column(draw, some(draw, cell.type, size, values(cell.type, strange)))
        if draw(st.integers(0, 9)) == 0:
            found[f"{code}~rapatriement"] = column(draw, some(draw, cell.type, size, values(cell.type, strange)))
        if cell.selection is not None and draw(st.booleans()):
            found[f"{code}~comptes"] = column(draw, some(draw, cell.type, size, AMOUNTS))
    for code, table in rules.tables.items():
        if table.is_list and draw(st.integers(0, 4)):
            found[code] = rows(draw, rules, table, size, strange)
    for code, back in read_earlier(rules):
        if draw(st.integers(0, 3)):
            kind = (rules.cells.get(code) or rules.aggregates[code]).type
            found[f"{code}[N-{back}]"] = column(draw, some(draw, kind, size, past_values(kind)))
    if draw(st.booleans()):
        found["balance~comptes"] = column(draw, [draw(st.sampled_from((None, True, False))) for _ in range(size)])
    found["n"] = pa.array(range(size))
    return pa.RecordBatch.from_arrays(list(found.values()), names=list(found))


def wanted(ruleset: Ruleset) -> list[str]:
    fixed = [code for code, cell in ruleset.cells.items() if cell.row != "*"]
    return [*ruleset.aggregates, *ruleset.checks, *fixed]


@examples(120)
@given(st.data())
def test_columns_and_rows_agree(data: st.DataObject) -> None:
    ruleset = well_typed(data.draw(rulesets()))
    if ruleset is None:
        return
    batch = data.draw(batches(ruleset, data.draw(st.booleans())))
    names = wanted(ruleset) if data.draw(st.booleans()) else None
    run = run_of(ruleset.plan, batch.schema, ["n"], names)
    by_column = run._columnar.evaluate(batch, Room())
    if by_column is None:
        return
    exact = run._exact.evaluate(batch)
    for name, one, other in zip(exact.schema.names, by_column, exact.columns, strict=True):
        assert one.to_pylist() == other.to_pylist(), name
        assert one.type == other.type
        one.validate(full=True)


RULES = """jeu X exercice 2023
tableau T « x »
  colonne n « x » en EUR
  ligne a « x »
  ligne b « x »
tableau L « x » liste clé k facultatif
  colonne k « x » en EUR
  colonne v « x » en EUR
famille F « f »
agrégat F.somme « x » en EUR arrondi 2 = T.a + T.b
agrégat F.zero « x » en EUR = (si T.a > 0 EUR alors 0 EUR sinon 0 EUR) + 1 EUR / 1048576
agrégat F.taux « x » en % arrondi 2 = T.a / T.b
contrôle C bloquant « m » T.a <= T.b
contrôle D bloquant « m » somme(L.*.v) >= 0
"""


def both_ways(columns: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the results of a batch by columns, which must take it, and by rows."""
    batch = pa.record_batch(columns)
    run = run_of(compiled(RULES).plan, batch.schema)
    by_column = run._columnar.evaluate(batch, Room())
    assert by_column is not None
    return [each.to_pylist() for each in by_column], [each.to_pylist() for each in run._exact.evaluate(batch).columns]


def test_a_text_is_a_number_for_columns_when_it_is_one_for_a_dossier() -> None:
    texts = [
        "12\n",
        "\n12",
        " 12 ",
        "\t1,5",
        "12\r",
        "+3",
        "−4",
        "1.",
        ".5",
        "١٢",
        "1e3",
        "0000000000000001",
        "1\u202f000,5",
        "\x1c",
    ]
    by_column, by_row = both_ways({"T.a.n": texts, "T.b.n": ["1"] * len(texts)})
    assert by_column == by_row


def test_zeros_are_zeros_at_any_scale() -> None:
    by_column, by_row = both_ways({"T.a.n": [-1, 0, 1], "T.b.n": [1, 0, 1]})
    assert by_column == by_row


def test_a_key_is_twice_the_same_by_its_value() -> None:
    rows = [[{"k": "1", "v": "2"}, {"k": "1,0", "v": "3"}], [{"k": "1", "v": "2"}, {"k": "1,5", "v": "3"}], None, []]
    by_column, by_row = both_ways({"T.a.n": [1, 2, 3, 4], "T.b.n": [1, 2, 3, 4], "L": rows})
    assert by_column == by_row
    assert "cle-en-double" in by_row[1][0]


def test_long_batches_are_worked_by_pieces() -> None:
    size = 2 * PIECE + 7
    numbers = np.arange(size)
    whole = pa.table({"T.a.n": numbers, "T.b.n": numbers % 1000})
    ruleset = compiled(RULES)
    at_once = pa.Table.from_batches(ruleset.evaluate_many(whole.combine_chunks()))
    apart = pa.Table.from_batches(ruleset.evaluate_many(whole.to_batches(max_chunksize=1000)))
    assert at_once.num_rows == size
    assert at_once.combine_chunks().equals(apart.combine_chunks())
