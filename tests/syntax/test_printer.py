"""The canonical text: parse(print(t)) == t, print(parse(print(t))) == print(t), comments kept."""

from __future__ import annotations

import dataclasses
import inspect
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qdis_rules.source import Source, Span
from qdis_rules.suggest import fold
from qdis_rules.syntax import printer, tree
from qdis_rules.syntax.build import ORIGINS, RELIABILITIES, STATES
from qdis_rules.syntax.parse import parse, parse_campaign
from qdis_rules.syntax.printer import WIDTH, format_source, print_campaign, print_expression, print_tree
from qdis_rules.syntax.words import PLACEHOLDERS, RESERVED

ROOT = Path(__file__).parents[2]
RULESETS = [*sorted((ROOT / "rulesets" / "2023").rglob("*.qdis")), *sorted((ROOT / "tests" / "cases").rglob("*.qdis"))]

NOWHERE = Span(Source.of("nulle part", ""), 0, 0)


def read(text: str) -> tree.SyntaxTree:
    """Return the tree of a text that must parse."""
    outcome = parse([Source.of("t", text)])
    assert outcome.diagnostics == (), "\n".join(d.render() for d in outcome.diagnostics)
    return outcome.value


def comments_of(syntax: tree.SyntaxTree) -> list[object]:
    found: list[object] = []
    for declaration in syntax.declarations:
        found.append(declaration.comments)
        match declaration:
            case tree.TableDecl():
                found.extend(item.comments for item in declaration.items)
            case tree.ExampleDecl():
                found.extend(step.comments for step in declaration.steps)
    return [*found, syntax.trailing_comments]


def assert_law(syntax: tree.SyntaxTree) -> str:
    """Return the canonical text, having checked the three laws."""
    text = print_tree(syntax)
    again = read(text)
    assert again == syntax
    assert comments_of(again) == comments_of(syntax)
    assert print_tree(again) == text
    return text


def formula(text: str) -> tree.Expr:
    (declaration,) = read(f"agrégat A « a » = {text}\n").declarations
    assert isinstance(declaration, tree.AggregateDecl)
    return declaration.formula


# --- the layout -------------------------------------------------------------

CANONICAL = """\
# En-tête du fichier
jeu QDIS exercice 2023
  version « 1.0 »
  titre « Questionnaire DIS des coopératives d'Hlm »
  tolérance 1 EUR ; 1 kEUR ; 0 logement

inclure « tableaux/ba.qdis »

unité lot « lots »

unité kEUR « milliers d'euros » = 1000 EUR

unité nu

unité loyer = 1 EUR/m2/mois*an

paramètre CGLLS.a « Part fixe » en EUR/logement = 3,50 pour 2020..2021 ; -4 EUR pour 2022 ; 5 %
  source « arrêté » fiabilité à confirmer
  aide « à relire »
  repère « 6.01 »
  depuis 2022.CGLLS.b

paramètre P.choix « Réponse » choix a « A » | b = a

paramètre P.date « Date » date = 31/12/2023

paramètre P.texte « Texte » texte = "il a dit « oui »"

paramètre P.oui « Oui » oui/non = oui pour 2023 ; non

tableau BA « Bilan actif »
  origine rapatriement
  vide vaut 0
  facultatif
  sans objet quand T01.classe = accession_seule
  liste clé siren
  priorité colonne
  source « PCG » fiabilité sourcée
  colonne brut  « Brut » en EUR
  # avant amort
  colonne amort « Amortissements et dépréciations » en EUR positif ouverture de brut  # après amort
  colonne net   « Net » en EUR = brut - amort
  colonne sans_libelle entier
  colonne part  « Part » entier en logement entre -1 et 2 * 3 obligatoire
  colonne cap   « Cap » entier en logement entre -1 et 2 * 3
    obligatoire quand une_condition > 0
    reprise de net
    repère « 6.02 »
  rubrique « Actif immobilisé »
  ligne constructions « Constructions »
    comptes brut : 213 ; 214 sauf 2135
    comptes amort : 2813 ; 2814 ; 2913 sauf 29 ; ligne CC32 crédit
    comptes : 5 mouvements débit
    source « PCG »
  ligne concours
    comptes : 51 créditeurs
    comptes : 52 ouverture débiteurs
  ligne forme « Forme » choix scp « SCP » | scic obligatoire quand x = 1 ou non renseigné(y)
  ligne lots « Lots » texte 500 sur brut ; net
  ligne total « Total » sur brut = somme(constructions..concours) pour brut ; net reprise de T.x.y

contrôle BIL01 bloquant
  « L'actif ({BA.total.net}) et le passif diffèrent de {écart}, {{sic}}. »
  BA.total.net = BP.total.net à 1 EUR près
  source « PCG, art. 112-2 »

contrôle IMM02 avertissement justifiable
  « {ligne} : trop. »
  pour chaque ligne l de BA parmi a ; b
  quand AE.loyers > 0 et exercice >= 2020 :
  amort <= brut

contrôle C28 information
  « {colonne} : plan de financement. »
  pour chaque colonne de T04
  x entre 3 % et 25 % à 0,5 % près par terme

famille AE « Analyse de l'exploitation »
  aide « L'exploitation »

agrégat AE.x interne « Valeur » en % arrondi 2
  quand T02.x.n > 0 :
  = AE.afn[N] / (AE.a[N-1] + somme(T.*.n quand nature = definitif ; AE.b[N-2..N]))
  seuil alerte < 3 % « Délibération : art. R. 423-70. »
  seuil plancher >= AE.y - 1
  rubrique « Ratios »
  source « CCH » fiabilité partielle

exemple « une coopérative équilibrée »
  # ce qui est donné
  donne BA.constructions.brut = 1200
  donne BA.constructions.amort[N-1] = -20 EUR
  donne compte 512 = 100
  donne T01.sgahlm = non
  donne T01.forme = scp
  donne T01.nom = « Coop »
  donne T01.date = 31/12/2023
  attend SF.frng = 250 à 1 EUR près  # arrondi
  attend AE.x non calculable
  attend AE.y sans objet
  attend contrôle BIL01 violé
  attend contrôle T06.locatif.cloture~saisie satisfait

# fin
# du fichier
"""


