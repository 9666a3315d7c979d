"""When a guard proves that a divisor is not zero, and when it does not."""

import pytest

from qdis_rules.authoring.lint import lint
from qdis_rules.pipeline import check_sources
from qdis_rules.source import Source

RULES = """
jeu X exercice 2023
tableau T « t »
  colonne n « n » en EUR
  ligne a « a »
  ligne b « b »
  ligne c « c »
agrégat q interne « q » en % {rule}
"""


def warned(rule):
    outcome = check_sources([Source.of("jeu.qdis", RULES.format(rule=rule))])
    assert outcome.ok
    return "division-non-gardee" in {found.code for found in lint(outcome.value)}


GUARDED = [
    ("T.a > 0", "T.a"),
    ("T.a < 0", "T.a"),
    ("0 < T.a", "T.a"),
    ("T.a >= 1 EUR", "T.a"),
    ("T.a > T.b", "(T.a - T.b)"),
    ("T.a < T.b", "(T.a - T.b)"),
    ("T.a <> T.b", "(T.b - T.a)"),
    ("T.a + T.c > T.b", "(T.a - T.b + T.c)"),
    ("T.a - T.b > 0", "(T.a - T.b)"),
    ("non (T.a = T.b)", "(T.a - T.b)"),
    ("non T.a <= T.b", "(T.a - T.b)"),
    ("T.c > 0 et T.a > T.b", "(T.a - T.b)"),
]
UNGUARDED = [
    ("T.a >= 0", "T.a"),
    ("T.a > -1 EUR", "T.a"),
    ("T.a <> 5 EUR", "T.a"),
    ("T.a >= T.b", "(T.a - T.b)"),
    ("T.a > T.b", "(T.a + T.b)"),
    ("T.a > T.b", "T.a"),
    ("T.c > 0 ou T.a > T.b", "(T.a - T.b)"),
]


@pytest.mark.parametrize(("guard", "divisor"), GUARDED)
def test_a_guard_proves_that_the_divisor_is_not_zero(guard, divisor):
    assert not warned(f"quand {guard} : = T.c / {divisor}")


@pytest.mark.parametrize(("guard", "divisor"), UNGUARDED)
def test_a_guard_that_proves_nothing_of_the_divisor(guard, divisor):
    assert warned(f"quand {guard} : = T.c / {divisor}")


def test_the_branches_of_si_are_guarded_by_its_condition():
    assert not warned("= si T.a > T.b alors T.c / (T.a - T.b) sinon 0 %")
    assert not warned("= si T.a = T.b alors 0 % sinon T.c / (T.a - T.b)")
    assert warned("= si T.a < T.b alors 0 % sinon T.c / (T.a - T.b)")
