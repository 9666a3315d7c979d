"""What can be said of cells, aggregates, checks and tables: plain results, no reasons to compute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from qdis_rules.model.typed import Decision
from qdis_rules.numbers import Cause, Exact
from qdis_rules.records import dataclass

Shown: TypeAlias = Decimal | bool | str | date | None

BLOCKING: Final = "bloquant"
"""The severity that keeps step 4 shut."""


class Verdict(StrEnum):
    """The five verdicts of a check."""

    SATISFIED = "satisfait"
    VIOLATED = "violé"
    UNDETERMINED = "indéterminé"
    NOT_APPLICABLE = "sans objet"
    DEACTIVATED = "désactivé"


class Status(StrEnum):
    """What a value is: present, or why there is none."""

    PRESENT = "calculé"
    ABSENT = "absent"
    NOT_APPLICABLE = "sans objet"
    UNDEFINED = "non calculable"


class Origin(StrEnum):
    """Where the retained value of a cell comes from, first to last."""

    FORMULA = "formule"
    TYPED = "saisie"
    IMPORTED = "rapatriement"
    ACCOUNTS = "comptes"
    CARRIED = "reprise"
    EMPTY = "vide vaut 0"


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A value of a parameter (None: not known) and the years it was checked for (None: no bound)."""

    value: Shown
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class ParameterResult:
    """A parameter of a ruleset: its `values` by year, in its declared `unit`, and where they come from."""

    code: str
    label: str
    unit: str | None
    values: tuple[ParameterValue, ...]
    source: str | None
    reliability: str | None
    mark: str | None


@dataclass(frozen=True, slots=True)
class CellResult:
    """A cell: `value` in its declared `unit` (34 digits when a quotient does not end)."""

    code: str
    label: str
    unit: str | None
    value: Shown
    status: Status
    origin: Origin | None
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """A threshold of an aggregate, and whether it is crossed (None: cannot be told)."""

    name: str
    condition: str
    crossed: bool | None
    message: str | None


@dataclass(frozen=True, slots=True, repr=False)
class AggregateResult:
    """An aggregate: `value` as shown (rounded as declared) in `unit`, `exact` unrounded in `unit`.

    `value` is None with a `status` of *sans objet* or *non calculable*. `causes` say why it could not
    be computed; `Report.explain` says why it is *sans objet*.
    `guard` is what its `quand` says, None without one or when it cannot be told.
    """

    code: str
    label: str
    family: str | None
    section: str | None
    unit: str | None
    value: Shown
    exact: Exact | None
    status: Status
    causes: tuple[Cause, ...]
    thresholds: tuple[ThresholdResult, ...]
    source: str | None
    reliability: str | None
    mark: str | None
    guard: bool | None = None

    def __repr__(self) -> str:
        value = self.status if self.value is None else self.value
        return f"<AggregateResult {self.code} = {value} {self.unit or ''}".rstrip() + ">"

    @property
    def crossed(self) -> tuple[ThresholdResult, ...]:
        """The thresholds crossed."""
        return tuple(threshold for threshold in self.thresholds if threshold.crossed)


@dataclass(frozen=True, slots=True)
class GapResult:
    """One comparison of a check: both sides, left − right, tolerance, all in `unit`.

    `margin` says by how much it holds (positive) or fails (negative). For `entre`, `right`
    is the nearest bound and `gap` the distance outside the bounds.
    """

    op: str
    left: Decimal
    right: Decimal
    gap: Decimal
    tolerance: Decimal
    margin: Decimal
    holds: bool
    unit: str | None


