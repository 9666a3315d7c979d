"""This library: one dossier (the whole report, the evaluation alone, the closures), edits, many dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import local
from typing import Any

from benchmarks.contenders import Absent, Columns, Contender, hundredths, rows_told
from benchmarks.judge import Results
from benchmarks.synthetic import Dossier, Work, as_ruleset
from qdis_rules.evaluation import run
from qdis_rules.evaluation.admit import admit
from qdis_rules.evaluation.dossier import Dossier as Filed
from qdis_rules.evaluation.results import Verdict
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source

HELD = {Verdict.SATISFIED: True, Verdict.VIOLATED: False, Verdict.UNDETERMINED: None}
BATCH = 32_768
"""Dossiers in one record batch, at most."""


class _Ours(Contender):
    exact = "exact"
    absents = True

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        self.ruleset = _compiled(as_ruleset(work))
        self.plan = self.ruleset.plan
        self.codes = [f"X.x{place}.n" for place in range(work.inputs)]

    def filed(self, dossier: Dossier) -> Filed:
        """Return a dossier as an application gives it."""
        amounts = {f"X.x{i}.n": Decimal(c).scaleb(-2) for i, c in enumerate(dossier) if c is not None}
        return Filed(2023, typed=amounts)

    def values(self, evaluation: run.Evaluation) -> Results:
        """Return what an evaluation holds."""
        found = [evaluation.value(f"F.f{i}") for i in range(len(self.work.formulas))]
        told = [
            hundredths(value, formula.kind) if isinstance(value, Decimal) else None
            for value, formula in zip(found, self.work.formulas, strict=True)
        ]
        return told, [outcome if isinstance(outcome, bool) else None for outcome in evaluation.outcomes]


class Whole(_Ours):
    """`Ruleset.evaluate`: the dossier is admitted, evaluated, reported; causes are there for the asking."""

    name = "qdis_rules, from dossier to report"
    does = frozenset({"one"})

    def given(self, dossier: Dossier) -> Filed:
        return self.filed(dossier)

    def one(self, given: Filed) -> Any:
        report = self.ruleset.evaluate(given)
        return report, report.ready_for_validation

    def told(self, made: Any) -> Results:
        report, _ = made
        found = report.aggregates
        told = [hundredths(found[f"F.f{i}"].value, "") for i in range(len(self.work.formulas))]
        return told, [HELD[report.checks.verdict(f"C{i}")] for i in range(len(self.work.checks))]


class Run(_Ours):
    """The evaluation of an admitted dossier: values, verdicts, and where each came from."""

    name = "qdis_rules"
    does = frozenset({"one", "edit"})

    def given(self, dossier: Dossier) -> Any:
        return admit(self.plan, self.filed(dossier))

    def one(self, given: Any) -> Any:
        return run.run(self.plan, given, _no_year)

    def told(self, made: Any) -> Results:
        return self.values(made)

    def session(self, given: Any) -> Any:
        return self.ruleset.session(given.dossier)

    def edit(self, session: Any, place: int, amount: Decimal) -> Any:
        return session.set(self.codes[place], amount)

    def edited(self, session: Any) -> Results:
        return self.values(session.report._evaluation)


class Closures(Run):
    """The second evaluator, for numbers of any size: the closures behind the straight-line program."""

    name = "qdis_rules, by closures"
    does = frozenset({"one"})
    slow = 4

    def one(self, given: Any) -> Any:
        frame = run._frame(given, given.inputs, _no_year)
        outcomes = run._by_closures(self.plan, frame)
        inputs = given.inputs
        return run.Evaluation(self.plan, given, frame, outcomes, inputs.origins, inputs.others, fits=False)


class Many(_Ours):
    """`Ruleset.evaluate_many` over Arrow record batches; from parquet to parquet, `evaluate_files`."""

    name = "qdis_rules, Arrow to Arrow"
    does = frozenset({"many", "files"})
    remark = "from parquet to parquet: the ruleset is compiled, or comes from the cache"
    threads = 1

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        if not hasattr(self.ruleset, "evaluate_many"):
            raise Absent("Many: this version of qdis_rules has no evaluate_many")

    def table(self, columns: Columns) -> Any:
        from benchmarks.columns import batches  # noqa: PLC0415

        count = columns.shape[1]
        rounds = -(-count // BATCH)
        if rounds > 1:
            rounds += -rounds % self.threads  # as much for each
        table = batches(columns, -(-count // rounds), "X.{}.n")
        list(self.ruleset.evaluate_many([table[0].slice(0, 1)]))  # written and kept, like the plan
        return table

    def many(self, table: Any) -> Any:
        return list(self.ruleset.evaluate_many(table))

    def told_many(self, made: Any) -> list[Results]:
        import pyarrow as pa  # noqa: PLC0415

        whole = pa.Table.from_batches(made)
        words = {str(verdict): held for verdict, held in HELD.items()}
        values = [
            [hundredths(value, "") for value in whole[f"F.f{i}"].to_pylist()] for i in range(len(self.work.formulas))
        ]
        verdicts = [[words[word] for word in whole[f"C{i}"].to_pylist()] for i in range(len(self.work.checks))]
        return rows_told(values, verdicts)

    def files(self, sources: Sequence[Path], target: Path) -> None:
        from qdis_rules.pipeline import evaluate_files  # noqa: PLC0415

        with TemporaryDirectory(dir=target.parent) as folder:
            ruleset = Path(folder, "synthese.qdis")
            ruleset.write_text(as_ruleset(self.work), encoding="utf-8")
            evaluate_files(ruleset, sources, Path(folder, "parts"))


class Columnar(Many):
    """The columnar evaluation alone: amounts read in beforehand, like those of the peers; rows in doubt done exactly.

    Two threads that stay, each with its room, as a service would have: results of a piece are told before the next.
    """

    name = "qdis_rules"
    does = frozenset({"many"})
    remark = "piece after piece, by two threads"
    threads = 2

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        self.pool, self.own = ThreadPoolExecutor(self.threads), local()

    def table(self, columns: Columns) -> Any:
        from qdis_rules.batch.evaluate import run_of  # noqa: PLC0415

        table = super().table(columns)
        self.run = run_of(self.plan, table[0].schema)
        return [self.run._columnar.read(batch) for batch in table]

    def many(self, table: Any) -> Any:
        return list(self.pool.map(self._work, table))

    def _work(self, read: Any) -> Any:
        from qdis_rules.batch.columns import Room  # noqa: PLC0415

        if not hasattr(self.own, "room"):
            self.own.room = Room()
        return self.run._columnar.work(read, self.own.room)


@lru_cache(maxsize=2)
def _compiled(text: str) -> Any:
    return compile_sources([Source.of("synthese.qdis", text)])


def _no_year(_: int) -> None:
    return None
