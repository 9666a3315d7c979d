"""The words of the language: canonical spelling of each keyword token, for messages."""

from __future__ import annotations

from typing import Final

from qdis_rules.suggest import fold

KEYWORDS: Final = {
    "JEU": "jeu",
    "INCLURE": "inclure",
    "UNITE": "unité",
    "PARAMETRE": "paramètre",
    "TABLEAU": "tableau",
    "COLONNE": "colonne",
    "LIGNE": "ligne",
    "RUBRIQUE": "rubrique",
    "CONTROLE": "contrôle",
    "CONTROLES": "contrôles",
    "FAMILLE": "famille",
    "AGREGAT": "agrégat",
    "EXEMPLE": "exemple",
    "EXERCICE": "exercice",
    "VERSION": "version",
    "TITRE": "titre",
    "TOLERANCE": "tolérance",
    "ORIGINE": "origine",
    "FACULTATIF": "facultatif",
    "LISTE": "liste",
    "CLE": "clé",
    "PRIORITE": "priorité",
    "INTERNE": "interne",
    "EN": "en",
    "ENTIER": "entier",
    "CHOIX": "choix",
    "DATE": "date",
    "TEXTE": "texte",
    "POSITIF": "positif",
    "ENTRE": "entre",
    "SUR": "sur",
    "OBLIGATOIRE": "obligatoire",
    "COMPTES": "comptes",
    "COMPTE": "compte",
    "SAUF": "sauf",
    "DEBIT": "débit",
    "CREDIT": "crédit",
    "DEBITEURS": "débiteurs",
    "CREDITEURS": "créditeurs",
    "SOURCE": "source",
    "FIABILITE": "fiabilité",
    "AIDE": "aide",
    "REPERE": "repère",
    "DEPUIS": "depuis",
    "BLOQUANT": "bloquant",
    "AVERTISSEMENT": "avertissement",
    "INFORMATION": "information",
    "JUSTIFIABLE": "justifiable",
    "PARMI": "parmi",
    "DE": "de",
    "QUAND": "quand",
    "SEUIL": "seuil",
    "DONNE": "donne",
    "ATTEND": "attend",
    "OUI": "oui",
    "NON": "non",
    "SI": "si",
    "ALORS": "alors",
    "SINON": "sinon",
    "ET": "et",
    "OU": "ou",
    "POUR": "pour",
    "PRES": "près",
    "ETAT_COMPTABLE": "état comptable",
    "VIDE_VAUT": "vide vaut",
    "SANS_OBJET_QUAND": "sans objet quand",
    "SANS_OBJET": "sans objet",
    "NON_CALCULABLE": "non calculable",
    "REPRISE_DE": "reprise de",
    "OUVERTURE_DE": "ouverture de",
    "OUVERTURE": "ouverture",
    "MOUVEMENTS": "mouvements",
    "CHAQUE_LIGNE": "pour chaque ligne",
    "CHAQUE_COLONNE": "pour chaque colonne",
    "PAR_TERME": "par terme",
    "A_CONFIRMER": "à confirmer",
    "A_COMPTER_DU": "à compter du",
    "OUI_NON": "oui/non",
    "ARRONDI": "arrondi",
    "A_GRAVE": "à",
}

CAMPAIGN_WORDS: Final = {
    "CAMPAGNE": "campagne",
    "DESACTIVER": "désactiver",
    "REACTIVER": "réactiver",
    "RENDRE": "rendre",
    "PAR": "par",
    "MOTIF": "motif",
}
"""Keywords in a campagne, ordinary names in a ruleset: a column may be called `motif`."""

_OTHERS: Final = {
    "NAME": "un nom",
    "CHEMIN": "un nom",
    "CLE_CITEE": "un nom",
    "ETOILE": "un nom",
    "NUMBER": "un nombre",
    "TEXT": "un texte entre « »",
    "DATE_LITTERALE": "une date",
    "ANNEE": "[N-1]",
    "ANCIEN": "un code ancien, comme 2022.T03.x",
    "GENERE": "un code de contrôle",
    "COMPARATEUR": "une comparaison",
    "EQUAL": "« = »",
    "SEMICOLON": "« ; »",
    "COLON": "« : »",
    "LPAR": "« ( »",
    "RPAR": "« ) »",
    "PLUS": "une opération",
    "MINUS": "une opération",
    "STAR": "une opération",
    "SLASH": "une opération",
    "VBAR": "« | »",
    "PERCENT": "une unité",
    "$END": "la fin de la déclaration",
}

RESERVED: Final = frozenset(fold(word) for word in KEYWORDS.values() if " " not in word and word.isalpha())
PLACEHOLDERS: Final = ("écart", "gauche", "droite", "tolérance", "ligne", "colonne")
"""What a message may name besides expressions."""


def word_of(token_type: str) -> str | None:
    """Return the canonical spelling of a keyword, None when it is none."""
    return KEYWORDS.get(token_type) or CAMPAIGN_WORDS.get(token_type)


def spoken(token_type: str) -> str:
    """Return how a message names a kind of token."""
    word = word_of(token_type)
    return f"« {word} »" if word else _OTHERS.get(token_type, token_type.lower())
