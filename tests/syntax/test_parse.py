"""Reading texts: recovery, spellings, limits. Any text gives an outcome, with spans inside it."""

from __future__ import annotations

import logging
import re
import time
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from lark.lexer import BasicLexer
from lark.utils import logger

from qdis_rules.diagnostics import Diagnostic, Outcome
from qdis_rules.grammar import grammar_text
from qdis_rules.source import MAX_CHARACTERS, MAX_LINES, Source
from qdis_rules.suggest import fold
from qdis_rules.syntax import tree
from qdis_rules.syntax.parse import parse, parse_campaign
from qdis_rules.syntax.pieces import _PIECES, MAX_DEPTH
from qdis_rules.syntax.words import CAMPAIGN_WORDS, KEYWORDS, RESERVED

from .test_printer import CANONICAL


def read(text: str) -> Outcome[tree.SyntaxTree]:
    return parse([Source.of("t", text)])


def places(diagnostics: Iterable[Diagnostic]) -> list[tuple[str, int, int]]:
    """Return (code, line, column) of each diagnostic."""
    return [(d.code, *d.primary.span.source.position(d.primary.span.start)) for d in diagnostics]


def clean(text: str) -> tree.SyntaxTree:
    outcome = read(text)
    assert outcome.diagnostics == (), [d.render() for d in outcome.diagnostics]
    return outcome.value


def formula_outcome(text: str) -> Outcome[tree.SyntaxTree]:
    return read(f"agrégat A « a » = {text}\n")


# --- recovery ---------------------------------------------------------------


def test_one_diagnostic_a_broken_piece_at_its_place():
    outcome = read(
        "jeu QDIS exercice deux\n"
        "unité « lots »\n"
        "paramètre P « p » = ;\n"
        "tableau T « T »\n"
        "  colonne a en EUR « A »\n"
        "  colonne b « B » en EUR\n"
        "  rubrique R\n"
        "  ligne l « L » = 1 +\n"
        "  ligne m « M » comptes 21\n"
        "  ligne n « N »\n"
        "famille F\n"
        "contrôle C grave « c » x = 1\n"
        "agrégat A « a » = x = y z\n"
        "agrégat B « b » = 1\n"
        "exemple E\n"
        "exemple « e »\n"
        "  donne T.l.a 12\n"
        "  attend contrôle C\n"
        "  attend B = 1\n"
    )
    assert places(outcome.diagnostics) == [
        ("syntaxe", 1, 19),
        ("syntaxe", 2, 7),
        ("syntaxe", 3, 21),
        ("syntaxe", 5, 20),
        ("syntaxe", 7, 12),
        ("syntaxe", 8, 21),
        ("syntaxe", 9, 25),
        ("syntaxe", 11, 9),
        ("syntaxe", 12, 12),
        ("syntaxe", 13, 25),
        ("syntaxe", 15, 9),
        ("syntaxe", 17, 15),
        ("syntaxe", 18, 19),
    ]
    table, aggregate, example = outcome.value.declarations
    assert isinstance(table, tree.TableDecl)
    assert isinstance(example, tree.ExampleDecl)
    assert [item.name.text for item in table.items if not isinstance(item, tree.Section)] == ["b", "n"]
    assert table.broken == {"a", "l", "m"}
    assert isinstance(aggregate, tree.AggregateDecl)
    assert len(example.steps) == 1
    assert {"P", "F", "C", "A", tree.RULESET} <= outcome.value.broken


@pytest.mark.parametrize("planted", [1, 5, 40])
def test_n_planted_errors_give_n_diagnostics(planted):
    lines = ["tableau T « T »", "  colonne n « N » en EUR"]
    for number in range(planted):
        lines.append(f"  ligne bonne_{number} « B » = 1 + {number}")
        lines.append(f"  ligne fausse_{number} « F » = 1 + * {number}")
    outcome = read("\n".join(lines))
    assert places(outcome.diagnostics) == [("syntaxe", 4 + 2 * n, outcome_column(n)) for n in range(planted)]
    (table,) = outcome.value.declarations
    assert isinstance(table, tree.TableDecl)
    assert len(table.items) == 1 + planted


