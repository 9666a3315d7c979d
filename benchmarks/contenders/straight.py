"""Straight-line Python made from the work: the least a careful person would write for one dossier.

Over `Decimal`, or over whole cents. No causes, no absent input: a division by zero gives None, and so does what reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.contenders import Columns, Contender, hundredths
from benchmarks.judge import Results
from benchmarks.synthetic import Check, Dossier, Formula, Work, percent


def nearest(above: int, below: int) -> int:
    """Return a quotient of whole numbers rounded to the nearest, ties away from zero."""
    size, step = abs(above), abs(below)
    whole = (2 * size + step) // (2 * step)
    return whole if (above < 0) is (below < 0) else -whole


class _Straight(Contender):
    """`spelled_*` give the text of a formula and of a check, `called` what the text calls."""

    called: dict[str, object]

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        lines = ["def run(x):", f"    ({', '.join(work.names)},) = x"]
        lines += [f"    f{i} = {self.spelled_formula(formula)}" for i, formula in enumerate(work.formulas)]
        lines += [f"    c{i} = {self.spelled_check(check)}" for i, check in enumerate(work.checks)]
        values = ", ".join(f"f{i}" for i in range(len(work.formulas)))
        verdicts = ", ".join(f"c{i}" for i in range(len(work.checks)))
        lines.append(f"    return [{values}], [{verdicts}]")
        home = dict(self.called)
        exec("\n".join(lines), home)
        self.run: Callable[[Any], Any] = home["run"]

    def spelled_formula(self, formula: Formula) -> str:
        """Return the text of a formula."""
        raise NotImplementedError

    def spelled_check(self, check: Check) -> str:
        """Return the text of a check; only a ratio may be None."""
        bound = isinstance(check.right, int)
        gap = f"{check.left} - {self.spelled_bound(check.right) if bound else check.right}"
        margin, minus = ("POINT", "MINUS_POINT") if bound else ("ONE", "MINUS_ONE")
        test = {"=": f"abs({gap}) <= {margin}", "<=": f"{gap} <= {margin}", ">=": f"{gap} >= {minus}"}[check.op]
        return f"None if {check.left} is None else {test}" if bound else test

    def spelled_bound(self, bound: int) -> str:
        """Return the text of the bound of a ratio."""
        raise NotImplementedError

    def one(self, given: Any) -> Any:
        return self.run(given)

    def table(self, columns: Columns) -> Any:
        return [self.given(row) for row in columns.T.tolist()]

    def many(self, table: Any) -> Any:
        return list(map(self.run, table))

    def told_many(self, made: Any) -> list[Results]:
        return [self.told(each) for each in made]


class DecimalFunction(_Straight):
    """Over `Decimal`, in the context Python starts with; each division is the last thing before its rounding."""

    name = "straight-line Decimal function"
    exact = "exact"
    does = frozenset({"one", "many", "files"})

    def prepare(self, work: Work) -> None:
        self.called = {
            "ONE": Decimal(1),
            "MINUS_ONE": Decimal(-1),
            "POINT": Decimal("0.001"),
            "MINUS_POINT": Decimal("-0.001"),
            "CENT": Decimal("0.01"),
            "STEP": Decimal("0.0001"),
            "HALF_UP": ROUND_HALF_UP,
        }
        super().prepare(work)

    def constant(self, text: str) -> str:
        """Return the name of a number that is built once."""
        name = f"K{text.replace('.', '_').replace('-', 'M')}"
        self.called[name] = Decimal(text)
        return name

    def spelled_formula(self, formula: Formula) -> str:
        match formula.kind:
            case "sum":
                return formula.signed()
            case "rate":
                return f"({formula.terms[0]} * {self.constant(f'0.{formula.percent:02d}')}).quantize(CENT, HALF_UP)"
            case _:
                above, below = formula.terms
                return f"({above} / {below}).quantize(STEP, HALF_UP) if {below} else None"

    def spelled_bound(self, bound: int) -> str:
        return self.constant(percent(bound))

    def given(self, dossier: Dossier) -> Any:
        return tuple(Decimal(cents).scaleb(-2) for cents in dossier)

    def told(self, made: Any) -> Results:
        values, verdicts = made
        kinds = (formula.kind for formula in self.work.formulas)
        return [hundredths(value, kind) for value, kind in zip(values, kinds, strict=True)], verdicts

    def files(self, sources: Sequence[Path], target: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        names = [f"f{i}" for i in range(len(self.work.formulas))], [f"c{i}" for i in range(len(self.work.checks))]
        types = (pa.decimal128(38, 4), pa.bool_())
        schema = pa.schema([(name, kind) for group, kind in zip(names, types, strict=True) for name in group])
        with pq.ParquetWriter(target, schema) as writer:
            for batch in chain.from_iterable(
                pq.ParquetFile(source, pre_buffer=False).iter_batches(2_000) for source in sources
            ):
                rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
                made = [[*values, *verdicts] for values, verdicts in map(self.run, rows)]
                columns = zip(zip(*made, strict=True), schema.types, strict=True)
                writer.write_batch(
                    pa.RecordBatch.from_arrays([pa.array(column, kind) for column, kind in columns], schema=schema)
                )


class CentsFunction(_Straight):
    """Over whole hundredths: Python integers, of any size."""

    name = "straight-line integers in cents"
    exact = "exact"
    does = frozenset({"one", "many"})

    def prepare(self, work: Work) -> None:
        self.called = {"ONE": 100, "MINUS_ONE": -100, "POINT": 10, "MINUS_POINT": -10, "nearest": nearest}
        super().prepare(work)

    def spelled_formula(self, formula: Formula) -> str:
        match formula.kind:
            case "sum":
                return formula.signed()
            case "rate":
                return f"nearest({formula.terms[0]} * {formula.percent}, 100)"
            case _:
                above, below = formula.terms
                return f"nearest(10000 * {above}, {below}) if {below} else None"

    def spelled_bound(self, bound: int) -> str:
        return str(bound)

    def told(self, made: Any) -> Results:
        return made
