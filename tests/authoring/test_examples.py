"""`exemple … sur « dossier »`: a whole dossier, with what an example changes in it."""

import json
from decimal import Decimal

import pytest

from qdis_rules import check_sources
from qdis_rules.authoring.examples import example_dossiers, run_examples
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source

RULES = """\
jeu ESSAI exercice 2023
tableau T « Données »
  colonne n « N » en EUR
  colonne m « M » en EUR positif
  ligne a « A »
  ligne b « B »
tableau EMP « Emprunts » liste clé numero
  colonne numero « Numéro » texte 10
  colonne capital « Capital » en kEUR positif
tableau BQ « Banque » vide vaut 0
  colonne n « Clôture » en EUR
  colonne o « Ouverture » en EUR
  colonne d « Débits » en EUR
  colonne c « Crédits » en EUR
  ligne banque « Banque »
    comptes n : 512
    comptes o : 512 ouverture débit
    comptes d : 512 mouvements débit
    comptes c : 512 mouvements crédit
  ligne capital « Capital » sur n comptes n : 101
famille F « F »
agrégat F.total « Total » en EUR = T.a.n + T.b.n
agrégat F.avant « L'an dernier » en EUR = F.total[N-1]
contrôle C01 bloquant « A dépasse B de {écart}. » T.a.n <= T.b.n
contrôle C02 bloquant « A dépasse B de {écart}, dit autrement. » F.total >= 2 * T.a.n
contrôle C03 bloquant « {ligne} : {n}. »
  pour chaque ligne de T
  n <= 1000 EUR
"""

BALANCE = """\
compte;ouverture débit;ouverture crédit;mouvements débit;mouvements crédit;solde débit;solde crédit
512;100;;50;20;130;
101;;100;20;50;;130
"""


@pytest.fixture
def folder(tmp_path):
    """`coop-2023` with its balance, and the years before but 2020."""

    def write(name, year, **parts):
        content = json.dumps({"format": "qdis-dossier/1", "exercice": year, **parts})
        (tmp_path / name).write_text(content, "utf-8")

    rows = [{"numero": "E1", "capital": 5}, {"numero": "E2", "capital": 8}]
    cells = {"T.a.n": 10, "T.b.n": "20,00", "T.a.m": 1}
    imported = {"T.a.n": 10, "T.b.m": 3}
    write("coop-2023.json", 2023, cellules=cells, rapatriement=imported, listes={"EMP": rows}, balance="b.csv")
    write("coop-2022.json", 2022, cellules={"T.a.n": 1, "T.b.n": 2}, agregats={"F.total": 7})
    write("coop-2021.json", 2021)
    write("coop-2019.json", 2019)
    (tmp_path / "b.csv").write_text(BALANCE, "utf-8")
    return tmp_path


def ruleset(text):
    return compile_sources([Source.of("e.qdis", RULES + text)])


def said(text, folder=None):
    results = run_examples(ruleset(text), DossierFolder(folder).read if folder else None)
    return [(d.code, d.message, d.help) for result in results for d in result.diagnostics]


def dossiers(steps, folder, base="coop-2023"):
    rules = ruleset(f"exemple « e » sur « {base} »\n{steps}\n")
    return example_dossiers(rules, rules.typed.examples[0], DossierFolder(folder).read)


def account(steps, folder, number="512"):
    return next(a for a in dossiers(steps, folder)[0].balance if a.number == number)


def sides(found):
    return [int(getattr(found, name)) for name in found.__slots__[2:]]


def test_history_is_found_beside_as_far_as_years_follow_each_other(folder):
    _, history = dossiers("attend contrôle C01 satisfait", folder)
    assert [earlier.year for earlier in history] == [2022, 2021]


def test_what_is_not_given_stays(folder):
    dossier, _ = dossiers("donne T.a.n = 12,5", folder)
    assert dossier.typed == {"T.a.n": Decimal("12.5"), "T.b.n": "20,00", "T.a.m": "1"}
    assert dossier.imported == {"T.a.n": "10", "T.b.m": "3"}
    assert dossier.lists["EMP"] == ({"numero": "E1", "capital": "5"}, {"numero": "E2", "capital": "8"})


