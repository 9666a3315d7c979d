"""`tools/generate_variants.py` on a tiny ruleset: what it finds holds, is canonical, and is found once."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from qdis_rules import load_ruleset
from qdis_rules.authoring.coverage import coverage
from qdis_rules.authoring.examples import evaluated_examples
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.source import Source
from qdis_rules.syntax.printer import format_source

ROOT = Path(__file__).parents[2]
RULES = """\
jeu ESSAI exercice 2023
tableau ID « Identité »
  colonne n « Réponse »
  ligne genre « Genre » choix locatif « Locatif » | accession « Accession »
tableau BA « Bilan » vide vaut 0
  colonne n « N » en EUR
  ligne banque « Banque » comptes n : 512
  ligne tiers « Tiers » comptes n : 4
  ligne capital « Capital » comptes n : 101 crédit
tableau P « Parc » sans objet quand ID.genre = accession
  colonne n « Logements » entier positif
  ligne loues « Loués » obligatoire
  ligne vacants « Vacants »
tableau EMP « Emprunts » liste clé k
  colonne k « Numéro » texte 8
  colonne rn « Remboursements » en kEUR entre 0 et 100
contrôle C1 bloquant « Le bilan ({gauche}) n'est pas équilibré : écart {écart}. »
  BA.banque + BA.tiers = BA.capital à 1 EUR près
contrôle C2 bloquant « La banque est à découvert ({BA.banque}). » BA.banque >= 0
contrôle C3 avertissement « Plus de {P.vacants} logements vacants. » quand P.loues > 0 : P.vacants / P.loues <= 10 %
contrôle C4 bloquant « Les loyers baissent. » P.loues >= P.loues[N-1]
contrôle C5 bloquant « Le bilan n'est pas équilibré au centime. » BA.tiers + BA.banque = BA.capital
"""
BALANCE = "compte;solde débit;solde crédit\n512;900;\n411;100;\n101;;1000\n"


@pytest.fixture
def folder(tmp_path):
    cells = {"ID.genre.n": "locatif", "P.loues.n": 200, "P.vacants.n": 3}
    dossiers = {
        "coop-2023": {"exercice": 2023, "cellules": cells, "balance": "b.csv"},
        "coop-2022": {"exercice": 2022, "cellules": {"ID.genre.n": "locatif", "P.loues.n": 190}},
        "fautif-2023": {"exercice": 2023, "cellules": {"ID.genre.n": "locatif", "P.loues.n": -1}},
    }
    dossiers["coop-2023"]["listes"] = {"EMP": [{"k": "E1", "rn": 12}]}
    (tmp_path / "dossiers").mkdir()
    (tmp_path / "exemples").mkdir()
    (tmp_path / "jeu.qdis").write_text(RULES, "utf-8")
    (tmp_path / "dossiers" / "b.csv").write_text(BALANCE, "utf-8")
    for name, parts in dossiers.items():
        content = json.dumps({"format": "qdis-dossier/1", **parts})
        (tmp_path / "dossiers" / f"{name}.json").write_text(content, "utf-8")
    return tmp_path


@pytest.fixture
def generate(folder, capsys):
    """Run the tool; return what it says and the file it writes."""
    spec = importlib.util.spec_from_file_location("generate_variants", ROOT / "tools" / "generate_variants.py")
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)

    def run(*options):
        assert tool.main(["--folder", str(folder), *options]) == 0
        return capsys.readouterr().out, (folder / "exemples" / "variantes.qdis").read_text("utf-8")

    return run


def test_each_check_is_violated_by_an_edit_of_a_dossier(folder, generate):
    said, text = generate()
    assert format_source(Source.of("v.qdis", text)).value == text
    ruleset = load_ruleset(folder)
    results = list(evaluated_examples(ruleset, DossierFolder(folder / "dossiers").read))
    assert all(result.passed for result, _ in results)
    seen = coverage(ruleset, [(result.title, report) for result, report in results])
    assert [code for code, sides in seen.checks.items() if not sides.no] == []
    assert "fautif-2023 : laissé, il viole déjà" in said
    assert "à plusieurs : C1 ; C5\n" in said


def test_variants_are_short_and_titled_without_figures(generate):
    _, text = generate()
    assert "exemple « C2 : La banque est à découvert » sur « coop-2023 »\n" in text
    assert "  donne compte 101 = 0\n  donne compte 512 = -100\n  attend contrôle C2 violé seul\n" in text
    assert "  donne P.loues absent\n  attend contrôle P.loues.n~obligatoire violé seul\n" in text.replace(
        ".n absent", " absent"
    )
    assert "  donne EMP.E1.rn = -0,01\n  attend contrôle EMP.*.rn~bornes violé seul\n" in text


def test_what_still_holds_is_kept_and_the_rest_is_looked_for_again(folder, generate):
    _, first = generate()
    said, again = generate()
    assert again == first
    assert "0 contrôles à chercher" in said
    edited = first.replace("donne EMP.E1.rn = -0,01", "donne EMP.E1.rn = 77")
    (folder / "exemples" / "variantes.qdis").write_text(edited, "utf-8")
    said, again = generate()
    assert again == first
    assert "1 contrôles à chercher" in said