@dataclass(frozen=True, slots=True, repr=False)
class CheckResult:
    """A check on one place: `key` is the row or column it was applied to, if any.

    `message` is written when violated; `causes` when undetermined. `origin` is the cell whose
    declaration implies a generated check. `severity` and `verdict` are in force: `decisions` are
    those of the campagne that made them differ from the ruleset. `guard` is what its `quand` says (of a
    generated check: what its declaration implies), None without one or when it cannot be told.
    """

    code: str
    key: str | None
    label: str | None
    severity: str
    justifiable: bool
    verdict: Verdict
    message: str
    gaps: tuple[GapResult, ...]
    cells: tuple[str, ...]
    causes: tuple[Cause, ...]
    justification: str | None
    origin: str | None
    source: str | None
    reliability: str | None
    mark: str | None
    decisions: tuple[Decision, ...] = ()
    guard: bool | None = None

    def __repr__(self) -> str:
        said = f": {self.message}" if self.message else ""
        return f"<CheckResult {self.name} {self.severity} {self.verdict}{said}>"

    @property
    def name(self) -> str:
        """The code, with the place in brackets: `IMM02[constructions]`."""
        return self.code if self.key is None else f"{self.code}[{self.key}]"

    @property
    def deciding(self) -> GapResult | None:
        """The first comparison that fails, else the first: what {écart} speaks of."""
        return next((gap for gap in self.gaps if not gap.holds), self.gaps[0] if self.gaps else None)

    @property
    def gap(self) -> Decimal | None:
        """The signed gap of the deciding comparison, in its unit."""
        return self.deciding.gap if self.deciding else None


@dataclass(frozen=True, slots=True)
class Told:
    """What is known at once of a check, and what works its result out."""

    verdict: Verdict
    severity: str
    reliability: str | None
    make: Callable[[], CheckResult]

    @classmethod
    def of(cls, result: CheckResult) -> Told:
        """Return what a result already worked out tells."""
        return cls(result.verdict, result.severity, result.reliability, lambda: result)


class CheckResults(Mapping[str, CheckResult]):
    """Check results by name (`BIL01`, `IMM02[constructions]`), in order of declaration.

    A result is worked out when it is asked for.
    """

    def __init__(self, found: Mapping[str, Told]) -> None:
        self._found = found
        self._made: dict[str, CheckResult] = {}

    def __getitem__(self, name: str) -> CheckResult:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._found[name].make()
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __repr__(self) -> str:
        counts = Counter(told.verdict for told in self._found.values())
        return f"<CheckResults: {', '.join(f'{counts[verdict]} {verdict}' for verdict in Verdict)}>"

    def verdict(self, name: str) -> Verdict:
        """Return the verdict alone. KeyError for an unknown name."""
        return self._found[name].verdict

    @property
    def blocking(self) -> tuple[str, ...]:
        """The names of the blocking checks that are violated or undetermined."""
        failing = (Verdict.VIOLATED, Verdict.UNDETERMINED)
        return tuple(
            name for name, told in self._found.items() if told.severity == BLOCKING and told.verdict in failing
        )

    def having(self, *verdicts: Verdict) -> tuple[CheckResult, ...]:
        """Return the results with one of `verdicts`."""
        return tuple(self[name] for name, told in self._found.items() if told.verdict in verdicts)

    def of(self, code: str) -> tuple[CheckResult, ...]:
        """Return the results of one check, one for each place it was applied to."""
        return tuple(self[name] for name in self._found if name == code or name.startswith(f"{code}["))

    def count(self, verdict: Verdict) -> int:
        """Return how many results have a verdict."""
        return sum(1 for told in self._found.values() if told.verdict is verdict)

    @property
    def reliabilities(self) -> frozenset[str | None]:
        """The reliabilities of the rules behind the results."""
        return frozenset(told.reliability for told in self._found.values())

    @property
    def violated(self) -> tuple[CheckResult, ...]:
        """The violated checks."""
        return self.having(Verdict.VIOLATED)

    @property
    def undetermined(self) -> tuple[CheckResult, ...]:
        """The checks that could not be told."""
        return self.having(Verdict.UNDETERMINED)

    @property
    def satisfied(self) -> tuple[CheckResult, ...]:
        """The satisfied checks."""
        return self.having(Verdict.SATISFIED)


@dataclass(frozen=True, slots=True)
class TableCompleteness:
    """How far a table is filled: entered cells with a value, out of those it has.

    `calculé`: nothing of it is entered.
    """

    code: str
    label: str
    mark: str | None
    status: str  # "sans objet", "facultatif, non fourni", "non fourni", "partiel", "complet" or "calculé"
    filled: int
    expected: int
    missing_required: tuple[str, ...]
