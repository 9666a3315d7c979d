"""What the author's tools can say. Facts in, `Diagnostic` out."""

from __future__ import annotations

from qdis_rules.diagnostics import Diagnostic, Label, Severity
from qdis_rules.source import Span


def _warning(
    code: str, message: str, span: Span, label: str = "", other: Label | None = None, help: str | None = None
) -> Diagnostic:
    secondary = (other,) if other is not None else ()
    return Diagnostic(code, Severity.WARNING, message, Label(span, label), secondary, help)


def constant_condition(span: Span, value: bool) -> Diagnostic:
    word = "vraie" if value else "fausse"
    return _warning(
        "condition-constante",
        f"cette condition est toujours {word}",
        span,
        f"toujours {word}",
        help="elle ne lit aucune cellule : retirez-la ou corrigez-la",
    )


def cannot_fail(span: Span, code: str) -> Diagnostic:
    return _warning(
        "controle-toujours-vrai",
        f"le contrôle {code} ne peut pas échouer : ses deux membres sont la même somme",
        span,
        "toujours vrai",
        help="une cellule calculée que le dossier fournit aussi est déjà vérifiée",
    )


def same_rule(span: Span, code: str, first: Span, first_code: str) -> Diagnostic:
    return _warning(
        "regle-en-double",
        f"{code} et {first_code} sont la même règle",
        span,
        "la même",
        Label(first, "déjà écrite ici"),
        help="gardez-en une seule",
    )


def unread_cell(span: Span, what: str) -> Diagnostic:
    return _warning(
        "cellule-non-lue",
        f"{what} n'est lu par aucune règle",
        span,
        "jamais lu",
        help="utilisez-le dans une formule ou un contrôle, ou retirez-le",
    )


def unguarded_division(span: Span, divisor: str) -> Diagnostic:
    return _warning(
        "division-non-gardee",
        f"rien ne garantit que {divisor} n'est pas nul",
        span,
        "diviseur",
        help=f"ajoutez une garde, « quand {divisor} <> 0 : », ou remplacez le quotient par « défaut(… ; 0) »",
    )


def unused_parameter(span: Span, code: str) -> Diagnostic:
    return _warning("parametre-non-lu", f"le paramètre {code} n'est lu par aucune règle", span, "jamais lu")


def bare_percent(span: Span, number: str, other: Span) -> Diagnostic:
    return _warning(
        "pourcentage-nu",
        f"{number} est sans unité, il se compare à un pourcentage",
        span,
        f"soit {number}00 %",
        Label(other, "en %"),
        help=f"écrivez « {number} % »",
    )


def no_source(span: Span, what: str) -> Diagnostic:
    return _warning(
        "source-manquante",
        f"{what} n'indique pas sa source",
        span,
        "sans source",
        help="ajoutez : source « texte ou document »",
    )


def no_label(span: Span, what: str) -> Diagnostic:
    return _warning("libelle-manquant", f"{what} n'a pas de libellé", span, "« libellé » attendu")


def unmet_expectation(span: Span, found: str, causes: str | None) -> Diagnostic:
    return Diagnostic(
        "attente-non-satisfaite",
        Severity.ERROR,
        f"cette attente n'est pas satisfaite : {found}",
        Label(span, f"obtenu : {found}"),
        help=causes,
    )


def no_base(span: Span, why: str) -> Diagnostic:
    return Diagnostic(
        "dossier-de-depart",
        Severity.ERROR,
        f"le dossier {span.text} ne peut pas être lu",
        Label(span, "dossier de départ"),
        help=why,
    )


def nothing_to_take(span: Span, dossier: str) -> Diagnostic:
    return Diagnostic(
        "exemple-inutilisable",
        Severity.ERROR,
        f"le dossier {dossier} ne donne pas cela : il n'y a rien à retirer",
        Label(span, ""),
    )


def unfit_example(span: Span, problem: str) -> Diagnostic:
    return Diagnostic(
        "exemple-inutilisable", Severity.ERROR, f"cet exemple ne peut pas être évalué : {problem}", Label(span, "")
    )


# --- the chart of accounts ------------------------------------------------------


def bad_chart(span: Span, why: str, first: Span | None = None) -> Diagnostic:
    return Diagnostic(
        "plan-invalide",
        Severity.ERROR,
        why,
        Label(span, "plan de comptes"),
        (Label(first, "déjà ici"),) if first is not None else (),
        help="une ligne par compte : compte;libellé;nature ; la nature est « débit », « crédit » ou « deux sens »",
    )


def no_cell(span: Span, account: str, label: str, details: int, side: str | None, near: Label | None) -> Diagnostic:
    more = f" (et ses {details} comptes terminaux)" if details > 1 else ""
    when = f" quand son solde est {side}" if side is not None else ""
    return Diagnostic(
        "compte-sans-cellule",
        Severity.ERROR,
        f"le compte {account} « {label} »{more} n'entre dans aucun état comptable{when}",
        Label(span, "sans cellule"),
        (near,) if near is not None else (),
        help="ajoutez-le aux comptes d'une ligne ; sinon balance~comptes bloque tout dossier qui l'emploie",
    )


def forgotten_group(span: Span, prefix: str, cell: str, place: Span) -> Diagnostic:
    return _warning(
        "regroupement-oublie",
        f"un compte {prefix} sans détail n'entre nulle part, alors que ses détails entrent dans {cell}",
        span,
        f"{prefix} seul n'est pas lu",
        Label(place, "ses détails sont lus ici"),
        help=f"lisez {prefix} en entier ; si un de ses détails va ailleurs, nommez-le et {prefix} ne pourra plus choisir",
    )


def sides_confused(span: Span, account: str, cell: str, place: Span) -> Diagnostic:
    return _warning(
        "sens-confondus",
        f"le compte {account} a deux sens au plan, mais entre dans la seule cellule {cell}",
        span,
        "deux sens",
        Label(place, "lu ici dans les deux cas"),
        help="lisez « débiteurs » à l'actif et « créditeurs » au passif, ou changez sa nature au plan",
    )


def unequal_weights(
    span: Span, code: str, accounts: tuple[str, ...], times: str | None, places: tuple[Label, ...]
) -> Diagnostic:
    named = " ; ".join(accounts)
    how = f"{named} en sens contraire" if times is None else f"{times} fois {named}"
    than = "de ses autres comptes" if times is None else ", et une fois ses autres comptes"
    return Diagnostic(
        "coefficient-inegal",
        Severity.WARNING,
        f"{code} compte {how}{' ' if times is None else ''}{than}",
        Label(span, "coefficients inégaux"),
        places,
        help="un montant entre une fois dans une somme, un produit et une charge en sens contraires",
    )


def unread_accounts(span: Span, family: str, statement: str, accounts: tuple[str, ...]) -> Diagnostic:
    few = " ; ".join(accounts[:20]) + (" …" if len(accounts) > 20 else "")
    return _warning(
        "compte-non-lu",
        f"la famille {family} lit l'état « {statement} » sauf {few}",
        span,
        "ne lit pas tout l'état",
        help="un total y suffit ; sinon un oubli dans une formule se voit ainsi",
    )
