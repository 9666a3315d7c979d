"""Why a value is what it is: formula, operands, accounts, sources; or what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from qdis_rules.evaluation.results import CheckResult, CheckResults, Origin, Verdict
from qdis_rules.evaluation.run import Evaluation, guarded
from qdis_rules.evaluation.wording import french_number, spoken
from qdis_rules.model import typed
from qdis_rules.numbers import NOT_APPLICABLE, Cause, CauseKind, Undefined, shown
from qdis_rules.plan.plan import Indicator
from qdis_rules.suggest import nearest

MAX_DEPTH: Final = 60
"""Values below are named but not unfolded: ask for them by their own code."""


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
    """Return the explanation of a cell, an aggregate or a check. KeyError for an unknown code."""
    explainer = _Explainer(evaluation.apart(), checks)
    ruleset = evaluation.plan.ruleset
    if code in ruleset.cells or code in ruleset.aggregates:
        return explainer.value(code)
    if code in checks or checks.of(code):
        return explainer.check(code)
    known = [*ruleset.aggregates, *ruleset.cells, *checks]
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


class _Explainer:
    def __init__(self, evaluation: Evaluation, checks: CheckResults) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.plan.ruleset
        self.checks = checks
        self.seen: set[str] = set()
        self.depth = 0

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
                why=self._refused(aggregate),
            )
        cell = self.ruleset.cells[code]
        origin = self.evaluation.origin(code)
        return self._made(
            code,
            cell.label,
            self._spoken(code),
            origin,
            cell.formula,
            None,
            cell.notes,
            self._accounts(cell, origin),
            self._closed(cell.table),
        )

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
        operands: list[Explanation] = []
        if why is not None:
            operands.extend(self._operands(why.parts))
        for code in result.cells if why is None else ():
            plain = code.split("[")[0]
            if plain in self.ruleset.cells or plain in self.ruleset.aggregates:
                operands.append(self._operand(plain, code != plain, code))
        cell = self.ruleset.cells.get(result.origin or "")
        behind = self._behind(cell) if cell is not None and result.code.endswith("~comptes") else ()
        return Explanation(
            code=result.name,
            label=label,
            value=str(result.verdict),
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
        accounts: tuple[AccountLine, ...] = (),
        why: _Reason | None = None,
    ) -> Explanation:
        self.seen.add(code)
        self.depth += 1
        parts = [part for part in (guard, formula) if part is not None] if why is None else why.parts
        operands = list(self._operands(parts)) if self.depth < MAX_DEPTH else []
        self.depth -= 1
        causes = self._causes(code)
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

    def _operands(self, parts: Iterable[typed.Expr]) -> Iterator[Explanation]:
        read: dict[str, typed.Expr] = {}
        for node in (node for part in parts for node in typed.walk(part)):
            match node:
                case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                    read.setdefault(code if back == 0 else f"{code}[N-{back}]", node)
                case typed.ParameterValue(code) | typed.RowValue(code):
                    read.setdefault(code, node)
                case typed.Supplied(code) if code in self.ruleset.cells:
                    read.setdefault(code, node)
                case _:
                    pass
        for name, node in read.items():
            match node:
                case typed.ParameterValue(code):
                    yield self._parameter(code)
                case typed.RowValue(code):
                    yield self._column(code)
                case typed.Supplied(code):
                    yield self._operand(code, False, name)
                case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                    yield self._operand(code, back > 0, name)
                case _:
                    pass

    def _operand(self, code: str, earlier: bool, name: str) -> Explanation:
        if earlier:
            return self._earlier(code, name)
        if code.split(".")[1:2] == ["*"]:
            return self._column(code)
        if code in self.seen:
            label = (self.ruleset.cells.get(code) or self.ruleset.aggregates[code]).label
            return _leaf(code, label, self._spoken(code), repeated=True)
        return self.value(code)

    def _earlier(self, code: str, name: str) -> Explanation:
        back = int(name.rsplit("N-", 1)[1].rstrip("]"))
        past = self.evaluation.frame.past(back)
        item = self.ruleset.cells.get(code) or self.ruleset.aggregates[code]
        if past is None:
            year = self.evaluation.frame.year - back
            return _leaf(name, item.label, f"(exercice {year} non fourni)")
        is_cell = code in self.ruleset.cells
        value = past.cell(code) if is_cell else past.aggregate(code)
        return _leaf(name, item.label, spoken(value, item.type), origin=f"exercice {self.evaluation.frame.year - back}")

    def _parameter(self, code: str) -> Explanation:
        parameter = self.ruleset.parameters[code]
        value = self.evaluation.frame.parameters[code]
        leaf = _leaf(code, parameter.label, spoken(value, parameter.type), origin="paramètre")
        return Explanation(
            **{
                **{name: getattr(leaf, name) for name in leaf.__slots__},
                "source": parameter.notes.source,
                "reliability": parameter.notes.reliability,
            }
        )

    def _column(self, code: str) -> Explanation:
        cell = self.ruleset.cells[code]
        values = self.evaluation.value(code)
        if isinstance(values, list):
            shown_values = ", ".join(spoken(value, cell.type) for value in values[:12])
            text = shown_values + ("…" if len(values) > 12 else "") if values else "(aucune ligne)"
        else:
            text = spoken(values, cell.type)
        return _leaf(code, cell.label, text, origin="liste")

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
            return f"{len(value)} lignes"
        if aggregate is not None:
            return spoken(value, aggregate.type, aggregate.places)
        cell = self.ruleset.cells[code]
        return spoken(value, cell.type, entered=cell.formula is None)

    def _causes(self, code: str) -> tuple[Cause, ...]:
        value = self.evaluation.value(code)
        return tuple(sorted(value.causes)) if isinstance(value, Undefined) else ()

    def _missing(self, causes: tuple[Cause, ...]) -> tuple[tuple[str, str], ...]:
        found = []
        for cause in causes:
            if cause.kind is CauseKind.ABSENT:
                cell = self.ruleset.cells.get(cause.subject)
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


def _leaf(code: str, label: str, value: str, origin: str = "", repeated: bool = False) -> Explanation:
    return Explanation(code, label, value, origin, None, None, None, None, None, (), (), (), (), repeated)
