"""`qdis documenter`: writes a site, refuses what it would destroy, says what is missing."""

import json
from importlib.util import find_spec

import pytest

from qdis_rules.cli import loading


@pytest.fixture
def rules(tmp_path):
    file = tmp_path / "jeu.qdis"
    file.write_text("jeu X exercice 2023\ntableau T « T »\n  colonne n « N » en EUR\n  ligne a « A »\n", "utf-8")
    return file


def test_writes_a_site(qdis, rules, tmp_path):
    done = qdis("documenter", str(rules), "--vers", str(tmp_path / "site"))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == f"Ouvrez {tmp_path / 'site' / 'index.html'}"
    assert (tmp_path / "site" / "index.html").is_file()
    assert (tmp_path / "site" / "pages" / "tableau-t.html").is_file()


def test_says_in_json_what_it_wrote(qdis, rules, tmp_path):
    done = qdis("documenter", str(rules), "--vers", str(tmp_path / "site"), "--json")
    document = json.loads(done.stdout)
    assert document["repertoire"] == str(tmp_path / "site")
    assert {"index.html", "notice.html", "pages/style.css"} <= set(document["fichiers"])


def test_refuses_a_folder_that_holds_something_else(qdis, rules, tmp_path):
    done = qdis("documenter", str(rules), "--vers", str(tmp_path))
    assert done.exit_code == 2
    assert "autre chose qu'une documentation" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["jeu.qdis"]


def test_a_ruleset_with_errors_is_not_documented(qdis, rules, tmp_path):
    rules.write_text("jeu X exercice 2023\ntableau T", "utf-8")
    done = qdis("documenter", str(rules), "--vers", str(tmp_path / "site"))
    assert done.exit_code == 2
    assert "ce jeu de règles a des erreurs" in done.stderr
    assert not (tmp_path / "site").exists()


def test_shows_the_checks_as_a_campagne_leaves_them(qdis, rules, tmp_path):
    rules.write_text(
        rules.read_text("utf-8") + "contrôle C01 bloquant « Négatif. » T.a.n >= 0\n  source « x » fiabilité déduite\n",
        "utf-8",
    )
    (tmp_path / "ete.qdis").write_text(
        "campagne X exercice 2023\nrendre C01 information à compter du 01/07/2024 par « Moi » motif « Trop tôt. »\n",
        "utf-8",
    )
    options = ("--vers", tmp_path / "site", "--campagne", tmp_path / "ete.qdis")

    def page(*more):
        assert qdis("documenter", rules, *options, *more).exit_code == 0
        return (tmp_path / "site" / "pages" / "controle-c01.html").read_text("utf-8")

    assert "gravite bloquant" in page("--le", "30/06/2024")
    assert "gravite information" in (after := page("--le", "01/07/2024"))
    assert "par Moi : Trop tôt." in after
    assert "sans --le" in qdis("documenter", rules, *options).stderr


def test_accounts_bear_the_labels_of_the_chart(qdis, rules, tmp_path):
    rules.write_text(rules.read_text("utf-8") + "    comptes : 213\n", "utf-8")
    (tmp_path / "comptes.csv").write_text("compte;libellé;nature\n213;Constructions & <murs>;débit\n", "utf-8")
    assert qdis("documenter", rules, "--vers", tmp_path / "site").exit_code == 0
    page = (tmp_path / "site" / "pages" / "comptes.html").read_text("utf-8")
    assert "Constructions &amp; &lt;murs&gt;" in page
    (tmp_path / "comptes.csv").write_text("compte;libellé;nature\n213;;haut\n", "utf-8")
    done = qdis("documenter", rules, "--vers", tmp_path / "site")
    assert done.exit_code == 2
    assert "ce plan de comptes a des erreurs" in done.stderr


@pytest.mark.parametrize(
    ("library", "extra", "options"), [("jinja2", "documentation", []), ("weasyprint", "pdf", ["--pdf"])]
)
def test_says_which_extra_is_missing(qdis, rules, tmp_path, monkeypatch, library, extra, options):
    monkeypatch.setattr(loading, "find_spec", lambda name: None if name == library else find_spec("json"))
    done = qdis("documenter", str(rules), "--vers", str(tmp_path / "site"), *options)
    assert done.exit_code == 2
    assert f'pip install "qdis-rules[{extra}]"' in done.stderr


def test_says_that_pango_is_missing(qdis, rules, tmp_path, monkeypatch):
    def without_pango(notice):
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(loading, "find_spec", lambda name: find_spec("json"))
    monkeypatch.setattr("qdis_rules.documenting.notice_as_pdf", without_pango)
    done = qdis("documenter", str(rules), "--vers", str(tmp_path / "site"), "--pdf")
    assert done.exit_code == 2
    assert "imprimez notice.html" in done.stderr
