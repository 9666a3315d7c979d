"""A real local Spark gives the same results as `evaluate_many`."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qdis_rules import DossierError, load_ruleset
from tests.batch.test_rows import RULES

pytest.importorskip("pyspark")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java", allow_module_level=True)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    from pyspark.sql import SparkSession

    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture
def here(tmp_path):
    (tmp_path / "regles.qdis").write_text(RULES, "utf-8")
    count = 40
    table = pa.table(
        {
            "siren": [f"{i:09}" for i in range(count)],
            "T.a.n": pa.array(
                [None if i % 11 == 10 else Decimal(i % 5 - 1) / 4 for i in range(count)], pa.decimal128(21, 6)
            ),
            "T.b.n": ["beaucoup" if i % 7 == 6 else "1,5" for i in range(count)],
            "I.jour.v": pa.array([date(2023, 1, 1)] * count),
            "I.forme.v": ["scic"] * count,
            "F.arrondi[N-1]": ["sans objet" if i % 3 else "2,25" for i in range(count)],
            "L": [[{"k": "a", "n": i}] if i % 2 else None for i in range(count)],
        }
    )
    pq.write_table(table, tmp_path / "dossiers.parquet", row_group_size=15)
    return tmp_path


def text_of_words(table):
    kinds = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    return table.cast(pa.schema(list(zip(table.schema.names, kinds, strict=True))))


@pytest.mark.parametrize("results", [None, ["F.tiers", "F.jour", "F.scic", "A", "B", "T.c.n"]])
def test_a_frame_gives_what_evaluate_many_gives(spark, here, results):
    from qdis_rules.spark import evaluate_frame

    frame = spark.read.parquet(str(here / "dossiers.parquet")).repartition(3)
    path = str(here / "regles.qdis")
    found = evaluate_frame(frame, path, keep=["siren"], results=results).toArrow().sort_by("siren")
    table = pq.read_table(here / "dossiers.parquet")
    expected = pa.Table.from_batches(load_ruleset(path).evaluate_many(table, ["siren"], results))
    assert found.schema.names == expected.schema.names
    assert found.to_pylist() == text_of_words(expected).to_pylist()
    assert found.column("problemes").null_count == 35


def test_results_are_written_and_read_as_parquet(spark, here):
    """Names with dots, colons and brackets are names."""
    from qdis_rules.spark import evaluate_frame

    frame = spark.read.parquet(str(here / "dossiers.parquet"))
    evaluate_frame(frame, str(here / "regles.qdis"), ["siren"]).write.parquet(str(here / "resultats"))
    found = pq.read_table(here / "resultats")
    assert found.num_rows == 40
    assert {"F.tiers:statut", "C[a]", "T.a.n~obligatoire"} <= set(found.schema.names)


def test_the_campagne_of_the_day_is_applied(spark, here):
    from qdis_rules.spark import evaluate_frame

    decided = "campagne X exercice 2023\ndésactiver A à compter du 01/01/2024 par « M » motif « m »\n"
    (here / "ete.qdis").write_text(decided, "utf-8")
    frame = spark.createDataFrame([("1", "2")], ["siren", "T.a.n"])
    options = {"campaign": str(here / "ete.qdis"), "results": ["A"], "keep": ["siren"]}
    rows = [
        evaluate_frame(frame, str(here / "regles.qdis"), day=day, **options).collect()[0]
        for day in (None, date(2024, 2, 1))
    ]
    assert [row["A"] for row in rows] == ["satisfait", "désactivé"]


def test_columns_that_are_nothing_are_told_by_the_driver(spark, here):
    from qdis_rules.spark import evaluate_frame

    frame = spark.createDataFrame([(1.5, 1)], ["T.a.n", "T.z.n"])
    with pytest.raises(DossierError) as caught:
        evaluate_frame(frame, str(here / "regles.qdis"))
    assert [problem.code for problem in caught.value.problems] == ["colonne-flottante", "colonne-inconnue"]
