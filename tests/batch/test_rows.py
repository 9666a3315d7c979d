"""Each row of a batch is what `evaluate` says of its dossier."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qdis_rules import Dossier, DossierError, load_ruleset, read_dossier
from qdis_rules.pipeline import bundled_folder
from tests.batch.told import assert_told, everything, report_of
from tests.properties.agreement import compiled, well_typed
from tests.properties.campaign import examples
from tests.strategies import dossiers, histories, junk, rulesets

RULES = """
jeu X exercice 2023
  tolérance 1 EUR
tableau T « T »
  colonne n « N » en kEUR
  ligne a « A » obligatoire
  ligne b « B » reprise de a
  ligne c « C » = a + b
tableau I « Identité »
  colonne v « V »
  ligne jour « Jour » date
  ligne forme « Forme » choix scp « SCP » | scic « SCIC »
  ligne siege « Siège » oui/non
  ligne nom « Nom » texte 10
tableau L « Liste » liste clé k
  colonne k « K » texte
  colonne n « N » en EUR positif
  colonne d « D » en EUR = n * 2
famille F « f »
agrégat F.tiers « Tiers » en kEUR = T.c / 3
agrégat F.arrondi « Tiers » en kEUR arrondi 2 = T.c / 3
agrégat F.jour « Jour » date = I.jour
agrégat F.forme « Forme » choix scp « SCP » | scic « SCIC » = I.forme
agrégat F.scic « Scic » oui/non = I.forme = scic
agrégat F.avant « Avant » en kEUR arrondi 1 = F.arrondi[N-1]
agrégat F.cache interne « Caché » en EUR = somme(L.*.d)
contrôle A bloquant « a » T.a > 0
contrôle B bloquant « b » pour chaque ligne de L n < 100 EUR
contrôle C avertissement « c » pour chaque ligne de T parmi a ; b n < 5 kEUR
"""


@cache
def ruleset():
    return compiled(RULES)


def rows(columns, **options):
    found = pa.Table.from_batches(ruleset().evaluate_many(pa.table(columns), **options))
    return found.to_pylist()


@examples(120)
@given(st.data())
def test_a_batch_equals_its_dossiers_one_by_one(data):
    """Any ruleset, dossiers and earlier years: every aggregate, cell, verdict and problem."""
    drawn = well_typed(data.draw(rulesets(), label="ruleset"))
    assume(drawn is not None)
    count = data.draw(st.integers(1, 3))
    many = [data.draw(dossiers(drawn.typed), label="dossier") for _ in range(count)]
    past = [data.draw(histories(drawn.typed), label="history") for _ in range(count)]
    columns = drawn.columns_of(many, past)
    reports = [report_of(drawn, dossier, history) for dossier, history in zip(many, past, strict=True)]
    kept = ["dossier", "organisme"]
    assert_told(pa.Table.from_batches(drawn.evaluate_many(columns, kept)), reports)
    assert_told(pa.Table.from_batches(drawn.evaluate_many(columns, kept, everything(drawn))), reports)


def test_the_bundled_dossiers_equal_their_reports():
    """The three cooperatives of 2023, two earlier years and a trial balance each."""
    bundled = load_ruleset(2023)
    folder = bundled_folder(2023) / "dossiers"
    many, past = [], []
    for name in ("accession", "locative", "mixte"):
        many.append(read_dossier(folder / f"{name}-2023.json"))
        past.append([read_dossier(folder / f"{name}-{year}.json") for year in (2022, 2021)])
    many += [replace(dossier, year=2023) for history in past for dossier in history]
    past += [()] * 6
    columns = bundled.columns_of(many, past)
    reports = [report_of(bundled, dossier, history) for dossier, history in zip(many, past, strict=True)]
    kept = ["dossier", "organisme"]
    assert_told(pa.Table.from_batches(bundled.evaluate_many(columns, kept)), reports)
    assert_told(pa.Table.from_batches(bundled.evaluate_many(columns, kept, everything(bundled))), reports)
    assert columns.column("dossier").to_pylist() == [dossier.name for dossier in many]


@examples(150)
@given(st.data())
def test_any_text_is_read_or_told_as_in_a_dossier(data):
    """A column of texts, whatever they are: the values and the problems of a dossier with the same."""
    codes = [code for code, cell in ruleset().cells.items() if cell.row != "*"]
    texts = st.none() | junk.map(str) | st.sampled_from(("1", "-0,5", "scp", "oui"))
    many = [{code: data.draw(texts) for code in codes} for _ in range(2)]
    columns = pa.table({code: pa.array([cells[code] for cells in many], pa.string()) for code in codes})
    reports = [report_of(ruleset(), Dossier(2023, typed=cells)) for cells in many]
    assert_told(pa.Table.from_batches(ruleset().evaluate_many(columns)), reports)


def test_values_come_in_many_kinds_of_columns():
    """Decimals of any width, integers, texts, dictionaries, booleans, dates: the same dossier."""
    kinds = {
        "T.a.n": [
            pa.array([3]),
            pa.array([3], pa.uint8()),
            pa.array([Decimal("3.000")]),
            pa.array([Decimal(3)], pa.decimal256(60, 4)),
            pa.array(["3,00"]),
            pa.array([" 3 "], pa.large_string()),
            pa.array(["3"]).dictionary_encode(),
        ],
        "I.jour.v": [pa.array([date(2023, 5, 1)]), pa.array(["01/05/2023"]), pa.array([date(2023, 5, 1)], pa.date64())],
        "I.siege.v": [pa.array([True]), pa.array(["oui"])],
        "I.forme.v": [pa.array(["scic"]), pa.array(["scic"]).dictionary_encode()],
    }
    expected = None
    for code, arrays in kinds.items():
        for array in arrays:
            columns = {name: others[0] for name, others in kinds.items()} | {code: array}
            (found,) = rows(columns)
            assert found["problemes"] is None
            expected = expected or found
            assert found == expected, (code, array.type)
    assert (expected["F.jour"], expected["F.forme"], expected["F.scic"]) == (date(2023, 5, 1), "scic", True)


def test_nulls_and_blank_texts_are_absent():
    for empty in (pa.nulls(1), pa.array([None], pa.int64()), pa.array([" "])):
        (row,) = rows({"T.a.n": empty, "T.b.n": [1]}, results=["T.a.n", "T.c.n", "T.a.n~obligatoire", "A"])
        assert row == {
            "pret": False,
            "problemes": None,
            "T.a.n": None,
            "T.a.n:statut": "absent",
            "T.c.n": None,
            "T.c.n:statut": "non calculable",
            "T.a.n~obligatoire": "violé",
            "A": "indéterminé",
        }


def test_numbers_are_rounded_half_away_from_zero():
    found = rows({"T.a.n": ["1", "-0,015", "0,5"], "T.b.n": [1, 0, -1]}, results=["F.tiers", "F.arrondi"])
    assert [str(row["F.tiers"]) for row in found] == ["0.666667", "-0.005000", "-0.166667"]
    assert [str(row["F.arrondi"]) for row in found] == ["0.67", "-0.01", "-0.17"]


def test_a_refused_dossier_is_a_row_with_its_problems():
    found = rows({"T.a.n": ["x", "1"], "I.forme.v": ["scip", None], "F.arrondi[N-1]": ["y", None]}, results=["A"])
    assert found[0]["problemes"].splitlines() == [
        "cellules/T.a.n : « x » ne se lit pas comme un nombre [nombre-attendu]",
        "cellules/I.forme.v : scip n'est pas une des réponses (scp, scic) ; vouliez-vous dire scp ? [reponse-inconnue]",
        "F.arrondi[N-1] : « y » ne se lit pas comme un nombre [nombre-attendu]",
    ]
    assert (found[0]["pret"], found[0]["A"], found[1]["A"]) == (None, None, "satisfait")


def test_a_value_too_long_for_its_column_is_told():
    long = compiled(
        "jeu X exercice 2023\ntableau T « T »\n colonne n « N » entier\n ligne a « A »\nagrégat x « x » entier = T.a * T.a * T.a"
    )
    (row,) = pa.Table.from_batches(long.evaluate_many(pa.table({"T.a.n": [10**14]}))).to_pylist()
    assert row["problemes"] == "x : cette valeur a plus de 38 chiffres avec 6 décimales [valeur-trop-longue]"
    assert (row["pret"], row["x"]) == (None, None)


@pytest.mark.parametrize(
    ("columns", "options", "expected"),
    [
        ({"T.a.n": [1.5]}, {}, [("T.a.n", "colonne-flottante")]),
        ({"siren": [1], "T.z.n": [1], "F.tiers": [1]}, {}, [("siren", "colonne-inconnue"), ("T.z.n", "colonne-inconnue"), ("F.tiers", "colonne-inconnue")]),
        ({"T.a.n": [True], "I.jour.v": [1], "I.nom.v": [1]}, {}, [("T.a.n", "genre-de-colonne"), ("I.jour.v", "genre-de-colonne"), ("I.nom.v", "genre-de-colonne")]),
        ({"L": [1]}, {}, [("L", "genre-de-colonne")]),
        ({"L": [[{"k": "a", "m": 1, "n": 1.5}]]}, {}, [("L/m", "colonne-inconnue"), ("L/n", "colonne-flottante")]),
        ({"L.*.n": [1]}, {}, [("L.*.n", "colonne-inconnue")]),
        ({"T.a.n~comptes": [1]}, {}, [("T.a.n~comptes", "colonne-inconnue")]),
        ({"T.a.n[N-0]": [1], "L[N-1]": [None]}, {}, [("T.a.n[N-0]", "colonne-inconnue"), ("L[N-1]", "colonne-inconnue")]),
        ({"T.a.n": [1]}, {"keep": ["siren"]}, [("siren", "colonne-absente")]),
        ({"T.a.n": [1]}, {"results": ["F.tier", "L"]}, [("F.tier", "resultat-inconnu"), ("L", "resultat-inconnu")]),
        ({"pret": [1]}, {"keep": ["pret"]}, [("pret", "colonne-en-double")]),
        ({"T.a.n": [1]}, {"keep": ["T.a.n"], "results": ["T.a.n"]}, [("T.a.n", "colonne-en-double")]),
    ],
)  # fmt: skip
def test_columns_that_are_nothing_are_told_at_once(columns, options, expected):
    with pytest.raises(DossierError) as caught:
        ruleset().evaluate_many(pa.table(columns), **options)
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == expected


def test_the_same_column_twice_is_told():
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["T.a.n", "T.a.n"])
    with pytest.raises(DossierError, match="colonne-en-double"):
        ruleset().evaluate_many(twice)


def test_a_batch_with_other_columns_than_the_first_is_refused():
    first, other = (pa.record_batch({name: [1]}) for name in ("T.a.n", "T.b.n"))
    results = ruleset().evaluate_many(iter([first, other]))
    next(results)
    with pytest.raises(DossierError, match="autres-colonnes"):
        next(results)


def test_no_batch_gives_no_result():
    assert list(ruleset().evaluate_many([])) == []
    empty = pa.table({"T.a.n": pa.array([], pa.int64())})
    assert sum(batch.num_rows for batch in ruleset().evaluate_many(empty)) == 0


def test_a_check_over_a_list_is_told_once_by_its_worst_row():
    lines = [
        [{"k": "a", "n": 50}, {"k": "b", "n": 500}],
        [{"k": "a", "n": 50}, {"k": "b", "n": None}],
        [{"k": "a", "n": 50}],
        [],
        None,
    ]
    found = rows({"T.a.n": [1] * 5, "L": lines}, results=["B", "L.*.n~positif", "F.cache"])
    assert [row["B"] for row in found] == ["violé", "indéterminé", "satisfait", "sans objet", "indéterminé"]
    assert [row["F.cache"] for row in found] == [1100, None, 100, 0, None]


def test_a_null_row_of_a_list_is_a_problem():
    (row,) = rows({"L": pa.array([[{"k": "a", "n": 1}, None]])}, results=["B"])
    assert row["problemes"] == "listes/L/1 : cette ligne est nulle [ligne-absente]"


def test_second_values_have_their_verdict():
    found = rows(
        {
            "T.a.n": [1, 1, None],
            "T.a.n~rapatriement": [1, 2, 3],
            "T.b.n": [1, 1, 1],
            "T.c.n": [2, 3, None],
            "T.a.n[N-1]": [5, None, 1],
        }
    )
    names = ("T.a.n~rapatriement", "T.c.n~saisie", "pret")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("satisfait", "satisfait", False),
        ("violé", "violé", False),
        (None, None, False),
    ]
    assert [row["T.b.n~reprise"] for row in found] == ["violé", None, "satisfait"]


def test_earlier_years_are_read_from_their_columns():
    """A year with nothing in it is not known; sans objet and exact quotients can be told."""
    found = rows({"F.arrondi[N-1]": ["2", None, "sans objet", "-1/3", "12345678901234567890.25"]}, results=["F.avant"])
    assert [row["F.avant:statut"] for row in found] == ["calculé", "non calculable", "sans objet", "calculé", "calculé"]
    assert [str(row["F.avant"]) for row in found] == ["2.0", "None", "None", "-0.3", "12345678901234567890.3"]


def test_whether_every_account_reached_a_cell_can_be_told():
    found = rows({"T.a.n": [1, 1, 1], "T.b.n": [1] * 3, "balance~comptes": ["oui", "non", None], "L": [[]] * 3})
    assert [(row["pret"], row["balance~comptes"]) for row in found] == [
        (True, "satisfait"),
        (False, "violé"),
        (True, None),
    ]


def test_checks_stand_as_the_campagne_has_them(tmp_path):
    (tmp_path / "regles.qdis").write_text(RULES, "utf-8")
    (tmp_path / "campagne.qdis").write_text(
        "campagne X exercice 2023\n"
        + "".join(
            f"désactiver {code} à compter du 01/01/2024 par « M » motif « m »\n"
            for code in ("A", "B", "balance~comptes")
        ),
        "utf-8",
    )
    loaded = load_ruleset(tmp_path).on(date(2024, 2, 1))
    columns = pa.table({"T.a.n": [-1], "T.b.n": [1], "balance~comptes": [False], "L": [[{"k": "a", "n": 500}]]})
    (row,) = pa.Table.from_batches(loaded.evaluate_many(columns)).to_pylist()
    assert [row[name] for name in ("A", "B", "balance~comptes", "pret")] == [
        "désactivé",
        "désactivé",
        "désactivé",
        True,
    ]


def test_kept_columns_come_first_and_unchanged():
    table = pa.table({"x": pa.array([1.5]), "T.a.n": pa.array(["3,0"]), "y": [{"z": 1}]})
    found = pa.Table.from_batches(ruleset().evaluate_many(table, keep=["y", "T.a.n", "x"], results=["A"]))
    assert found.schema.names == ["y", "T.a.n", "x", "pret", "problemes", "A"]
    assert found.select(["y", "T.a.n", "x"]).equals(table.select(["y", "T.a.n", "x"]))


def test_words_are_the_same_dictionary_in_every_batch():
    table = pa.table({"T.a.n": [1, -1, None]})
    one, two = (
        next(iter(ruleset().evaluate_many([batch], results=["A"]))) for batch in table.to_batches(max_chunksize=1)[:2]
    )
    assert one.schema == two.schema
    assert one.column("A").dictionary.equals(two.column("A").dictionary)
    assert str(one.schema.field("A").type) == "dictionary<values=string, indices=int8, ordered=0>"


def test_a_dossier_that_does_not_fit_has_no_columns():
    with pytest.raises(DossierError, match="nord.json/cellules/T.z.n"):
        ruleset().columns_of([Dossier(2023, typed={"T.z.n": 1}, name="nord.json")])


def test_no_dossier_gives_columns_without_a_row():
    whole = pa.table({"siren": ["1"], "T.a.n": [1]})
    expected = pa.Table.from_batches(ruleset().evaluate_many(whole, ["siren"])).slice(0, 0)
    for dossiers_given in (whole.slice(0, 0), whole.slice(0, 0).to_reader(), whole.to_batches()[0].slice(0, 0)):
        assert pa.Table.from_batches(ruleset().evaluate_many(dossiers_given, ["siren"])).equals(expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda table: ruleset().evaluate_many(table, keep="siren"),
        lambda table: ruleset().evaluate_many(table, results="A"),
        lambda table: ruleset().evaluate_many(table.to_pydict()),
        lambda table: ruleset().evaluate_many(table.to_pylist()),
        lambda table: ruleset().evaluate_many([table]),
    ],
)
def test_what_is_no_batch_and_no_sequence_of_names_is_a_type_error(call):
    with pytest.raises(TypeError, match="expected"):
        call(pa.table({"siren": ["1"], "T.a.n": [1]}))


def test_no_thread_is_told_at_once():
    with pytest.raises(ValueError, match="threads"):
        ruleset().evaluate_many(pa.table({"T.a.n": [1]}), threads=0)
