"""What the columnar function calls: arithmetic on whole columns, with absence and doubt.

Three kinds of arrays travel together:

- *whole* numbers, int64, at a scale the generator knows (cents: 2). Their arithmetic wraps, so that a
  polynomial is always known modulo 2**64, even where it does not fit;
- *near* numbers, float64, with a bound of their error (0.0: exact). What the bound cannot decide is
  marked in `doubt`, and the exact plan does those rows;
- *states*, uint8: 0 a value, 1 undefined, 2 sans objet, so that strict arithmetic is a maximum. None: all are values.

The value under a state that is not 0 means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qdis_rules.numbers import Rounding

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
State: TypeAlias = NDArray[np.uint8] | None
Error: TypeAlias = Floats | float

_UNIT: Final = 2.0**-52  # twice the rounding of one operation: room for that of the bound itself
_EXACT: Final = 2**53
_LONGEST: Final = 2.0**50
"""A quotient longer than this has no digit to spare for rounding."""
_SURE: Final = 2.0**61
"""A difference smaller than this is known exactly from its remainder modulo 2**64."""


# --- states -----------------------------------------------------------------------


def worst(*states: State) -> State:
    """Return the state of strict arithmetic: sans objet, else undefined, else a value."""
    found: State = None
    for state in states:
        if state is not None:
            found = state if found is None else np.maximum(found, state)
    return found


def where_state(chosen: Flags, one: State, other: State) -> State:
    """Return `one` where chosen, `other` elsewhere."""
    if one is None and other is None:
        return None
    return np.where(chosen, _zero(one), _zero(other)).astype(np.uint8, copy=False)


def conditional_state(chosen: Flags, known: State, one: State, other: State) -> State:
    """Return the state of `si`: that of the branch taken, or why there is none."""
    branch = where_state(chosen, one, other)
    if known is None:
        return branch
    return np.where(known != 0, known, _zero(branch)).astype(np.uint8, copy=False)


def guarded_state(allowed: Flags, known: State, state: State) -> State:
    """Return the state of a formula under `quand`: sans objet where it is false."""
    if known is None:
        if allowed.all():
            return state
        return np.where(allowed, _zero(state), 2).astype(np.uint8, copy=False)
    return np.where(known == 0, np.where(allowed, _zero(state), 2), known).astype(np.uint8, copy=False)


def gated_state(closed: Flags, known: State, state: State) -> State:
    """Return the state of a cell of a table closed where `closed`: sans objet there, undefined where not known."""
    if known is None:
        if not closed.any():
            return state
        return np.where(closed, 2, _zero(state)).astype(np.uint8, copy=False)
    return np.where(known == 0, np.where(closed, 2, _zero(state)), np.where(known == 1, 1, _zero(state))).astype(
        np.uint8, copy=False
    )


def _zero(state: State) -> NDArray[np.uint8] | int:
    return 0 if state is None else state


def is_present(state: State, size: int) -> Flags:
    """Return where there is a value."""
    return np.ones(size, bool) if state is None else state == 0


def default_state(state: State, fallback: State) -> State:
    """Return the state of `défaut(x; fallback)`."""
    return None if state is None or fallback is None else np.where(state == 0, 0, fallback).astype(np.uint8)


def any_given(size: int, absent: Sequence[State]) -> Flags | bool:
    """Return where one of several columns is given: True for everywhere, False for nowhere."""
    found: Flags | bool = False
    for state in absent:
        if state is None:
            return True
        found = (state == 0) if found is False else found | (state == 0)
    return found


def unfilled(filled: Flags | bool, size: int) -> State:
    """Return the state of an empty cell where `vide vaut 0`: zero in a table that is filled."""
    if filled is True:
        return None
    return np.ones(size, np.uint8) if filled is False else (~filled).view(np.uint8)


def missing(state: State) -> State:
    """Return where there is no value, as absent."""
    return None if state is None else (state != 0).view(np.uint8)


def both(one: State, other: State) -> State:
    """Return what is absent in both."""
    return None if one is None or other is None else one & other


# --- conditions --------------------------------------------------------------------


def conjunction(size: int, *operands: tuple[Flags, State]) -> tuple[Flags, State]:
    """Return `et` of (condition, state) pairs: one that is false decides alone."""
    if all(state is None for _, state in operands):
        return np.logical_and.reduce([flags for flags, _ in operands]), None
    false = np.zeros(size, bool)
    for flags, state in operands:
        false |= ~flags if state is None else ~flags & (state == 0)
    state = worst(*(state for _, state in operands))
    return ~false, _decided(false, state)


def disjunction(size: int, *operands: tuple[Flags, State]) -> tuple[Flags, State]:
    """Return `ou` of (condition, state) pairs: one that is true decides alone."""
    if all(state is None for _, state in operands):
        return np.logical_or.reduce([flags for flags, _ in operands]), None
    true = np.zeros(size, bool)
    for flags, state in operands:
        true |= flags if state is None else flags & (state == 0)
    return true, _decided(true, worst(*(state for _, state in operands)))


def _decided(decided: Flags, state: State) -> State:
    return None if state is None else np.where(decided, 0, state).astype(np.uint8, copy=False)


def told(flags: Flags, state: State, verdict: NDArray[np.uint8], bad: Flags | None) -> None:
    """Write verdicts (0 satisfied, 1 violated, 2 undetermined, 3 sans objet); `bad` gathers what blocks."""
    violated = np.logical_not(flags, out=verdict.view(bool))
    if state is not None:
        none = state != 0
        np.greater(violated, none, out=violated)
        verdict += none.view(np.uint8)
        verdict += state  # 2 or 3 where there is no value
        if bad is not None:
            np.logical_or(bad, verdict - np.uint8(1) < 2, out=bad)
    elif bad is not None:
        np.logical_or(bad, violated, out=bad)


# --- near numbers ----------------------------------------------------------------------


def near(whole: Ints) -> tuple[Floats, Error]:
    """Return whole numbers as floats, and by how much they may differ."""
    floats = whole.astype(np.float64)
    low, high = (whole.min(), whole.max()) if whole.size else (0, 0)
    return floats, (0.0 if low >= -_EXACT and high <= _EXACT else np.abs(floats) * _UNIT)


def near_sum(terms: Sequence[tuple[float, Floats, Error]]) -> tuple[Floats, Error]:
    """Return the sum of floats, each times a factor."""
    total: Any = 0.0
    error: Any = 0.0
    for factor, floats, doubt in terms:
        term = floats * factor
        total = total + term
        error = error + (np.abs(total) + np.abs(term)) * _UNIT + doubt * abs(factor)
    return total, error


def near_product(one: tuple[Floats, Error], other: tuple[Floats, Error]) -> tuple[Floats, Error]:
    """Return a product."""
    (f, e), (g, d) = one, other
    product = f * g
    return product, np.abs(f) * d + np.abs(g) * e + e * d + np.abs(product) * _UNIT


def near_quotient(
    one: tuple[Floats, Error], other: tuple[Floats, Error], state: State, doubt: Flags
) -> tuple[Floats, Error, State]:
    """Return a quotient, undefined where the divisor is zero, in doubt where it may be."""
    (f, e), (g, d) = one, other
    size = np.abs(g)
    zero = (size == 0) & (d == 0)
    unsure = (size <= d) & ~zero
    if unsure.any():
        np.logical_or(doubt, unsure, out=doubt)
    stop = zero | unsure
    if stop.any():
        g, size = np.where(stop, 1.0, g), np.where(stop, 1.0, size)
        d = np.where(stop, 0.0, d)
    if zero.any():
        state = worst(state, zero.view(np.uint8))
    quotient = f / g
    return quotient, (e + np.abs(quotient) * d) / (size - d) + np.abs(quotient) * (2 * _UNIT), state


def near_of_ratio(above: Ints, below: Ints) -> tuple[Floats, Error]:
    """Return a ratio of whole numbers as floats."""
    (f, e), (g, d) = near(above), near(below)
    quotient = f / g
    if isinstance(e, float) and isinstance(d, float):
        return quotient, np.abs(quotient) * _UNIT
    return quotient, np.abs(quotient) * (4 * _UNIT) + e / np.abs(g)


def chosen_near(chosen: Flags, one: tuple[Floats, Error], other: tuple[Floats, Error]) -> tuple[Floats, Error]:
    """Return `one` where chosen, `other` elsewhere."""
    (f, e), (g, d) = one, other
    same = isinstance(e, float) and isinstance(d, float) and e == d
    return np.where(chosen, f, g), e if same else np.where(chosen, e, d)


def near_extreme(function: str, values: Sequence[tuple[Floats, Error]]) -> tuple[Floats, Error]:
    """Return the least (`min`) or the greatest."""
    pick = np.minimum if function == "min" else np.maximum
    floats, error = values[0]
    for f, e in values[1:]:
        floats, error = pick(floats, f), np.maximum(error, e)
    return floats, error


def sign_of(floats: Floats, error: Error, whole: Ints | None, state: State, doubt: Flags) -> NDArray[np.int8]:
    """Return -1, 0 or 1; `whole` is the same number modulo 2**64, to decide what is close to zero."""
    sign = np.sign(floats)
    close = (np.abs(floats) <= error) & (np.asarray(error) > 0)
    if not np.isfinite(floats).all():
        close = close | ~np.isfinite(floats)
    if close.any():
        if whole is not None:
            sure = close & (np.asarray(error) < _SURE)
            sign = np.where(sure, np.sign(whole), sign)
            close &= ~sure
        if state is not None:
            close &= state == 0
        np.logical_or(doubt, close, out=doubt)
    return np.nan_to_num(sign).astype(np.int8)


def absolute_whole(floats: Floats, error: Error, whole: Ints) -> Ints:
    """Return the absolute value of whole numbers known modulo 2**64, close to those floats."""
    negative = np.where(np.abs(floats) <= error, whole < 0, floats < 0)
    return np.where(negative, -whole, whole)


# --- ratios and roundings -------------------------------------------------------------------


def divided(above: Ints, below: Ints, state: State) -> tuple[Ints, Ints, State]:
    """Return the numerator, the denominator made positive, and the state: undefined where it is zero."""
    low = below <= 0
    if not low.any():
        return above, below, state
    negative = below < 0
    zero = low ^ negative
    below, above = np.abs(below), above.copy()
    np.negative(above, out=above, where=negative)
    if zero.any():
        state = worst(state, zero.view(np.uint8))
        np.copyto(below, 1, where=zero)
        np.copyto(above, 0, where=zero)  # nothing to look at twice
    return above, below, state


def _resolved(floor: Ints, rest: Ints, below: Ints | int, rounding: Rounding, out: Ints | None = None) -> Ints:
    """Return the rounding of floor + rest / below, where 0 <= rest < below."""
    match rounding:
        case Rounding.HALF_UP:
            twice = rest + rest
            up = (twice > below) | ((twice == below) & (floor >= 0))
        case Rounding.HALF_EVEN:
            twice = rest + rest
            up = (twice > below) | ((twice == below) & (floor & 1 == 1))
        case Rounding.UP:
            up = (rest > 0) & (floor >= 0)
        case Rounding.DOWN:
            up = (rest > 0) & (floor < 0)
    rounded: Ints = np.add(floor, up, out=out)
    return rounded


def rounded_whole(whole: Ints, step: int, rounding: Rounding, *, out: Ints | None = None) -> Ints:
    """Return how many steps a whole number rounds to."""
    if rounding is Rounding.HALF_UP:
        size = np.absolute(whole, out=out)
        size += step // 2
        size //= step
        return np.negative(size, out=size, where=whole < 0)
    floor = whole // step
    return _resolved(floor, whole - floor * step, step, rounding, out)


def rounded_ratio(
    above: Ints,
    below: Ints,
    times: int,
    over: int,
    rounding: Rounding,
    state: State,
    doubt: Flags,
    *,
    out: Ints | None = None,
) -> Ints:
    """Return the rounding of (above * times) / (below * over), all exact; below * over stays under 2**61."""
    quotient = above / below
    if times != over:
        quotient *= times / over
    most = max(quotient.max(), -quotient.min()) if quotient.size else 0.0
    if most > _LONGEST:
        huge = np.abs(quotient) > _LONGEST
        quotient[huge] = 0.0
        if state is not None:
            huge &= state == 0
        np.logical_or(doubt, huge, out=doubt)
    if rounding is Rounding.HALF_UP:
        nearest = np.rint(quotient)
        whole = np.empty(nearest.shape, np.int64) if out is None else out
        np.copyto(whole, nearest, casting="unsafe")
        off = np.subtract(quotient, nearest, out=nearest)
        close = np.abs(off, out=off) > 0.5 - 2.0**-20
        if most >= 2.0**30:
            close |= np.abs(quotient) >= 2.0**30
        (places,) = np.nonzero(close)
        if places.size:
            part = quotient[places], above[places] * times, below[places] * over
            whole[places] = _exactly_rounded(*part, rounding)
        return whole
    return _exactly_rounded(quotient, above * times, below * over, rounding, out)


def _exactly_rounded(quotient: Floats, above: Ints, below: Ints, rounding: Rounding, out: Ints | None = None) -> Ints:
    # The remainder is small, so it is known although products wrap.
    floor = np.floor(quotient).astype(np.int64)
    rest = above - floor * below
    low, high = rest < 0, rest >= below
    floor = floor - low + high
    rest = rest + np.where(low, below, 0) - np.where(high, below, 0)
    return _resolved(floor, rest, below, rounding, out)


def rounded_near(floats: Floats, error: Error, times: float, rounding: Rounding, state: State, doubt: Flags) -> Ints:
    """Return the rounding of floats * times; in doubt where the error may change it."""
    scaled = floats * times
    error = np.abs(error * times) + np.abs(scaled) * (2 * _UNIT)
    match rounding:
        case Rounding.HALF_UP | Rounding.HALF_EVEN:
            nearest = np.rint(scaled)
            close = np.abs(np.abs(scaled - nearest) - 0.5) <= error
        case _:
            nearest = np.trunc(scaled) if rounding is Rounding.DOWN else np.copysign(np.ceil(np.abs(scaled)), scaled)
            close = (np.abs(scaled - np.rint(scaled)) <= error) & (scaled != 0)
    close |= ~(np.abs(scaled) < 2.0**50)
    if state is not None:
        close &= state == 0
    np.logical_or(doubt, close, out=doubt)
    return np.where(np.abs(scaled) < 2.0**50, nearest, 0.0).astype(np.int64)


# --- folds over fixed cells -----------------------------------------------------------------


def without(values: Any, state: State, neutral: float) -> Any:
    """Return values, `neutral` where there is none."""
    return values if state is None else np.where(state == 0, values, neutral)


def fold_state(*states: State) -> State:
    """Return the state of a sum that skips what is sans objet: undefined if one is, sans objet if all are."""
    if all(state is None for state in states):
        return None
    undefined: Any = False
    skipped: Any = True
    for state in states:
        if state is None:
            skipped = False
        else:
            undefined = undefined | (state == 1)
            skipped = skipped & (state == 2)
    return np.where(undefined, 1, np.where(skipped, 2, 0)).astype(np.uint8)


def count_of(size: int, *states: State) -> Ints:
    """Return how many values are present."""
    counted = np.full(size, sum(state is None for state in states), np.int64)
    for state in states:
        if state is not None:
            counted += state == 0
    return counted


def count_state(*states: State) -> State:
    """Return the state of `nombre` over cells: sans objet if all are."""
    if any(state is None for state in states):
        return None
    skipped = np.logical_and.reduce([state == 2 for state in states])
    return np.where(skipped, 2, 0).astype(np.uint8)


# --- rows of lists -----------------------------------------------------------------------------


def at_rows(values: Any, rows: Ints) -> Any:
    """Return what belongs to each row's dossier."""
    return values[rows] if isinstance(values, np.ndarray) else values


