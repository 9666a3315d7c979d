"""A `facultatif` table: *sans objet* until a cell is typed or imported, or a row given."""

from decimal import Decimal

import pytest

from qdis_rules.evaluation.dossier import Account, Dossier
from tests.properties.agreement import assert_agrees, compiled

RULES = compiled(
    """
jeu X exercice 2023
tableau I « i »
  colonne v « v » oui/non
  ligne clos « c »
tableau T « t » facultatif
  colonne o « o » en EUR reprise de c
  colonne c « c » en EUR
  ligne a « a » obligatoire comptes c : 21
  ligne t « t » = somme(a..a)
tableau U « u » facultatif sans objet quand I.clos
  colonne c « c » en EUR
  ligne a « a »
tableau L « l » facultatif liste clé k
  colonne k « k » texte
  colonne x « x » en EUR
contrôle CT bloquant « {écart} » T.t.c = 1 EUR
contrôle CL bloquant « {ligne} » pour chaque ligne de L x > 0
contrôle CN bloquant « {écart} » nombre(L) = 2
"""
)
LAND = Account("211", "Terrains", None, None, None, None, Decimal(100), Decimal(0))
BANK = Account("512", "Banque", None, None, None, None, Decimal(0), Decimal(0))


def statuses(dossier, history=()):
    report = assert_agrees(RULES, dossier, history)
    return report, {code: table.status for code, table in report.tables.items()}


def test_nothing_is_asked_of_a_table_left_empty():
    report, status = statuses(Dossier(2023))
    assert {code: status[code] for code in "TUL"} == dict.fromkeys("TUL", "facultatif, non fourni")
    assert {report.checks[name].verdict for name in ("CT", "CL", "CN", "T.a.c~obligatoire")} == {"sans objet"}
    assert "T~sans_objet" not in report.checks
    assert report.cells["T.a.c"].status == "sans objet"
    assert report.ready_for_validation


def test_neither_accounts_nor_last_year_begin_a_table():
    last = Dossier(2022, typed={"T.a.c": 5})
    report, status = statuses(Dossier(2023, balance=(LAND, BANK)), [last])
    assert status["T"] == "facultatif, non fourni"
    assert report.cells["T.a.c"].status == report.cells["T.a.o"].status == "sans objet"


def test_accounts_and_last_year_complete_a_table_begun():
    last = Dossier(2022, typed={"T.a.c": 5})
    report, _ = statuses(Dossier(2023, imported={"T.t.o": 5}, balance=(LAND, BANK)), [last])
    assert (report.cells["T.a.c"].value, report.cells["T.a.o"].value) == (100, 5)


def test_an_account_read_by_no_other_table_is_not_reached():
    assert statuses(Dossier(2023, balance=(LAND,)))[0].checks["balance~comptes"].verdict == "violé"


def test_a_table_begun_is_like_any_other():
    report, status = statuses(Dossier(2023, typed={"T.a.o": 0}))
    assert status["T"] == "partiel"
    assert report.checks["T.a.c~obligatoire"].verdict == "violé"
    assert report.checks["CT"].verdict == "indéterminé"


@pytest.mark.parametrize(("rows", "wanted"), [([], "sans objet"), ([{"k": "p"}], "indéterminé")])
def test_a_list_is_begun_by_a_row(rows, wanted):
    report, _ = statuses(Dossier(2023, lists={"L": rows}))
    assert report.checks.of("CL")[0].verdict == wanted


@pytest.mark.parametrize("closed", [True, False, None])
@pytest.mark.parametrize("typed", [7, None])
def test_with_a_condition_either_closes_the_table(closed, typed):
    report, status = statuses(Dossier(2023, typed={"I.clos.v": closed, "U.a.c": typed}))
    if typed is None:
        assert status["U"] == "facultatif, non fourni"
        assert report.cells["U.a.c"].status == "sans objet"
    else:
        assert report.cells["U.a.c"].status == {True: "sans objet", False: "calculé", None: "absent"}[closed]
    warned = report.checks["U~sans_objet"].verdict
    assert warned == {True: "violé" if typed else "satisfait", False: "sans objet", None: "indéterminé"}[closed]
