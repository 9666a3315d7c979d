"""`qdis formater`: nothing is lost, nothing is rewritten that need not be."""

import json
import os
import stat
from pathlib import Path

import pytest

from .conftest import RULES

UGLY = RULES.replace("  colonne brut  «", "      colonne brut «")
BROKEN = "jeu X exercise 2023\ntableau\n"


@pytest.fixture
def ugly(place):
    (place / "laid.qdis").write_text(UGLY, encoding="utf-8")
    (place / "faux.qdis").write_text(BROKEN, encoding="utf-8")
    return place


def test_the_formatted_text_goes_to_standard_output(ugly, qdis):
    result = qdis("formater", "laid.qdis")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == qdis("formater", "jeu.qdis").stdout
    assert (ugly / "laid.qdis").read_text(encoding="utf-8") == UGLY


def test_verifier_lists_what_would_change(ugly, qdis):
    assert qdis("formater", "laid.qdis", "--ecrire").exit_code == 0
    (ugly / "autre.qdis").write_text(UGLY, encoding="utf-8")
    result = qdis("formater", "laid.qdis", "autre.qdis", "--verifier")
    assert result.exit_code == 1
    assert result.stdout == "à mettre en forme : autre.qdis\n1 fichier à mettre en forme, 1 déjà en forme.\n"
    assert qdis("formater", "laid.qdis", "--verifier").exit_code == 0


def test_ecrire_keeps_permissions_links_and_sound_files(ugly, qdis):
    file = ugly / "laid.qdis"
    file.chmod(0o640)
    (ugly / "lien.qdis").symlink_to("laid.qdis")
    assert qdis("formater", "lien.qdis", "--ecrire").exit_code == 0
    assert (ugly / "lien.qdis").is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    before = file.stat()
    assert qdis("formater", "laid.qdis", "--ecrire").exit_code == 0
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sorted(p.name for p in ugly.iterdir() if p.name.startswith(".")) == []


def test_a_file_in_error_is_left_as_it_is(ugly, qdis):
    result = qdis("formater", "faux.qdis", "laid.qdis", "--ecrire")
    assert result.exit_code == 1
    assert (ugly / "faux.qdis").read_text(encoding="utf-8") == BROKEN
    assert "faux.qdis:1:" in result.stderr
    assert "mis en forme : laid.qdis" in result.stdout


def test_nothing_is_printed_for_a_file_in_error(ugly, qdis):
    result = qdis("formater", "faux.qdis")
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_failed_write_loses_nothing(ugly, qdis, monkeypatch):
    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    result = qdis("formater", "laid.qdis", "--ecrire")
    assert result.exit_code == 2
    assert "laid.qdis : ce fichier ne peut pas être réécrit" in result.stderr
    assert (ugly / "laid.qdis").read_text(encoding="utf-8") == UGLY
    assert sorted(p.name for p in ugly.iterdir() if p.name.startswith(".")) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_read_only_file_is_not_replaced(ugly, qdis, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert qdis("formater", "laid.qdis", "--ecrire").exit_code == 2
    assert (ugly / "laid.qdis").read_text(encoding="utf-8") == UGLY


def test_a_folder_gives_every_rule_file_below_once(ugly, qdis):
    (ugly / "jeu" / "tableaux").mkdir(parents=True)
    (ugly / "jeu" / "a.qdis").write_text(UGLY, encoding="utf-8")
    (ugly / "jeu" / "tableaux" / "b.qdis").write_text(UGLY, encoding="utf-8")
    (ugly / "jeu" / "notes.txt").write_text("libre", encoding="utf-8")
    result = qdis("formater", "jeu", "jeu/a.qdis", "--verifier")
    assert result.stdout.count("à mettre en forme :") == 2


@pytest.mark.parametrize("name", ["absent.qdis", "latin.qdis", "vide", "nul\0"])
def test_what_cannot_be_read_exits_2(ugly, qdis, name):
    (ugly / "vide").mkdir()
    (ugly / "latin.qdis").write_bytes("jeu É".encode("latin-1"))
    result = qdis("formater", name, "laid.qdis", "--ecrire")
    assert result.exit_code == 2
    assert "mis en forme : laid.qdis" in result.stdout
    assert result.stderr


def test_two_ways_exclude_each_other(ugly, qdis):
    assert qdis("formater", "laid.qdis", "--ecrire", "--verifier").exit_code == 2
    assert (ugly / "laid.qdis").read_text(encoding="utf-8") == UGLY


def test_json(ugly, qdis):
    result = qdis("formater", "laid.qdis", "faux.qdis", "absent.qdis", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (2, "")
    assert [(each["fichier"], each["change"], "texte" in each) for each in found["fichiers"]] == [
        ("laid.qdis", True, True),
        ("faux.qdis", False, False),
    ]
    assert found["problemes"][0]["fichier"] == "absent.qdis"
    written = json.loads(qdis("formater", "laid.qdis", "--ecrire", "--json").stdout)
    assert [(each["change"], each["ecrit"]) for each in written["fichiers"]] == [(True, True)]
