"""The chart of accounts as a file: what it says, and what is wrong in it, at its place."""

import pytest

from qdis_rules.authoring.chart import MAX_BYTES, parse_chart, read_chart
from qdis_rules.files import CannotRead
from qdis_rules.source import Source

HEAD = "compte;libellé;nature\n"


def said(text):
    return [(d.code, str(d.primary.span), d.message) for d in parse_chart(Source.of("comptes.csv", text)).diagnostics]


def test_columns_come_in_any_order_and_others_are_for_people():
    text = 'Nature;marque;COMPTE;Libelle;fiabilité\ndeux sens;K;44;"État ; ""collectivités""";à confirmer\n\n'
    chart = parse_chart(Source.of("comptes.csv", text)).value
    account = chart.accounts["44"]
    assert (account.label, account.nature, account.reliability) == (
        'État ; "collectivités"',
        "deux sens",
        "à confirmer",
    )
    assert str(account.span) == "comptes.csv:2:13"


def test_leaves_and_shorter_numbers():
    chart = parse_chart(Source.of("comptes.csv", HEAD + "2;x;débit\n213;x;débit\n2111;x;débit\n44;x;débit\n")).value
    assert chart.leaves == ("2111", "213", "44")
    assert chart.prefixes == ("2", "21", "211", "4")
    assert chart.below["21"] == ("2111", "213")
    assert chart.grouped(["213", "2111"]) == ("2",)
    assert chart.grouped(["213", "44"]) == ("213", "44")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "1:1", "l'en-tête n'a pas de colonne « compte », « libellé », « nature »"),
        ("compte;libellé\n", "1:1", "l'en-tête n'a pas de colonne « nature »"),
        ("compte;libellé;nature;Compte\n", "1:23", "la colonne « Compte » figure deux fois"),
        (HEAD, "1:1", "aucun compte"),
        (HEAD + "10;Capital\n", "2:1", "cette ligne a 2 champs, l'en-tête en a 3"),
        (HEAD + "10;Capital;;crédit\n", "2:1", "cette ligne a 4 champs, l'en-tête en a 3"),
        (HEAD + "1O;Capital;crédit\n", "2:1", "« 1O » n'est pas un compte"),
        (HEAD + "10;;crédit\n", "2:4", "le compte 10 n'a pas de libellé"),
        (HEAD + "10;x;gauche\n", "2:6", "« gauche » n'est pas une nature : débit, crédit, deux sens"),
        (HEAD + "10;x;débit\n10;y;débit\n", "3:1", "le compte 10 figure deux fois"),
        (
            HEAD + '10;"x;débit\n',
            "2:4",
            "guillemets mal placés : ils entourent le champ entier, un guillemet s'y double",
        ),
        (
            "compte;libellé;nature;fiabilité\n10;x;débit;sûre\n",
            "2:12",
            "« sûre » n'est pas une fiabilité : sourcée, partielle, déduite, à confirmer",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text, place, message):
    assert said(text) == [("plan-invalide", f"comptes.csv:{place}", message)]


def test_every_line_is_told():
    assert len(said(HEAD + "a;x;débit\nb;x;débit\n10;x;gauche\n")) == 3


def test_a_file_in_another_encoding_or_too_large_is_refused(tmp_path):
    path = tmp_path / "comptes.csv"
    path.write_bytes(HEAD.encode("latin-1"))
    assert [d.code for d in read_chart(path).diagnostics] == ["fichier-illisible"]
    path.write_bytes(b"1" * (MAX_BYTES + 1))
    assert [d.message for d in read_chart(path).diagnostics] == ["plus de 5 Mo"]
    path.write_text("\ufeff" + HEAD + "10;Capital;crédit\n", "utf-8")
    assert read_chart(path).diagnostics == ()
    for name in ("absent.csv", "a\0b.csv"):
        with pytest.raises(CannotRead):
            read_chart(tmp_path / name)
