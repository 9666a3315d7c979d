"""Arrow columns as the columnar function wants them.

A value that cannot be read here at a glance is no error: its row is `odd`, and left to the exact plan,
which reads it or tells why not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qdis_rules.batch.columnar import DAY_ZERO, Column, Columnar, power
from qdis_rules.batch.kernels import Flags, Ints
from qdis_rules.evaluation.entries import Refused, read_value
from qdis_rules.model.types import ChoiceType, ConditionType, DateType, NumberType, TextType, Type, number_unit
from qdis_rules.numbers import DECIMALS

MOST_ROWS: Final = 1000
_MOST: Final = 10**10
MOST_IN_ROW: Final = 10**9
"""Amounts are smaller, in their unit, or their row is odd: sums of thousands of them fit in 64 bits."""
_PLAIN: Final = r"^\s*-?[0-9]{1,15}([.,][0-9]{1,6})?\s*$"


@dataclass(slots=True)
class Values:
    """A column: values (zero for a number absent), where absent (uint8; None: nowhere), where odd (None: nowhere)."""

    values: NDArray[Any] | None
    absent: NDArray[np.uint8] | None
    odd: Flags | None


@dataclass(slots=True)
class Rows:
    """The rows of a list: where those of each dossier start, and which dossiers do not give it."""

    offsets: Ints
    absent: NDArray[np.uint8] | None
    columns: Mapping[str, Values]
    odd: Flags


def column_of(kind: Type, arrow: pa.DataType, most: int = _MOST) -> Column | None:
    """Return how an Arrow column of values of a kind comes; None when it cannot."""
    if not isinstance(kind, NumberType):
        return Column()
    unit = power(number_unit(kind).scale)
    if unit is None:
        return None
    factor, shift = _stripped(*unit)
    if pa.types.is_decimal(arrow):
        scale = min(arrow.scale, DECIMALS)
        digits = max(arrow.precision - arrow.scale + scale, 0)
    elif pa.types.is_integer(arrow):
        scale, digits = 0, {8: 3, 16: 5, 32: 10}.get(arrow.bit_width, 19)
    else:
        scale, digits = DECIMALS, 19
    return Column(scale + shift, min(10**digits, most * 10**scale) * factor)


def _stripped(factor: int, scale: int) -> tuple[int, int]:
    while factor % 10 == 0 and factor:
        factor, scale = factor // 10, scale - 1
    return factor, scale


def read_column(array: pa.Array, kind: Type, column: Column, answers: Mapping[str, int]) -> Values:
    """Return the values of an Arrow array."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_null(array.type):
        array = array.cast(pa.string())
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type)
    if text:
        array = _without_blanks(array)
    absent = _absent(array)
    match kind:
        case NumberType():
            values, odd = _numbers(array, kind, column, text=text)
            if absent is not None:  # whatever stands under a null
                values = np.where(absent == 0, values, 0)
        case TextType():
            values, odd = None, _too_long(array, kind)
        case ConditionType():
            if pa.types.is_boolean(array.type):
                values, odd = array.fill_null(False).to_numpy(zero_copy_only=False), None  # noqa: FBT003
            else:
                values, odd = _each(array, kind, bool, bool)
        case ChoiceType():
            values, odd = _each(array, kind, answers.__getitem__, np.int64)
        case DateType():
            if pa.types.is_date32(array.type):
                values, odd = array.cast(pa.int32()).fill_null(0).to_numpy().astype(np.int64), None
            else:
                values, odd = _each(array, kind, _days, np.int64)
        case _:
            raise AssertionError(kind)
    return Values(values, absent, odd)


def _days(day: date) -> int:
    return (day - DAY_ZERO).days


def _without_blanks(array: pa.Array) -> pa.Array:
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(array)), 0)
    return pc.if_else(blank, pa.scalar(None, array.type), array)


def _absent(array: pa.Array) -> NDArray[np.uint8] | None:
    if not array.null_count:
        return None
    bitmap = np.frombuffer(array.buffers()[0], np.uint8)
    valid = np.unpackbits(bitmap, bitorder="little", count=array.offset + len(array))[array.offset :]
    return valid ^ np.uint8(1)


