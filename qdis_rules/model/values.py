"""Values written outside formulas: of parameters, of examples."""

from __future__ import annotations

from fractions import Fraction

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors
from qdis_rules.model.resolve import Units, simple_unit
from qdis_rules.model.typed import Constant
from qdis_rules.model.types import (
    ChoiceType,
    ConditionType,
    DateType,
    ErrorType,
    NumberType,
    TextType,
    Type,
    number_unit,
)
from qdis_rules.numbers import exact
from qdis_rules.source import Span
from qdis_rules.syntax import tree


def literal(
    value: tree.Value,
    kind: Type,
    units: Units,
    diagnostics: list[Diagnostic],
    declared: Span | None,
    place: Span,
) -> Constant | None:
    """Return `value` as a value of `kind`, numbers in base units; None once reported.

    A bare number takes the declared unit: `= 3,5` in EUR/logement is 3,5 EUR/logement.
    `place` is where it stands, `declared` where its kind is declared.
    """
    match value, kind:
        case _, ErrorType():
            return None
        case tree.Quantity(number, unit), NumberType():
            declared_unit = number_unit(kind)
            of = declared_unit
            if unit is not None:
                written = simple_unit(unit.text, unit.span, units, diagnostics)
                if written is None:
                    return None
                of = written
                if not of.compatible(declared_unit):
                    where = declared or unit.span
                    diagnostics.append(errors.unit_mismatch(where, declared_unit, unit.span, of, "valeur"))
                    return None
            result = exact(Fraction(number) * of.scale)
            if kind.integer and Fraction(result) / declared_unit.scale % 1:
                diagnostics.append(errors.not_integer(value.span))
                return None
            return result
        case bool(), ConditionType():
            return value
        case tree.DateLiteral(day), DateType():
            return day
        case tree.Text(text), TextType():
            return text
        case tree.Name(text), ChoiceType():
            if text in kind.answers:
                return text
            diagnostics.append(errors.unknown_answer(value.span, kind.answers))
            return None
        case _:
            where = place if isinstance(value, bool) else value.span
            diagnostics.append(errors.parameter_value(where, kind, declared))
            return None
