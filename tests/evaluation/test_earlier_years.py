"""What the straight-line function reads of earlier years, when it is not what it expects."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from qdis_rules import Dossier
from tests.properties.agreement import assert_agrees, compiled

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


READS = """
jeu X exercice 2023
tableau T « t »
  colonne n « n » en EUR
  ligne a « a »
  ligne b « b »
  ligne c « c » = a + b[N-1]
famille F « f »
agrégat F.avant « avant » en EUR = T.c[N-1] + T.b
agrégat F.hier « hier » en EUR = F.avant[N-1]
agrégat F.choisi « choisi » en EUR = si T.a > 10 EUR alors T.b[N-1] sinon 0 EUR
contrôle C1 bloquant « {écart} » T.a = T.b[N-1]
contrôle C2 bloquant « {écart} » T.b = T.b[N-1] à 10 % près
contrôle C3 bloquant « {écart} » max(T.a ; T.b[N-1]) > moyenne(T.a[N-1] ; T.b)
"""


def test_what_a_year_gave_or_not():
    ruleset = compiled(READS)
    years = [Dossier(2023 - back, typed={"T.a.n": 5 + back, "T.b.n": 8}) for back in range(3)]
    report = assert_agrees(ruleset, years[0], years[1:])
    assert report.cells["T.c.n"].value == 13
    assert_agrees(ruleset, years[0], [])
    assert_agrees(ruleset, years[0], [Dossier(2022, typed={"T.a.n": 6})])
    assert_agrees(ruleset, Dossier(2023), years[1:])


def test_not_evaluated_for_nothing():
    """The year before last, which only last year reads, is not said to be recomputed."""
    ruleset = compiled(
        "jeu X exercice 2023\ntableau T « t »\n  colonne n « n » en EUR\n  ligne a « a »\n  ligne b « b »\nfamille F « f »\n"
        "agrégat F.s « s » en EUR = T.a + T.b\n"
        "agrégat F.h « h » en EUR = si T.a > 10 EUR alors F.s[N-1] sinon 0 EUR\n"
        "agrégat F.choisi « choisi » en EUR = si T.b > 10 EUR alors T.b[N-1] sinon 0 EUR\n"
    )
    earlier = [Dossier(year, typed={"T.a.n": 20, "T.b.n": 20}) for year in (2022, 2021)]
    assert ruleset.evaluate(Dossier(2023, typed={"T.a.n": 1, "T.b.n": 1}), earlier).recomputed == ()
    report = ruleset.evaluate(Dossier(2023, typed={"T.a.n": 1, "T.b.n": 20}), earlier)
    assert (report.aggregates["F.choisi"].value, report.recomputed) == (20, ("F.s[2021]",))
