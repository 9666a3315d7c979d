"""Coverage: each rule seen or not, both ways, counted one way and never rounded up."""

import pytest

from qdis_rules import Dossier
from qdis_rules.authoring.coverage import Count, Guard, GuardKind, coverage
from qdis_rules.authoring.examples import evaluated_examples
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source

RULES = """\
jeu ESSAI exercice 2023
tableau T « Données »
  colonne n « N » en EUR
  ligne a « A » positif
  ligne b « B »
  ligne total « Total » = a + b
tableau S « Parc » sans objet quand T.b < 0
  colonne n « N » entier
  ligne x « X » obligatoire quand T.a > 100 EUR
  ligne y « Y » obligatoire
tableau L « Liste » liste clé k
  colonne k « K » texte 5
  colonne v « V » en EUR entre 0 et 10
famille F « F »
agrégat F.part « Part » en % quand T.total > 0 : = T.a / T.total
  seuil alerte < 10 % « Peu. »
  seuil alerte > 90 % « Trop. »
agrégat F.parc « Parc » entier quand T.a > 0 : = S.x
contrôle C1 bloquant « Non. » quand T.a > 0 : T.a <= T.b
contrôle C2 bloquant « {ligne} » pour chaque ligne de T parmi a ; b  n <= 50 EUR
contrôle C3 bloquant « Non. » quand T.b > 0 : S.x > 0
contrôle C4 bloquant « Cinq. » pour chaque ligne de L v <> 5 EUR
"""
C1, C3 = Guard(GuardKind.CHECK, "C1"), Guard(GuardKind.CHECK, "C3")
PART, PARC = Guard(GuardKind.AGGREGATE, "F.part"), Guard(GuardKind.AGGREGATE, "F.parc")
LITTLE, MUCH = (Guard(GuardKind.THRESHOLD, "F.part", f"alerte {limit}") for limit in ("< 10 %", "> 90 %"))
CLOSED, REQUIRED = Guard(GuardKind.TABLE, "S"), Guard(GuardKind.REQUIRED, "S.x.n")
ONE, OTHER = ("un",), ("autre",)


@pytest.fixture(scope="module")
def ruleset():
    return compile_sources([Source.of("e.qdis", RULES)])


@pytest.fixture
def seen(ruleset):
    def seen(**dossiers):
        reports = []
        for name, cells in dossiers.items():
            rows = [{"k": str(index), "v": value} for index, value in enumerate(cells.pop("L", ()))]
            typed = {f"{code}.n": value for code, value in cells.items()}
            reports.append((name, ruleset.evaluate(Dossier(2023, typed=typed, lists={"L": rows} if rows else {}))))
        return coverage(ruleset, iter(reports))

    return seen


def sides(found):
    return found.yes, found.no


def test_nothing_seen_is_all_missing(seen, ruleset):
    nothing = seen()
    assert list(nothing.checks) == list(ruleset.checks)
    assert set(nothing.dead) == {*ruleset.checks, *ruleset.aggregates}
    assert not nothing.whole
    assert str(nothing.counts()["contrôles vus violés"]) == f"0 sur {len(ruleset.checks)} (0,0 %)"
    assert nothing.missing()["contrôles jamais satisfaits"] == tuple(ruleset.checks)


def test_a_check_is_seen_satisfied_and_violated(seen):
    found = seen(un={"T.a": 1, "T.b": 2}, autre={"T.a": 2, "T.b": 1})
    assert sides(found.checks["C1"]) == (ONE, OTHER)
    assert sides(found.checks["T.a.n~positif"]) == (("un", "autre"), ())
    assert sides(found.checks["S.y.n~obligatoire"]) == ((), ("un", "autre"))


def test_undetermined_shows_nothing(seen):
    found = seen(un={"T.a": 1})
    assert "C1" in found.dead
    assert sides(found.guards[C1]) == (ONE, ())
    assert sides(found.guards[C3]) == ((), ())
    assert found.aggregates["F.part"] == ()


def test_a_check_applied_to_several_places_counts_once_and_each_place_apart(seen):
    found = seen(un={"T.a": 60, "T.b": 1})
    assert sides(found.checks["C2"]) == (ONE, ONE)
    assert {name: sides(each) for name, each in found.places.items()} == {"C2[a]": ((), ONE), "C2[b]": (ONE, ())}
    assert found.places_count() == {
        "lignes et colonnes vues satisfaites": Count(1, 2),
        "lignes et colonnes vues violées": Count(1, 2),
    }


