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
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qdis_rules.batch.expressions import DAY_ZERO
from qdis_rules.batch.kernels import Flags, Ints
from qdis_rules.batch.layout import fields_of
from qdis_rules.batch.operands import MOST_ROWS, Column, power
from qdis_rules.batch.rows import SET_ASIDE, computed_number
from qdis_rules.evaluation.entries import Refused, read_value
from qdis_rules.model.types import ChoiceType, ConditionType, DateType, NumberType, TextType, Type, number_unit
from qdis_rules.numbers import DECIMALS, INTEGER_DIGITS

_MOST: Final = 10**10
MOST_IN_ROW: Final = 10**9
_QUOTIENT: Final = 10**15
"""Amounts are smaller, in their unit, or their row is odd: sums of thousands of them fit in 64 bits."""
_PLAIN: Final = r"^-?[0-9]{1,15}([.,][0-9]{1,6})?$"
"""A number as most are written; others are read one by one."""


@dataclass(slots=True)
class Values:
    """A column: values (zero for a number absent), where absent (uint8; None: nowhere), where odd (None: nowhere).

    Texts are an Arrow array until `coded` makes numbers of those that are compared.
    """

    values: NDArray[Any] | pa.Array
    absent: NDArray[np.uint8] | None
    odd: Flags | None
    below: Ints | None = None


Reader: TypeAlias = Callable[[pa.Array, Ints | None], Values]
"""Reads a column; its whole numbers may be written in the second, if there is one."""


@dataclass(slots=True)
class Rows:
    """The rows of a list: where those of each dossier start, and which dossiers do not give it."""

    offsets: Ints
    absent: NDArray[np.uint8] | None
    columns: Mapping[str, Values]
    odd: Flags


def column_of(kind: Type, arrow: pa.DataType, most: int = _MOST, *, quotients: bool = False) -> Column | None:
    """Return how an Arrow column of values of a kind comes; None when it cannot.

    With `quotients`, texts come as such: most are.
    """
    if not isinstance(kind, NumberType):
        return Column()
    unit = power(number_unit(kind).scale)
    if unit is None:
        return None
    factor, shift = _stripped(*unit)
    if quotients and is_text(arrow):
        return Column(shift, _QUOTIENT, factor, quotient=True)
    if pa.types.is_decimal(arrow):
        scale = min(arrow.scale, DECIMALS)
        digits = max(arrow.precision - arrow.scale + scale, 0)
    elif pa.types.is_integer(arrow):
        scale, digits = 0, {8: 3, 16: 5, 32: 10}.get(arrow.bit_width, 19)
    else:
        scale, digits = DECIMALS, 19
    return Column(scale + shift, min(10**digits, most * 10**scale) * factor, factor, scale)


def _stripped(factor: int, scale: int) -> tuple[int, int]:
    while factor % 10 == 0 and factor:
        factor, scale = factor // 10, scale - 1
    return factor, scale


def is_plain(kind: Type, arrow: pa.DataType) -> bool:
    """Tell whether every value of an Arrow type is one of the kind, so that none need be looked at."""
    if isinstance(kind, ConditionType):
        return bool(pa.types.is_boolean(arrow))
    if isinstance(kind, DateType):
        return bool(pa.types.is_date32(arrow))
    return (
        isinstance(kind, NumberType)
        and not kind.integer
        and bool(pa.types.is_decimal(arrow))
        and 0 <= arrow.scale <= DECIMALS
        and arrow.precision - arrow.scale <= INTEGER_DIGITS
    )


def is_text(arrow: pa.DataType) -> bool:
    """Tell whether an Arrow type is text, coded or not."""
    if pa.types.is_dictionary(arrow):
        arrow = arrow.value_type
    return bool(pa.types.is_string(arrow) or pa.types.is_large_string(arrow) or pa.types.is_string_view(arrow))


def past_reader(kind: Type, arrow: pa.DataType, column: Column, answers: Mapping[str, int]) -> Reader:
    """Return what reads a column of an earlier year: a text may also be an exact quotient, or say sans objet."""
    if not is_text(arrow) or isinstance(kind, TextType):
        return reader(kind, arrow, column, answers)

    def read(array: pa.Array, _room: Ints | None) -> Values:
        coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        known = [_past_value(raw, kind, column, answers) for raw in coded.dictionary.to_pylist()]
        known.append((0, 1, 1, False))  # a null
        places = coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
        above, below, absent, odd = (np.array(part)[places] for part in zip(*known, strict=True))
        values = above.astype(bool) if isinstance(kind, ConditionType) else above.astype(np.int64)
        return Values(values, absent.astype(np.uint8), odd if odd.any() else None, below.astype(np.int64))

    return read


