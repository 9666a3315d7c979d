"""`qdis lot`: files of dossiers in, a folder of results out, a summary in French."""

import json
import re
from importlib.util import find_spec

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qdis_rules.cli import loading
from tests.cli.conftest import GOOD

BAD = {**GOOD, "BP.capital.n": "10"}
RESULTS = ("--resultats", "SF.levier", "--resultats", "BIL01")
CALL = ("--jeu", "jeu.qdis", "--vers", "resultats", "--garder", "siren", "--processus", "1", *RESULTS)


@pytest.fixture
def columns(place):
    """Write dossiers as `dossiers.csv`."""

    def write(*dossiers):
        names = list(dict.fromkeys(name for dossier in dossiers for name in dossier))
        lines = [
            ["siren", *names],
            *([f"{i}", *(str(each.get(name, "")) for name in names)] for i, each in enumerate(dossiers)),
        ]
        (place / "dossiers.csv").write_text("".join(";".join(line) + "\n" for line in lines), "utf-8")

    return write


def test_all_ready(qdis, columns, place):
    columns(GOOD, GOOD)
    done = qdis("lot", "dossiers.csv", *CALL)
    assert (done.exit_code, done.stderr) == (0, "")
    first, *others = done.stdout.splitlines()
    assert re.match("2 dossiers en [0-9]+ s", first)
    assert others == [
        "  prêts pour la validation : 2",
        "  pas prêts : 0",
        "  refusés : 0",
        "Résultats dans resultats : 1 fichier Parquet.",
    ]
    found = pq.read_table(place / "resultats")
    assert found.schema.names == ["siren", "pret", "problemes", "SF.levier", "SF.levier:statut", "BIL01"]
    assert found.column("siren").to_pylist() == ["0", "1"]


@pytest.mark.parametrize("other", [BAD, {**GOOD, "BP.capital.n": "beaucoup"}])
def test_one_that_is_not_ready_or_refused(qdis, columns, other):
    columns(GOOD, other)
    assert qdis("lot", "dossiers.csv", *CALL).exit_code == 1


def test_in_json(qdis, columns):
    columns(GOOD, BAD, {"BP.capital.n": "beaucoup"})
    done = qdis("lot", "dossiers.csv", *CALL, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "repertoire": "resultats",
        "dossiers": 3,
        "prets": 1,
        "non_prets": 1,
        "refuses": 1,
        "fichiers": 1,
        "deja_la": 0,
    }


def test_the_same_command_goes_on(qdis, columns):
    columns(GOOD)
    qdis("lot", "dossiers.csv", *CALL)
    assert qdis("lot", "dossiers.csv", *CALL).stdout.endswith("1 fichier Parquet, dont 1 déjà là.\n")


def test_everything_is_asked_by_default(qdis, columns, place):
    columns(GOOD)
    qdis("lot", "dossiers.csv", *CALL[: -len(RESULTS)])
    assert "TAX01" in pq.read_table(place / "resultats").schema.names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rien.csv", *CALL), "rien.csv : il n'y a là ni fichier .parquet ni fichier .csv [fichier-introuvable]"),
        (("dossiers.csv", *CALL, "--garder", "nom"), "dossiers.csv/nom : il n'y a pas de colonne nom à garder [colonne-absente]"),
        (("dossiers.csv", *CALL, "--resultats", "BIL02"), "BIL02 : BIL02 n'est ni un agrégat, ni un contrôle"),
        (("dossiers.csv", "--jeu", "jeu.qdis", "--vers", "resultats"), "dossiers.csv/siren : siren n'est pas connu du jeu 2023"),
        (("dossiers.csv", "--jeu", "1999", "--vers", "resultats"), "jeu-introuvable"),
        (("dossiers.csv", *CALL, "--campagne", "rien.qdis"), "campagne-introuvable"),
        (("dossiers.csv", *CALL, "--processus", "0"), "--processus attend un nombre à partir de 1."),
        (("dossiers.csv", "--jeu", "jeu.qdis"), "il manque l'option --vers."),
        (("dossiers.csv", "--vers", "resultats"), "il manque l'option --jeu."),
        (CALL, "il manque l'argument ENTRÉE."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(qdis, columns, place, arguments, said):
    columns(GOOD)
    done = qdis("lot", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr.replace("\n", " ")
    assert not (place / "resultats").exists()


def test_a_ruleset_with_errors_is_told(qdis, columns, place):
    columns(GOOD)
    (place / "jeu.qdis").write_text("jeu X exercice 2023\ntableau T", "utf-8")
    done = qdis("lot", "dossiers.csv", *CALL)
    assert done.exit_code == 2
    assert "ce jeu de règles a des erreurs" in done.stderr


def test_the_campagne_of_the_day_is_applied(qdis, columns, place):
    columns(BAD)
    (place / "campagne.qdis").write_text(
        "campagne OUEST exercice 2023\ndésactiver BIL01 à compter du 01/01/2024 par « M » motif « m »\n", "utf-8"
    )
    assert qdis("lot", "dossiers.csv", *CALL, "--le", "31/12/2023").exit_code == 1
    done = qdis("lot", "dossiers.csv", *CALL, "--le", "01/01/2024")
    assert done.exit_code == 2
    assert "un autre lot (jour : 2023-12-31)" in done.stderr


def test_without_pyarrow_says_what_to_install(qdis, columns, monkeypatch):
    columns(GOOD)
    monkeypatch.setattr(loading, "find_spec", lambda name: None if name == "pyarrow" else find_spec(name))
    done = qdis("lot", "dossiers.csv", *CALL)
    assert done.exit_code == 2
    assert 'pip install "qdis-rules[batch]"' in done.stderr


def test_a_terminal_shows_how_far_it_is(terminal, place):
    pq.write_table(
        pa.table({"siren": ["1"] * 3, **{name: [str(value)] * 3 for name, value in GOOD.items()}}), place / "d.parquet"
    )
    shown, code = terminal("lot", "d.parquet", *CALL)
    assert code == 0
    assert "3/3" in shown
    assert "3 dossiers en" in shown
