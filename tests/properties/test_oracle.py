"""The plan and the oracle say the same of everything, and what is shown is rounded once."""

import decimal
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from qdis_rules.evaluation.dossier import Dossier
from qdis_rules.model.expressions import FUNCTIONS
from qdis_rules.pipeline import Ruleset
from tests.properties.agreement import (
    assert_agrees,
    compiled,
    differences,
    half_away,
    too_large,
    values_of,
    verdicts_of,
    well_typed,
)
from tests.properties.campaign import examples
from tests.strategies import YEAR, dossiers, histories, numbers, rulesets


@examples(180)
@given(st.data())
def test_the_plan_equals_the_oracle(data: st.DataObject) -> None:
    """Values, causes, verdicts, thresholds and roundings, on any ruleset, dossier and history."""
    ruleset = well_typed(data.draw(rulesets(), label="ruleset"))
    assume(ruleset is not None)
    assert ruleset is not None
    dossier = data.draw(dossiers(ruleset.typed), label="dossier")
    history = data.draw(histories(ruleset.typed), label="history")
    assume(not too_large(ruleset.evaluate(dossier, history=history)))
    assert_agrees(ruleset, dossier, history)


@examples(40)
@given(st.data())
def test_last_year_reads_the_same_as_a_dossier_or_as_its_report(data: st.DataObject) -> None:
    """When the ruleset has not changed and nothing was filed."""
    text = data.draw(rulesets(), label="ruleset")
    before = replace(text, head=text.head.replace(f"exercice {YEAR}", f"exercice {YEAR - 1}"))
    ruleset, earlier = well_typed(text), well_typed(before)
    assume(ruleset is not None and earlier is not None)
    assert ruleset is not None
    assert earlier is not None
    last = data.draw(dossiers(ruleset.typed, YEAR - 1), label="last year")
    dossier = data.draw(dossiers(ruleset.typed), label="dossier")
    by_dossier = ruleset.evaluate(dossier, history=[last])
    by_report = ruleset.evaluate(dossier, history=[earlier.evaluate(last)])
    assert differences(values_of(by_dossier), values_of(by_report)) == {}
    assert verdicts_of(by_dossier) == verdicts_of(by_report)


def test_nearly_every_drawn_ruleset_checks() -> None:
    """Otherwise the properties would say little."""
    found: list[bool] = []

    @examples(30)
    @given(rulesets())
    def draw(text):  # type: ignore[no-untyped-def]
        found.append(well_typed(text) is not None)

    draw()
    assert sum(found) >= 0.9 * len(found)


# --- quotients and ties -----------------------------------------------------------------

SUMS = """
jeu X exercice 2023
famille F « f »
tableau T « t »
  colonne v « v »
  ligne a « a » en EUR
  ligne b « b » en EUR
  ligne c « c » entier
  ligne d « d » entier
agrégat F.ensemble « x » en EUR arrondi 2 = (T.a + T.b) / T.c
agrégat F.separe « x » en EUR arrondi 2 = T.a / T.c + T.b / T.c
agrégat F.moyenne « x » en EUR arrondi 2 = moyenne(T.a ; T.b) * 2 / T.c
agrégat F.double « x » en EUR arrondi 2 = (T.a + T.b) / T.d / T.c * T.d
agrégat F.milliers « x » en kEUR arrondi 5 = (T.a + T.b) / T.c
agrégat F.taux « x » en % arrondi 0 = (T.a + T.b) / T.c / 1 EUR
agrégat F.appel « x » en EUR = arrondi((T.a + T.b) / T.c ; 0,01 EUR)
agrégat F.pair « x » en EUR = arrondi_pair((T.a + T.b) / T.c ; 0,01 EUR)
agrégat F.sup « x » en EUR = arrondi_sup((T.a + T.b) / T.c ; 0,01 EUR)
agrégat F.inf « x » en EUR = arrondi_inf((T.a + T.b) / T.c ; 0,01 EUR)
agrégat F.tiers « x » en EUR = (T.a / 3) * 3
agrégat F.partie « x » en EUR = (T.a / T.c) * T.c
agrégat F.inverse « x » en EUR = T.a / (1 / T.c) / T.c
contrôle TIERS bloquant « x » (T.a / 3) * 3 = T.a
contrôle PARTIE bloquant « x » T.a / T.c * T.c = T.a
contrôle SEPARE bloquant « x » T.a / T.c + T.b / T.c = (T.a + T.b) / T.c
contrôle EGAL bloquant « x » T.a / T.c = T.b / T.d
contrôle MOINS bloquant « x » T.a / T.c < T.b / T.d
"""


