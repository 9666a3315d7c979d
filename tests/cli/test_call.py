"""The call itself: French words, exit codes, pipes, missing libraries, the last resort."""

import json
import os
import subprocess
import sys

import pytest

from qdis_rules.cli.app import app

from .conftest import ROOT, environment

ENGLISH = (
    "Usage",
    "Show this",
    "Error:",
    "Missing",
    "[required]",
    "No such",
    "Try '",
    "Did you mean",
    "Arguments:",
    "Commands",
    "unexpected",
)


@pytest.mark.parametrize("args", [[], *([name] for name in app.list_commands(None))])
def test_help_is_french_and_has_an_example(qdis, args):
    result = qdis(*args, "--help")
    assert result.exit_code == 0
    assert "Utilisation : qdis" in result.stdout
    assert "Options :" in result.stdout
    assert "Affiche cette aide" in result.stdout
    assert "qdis " + " ".join(args) in result.stdout.split("Options :")[0].split("\n", 1)[1]
    assert [word for word in ENGLISH if word in result.stdout] == []
    assert qdis(*args, "--aide").stdout == result.stdout


def test_the_help_names_every_command(qdis):
    out = qdis("--help").stdout
    assert "Commandes :" in out
    assert all(name in out for name in ("verifier", "expliquer", "analyser", "tester", "formater"))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "Utilisation : qdis [OPTIONS] COMMANDE"),
        (["verifer"], "la commande « verifer » n'existe pas. Vouliez-vous dire verifier ?"),
        (["zzz"], "la commande « zzz » n'existe pas. Commandes : verifier,"),
        (["verifier"], "il manque l'argument DOSSIER."),
        (["expliquer", "a.json"], "il manque l'argument CODE."),
        (["verifier", "a.json", "--jsn"], "l'option --jsn n'existe pas. Vouliez-vous dire --json ?"),
        (["verifier", "a.json", "-z"], "l'option -z n'existe pas."),
        (["verifier", "a.json", "--jeu"], "l'option --jeu attend une valeur."),
        (["analyser", "a", "--json=3"], "l'option --json n'attend pas de valeur."),
        (["analyser", "a", "b"], "argument en trop : b"),
        (["verifier", "absent.json", "--jeu", "absent.qdis"], "ce chemin n'existe pas"),
    ],
)
def test_a_wrong_call_is_told_in_french_and_exits_2(place, qdis, args, words):
    result = qdis(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert [word for word in ENGLISH if word in result.stderr] == []


@pytest.mark.parametrize("args", [["zzz"], ["verifier"], ["analyser", "a", "b"], ["formater", "x", "--zz"]])
def test_a_wrong_call_that_asks_for_json_gets_json(place, qdis, args):
    result = qdis(*args, "--json")
    assert (result.exit_code, result.stderr) == (2, "")
    assert json.loads(result.stdout)["problemes"][0]["code"] == "appel-incorrect"


def test_version(qdis):
    result = qdis("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("qdis ")


def test_the_last_resort_shows_no_traceback(place, qdis, monkeypatch):
    def fail(*args):
        raise RecursionError("trop profond")

    monkeypatch.delenv("QDIS_DEBUG", raising=False)
    monkeypatch.setattr("qdis_rules.cli.verifier.Loader", fail)
    result = qdis("verifier", "bon.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "erreur interne : RecursionError" in result.stderr
    assert "Traceback" not in result.stderr
    as_json = qdis("verifier", "bon.json", "--json")
    assert json.loads(as_json.stdout)["problemes"][0]["code"] == "erreur-interne"


def test_qdis_debug_lets_the_error_through(place, monkeypatch):
    def fail(*args):
        raise RecursionError("trop profond")

    monkeypatch.setenv("QDIS_DEBUG", "1")
    monkeypatch.setattr("qdis_rules.cli.verifier.Loader", fail)
    with pytest.raises(RecursionError):
        app.main(["verifier", "bon.json"])


def test_an_interruption_exits_130(place, qdis, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("qdis_rules.cli.verifier.Loader", stop)
    result = qdis("verifier", "bon.json")
    assert result.exit_code == 130
    assert "interrompu" in result.stderr


# --- true processes -----------------------------------------------------------


def test_a_reader_that_stops_gets_no_traceback(place):
    """The reading end is closed before anything is written: every write meets a broken pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "qdis_rules.cli", "verifier", *["coop.json"] * 20, "--jeu", "jeu.qdis"]
    done = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, cwd=place, env=environment(), encoding="utf-8"
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_said_and_exits_2(place, process):
    with open("/dev/full", "w") as full:
        done = process("verifier", "coop.json", "--jeu", "jeu.qdis", stdout=full)
    assert done.returncode == 2
    assert "écriture a échoué (ENOSPC)" in done.stderr


def test_output_is_utf8_whatever_the_locale(place, process):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = process("verifier", "coop.json", "--jeu", "jeu.qdis", **plain)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Étape 4" in done.stdout


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_a_missing_library_is_said_in_one_line(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from qdis_rules.cli import main; main(['verifier', 'x'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT, env=environment()
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert 'pip install "qdis-rules[cli]"' in done.stderr


def test_help_loads_neither_the_engine_nor_rich():
    """The package itself is replaced by an empty one: what is loaded is what the commands ask for."""
    code = (
        "import sys, types\n"
        "package = types.ModuleType('qdis_rules'); package.__path__ = ['qdis_rules']\n"
        "sys.modules['qdis_rules'] = package\n"
        "from qdis_rules.cli.app import app\n"
        "try: app.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('lark', 'pydantic', 'rich', 'qdis_rules.pipeline', 'qdis_rules.syntax', 'qdis_rules.model')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.stderr.strip() == "[]"
