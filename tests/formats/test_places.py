"""Where rulesets and dossiers are read from."""

import pytest

from qdis_rules import check_sources, load_ruleset
from qdis_rules.formats.dossier import parse_dossier
from qdis_rules.source import Source

RULES = "jeu X exercice 2023\n"


def test_an_empty_path_is_no_folder(tmp_path, monkeypatch):
    (tmp_path / "jeu.qdis").write_text(RULES, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_ruleset(".").name == "X"
    with pytest.raises(FileNotFoundError, match="empty"):
        load_ruleset("")


def test_what_is_hidden_is_not_read(tmp_path):
    (tmp_path / "jeu.qdis").write_text(RULES, "utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "jeu.qdis").write_text(RULES, "utf-8")
    assert load_ruleset(tmp_path).name == "X"


def test_the_folder_of_a_balance_may_be_a_text(tmp_path):
    (tmp_path / "b.csv").write_text("compte;solde debit;solde credit\n512;1;0\n", "utf-8")
    dossier = parse_dossier('{"format": "qdis-dossier/1", "exercice": 2023, "balance": "b.csv"}', folder=str(tmp_path))
    assert [account.number for account in dossier.balance] == ["512"]


def test_the_keys_of_a_diagnostic_have_no_accent():
    (diagnostic, *_) = check_sources([Source.of("x.qdis", "contrôle")]).diagnostics
    assert diagnostic.as_json()["gravite"] == "erreur"
    assert all(key.isascii() for key in diagnostic.as_json())
