"""The state of one evaluation: values by slot, lists, and the way to earlier years."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

from qdis_rules.numbers import Exact, NotApplicable, Undefined
from qdis_rules.records import dataclass

ONE: Final = Decimal(1)

Known: TypeAlias = Exact | bool | date | str
Value: TypeAlias = Known | Undefined | NotApplicable
"""What a cell, an aggregate or an expression is: numbers are in base units."""

ListValue: TypeAlias = list[Value] | Undefined | NotApplicable
"""A column of a list: one value a row, or why there are no rows."""


def table_of(code: str) -> str:
    """Return the table of a cell or list column."""
    return code.partition(".")[0]


class Past(ABC):
    """An earlier year, however it was obtained. `kept` is what evaluations keep of it, for the next."""

    def __init__(self) -> None:
        self.kept: dict[object, Any] = {}

    @abstractmethod
    def cell(self, code: str) -> Value:
        """Return the value of a cell in base units."""

    @abstractmethod
    def aggregate(self, code: str) -> Value:
        """Return the unrounded value of an aggregate in base units."""


@dataclass(slots=True)
class Frame:
    """One evaluation of one dossier.

    `rows` tells, by list, which of its rows is at hand; `supplied` the cells the dossier itself
    gives and the tables it begins, `pending` the cells it gives, by table, if that table applies;
    `past(k)` is the year k years ago, if known.
    """

    year: int
    values: list[Value | ListValue]
    parameters: dict[str, Value]
    row_counts: dict[str, int | Undefined | NotApplicable]
    past: Callable[[int], Past | None] = field(repr=False)
    rows: dict[str, int] = field(default_factory=dict)
    supplied: set[str] = field(default_factory=set)
    pending: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    supplied_in_row: set[tuple[str, int]] = field(default_factory=set)


Code: TypeAlias = Callable[[Frame], Value]
"""A compiled expression: frame to value."""
