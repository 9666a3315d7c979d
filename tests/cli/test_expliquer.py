"""`qdis expliquer`: codes, repères, the gravest place of a check, unknown codes."""

import json
import re

from .conftest import dossier


def test_the_lines_of_an_explanation(place, qdis):
    result = qdis("expliquer", "coop.json", "SF.levier", "--jeu", "jeu.qdis")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "SF.levier (S2) « Emprunts rapportés à l'actif net » = 99,0\u00a0%"
    assert "  = BP.emprunts / BA.total.net" in lines
    assert "Constructions [red]213[/red]" in result.stdout


def test_a_missing_value_names_the_cells_to_fill(place, qdis):
    out = qdis("expliquer", "coop.json", "BIL01", "--jeu", "jeu.qdis").stdout
    assert "à remplir : BP.capital.n « Capital »" in out


def test_a_repere_stands_for_its_code(place, qdis):
    assert qdis("expliquer", "coop.json", "6.01", "--jeu", "jeu.qdis").stdout.startswith("T06.annuites.n (6.01)")


def test_a_check_on_several_places_shows_the_gravest(place, qdis):
    (place / "imm.json").write_text(dossier({"BA.constructions.brut": 1, "BA.constructions.amort": 5}))
    out = qdis("expliquer", "imm.json", "IMM02", "--jeu", "jeu.qdis").stdout
    assert out.startswith("IMM02[constructions]")


def test_an_unknown_code_suggests_one(place, qdis):
    result = qdis("expliquer", "coop.json", "SF.levie", "--jeu", "jeu.qdis")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "SF.levie : code inconnu, vouliez-vous dire SF.levier ?" in result.stderr


def test_an_earlier_year_is_read(place, qdis):
    out = qdis("expliquer", "coop.json", "AE.evolution", "--jeu", "jeu.qdis", "--precedent", "avant.json").stdout
    assert "T06.loyers.n[N-1] « Loyers » = 90\u00a0kEUR" in out


def test_json(place, qdis):
    found = json.loads(qdis("expliquer", "coop.json", "SF.levier", "--jeu", "jeu.qdis", "--json").stdout)
    assert (found["code"], found["valeur"]) == ("SF.levier", "99,0\u00a0%")
    wrong = qdis("expliquer", "coop.json", "rien", "--jeu", "jeu.qdis", "--json")
    assert wrong.exit_code == 2
    assert json.loads(wrong.stdout)["problemes"][0]["code"] == "code-inconnu"


def test_a_terminal_gets_the_same_as_a_tree(place, terminal):
    out, code = terminal("expliquer", "coop.json", "SF.levier", "--jeu", "jeu.qdis")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out)
    assert code == 0
    assert "├── = BP.emprunts / BA.total.net" in plain
    assert "Constructions [red]213[/red], Brut » = 1\u202f000\u00a0EUR" in plain
