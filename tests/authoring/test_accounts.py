"""The proof by the accounts, on tiny rulesets with planted mistakes."""

from fractions import Fraction

from qdis_rules.authoring.accounts import coverage
from qdis_rules.authoring.chart import parse_chart
from qdis_rules.pipeline import check_sources
from qdis_rules.source import Source

CHART = """\
compte;libellé;nature
10;Capital;crédit
21;Immobilisations;débit
211;Terrains;débit
213;Constructions;débit
28;Amortissements;crédit
44;État;deux sens
60;Achats;débit
70;Ventes;crédit
"""
ASSETS = """
tableau BA « Actif » état comptable « Bilan » vide vaut 0
  colonne brut « Brut » en EUR
  colonne amort « Amortissements » en EUR
  colonne net « Net » en EUR = brut - amort
  ligne terrains « Terrains » comptes brut : 211
  ligne constructions « Constructions » comptes brut : 213 comptes amort : 28 crédit
  ligne etat « État » comptes brut : 44 débiteurs
  ligne total « Total » = somme(terrains..etat)
"""
LIABILITIES = """
tableau BP « Passif » état comptable « Bilan » vide vaut 0
  colonne n « N » en EUR
  colonne n1 « N-1 » en EUR ouverture de n
  ligne capital « Capital » comptes n : 10 crédit
  ligne etat « État » comptes n : 44 créditeurs
  ligne total « Total » = somme(capital..etat)
"""
INCOME = """
tableau CR « Résultat » état comptable « Résultat » vide vaut 0
  colonne n « N » en EUR
  ligne achats « Achats » comptes : 60
  ligne ventes « Ventes » comptes : 70 crédit
  ligne resultat « Résultat » = ventes - achats
"""
FAMILY = "\nfamille F « Analyse »\n"
SOUND = ASSETS + LIABILITIES + INCOME


def checked(text):
    return check_sources([Source.of("jeu.qdis", "jeu X exercice 2023\n" + text)])


def covered(text, chart=CHART):
    outcome = checked(text)
    assert [d.render() for d in outcome.diagnostics] == []
    read = parse_chart(Source.of("comptes.csv", chart))
    assert [d.render() for d in read.diagnostics] == []
    return coverage(outcome.value, read.value)


def said(found):
    return [(d.code, str(d.primary.span), d.message) for d in found.diagnostics]


def statement(found, title):
    return next(each for each in found.statements if each.title == title)


# --- statements --------------------------------------------------------------------


def test_a_sound_ruleset_reads_every_account_once():
    found = covered(SOUND)
    assert said(found) == []
    assert found.missing == ()
    sheet = statement(found, "Bilan")
    assert (sheet.tables, sheet.required) == (("BA", "BP"), True)
    assert (sheet.one_cell, sheet.by_side, sheet.twice) == (("10", "211", "213", "28"), ("44",), ())
    assert sheet.leaves["44"].debit == {"BA.etat.brut"}
    assert sheet.leaves["44"].credit == {"BP.etat.n"}


def test_an_account_counted_in_two_tables_of_one_statement_is_an_error_without_a_chart():
    (error,) = checked(ASSETS + LIABILITIES.replace("10 crédit", "10 ; 211 crédit")).diagnostics
    assert (error.code, str(error.severity)) == ("compte-en-double", "erreur")
    assert error.message == "le compte 211 est compté deux fois, en sens contraires, dans cet état comptable"
    assert (error.primary.text, error.secondary[0].text) == ("lu par BP.capital.n", "et par BA.terrains.brut")


def test_the_analysis_counts_it_too():
    outcome = checked(ASSETS + LIABILITIES.replace("10 crédit", "10 ; 21 crédit") + INCOME)
    found = coverage(outcome.value, parse_chart(Source.of("comptes.csv", CHART)).value)
    assert statement(found, "Bilan").twice == ("211", "213")


def test_the_same_account_in_two_statements_or_in_an_annex_is_no_error():
    annex = "\ntableau AN « Annexe »\n  colonne n « N » en EUR\n  ligne terrains « Terrains » comptes : 211\n"
    found = covered(SOUND + annex)
    assert said(found) == []
    assert not statement(found, "AN").required
    assert statement(found, "AN").one_cell == ("211",)


def test_openings_and_movements_are_no_double_count():
    moves = """
tableau IM « Mouvements » état comptable « Bilan »
  colonne debut « Début » en EUR
  colonne plus « Plus » en EUR
  ligne terrains « Terrains » comptes debut : 211 ouverture débit comptes plus : 211 mouvements débit
"""
    assert statement(covered(SOUND + moves), "Bilan").twice == ()


def test_an_account_that_reaches_no_statement_is_an_error_at_its_line():
    chart = CHART.replace("28;", "2184;Mobilier;débit\n28;")
    ((code, place, message),) = said(found := covered(SOUND, chart))
    assert (code, place) == ("compte-sans-cellule", "comptes.csv:6:1")
    assert message == "le compte 2184 « Mobilier » n'entre dans aucun état comptable"
    assert found.diagnostics[0].secondary[0].text == "le compte 211 entre dans BA.terrains.brut"
    assert found.missing == ("2184",)


def test_an_annex_hides_no_hole():
    annex = "\ntableau AN « Annexe »\n  colonne n « N » en EUR\n  ligne ventes « Ventes » comptes : 70 crédit\n"
    assert covered(ASSETS + LIABILITIES + annex).missing == ("60", "70")


