"""The journey on one screen: sources, tree, symbols, typed ruleset, plan, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from qdis_rules.diagnostics import Diagnostic, Label, Outcome, Severity, in_source_order
from qdis_rules.model import typed as model
from qdis_rules.reading import CAMPAIGN, read_campaign, read_sources
from qdis_rules.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from qdis_rules.batch.evaluate import Runs
    from qdis_rules.batch.files import Planned, Summary
    from qdis_rules.evaluation.dossier import Dossier
    from qdis_rules.evaluation.report import Report
    from qdis_rules.evaluation.results import ParameterResult
    from qdis_rules.evaluation.session import Session
    from qdis_rules.plan.plan import Plan

CHART: Final = "comptes.csv"
REFERENCES: Final = "quartiles.csv"
DOSSIERS: Final = "dossiers"


class RulesetError(ValueError):
    """A ruleset has errors; `diagnostics` holds them all, warnings included."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("\n\n".join(d.render() for d in diagnostics if d.severity is Severity.ERROR))
        self.diagnostics = tuple(diagnostics)


def check_sources(sources: Sequence[Source]) -> Outcome[model.TypedRuleset]:
    """Return the typed ruleset of `sources` and everything noticed on the way.

    The value may be planned only when the outcome is `ok`.
    """
    from qdis_rules.model.check import check
    from qdis_rules.model.resolve import resolve
    from qdis_rules.syntax.parse import parse

    tree = parse(sources)
    symbols = resolve(tree.value)
    ruleset = check(symbols.value)
    noticed = (*tree.diagnostics, *symbols.diagnostics, *ruleset.diagnostics)
    return Outcome(ruleset.value, in_source_order(noticed))


def check_campaign(source: Source, ruleset: Outcome[model.TypedRuleset]) -> Outcome[model.Campaign]:
    """Return the decisions of a campagne and everything noticed of it.

    Of a ruleset in error, only what does not depend on it is said.
    """
    from qdis_rules.model import campaign as campaigns
    from qdis_rules.syntax.parse import parse_campaign

    syntax = parse_campaign(source)
    if not ruleset.ok:
        return Outcome(model.Campaign(()), syntax.diagnostics)
    checked = campaigns.check_campaign(syntax.value, ruleset.value)
    return Outcome(checked.value, in_source_order((*syntax.diagnostics, *checked.diagnostics)))


