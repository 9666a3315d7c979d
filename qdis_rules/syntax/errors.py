"""Everything the reader of texts can say. Facts in, `Diagnostic` out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from qdis_rules.diagnostics import Diagnostic, Edit, Label, Severity
from qdis_rules.source import Span
from qdis_rules.syntax.words import spoken


def _error(code: str, message: str, span: Span, label: str = "", **rest: object) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, Label(span, label), **rest)  # type: ignore[arg-type]


def unexpected_character(span: Span) -> Diagnostic:
    return _error(
        "caractere-inattendu",
        f"le caractère « {span.text} » n'a pas de sens ici",
        span,
        "ici",
        help=_INSTEAD.get(span.text),
    )


_INSTEAD: Final = {
    "€": "écrivez EUR",
    "≤": "écrivez <=",
    "≥": "écrivez >=",
    "≠": "écrivez <>",
    "!": "« différent de » s'écrit <>, « non » s'écrit non",
    "×": "écrivez *",
    "÷": "écrivez /",
    "–": "écrivez le trait d'union -",
    "—": "écrivez le trait d'union -",
    "“": "les textes s'écrivent entre « »",
    "”": "les textes s'écrivent entre « »",
    "'": "les textes s'écrivent entre « »",
    "’": "les textes s'écrivent entre « »",
    "[": "un exercice antérieur s'écrit [N-1], avec N majuscule",
}
"""What a typist of Word or Excel meant."""


def unclosed_text(span: Span) -> Diagnostic:
    close = "»" if span.text == "«" else '"'
    return _error(
        "texte-non-ferme",
        f"ce texte n'est pas fermé : il manque le {close} final",
        span,
        "ouvert ici",
        help='les guillemets ne s\'emboîtent pas ; dans un texte « … », écrivez les citations entre "…"'
        if close == "»"
        else None,
    )


def decimal_point(span: Span) -> Diagnostic:
    return _error(
        "point-decimal",
        "les décimales s'écrivent avec une virgule",
        span,
        "point",
        help="écrivez 1,5 et non 1.5",
        fix=(Edit(span, ","),),
    )


def comma_between_arguments(span: Span) -> Diagnostic:
    return _error(
        "separateur-d-arguments",
        "la virgule est celle des décimales, on sépare par « ; »",
        span,
        "virgule",
        help="remplacez cette virgule par « ; » : min(1,5 ; 2), comptes 213 ; 214",
        fix=(Edit(span, " ;"),),
    )


def thousands_with_space(parts: Sequence[Span]) -> Diagnostic:
    span = parts[0].to(parts[-1])
    joined = "".join(part.text for part in parts)
    return _error(
        "separateur-de-milliers",
        f"{'deux' if len(parts) == 2 else 'plusieurs'} nombres à la suite : {' '.join(part.text for part in parts)}",
        span,
        "un seul nombre ?",
        help=f"écrivez {joined}, ou séparez les milliers par une espace insécable",
        fix=(Edit(span, joined),),
    )


def accounts_with_space(parts: Sequence[Span]) -> Diagnostic:
    listed = " ; ".join(part.text for part in parts)
    return _error(
        "syntaxe",
        f"des comptes à la suite : {' '.join(part.text for part in parts)}",
        parts[0].to(parts[-1]),
        "plusieurs comptes ?",
        help=f"séparez les comptes par « ; » : {listed}",
        fix=(Edit(parts[0].to(parts[-1]), listed),),
    )


def reversed_comparison(span: Span) -> Diagnostic:
    meant = span.text.replace(" ", "")[::-1]
    return _error(
        "syntaxe",
        f"« {span.text} » n'est pas une comparaison",
        span,
        "signes à l'envers ?",
        help=f"écrivez « {meant} »",
        fix=(Edit(span, meant),),
    )


def reserved_word(span: Span) -> Diagnostic:
    word = span.text
    return _error(
        "mot-reserve",
        f"« {word} » est un mot réservé, il ne peut pas servir de nom",
        span,
        "un nom est attendu ici",
        help=f"choisissez un autre nom, par exemple « {word}_1 »",
    )


ORDER: Final = {
    "controle": "code, gravité, message, pour chaque, garde (quand … :), condition, puis source, fiabilité, aide",
    "agregat": "code, libellé, unité, arrondi, garde (quand … :), formule, puis seuil, rubrique, source, fiabilité",
    "ligne": "nom, libellé, genre, bornes, sur, formule, puis obligatoire, comptes, source, fiabilité",
    "colonne": "nom, libellé, genre, bornes, formule, puis obligatoire, reprise de, source, fiabilité",
}


def misplaced_note(span: Span, rule: str) -> Diagnostic:
    return _error(
        "syntaxe",
        f"« {span.text} » vient trop tôt",
        span,
        "ce qui précède n'est pas complet",
        help=f"l'ordre est : {ORDER[rule]}",
    )


def guard_without_colon(span: Span) -> Diagnostic:
    return _error(
        "syntaxe",
        "il manque « : » à la fin de la garde",
        span,
        "après ceci",
        help="par exemple : quand T02.logements > 0 :",
    )


def bare_conditional(span: Span) -> Diagnostic:
    return _error(
        "si-sans-parentheses",
        "à l'intérieur d'un calcul, « si … alors … sinon … » se met entre parenthèses",
        span,
        "ouvrez une parenthèse ici",
        help="par exemple : a + (si b > 0 alors b sinon 0)",
    )


def double_sign(span: Span) -> Diagnostic:
    return _error(
        "double-signe",
        "deux signes se suivent",
        span,
        "un signe de trop ?",
        help="gardez-en un ; un nombre négatif après un signe se met entre parenthèses : a - (-b)",
    )


def chained_comparison(span: Span) -> Diagnostic:
    return _error(
        "comparaison-enchainee",
        "les comparaisons ne s'enchaînent pas",
        span,
        "seconde comparaison",
        help="écrivez « x entre a et b », ou « a < x et x < b »",
    )


def unexpected(span: Span, found: str, expected: Iterable[str], where: str, near: str | None = None) -> Diagnostic:
    names = _awaited(frozenset(expected))
    if found == END:
        message = f"la déclaration s'arrête trop tôt, {where}"
    else:
        message = f"{found} n'est pas à sa place {where}"
    return _error(
        "syntaxe",
        message.replace("« «", "«").replace("» »", "»"),  # a text is quoted already
        span,
        f"attendu : {', '.join(names)}" if names else "",
        help=f"vouliez-vous dire « {near} » ?" if near else None,
    )


END: Final = "la fin de la déclaration"
_VALUES: Final = ("NAME", "NUMBER", "TEXT", "DATE_LITTERALE")
_KINDS: Final = ("EN", "ENTIER", "CHOIX", "DATE", "TEXTE", "OUI_NON")
_NOTES: Final = ("SOURCE", "FIABILITE", "AIDE", "REPERE", "DEPUIS")
_TOGETHER: Final = (
    (_KINDS, "un genre (« en EUR », « entier », « date »…)"),
    (_NOTES, "une note (« source », « aide »…)"),
    (("A_GRAVE",), "« à … près »"),
)


def _awaited(expected: frozenset[str]) -> list[str]:
    """Return at most seven phrases for what may come, the likeliest first."""

    def rank(name: str) -> tuple[int, str]:
        if name in _VALUES:
            return _VALUES.index(name), name
        if name in _KINDS:
            return 10, name
        return (30 if name in _NOTES else 40 if name == "$END" else 20), name

    phrases = []
    for name in sorted(expected, key=rank):
        if name == "NAME" and "PERCENT" in expected:
            continue  # after a number, a name is a unit
        phrase = "« .. »" if name.startswith("__") else spoken(name)
        for group, together in _TOGETHER:
            if name in group and len(expected.intersection(group)) * 2 > len(group):
                phrase = together
        phrases.append(phrase)
    names = list(dict.fromkeys(phrases))
    return [*names[:6], "…"] if len(names) > 6 else names


def outside(span: Span, word: str, home: str) -> Diagnostic:
    return _error(
        "declaration-inattendue",
        f"« {word} » n'a de sens que dans {home}",
        span,
        f"aucun {home.rsplit(maxsplit=1)[-1]} n'est ouvert ici",
        help="une déclaration se termine où la suivante commence",
    )


def no_declaration(span: Span, *, campaign: bool = False) -> Diagnostic:
    awaited = (
        "campagne, désactiver, réactiver ou rendre"
        if campaign
        else "jeu, inclure, unité, paramètre, tableau, contrôle, famille, agrégat ou exemple"
    )
    return _error(
        "declaration-inattendue",
        f"« {span.text} » ne commence aucune déclaration",
        span,
        f"attendu : {awaited}",
    )


def of_another_text(span: Span, *, campaign: bool) -> Diagnostic:
    """A ruleset's declaration in a campagne, or the other way round."""
    if campaign:
        return _error(
            "declaration-inattendue",
            f"« {span.text} » n'a pas sa place dans une campagne",
            span,
            "ceci appartient à un jeu de règles",
            help="une campagne désactive, réactive ou rend plus ou moins graves les contrôles d'un jeu, sans rien y ajouter",
        )
    return _error(
        "declaration-inattendue",
        f"« {span.text} » n'a pas sa place dans un jeu de règles",
        span,
        "ceci appartient à une campagne",
        help="une campagne s'écrit à part, dans le fichier campagne.qdis à côté du jeu, ou se donne avec --campagne",
    )


