"""`qdis verifier`: what is shown, in which order, and the exit code of step 4."""

import json
import re
from pathlib import Path

import pytest

from qdis_rules.cli.output import counted

from .conftest import BAD, GOOD, dossier

GOLDEN = Path(__file__).with_name("verifier.txt")


def test_golden(place, qdis, request):
    result = qdis("verifier", "coop.json", "--jeu", "jeu.qdis")
    assert result.exit_code == 1
    assert result.stderr == ""
    if request.config.getoption("--update-golden", default=False):
        GOLDEN.write_text(result.stdout, encoding="utf-8")
    assert result.stdout == GOLDEN.read_text(encoding="utf-8")


def test_a_ready_dossier_exits_0_with_the_conclusion_last(place, qdis):
    result = qdis("verifier", "bon.json", "--jeu", "jeu.qdis")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Étape 4 : le dossier peut être validé."


def test_the_tab_sf_comes_before_ae_whatever_the_ruleset_declares_first(place, qdis):
    out = qdis("verifier", "bon.json", "--jeu", "jeu.qdis").stdout
    assert out.index("QDIS SF : Structure financière") < out.index("QDIS AE : Analyse de l'exploitation")


def test_an_undetermined_blocking_check_names_the_cells_to_fill(place, qdis):
    out = qdis("verifier", "coop.json", "--jeu", "jeu.qdis").stdout
    block = out[out.index("Contrôles bloquants indéterminés (1)") :]
    assert "BIL01" in block
    assert "à remplir : BP.capital.n « Capital »" in block
    assert out.splitlines()[-1].startswith("Étape 4 : validation impossible : 2 contrôles bloquants")


def test_an_empty_dossier_is_not_ready(place, qdis):
    (place / "vide.json").write_text(dossier({}))
    result = qdis("verifier", "vide.json", "--jeu", "jeu.qdis")
    assert result.exit_code == 1
    assert "(non calculable)" in result.stdout
    assert "tableau à fournir : BA « Bilan actif »" in result.stdout


def test_places_of_a_check_that_lack_the_same_things_are_told_together(place, qdis):
    (place / "vide.json").write_text(dossier({}))
    out = qdis("verifier", "vide.json", "--jeu", "jeu.qdis").stdout
    assert (
        "  IMM02 × 2°  amort <= brut\n      pour : « Terrains », « Constructions [red]213[/red] »\n      tableau" in out
    )


def test_an_earlier_dossier_is_read(place, qdis):
    without = qdis("verifier", "bon.json", "--jeu", "jeu.qdis").stdout
    assert "exercice manquant : 2022" in without
    given = qdis("verifier", "bon.json", "--jeu", "jeu.qdis", "--precedent", "avant.json").stdout
    assert re.search(r"AE\.evolution +Évolution des loyers +10\u00a0kEUR", given)


def test_a_problem_of_an_earlier_dossier_is_told(place, qdis):
    result = qdis("verifier", "bon.json", "--jeu", "jeu.qdis", "--precedent", "bon.json", "--precedent", "nul.json")
    assert result.exit_code == 2
    assert "nul.json" in result.stderr


