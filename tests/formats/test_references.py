"""Reference quartiles: read exactly, checked against the ruleset, never trusted beyond what they say."""

from decimal import Decimal

import pytest

from qdis_rules import DossierError, load_references, load_ruleset, read_references
from qdis_rules.formats.references import parse_references
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source

HEAD = "agrégat;code;famille;q1;médiane;q3;unité;source;fiabilité;remarque\n"
RULES = """jeu ESSAI exercice 2023
tableau T « T »
  colonne n « N » en EUR
  ligne a « A »
famille F « F »
agrégat F.a « A » en EUR = T.a
"""
RULESET = compile_sources([Source.of("essai.qdis", RULES)])


def test_the_bundled_quartiles_fit_the_ruleset_and_say_how_far_to_trust_them():
    references = load_references(2023, load_ruleset(2023))
    assert len(references) == 125
    assert {reference.family for reference in references} == {"COOP", "ESH", "OPH", "SEM", "ensemble"}
    assert len({reference.aggregate for reference in references}) == 25
    assert {(r.reliability, "année non nommée" in r.remark) for r in references} == {("partielle", True)}
    found = next(r for r in references if (r.code, r.family) == ("D1", "COOP"))
    assert (found.q1, found.median, found.q3) == (Decimal("1.1"), Decimal("4.6"), Decimal("10.0"))
    assert (found.aggregate, found.unit) == ("AE.ratio_autofinancement", "%")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("F.b;D1;COOP;1;2;3;EUR;s;partielle;\n", [(2, "agregat-inconnu")]),
        ("F.a;D1;COOP;1;2;3;kEUR;s;partielle;\n", [(2, "unite-differente")]),
        ("F.a;D1;COOP;1;2;3;EUR;s;partielle;\nF.a;D1;COOP;2;2;2;EUR;s;partielle;\n", [(3, "reference-en-double")]),
        ("F.a;D1;COOP;3;2;3;EUR;s;sûre;\n", [(2, "fiabilite-inconnue"), (2, "quartiles-desordonnes")]),
        ("\nF.a;D1;COOP;x;2;3;EUR;;partielle;\n", [(3, "reference-incomplete"), (3, "nombre-attendu")]),
        ("F.a;D1;COOP\n", [(2, "colonne-absente")]),
    ],
)
def test_every_bad_line_is_told(lines, expected):
    with pytest.raises(DossierError) as caught:
        parse_references(HEAD + lines, RULESET, "q.csv")
    assert [(p.pointer, p.code) for p in caught.value.problems] == [(f"q.csv:{line}", code) for line, code in expected]


def test_equal_and_negative_quartiles_are_in_order():
    (reference,) = parse_references(HEAD + "F.a;D35;SEM;-6,4;-6,4;0;EUR;s;à confirmer;r\n", RULESET)
    assert (reference.q1, reference.remark) == (Decimal("-6.4"), "r")


def test_a_file_that_is_no_reference(tmp_path):
    with pytest.raises(DossierError, match="references-introuvables"):
        read_references(tmp_path / "none.csv", RULESET)
    (tmp_path / "a.csv").write_text("a;b\n", "utf-8")
    with pytest.raises(DossierError, match="colonne-absente"):
        read_references(tmp_path / "a.csv", RULESET)
    (tmp_path / "b.csv").write_bytes(b"\xe9")
    with pytest.raises(DossierError, match="references-illisibles"):
        read_references(tmp_path / "b.csv", RULESET)


def test_references_of_no_ruleset_are_not_none(tmp_path):
    ruleset = load_ruleset(2023)
    assert load_references(tmp_path, ruleset) == ()
    with pytest.raises(FileNotFoundError):
        load_references(tmp_path / "absent", ruleset)


def test_nearest_names_are_looked_for_a_few_times_only(monkeypatch):
    asked = []
    monkeypatch.setattr("qdis_rules.formats.references.nearest", lambda code, known: asked.append(code))
    with pytest.raises(DossierError) as caught:
        parse_references(HEAD + "F.b;D1;COOP;1;2;3;EUR;s;partielle;\n" * 500, RULESET)
    assert len(caught.value.problems) == 500
    assert len(asked) <= 50
