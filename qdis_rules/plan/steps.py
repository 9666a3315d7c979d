"""What redoes one slot, or one outcome, of a frame already filled: who reads what, and small programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from qdis_rules.model import typed
from qdis_rules.plan.frame import Frame, Value
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
    """What small programs need to know of the whole one: operands and sizes by slot, sizes of parameters, fractions.

    An operand is the name of a number or of another value, or the names of a quotient, after a letter that tells.
    A size is how many digits there may be before and after the point.
    """

    operands: Mapping[int, tuple[str, ...]]
    sizes: Mapping[int, tuple[int, int]]
    parameter_sizes: Mapping[str, tuple[int, int]]
    fractions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Edited:
    """What edits need to know: how the program was written, who reads values, who asks whether they are given."""

    written: Written
    readers: Mapping[str, Readers]
    supply_readers: Mapping[str, Readers]


class Step:
    """One slot, or one outcome, to do again. `code` is the cell or aggregate, or the name of the result of `check`."""

    __slots__ = ("_write", "check", "code", "run")

    def __init__(self, code: str, check: str, write: Callable[[], Program]) -> None:
        self.code = code
        self.check = check
        self._write = write
        self.run: Program = self._first

    def _first(self, frame: Frame, outcomes: list[Value | None]) -> None:
        self.run = self._write()
        self.run(frame, outcomes)


@dataclass(frozen=True, slots=True)
class Cone:
    """What may change when a cell does: slots, then outcomes (its place, what it reads), each after what it reads.

    `asking` are the slots and the outcomes that ask whether the cell is supplied. An edit reaches more
    when a slot of `whole` changes, or, if `asked_whole`, when the cell begins or ceases to be supplied.
    """

    slots: tuple[tuple[int, set[int], Step], ...]
    trials: tuple[tuple[int, set[int], Step], ...]
    asking: tuple[frozenset[int], frozenset[int]]
    whole: frozenset[int]
    asked_whole: bool


class Steps:
    """The cones of cells: made when first needed."""

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
        self._steps: dict[int, Step] = {}
        self._trial_steps: dict[int, Step] = {}
        self._cones: dict[str, Cone] = {}

    @cached_property
    def edited(self) -> Edited:
        """What edits need to know, made when the first of them asks."""
        return self._make()

    def cone(self, code: str) -> Cone:
        """Return what may change when a cell of a fixed table does, its value or whether it is supplied."""
        found = self._cones.get(code)
        if found is None:
            found = self._cones[code] = self._cone(code)
        return found

    def _cone(self, code: str) -> Cone:
        order = self._ruleset.order
        asking = self.edited.supply_readers.get(code, _NOBODY)
        reads: dict[int, set[int]] = {slot: set() for slot in asking.slots}
        trials: dict[int, set[int]] = {trial: set() for trial in asking.trials}
        whole = set()
        waiting = [self._slots[code], *asking.slots]
        seen = set(waiting)
        while waiting:
            slot = waiting.pop()
            readers = self.edited.readers.get(order[slot], _NOBODY)
            if readers.whole:
                whole.add(slot)
            for trial in readers.trials:
                trials.setdefault(trial, set()).add(slot)
            for reader in readers.slots:
                reads.setdefault(reader, set()).add(slot)
                if reader not in seen:
                    seen.add(reader)
                    waiting.append(reader)
        return Cone(
            tuple((slot, reads[slot], self._slot(slot)) for slot in sorted(reads)),
            tuple((trial, trials[trial], self._trial(trial)) for trial in sorted(trials)),
            (frozenset(asking.slots), frozenset(asking.trials)),
            frozenset(whole),
            asking.whole,
        )

    def _slot(self, slot: int) -> Step:
        if slot not in self._steps:
            code = self._ruleset.order[slot]
            self._steps[slot] = Step(code, "", partial(self._slot_program, code))
        return self._steps[slot]

    def _trial(self, index: int) -> Step:
        if index not in self._trial_steps:
            name, check, *_ = self._trials[index]
            self._trial_steps[index] = Step(name, check, partial(self._trial_program, index))
        return self._trial_steps[index]

    def _slot_program(self, code: str) -> Program:
        from qdis_rules.plan.generate import generate_slot

        item = self._ruleset.cells.get(code) or self._ruleset.aggregates[code]
        return generate_slot(self.edited.written, item, self._slots, self._compiler())

    def _trial_program(self, index: int) -> Program:
        from qdis_rules.plan.generate import generate_trial

        code = self._trials[index][1]
        instance = self._ruleset.checks[code].instances[index - self._first[code]]
        return generate_trial(self.edited.written, index, instance, self._slots, self._compiler())

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