@dataclass(frozen=True)
class Ruleset:
    """A compiled ruleset: immutable, safe to share between threads.

    Its `campaign`, if any, has no effect before a day is said: `ruleset.on(day)`.
    """

    typed: model.TypedRuleset = field(repr=False)
    warnings: tuple[Diagnostic, ...] = field(repr=False)
    campaign: model.Campaign | None = field(default=None, repr=False)
    _written: Ruleset | None = field(default=None, repr=False, compare=False)
    _planned: Plan | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        day = f" on {self.day}" if self.day is not None else ""
        return f"<Ruleset {self.name} {self.year}{day}: {len(self.tables)} tables, {len(self.checks)} checks, {len(self.aggregates)} aggregates>"

    def on(self, day: date) -> Ruleset:
        """Return the ruleset as its campagne has it stand on `day`, the day a dossier is verified.

        Without a campagne, the same rules. Only checks differ: their severity, whether they are active.
        """
        from qdis_rules.model.standing import on_day

        if not isinstance(day, date) or isinstance(day, datetime):
            raise TypeError(f"a date is expected, not {type(day).__name__}")
        written = self._written or self
        campaign = self.campaign or model.Campaign(())
        return Ruleset(on_day(written.typed, campaign, day), self.warnings, self.campaign, written)

    @property
    def day(self) -> date | None:
        """The day said by `on`; None: the ruleset as written."""
        return self.typed.day

    @property
    def decisions(self) -> tuple[model.Decision, ...]:
        """The decisions of the campagne in force on `day`: none in the ruleset as written."""
        return self.typed.decisions

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

    @cached_property
    def parameters(self) -> Mapping[str, ParameterResult]:
        """Parameters by code, in order of declaration, values in their declared unit."""
        from qdis_rules.evaluation.report import parameter_result

        return {code: parameter_result(parameter) for code, parameter in self.typed.parameters.items()}

    @property
    def checks(self) -> Mapping[str, model.Check]:
        """Checks by code, declared then generated, as they stand on `day`."""
        return self.typed.checks

    @property
    def aggregates(self) -> Mapping[str, model.Aggregate]:
        """Aggregates by code, in order of declaration."""
        return self.typed.aggregates

    @cached_property
    def plan(self) -> Plan:
        """The executable plan, built once whatever the day: what a campagne changes is data."""
        if self._written is not None:
            return replace(self._written.plan, ruleset=self.typed)
        if self._planned is not None:
            return self._planned
        from qdis_rules.plan.plan import plan

        return plan(self.typed)

    def evaluate(self, dossier: Dossier, history: Sequence[Dossier | Report] = ()) -> Report:
        """Return the report of `dossier`.

        `history` gives earlier years, each as a dossier or as the report its own ruleset gave.

        Raises:
            DossierError: a dossier does not fit the ruleset; it tells every problem.
        """
        from qdis_rules.evaluation.evaluate import evaluate

        return evaluate(self.plan, dossier, history)

    def session(self, dossier: Dossier, history: Sequence[Dossier | Report] = ()) -> Session:
        """Return a session on `dossier`: a form edits its cells one by one, only what depends on them is computed again.

        Raises DossierError when a dossier does not fit.
        """
        from qdis_rules.evaluation.session import Session

        return Session(self.plan, dossier, history)

    def evaluate_many(
        self,
        batches: pa.Table | pa.RecordBatch | Iterable[pa.RecordBatch],
        keep: Sequence[str] = (),
        results: Sequence[str] | None = None,
        threads: int = 1,
    ) -> Iterator[pa.RecordBatch]:
        """Yield, for each batch of dossiers, the batch of their results: one row a dossier, one column a cell.

        `keep` names the columns carried to the results, `results` the aggregates, checks and cells
        wanted, `threads` how many share the work. docs/batches.md tells of columns.
        Needs the extra `[batch]`.

        Raises:
            DossierError: columns or results that are nothing of the ruleset. A dossier that does not fit
                raises nothing: its row says why, in `problemes`.
        """
        from qdis_rules.batch.evaluate import evaluate_many

        return evaluate_many(self._runs, batches, keep, results, threads)

    @cached_property
    def _runs(self) -> Runs:
        from qdis_rules.batch.evaluate import Runs

        return Runs(self.plan)

    def columns_of(self, dossiers: Iterable[Dossier], histories: Iterable[Sequence[Dossier | Report]] = ()) -> pa.Table:
        """Return dossiers as `evaluate_many` takes them, a row each, after the columns `dossier` and `organisme`.

        `histories` gives the earlier years of each, of which what the rules read is told. Needs the extra `[batch]`.
        Raises DossierError for the first dossier that does not fit.
        """
        from qdis_rules.batch.dossiers import columns_of

        return columns_of(self.plan, dossiers, histories)

    def sensitivity(
        self,
        dossier: Dossier,
        scenarios: Mapping[str, Sequence[Any]] | pa.Table | pa.RecordBatch,
        history: Sequence[Dossier | Report] = (),
        results: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return the results of `dossier` under each scenario: a row each, the columns of `scenarios` first.

        `scenarios` gives equally long columns of values, by cell: each row is evaluated as the dossier with those
        typed instead. `results` as in `evaluate_many`. Needs the extra `[batch]`. Raises DossierError.
        """
        from qdis_rules.batch.dossiers import sensitivity

        return sensitivity(self.plan, self._runs, dossier, scenarios, history, results)


def load_ruleset(which: int | str | Path, campaign: str | Path | None = None, *, cache: bool = True) -> Ruleset:
    """Return a compiled ruleset: a bundled year (`2023`), or the path of a folder or file.

    Its campagne is the file `campaign`, by default the `campagne.qdis` of its folder, if there is one. With `cache`,
    what it compiles to is kept in the user's own cache, and taken from there the next time.

    Raises:
        RulesetError: the ruleset or its campagne has errors; `diagnostics` tells them all.
        FileNotFoundError: no such year, folder or file.
    """
    return compile_sources(ruleset_sources(which), campaign_source(which, campaign), cache=cache)


def evaluate_files(
    which: int | str | Path,
    sources: Sequence[str | Path],
    target: str | Path,
    keep: Sequence[str] = (),
    results: Sequence[str] | None = None,
    *,
    campaign: str | Path | None = None,
    day: date | None = None,
    processes: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Evaluate files of dossiers, Parquet or CSV, into the folder `target`, as Parquet parts; return the counts.

    `which` and `campaign` are those of `load_ruleset`, `day` that of `Ruleset.on`, `keep` and `results` those of
    `evaluate_many`. `sources` are files, folders and patterns. `progress` is called with the rows done and about how many
    there are. More than one of the `processes` helps where there are many processors: one keeps two busy.
    The same call again goes on where it was interrupted. Needs the extra `[batch]`.

    Raises:
        DossierError: files, columns or results that cannot be used, or a target of another run.
        RulesetError, FileNotFoundError: as `load_ruleset`.
    """
    from qdis_rules.batch.files import evaluate_files

    load = partial(_planned, which, campaign, day)
    return evaluate_files(load, sources, target, keep, results, processes, progress)


def _planned(which: int | str | Path, campaign: str | Path | None, day: date | None) -> Planned:
    """Return the plan of a ruleset, and what tells it from any other. It has to be importable: processes call it."""
    from hashlib import sha256
    from importlib import metadata

    from qdis_rules.batch.files import Planned

    ruleset = load_ruleset(which, campaign)
    decided = campaign_source(which, campaign)
    texts = sorted(source.text for source in ruleset_sources(which).value)
    digest = sha256("\0".join([*texts, "" if decided is None else decided.value.text]).encode())
    try:
        library = metadata.version("qdis-rules")
    except metadata.PackageNotFoundError:  # read where it is written, not installed
        library = "?"
    identity = f"{ruleset.name} {ruleset.year} {ruleset.version} {digest.hexdigest()} {library}"
    return Planned((ruleset if day is None or ruleset.campaign is None else ruleset.on(day)).plan, identity)


def compile_sources(
    sources: Outcome[tuple[Source, ...]] | Sequence[Source],
    campaign: Outcome[Source] | None = None,
    *,
    cache: bool = False,
) -> Ruleset:
    """Return the compiled ruleset of `sources` and of its campagne, kept in the user's `cache` if that is said.

    Raises RulesetError.
    """
    noticed: tuple[Diagnostic, ...] = ()
    if isinstance(sources, Outcome):
        if not sources.ok:
            raise RulesetError(sources.diagnostics)  # a ruleset read in part means nothing
        noticed, sources = sources.diagnostics, sources.value
    if campaign is not None:
        noticed = (*noticed, *campaign.diagnostics)
    if not cache or noticed:  # what reading noticed is in no source
        return _compiled(sources, campaign, noticed)
    return _cached(sources, campaign)


def _compiled(sources: Sequence[Source], campaign: Outcome[Source] | None, noticed: tuple[Diagnostic, ...]) -> Ruleset:
    outcome = check_sources(sources)
    decided: model.Campaign | None = None
    if campaign is not None and campaign.ok:
        checked = check_campaign(campaign.value, outcome)
        decided, noticed = checked.value, (*noticed, *checked.diagnostics)
    diagnostics = in_source_order((*noticed, *outcome.diagnostics))
    if any(d.severity is Severity.ERROR for d in diagnostics):
        raise RulesetError(diagnostics)
    return Ruleset(outcome.value, diagnostics, decided)


def _cached(sources: Sequence[Source], campaign: Outcome[Source] | None) -> Ruleset:
    """Return what is kept of these sources, or compile them and keep what that gives."""
    from qdis_rules import cache, compiled

    decided = campaign.value if campaign is not None else None
    every = (*sources, *(() if decided is None else (decided,)))
    name = compiled.name_of(sources, decided) if cache.folder() is not None else None
    kept = cache.read(name) if name is not None else None
    if kept is not None:
        found = compiled.loads(kept, every)
        return Ruleset(found.ruleset, found.warnings, found.campaign, _planned=found.plan)
    ruleset = _compiled(sources, campaign, ())
    if name is None:
        return ruleset
    from qdis_rules.plan.plan import planned

    made, generated = planned(ruleset.typed)
    content = compiled.dumps(
        compiled.Compiled(ruleset.typed, ruleset.warnings, ruleset.campaign, made), generated, every
    )
    if content is not None:
        cache.write(name, content)
    return replace(ruleset, _planned=made)


def ruleset_sources(which: int | str | Path) -> Outcome[tuple[Source, ...]]:
    """Return the sources of a bundled year or of a path. Raises FileNotFoundError."""
    return read_sources(_place(which))


def campaign_source(which: int | str | Path, campaign: str | Path | None = None) -> Outcome[Source] | None:
    """Return the source of the file `campaign`, by default of the `campagne.qdis` in the folder of a ruleset.

    None when that folder has none. Raises FileNotFoundError.
    """
    if campaign is not None:
        return read_campaign(_normal(campaign))
    beside = os.path.join(_folder(which), CAMPAIGN).removeprefix("./")
    return read_campaign(beside) if os.path.isfile(beside) else None


def chart_path(which: int | str | Path) -> Path:
    """Return where the chart of accounts of a ruleset stands: `comptes.csv`, in its folder.

    The file may not exist. Raises FileNotFoundError for an unknown year, folder or file.
    """
    from pathlib import Path

    return Path(_folder(which), CHART)


def references_path(which: int | str | Path) -> Path:
    """Return where the reference quartiles of a ruleset stand: `quartiles.csv`, in its folder.

    The file may not exist. Raises FileNotFoundError for an unknown year, folder or file.
    """
    from pathlib import Path

    return Path(_folder(which), REFERENCES)


def dossiers_folder(which: int | str | Path) -> Path:
    """Return where the whole dossiers of a ruleset stand: `dossiers`, in its folder.

    It may not exist. Raises FileNotFoundError for an unknown year, folder or file.
    """
    from pathlib import Path

    return Path(_folder(which), DOSSIERS)


def _folder(which: int | str | Path) -> str:
    place = _place(which)
    if not os.path.exists(place):
        raise FileNotFoundError(f"{place} does not exist")
    return place if os.path.isdir(place) else os.path.dirname(place) or "."


def _place(which: int | str | Path) -> str:
    """Return the folder or file of a ruleset; a campagne stands for the folder it is in."""
    if isinstance(which, int) or (isinstance(which, str) and which.isdigit() and len(which) == 4):
        return _bundled(int(which))
    if which == "":
        raise FileNotFoundError("the path of a ruleset is empty; « . » is the folder one is in")
    path = _normal(which)
    folder, name = os.path.split(path)
    return (folder or ".") if name == CAMPAIGN else path


def _normal(path: str | Path) -> str:
    """Return a path as it is shown."""
    from pathlib import Path

    return str(Path(path))


def bundled_folder(year: int) -> Path:
    """Return the folder of a bundled ruleset. Raises FileNotFoundError, naming the years there are."""
    from pathlib import Path

    return Path(_bundled(year))


def _bundled(year: int) -> str:
    here = os.path.dirname(os.path.abspath(__file__))
    home = os.path.join(here, "rulesets")
    if not os.path.isdir(home):  # an editable install reads the rulesets where they are written
        home = os.path.join(os.path.dirname(here), "rulesets")
    folder = os.path.join(home, str(year))
    if not os.path.isdir(folder):
        years = ", ".join(sorted(name for name in os.listdir(home) if name.isdigit()))
        raise FileNotFoundError(f"no bundled ruleset for {year}; bundled: {years or 'none'}")
    return folder


__all__ = [
    "Label",
    "Ruleset",
    "RulesetError",
    "bundled_folder",
    "campaign_source",
    "chart_path",
    "check_campaign",
    "check_sources",
    "compile_sources",
    "dossiers_folder",
    "evaluate_files",
    "load_ruleset",
    "references_path",
    "ruleset_sources",
]