def segment_sum(values: Any, offsets: Ints) -> Any:
    """Return the sum over the rows of each dossier; whole numbers wrap."""
    sums = np.zeros(len(values) + 1, np.float64 if values.dtype.kind == "f" else np.int64)
    if values.dtype.kind == "f":  # no cancellation between dossiers
        return segment_extreme(np.add, values, offsets, 0.0)
    np.cumsum(values, out=sums[1:])
    return sums[offsets[1:]] - sums[offsets[:-1]]


def segment_near(floats: Floats, error: Error, offsets: Ints) -> tuple[Floats, Error]:
    """Return the sum of near numbers over the rows of each dossier."""
    bound = np.broadcast_to(np.asarray(error, np.float64), floats.shape)
    count = np.diff(offsets).astype(np.float64)
    size = segment_sum(np.abs(floats), offsets)
    return segment_sum(floats, offsets), segment_sum(bound, offsets) + size * count * _UNIT


def segment_extreme(pick: np.ufunc, values: Any, offsets: Ints, neutral: float) -> Any:
    """Return `pick` over the rows of each dossier, `neutral` where there are none."""
    starts, stops = offsets[:-1], offsets[1:]
    found = np.full(len(starts), neutral, values.dtype)
    some = stops > starts
    if some.any():
        found[some] = pick.reduceat(values, starts[some])
    return found


