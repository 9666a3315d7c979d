"""Every account of the 2023 chart falls in one cell of a statement: proved statically, and by evaluating it."""

import csv
import re
from collections import Counter
from decimal import Decimal

import pytest

from qdis_rules import Account, Dossier, load_ruleset
from qdis_rules.authoring.accounts import coverage
from qdis_rules.authoring.chart import read_chart
from qdis_rules.evaluation.balance import Balance
from qdis_rules.pipeline import bundled_folder, chart_path

# What each mark of the source list is worth, as COMPTES.md tells.
RELIABILITY = {
    "A": "sourcée",
    "A°": "partielle",
    "A26": "partielle",
    "P": "sourcée",
    "M": "partielle",
    "K": "à confirmer",
    "I": "à confirmer",
}
# Shorter numbers that hold accounts of several lines: they must block, never choose.
COARSE = {
    "Bilan": "1 10 106 13 15 157 16 165 167 168 2 20 21 22 23 26 27 28 280 281 29 291 293 296 297 3 39 4 41 48 49 5",
    "Comptes à solder": "1",
    "Compte de résultat": (
        "6 60 603 61 612 615 62 628 63 635 6351 64 65 66 661 6611 67 68 681 6811 68111 68112 6815 6817 69 "
        "7 70 71 713 72 722 7223 76 77 78 781 7815 7817 79"
    ),
}
# Named by the corrections: coarser than the leaves, or of the general chart only.
BLOCKED = "681 6817 603 713 7134 702 707 410 488 106 281 291 293 296 297".split()


@pytest.fixture(scope="module")
def ruleset():
    return load_ruleset(2023)


@pytest.fixture(scope="module")
def chart():
    outcome = read_chart(chart_path(2023))
    assert [d.render() for d in outcome.diagnostics] == []
    return outcome.value


@pytest.fixture(scope="module")
def found(ruleset, chart):
    return coverage(ruleset.typed, chart)


def balance(number, amount):
    debit, credit = (Decimal(amount), Decimal(0)) if amount > 0 else (Decimal(0), Decimal(-amount))
    return Account(number, "x", None, None, None, None, debit, credit)


# --- the file ----------------------------------------------------------------------


def test_the_chart_has_the_accounts_and_marks_its_note_tells(chart):
    assert (len(chart.accounts), len(chart.leaves)) == (665, 499)
    by_class = Counter(leaf[0] for leaf in chart.leaves)
    assert by_class == {"1": 94, "2": 105, "3": 23, "4": 70, "5": 16, "6": 110, "7": 81}
    with chart_path(2023).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert {row["marque"]: row["fiabilité"] for row in rows} == RELIABILITY
    assert len({(row["marque"], row["source"]) for row in rows}) == len(RELIABILITY)
    note = (bundled_folder(2023) / "COMPTES.md").read_text("utf-8")
    told = re.findall(r"^\| (\S+) \| ([^|]+) \| (\d+) \|", note, re.M)
    marks = Counter(row["marque"] for row in rows)
    assert {mark: (word, int(count)) for mark, word, count in told} == {
        mark: (RELIABILITY[mark], count) for mark, count in marks.items()
    }


# --- the proof ---------------------------------------------------------------------


def test_nothing_is_to_be_said_of_its_coverage(found):
    assert [d.render() for d in found.diagnostics] == []


def test_every_leaf_of_the_chart_falls_in_one_cell_of_its_statement(found, chart):
    assert found.missing == ()
    statements = {each.title: each for each in found.required}
    assert set(statements) == set(COARSE)
    for each in found.required:
        assert each.twice == ()
        assert set(each.one_cell) | set(each.by_side) == set(each.leaves)
    settled = {leaf for leaf in chart.leaves if leaf.startswith("12")}
    assert set(statements["Bilan"].leaves) == {leaf for leaf in chart.leaves if leaf[0] in "12345"} - settled
    assert set(statements["Compte de résultat"].leaves) == {leaf for leaf in chart.leaves if leaf[0] in "67"}
    # The result of the year is computed; account 12 must be at zero, and has a check of its own (SOL01).
    assert settled <= set(statements["Comptes à solder"].leaves)


def test_two_sided_accounts_go_to_the_assets_or_to_the_liabilities(found, chart):
    balance_sheet = next(each for each in found.required if each.title == "Bilan")
    two_sided = {leaf for leaf in chart.leaves if chart.accounts[leaf].nature == "deux sens"}
    assert set(balance_sheet.by_side) == two_sided
    for leaf in two_sided:
        reach = balance_sheet.leaves[leaf]
        assert min(reach.debit).startswith("BA.")
        assert min(reach.credit).startswith("BP.")


def test_every_shorter_number_is_read_or_too_coarse_to_choose(found, chart):
    assert {each.title: " ".join(each.coarse) for each in found.required} == COARSE
    read = {number for each in found.required for number, reach in each.prefixes.items() if reach.settled}
    coarse = {number for each in found.required for number in each.coarse}
    assert read | coarse == set(chart.prefixes)
    assert read & coarse == set()


@pytest.mark.parametrize("amount", [1, -1])
def test_evaluation_agrees_number_by_number(ruleset, found, chart, amount):
    """What the analysis says is what `balance~comptes` does: the account blocks, or lands in one cell."""
    closing = [
        [
            cell.selection
            for cell in ruleset.cells.values()
            if cell.table in each.tables and cell.selection is not None and " " not in cell.selection.reading
        ]
        for each in found.required
    ]
    read = {number for each in found.required for number in (*each.leaves, *each.prefixes)}
    for number in (*chart.leaves, *chart.prefixes):
        single = Balance([balance(number, amount)])
        assert bool(single.unreached(ruleset.plan.outline.readings)) == (number not in read), number
        for selections in closing:
            assert sum(1 for selection in selections if single.read(selection)) <= 1, number


@pytest.mark.parametrize("number", BLOCKED)
def test_accounts_too_coarse_or_unknown_block_with_their_amount(ruleset, number):
    check = ruleset.evaluate(Dossier(2023, balance=(balance(number, 7),))).checks["balance~comptes"]
    assert (check.verdict, check.cells, check.severity) == ("violé", (number,), "bloquant")
    assert f"{number} (7\u00a0EUR)" in check.message


def test_a_balance_left_on_12_has_its_own_blocking_check(ruleset):
    report = ruleset.evaluate(Dossier(2023, balance=(balance("120", -7), balance("512", 7))))
    assert report.checks["balance~comptes"].verdict == "satisfait"
    assert report.checks["SOL01"].verdict == "violé"
    assert not report.ready_for_validation


# --- the aggregates ----------------------------------------------------------------


def test_each_family_reads_the_whole_of_what_it_is_about(found):
    shares = {(each.family, each.statement): (len(each.read), len(each.unread)) for each in found.families}
    assert shares["SF", "Bilan"] == (304, 0)
    assert shares["SF", "Compte de résultat"] == (191, 0)
    assert shares["AE", "Compte de résultat"] == (191, 0)


def test_what_an_aggregate_counts_is_told_account_by_account(found):
    """Debit positive: products count for -1, charges for 1; a net sum leaves out what it takes off."""
    (rents,) = found.aggregates["AE.loyers"]
    assert {leaf[:4] for leaf in rents.accounts} == {"7041", "7042", "7043", "7044", "7045", "7046", "7048", "7094"}
    assert set(rents.accounts.values()) == {(-1, -1)}
    (result,) = found.aggregates["AE.resultat_net"]
    assert set(result.accounts) == {leaf for leaf in found.chart.leaves if leaf[0] in "67"}
