"""Reads the manual's pages: fences, marks, tables of values. What each means stands in test_manual.py."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from qdis_rules import Dossier, Report, RulesetError, check_sources
from qdis_rules.authoring.accounts import coverage
from qdis_rules.authoring.chart import parse_chart
from qdis_rules.authoring.examples import Reader, example_dossiers, run_examples
from qdis_rules.authoring.lint import lint
from qdis_rules.cli.proof import lines
from qdis_rules.diagnostics import Diagnostic, Outcome
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.pipeline import Ruleset, check_campaign, compile_sources
from qdis_rules.reading import CAMPAIGN
from qdis_rules.source import Source

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "language").glob("*.md"))
SOURCE = "exemple.qdis"
MARK = re.compile(r"#!\s*([a-z0-9 -]+?)\s*$")


@dataclass(frozen=True)
class Fence:
    """A fence: its page and line, its info words, its content, the rule text standing before it.

    `previous` is the whole text of the last rule fence, marks and all; `campaign` the last sound campagne;
    `files` are the dossiers of the page so far, by file name.
    """

    page: str
    line: int
    info: tuple[str, ...]
    content: str
    before: str
    previous: str
    campaign: str
    files: Mapping[str, str]

    @property
    def text(self) -> str:
        """The whole rule text that this fence stands for."""
        alone = self.info == ("qdis",) or re.search(r"^jeu ", self.content, re.M)
        return self.content if alone else self.before + self.content

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def fences(page: Path) -> Iterator[Fence]:
    """Yield the fences of a page, in order."""
    info: tuple[str, ...] | None = None
    start = 0
    lines: list[str] = []
    before = previous = campaign = ""
    files: dict[str, str] = {}
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if info is None and line.startswith("```"):
            info, start, lines = tuple(line[3:].split()), number, []
        elif info is not None and line.startswith("```"):
            fence = Fence(page.name, start, info, "\n".join(lines) + "\n", before, previous, campaign, dict(files))
            yield fence
            if info[:1] == ("json",):
                files[info[1]] = fence.content
            elif info == ("qdis", "campagne"):
                campaign = fence.content
            elif info[:1] == ("qdis",) and "campagne" not in info:
                previous = fence.text
                if info != ("qdis", "faux"):
                    before = fence.text
            info = None
        elif info is not None:
            lines.append(line)
    assert info is None, f"{page.name}:{start}: fence never closed"


@contextmanager
def reader(files: Mapping[str, str]) -> Iterator[Reader]:
    """Give what reads the dossiers of a page."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_text(content, "utf-8")
        yield DossierFolder(Path(folder)).read


def noticed(text: str, files: Mapping[str, str] = MappingProxyType({})) -> tuple[Diagnostic, ...]:
    """Return everything said of a rule text: the checker's sayings, else the examples not met."""
    outcome = check_sources([Source.of(SOURCE, text)])
    if not outcome.ok:
        return outcome.diagnostics
    with reader(files) as read:
        results = run_examples(Ruleset(outcome.value, outcome.diagnostics), read)
    return (*outcome.diagnostics, *(d for result in results for d in result.diagnostics))


def noticed_of_campaign(rules: str, text: str) -> tuple[Diagnostic, ...]:
    """Return everything said of a campagne of the ruleset `rules`."""
    return check_campaign(Source.of(CAMPAIGN, text), check_sources([Source.of(SOURCE, rules)])).diagnostics


def marks(text: str) -> list[tuple[int, str]]:
    """Return the (line, code) pairs that `#! code` comments announce."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        mark = MARK.search(line)
        if mark:
            found.extend((number, code) for code in mark[1].split())
    return sorted(found)


def places(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[int, str]]:
    """Return (line, code) of each diagnostic."""
    spans = [(d.primary.span, d.code) for d in diagnostics]
    return sorted((span.source.position(span.start)[0], code) for span, code in spans)


def linted(text: str, codes: set[str]) -> tuple[Diagnostic, ...]:
    """Return the author's warnings on a correct text, those of `codes` only."""
    outcome = check_sources([Source.of(SOURCE, text)])
    return tuple(d for d in lint(outcome.value) if d.code in codes) if outcome.ok else ()


def proved(text: str, chart: str) -> str:
    """Return what the command line says of a text over a chart of accounts."""
    found = coverage(check_sources([Source.of(SOURCE, text)]).value, parse_chart(Source.of("comptes.csv", chart)).value)
    return "\n\n".join(("\n".join(lines(found)), *(d.render() for d in found.diagnostics)))


def last_report(text: str, files: Mapping[str, str], campaign: str, day: str | None) -> Report:
    """Return the report of the dossier that the last example of a text describes, on a day of its campagne if given."""
    ruleset = compile_sources([Source.of(SOURCE, text)], Outcome(Source.of(CAMPAIGN, campaign)) if day else None)
    with reader(files) as read:
        dossier, history = example_dossiers(ruleset, ruleset.typed.examples[-1], read)
    if day is not None:
        ruleset = ruleset.on(datetime.strptime(day, "%d/%m/%Y").date())
    return ruleset.evaluate(dossier, history)


