"""Many dossiers on Spark: a DataFrame in, a DataFrame out. Spark schedules, ships and retries; nothing here does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from qdis_rules.batch.evaluate import Run, run_of
from qdis_rules.batch.layout import listed
from qdis_rules.pipeline import Ruleset, load_ruleset

_FEW: Final = 4


def evaluate_frame(
    frame: DataFrame,
    which: int | str,
    keep: Sequence[str] = (),
    results: Sequence[str] | None = None,
    campaign: str | None = None,
    day: date | None = None,
) -> DataFrame:
    """Return the results of a DataFrame of dossiers, a row each; its columns and the results are those of `evaluate_many`.

    `which`, `campaign` and `day` are those of `evaluate_files`: a path is read by every executor, which loads the ruleset
    once a Python worker. Statuses and verdicts are strings. The library has to be installed on the executors.

    Raises:
        DossierError: columns or results that are nothing of the ruleset.
        RulesetError, FileNotFoundError: as `load_ruleset`.
    """
    kept, asked = listed(keep), None if results is None else listed(results)
    names = frame.columns

    def evaluated(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            named = pa.RecordBatch.from_arrays(batch.columns, names=names)
            yield _plain(_run(which, campaign, day, named.schema, kept, asked).evaluate(named))

    run = _run(which, campaign, day, to_arrow_schema(frame.schema), kept, asked)
    # Spark would take the dots of a name for a path into a structure.
    placed = frame.toDF(*(f"c{place}" for place in range(len(names))))
    return placed.mapInArrow(evaluated, from_arrow_schema(_plain_schema(run.schema)))


@lru_cache(_FEW)
def _ruleset(which: int | str, campaign: str | None, day: date | None) -> Ruleset:
    ruleset = load_ruleset(which, campaign)
    return ruleset if day is None else ruleset.on(day)


@lru_cache(_FEW)
def _run(
    which: int | str,
    campaign: str | None,
    day: date | None,
    schema: pa.Schema,
    keep: tuple[str, ...],
    results: tuple[str, ...] | None,
) -> Run:
    return run_of(_ruleset(which, campaign, day).plan, schema, keep, results)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema without dictionaries, which Spark does not know."""
    kinds = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in schema.types]
    return pa.schema(list(zip(schema.names, kinds, strict=True)))


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
