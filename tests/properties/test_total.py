"""Nothing but what is promised comes back: an Outcome for any text, a Report or DossierError for any dossier."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from qdis_rules.diagnostics import Outcome
from qdis_rules.evaluation.dossier import Account, Dossier, DossierError
from qdis_rules.evaluation.report import Report
from qdis_rules.pipeline import Ruleset, check_campaign, check_sources
from qdis_rules.source import Source
from tests.properties.agreement import compiled
from tests.properties.campaign import examples
from tests.strategies import YEAR, junk, noise


def assert_outcome(*texts: str) -> None:
    """Any texts give an outcome; each diagnostic can be shown; what is ok can be run."""
    outcome = check_sources([Source.of(f"{index}.qdis", text) for index, text in enumerate(texts)])
    assert isinstance(outcome, Outcome)
    for diagnostic in outcome.diagnostics:
        assert diagnostic.render()
    if outcome.ok:
        ruleset = Ruleset(outcome.value, outcome.diagnostics)
        assert isinstance(ruleset.evaluate(Dossier(ruleset.year)), Report)


@examples(250)
@example("")
@example("\ufeff")
@example("jeu")
@example("jeu X exercice 2023 tableau T « » colonne c en EUR reprise de c ligne l sur x comptes : 1 sauf ligne l")
@example("contrôle C bloquant « {")
@given(noise())
def test_any_text_gives_an_outcome(text: str) -> None:
    assert_outcome(text)


@examples(120)
@example("campagne X exercice 2023 rendre C1 ; C1 bloquant à compter du 01/01/0001 par « a » motif « b »")
@given(noise())
def test_any_text_as_a_campagne_gives_an_outcome(text: str) -> None:
    for source in (text, f"campagne X exercice 2023\ndésactiver C1\n{text}"):
        outcome = check_campaign(Source.of("campagne.qdis", source), Outcome(rules().typed))
        for diagnostic in outcome.diagnostics:
            assert diagnostic.render()


@examples(60)
@given(noise(), noise())
def test_any_two_texts_give_an_outcome(first: str, second: str) -> None:
    assert_outcome(first, second)


RULES = """
jeu X exercice 2023 tolérance 1 EUR
famille F « f »
paramètre P « p » en % = 3 pour 2022 ; 4 pour 2023
tableau ID « id »
  colonne v « v »
  ligne statut « s » choix rep_a | rep_b obligatoire
  ligne actif « a » oui/non
  ligne cree « c » date
  ligne nom « n » texte 20
  ligne parc « p » entier en logement entre 0 et 100
tableau T « t » vide vaut 0
  colonne a « a » en EUR positif
  colonne b « b » en kEUR reprise de a
  colonne c « c » en EUR = a - b
  ligne x « x » comptes a : 21 comptes b : 22 crédit
  ligne y « y »
  ligne t « t » = somme(x..y)
tableau L « l » liste clé k sans objet quand non ID.actif
  colonne k « k » texte 30
  colonne m « m » en EUR obligatoire
  colonne d « d » date
  colonne r « r » en % = m / (m - 1 EUR)
contrôle C1 bloquant « {ligne} {écart} » pour chaque ligne de T a <= b à 2 % près
contrôle C2 avertissement justifiable « {k} {d} » pour chaque ligne de L m > 0 et d >= 01/01/2020
agrégat F.a « a » en EUR arrondi 2 = somme(L.*.m quand d < 31/12/2022) / nombre(L)
agrégat F.b « b » en % arrondi 1 = moyenne(F.b2[N-2..N]) seuil alerte < P « m »
agrégat F.b2 « b2 » en % = T.t.c / T.x.a
"""


@lru_cache(maxsize=1)
def rules() -> Ruleset:
    return compiled(RULES)


CODES = ("ID.statut.v", "ID.actif.v", "ID.cree.v", "ID.nom.v", "ID.parc.v", "T.x.a", "T.x.b", "T.y.c", "T.t.a")
cell_codes = st.one_of(st.sampled_from(CODES), st.sampled_from(("L.*.m", "T", "T.x", "F.a", "")), st.text(max_size=12))
maybe = st.one_of(st.none(), st.decimals(), st.just(Decimal("12.5")))
accounts = st.builds(
    Account,
    st.one_of(st.sampled_from(("21", "215", "22", "5")), st.text(max_size=5)),
    st.just("libellé"),
    maybe,
    maybe,
    maybe,
    maybe,
    st.one_of(st.decimals(), st.just(Decimal(3))),
    st.one_of(st.decimals(), st.just(Decimal(0))),
)
rows = st.dictionaries(st.one_of(st.sampled_from(("k", "m", "d", "r")), st.text(max_size=3)), junk, max_size=4)


def any_dossier(years: st.SearchStrategy[int]) -> st.SearchStrategy[Dossier]:
    """Return dossiers whose codes are mostly known and whose values are anything."""
    return st.builds(
        Dossier,
        years,
        typed=st.dictionaries(cell_codes, junk, max_size=6),
        imported=st.dictionaries(cell_codes, junk, max_size=3),
        lists=st.dictionaries(st.sampled_from(("L", "L", "T", "M")), st.lists(rows, max_size=3), max_size=2),
        balance=st.one_of(st.none(), st.lists(accounts, max_size=3)),
        filed=st.dictionaries(st.sampled_from(("F.a", "F.b", "F.b2", "F.z")), junk, max_size=2),
        justifications=st.dictionaries(
            st.sampled_from(("C1", "C2", "Z", "T.x.a~positif")), st.text(max_size=5), max_size=2
        ),
    )


def assert_told(dossier: Dossier, history: Any) -> None:
    try:
        report = rules().evaluate(dossier, history=history)
    except DossierError as error:
        assert error.problems
        assert all(problem.pointer and problem.code and problem.message for problem in error.problems)
        return
    assert isinstance(report, Report)
    for code in (*report.cells, *report.aggregates, *report.checks):
        assert list(report.explain(code).lines())
    assert report.layout()
    assert repr(report)


@examples(350)
@given(
    any_dossier(st.one_of(st.just(YEAR), st.just(YEAR), st.integers())),
    st.lists(any_dossier(st.one_of(st.integers(2020, 2023), st.integers())), max_size=2),
)
def test_any_dossier_gives_a_report_or_its_problems(dossier: Dossier, history: list[Dossier]) -> None:
    assert_told(dossier, history)


@examples(500)
@given(st.sampled_from(CODES), junk)
def test_any_value_in_a_known_cell(code: str, value: Any) -> None:
    """One value at a time, so that most reach the evaluation."""
    assert_told(Dossier(YEAR, typed={code: value}), ())
    assert_told(Dossier(YEAR), [Dossier(YEAR - 1, typed={code: value})])
