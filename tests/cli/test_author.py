"""`qdis analyser` and `qdis tester`: diagnostics, summaries, exit codes."""

import json
import re

from .conftest import FAILING, GOOD, PASSING, RULES, dossier

WRONG = (
    "jeu X exercice 2023\ntableau A « a »\n  colonne n « n » en EUR\n  ligne x « x »\nagrégat S.t « t » en EUR = A.y\n"
)


def write(place, name, text):
    (place / name).write_text(text, encoding="utf-8")


# --- analyser -----------------------------------------------------------------


def test_a_sound_ruleset_exits_0_with_its_size(place, qdis):
    result = qdis("analyser", "jeu.qdis")
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert re.fullmatch(r"0 erreur, \d+ avertissements? ; 3 tableaux, 13 cellules, \d+ contrôles, 5 agrégats\.", last)


def test_warnings_alone_exit_0(place, qdis):
    write(place, "avert.qdis", RULES.replace("  source « PCG »\n", ""))
    result = qdis("analyser", "avert.qdis")
    assert result.exit_code == 0
    assert "avertissement[source-manquante]" in result.stdout


def test_an_error_shows_its_place_and_exits_1(place, qdis):
    write(place, "faux.qdis", WRONG)
    result = qdis("analyser", "faux.qdis")
    assert (result.exit_code, result.stderr) == (1, "")
    assert "faux.qdis:5:" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 erreur, 1 avertissement ; 1 tableau, 1 cellule,")


def test_a_folder_is_read_whole(place, qdis):
    (place / "jeu").mkdir()
    write(place, "jeu/a.qdis", RULES)
    write(place, "jeu/b.qdis", PASSING)
    assert qdis("analyser", "jeu").exit_code == 0


def test_what_cannot_be_read_exits_2(place, qdis):
    (place / "vide").mkdir()
    for which, words in (
        ("nulle-part", "ce chemin n'existe pas"),
        ("vide", "aucun fichier .qdis"),
        ("1999", "aucun jeu de règles n'est fourni pour l'exercice 1999"),
        ("nul\0", "ce chemin n'existe pas"),
    ):
        result = qdis("analyser", which)
        assert (result.exit_code, result.stdout) == (2, "")
        assert words in result.stderr


CHART = "compte;libellé;nature\n21;Immobilisations;débit\n10;Capital;crédit\n"
MAPPED = RULES.replace("ligne terrains « Terrains »\n", "ligne terrains « Terrains » comptes brut : 21\n").replace(
    "ligne emprunts « Emprunts »\n", "ligne emprunts « Emprunts » comptes : 10 crédit\n"
)


def test_the_proof_by_the_accounts_comes_first(place, qdis):
    write(place, "jeu.qdis", MAPPED)
    write(place, "comptes.csv", CHART)
    result = qdis("analyser", "jeu.qdis", "--comptes")
    assert result.exit_code == 0
    first = result.stdout.splitlines()
    assert first[0] == "comptes.csv : 2 comptes, dont 2 terminaux."
    assert first[1].startswith("Chaque compte terminal entre dans un état comptable")
    assert re.match(r"BA +1 +1 +0 +0 +0 +0$", first[4])


def test_an_account_without_a_cell_exits_1_at_its_line(place, qdis):
    write(place, "jeu.qdis", MAPPED)
    write(place, "autre.csv", CHART + "44;État;deux sens\n")
    result = qdis("analyser", "jeu.qdis", "--comptes", "autre.csv")
    assert (result.exit_code, result.stderr) == (1, "")
    assert "erreur[compte-sans-cellule] le compte 44 « État »" in result.stdout
    assert " ┌─ autre.csv:4:1" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 erreur")


def test_a_chart_that_cannot_be_read(place, qdis):
    result = qdis("analyser", "jeu.qdis", "--comptes", "absent.csv")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "absent.csv : plan de comptes : ce fichier n'existe pas [plan-introuvable]" in result.stderr
    write(place, "faux.csv", CHART + "x;y;débit\n")
    result = qdis("analyser", "jeu.qdis", "--comptes", "faux.csv")
    assert result.exit_code == 1
    assert "erreur[plan-invalide] « x » n'est pas un compte" in result.stdout
    assert " ┌─ faux.csv:4:1" in result.stdout


def test_no_proof_of_a_ruleset_with_errors(place, qdis):
    write(place, "faux.qdis", WRONG)
    write(place, "comptes.csv", CHART)
    result = qdis("analyser", "faux.qdis", "--comptes")
    assert result.exit_code == 1
    assert "et la preuve par les comptes viendront quand il n'y aura plus d'erreur." in result.stdout
    assert "terminaux" not in result.stdout


def test_the_proof_in_json(place, qdis):
    write(place, "jeu.qdis", MAPPED)
    write(place, "comptes.csv", CHART)
    found = json.loads(qdis("analyser", "jeu.qdis", "--json", "--comptes").stdout)["comptes"]
    assert (found["comptes"], found["terminaux"], found["sans_cellule"]) == (2, 2, [])
    assert found["etats"][0]["terminaux"] == {
        "21": {"debiteur": ["BA.terrains.brut"], "crediteur": ["BA.terrains.brut"]}
    }
    (part,) = found["agregats"]["SF.net"]
    assert part["debiteur"] == {"1": ["21"]}
    assert "comptes" not in json.loads(qdis("analyser", "jeu.qdis", "--json").stdout)


def test_analyser_json(place, qdis):
    write(place, "faux.qdis", WRONG)
    result = qdis("analyser", "faux.qdis", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["erreurs"], found["taille"]["tableaux"]) == (1, 1, 1)
    assert found["diagnostics"][0]["lieu"]["ligne"] == 5
    assert json.loads(qdis("analyser", "nulle-part", "--json").stdout)["problemes"]