def outcome_column(number: int) -> int:
    return len(f"  ligne fausse_{number} « F » = 1 + ") + 1


@pytest.mark.parametrize(
    "head", ["tableau 5 « B »", "tableau B", "tableau", "tableau B « B » origine", "tableau B « B » !"]
)
@pytest.mark.parametrize("before", ["", "famille F « f »\n", "tableau A « A »\n  ligne l « L »\n"])
def test_a_broken_table_head_reports_once(before, head):
    outcome = read(f"{before}{head}\n  colonne n « N »\n  ligne a « A »\n  ligne b « B »\nfamille G « g »\n")
    assert len(outcome.diagnostics) == 1
    assert outcome.diagnostics[0].primary.span.source.position(outcome.diagnostics[0].primary.span.start)[0] == (
        before.count("\n") + 1
    )
    *others, last = outcome.value.declarations
    assert isinstance(last, tree.FamilyDecl)
    assert [len(d.items) for d in others if isinstance(d, tree.TableDecl)] in ([], [1])


@pytest.mark.parametrize("before", ["", "jeu X exercice 2023\n"])
def test_a_misspelt_table_head_reports_once(before):
    outcome = read(f"{before}tablau B « B »\n  colonne n « N »\n  ligne a « A »\n  ligne b « B »\n")
    assert len(outcome.diagnostics) == 1


def test_a_broken_example_head_reports_once():
    assert places(read("exemple E\n  donne a = 1\n  attend b = 2\n").diagnostics) == [("syntaxe", 1, 9)]


def test_rows_and_steps_outside_are_reported_each():
    outcome = read("famille F « f »\nligne a « A »\ncolonne b « B »\nrubrique « R »\ndonne x = 1\nattend x = 1\n")
    assert places(outcome.diagnostics) == [("declaration-inattendue", line, 1) for line in range(2, 7)]


def test_a_text_before_any_declaration_is_reported_once():
    assert places(read("\n  bonjour à tous\nfamille F « f »\n").diagnostics) == [("declaration-inattendue", 2, 3)]


ROW_BUG = (
    "pieces._NOT_CUT_AFTER: `ligne` after « = » or « ; » never begins a row, so an unfinished piece eats the next one"
)


@pytest.mark.parametrize("unfinished", ["colonne m « M » en EUR =", "ligne z « Z » =", "ligne z « Z » comptes : 21 ;"])
def test_an_unfinished_formula_does_not_eat_the_next_row(unfinished):
    outcome = read(f"tableau T « T »\n  {unfinished}\n  ligne a « A »\n  ligne b « B »\n")
    assert places(outcome.diagnostics) == [("syntaxe", 2, len(unfinished) + 2)]
    (table,) = outcome.value.declarations
    assert isinstance(table, tree.TableDecl)
    assert len(table.items) == 2


@pytest.mark.parametrize("condition", ["ligne = a", "(ligne = a)", "x = 1 et ligne = a", "non ligne = a"])
def test_the_current_row_may_stand_first_in_a_condition(condition):
    clean(f"tableau T « T »\n  colonne m « M » en EUR = si {condition} alors 1 sinon 2\n  ligne a « A »\n")


def test_the_current_row_after_a_comparison():
    (table,) = clean(
        "tableau T « T »\n  colonne m « M » = si x = ligne alors 1 sinon 2\n  ligne a « A »\n"
    ).declarations
    assert isinstance(table, tree.TableDecl)
    assert len(table.items) == 2


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("1.5", "point-decimal", 2),
        ("min(1,5, 2)", "separateur-d-arguments", 8),
        ("1 200", "separateur-de-milliers", 1),
        ("100 EUR/", "syntaxe", 8),
        ("x ? y", "caractere-inattendu", 3),
        ("f()", "syntaxe", 3),
        ("(a", "syntaxe", 2),
        ("31/02/2023", "date-impossible", 1),
        ("x[N-51]", "annee-invalide", 2),
        ("x[N..N-1]", "annee-invalide", 2),
        ("1234567890123456", "nombre-trop-long", 1),
        ("0,1234567", "nombre-trop-long", 1),
        ("« jamais fermé", "texte-non-ferme", 1),
        ('"jamais fermé', "texte-non-ferme", 1),
    ],
)
def test_frequent_mistakes_have_their_own_diagnostic(text, code, column):
    offset = len("agrégat A « a » = ")
    assert places(formula_outcome(text).diagnostics) == [(code, 1, offset + column)]


