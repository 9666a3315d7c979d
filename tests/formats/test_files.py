"""Files that cannot be read: a located problem, whatever the name, and no reading that never ends."""

import os
from pathlib import Path

import pytest

from qdis_rules import DossierError, load_ruleset, read_balance, read_dossier, read_references
from qdis_rules.authoring.examples import run_examples
from qdis_rules.diagnostics import Outcome
from qdis_rules.files import CannotRead, TooLarge, read_file
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.pipeline import RulesetError, compile_sources
from qdis_rules.source import Source

IMPOSSIBLE = ("a\0b", "a\ud800b", "a" * 5000)
"""Names no file can have."""
RULES = """jeu T exercice 2023
tableau A « a »
  colonne n « n » en EUR
  ligne x « x »
contrôle C01 bloquant « x manque »
  A.x > 0
  source « s »
"""


def line(diagnostic):
    span = diagnostic.primary.span
    return span.source.position(span.start)[0]


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.fixture(scope="module")
def ruleset():
    return compile_sources(Outcome((Source.of("r.qdis", RULES),)))


def test_only_a_regular_file_is_read_and_no_further_than_the_limit(tmp_path, pipe):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", 5) == b"12345"
    with pytest.raises(TooLarge):
        read_file(tmp_path / "a", 4)
    for path in (tmp_path, pipe, Path("/dev/zero"), tmp_path / "a" / "b", *(tmp_path / name for name in IMPOSSIBLE)):
        with pytest.raises(CannotRead):
            read_file(path, 5)


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_no_file_can_have_is_a_problem(tmp_path, ruleset, name):
    for read in (read_dossier, read_balance, lambda path: read_references(path, ruleset)):
        with pytest.raises(DossierError):
            read(tmp_path / name)


@pytest.mark.parametrize(("written", "code"), [("a\\u0000b", "balance-introuvable"), ("a\\ud800b", "champ-invalide")])
def test_a_dossier_whose_balance_has_an_impossible_name(tmp_path, written, code):
    path = tmp_path / "d.json"
    path.write_text(f'{{"format": "qdis-dossier/1", "exercice": 2023, "balance": "{written}"}}', "utf-8")
    with pytest.raises(DossierError) as caught:
        read_dossier(path)
    assert [(p.pointer, p.code) for p in caught.value.problems] == [("d.json/balance", code)]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_example_on_an_impossible_name_fails_at_its_place(tmp_path, name):
    text = f"{RULES}exemple « e » sur « {name} »\n  attend contrôle C01 violé\n"
    ruleset = compile_sources(Outcome((Source.of("r.qdis", text),)))
    (result,) = run_examples(ruleset, DossierFolder(tmp_path).read)
    assert [d.code for d in result.diagnostics] == ["dossier-de-depart"]
    assert line(result.diagnostics[0]) == 8


@pytest.mark.parametrize("name", ["a\0b.qdis", "a" * 5000])
def test_including_an_impossible_name_fails_at_its_place(tmp_path, name):
    (tmp_path / "r.qdis").write_text(f"{RULES}inclure « {name} »\n", "utf-8")
    with pytest.raises(RulesetError) as caught:
        load_ruleset(tmp_path)
    (found,) = caught.value.diagnostics
    assert found.code == "inclusion-introuvable"
    assert line(found) == 8


def test_a_pipe_is_no_dossier(pipe, ruleset):
    for read in (read_dossier, read_balance, lambda path: read_references(path, ruleset)):
        with pytest.raises(DossierError) as caught:
            read(pipe)
        assert "fichier ordinaire" in str(caught.value)