def _numbers(array: pa.Array, kind: NumberType, column: Column, *, text: bool) -> tuple[Ints, Flags | None]:
    unit = power(number_unit(kind).scale)
    assert unit is not None
    factor, shift = _stripped(*unit)
    scale = column.scale - shift
    odd: Flags | None = None
    if text:
        values, odd = _from_text(array)
    elif pa.types.is_decimal(array.type):
        values, odd = _from_decimals(array, scale)
    else:
        values = np.asarray(array.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        if pa.types.is_uint64(array.type):
            odd = values < 0
    bound = column.bound // factor
    sure = pa.types.is_decimal(array.type) and array.type.scale == scale and 10**array.type.precision <= bound
    if not sure and len(values) and not (-bound < values.min() and values.max() < bound):
        odd = _or(odd, (values <= -bound) | (values >= bound))
    if kind.integer and scale:
        odd = _or(odd, values % 10**scale != 0)
    if odd is not None:
        absent = _absent(array)
        if absent is not None:
            odd = odd & (absent == 0)
        if not odd.any():
            odd = None
        values = np.where((values <= -bound) | (values >= bound), 0, values)
    return (values if factor == 1 else values * factor), odd


def _or(one: Flags | None, other: Flags) -> Flags:
    return other if one is None else one | other


def _from_decimals(array: pa.Array, scale: int) -> tuple[Ints, Flags | None]:
    odd: Flags | None = None
    if array.type.scale != scale:
        cut = array.cast(pa.decimal128(38, scale), safe=False)
        back = cut.cast(pa.decimal256(76, array.type.scale)) if array.type.bit_width > 128 else None
        same = pc.equal(cut.cast(array.type, safe=False) if back is None else back.cast(array.type), array)
        odd = ~same.fill_null(True).to_numpy(zero_copy_only=False)  # noqa: FBT003
        array = cut
    words = array.type.bit_width // 64
    if words == 0:
        return np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array)].astype(np.int64), odd
    whole = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, words)[array.offset : array.offset + len(array)]
    low = whole[:, 0]
    if words > 1 and array.type.precision > 18:
        wide = (whole[:, 1:] != (low >> 63)[:, None]).any(axis=1)
        if wide.any():
            odd = _or(odd, wide)
    return low, odd


def _from_text(array: pa.Array) -> tuple[Ints, Flags | None]:
    plain = pc.match_substring_regex(array, _PLAIN)
    array = array.cast(pa.string())
    tidy = pc.replace_substring(pc.utf8_trim_whitespace(array), ",", ".")
    numbers = pc.if_else(plain, tidy, pa.scalar(None, pa.string())).cast(pa.decimal128(21, DECIMALS))
    whole = np.frombuffer(numbers.fill_null(Decimal(0)).buffers()[1], np.int64).reshape(-1, 2)[: len(array)]
    values = np.ascontiguousarray(whole[:, 0])
    odd = whole[:, 1] != values >> 63
    strange = ~plain.fill_null(True).to_numpy(zero_copy_only=False)  # noqa: FBT003
    (places,) = np.nonzero(strange)
    for place in places:  # « 1 250,00 »
        try:
            number = read_value(array[int(place)].as_py(), _ANY)
        except Refused:
            continue
        scaled = Fraction(number) * 10**DECIMALS  # type: ignore[arg-type]
        if abs(scaled) < 2**62:
            values[place], strange[place] = int(scaled), False
    return values, odd | strange


_ANY: Final = NumberType(None)


def _too_long(array: pa.Array, kind: TextType) -> Flags | None:
    if not pa.types.is_string(array.type) and not pa.types.is_large_string(array.type):
        return np.ones(len(array), bool)
    longest = pc.greater(pc.utf8_length(array), kind.size).fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003
    return longest if longest.any() else None


def _each(array: pa.Array, kind: Type, code: Callable[[Any], Any], dtype: Any) -> tuple[NDArray[Any], Flags | None]:
    """Return values read one by one, once for each that is different."""
    coded = array.dictionary_encode()
    found = np.zeros(len(coded.dictionary) + 1, dtype)
    strange = np.zeros(len(coded.dictionary) + 1, bool)
    for place, raw in enumerate(coded.dictionary.to_pylist()):
        try:
            found[place] = code(read_value(raw, kind))
        except Refused:
            strange[place] = True
    places = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
    odd = strange[places]
    return found[places], (odd if odd.any() else None)


