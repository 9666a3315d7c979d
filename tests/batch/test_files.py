"""Files in, a folder of parts out: the same results whatever the cut, and a run interrupted goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qdis_rules import DossierError, evaluate_files, load_ruleset
from qdis_rules.batch import files as module
from qdis_rules.batch import sources
from tests.batch.test_rows import RULES, ruleset

ROOT = Path(__file__).parents[2]
ASKED = ["F.tiers", "A", "B"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("regles.qdis").write_text(RULES, "utf-8")
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    """Slices of a few rows, so that a file makes several."""
    monkeypatch.setattr(sources, "_FEWEST", 10)
    monkeypatch.setattr(sources, "_MOST", 10)


def some(count, start=0):
    amounts = [
        None if i % 11 == 10 else "beaucoup" if i % 7 == 6 else f"{i % 5 - 1},25" for i in range(start, start + count)
    ]
    return pa.table(
        {"siren": [f"{i:09}" for i in range(start, start + count)], "T.a.n": amounts, "T.b.n": ["1"] * count}
    )


def run(named, target="resultats", **options):
    options = {"keep": ["siren"], "results": ASKED, **options}
    return evaluate_files("regles.qdis", named, target, **options)


def read(target="resultats"):
    return pq.read_table(target).sort_by("siren")


def alone(table):
    return pa.Table.from_batches(ruleset().evaluate_many(table, keep=["siren"], results=ASKED)).sort_by("siren")


def contents(target="resultats"):
    return {path.name: path.read_bytes() for path in Path(target).iterdir()}


def test_parts_together_are_what_evaluate_many_says(here, small):
    table = some(57)
    pq.write_table(table, "nord.parquet", row_group_size=25)
    seen = []
    summary = run(["nord.parquet"], progress=lambda done, total: seen.append((done, total)))
    assert read().equals(alone(table))
    assert (summary.rows, summary.parts, summary.resumed) == (57, 7, 0)
    assert summary.refused == 8 == read().column("problemes").length() - read().column("problemes").null_count
    assert summary.ready + summary.not_ready + summary.refused == 57
    assert seen[-1] == (57, 57)
    assert seen == sorted(seen)


def test_two_processes_do_the_same(here, small):
    table = some(57)
    pq.write_table(table, "nord.parquet", row_group_size=25)
    assert run(["nord.parquet"], processes=2).parts == 7
    assert run(["nord.parquet"], "autre").parts == 7
    assert contents("resultats") == contents("autre")


NARROW = """jeu X exercice 2023
tableau T « x »
  vide vaut 0
  colonne n « x » en EUR
  ligne a « x »
  ligne b « x »
  ligne c « x »
tableau U « x »
  colonne n « x » en EUR
  ligne a « x »
agrégat SF.s « x » en EUR = T.a.n + T.b.n
contrôle P bloquant « x »
  renseigné(U.a.n) et défaut(T.a.n; U.a.n) > 0