def plain(text: str) -> str:
    """Return `text` with ordinary spaces."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


# --- tables of values -----------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One row of a table of values: formula, bindings and expected value of each of its cells."""

    page: str
    line: int
    formula: str
    cells: tuple[tuple[tuple[str, ...], str], ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def value_rows(page: Path) -> Iterator[Row]:
    """Yield the rows of the tables of values: those headed `formule`, or by a formula in backticks."""
    header: list[str] = []
    fenced = False
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        fenced ^= line.startswith("```")
        if fenced or not line.startswith("|"):
            header = []
            continue
        # A bar inside backticks belongs to a formula; none of ours has one.
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not header:
            header = cells
        elif set(cells[0]) <= set(":- "):
            continue
        elif header[0] == "formule":
            expected = tuple(((of,), cell) for of, cell in zip(header[1:], cells[1:], strict=True))
            yield Row(page.name, number, cells[0].strip("`"), expected)
        elif header[0].startswith("`"):
            both = tuple(((cells[0], of), cell) for of, cell in zip(header[1:], cells[1:], strict=True))
            yield Row(page.name, number, header[0].strip("`"), both)


_CASES = """
jeu M exercice 2023
tableau V « Valeurs »
  colonne n « n »
  ligne vide en EUR
  ligne jour date
  ligne cas_x choix valeur | absent | sans_objet | incalculable
  ligne cas_y choix valeur | absent | sans_objet | incalculable
  ligne cas_d choix valeur | absent | sans_objet | incalculable
  ligne cas_l choix valeur | sans_objet
  ligne x en EUR
  ligne y en EUR
  ligne d date
  ligne p choix vrai | faux | incalculable | sans_objet
  ligne q choix vrai | faux | incalculable | sans_objet
tableau L « Liste » liste clé k sans objet quand V.cas_l = sans_objet
  colonne k « k » texte
  colonne n « n » en EUR
agrégat x interne « x » en EUR quand V.cas_x <> sans_objet :
  = si V.cas_x = absent alors V.vide sinon si V.cas_x = incalculable alors 1 EUR / (1 - 1) sinon V.x
agrégat y interne « y » en EUR quand V.cas_y <> sans_objet :
  = si V.cas_y = absent alors V.vide sinon si V.cas_y = incalculable alors 1 EUR / (1 - 1) sinon V.y
agrégat d interne « d » date quand V.cas_d <> sans_objet :
  = si V.cas_d = absent alors V.jour sinon si V.cas_d = incalculable alors V.jour[N-1] sinon V.d
agrégat p interne « p » oui/non quand V.p <> sans_objet : = si V.p = incalculable alors V.vide > 0 sinon V.p = vrai
agrégat q interne « q » oui/non quand V.q <> sans_objet : = si V.q = incalculable alors V.vide > 0 sinon V.q = vrai
"""
_CASE = {"absent": "absent", "sans objet": "sans_objet", "non calculable": "incalculable"}


def compiled(formula: str) -> tuple[Ruleset, str]:
    """Return a ruleset whose aggregate `resultat` is `formula`, and the kind that fits it."""
    for kind in ("en EUR", "entier", "oui/non"):
        text = f"{_CASES}agrégat resultat interne « r » {kind} = {formula}\n"
        try:
            return compile_sources([Source.of(SOURCE, text)]), kind
        except RulesetError as error:
            refused = error
    raise refused


def dossier_of(bindings: tuple[str, ...]) -> Dossier:
    """Return the dossier of bindings as the manual writes them: « x = 5 », « x absent », « p vrai », « liste 2 ; — »."""
    typed: dict[str, str] = {"V.cas_l.n": "valeur"}
    rows: dict[str, list[dict[str, str]]] = {}
    for binding in bindings:
        name, _, rest = binding.partition(" ")
        if name == "liste":
            if rest == "sans objet":
                typed["V.cas_l.n"] = "sans_objet"
            elif rest != "non fournie":
                given = [] if rest == "vide" else rest.split(" ; ")
                rows["L"] = [
                    {"k": f"r{i}", **({} if value == "(absent)" else {"n": value})} for i, value in enumerate(given)
                ]
        elif name in ("p", "q"):
            typed[f"V.{name}.n"] = {**_CASE, "vrai": "vrai", "faux": "faux"}[rest]
        elif rest.startswith("= "):
            typed[f"V.cas_{name}.n"] = "valeur"
            typed[f"V.{name}.n"] = rest[2:]
        else:
            typed[f"V.cas_{name}.n"] = _CASE[rest]
    return Dossier(2023, typed=typed, lists={code: tuple(lines) for code, lines in rows.items()})


def said(ruleset: Ruleset, kind: str, dossier: Dossier) -> str:
    """Return the value of `resultat` as the manual's tables write it."""
    report = ruleset.evaluate(dossier)
    result = report.aggregates["resultat"]
    if result.value is None:
        return str(result.status)
    if kind == "oui/non":
        return "vrai" if result.value else "faux"
    return str(result.value).replace(".", ",")


__all__ = [
    "PAGES",
    "Fence",
    "Row",
    "compiled",
    "dossier_of",
    "fences",
    "last_report",
    "linted",
    "marks",
    "noticed",
    "noticed_of_campaign",
    "places",
    "plain",
    "said",
    "value_rows",
]