def test_canonical_text_is_its_own_canonical_text():
    assert print_tree(read(CANONICAL)) == CANONICAL
    assert_law(read(CANONICAL))


def test_a_column_too_long_for_one_line_is_not_aligned():
    text = "tableau T « T »\n  colonne n « N »\n  colonne un_nom_beaucoup_trop_long « L »\n"
    assert print_tree(read(text)) == text


def test_sections_and_rows_cut_the_alignment():
    text = "tableau T « T »\n  colonne a « A »\n  ligne l « L »\n  colonne long « N »\n"
    assert print_tree(read(text)) == text


def test_disordered_attributes_are_written_in_order():
    written = """tableau T « T » source « s » liste cle k vide vaut 0 etat comptable "E" origine saisie
    agregat A « a » = 1 fiabilite sourcee rubrique « R » seuil x<1 source "s"
    """
    assert assert_law(read(written)) == (
        "tableau T « T »\n  origine saisie\n  état comptable « E »\n  vide vaut 0\n  liste clé k\n  source « s »\n\n"
        "agrégat A « a »\n  = 1\n  seuil x < 1\n  rubrique « R »\n  source « s » fiabilité sourcée\n"
    )


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1\u00a0200,50 EUR", "1200,50 EUR"),
        ("3%", "3 %"),
        ("(((a)))", "a"),
        ("(a+b)+c", "(a + b) + c"),
        ("a+(b-c)", "a + (b - c)"),
        ("a*(b*c)", "a * (b * c)"),
        ("(a*b)+c", "a * b + c"),
        ("(a+b)*c", "(a + b) * c"),
        ("-(-a)", "-(-a)"),
        ("-(a+b)", "-(a + b)"),
        ("-(a*b)", "-(a * b)"),
        ("(-a)*b", "-a * b"),
        ("a - (-b)", "a - (-b)"),
        ("a*(-b)", "a * -b"),
        ("(a<b)+1", "(a < b) + 1"),
        ("(si a alors b sinon c)+1", "(si a alors b sinon c) + 1"),
        ("si (si a alors b sinon c) alors (a ou b) sinon (si d alors e sinon f)", None),
        ("(a ou b) et c", "(a ou b) et c"),
        ("(a et b) ou c", "a et b ou c"),
        ("a ou (b ou c)", "a ou (b ou c)"),
        ("non (a et b)", "non (a et b)"),
        ("non (a = b)", "non a = b"),
        ("(non a) = b", "(non a) = b"),
        ("non non a", "non non a"),
        ("a = (b = c)", "a = (b = c)"),
        ("a entre (b entre c et d) et e", "a entre (b entre c et d) et e"),
        ("(a entre b et c) et d", "a entre b et c et d"),
        ("(12 / 31) / 2023", "(12 / 31) / 2023"),
        ("12 / 31 / 2023", "12 / 31 / 2023"),
        ("T.* * 2", "T.* * 2"),
        ("f((a ; b))", SyntaxError),
        ("somme((x) quand (a ou b) ; (si a alors b sinon c) quand d)", None),
        ("x[ N - 1 ] + y[N-0]", "x[N-1] + y[N]"),
        ("a..b", "a..b"),
        ("T.a.n..T.b.n", "T.a.n..T.b.n"),
    ],
)
def test_brackets_are_the_fewest(written, canonical):
    if canonical is SyntaxError:
        assert not parse([Source.of("t", f"agrégat A « a » = {written}\n")]).ok
        return
    node = formula(written)
    printed = print_expression(node)
    assert formula(printed) == node
    if canonical is not None:
        assert printed == canonical


