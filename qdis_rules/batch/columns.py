"""The fast way: whole columns at once, the few rows in doubt by the exact way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from threading import Lock
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qdis_rules.batch.columnar import Columnar, answers_of, columnar
from qdis_rules.batch.expressions import ORIGINS
from qdis_rules.batch.inputs import (
    MOST_IN_ROW,
    Reader,
    Rows,
    column_of,
    days_of,
    inputs_of,
    is_plain,
    is_text,
    past_reader,
    read_rows,
    reader,
)
from qdis_rules.batch.layout import DIGITS, STATUSES, VERDICTS, Layout, Results, Wanted, fields_of
from qdis_rules.batch.operands import Column, Shape
from qdis_rules.batch.rows import ExactRows, Refusal, Told
from qdis_rules.evaluation.results import Status
from qdis_rules.model.types import CONDITION, ChoiceType, ConditionType, DateType, NumberType, Type
from qdis_rules.numbers import CONTEXT
from qdis_rules.plan.plan import Plan

_NONE: Final = 255
"""The verdict of a check that there is not, the state of a value refused."""


@dataclass(frozen=True, slots=True)
class Read:
    """A batch as the columnar function takes it, and the rows in doubt already."""

    batch: pa.RecordBatch
    function: Columnar
    inputs: Sequence[Any]
    texts: pa.Array
    doubt: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Worked:
    """Results as numbers, the dossiers that may not be validated, and the rows done exactly."""

    outputs: Sequence[Any]
    bad: NDArray[np.bool_]
    exact: Sequence[tuple[int, Told | Refusal]]


class Room:
    """Where one thread works, piece after piece: the system gives memory more slowly than it is filled."""

    def __init__(self) -> None:
        self._blocks: dict[str, NDArray[Any]] = {}

    def _block(self, name: str, count: int, size: int, of: Any) -> NDArray[Any]:
        block = self._blocks.get(name)
        if block is None or block.shape[0] < count or block.shape[1] < size:
            block = self._blocks[name] = np.empty((count, size), of)
        return block[:count, :size]

    def registers(self, function: Columnar, size: int) -> list[NDArray[Any]]:
        """Return the registers of a function."""
        kinds = [name[0] for name in function.registers]
        numbers = iter(self._block("r", kinds.count("r"), size, np.int64))
        flags = iter(self._block("m", kinds.count("m"), size, bool))
        return [next(numbers if kind == "r" else flags) for kind in kinds]

    def outputs(self, results: Sequence[Wanted], size: int) -> list[Any]:
        """Return where results are written: values and states here, verdicts where they may stay."""
        values = [each for each in results if each.kind is not None]
        flags = sum(isinstance(each.kind, ConditionType) for each in values)
        states = self._block("states", len(values), size, np.uint8)
        states[:] = 0
        booleans = iter(self._block("flags", flags, size, bool))
        numbers = iter(self._block("numbers", len(values) - flags, size, np.int64))
        absences, verdicts = iter(states), iter(np.empty((len(results) - len(values), size), np.uint8))
        return [
            next(verdicts)
            if each.kind is None
            else (next(booleans if isinstance(each.kind, ConditionType) else numbers), next(absences))
            for each in results
        ]


class ColumnarRows:
    """Evaluates batches of one layout, column by column."""

    def __init__(self, plan: Plan, layout: Layout, results: Results, exact: ExactRows) -> None:
        self._plan = plan
        self._layout = layout
        self._results = results
        self._exact = exact
        self._answers = answers_of(plan)
        self._dictionary = _texts(list(self._answers))
        self._functions: dict[bool, Columnar] = {}
        self._lock = Lock()
        self._known: dict[bool, list[tuple[tuple[str, ...], int, Reader]]] = {}
        self._shape = _shape(plan, layout)
        self._columns = list(self._all_columns(self._shape)) if self._shape is not None else []
        self._may_be_complete = not layout.lists and not any(map(is_text, layout.schema.types))  # a text may be blank

    def _function(self, shape: Shape, *, complete: bool) -> Columnar:
        with self._lock:  # it takes a while: threads wait for the first of them
            if complete not in self._functions:
                of = replace(shape, complete=complete)
                self._functions[complete] = columnar(self._plan, of, self._results.wanted, self._answers)
        return self._functions[complete]

    def needed(self) -> frozenset[str] | None:
        """Return the columns that are enough for dossiers where no value is missing, None when all are needed."""
        if self._shape is None or not self._may_be_complete:
            return None
        function = self._function(self._shape, complete=True)
        if function.whole is not None:
            return None
        names = self._layout.schema.names
        places = {*self._layout.kept, *(place for _, place, _ in self._readers(function))}
        return frozenset(names[place] for place in places)

    def evaluate(self, batch: pa.RecordBatch, room: Room) -> list[pa.Array] | None:
        """Return the results of every row, in order, without the columns kept; None when only the exact way can."""
        read = self.read(batch)
        return None if read is None else self.tell(read, self.work(read, room))

    def read(self, batch: pa.RecordBatch) -> Read | None:
        """Return the columns as numbers, None when only the exact way can do them."""
        shape = self._shape
        if shape is None:
            return None
        columns = batch.columns
        full = self._may_be_complete and not any(column.null_count for column in columns)
        function = self._function(shape, complete=full)
        if function.whole is not None:
            return None
        readers = self._readers(function)
        rooms = np.empty((len(readers), batch.num_rows), np.int64)  # one block, which the system gives faster
        values = {what: read(columns[place], room) for (what, place, read), room in zip(readers, rooms, strict=True)}
        lists = dict(self._lists(batch, shape))
        doubt = np.zeros(batch.num_rows, bool)
        for odd in (*(column.odd for column in values.values()), *(rows.odd for rows in lists.values())):
            if odd is not None:
                doubt |= odd
        inputs, texts = inputs_of(function.inputs, values, lists)
        return Read(batch, function, inputs, texts, doubt)

    def work(self, read: Read, room: Room) -> Worked:
        """Return the results as numbers, good until the next work in that room, and those of the rows in doubt, exact."""
        size = read.batch.num_rows
        outputs = room.outputs(self._results.wanted, size)
        doubt, bad = read.doubt.copy(), np.zeros(size, bool)
        with np.errstate(all="ignore"):  # what overflows is in doubt
            read.function.run(read.inputs, outputs, size, doubt, bad, room.registers(read.function, size))
        (places,) = np.nonzero(doubt)
        told = self._exact.told(read.batch.take(pa.array(places))) if len(places) else []
        return Worked(outputs, bad, list(zip(places.tolist(), told, strict=True)))

    def tell(self, read: Read, worked: Worked) -> list[pa.Array]:
        """Return results as Arrow columns."""
        size, again = read.batch.num_rows, worked.exact
        ready, refused = ~worked.bad, np.zeros(size, bool)
        texts = {row: each.text for row, each in again if isinstance(each, Refusal)}
        for row, each in again:
            refused[row] = row in texts
            ready[row] = isinstance(each, Told) and each.ready
        problems = (
            pa.array([texts.get(row) for row in range(size)], pa.string()) if texts else pa.nulls(size, pa.string())
        )
        arrays = [_bits(ready, refused), problems]
        present = _words(np.zeros(size, np.uint8), _STATUSES)
        for place, (wanted, output) in enumerate(zip(self._results.wanted, worked.outputs, strict=True)):
            exact = [(row, each.results[place] if isinstance(each, Told) else None) for row, each in again]
            arrays.extend(self._arrays(wanted, output, read.function.scales.get(place, 0), read.texts, exact, present))
        return arrays

    def _readers(self, function: Columnar) -> list[tuple[tuple[str, ...], int, Reader]]:
        """Return the columns to read: those the function wants, and those where a value may be none of its kind."""
        complete = function is self._functions.get(True)
        if complete not in self._known:
            needed = {what[1:] for what in function.inputs}
            types = self._layout.schema.types
            self._known[complete] = [
                (what, place, read)
                for what, place, kind, read in self._columns
                if what in needed or not is_plain(kind, types[place])
            ]
        return self._known[complete]

    def _all_columns(self, shape: Shape) -> Iterator[tuple[tuple[str, ...], int, Type, Reader]]:
        layout, cells, types, answers = self._layout, self._plan.ruleset.cells, self._layout.schema.types, self._answers
        for origin, places in zip(ORIGINS, (layout.typed, layout.imported, layout.accounts), strict=True):
            for code, place in places.items():
                kind = cells[code].type
                yield (origin, code), place, kind, reader(kind, types[place], shape.given[code][origin], answers)
        for back, places in layout.past.items():
            for code, place in places.items():
                kind, column = _kind(self._plan, code), shape.past[code, back]
                yield ("past", code, str(back)), place, kind, past_reader(kind, types[place], column, answers)
        if layout.reached is not None:
            place = layout.reached
            yield ("reached",), place, CONDITION, reader(CONDITION, types[place], Column(), answers)

    def _lists(self, batch: pa.RecordBatch, shape: Shape) -> Iterator[tuple[str, Rows]]:
        ruleset = self._plan.ruleset
        for table, place in self._layout.lists.items():
            kinds = {name: ruleset.cells[f"{table}.*.{name}"].type for name in shape.lists[table]}
            key = ruleset.tables[table].key
            assert key is not None
            yield table, read_rows(batch.column(place), kinds, shape.lists[table], key, self._answers)

    def _arrays(
        self,
        wanted: Wanted,
        output: Any,
        scale: int,
        texts: pa.Array,
        exact: Sequence[tuple[int, Any]],
        present: pa.Array,
    ) -> Iterator[pa.Array]:
        """Yield the columns of a result; `exact` are the rows done exactly, `present` the statuses when all are."""
        if wanted.kind is None:
            for row, verdict in exact:
                output[row] = _NONE if verdict is None else VERDICTS.index(verdict)
            yield _words(output, _VERDICTS)
            return
        numbers, states = output
        dictionary = self._dictionary if isinstance(wanted.kind, ChoiceType) else texts
        if not exact and not states.any():
            yield _value_array(wanted, numbers, None, scale, dictionary, {})
            yield present
            return
        cell = self._plan.ruleset.cells.get(wanted.name)
        entered = cell is not None and cell.formula is None
        statuses = (_OF_ENTERED if entered else _OF_COMPUTED).take(states)
        for row, found in exact:
            statuses[row] = _NONE if found is None else STATUSES.index(found[1])
        known = {row: found and found[0] for row, found in exact}
        yield _value_array(wanted, numbers, statuses != 0, scale, dictionary, known)
        yield _words(statuses, _STATUSES)


_OF_COMPUTED: Final = np.array(
    [STATUSES.index(each) for each in (Status.PRESENT, Status.UNDEFINED, Status.NOT_APPLICABLE)], np.uint8
)
_OF_ENTERED: Final = np.array(
    [STATUSES.index(each) for each in (Status.PRESENT, Status.ABSENT, Status.NOT_APPLICABLE)], np.uint8
)


def _shape(plan: Plan, layout: Layout) -> Shape | None:
    """Return how the columns of a layout come, None when one is in a unit that no decimal can tell."""
    ruleset, types = plan.ruleset, layout.schema.types
    lost: list[str] = []

    def column(kind: Type, arrow: pa.DataType, **how: Any) -> Column:
        found = column_of(kind, arrow, **how)
        if found is None:
            lost.append(str(kind))
        return found or Column()

    given: dict[str, dict[str, Column]] = {}
    for origin, places in zip(ORIGINS, (layout.typed, layout.imported, layout.accounts), strict=True):
        for code, place in places.items():
            given.setdefault(code, {})[origin] = column(ruleset.cells[code].type, types[place])
    lists = {
        table: {
            part.name: column(ruleset.cells[f"{table}.*.{part.name}"].type, part.type, most=MOST_IN_ROW)
            for part in fields_of(types[place])
        }
        for table, place in layout.lists.items()
    }
    past = {
        (code, back): column(_kind(plan, code), types[place], quotients=code in ruleset.aggregates)
        for back, places in layout.past.items()
        for code, place in places.items()
    }
    return None if lost else Shape(given, lists, past, layout.reached is not None)


def _kind(plan: Plan, code: str) -> Type:
    return (plan.ruleset.cells.get(code) or plan.ruleset.aggregates[code]).type


# --- to Arrow, past pyarrow's own conversions: they look for pandas, and load it where it is ------


def _bits(flags: NDArray[np.bool_], absent: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.Array.from_buffers(
        pa.bool_(), len(flags), [_validity(absent), pa.py_buffer(np.packbits(flags, bitorder="little"))]
    )


def _validity(absent: NDArray[np.bool_] | None) -> pa.Buffer | None:
    if absent is None or not absent.any():
        return None
    return pa.py_buffer(np.packbits(~absent, bitorder="little"))


def _texts(words: Sequence[str]) -> pa.Array:
    held = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, held)], dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(held), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(held))])


_CODE: Final = pa.int8()
_VERDICTS: Final = _texts(VERDICTS)
_STATUSES: Final = _texts(STATUSES)


def _words(codes: NDArray[np.uint8], known: pa.Array) -> pa.Array:
    absent = codes == _NONE if np.maximum.reduce(codes, initial=0) == _NONE else None
    indices = pa.Array.from_buffers(_CODE, len(codes), [_validity(absent), pa.py_buffer(codes)])
    return pa.DictionaryArray.from_arrays(indices, known, safe=False)


def _value_array(
    wanted: Wanted,
    numbers: NDArray[Any],
    absent: NDArray[np.bool_] | None,
    scale: int,
    dictionary: pa.Array,
    exact: Mapping[int, Any],
) -> pa.Array:
    size = len(numbers)
    match wanted.kind:
        case NumberType():
            return _decimals(numbers, absent, scale, wanted.places, exact)
        case ConditionType():
            for row, value in exact.items():
                numbers[row] = bool(value)
            return _bits(numbers, absent)
        case DateType():
            days = numbers.astype(np.int32)
            for row, value in exact.items():
                days[row] = 0 if value is None else days_of(value)
            return pa.Array.from_buffers(pa.date32(), size, [_validity(absent), pa.py_buffer(days)])
        case _:
            if absent is not None:
                numbers[absent] = 0
            numbers[list(exact)] = 0
            indices = pa.Array.from_buffers(pa.int64(), size, [_validity(absent), pa.py_buffer(numbers)])
            words = dictionary.take(indices)
            return (
                words
                if not exact
                else pa.array([exact.get(i, w) for i, w in enumerate(words.to_pylist())], pa.string())
            )


def _decimals(
    whole: NDArray[np.int64],
    absent: NDArray[np.bool_] | None,
    scale: int,
    places: int,
    exact: Mapping[int, Decimal | None],
) -> pa.Array:
    """Return numbers at `scale` with `places` decimals."""
    arrow = pa.decimal128(DIGITS, places)
    for row in exact:
        whole[row] = 0
    factor = 10 ** (places - scale)
    if factor != 1:
        most = (2**63 - 1) // factor
        whole = whole if absent is None else np.where(absent, 0, whole)
        if len(whole) and (whole.max() > most or whole.min() < -most):  # some do not fit in 64 bits
            values: list[Decimal | None] = [CONTEXT.scaleb(Decimal(int(each)), -scale) for each in whole]
            for row in [] if absent is None else np.flatnonzero(absent).tolist():
                values[row] = None
            return pa.array([exact.get(row, value) for row, value in enumerate(values)], arrow)
        whole = whole * factor
    words = np.empty((len(whole), 2), np.int64)
    words[:, 0] = whole
    np.right_shift(whole, 63, out=words[:, 1])
    if absent is not None:
        words[absent] = 0
    for row, value in exact.items():
        if value is not None:
            high, low = divmod(int(Fraction(value) * 10**places), 2**64)
            words[row] = low - 2**64 if low >= 2**63 else low, high
    return pa.Array.from_buffers(arrow, len(whole), [_validity(absent), pa.py_buffer(words)])


__all__ = ["ColumnarRows"]
