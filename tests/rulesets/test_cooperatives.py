"""The demonstration cooperatives: three years each, sound under the rules, as their ledger says."""

import sys
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from qdis_rules import read_dossier
from qdis_rules.pipeline import bundled_folder, compile_sources, ruleset_sources
from qdis_rules.source import Source

TOOLS = Path(__file__).parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

import facts  # noqa: E402
import generate_dossiers  # noqa: E402
import ledger  # noqa: E402
import statements  # noqa: E402

DOSSIERS = bundled_folder(2023) / "dossiers"
COOPERATIVES = {cooperative.code: cooperative for cooperative in ledger.COOPERATIVES}
BOOKS = {(code, year.year): year for code, coop in COOPERATIVES.items() for year in ledger.years_of(coop)}
every_year = pytest.mark.parametrize(("code", "year"), BOOKS, ids=lambda part: str(part))


@cache
def ruleset(year):
    """The rules of 2023, dated another year: a dossier is evaluated by the rules of its own year."""
    sources = []
    for source in ruleset_sources(2023).value:
        text = source.text.replace("jeu QDIS exercice 2023", f"jeu QDIS exercice {year}")
        sources.append(Source.of(source.name, text))
    return compile_sources(sources)


@cache
def report(code, year):
    history = [read_dossier(DOSSIERS / f"{code}-{past}.json") for past in ledger.YEARS if past < year]
    return ruleset(year).evaluate(read_dossier(DOSSIERS / f"{code}-{year}.json"), history)


@every_year
def test_each_year_can_be_validated(code, year):
    found = report(code, year)
    # The mean over three years needs them all.
    first_years = {"RAT03"} if year < 2023 and code != "accession" else set()
    assert {(c.code, c.message) for c in found.checks.violated if c.code not in first_years} == set()
    assert {c.code for c in found.checks.violated} == first_years
    assert [c.code for c in found.checks.undetermined] == []
    assert found.ready_for_validation
    assert found.cells["BA.total.net"].value == found.cells["BP.total.n"].value


@every_year
def test_the_funding_statement_tells_the_change_of_working_capital_to_the_cent(code, year):
    found = report(code, year).cells
    assert found["TF.variation_frng.n"].value == found["BF.frng.n"].value - found["BF.frng.n1"].value != 0


@every_year
def test_what_cannot_be_computed_lacks_earlier_years(code, year):
    """Everything is computed or « sans objet », but the three-year mean before the third year, and the additional
    contribution, whose schedule is not known after 2021."""
    unknown = {a.code for a in report(code, year).indicators.values() if str(a.status) == "non calculable"}
    mean = {"AE.ratio_autofinancement_3ans"} if year < 2023 else set()
    assert unknown == mean | ({"AE.cotisation_additionnelle"} if year > 2021 and code != "accession" else set())


@every_year
def test_the_ledger_gives_the_same_figures(code, year):
    """The generator computes them apart from the ruleset."""
    found = report(code, year).aggregates
    expected = statements.indicators(BOOKS[code, year])
    assert {name: Decimal(found[name].exact) for name in expected} == expected


@every_year
def test_the_identities_of_the_statements_hold(code, year):
    statements.verify(BOOKS[code, year])


@pytest.mark.parametrize("code", COOPERATIVES)
def test_each_year_opens_on_the_closing_of_the_year_before(code):
    statements.verify_sequence(ledger.years_of(COOPERATIVES[code]))


@every_year
def test_the_facts_add_up_to_the_ledger(code, year):
    books = BOOKS[code, year]
    operations, programmes = facts.operations(books).values(), facts.programmes(books).values()
    rental = books.balance("2111 2112 2115 212 213 214 2312 2313 2314") - books.balance("21315 2135 21415 2145")
    assert sum(o.cout_comptabilise for o in operations) == rental
    assert sum(o.subventions_notifiees for o in operations) == -books.balance("131")
    assert sum(p.cout_stock for p in programmes) == books.balance("31 33 35 37")
    assert sum(p.depreciation for p in programmes) == -books.balance("39")
    assert sum(p.chiffre_affaires for p in programmes) == -books.balance("701")
    for kind, nature in (("emprunts_mobilises", "definitif"), ("relais", "relais")):
        drawn = sum(loan.cloture for loan in books.loans if loan.nature == nature)
        assert sum(getattr(o, kind) for o in operations) == drawn
    by_activity = statements.activities(books).items()
    assert sum(a if line[:2] == "PR" else -a for (line, _), a in by_activity) == -books.balance("6 7")


def test_each_cooperative_has_its_activities_alone():
    for (code, _), books in BOOKS.items():
        activities = {activity for _, activity in statements.activities(books)}
        assert ("LO" in activities) == (code != "accession")
        assert ("AS" in activities) == (code != "locative")
        natures = {loan.nature for loan in books.loans}
        assert natures.isdisjoint({"definitif", "relais"}) == (code == "accession")
        assert natures.isdisjoint({"stocks", "prets"}) == (code == "locative")


@every_year
def test_loans_are_paid_off_as_their_schedule_says(code, year):
    """What was due within a year at the last closing is what is repaid, unless the loan was rescheduled since."""
    if year == 2021:
        return
    last = {loan.contrat: loan for loan in BOOKS[code, year - 1].loans}
    for loan in BOOKS[code, year].loans:
        assert loan.remboursements_contractuels == last[loan.contrat].moins_un_an


def test_the_files_are_what_the_generator_writes(tmp_path):
    generate_dossiers.main(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in DOSSIERS.iterdir()}
