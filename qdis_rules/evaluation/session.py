"""A dossier being filled in: an edit computes again what depends on it, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from heapq import heappop, heappush
from typing import TypeVar, cast

from qdis_rules.evaluation.admit import Admitted, admit
from qdis_rules.evaluation.dossier import Dossier, DossierError, Problem, Raw
from qdis_rules.evaluation.entries import Refused, read_value
from qdis_rules.evaluation.evaluate import refuse_other_types
from qdis_rules.evaluation.history import Years
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.results import Origin, Verdict
from qdis_rules.evaluation.run import plain, run
from qdis_rules.evaluation.verify import SUFFIX, agreement, verdict_of
from qdis_rules.model import typed
from qdis_rules.numbers import ZERO
from qdis_rules.plan.frame import Known, ListValue, Value, table_of
from qdis_rules.plan.plan import Plan
from qdis_rules.plan.program import UNFIT, Unfit, wide
from qdis_rules.plan.steps import Readers
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


class Session:
    """One dossier that a form edits cell by cell; made by `Ruleset.session`. One thread at a time.

    `report` is always what `Ruleset.evaluate` would give of `dossier`.
    """

    def __init__(self, plan: Plan, dossier: Dossier, history: Sequence[Dossier | Report] = ()) -> None:
        refuse_other_types(dossier, history)
        self._plan = plan
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
        cell = self._plan.ruleset.cells.get(code)
        if cell is None or cell.row == "*":
            refused = admit(self._plan, Dossier(self._admitted.dossier.year, typed={code: raw}))
            raise DossierError(refused if isinstance(refused, list) else ())
        value = _read(cell, raw)
        before = self._typed.get(code)
        if value is None:
            self._raw.pop(code, None)
        else:
            self._raw[code] = raw
        if type(value) is type(before) and value == before:
            return Change((), {})
        simple = self._is_simple(cell, before, value)
        if value is None:
            del self._typed[code]
        else:
            self._typed[code] = value
        self._given[cell.table] += (value is not None) - (before is not None)
        change = self._edit(cell, value) if simple else None
        return change if change is not None else self._again(self.dossier)

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
        olds = {slot: frame.values[slot]} if cell.formula is None else {}
        outcomes: dict[int, Value | None] = {}
        seconds = self._second_verdicts((slot,))
        self._retain(cell, value)
        try:
            self._spread(cell, supplied, olds, outcomes)
        except UNFIT:
            for index, outcome in outcomes.items():
                live.outcomes[index] = outcome
            for each, old in olds.items():
                frame.values[each] = old
            _put(live.origins, cell.code, origin)
            _put(live.others, cell.code, others)
            (frame.supplied.add if supplied else frame.supplied.discard)(cell.code)
            return None
        return self._change(cell, olds, outcomes, seconds)

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

    def _spread(
        self,
        cell: typed.Cell,
        supplied: bool,
        olds: dict[int, Value | ListValue],
        outcomes: dict[int, Value | None],
    ) -> None:
        """Compute again what reads the cell, then what reads that, in order, as long as values change."""
        plan, live, values = self._plan, self._live, self._live.frame.values
        edits, order = plan.edits, plan.ruleset.order
        waiting: list[int] = []
        queued: set[int] = set()
        trials: set[int] = set()

        def reach(readers: Readers) -> None:
            if readers.whole:
                raise Unfit
            trials.update(readers.trials)
            for each in readers.slots:
                if each not in queued:
                    queued.add(each)
                    heappush(waiting, each)

        slot = plan.slots[cell.code]
        if slot in olds and not _same(olds[slot], values[slot]):
            reach(edits.readers(cell.code))
        if supplied is not (cell.code in live.frame.supplied):
            reach(edits.supply_readers(cell.code))
        with wide():
            while waiting:
                slot = heappop(waiting)
                olds[slot] = values[slot]
                edits.slot(order[slot])(live.frame)
                if not _same(olds[slot], values[slot]):
                    reach(edits.readers(order[slot]))
            for index in trials:
                outcomes[index] = live.outcomes[index]
                edits.trial(index)(live.frame, live.outcomes)

    def _change(
        self,
        cell: typed.Cell,
        olds: Mapping[int, Value | ListValue],
        outcomes: Mapping[int, Value | None],
        seconds: Mapping[str, Verdict],
    ) -> Change:
        plan, live = self._plan, self._live
        changed = [slot for slot, old in olds.items() if not _same(old, live.frame.values[slot])]
        verdicts: dict[str, Verdict | None] = {}
        for index, old in outcomes.items():
            new = verdict_of(live.outcomes[index])
            if new is not verdict_of(old):
                code, name = plan.edits.name(index)
                standing = plan.ruleset.standings.get(code)
                if standing is None or standing.active:
                    verdicts[name] = new
        slots = {plan.slots[cell.code], *changed}
        for slot in slots - {plan.slots[cell.code]}:
            seconds = {**seconds, **self._second_verdicts((slot,), olds[slot])}
        after = self._second_verdicts(slots)
        verdicts.update(
            (name, after.get(name)) for name in {**seconds, **after} if seconds.get(name) is not after.get(name)
        )
        return Change(tuple(plan.ruleset.order[slot] for slot in sorted(changed)), verdicts)

    def _second_verdicts(self, slots: Iterable[int], retained: Value | ListValue | None = None) -> dict[str, Verdict]:
        """Return the verdicts on the second values of cells, against `retained` or what is retained now."""
        plan, live = self._plan, self._live
        found: dict[str, Verdict] = {}
        for slot in slots:
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
    if isinstance(old, tuple) or isinstance(new, tuple):
        old, new = plain(cast(Value, old)), plain(cast(Value, new))
    if isinstance(old, Decimal | Fraction) and isinstance(new, Decimal | Fraction):
        return old == new
    return type(old) is type(new) and old == new