def test_long_formulas_are_broken_at_their_outermost_operator():
    names = " ; ".join(f"poste_numero_{n}" for n in range(12))
    text = f"""agrégat A « a »
    quand {" ou ".join(f"le_tableau.cellule_{n} > 0" for n in range(6))} :
    = si x > 0 alors somme({names}) * (un_operande_au_nom_long + un_autre_operande_au_nom_long) sinon y - z
    """
    assert assert_law(read(text)) == (
        "agrégat A « a »\n"
        "  quand le_tableau.cellule_0 > 0\n"
        "    ou le_tableau.cellule_1 > 0\n"
        "    ou le_tableau.cellule_2 > 0\n"
        "    ou le_tableau.cellule_3 > 0\n"
        "    ou le_tableau.cellule_4 > 0\n"
        "    ou le_tableau.cellule_5 > 0 :\n"
        "  = si x > 0\n"
        "    alors somme(\n"
        "      poste_numero_0 ; poste_numero_1 ; poste_numero_2 ; poste_numero_3 ; poste_numero_4 ;\n"
        "      poste_numero_5 ; poste_numero_6 ; poste_numero_7 ; poste_numero_8 ; poste_numero_9 ;\n"
        "      poste_numero_10 ; poste_numero_11)\n"
        "      * (un_operande_au_nom_long + un_autre_operande_au_nom_long)\n"
        "    sinon y - z\n"
    )


def test_lines_hold_in_the_width_where_they_can():
    accounts = " ; ".join(str(n) for n in range(2000, 2060))
    rows = " ; ".join(f"colonne_{n}" for n in range(30))
    terms = " + ".join(f"terme_{n} * (a - b)" for n in range(30))
    text = f"""tableau T « T »
    ligne a « A » choix {" | ".join(f"reponse_{n} « Réponse {n} »" for n in range(20))} sur {rows}
      comptes brut : {accounts} sauf {accounts} ; ligne x crédit
    ligne b « B » = {terms} obligatoire quand {terms.replace("+", "<", 1)}
    contrôle C bloquant « c » pour chaque ligne de T parmi {rows} ({terms}) = f(g({terms}) ; -({terms}) ; 1)
    """
    printed = assert_law(read(text))
    assert max(map(len, printed.splitlines())) <= WIDTH


def test_answers_of_a_broken_choice_begin_no_line():
    """A name and a text at the start of a line look like a misspelt declaration."""
    answers = " | ".join(f"familial_{n} « Logements familiaux, numéro {n} »" for n in range(9))
    text = assert_law(read(f"tableau T « T » colonne n « N » choix {answers}\n"))
    assert all(line.lstrip().startswith(("tableau", "colonne", "|")) for line in text.splitlines())


def test_a_choice_broken_by_its_author_is_read():
    """`familial` is near `famille`, yet it begins no declaration after a bar."""
    assert_law(read("tableau T « T » colonne n « N » choix\n  collectif « Collectifs » |\n  familial « Familiaux »\n"))


@pytest.mark.parametrize("after", ["", "obligatoire", "reprise de n", "fiabilité sourcée", "source « s »", "# note"])
def test_the_current_row_may_end_a_formula(after):
    (table,) = read(f"tableau T « T »\n  colonne n « N » = x = ligne {after}\n  ligne a « A »\n").declarations
    assert isinstance(table, tree.TableDecl)
    assert len(table.items) == 2


def test_texts_holding_guillemets_take_straight_quotes():
    text = 'inclure "un « mot »"\n\ninclure « un "mot" »\n\ninclure « »\n'
    assert print_tree(read(text)) == text


def test_no_quotes_can_hold_both_marks():
    with pytest.raises(ValueError, match="no quotes"):
        print_tree(tree.SyntaxTree((tree.IncludeDecl(tree.Text('« et "', NOWHERE), NOWHERE),)))


def test_an_empty_tree_is_an_empty_text():
    assert print_tree(tree.SyntaxTree(())) == ""
    assert print_tree(read("# seul\n")) == "# seul\n"


def test_every_node_class_is_named_by_the_printer():
    text = inspect.getsource(printer)
    classes = [c.__name__ for c in vars(tree).values() if isinstance(c, type) and dataclasses.is_dataclass(c)]
    classes = [
        name
        for name in classes
        if hasattr(tree, name) and getattr(tree, name).__module__.startswith("qdis_rules.syntax")
    ]
    unnamed = [name for name in classes if f"tree.{name}" not in text]
    # Placeholders are printed with the raw text of their message, factors with their unit.
    assert sorted(unnamed) == ["Placeholder", "UnitFactor"]


# --- comments ---------------------------------------------------------------


def test_comments_anywhere_are_kept():
    written = """# 1
    # 2
    tableau # 3
      T « T » # 4
      origine saisie # 5
      # 6
      colonne n « N » # 7
      # 8
      = # 9
        a + # 10
        b # 11
      ligne l « L » # 12
    # 13
    exemple # 14
      « e » # 15
      # 16
      donne # 17
      a = 1 # 18
      attend a = 1 # 19
    # 20
    """
    text = assert_law(read(written))
    assert [text.count(f"# {n}\n") for n in range(1, 21)] == [1] * 20
    assert text == (
        "# 1\n# 2\n# 3\n# 4\ntableau T « T »\n  origine saisie  # 5\n"
        "  # 6\n  # 7\n  # 8\n  # 9\n  # 10\n  colonne n « N » = a + b  # 11\n  ligne l « L »  # 12\n\n"
        "# 13\n# 14\nexemple « e »  # 15\n  # 16\n  # 17\n  donne a = 1  # 18\n  attend a = 1  # 19\n\n# 20\n"
    )


