"""Values as given, read as the kind of their cell. Nothing is guessed, nothing becomes zero."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qdis_rules.evaluation.dossier import Raw
from qdis_rules.model.types import (
    ChoiceType,
    ConditionType,
    DateType,
    NumberType,
    TextType,
    Type,
    number_unit,
)
from qdis_rules.numbers import DECIMALS, INTEGER_DIGITS, exact
from qdis_rules.plan.frame import Known
from qdis_rules.suggest import fold, nearest

MAX_TEXT: Final = 200

_SPACES: Final = " \u00a0\u202f\u2009"
_NUMBER: Final = (
    r"(?P<sign>[-−+]?)[ \u00a0\u202f]*"
    r"(?P<whole>[0-9]{1,3}(?:[ \u00a0\u202f\u2009][0-9]{3})+|[0-9]+)"
    r"(?:[.,](?P<decimals>[0-9]+))?"
)


class Refused(ValueError):
    """A value that does not fit its cell; the message is a French sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_number(raw: Raw) -> Decimal:
    """Return the number given: « 1 250,00 », "1250.00", 1250, Decimal("1250"). Raises `Refused`."""
    if type(raw) is str:  # as in nearly all files
        return _read_text(raw)
    if isinstance(raw, bool | float):
        kind = "un nombre flottant (donnez un Decimal ou un texte)" if isinstance(raw, float) else "oui/non"
        raise Refused("nombre-attendu", f"un nombre est attendu, {kind} trouvé")
    if isinstance(raw, Decimal):
        if is_plain(raw):
            return raw
        if not raw.is_finite():
            raise Refused("nombre-attendu", f"{raw} n'est pas un nombre")
        exponent = raw.as_tuple().exponent
        if not isinstance(exponent, int) or exponent > INTEGER_DIGITS or exponent < -40:
            raise Refused("nombre-trop-long", _TOO_LONG)
        raw = format(raw, "f")
    elif isinstance(raw, int):
        if abs(raw) >= 10**INTEGER_DIGITS:
            raise Refused("nombre-trop-long", _TOO_LONG)
        return Decimal(raw)
    if not isinstance(raw, str):
        raise Refused("nombre-attendu", f"un nombre est attendu, {_shown(raw)} trouvé")
    return _read_text(raw)


def _read_text(raw: str) -> Decimal:
    text = raw.strip(_SPACES + "\t")
    minus = "-" if text[:1] == "-" else ""
    whole, dot, decimals = text[len(minus) :].replace(",", ".", 1).partition(".")
    if text.isascii() and whole.isdigit() and (decimals.isdigit() or not dot):
        return _read(text, minus, whole, decimals)
    match = re.fullmatch(_NUMBER, text) if len(text) <= MAX_TEXT else None
    if match is None:
        raise Refused("nombre-attendu", f"« {_shown(text)} » ne se lit pas comme un nombre")
    minus = "-" if match["sign"] in ("-", "−") else ""
    return _read(text, minus, re.sub(f"[{_SPACES}]", "", match["whole"]), match["decimals"] or "")


def _read(text: str, minus: str, whole: str, decimals: str) -> Decimal:
    """Return the number made of these digits, without idle zeros."""
    if len(text) > MAX_TEXT:
        raise Refused("nombre-attendu", f"« {_shown(text)} » ne se lit pas comme un nombre")
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    if len(whole) > INTEGER_DIGITS or len(decimals) > DECIMALS:
        raise Refused("nombre-trop-long", _TOO_LONG)
    return Decimal(f"{minus}{whole}.{decimals}" if decimals else f"{minus}{whole}")


def is_plain(number: Decimal) -> bool:
    """True for what reading would return as it is: the common case."""
    return type(number) is Decimal and _PLAIN(str(number)) is not None


_PLAIN: Final = re.compile(
    rf"(?!-0$)-?(?:0|[1-9][0-9]{{0,{INTEGER_DIGITS - 1}}})(?:\.[0-9]{{0,{DECIMALS - 1}}}[1-9])?"
).fullmatch
"""Neither idle zeros nor an exponent."""


_TOO_LONG: Final = f"plus de {INTEGER_DIGITS} chiffres avant la virgule ou de {DECIMALS} après"


def read_value(raw: Raw, kind: Type) -> Known:
    """Return `raw` as a value of `kind`, numbers in base units. Raises `Refused`."""
    match kind:
        case NumberType():
            number = read_number(raw)
            if kind.integer and number != number.to_integral_value():
                raise Refused("entier-attendu", f"un nombre entier est attendu, {raw} trouvé")
            scale = number_unit(kind).scale
            return number if scale.numerator == scale.denominator == 1 else exact(Fraction(number) * scale)
        case ConditionType():
            return _read_condition(raw)
        case ChoiceType():
            return _read_choice(raw, kind)
        case DateType():
            return _read_date(raw)
        case TextType():
            if not isinstance(raw, str):
                raise Refused("texte-attendu", f"un texte est attendu, {_shown(raw)} trouvé")
            if len(raw) > kind.size:
                raise Refused("texte-trop-long", f"{len(raw)} caractères, {kind.size} au plus")
            return raw
        case _:
            raise Refused("genre-inconnu", "cette cellule n'a pas de genre")


def _read_condition(raw: Raw) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and fold(raw.strip()) in ("oui", "non"):
        return fold(raw.strip()) == "oui"
    raise Refused("oui-non-attendu", f"oui ou non est attendu, {_shown(raw)} trouvé")


def _read_choice(raw: Raw, kind: ChoiceType) -> str:
    if isinstance(raw, str) and raw.strip() in kind.answers:
        return raw.strip()
    near = nearest(raw, kind.answers) if isinstance(raw, str) else None
    more = f" ; vouliez-vous dire {near} ?" if near else ""
    raise Refused(
        "reponse-inconnue",
        f"{_shown(raw)} n'est pas une des réponses ({', '.join(kind.answers)}){more}",
    )


def _read_date(raw: Raw) -> date:
    if isinstance(raw, date):
        return date(raw.year, raw.month, raw.day)
    if isinstance(raw, str):
        french = re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", raw.strip())
        iso = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", raw.strip())
        try:
            if french:
                return date(int(french[3]), int(french[2]), int(french[1]))
            if iso:
                return date(int(iso[1]), int(iso[2]), int(iso[3]))
        except ValueError:
            raise Refused("date-impossible", f"{raw.strip()} n'est pas une date du calendrier") from None
    raise Refused("date-attendue", f"une date jj/mm/aaaa est attendue, {_shown(raw)} trouvé")


def _shown(raw: object) -> str:
    if isinstance(raw, bool):
        return "oui" if raw else "non"
    text = str(raw)
    return text if len(text) <= 40 else text[:39] + "…"
