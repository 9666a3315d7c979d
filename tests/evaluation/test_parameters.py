"""Parameters are public: their values in the declared unit, and why."""

from decimal import Decimal

from qdis_rules import Dossier
from tests.properties.agreement import compiled

RULES = compiled(
    """
jeu X exercice 2023
paramètre SEUILS.dette « Plafond » en kEUR = 100 pour 2022..2023
  source « Arrêté » fiabilité sourcée
tableau T « t »
  colonne n « n » en EUR
  ligne a « a » entre 0 et 5 obligatoire quand exercice > 2000
  ligne b « b » = a + 1 EUR
tableau K « k »
  colonne n « n » en EUR
  ligne a « a » = T.a
contrôle C bloquant « x » T.a <= SEUILS.dette
"""
)


def test_values_are_in_the_declared_unit_with_their_years():
    parameter = RULES.parameters["SEUILS.dette"]
    assert (parameter.label, parameter.unit, parameter.source, parameter.reliability) == (
        "Plafond",
        "kEUR",
        "Arrêté",
        "sourcée",
    )
    (value,) = parameter.values
    assert (value.value, value.first, value.last) == (Decimal(100), 2022, 2023)


def test_what_an_explanation_names_can_be_asked_for():
    report = RULES.evaluate(Dossier(2023, typed={"T.a.n": 1}))
    assert "SEUILS.dette" in [operand.code for operand in report.explain("C").operands]
    explained = report.explain("SEUILS.dette")
    assert (explained.value, explained.origin, explained.reliability) == ("100\u00a0kEUR", "paramètre", "sourcée")


def test_what_is_declared_has_a_short_repr():
    for declared in (RULES.tables, RULES.cells, RULES.checks, RULES.typed.parameters):
        for item in declared.values():
            assert len(repr(item)) < 80
            assert len(repr(item.span)) < 40
    assert repr(RULES.tables["T"]) == "<Table T « t », 2 cells>"
    assert repr(RULES.checks["C"].span.source).startswith("<Source jeu.qdis, ")


def test_a_cell_tells_what_a_form_asks():
    a, b = RULES.cells["T.a.n"], RULES.cells["T.b.n"]
    assert (a.required, a.bounds, a.formula_text) == ("obligatoire quand exercice > 2000", "entre 0 et 5", None)
    assert (b.required, b.bounds, b.formula_text) == (None, None, "a + 1 EUR")


def test_a_table_with_nothing_to_enter_is_computed():
    tables = RULES.evaluate(Dossier(2023)).tables
    assert (tables["T"].status, tables["K"].status) == ("non fourni", "calculé")
