"""The report of one dossier: every cell, aggregate and check, with reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from qdis_rules.evaluation import verify
from qdis_rules.evaluation.results import (
    AggregateResult,
    CellResult,
    CheckResult,
    CheckResults,
    Origin,
    ParameterResult,
    ParameterValue,
    Shown,
    Status,
    TableCompleteness,
    ThresholdResult,
    Verdict,
)
from qdis_rules.evaluation.run import Evaluation, guarded
from qdis_rules.evaluation.wording import in_unit
from qdis_rules.lazy import Lazy
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type, number_unit
from qdis_rules.numbers import NOT_APPLICABLE, Cause, Exact, NotApplicable, Undefined, round_shown, shown
from qdis_rules.plan.frame import Value
from qdis_rules.plan.outline import Sheet
from qdis_rules.plan.plan import Indicator

if TYPE_CHECKING:
    from qdis_rules.evaluation.explain import Explanation


class Report:
    """The result of evaluating one dossier. Numbers are in the declared unit of each thing.

    Values and verdicts are computed; how they are told is worked out when it is asked for.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    @property
    def ruleset(self) -> str:
        """The name of the ruleset."""
        return self._evaluation.plan.ruleset.name

    @property
    def version(self) -> str:
        """The version of the ruleset."""
        return self._evaluation.plan.ruleset.version

    @property
    def year(self) -> int:
        """The financial year of the dossier: an earlier one when it serves as history."""
        return self._evaluation.plan.ruleset.year

    @property
    def organisation(self) -> str:
        """Who the dossier is of."""
        return self._evaluation.admitted.dossier.organisation

    @cached_property
    def cells(self) -> Mapping[str, CellResult]:
        """Cells of fixed tables by code, in order of declaration."""
        return Lazy(self._evaluation.plan.outline.kinds, partial(cell_result, self._evaluation))

    @cached_property
    def lists(self) -> Mapping[str, Mapping[str, Mapping[str, CellResult]]]:
        """Rows of lists: by list code, row key, then column; in the order of the dossier."""
        evaluation = self._evaluation
        return Lazy(evaluation.plan.lists, lambda code: _rows(evaluation, code))

    @cached_property
    def aggregates(self) -> Mapping[str, AggregateResult]:
        """Aggregates by code, in order of declaration, those `interne` included."""
        evaluation = self._evaluation
        return Lazy(evaluation.plan.outline.aggregates, partial(aggregate_result, evaluation))

    @cached_property
    def checks(self) -> CheckResults:
        """Check results by name, in order of declaration."""
        return verify.all_checks(self._evaluation)

    @cached_property
    def tables(self) -> Mapping[str, TableCompleteness]:
        """How far each table is filled, by code."""
        evaluation = self._evaluation
        missing = _missing_required(self.checks)
        return MappingProxyType(
            {
                code: _completeness(evaluation, sheet, tuple(missing.get(code, ())))
                for code, sheet in evaluation.plan.outline.sheets.items()
            }
        )

    @property
    def recomputed(self) -> tuple[str, ...]:
        """The aggregates of earlier years computed under this ruleset, for want of a filed value.

        A message, or a threshold, may be the only one to read an earlier year: they are worked out first.
        """
        self.checks.having(Verdict.VIOLATED, Verdict.DEACTIVATED)
        for code in self.aggregates:
            self.aggregates[code]
        return tuple(sorted(self._evaluation.recomputed))

    @property
    def ignored(self) -> tuple[str, ...]:
        """What this ruleset makes no use of.

        Codes of earlier dossiers that it does not know (`T03.x.n[2022]`), justifications of checks that
        admit none (`justifications/BIL01`).
        """
        ruleset = self._evaluation.plan.ruleset
        useless = (code for code in self._evaluation.admitted.dossier.justifications if not _admits_one(ruleset, code))
        return tuple(sorted({*self._evaluation.ignored, *(f"justifications/{code}" for code in useless)}))

    def __repr__(self) -> str:
        ready = "ready" if self.ready_for_validation else f"{len(self.blockers)} blockers"
        return f"<Report {self.ruleset} {self.year} {self.organisation!r}: {self.checks!r}, {ready}>"

    @cached_property
    def indicators(self) -> Mapping[str, AggregateResult]:
        """The aggregates that are not `interne`."""
        return MappingProxyType({code: self.aggregates[code] for code in self._evaluation.plan.outline.shown})

    @cached_property
    def blockers(self) -> tuple[CheckResult, ...]:
        """The blocking checks that are violated or undetermined: why step 4 is not open."""
        return tuple(self.checks[name] for name in self.checks.blocking)

    @property
    def ready_for_validation(self) -> bool:
        """True when no blocking check is violated or undetermined."""
        return not self.checks.blocking

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
        """Return why a cell, a row of a list (`EMP.E1.capital`), an aggregate, a check or a parameter is what it is.

        KeyError for an unknown code.
        """
        from qdis_rules.evaluation.explain import explain

        return explain(self._evaluation, self.checks, code)


def cell_result(evaluation: Evaluation, code: str) -> CellResult:
    """Return a cell as reported, in its declared unit."""
    value = evaluation.value(code)
    assert not isinstance(value, list)
    return _cell_result(code, evaluation.plan.ruleset.cells[code], value, evaluation.origin(code))


