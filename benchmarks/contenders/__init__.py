"""The contenders, one module each, all with the same small protocol."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.judge import Results
from benchmarks.synthetic import Dossier, Work

Columns = Any
"""Many dossiers: an int64 NumPy array of cents, one row an input, one column a dossier."""

PLACES = {
    "ours": ("Whole", "Run", "Closures", "Columnar", "Many"),
    "straight": ("DecimalFunction", "CentsFunction"),
    "incremental": ("DecimalEdits", "CentsEdits"),
    "with_zen": ("Zen",),
    "with_rule_engine": ("RuleEngine",),
    "with_openfisca": ("OpenFisca",),
    "with_vtl": ("Vtl",),
    "with_duckdb": ("DuckDouble", "DuckDecimal", "DuckIntegers"),
    "with_polars": ("PolarsFloat", "PolarsDecimal", "PolarsIntegers"),
    "with_numpy": ("Floats",),
}


class Absent(Exception):
    """A contender cannot run here; the message says why."""


class Contender:
    """One way to do the work. `exact` is what it claims, `remark` what it leaves out or does apart.

    `given`, `told`, `table` and `told_many` turn our figures into what it likes to read, and back: they are not timed.
    `does` names what it can do among one, edit, many, files. `slow` divides the number of dossiers it is asked for.
    """

    name: ClassVar[str]
    exact: ClassVar[str]
    does: ClassVar[frozenset[str]] = frozenset()
    remark: ClassVar[str] = ""
    absents: ClassVar[bool] = False
    slow: ClassVar[int] = 1
    work: Work

    def prepare(self, work: Work) -> None:
        """Compile the work. Raises Absent."""
        self.work = work

    def given(self, dossier: Dossier) -> Any:
        """Return one dossier as it likes it."""
        return dossier

    def one(self, given: Any) -> Any:
        """Return the values and verdicts of one dossier, its way."""
        raise NotImplementedError

    def told(self, made: Any) -> Results:
        """Return what `one` made as the judge says it."""
        raise NotImplementedError

    def session(self, given: Any) -> Any:
        """Return a dossier being edited."""
        raise NotImplementedError

    def amount(self, cents: int) -> Any:
        """Return a new amount as it likes it."""
        return Decimal(cents).scaleb(-2)

    def edit(self, session: Any, place: int, amount: Any) -> Any:
        """Give the input at `place` another amount; return what tells that values and verdicts are up to date."""
        raise NotImplementedError

    def edited(self, session: Any) -> Results:
        """Return the values and verdicts of a dossier being edited, as the judge says them."""
        raise NotImplementedError

    def table(self, columns: Columns) -> Any:
        """Return many dossiers as it likes them."""
        return columns

    def many(self, table: Any) -> Any:
        """Return the values and verdicts of many dossiers, its way, all computed."""
        raise NotImplementedError

    def told_many(self, made: Any) -> list[Results]:
        """Return what `many` made as the judge says it."""
        raise NotImplementedError

    def files(self, sources: Sequence[Path], target: Path) -> None:
        """Read parquet files of decimals, write a parquet file of values and verdicts."""
        raise NotImplementedError


def named(name: str) -> type[Contender]:
    """Return the contender of that class name. Raises Absent when its package is not there."""
    module = next(module for module, classes in PLACES.items() if name in classes)
    try:
        return getattr(import_module(f"benchmarks.contenders.{module}"), name)
    except ModuleNotFoundError as missing:
        raise Absent(f"{name}: {missing.name} is not installed") from missing


def ready(work: Work, *does: str, only: Sequence[str] = ()) -> list[Contender]:
    """Return the contenders that do one of `does`, prepared; those that cannot run here are said."""
    found = []
    for name in (name for classes in PLACES.values() for name in classes):
        if only and name not in only:
            continue
        try:
            contender = named(name)()
            if contender.does.intersection(does):
                contender.prepare(work)
                found.append(contender)
        except Absent as absent:
            print(f"left out: {absent}")
    return found


def rows_told(values: Sequence[Sequence[int | None]], verdicts: Sequence[Sequence[bool | None]]) -> list[Results]:
    """Return columns of hundredths and of verdicts as one result a dossier."""
    return [
        (list(row), list(held))
        for row, held in zip(zip(*values, strict=True), zip(*verdicts, strict=True), strict=True)
    ]


def hundredths(value: float | Decimal | None, kind: str) -> int | None:
    """Return an amount, or a ratio, in whole hundredths (of euros, of per cent); what is not one is None."""
    if value is None or value - value != 0:  # no number, or no finite one
        return None
    return round(value * (10_000 if kind == "ratio" else 100))