def kept_state(kept: Flags, known: State, state: State, size: int) -> NDArray[np.uint8]:
    """Return the state of a row under a filter: 3 where it is left out, 1 where that is not known."""
    found = np.zeros(size, np.uint8) if state is None else state
    if known is None:
        return np.where(kept, found, 3).astype(np.uint8)
    return np.where(known != 0, known, np.where(kept, found, 3)).astype(np.uint8)


def open_rows(state: State, count: State, rows: Ints) -> State:
    """Return the state of rows, those of a list that does not apply, or is not known, left out."""
    if count is None:
        return state
    found = np.zeros(len(rows), np.uint8) if state is None else state
    return np.where(count[rows] != 0, 3, found).astype(np.uint8)


def uncounted(state: State) -> State:
    """Return the state of values to count: 4 where one is there without being known."""
    return None if state is None else np.where(state == 1, 4, state).astype(np.uint8)


def rows_state(rows: State, size: int, offsets: Ints, count: State) -> tuple[Any, Any, Any, Any]:
    """Return, by dossier, how many rows have a value, where one is undefined, is skipped, is there at all."""
    if rows is None or not rows.any():
        present: Any = np.diff(offsets)
        undefined: Any = np.False_
        skipped: Any = np.False_
        there: Any = present > 0
    else:
        present = segment_count(rows == 0, offsets)
        undefined, skipped = _somewhere(rows == 1, offsets), _somewhere(rows == 2, offsets)
        there = (present > 0) | _somewhere(rows == 4, offsets)
    if count is not None:
        undefined, skipped = undefined | (count == 1), skipped | (count == 2)
    return present, undefined, skipped, there


