"""A session says at every edit what a whole evaluation says of the dossier as edited."""

import random
from decimal import Decimal

import pytest

from qdis_rules import Dossier, DossierError, load_ruleset, read_dossier
from qdis_rules.pipeline import bundled_folder
from tests.properties.agreement import compiled, differences, values_of, verdicts_of

DOSSIERS = bundled_folder(2023) / "dossiers"


@pytest.fixture(scope="module")
def ruleset():
    return load_ruleset(2023)


def agreed(ruleset, session, history):
    """Return the report of a session, after comparing it with a whole evaluation."""
    report = session.report
    whole = ruleset.evaluate(session.dossier, history)
    assert differences(values_of(report), values_of(whole)) == {}
    assert differences(verdicts_of(report), verdicts_of(whole)) == {}
    assert {c: r.origin for c, r in report.cells.items()} == {c: r.origin for c, r in whole.cells.items()}
    return report


@pytest.mark.parametrize("name", ["mixte", "accession"])
def test_random_edits_of_the_demonstration(ruleset, name):
    """Amounts, blanks, answers; cells with accounts behind them, computed cells, tables begun or no more."""
    draw = random.Random(name)
    history = [read_dossier(DOSSIERS / f"{name}-2022.json")]
    session = ruleset.session(read_dossier(DOSSIERS / f"{name}-2023.json"), history)
    before = session.report
    cells = [cell for cell in ruleset.cells.values() if cell.row != "*"]
    typed = [ruleset.cells[code] for code in session.dossier.typed]
    for round_ in range(24):
        cell = draw.choice(cells if round_ % 2 else typed)
        try:
            change = session.set(cell.code, draw.choice(_values(cell)))
        except DossierError:
            continue
        after = agreed(ruleset, session, history)
        old, new = values_of(before), values_of(after)
        assert set(change.values) == {code for code in old if old[code] != new[code]}
        names = {*before.checks, *after.checks}
        told = {name: after.checks.verdict(name) if name in after.checks else None for name in names}
        was = {name: before.checks.verdict(name) if name in before.checks else None for name in names}
        assert dict(change.verdicts) == {name: told[name] for name in names if told[name] is not was[name]}
        before = after


def _values(cell):
    answers = getattr(cell.type, "answers", ())
    return [None, "", *answers, "oui", "non", "31/12/2023", 0, 1, Decimal("1234.56"), "-2 000,5", 10**14]


def test_what_does_not_fit_changes_nothing(ruleset):
    session = ruleset.session(Dossier(2023, typed={"T02.vacants.n": 3}))
    for code, raw in [("T02.vacant.n", 3), ("T02.vacants.n", "trois"), ("emprunts.*.co", 1)]:
        with pytest.raises(DossierError) as refused:
            session.set(code, raw)
        assert code in str(refused.value)
    assert dict(session.dossier.typed) == {"T02.vacants.n": 3}


def test_rows_of_a_list(ruleset):
    session = ruleset.session(Dossier(2023))
    change = session.set_rows("emprunts", [{"contrat": "A", "nature": "relais", "co": 100, "rn": 10}])
    assert "ER.relais.cf" in change.values
    assert agreed(ruleset, session, []).cells["ER.relais.cf"].value == 90


def test_a_report_is_not_changed_by_later_edits():
    ruleset = compiled(
        "jeu X exercice 2023\ntableau T « t »\n  colonne n « n » en EUR\n  ligne a « a »\n  ligne b « b » = a / 3\n"
    )
    session = ruleset.session(Dossier(2023, typed={"T.a.n": 1}))
    first = session.report
    session.set("T.a.n", 9)
    assert (first.cells["T.b.n"].value, session.report.cells["T.b.n"].value) == (Decimal("0." + "3" * 34), 3)


def test_numbers_too_long_for_the_program():
    """Beyond its digits everything is evaluated again, with fractions."""
    text = "jeu X exercice 2023\ntableau T « t »\n  colonne n « n »\n  ligne a « a » en EUR\n"
    previous = "a"
    for index in range(9):
        text += f"  ligne l{index} « l » en EUR = {previous} * ({previous} / 1 EUR)\n"
        previous = f"l{index}"
    ruleset = compiled(text)
    session = ruleset.session(Dossier(2023, typed={"T.a.n": 1}))
    for value in (Decimal("123456789012345.123456"), 2, Decimal("0.000001"), 3):
        session.set("T.a.n", value)
        agreed(ruleset, session, [])


def test_an_amount_that_was_free_to_change():
    """What one edit needed not ask, the next may have to: a table closed, a second value, an amount taken away."""
    ruleset = compiled(
        "jeu X exercice 2023\ntableau O « o »\n  colonne n « n » en EUR\n  ligne a « a »\n"
        "tableau T « t » sans objet quand O.a < 0 EUR\n  colonne n « n » en EUR\n  ligne a « a »\n  ligne b « b »\n"
        "  ligne c « c » = a + b\nfamille F « f »\nagrégat F.x « x » en EUR = T.c + O.a\n"
        "contrôle C bloquant « c » T.c <= 10 EUR\n"
    )
    session = ruleset.session(Dossier(2023, typed={"O.a.n": Decimal(1), "T.a.n": Decimal(2), "T.b.n": Decimal(3)}))
    amounts = [Decimal("7.00"), Decimal("7.00"), Decimal(8), "9", Decimal(9), None, Decimal(4), Decimal(5)]
    for gate in (Decimal(2), Decimal(-1), Decimal(3)):
        session.set("O.a.n", gate)
        for amount in amounts:
            session.set("T.a.n", amount)
            agreed(ruleset, session, [])
    for code, amount in [("T.c.n", Decimal(1)), ("T.a.n", Decimal(6)), ("T.c.n", None), ("T.a.n", Decimal(20))]:
        session.set(code, amount)
        agreed(ruleset, session, [])
