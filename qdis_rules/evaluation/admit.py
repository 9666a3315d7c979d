"""Does a dossier fit a ruleset? Either every value is read, or every problem is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Final

from qdis_rules.evaluation.balance import Balance
from qdis_rules.evaluation.dossier import Account, Dossier, Problem, Raw, ReadAccounts
from qdis_rules.evaluation.entries import Refused, is_plain, read_number, read_value
from qdis_rules.evaluation.inputs import Inputs, inputs_of
from qdis_rules.evaluation.wording import french_number
from qdis_rules.model import typed
from qdis_rules.model.typed import GENERATED, UNREACHED
from qdis_rules.model.types import Type
from qdis_rules.numbers import Exact, add, shown, subtract
from qdis_rules.plan.frame import Known
from qdis_rules.plan.outline import Outline
from qdis_rules.plan.plan import Plan
from qdis_rules.records import dataclass
from qdis_rules.suggest import nearest

_UNKNOWN: Final = {
    "cellule": "cellule-inconnue",
    "liste": "liste-inconnue",
    "colonne": "colonne-inconnue",
    "agrégat": "agregat-inconnu",
    "contrôle": "controle-inconnu",
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A dossier that fits: values in base units, rows of lists by column, indexed balance."""

    dossier: Dossier
    typed: Mapping[str, Known]
    imported: Mapping[str, Known]
    rows: Mapping[str, tuple[Mapping[str, Known], ...]]
    balance: Balance | None = field(repr=False)
    filed: Mapping[str, Known]
    inputs: Inputs = field(repr=False)
    ignored: tuple[str, ...] = ()


def admit(
    plan: Plan, dossier: Dossier, earlier: bool = False, accounts: Mapping[str, Exact] | None = None
) -> Admitted | list[Problem]:
    """Return the admitted dossier, or every reason why it does not fit.

    With `earlier`, the dossier is of a year before the ruleset's: codes renamed since
    (`depuis`) are read under their old names, those the ruleset does not know are `ignored`.
    `accounts` is what a balance that is not at hand gives cells, in base units.
    """
    return _Admission(plan, dossier, earlier).run(accounts or {})


def from_accounts(plan: Plan, balance: Balance) -> dict[str, Exact]:
    """Return what a balance gives the cells that read accounts, in base units."""
    return balance.amounts(plan.outline.readings)


_AMOUNTS: Final = (
    "opening_debit",
    "opening_credit",
    "movement_debit",
    "movement_credit",
    "closing_debit",
    "closing_credit",
)