def _past_value(raw: str | None, kind: Type, column: Column, answers: Mapping[str, int]) -> tuple[int, int, int, bool]:
    """Return a numerator (or a code), a denominator, a state, and whether it is odd."""
    if raw is None or not raw.strip():
        return 0, 1, 1, False
    if raw == SET_ASIDE:
        return 0, 1, 2, False
    try:
        if isinstance(kind, NumberType):
            number = computed_number(raw)
            if number is None:
                read = read_value(raw, kind)
                assert isinstance(read, Decimal | Fraction)
                number = Fraction(read) / number_unit(kind).scale
            number *= column.factor
            if not column.quotient:
                number *= 10**column.decimals
                fits = number.denominator == 1 and abs(number.numerator) < column.bound
            else:
                fits = abs(number.numerator) < _QUOTIENT and number.denominator < _QUOTIENT
            return (number.numerator, number.denominator, 0, False) if fits else (0, 1, 0, True)
        value = read_value(raw, kind)
    except Refused:
        return 0, 1, 0, True
    match value:
        case bool():
            return int(value), 1, 0, False
        case date():
            return days_of(value), 1, 0, False
        case str():
            return answers[value], 1, 0, False
        case _:
            raise AssertionError(value)


def reader(kind: Type, arrow: pa.DataType, column: Column, answers: Mapping[str, int]) -> Reader:
    """Return what reads the Arrow columns of a type as values of a kind."""
    if isinstance(kind, NumberType) and pa.types.is_decimal(arrow):
        return partial(_read_decimals, kind.integer, column)
    return partial(_read, kind, column, answers)


def _read(kind: Type, column: Column, answers: Mapping[str, int], array: pa.Array, _room: Ints | None) -> Values:
    if pa.types.is_null(array.type):
        array = array.cast(pa.string())
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    text = is_text(array.type)
    if text:
        array = _without_blanks(array)
    absent = _absent(array)
    match kind:
        case NumberType():
            if text:
                values, odd = _from_text(array)
            else:
                whole = array.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
                values, odd = np.asarray(whole, np.int64), whole < 0 if pa.types.is_uint64(array.type) else None
            return _numbers(values, absent, odd, kind.integer, column)
        case TextType():
            values, odd = array.cast(pa.string()), _too_long(array, kind)
        case ConditionType():
            if pa.types.is_boolean(array.type):
                values, odd = array.fill_null(False).to_numpy(zero_copy_only=False), None
            else:
                values, odd = _each(array, kind, bool, bool)
        case ChoiceType():
            values, odd = _each(array, kind, answers.__getitem__, np.int64)
        case DateType():
            if pa.types.is_date32(array.type):
                values, odd = array.cast(pa.int32()).fill_null(0).to_numpy().astype(np.int64), None
            else:
                values, odd = _each(array, kind, days_of, np.int64)
        case _:
            raise AssertionError(kind)
    return Values(values, absent, odd)


def days_of(day: date) -> int:
    """Return a date as Arrow holds it."""
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


def _numbers(
    values: Ints, absent: NDArray[np.uint8] | None, odd: Flags | None, integer: bool, column: Column
) -> Values:
    """Return whole numbers at their scale, those too large or not of the kind odd."""
    if absent is not None:  # whatever stands under a null
        values = np.where(absent == 0, values, 0)
    bound = column.bound // column.factor
    if len(values) and not (-bound < np.minimum.reduce(values) and np.maximum.reduce(values) < bound):
        odd = _or(odd, (values <= -bound) | (values >= bound))
    if integer and column.decimals:
        odd = _or(odd, values % 10**column.decimals != 0)
    if odd is not None:
        if absent is not None:
            odd = odd & (absent == 0)
        values = np.where(odd, 0, values)
    return Values(values if column.factor == 1 else values * column.factor, absent, odd)


def _or(one: Flags | None, other: Flags) -> Flags:
    return other if one is None else one | other


