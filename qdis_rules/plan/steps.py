"""What redoes one slot, or one outcome, of a frame already filled: who reads what, and small programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from qdis_rules.model import typed
from qdis_rules.plan.frame import Frame
from qdis_rules.plan.outline import TrialHead
from qdis_rules.plan.program import Program
from qdis_rules.records import dataclass

if TYPE_CHECKING:
    from qdis_rules.plan.compile import Compiler


@dataclass(slots=True)
class Readers:
    """The slots and the trials that read something; `whole`: an edit of it reaches more than them."""

    slots: list[int] = field(default_factory=list)
    trials: list[int] = field(default_factory=list)
    whole: bool = False


_NOBODY: Final = Readers()


@dataclass(frozen=True, slots=True)
class Written:
    """What small programs need to know of the whole one: operands by slot, numbers that may be long, fractions.

    An operand is the name of a number or of another value, or the names of a quotient, after a letter that tells.
    """

    operands: Mapping[int, tuple[str, ...]]
    wide: frozenset[int]
    fractions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Edited:
    """What edits need to know: how the program was written, who reads values, who asks whether they are given."""

    written: Written
    readers: Mapping[str, Readers]
    supply_readers: Mapping[str, Readers]


class Steps:
    """Functions that redo one slot, or one outcome: made when first needed."""

    def __init__(
        self,
        ruleset: typed.TypedRuleset,
        slots: Mapping[str, int],
        compiler: Callable[[], Compiler],
        trials: tuple[TrialHead, ...],
        edited: Callable[[], Edited],
    ) -> None:
        self._ruleset = ruleset
        self._slots = slots
        self._compiler = compiler
        self._trials = trials
        self._make = edited
        self._of_slots: dict[str, Callable[[Frame], None]] = {}
        self._of_trials: dict[int, Program] = {}

    @cached_property
    def edited(self) -> Edited:
        """What edits need to know, made when the first of them asks."""
        return self._make()

    def slot(self, code: str) -> Callable[[Frame], None]:
        """Return what fills the slot of a computed cell or list column, or of an aggregate."""
        if code not in self._of_slots:
            from qdis_rules.plan.generate import generate_slot

            item = self._ruleset.cells.get(code) or self._ruleset.aggregates[code]
            self._of_slots[code] = generate_slot(self.edited.written, item, self._slots, self._compiler())
        return self._of_slots[code]

    def trial(self, index: int) -> Program:
        """Return what fills one outcome, of a trial that goes over no list."""
        if index not in self._of_trials:
            from qdis_rules.plan.generate import generate_trial

            code = self._trials[index][1]
            instance = self._ruleset.checks[code].instances[index - self._first[code]]
            self._of_trials[index] = generate_trial(self.edited.written, index, instance, self._slots, self._compiler())
        return self._of_trials[index]

    def readers(self, code: str) -> Readers:
        """Return what reads the value of a cell, list column or aggregate."""
        return self.edited.readers.get(code, _NOBODY)

    def supply_readers(self, code: str) -> Readers:
        """Return what asks whether the dossier itself gives a cell."""
        return self.edited.supply_readers.get(code, _NOBODY)

    def name(self, index: int) -> tuple[str, str]:
        """Return the code of a trial's check, and the name of its result."""
        name, code, *_ = self._trials[index]
        return code, name

    @cached_property
    def _first(self) -> Mapping[str, int]:
        """The first trial of each check."""
        return {head[1]: index for index, head in reversed(list(enumerate(self._trials)))}


def all_readers(ruleset: typed.TypedRuleset, slots: Mapping[str, int]) -> tuple[dict[str, Readers], dict[str, Readers]]:
    """Return, by code, what reads values, and what asks whether they are supplied."""
    values: dict[str, Readers] = {}
    supply: dict[str, Readers] = {}

    def record(expr: typed.Expr | None, slot: int | None, trial: int | None, *, whole: bool) -> None:
        for node in typed.walk(expr) if expr is not None else ():
            match node:
                case typed.CellValue(code, 0) | typed.AggregateValue(code, 0) | typed.RowValue(code):
                    readers = values.setdefault(code, Readers())
                case typed.Supplied(code):
                    readers = supply.setdefault(code, Readers())
                case _:
                    continue
            readers.whole |= whole
            if slot is not None and slot not in readers.slots[-1:]:
                readers.slots.append(slot)
            if trial is not None and trial not in readers.trials[-1:]:
                readers.trials.append(trial)

    for code in ruleset.order:
        if code in ruleset.cells:
            record(ruleset.cells[code].formula, slots[code], None, whole=False)
        elif code in ruleset.aggregates:
            record(ruleset.aggregates[code].guard, slots[code], None, whole=False)
            record(ruleset.aggregates[code].formula, slots[code], None, whole=False)
        else:  # whether a table applies changes all its cells
            record(ruleset.tables[code].closed, None, None, whole=True)
    index = 0
    for check in ruleset.checks.values():
        for instance in check.instances:
            for expr in (instance.guard, instance.body):
                record(expr, None, index, whole=instance.rows_of is not None)
            index += 1
    return values, supply