def malformed_date(span: Span) -> Diagnostic:
    return _error(
        "date-impossible",
        f"« {' '.join(span.text.split())} » ne se lit pas comme une date",
        span,
        "jj/mm/aaaa",
        help="par exemple : à compter du 12/09/2024",
    )


def place_in_decision(span: Span) -> Diagnostic:
    return _error(
        "caractere-inattendu",
        "une décision porte sur un contrôle entier, non sur un de ses lieux",
        span,
        "ici",
        help="écrivez le code seul : IMM02, et non IMM02[terrains]",
    )


def repeated_attribute(span: Span, first: Span, word: str) -> Diagnostic:
    return _error(
        "attribut-en-double",
        f"« {word} » est donné deux fois",
        span,
        "second",
        secondary=(Label(first, "premier"),),
        help="gardez-en un seul",
    )


def too_deep(span: Span, limit: int) -> Diagnostic:
    return _error(
        "trop-profond",
        f"cette formule est emboîtée sur plus de {limit} niveaux",
        span,
        "ici",
        help="nommez des valeurs intermédiaires avec « agrégat … interne »",
    )


def source_too_long(span: Span, what: str) -> Diagnostic:
    help = "retirez du dossier ce qui n'appartient pas au jeu"
    return _error("source-trop-longue", f"texte refusé : {what}", span, help=help)