@pytest.mark.parametrize(
    "text", ["a < b < c", "1 <= x <= 3", "a = b = c", "f(a < b < c)", "si a < b < c alors 1 sinon 2"]
)
def test_chained_comparisons_have_their_own_diagnostic(text):
    assert [d.code for d in formula_outcome(text).diagnostics] == ["comparaison-enchainee"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("tableau T « T » origine ailleurs", ["mot-inconnu"]),
        ("tableau T « T » vide vaut 1", ["mot-inconnu"]),
        ("tableau T « T » vide vaut 0 vide vaut 0", ["attribut-en-double"]),
        ("tableau T « T » état comptable « E » etat comptable « F »", ["attribut-en-double"]),
        ("agrégat A « a » arrondi 7 = 1", ["mot-inconnu"]),
        ("agrégat A « a » = 1 rubrique « R » rubrique « S »", ["attribut-en-double"]),
        ("agrégat A « a » = 1 source « R » source « S »", ["attribut-en-double"]),
        ("agrégat A « a » = 1 fiabilité sûre", ["mot-inconnu"]),
        ("jeu X exercice 23", ["annee-invalide"]),
        ("tableau T « T » ligne a comptes : 2,1", ["compte-invalide"]),
        ("exemple « e » attend x bizarre", ["mot-inconnu"]),
        ("exemple « e » donne a..b = 1", ["mot-inconnu"]),
        ("contrôle C bloquant « {} » x = 1", ["repere-de-message"]),
        ("contrôle C bloquant « {x » x = 1", ["repere-de-message"]),
        ("contrôle C bloquant « x} » x = 1", ["repere-de-message"]),
        ("contrôle C bloquant « {x +} {y} {1 2} » x = 1", ["syntaxe", "separateur-de-milliers"]),
    ],
)
def test_words_and_values_out_of_their_list(text, codes):
    assert [d.code for d in read(text).diagnostics] == codes


def test_the_size_of_a_text_is_a_whole_number():
    assert not read("tableau T « T » ligne a « A » texte 5,5").ok


def test_a_shift_is_read_whole():
    (declaration,) = formula_outcome("x[N-0012]").value.declarations
    assert isinstance(declaration, tree.AggregateDecl)
    assert isinstance(declaration.formula, tree.Reference)
    assert declaration.formula.years is not None
    assert declaration.formula.years.first == 12


def test_the_years_of_a_parameter_run_forwards():
    assert not read("paramètre P « p » = 1 pour 2022..2020").ok


# --- words and characters ---------------------------------------------------

SINGLE_WORDS = sorted(word for word in KEYWORDS.values() if " " not in word and word.isalpha())
# These are words of the language only before another word.
SOMETIMES = {"ouverture", "mouvements", "arrondi"}
# These begin a piece, so that the text is cut before them.
BEGINNINGS = {KEYWORDS[token] for token in _PIECES}


@pytest.mark.parametrize("word", sorted(set(SINGLE_WORDS) - SOMETIMES - BEGINNINGS))
def test_a_reserved_word_cannot_be_a_name(word):
    outcome = read(f"tableau T « T »\n  colonne {word} « M »\n  ligne a « A »\n")
    assert places(outcome.diagnostics) == [("mot-reserve", 2, 11)]
    assert outcome.diagnostics[0].help is not None
    assert word in outcome.diagnostics[0].help


@pytest.mark.parametrize("word", sorted(BEGINNINGS))
def test_a_word_that_begins_a_piece_cannot_be_a_name_either(word):
    outcome = read(f"tableau T « T »\n  colonne {word} « M »\n  ligne a « A »\n")
    assert places(outcome.diagnostics) == [("mot-reserve", 2, 11)]


@pytest.mark.parametrize("word", sorted(SOMETIMES))
def test_a_word_that_is_reserved_sometimes_may_be_a_name(word):
    clean(f"tableau T « T »\n  colonne {word} « M » en EUR\n  ligne a « A » = {word} + 1\n")


