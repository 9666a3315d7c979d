"""The kinds of values: numbers with a unit, conditions, choices, dates, texts."""

from __future__ import annotations

from typing import TypeAlias

from qdis_rules.records import dataclass
from qdis_rules.units import NUMBER, Unit


@dataclass(frozen=True, slots=True)
class NumberType:
    """A number. `unit` is None for a literal zero, which fits any unit."""

    unit: Unit | None
    integer: bool = False

    def __str__(self) -> str:
        if self.unit is None:
            return "zéro"
        return f"un nombre en {self.unit.symbol}" if self.unit.symbol else "un nombre sans unité"


@dataclass(frozen=True, slots=True)
class ConditionType:
    """True or false: a comparison, or an `oui/non` cell."""

    def __str__(self) -> str:
        return "une condition"


@dataclass(frozen=True, slots=True)
class ChoiceType:
    """One answer among those declared, by code."""

    answers: tuple[str, ...]
    labels: tuple[str, ...]

    def __str__(self) -> str:
        return "un choix (" + " | ".join(self.answers) + ")"


@dataclass(frozen=True, slots=True)
class DateType:
    """A calendar date."""

    def __str__(self) -> str:
        return "une date"


@dataclass(frozen=True, slots=True)
class TextType:
    """A text of at most `size` characters."""

    size: int

    def __str__(self) -> str:
        return "un texte"


@dataclass(frozen=True, slots=True)
class ErrorType:
    """The type of what was already reported: it agrees with everything."""

    def __str__(self) -> str:
        return "?"


Type: TypeAlias = NumberType | ConditionType | ChoiceType | DateType | TextType | ErrorType

CONDITION = ConditionType()
DATE = DateType()
ERROR = ErrorType()
PLAIN = NumberType(NUMBER)


def number_unit(kind: Type) -> Unit:
    """Return the unit of a number type (plain when it fits any); TypeError for another kind."""
    if not isinstance(kind, NumberType):
        raise TypeError(f"{kind} is no number")
    return kind.unit if kind.unit is not None else NUMBER
