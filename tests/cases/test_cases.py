"""Published figures of real organisations, through the language: verdicts, gaps, tolerances.

Each case has a ruleset written by hand beside this file. Lines and columns carry the codes of
the source as `repère`, and so do the checks: nothing here knows how a ruleset is organised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import pytest

from qdis_rules import CauseKind, CheckResult, Dossier, Report, Ruleset, Verdict, load_ruleset
from qdis_rules.numbers import shown
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source
from qdis_rules.units import PERCENT

from .published import HERE, Case, Figure, Figures, Identity, read_case

CASES = [
    read_case("cite_nouvelle", "cite-nouvelle-2020"),
    read_case("opac_du_rhone", "opac-du-rhone"),
    read_case("association_fonciere_logement", "association-fonciere-logement-2019"),
    read_case("cdc_habitat", "cdc-habitat-esh-hors-idf-2014-2016"),
    read_case("maisons_et_cites", "maisons-et-cites-2020"),
    read_case("grand_avignon", "oph-grand-avignon-residences-2016"),
    read_case("perpignan", "oph-perpignan-mediterranee-2012"),
]
PLAUSIBILITY = {"grand_avignon": {"VACANCE"}, "perpignan": {"PROPRIETE"}}
"""Checks that no identity of the source asks for: what figures mean by definition."""
MILLIONTH = Decimal("0.000001")
OPEN = (Verdict.UNDETERMINED, Verdict.NOT_APPLICABLE)

IDENTITIES = [(case, identity) for case in CASES for identity in case.identities]
HELD = [(case, identity) for case, identity in IDENTITIES if identity.holds is not None]
MEASURED = [(case, identity) for case, identity in HELD if not identity.ordering]
READ = [
    (case, figure)
    for case in CASES
    for figure, value in case.figures.items()
    if value is not None and any(figure in identity.reads() for identity in case.identities)
]
by_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def each(pairs: list[tuple[Case, Identity]] | list[tuple[Case, Figure]], what: str) -> pytest.MarkDecorator:
    def name(pair: tuple[Case, Identity] | tuple[Case, Figure]) -> str:
        case, item = pair
        return f"{case.name}-{item if isinstance(item, Identity) else '@'.join(item)}"

    return pytest.mark.parametrize(f"case, {what}", pairs, ids=[name(pair) for pair in pairs])


# --- from the source to the ruleset -------------------------------------------------


@lru_cache
def ruleset(case: Case) -> Ruleset:
    return load_ruleset(case.ruleset_path)


@lru_cache
def cells(case: Case) -> dict[Figure, list[str]]:
    """The cells of each figure: a column is a year of the source, or a suffix of the code."""
    found: dict[Figure, list[str]] = {}
    for cell in ruleset(case).cells.values():
        table = ruleset(case).tables[cell.table]
        line, column = table.rows[cell.row].notes.mark, table.columns[cell.column].notes.mark
        assert line, cell.code
        figure = (line, column) if column in case.years else (f"{line}_{column}" if column else line, case.years[0])
        found.setdefault(figure, []).append(cell.code)
    return found


@lru_cache
def places(case: Case) -> dict[tuple[str, str], list[str]]:
    """The results, by (repère spelled out, year), of the checks that have a repère."""
    lines = {key: row.notes.mark for table in ruleset(case).tables.values() for key, row in table.rows.items()}
    columns = {key: col.notes.mark for table in ruleset(case).tables.values() for key, col in table.columns.items()}
    found: dict[tuple[str, str], list[str]] = {}
    for check in ruleset(case).checks.values():
        for instance in check.instances if check.notes.mark else ():
            key = instance.key
            name = check.code if key is None else f"{check.code}[{key}]"
            mark = (check.notes.mark or "").replace("{ligne}", lines.get(key or "") or "?")
            found.setdefault((mark, columns.get(key or "") or case.years[0]), []).append(name)
    return found


def names_of(case: Case, identity: Identity) -> list[str]:
    """The names of the results that answer for an identity: its repère is `result` or `result = formula`."""
    found = places(case)
    by_text = found.get((identity.text, identity.year), [])
    same = [other for other in case.identities if (other.result, other.year) == (identity.result, identity.year)]
    return by_text + (found.get((identity.result, identity.year), []) if len(same) == 1 else [])


def evaluate(case: Case, figures: Figures | None = None) -> Report:
    given = case.figures if figures is None else figures
    typed = {cells(case)[figure][0]: value for figure, value in given.items() if figure in cells(case)}
    return ruleset(case).evaluate(Dossier(ruleset(case).year, typed=typed))


@lru_cache
def as_published(case: Case) -> Report:
    return evaluate(case)


def result(report: Report, case: Case, identity: Identity) -> CheckResult:
    (name,) = names_of(case, identity)
    return report.checks[name]


# --- nothing is left out --------------------------------------------------------------


@by_case
def test_every_figure_has_one_cell(case: Case) -> None:
    for figure, value in case.figures.items():
        known = cells(case).get(figure, [])
        assert len(known) == 1 or (value is None and not known), figure
    assert set(cells(case)) <= set(case.figures)


@each(IDENTITIES, "identity")
def test_every_identity_has_one_check(case: Case, identity: Identity) -> None:
    assert len(names_of(case, identity)) == 1, f"no check, or several, for {identity.text} of {identity.year}"


@by_case
def test_every_check_is_of_an_identity(case: Case) -> None:
    answering = Counter(name for identity in case.identities for name in names_of(case, identity))
    marked = {name for names in places(case).values() for name in names}
    assert set(answering) == marked
    assert set(answering.values()) <= {1}
    unmarked = {check.code for check in ruleset(case).checks.values() if not check.notes.mark and not check.origin}
    assert unmarked == PLAUSIBILITY.get(case.name, set())


@by_case
def test_every_check_has_a_source_and_percents_are_units(case: Case) -> None:
    assert all(check.notes.source for check in ruleset(case).checks.values() if not check.origin)
    assert all(table.notes.source for table in ruleset(case).tables.values())
    for code, year in case.figures:
        for cell in cells(case).get((code, year), ()):
            assert (ruleset(case).cells[cell].unit == PERCENT) is (code in case.percents), cell
    rules = [line.split("#")[0] for line in case.ruleset_path.read_text(encoding="utf-8").splitlines()]
    assert not any("*" in line for line in rules), "no factor 100 or 1 000 stands in a formula"


def test_every_file_is_a_case() -> None:
    assert len(list((HERE / "data").glob("*.json"))) == len(CASES) == len(list(HERE.glob("*.qdis")))


# --- what the source says, the language says --------------------------------------------


@each(IDENTITIES, "identity")
def test_verdict(case: Case, identity: Identity) -> None:
    found = result(as_published(case), case, identity)
    assert identity.verdict(case.figures) is identity.holds
    if identity.holds is None:
        assert found.verdict in OPEN
        assert found.gap is None
        missing = {cells(case)[figure][0] for figure in identity.reads() if case.figures[figure] is None}
        assert {cause.subject for cause in found.causes} == (
            missing if found.verdict is Verdict.UNDETERMINED else set()
        )
        assert all(cause.kind is CauseKind.ABSENT for cause in found.causes)
    else:
        assert found.verdict is (Verdict.SATISFIED if identity.holds else Verdict.VIOLATED)


@each(MEASURED, "identity")
def test_gap_and_tolerance(case: Case, identity: Identity) -> None:
    (gap,) = result(as_published(case), case, identity).gaps
    difference, computed = identity.difference(case.figures), identity.computed(case.figures)
    assert difference is not None and computed is not None and identity.gap is not None
    assert gap.tolerance == identity.tolerance
    assert gap.unit == str(ruleset(case).cells[cells(case)[identity.result, identity.year][0]].unit)
    assert gap.left == case.figures[identity.result, identity.year]
    assert gap.right == shown(computed)
    assert gap.gap == shown(difference)
    assert gap.gap.quantize(MILLIONTH) == identity.gap
    assert gap.margin == shown(Fraction(identity.tolerance) - abs(difference))


@each([pair for pair in HELD if pair[1].ordering], "identity")
def test_orderings_are_exact(case: Case, identity: Identity) -> None:
    gaps = result(as_published(case), case, identity).gaps
    assert len(gaps) == 2
    assert all(gap.tolerance == 0 == identity.tolerance for gap in gaps)
    # At the median itself, a ratio is no longer below it.
    ratio, reference = sorted(identity.reads() - {(identity.result, identity.year)})
    figures = case.moved(ratio, case.figures[reference])
    assert identity.verdict(figures) is False
    assert result(evaluate(case, figures), case, identity).verdict is Verdict.VIOLATED


# --- what the source does not say ---------------------------------------------------------


@each(MEASURED, "identity")
@pytest.mark.parametrize("side", [1, -1])
def test_the_tolerance_is_a_sharp_edge(case: Case, identity: Identity, side: int) -> None:
    computed = identity.computed(case.figures)
    assert computed is not None
    edge = computed + side * Fraction(identity.tolerance)
    # The last value with six decimals within the tolerance, bounds included, and the next one.
    last = Decimal((edge * 10**6).__floor__() if side > 0 else (edge * 10**6).__ceil__()).scaleb(-6)
    for value, verdict in ((last, Verdict.SATISFIED), (last + side * MILLIONTH, Verdict.VIOLATED)):
        report = evaluate(case, case.moved((identity.result, identity.year), value))
        assert result(report, case, identity).verdict is verdict


@each(READ, "figure")
def test_moving_a_figure_violates_exactly_what_reads_it(case: Case, figure: Figure) -> None:
    reading = {
        names_of(case, identity)[0]
        for identity in case.identities
        if identity.holds is not None and figure in identity.reads()
    }
    figures = next(moved for moved in _moves(case, figure) if _all_broken(case, figure, moved))
    before, after = as_published(case), evaluate(case, figures)
    marked = [name for names in places(case).values() for name in names]
    assert {name for name in marked if after.checks[name].verdict is Verdict.VIOLATED} == reading
    for name in marked:
        if name in reading:
            assert after.checks[name].message and "?" not in after.checks[name].message
        else:
            assert after.checks[name].verdict is before.checks[name].verdict


@each(READ, "figure")
def test_an_emptied_figure_satisfies_nothing(case: Case, figure: Figure) -> None:
    report = evaluate(case, case.moved(figure, None))
    for identity in case.identities:
        found = result(report, case, identity)
        if figure in identity.reads() or identity.holds is None:
            assert found.verdict in OPEN
        else:
            assert found.verdict is Verdict.SATISFIED


@pytest.mark.parametrize("name", ["grand_avignon", "perpignan"])
def test_published_ratios_are_plausible(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    report = as_published(case)
    assert report.ready_for_validation
    assert len(report.checks.satisfied) == len(report.checks)
    assert {table.status for table in report.tables.values()} <= {"complet", "calculé"}


def test_implausible_ratios_are_reported() -> None:
    case = next(case for case in CASES if case.name == "grand_avignon")
    year = case.years[0]
    report = evaluate(case, case.moved(("VAC3_REG", year), Decimal("3.5")))
    (found,) = report.checks.violated
    assert found.name == "VACANCE[region]"
    assert found.gap == Decimal("0.1")
    assert "3,5\u00a0%" in found.message and "3,4\u00a0%" in found.message
    report = evaluate(case, case.moved(("IMP", year), Decimal("100.000001")))
    assert [found.code for found in report.checks.violated] == ["FICHE.impayes.office~bornes"]


# --- a defect met on the way ----------------------------------------------------------------


def test_a_tolerance_in_points_is_absolute() -> None:
    text = """
    jeu X exercice 2023
    unité point « point de pourcentage » = 1 %
    tableau T « t »
      colonne n « n »
      ligne a « a » en EUR
      ligne b « b » en EUR
      ligne r « r » en %
    contrôle C information « {écart} » T.r = T.a / T.b à 0,05 point près source « s »
    """
    report = compile_sources([Source.of("x", text)]).evaluate(
        Dossier(2023, typed={"T.a.n": 4, "T.b.n": 100, "T.r.n": "4,04"})
    )
    deciding = report.checks["C"].deciding
    assert deciding is not None and deciding.tolerance == Decimal("0.05")  # 0.00202 is found: 0.05 % of 4.04


# --- helpers -----------------------------------------------------------------------------------


def _moves(case: Case, figure: Figure) -> Iterator[dict[Figure, Decimal | None]]:
    """Yield the figures with one moved further and further, by whole steps of its published precision."""
    value = case.figures[figure]
    assert value is not None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    for power in range(40):
        for side in (1, -1):
            yield case.moved(figure, value + side * Decimal(2**power).scaleb(min(exponent, 0)))


def _all_broken(case: Case, figure: Figure, figures: Figures) -> bool:
    """True when the oracle finds violated every identity that reads `figure` and can be told."""
    try:
        return not any(identity.verdict(figures) for identity in case.identities if figure in identity.reads())
    except ZeroDivisionError:
        return False