@pytest.mark.parametrize("word", SINGLE_WORDS)
def test_a_reserved_word_may_follow_a_dot(word):
    clean(f"agrégat A « a » = T06.total.{word} + T06.{word}.n + {word}x\n")


def test_keywords_without_accents_read_the_same():
    tested = CANONICAL
    for word in KEYWORDS.values():
        if word != "à":  # the one word that needs its accent
            tested = tested.replace(f"{word} ", f"{fold(word)} ")
    tested = tested.replace("contrôle", "controle").replace("près", "pres")
    assert tested != CANONICAL
    assert clean(tested) == clean(CANONICAL)


def test_a_grave_needs_its_accent():
    outcome = read("contrôle C bloquant « c » x = y a 1 EUR près\n")
    assert places(outcome.diagnostics) == [("syntaxe", 1, 33)]
    clean("agrégat a « a » = a + A.a\n")


def test_reserved_words_are_folded():
    assert {"agregat", "controle", "si", "et", "ou", "non"} <= RESERVED


def test_decomposed_accents_read_the_same():
    decomposed = unicodedata.normalize("NFD", CANONICAL)
    assert decomposed != CANONICAL
    assert clean(decomposed) == clean(CANONICAL)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\t", "\n", "  "])
def test_spaces_of_all_kinds_separate(space):
    text = "agrégat A « a » = si x > 0 alors 1 EUR sinon moyenne(y ; 2 %)"
    assert clean(text.replace(" ", space)) == clean(text)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f"])
def test_no_break_spaces_separate_thousands(space):
    (declaration,) = clean(f"agrégat A « a » = 1{space}234{space}567,5 EUR\n").declarations
    assert isinstance(declaration, tree.AggregateDecl)
    assert isinstance(declaration.formula, tree.Quantity)
    assert str(declaration.formula.value) == "1234567.5"


@pytest.mark.parametrize("number", ["1\u00a02345", "1\u00a023", "1234\u00a0567"])
def test_thousands_come_by_three(number):
    assert [d.code for d in formula_outcome(number).diagnostics] == ["separateur-de-milliers"]


def test_windows_files_read_the_same():
    windows = "\ufeff" + CANONICAL.replace("\n", "\r\n")
    assert clean(windows) == clean(CANONICAL)
    assert clean(CANONICAL.replace("\n", "\r")) == clean(CANONICAL)


def test_places_count_code_points_after_normalisation():
    outcome = read("\ufeffunité x « e\u0301te\u0301 »\r\nfamille « f »\r\n")
    assert places(outcome.diagnostics) == [("syntaxe", 2, 9)]
    assert places(read("unité x « e\u0301 » !\r\n").diagnostics) == [("caractere-inattendu", 1, 15)]


def test_comments_between_anything():
    text = (
        "contrôle C bloquant « c » pour chaque ligne l de T parmi a ; b quand x > 0 : si x alors - f ( 1 EUR ) sinon y"
    )
    expected = clean(text)
    parts = text.replace("« c »", "«c»").replace("pour chaque ligne", "pour_chaque_ligne").split(" ")
    commented = " # un « mot » {x}\n".join(["", *parts, ""]).replace("pour_chaque_ligne", "pour chaque ligne")
    assert clean(commented) == expected


# --- limits -----------------------------------------------------------------

DEEP = 10_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * DEEP + "x" + ")" * DEEP,
        "-" * DEEP + "x",
        "- " * DEEP + "1",
        "non " * DEEP + "x",
        "si " * DEEP + "x",
        "si x alors 1 sinon " * DEEP + "2",
        "si " * DEEP + "x" + " alors 1 sinon 2" * DEEP,
        "f(" * DEEP + "x" + ")" * DEEP,
        "-f(" * DEEP + "x" + ")" * DEEP,
        "x + (" * DEEP + "x" + ")" * DEEP,
        "(non " * DEEP + "x" + ")" * DEEP,
        "(" * DEEP,
    ],
    ids=["brackets", "minus", "spaced", "non", "si", "sinon", "nested", "calls", "mixed", "sums", "both", "open"],
)
def test_too_deep_is_one_clear_diagnostic_quickly(text):
    clean("famille F « f »\n")  # the grammar is loaded once
    started = time.process_time()
    outcome = formula_outcome(text)
    assert time.process_time() - started < 20
    assert [d.code for d in outcome.diagnostics] == ["trop-profond"]
    assert str(MAX_DEPTH) in outcome.diagnostics[0].message
    assert outcome.diagnostics[0].help


