"""vtlengine (VTL 2.1, on its DuckDB backend): one data set, one `calc` a level of formulas.

It takes a script and data points at once: reading the script is part of every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import vtlengine

from benchmarks.contenders import Columns, Contender
from benchmarks.contenders.with_numpy import told_floats
from benchmarks.judge import Results
from benchmarks.synthetic import Check, Formula, Work, percent


class Vtl(Contender):
    """Over its Number type."""

    name = "vtlengine"
    exact = "partly"
    does = frozenset({"one", "many"})
    slow = 20

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        lines, last = [], "given"
        for depth, level in enumerate(work.levels):
            made = ", ".join(f"f{i} := {_formula(work.formulas[i])}" for i in level)
            lines.append(f"l{depth} := {last} [calc {made}];")
            last = f"l{depth}"
        checks = ", ".join(f"c{i} := {_check(check)}" for i, check in enumerate(work.checks))
        kept = [f"f{i}" for i in range(len(work.formulas))], [f"c{i}" for i in range(len(work.checks))]
        lines += [
            f"held := {last} [calc {checks}];",
            f"results <- held [keep {', '.join((*kept[0], *kept[1]))}];",
        ]
        self.script, self.kept = "\n".join(lines), kept
        parts = [{"name": "id", "type": "Integer", "role": "Identifier", "nullable": False}]
        parts += [{"name": name, "type": "Number", "role": "Measure", "nullable": True} for name in work.names]
        self.structures = {"datasets": [{"name": "given", "DataStructure": parts}]}

    def given(self, dossier: Sequence[int | None]) -> Any:
        return self.table(np.array(dossier, np.int64)[:, None])

    def one(self, given: Any) -> Any:
        return self.many(given)

    def told(self, made: Any) -> Results:
        return self.told_many(made)[0]

    def table(self, columns: Columns) -> Any:
        frame = pd.DataFrame(columns.T / 100, columns=self.work.names)
        frame.insert(0, "id", range(len(frame)))
        return frame

    def many(self, table: Any) -> Any:
        given = {"given": table}
        made = vtlengine.run(self.script, self.structures, given, use_duckdb=True)
        return made["results"].data

    def told_many(self, made: Any) -> list[Results]:
        made = made.sort_values("id")
        held = {True: 1, False: 0}
        verdicts = [[held.get(each, -1) for each in made[name].tolist()] for name in self.kept[1]]
        return told_floats(self.work, [made[name].astype("float64") for name in self.kept[0]], verdicts)


def _formula(formula: Formula) -> str:
    match formula.kind:
        case "sum":
            return formula.signed()
        case "rate":
            return f"round({formula.terms[0]} * 0.{formula.percent:02d}, 2)"
        case _:
            above, below = formula.terms
            return f"if {below} = 0.0 then null else round({above} / {below}, 4)"


def _check(check: Check) -> str:
    right = check.right if isinstance(check.right, str) else percent(check.right)
    margin = "1.0" if isinstance(check.right, str) else "0.001"
    gap = f"{check.left} - {right}"
    return {"=": f"abs({gap}) <= {margin}", "<=": f"{gap} <= {margin}", ">=": f"{gap} >= -{margin}"}[check.op]