def test_an_earlier_dossier_goes_with_one_dossier_only(place, qdis):
    result = qdis("verifier", "bon.json", "coop.json", "--jeu", "jeu.qdis", "--precedent", "avant.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--precedent ne va qu'avec un seul dossier" in result.stderr


def test_every_problem_of_a_dossier_is_told_with_its_place(place, qdis):
    result = qdis("verifier", "inconnu.json", "--jeu", "jeu.qdis")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "inconnu.json : cellules/BA.x :" in result.stderr
    assert "inconnu.json : cellules/BA.terrain.brut :" in result.stderr
    assert "vouliez-vous dire BA.terrains.brut ?" in result.stderr


def test_a_place_in_a_file_is_told_once_with_its_folder(place, qdis):
    (place / "d").mkdir()
    (place / "d" / "casse.json").write_text('{\n"a" 1}')
    assert qdis("verifier", "d/casse.json", "--jeu", "jeu.qdis").stderr.startswith("d/casse.json:2:5 : ")


@pytest.mark.parametrize("name", ["absent.json", "casse.json", ".", "nul\0.json"])
def test_a_file_that_cannot_be_read_exits_2(place, qdis, name):
    result = qdis("verifier", name, "--jeu", "jeu.qdis")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_a_ruleset_in_error_shows_its_diagnostics_and_exits_2(place, qdis):
    (place / "faux.qdis").write_text("jeu X exercice 2023\nagrégat A.b « b » en EUR = C.d\n", encoding="utf-8")
    result = qdis("verifier", "bon.json", "--jeu", "faux.qdis")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "┌─ faux.qdis:2:" in result.stderr
    assert "^" in result.stderr


def test_a_year_without_ruleset_says_to_give_one(place, qdis):
    (place / "vieux.json").write_text(dossier({}, year=1999))
    result = qdis("verifier", "vieux.json")
    assert result.exit_code == 2
    assert "aucun jeu de règles n'est fourni pour l'exercice 1999 : donnez-en un avec --jeu" in result.stderr


def test_a_dossier_of_another_year_than_its_ruleset_is_refused(place, qdis):
    assert qdis("verifier", "avant.json", "--jeu", "jeu.qdis").exit_code == 2


# --- several dossiers ---------------------------------------------------------


def test_one_unreadable_dossier_does_not_stop_the_others(place, qdis):
    result = qdis("verifier", "coop.json", "casse.json", "bon.json", "--jeu", "jeu.qdis")
    assert result.exit_code == 2
    assert result.stdout.count("Étape 4") == 2
    assert result.stdout.index("coop.json") < result.stdout.index("bon.json")
    assert "casse.json" in result.stderr


def test_the_exit_code_is_that_of_the_worst(place, qdis):
    assert qdis("verifier", "bon.json", "bon.json", "--jeu", "jeu.qdis").exit_code == 0
    assert qdis("verifier", "bon.json", "coop.json", "--jeu", "jeu.qdis").exit_code == 1


def test_several_dossiers_make_a_json_list(place, qdis):
    result = qdis("verifier", "coop.json", "casse.json", "bon.json", "--jeu", "jeu.qdis", "--json")
    found = json.loads(result.stdout)
    assert [each["fichier"] for each in found] == ["coop.json", "casse.json", "bon.json"]
    assert [each.get("pret_pour_validation") for each in found] == [False, None, True]
    assert found[1]["problemes"][0]["code"] == "json-mal-forme"


# --- JSON ---------------------------------------------------------------------


def test_one_dossier_gives_the_report_document(place, qdis):
    result = qdis("verifier", "coop.json", "--jeu", "jeu.qdis", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["format"]) == (1, "qdis-rapport/1")
    assert found["obstacles"] == ["BIL01", "BP.capital.n~obligatoire"]
    assert "Évolution" in result.stdout


@pytest.mark.parametrize("args", [["absent.json"], ["inconnu.json"], ["bon.json", "--jeu", "nulle-part"]])
def test_an_error_is_json_too(place, qdis, args):
    jeu = [] if "--jeu" in args else ["--jeu", "jeu.qdis"]
    result = qdis("verifier", *args, *jeu, "--json")
    assert (result.exit_code, result.stderr) == (2, "")
    assert json.loads(result.stdout)["problemes"]


# --- what users write is never markup, never a control ------------------------


def test_user_text_is_shown_as_written(place, qdis):
    out = qdis("verifier", "coop.json", "--jeu", "jeu.qdis").stdout
    assert "Coop [bold]Ouest[/bad]" in out
    assert "justifié par l'organisme : Programme neuf. Voir note." in out


def test_control_characters_do_not_reach_the_terminal(place, qdis, terminal):
    (place / "pirate.json").write_text(dossier(BAD, organisme="A\x1b[2J\u202eB"), encoding="utf-8")
    for out in (
        qdis("verifier", "pirate.json", "--jeu", "jeu.qdis").stdout,
        terminal("verifier", "pirate.json", "--jeu", "jeu.qdis")[0],
    ):
        assert "\x1b[2J" not in out
        assert "\u202e" not in out
        assert "[2J" in out


def test_an_amount_is_never_cut_on_a_narrow_terminal(place, terminal):
    (place / "gros.json").write_text(dossier({**GOOD, "T06.loyers.n": "123456789012345"}), encoding="utf-8")
    out, _ = terminal("verifier", "gros.json", "--jeu", "jeu.qdis", COLUMNS="50")
    assert "41\u202f152\u202f263\u202f004\u202f115\u00a0kEUR" in out


# --- terminal and pipe --------------------------------------------------------


def test_a_pipe_gets_no_escape_sequence(place, process):
    done = process("verifier", "coop.json", "bon.json", "--jeu", "jeu.qdis", FORCE_COLOR="1")
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    assert "╭" not in done.stdout


def test_a_terminal_gets_panels_and_colours(place, terminal):
    out, code = terminal("verifier", "coop.json", "--jeu", "jeu.qdis")
    assert code == 1
    assert "╭" in out
    assert "\x1b[" in out
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out)
    assert "Coop [bold]Ouest[/bad]" in plain
    assert "Étape 4 : validation impossible" in plain