def test_depth_counts_inside_messages():
    text = "contrôle C bloquant « {" + "(" * DEEP + "x" + ")" * DEEP + "} » x = 1\n"
    assert [d.code for d in read(text).diagnostics] == ["trop-profond"]


@pytest.mark.parametrize("unit", [("(", ")"), ("f(", ")"), ("non ", ""), ("si x alors 1 sinon ", ""), ("1 + (", ")")])
def test_a_formula_just_below_the_limit_is_read(unit):
    before, after = unit
    clean(f"agrégat A « a » = {before * (MAX_DEPTH - 1)}x{after * (MAX_DEPTH - 1)}\n")
    assert not read(f"agrégat A « a » = {before * (MAX_DEPTH + 1)}x{after * (MAX_DEPTH + 1)}\n").ok


def test_depth_is_no_length():
    clean("agrégat A « a » = " + " + ".join(["(-x * f(y))"] * 2000) + "\n")


def test_conditionals_side_by_side_are_not_deep():
    clean("agrégat A « a » = " + " + ".join(["(si x > 0 alors 1 sinon 0)"] * 70) + "\n")


def test_the_lexer_is_built_once(monkeypatch):
    text = "contrôle C bloquant « {x} {y} » x = 1\n"
    clean(text)
    built = []
    build = BasicLexer.__init__
    monkeypatch.setattr(BasicLexer, "__init__", lambda *given, **named: (built.append(1), build(*given, **named))[1])
    clean(text)
    assert built == []


def test_a_million_lines_are_refused():
    outcome = read("\n" * 1_000_000)
    assert [d.code for d in outcome.diagnostics] == ["source-trop-longue"]
    assert outcome.value.declarations == ()


def test_many_characters_are_refused():
    assert [d.code for d in read("#" * (MAX_CHARACTERS + 1)).diagnostics] == ["source-trop-longue"]