def segment_count(flags: Flags, offsets: Ints) -> Ints:
    """Return how many rows of each dossier are flagged."""
    sums = np.zeros(len(flags) + 1, np.int32)
    np.cumsum(flags, dtype=np.int32, out=sums[1:])
    return (sums[offsets[1:]] - sums[offsets[:-1]]).astype(np.int64)


def _somewhere(flags: Flags, offsets: Ints) -> Any:
    return segment_count(flags, offsets) > 0 if flags.any() else np.False_


def items_state(undefined: Sequence[Any], present: Sequence[Any], skipped: Sequence[Any]) -> State:
    """Return the state of a fold over items: undefined if one is, sans objet if all that there was is."""
    unknown, some, none = (reduce(np.logical_or, group) for group in (undefined, present, skipped))
    return np.where(unknown, 1, np.where(~some & none, 2, 0)).astype(np.uint8)


_RANKS: Final = np.array([1, 3, 2, 0], np.uint8)
_OF_RANKS: Final = np.array([3, 0, 2, 1], np.uint8)


def of_rows(
    flags: Flags,
    state: State,
    rows: tuple[Ints, State],
    when_undefined: int,
    verdict: NDArray[np.uint8],
    bad: Flags | None,
) -> None:
    """Write the worst verdict over the rows of each dossier: violated, undetermined, satisfied, sans objet."""
    offsets, count = rows
    each = np.empty(len(flags), np.uint8)
    told(flags, state, each, None)
    rank = _RANKS.take(each)
    found = _OF_RANKS.take(segment_extreme(np.maximum, rank, offsets, 0))
    if count is not None:
        found = np.where(count == 1, when_undefined, np.where(count == 2, 3, found))
    verdict[:] = found
    if bad is not None:
        np.logical_or(bad, verdict - np.uint8(1) < 2, out=bad)


def second_of_rows(
    flags: Flags, state: State, there: Flags, offsets: Ints, verdict: NDArray[np.uint8], bad: Flags | None
) -> None:
    """Write the worst verdict over the rows that give a second value, 255 where none does."""
    each = np.empty(len(flags), np.uint8)
    told(flags, state, each, None)
    rank = np.where(there, np.array([2, 4, 3, 1], np.uint8)[each], 0).astype(np.uint8)
    verdict[:] = np.array([255, 3, 0, 2, 1], np.uint8)[segment_extreme(np.maximum, rank, offsets, 0)]
    if bad is not None:
        np.logical_or(bad, verdict - np.uint8(1) < 2, out=bad)
