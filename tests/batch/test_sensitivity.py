"""Each scenario is what `evaluate` says of the dossier so edited."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qdis_rules import Dossier, DossierError, load_ruleset, read_dossier
from qdis_rules.batch import dossiers as module
from qdis_rules.pipeline import bundled_folder
from tests.batch.test_rows import ruleset
from tests.batch.told import assert_told, everything, report_of
from tests.properties.agreement import well_typed
from tests.properties.campaign import examples
from tests.strategies import dossiers, histories, raw_values, rulesets

BASE = Dossier(2023, typed={"T.a.n": "1,5", "T.b.n": 2})


def edited(dossier, scenarios, row):
    return replace(dossier, typed={**dossier.typed, **{code: values[row] for code, values in scenarios.items()}})


@examples(120)
@given(st.data())
def test_a_scenario_equals_the_edited_dossier(data):
    """Whatever the dossier holds: second values, accounts, lists, earlier years."""
    drawn = well_typed(data.draw(rulesets(), label="ruleset"))
    assume(drawn is not None)
    base = data.draw(dossiers(drawn.typed), label="dossier")
    history = data.draw(histories(drawn.typed), label="history")
    fixed = [code for code, cell in drawn.cells.items() if cell.row != "*"]
    codes = data.draw(st.lists(st.sampled_from(fixed), min_size=1, max_size=3, unique=True), label="edited")
    scenarios = {
        code: data.draw(st.lists(st.none() | raw_values(drawn.cells[code].type), min_size=3, max_size=3), label=code)
        for code in codes
    }
    reports = [report_of(drawn, edited(base, scenarios, row), history) for row in range(3)]
    assert_told(drawn.sensitivity(base, scenarios, history), reports)
    assert_told(drawn.sensitivity(base, scenarios, history, everything(drawn, codes)), reports)


def test_scenarios_of_a_bundled_dossier():
    """A trial balance of 430 accounts, two earlier years: an imported figure, a computed one and a list change."""
    bundled = load_ruleset(2023)
    folder = bundled_folder(2023) / "dossiers"
    base, *history = (read_dossier(folder / f"mixte-{year}.json") for year in (2023, 2022, 2021))
    entered = next(code for code, cell in bundled.cells.items() if cell.selection and cell.formula is None)
    scenarios = {entered: [None, "1 000,5", Decimal(-3)], "BA.total.net": [1, 2, None]}
    reports = [report_of(bundled, edited(base, scenarios, row), history) for row in range(3)]
    assert_told(bundled.sensitivity(base, scenarios, history), reports)


def test_scenarios_may_be_arrow_columns_and_stand_first():
    table = pa.table({"T.a.n": pa.array([Decimal("1.50"), None])})
    for scenarios in (table, table.to_batches()[0]):
        found = ruleset().sensitivity(BASE, scenarios, results=["F.arrondi", "A"])
        assert found.schema.names == ["T.a.n", "pret", "problemes", "F.arrondi", "F.arrondi:statut", "A"]
        assert found.column("T.a.n").to_pylist() == [Decimal("1.50"), None]
        assert found.column("A").to_pylist() == ["satisfait", "indéterminé"]


def test_values_of_several_kinds_and_sizes_mix():
    scenarios = {"T.a.n": [1, Decimal("2.5"), "3,5", None, 10**14]}
    found = ruleset().sensitivity(BASE, scenarios, results=["F.arrondi"])
    assert [str(value) for value in found.column("F.arrondi").to_pylist()] == [
        "1.00",
        "1.50",
        "1.83",
        "None",
        "33333333333334.00",
    ]
    found = ruleset().sensitivity(BASE, {"I.siege.v": ["non", True]}, results=[])
    assert found.column("problemes").to_pylist() == [None, None]


def test_a_scenario_may_change_a_list_or_an_earlier_year():
    scenarios = {"L": [[{"k": "a", "n": 500}], [], None], "F.arrondi[N-1]": [1, 2, 3]}
    found = ruleset().sensitivity(BASE, scenarios, results=["B", "F.avant"])
    assert found.column("B").to_pylist() == ["violé", "sans objet", "indéterminé"]
    assert found.column("F.avant").to_pylist() == [1, 2, 3]


def test_many_scenarios_make_several_batches(monkeypatch):
    monkeypatch.setattr(module, "_VALUES", 20)
    values = list(range(1, 60))
    found = ruleset().sensitivity(BASE, {"T.a.n": values}, results=["T.c.n"])
    assert found.column("T.c.n").to_pylist() == [value + 2 for value in values]
    assert found.column("T.c.n").num_chunks > 2


@pytest.mark.parametrize(
    ("scenarios", "code"),
    [
        ({"T.z.n": [1]}, "colonne-inconnue"),
        ({"T.a.n": [1.5]}, "colonne-flottante"),
        ({"T.a.n": ["1", 1.5]}, "colonne-flottante"),
        ({"T.a.n": [1, 2], "T.b.n": [1]}, "colonnes-inegales"),
    ],
)
def test_scenarios_that_are_nothing_are_told(scenarios, code):
    with pytest.raises(DossierError, match=code):
        ruleset().sensitivity(BASE, scenarios)


def test_a_value_that_does_not_fit_is_a_row_with_problems():
    found = ruleset().sensitivity(BASE, {"T.a.n": ["un", "1"]}, results=["A"])
    assert found.column("A").to_pylist() == [None, "satisfait"]
    assert found.column("problemes").to_pylist()[0].startswith("cellules/T.a.n : « un » ne se lit pas")


@pytest.mark.parametrize("values", ["123", 5, None])
def test_values_alone_are_no_column(values):
    with pytest.raises(TypeError, match="T.a.n"):
        ruleset().sensitivity(BASE, {"T.a.n": values})


def test_no_scenario_gives_no_row():
    assert ruleset().sensitivity(BASE, {"T.a.n": []}, results=["A"]).num_rows == 0


def test_a_base_that_does_not_fit_is_refused():
    with pytest.raises(DossierError, match="cellule-inconnue"):
        ruleset().sensitivity(Dossier(2023, typed={"T.z.n": 1}), {"T.a.n": [1]})
