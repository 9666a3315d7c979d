"""The campagne on the command line: applied by default from the ruleset's folder, and told."""

import json
from datetime import datetime

import pytest

CAMPAIGN = """campagne OUEST exercice 2023
désactiver BIL01 ; BP.capital.n~obligatoire
  à compter du 12/09/2024
  par « Claire Martin, service finances »
  motif « Bloque les baux à construction. »
rendre TAX01 information
  à compter du 01/10/2024 par « Paul Roy » motif « Un usage. »
"""
SAID = "désactivé depuis le 12/09/2024 par Claire Martin, service finances : Bloque les baux à construction."


@pytest.fixture
def campaign(place):
    (place / "campagne.qdis").write_text(CAMPAIGN, "utf-8")
    return place


def test_the_campagne_beside_the_ruleset_is_applied_and_told(campaign, qdis):
    result = qdis("verifier", "coop.json", "--jeu", "jeu.qdis", "--le", "15/09/2024")
    assert result.exit_code == 0
    assert "Campagne      : 2 décisions en vigueur le 15/09/2024 (campagne.qdis)" in result.stdout
    assert "Décisions de campagne en vigueur (2)" in result.stdout
    assert f"  BIL01  {SAID}" in result.stdout
    assert "2 désactivés" in result.stdout
    before = qdis("verifier", "coop.json", "--jeu", "jeu.qdis", "--le", "11/09/2024")
    assert before.exit_code == 1
    assert "Campagne      : aucune décision en vigueur le 11/09/2024 (campagne.qdis)" in before.stdout
    assert "Décisions de campagne" not in before.stdout


def test_a_changed_severity_is_told_with_the_check(campaign, qdis):
    out = qdis("verifier", "coop.json", "--jeu", "jeu.qdis", "--le", "01/10/2024").stdout
    block = out[out.index("Informations (2)") :]
    assert "  TAX01  Les annuités" in block
    assert "      campagne : rendu information depuis le 01/10/2024 par Paul Roy : Un usage.\n" in block


def test_the_day_is_today_by_default_and_is_printed(campaign, qdis):
    first, out, last = _today(), qdis("verifier", "bon.json", "--jeu", "jeu.qdis").stdout, _today()
    assert any(f"3 décisions en vigueur le {day} " in out for day in (first, last))


def _today():
    return f"{datetime.now().astimezone():%d/%m/%Y}"


def test_another_campagne_can_be_given(campaign, qdis):
    (campaign / "vide.txt").write_text("campagne OUEST exercice 2023\n", "utf-8")
    result = qdis("verifier", "coop.json", "--jeu", "jeu.qdis", "--campagne", "vide.txt", "--le", "15/09/2024")
    assert result.exit_code == 1
    assert "aucune décision en vigueur le 15/09/2024 (vide.txt)" in result.stdout


def test_no_campagne_no_word_of_it(place, qdis):
    assert "ampagne" not in qdis("verifier", "coop.json", "--jeu", "jeu.qdis").stdout


def test_json_tells_the_day_and_the_decisions(campaign, qdis):
    document = json.loads(qdis("verifier", "coop.json", "--jeu", "jeu.qdis", "--le", "15/09/2024", "--json").stdout)
    assert document["campagne"]["jour"] == "2024-09-15"
    assert [each["controle"] for each in document["campagne"]["decisions"]] == ["BIL01", "BP.capital.n~obligatoire"]
    assert document["controles"]["BIL01"]["decisions"][0]["par"] == "Claire Martin, service finances"


def test_expliquer_says_who_deactivated_a_check(campaign, qdis):
    out = qdis("expliquer", "coop.json", "BIL01", "--jeu", "jeu.qdis", "--le", "15/09/2024").stdout
    assert out.splitlines()[:2] == ["BIL01 « BIL01 » = désactivé", f"  campagne : {SAID}"]


def test_a_terminal_tells_the_same(campaign, terminal):
    shown, code = terminal("expliquer", "coop.json", "BIL01", "--jeu", "jeu.qdis", "--le", "15/09/2024", COLUMNS="200")
    assert (f"campagne : {SAID}" in shown, code) == (True, 0)
    shown, code = terminal("verifier", "coop.json", "--jeu", "jeu.qdis", "--le", "15/09/2024", COLUMNS="200")
    assert ("Décisions de campagne en vigueur (2)" in shown, SAID in shown, code) == (True, True, 0)


@pytest.mark.parametrize("day", ["2024-09-15", "15/9/2024", "31/02/2024", "15/09/24", "demain", ""])
def test_a_day_that_is_none_is_refused(campaign, qdis, day):
    result = qdis("verifier", "coop.json", "--jeu", "jeu.qdis", "--le", day)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "n'est pas une date : --le attend jj/mm/aaaa." in result.stderr


def test_a_campagne_in_error_shows_its_diagnostics_and_exits_2(campaign, qdis):
    (campaign / "campagne.qdis").write_text(CAMPAIGN.replace("BIL01", "BIL1"), "utf-8")
    result = qdis("verifier", "coop.json", "--jeu", "jeu.qdis")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cette campagne a des erreurs [campagne-en-erreur]" in result.stderr
    assert "┌─ campagne.qdis:2:12" in result.stderr
    assert "vouliez-vous dire « BIL01 » ?" in result.stderr


def test_a_campagne_that_does_not_exist_is_told(place, qdis):
    result = qdis("verifier", "bon.json", "--campagne", "absente.qdis")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "absente.qdis : campagne : cette campagne n'existe pas ou ne peut pas être lue" in result.stderr


def test_analyser_checks_the_campagne_with_its_ruleset(campaign, qdis):
    for words in (["jeu.qdis"], ["campagne.qdis"], ["."]):
        result = qdis("analyser", *words)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.rstrip().endswith("campagne : 3 décisions.")
    (campaign / "campagne.qdis").write_text(CAMPAIGN + "désactiver TAX1\n", "utf-8")
    result = qdis("analyser", ".", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["erreurs"]) == (1, 2)
    assert {"controle-inconnu", "decision-incomplete"} <= {each["code"] for each in document["diagnostics"]}


def test_analyser_says_what_is_wrong_with_the_text_of_a_campagne_even_of_a_ruleset_in_error(campaign, qdis):
    (campaign / "jeu.qdis").write_text("jeu OUEST exercice 2023\nagrégat A.b « b » en EUR = C.d\n", "utf-8")
    (campaign / "campagne.qdis").write_text("campagne OUEST exercice 2023\nsupprimer BIL01\n", "utf-8")
    out = qdis("analyser", ".").stdout
    assert "┌─ campagne.qdis:2:1" in out
    assert "controle-inconnu" not in out


def test_formater_formats_a_campagne_wherever_it_is(campaign, qdis):
    (campaign / "essai.qdis").write_text("# Essai.\n" + CAMPAIGN, "utf-8")
    result = qdis("formater", "essai.qdis", "--ecrire")
    assert (result.exit_code, result.stderr) == (0, "")
    text = (campaign / "essai.qdis").read_text("utf-8")
    assert "\n  à compter du 01/10/2024\n  par « Paul Roy »\n  motif « Un usage. »\n" in text
    assert qdis("formater", "essai.qdis", "--verifier").exit_code == 0


def test_tester_runs_the_ruleset_as_written(campaign, qdis):
    rules = (campaign / "jeu.qdis").read_text("utf-8")
    (campaign / "jeu.qdis").write_text(
        rules + "exemple « e »\n  donne BP.capital = 5\n  donne BP.emprunts = 0\n  attend contrôle BIL01 indéterminé\n",
        "utf-8",
    )
    assert qdis("tester", ".").exit_code == 0
