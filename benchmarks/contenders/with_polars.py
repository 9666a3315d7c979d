"""Polars: one lazy frame, one `with_columns` a level of formulas; over floats, decimals, or integers in cents."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from benchmarks.columns import batches
from benchmarks.contenders import Columns, Contender, hundredths, rows_told
from benchmarks.judge import Results
from benchmarks.synthetic import Check, Formula, Work, percent

AMOUNT = pl.Decimal(38, 2)


class _Polars(Contender):
    does = frozenset({"one", "many", "files"})
    kind: ClassVar[Any]

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        formulas, checks = work.formulas, work.checks
        self.steps = [[self.formula(formulas[i]).alias(f"f{i}") for i in level] for level in work.levels]
        self.last = [*(pl.col(f"f{i}") for i in range(len(formulas)))]
        self.last += [self.check(check).alias(f"c{i}") for i, check in enumerate(checks)]

    def formula(self, formula: Formula) -> pl.Expr:
        """Return a formula as an expression."""
        if formula.kind == "sum":
            total = pl.col(formula.terms[0]) if formula.signs[0] > 0 else -pl.col(formula.terms[0])
            for sign, term in zip(formula.signs[1:], formula.terms[1:], strict=True):
                total = total + pl.col(term) if sign > 0 else total - pl.col(term)
            return total
        if formula.kind == "rate":
            return self.rate(pl.col(formula.terms[0]), formula.percent)
        below = pl.col(formula.terms[1])
        return self.ratio(pl.col(formula.terms[0]), pl.when(below != self.amount_of(0)).then(below))

    def check(self, check: Check) -> pl.Expr:
        """Return a check as an expression: a null is no verdict."""
        if isinstance(check.right, str):
            gap, margin = pl.col(check.left) - pl.col(check.right), self.amount_of(100)
        else:
            gap, margin = pl.col(check.left) - self.ratio_of(check.right), self.ratio_of(10)
        return gap.abs() <= margin if check.op == "=" else gap <= margin if check.op == "<=" else -gap <= margin

    def amount_of(self, cents: int) -> pl.Expr:
        """Return an amount as a literal."""
        raise NotImplementedError

    def ratio_of(self, hundredths: int) -> pl.Expr:
        """Return a ratio as a literal."""
        raise NotImplementedError

    def rate(self, term: pl.Expr, part: int) -> pl.Expr:
        """Return an amount times a per cent, rounded."""
        raise NotImplementedError

    def ratio(self, above: pl.Expr, below: pl.Expr) -> pl.Expr:
        """Return a quotient, rounded."""
        raise NotImplementedError

    def work_on(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the values and verdicts of a frame."""
        for step in self.steps:
            frame = frame.with_columns(step)
        return frame.select(self.last)

    def given(self, dossier: Sequence[int | None]) -> Any:
        return self.table(np.array(dossier, np.int64)[:, None])

    def one(self, given: Any) -> Any:
        return self.many(given)

    def told(self, made: Any) -> Results:
        return self.told_many(made)[0]

    def table(self, columns: Columns) -> Any:
        return pl.DataFrame(batches(columns, columns.shape[1])[0]).with_columns(pl.all().cast(self.kind))

    def many(self, table: Any) -> Any:
        return self.work_on(table.lazy()).collect()

    def told_many(self, made: Any) -> list[Results]:
        values = [
            [hundredths(value, formula.kind) for value in made[f"f{i}"].to_list()]
            for i, formula in enumerate(self.work.formulas)
        ]
        return rows_told(values, [made[f"c{i}"].to_list() for i in range(len(self.work.checks))])

    def read(self) -> pl.Expr:
        """Return how the decimals of a file are read."""
        return pl.all().cast(self.kind)

    def files(self, sources: Sequence[Path], target: Path) -> None:
        frame = pl.scan_parquet(list(sources)).with_columns(self.read())
        self.work_on(frame).sink_parquet(target)


class PolarsFloat(_Polars):
    """Over Float64."""

    name = "Polars, floats"
    exact = "no"
    kind = pl.Float64

    def amount_of(self, cents: int) -> pl.Expr:
        return pl.lit(cents / 100)

    def ratio_of(self, hundredths: int) -> pl.Expr:
        return pl.lit(hundredths / 10_000)

    def rate(self, term: pl.Expr, part: int) -> pl.Expr:
        return (term * (part / 100)).round(2, mode="half_away_from_zero")

    def ratio(self, above: pl.Expr, below: pl.Expr) -> pl.Expr:
        return (above / below).round(4, mode="half_away_from_zero")


class PolarsDecimal(_Polars):
    """Over Decimal(38, 2); a product keeps the scale of its left side, so it is given two more digits before the rounding."""

    name = "Polars, decimals"
    exact = "decimal, 38 digits"
    kind = AMOUNT

    def amount_of(self, cents: int) -> pl.Expr:
        return pl.lit(Decimal(cents).scaleb(-2), dtype=AMOUNT)

    def ratio_of(self, hundredths: int) -> pl.Expr:
        return pl.lit(Decimal(percent(hundredths)), dtype=pl.Decimal(38, 4))

    def rate(self, term: pl.Expr, part: int) -> pl.Expr:
        product = term.cast(pl.Decimal(38, 4)) * pl.lit(Decimal(part).scaleb(-2), dtype=AMOUNT)
        return product.round(2, mode="half_away_from_zero").cast(AMOUNT)

    def ratio(self, above: pl.Expr, below: pl.Expr) -> pl.Expr:
        return (above.cast(pl.Decimal(38, 12)) / below).round(4, mode="half_away_from_zero").cast(pl.Decimal(38, 4))


class PolarsIntegers(_Polars):
    """Over Int64 in cents: an amount that does not fit wraps in silence."""

    name = "Polars, integers in cents"
    exact = "while it fits in 64 bits"
    kind = pl.Int64

    def table(self, columns: Columns) -> Any:
        return pl.DataFrame({f"x{i}": column for i, column in enumerate(columns)})

    def read(self) -> pl.Expr:
        return (pl.all() * Decimal(100)).cast(pl.Int64)

    def amount_of(self, cents: int) -> pl.Expr:
        return pl.lit(cents, dtype=pl.Int64)

    def ratio_of(self, hundredths: int) -> pl.Expr:
        return pl.lit(hundredths, dtype=pl.Int64)

    def rate(self, term: pl.Expr, part: int) -> pl.Expr:
        return term.sign() * ((term.abs() * part + 50) // 100)

    def ratio(self, above: pl.Expr, below: pl.Expr) -> pl.Expr:
        size = below.abs()
        return above.sign() * below.sign() * ((above.abs() * 20_000 + size) // (2 * size))

    def told_many(self, made: Any) -> list[Results]:
        values = [made[f"f{i}"].to_list() for i in range(len(self.work.formulas))]
        return rows_told(values, [made[f"c{i}"].to_list() for i in range(len(self.work.checks))])
