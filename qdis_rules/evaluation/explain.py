"""Why a value is what it is: formula, operands, accounts, sources; or what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from qdis_rules.evaluation.results import CheckResult, CheckResults, Origin, Verdict
from qdis_rules.evaluation.run import Evaluation, guarded
from qdis_rules.evaluation.wording import compared, french_number, spoken
from qdis_rules.model import typed
from qdis_rules.numbers import NOT_APPLICABLE, Cause, CauseKind, Undefined, shown
from qdis_rules.plan.frame import ListValue, Value
from qdis_rules.plan.plan import Indicator
from qdis_rules.records import dataclass
from qdis_rules.suggest import nearest

MAX_DEPTH: Final = 60
"""Values below are named but not unfolded: ask for them by their own code."""

MAX_ROWS: Final = 12
"""Rows of a list shown under what reads it; asked for by its own code, a column shows them all."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account behind a cell and what it brings, in EUR."""

    number: str
    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """One thing explained.

    `value` is as a French reader sees it, `formula` as its author wrote it; `operands`
    explain what the formula reads, in order (`repeated`: explained above already);
    `accounts` are behind a cell read from the balance; `missing` is the shortest list of
    cells to fill when the value could not be computed, (code, label); `decisions` are those of
    the campagne in force on a check. `reason` says why it is *sans objet*, when no operand does.
    """

    code: str
    label: str
    value: str
    origin: str
    formula: str | None
    guard: str | None
    source: str | None
    reliability: str | None
    mark: str | None
    operands: tuple[Explanation, ...]
    accounts: tuple[AccountLine, ...]
    causes: tuple[Cause, ...]
    missing: tuple[tuple[str, str], ...]
    repeated: bool = False
    decisions: tuple[typed.Decision, ...] = ()
    reason: str | None = None

    def __repr__(self) -> str:
        return f"<Explanation {self.code} = {self.value}, {len(self.operands)} operands, {len(self.accounts)} accounts>"

    def lines(self, depth: int = 0) -> Iterator[str]:
        """Yield the explanation as indented French text."""
        pad = "  " * depth
        mark = f" ({self.mark})" if self.mark else ""
        yield f"{pad}{self.code}{mark} « {self.label} » = {self.value}"
        if self.repeated:
            yield f"{pad}  (expliqué plus haut)"
            return
        for decision in self.decisions:
            yield f"{pad}  campagne : {decision}"
        if self.guard:
            yield f"{pad}  quand {self.guard}"
        if self.reason:
            yield f"{pad}  {self.reason}"
        if self.formula:
            yield f"{pad}  = {self.formula}"
        elif self.origin:
            yield f"{pad}  origine : {self.origin}"
        if self.source:
            reliability = f" [{self.reliability}]" if self.reliability else ""
            yield f"{pad}  source : {self.source}{reliability}"
        for line in self.accounts:
            yield f"{pad}  compte {line.number} {line.label} : {french_number(line.amount)}\u00a0EUR"
        for cause in self.causes:
            yield f"{pad}  cause : {cause}"
        for code, label in self.missing if depth == 0 else ():
            yield f"{pad}  à remplir : {code} « {label} »"
        for operand in self.operands:
            yield from operand.lines(depth + 1)


