"""The 2023 ruleset: complete, sourced, and true on the mixed demonstration cooperative."""

import re
from collections import Counter
from decimal import Decimal

import pytest

from qdis_rules import CauseKind, Dossier, load_ruleset, read_dossier
from qdis_rules.authoring.chart import read_chart
from qdis_rules.authoring.coverage import coverage
from qdis_rules.authoring.examples import evaluated_dossiers, evaluated_examples
from qdis_rules.authoring.lint import lint
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.pipeline import bundled_folder, chart_path, compile_sources, ruleset_sources
from qdis_rules.source import Source
from qdis_rules.syntax.printer import format_source

FOLDER = bundled_folder(2023)
DOSSIERS = FOLDER / "dossiers"


@pytest.fixture(scope="module")
def ruleset():
    return load_ruleset(2023)


@pytest.fixture(scope="module")
def report(ruleset):
    history = [read_dossier(DOSSIERS / f"mixte-{year}.json") for year in (2022, 2021)]
    return ruleset.evaluate(read_dossier(DOSSIERS / "mixte-2023.json"), history)


def test_nothing_is_to_be_said_of_it(ruleset):
    assert ruleset.warnings == ()
    assert [d.render() for d in lint(ruleset.typed)] == []


def test_every_rule_has_a_source_and_a_reliability(ruleset):
    items = [
        *ruleset.tables.values(),
        *(check for check in ruleset.checks.values() if check.origin is None),
        *ruleset.aggregates.values(),
        *ruleset.typed.parameters.values(),
    ]
    assert [item.code for item in items if not (item.notes.source and item.notes.reliability)] == []


def test_its_examples_pass_and_with_its_dossiers_show_every_rule_both_ways(ruleset):
    """Checks satisfied and violated, aggregates computed, guards true and false: all of them."""
    unmet, folder = [], DossierFolder(DOSSIERS)

    def reports():
        for result, report in evaluated_examples(ruleset, folder.read):
            unmet.extend(diagnostic.render() for diagnostic in result.diagnostics)
            if report is not None:
                yield result.title, report
        yield from evaluated_dossiers(ruleset, folder.names(), folder.read)

    seen = coverage(ruleset, reports())
    assert unmet == []
    assert seen.missing() == {}
    assert seen.dead == ()


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.qdis")), ids=lambda path: path.name)
def test_its_files_are_in_canonical_form(path):
    text = path.read_text(encoding="utf-8")
    assert format_source(Source.of(path.name, text)).value == text


def test_identities_held_are_named_and_exist(ruleset):
    """All but four, by a check, or by a formula verified when the dossier supplies the cell."""
    held = {}
    for line in (FOLDER / "IDENTITES.md").read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| (C\d{3}) \| .*? \| (contrôle|calcul vérifié)[ :]+([^|]*?) *\|", line)
        if row:
            held[row[1]] = (row[2], re.findall(r"[A-Za-z0-9_]+(?:\.[a-z0-9_*]+)*", row[3]))
    assert len(held) == 132
    for identity, (kind, codes) in held.items():
        if kind == "contrôle":
            assert codes[0] in ruleset.checks, identity
        else:
            assert any(cell in ruleset.cells and ruleset.cells[cell].formula for cell in codes), identity


def test_movements_read_the_accounts_of_the_balance_sheet(ruleset):
    """IM reads those of the gross column; AM and DP share those of the other one."""
    cells = ruleset.cells
    for row in ruleset.tables["IM"].rows:
        assert cells[f"IM.{row}.cloture"].selection == cells[f"BA.{row}.brut"].selection, row
    for number in read_chart(chart_path(2023)).value.leaves:
        read = [row for row in ruleset.tables["IM"].rows if takes(cells[f"BA.{row}.amort"], number)]
        movements = [row for row in ruleset.tables["AM"].rows if takes(cells[f"AM.{row}.cloture"], number)]
        written_down = [row for row in ruleset.tables["DP"].rows if takes(cells[f"DP.{row}.cloture"], number)]
        if number.startswith("29"):
            assert (movements, len(written_down)) == ([], len(read)), number
        else:
            assert movements == read, number


def takes(cell, account):
    return cell.selection is not None and cell.selection.takes(account)


def test_the_checks_of_the_questionnaire_are_all_accounted_for(ruleset):
    """Each of the 90 by a check, a formula, a declaration, or with the reason why not."""
    found, counted = {}, {}
    for line in (FOLDER / "CONTROLES_DIS.md").read_text(encoding="utf-8").splitlines():
        if row := re.match(r"\| (C\d\d) \| .*? \| (contrôle|calcul vérifié|déclaration|[^:|]+)[ :]+([^|]*?) *\|", line):
            found[row[1]] = (row[2].strip(), row[3])
        elif row := re.match(r"\| ([^|]+) \| (\d+) \|$", line):
            counted[row[1]] = int(row[2])
    assert sorted(found) == [f"C{number:02}" for number in range(1, 91)]
    assert counted == dict(Counter(group for group, _ in found.values()))
    for number, (group, text) in found.items():
        codes = re.findall(r"[A-Za-z0-9_]+(?:\.[a-z0-9_*]+)*(?:~[a-z_]+)?", text)
        assert text, number
        if group in ("contrôle", "déclaration"):
            named = [code for code in codes if re.match(r"[A-Z]", code)]
            assert named, number
            assert set(named) <= set(ruleset.checks), number
        elif group == "calcul vérifié":
            cells = [code for code in codes if code in ruleset.cells and ruleset.cells[code].formula]
            assert cells or any(code in ruleset.aggregates for code in codes), number


