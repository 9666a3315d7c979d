"""A report as the federation's platform lays it out, before any drawing: tabs, checks, completeness.

`plain` and `pretty` draw the same `View`, so that a pipe and a terminal tell the same things.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from qdis_rules.cli.output import counted, one_line
from qdis_rules.evaluation.results import (
    AggregateResult,
    CheckResult,
    GapResult,
    Shown,
    Status,
    TableCompleteness,
    Verdict,
)
from qdis_rules.evaluation.wording import french_number
from qdis_rules.model.types import ChoiceType
from qdis_rules.numbers import Cause, CauseKind, Exact, round_shown
from qdis_rules.records import dataclass

if TYPE_CHECKING:
    from qdis_rules.evaluation.report import Report
    from qdis_rules.formats.references import Reference
    from qdis_rules.pipeline import Ruleset

LEGEND: Final = "° fiabilité « déduite », °° « à confirmer » : règle reconstituée, à valider avant de s'y fier."
_MARKS: Final = {"déduite": "°", "à confirmer": "°°"}
_FIRST: Final = ("SF", "AE")  # the two tabs of the platform, in its order
_PLACES: Final = 6
_FEW, _MANY = 3, 40


@dataclass(frozen=True, slots=True)
class Row:
    """One aggregate; `crossed` are thresholds, `reasons` why there is no value, `reference` the quartiles asked for."""

    mark: str
    code: str
    label: str
    value: str
    reliability: str
    crossed: tuple[str, ...]
    reasons: tuple[str, ...]
    reference: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A family: rows by section title (empty: none)."""

    title: str
    sections: tuple[tuple[str, tuple[Row, ...]], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One check: its name, what is to be read first, then details."""

    name: str
    text: str
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one kind; `level` is how grave: 0 blocking, 1 warning, 2 information."""

    title: str
    level: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Filling:
    """How far a table is filled."""

    mark: str
    code: str
    label: str
    status: str
    filled: str
    missing: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything `qdis verifier` tells of a dossier, in order."""

    heads: tuple[tuple[str, str], ...]
    tabs: tuple[Tab, ...]
    groups: tuple[Group, ...]
    counts: str
    fillings: tuple[Filling, ...]
    notes: tuple[str, ...]
    ready: bool
    conclusion: str


def view_of(
    file: str, ruleset: Ruleset, campaign: str | None, report: Report, references: Mapping[str, Reference]
) -> View:
    """Return the view of a report, with the references of some of its aggregates.

    `campaign` is the file of the campagne applied, if any.
    """
    tabs = tuple(_tabs(ruleset, report, references))
    groups = tuple(_groups(ruleset, report))
    return View(
        heads=tuple(_heads(file, campaign, report)),
        tabs=tabs,
        groups=groups,
        counts=_counts(report),
        fillings=tuple(_filling(table) for table in report.tables.values()),
        notes=tuple(_notes(report)),
        ready=report.ready_for_validation,
        conclusion=_conclusion(report),
    )


def _heads(file: str, campaign: str | None, report: Report) -> Iterator[tuple[str, str]]:
    yield "Dossier", one_line(file)
    if report.organisation:
        yield "Organisme", one_line(report.organisation)
    yield "Exercice", str(report.year)
    version = f", version {one_line(report.version)}" if report.version else ""
    yield "Jeu de règles", f"{report.ruleset}{version}"
    if campaign is not None and report.day is not None:
        count = len(report.decisions)
        decided = counted(count, "décision", "décisions") if count else "aucune décision"
        yield "Campagne", f"{decided} en vigueur le {report.day:%d/%m/%Y} ({one_line(campaign)})"


def _notes(report: Report) -> Iterator[str]:
    reliabilities = {*report.checks.reliabilities, *(result.reliability for result in report.indicators.values())}
    if reliabilities & set(_MARKS):
        yield LEGEND
    if report.recomputed:
        yield "Exercices antérieurs recalculés avec ce jeu de règles : " + _listed(report.recomputed, _MANY) + "."


# --- tabs ---------------------------------------------------------------------


def _tabs(ruleset: Ruleset, report: Report, references: Mapping[str, Reference]) -> Iterator[Tab]:
    layout = report.layout()
    for family in sorted(layout, key=lambda code: _FIRST.index(code) if code in _FIRST else len(_FIRST)):
        declared = ruleset.typed.families.get(family)
        title = f"QDIS {family}" if family else "Autres agrégats"
        if declared is not None and declared.label:
            title = f"{title} : {one_line(declared.label)}"
        sections = tuple(
            (one_line(section), tuple(_row(ruleset, result, references.get(result.code)) for result in results))
            # Rows under no section come first, or they would seem to belong to the one above.
            for section, results in sorted(layout[family].items(), key=lambda entry: bool(entry[0]))
        )
        yield Tab(title, sections)


def _row(ruleset: Ruleset, result: AggregateResult, reference: Reference | None) -> Row:
    crossed = []
    for threshold in result.crossed:
        words = f" : {one_line(threshold.message)}" if threshold.message else ""
        crossed.append(f"{threshold.name} ({one_line(threshold.condition)}){words}")
    return Row(
        mark=one_line(result.mark or ""),
        code=result.code,
        label=one_line(result.label),
        value=_value(ruleset, result),
        reliability=_reliability(result.reliability),
        crossed=tuple(crossed),
        reasons=tuple(_reasons(ruleset, result.causes, _FEW)),
        reference=_reference(reference) if reference is not None else "",
    )


def _reference(found: Reference) -> str:
    low, middle, high = (_number(value) for value in (found.q1, found.median, found.q3))
    trust = ", ".join(one_line(word) for word in (found.reliability, found.remark) if word)
    return f"{one_line(found.family)} : médiane {middle}, quartiles {low} et {high} ({trust})"


def _value(ruleset: Ruleset, result: AggregateResult) -> str:
    if result.status is not Status.PRESENT:
        return f"({result.status})"
    aggregate = ruleset.aggregates[result.code]
    value = result.value
    if isinstance(value, str) and isinstance(aggregate.type, ChoiceType):
        return aggregate.type.labels[aggregate.type.answers.index(value)]
    if isinstance(value, Decimal):
        cut = aggregate.places is None and isinstance(result.exact, Fraction)
        return _with_unit(_number(result.exact if cut and result.exact is not None else value), result.unit)
    return _plain(value)


def _plain(value: Shown) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else one_line(str(value))


def _number(number: Exact) -> str:
    """Return a number, cut at six decimals when it has more, as messages do."""
    exponent = number.as_tuple().exponent if isinstance(number, Decimal) else None
    if isinstance(number, Decimal) and isinstance(exponent, int) and exponent >= -_PLACES:
        return french_number(number)
    return french_number(round_shown(number, _PLACES)) + "…"


def _with_unit(text: str, unit: str | None) -> str:
    return f"{text}\u00a0{unit}" if unit else text


def _reliability(reliability: str | None) -> str:
    return _MARKS.get(reliability or "", "")


# --- checks -------------------------------------------------------------------


def _groups(ruleset: Ruleset, report: Report) -> Iterator[Group]:
    wanted = (
        ("bloquant", 0, "Contrôles bloquants violés", "Contrôles bloquants indéterminés"),
        ("avertissement", 1, "Avertissements violés", "Avertissements indéterminés"),
        ("information", 2, "Informations", "Informations indéterminées"),
    )
    for severity, level, violated, undetermined in wanted:
        found = [result for result in report.checks.violated if result.severity == severity]
        if found:
            yield Group(f"{violated} ({len(found)})", level, tuple(map(_violated, found)))
        found = [result for result in report.checks.undetermined if result.severity == severity]
        if found:
            most = _MANY if level == 0 else _FEW
            items = tuple(_unsettled(ruleset, alike, most) for alike in _alike(found))
            yield Group(f"{undetermined} ({len(found)})", level, items)
    if report.decisions:
        items = tuple(Item(one_line(each.code), one_line(str(each)), ()) for each in report.decisions)
        yield Group(f"Décisions de campagne en vigueur ({len(items)})", 2, items)


def _alike(results: Iterable[CheckResult]) -> Iterable[Sequence[CheckResult]]:
    """Return the places of one check that lack the same things together."""
    found: dict[tuple[str, tuple[Cause, ...]], list[CheckResult]] = {}
    for result in results:
        found.setdefault((result.code, result.causes), []).append(result)
    return found.values()


def _violated(result: CheckResult) -> Item:
    details = []
    if result.deciding is not None:
        details.append(_gap(result.deciding))
    if result.cells and result.origin is None:
        details.append("lit : " + _listed(result.cells, 8))
    if result.source:
        details.append(f"source : {one_line(result.source)}")
    details.extend(one_line(f"campagne : {decision}") for decision in result.decisions)
    if result.justification:
        details.append(f"justifié par l'organisme : {one_line(result.justification)}")
    elif result.justifiable:
        details.append("à corriger ou à justifier")
    return Item(_name(result), one_line(result.message), tuple(details))


def _unsettled(ruleset: Ruleset, alike: Sequence[CheckResult], most: int) -> Item:
    first = alike[0]
    reasons = tuple(_reasons(ruleset, first.causes, most))
    if len(alike) == 1:
        return Item(_name(first), _text(ruleset, first), reasons)
    places = _listed((f"« {result.label or result.key or ''} »" for result in alike), 6)
    name = f"{one_line(first.code)} × {len(alike)}{_reliability(first.reliability)}"
    return Item(name, _formula(ruleset, first), (f"pour : {places}", *reasons))


def _name(result: CheckResult) -> str:
    mark = f" ({one_line(result.mark)})" if result.mark else ""
    return one_line(result.name) + mark + _reliability(result.reliability)


def _text(ruleset: Ruleset, result: CheckResult) -> str:
    """Return what a check without a message is about: the cell that implies it, or its place and formula."""
    cell = ruleset.cells.get(result.origin or "")
    if cell is not None:
        return f"« {one_line(cell.label)} »"
    place = f"« {one_line(result.label)} » : " if result.label else ""
    return place + _formula(ruleset, result)


def _formula(ruleset: Ruleset, result: CheckResult) -> str:
    """Return the condition of a check as its author wrote it; those made while evaluating have none."""
    declared = ruleset.checks.get(result.code)
    if declared is None:
        return ""
    instance = next((each for each in declared.instances if each.key == result.key), declared.instances[0])
    return re.sub(" +", " ", one_line(instance.body.span.text))


def _gap(gap: GapResult) -> str:
    """Return both sides, the gap and the tolerance of a comparison."""
    left, right, away, tolerance = (
        _with_unit(_number(number), gap.unit) for number in (gap.left, gap.right, gap.gap, gap.tolerance)
    )
    allowed = f", tolérance {tolerance}" if gap.tolerance else ""
    if gap.op == "entre":
        return f"{left} est hors des bornes ; la plus proche est {right}, écart {away}{allowed}"
    sign = {"<=": "≤", ">=": "≥", "<>": "≠"}.get(gap.op, gap.op)
    return f"attendu : {left} {sign} {right} ; écart {away}{allowed}"


def _counts(report: Report) -> str:
    said = (
        (Verdict.SATISFIED, "satisfait", None),
        (Verdict.NOT_APPLICABLE, "sans objet", "sans objet"),
        (Verdict.DEACTIVATED, "désactivé", None),
    )
    parts = [counted(report.checks.count(verdict), word, plural) for verdict, word, plural in said]
    return f"Autres contrôles : {', '.join(parts)}."


def _conclusion(report: Report) -> str:
    if report.ready_for_validation:
        return "Étape 4 : le dossier peut être validé."
    violated = sum(1 for result in report.blockers if result.verdict is Verdict.VIOLATED)
    undetermined = len(report.blockers) - violated
    which = [counted(violated, "violé")] if violated else []
    which += [counted(undetermined, "indéterminé")] if undetermined else []
    blocking = counted(len(report.blockers), "contrôle bloquant", "contrôles bloquants")
    return f"Étape 4 : validation impossible : {blocking} ({', '.join(which)})."


# --- causes and completeness --------------------------------------------------


def _reasons(ruleset: Ruleset, causes: Sequence[Cause], most: int) -> Iterator[str]:
    for cause in causes[:most]:
        yield _reason(ruleset, cause)
    if len(causes) > most:
        yield f"… et {counted(len(causes) - most, 'autre')} (« qdis expliquer » les donne)"


def _reason(ruleset: Ruleset, cause: Cause) -> str:
    subject = one_line(cause.subject)
    known: Mapping[str, str] = {CauseKind.ABSENT: "à remplir", CauseKind.NO_TABLE: "tableau à fournir"}
    words = known.get(cause.kind, str(cause.kind))
    if cause.kind is CauseKind.NO_YEAR:
        return f"{words} : {subject} (à donner avec --precedent)"
    label = _label(ruleset, cause)
    return f"{words} : {subject}" + (f" « {label} »" if label else "")


def _label(ruleset: Ruleset, cause: Cause) -> str:
    code = cause.subject.split(" (")[0]
    item = ruleset.tables.get(code) if cause.kind is CauseKind.NO_TABLE else ruleset.cells.get(code)
    return one_line(item.label) if item is not None else ""


def _filling(table: TableCompleteness) -> Filling:
    missing = _listed(table.missing_required, _MANY)
    return Filling(
        mark=one_line(table.mark or ""),
        code=table.code,
        label=one_line(table.label),
        status=table.status,
        filled=f"{table.filled}/{table.expected}" if table.expected else "",
        missing=f"obligatoire : {missing}" if missing else "",
    )


def _listed(words: Iterable[str], most: int) -> str:
    found = [one_line(word) for word in words]
    more = f", … et {counted(len(found) - most, 'autre')}" if len(found) > most else ""
    return ", ".join(found[:most]) + more
