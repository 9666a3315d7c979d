"""Batches of dossiers to batches of results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import pyarrow as pa

from qdis_rules.batch.layout import BatchError, Layout, Results
from qdis_rules.batch.rows import ExactRows
from qdis_rules.evaluation.dossier import Problem
from qdis_rules.plan.plan import Plan


def evaluate_many(
    plan: Plan,
    batches: pa.Table | Iterable[pa.RecordBatch],
    keep: Sequence[str] = (),
    results: Sequence[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the results of each batch, in order. The columns are looked at at once, the rows as batches are asked for.

    Raises BatchError, before any result when it can be told of the first batch.
    """
    stream = iter(batches.to_batches() if isinstance(batches, pa.Table) else batches)
    if isinstance(batches, pa.Table | pa.RecordBatchReader):
        schema, first = batches.schema, ()
    else:
        first = tuple(batch for batch in (next(stream, None),) if batch is not None)
        if not first:
            return iter(())
        schema = first[0].schema
    run = Run(plan, schema, keep, results)
    return map(run.evaluate, chain(first, stream))


class Run:
    """What evaluates batches of one schema. `schema` is that of the results."""

    def __init__(
        self, plan: Plan, schema: pa.Schema, keep: Sequence[str] = (), results: Sequence[str] | None = None
    ) -> None:
        self._layout = Layout.of(plan, schema, keep)
        self._results = Results.of(plan, self._layout, results)
        self._exact = ExactRows(plan, self._layout, self._results)

    @property
    def schema(self) -> pa.Schema:
        """The columns kept, then the results."""
        return self._results.schema

    def evaluate(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the results of a batch. Raises BatchError when it has other columns than those announced."""
        if not batch.schema.equals(self._layout.schema):
            raise BatchError([Problem("colonnes", "autres-colonnes", "ce lot n'a pas les colonnes du premier")])
        kept = [batch.column(place) for place in self._layout.kept]
        found = self._exact.evaluate(batch)
        return pa.RecordBatch.from_arrays([*kept, *found.columns], schema=self.schema)
