"""What a dossier made in Python must be: what does not fit is a problem, never dropped."""

from decimal import Decimal

import pytest

from qdis_rules import Account, Dossier, DossierError
from tests.properties.agreement import compiled

RULES = compiled(
    """
jeu X exercice 2023
tableau A « a »
  colonne o « o » en EUR
  colonne c « c » en EUR
  ligne x « x » comptes c : 21
  ligne y « y » comptes o : 21 ouverture débit
tableau L « l » liste clé k
  colonne k « k » texte
contrôle C bloquant « x » A.x.c = A.x.o
contrôle J bloquant justifiable « x » A.x.c = A.x.o
"""
)
D = Decimal


def problems(**given):
    with pytest.raises(DossierError) as caught:
        RULES.evaluate(Dossier(2023, **given))
    return [(problem.pointer, problem.code) for problem in caught.value.problems]


LAND = Account("211", "Terrains", D(5), D(0), D(2), D(0), D(7), D(0))


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (Account("212", "", None, None, None, None, D(7), D(0)), ["colonne-absente"] * 2),
        (Account("212", "", D(5), None, D(2), D(0), D(7), D(0)), ["colonne-absente"]),
        (Account("212", "", D(5), D(0), D(2), D(0), D(8), D(0)), ["solde-incoherent"]),
        (Account("212", "", D(5), D(0), D(2), D(0), None, D(0)), ["nombre-attendu"]),
        (Account("21x", "", D(5), D(0), D(2), D(0), D(7), D(0)), ["compte-invalide"]),
        (LAND, ["compte-en-double"]),
    ],
)
def test_a_balance_made_in_python_is_held_to_the_same_as_a_file(account, code):
    assert problems(balance=(LAND, account)) == [(f"balance/{account.number}", each) for each in code]


def test_amounts_given_as_texts_are_read():
    text = Account("211", "", "5", "0", "1 000,50", "0", "1005,50", 0)
    assert RULES.evaluate(Dossier(2023, balance=(text,))).cells["A.x.c"].value == D("1005.5")


@pytest.mark.parametrize(
    "given",
    [
        {"year": "2023"},
        {"year": True},
        {"organisation": None},
        {"typed": None},
        {"typed": {1: 2}},
        {"imported": [("A.x.c", 1)]},
        {"lists": {"L": {"k": "a"}}},
        {"lists": {"L": "a"}},
        {"lists": {"L": ["a"]}},
        {"lists": {"L": [{1: "a"}]}},
        {"balance": "balance.csv"},
        {"balance": [("211", 5)]},
        {"balance": [Account(211, "", None, None, None, None, D(0), D(0))]},
        {"justifications": {"J": 3}},
    ],
)
def test_a_shape_that_is_no_dossier_is_a_programmer_s_mistake(given):
    with pytest.raises(TypeError, match="is expected, not"):
        Dossier(**{"year": 2023, **given})


def test_a_justification_is_used_or_told():
    words = {"J": "oui", "C": "oui", "A.x.c~saisie": "oui"}
    report = RULES.evaluate(Dossier(2023, typed={"A.x.c": 1, "A.x.o": 2}, justifications=words))
    assert report.checks["J"].justification == "oui"
    assert report.ignored == ("justifications/A.x.c~saisie", "justifications/C")
    assert problems(justifications={"A.z.c~saisie": "oui"}) == [("justifications/A.z.c~saisie", "controle-inconnu")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"typed": {"L.a.k": 1}}, "L est une liste : donnez ses lignes dans « listes »"),
        ({"typed": {"L.*.k": 1}}, "L est une liste : donnez ses lignes dans « listes »"),
        ({"lists": {"A": []}}, "A est un tableau fixe : donnez ses cellules dans « cellules »"),
        ({"lists": {"L": [{"k": "a"}, {"k": "a"}]}}, "la clé a est déjà celle de la ligne 1"),
    ],
)
def test_a_hint_says_where_a_value_belongs(given, message):
    with pytest.raises(DossierError) as caught:
        RULES.evaluate(Dossier(2023, **given))
    assert [problem.message for problem in caught.value.problems] == [message]