def test_each_check_of_the_questionnaire_is_shown_satisfied_and_violated():
    checks = re.findall(r"^contrôle (\w+)", (FOLDER / "controles" / "questionnaire.qdis").read_text("utf-8"), re.M)
    examples = "".join(path.read_text("utf-8") for path in (FOLDER / "exemples").glob("*.qdis"))
    shown = set(re.findall(r"attend contrôle (\w+) (satisfait|violé)", examples))
    assert {(code, verdict) for code in checks for verdict in ("satisfait", "violé")} - shown == set()


@pytest.mark.parametrize(("year", "due"), [(2020, "8335"), (2021, "5905"), (2023, None)])
def test_the_additional_contribution_follows_the_schedule_of_its_year(year, due):
    """260 units at 3,50 EUR, then the rate on 210 000 EUR less 7,5 % of 1 000 000 EUR of rents."""
    sources = [
        Source.of(s.name, s.text.replace("exercice 2023", f"exercice {year}").replace("pour 2021..", "pour 2020.."))
        for s in ruleset_sources(2023).value
    ]
    cells = {
        "PR.loyers_conventionnes.n": "1000000",
        "CC.entretien_courant.n": "640000",
        "BP.capital.n": "0",
        "BA.disponibilites.brut": "0",
        "T02.logements_familiaux.n": "200",
        "T02.foyers.n": "60",
    }
    loans = [{"contrat": "A1", "nature": "definitif", "rn": "150000"}]
    report = compile_sources(sources).evaluate(Dossier(year, typed=cells, lists={"emprunts": loans}))
    found = report.indicators["AE.cotisation_additionnelle"]
    assert found.value == (None if due is None else Decimal(due))
    assert (due is None) == any(cause.kind is CauseKind.NO_VALUE for cause in found.causes)


def test_every_indicator_of_the_federation_is_computed(ruleset):
    """SF01 to SF55 and AE01 to AE73, each under its number and heading."""
    marks = {item.notes.mark for item in ruleset.aggregates.values() if not item.internal}
    assert {f"SF{number:02}" for number in range(1, 56)} <= marks
    assert {f"AE{number:02}" for number in range(1, 74)} <= marks


def test_the_demonstration_is_a_full_balance_that_balances_to_the_cent(report):
    balance = read_dossier(DOSSIERS / "mixte-2023.json").balance
    assert len(balance) >= 250
    assert report.cells["BA.total.net"].value == report.cells["BP.total.n"].value
    assert report.cells["BA.total.net_n1"].value == report.cells["BP.total.n1"].value


def test_the_demonstration_reaches_every_table_and_can_be_validated(report):
    assert {t.code for t in report.tables.values() if t.status == "non fourni"} == set()
    assert report.checks.violated == ()
    assert report.checks.undetermined == ()
    assert report.ready_for_validation
    assert {code for code, result in report.indicators.items() if result.value is None} == {
        "AE.cotisation_additionnelle"  # the schedule of 2023 is not known
    }


def test_an_account_that_reaches_no_cell_blocks(ruleset):
    dossier = read_dossier(DOSSIERS / "mixte-2023.json")
    account = next(a for a in dossier.balance if a.number == "512" or a.number.startswith("512"))
    coarse = [a for a in dossier.balance if a is not account]
    moved = type(account)("681", "Dotations", *(getattr(account, f) for f in account.__slots__[2:]))
    broken = Dossier(2023, typed=dossier.typed, lists=dossier.lists, balance=(*coarse, moved))
    check = ruleset.evaluate(broken).checks["balance~comptes"]
    assert check.verdict == "violé"
    assert check.cells == ("681",)
    assert "681" in check.message


def test_a_supplied_total_is_verified_never_trusted(ruleset, report):
    """A supplied total that disagrees with its computation is violated, with the gap."""
    dossier = read_dossier(DOSSIERS / "mixte-2023.json")
    too_much = report.cells["BA.total.net"].value + 2
    supplied = Dossier(
        2023,
        typed=dossier.typed,
        imported={"BA.total.net": str(too_much), "CC.total_charges.n": "1"},
        lists=dossier.lists,
        balance=dossier.balance,
    )
    found = ruleset.evaluate(supplied)
    assert found.checks["BA.total.net~rapatriement"].gap == Decimal("-2.00")
    assert found.checks["CC.total_charges.n~rapatriement"].verdict == "violé"
    assert not found.ready_for_validation
