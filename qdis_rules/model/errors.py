"""Everything the model can say of a ruleset. Facts in, `Diagnostic` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from qdis_rules.diagnostics import Diagnostic, Edit, Label, Severity, in_source_order
from qdis_rules.model.types import Type
from qdis_rules.source import Span
from qdis_rules.suggest import nearest
from qdis_rules.units import Unit


def _error(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    secondary: tuple[Label, ...] = (),
    help: str | None = None,
    fix: tuple[Edit, ...] = (),
) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, Label(span, label), secondary, help, fix)


def _warning(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    secondary: tuple[Label, ...] = (),
    help: str | None = None,
) -> Diagnostic:
    return Diagnostic(code, Severity.WARNING, message, Label(span, label), secondary, help)


def _unknown(
    code: str,
    message: str,
    span: Span,
    label: str,
    known: Iterable[str],
    secondary: tuple[Label, ...] = (),
    fallback: str | None = None,
) -> Diagnostic:
    """An unknown name, with the nearest known one; `span` covers the name alone."""
    near = nearest(span.text, known)
    help = f"vouliez-vous dire « {near} » ?" if near else fallback
    fix = (Edit(span, near),) if near else ()
    return _error(code, message, span, label, secondary, help, fix)


def gather_unknown(diagnostics: Iterable[Diagnostic], declared: Mapping[Span, Mapping[str, Span]]) -> list[Diagnostic]:
    """Say once that a name is unknown, wherever it is read: its declaration may be the misspelt one.

    `declared` gives, by the span of a table's name, where each of its rows and columns is declared.
    """
    groups: dict[tuple[str, str], list[Diagnostic]] = {}
    for diagnostic in in_source_order(diagnostics):
        groups.setdefault((diagnostic.code, diagnostic.message), []).append(diagnostic)
    found = []
    for (code, _), group in groups.items():
        first, *others = group
        if not others or code not in ("ligne-inconnue", "colonne-inconnue"):
            found += group
            continue
        near = first.fix[0].text if first.fix else ""
        home = declared.get(first.secondary[0].span, {}).get(near)
        found.append(
            replace(
                first,
                secondary=(
                    Label(others[0].primary.span, "de même ici"),
                    *([Label(home, f"est-ce {near}, déclaré ici ?")] if home is not None else first.secondary),
                ),
                help=f"{len(group)} lectures de ce nom ; {first.help or 'aucun nom proche'}",
                fix=tuple(edit for diagnostic in group for edit in diagnostic.fix),
            )
        )
    return found


# --- declarations -------------------------------------------------------------


def no_ruleset(span: Span) -> Diagnostic:
    return _error(
        "jeu-manquant",
        "aucune déclaration « jeu »",
        span,
        "le jeu commence ici",
        help="commencez par : jeu QDIS exercice 2023",
    )


def second_ruleset(span: Span, first: Span) -> Diagnostic:
    return _error(
        "jeu-en-double",
        "un jeu ne se déclare qu'une fois",
        span,
        "second",
        (Label(first, "premier"),),
    )


def duplicate(what: str, name: str, span: Span, first: Span) -> Diagnostic:
    return _error(
        "nom-en-double",
        f"{what} {name} a deux déclarations",
        span,
        "seconde",
        (Label(first, "première"),),
        help="gardez-en une, ou donnez à l'autre un code différent",
    )


def two_formulas(column: str, span: Span, first: Span) -> Diagnostic:
    return _error(
        "attribut-en-double",
        f"la colonne {column} a déjà une formule sur cette ligne",
        span,
        "seconde formule",
        (Label(first, "première"),),
    )


def shared_name(name: str, span: Span, what: str, first: Span, first_what: str) -> Diagnostic:
    return _error(
        "nom-en-double",
        f"{name} désigne déjà {first_what}",
        span,
        what,
        (Label(first, first_what),),
        help="tableaux et familles partagent un même espace de noms",
    )


def unknown_unit(span: Span, known: Iterable[str]) -> Diagnostic:
    return _unknown(
        "unite-inconnue",
        f"l'unité {span.text} n'est pas connue",
        span,
        "unité inconnue",
        known,
        fallback=f"déclarez-la : unité {span.text} « … »",
    )


def redefined_unit(span: Span, name: str) -> Diagnostic:
    return _error(
        "unite-redefinie",
        f"l'unité {name} est prédéfinie et vaut autre chose",
        span,
        "redéfinie ici",
        help="choisissez un autre nom d'unité",
    )


def compound_unit(span: Span, unit: str) -> Diagnostic:
    return _error(
        "unite-composee",
        f"« {span.text} » se lit comme une division par {unit}",
        span,
        "unité composée dans une formule",
        help="les unités composées ne s'écrivent qu'après « en » ; "
        f"déclarez un paramètre en …/{unit}, ou divisez par « 1 {unit} »",
    )


def no_kind(span: Span, code: str, secondary: tuple[Label, ...]) -> Diagnostic:
    return _error(
        "genre-manquant",
        f"{code} n'a pas de genre",
        span,
        "ni unité, ni choix, ni date…",
        secondary,
        help="écrivez par exemple « en EUR », « entier », « oui/non », « date » ou « texte 80 »",
    )


def cell_without_kind(table: str, row: Span, column: Span) -> Diagnostic:
    return _error(
        "genre-manquant",
        f"la cellule {table}.{row.text}.{column.text} n'a pas de genre",
        row,
        "ni la ligne",
        (Label(column, "ni la colonne n'en donnent"),),
        help="écrivez par exemple « en EUR » sur la colonne ou sur la ligne",
    )


def list_with_rows(row: Span, table: Span) -> Diagnostic:
    return _error(
        "liste-incoherente",
        "une liste reçoit ses lignes du dossier",
        row,
        "ligne déclarée ici",
        (Label(table, "tableau déclaré « liste »"),),
        help="retirez la ligne, ou retirez « liste clé … »",
    )


def list_key(span: Span, table: str, known: Iterable[str]) -> Diagnostic:
    return _unknown(
        "liste-incoherente",
        f"la clé {span.text} n'est pas une colonne de {table}",
        span,
        "clé inconnue",
        known,
    )


def empty_table(span: Span, code: str, what: str) -> Diagnostic:
    help = f"déclarez au moins une {what}"
    return _error("tableau-vide", f"le tableau {code} n'a pas de {what}", span, "déclaré ici", help=help)


def optional_statement(span: Span, table: str, statement: str) -> Diagnostic:
    return _error(
        "facultatif-impossible",
        f"{table} est de l'état comptable « {statement} » : ses comptes seraient perdus tant que rien n'y est saisi",
        span,
        "tableau facultatif",
    )


def optional_computed(span: Span, table: str) -> Diagnostic:
    return _error(
        "facultatif-impossible",
        f"{table} n'a que des cellules calculées : rien ne s'y saisit, il resterait sans objet",
        span,
        "tableau facultatif",
    )


def walked_twice(span: Span, name: str, first: Span) -> Diagnostic:
    return _error(
        "parcours-incoherent", f"{name} est déjà nommée", span, "seconde fois", (Label(first, "première fois"),)
    )


def excepts_nothing(span: Span, name: str) -> Diagnostic:
    return _error("parcours-incoherent", f"{name} n'est pas parcourue", span, "« sauf » sans effet")


def walks_nothing(span: Span, over: str) -> Diagnostic:
    return _error("parcours-incoherent", f"« sauf » ne laisse aucune {over} à parcourir", span, "parcours vide")


def not_for_list(span: Span, what: str) -> Diagnostic:
    return _error("liste-incoherente", f"{what} ne s'emploie pas dans une liste", span)


def parameter_value(span: Span, expected: Type, kind: Span | None) -> Diagnostic:
    secondary = (Label(kind, "genre déclaré ici"),) if kind else ()
    return _error("valeur-inadaptee", f"cette valeur n'est pas {expected}", span, "valeur", secondary)


def overlapping_years(span: Span, first: Span, year: int) -> Diagnostic:
    return _error(
        "annee-invalide",
        f"deux valeurs pour l'exercice {year}",
        span,
        "seconde",
        (Label(first, "première"),),
    )


def not_reviewed(span: Span, code: str, year: int, last: str) -> Diagnostic:
    return _warning(
        "valeur-non-revue",
        f"{code} n'a pas été revu pour l'exercice {year}",
        span,
        last,
        help=f"vérifiez la valeur puis écrivez « pour {year} »",
    )


def no_value_yet(span: Span, code: str, year: int) -> Diagnostic:
    return _error(
        "valeur-non-revue",
        f"{code} n'a aucune valeur pour l'exercice {year}",
        span,
        "valeurs postérieures seulement",
    )


def no_family(span: Span, family: str, known: Iterable[str]) -> Diagnostic:
    near = nearest(family, known)
    return _warning(
        "agregat-sans-famille",
        f"{span.text} n'est rangé dans aucune famille",
        span,
        "famille inconnue",
        help=f"vouliez-vous dire « {near} » ?" if near else f"déclarez : famille {family} « … »",
    )


# --- names --------------------------------------------------------------------


def unknown_name(span: Span, known: Iterable[str], where: str) -> Diagnostic:
    return _unknown(
        "nom-inconnu",
        f"« {span.text} » n'est pas un nom connu {where}".rstrip(),
        span,
        "nom inconnu",
        known,
        fallback="hors de son tableau, une cellule s'écrit tableau.ligne ou tableau.ligne.colonne",
    )


def unknown_table(span: Span, known: Iterable[str]) -> Diagnostic:
    return _unknown(
        "tableau-inconnu",
        f"{span.text} n'est ni un tableau, ni une famille, ni un paramètre",
        span,
        "nom inconnu",
        known,
    )


def unknown_row(span: Span, table: str, table_span: Span, known: Iterable[str]) -> Diagnostic:
    return _unknown(
        "ligne-inconnue",
        f"le tableau {table} n'a pas de ligne {span.text}",
        span,
        "ligne inconnue",
        known,
        (Label(table_span, f"{table} est déclaré ici"),),
    )


def unknown_column(span: Span, table: str, table_span: Span, known: Iterable[str]) -> Diagnostic:
    return _unknown(
        "colonne-inconnue",
        f"le tableau {table} n'a pas de colonne {span.text}",
        span,
        "colonne inconnue",
        known,
        (Label(table_span, f"{table} est déclaré ici"),),
    )


def row_not_opposite(span: Span, table: str, row: str, row_span: Span, table_span: Span) -> Diagnostic:
    return _error(
        "ligne-en-regard",
        f"{table} n'a pas de ligne {row} en regard",
        span,
        f"lu pour la ligne {row}",
        (Label(row_span, "ligne parcourue"), Label(table_span, f"{table} est déclaré ici")),
        help="limitez le parcours avec « parmi … », ou ajoutez la ligne",
    )


def unknown_aggregate(span: Span, family: str, known: Iterable[str]) -> Diagnostic:
    return _unknown(
        "agregat-inconnu",
        f"la famille {family} n'a pas d'agrégat {span.text}",
        span,
        "agrégat inconnu",
        known,
    )


def unknown_check(span: Span, known: Iterable[str], marks: Mapping[str, str]) -> Diagnostic:
    """`marks` are codes by official number, which is not a code."""
    if span.text in marks:
        code = marks[span.text]
        message = f"{span.text} est le repère du contrôle {code}, non son code"
        return _error("controle-inconnu", message, span, "repère", help=f"écrivez {code}", fix=(Edit(span, code),))
    return _unknown("controle-inconnu", f"le contrôle {span.text} n'existe pas", span, "contrôle inconnu", known)


def unknown_answer(span: Span, answers: Sequence[str]) -> Diagnostic:
    return _unknown(
        "reponse-inconnue",
        f"« {span.text} » n'est pas une des réponses",
        span,
        "réponses : " + " | ".join(answers),
        answers,
    )


def unknown_function(span: Span, known: Sequence[str]) -> Diagnostic:
    meant = _IN_A_SPREADSHEET.get(span.text.casefold())
    near = nearest(span.text, known)
    if meant:
        help = f"ici : {meant}"
    else:
        help = f"vouliez-vous dire « {near} » ?" if near else "fonctions : " + ", ".join(known)
    return _error("fonction-inconnue", f"la fonction {span.text} n'existe pas", span, "fonction inconnue", (), help)


_IN_A_SPREADSHEET: Final = {
    "si": "si … alors … sinon …",
    "if": "si … alors … sinon …",
    "sum": "somme",
    "average": "moyenne",
    "nb": "nombre",
    "count": "nombre",
    "round": "arrondi(x ; 0,01 EUR)",
    "sierreur": "défaut(x ; 0)",
    "iferror": "défaut(x ; 0)",
    "somme.si": "somme(T.*.x quand condition)",
    "et": "a et b",
    "ou": "a ou b",
}


def greyed(span: Span, code: str, row: Span, columns: Iterable[str]) -> Diagnostic:
    return _error(
        "cellule-grisee",
        f"la cellule {code} n'existe pas",
        span,
        "cellule grisée",
        (Label(row, "la ligne n'existe que sur : " + ", ".join(columns)),),
        help="rouvrez la case dans « sur », ou écrivez une formule qui ne la lit pas",
    )


def column_needed(span: Span, table: str, columns: Iterable[str], table_span: Span) -> Diagnostic:
    return _error(
        "colonne-a-preciser",
        f"{table} a plusieurs colonnes : précisez laquelle",
        span,
        "colonne ?",
        (Label(table_span, "colonnes : " + ", ".join(columns)),),
    )


def ambiguous(span: Span, readings: Sequence[tuple[str, Span]]) -> Diagnostic:
    return _error(
        "nom-ambigu",
        f"« {span.text} » a plusieurs lectures",
        span,
        "laquelle ?",
        tuple(Label(place, what) for what, place in readings),
        help="écrivez le code complet, ou renommez l'une des deux",
    )


def not_a_value(span: Span, what: str) -> Diagnostic:
    return _error(
        "valeur-attendue", f"{span.text} est {what}, pas une valeur", span, "une cellule ou un agrégat attendu"
    )


def no_year_shift(span: Span, what: str) -> Diagnostic:
    return _error("annee-invalide", f"{what} ne se lit pas sur un autre exercice", span, "décalage d'exercice")


# --- units and kinds ----------------------------------------------------------


def unit_mismatch(left: Span, left_unit: Unit, right: Span, right_unit: Unit, what: str) -> Diagnostic:
    return _error(
        "unites-incompatibles",
        f"{what} : {_unit(left_unit)} d'un côté, {_unit(right_unit)} de l'autre",
        right,
        _in(right_unit),
        (Label(left, _in(left_unit)),),
        help=_unit_help(left_unit, right_unit),
    )


def declared_unit(span: Span, found: Unit, place: Span, declared: Unit) -> Diagnostic:
    return _error(
        "unites-incompatibles",
        f"{_unit(found)} ici, {_unit(declared)} dans la déclaration",
        span,
        _in(found),
        (Label(place, f"déclaré {_in(declared)}"),),
        help=_unit_help(declared, found),
    )


def _unit(unit: Unit) -> str:
    return unit.symbol or "nombre sans unité"


def _in(unit: Unit) -> str:
    return f"en {unit.symbol}" if unit.symbol else "sans unité"


def _unit_help(left: Unit, right: Unit) -> str | None:
    if not left.symbol or not right.symbol:
        symbol = left.symbol or right.symbol
        if "/" not in symbol and "*" not in symbol:
            return f"un nombre prend son unité ainsi : « 12 {symbol} »"
        above, _, below = symbol.partition("/")
        return f"écrivez « 12 {above} / 1 {below} », ou déclarez un paramètre en {symbol}"
    return None


def wrong_kind(
    span: Span, found: Type, expected: str, secondary: tuple[Label, ...] = (), help: str | None = None
) -> Diagnostic:
    return _error(
        "genres-incompatibles", f"attendu ici : {expected} ; trouvé : {found}", span, str(found), secondary, help
    )


def kinds_differ(left: Span, left_kind: Type, right: Span, right_kind: Type, what: str) -> Diagnostic:
    return _error(
        "genres-incompatibles",
        f"{what} : {left_kind} d'un côté, {right_kind} de l'autre",
        right,
        str(right_kind),
        (Label(left, str(left_kind)),),
    )


def no_order(span: Span, operator: str, kind: Type) -> Diagnostic:
    return _error("genres-incompatibles", f"{kind} ne se compare pas par « {operator} »", span, "seulement = ou <>")


def text_value(span: Span) -> Diagnostic:
    return _error(
        "genres-incompatibles",
        "un texte ne se compare pas ; il est seulement renseigné ou non",
        span,
        "texte",
        help="écrivez renseigné(…)",
    )


def wrong_count(span: Span, name: str, expected: str, found: int, example: str) -> Diagnostic:
    return _error(
        "nombre-d-arguments",
        f"{name} attend {expected}, {found} donné{'s' if found > 1 else ''}",
        span,
        "",
        help=f"par exemple : {example}",
    )


def step_not_constant(span: Span) -> Diagnostic:
    return _error(
        "pas-d-arrondi",
        "le pas d'un arrondi est un nombre positif, écrit tel quel dans la formule",
        span,
        "pas",
        help="par exemple : arrondi(x ; 0,01 EUR)",
    )


# --- ranges -------------------------------------------------------------------


def range_outside(span: Span) -> Diagnostic:
    return _error(
        "plage-hors-fonction",
        "une plage ne s'emploie que dans somme, moyenne, min, max ou nombre",
        span,
        "plage",
    )


def range_backwards(span: Span, first: Span, last: Span) -> Diagnostic:
    return _error(
        "plage-a-l-envers",
        f"la plage {span.text} remonte l'ordre de déclaration",
        span,
        "à l'envers",
        (Label(first, "début de la plage, déclaré ici"), Label(last, "fin de la plage, déclarée plus haut")),
    )


def range_of_mixed(span: Span) -> Diagnostic:
    return _error("plage-melangee", "ces plages n'ont pas les mêmes lignes", span, "plages de lignes différentes")


def range_ambiguous(span: Span, function: str, outer: str) -> Diagnostic:
    return _error(
        "plage-ambigue",
        f"ce {function} porte-t-il sur chaque cellule de la plage, ou sur toutes à la fois ?",
        span,
        f"dans {outer}, deux lectures",
        help=f"sur chaque cellule : si x > y alors x sinon y ; sur toutes : un agrégat à part, hors de {outer}(…)",
    )


def range_malformed(span: Span) -> Diagnostic:
    return _error(
        "plage-malformee",
        f"la plage {span.text} ne se lit pas",
        span,
        "plage",
        help="écrivez a..b (lignes du tableau), T.a..b ou T.a..b.colonne",
    )


def filter_outside(span: Span) -> Diagnostic:
    return _error(
        "filtre-hors-liste",
        "« quand » ne filtre que les lignes d'une liste, dans somme, moyenne, min, max ou nombre",
        span,
        "filtre",
        help="par exemple : somme(emprunts.*.rn quand nature = definitif)",
    )


def counted_twice(span: Span, computed: str, operand: str, place: Span) -> Diagnostic:
    return _error(
        "double-compte",
        f"cette plage compte deux fois : {computed} contient déjà {operand}",
        span,
        f"contient {computed} et {operand}",
        (Label(place, f"{computed} est calculé ici"),),
        help="arrêtez la plage avant le total, ou énumérez les lignes",
    )


# --- structure ----------------------------------------------------------------


def cycle(steps: Sequence[tuple[str, Span]]) -> Diagnostic:
    names = [name for name, _ in steps]
    first_name, first_span = steps[0]
    return _error(
        "cycle",
        "calcul circulaire : " + " → ".join([*names, first_name]),
        first_span,
        f"{first_name} lit {names[1] if len(names) > 1 else first_name}",
        tuple(Label(span, f"{name} lit {names[(i + 2) % len(names)]}") for i, (name, span) in enumerate(steps[1:])),
        help="une valeur d'un exercice antérieur, [N-1], ne ferme jamais un cycle",
    )


def crossing(cell: str, row: Span, column: Span) -> Diagnostic:
    return _error(
        "croisement",
        f"{cell} a deux formules qui ne sont pas démontrées égales",
        row,
        "formule de la ligne",
        (Label(column, "formule de la colonne"),),
        help="écrivez « priorité ligne » ou « priorité colonne » sur le tableau ; une case grisée peut être la différence",
    )


def account_twice(
    account: str, span: Span, cell: str, first: Span, first_cell: str, opposite: bool, same_table: bool
) -> Diagnostic:
    where = "ce tableau" if same_table else "cet état comptable"
    how = "deux fois, en sens contraires," if opposite else "deux fois"
    return _error(
        "compte-en-double",
        f"le compte {account} est compté {how} dans {where}",
        span,
        f"lu par {cell}",
        (Label(first, f"et par {first_cell}"),),
        help="excluez-le de l'une des deux avec « sauf »",
    )


def margin_outside(span: Span) -> Diagnostic:
    return _error(
        "tolerance-hors-controle",
        "« à … près » n'a de sens que dans le corps d'un contrôle",
        span,
        "tolérance",
        help="gardes, conditions et seuils sont exacts",
    )


def margin_without_number(span: Span, kind: Type) -> Diagnostic:
    return _error(
        "tolerance-hors-controle", f"« à … près » ne s'applique pas à {kind}", span, "comparaison sans nombre"
    )


def bad_placeholder(span: Span, why: str, help: str | None = None) -> Diagnostic:
    return _error("repere-de-message", why, span, "dans ce message", help=help)


def example_step(span: Span, why: str, help: str | None = None) -> Diagnostic:
    return _error("exemple-invalide", why, span, "", help=help)


def given_twice(span: Span, first: Span) -> Diagnostic:
    return _error("exemple-invalide", "cela est déjà donné", span, "", (Label(first, "donné ici"),))


def bounds_backwards(span: Span) -> Diagnostic:
    return _error("bornes-a-l-envers", "la borne basse dépasse la borne haute", span, "bornes")


def bad_since(span: Span, why: str) -> Diagnostic:
    return _error("depuis-invalide", "cet ancien code est incomplet", span, "ancien code", help=why)


def wrong_name_for_row(span: Span, why: str) -> Diagnostic:
    help = "par exemple, là où les lignes du tableau sont les réponses : = somme(emprunts.*.rn quand nature = ligne)"
    return _error("ligne-courante", why, span, "ici", help=help)


def row_is_no_answer(span: Span, row: str, answers: Sequence[str]) -> Diagnostic:
    return _error(
        "ligne-courante",
        f"la ligne {row} n'est pas une des réponses",
        span,
        "réponses : " + " | ".join(answers),
        help="donnez sa formule à cette ligne et écrivez « priorité ligne » sur le tableau",
    )


def row_without_accounts(span: Span, row: Span) -> Diagnostic:
    return _error(
        "comptes-inutiles",
        f"la ligne {span.text} ne lit pas de comptes dans cette colonne",
        span,
        "rien à exclure",
        (Label(row, "déclarée ici"),),
        help="retirez l'exclusion, ou donnez des comptes à cette ligne",
    )


def not_integer(span: Span) -> Diagnostic:
    return _error("valeur-inadaptee", "un nombre entier est attendu", span, "valeur")


def tolerance_without_unit(span: Span) -> Diagnostic:
    return _error(
        "tolerance-sans-unite",
        "une tolérance du jeu se donne par unité",
        span,
        "sans unité",
        help="par exemple : tolérance 1 EUR ; 1 kEUR",
    )


# --- campagne -----------------------------------------------------------------


def no_campaign(span: Span, name: str, year: int) -> Diagnostic:
    return _error(
        "campagne-manquante",
        "aucune déclaration « campagne »",
        span,
        "la campagne commence ici",
        help=f"commencez par : campagne {name} exercice {year}",
    )


def other_campaign(span: Span, here: str, there: str) -> Diagnostic:
    return _error(
        "campagne-d-un-autre-jeu",
        f"cette campagne est celle du jeu {here}, or le jeu est {there}",
        span,
        f"attendu : {there}",
    )


def incomplete_decision(span: Span, missing: Sequence[str]) -> Diagnostic:
    return _error(
        "decision-incomplete",
        f"il manque à cette décision : {', '.join(missing)}",
        span,
        "à compléter",
        help="une décision se termine par : à compter du 12/09/2024 par « nom, service » motif « pourquoi »",
    )


def decided_twice(span: Span, code: str, first: Span) -> Diagnostic:
    return _error(
        "decision-en-double",
        f"le contrôle {code} reçoit le même jour deux décisions",
        span,
        "seconde",
        (Label(first, "première"),),
        help="gardez-en une seule, ou donnez-leur deux dates",
    )


def idle_decision(span: Span, code: str, state: str) -> Diagnostic:
    return _warning(
        "decision-sans-effet",
        f"cette décision ne change rien : à cette date, {code} est déjà {state}",
        span,
        f"déjà {state}",
        help="retirez-la, ou corrigez son code ou sa date",
    )