def _read_decimals(integer: bool, column: Column, array: pa.Array, room: Ints | None) -> Values:
    odd: Flags | None = None
    of = array.type
    if of.scale != column.decimals:
        cut = array.cast(pa.decimal128(38, column.decimals), safe=False)
        odd = ~pc.equal(cut.cast(of, safe=False), array).fill_null(True).to_numpy(zero_copy_only=False)
        absent, array = _absent(array), cut
    else:
        absent = _absent(array)
    size, start = len(array), array.offset
    words = array.type.bit_width // 64
    if words == 0:
        low = np.frombuffer(array.buffers()[1], np.int32, start + size)[start:].astype(np.int64)
    else:
        whole = np.frombuffer(array.buffers()[1], np.int64, (start + size) * words)[start * words :]
        low = whole[::words]
        if words > 1:  # one word out of several: alone, it is read faster
            low = np.empty(size, np.int64) if room is None else room
            np.copyto(low, whole[::words])
        if array.type.precision > 18:
            wide = (whole.reshape(-1, words)[:, 1:] != (low >> 63)[:, None]).any(axis=1)
            if wide.any():
                odd = _or(odd, wide)
    return _numbers(low, absent, odd, integer, column)


def _from_text(array: pa.Array) -> tuple[Ints, Flags | None]:
    plain = pc.match_substring_regex(array, _PLAIN)
    array = array.cast(pa.string())
    tidy = pc.replace_substring(array, ",", ".")
    numbers = pc.if_else(plain, tidy, pa.scalar(None, pa.string())).cast(pa.decimal128(21, DECIMALS))
    whole = np.frombuffer(numbers.fill_null(Decimal(0)).buffers()[1], np.int64).reshape(-1, 2)[: len(array)]
    values = np.ascontiguousarray(whole[:, 0])
    odd = whole[:, 1] != values >> 63
    strange = ~plain.fill_null(True).to_numpy(zero_copy_only=False)
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
    longest = pc.greater(pc.utf8_length(array), kind.size).fill_null(False).to_numpy(zero_copy_only=False)
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
        array = array.cast(pa.list_(pa.null()))
    elif pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
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
    names = [field.name for field in fields_of(array.type)]
    for name, column in columns.items():
        part = pc.struct_field(child, [names.index(name)])
        values = reader(kinds[name], part.type, column, answers)(part, None)
        if values.odd is not None:
            odd[dossier[values.odd]] = True
        found[name] = values
    if key in names:
        keys = found[key]
        absent_keys = np.zeros(len(child), bool) if keys.absent is None else keys.absent != 0
        odd[dossier[absent_keys]] = True
        codes = keys.values
        if isinstance(codes, pa.Array):
            codes = codes.dictionary_encode().indices.fill_null(0).to_numpy(zero_copy_only=False)
        odd |= _twice(codes, dossier, size)
    elif len(child):
        odd |= np.diff(offsets) > 0
    return Rows(offsets, absent, found, odd)


def _twice(keys: NDArray[Any], dossier: Ints, size: int) -> Flags:
    """Return which dossiers have a key twice."""
    order = np.lexsort((keys, dossier))
    same = (np.diff(keys[order].astype(np.int64)) == 0) & (np.diff(dossier[order]) == 0)
    twice = np.zeros(size, bool)
    twice[dossier[order][1:][same]] = True
    return twice


def inputs_of(
    wanted: Sequence[tuple[str, ...]], columns: Mapping[tuple[str, ...], Values], lists: Mapping[str, Rows]
) -> tuple[list[Any], pa.Array]:
    """Return the inputs that the columnar function names, in order, and the texts whose places stand for them."""
    given = [_input(what, columns, lists) for what in wanted]
    texts = [each if isinstance(each, pa.Array) else pa.array([each]) for each in given if _is_words(each)]
    if not texts:
        return given, pa.nulls(0, pa.string())
    coded = pa.concat_arrays(texts).dictionary_encode()
    codes = coded.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    parts = iter(np.split(codes, np.cumsum([len(text) for text in texts])[:-1]))
    return [
        next(parts) if isinstance(each, pa.Array) else int(next(parts)[0]) if _is_words(each) else each
        for each in given
    ], coded.dictionary


def _is_words(each: object) -> bool:
    return isinstance(each, pa.Array | str)


def _input(what: tuple[str, ...], columns: Mapping[tuple[str, ...], Values], lists: Mapping[str, Rows]) -> Any:
    match what:
        case ("text", constant):
            return constant
        case ("offsets", table):
            return lists[table].offsets
        case ("rows", table):
            offsets = lists[table].offsets
            return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        case ("count", table):
            return lists[table].absent
        case (part, "list", table, column):
            found = lists[table].columns[column]
        case (part, *rest):
            found = columns[tuple(rest)]
    return {"value": found.values, "below": found.below, "state": found.absent}[part]