def number_too_long(span: Span) -> Diagnostic:
    return _error(
        "nombre-trop-long",
        "un nombre a au plus 15 chiffres avant la virgule et 6 après",
        span,
        f"{len(span.text)} caractères",
    )


def impossible_date(span: Span) -> Diagnostic:
    return _error("date-impossible", f"{span.text} n'est pas une date du calendrier", span, "jj/mm/aaaa")


def bad_account(span: Span) -> Diagnostic:
    return _error(
        "compte-invalide",
        "un compte est une suite de 1 à 20 chiffres",
        span,
        "compte ou début de compte attendu",
        help="séparez les comptes par « ; »",
    )


def bad_word(span: Span, what: str, allowed: Iterable[str]) -> Diagnostic:
    return _error(
        "mot-inconnu",
        f"« {span.text} » n'est pas {what}",
        span,
        "attendu : " + ", ".join(allowed),
    )


def bad_years(span: Span, why: str) -> Diagnostic:
    return _error("annee-invalide", why, span, "année")


def bad_placeholder(span: Span, why: str) -> Diagnostic:
    return _error(
        "repere-de-message",
        why,
        span,
        "dans ce message",
        help="entre { } : une valeur, ou {écart}, {gauche}, {droite}, {tolérance}, {ligne}, {colonne} ; {{ pour une accolade",
    )


def unreadable(span: Span, why: str, help: str | None = None) -> Diagnostic:
    return _error("fichier-illisible", why, span, help=help)


def not_utf8(span: Span, byte: int) -> Diagnostic:
    help = "enregistrez-le dans l'éditeur avec l'encodage UTF-8"
    return unreadable(span, f"ce fichier n'est pas en UTF-8 (octet {byte})", help)


def no_such_include(span: Span, path: str) -> Diagnostic:
    return _error(
        "inclusion-introuvable",
        f"le fichier « {path} » n'existe pas dans le dossier du jeu",
        span,
        "inclus ici",
        help="le chemin part du fichier qui inclut et ne sort pas du dossier du jeu",
    )