def test_limits_hold_over_all_files():
    half = Source.of("a", "\n" * (MAX_LINES // 2 + 1))
    assert [d.code for d in parse([half, half]).diagnostics] == ["source-trop-longue"]
    assert parse([half]).ok


# --- the grammar ------------------------------------------------------------


def test_the_grammar_has_no_conflict():
    pytest.importorskip("interegular")
    logger.setLevel(logging.ERROR)  # lark warns of each overlap it resolves by priority
    Lark(
        grammar_text(),
        parser="lalr",
        lexer="basic",
        start=[*_PIECES.values(), "expression", "hors_grammaire"],
        strict=True,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def test_every_keyword_of_the_grammar_is_spoken():
    tokens = set(re.findall(r"^([A-Z_]+)(?:\.-?\d+)?: ", grammar_text(), re.MULTILINE))
    others = {
        "COMPARATEUR",
        "NAME",
        "CHEMIN",
        "CLE_CITEE",
        "ETOILE",
        "GENERE",
        "ANNEE",
        "ANCIEN",
        "DATE_LITTERALE",
        "NUMBER",
        "TEXT",
    }
    assert tokens - others - {"COMMENTAIRE", "INCONNU"} == set(KEYWORDS)


# --- campagne ---------------------------------------------------------------


@pytest.mark.parametrize("word", CAMPAIGN_WORDS.values())
def test_a_word_of_a_campagne_is_a_name_in_a_ruleset(word):
    clean(f"tableau T « T »\n  colonne {word} « M » en EUR\n  ligne {fold(word)}1 « A » = {word} + 1\n")


@pytest.mark.parametrize(
    "text", ["désactiver C1\n", "rendre C1 bloquant\n", "reactiver T.a.n~positif", "campagne Q exercice 2023"]
)
def test_a_declaration_of_a_campagne_in_a_ruleset_is_said_so(text):
    outcome = read(f"famille F « f »\n{text}\nfamille G « g »\n")
    assert places(outcome.diagnostics) == [("declaration-inattendue", 2, 1)]
    assert [d.name.text for d in outcome.value.declarations] == ["F", "G"]


@pytest.mark.parametrize("word", ["jeu", "tableau", "contrôle", "agregat", "exemple", "ligne", "attend"])
def test_a_declaration_of_a_ruleset_in_a_campagne_is_said_so_once(word):
    text = f"campagne Q exercice 2023\n{word} X « x »\n{word} Y « y »\ndésactiver C1\n"
    outcome = parse_campaign(Source.of("c", text))
    assert places(outcome.diagnostics) == [("declaration-inattendue", 2, 1)]
    assert len(outcome.value.declarations) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("désactiver C1 à compter du 12/9/2024 par « x »", ("date-impossible", 2, 28)),
        ("désactiver C1 à compter du 2024-09-12", ("date-impossible", 2, 28)),
        ("désactiver C1 à compter du 12 septembre 2024", ("date-impossible", 2, 28)),
        ("désactiver C1 à compter du 30/02/2024", ("date-impossible", 2, 28)),
        ("désactiver C1 par « x » par « y »", ("attribut-en-double", 2, 25)),
        ("désactiver C1, C2", ("separateur-d-arguments", 2, 14)),
        ("désactiver C1[terrains]", ("caractere-inattendu", 2, 14)),
        ("désactiver contrôle C1", ("syntaxe", 2, 12)),
        ("rendre C1 grave", ("syntaxe", 2, 11)),
        ("rendre C1", ("syntaxe", 2, 8)),
        ("désactiver C1 bloquant", ("syntaxe", 2, 15)),
        ("desactive C1", ("syntaxe", 2, 1)),
    ],
)
def test_a_decision_that_does_not_read_is_said_at_its_place(text, found):
    outcome = parse_campaign(Source.of("c", f"campagne Q exercice 2023\n{text}\n"))
    assert places(outcome.diagnostics) == [found]


# --- any text ---------------------------------------------------------------

FRAGMENTS = [
    *CAMPAIGN_WORDS.values(),
    *KEYWORDS.values(),
    *("x", "T.a.n", "T.*", "T.*.n", "C~saisie", "2022.T.x", "12", "1,5", "2023", "31/12/2023", "31/13/2023", "[N-1]"),
    *(
        "[N..N-99]",
        "EUR",
        "%",
        "(",
        ")",
        ";",
        ":",
        ",",
        ".",
        "..",
        "+",
        "-",
        "*",
        "/",
        "=",
        "<",
        "<=",
        "<>",
        "|",
        "#",
        "\n",
    ),
    *(
        "« a »",
        "« {x} »",
        "« { »",
        "« } »",
        "« {} »",
        '"a"',
        "«",
        "»",
        '"',
        "{",
        "}",
        "[",
        "]",
        "~",
        "\u00a0",
        "\x00",
        "é",
        "😀",
    ),
    *("tableau T « T »", "ligne a « A »", "agrégat A « a » =", "contrôle C bloquant « c »", "exemple « e »", "saisie"),
]


def assert_sound(text: str) -> None:
    source = Source.of("t", text)
    for diagnostic in (*parse([source]).diagnostics, *parse_campaign(source).diagnostics):
        spans = [
            diagnostic.primary.span,
            *(label.span for label in diagnostic.secondary),
            *(e.span for e in diagnostic.fix),
        ]
        for span in spans:
            assert span.source is source
            assert 0 <= span.start <= span.end <= len(source.text)
        assert diagnostic.message
        assert diagnostic.render()
        assert diagnostic.as_json()


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join))
def test_any_words_give_an_outcome(text):
    assert_sound(text)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_any_characters_give_an_outcome(text):
    assert_sound(text)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(CANONICAL)), st.integers(0, 12), st.sampled_from(["", *FRAGMENTS]))
def test_any_slip_gives_an_outcome(start, length, typed):
    """A few characters replaced in a text that parses."""
    assert_sound(CANONICAL[:start] + typed + CANONICAL[start + length :])
