"""The smallest rulesets on which an evaluator and the oracle once parted, or a value made no sense."""

from decimal import Decimal

import pytest

from qdis_rules.evaluation.dossier import Account, Dossier, DossierError, Raw
from qdis_rules.pipeline import RulesetError
from tests.properties.agreement import assert_agrees, compiled

TWO_LISTS = """
jeu X exercice 2023
tableau B « b » liste clé k
  colonne k « k » texte
  colonne x « x » en EUR
tableau A « a » liste clé k
  colonne k « k » texte
  colonne taux « t » en %
  colonne y « y » en EUR = somme(B.*.x * taux)
"""
ONE_OR_TEN: list[dict[str, Raw]] = [{"k": "p", "x": 1}, {"k": "q", "x": 10}]


@pytest.mark.parametrize("rates", [(100,), (100, 200), (100, 200, 300)])
def test_the_row_at_hand_inside_a_fold_over_another_list(rates: tuple[int, ...]) -> None:
    """`taux` is that of the row of A being computed, whichever row of B is being added."""
    lists: dict[str, list[dict[str, Raw]]] = {"A": [{"k": str(rate), "taux": rate} for rate in rates], "B": ONE_OR_TEN}
    report = assert_agrees(compiled(TWO_LISTS), Dossier(2023, lists=lists))
    assert report._evaluation.value("A.*.y") == [11 * rate // 100 for rate in rates]


SHIFTED_DIVISION = """
jeu X exercice 2023
tableau T « t »
  colonne a « a » en EUR
  colonne q « q » en % = a / (a - a)
  colonne s « s » en % = T.r.q[N-1]
  ligne r « r »
"""


def test_a_division_of_an_earlier_year_says_its_year() -> None:
    """Even when the text of the division ends with a bracket."""
    given = {"T.r.a": 1}
    report = assert_agrees(compiled(SHIFTED_DIVISION), Dossier(2023, typed=given), [Dossier(2022, typed=given)])
    assert [str(cause) for cause in report.cells["T.r.s"].causes] == ["division par zéro : a / (a - a) (2022)"]


CLOSED = """
jeu X exercice 2023
tableau I « i »
  colonne v « v » oui/non
  ligne clos « c »
tableau T « t » sans objet quand I.clos
  colonne o « o » en EUR reprise de c
  colonne c « c » en EUR
  ligne a « a »
  ligne t « t » = somme(a..a)
"""


def test_last_year_types_nothing_in_a_table_that_no_longer_applies() -> None:
    """`T~sans_objet` speaks of what was typed this year, not of what a computed cell would take over."""
    earlier = Dossier(2022, typed={"T.a.c": 5, "I.clos.v": False})
    report = assert_agrees(compiled(CLOSED), Dossier(2023, typed={"I.clos.v": True}), [earlier])
    assert report.checks["T~sans_objet"].verdict == "satisfait"


@pytest.mark.parametrize(("closed", "wanted"), [(True, "sans objet"), (False, "violé"), (None, "indéterminé")])
def test_a_second_value_is_compared_whether_the_table_applies_or_not(closed: bool | None, wanted: str) -> None:
    """For an entered cell as for a computed one."""
    dossier = Dossier(2023, typed={"I.clos.v": closed, "T.a.c": 1, "T.t.c": 2}, imported={"T.a.c": 2})
    report = assert_agrees(compiled(CLOSED), dossier)
    assert report.checks["T.t.c~saisie"].verdict == wanted
    assert report.checks["T.a.c~rapatriement"].verdict == wanted


MAPPED = """
jeu X exercice 2023
tableau I « i »
  colonne v « v » oui/non
  ligne clos « c »
tableau T « t » sans objet quand I.clos
  colonne c « c » en EUR
  ligne a « a » comptes : 21
tableau U « u »
  colonne c « c » en EUR
  ligne b « b » comptes : 5
"""


def test_a_trial_balance_types_nothing_in_a_table_that_does_not_apply() -> None:
    """No account 21 in the balance: nothing stands in T, and nobody typed there."""
    cash = Account("512", "Banque", None, None, None, None, Decimal(100), Decimal(0))
    report = assert_agrees(compiled(MAPPED), Dossier(2023, typed={"I.clos.v": True}, balance=(cash,)))
    assert report.checks["T~sans_objet"].verdict == "satisfait"


@pytest.mark.parametrize(
    ("column", "other"), [("en EUR", "en logement"), ("en EUR", "choix p | q"), ("oui/non", "en EUR"), ("date", "en %")]
)
def test_reprise_takes_over_a_value_of_the_same_kind(column: str, other: str) -> None:
    """Otherwise 3 logements become 3 EUR, and an answer stands where a number is added."""
    text = f"""
    jeu X exercice 2023
    tableau T « t »
      colonne a « a » {column} reprise de b
      colonne b « b » {other}
      ligne r « r »
    """
    with pytest.raises(RulesetError):
        compiled(text)


def test_bounds_of_a_compound_unit() -> None:
    """Bounds are in the unit of their cell, whatever the unit."""
    text = """
    jeu X exercice 2023
    tableau T « t »
      colonne a « a » en EUR/logement entre 0 et 100
      ligne r « r »
    """
    report = assert_agrees(compiled(text), Dossier(2023, typed={"T.r.a": 101}))
    assert report.checks["T.r.a~bornes"].verdict == "violé"


OBLIGED = """
jeu X exercice 2023
tableau I « i »
  colonne v « v » oui/non
  ligne clos « c »
tableau T « t » sans objet quand I.clos
  colonne a « a » en EUR obligatoire
  ligne r « r »
  ligne t « t » = somme(r..r)
"""


@pytest.mark.parametrize("cell", ["T.r.a", "T.t.a"])
def test_nothing_is_obligatory_in_a_table_that_does_not_apply(cell: str) -> None:
    """Else a cooperative that the table does not concern could never validate."""
    report = assert_agrees(compiled(OBLIGED), Dossier(2023, typed={"I.clos.v": True}))
    assert report.checks[f"{cell}~obligatoire"].verdict == "sans objet"
    assert report.ready_for_validation


def test_a_comparison_inside_a_filter_is_no_gap_of_the_check() -> None:
    """It has no row at hand once the check is reported."""
    text = """
    jeu X exercice 2023
    tableau B « b » liste clé k
      colonne k « k » texte
      colonne x « x » en EUR
    contrôle C bloquant « {écart} » somme(B.*.x quand x > 1 EUR) <= 5 EUR
    """
    dossier = Dossier(2023, lists={"B": [{"k": "p", "x": 1}, {"k": "q", "x": 10}]})
    (gap,) = assert_agrees(compiled(text), dossier).checks["C"].gaps
    assert (gap.left, gap.gap) == (10, 5)


COMMENTED = """
jeu X exercice 2023
tableau T « t »
  colonne n « n » en EUR
  ligne a « a »
  ligne b « b »
famille F « f »
agrégat F.q « q » en %
  = T.a # ce qui est reçu
    / T.b # ce qui est dû
"""


def test_a_comment_inside_a_formula_is_not_told() -> None:
    """Neither in an explanation, nor in the cause of a division by zero."""
    report = assert_agrees(compiled(COMMENTED), Dossier(2023, typed={"T.a.n": 1, "T.b.n": 0}))
    assert report.explain("F.q").formula == "T.a / T.b"
    assert [str(cause) for cause in report.aggregates["F.q"].causes] == ["division par zéro : T.a / T.b"]


LONG_ROWS = """
jeu X exercice 2023
tableau L « l » liste clé k
  colonne k « k » texte
  colonne a « a » en EUR
  colonne b « b » en %
  colonne p « p » en EUR = a * b
  colonne q « q » en EUR = a * b * 2
famille F « f »
agrégat F.s « s » en EUR = somme(L.*.a quand p < q)
agrégat F.t « t » en EUR = somme(L.*.p)
"""


def test_products_of_rows_longer_than_a_decimal() -> None:
    """The closures give fractions: the straight-line function must not take them."""
    rows: list[dict[str, Raw]] = [
        {"k": "x", "a": "123456789012345,678905", "b": "999999999999999,999999"},
        {"k": "y", "a": 1, "b": 2},
    ]
    report = assert_agrees(compiled(LONG_ROWS), Dossier(2023, lists={"L": rows}))
    assert report.aggregates["F.s"].value == Decimal("123456789012346.678905")


def test_a_row_without_a_key_is_refused() -> None:
    """Else it would be named « #1 », as a row may be whose key is #1."""
    with pytest.raises(DossierError, match="cle-absente"):
        compiled(LONG_ROWS).evaluate(Dossier(2023, lists={"L": [{"k": " ", "a": -5}, {"k": "#1", "a": 1}]}))


TWO_BRANCHES = """
jeu X exercice 2023
tableau T « t »
  colonne n « n » en EUR
  ligne a « a »
  ligne b « b »
  ligne c « c »
  ligne d « d »
contrôle C bloquant « {gauche} contre {droite}, {écart} » si T.a > 5 EUR alors T.a = T.b sinon T.c = T.d
"""


def test_a_gap_is_that_of_the_branch_taken() -> None:
    dossier = Dossier(2023, typed={"T.a.n": 1, "T.b.n": 2, "T.c.n": 10, "T.d.n": 500})
    report = assert_agrees(compiled(TWO_BRANCHES), dossier)
    assert report.checks["C"].message == "10\u00a0EUR contre 500\u00a0EUR, -490\u00a0EUR"


def test_deep_defaults_and_long_products_are_compiled() -> None:
    """In time and depth that grow with the text."""
    text = "jeu X exercice 2023\ntableau T « t »\n  colonne n « n » en EUR\n  ligne a « a »\n  ligne b « b »\nfamille F « f »\n"
    text += "agrégat F.d « d » en % = " + "défaut(T.b / T.a ; " * 40 + "T.a / T.a" + ")" * 40 + "\n"
    text += "agrégat F.p « p » en % = " + " * ".join(["(T.a / T.a)"] * 600) + "\n"
    text += "agrégat F.q « q » en EUR = T.a" + " * 1" * 3000 + "\n"
    assert_agrees(compiled(text), Dossier(2023, typed={"T.a.n": 2}))


QUOTIENT_COLUMNS = """jeu X exercice 2023
tableau L « x » liste clé k
  colonne k « x » texte 20
  colonne v « x » en EUR
  colonne w « x » en EUR = v / 3
  colonne x « x » en EUR = abs(moyenne(w ; w ; w))
  colonne y « x » en EUR = 2 * w - v
famille F « f »
agrégat F.a « x » en EUR = somme(L.*.x) + somme(L.*.y)
"""


def test_a_quotient_in_a_row_is_one_in_the_next_column() -> None:
    rows: list[dict[str, Raw]] = [{"k": "a", "v": 1}, {"k": "b", "v": 4}]
    report = assert_agrees(compiled(QUOTIENT_COLUMNS), Dossier(2023, lists={"L": rows}))
    assert report.aggregates["F.a"].value == 0
    assert_agrees(compiled(QUOTIENT_COLUMNS), Dossier(2023, lists={"L": [*rows, {"k": "c"}]}))


LONG_QUOTIENT = """jeu X exercice 2023
tableau T « x »
  colonne n « x » en EUR
  ligne a « x »
tableau P « x »
  colonne n « x » en %
  ligne a « x »
famille F « f »
agrégat F.q « x » en EUR = T.a * P.a * P.a * P.a / 3
agrégat F.r « x » en EUR = arrondi(F.q ; 1 EUR)
"""


def test_a_rounded_quotient_longer_than_a_decimal_is_left_to_the_closures() -> None:
    amount = Decimal("999999999999999.999999")
    report = assert_agrees(compiled(LONG_QUOTIENT), Dossier(2023, typed={"T.a.n": amount, "P.a.n": amount}))
    assert not report._evaluation.fits
    assert assert_agrees(compiled(LONG_QUOTIENT), Dossier(2023, typed={"T.a.n": 1, "P.a.n": 1}))._evaluation.fits
