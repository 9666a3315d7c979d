"""A small ruleset, dossiers, and three ways to run `qdis`: in process, as a process, on a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdis_rules.cli.app import app

ROOT = Path(__file__).parents[2]

RULES = """\
# Jeu d'essai de la ligne de commande.
jeu OUEST exercice 2023
  version « 1.0 »
  tolérance 1 EUR

tableau BA « Bilan actif »
  vide vaut 0
  repère « 1 »
  colonne brut  « Brut » en EUR
  colonne amort « Amortissements » en EUR positif
  colonne net   « Net » en EUR = brut - amort
  ligne terrains « Terrains »
  ligne constructions « Constructions [red]213[/red] »
  ligne total « Total de l'actif » = somme(terrains..constructions)

tableau BP « Bilan passif »
  repère « 2 »
  colonne n « Exercice » en EUR
  ligne capital « Capital » obligatoire
  ligne emprunts « Emprunts »

tableau T06 « Dettes et annuités »
  repère « 6 »
  colonne n « Exercice » en kEUR
  ligne annuites « Annuités locatives » repère « 6.01 »
  ligne loyers « Loyers » repère « 6.02 »

famille AE « Analyse de l'exploitation »

famille SF « Structure financière »

agrégat SF.net « Actif net » en EUR
  = BA.total.net
  source « PCG »
  fiabilité sourcée
  repère « S1 »

agrégat SF.levier « Emprunts rapportés à l'actif net » en % arrondi 1
  quand BA.total.net > 0 :
  = BP.emprunts / BA.total.net
  seuil alerte > 80 % « Plus de 80 % de l'actif est emprunté. »
  rubrique « Endettement »
  source « usage »
  fiabilité déduite
  repère « S2 »

agrégat AE.poids « Annuités rapportées aux loyers » en % arrondi 2
  quand T06.loyers > 0 :
  = T06.annuites / T06.loyers
  source « usage »
  fiabilité à confirmer

agrégat AE.tiers « Tiers des loyers » en kEUR
  = T06.loyers / 3
  source « usage »

agrégat AE.evolution « Évolution des loyers » en kEUR
  = T06.loyers - T06.loyers[N-1]
  source « usage »

contrôle BIL01 bloquant « L'actif net ({BA.total.net}) et le passif diffèrent de {écart}. »
  BA.total.net = BP.capital + BP.emprunts à 1 EUR près
  source « PCG, art. 112-2 »

contrôle IMM02 bloquant « {ligne} : les amortissements ({amort}) dépassent le brut ({brut}). »
  pour chaque ligne de BA parmi terrains ; constructions
  amort <= brut
  source « usage »
  fiabilité déduite

contrôle TAX01 avertissement justifiable « Les annuités font {AE.poids} des loyers. »
  quand T06.loyers > 0 :
  AE.poids entre 3 % et 25 %
  source « usage »

contrôle EVO01 avertissement « Les loyers baissent. »
  AE.evolution >= 0
  source « usage »

contrôle TER01 information « Aucun terrain n'est inscrit. »
  BA.terrains.brut > 0
  source « usage »
"""

PASSING = """
exemple « équilibrée »
  donne BA.terrains.brut = 100 EUR
  donne BP.capital = 60 EUR
  donne BP.emprunts = 40 EUR
  attend SF.levier = 40 %
  attend contrôle BIL01 satisfait
"""

FAILING = """
exemple « en échec »
  donne BA.terrains.brut = 100 EUR
  attend SF.net = 99 EUR
"""

GOOD = {"BA.terrains.brut": 1000, "BP.capital.n": "1 000,00", "BP.emprunts.n": 0}
BAD = {"BA.constructions.brut": "1 000,00", "BA.constructions.amort": 100, "BP.emprunts.n": "891"}


def dossier(cells, year=2023, **parts):
    return json.dumps({"format": "qdis-dossier/1", "exercice": year, "cellules": cells, **parts})


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working folder: `jeu.qdis`, `bon.json` (ready), `coop.json` (not), `avant.json` (2022)."""

    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")

    write("jeu.qdis", RULES)
    write("bon.json", dossier({**GOOD, "T06.annuites.n": 20, "T06.loyers.n": 100}))
    reasons = {"TAX01": "Programme neuf.\nVoir note."}
    annuities = {"T06.annuites.n": 50, "T06.loyers.n": 100}
    write("coop.json", dossier({**BAD, **annuities}, organisme="Coop [bold]Ouest[/bad]", justifications=reasons))
    write("avant.json", dossier({"T06.loyers.n": "90"}, year=2022))
    write("inconnu.json", dossier({"BA.x": 1, "BA.terrain.brut": "douze"}))
    write("casse.json", '{"format": "qdis-dossier/1", "exerc')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def qdis():
    """Run a command in this process; the result has `exit_code`, `stdout`, `stderr`."""

    def run(*args):
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "QDIS_DEBUG")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@pytest.fixture
def process(tmp_path):
    """Run a command as a true process; bytes come back decoded as UTF-8."""

    def run(*args, stdout=subprocess.PIPE, **more):
        command = [sys.executable, "-m", "qdis_rules.cli", *args]
        return subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(**more), encoding="utf-8"
        )

    return run


@pytest.fixture
def terminal(tmp_path):
    """Run a command on a terminal of 100 columns (or `COLUMNS`); return (what is shown, exit code)."""
    pty = pytest.importorskip("pty")

    def run(*args, **more):
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "qdis_rules.cli", *args]
        env = environment(**{"TERM": "xterm-256color", "COLUMNS": "100", **more})
        child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env=env)
        os.close(theirs)
        shown = b""
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            shown += read
        os.close(ours)
        return shown.decode("utf-8"), child.wait()

    return run
