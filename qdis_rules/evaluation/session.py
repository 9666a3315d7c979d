"""A dossier being filled in: an edit computes again what depends on it, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, getcontext, setcontext
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar, cast

from qdis_rules.evaluation.admit import Admitted, admit
from qdis_rules.evaluation.dossier import Dossier, DossierError, Problem, Raw
from qdis_rules.evaluation.entries import Refused, is_plain, read_value
from qdis_rules.evaluation.evaluate import refuse_other_types
from qdis_rules.evaluation.history import Years
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.results import Origin, Verdict
from qdis_rules.evaluation.run import plain, run
from qdis_rules.evaluation.verify import SUFFIX, agreement, verdict_of
from qdis_rules.model import typed
from qdis_rules.numbers import INTEGER_DIGITS, ZERO, multiply
from qdis_rules.plan.frame import Known, ListValue, Value, table_of
from qdis_rules.plan.plan import Plan
from qdis_rules.plan.program import UNFIT, WIDE, Unfit
from qdis_rules.plan.steps import Cone
from qdis_rules.records import dataclass

T = TypeVar("T")

_ORDER = (Origin.TYPED, Origin.IMPORTED, Origin.ACCOUNTS, Origin.CARRIED)


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit changed.

    `values` are the codes of the cells, list columns and aggregates that have another value;
    `verdicts` the new verdict of each check that has another one, by name: None for a check that is no more.
    """

    values: tuple[str, ...]
    verdicts: Mapping[str, Verdict | None]


_NOTHING = Change((), MappingProxyType({}))
_CENT = Decimal("0.01")
_NOT_ASKED: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class _Free:
    """A typed amount in a base unit, its only value, in a table that applies: its slot and what it reaches.

    `alone` is the change when nothing else changes.
    """

    slot: int
    cone: Cone
    alone: Change