def test_accounts_missing_together_are_told_once_by_the_one_above_them():
    chart = CHART + "5;Finance;débit\n51;Banques;débit\n53;Caisse;débit\n"
    ((code, place, message),) = said(covered(SOUND, chart))
    assert (code, place) == ("compte-sans-cellule", "comptes.csv:10:1")
    assert message == "le compte 5 « Finance » (et ses 2 comptes terminaux) n'entre dans aucun état comptable"


def test_an_account_read_on_one_side_only_is_missing_on_the_other():
    found = covered(SOUND.replace("ligne etat « État » comptes n : 44 créditeurs", "ligne etat « État »"))
    ((_, _, message),) = said(found)
    assert message == "le compte 44 « État » n'entre dans aucun état comptable quand son solde est créditeur"


def test_a_shorter_number_whose_details_part_is_too_coarse():
    """21 alone could be land or buildings: it reaches no cell, and that is no mistake."""
    found = covered(SOUND)
    sheet = statement(found, "Bilan")
    assert sheet.coarse["21"] == ("BA.terrains.brut", "BA.constructions.brut")
    assert "4" not in sheet.prefixes


def test_a_detail_that_only_the_ruleset_names_makes_a_number_coarse():
    """157 must block when the ruleset reads 1571 and 1572 apart, though the chart has 1572 alone."""
    text = SOUND.replace("comptes : 60\n", "comptes : 601\n  ligne autres « Autres » comptes : 602\n")
    found = covered(text, CHART.replace("60;Achats;débit\n", "602;Fournitures;débit\n"))
    assert statement(found, "Résultat").coarse["60"] == ("CR.autres.n", "CR.achats.n")


def test_a_shorter_number_forgotten_while_its_details_go_together_is_a_warning():
    text = SOUND.replace("comptes : 60\n", "comptes : 601 ; 602\n")
    chart = CHART.replace("60;Achats;débit\n", "60;Achats;débit\n601;Terrains;débit\n602;Fournitures;débit\n")
    found = [each for each in said(covered(text, chart)) if "60 " in each[2]]
    assert found == [
        (
            "regroupement-oublie",
            "comptes.csv:8:1",
            "un compte 60 sans détail n'entre nulle part, alors que ses détails entrent dans CR.achats.n",
        )
    ]


def test_a_two_sided_account_netted_into_one_cell_is_a_warning():
    text = SOUND.replace("44 débiteurs", "44").replace(
        "ligne etat « État » comptes n : 44 créditeurs", "ligne etat « É »"
    )
    ((code, place, message),) = said(covered(text))
    assert (code, place) == ("sens-confondus", "comptes.csv:7:1")
    assert message == "le compte 44 a deux sens au plan, mais entre dans la seule cellule BA.etat.brut"


def test_where_no_table_names_a_statement_each_stands_for_itself():
    found = covered(SOUND.replace("état comptable « Bilan » ", "").replace("état comptable « Résultat » ", ""))
    assert [each.title for each in found.required] == ["BA", "BP", "CR"]
    assert found.missing == ()


def test_accounts_read_that_the_chart_does_not_have_are_told_apart():
    text = SOUND.replace("comptes brut : 211", "comptes brut : 211 ; 2999")
    assert covered(text).unknown == ("2999",)


# --- aggregates --------------------------------------------------------------------


def aggregates(formula):
    return covered(SOUND + FAMILY + f"agrégat F.x « X » en EUR = {formula}\n")


def test_an_aggregate_tells_the_accounts_it_counts_down_to_the_chart():
    (weights,) = aggregates("CR.resultat").aggregates["F.x"]
    assert weights.accounts == {"60": (-1, -1), "70": (-1, -1)}
    (weights,) = aggregates("BA.total.net").aggregates["F.x"]
    assert weights.accounts == {"211": (1, 1), "213": (1, 1), "28": (1, 1), "44": (1, 0)}


def test_a_quotient_has_two_parts_and_what_is_taken_off_counts_no_more():
    found = covered(
        SOUND + FAMILY + "agrégat F.x « X » en % quand CR.ventes > 0 : = (CR.resultat + CR.achats) / CR.achats\n"
    )
    assert [dict(each.accounts) for each in found.aggregates["F.x"]] == [{"70": (-1, -1)}, {"60": (1, 1)}]
    assert not [d for d in found.diagnostics if d.code == "coefficient-inegal"]


def test_a_total_and_its_part_count_an_account_twice():
    found = aggregates("BA.total.brut + BA.terrains.brut")
    (warning,) = [d for d in found.diagnostics if d.code == "coefficient-inegal"]
    assert warning.message == "F.x compte 2 fois 211, et une fois ses autres comptes"
    assert str(warning.severity) == "avertissement"
    assert [label.text for label in warning.secondary] == ["par BA.terrains.brut, 2 fois"]
    assert found.aggregates["F.x"][0].cells["BA.terrains.brut"] == Fraction(2)


def test_products_and_charges_added_count_with_opposite_signs():
    found = aggregates("CR.ventes + CR.achats + BA.total.brut")
    (warning,) = [d for d in found.diagnostics if d.code == "coefficient-inegal"]
    assert warning.message == "F.x compte 70 en sens contraire de ses autres comptes"


def test_a_family_that_reads_most_of_a_statement_is_told_what_it_leaves_out():
    found = aggregates("BA.terrains.brut + BA.constructions.net")
    assert [d.message for d in found.diagnostics] == ["la famille F lit l'état « Bilan » sauf 10 ; 44"]
    shares = {each.statement: (each.read, each.unread) for each in found.families}
    assert shares == {"Bilan": (("211", "213", "28"), ("10", "44")), "Résultat": ((), ("60", "70"))}