def read_rows(
    array: pa.Array, kinds: Mapping[str, Type], columns: Mapping[str, Column], key: str, answers: Mapping[str, int]
) -> Rows:
    """Return the rows of a list; dossiers whose keys are blank or twice the same are odd."""
    if pa.types.is_null(array.type):
        array = array.cast(pa.list_(pa.struct([])))
    size = len(array)
    absent = _absent(array)
    offsets = np.asarray(array.offsets.to_numpy(), np.int64)
    if absent is not None and (np.diff(offsets)[absent == 1] != 0).any():
        array = pa.concat_arrays([array.take(pa.array(np.arange(size)))])
        offsets = np.asarray(array.offsets.to_numpy(), np.int64)
    child = array.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    offsets = offsets - offsets[0]
    odd = np.diff(offsets) >= MOST_ROWS
    dossier = np.repeat(np.arange(size), np.diff(offsets))
    if child.null_count:
        odd[dossier[child.is_null().to_numpy(zero_copy_only=False)]] = True
    found: dict[str, Values] = {}
    names = [field.name for field in child.type]
    for name, column in columns.items():
        values = read_column(pc.struct_field(child, [names.index(name)]), kinds[name], column, answers)
        if values.odd is not None:
            odd[dossier[values.odd]] = True
        found[name] = values
    if key in names:
        keys = pc.struct_field(child, [names.index(key)])
        odd |= _strange_keys(keys, dossier, size)
    elif len(child):
        odd |= np.diff(offsets) > 0
    return Rows(offsets, absent, found, odd)


def _strange_keys(keys: pa.Array, dossier: Ints, size: int) -> Flags:
    odd = np.zeros(size, bool)
    if pa.types.is_dictionary(keys.type):
        keys = keys.dictionary_decode()
    if pa.types.is_string(keys.type) or pa.types.is_large_string(keys.type):
        keys = _without_blanks(pc.utf8_trim_whitespace(keys))
    coded = keys.dictionary_encode()
    places = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    odd[dossier[places < 0]] = True
    pairs = np.sort(dossier * (len(coded.dictionary) + 1) + places)
    twice = pairs[1:][pairs[1:] == pairs[:-1]]
    odd[twice // (len(coded.dictionary) + 1)] = True
    return odd


class Chunk:
    """The inputs of the columnar function for some rows of a batch."""

    def __init__(
        self, function: Columnar, columns: Mapping[tuple[str, ...], Values], lists: Mapping[str, Rows]
    ) -> None:
        self._getters = [_getter(what, columns, lists) for what in function.inputs]

    def inputs(self, start: int, stop: int) -> list[Any]:
        """Return what the function reads of rows start to stop."""
        return [getter(start, stop) for getter in self._getters]


def _getter(
    what: Sequence[str], columns: Mapping[tuple[str, ...], Values], lists: Mapping[str, Rows]
) -> Callable[[int, int], Any]:
    match what:
        case ("offsets", table):
            offsets = lists[table].offsets
            return lambda start, stop: offsets[start : stop + 1] - offsets[start]
        case ("rows", table):
            counts = np.diff(lists[table].offsets)
            return lambda start, stop: np.repeat(np.arange(stop - start), counts[start:stop])
        case ("count", table):
            return _sliced(lists[table].absent)
        case (part, "list", table, column):
            values, offsets = lists[table].columns[column], lists[table].offsets
            of = values.values if part == "value" else values.absent
            if of is None:
                return lambda start, stop: None
            return lambda start, stop: of[offsets[start] : offsets[stop]]
        case (part, *rest):
            found = columns[tuple(rest)]
            return _sliced(found.values if part == "value" else found.absent)
        case _:
            raise AssertionError(what)


def _sliced(of: NDArray[Any] | None) -> Callable[[int, int], Any]:
    return (lambda start, stop: None) if of is None else (lambda start, stop: of[start:stop])