def test_a_comment_stands_on_the_last_line_of_a_broken_piece():
    terms = " + ".join(f"un_terme_assez_long_{n}" for n in range(8))
    text = assert_law(read(f"agrégat A « a » = {terms} # après\n"))
    assert text.endswith("    + un_terme_assez_long_7  # après\n")


def test_marks_inside_texts_are_no_comments():
    text = "inclure « a # b »  # c\n"
    assert print_tree(read(text)) == text


# --- one file ---------------------------------------------------------------


def test_a_file_that_does_not_parse_is_returned_unchanged():
    text = "agrégat  A « a » = 1 +\n\nagrégat B « b »   = 1\n"
    outcome = format_source(Source.of("t", text))
    assert not outcome.ok
    assert outcome.value == text
    assert [d.code for d in outcome.diagnostics] == ["syntaxe"]


def test_a_refused_file_is_returned_unchanged():
    text = "\n" * 100_001
    outcome = format_source(Source.of("t", text))
    assert (outcome.ok, outcome.value) == (False, text)


def test_a_file_is_formatted():
    outcome = format_source(Source.of("t", "\ufeffagregat A « a »\r\n   = 1+2 # c"))
    assert outcome.ok
    assert outcome.value == "agrégat A « a »\n  = 1 + 2  # c\n"


# --- messages ---------------------------------------------------------------

MESSAGE_BUG = "build._template cuts its parts from the source, not from the collapsed text that `raw` holds"


def test_a_message_over_two_lines_keeps_its_tree():
    assert_law(read("contrôle A bloquant « un\n    deux {x} » x = 1\n"))


def test_a_message_with_no_break_spaces_keeps_its_tree():
    assert_law(read("contrôle A bloquant « un\u00a0: {x}\u00a0! » x = 1\n"))


def test_thousands_in_a_message_still_parse():
    assert_law(read("contrôle A bloquant « {x + 1\u00a0200} » x = 1\n"))


def test_a_comment_inside_a_message_swallows_nothing():
    outcome = parse([Source.of("t", "contrôle A bloquant « {x # y\n + z} » x = 1\n")])
    if outcome.ok:  # refusing it is as good
        assert_law(outcome.value)


def test_no_attribute_of_a_row_is_dropped():
    outcome = format_source(Source.of("t", "tableau T « T »\n  ligne a « A » ouverture de b\n"))
    assert "ouverture de b" in outcome.value or not outcome.ok


# --- whole texts ------------------------------------------------------------

TOUR = """\
jeu QDIS exercice 2023
  version « 1.0 »
  titre « Questionnaire DIS des coopératives d'Hlm »
  tolérance 1 EUR ; 1 kEUR ; 0 logement

unité kEUR « milliers d'euros » = 1000 EUR

tableau BA « Bilan actif »
  origine rapatriement                       # saisie | rapatriement | calcul
  vide vaut 0
  colonne brut  « Brut » en EUR
  colonne amort « Amortissements et dépréciations » en EUR
  colonne net   « Net » en EUR = brut - amort
  rubrique « Actif immobilisé »
  ligne constructions « Constructions »
    comptes brut : 213 ; 214 sauf 2135
    comptes amort : 2813 ; 2814 ; 2913 crédit
  ligne total « Total de l'actif » = somme(constructions..disponibilites)

tableau T06 « Dettes financières et annuités »
  origine saisie
  colonne ouverture « Ouverture » en kEUR reprise de cloture
  colonne tirages   « Tirages » en kEUR positif
  colonne cloture   « Clôture » en kEUR
  ligne locatif « Locatif, financement définitif » obligatoire

tableau T01 « Identité »
  origine saisie
  colonne reponse « Réponse »
  ligne forme « Forme » choix scp « SCP » | scic « SCIC »
  ligne classe « Classe » choix mixte | accession_seule | locative_seule obligatoire
  ligne sgahlm « Membre de la SGAHLM » oui/non
  ligne date_cloture « Date de clôture » date obligatoire
  ligne methode « Méthode » texte 500 obligatoire quand T11.produits.autres <> 0 ou T11.charges.structure <> 0
  ligne lots « Lots » entier en logement entre 0 et 100

tableau T09 « Opérations groupées »
  origine saisie   liste clé siren
  sans objet quand T01.classe = locative_seule
  colonne siren « SIREN » texte 9
  colonne part « Part détenue » en % entre 0 et 100 %
  colonne capital « Capital » en kEUR

contrôle BIL01 bloquant
  « L'actif net ({BA.total.net}) et le passif ({BP.total.net}) diffèrent de {écart}. »
  BA.total.net = BP.total.net à 1 EUR près
  source « PCG, art. 112-2 »

contrôle IMM02 bloquant « {ligne} : les amortissements dépassent le brut. »
  pour chaque ligne de BA
  amort <= brut

contrôle TAX01 avertissement justifiable
  « La taxe foncière représente {AE.tfpb_sur_loyers} des loyers. »
  quand AE.loyers > 0 :
  AE.tfpb_sur_loyers entre 3 % et 25 %

paramètre CGLLS.a « Part fixe » en EUR/logement = 3,5 pour 2020..2021 source « arrêté » fiabilité à confirmer
famille AE « Analyse de l'exploitation »

agrégat AE.afn « Autofinancement net Hlm » en EUR
  = AE.caf - T06.locatif.remboursement_normal
  source « CCH, art. R. 423-1-4 »   fiabilité sourcée

agrégat AE.ratio_afn « Ratio d'autofinancement net Hlm » en % arrondi 2
  quand T02.en_propriete.N > 0 :
  = AE.afn / (AE.produits_activite + AE.produits_financiers)
  seuil alerte < 3 % « Délibération du conseil : art. R. 423-70. »

agrégat AE.ratio_afn_3ans « Moyenne sur trois exercices » en % arrondi 2
  = moyenne(AE.ratio_afn[N-2..N])

exemple « une coopérative équilibrée »
  donne BA.constructions.brut = 1200
  donne BA.constructions.amort = -20 EUR
  donne T01.sgahlm = non
  attend SF.frng = 250
  attend contrôle BIL01 violé
"""

