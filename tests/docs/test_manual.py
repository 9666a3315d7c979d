"""The author's manual is a test: every example of docs/language runs, every table of values is computed.

- ```qdis: a whole text; it checks without error or warning and its examples pass;
- ```qdis suite: the same, after the page's text so far;
- ```qdis faux: after the page's text so far (alone if it has its own `jeu`), and not kept; it gets
  exactly the diagnostics that its `#! code` comments announce, each on its line;
- ```qdis campagne: a campagne of the page's text so far, with nothing to say of it; ```qdis campagne faux: as announced;
- ```csv: a chart of accounts; ```text comptes: what the text above gives on it;
- ```text verdicts | expliquer CODE | diagnostics: what the text above gives, for its last example; with a day
  (```text verdicts 15/09/2024), as the last campagne has it that day;
- ```json FILE: a dossier, which the examples after it may start from;
- tables headed « formule », or by a formula: each cell is the value of the formula.
"""

import re

import pytest

from qdis_rules.model.expressions import FUNCTIONS
from qdis_rules.syntax.words import CAMPAIGN_WORDS, KEYWORDS
from tests.docs import manual

FENCES = [fence for page in manual.PAGES for fence in manual.fences(page)]
CAMPAIGNS = [fence for fence in FENCES if fence.info[:2] == ("qdis", "campagne")]
RULES = [fence for fence in FENCES if fence.info[:1] == ("qdis",) and fence not in CAMPAIGNS]
SHOWN = [fence for fence in FENCES if fence.info[:1] == ("text",)]
ROWS = [row for page in manual.PAGES for row in manual.value_rows(page)]
DAY = re.compile(r"\d\d/\d\d/\d{4}")
COMMANDS = ("verifier", "expliquer", "analyser", "tester", "formater", "documenter")


def test_the_pages_the_manual_promises_are_there():
    names = "index tableaux unites valeurs fonctions controles agregats comptes exercices exemples mots campagne aide-memoire"
    assert {f"{name}.md" for name in names.split()} <= {page.name for page in manual.PAGES}


@pytest.mark.parametrize("fence", FENCES, ids=str)
def test_every_fence_is_of_a_known_kind(fence):
    kinds = {
        ("qdis",),
        ("qdis", "suite"),
        ("qdis", "faux"),
        ("qdis", "campagne"),
        ("qdis", "campagne", "faux"),
        ("console",),
        ("text", "verdicts"),
        ("text", "diagnostics"),
        ("text", "comptes"),
        ("csv",),
    }
    info = fence.info[:-1] if DAY.fullmatch(fence.info[-1]) else fence.info
    assert info in kinds or info[:2] == ("text", "expliquer") or info[0] == "json"


@pytest.mark.parametrize("fence", RULES, ids=str)
def test_an_example_gets_exactly_the_diagnostics_it_announces(fence):
    expected = manual.marks(fence.text)
    if fence.info == ("qdis", "faux"):
        assert expected, "nothing is marked wrong in this fence"
    else:
        assert expected == []
    found = (*manual.noticed(fence.text, fence.files), *manual.linted(fence.text, {code for _, code in expected}))
    assert manual.places(found) == expected, "\n\n".join(d.render() for d in found)


@pytest.mark.parametrize("fence", CAMPAIGNS, ids=str)
def test_a_campagne_gets_exactly_the_diagnostics_it_announces(fence):
    expected = manual.marks(fence.content)
    assert bool(expected) == (fence.info[-1] == "faux")
    found = manual.noticed_of_campaign(fence.before, fence.content)
    assert manual.places(found) == expected, "\n\n".join(d.render() for d in found)


@pytest.mark.parametrize("fence", SHOWN, ids=str)
def test_what_is_shown_is_what_comes_out(fence):
    shown = manual.plain(fence.content).strip().splitlines()
    text = fence.previous
    if fence.info[1] == "diagnostics":
        rendered = "\n\n".join(d.render() for d in manual.noticed(text, fence.files))
        assert manual.plain(rendered).splitlines() == shown
        return
    if fence.info[1] == "comptes":
        (chart,) = (each.content for each in FENCES if each.page == fence.page and each.info == ("csv",))
        assert manual.plain(manual.proved(text, chart)).splitlines() == shown
        return
    day = fence.info[-1] if DAY.fullmatch(fence.info[-1]) else None
    report = manual.last_report(text, fence.files, fence.campaign, day)
    if fence.info[1] == "expliquer":
        assert [manual.plain(line) for line in report.explain(fence.info[2]).lines()] == shown
        return
    lines = {
        manual.plain(f"{result.name} : {result.verdict}" + (f" — {result.message}" if result.message else ""))
        for result in report.checks.values()
    }
    assert set(shown) <= lines, sorted(lines)
    assert all(any(line.startswith(f"{result.name} :") for line in shown) for result in report.checks.violated)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_table_of_values_tells_the_truth(row):
    ruleset, kind = manual.compiled(row.formula)
    found = [manual.said(ruleset, kind, manual.dossier_of(bindings)) for bindings, _ in row.cells]
    assert found == [expected for _, expected in row.cells]


@pytest.mark.parametrize("formula", ["x - y", "x * (y / 1 EUR)", "x / y", "x = y", "x < y", "x >= y", "x entre y et y"])
def test_other_operators_treat_missing_values_as_addition_does(formula):
    """As the manual says below its table of `x + y`."""
    ruleset, kind = manual.compiled(formula)
    rows = [row for row in ROWS if row.formula == "x + y"]
    cells = [cell for row in rows for cell in row.cells if not cell[1].isdigit()]
    assert len(cells) == 15
    for bindings, expected in cells:
        assert manual.said(ruleset, kind, manual.dossier_of(bindings)) == expected, bindings


@pytest.mark.parametrize("fence", [f for f in FENCES if f.info == ("console",)], ids=str)
def test_a_console_fence_shows_commands_that_exist(fence):
    for line in fence.content.splitlines():
        match = re.match(r"\$ qdis (\w+)", line)
        assert match, line
        assert match[1] in COMMANDS


def _words() -> str:
    return "\n".join(page.read_text("utf-8") for page in manual.PAGES)


@pytest.mark.parametrize("word", [*FUNCTIONS, *KEYWORDS.values(), *CAMPAIGN_WORDS.values()])
def test_every_function_and_keyword_is_in_the_manual(word):
    assert re.search(rf"(?<!\w){re.escape(word)}(?!\w)", _words()), word


@pytest.mark.parametrize("page", manual.PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).is_file(), target


def test_index_links_to_every_page():
    index = next(page for page in manual.PAGES if page.name == "index.md").read_text("utf-8")
    missing = [page.name for page in manual.PAGES if page.name != "index.md" and f"({page.name})" not in index]
    assert missing == []
