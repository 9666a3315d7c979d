"""n mistakes in one ruleset give n diagnostics, each at its place, whatever the order of declarations."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.source import Source
from tests.diagnostics.pages import said, said_of
from tests.diagnostics.planted import MISTAKES, SOUND, Mistake, plant, planted_text, unmarked

CYCLE = next(mistake for mistake in MISTAKES if mistake.code == "cycle")


def seen(diagnostics):
    """Return (code, line, column) of each diagnostic."""
    return sorted((d.code, *d.primary.span.source.position(d.primary.span.start)) for d in diagnostics)


def test_the_ruleset_without_mistakes_says_nothing():
    assert [d.render() for d in said(SOUND)] == []


def test_there_are_enough_mistakes_of_enough_kinds():
    assert len(MISTAKES) >= 12
    assert len({mistake.code for mistake in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.code)
def test_one_mistake_says_one_thing(mistake):
    text, expected = plant([mistake])
    assert seen(said(text)) == expected


def test_all_mistakes_are_said_in_one_run():
    text, expected = plant(MISTAKES)
    assert len(expected) == len(MISTAKES)
    assert seen(said(text)) == sorted(expected)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(MISTAKES), min_size=2, max_size=20, unique=True))
def test_any_mistakes_together_are_each_said_once(mistakes):
    text, expected = plant(mistakes)
    assert seen(said(text)) == sorted(expected)


@pytest.mark.parametrize("seed", range(6))
def test_order_of_declarations_moves_mistakes_and_changes_nothing_else(seed):
    mistakes = [mistake for mistake in MISTAKES if mistake is not CYCLE]
    text, expected = unmarked("\n\n".join(shuffled(planted_text(mistakes), seed)), mistakes)
    found = said(text)
    assert seen(found) == sorted(expected)
    plain, _ = plant(mistakes)
    assert sorted(map(without_line_numbers, found)) == sorted(map(without_line_numbers, said(plain)))


@pytest.mark.parametrize("seed", range(3))
def test_a_ruleset_in_many_files_says_the_same(seed):
    mistakes = [mistake for mistake in MISTAKES if mistake is not CYCLE]
    plain, _ = plant(mistakes)
    blocks = shuffled(plain, seed)
    found = said_of([Source.of(f"{index:02}.qdis", block) for index, block in enumerate(blocks)])
    assert sorted(map(without_line_numbers, found)) == sorted(map(without_line_numbers, said(plain)))


@pytest.mark.parametrize("seed", range(3))
def test_a_cycle_shows_the_same_three_places_in_any_order(seed):
    text, _ = plant([CYCLE])
    (plain,) = said(text)
    (found,) = said("\n\n".join(shuffled(text, seed)))
    assert len(plain.secondary) == 2
    assert label_lines(found) == label_lines(plain)


def test_a_cycle_is_told_from_the_same_member_in_any_order():
    text, _ = plant([CYCLE])
    told = {said("\n\n".join(shuffled(text, seed)))[0].message for seed in range(6)}
    assert len(told) == 1


# --- the four messages an author meets first ----------------------------------------

FIRST = {
    "cellule-mal-tapee": Mistake("ligne-inconnue", "T06.locatif.cloture <= plafond", "T06.¦locatf.cloture <= plafond"),
    "unites": Mistake("unites-incompatibles", "T02.loyers >= 0 à", "T02.loyers >= ¦T02.logements à"),
    "cycle-de-trois": CYCLE,
    "compte-en-double": next(mistake for mistake in MISTAKES if mistake.code == "compte-en-double"),
}


@pytest.mark.parametrize("name", FIRST)
def test_first_messages(name, golden):
    text, expected = plant([FIRST[name]])
    found = said(text, "jeu.qdis")
    assert seen(found) == expected
    golden(f"planted-{name}", found[0].render())


def test_a_mistyped_cell_is_answered_with_the_nearest_name_and_an_edit():
    text, _ = plant([FIRST["cellule-mal-tapee"]])
    (found,) = said(text)
    assert found.help is not None
    assert "« locatif »" in found.help
    (edit,) = found.fix
    assert text[: edit.span.start] + edit.text + text[edit.span.end :] == SOUND


def test_a_unit_mismatch_names_both_units_and_shows_both_sides():
    text, _ = plant([FIRST["unites"]])
    (found,) = said(text)
    assert "EUR" in found.message
    assert "logement" in found.message
    assert [label.span.text for label in (found.primary, *found.secondary)] == ["T02.logements", "T02.loyers"]


def test_a_cycle_of_three_names_its_members_in_order():
    text, _ = plant([CYCLE])
    (found,) = said(text)
    assert "SF.a → SF.b → SF.c → SF.a" in found.message
    assert [label.span.text for label in (found.primary, *found.secondary)] == ["SF.b", "SF.c", "SF.a"]


def test_a_double_mapped_account_shows_both_lines():
    text, _ = plant([FIRST["compte-en-double"]])
    (found,) = said(text)
    assert "1641" in found.message
    assert [label.span.text for label in (found.primary, *found.secondary)] == ["1641", "164"]


# --- helpers ------------------------------------------------------------------------


def shuffled(text: str, seed: int) -> list[str]:
    """Return the declarations of a text in another order."""
    blocks = text.strip("\n").split("\n\n")
    random.Random(seed).shuffle(blocks)
    return blocks


def label_lines(diagnostic: Diagnostic) -> set[tuple[str, int]]:
    return {place(label.span) for label in (diagnostic.primary, *diagnostic.secondary)}


def without_line_numbers(diagnostic: Diagnostic) -> tuple[object, ...]:
    """Return all that is said but the file and the line number."""
    labels = (diagnostic.primary, *diagnostic.secondary)
    return (
        diagnostic.code,
        diagnostic.message,
        diagnostic.help or "",
        *((*place(label.span), label.text) for label in labels),
    )


def place(span) -> tuple[str, int]:
    line, column = span.source.position(span.start)
    return span.source.line(line), column
