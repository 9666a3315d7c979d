"""Advice that, followed to the letter, gives what its author meant: a wrong one would change a figure."""

import pytest

from qdis_rules.pipeline import check_sources
from qdis_rules.source import Source

RULES = """jeu QDIS exercice 2023
tableau T « t »
  colonne n « N » en EUR
  ligne a « a »
    comptes n : {accounts}
  ligne b « b »
contrôle LOC03 bloquant « x » T.b {op} 3 EUR source « s » fiabilité déduite repère « C134 »
contrôle LOC13 bloquant « x » T.b > 4 EUR source « s » fiabilité déduite
exemple « e »
  donne T.b = {amount}
  attend contrôle {code} violé
"""
RIGHT = {"accounts": "221", "op": "<=", "amount": "1", "code": "LOC03"}


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"amount": "2 000 000"}, "écrivez 2000000, ou séparez les milliers par une espace insécable"),
        ({"accounts": "221 222 223"}, "séparez les comptes par « ; » : 221 ; 222 ; 223"),
        ({"op": "=<"}, "écrivez « <= »"),
        ({"op": "=>"}, "écrivez « >= »"),
        ({"code": "C134"}, "écrivez LOC03"),
        ({"code": "LOC3"}, "vouliez-vous dire « LOC03 » ?"),
    ],
)
def test_the_advice_is_right(wrong, advice):
    (diagnostic,) = check_sources([Source.of("jeu.qdis", RULES.format(**{**RIGHT, **wrong}))]).diagnostics
    assert diagnostic.help == advice


def test_a_column_that_cannot_be_read_is_not_missed_by_its_checks():
    text = "jeu QDIS exercice 2023\ntableau T « t »\n  colonne n « N » en EUR entre 0 eet 100\n  ligne a « a »\n"
    text += "exemple « e »\n  donne T.a = 120\n  attend contrôle T.a.n~bornes violé\n"
    assert [each.code for each in check_sources([Source.of("jeu.qdis", text)]).diagnostics] == ["syntaxe"]
