"""What runs a generated program: its context, what it calls, and the closures it leaves things to."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from qdis_rules.numbers import (
    CONTEXT,
    NOT_APPLICABLE,
    ZERO,
    CauseKind,
    NotApplicable,
    NumberTooLarge,
    Rounding,
    Undefined,
    gather,
    quotient,
)
from qdis_rules.plan.frame import ONE, Code, Frame, Value

WIDE: Final = CONTEXT.copy()
"""Room enough for sums and products of formulas; it refuses to round, too."""
WIDE.prec = 200


class Unfit(ArithmeticError):
    """A number that the straight-line function does not handle."""


UNFIT: Final = (Unfit, NumberTooLarge, decimal.Inexact, decimal.Overflow)
"""What the function raises when the closures must take over."""

_STICKY: Final = decimal.Context(prec=120, rounding=decimal.ROUND_05UP, Emin=-9999, Emax=9999, traps=[])
"""Divides so that rounding what it gives, to fewer digits, is rounding the quotient itself."""
_ROUND: Final = decimal.Context(prec=100, Emin=-9999, Emax=9999, traps=[])
MODES: Final = {
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.UP: decimal.ROUND_UP,
    Rounding.DOWN: decimal.ROUND_DOWN,
}

Program: TypeAlias = Callable[[Frame, list[Value | None]], None]
"""Fills `frame.values` and the list of outcomes, one per trial (None: a trial over the rows of a list)."""


# --- what generated code calls ----------------------------------------------------


def _divided(above: object, below: object, division: Undefined) -> tuple[object, Decimal]:
    """Return the pair of a quotient whose denominator is zero or no number."""
    none = gather((above, below))
    return (none if none is not None else division), ONE


class _View(dict[str, object]):
    """The values of an earlier year as programs take them: each is read once."""

    def __init__(self, read: Callable[[str], object], take: Callable[[object], object]) -> None:
        super().__init__()
        self._read = read
        self._take = take

    def __missing__(self, code: str) -> object:
        value = self[code] = self._take(self._read(code))
        return value


def _past(frame: Frame, back: int, kind: str, whole: bool) -> Mapping[str, object]:
    """Return the values of an earlier year, of its cells or its aggregates (`kind`): numbers if `whole`, else pairs."""
    past, take = frame.past(back), _whole if whole else _split
    if past is None:
        unknown = Undefined.of(CauseKind.NO_YEAR, str(frame.year - back))
        return _View(lambda _: unknown, take)
    found: _View | None = past.kept.get((kind, whole))
    if found is None:
        found = past.kept[kind, whole] = _View(getattr(past, kind), take)
    return found


def _pair(value: object) -> tuple[object, Decimal]:
    """Return the pair of what a slot of quotients holds."""
    return value if isinstance(value, tuple) else _split(value)


def _split(value: object) -> tuple[object, Decimal]:
    """Return the pair of what a closure gave."""
    if value.__class__ is Fraction:
        return Decimal(value.numerator), Decimal(value.denominator)
    return value, ONE


def _rounded(above: Decimal, below: Decimal, step: Decimal, mode: str) -> Decimal:
    """Return above / below to a multiple of `step`, a power of ten."""
    found = (above if below is ONE else _STICKY.divide(above, below)).quantize(step, mode, _ROUND)
    if found.is_nan():  # more digits than were divided
        raise Unfit
    return found


def _whole(value: object) -> object:
    """Return what a closure gave, when it is no fraction."""
    if value.__class__ is Fraction:
        raise Unfit
    return value


def _skipping(values: Sequence[object]) -> object:
    """Return the strict sum of what is not sans objet."""
    kept = [value for value in values if value is not NOT_APPLICABLE]
    if not kept:
        return NOT_APPLICABLE
    none = gather(kept)
    return none if none is not None else sum(kept[1:], kept[0])  # type: ignore[call-overload]


def _extreme(pick: Callable[[Sequence[object]], object], values: Sequence[object]) -> object:
    """Return the least or the greatest of what is not sans objet."""
    kept = [value for value in values if value is not NOT_APPLICABLE]
    none = gather(kept)
    return (pick(kept) if kept else NOT_APPLICABLE) if none is None else none


def _mean(pairs: Sequence[tuple[Any, Decimal]]) -> tuple[object, Decimal]:
    """Return the pair of the mean of what is not sans objet: undefined if one of these pairs is."""
    kept = [pair for pair in pairs if pair[0] is not NOT_APPLICABLE]
    if not kept:
        return NOT_APPLICABLE, ONE
    none = gather(above for above, _ in kept)
    if none is not None:
        return none, ONE
    (total, below), *rest = kept
    for above, other in rest:
        if other is ONE and below is ONE:
            total = total + above
        else:
            total, below = total * other + above * below, below * other
    return total, below * len(kept)


def _column(frame: Frame, table: str, code: Code, whole: bool) -> object:
    """Return the value of a computed list column, a closure a row; no fraction when it is said `whole`."""
    count = frame.row_counts[table]
    if not isinstance(count, int):
        return count
    column = []
    for frame.rows[table] in range(count):
        column.append(_whole(code(frame)) if whole else code(frame))
    return column


def _close(frame: Frame, slots: Sequence[int], table: str, closed: object) -> None:
    """Make the cells of a table that does not apply, or of which that is not known, say so."""
    what: NotApplicable | Undefined = NOT_APPLICABLE if closed is True else closed  # type: ignore[assignment]
    for slot in slots:
        frame.values[slot] = what
    if table in frame.row_counts:
        frame.row_counts[table] = what


CALLED: Final[Mapping[str, object]] = {
    "D": Decimal,
    "U": Undefined,
    "NA": NOT_APPLICABLE,
    "ONE": ONE,
    "ZERO": ZERO,
    "NO_VALUE": (Undefined, NotApplicable),
    "gather": gather,
    "divided": _divided,
    "pair": _pair,
    "past": _past,
    "split": _split,
    "whole": _whole,
    "skipping": _skipping,
    "extreme": _extreme,
    "mean": _mean,
    "quotient": quotient,
    "close": _close,
    "column": _column,
    "fits": CONTEXT.plus,
    "rounded": _rounded,
}


@contextmanager
def wide() -> Iterator[None]:
    """Make `+ - *` exact or raise, for this thread, until the end of the block."""
    with decimal.localcontext(WIDE):
        yield


class Late:
    """A closure of a program, compiled when it is first called; it then takes the name's place."""

    def __init__(self, names: dict[str, object], name: str, make: Callable[[], Code]) -> None:
        self._names = names
        self._name = name
        self._make = make
        self._made: Code | None = None

    def __call__(self, frame: Frame) -> Value:
        """Return the value of the expression."""
        if self._made is None:
            self._made = self._names[self._name] = self._make()
        return self._made(frame)
