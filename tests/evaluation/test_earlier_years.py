"""What the straight-line function reads of earlier years, when it is not what it expects."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from qdis_rules import Dossier
from tests.properties.agreement import compiled

BEFORE = """jeu X exercice 2022
tableau T « x »
  colonne n « x » en EUR
  ligne a « x »
famille F « f »
agrégat F.a « x » en EUR = T.a / 3
"""
NOW = """jeu X exercice 2023
tableau T « x »
  colonne n « x » en EUR
  ligne a « x »
famille F « f »
agrégat F.a « x » en EUR = T.a
agrégat F.b « x » en EUR = 2 * F.a[N-1] + T.a[N-1]
agrégat F.c « x » en EUR = moyenne(F.a[N-2..N])
agrégat F.d « x » en EUR = max(F.a[N-1]; T.a)
contrôle C bloquant « m » F.a[N-1] <= T.a[N-1]
"""


@pytest.mark.parametrize(("amount", "fits"), [(3, True), (1, False)])
def test_a_report_may_hold_a_quotient_where_the_ruleset_of_today_has_none(amount, fits):
    """Then the closures do the dossier: nothing is rounded."""
    last = compiled(BEFORE).evaluate(Dossier(2022, typed={"T.a.n": amount}))
    report = compiled(NOW).evaluate(Dossier(2023, typed={"T.a.n": 0}), [last])
    assert report._evaluation.fits is fits
    third = Fraction(amount, 3)
    assert Fraction(report._evaluation.value("F.b")) == 2 * third + amount
    assert Fraction(report._evaluation.value("F.d")) == third
    assert report.checks.verdict("C") == "satisfait"


def test_a_year_that_is_not_known_is_a_cause_once():
    report = compiled(NOW).evaluate(Dossier(2023, typed={"T.a.n": 5}))
    assert report.aggregates["F.b"].value is None
    assert [str(cause) for cause in report.aggregates["F.b"].causes] == ["exercice manquant : 2022"]
    assert report.checks.verdict("C") == "indéterminé"
    assert report.aggregates["F.a"].value == Decimal(5)
