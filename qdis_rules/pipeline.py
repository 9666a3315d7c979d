"""The journey on one screen: sources, tree, symbols, typed ruleset, plan, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from qdis_rules.diagnostics import Diagnostic, Label, Outcome, Severity, in_source_order
from qdis_rules.evaluation.dossier import Dossier
from qdis_rules.evaluation.evaluate import evaluate
from qdis_rules.evaluation.report import Report
from qdis_rules.model import typed as model
from qdis_rules.model.check import check
from qdis_rules.model.resolve import resolve
from qdis_rules.plan.plan import Plan, plan
from qdis_rules.reading import read_sources
from qdis_rules.source import Source
from qdis_rules.syntax.parse import parse


class RulesetError(ValueError):
    """A ruleset has errors; `diagnostics` holds them all, warnings included."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("\n\n".join(d.render() for d in diagnostics if d.severity is Severity.ERROR))
        self.diagnostics = tuple(diagnostics)


def check_sources(sources: Sequence[Source]) -> Outcome[model.TypedRuleset]:
    """Return the typed ruleset of `sources` and everything noticed on the way.

    The value may be planned only when the outcome is `ok`.
    """
    tree = parse(sources)
    symbols = resolve(tree.value)
    ruleset = check(symbols.value)
    noticed = (*tree.diagnostics, *symbols.diagnostics, *ruleset.diagnostics)
    return Outcome(ruleset.value, in_source_order(noticed))


@dataclass(frozen=True)
class Ruleset:
    """A compiled ruleset: immutable, safe to share between threads."""

    typed: model.TypedRuleset = field(repr=False)
    warnings: tuple[Diagnostic, ...] = field(repr=False)

    def __repr__(self) -> str:
        return f"<Ruleset {self.name} {self.year}: {len(self.tables)} tables, {len(self.checks)} checks, {len(self.aggregates)} aggregates>"

    @property
    def name(self) -> str:
        """The name given by `jeu`."""
        return self.typed.name

    @property
    def year(self) -> int:
        """The financial year the ruleset is for."""
        return self.typed.year

    @property
    def version(self) -> str:
        """The version its author gave it (may be empty)."""
        return self.typed.version

    @property
    def families(self) -> Mapping[str, str]:
        """Titles of the families of aggregates, by code: `SF` is « Structure financière »."""
        return {code: family.label for code, family in self.typed.families.items()}

    @property
    def tables(self) -> Mapping[str, model.Table]:
        """Tables by code, in order of declaration."""
        return self.typed.tables

    @property
    def cells(self) -> Mapping[str, model.Cell]:
        """Cells by code (`T.row.column`, `T.*.column` for a list), in order of declaration."""
        return self.typed.cells

    @property
    def checks(self) -> Mapping[str, model.Check]:
        """Checks by code, declared then generated."""
        return self.typed.checks

    @property
    def aggregates(self) -> Mapping[str, model.Aggregate]:
        """Aggregates by code, in order of declaration."""
        return self.typed.aggregates

    @cached_property
    def plan(self) -> Plan:
        """The executable plan, built once."""
        return plan(self.typed)

    def evaluate(
        self, dossier: Dossier, history: Sequence[Dossier | Report] = (), disabled: Sequence[str] = ()
    ) -> Report:
        """Return the report of `dossier`.

        `history` gives earlier years, each as a dossier or as the report its own ruleset gave;
        the checks whose codes are in `disabled` are *désactivé*.

        Raises:
            DossierError: a dossier does not fit the ruleset; it tells every problem.
            ValueError: an unknown code in `disabled`.
        """
        return evaluate(self.plan, dossier, history, disabled)


def load_ruleset(which: int | str | Path) -> Ruleset:
    """Return a compiled ruleset: a bundled year (`2023`), or the path of a folder or file.

    Raises:
        RulesetError: the ruleset has errors; `diagnostics` tells them all.
        FileNotFoundError: no such year, folder or file.
    """
    return compile_sources(ruleset_sources(which))


def compile_sources(sources: Outcome[tuple[Source, ...]] | Sequence[Source]) -> Ruleset:
    """Return the compiled ruleset of `sources`. Raises RulesetError."""
    noticed: tuple[Diagnostic, ...] = ()
    if isinstance(sources, Outcome):
        if not sources.ok:
            raise RulesetError(sources.diagnostics)  # a ruleset read in part means nothing
        noticed, sources = sources.diagnostics, sources.value
    outcome = check_sources(sources)
    diagnostics = in_source_order((*noticed, *outcome.diagnostics))
    if any(d.severity is Severity.ERROR for d in diagnostics):
        raise RulesetError(diagnostics)
    return Ruleset(outcome.value, diagnostics)


def ruleset_sources(which: int | str | Path) -> Outcome[tuple[Source, ...]]:
    """Return the sources of a bundled year or of a path. Raises FileNotFoundError."""
    if isinstance(which, int) or (isinstance(which, str) and which.isdigit() and len(which) == 4):
        folder = bundled_folder(int(which))
    else:
        folder = Path(which)
    return read_sources(folder)


def bundled_folder(year: int) -> Path:
    """Return the folder of a bundled ruleset. Raises FileNotFoundError, naming the years there are."""
    home = _bundled_home()
    folder = home / str(year)
    if not folder.is_dir():
        years = ", ".join(sorted(path.name for path in home.iterdir() if path.name.isdigit()))
        raise FileNotFoundError(f"no bundled ruleset for {year}; bundled: {years or 'none'}")
    return folder


def _bundled_home() -> Path:
    packaged = Path(str(files("qdis_rules"))) / "rulesets"
    # An editable install reads the rulesets where they are written.
    return packaged if packaged.is_dir() else Path(str(files("qdis_rules"))).parent / "rulesets"


__all__ = [
    "Label",
    "Ruleset",
    "RulesetError",
    "bundled_folder",
    "check_sources",
    "compile_sources",
    "load_ruleset",
    "ruleset_sources",
]
