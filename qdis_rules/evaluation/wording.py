"""Values as a French reader sees them: « 1 234,50 EUR », « 3,25 % », « oui »."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from qdis_rules.evaluation.results import GapResult
from qdis_rules.model.types import ChoiceType, NumberType, Type, number_unit
from qdis_rules.numbers import NOT_APPLICABLE, Exact, Undefined, divide, round_shown, shown
from qdis_rules.plan.frame import Value
from qdis_rules.units import Unit

_THOUSANDS = "\u202f"
_BEFORE_UNIT = "\u00a0"
MESSAGE_PLACES = 6


def french_number(number: Decimal) -> str:
    """Return « 1 234,50 »: decimal comma, narrow no-break spaces between thousands."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    plain = format(number.copy_abs(), "f")
    whole, _, decimals = plain.partition(".")
    grouped = ""
    while len(whole) > 3:
        grouped = _THOUSANDS + whole[-3:] + grouped
        whole = whole[:-3]
    text = whole + grouped + ("," + decimals if decimals else "")
    return "-" + text if sign and any(digits) else text


def with_unit(text: str, unit: Unit | None) -> str:
    """Return `text` followed by its unit."""
    return f"{text}{_BEFORE_UNIT}{unit.symbol}" if unit is not None and unit.symbol else text


def in_unit(value: Exact, unit: Unit) -> Exact:
    """Return a value in base units in `unit`."""
    return value if unit.scale == 1 else divide(value, Fraction(unit.scale))


def spoken(value: Value, kind: Type, places: int | None = None, *, entered: bool = False) -> str:
    """Return how a message shows `value` (base units) of `kind`, rounded to `places` if given.

    Without a value, an `entered` cell is absent; what is computed is *non calculable*.

    A quotient that does not terminate is cut at six decimals and ends with « … ».
    """
    if value is NOT_APPLICABLE:
        return "(sans objet)"
    if isinstance(value, Undefined):
        return "(absent)" if entered else "(non calculable)"
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, str):
        return kind.labels[kind.answers.index(value)] if isinstance(kind, ChoiceType) else value
    assert isinstance(value, Decimal | Fraction)
    unit = number_unit(kind) if isinstance(kind, NumberType) else None
    size = in_unit(value, unit) if unit is not None else value
    if places is not None:
        return with_unit(french_number(round_shown(size, places)), unit)
    if isinstance(size, Fraction):
        return with_unit(french_number(round_shown(size, MESSAGE_PLACES)) + "…", unit)
    return with_unit(french_number(shown(size)), unit)


def compared(gap: GapResult) -> str:
    """Return both sides of a comparison, with what is tolerated: « 245 EUR <= 303 EUR, 1 EUR toléré »."""
    unit = f"\u00a0{gap.unit}" if gap.unit else ""
    left, right = (f"{french_number(side)}{unit}" for side in (gap.left, gap.right))
    sides = f"{left}, borne la plus proche {right}" if gap.op == "entre" else f"{left} {gap.op} {right}"
    return sides + (f", {french_number(gap.tolerance)}{unit} toléré" if gap.tolerance else "")
