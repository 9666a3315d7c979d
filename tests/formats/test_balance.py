"""Trial balances: readings by prefix and side, and bad files."""

from decimal import Decimal

import pytest

from qdis_rules import DossierError
from qdis_rules.formats.balance import parse_balance, read_balance

HEAD = "compte;libellé;ouverture débit;ouverture crédit;mouvements débit;mouvements crédit;solde débit;solde crédit\n"


def test_amounts_are_read_exactly_and_empty_is_zero():
    (account,) = parse_balance(HEAD + "2131;Bâtiments;1 000,10;;0,02;;1 000,12;\n")
    assert account.opening_debit == Decimal("1000.10")
    assert account.opening_credit == 0
    assert account.closing_debit == Decimal("1000.12")


def test_encodings_separators_and_order_of_columns():
    text = "Solde Crédit\tCompte\tSolde débit\n12,5\t164\t0\n"
    for content in (text.encode(), text.encode("utf-8-sig"), text.encode("iso-8859-15")):
        (account,) = parse_balance(content)
        assert (account.number, account.closing_credit, account.opening_debit) == ("164", Decimal("12.5"), None)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", [("b.csv:1", "balance-vide")]),
        ("2131;a;0;0;1;0;1;0\n2131;b;0;0;1;0;1;0\n", [("b.csv:3", "compte-en-double")]),
        ("21x;a;0;0;1;0;1;0\n", [("b.csv:2", "compte-invalide")]),
        ("2131;a;0;0;1;0;x;0\n2132;a;0;0;1e3;0;0;0\n", [("b.csv:2", "nombre-attendu"), ("b.csv:3", "nombre-attendu")]),
    ],
)
def test_every_bad_line_is_told(lines, expected):
    with pytest.raises(DossierError) as caught:
        parse_balance(HEAD + lines, "b.csv")
    assert [(p.pointer, p.code) for p in caught.value.problems] == expected


@pytest.mark.parametrize("content", [b"", b"\0\0", b"compte;solde\n1;2\n", b"compte;compte;solde debit;solde credit\n"])
def test_a_file_that_is_no_balance_is_refused(content):
    with pytest.raises(DossierError):
        parse_balance(content)


def test_a_missing_balance_is_named(tmp_path):
    with pytest.raises(DossierError) as caught:
        read_balance(tmp_path / "balance.csv")
    assert caught.value.problems[0].code == "balance-introuvable"