def test_no_color_is_respected_on_a_terminal(place, terminal):
    out, _ = terminal("verifier", "coop.json", "--jeu", "jeu.qdis", NO_COLOR="1")
    assert "\x1b" not in out
    assert "╭" in out


def test_a_bar_follows_several_dossiers_on_a_terminal(place, terminal):
    out, _ = terminal("verifier", "bon.json", "coop.json", "--jeu", "jeu.qdis")
    assert "Vérification" in out
    assert out.rindex("Vérification") < out.index("Étape 4")


def test_a_terminal_and_a_pipe_tell_the_same_figures(place, qdis, terminal):
    piped = qdis("verifier", "coop.json", "--jeu", "jeu.qdis").stdout
    shown, _ = terminal("verifier", "coop.json", "--jeu", "jeu.qdis", NO_COLOR="1")
    figures = re.findall(r"-?[0-9][0-9\u202f,]*\u00a0(?:EUR|kEUR|%)", piped)
    assert len(figures) > 5
    assert [figure for figure in figures if figure not in shown] == []


def test_french_counts():
    assert [counted(n, "erreur") for n in (0, 1, 2)] == ["0 erreur", "1 erreur", "2 erreurs"]


HEAD = "agrégat;code;famille;q1;médiane;q3;unité;source;fiabilité;remarque\n"


def test_quartiles_are_shown_under_their_aggregate_with_how_far_to_trust_them(place, qdis):
    (place / "quartiles.csv").write_text(
        HEAD + "SF.levier;D99;COOP;1,5;20;40;%;Rapport;partielle;année non nommée\n", "utf-8"
    )
    lines = qdis("verifier", "bon.json", "--jeu", "jeu.qdis", "--quartiles", "coop").stdout.splitlines()
    above = next(index for index, line in enumerate(lines) if "SF.levier" in line)
    assert lines[above + 1] == "      ~ COOP : médiane 20, quartiles 1,5 et 40 (partielle, année non nommée)"
    assert "~" not in qdis("verifier", "bon.json", "--jeu", "jeu.qdis").stdout


def test_quartiles_that_cannot_be_shown_are_told(place, qdis):
    absent = qdis("verifier", "bon.json", "--jeu", "jeu.qdis", "--quartiles", "COOP")
    assert (absent.exit_code, "references-introuvables" in absent.stderr) == (2, True)
    (place / "quartiles.csv").write_text(HEAD + "SF.levier;D99;COOP;1;2;3;%;Rapport;partielle;\n", "utf-8")
    unknown = qdis("verifier", "bon.json", "--jeu", "jeu.qdis", "--quartiles", "OPH")
    assert (unknown.exit_code, "famille-inconnue" in unknown.stderr) == (2, True)
    assert qdis("verifier", "bon.json", "--jeu", "jeu.qdis", "--quartiles", "COOP", "--json").exit_code == 2
