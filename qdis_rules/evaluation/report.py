"""The report of one dossier: every cell, aggregate and check, with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from qdis_rules.evaluation import verify
from qdis_rules.evaluation.explain import Explanation, explain
from qdis_rules.evaluation.results import (
    AggregateResult,
    CellResult,
    CheckResult,
    CheckResults,
    Lazy,
    Shown,
    Status,
    TableCompleteness,
    ThresholdResult,
    Verdict,
)
from qdis_rules.evaluation.run import Evaluation, guarded
from qdis_rules.evaluation.wording import in_unit
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type, number_unit
from qdis_rules.numbers import NOT_APPLICABLE, Cause, Exact, NotApplicable, Undefined, round_shown, shown
from qdis_rules.plan.frame import Value
from qdis_rules.plan.plan import Indicator


@dataclass(frozen=True, repr=False)
class Report:
    """The result of evaluating one dossier. Numbers are in the declared unit of each thing.

    `recomputed` names the aggregates of earlier years computed under this ruleset, for want of
    a filed value; `ignored` the codes of earlier dossiers that this ruleset does not know.
    """

    ruleset: str
    version: str
    year: int
    organisation: str
    cells: Mapping[str, CellResult] = field(repr=False)
    aggregates: Mapping[str, AggregateResult]
    checks: CheckResults
    tables: Mapping[str, TableCompleteness] = field(repr=False)
    recomputed: tuple[str, ...]
    ignored: tuple[str, ...]
    _evaluation: Evaluation = field(repr=False, compare=False)

    def __repr__(self) -> str:
        ready = "ready" if self.ready_for_validation else f"{len(self.blockers)} blockers"
        return f"<Report {self.ruleset} {self.year} {self.organisation!r}: {self.checks!r}, {ready}>"

    @cached_property
    def indicators(self) -> Mapping[str, AggregateResult]:
        """The aggregates that are not `interne`."""
        return MappingProxyType(
            {
                code: result
                for code, result in self.aggregates.items()
                if not self._evaluation.plan.ruleset.aggregates[code].internal
            }
        )

    @cached_property
    def blockers(self) -> tuple[CheckResult, ...]:
        """The blocking checks that are violated or undetermined: why step 4 is not open."""
        return tuple(
            result
            for result in self.checks.values()
            if result.severity == "bloquant" and result.verdict in (Verdict.VIOLATED, Verdict.UNDETERMINED)
        )

    @property
    def ready_for_validation(self) -> bool:
        """True when no blocking check is violated or undetermined."""
        return not self.blockers

    @property
    def day(self) -> date | None:
        """The day the dossier was verified for, under the campagne (None: under the ruleset as written)."""
        return self._evaluation.plan.ruleset.day

    @property
    def decisions(self) -> tuple[typed.Decision, ...]:
        """The decisions of the campagne in force on `day`, those on checks this report does not show included."""
        return self._evaluation.plan.ruleset.decisions

    @property
    def families(self) -> Mapping[str, str]:
        """Titles of the families of aggregates, by code."""
        return {code: family.label for code, family in self._evaluation.plan.ruleset.families.items()}

    def layout(self) -> Mapping[str, Mapping[str, tuple[AggregateResult, ...]]]:
        """Return the indicators by family code, then by section title (« » when none)."""
        families: dict[str, dict[str, list[AggregateResult]]] = {
            code: {} for code in self._evaluation.plan.ruleset.families
        }
        for result in self.indicators.values():
            sections = families.setdefault(result.family or "", {})
            sections.setdefault(result.section or "", []).append(result)
        return {
            family: {title: tuple(results) for title, results in sections.items()}
            for family, sections in families.items()
            if sections
        }

    def explain(self, code: str) -> Explanation:
        """Return why a cell, an aggregate or a check is what it is. KeyError for an unknown code."""
        return explain(self._evaluation, self.checks, code)


def report_of(evaluation: Evaluation) -> Report:
    """Return the report of an evaluated dossier."""
    ruleset = evaluation.plan.ruleset
    checks = CheckResults(verify.all_checks(evaluation))
    aggregates = {
        step.aggregate.code: aggregate_result(evaluation, step)
        for step in evaluation.plan.steps
        if isinstance(step, Indicator)
    }
    fixed = tuple(code for code, cell in ruleset.cells.items() if cell.row != "*")
    return Report(
        ruleset=ruleset.name,
        version=ruleset.version,
        year=ruleset.year,
        organisation=evaluation.admitted.dossier.organisation,
        cells=Lazy(fixed, lambda code: cell_result(evaluation, code)),
        aggregates=MappingProxyType({code: aggregates[code] for code in ruleset.aggregates}),
        checks=checks,
        tables=MappingProxyType(
            {code: _completeness(evaluation, table, checks) for code, table in ruleset.tables.items()}
        ),
        recomputed=tuple(sorted(evaluation.recomputed)),
        ignored=tuple(sorted(evaluation.ignored)),
        _evaluation=evaluation,
    )


def cell_result(evaluation: Evaluation, code: str) -> CellResult:
    """Return a cell as reported, in its declared unit."""
    cell = evaluation.plan.ruleset.cells[code]
    value = evaluation.value(code)
    assert not isinstance(value, list)
    visible, _, status, causes = visible_value(value, cell.type, None)
    if status is Status.UNDEFINED and cell.formula is None:
        status = Status.ABSENT
    unit = cell.unit.symbol if cell.unit is not None else None
    return CellResult(code, cell.label, unit, visible, status, evaluation.origins.get(code), causes)


def aggregate_result(evaluation: Evaluation, step: Indicator) -> AggregateResult:
    """Return an aggregate as reported: rounded as declared, with the thresholds it crosses."""
    aggregate = step.aggregate
    value = evaluation.frame.values[step.slot]
    assert not isinstance(value, list)
    visible, exact_value, status, causes = visible_value(value, aggregate.type, aggregate.places)
    thresholds = []
    for threshold, code, _ in step.thresholds:
        crossed = guarded(code, evaluation.frame, aggregate.code)
        text = " ".join(threshold.condition.span.text.split())
        thresholds.append(
            ThresholdResult(
                threshold.name,
                _condition_text(text, threshold.name),
                crossed if isinstance(crossed, bool) else None,
                threshold.message,
            )
        )
    return AggregateResult(
        code=aggregate.code,
        label=aggregate.label,
        family=aggregate.family,
        section=aggregate.section,
        unit=aggregate.unit.symbol if aggregate.unit is not None else None,
        value=visible,
        exact=exact_value,
        status=status,
        causes=causes,
        thresholds=tuple(thresholds),
        source=aggregate.notes.source,
        reliability=aggregate.notes.reliability,
        mark=aggregate.notes.mark,
    )


def _condition_text(text: str, name: str) -> str:
    """Return « < 3 % » from « seuil alerte < 3 % « … » »."""
    text = text.removeprefix("seuil").strip().removeprefix(name).strip()
    return text.split("«")[0].split('"')[0].strip()


def visible_value(
    value: Value, kind: Type, places: int | None
) -> tuple[Shown, Exact | None, Status, tuple[Cause, ...]]:
    """Return (value shown, exact value, status, causes), numbers in the declared unit."""
    if value is NOT_APPLICABLE:
        return None, None, Status.NOT_APPLICABLE, ()
    if isinstance(value, Undefined):
        return None, None, Status.UNDEFINED, tuple(sorted(value.causes))
    if isinstance(value, Decimal | Fraction) and isinstance(kind, NumberType):
        size = in_unit(value, number_unit(kind))
        return (round_shown(size, places) if places is not None else shown(size)), size, Status.PRESENT, ()
    assert not isinstance(value, Fraction | NotApplicable)
    return value, None, Status.PRESENT, ()


def _completeness(evaluation: Evaluation, table: typed.Table, checks: CheckResults) -> TableCompleteness:
    ruleset = evaluation.plan.ruleset
    entered = [code for code in table.cells if ruleset.cells[code].formula is None]
    gate = evaluation.plan.slots.get(table.code)
    closed = evaluation.frame.values[gate] if gate is not None else False
    if table.is_list:
        count = evaluation.frame.row_counts[table.code]
        size = count if isinstance(count, int) else 0
        filled = sum(1 for code, _ in evaluation.frame.supplied_in_row if code in entered)
        expected = size * len(entered)
        given = isinstance(count, int)
    else:
        filled = sum(1 for code in entered if code in evaluation.frame.supplied)
        expected = len(entered)
        given = any(code in evaluation.frame.supplied for code in table.cells)
    missing = tuple(
        dict.fromkeys(
            result.origin
            for result in checks.values()
            if result.code.endswith("~obligatoire")
            and result.verdict == "violé"
            and result.origin is not None
            and result.origin.startswith(table.code + ".")
        )
    )
    if closed is True:
        status = "sans objet"
    elif not given:
        status = "non fourni" if expected or table.is_list else "complet"
    elif missing or (filled < expected and not table.empty_is_zero):
        status = "partiel"
    else:
        status = "complet"
    return TableCompleteness(table.code, table.label, table.notes.mark, status, filled, expected, missing)
