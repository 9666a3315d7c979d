"""What may stand beside a ruleset and be shown with it: a chart of accounts, quartiles, coverage.

The last two are said by what the pages ask of them: whoever reads or measures them hands them over as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from qdis_rules.authoring.chart import Chart
from qdis_rules.records import dataclass


class Quartiles(Protocol):
    """The quartiles of one aggregate in one family of organisations; numbers in `unit`."""

    @property
    def aggregate(self) -> str:
        """The code of the aggregate."""

    @property
    def family(self) -> str:
        """The family: COOP, ESH …"""

    @property
    def q1(self) -> Decimal:
        """A quarter of the family is below."""

    @property
    def median(self) -> Decimal:
        """Half of the family is below."""

    @property
    def q3(self) -> Decimal:
        """A quarter of the family is above."""

    @property
    def unit(self) -> str:
        """The unit of the three."""

    @property
    def source(self) -> str:
        """Where they were read."""

    @property
    def reliability(self) -> str:
        """How far to trust them, in the words of rules."""

    @property
    def remark(self) -> str:
        """What else the reader must know, maybe nothing."""


class Sides(Protocol):
    """Who saw a check satisfied (`yes`) and violated (`no`): names of examples and dossiers."""

    @property
    def yes(self) -> tuple[str, ...]:
        """Those that saw it satisfied."""

    @property
    def no(self) -> tuple[str, ...]:
        """Those that saw it violated."""


class Coverage(Protocol):
    """What examples and dossiers show of a ruleset."""

    @property
    def names(self) -> tuple[str, ...]:
        """The examples and dossiers."""

    @property
    def checks(self) -> Mapping[str, Sides]:
        """How each check was seen, by code."""

    @property
    def aggregates(self) -> Mapping[str, tuple[str, ...]]:
        """Who computed each aggregate, by code."""

    def counts(self) -> Mapping[str, object]:
        """Return how many were seen, by what is counted, in French; each says itself as text."""

    def missing(self) -> Mapping[str, tuple[str, ...]]:
        """Return what was not seen, by what is missing, in French: codes, followed by a name for a threshold."""


@dataclass(frozen=True, slots=True)
class Beside:
    """All that is shown with a ruleset and is not in it; None for what there is not."""

    chart: Chart | None = None
    quartiles: tuple[Quartiles, ...] = ()
    coverage: Coverage | None = None
