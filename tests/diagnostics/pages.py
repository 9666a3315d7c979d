"""Reads the pages of diagnostics, and says of a text everything the compiler and the author's tools say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qdis_rules.authoring.accounts import coverage
from qdis_rules.authoring.chart import parse_chart
from qdis_rules.authoring.examples import Reader, run_examples
from qdis_rules.authoring.lint import lint
from qdis_rules.diagnostics import Diagnostic, in_source_order
from qdis_rules.pipeline import Ruleset, check_campaign, check_sources
from qdis_rules.reading import CAMPAIGN
from qdis_rules.source import Source

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "diagnostics"
MARK = re.compile(r"#! ([a-z0-9-]+)(?: ([0-9]+))?")
_FENCE = re.compile(r"^```qdis\n(.*?)^```$", re.M | re.S)
_CAMPAIGN = re.compile(r"^```qdis campagne\n(.*?)^```$", re.M | re.S)
_CHART = re.compile(r"^```csv\n(.*?)^```$", re.M | re.S)
_DOSSIER = re.compile(r"^```json (\S+)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Page:
    """A page: its code, its text, its failing and its corrected examples.

    With campagnes, `rules` are the ruleset they are of, and the examples are campagnes. Where a
    page shows a chart of accounts, its first example fails on it: a mark may stand in the chart.
    """

    code: str
    text: str
    failing: tuple[str, ...]
    corrected: tuple[str, ...]
    rules: str | None = None
    charts: tuple[str, ...] = ()

    @property
    def dossiers(self) -> dict[str, str]:
        """The dossiers it shows, by file name."""
        return dict(_DOSSIER.findall(self.text))


def read_page(path: Path) -> Page:
    """Return the page; a fence with a mark fails, a fence without one is corrected."""
    text = path.read_text("utf-8")
    fences, campaigns, charts = _FENCE.findall(text), _CAMPAIGN.findall(text), tuple(_CHART.findall(text))
    shown = campaigns or fences
    failing = [fence for index, fence in enumerate(shown) if MARK.search(fence) or (charts and not index)]
    return Page(
        path.stem,
        text,
        tuple(failing),
        tuple(fence for fence in shown if fence not in failing),
        fences[0] if campaigns else None,
        charts,
    )


PAGES = {path.stem: read_page(path) for path in sorted(FOLDER.glob("*.md")) if path.stem != "index"}


def said(text: str, name: str = "jeu.qdis", read: Reader | None = None) -> tuple[Diagnostic, ...]:
    """Return what is said of one text: the checker's sayings, and where it is correct the lint's and its examples'."""
    return said_of([Source.of(name, text)], read=read)


def said_of_campaign(text: str, rules: str, name: str = CAMPAIGN) -> tuple[Diagnostic, ...]:
    """Return what is said of a campagne of the ruleset `rules`, about which nothing is to be said."""
    assert said(rules) == ()
    return check_campaign(Source.of(name, text), check_sources([Source.of("jeu.qdis", rules)])).diagnostics


def said_of(
    sources: Sequence[Source], reading: Iterable[Diagnostic] = (), read: Reader | None = None
) -> tuple[Diagnostic, ...]:
    """Return what is said of sources, after what was said while reading them."""
    outcome = check_sources(sources)
    found = [*reading, *outcome.diagnostics]
    if outcome.ok:
        found.extend(lint(outcome.value))
        for result in run_examples(Ruleset(outcome.value, outcome.diagnostics), read):
            found.extend(result.diagnostics)
    return in_source_order(found)


def said_of_accounts(chart: str, text: str | None = None, name: str = "comptes.csv") -> tuple[Diagnostic, ...]:
    """Return what is said of a chart of accounts, its marks left out, and of a text that must suit it."""
    read = parse_chart(Source.of(name, re.sub(r" *#! .*", "", chart)))
    found = [*read.diagnostics]
    if text is not None:
        source = Source.of("jeu.qdis", text)
        found.extend(said_of([source]))
        found.extend(coverage(check_sources([source]).value, read.value).diagnostics)
    return in_source_order(found)


def marks(text: str) -> list[tuple[int, str]]:
    """Return the (line, code) pairs that `#! code` comments announce."""
    return [(number, mark[1]) for number, line in enumerate(text.splitlines(), start=1) for mark in MARK.finditer(line)]


def places(diagnostics: Iterable[Diagnostic]) -> list[tuple[int, str]]:
    """Return the (line, code) of each diagnostic."""
    return [(d.primary.span.source.position(d.primary.span.start)[0], d.code) for d in diagnostics]


def codes_in_source() -> dict[str, set[str]]:
    """Return the codes the compiler's and the author's tools can say, each with its severities.

    A code is the first argument of `Diagnostic`, or of a room's own `_error`, `_warning`, `_unknown`.
    """
    found: dict[str, set[str]] = {}
    for _, name, node in calls():
        code = node.args[0] if node.args else None
        if isinstance(code, ast.Constant):
            warning = name == "_warning" or (name == "Diagnostic" and "WARNING" in ast.unparse(node.args[1]))
            found.setdefault(code.value, set()).add("avertissement" if warning else "erreur")
    return found


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield (place, function, call) wherever a diagnostic is made."""
    for path in sorted((ROOT / "qdis_rules").rglob("*.py")):
        makers = {"Diagnostic"}
        if path.parent.name in ("syntax", "model", "authoring"):
            makers.update(("_error", "_warning", "_unknown"))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.func.id, node