class Session:
    """One dossier that a form edits cell by cell; made by `Ruleset.session`. One thread at a time.

    `report` is always what `Ruleset.evaluate` would give of `dossier`.
    """

    def __init__(self, plan: Plan, dossier: Dossier, history: Sequence[Dossier | Report] = ()) -> None:
        refuse_other_types(dossier, history)
        self._plan = plan
        self._context = WIDE.copy()
        self._free: dict[str, _Free] = {}
        problems: list[Problem] = []
        self._years = Years(plan, history, problems)
        admitted = admit(plan, dossier)
        if problems or isinstance(admitted, list):
            raise DossierError([*(admitted if isinstance(admitted, list) else ()), *problems])
        self._open(admitted)

    @property
    def dossier(self) -> Dossier:
        """The dossier as edited so far."""
        return replace(self._admitted.dossier, typed=dict(self._raw))

    @property
    def report(self) -> Report:
        """The report of the dossier as edited so far; later edits do not change it."""
        live = self._live
        frame = replace(live.frame, values=live.frame.values.copy(), supplied=live.frame.supplied.copy(), rows={})
        return Report(
            replace(
                live,
                admitted=replace(self._admitted, dossier=self.dossier, typed=dict(self._typed)),
                frame=frame,
                outcomes=live.outcomes.copy(),
                origins=live.origins.copy(),
                others=live.others.copy(),
            )
        )

    def set(self, code: str, raw: Raw) -> Change:
        """Give a cell of a fixed table another typed value (None or an empty text: none), and return what changed.

        Raises DossierError for an unknown cell or a value that does not fit: nothing is changed then.
        """
        free = self._free.get(code)
        if (
            free is not None
            and raw.__class__ is Decimal
            and ((raw.same_quantum(_CENT) and raw.adjusted() < INTEGER_DIGITS) or is_plain(raw))
        ):
            values = self._values
            old = values[free.slot]
            self._raw[code] = self._typed[code] = values[free.slot] = raw
            return _NOTHING if old == raw else self._retyped(free, old)
        cell = self._plan.ruleset.cells.get(code)
        if cell is None or cell.row == "*":
            refused = admit(self._plan, Dossier(self._admitted.dossier.year, typed={code: raw}))
            raise DossierError(refused if isinstance(refused, list) else ())
        before, value = self._typed.get(code), _read(cell, raw)
        if value is None:
            self._raw.pop(code, None)
        else:
            self._raw[code] = raw
        if type(value) is type(before) and value == before:
            return _NOTHING
        simple = self._is_simple(cell, before, value)
        if value is None:
            del self._typed[code]
        else:
            self._typed[code] = value
        self._given[cell.table] += (value is not None) - (before is not None)
        change = self._edit(cell, value) if simple else None
        if change is None:
            return self._again(self.dossier)
        if self._live.others:
            self._free.clear()
        elif value is None:
            self._free.pop(code, None)
        elif cell.formula is None and code in self._plan.outline.amounts:
            cone = self._plan.edits.cone(code)
            self._free[code] = _Free(self._plan.slots[code], cone, Change((code,), _NOTHING.verdicts))
        return change

    def set_rows(self, code: str, rows: Sequence[Mapping[str, Raw]]) -> Change:
        """Give a list other rows, and return what changed. Raises DossierError: nothing is changed then."""
        return self._again(replace(self.dossier, lists={**self._admitted.dossier.lists, code: rows}))

    # --- the whole dossier -----------------------------------------------------------

    def _open(self, admitted: Admitted) -> None:
        self._admitted = admitted
        self._raw = dict(admitted.dossier.typed)
        self._typed = dict(admitted.typed)
        self._given = Counter(table_of(code) for code in (*admitted.typed, *admitted.imported))
        evaluation = run(self._plan, admitted, self._years.before(admitted.dossier.year))
        evaluation.recomputed = self._years.recomputed
        evaluation.ignored = self._years.ignored
        frame = replace(evaluation.frame, supplied=evaluation.frame.supplied.copy())
        self._live = replace(
            evaluation, frame=frame, origins=evaluation.origins.copy(), others=evaluation.others.copy()
        )
        self._values = frame.values
        self._free.clear()

    def _again(self, dossier: Dossier) -> Change:
        """Evaluate everything: what an edit reaches cannot always be told beforehand."""
        admitted = admit(self._plan, dossier)
        if isinstance(admitted, list):
            raise DossierError(admitted)
        before, values = self.report, self._live.frame.values
        self._open(admitted)
        after = self.report
        codes = self._plan.ruleset.order
        changed = [
            code
            for code, old, new in zip(codes, values, self._live.frame.values, strict=True)
            if code not in self._plan.ruleset.tables and not _same(old, new)
        ]
        names = dict.fromkeys((*before.checks, *after.checks))
        verdicts = {
            name: after.checks.verdict(name) if name in after.checks else None
            for name in names
            if name not in before.checks
            or name not in after.checks
            or before.checks.verdict(name) is not after.checks.verdict(name)
        }
        return Change(tuple(changed), verdicts)

    # --- one cell ----------------------------------------------------------------------

    def _retyped(self, free: _Free, old: Value | ListValue) -> Change:
        """Return what follows a typed amount that is another one, nothing else being at stake: a form's whole day."""
        cone = free.cone
        if not (cone.slots or cone.trials or cone.whole):
            return free.alone
        moved = {free.slot: old}
        try:
            verdicts = self._spread(cone, False, moved)
        except UNFIT:
            return self._again(self.dossier)
        if len(moved) == 1 and not verdicts:
            return free.alone
        order = self._plan.ruleset.order
        return Change(tuple([order[place] for place in moved]), verdicts)

    def _is_simple(self, cell: typed.Cell, before: Known | None, value: Known | None) -> bool:
        """True when the edit of a cell reaches only what reads that cell."""
        if not self._live.fits or isinstance(value, Fraction):
            return False
        gate = self._plan.slots.get(cell.table)
        if gate is not None and self._live.frame.values[gate] is not False:
            return False
        if before is None or value is None:  # a table begun, or no more: other cells may change with it
            return self._given[cell.table] > (before is not None)
        return True

    def _edit(self, cell: typed.Cell, value: Known | None) -> Change | None:
        """Return what the edit of one cell changed, None (and nothing done) when everything must be evaluated."""
        live, frame, slot = self._live, self._live.frame, self._plan.slots[cell.code]
        origin, others, supplied = live.origins.get(cell.code), live.others.get(cell.code), cell.code in frame.supplied
        moved: dict[int, Value | ListValue] = {}
        seconds = self._second_verdicts((slot,))
        old = frame.values[slot]
        self._retain(cell, value)
        if not _same(old, frame.values[slot]):
            moved[slot] = old
        try:
            verdicts = self._spread(
                self._plan.edits.cone(cell.code), supplied is not (cell.code in frame.supplied), moved
            )
        except UNFIT:
            frame.values[slot] = old
            _put(live.origins, cell.code, origin)
            _put(live.others, cell.code, others)
            (frame.supplied.add if supplied else frame.supplied.discard)(cell.code)
            return None
        for place, before in moved.items():
            if place != slot:
                seconds = {**seconds, **self._second_verdicts((place,), before)}
        after = self._second_verdicts({slot, *moved})
        verdicts.update(
            (name, after.get(name)) for name in {**seconds, **after} if seconds.get(name) is not after.get(name)
        )
        return Change(tuple(self._plan.ruleset.order[place] for place in sorted(moved)), verdicts)

    def _retain(self, cell: typed.Cell, value: Known | None) -> None:
        """Put the typed value first among those of a cell, in an entered cell for all to read."""
        live, slot = self._live, self._plan.slots[cell.code]
        sources = dict(live.others.get(cell.code, {}))
        origin = live.origins.get(cell.code, Origin.EMPTY)
        if cell.formula is None and origin is not Origin.EMPTY:
            sources[origin] = cast(Known, live.frame.values[slot])
        sources.pop(Origin.TYPED, None)
        if value is not None:
            sources[Origin.TYPED] = value
        left = {each: sources[each] for each in _ORDER if each in sources}
        (live.frame.supplied.add if left else live.frame.supplied.discard)(cell.code)
        if cell.formula is None:
            retained = next(iter(left), None)
            if retained is not None:
                live.frame.values[slot] = left.pop(retained)
                live.origins[cell.code] = retained
            elif (slot, cell.code) in self._plan.start.zeros[cell.table]:
                live.frame.values[slot] = ZERO
                live.origins[cell.code] = Origin.EMPTY
            else:
                live.frame.values[slot] = dict(self._plan.start.absent[cell.table])[slot]
                live.origins.pop(cell.code, None)
        _put(live.others, cell.code, left or None)

    def _spread(self, cone: Cone, asked: bool, moved: dict[int, Value | ListValue]) -> dict[str, Verdict | None]:
        """Compute again what reads what moved, in order, and return the verdicts that changed.

        `moved` holds the old values of the slots that changed, and gets those that follow; `asked`: whether
        the cell is supplied changed too. Raises one of UNFIT, all being as before but the cell itself.
        """
        verdicts: dict[str, Verdict | None] = {}
        frame, outcomes = self._live.frame, self._live.outcomes
        values, whole = frame.values, cone.whole
        olds: dict[int, Value | None] = {}
        asking_slots, asking_trials = cone.asking if asked else _NOT_ASKED
        context = getcontext()
        setcontext(self._context)
        try:
            if (asked and cone.asked_whole) or (whole and not whole.isdisjoint(moved)):
                raise Unfit
            for place, reads, step in cone.slots:
                if reads.isdisjoint(moved) and place not in asking_slots:
                    continue
                before = moved[place] = values[place]
                step.run(frame, outcomes)
                after = values[place]
                if before == after if before.__class__ is after.__class__ is Decimal else _same(before, after):
                    del moved[place]
                elif place in whole:
                    raise Unfit
            for place, reads, step in cone.trials:
                if reads.isdisjoint(moved) and place not in asking_trials:
                    continue
                old = olds[place] = outcomes[place]
                step.run(frame, outcomes)
                new = outcomes[place]
                if new is not old and verdict_of(new) is not verdict_of(old):
                    standing = self._plan.ruleset.standings.get(step.check)
                    if standing is None or standing.active:
                        verdicts[step.code] = verdict_of(new)
        except UNFIT:
            for place, before in moved.items():
                values[place] = before
            for place, old in olds.items():
                outcomes[place] = old
            raise
        finally:
            setcontext(context)
        return verdicts

    def _second_verdicts(self, slots: Iterable[int], retained: Value | ListValue | None = None) -> dict[str, Verdict]:
        """Return the verdicts on the second values of cells, against `retained` or what is retained now."""
        plan, live = self._plan, self._live
        found: dict[str, Verdict] = {}
        for slot in slots if live.others else ():
            code = plan.ruleset.order[slot]
            for origin, other in live.others.get(code, {}).items():
                name = f"{code}~{SUFFIX[origin]}"
                standing = plan.ruleset.standings.get(name)
                if standing is None or standing.active:
                    value = live.value(code) if retained is None else plain(retained)
                    found[name] = agreement(plan.outline.tolerances.get(code, ZERO), cast(Value, value), other)
        return found


def _put(home: dict[str, T], code: str, value: T | None) -> None:
    if value is None:
        home.pop(code, None)
    else:
        home[code] = value


def _read(cell: typed.Cell, raw: Raw) -> Known | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        return read_value(raw, cell.type)
    except Refused as refused:
        raise DossierError([Problem(f"cellules/{cell.code}", refused.code, str(refused))]) from None


def _same(old: object, new: object) -> bool:
    if old is new:
        return True
    if isinstance(old, tuple) and isinstance(new, tuple):  # two quotients
        return old == new or bool(multiply(old[0], new[1]) == multiply(new[0], old[1]))
    if isinstance(old, tuple) or isinstance(new, tuple):
        old, new = plain(cast(Value, old)), plain(cast(Value, new))
    if isinstance(old, Decimal | Fraction) and isinstance(new, Decimal | Fraction):
        return old == new
    return type(old) is type(new) and old == new
