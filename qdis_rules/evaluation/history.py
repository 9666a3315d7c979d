"""Earlier years: dossiers read under this ruleset, or reports of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from qdis_rules.evaluation.admit import Admitted, admit
from qdis_rules.evaluation.dossier import Dossier, Problem
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.run import Evaluation, run
from qdis_rules.numbers import Cause, CauseKind, NotApplicable, Undefined
from qdis_rules.plan.frame import ListValue, Past, Value
from qdis_rules.plan.plan import Plan

_DATED: Final = r" \([0-9]{4}\)$"


class Years:
    """Earlier years by year; each is evaluated once, when first read."""

    def __init__(self, plan: Plan, history: Sequence[Dossier | Report], problems: list[Problem]) -> None:
        self.plan = plan
        self.recomputed: set[str] = set()
        self.ignored: set[str] = set()
        self._pasts: dict[int, Past] = {}
        for item in history:
            pointer = f"historique/{item.year}"
            if item.year in self._pasts:
                problems.append(Problem(pointer, "exercice-en-double", f"l'exercice {item.year} est donné deux fois"))
            elif isinstance(item, Report) and item.year >= plan.ruleset.year:
                why = f"l'exercice {item.year} n'est pas antérieur à {plan.ruleset.year}"
                problems.append(Problem(pointer, "exercice", why))
            elif isinstance(item, Report):
                self._pasts[item.year] = _ReportPast(plan, item)
            else:
                admitted = admit(plan, item, earlier=True)
                if isinstance(admitted, list):
                    problems.extend(replace(p, pointer=f"{pointer}/{p.pointer}") for p in admitted)
                else:
                    self.ignored.update(admitted.ignored)
                    self._pasts[item.year] = _DossierPast(self, admitted)

    def before(self, year: int) -> Callable[[int], Past | None]:
        """Return what gives the year so many years before `year`, if known."""
        return lambda back: self._pasts.get(year - back)


class _DossierPast(Past):
    """An earlier dossier under the current ruleset; aggregates filed with it come first."""

    def __init__(self, years: Years, admitted: Admitted) -> None:
        super().__init__()
        self._years = years
        self._admitted = admitted
        self._evaluation: Evaluation | None = None

    def _evaluated(self) -> Evaluation:
        if self._evaluation is None:
            year = self._admitted.dossier.year
            self._evaluation = run(self._years.plan, self._admitted, self._years.before(year))
        return self._evaluation

    def cell(self, code: str) -> Value:
        return _dated(self._evaluated().value(code), self._admitted.dossier.year)

    def aggregate(self, code: str) -> Value:
        filed = self._admitted.filed.get(code)
        if filed is not None:
            return filed
        year = self._admitted.dossier.year
        value = _dated(self._evaluated().value(code), year)
        if not isinstance(value, Undefined | NotApplicable):
            self._years.recomputed.add(f"{code}[{year}]")
        return value


class _ReportPast(Past):
    """An earlier year as its own ruleset reported it."""

    def __init__(self, plan: Plan, report: Report) -> None:
        super().__init__()
        self._plan = plan
        self._evaluation = report._evaluation
        self._year = report.year

    def cell(self, code: str) -> Value:
        return self._read(code, self._plan.outline.since.get(code))

    def aggregate(self, code: str) -> Value:
        return self._read(code, self._plan.outline.since.get(code))

    def _read(self, code: str, since: tuple[int, str] | None) -> Value:
        if since is not None and self._year <= since[0]:
            code = since[1]
        if code not in self._evaluation.plan.slots:
            return Undefined.of(CauseKind.ABSENT, f"{code} ({self._year})")
        return _dated(self._evaluation.value(code), self._year)


def _dated(value: Value | ListValue, year: int) -> Value:
    """Say of which year the causes of an undefined value are."""
    if isinstance(value, Undefined):
        return Undefined(
            frozenset(
                cause
                if cause.kind is CauseKind.NO_YEAR or re.search(_DATED, cause.subject)
                else Cause(cause.kind, f"{cause.subject} ({year})")
                for cause in value.causes
            )
        )
    assert not isinstance(value, list)
    return value