def test_absent_takes_a_cell_from_every_layer(folder):
    dossier, _ = dossiers("donne T.a.n absent", folder)
    assert "T.a.n" not in {**dossier.typed, **dossier.imported}


def test_rows_of_lists_change_come_and_go(folder):
    steps = "donne EMP.E1.capital = 9\ndonne EMP.E2 absent\ndonne EMP.E3.capital = 2000 EUR"
    dossier, _ = dossiers(steps, folder)
    assert dossier.lists["EMP"] == ({"numero": "E1", "capital": 9}, {"numero": "E3", "capital": 2})
    assert "capital" not in dossiers("donne EMP.E1.capital absent", folder)[0].lists["EMP"][0]


def test_the_key_of_a_row_may_be_cited(folder):
    steps = 'donne EMP.« E1 ».capital = 9\ndonne EMP."PLS 2".capital = 4\ndonne EMP.« E2 » absent'
    dossier, _ = dossiers(steps, folder)
    assert dossier.lists["EMP"] == ({"numero": "E1", "capital": 9}, {"numero": "PLS 2", "capital": 4})
    text = "exemple « e »\n donne EMP.« PLS 2 ».capital = 4\n attend EMP.« PLS 2 ».capital = 4\n"
    assert said(text) == []
    wrong = Source.of("e.qdis", RULES + text.replace("2 ».capital =", "2 ».x ="))
    assert [(d.code, d.primary.span.text) for d in check_sources([wrong]).diagnostics] == [("colonne-inconnue", "x")]


def test_earlier_dossiers_change_too(folder):
    _, (last_year, _) = dossiers("donne T.a.n[N-1] = 5\ndonne F.total[N-1] absent", folder)
    assert last_year.typed["T.a.n"] == 5
    assert last_year.filed == {}


def test_a_year_that_is_not_there_is_made(folder):
    _, history = dossiers("donne T.a.n[N-3] = 5", folder)
    assert [(earlier.year, len(earlier.typed)) for earlier in history] == [(2022, 2), (2021, 0), (2020, 1)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("donne compte 512 = 200", [100, 0, 120, 20, 200, 0]),
        ("donne compte 512 = -30", [100, 0, 50, 180, 0, 30]),
        ("donne compte 512 ouverture = 90", [90, 0, 60, 20, 130, 0]),
        ("donne compte 512 mouvements débit = 70", [100, 0, 70, 20, 150, 0]),
        ("donne compte 512 mouvements débit = 70\ndonne compte 512 mouvements crédit = 0", [100, 0, 70, 0, 170, 0]),
        ("donne compte 512 ouverture = 0\ndonne compte 512 mouvements crédit = 50", [0, 0, 50, 50, 0, 0]),
        ("donne compte 512 ouverture = 0\ndonne compte 512 = 40", [0, 0, 60, 20, 40, 0]),
    ],
)
def test_an_account_still_adds_up(steps, expected, folder):
    assert sides(account(steps, folder)) == expected
    assert sides(account("\n".join(reversed(steps.splitlines())), folder)) == expected


def test_an_account_that_the_balance_has_not_is_added(folder):
    assert sides(account("donne compte 513 = 5", folder, "513")) == [0, 0, 5, 0, 5, 0]


def test_an_account_that_cannot_add_up_is_said(folder):
    text = "exemple « e » sur « coop-2023 »\ndonne compte 512 = 1\ndonne compte 512 mouvements débit = 2\n"
    assert said(text, folder)[0][1].endswith("l'ouverture et les mouvements du compte 512 ne mènent pas à ce solde")


def test_a_balance_without_openings_gets_none(folder):
    (folder / "b.csv").write_text("compte;solde débit;solde crédit\n512;130;\n", "utf-8")
    assert account("donne compte 512 = 5", folder).opening_debit is None
    text = "exemple « e » sur « coop-2023 »\ndonne compte 512 ouverture = 1\n"
    assert said(text, folder)[0][1].endswith("la balance n'a pas cette colonne")


