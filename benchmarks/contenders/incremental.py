"""An incremental evaluator made by hand: the dependents of an input, in order, as long as values change.

One lambda a formula and a check over a list of values, made from the texts of the straight-line functions; no causes, no
absent input, no list of what changed.
"""

from __future__ import annotations

import re
from heapq import heapify, heappop, heappush
from typing import Any

from benchmarks.contenders.straight import CentsFunction, DecimalFunction, _Straight
from benchmarks.judge import Results
from benchmarks.synthetic import Work


class _Edits(_Straight):
    does = frozenset({"edit"})

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        self.inputs = work.inputs
        self.steps = [self._step(self.spelled_formula(formula)) for formula in work.formulas]
        self.trials = [self._step(self.spelled_check(check)) for check in work.checks]
        slots = work.inputs + len(work.formulas)
        formulas: list[list[int]] = [[] for _ in range(slots)]
        checks: list[list[int]] = [[] for _ in range(slots)]
        for index, formula in enumerate(work.formulas):
            for term in set(formula.terms):
                formulas[self._slot(term)].append(work.inputs + index)
        for index, check in enumerate(work.checks):
            for side in {check.left, check.right}:
                if isinstance(side, str):
                    checks[self._slot(side)].append(index)
        self.formula_readers, self.check_readers = formulas, checks

    def _slot(self, name: str) -> int:
        return int(name[1:]) + (self.work.inputs if name[0] == "f" else 0)

    def _step(self, text: str) -> Any:
        text = re.sub(r"\b[xf]\d+\b", lambda name: f"v[{self._slot(name[0])}]", text)
        return eval(f"lambda v: {text}", dict(self.called))

    def session(self, given: Any) -> Any:
        values, verdicts = self.run(given)
        return [*given, *values], verdicts

    def edit(self, session: Any, place: int, amount: Any) -> Any:
        values, verdicts = session
        if values[place] == amount:
            return session
        values[place] = amount
        waiting = self.formula_readers[place].copy()
        heapify(waiting)
        queued = set(waiting)
        trials = set(self.check_readers[place])
        while waiting:
            slot = heappop(waiting)
            value = self.steps[slot - self.inputs](values)
            if value != values[slot]:
                values[slot] = value
                trials.update(self.check_readers[slot])
                for reader in self.formula_readers[slot]:
                    if reader not in queued:
                        queued.add(reader)
                        heappush(waiting, reader)
        for index in trials:
            verdicts[index] = self.trials[index](values)
        return session

    def edited(self, session: Any) -> Results:
        values, verdicts = session
        return self.told((values[self.inputs :], verdicts))


class DecimalEdits(_Edits, DecimalFunction):
    """Over `Decimal`."""

    name = "incremental by hand, Decimal"
    does = _Edits.does


class CentsEdits(_Edits, CentsFunction):
    """Over whole hundredths."""

    name = "incremental by hand, integers"
    does = _Edits.does

    def amount(self, cents: int) -> int:
        return cents