def test_rows_of_a_list_count_for_the_check_and_are_no_places(seen):
    found = seen(un={"L": [1, 5, 20]})
    assert sides(found.checks["C4"]) == (ONE, ONE)
    assert sides(found.checks["L.*.v~bornes"]) == (ONE, ONE)
    assert not any(name.startswith(("C4", "L")) for name in found.places)
    assert found.checks["C4"].both


def test_a_guard_is_false_only_when_its_condition_is(seen):
    """The body of C3 and the value of F.parc are sans objet too where the table S is."""
    found = seen(un={"T.a": 1, "T.b": -3}, autre={"T.a": 0, "T.b": 2})
    assert sides(found.guards[C1]) == (ONE, OTHER)
    assert sides(found.guards[C3]) == (OTHER, ONE)
    assert sides(found.guards[PARC]) == (ONE, OTHER)
    assert found.aggregates["F.parc"] == ()
    assert sides(found.guards[PART]) == (OTHER, ONE)


def test_a_body_sans_objet_is_not_a_guard_that_is_false(ruleset):
    text = RULES.replace("quand T.b > 0 : S.x > 0", "quand T.a > 0 : S.x > 0")
    rules = compile_sources([Source.of("e.qdis", text)])
    report = rules.evaluate(Dossier(2023, typed={"T.a.n": 1, "T.b.n": -1}))
    assert (report.checks["C3"].verdict, report.checks["C3"].guard) == ("sans objet", True)
    assert sides(coverage(rules, [("un", report)]).guards[C3]) == (ONE, ())


def test_a_table_that_does_not_apply_says_nothing_of_what_is_required(seen):
    found = seen(un={"T.a": 200, "T.b": -300}, autre={"T.a": 200, "T.b": 1})
    assert sides(found.guards[CLOSED]) == (ONE, OTHER)
    assert sides(found.guards[REQUIRED]) == (OTHER, ())
    assert sides(found.checks["S~sans_objet"]) == (ONE, ())
    assert Guard(GuardKind.REQUIRED, "S.y.n") not in found.guards


def test_thresholds_are_reached_or_not_each_for_itself(seen):
    found = seen(un={"T.a": 1, "T.b": 99}, autre={"T.a": 50, "T.b": 50})
    assert sides(found.guards[LITTLE]) == (ONE, OTHER)
    assert sides(found.guards[MUCH]) == ((), ("un", "autre"))
    assert found.missing()["seuils jamais franchis"] == ("F.part alerte > 90 %",)
    assert found.counts()["seuils vus franchis et respectés"] == Count(1, 2)


def test_checks_that_a_dossier_brings_are_apart(seen, ruleset):
    found = seen(un={"T.a": 1, "T.b": 1, "T.total": 2}, autre={"T.a": 1, "T.b": 1, "T.total": 3})
    assert sides(found.observed["saisie"]["T.total.n~saisie"]) == (ONE, OTHER)
    assert {kind: len(codes) for kind, codes in found.observed.items()} == {
        "saisie": 1,
        "rapatriement": 0,
        "comptes": 0,
        "reprise": 0,
        "balance~comptes": 0,
    }
    assert set(found.checks) == set(ruleset.checks)


def test_all_seen_is_whole():
    text = """\
jeu ESSAI exercice 2023
tableau T « Données »
  colonne n « N » en EUR
  ligne a « A » positif
famille F « F »
agrégat F.a « A » en EUR quand T.a <> 0 EUR : = T.a
contrôle C bloquant « Non. » T.a < 10 EUR
exemple « un »
  donne T.a = 0
exemple « deux »
  donne T.a = 10
exemple « trois »
  donne T.a = -1
"""
    rules = compile_sources([Source.of("e.qdis", text)])
    found = coverage(rules, ((result.title, report) for result, report in evaluated_examples(rules)))
    assert found.whole
    assert found.missing() == {}
    assert found.dead == ()
    assert found.names == ("un", "deux", "trois")
    assert str(found.counts()["contrôles vus dans les deux sens"]) == "2 sur 2 (100,0 %)"


@pytest.mark.parametrize(
    ("seen", "total", "said"),
    [
        (999, 1000, "999 sur 1000 (99,9 %)"),
        (9999, 10000, "9999 sur 10000 (99,9 %)"),
        (312, 313, "312 sur 313 (99,6 %)"),
        (2, 3, "2 sur 3 (66,6 %)"),
        (3, 3, "3 sur 3 (100,0 %)"),
        (0, 7, "0 sur 7 (0,0 %)"),
        (0, 0, "0 sur 0"),
    ],
)
def test_a_percentage_is_never_rounded_up(seen, total, said):
    assert str(Count(seen, total)) == said
    assert Count(seen, total).whole == (seen == total)