def _is_account(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= 20


class _Admission:
    def __init__(self, plan: Plan, dossier: Dossier, earlier: bool) -> None:
        self.plan = plan
        self.ruleset = plan.ruleset
        self.dossier = dossier
        self.earlier = earlier
        self.problems: list[Problem] = []
        self.ignored: list[str] = []
        self.renamed = _renamed(plan.outline, dossier.year) if earlier else {}

    def run(self, accounts: Mapping[str, Exact]) -> Admitted | list[Problem]:
        year, of_ruleset = self.dossier.year, self.ruleset.year
        if self.earlier and year >= of_ruleset:
            self._problem("exercice", "exercice", f"l'exercice {year} n'est pas antérieur à {of_ruleset}")
        elif not self.earlier and year != of_ruleset:
            self._problem(
                "exercice", "exercice", f"le dossier est de l'exercice {year}, le jeu de règles de {of_ruleset}"
            )
        entered = self._cells("cellules", self.dossier.typed)
        imported = self._cells("rapatriement", self.dossier.imported)
        rows = {}
        for code, lines in self.dossier.lists.items():
            found = self._rows(code, lines)
            if found is not None:
                rows[code] = found
        filed = self._filed()
        balance = self._balance(self.dossier.balance) if self.dossier.balance is not None else None
        for code in self.dossier.justifications:
            if code not in self.ruleset.checks and not _is_made_while_evaluating(self.ruleset, code):
                self._unknown("justifications", code, "contrôle", self.ruleset.checks)
        if self.problems:
            return self.problems
        if balance is not None:
            accounts = from_accounts(self.plan, balance)
        inputs = inputs_of(self.plan, year, entered, imported, rows, accounts)
        return Admitted(self.dossier, entered, imported, rows, balance, filed, inputs, tuple(self.ignored))

    def _cells(self, part: str, values: Mapping[str, Raw]) -> dict[str, Known]:
        found: dict[str, Known] = {}
        kinds, amounts = self.plan.outline.kinds, self.plan.outline.amounts
        for written, raw in values.items():
            if type(raw) is Decimal and written in amounts and written not in self.renamed and is_plain(raw):
                found[written] = raw  # most are read so
                continue
            code = self.renamed.get(written, written)
            kind = kinds.get(code)
            if kind is None:
                table = code.partition(".")[0]
                is_list = table in self.plan.lists
                hint = f"{table} est une liste : donnez ses lignes dans « listes »" if is_list else None
                self._unknown(part, written, "cellule", kinds, hint)
                continue
            value = self._value(f"{part}/{written}", raw, kind)
            if value is not None:
                found[code] = value
        return found

    def _rows(self, code: str, lines: Sequence[Mapping[str, Raw]]) -> tuple[Mapping[str, Known], ...] | None:
        sheet = self.plan.outline.sheets.get(code)
        if sheet is None or sheet.key is None:
            hint = f"{code} est un tableau fixe : donnez ses cellules dans « cellules »" if sheet is not None else None
            self._unknown("listes", code, "liste", self.plan.lists, hint)
            return None
        rows = []
        seen: dict[Known, int] = {}
        for index, line in enumerate(lines):
            pointer = f"listes/{code}/{index}"
            row: dict[str, Known] = {}
            for name, raw in line.items():
                kind = self.plan.outline.columns.get(f"{code}.*.{name}")
                if kind is None:
                    self._unknown(pointer, name, "colonne", self.ruleset.tables[code].columns)
                    continue
                value = self._value(f"{pointer}/{name}", raw, kind)
                if value is not None:
                    row[name] = value
            key = row.get(sheet.key)
            if key is None:
                if _is_blank(line.get(sheet.key)):
                    self._problem(pointer, "cle-absente", f"la clé {sheet.key} est vide")
            elif key in seen:
                self._problem(pointer, "cle-en-double", f"la clé {key} est déjà celle de la ligne {seen[key] + 1}")
            else:
                seen[key] = index
            rows.append(row)
        return tuple(rows)

    def _filed(self) -> dict[str, Known]:
        found: dict[str, Known] = {}
        for written, raw in self.dossier.filed.items():
            code = self.renamed.get(written, written)
            kind = self.plan.outline.aggregates.get(code)
            if kind is None:
                self._unknown("agregats", written, "agrégat", self.ruleset.aggregates)
                continue
            value = self._value(f"agregats/{written}", raw, kind)
            if value is not None:
                found[code] = value
        return found

    def _balance(self, accounts: Sequence[Account]) -> Balance:
        seen: set[str] = set()
        for account in accounts:
            pointer = f"balance/{account.number}"
            if not _is_account(account.number):
                self._problem(pointer, "compte-invalide", "un compte est une suite de 1 à 20 chiffres")
            if account.number in seen:
                self._problem(pointer, "compte-en-double", "ce compte figure deux fois dans la balance")
            seen.add(account.number)
        if isinstance(accounts, ReadAccounts) and (found := Balance(accounts)).adds_up():
            return found
        read = [self._account(f"balance/{account.number}", account) for account in accounts]
        for name, moment in (("opening", "ouverture"), ("movement", "mouvements")):
            self._columns(read, f"{name}_debit", f"{name}_credit", moment)
        return Balance(read)

    def _account(self, pointer: str, account: Account) -> Account:
        """Return an account whose amounts are read; opening and movements must make its closing balance."""
        amounts: dict[str, Decimal] = {}
        for name in _AMOUNTS:
            raw = getattr(account, name)
            if raw is None and not name.startswith("closing"):
                continue
            try:
                amounts[name] = read_number(raw)
            except Refused as refused:
                self._problem(pointer, refused.code, str(refused))
                return account
        if len(amounts) == len(_AMOUNTS):
            opening, movement, closing = (
                subtract(amounts[f"{name}_debit"], amounts[f"{name}_credit"])
                for name in ("opening", "movement", "closing")
            )
            expected = add(opening, movement)
            if expected != closing:
                self._problem(
                    pointer,
                    "solde-incoherent",
                    f"ouverture et mouvements donnent {french_number(shown(expected))}, "
                    f"le solde est {french_number(shown(closing))}",
                )
        if all(getattr(account, name) is value for name, value in amounts.items()):
            return account
        return Account(
            account.number,
            account.label,
            amounts.get("opening_debit"),
            amounts.get("opening_credit"),
            amounts.get("movement_debit"),
            amounts.get("movement_credit"),
            amounts["closing_debit"],
            amounts["closing_credit"],
        )

    def _columns(self, accounts: Sequence[Account], debit: str, credit: str, moment: str) -> None:
        """A balance has the debit and the credit of a moment in all its accounts, or in none."""
        given = {
            account.number: (getattr(account, debit) is not None, getattr(account, credit) is not None)
            for account in accounts
        }
        some = any(True in columns for columns in given.values())
        for number, columns in given.items() if some else ():
            if columns != (True, True):
                what = "débit et crédit vont ensemble" if True in columns else "d'autres comptes en ont"
                self._problem(f"balance/{number}", "colonne-absente", f"{moment} : {what}")

    def _value(self, pointer: str, raw: Raw, kind: Type) -> Known | None:
        if _is_blank(raw):
            return None  # an empty cell is absent, not zero
        try:
            return read_value(raw, kind)
        except Refused as refused:
            self._problem(pointer, refused.code, str(refused))
            return None

    def _unknown(self, part: str, code: str, what: str, known: Iterable[str], hint: str | None = None) -> None:
        if self.earlier:  # an earlier year may hold what this one no longer has
            self.ignored.append(f"{code}[{self.dossier.year}]")
            return
        if hint is not None:
            self._problem(f"{part}/{_cut(code)}", _UNKNOWN[what], _cut(hint, 200))
            return
        # Suggestions cost; a hostile dossier gets enough of them.
        near = nearest(code, known) if len(code) < 200 and len(self.problems) < 50 else None
        more = f" ; vouliez-vous dire {near} ?" if near else ""
        label = _cut(code)
        self._problem(f"{part}/{label}", _UNKNOWN[what], f"{label} n'est pas connu du jeu {self.ruleset.year}{more}")

    def _problem(self, pointer: str, code: str, message: str) -> None:
        self.problems.append(Problem(pointer, code, message))


def _is_blank(raw: Raw) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def _cut(text: str, size: int = 60) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def _is_made_while_evaluating(ruleset: typed.TypedRuleset, code: str) -> bool:
    """True for the checks of second values, and for the one of the balance."""
    cell, _, suffix = code.rpartition("~")
    return code == UNREACHED or (suffix in GENERATED and cell in ruleset.cells)


def _renamed(outline: Outline, year: int) -> dict[str, str]:
    """Return old code → present code, for dossiers of `year`."""
    return {old: code for code, (last, old) in outline.since.items() if year <= last}
