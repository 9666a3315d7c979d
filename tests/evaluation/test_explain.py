"""What an explanation says, and of what."""

import pytest

from qdis_rules import Dossier
from tests.properties.agreement import compiled

RULES = compiled(
    """
jeu X exercice 2023
tableau I « i »
  colonne v « v »
  ligne clos « c » oui/non
  ligne taille « t » entier en logement
tableau U « u » sans objet quand I.clos
  colonne c « c » en EUR
  ligne a « a » obligatoire quand I.taille > 10 logement
  ligne t « t » = a + 1 EUR
tableau O « o » facultatif
  colonne c « c » en EUR
  ligne a « a » positif
tableau L « l » liste clé k
  colonne k « k » texte
  colonne x « x » en EUR
famille F « f »
agrégat F.a « a » en EUR
  quand I.taille > 10 logement :
  = U.t + 0 EUR
agrégat F.b « b » en EUR = U.t + 0 EUR
contrôle CG bloquant « {écart} »
  quand I.taille > 10 logement :
  U.t = 1 EUR
contrôle CU bloquant « {écart} » U.t = 1 EUR
contrôle CL bloquant « x » pour chaque ligne de L x > 0
"""
)
CLOSED = ["sans objet quand I.clos", "I.clos.v"]
GUARD = ["sans objet : la garde est fausse", "I.taille.v"]


@pytest.mark.parametrize(
    ("code", "given", "expected"),
    [
        ("U.t.c", {"I.clos.v": True}, CLOSED),
        ("U.a.c", {"I.clos.v": True}, CLOSED),
        ("F.a", {"I.clos.v": False, "I.taille.v": 3, "U.a.c": 1}, GUARD),
        ("F.b", {"I.clos.v": True}, [None, "U.t.c"]),
        ("CG", {"I.clos.v": False, "I.taille.v": 3, "U.a.c": 1}, GUARD),
        ("CU", {"I.clos.v": True}, [None, "U.t.c"]),
        ("CL", {}, ["sans objet : la liste L n'a aucune ligne"]),
        ("O.a.c", {}, ["sans objet : le tableau O, facultatif, n'est pas commencé"]),
        ("O.a.c~positif", {}, ["sans objet : le tableau O, facultatif, n'est pas commencé"]),
        ("U.a.c~obligatoire", {"I.clos.v": True}, CLOSED),
        (
            "U.a.c~obligatoire",
            {"I.clos.v": False, "I.taille.v": 3},
            ["sans objet : « obligatoire quand I.taille > 10 logement » ne joue pas", "I.clos.v", "I.taille.v"],
        ),
        ("U~sans_objet", {"I.clos.v": False}, ["sans objet : « I.clos » ne joue pas", "I.clos.v"]),
    ],
)
def test_what_is_sans_objet_says_why(code, given, expected):
    explained = RULES.evaluate(Dossier(2023, typed=given, lists={"L": []})).explain(code)
    assert "sans objet" in explained.value
    assert [explained.reason, *(operand.code for operand in explained.operands)] == expected
    assert explained.reason is None or f"  {explained.reason}" in explained.lines()


LOANS = compiled(
    """
jeu X exercice 2023
tableau E « e » liste clé k
  colonne k « k » texte
  colonne i « Intérêts » en EUR
  colonne r « Rembt » en EUR
  colonne t « Total » en EUR = i + r
famille F « f »
agrégat F.s « s » en EUR = somme(E.*.t)
contrôle CL bloquant « {ligne} » pour chaque ligne de E t <= somme(E.*.i)
"""
)
ROWS = [{"k": "E.1", "i": 1, "r": 2}, {"k": "E2", "i": 3}]


def test_rows_of_lists_are_told_and_explained():
    report = LOANS.evaluate(Dossier(2023, lists={"E": ROWS}))
    assert list(report.lists["E"]) == ["E.1", "E2"]
    row = report.lists["E"]["E.1"]
    assert [(cell.code, cell.value, cell.origin) for cell in row.values()][2:] == [
        ("E.E.1.r", 2, "saisie"),
        ("E.E.1.t", 3, "formule"),
    ]
    lacking = report.lists["E"]["E2"]
    assert (lacking["r"].status, lacking["t"].status, lacking["r"].origin) == ("absent", "non calculable", None)
    assert LOANS.evaluate(Dossier(2023)).lists["E"] == {}
    assert list(report.explain("E.E.1.t").lines()) == [
        "E.E.1.t « Total » = 3\u00a0EUR",
        "  = i + r",
        "  E.E.1.i « Intérêts » = 1\u00a0EUR",
        "    origine : saisie",
        "  E.E.1.r « Rembt » = 2\u00a0EUR",
        "    origine : saisie",
    ]
    assert report.explain("E.E2.t").missing == (("E.E2.r", "Rembt"),)
    with pytest.raises(KeyError):
        report.explain("E.E3.t")


def test_a_column_shows_its_formula_and_its_rows():
    (column,) = LOANS.evaluate(Dossier(2023, lists={"E": ROWS[:1]})).explain("F.s").operands
    assert (column.code, column.value, column.formula) == ("E.*.t", "1 ligne", "i + r")
    assert [(row.code, row.value) for row in column.operands] == [("E.E.1.t", "3\u00a0EUR")]


def test_a_check_of_a_row_explains_that_row():
    explained = LOANS.evaluate(Dossier(2023, lists={"E": ROWS})).explain("CL[E.1]")
    assert [operand.code for operand in explained.operands] == ["E.E.1.t", "E.*.i"]


def test_the_text_of_a_generated_check_keeps_its_place_for_the_value():
    assert RULES.checks["O.a.c~positif"].text == "« a » doit être positif ou nul : {O.a.c}."
