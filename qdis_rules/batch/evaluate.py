"""Batches of dossiers to batches of results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import chain
from threading import local
from typing import Final, TypeAlias, TypeVar

import pyarrow as pa

from qdis_rules.batch.columns import ColumnarRows, Room
from qdis_rules.batch.layout import BatchError, Layout, Results, empty, listed
from qdis_rules.batch.rows import ExactRows
from qdis_rules.evaluation.dossier import Problem
from qdis_rules.plan.plan import Plan

PIECE: Final = 32_768
"""Rows evaluated at once: enough that NumPy's work outweighs Python's, few enough to stay near the processor."""
_KEPT: Final = 4
Batches: TypeAlias = pa.Table | pa.RecordBatch | Iterable[pa.RecordBatch]
Given = TypeVar("Given")
Made = TypeVar("Made")


def evaluate_many(
    runs: Runs,
    batches: Batches,
    keep: Sequence[str] = (),
    results: Sequence[str] | None = None,
    threads: int = 1,
) -> Iterator[pa.RecordBatch]:
    """Yield results in the order of dossiers, in batches of at most PIECE rows.

    The columns are looked at at once, the rows as results are asked for, by `threads`: more than one only
    helps where columns are long, for Python itself is a part of the work.
    Raises BatchError, before any result when it can be told of the first batch.
    """
    if threads < 1:
        raise ValueError(f"at least one of the threads does the work, not {threads}")
    stream = _stream(batches)
    first = next(stream, None)
    if first is None:
        if not isinstance(batches, pa.Table | pa.RecordBatchReader):
            return iter(())  # nothing tells the columns
        first = empty(batches.schema)
    given = (piece for batch in chain([first], stream) for piece in pieces(batch))
    run, own = runs.of(first.schema, keep, results), local()

    def evaluated(piece: pa.RecordBatch) -> pa.RecordBatch:
        if not hasattr(own, "room"):
            own.room = Room()
        return run.evaluate(piece, own.room)

    return _in_order(evaluated, given, threads)


def _stream(batches: Batches) -> Iterator[pa.RecordBatch]:
    given = [batches] if isinstance(batches, pa.RecordBatch) else batches
    for batch in given.to_batches() if isinstance(given, pa.Table) else given:
        if not isinstance(batch, pa.RecordBatch):
            kinds = f"{type(batches).__name__} of {type(batch).__name__}"
            raise TypeError(f"a table or record batches of pyarrow are expected, not {kinds}")
        yield batch


def pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in pieces of at most PIECE rows, one when it has no row."""
    return (batch.slice(start, PIECE) for start in range(0, max(batch.num_rows, 1), PIECE))


def run_of(plan: Plan, schema: pa.Schema, keep: Sequence[str] = (), results: Sequence[str] | None = None) -> Run:
    """Return what evaluates batches of a schema. Raises BatchError."""
    layout = Layout.of(plan, schema, keep)
    return Run(plan, layout, Results.of(plan, [layout], results))


class Runs:
    """The last few runs of a plan: writing the function of one takes a while."""

    def __init__(self, plan: Plan) -> None:
        self._of = lru_cache(_KEPT)(partial(run_of, plan))

    def of(self, schema: pa.Schema, keep: Sequence[str] = (), results: Sequence[str] | None = None) -> Run:
        """Return what evaluates batches of a schema. Raises BatchError."""
        return self._of(schema, listed(keep), None if results is None else listed(results))


def _in_order(function: Callable[[Given], Made], given: Iterable[Given], threads: int) -> Iterator[Made]:
    """Yield what a function makes of each, in order, by several threads: not much further than is asked for."""
    if threads == 1:
        yield from map(function, given)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Made]] = deque()
        for each in given:
            waiting.append(pool.submit(function, each))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Run:
    """What evaluates batches of one schema. `schema` is that of the results."""

    def __init__(self, plan: Plan, layout: Layout, results: Results) -> None:
        self._layout = layout
        self._results = results
        self._exact = ExactRows(plan, layout, results)
        self._columnar = ColumnarRows(plan, layout, results, self._exact)

    @property
    def schema(self) -> pa.Schema:
        """The columns kept, then the results."""
        return self._results.schema

    def needed(self) -> frozenset[str] | None:
        """Return the columns that are enough for dossiers where no value is missing, None when all are needed."""
        return self._columnar.needed()

    def evaluate(self, batch: pa.RecordBatch, room: Room | None = None) -> pa.RecordBatch:
        """Return the results of a batch, worked in a room of this thread if it has one.

        Raises BatchError when it has other columns than those announced.
        """
        if not batch.schema.equals(self._layout.schema):
            raise BatchError([Problem("colonnes", "autres-colonnes", "ce lot n'a pas les colonnes du premier")])
        kept = [batch.column(place) for place in self._layout.kept]
        found = self._columnar.evaluate(batch, room or Room()) or self._exact.evaluate(batch).columns
        return pa.RecordBatch.from_arrays([*kept, *found], schema=self.schema)