"""


@pytest.mark.parametrize("missing", [None, "T.c.n", "T.a.n"])
def test_columns_that_no_rule_wants_are_not_read(here, small, monkeypatch, missing):
    """Unless a value is missing somewhere. A row in doubt is done as if they were."""
    Path("regles.qdis").write_text(NARROW, "utf-8")
    known = {code: [Decimal(place) for place in range(-9, 20)] for code in ("T.a.n", "T.b.n", "T.c.n", "U.a.n")}
    known["T.b.n"][12] = Decimal(10**12)  # too large for columns
    if missing:
        known[missing][25] = None
    table = pa.table({code: pa.array(values, pa.decimal128(17, 2)) for code, values in known.items()})
    table = table.append_column("siren", pa.array(range(29)))
    pq.write_table(table, "nord.parquet", row_group_size=25)
    asked = []
    batches = pq.ParquetFile.iter_batches

    def recorded(*args, columns, **options):
        asked.append(columns)
        return batches(*args, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", recorded)
    run(["nord.parquet"], results=["SF.s", "P"])
    found = load_ruleset("regles.qdis").evaluate_many(table, keep=["siren"], results=["SF.s", "P"])
    assert read().equals(pa.Table.from_batches(found).sort_by("siren"))
    narrow = [columns and sorted(columns) for columns in asked]
    assert narrow == [["T.a.n", "T.b.n", "siren"], None if missing else ["T.a.n", "T.b.n", "siren"]]


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_is_read_as_text(here, small, delimiter, encoding, end):
    """Whatever the delimiter, the mark before UTF-8 and the ends of lines: nothing becomes a float."""
    lines = [["siren", "T.a.n", "T.b.n", "I.nom.v"], *([f"{i:09}", "1 250,00", "0.1", "é;,"] for i in range(23))]
    with Path("sud.csv").open("w", encoding=encoding, newline="") as file:
        for line in lines:
            file.write(delimiter.join(f'"{value}"' if "," in value else value for value in line) + end)
    summary = run(["sud.csv"], results=["T.c.n", "A"])
    assert (summary.rows, summary.parts) == (23, 3)
    assert read().column("siren").to_pylist() == [f"{i:09}" for i in range(23)]
    assert set(read().column("T.c.n").to_pylist()) == {Decimal("1250.1")}


def test_csv_lines_may_hold_line_ends_and_be_blank(here):
    Path("sud.csv").write_text('siren;I.nom.v;T.a.n\n"1";"a\nb";2\n\n2;;\n3;"";"3"', "utf-8")
    assert run(["sud.csv"], results=["T.a.n"]).rows == 3
    assert read().column("T.a.n").to_pylist() == [2, None, 3]


def test_files_of_other_kinds_and_columns_make_one_result(here):
    """A second value that one file has is a column of all, null elsewhere."""
    pq.write_table(some(5), "a.parquet")
    Path("b.csv").write_text("T.c.n;siren;T.a.n;T.b.n\n3;x1;1;2\n4;x2;1;\n", "utf-8")
    run(["a.parquet", "b.csv"], results=None)
    found = read()
    assert found.num_rows == 7
    assert found.column("T.c.n~saisie").to_pylist() == [None] * 5 + ["satisfait", "indéterminé"]


def test_folders_and_patterns_are_files_in_order(here):
    for name in ("d/b.parquet", "d/a.PARQUET", "d/e/c.csv", "d/.cache/x.csv", "d/_tmp/y.csv", "d/notes.txt"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".parquet":
            pq.write_table(some(2), path)
        else:
            path.write_text("siren;T.a.n\nx;1\n", "utf-8")
    assert run(["d"]).rows == 5
    assert run(["d/*.parquet", str(here / "d" / "**" / "*.csv")], "autre").rows == 2 + 1 + 1
    assert run(["d", "d/b.parquet"], "double").rows == 5
    assert run(["."], "resultats").resumed == 3  # its own parts are no dossiers


def test_the_same_call_goes_on(here, small, monkeypatch):
    pq.write_table(some(57), "nord.parquet", row_group_size=25)
    run(["nord.parquet"])
    whole = contents()
    kept = sorted(whole)[:3]
    for name in set(whole) - set(kept) - {"_lot.json"}:
        Path("resultats", name).unlink()
    Path("resultats", f".{kept[0]}.123.tmp").write_bytes(b"half")
    summary = run(["nord.parquet"])
    assert (summary.rows, summary.parts, summary.resumed) == (57, 7, 2 if "_lot.json" in kept else 3)
    assert contents() == whole
    monkeypatch.setattr(module.Worker, "_evaluated", lambda self, place: pytest.fail("nothing is left to do"))
    assert run(["nord.parquet"]).resumed == 7


@pytest.mark.parametrize("damage", [b"", b"PAR1", None])
def test_a_damaged_part_is_made_again(here, small, damage):
    pq.write_table(some(23), "nord.parquet")
    run(["nord.parquet"])
    whole = contents()
    part = Path("resultats", sorted(whole)[0])
    part.write_bytes(part.read_bytes()[:-50] if damage is None else damage)
    assert run(["nord.parquet"]).resumed == 2
    assert contents() == whole


def test_a_part_of_another_run_is_made_again(here, small):
    pq.write_table(some(23), "nord.parquet")
    pq.write_table(some(23, 100), "sud.parquet")
    run(["nord.parquet"])
    run(["sud.parquet"], "autre")
    name = sorted(contents())[0]
    Path("resultats", name).write_bytes(Path("autre", name).read_bytes())
    assert run(["nord.parquet"]).resumed == 2
    assert read().equals(alone(some(23)))


def started(call, guard="if __name__ == '__main__': "):
    script = f"from qdis_rules import evaluate_files\n{guard}evaluate_files({call})\n"
    Path("script.py").write_text(script, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "script.py"], env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_killed_goes_on(here, processes):
    """Killed outright while it writes: nobody of it stays, what is there is whole, and the same call finishes."""
    pq.write_table(some(4000), "nord.parquet", row_group_size=100)
    process = started(f"'regles.qdis', ['nord.parquet'], 'resultats', ['siren'], {ASKED!r}, processes={processes}")
    while process.poll() is None and len(list(Path().glob("resultats/0*.parquet"))) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)  # ends when the last process that may write there has ended
    done = len(list(Path().glob("resultats/0*.parquet")))
    assert 3 <= done < 40
    summary = run(["nord.parquet"])
    assert (summary.rows, summary.parts, summary.resumed) == (4000, 40, done)
    assert read().equals(alone(some(4000)))
    assert not list(Path("resultats").glob(".*"))


def test_a_script_without_guard_is_told(here):
    pq.write_table(some(40), "nord.parquet", row_group_size=10)
    process = started("'regles.qdis', ['nord.parquet'], 'resultats', ['siren'], processes=2", guard="")
    assert 'if __name__ == "__main__"' in process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert not list(Path("resultats").iterdir())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda: run(["nord.parquet"], results=["A"]), "résultats"),
        (lambda: run(["nord.parquet"], keep=[]) if Path("nord.parquet") else None, "colonne-inconnue"),
        (lambda: run(["nord.parquet", "sud.parquet"]), "entrées"),
        (lambda: run(["sud.parquet"]), "entrées"),
        (lambda: (Path("regles.qdis").write_text(RULES + "\n# autre", "utf-8"), run(["nord.parquet"])), "jeu de règles"),
        (lambda: (pq.write_table(some(6), "nord.parquet"), run(["nord.parquet"])), "entrées"),
        (lambda: (Path("resultats/_lot.json").write_text("{"), run(["nord.parquet"])), "abîmé"),
        (lambda: (Path("resultats/_lot.json").write_text("[]"), run(["nord.parquet"])), "autre format"),
    ],
)  # fmt: skip
def test_another_run_is_refused_and_changes_nothing(here, change, word):
    pq.write_table(some(5), "nord.parquet")
    pq.write_table(some(5), "sud.parquet")
    run(["nord.parquet"])
    parts = [path for path in Path("resultats").iterdir() if path.name != "_lot.json"]
    before = [path.read_bytes() for path in parts]
    with pytest.raises(DossierError, match=word):
        change()
    assert [path.read_bytes() for path in parts] == before


def test_a_folder_of_something_else_is_left_alone(here):
    pq.write_table(some(5), "nord.parquet")
    Path("resultats").mkdir()
    Path("resultats/budget.xlsx").write_text("x")
    with pytest.raises(DossierError, match="sortie-occupee"):
        run(["nord.parquet"])
    assert [path.name for path in Path("resultats").iterdir()] == ["budget.xlsx"]


def test_a_folder_that_cannot_be_is_told(here):
    pq.write_table(some(5), "nord.parquet")
    Path("fichier").write_text("x")
    with pytest.raises(DossierError, match="sortie-impossible"):
        run(["nord.parquet"], "fichier/resultats")


def test_two_runs_at_once_in_one_folder_are_refused(here):
    fcntl = pytest.importorskip("fcntl")
    pq.write_table(some(5), "nord.parquet")
    run(["nord.parquet"])
    with Path("resultats/_lot.json").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DossierError, match="sortie-occupee"):
            run(["nord.parquet"])


def damaged(content):
    whole = Path("nord.parquet").read_bytes()
    Path("nord.parquet").write_bytes(content(whole))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: damaged(lambda whole: whole[:-20]), "nord.parquet : .*parquet-illisible"),
        (lambda: damaged(lambda whole: b""), "nord.parquet : .*parquet-illisible"),
        (lambda: damaged(lambda whole: b"PAR1PAR1"), "nord.parquet : .*parquet-illisible"),
        (lambda: Path("nord.parquet").unlink(), "nord.parquet : .*fichier-introuvable"),
        (lambda: (Path("nord.parquet").unlink(), Path("nord.parquet").mkdir()), "nord.parquet : .*fichier-introuvable"),
        (lambda: pq.write_table(pa.table({"siren": ["1"], "T.a.n": [1.5]}), "nord.parquet"), "nord.parquet/T.a.n : .*colonne-flottante"),
        (lambda: pq.write_table(pa.table({"T.a.n": [1]}), "nord.parquet"), "nord.parquet/siren : .*colonne-absente"),
        (lambda: pq.write_table(pa.table({"siren": [1]}), "nord.parquet"), "siren : .*genre-de-colonne"),
        (lambda: Path("sud.csv").write_text("siren;T.a.x\n1;2\n", "utf-8"), "sud.csv/T.a.x : .*colonne-inconnue"),
        (lambda: Path("sud.csv").write_text("siren;T.a.n;T.a.n\n1;2;3\n", "utf-8"), "sud.csv/T.a.n : .*colonne-en-double"),
        (lambda: Path("sud.csv").write_bytes(b""), "sud.csv:1 : .*csv-illisible"),
        (lambda: Path("sud.csv").write_bytes("siren;é\n".encode("latin-1")), "sud.csv : .*encodage"),
        (lambda: Path("sud.csv").rename("sud.txt"), "sud.csv : .*fichier-introuvable"),
        (lambda: Path("regles.qdis"), None),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_before_anything_is_written(here, make, expected):
    pq.write_table(some(5), "nord.parquet")
    Path("sud.csv").write_text("siren;T.a.n\n1;2\n", "utf-8")
    make()
    if expected is None:
        assert run(["nord.parquet", "sud.csv"]).rows == 6
        return
    with pytest.raises(DossierError, match=expected):
        run(["nord.parquet", "sud.csv"])
    assert not Path("resultats").exists()


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        ("sud.csv", lambda: Path("sud.csv").write_text("siren;T.a.n\n" + "1;2\n" * 30 + "1;2;3\n", "utf-8"), "sud.csv:32 : 2 colonnes sont annoncées, il y en a 3"),
        ("sud.csv", lambda: Path("sud.csv").write_bytes(b"siren;T.a.n\n" + b"1;2\n" * 30 + b"\xe9;2\n"), "sud.csv : .*encodage"),
        ("nord.parquet", lambda: damaged(lambda whole: whole[:10] + b"\xff" * 200 + whole[210:]), "nord.parquet : .*parquet-illisible"),
    ],
)  # fmt: skip
def test_what_is_damaged_inside_is_told_with_its_place(here, small, processes, name, make, expected):
    pq.write_table(some(200), "nord.parquet")
    make()
    with pytest.raises(DossierError, match=expected):
        run([name], processes=processes)
    assert Path("resultats/_lot.json").exists() == any(Path("resultats").glob("*.parquet"))
    assert all(pq.ParquetFile(part) for part in Path("resultats").glob("*.parquet"))
    assert not list(Path("resultats").glob(".*"))


def test_a_process_that_dies_is_told(here, small, monkeypatch):
    pq.write_table(some(57), "nord.parquet")
    monkeypatch.setattr(module, "_made", _dies)
    with pytest.raises(DossierError, match="processus-interrompu"):
        run(["nord.parquet"], processes=2)


def _dies(place):
    os._exit(9)


def test_the_manifest_says_what_the_folder_is_of(here):
    pq.write_table(some(5), "nord.parquet")
    run(["nord.parquet"])
    manifest = json.loads(Path("resultats/_lot.json").read_text("utf-8"))
    assert manifest["format"] == "qdis-lot/1"
    assert (manifest["garder"], manifest["resultats"]) == (["siren"], ASKED)
    assert [entry["fichier"] for entry in manifest["entrees"]] == ["nord.parquet"]
    assert manifest["jeu"].startswith("X 2023")


def test_the_campagne_of_the_day_is_applied(here):
    decision = "désactiver A à compter du 01/01/2024 par « M » motif « m »\n"
    Path("campagne.qdis").write_text("campagne X exercice 2023\n" + decision, "utf-8")
    pq.write_table(pa.table({"siren": ["1"], "T.a.n": [-5]}), "nord.parquet")
    run(["nord.parquet"])
    assert read().column("A").to_pylist() == ["violé"]
    run(["nord.parquet"], "apres", day=date(2024, 2, 1))
    assert read("apres").column("A").to_pylist() == ["désactivé"]
    with pytest.raises(DossierError, match=r"un autre lot \(jour : 2024-02-01\)"):
        run(["nord.parquet"], "apres", day=date(2024, 2, 2))


def test_the_day_changes_nothing_without_a_campagne(here):
    pq.write_table(some(5), "nord.parquet")
    run(["nord.parquet"], day=date(2024, 2, 1))
    assert run(["nord.parquet"], day=date(2024, 2, 2)).resumed == 1


@pytest.mark.parametrize(
    "call", [{"named": "nord.parquet"}, {"named": Path("nord.parquet")}, {"keep": "siren"}, {"results": "A"}]
)
def test_one_name_is_no_sequence_of_names(here, call):
    pq.write_table(some(5), "nord.parquet")
    with pytest.raises(TypeError, match=r"not '(nord.parquet|siren|A)'"):
        run(**{"named": ["nord.parquet"], **call})


@pytest.mark.parametrize(
    "make",
    [
        lambda: pq.write_table(some(5).slice(0, 0), "nord.parquet"),
        lambda: pq.ParquetWriter("nord.parquet", some(5).schema).close(),
        lambda: Path("nord.csv").write_text("siren;T.a.n;T.b.n\n", "utf-8"),
        lambda: Path("nord.csv").write_text("siren;T.a.n;T.b.n\n\n\n", "utf-8"),
    ],
)
def test_no_dossier_gives_columns_without_a_row(here, make):
    make()
    assert (run(["."]).rows, run(["."]).resumed) == (0, 1)
    assert read().schema == alone(some(3)).schema
    assert read().num_rows == 0


def test_wide_files_are_read_fewer_rows_at_a_time():
    wide = sources.Source.of(Path("x"), pa.schema([(f"c{i}", pa.int64()) for i in range(2000)]), (10**6,))
    narrow = sources.Source.of(Path("x"), pa.schema([("c", pa.int64())]), (10**6,))
    assert (wide.size, wide.slices(0)) == (4000, 250)
    assert (narrow.size, narrow.slices(0)) == (16_384, 62)


def test_no_column_of_a_loaded_ruleset_is_lost_between_calls(here):
    """`load_ruleset` and `evaluate_files` name the same rules."""
    pq.write_table(some(5), "nord.parquet")
    run(["nord.parquet"], results=None)
    assert read().schema.names == [
        "siren",
        *next(iter(load_ruleset("regles.qdis").evaluate_many(some(5), ["siren"]))).schema.names[1:],
    ]


def test_a_file_that_lies_about_what_is_missing_is_told(here, monkeypatch):
    amounts = pa.array([Decimal("1.00"), None], pa.decimal128(17, 2))
    pq.write_table(pa.table({"T.a.n": amounts, "T.b.n": amounts}), "nord.parquet")
    monkeypatch.setattr(sources, "_has_no_null", lambda *_: True)
    with pytest.raises(DossierError, match=r"nord.parquet : .*statistiques sont fausses"):
        run(["nord.parquet"], keep=[])