@lru_cache(maxsize=1)
def sums() -> Ruleset:
    return compiled(SUMS)


amounts = st.integers(-(10**15), 10**15).map(lambda n: Decimal(n).scaleb(-3, decimal.Context(prec=40)))
divisors = st.one_of(
    st.sampled_from((3, 7, 9, 11, 13, 97, 999)), st.integers(1, 10**6), st.integers(-(10**6), -1), st.just(10**14 + 1)
)


@examples(400)
@given(half=st.integers(-(10**6), 10**6), a=amounts, c=divisors, d=divisors, nudge=st.sampled_from((0, 0, 0, 1, -1)))
def test_adversarial_ties_of_divisions(half: int, a: Decimal, c: int, d: int, nudge: int) -> None:
    """(a + b) / c is a tie at the third decimal, or misses it by as little as inputs can say."""
    exact_tie = Fraction(2 * half + 1, 200)
    rest = exact_tie * c - Fraction(a) + Fraction(nudge, 10**6)
    assume(abs(rest) < 10**15)
    context = decimal.Context(prec=60)
    b = context.divide(Decimal(rest.numerator), Decimal(rest.denominator))
    assert Fraction(b) == rest
    ruleset = sums()
    report = assert_agrees(ruleset, Dossier(YEAR, typed={"T.a.v": a, "T.b.v": b, "T.c.v": c, "T.d.v": d}))
    quotient = exact_tie + Fraction(nudge, 10**6 * c)
    shown = {
        code: report.aggregates[f"F.{code}"].value for code in ("ensemble", "separe", "moyenne", "double", "appel")
    }
    wanted = half_away(quotient, 2)
    assert {code: Fraction(value) for code, value in shown.items()} == dict.fromkeys(shown, wanted)  # type: ignore[arg-type]
    if nudge == 0:
        assert wanted == quotient + Fraction(1 if quotient > 0 else -1, 200)
        pair = report.aggregates["F.pair"].exact
        assert pair is not None
        assert Fraction(pair) * 100 % 2 == 0
    assert report.aggregates["F.milliers"].value == report.aggregates["F.ensemble"].value / 1000  # type: ignore[operator]


@examples(300)
@given(a=numbers, b=numbers, c=divisors, d=divisors)
def test_a_quotient_is_never_cut(a: object, b: object, c: int, d: int) -> None:
    """`(a / 3) * 3` is `a`; quotients compare exactly, whatever the signs of the divisors."""
    dossier = Dossier(YEAR, typed={"T.a.v": a, "T.b.v": b, "T.c.v": c, "T.d.v": d})  # type: ignore[dict-item]
    report = assert_agrees(sums(), dossier)
    a_exact = report._evaluation.value("T.a.v")
    for code in ("F.tiers", "F.partie", "F.inverse"):
        assert report.aggregates[code].exact == a_exact
    for code in ("TIERS", "PARTIE", "SEPARE"):
        assert report.checks[code].verdict == "satisfait"


@examples(200)
@given(a=st.integers(-(10**14), 10**14), c=st.integers(1, 10**7), k=st.integers(1, 10**6))
def test_equal_quotients_compare_equal(a: int, c: int, k: int) -> None:
    """a / c = (a k) / (c k), and never less; one unit more and it is less."""
    assume(abs(a * k) < 10**15 - 1)
    typed = {"T.a.v": a, "T.b.v": a * k, "T.c.v": c, "T.d.v": c * k}
    checks = sums().evaluate(Dossier(YEAR, typed=typed)).checks
    assert (checks["EGAL"].verdict, checks["MOINS"].verdict) == ("satisfait", "violé")
    typed["T.b.v"] += 1
    checks = sums().evaluate(Dossier(YEAR, typed=typed)).checks
    assert (checks["EGAL"].verdict, checks["MOINS"].verdict) == ("violé", "satisfait")


def test_every_function_of_the_language_is_drawn() -> None:
    """A function the strategies never draw is compared with nothing."""
    drawn = Path(__file__).parents[1].joinpath("strategies.py").read_text(encoding="utf-8")
    assert [name for name in FUNCTIONS if name not in drawn] == []