SIX = """\
# 1. AE65, cotisation additionnelle CGLLS
paramètre CGLLS.part_fixe « Part fixe par logement » en EUR/logement = 3,5 source « S17 »
paramètre CGLLS.franchise « Franchise » en % = 7,5 source « S17 »
paramètre CGLLS.taux « Taux » en % = 3,70 source « S17 »
agrégat AE.cotisation_additionnelle « Cotisation additionnelle CGLLS » en EUR arrondi 0
  = CGLLS.part_fixe * (T02.familiaux.N + T02.foyers.N)
  + CGLLS.taux * max(0 ; AE.af_cgllS - CGLLS.franchise * AE.produits_locatifs)

# 2. AE47 : trois exercices clos, années manquantes signalées (C46)
agrégat AE.ratio_afn_3ans « Moyenne sur trois exercices » en % arrondi 2
  = moyenne(AE.ratio_afn[N-2..N])
  seuil alerte < AF.seuil_moyenne « Délibération du conseil. »
contrôle C46 avertissement « Il manque un exercice à la moyenne. »
  nombre(AE.ratio_afn[N-2..N]) = 3

# 3. T11 : colonnes 7 et 8 réaffectées (C25)
tableau T11 « Produits et charges par activité » origine saisie
  colonne locatif « Locatif » en kEUR
  colonne accession « Accession » en kEUR
  colonne autres « Autres activités » en kEUR
  colonne structure « Structure » en kEUR
  colonne total « Total » en kEUR = locatif + accession + autres + structure
  ligne produits « Produits »
  ligne charges « Charges »
  ligne resultat « Résultat avant réaffectation » = produits - charges
  ligne part « Poids des produits » en % sur locatif ; accession
    = produits / (produits.locatif + produits.accession)
  ligne apres « Résultat après réaffectation » sur locatif ; accession
    = resultat + part * (resultat.autres + resultat.structure)
contrôle C25 avertissement « Réaffectation sans méthode. »
  quand T11.produits.autres <> 0 ou T11.charges.structure <> 0 :
  renseigné(T01.methode)

# 4. C47 : dépréciation intégrale
contrôle C47 avertissement justifiable « {ligne} : dépréciation {depreciation} pour {dette}. »
  pour chaque ligne de T12 parmi plus_un_an ; partis
  depreciation = dette à 1 % près

# 5. SF25 et C36
agrégat SF.frngt « FdR long terme à terminaison » en kEUR arrondi 0
  = somme(SF.potentiel_terminaison ; SF.pge ; SF.autres_provisions ; SF.depots)
contrôle C36 bloquant « FRNGT : écart de {écart}. »
  SF.fonds_propres + SF.autres_ressources - SF.investi_locatif - SF.autres_emplois = SF.frngt à 1 kEUR près par terme

# 6. comptes à deux côtés, états des dettes par échéance, lignes en regard
tableau BP « Bilan passif » origine rapatriement vide vaut 0
  colonne N « Exercice » en EUR
  ligne concours « Concours bancaires courants » comptes : 51 créditeurs
  ligne autres « Autres emprunts » comptes : 167 ; 168 ; 17 ; 18 sauf 1671 ; 1675 ; 1676 ; 1688 ; 1788 crédit
tableau emprunts « Un emprunt par ligne » origine saisie liste clé contrat
  colonne contrat « Contrat » texte 40
  colonne nature « Nature » choix definitif | relais | stocks | prets | structure
  colonne rn « Remboursements » en EUR positif
  colonne cf « Capital restant dû » en EUR positif
  colonne e1 « À moins d'un an » en EUR positif
  colonne echeance « Échéance » date
tableau ED « État des dettes » origine calcul
  colonne T « Brut » en EUR
  colonne E1 « Un an au plus » en EUR
  colonne E5 « De 1 à 5 ans » en EUR
  colonne E6 « Plus de 5 ans » en EUR = T - E1 - E5
  ligne banques « Établissements de crédit » sur E1
    = somme(emprunts.*.e1 quand nature = definitif et emprunts.date >= 31/12/2023)
  ligne total « Total » = somme(banques..banques)
contrôle C033 bloquant « {ligne} : clôture différente du bilan. »
  pour chaque ligne l de IM
  IM.l.F = BA.l.B
contrôle C28 bloquant « {colonne} : plan de financement. »
  pour chaque colonne c de T04
  cout = subventions + emprunts + fonds_propres
agrégat AE.signe « test » en EUR
  = si non (x = 1 EUR) et -y < -3,5 kEUR alors min(1,5 EUR ; -2 EUR) sinon -(a - b)
"""