def test_violated_alone(folder):
    for steps in (
        "donne T.a.m = -1\nattend contrôle T.a.m~positif violé seul",
        "donne T.b.m = -1\nattend contrôles T.b.m~positif ; T.b.m~rapatriement violés seuls",
        "donne T.b.n = 9\nattend contrôles C01 ; C02 violés seuls",
        "donne T.b.n = 2000\nattend contrôle C03 violé seul",
    ):
        assert said(f"exemple « e » sur « coop-2023 »\n{steps}\n", folder) == []


def test_not_alone_tells_the_others(folder):
    text = "exemple « e » sur « coop-2023 »\ndonne T.b.n = 9\nattend contrôles C01 ; C03 violés seuls\n"
    message = "cette attente n'est pas satisfaite : C03 n'est pas violé ; 1 autre violé"
    assert said(text, folder) == [
        (
            "attente-non-satisfaite",
            message,
            "comparé : 10\u00a0EUR <= 1\u202f000\u00a0EUR\nC02 : A dépasse B de -1\u00a0EUR, dit autrement.",
        )
    ]


def test_an_indeterminate_check_is_not_violated(folder):
    text = "exemple « e » sur « coop-2023 »\ndonne T.b.n absent\ndonne EMP.E1.capital = -1\n"
    assert said(text + "attend contrôle EMP.*.capital~positif violé seul\n", folder) == []


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("coop-2024", "n'existe pas"),
        ("../coop-2023", "sans chemin"),
        ("casse", "json-mal-forme"),
        ("faux-2023", "ce dossier est de l'exercice 2021"),
    ],
)
def test_a_dossier_that_cannot_be_read_is_said_where_it_is_named(base, why, folder):
    (folder / "casse.json").write_text("{", "utf-8")
    (folder / "faux-2023.json").write_text((folder / "coop-2023.json").read_text("utf-8"), "utf-8")
    (folder / "faux-2022.json").write_text((folder / "coop-2021.json").read_text("utf-8"), "utf-8")
    text = f"exemple « e » sur « {base} »\nattend contrôle C01 satisfait\n"
    (result,) = run_examples(ruleset(text), DossierFolder(folder).read)
    (diagnostic,) = result.diagnostics
    assert (diagnostic.code, diagnostic.primary.span.text) == ("dossier-de-depart", f"« {base} »")
    assert why in diagnostic.help


def test_without_a_folder_it_is_said():
    ((code, _, help),) = said("exemple « e » sur « coop-2023 »\n")
    assert (code, help) == ("dossier-de-depart", "aucun répertoire de dossiers n'accompagne ces règles")


def test_a_dossier_of_another_year_does_not_fit(folder):
    ((code, message, _),) = said("exemple « e » sur « coop-2022 »\n", folder)
    assert code == "exemple-inutilisable"
    assert "le dossier est de l'exercice 2022" in message


def test_such_an_example_is_checked_without_any_dossier():
    text = RULES + "exemple « e » sur « nulle part »\ndonne T.d.n = 1\nattend contrôles C01 ; C9 violés seuls\n"
    assert [d.code for d in check_sources([Source.of("e.qdis", text)]).diagnostics] == [
        "ligne-inconnue",
        "controle-inconnu",
    ]


def test_a_dossier_is_read_once_and_examples_do_not_touch_each_other(folder):
    read = []

    def counting(name):
        read.append(name)
        return DossierFolder(folder).read(name)

    text = "\n".join(
        f"exemple « {n} » sur « coop-2023 »\n donne EMP.E1.capital = {n}\n attend EMP.E1.capital = {n}\n"
        " attend F.avant = 7\n attend EMP.E2.capital = 8\n"
        for n in range(1, 4)
    )
    assert all(result.passed for result in run_examples(ruleset(text), counting))
    assert read == ["coop-2023"]
