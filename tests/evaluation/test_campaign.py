"""A ruleset on a day of its campagne: severity, activation, what a report says of the decisions in force."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from qdis_rules import Account, Dossier, RulesetError, load_ruleset, report_document
from qdis_rules.diagnostics import Outcome
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source

RULES = """
jeu E exercice 2023
tableau T « t » sans objet quand I.forme = scp
  colonne n « n » en EUR positif reprise de n
  ligne a « a » obligatoire
  ligne b « b » comptes : 21
  ligne t « t » = a + b
tableau I « i »
  colonne v « v »
  ligne forme « f » choix scp « SCP » | scic « SCIC »
tableau L « l » liste clé k
  colonne k « k » texte
  colonne m « m » en EUR positif
  colonne d « d » en EUR = m + m
contrôle C1 bloquant « c1 : {écart}. » T.a <= T.b
contrôle C2 avertissement justifiable « c2. » T.a <= T.b
contrôle C3 bloquant « {ligne} » pour chaque ligne de T n <= 10 EUR
"""
BY = "par « CM, finances » motif « Faux. »"
DAY = date(2024, 9, 12)


def ruleset(decisions):
    text = f"campagne E exercice 2023\n{decisions}\n"
    return compile_sources([Source.of("e.qdis", RULES)], Outcome(Source.of("campagne.qdis", text)))


def decided(decisions):
    return ruleset(f"{decisions} à compter du 12/09/2024 {BY}").on(DAY)


def account(number, amount):
    zero = Decimal(0)
    return Account(number, "", Decimal(amount), zero, zero, zero, Decimal(amount), zero)


FULL = Dossier(
    2023,
    typed={"T.a.n": -3, "T.b.n": -5, "T.t.n": 1, "I.forme.v": "scic"},
    imported={"T.a.n": 4},
    lists={"L": [{"k": "x", "m": -1, "d": 5}]},
    balance=(account("21", 7), account("58", 2)),
)
LAST = Dossier(2022, typed={"T.a.n": 8, "T.b.n": 8, "I.forme.v": "scic"})


def test_a_decision_holds_from_its_day_on_that_day_included():
    rules = ruleset(f"désactiver C1 à compter du 12/09/2024 {BY}")
    verdicts = {day: rules.on(date(2024, 9, day)).evaluate(FULL).checks["C1"].verdict for day in (11, 12, 13)}
    assert verdicts == {11: "violé", 12: "désactivé", 13: "désactivé"}


def test_without_a_day_the_ruleset_is_as_written():
    rules = ruleset(f"désactiver C1 à compter du 12/09/2024 {BY}")
    report = rules.evaluate(FULL)
    assert (rules.day, report.day, report.decisions) == (None, None, ())
    assert report.checks["C1"].verdict == "violé"
    assert report_document(report)["campagne"] is None


def test_every_check_a_report_shows_can_be_deactivated():
    """Those made while evaluating included; nothing else of the report changes."""
    shown = ruleset("").evaluate(FULL, [LAST])
    codes = list(dict.fromkeys(result.code for result in shown.checks.values()))
    kinds = {code.rpartition("~")[2] for code in codes if "~" in code}
    assert kinds >= {"positif", "obligatoire", "sans_objet", "saisie", "rapatriement", "comptes", "reprise"}
    assert "balance~comptes" in codes
    report = decided(f"désactiver {' ; '.join(codes)}").evaluate(FULL, [LAST])
    assert {result.verdict for result in report.checks.values()} == {"désactivé"}
    assert list(report.checks) == list(shown.checks)
    assert {code: cell.value for code, cell in report.cells.items()} == {c: v.value for c, v in shown.cells.items()}
    assert report.ready_for_validation
    assert not shown.ready_for_validation


def test_a_deactivated_check_says_nothing_but_why():
    result = decided("désactiver C1").evaluate(FULL).checks["C1"]
    assert (result.message, result.gaps, result.causes, result.justification) == ("", (), (), None)
    assert [str(each) for each in result.decisions] == ["désactivé depuis le 12/09/2024 par CM, finances : Faux."]


def test_a_check_on_several_places_is_deactivated_whole():
    report = decided("désactiver C3").evaluate(FULL)
    assert {result.verdict for result in report.checks.of("C3")} == {"désactivé"}
    assert len(report.checks.of("C3")) == 3


def test_validation_counts_by_the_severity_in_force():
    small = Dossier(2023, typed={"T.a.n": 3, "T.b.n": 1, "I.forme.v": "scic"})
    assert [r.code for r in decided("rendre C1 bloquant justifiable").evaluate(small).blockers] == ["C1"]
    assert decided("rendre C1 avertissement").evaluate(small).ready_for_validation
    assert [r.code for r in decided("rendre C2 bloquant").evaluate(small).blockers] == ["C1", "C2"]


def test_what_becomes_justifiable_may_be_justified_and_the_reverse():
    words = {"C1": "un", "C2": "deux", "T.t.n~saisie": "trois"}
    dossier = Dossier(2023, typed=FULL.typed, justifications=words)
    report = decided("rendre C1 ; T.t.n~saisie avertissement justifiable").evaluate(dossier)
    assert [report.checks[code].justification for code in words] == ["un", "deux", "trois"]
    assert decided("rendre C2 information").evaluate(dossier).checks["C2"].justification is None


def test_activation_and_severity_are_two_matters():
    rules = ruleset(
        f"""désactiver C1 à compter du 01/09/2024 {BY}
        rendre C1 information à compter du 02/09/2024 {BY}
        réactiver C1 à compter du 02/09/2024 {BY}
        désactiver C1 à compter du 03/09/2024 {BY}
        rendre C1 bloquant à compter du 04/09/2024 {BY}"""
    )
    found = []
    for day in range(1, 5):
        check = rules.on(date(2024, 9, day)).checks["C1"]
        found.append((check.active, check.severity, [each.action for each in check.decisions]))
    assert found == [
        (False, "bloquant", ["désactiver"]),
        (True, "information", ["rendre"]),
        (False, "information", ["rendre", "désactiver"]),
        (False, "bloquant", ["désactiver"]),  # back to what the ruleset says: nothing to tell
    ]
    assert rules.warnings == ()


def test_order_in_the_file_changes_nothing():
    lines = [
        f"désactiver C1 ; C2 à compter du 12/09/2024 {BY}",
        f"réactiver C1 à compter du 13/09/2024 {BY}",
        f"rendre C1 information à compter du 11/09/2024 {BY}",
    ]
    one, other = ruleset("\n".join(lines)), ruleset("\n".join(reversed(lines)))
    for day in range(10, 15):
        assert one.on(date(2024, 9, day)).typed.standings == other.on(date(2024, 9, day)).typed.standings


def test_a_dated_ruleset_can_be_put_on_another_day_and_shares_the_plan():
    rules = ruleset(f"rendre C1 information à compter du 12/09/2024 {BY}")
    after = rules.on(DAY)
    assert after.on(date(2024, 1, 1)).checks["C1"].severity == "bloquant"
    assert rules.checks["C1"].severity == "bloquant"
    assert after.plan.trials is rules.plan.trials
    assert repr(after).startswith("<Ruleset E 2023 on 2024-09-12:")


def test_a_day_is_a_date():
    with pytest.raises(TypeError, match="a date is expected"):
        ruleset("").on(datetime(2024, 9, 12))


def test_a_report_document_tells_the_day_and_the_decisions():
    document = report_document(decided("rendre C1 avertissement justifiable").evaluate(FULL))
    decision = {
        "controle": "C1",
        "action": "rendre",
        "gravite": "avertissement",
        "justifiable": True,
        "a_compter_du": "2024-09-12",
        "par": "CM, finances",
        "motif": "Faux.",
    }
    assert document["campagne"] == {"jour": "2024-09-12", "decisions": [decision]}
    assert document["controles"]["C1"]["decisions"] == [decision]
    assert document["controles"]["C2"]["decisions"] == []


@pytest.mark.parametrize(
    "code", ["C", "T.a.n", "T.z.n~saisie", "T.a.n~comptess", "L.*.z~saisie", "balance", "T.t.n~bornes"]
)
def test_a_check_no_report_shows_is_unknown(code):
    with pytest.raises(RulesetError) as refused:
        decided(f"désactiver {code}")
    assert [d.code for d in refused.value.diagnostics] == ["controle-inconnu"]


def test_an_unknown_code_gets_the_nearest():
    with pytest.raises(RulesetError, match=r"vouliez-vous dire « T\.t\.n~saisie »"):
        decided("désactiver T.tt.n~saisie")
    with pytest.raises(RulesetError, match=r"vouliez-vous dire « L\.\*\.d~saisie »"):
        decided("désactiver L.*.d~saissie")


def test_one_mistake_of_a_campagne_is_said_once():
    for text, expected in {
        "désactiver C9 à compter du 31/02/2024 par « x »": [
            "controle-inconnu",
            "date-impossible",
            "decision-incomplete",
        ],
        "désactivé C1 à compter du 12/09/2024": ["syntaxe"],
        "jeu E exercice 2023\ntableau T « t »\n  ligne a\ncontrôle C bloquant": ["declaration-inattendue"],
    }.items():
        with pytest.raises(RulesetError) as refused:
            ruleset(text)
        assert sorted(d.code for d in refused.value.diagnostics) == expected, text


def test_a_head_that_did_not_parse_is_said_once():
    for head in ("campagne", "campagne E 2023", "campagne E exercice 23"):
        text = f"{head}\ndésactiver C1 à compter du 12/09/2024 {BY}"
        with pytest.raises(RulesetError) as refused:
            compile_sources([Source.of("e.qdis", RULES)], Outcome(Source.of("campagne.qdis", text)))
        assert len(refused.value.diagnostics) == 1, head


# --- in folders -----------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "jeu.qdis").write_text(RULES, "utf-8")
    (tmp_path / "campagne.qdis").write_text(
        f"campagne E exercice 2023 désactiver C1 à compter du 12/09/2024 {BY}", "utf-8"
    )
    return tmp_path


def test_the_campagne_of_the_folder_is_read_and_is_no_source(folder):
    for which in (folder, folder / "jeu.qdis", folder / "campagne.qdis"):
        rules = load_ruleset(which)
        assert [each.code for each in rules.campaign.decisions] == ["C1"]
        assert not rules.on(DAY).checks["C1"].active


def test_another_campagne_takes_its_place(folder):
    (folder / "autre.txt").write_text("campagne E exercice 2023\n", "utf-8")
    assert load_ruleset(folder, campaign=folder / "autre.txt").on(DAY).decisions == ()
    with pytest.raises(FileNotFoundError):
        load_ruleset(folder, campaign=folder / "absente.qdis")


def test_a_campagne_elsewhere_in_the_folder_is_misplaced(folder):
    (folder / "essai").mkdir()
    (folder / "campagne.qdis").rename(folder / "essai" / "campagne.qdis")
    with pytest.raises(RulesetError) as refused:
        load_ruleset(folder)
    assert [d.code for d in refused.value.diagnostics] == ["declaration-inattendue"]


def test_a_campagne_that_is_not_utf_8_is_said_once(folder):
    (folder / "campagne.qdis").write_bytes("campagne E exercice 2023 # é".encode("latin-1"))
    with pytest.raises(RulesetError) as refused:
        load_ruleset(folder)
    assert [d.code for d in refused.value.diagnostics] == ["fichier-illisible"]


def test_a_ruleset_without_campagne_has_none_and_may_be_put_on_a_day(folder):
    (folder / "campagne.qdis").unlink()
    rules = load_ruleset(folder)
    assert rules.campaign is None
    assert rules.on(DAY).checks == rules.checks


def test_the_bundled_year_ships_an_empty_campagne():
    assert load_ruleset(2023).campaign.decisions == ()
