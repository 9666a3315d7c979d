"""The trial balance as CSV: one line an account, debit and credit at opening, of the year, at closing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from qdis_rules.evaluation.dossier import Account, DossierError, Problem, ReadAccounts
from qdis_rules.evaluation.entries import Refused, read_number
from qdis_rules.files import CannotRead, TooLarge, name_of, read_file
from qdis_rules.numbers import ZERO
from qdis_rules.suggest import fold

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 20_000_000
MAX_ACCOUNTS: Final = 100_000

_NOTHING: Final = ("", "0,00")
"""An amount that is not there, as programs write it."""
_AMOUNTS: Final = (
    "ouverture debit",
    "ouverture credit",
    "mouvements debit",
    "mouvements credit",
    "solde debit",
    "solde credit",
)
_REQUIRED: Final = ("compte", "solde debit", "solde credit")
_PAIRS: Final = (("ouverture debit", "ouverture credit"), ("mouvements debit", "mouvements credit"))


def read_balance(path: str | Path) -> tuple[Account, ...]:
    """Return the accounts of a trial balance in CSV (`;`, tab or `,`; UTF-8 or ISO 8859-15).

    Columns, in any order: compte, libellé, ouverture débit, ouverture crédit, mouvements débit,
    mouvements crédit, solde débit, solde crédit; opening and movements may be left out, in
    pairs. Amounts in EUR; an empty amount is zero, as in every printed balance. That opening and
    movements make each closing balance is verified by `evaluate`, of any balance.

    Raises:
        DossierError: the file cannot be read, an account stands twice, an amount is no number;
            every line is told.
    """
    try:
        content = read_file(path, MAX_BYTES)
    except TooLarge as error:
        raise DossierError([Problem(name_of(path), "fichier-trop-gros", str(error))]) from None
    except CannotRead as error:
        raise DossierError([Problem(name_of(path), "balance-introuvable", str(error))]) from None
    return parse_balance(content, name_of(path))


def parse_balance(content: bytes | str, name: str = "balance") -> tuple[Account, ...]:
    """Return the accounts of a trial balance written in `content`. Raises DossierError."""
    text = _decoded(content) if isinstance(content, bytes) else content
    if "\0" in text:
        raise DossierError([Problem(name, "balance-illisible", "ce n'est pas un fichier CSV")])
    header, _, _ = text.partition("\n")
    delimiter = max(";\t,", key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = list(reader)
    except csv.Error:
        raise DossierError(
            [Problem(f"{name}:{reader.line_num}", "balance-illisible", "ligne de CSV mal formée")]
        ) from None
    return _Balance(name, rows).accounts()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("iso-8859-15")


class _Balance:
    def __init__(self, name: str, rows: Sequence[Sequence[str]]) -> None:
        self.name = name
        self.rows = rows
        self.problems: list[Problem] = []

    def accounts(self) -> tuple[Account, ...]:
        if len(self.rows) > MAX_ACCOUNTS:
            self._problem(MAX_ACCOUNTS, "fichier-trop-gros", f"plus de {MAX_ACCOUNTS} comptes")
        columns = self._columns(self.rows[0] if self.rows else ())
        if self.problems:
            raise DossierError(self.problems)
        places = [(title, columns.get(title)) for title in _AMOUNTS]
        found: list[Account] = []
        lines: dict[str, int] = {}
        for index, row in enumerate(self.rows[1:], start=2):
            if not "".join(row).strip():
                continue
            account = self._account(row, index, columns, places)
            if account is None:
                continue
            if account.number in lines:
                first = lines[account.number]
                self._problem(index, "compte-en-double", f"le compte {account.number} est déjà ligne {first}")
            lines[account.number] = index
            found.append(account)
        if not found and not self.problems:
            self._problem(1, "balance-vide", "aucun compte")
        if self.problems:
            raise DossierError(self.problems)
        return ReadAccounts(found)

    def _columns(self, header: Sequence[str]) -> dict[str, int]:
        columns: dict[str, int] = {}
        for index, title in enumerate(header):
            folded = " ".join(fold(title).replace("_", " ").split())
            if folded in columns:
                self._problem(1, "colonne-en-double", f"la colonne « {title.strip()} » figure deux fois")
            columns[folded] = index
        for needed in _REQUIRED:
            if needed not in columns:
                self._problem(1, "colonne-absente", f"la colonne « {needed} » manque à l'en-tête")
        for debit, credit in _PAIRS:
            if (debit in columns) != (credit in columns):
                self._problem(1, "colonne-absente", f"« {debit} » et « {credit} » vont ensemble")
        return columns

    def _account(
        self, row: Sequence[str], line: int, columns: dict[str, int], places: Sequence[tuple[str, int | None]]
    ) -> Account | None:
        number = row[columns["compte"]].strip() if columns["compte"] < len(row) else ""
        if not (number.isascii() and number.isdigit() and len(number) <= 20):
            self._problem(line, "compte-invalide", f"« {number[:40]} » n'est pas un compte")
            return None
        amounts = [
            None
            if place is None
            else ZERO
            if place < len(row) and row[place] in _NOTHING
            else self._amount(row, place, title, line)
            for title, place in places
        ]
        opening_debit, opening_credit, movement_debit, movement_credit, closing_debit, closing_credit = amounts
        return Account(
            number,
            self._field(row, columns, "libelle").strip(),
            opening_debit,
            opening_credit,
            movement_debit,
            movement_credit,
            closing_debit or ZERO,
            closing_credit or ZERO,
        )

    def _amount(self, row: Sequence[str], place: int, title: str, line: int) -> Decimal:
        text = row[place] if place < len(row) else ""
        if text.strip() in _NOTHING:
            return ZERO
        try:
            return read_number(text)
        except Refused as refused:
            self._problem(line, refused.code, f"{title} : {refused}")
            return ZERO

    def _field(self, row: Sequence[str], columns: dict[str, int], title: str) -> str:
        index = columns.get(title)
        return row[index] if index is not None and index < len(row) else ""

    def _problem(self, line: int, code: str, message: str) -> None:
        self.problems.append(Problem(f"{self.name}:{line}", code, message))
