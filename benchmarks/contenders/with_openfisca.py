"""OpenFisca (NumPy float32): one variable an input, a formula, a check; one population of dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from benchmarks.contenders import Columns, Contender
from benchmarks.contenders.with_numpy import told_floats
from benchmarks.judge import Results
from benchmarks.synthetic import Check, Formula, Work

PERIOD = "2023"


class OpenFisca(Contender):
    """`table` is its ingestion: a simulation, and one `set_input` a variable."""

    name = "OpenFisca"
    exact = "no, float32"
    does = frozenset({"one", "many", "files"})
    remark = "many: its ingestion is counted from parquet to parquet only"

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        entity = build_entity(
            key="dossier", plural="dossiers", label="A dossier", roles=None, is_person=True, containing_entities=()
        )
        self.system = TaxBenefitSystem([entity])
        common = {"entity": entity, "definition_period": DateUnit.YEAR, "value_type": float, "label": ""}
        for name in work.names:
            self.system.add_variable(type(name, (Variable,), common))
        for index, formula in enumerate(work.formulas):
            made = {**common, "formula": _formula(formula)}
            self.system.add_variable(type(f"f{index}", (Variable,), made))
        for index, check in enumerate(work.checks):
            made = {**common, "value_type": int, "formula": _check(check)}
            self.system.add_variable(type(f"c{index}", (Variable,), made))
        formulas, checks = range(len(work.formulas)), range(len(work.checks))
        self.asked = [f"f{i}" for i in formulas], [f"c{i}" for i in checks]

    def given(self, dossier: Sequence[int | None]) -> Any:
        return self.table(np.array(dossier, np.int64)[:, None])

    def one(self, given: Any) -> Any:
        return self.many(given)

    def told(self, made: Any) -> Results:
        return self.told_many(made)[0]

    def table(self, columns: Columns) -> Any:
        return self._simulation((column / 100).astype(np.float32) for column in columns)

    def _simulation(self, columns: Any) -> Any:
        first, *others = columns
        simulation = SimulationBuilder().build_default_simulation(self.system, len(first))
        for name, column in zip(self.work.names, (first, *others), strict=True):
            simulation.set_input(name, PERIOD, column)
        return simulation

    def many(self, table: Any) -> Any:
        for name in (*self.asked[0], *self.asked[1]):
            table.delete_arrays(name, PERIOD)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return tuple([table.calculate(name, PERIOD) for name in names] for names in self.asked)

    def told_many(self, made: Any) -> list[Results]:
        values, verdicts = made
        return told_floats(self.work, values, [column.tolist() for column in verdicts])

    def files(self, sources: Sequence[Path], target: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        writer = None
        for source in sources:
            read = pq.read_table(source)
            columns = (column.cast(pa.float32()).to_numpy() for column in read.columns)
            values, verdicts = self.many(self._simulation(columns))
            names = [*self.asked[0], *self.asked[1]]
            made = pa.table(dict(zip(names, (*values, *verdicts), strict=True)))
            writer = writer or pq.ParquetWriter(target, made.schema)
            writer.write_table(made)
        writer.close()


def _formula(formula: Formula) -> Any:
    def total(dossiers: Any, period: Any) -> Any:
        result = 0
        for sign, term in zip(formula.signs, formula.terms, strict=True):
            result = result + dossiers(term, period) if sign > 0 else result - dossiers(term, period)
        return result

    def rate(dossiers: Any, period: Any) -> Any:
        return _rounded(dossiers(formula.terms[0], period) * np.float32(formula.percent / 100), 100)

    def ratio(dossiers: Any, period: Any) -> Any:
        return _rounded(dossiers(formula.terms[0], period) / dossiers(formula.terms[1], period), 10_000)

    return {"sum": total, "rate": rate, "ratio": ratio}[formula.kind]


def _rounded(value: Any, scale: int) -> Any:
    return np.copysign(np.floor(np.abs(value) * np.float32(scale) + np.float32(0.5)) / np.float32(scale), value)


def _check(check: Check) -> Any:
    amounts = isinstance(check.right, str)
    margin = np.float32(1 if amounts else 0.001)

    def formula(dossiers: Any, period: Any) -> Any:
        left = dossiers(check.left, period)
        gap = left - (dossiers(check.right, period) if amounts else np.float32(check.right / 10_000))
        holds = np.abs(gap) <= margin if check.op == "=" else gap <= margin if check.op == "<=" else gap >= -margin
        return holds.astype(np.int32) if amounts else np.where(np.isfinite(left), holds, -1)

    return formula
