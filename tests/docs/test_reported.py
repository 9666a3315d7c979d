"""What writing the manual found, each as the smallest example. A test that passes again loses its mark."""

import pytest

from qdis_rules import Dossier
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source
from tests.docs.manual import noticed

RULES = """jeu E exercice 2023
tableau T « t »
  colonne n « n » en EUR
  ligne a « a » comptes : 1
  ligne b « b »
  ligne t « t » = a + b
tableau L « l » liste clé k
  colonne k « k » texte
  colonne v « v » en EUR positif
"""


def codes(text):
    return [diagnostic.code for diagnostic in noticed(RULES + text)]


def report(text, **given):
    return compile_sources([Source.of("e.qdis", RULES + text)]).evaluate(Dossier(2023, **given))


def test_an_example_may_expect_the_check_of_unreached_accounts():
    assert codes("exemple « e »\n donne compte 1 = 1\n attend contrôle balance~comptes satisfait\n") == []


def test_an_example_may_expect_the_generated_check_of_a_list():
    assert codes("exemple « e »\n donne L.a.v = -1\n attend contrôle L.*.v~positif violé\n") == []


def test_a_parameter_of_another_year_is_reported_once():
    assert codes("paramètre p « p » en EUR = 1\nagrégat x interne « x » en EUR = p[N-1]\n") == ["annee-invalide"]


@pytest.mark.parametrize("word", ["controle", "famille", "agregat", "donne", "ligne"])
def test_a_declaration_word_used_as_a_name_is_said_to_be_reserved(word):
    assert codes(f"tableau U « u »\n  colonne n « n » en EUR\n  ligne {word} « x »\n") == ["mot-reserve"]


def test_a_message_shows_a_year_as_a_year():
    found = report("contrôle C bloquant « {exercice} » T.a > 0\n", typed={"T.a.n": 0})
    assert found.checks["C"].message == "2023"


def test_a_computed_value_is_said_non_calculable_not_absent():
    found = report("", typed={"T.a.n": 0})
    assert found.cells["T.t.n"].status == "non calculable"
    assert found.explain("T.t.n").value == "(non calculable)"


def test_bounds_of_a_list_that_is_not_supplied_do_not_block():
    assert report("", typed={"T.a.n": 0}).ready_for_validation


def test_the_rules_themselves_are_right():
    assert codes("") == []