@pytest.mark.parametrize("text", [TOUR, SIX], ids=["tour", "six"])
def test_the_two_probe_texts(text):
    assert_law(read(text))


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_files_of_the_project(path):
    source = Source.of(path.name, path.read_text(encoding="utf-8"))
    outcome = parse([source])
    if not outcome.ok:
        pytest.skip("this file does not parse")
    assert_law(outcome.value)


# --- random trees -----------------------------------------------------------

# Words that make one token with the word that may follow them.
GLUED = "etat comptable vide vaut sans objet quand non calculable reprise ouverture mouvements par pour chaque a confirmer arrondi".split()
LETTERS = "abcdefgzABNÉéèçœŒ_"


def not_reserved(word: str) -> bool:
    return fold(word) not in RESERVED and fold(word) not in GLUED


words = st.builds(str.__add__, st.sampled_from(LETTERS), st.text(LETTERS + "0123456789", max_size=6)).filter(
    not_reserved
)
segments = st.text(LETTERS + "0123456789", min_size=1, max_size=4)
paths = st.builds(lambda first, rest: ".".join([first, *rest]), words, st.lists(segments, max_size=2))


def name(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[tree.Name]:
    return st.builds(tree.Name, strategy, st.just(NOWHERE))


def few(strategy, least=0, most=3):
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def maybe(strategy):
    return st.none() | strategy


def one_line(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


names, dotted = name(words), name(paths)
plain = st.text(st.characters(exclude_categories=("Cs",), exclude_characters='«»"'), max_size=30).map(one_line)
quoting = st.sampled_from(["", " « mot »", ' "mot"'])
texts = st.builds(lambda text, quotes: tree.Text((text + quotes).strip(), NOWHERE), plain, quoting)
numbers = st.decimals(min_value=0, max_value=Decimal(10) ** 14, places=2) | st.integers(0, 10**14).map(Decimal)
units = name(st.just("%") | words)
quantities = st.builds(tree.Quantity, numbers, maybe(units), st.just(NOWHERE))
signed = st.builds(
    lambda q, minus: dataclasses.replace(q, value=q.value.copy_negate()) if minus else q, quantities, st.booleans()
)
dates = st.builds(tree.DateLiteral, st.dates(), st.just(NOWHERE))
years = st.builds(
    lambda first, last: tree.Years(
        max(first, last or 0), first if last is None else min(first, last), last is not None, NOWHERE
    ),
    st.integers(0, 50),
    maybe(st.integers(0, 50)),
)
starred = st.builds(lambda first, last: f"{first}.*" + (f".{last}" if last else ""), words, maybe(segments))
references = st.builds(
    lambda path, y: tree.Reference(tuple(path.split(".")), y, NOWHERE), paths | starred, maybe(years)
)
ranges = st.builds(tree.RangeExpr, dotted, dotted, st.just(NOWHERE))
tolerances = st.builds(tree.Tolerance, quantities, st.booleans(), st.just(NOWHERE))
operators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
leaves = quantities | dates | st.just(tree.FiscalYear(NOWHERE)) | references | ranges


def chains(inner):
    rest = few(st.tuples(st.booleans(), inner), 1, 3)
    return st.builds(lambda first, others: ((False, first), *others), inner, rest)


def larger(inner, rights=None):
    here = st.just(NOWHERE)
    arguments = inner | st.builds(tree.Filtered, inner, inner, here)
    rights = inner if rights is None else inner | rights
    return st.one_of(
        st.builds(tree.Negation, inner, here),
        st.builds(tree.Sum, chains(inner), here),
        st.builds(tree.Product, chains(inner), here),
        st.builds(tree.Comparison, inner, operators, rights, maybe(tolerances), here),
        st.builds(tree.Between, inner, inner, inner, maybe(tolerances), here),
        st.builds(tree.Not, inner, here),
        st.builds(tree.And, few(inner, 2), here),
        st.builds(tree.Or, few(inner, 2), here),
        st.builds(tree.Conditional, inner, inner, inner, here),
        st.builds(tree.Call, names, few(arguments, 1, 4), here),
    )


expressions = st.recursive(leaves, larger, max_leaves=12)
# `ligne` is the row being computed in a table only, and is compared.
current_rows = st.just(tree.CurrentRow(NOWHERE))
in_tables = st.recursive(leaves, lambda inner: larger(inner, current_rows), max_leaves=12)

here = st.just(NOWHERE)
remarks = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", "#" + text).rstrip()
)
comments = st.builds(tree.Comments, few(remarks, 0, 2), maybe(remarks))
old_codes = st.builds(lambda year, path: f"{year}.{path}", st.integers(1000, 9999), paths)
notes = st.builds(
    tree.Notes,
    maybe(texts),
    maybe(name(st.sampled_from(RELIABILITIES))),
    maybe(texts),
    maybe(texts),
    maybe(name(old_codes)),
)


@st.composite
def unit_expressions(draw):
    factors = draw(few(st.builds(tree.UnitFactor, words | st.just("%"), st.booleans(), here), 1, 3))
    return tree.UnitExpr((dataclasses.replace(factors[0], divides=False), *factors[1:]), NOWHERE)


number_kinds = st.builds(tree.NumberKind, unit_expressions(), st.booleans(), here) | st.just(
    tree.NumberKind(None, True, NOWHERE)
)
choice_kinds = st.builds(tree.ChoiceKind, few(st.builds(tree.Answer, names, maybe(texts)), 1, 4), here)
simple_kinds = st.sampled_from(["oui/non", "date", "texte"]).map(lambda word: tree.SimpleKind(word, None, NOWHERE))
sized_kinds = st.builds(tree.SimpleKind, st.just("texte"), st.integers(1, 5000), here)
kinds = number_kinds | choice_kinds | simple_kinds | sized_kinds
bounds = st.just(tree.Bounds(None, None, NOWHERE)) | st.builds(tree.Bounds, in_tables, in_tables, here)
required = st.builds(tree.Required, maybe(in_tables), here)
prefixes = st.builds(tree.AccountPrefix, st.text("0123456789", min_size=1, max_size=20), here)
READINGS = ["débit", "crédit", "débiteurs", "créditeurs", "ouverture débit", "ouverture crédit", "ouverture débiteurs"]
READINGS += ["ouverture créditeurs", "mouvements débit", "mouvements crédit"]
accounts = st.builds(
    tree.Accounts, maybe(names), few(prefixes, 1), few(prefixes), few(names, 0, 2), st.sampled_from(READINGS), here
)
columns = st.builds(
    tree.Column,
    names,
    maybe(texts),
    maybe(kinds),
    maybe(bounds),
    maybe(in_tables),
    maybe(required),
    maybe(dotted),
    maybe(names),
    notes,
    here,
    comments,
)


@st.composite
def rows(draw):
    whole = st.tuples(st.builds(tree.RowFormula, in_tables, st.just(())))
    by_column = few(st.builds(tree.RowFormula, in_tables, few(names, 1)), 1, 3)
    return tree.Row(
        draw(names),
        draw(maybe(texts)),
        draw(maybe(kinds)),
        draw(maybe(bounds)),
        draw(few(names)),
        draw(st.just(()) | whole | by_column),
        draw(maybe(required)),
        draw(maybe(dotted)),
        draw(few(accounts, 0, 2)),
        draw(notes),
        NOWHERE,
        draw(comments),
    )


sections = st.builds(tree.Section, texts, here, comments)
tables = st.builds(
    tree.TableDecl,
    names,
    texts,
    maybe(name(st.sampled_from(ORIGINS))),
    maybe(texts),
    st.booleans(),
    st.booleans(),
    maybe(expressions),
    maybe(names),
    st.sampled_from([None, "ligne", "colonne"]),
    notes,
    here,
    few(columns | rows() | sections, 0, 4),
    st.just(frozenset()),
    comments,
)
values = signed | dates | names | texts | st.booleans()


@st.composite
def dated_values(draw):
    first = draw(maybe(st.integers(1000, 9999)))
    last = first if first is None or draw(st.booleans()) else draw(st.integers(first, 9999))
    return tree.DatedValue(draw(values), first, last, NOWHERE)


rulesets = st.builds(
    tree.RulesetDecl, names, st.integers(1000, 9999), maybe(texts), maybe(texts), few(quantities), here, comments
)
includes = st.builds(tree.IncludeDecl, texts, here, comments)
unit_declarations = st.builds(
    lambda *parts: tree.UnitDecl(*parts[:2], *(parts[2] or (None, None)), *parts[3:]),
    names,
    maybe(texts),
    maybe(st.tuples(numbers, unit_expressions())),
    here,
    comments,
)
parameters = st.builds(tree.ParameterDecl, dotted, texts, maybe(kinds), few(dated_values(), 1), notes, here, comments)
families = st.builds(tree.FamilyDecl, names, texts, notes, here, comments)


@st.composite
def templates(draw):
    """Draw the parts, and the raw text that an author would have written for them."""
    parts: list[object] = []
    raw = ""
    for _ in range(draw(st.integers(0, 3))):
        words_ = (
            draw(st.sampled_from(["", " "]))
            + draw(plain.map(lambda t: t.replace("{", "{}")))
            + draw(st.sampled_from(["", " "]))
        )
        words_ = words_ if raw else words_.lstrip()
        if words_.strip() or (words_ == " " and raw):
            parts.append(words_)
            raw += words_.replace("{", "{{").replace("}", "}}")
        inner = draw(st.builds(tree.Placeholder, st.sampled_from(PLACEHOLDERS), here) | expressions.filter(not_a_place))
        parts.append(inner)
        raw += "{" + (inner.word if isinstance(inner, tree.Placeholder) else print_expression(inner)) + "}"
    return tree.Template(tuple(parts), raw, NOWHERE)


def not_a_place(node: tree.Expr) -> bool:
    return fold(print_expression(node)) not in {fold(word) for word in PLACEHOLDERS}


stretches = few(st.builds(tree.Stretch, names, maybe(names), here))
iterations = st.builds(
    tree.Iteration, st.sampled_from(["ligne", "colonne"]), maybe(names), names, stretches, stretches, here
)
checks = st.builds(
    tree.CheckDecl,
    names,
    st.sampled_from(["bloquant", "avertissement", "information"]),
    st.booleans(),
    templates(),
    maybe(iterations),
    maybe(expressions),
    expressions,
    notes,
    here,
    comments,
)
thresholds = st.builds(tree.Threshold, names, operators, expressions, maybe(texts), here)
aggregates = st.builds(
    tree.AggregateDecl,
    dotted,
    st.booleans(),
    texts,
    maybe(kinds),
    maybe(st.integers(0, 6)),
    maybe(expressions),
    expressions,
    few(thresholds, 0, 2),
    maybe(texts),
    notes,
    here,
    comments,
)
moments = st.sampled_from(("ouverture", "mouvements débit", "mouvements crédit"))
cited = st.builds(
    lambda table, key, column, y: tree.Reference((table, key.value, *column), y, NOWHERE),
    words,
    texts,
    few(segments, 0, 1),
    maybe(years),
)
givens = st.builds(tree.Given, references | cited, maybe(values), st.none(), here, comments) | st.builds(
    tree.Given, prefixes, values, maybe(moments), here, comments
)
checks_by_code = name(words | st.builds(lambda path, what: f"{path}~{what}", paths, st.text("abcé_", min_size=1)))
states = st.sampled_from(STATES)
expected = (
    st.builds(tree.Expected, references, values, maybe(tolerances), st.none(), here, comments)
    | st.builds(tree.Expected, references, st.none(), st.none(), states, here, comments)
    | st.builds(tree.Expected, checks_by_code, st.none(), st.none(), states, here, comments)
)
alone = st.builds(tree.ExpectedAlone, few(checks_by_code), here, comments)
examples = st.builds(tree.ExampleDecl, texts, maybe(texts), here, few(givens | expected | alone, 0, 4), comments)
decisions = st.builds(
    tree.DecisionDecl,
    st.sampled_from(["désactiver", "réactiver"]),
    few(checks_by_code, 1),
    st.none(),
    st.just(False),
    maybe(dates),
    maybe(texts),
    maybe(texts),
    here,
    here,
    comments,
) | st.builds(
    tree.DecisionDecl,
    st.just("rendre"),
    few(checks_by_code, 1),
    st.sampled_from(["bloquant", "avertissement", "information"]),
    st.booleans(),
    maybe(dates),
    maybe(texts),
    maybe(texts),
    here,
    here,
    comments,
)
campaigns = st.builds(tree.CampaignDecl, names, st.integers(1000, 9999), here, comments)
DECLARATIONS = {
    "jeu": rulesets,
    "inclure": includes,
    "unité": unit_declarations,
    "paramètre": parameters,
    "tableau": tables,
    "famille": families,
    "contrôle": checks,
    "agrégat": aggregates,
    "exemple": examples,
}
SMALL = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@settings(SMALL, max_examples=300)
@given(expressions)
def test_random_expressions(node):
    assert formula(print_expression(node)) == node


@pytest.mark.parametrize("word", DECLARATIONS)
@SMALL
@given(data=st.data())
def test_random_declarations(word, data):
    assert_law(tree.SyntaxTree((data.draw(DECLARATIONS[word]),)))


@SMALL
@given(few(st.one_of(*DECLARATIONS.values()), 0, 4), few(remarks, 0, 2))
def test_random_trees(declarations, trailing):
    if not declarations:
        trailing = ()
    assert_law(tree.SyntaxTree(declarations, frozenset(), trailing))


@SMALL
@given(st.integers(20, 90), expressions)
def test_breaking_lines_changes_no_tree(width, node):
    """A narrow page breaks everywhere a line may be broken."""
    before = printer.WIDTH
    printer.WIDTH = width  # type: ignore[misc]
    try:
        declared = tree.AggregateDecl(
            tree.Name("A", NOWHERE),
            False,
            tree.Text("a", NOWHERE),
            None,
            None,
            node,
            node,
            (),
            None,
            tree.Notes(),
            NOWHERE,
        )
        assert_law(tree.SyntaxTree((declared,)))
    finally:
        printer.WIDTH = before  # type: ignore[misc]


@SMALL
@given(campaigns, few(decisions, 0, 4), few(remarks, 0, 2))
def test_random_campagnes(head, decided, trailing):
    written = tree.CampaignTree(Source.of("c", ""), (head, *decided), False, trailing)
    source = Source.of("c", print_campaign(written))
    outcome = parse_campaign(source)
    assert outcome.diagnostics == ()
    assert outcome.value == written
    assert outcome.value.trailing_comments == trailing
    assert [node.comments for node in outcome.value.declarations] == [node.comments for node in written.declarations]
    assert format_source(source).value == source.text
