"""Every code has a page whose failing example says just that, and whose corrected example says nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from qdis_rules.authoring.examples import Reader
from qdis_rules.diagnostics import Diagnostic
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.pipeline import RulesetError, compile_sources, ruleset_sources
from qdis_rules.source import Source
from tests.conftest import GOLDEN
from tests.diagnostics.pages import (
    FOLDER,
    PAGES,
    calls,
    codes_in_source,
    marks,
    places,
    said,
    said_of,
    said_of_accounts,
    said_of_campaign,
)

CODES = codes_in_source()
INDEX = (FOLDER / "index.md").read_text("utf-8")

TABLE = """tableau T06 « Dettes financières »
  colonne n « Montant » en EUR
  ligne emprunts « Emprunts »
  ligne depots « Dépôts de garantie »

contrôle DET01 bloquant « Les dépôts dépassent les emprunts. »
  T06.depots <= T06.emprunts
  source « Guide du questionnaire »
"""
HEAD = "jeu QDIS exercice 2023\n"

"""Pages that show a bug, with the bug."""


def written(code: str, content: str | bytes, files: dict[str, bytes]) -> tuple[Diagnostic, ...]:
    """Return what is said of `<code>.qdis`, written in the current folder beside `files`."""
    for name, beside in files.items():
        Path(name).write_bytes(beside)
    path = Path(f"{code}.qdis")
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    read = ruleset_sources(path)
    if not read.ok:
        with pytest.raises(RulesetError) as refused:
            compile_sources(read)
        return refused.value.diagnostics
    return said_of(read.value, read.diagnostics)


def beside(code: str) -> Reader:
    """Return what reads the dossiers that a page shows, once they are written in the current folder."""
    for name, content in PAGES[code].dossiers.items():
        Path(name).write_text(content, "utf-8")
    return DossierFolder(Path()).read


def failing(code: str) -> list[tuple[tuple[Diagnostic, ...], list[tuple[int, str]]]]:
    """Return, for each failing example of a page, what is said and what was announced."""
    page = PAGES[code]
    if page.rules is not None:
        return [(said_of_campaign(text, page.rules), marks(text)) for text in page.failing]
    match code:
        case "fichier-illisible":
            return [(written(code, (HEAD + TABLE).encode("latin-1"), {}), [(1, code)])]
        case "source-trop-longue":
            source = Source.of(f"{code}.qdis", HEAD + TABLE + "\n" * 100_000)
            return [(said_of([source]), [(1, code)])]
        case "inclusion-introuvable":
            return [(written(code, text, {}), marks(text)) for text in PAGES[code].failing]
        case "plan-invalide":
            return [(said_of_accounts(PAGES[code].charts[0]), marks(PAGES[code].charts[0]))]
        case _ if PAGES[code].charts:
            (chart,) = PAGES[code].charts
            return [(said_of_accounts(chart, text), marks(chart) + marks(text)) for text in PAGES[code].failing]
        case _:
            read = beside(code)
            return [(said(text, f"{code}.qdis", read), marks(text)) for text in PAGES[code].failing]


def corrected(code: str) -> list[tuple[Diagnostic, ...]]:
    """Return what is said of each corrected example of a page."""
    page = PAGES[code]
    if page.rules is not None:
        return [said_of_campaign(text, page.rules) for text in page.corrected]
    match code:
        case "fichier-illisible":
            return [written(code, (HEAD + TABLE).encode("utf-8"), {})]
        case "source-trop-longue":
            return [said(HEAD + TABLE)]
        case "inclusion-introuvable":
            files = {"tableaux.qdis": TABLE.encode("utf-8")}
            return [written(code, text, files) for text in PAGES[code].corrected]
        case "plan-invalide":
            return [said_of_accounts(PAGES[code].charts[1])]
        case _ if PAGES[code].charts:
            return [said_of_accounts(PAGES[code].charts[0], text) for text in PAGES[code].corrected]
        case _:
            read = beside(code)
            return [said(text, read=read) for text in PAGES[code].corrected]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("code", PAGES)
def test_the_failing_example_says_just_what_it_announces(code):
    examples = failing(code)
    assert examples
    for found, announced in examples:
        assert places(found) == announced
        assert code in [d.code for d in found]


@pytest.mark.parametrize("code", PAGES)
def test_the_corrected_example_says_nothing(code):
    examples = corrected(code)
    assert examples
    assert [d.render() for found in examples for d in found] == []


@pytest.mark.parametrize("code", PAGES)
def test_the_message_is_the_golden_one(code, golden: Callable[[str, str], None]):
    rendered = [d.render() for found, _ in failing(code) for d in found if d.code == code]
    golden(code, "\n\n".join(rendered))


@pytest.mark.parametrize("code", PAGES)
def test_the_page_states_its_code_and_severity(code):
    text = PAGES[code].text
    assert text.startswith(f"# {code}\n\n**")
    stated = re.match(r"# .*\n\n\*\*(.*)\.\*\*", text)
    assert stated is not None
    assert set(re.findall(r"erreur|avertissement", stated[1].casefold())) == CODES[code]
    assert len(text.splitlines()) < 90, "a page is short"


@pytest.mark.parametrize("code", PAGES)
def test_a_message_is_one_line_without_a_final_stop(code):
    for found, _ in failing(code):
        for diagnostic in found:
            assert "\n" not in diagnostic.message
            assert not diagnostic.message.endswith((".", "!", ":"))
            assert diagnostic.message == diagnostic.message.strip()
            assert str(diagnostic.severity) in CODES[diagnostic.code]


# --- contract ---------------------------------------------------------------------


def test_the_source_has_codes_and_each_is_well_formed():
    assert len(CODES) > 70
    for code in CODES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code), code


def test_every_code_has_a_page_and_every_page_a_code():
    assert set(PAGES) == set(CODES)


def test_every_code_has_a_golden_message_and_every_golden_message_a_code():
    goldens = {path.stem for path in GOLDEN.glob("*.txt") if not path.stem.startswith("planted-")}
    assert goldens == set(CODES)


def test_the_index_tells_every_code_once_with_its_severity_in_order():
    rows = re.findall(r"^\| \[([a-z0-9-]+)\]\(([a-z0-9-]+)\.md\) \| (.*?) \| (.+) \|$", INDEX, re.M)
    assert [row[0] for row in rows] == sorted(CODES)
    for code, target, severity, line in rows:
        assert target == code
        assert set(re.findall(r"erreur|avertissement", severity)) == CODES[code]
        assert line == line.strip()


def test_no_diagnostic_is_made_with_a_code_that_is_not_written_out():
    """A code built at run time would escape the contract above."""
    # The helpers hand over the `code` they were given; everywhere else it is written out.
    hidden = [
        place
        for place, _, call in calls()
        if not isinstance(call.args[0], ast.Constant) and ast.unparse(call.args[0]) != "code"
    ]
    assert hidden == []
