"""Mistakes said more than once, or not at all, each as the smallest example. One that passes loses its mark."""

from __future__ import annotations

import pytest

from qdis_rules.pipeline import RulesetError, compile_sources, ruleset_sources
from tests.diagnostics.pages import said

JEU = "jeu E exercice 2023\n"
TABLE = """tableau T « t »
  colonne n « n » en EUR
  ligne a « a »
  ligne b « b »
"""
CHOICE = """tableau C « c »
  colonne v « v »
  ligne s « s » choix x | y
  ligne m « m » en EUR
"""
SOURCE = " source « s »\n"


def codes(text):
    return [diagnostic.code for diagnostic in said(JEU + text)]


def check(body):
    return f"contrôle K bloquant « k » {body}{SOURCE}"


CASCADES = {
    # Opposite something already reported, a bare name may be an answer.
    "an answer opposite an unknown cell": (
        CHOICE + check("C.z = x et C.m > 0 EUR et C.s = y"),
        ["ligne-inconnue"],
    ),
    "an answer opposite a row that did not parse": (
        CHOICE.replace("choix x", "chois x") + check("C.s = x et C.m > 0 EUR"),
        ["syntaxe"],
    ),
    "accounts of a cell of unknown unit": (
        TABLE.replace("EUR", "EURO").replace("« a »", "« a » comptes : 21") + check("T.a > T.b"),
        ["unite-inconnue"],
    ),
    "a row that names an unknown column after `sur`": (
        TABLE.replace("« a »", "« a » sur m") + check("T.a.n > T.b.n"),
        ["colonne-inconnue"],
    ),
    "cells of a table whose only column did not parse": (
        TABLE.replace("en EUR", "EUR") + check("T.a > T.b"),
        ["syntaxe"],
    ),
    "uses of a unit that did not parse": (
        "unité part « Parts » = dix EUR\n" + TABLE.replace("EUR", "part") + check("T.a > T.b"),
        ["syntaxe"],
    ),
    "uses of a unit derived from an unknown one": (
        "unité sou « Sous » = 10 EURO\n" + TABLE.replace("EUR", "sou") + check("T.a > T.b et T.a > 3 EUR"),
        ["unite-inconnue"],
    ),
    "rows of a column without kind": (
        TABLE.replace(" en EUR", "") + check("T.a > T.b"),
        ["genre-manquant"],
    ),
    "cells of a table without column": (
        TABLE.replace("  colonne n « n » en EUR\n", "") + check("T.a > T.b.n"),
        ["tableau-vide"],
    ),
    "cells of a table without row": (
        "tableau T « t »\n  colonne n « n » en EUR\n" + check("T.a > 0"),
        ["tableau-vide"],
    ),
    "a row declared in a list, and read": (
        "tableau T « t » liste clé k\n  colonne k « k » texte\n  colonne n « n » en EUR\n  ligne a « a »\n"
        + check("T.a.n > 0 et somme(T.*.n) > 0"),
        ["liste-incoherente"],
    ),
    "a gap shown of two comparisons, one of them wrong": (
        TABLE + "contrôle K bloquant « {écart} » T.a > T.z et T.b > T.z\n source « s »\n",
        ["ligne-inconnue"],
    ),
    "a parameter whose years run backwards": (
        TABLE + "paramètre p « p » en EUR = 3 pour 2023..2022" + SOURCE + check("T.a + T.b > p"),
        ["annee-invalide"],
    ),
    "a parameter whose year is short": (
        TABLE + "paramètre p « p » en EUR = 3 pour 23" + SOURCE + check("T.a + T.b > p"),
        ["annee-invalide"],
    ),
    "aggregates of one undeclared family": (
        TABLE + "agrégat F.a « a » en EUR = T.a" + SOURCE + "agrégat F.b « b » en EUR = T.b" + SOURCE,
        ["agregat-sans-famille"],
    ),
    "a declaration word mistyped in a table": (
        TABLE.replace("ligne b", "lgne b") + check("T.a > T.b"),
        ["syntaxe"],
    ),
    "a table whose first word is mistyped": (
        "unité u « u »\n" + TABLE.replace("tableau", "tablau") + check("T.a > T.b et 1 u > 0 u"),
        ["syntaxe"],
    ),
    "an iteration mistyped": (
        TABLE + "contrôle K bloquant « k »\n  pour chque ligne de T\n  n > 0\n source « s »\n",
        ["mot-reserve"],
    ),
}


@pytest.mark.parametrize("case", CASCADES)
def test_one_mistake_is_said_once(case):
    text, expected = CASCADES[case]
    assert codes(text) == expected


def test_a_mistyped_jeu_is_said_once():
    found = [d.code for d in said("jeux E exercice 2023\n" + TABLE + check("T.a > T.b"))]
    assert found == ["syntaxe"]


def test_a_short_exercice_is_said_once():
    text = TABLE + "paramètre p « p » en EUR = 3 pour 2022..2023" + SOURCE + check("T.a + T.b > p")
    assert [d.code for d in said("jeu E exercice 23\n" + text)] == ["annee-invalide"]


def test_a_cycle_does_not_hide_a_double_count():
    total = TABLE + "  ligne t « t » = a + b\n  ligne u « u » = v\n  ligne v « v » = u\n"
    assert sorted(codes(total + check("somme(T.a..t.n) > 0"))) == ["cycle", "double-compte"]


def test_a_check_that_counts_twice_is_reported():
    assert codes(TABLE + "  ligne t « t » = a + b\n" + check("somme(T.a..t.n) > 0 EUR")) == ["double-compte"]


def test_a_unit_declared_twice_shows_the_first():
    (found, *_) = said(JEU + "unité u « u »\nunité u « v »\n" + TABLE + check("T.a > T.b"))
    assert found.primary.span != found.secondary[0].span


def test_a_carry_from_an_unknown_table_says_so():
    text = TABLE.replace("en EUR", "en EUR reprise de U.a.n")
    assert codes(text + check("T.a > T.b")) == ["tableau-inconnu"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jeu").mkdir()
    return tmp_path / "jeu"


def refused(path):
    with pytest.raises(RulesetError) as error:
        compile_sources(ruleset_sources(path))
    return error.value.diagnostics


def test_an_unreadable_file_is_said_once(folder):
    (folder / "a.qdis").write_text(JEU + check("T.a > T.b"), "utf-8")
    (folder / "b.qdis").write_bytes((TABLE + "# é\n").encode("latin-1"))
    assert [d.code for d in refused(folder)] == ["fichier-illisible"]


def test_a_missing_file_is_said_once(folder):
    (folder / "a.qdis").write_text(JEU + "inclure « b.qdis »\n" + check("T.a > T.b"), "utf-8")
    assert [d.code for d in refused(folder / "a.qdis")] == ["inclusion-introuvable"]


def test_an_included_file_is_named_as_it_was_reached(folder):
    (folder / "a.qdis").write_text(JEU + "inclure « b.qdis »\n", "utf-8")
    (folder / "b.qdis").write_text(TABLE + check("T.a > T.z"), "utf-8")
    (found,) = refused(folder.relative_to(folder.parent) / "a.qdis")
    assert found.primary.span.source.name == "jeu/b.qdis"
