"""DuckDB: one prepared query, one common table expression a level of formulas; over doubles, decimals, or integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.columns import batches
from benchmarks.contenders import Columns, Contender, hundredths, rows_told
from benchmarks.judge import Results
from benchmarks.synthetic import Check, Formula, Work, percent


class _Duck(Contender):
    does = frozenset({"one", "many", "files"})
    read: ClassVar[str]

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        withs, last = [], "given"
        for depth, level in enumerate(work.levels):
            made = ", ".join(f"{self.formula(work.formulas[i])} AS f{i}" for i in level)
            withs.append(f"l{depth} AS (SELECT *, {made} FROM {last})")
            last = f"l{depth}"
        told = ", ".join(
            [
                *(f"f{i}" for i in range(len(work.formulas))),
                *(f"{self.check(check)} AS c{i}" for i, check in enumerate(work.checks)),
            ]
        )
        self.query = f"WITH {', '.join(withs)} SELECT {told} FROM {last}"
        self.columns = ", ".join(f"{self.read.format(name)} AS {name}" for name in work.names)

    def formula(self, formula: Formula) -> str:
        """Return a formula in SQL."""
        match formula.kind:
            case "sum":
                return formula.signed(self.term)
            case "rate":
                return self.rate(formula.terms[0], formula.percent)
            case _:
                return self.ratio(formula.terms[0], f"nullif({formula.terms[1]}, 0)")

    def term(self, name: str) -> str:
        """Return a term of a sum in SQL."""
        return name

    def check(self, check: Check) -> str:
        """Return a check in SQL: a null is no verdict."""
        right = check.right if isinstance(check.right, str) else self.ratio_of(check.right)
        margin = "1" if isinstance(check.right, str) else self.ratio_of(10)
        gap = f"{check.left} - {right}"
        return {"=": f"abs({gap}) <= {margin}", "<=": f"{gap} <= {margin}", ">=": f"{gap} >= -{margin}"}[check.op]

    def ratio_of(self, hundredths: int) -> str:
        """Return a ratio as a literal."""
        return percent(hundredths)

    def rate(self, term: str, part: int) -> str:
        """Return an amount times a per cent, rounded."""
        return f"round({term} * 0.{part:02d}, 2)"

    def ratio(self, above: str, below: str) -> str:
        """Return a quotient, rounded."""
        return f"round({above} / {below}, 4)"

    def given(self, dossier: Sequence[int | None]) -> Any:
        return self.table(np.array(dossier, np.int64)[:, None])

    def one(self, given: Any) -> Any:
        return self.many(given)

    def told(self, made: Any) -> Results:
        return self.told_many(made)[0]

    def table(self, columns: Columns) -> Any:
        connection = duckdb.connect()
        connection.register("amounts", pa.Table.from_batches(batches(columns, columns.shape[1])))
        connection.execute(f"CREATE TABLE given AS SELECT {self.columns} FROM amounts")
        connection.unregister("amounts")
        connection.execute(f"PREPARE work AS {self.query}")
        return connection

    def many(self, table: Any) -> Any:
        return table.execute("EXECUTE work").to_arrow_table()

    def told_many(self, made: Any) -> list[Results]:
        values = [
            [hundredths(value, formula.kind) for value in made[f"f{i}"].to_pylist()]
            for i, formula in enumerate(self.work.formulas)
        ]
        return rows_told(values, [made[f"c{i}"].to_pylist() for i in range(len(self.work.checks))])

    def files(self, sources: Sequence[Path], target: Path) -> None:
        listed = ", ".join(f"'{source}'" for source in sources)
        given = f"given AS (SELECT {self.columns} FROM read_parquet([{listed}]))"
        query = self.query.replace("WITH ", f"WITH {given}, ", 1)
        duckdb.connect().execute(f"COPY ({query}) TO '{target}' (FORMAT parquet)")


class DuckDouble(_Duck):
    """Over DOUBLE."""

    name = "DuckDB, doubles"
    exact = "no"
    read = "{}::DOUBLE"

    def ratio_of(self, hundredths: int) -> str:
        return f"{percent(hundredths)}::DOUBLE"

    def rate(self, term: str, part: int) -> str:
        return f"round({term} * 0.{part:02d}::DOUBLE, 2)"


class DuckDecimal(_Duck):
    """Over DECIMAL; its division is one of doubles."""

    name = "DuckDB, decimals"
    exact = "decimal, but the quotients"
    read = "{}::DECIMAL(17, 2)"

    def formula(self, formula: Formula) -> str:
        return f"({super().formula(formula)})::DECIMAL({'38, 4' if formula.kind == 'ratio' else '24, 2'})"

    def term(self, name: str) -> str:
        return f"{name}::DECIMAL(24, 2)"  # wider than 18 digits, so that a sum does not overflow

    def rate(self, term: str, part: int) -> str:
        return f"round({term}::DECIMAL(24, 2) * 0.{part:02d}, 2)"

    def ratio_of(self, hundredths: int) -> str:
        return f"{percent(hundredths)}::DECIMAL(9, 4)"


class DuckIntegers(_Duck):
    """Over BIGINT in cents; an amount that does not fit is refused, and with it the whole query."""

    name = "DuckDB, integers in cents"
    exact = "while it fits in 64 bits"
    read = "({} * 100)::BIGINT"

    def rate(self, term: str, part: int) -> str:
        return f"sign({term}) * ((abs({term}) * {part} + 50) // 100)"

    def ratio(self, above: str, below: str) -> str:
        return f"sign({above}) * sign({below}) * ((abs({above}) * 20000 + abs({below})) // (2 * abs({below})))"

    def check(self, check: Check) -> str:
        gap, margin = f"{check.left} - {check.right}", check.tolerance
        return {"=": f"abs({gap}) <= {margin}", "<=": f"{gap} <= {margin}", ">=": f"{gap} >= -{margin}"}[check.op]

    def told_many(self, made: Any) -> list[Results]:
        values = [made[f"f{i}"].to_pylist() for i in range(len(self.work.formulas))]
        return rows_told(values, [made[f"c{i}"].to_pylist() for i in range(len(self.work.checks))])
