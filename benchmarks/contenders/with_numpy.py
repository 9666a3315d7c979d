"""NumPy float64 by hand: one array an input, chunks that stay in cache, one thread."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import Columns, Contender, rows_told
from benchmarks.judge import Results
from benchmarks.synthetic import Work

CHUNK = 4_096


class Floats(Contender):
    """A ratio without a divisor is NaN; a verdict is +1, 0, or -1 when it cannot be told."""

    name = "NumPy float64 by hand"
    exact = "no"
    does = frozenset({"many", "files"})

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        lines = ["def run(x, values, verdicts):"]
        for index, formula in enumerate(work.formulas):
            match formula.kind:
                case "sum":
                    text = formula.signed(_read)
                case "rate":
                    text = f"rounded({_read(formula.terms[0])} * 0.{formula.percent:02d}, 100)"
                case _:
                    text = f"rounded({_read(formula.terms[0])} / {_read(formula.terms[1])}, 10000)"
            lines.append(f"    f{index} = values[{index}] = {text}")
        for index, check in enumerate(work.checks):
            right = _read(check.right) if isinstance(check.right, str) else f"{check.right / 10_000}"
            margin = 1 if isinstance(check.right, str) else 0.001
            gap = f"{check.left} - {right}"
            test = {"=": f"abs({gap}) <= {margin}", "<=": f"{gap} <= {margin}", ">=": f"{gap} >= -{margin}"}[check.op]
            lines.append(f"    verdicts[{index}] = {test}")
            if not isinstance(check.right, str):
                lines.append(f"    verdicts[{index}][~isfinite({check.left})] = -1")
        home: dict[str, Any] = {"rounded": _rounded, "isfinite": np.isfinite, "abs": np.abs}
        exec("\n".join(lines), home)
        self.run = home["run"]

    def table(self, columns: Columns) -> Any:
        return columns / 100

    def many(self, table: Any) -> Any:
        count = table.shape[1]
        values = np.empty((len(self.work.formulas), count))
        verdicts = np.empty((len(self.work.checks), count), np.int8)
        with np.errstate(divide="ignore", invalid="ignore"):
            for start in range(0, count, CHUNK):
                chunk = slice(start, start + CHUNK)
                self.run(table[:, chunk], values[:, chunk], verdicts[:, chunk])
        return values, verdicts

    def told_many(self, made: Any) -> list[Results]:
        return told_floats(self.work, made[0], made[1].tolist())

    def files(self, sources: Sequence[Path], target: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        names = [f"f{i}" for i in range(len(self.work.formulas))], [f"c{i}" for i in range(len(self.work.checks))]
        types = (pa.float64(), pa.int8())
        schema = pa.schema([(name, kind) for group, kind in zip(names, types, strict=True) for name in group])
        with pq.ParquetWriter(target, schema) as writer:
            for batch in chain.from_iterable(
                pq.ParquetFile(source, pre_buffer=False).iter_batches(16_384) for source in sources
            ):
                table = np.empty((batch.num_columns, batch.num_rows))
                for row, column in zip(table, batch.columns, strict=True):
                    row[:] = column.cast(pa.float64()).to_numpy()
                values, verdicts = self.many(table)
                writer.write_batch(pa.RecordBatch.from_arrays([*map(pa.array, (*values, *verdicts))], schema=schema))


def _read(name: str) -> str:
    return name if name[0] == "f" else f"x[{name[1:]}]"


def _rounded(value: Any, scale: int) -> Any:
    return np.copysign(np.floor(np.abs(value) * scale + 0.5) / scale, value)


def told_floats(work: Work, values: Sequence[Any], verdicts: Sequence[Sequence[int]]) -> list[Results]:
    """Return columns of floats, and of verdicts where -1 is none, as the judge says them."""
    columns = []
    for column, formula in zip(values, work.formulas, strict=True):
        scaled = np.rint(np.asarray(column, np.float64) * (10_000 if formula.kind == "ratio" else 100))
        columns.append([int(value) if np.isfinite(value) else None for value in scaled.tolist()])
    held = {1: True, 0: False, -1: None}
    return rows_told(columns, [[held[each] for each in column] for column in verdicts])