def explain(evaluation: Evaluation, checks: CheckResults, code: str) -> Explanation:
    """Return the explanation of a cell, a row of a list, an aggregate, a check or a parameter. KeyError if unknown."""
    explainer = _Explainer(evaluation.apart(), checks)
    ruleset = evaluation.plan.ruleset
    if code in ruleset.cells or code in ruleset.aggregates:
        return explainer.value(code)
    place = explainer.row_named(code)
    if place is not None:
        return explainer.row(*place)
    if code in ruleset.parameters:
        return explainer.parameter(code)
    if code in checks or checks.of(code):
        return explainer.check(code)
    known = [*ruleset.aggregates, *ruleset.cells, *checks, *ruleset.parameters]
    near = nearest(code, known)
    raise KeyError(f"{code} : code inconnu" + (f", vouliez-vous dire {near} ?" if near else ""))


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why something is *sans objet*, and the condition that says so, if any."""

    text: str
    condition: typed.Expr | None = None

    @property
    def parts(self) -> list[typed.Expr]:
        return [] if self.condition is None else [self.condition]


_GUARD_FALSE: Final = "sans objet : la garde est fausse"


def _decided(result: CheckResult) -> str:
    """Return a verdict, with the comparison that decides it."""
    gap = result.deciding
    if gap is None or result.verdict not in (Verdict.SATISFIED, Verdict.VIOLATED):
        return str(result.verdict)
    return f"{result.verdict} : {compared(gap)}"


class _Explainer:
    def __init__(self, evaluation: Evaluation, checks: CheckResults) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.plan.ruleset
        self.checks = checks
        self.seen: set[str] = set()
        self.depth = 0
        self.at: tuple[str, int] | None = None
        """The list whose row is being explained, and the place of that row."""

    def value(self, code: str) -> Explanation:
        aggregate = self.ruleset.aggregates.get(code)
        if aggregate is not None:
            return self._made(
                code,
                aggregate.label,
                self._spoken(code),
                Origin.FORMULA,
                aggregate.formula,
                aggregate.guard,
                aggregate.notes,
                self._causes(code),
                why=self._refused(aggregate),
            )
        cell = self.ruleset.cells[code]
        if cell.row == "*":
            return self._column(code, limit=None)
        origin = self.evaluation.origin(code)
        return self._made(
            code,
            cell.label,
            self._spoken(code),
            origin,
            cell.formula,
            None,
            cell.notes,
            self._causes(code),
            self._accounts(cell, origin),
            self._closed(cell.table),
        )

    def row_named(self, code: str) -> tuple[str, int] | None:
        """Return the list column and the place of the row that `EMP.E1.capital` names; a key may hold dots."""
        table, _, rest = code.partition(".")
        key, _, column = rest.rpartition(".")
        keys = self.evaluation.row_keys(table) if table in self.evaluation.plan.lists else ()
        named = f"{table}.*.{column}"
        return (named, keys.index(key)) if key in keys and named in self.ruleset.cells else None

    def row(self, code: str, row: int) -> Explanation:
        """Explain a list column in one row."""
        cell = self.ruleset.cells[code]
        name = f"{cell.table}.{self.evaluation.row_keys(cell.table)[row]}.{cell.column}"
        value = self.evaluation.row_value(code, row)
        text = spoken(value, cell.type, entered=cell.formula is None)
        if name in self.seen:
            return _leaf(name, cell.label, text, repeated=True)
        before, self.at = self.at, (cell.table, row)
        origin, why = self.evaluation.row_origin(code, row), self._closed(cell.table)
        causes = _sorted_causes(value)
        made = self._made(name, cell.label, text, origin, cell.formula, None, cell.notes, causes, why=why)
        self.at = before
        return made

    def _closed(self, code: str) -> _Reason | None:
        """Return why a table is *sans objet*, None when it applies."""
        gate = self.evaluation.plan.slots.get(code)
        if gate is None or self.evaluation.frame.values[gate] is not True:
            return None
        table = self.ruleset.tables[code]
        condition = table.not_applicable
        if table.optional and code not in self.evaluation.frame.supplied:
            return _Reason(f"sans objet : le tableau {code}, facultatif, n'est pas commencé")
        assert condition is not None
        return _Reason(f"sans objet quand {condition.span.inline}", condition)

    def _refused(self, aggregate: typed.Aggregate) -> _Reason | None:
        """Return why an aggregate is *sans objet*, when its guard says so."""
        if aggregate.guard is None or self.evaluation.value(aggregate.code) is not NOT_APPLICABLE:
            return None
        indicator = next(
            step
            for step in self.evaluation.plan.steps
            if isinstance(step, Indicator) and step.aggregate is aggregate and step.guard is not None
        )
        assert indicator.guard is not None
        if guarded(indicator.guard, self.evaluation.frame, aggregate.code) is not False:
            return None  # what it reads is sans objet
        return _Reason(_GUARD_FALSE, aggregate.guard)

    def check(self, name: str) -> Explanation:
        """Explain a check at one place; a bare code takes the place with the worst verdict."""
        if name in self.checks:
            result = self.checks[name]
        else:
            result = min(self.checks.of(name), key=lambda found: _GRAVITY.index(found.verdict))
        declared = self.ruleset.checks.get(result.code)
        instance = None
        if declared is not None:
            instance = next((i for i in declared.instances if i.key == result.key), declared.instances[0])
        notes = typed.Notes(result.source, result.reliability, None, result.mark)
        # A message speaks of a violation: it would contradict any other verdict.
        label = result.message or result.label or (result.origin or result.code)
        why = self._set_aside(result, instance)
        cell = self.ruleset.cells.get(result.origin or "")
        table = (instance.rows_of if instance is not None else cell.table if cell is not None else None) or ""
        keys = self.evaluation.row_keys(table) if table in self.evaluation.plan.lists else ()
        if result.key in keys:
            self.at = (table, keys.index(result.key))
        if why is not None:
            operands = list(self._operands(why.parts))
        elif instance is not None:
            operands = list(self._operands([part for part in (instance.guard, instance.body) if part is not None]))
        else:
            known = (code for code in result.cells if code in self.ruleset.cells)
            operands = [self._at_hand(code) for code in known]
        behind = self._behind(cell) if cell is not None and result.code.endswith("~comptes") else ()
        return Explanation(
            code=result.name,
            label=label,
            value=_decided(result),
            origin="",
            formula=instance.body.span.inline if instance is not None and result.origin is None else None,
            guard=instance.guard.span.inline
            if instance is not None and instance.guard and result.origin is None
            else None,
            source=notes.source,
            reliability=notes.reliability,
            mark=notes.mark,
            operands=tuple(operands),
            accounts=behind,
            causes=result.causes,
            missing=self._missing(result.causes),
            decisions=result.decisions,
            reason=why.text if why is not None else None,
        )

    def _set_aside(self, result: CheckResult, instance: typed.CheckInstance | None) -> _Reason | None:
        """Return why a check is *sans objet*, None when what it reads says it, or when it is not."""
        if result.verdict is not Verdict.NOT_APPLICABLE or instance is None:
            return None
        table = instance.rows_of or (result.origin or "").partition(".")[0]
        closed = self._closed(table) if table != result.origin else None
        if closed is not None:
            return closed
        if instance.rows_of is not None and result.key is None:
            return _Reason(f"sans objet : la liste {table} n'a aucune ligne")
        if result.guard is not False or instance.guard is None:
            return None
        text = _GUARD_FALSE if result.origin is None else f"sans objet : « {instance.guard.span.inline} » ne joue pas"
        return _Reason(text, instance.guard)

    def _made(
        self,
        code: str,
        label: str,
        value: str,
        origin: Origin | None,
        formula: typed.Expr | None,
        guard: typed.Expr | None,
        notes: typed.Notes,
        causes: tuple[Cause, ...],
        accounts: tuple[AccountLine, ...] = (),
        why: _Reason | None = None,
    ) -> Explanation:
        self.seen.add(code)
        self.depth += 1
        parts = [part for part in (guard, formula) if part is not None] if why is None else why.parts
        operands = list(self._operands(parts)) if self.depth < MAX_DEPTH else []
        self.depth -= 1
        return Explanation(
            code=code,
            label=label,
            value=value,
            origin=str(origin) if origin is not None else "",
            formula=formula.span.inline if formula is not None else None,
            guard=guard.span.inline if guard is not None else None,
            source=notes.source,
            reliability=notes.reliability,
            mark=notes.mark,
            operands=tuple(operands),
            accounts=accounts,
            causes=causes,
            missing=self._missing(causes),
            reason=why.text if why is not None else None,
        )

    def _operands(self, parts: Sequence[typed.Expr]) -> Iterator[Explanation]:
        """Yield what formulas read, once each, in order."""
        nodes = [node for part in parts for node in typed.walk(part)]
        over_rows = {id(node) for rows in nodes if isinstance(rows, typed.Rows) for node in typed.walk(rows)}
        read: dict[tuple[str, int, bool], None] = {}  # code, years back, whether of all the rows
        for node in nodes:
            match node:
                case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                    read[code, back, False] = None
                case typed.RowValue(code) | typed.Supplied(code, True):
                    read[code, 0, id(node) in over_rows] = None
                case typed.ParameterValue(code) | typed.Supplied(code, False):
                    read[code, 0, False] = None
                case _:
                    pass
        for code, back, all_rows in read:
            if code in self.ruleset.parameters:
                yield self.parameter(code)
            elif code in self.ruleset.tables:
                pass  # whether it is begun: nothing to unfold
            elif back > 0:
                yield self._earlier(code, back)
            else:
                yield self._column(code) if all_rows else self._at_hand(code)

    def _at_hand(self, code: str) -> Explanation:
        """Explain an operand, which may be a column of the row at hand."""
        cell = self.ruleset.cells.get(code)
        if cell is not None and cell.row == "*":
            return self.row(code, self.at[1]) if self.at and self.at[0] == cell.table else self._column(code)
        if code in self.seen:
            label = (cell or self.ruleset.aggregates[code]).label
            return _leaf(code, label, self._spoken(code), repeated=True)
        before, self.at = self.at, None
        made = self.value(code)
        self.at = before
        return made

    def _earlier(self, code: str, back: int) -> Explanation:
        name = f"{code}[N-{back}]"
        past = self.evaluation.frame.past(back)
        item = self.ruleset.cells.get(code) or self.ruleset.aggregates[code]
        if past is None:
            year = self.evaluation.frame.year - back
            return _leaf(name, item.label, f"(exercice {year} non fourni)")
        is_cell = code in self.ruleset.cells
        value = past.cell(code) if is_cell else past.aggregate(code)
        return _leaf(name, item.label, spoken(value, item.type), origin=f"exercice {self.evaluation.frame.year - back}")

    def parameter(self, code: str) -> Explanation:
        parameter = self.ruleset.parameters[code]
        value = self.evaluation.frame.parameters[code]
        return replace(
            _leaf(code, parameter.label, spoken(value, parameter.type), origin="paramètre"),
            source=parameter.notes.source,
            reliability=parameter.notes.reliability,
            mark=parameter.notes.mark,
            causes=_sorted_causes(value),
        )

    def _column(self, code: str, limit: int | None = MAX_ROWS) -> Explanation:
        """Explain a whole list column: its formula, and each row with its value."""
        cell = self.ruleset.cells[code]
        keys = self.evaluation.row_keys(cell.table)
        text = self._spoken(code)
        if code in self.seen:
            return _leaf(code, cell.label, text, repeated=True)
        self.seen.add(code)
        why = self._closed(cell.table)
        rows = []
        for row, key in enumerate(keys[:limit] if why is None else ()):
            value, origin = self.evaluation.row_value(code, row), self.evaluation.row_origin(code, row)
            told = spoken(value, cell.type, entered=cell.formula is None)
            rows.append(_leaf(f"{cell.table}.{key}.{cell.column}", cell.label, told, str(origin or "")))
        left = f" (les {limit} premières)" if len(rows) < len(keys) and why is None else ""
        return replace(
            _leaf(code, cell.label, text + left, "liste"),
            formula=cell.formula.span.inline if cell.formula is not None else None,
            source=cell.notes.source,
            reliability=cell.notes.reliability,
            mark=cell.notes.mark,
            operands=tuple(rows) if why is None else tuple(self._operands(why.parts)),
            causes=self._causes(code),
            missing=self._missing(self._causes(code)),
            reason=why.text if why is not None else None,
        )

    def _accounts(self, cell: typed.Cell, origin: Origin | None) -> tuple[AccountLine, ...]:
        return self._behind(cell) if origin is Origin.ACCOUNTS else ()

    def _behind(self, cell: typed.Cell) -> tuple[AccountLine, ...]:
        balance = self.evaluation.admitted.balance
        if balance is None or cell.selection is None:
            return ()
        return tuple(
            AccountLine(account.number, account.label, shown(amount))
            for account, amount in balance.behind(cell.selection)
        )

    def _spoken(self, code: str) -> str:
        aggregate = self.ruleset.aggregates.get(code)
        value = self.evaluation.value(code)
        if isinstance(value, list):
            return f"{len(value)} ligne{'s' if len(value) > 1 else ''}" if value else "(aucune ligne)"
        if aggregate is not None:
            return spoken(value, aggregate.type, aggregate.places)
        cell = self.ruleset.cells[code]
        return spoken(value, cell.type, entered=cell.formula is None)

    def _causes(self, code: str) -> tuple[Cause, ...]:
        return _sorted_causes(self.evaluation.value(code))

    def _missing(self, causes: tuple[Cause, ...]) -> tuple[tuple[str, str], ...]:
        found = []
        for cause in causes:
            if cause.kind is CauseKind.ABSENT:
                named = self.row_named(cause.subject)
                cell = self.ruleset.cells.get(named[0] if named is not None else cause.subject)
                found.append((cause.subject, cell.label if cell is not None else ""))
            elif cause.kind is CauseKind.NO_TABLE:
                table = self.ruleset.tables.get(cause.subject)
                found.append((cause.subject, table.label if table is not None else ""))
        return tuple(found)


_GRAVITY: Final = (
    Verdict.VIOLATED,
    Verdict.UNDETERMINED,
    Verdict.SATISFIED,
    Verdict.NOT_APPLICABLE,
    Verdict.DEACTIVATED,
)


def _sorted_causes(value: Value | ListValue) -> tuple[Cause, ...]:
    return tuple(sorted(value.causes)) if isinstance(value, Undefined) else ()


def _leaf(code: str, label: str, value: str, origin: str = "", repeated: bool = False) -> Explanation:
    return Explanation(code, label, value, origin, None, None, None, None, None, (), (), (), (), repeated)