def _rows(evaluation: Evaluation, table: str) -> Mapping[str, Mapping[str, CellResult]]:
    places = {key: row for row, key in enumerate(evaluation.row_keys(table))}
    columns = tuple(evaluation.plan.ruleset.tables[table].columns)

    def result(key: str, column: str) -> CellResult:
        code, row = f"{table}.*.{column}", places[key]
        cell = evaluation.plan.ruleset.cells[code]
        value, origin = evaluation.row_value(code, row), evaluation.row_origin(code, row)
        return _cell_result(f"{table}.{key}.{column}", cell, value, origin)

    return Lazy(tuple(places), lambda key: Lazy(columns, partial(result, key)))


def _cell_result(code: str, cell: typed.Cell, value: Value, origin: Origin | None) -> CellResult:
    visible, _, status, causes = visible_value(value, cell.type, None)
    if status is Status.UNDEFINED and cell.formula is None:
        status = Status.ABSENT
    unit = cell.unit.symbol if cell.unit is not None else None
    return CellResult(code, cell.label, unit, visible, status, origin, causes)


def aggregate_result(evaluation: Evaluation, code: str) -> AggregateResult:
    """Return an aggregate as reported: rounded as declared, with the thresholds it crosses."""
    aggregate = evaluation.plan.ruleset.aggregates[code]
    value = evaluation.value(code)
    assert not isinstance(value, list)
    visible, exact_value, status, causes = visible_value(value, aggregate.type, aggregate.places)
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
        thresholds=tuple(_thresholds(evaluation, aggregate)),
        source=aggregate.notes.source,
        reliability=aggregate.notes.reliability,
        mark=aggregate.notes.mark,
        guard=_guard_of(evaluation, aggregate, status),
    )


def parameter_result(parameter: typed.Parameter) -> ParameterResult:
    """Return a parameter with its values in its declared unit."""
    return ParameterResult(
        code=parameter.code,
        label=parameter.label,
        unit=parameter.unit.symbol if parameter.unit is not None else None,
        values=tuple(
            ParameterValue(
                None if dated.value is None else visible_value(dated.value, parameter.type, None)[0],
                dated.first,
                dated.last,
            )
            for dated in parameter.values
        ),
        source=parameter.notes.source,
        reliability=parameter.notes.reliability,
        mark=parameter.notes.mark,
    )


def _thresholds(evaluation: Evaluation, aggregate: typed.Aggregate) -> Iterator[ThresholdResult]:
    if not aggregate.thresholds:
        return
    frame = evaluation.apart().frame
    for threshold, code, _ in _indicator(evaluation, aggregate.code).thresholds:
        crossed = guarded(code, frame, aggregate.code)
        told = crossed if isinstance(crossed, bool) else None
        yield ThresholdResult(threshold.name, condition_text(threshold), told, threshold.message)


def _guard_of(evaluation: Evaluation, aggregate: typed.Aggregate, status: Status) -> bool | None:
    if aggregate.guard is None:
        return None
    if status is Status.PRESENT:
        return True  # or there would be no value
    code = _indicator(evaluation, aggregate.code).guard
    allowed = guarded(code, evaluation.apart().frame, aggregate.code) if code is not None else None
    return allowed if isinstance(allowed, bool) else None


def _indicator(evaluation: Evaluation, code: str) -> Indicator:
    step = evaluation.plan.closures.steps[code]
    assert isinstance(step, Indicator)
    return step


def condition_text(threshold: typed.Threshold) -> str:
    """Return « < 3 % » of « seuil alerte < 3 % « … » »."""
    text = threshold.condition.span.inline
    text = text.removeprefix("seuil").strip().removeprefix(threshold.name).strip()
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


def _admits_one(ruleset: typed.TypedRuleset, code: str) -> bool:
    """Tell whether a check, as it stands, admits a justification."""
    check = ruleset.standings.get(code) or ruleset.checks.get(code)
    return check is not None and check.justifiable


def _missing_required(checks: CheckResults) -> dict[str, list[str]]:
    """Return the required cells that are missing, by table."""
    found: dict[str, list[str]] = {}
    for result in checks.violated:
        if result.code.endswith("~obligatoire") and result.origin is not None:
            cells = found.setdefault(result.origin.partition(".")[0], [])
            if result.origin not in cells:
                cells.append(result.origin)
    return found


def _completeness(evaluation: Evaluation, sheet: Sheet, missing: tuple[str, ...]) -> TableCompleteness:
    supplied = evaluation.frame.supplied
    gate = evaluation.plan.slots.get(sheet.code)
    closed = evaluation.frame.values[gate] if gate is not None else False
    if sheet.key is not None:
        count = evaluation.frame.row_counts[sheet.code]
        size = count if isinstance(count, int) else 0
        filled = sum(1 for code, _ in evaluation.frame.supplied_in_row if code in sheet.entered)
        expected = size * len(sheet.entered)
        given = isinstance(count, int)
    else:
        filled = sum(map(supplied.__contains__, sheet.entered))
        expected = len(sheet.entered)
        given = not supplied.isdisjoint(sheet.cells)
    if sheet.optional and sheet.code not in supplied:
        status = "facultatif, non fourni"
    elif closed is True:
        status = "sans objet"
    elif not sheet.entered:
        status = "calculé"
    elif not given:
        status = "non fourni"
    elif missing or (filled < expected and not sheet.empty_is_zero):
        status = "partiel"
    else:
        status = "complet"
    return TableCompleteness(sheet.code, sheet.label, sheet.mark, status, filled, expected, missing)
