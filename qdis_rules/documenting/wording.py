"""Short French phrases for what pages show: kinds, accounts, units, counts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from qdis_rules.evaluation.wording import french_number, spoken
from qdis_rules.model import typed
from qdis_rules.model.types import ChoiceType, DateType, NumberType, TextType, Type
from qdis_rules.numbers import Exact, exact, shown
from qdis_rules.units import PERCENT as PERCENT_UNIT
from qdis_rules.units import Unit

READINGS: Final = {
    "débit": "solde débiteur net",
    "crédit": "solde créditeur net",
    "débiteurs": "comptes dont le solde est débiteur",
    "créditeurs": "comptes dont le solde est créditeur",
    "mouvements débit": "mouvements au débit",
    "mouvements crédit": "mouvements au crédit",
}
"""What each reading of accounts takes; « ouverture » before it reads the opening balance."""

KINDS_OF_CELL: Final = {
    "calcul": "calculée",
    "comptes": "lue dans la balance",
    "reprise": "reprise de l'exercice précédent",
    "saisie": "à saisir",
    "rapatriement": "rapatriée",
}


def kind_of_cell(cell: typed.Cell, origin: str = "saisie") -> str:
    """Return where the value of a cell first comes from: a key of `KINDS_OF_CELL`."""
    if cell.formula is not None:
        return "calcul"
    if cell.selection is not None:
        return "comptes"
    if cell.carried_from is not None:
        return "reprise"
    return "rapatriement" if origin == "rapatriement" else "saisie"


def reading(selection: typed.Selection) -> str:
    """Return « solde débiteur net », « solde créditeur net à l'ouverture » …"""
    word = selection.reading.removeprefix("ouverture ")
    return READINGS[word] + (" à l'ouverture" if word != selection.reading else "")


def accounts(selection: typed.Selection) -> str:
    """Return « 213 ; 214 sauf 2135 (solde débiteur net) »."""
    text = " ; ".join(selection.prefixes)
    excepted = [*selection.exceptions, *(" ; ".join(other.prefixes) for other in selection.without)]
    return f"{text} sauf {' ; '.join(excepted)}" if excepted else text


def few_accounts(selection: typed.Selection) -> str:
    """Return the first prefixes, « 213 ; 214 … » when that is not all: what fits in the case of a form."""
    whole = accounts(selection)
    text = " ; ".join(selection.prefixes[:3])
    return text if text == whole else f"{text} …"


def kind(type_: Type, unit: Unit | None) -> str:
    """Return how a value is given: « EUR », « nombre entier de logement », « date », « oui ou non » …"""
    match type_:
        case NumberType(_, integer):
            symbol = unit.symbol if unit is not None else ""
            if integer:
                return f"{symbol}, entier" if symbol else "nombre entier"
            return symbol or "nombre"
        case ChoiceType(_, labels):
            return "choix : " + " | ".join(labels)
        case DateType():
            return "date"
        case TextType(size):
            return f"texte ({size} caractères au plus)"
        case _:
            return "oui ou non"


def is_choice(type_: Type) -> bool:
    """Return True for a choice among answers."""
    return isinstance(type_, ChoiceType)


def short_kind(type_: Type, unit: Unit | None) -> str:
    """Return the same in a word: without the answers of a choice, the size of a text."""
    match type_:
        case ChoiceType():
            return "choix"
        case TextType():
            return "texte"
        case _:
            return kind(type_, unit)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return « 1 cellule », « 2 cellules »: in French 0 is singular."""
    return f"{number} {noun if number < 2 else plural or noun + 's'}"


def value(amount: typed.Constant | None, type_: Type) -> str:
    """Return a constant in base units as a French reader sees it, in its declared unit; None is « inconnu »."""
    return "inconnu" if amount is None else spoken(amount, type_)


def number(amount: Decimal) -> str:
    """Return « 1 234,5 »."""
    return french_number(amount)


def day(when: date) -> str:
    """Return « 31/12/2023 »."""
    return f"{when:%d/%m/%Y}"


def in_unit(amount: Exact, unit: Unit) -> str:
    """Return an amount in base units, in `unit`: « 1 kEUR »."""
    return spoken(amount, NumberType(unit))


def worth(unit: Unit) -> str:
    """Return what a unit is worth in base units, « 1 000 EUR », « 0,01 »; nothing when it is made of them alone."""
    if unit.scale == 1:
        return ""
    over = "*".join(name for name, power in unit.dimension for _ in range(power))
    under = "".join(f"/{name}" for name, power in unit.dimension for _ in range(-power))
    return f"{french_number(shown(exact(unit.scale)))} {over}{under}".strip()


UNITS: Final = {
    "EUR": "euro",
    "kEUR": "millier d'euros",
    "logement": "logement",
    "mois": "mois",
    "an": "année",
    "jour": "jour",
    "ETP": "équivalent temps plein",
    "m2": "mètre carré",
    "%": "pour cent",
    "point": "point de pourcentage",
}
"""What the units every ruleset knows are called."""

PERCENT: Final = NumberType(PERCENT_UNIT)