def test_carets_are_not_broken_on_a_narrow_terminal(place, terminal):
    write(place, "faux.qdis", WRONG.replace("« t »", f"« {'t' * 60} »"))
    out, code = terminal("analyser", "faux.qdis", COLUMNS="40")
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out).replace("\r", "").split("\n")
    source = next(index for index, line in enumerate(lines) if "tttt" in line)
    assert code == 1
    column = lines[source + 1].index("^")
    assert lines[source][column : column + 3] in ("S.t", "A.y")
    assert "\x1b[1;31m^" in out


# --- tester -------------------------------------------------------------------


def test_passing_examples(place, qdis):
    write(place, "ex.qdis", RULES + PASSING)
    result = qdis("tester", "ex.qdis")
    assert result.exit_code == 0
    assert result.stdout.startswith("✓ équilibrée\n1 exemple réussi, 0 échec.\n\nCouverture, par 1 exemple")


def test_a_failing_example_shows_what_was_found(place, qdis):
    write(place, "ex.qdis", RULES + PASSING + FAILING)
    result = qdis("tester", "ex.qdis")
    assert result.exit_code == 1
    assert "✓ équilibrée\n✗ en échec\n    erreur[attente-non-satisfaite]" in result.stdout
    assert "obtenu : 100\u00a0EUR" in result.stdout


def test_no_example_is_said(place, qdis):
    result = qdis("tester", "jeu.qdis")
    assert result.exit_code == 0
    assert "aucun exemple" in result.stdout


def test_a_ruleset_in_error_is_its_author_s(place, qdis):
    write(place, "faux.qdis", WRONG)
    result = qdis("tester", "faux.qdis")
    assert result.exit_code == 1
    assert "faux.qdis:5:" in result.stdout


def test_tester_json(place, qdis):
    write(place, "ex.qdis", RULES + PASSING + FAILING)
    found = json.loads(qdis("tester", "ex.qdis", "--json").stdout)
    assert [each["reussi"] for each in found["exemples"]] == [True, False]
    assert (found["reussis"], found["echoues"]) == (1, 1)
    write(place, "faux.qdis", WRONG)
    wrong = json.loads(qdis("tester", "faux.qdis", "--json").stdout)
    assert wrong["problemes"]
    assert wrong["diagnostics"]


def coverage(place, qdis, *options):
    """Run the examples and dossiers of the folder `jeu`: one of 2023 with its year before, one that is broken."""
    (place / "jeu" / "dossiers").mkdir(parents=True)
    write(place, "jeu/a.qdis", RULES + PASSING)
    write(place, "jeu/b.qdis", "exemple « elle » sur « elle-2023 »\n  attend AE.evolution = 10 kEUR\n")
    write(place, "jeu/dossiers/elle-2023.json", dossier({**GOOD, "T06.loyers.n": 100}))
    write(place, "jeu/dossiers/elle-2022.json", dossier({"T06.loyers.n": "90"}, year=2022))
    return qdis("tester", "jeu", *options)


def test_coverage_counts_examples_and_whole_dossiers(place, qdis):
    result = coverage(place, qdis)
    assert result.exit_code == 0
    assert (
        "2 exemples réussis, 0 échec.\n1 dossier entier validable sur 1.\n\nCouverture, par 2 exemples et 1 dossier entier :"
        in result.stdout
    )
    assert "  contrôles vus satisfaits : 8 sur 9 (88,8 %)\n  contrôles vus violés : 0 sur 9 (0,0 %)" in result.stdout
    assert "TAX01" not in result.stdout


def test_what_is_missing_is_told_by_code_when_asked_for(place, qdis):
    result = coverage(place, qdis, "--manquants")
    assert result.exit_code == 0
    assert "\nagrégats jamais calculés (1) :\n  AE.poids\n" in result.stdout
    assert "\nseuils jamais franchis (1) :\n  SF.levier alerte > 80 %\n" in result.stdout


def test_coverage_may_be_asked_for_whole(place, qdis):
    result = coverage(place, qdis, "--exiger-tout")
    assert result.exit_code == 1
    assert "contrôles jamais violés (9) :" in result.stdout
    write(place, "tout.qdis", "jeu X exercice 2023\n")
    assert qdis("tester", "tout.qdis", "--exiger-tout").exit_code == 0


def test_a_dossier_that_cannot_be_used_is_a_failure(place, qdis):
    coverage(place, qdis)
    write(place, "jeu/dossiers/casse.json", "{")
    result = qdis("tester", "jeu")
    assert result.exit_code == 1
    assert "dossier inutilisable : casse.json:1:2 : fichier tronqué" in result.stdout
    assert json.loads(qdis("tester", "jeu", "--json").stdout)["problemes"][0].startswith("casse.json:1:2")


def test_coverage_in_json(place, qdis):
    found = json.loads(coverage(place, qdis, "--json").stdout)
    assert found["dossiers"] == ["elle-2023"]
    assert found["couverture"]["complete"] is False
    assert found["couverture"]["comptes"]["agrégats calculés"] == {"vus": 4, "sur": 5}
    assert found["couverture"]["manquants"]["agrégats jamais calculés"] == ["AE.poids"]
    assert found["couverture"]["controles_du_dossier"]["saisie"] == {"satisfaits": 0, "violes": 0}


def test_ticks_are_coloured_on_a_terminal(place, terminal):
    write(place, "ex.qdis", RULES + PASSING + FAILING.replace("en échec", "en [red]échec"))
    out, code = terminal("tester", "ex.qdis")
    assert code == 1
    assert "\x1b[1;32m✓" in out
    assert "en [red]échec" in out
