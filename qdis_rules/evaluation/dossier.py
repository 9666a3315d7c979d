"""A dossier: what one cooperative gives for one year, before it meets a ruleset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from qdis_rules.records import dataclass

Raw: TypeAlias = str | bool | int | Decimal | date | None
"""A value as given, in the unit of its cell: « 1 250,00 », Decimal("3.25"), True, a date. None: empty."""


@dataclass(frozen=True, slots=True)
class Account:
    """One line of a trial balance: debit and credit at opening, of the year, at closing.

    Unit: EUR. The columns a balance does not have are None in all its accounts: debit and credit
    together. With opening and movements, they make the closing balance.
    """

    number: str
    label: str
    opening_debit: Decimal | None
    opening_credit: Decimal | None
    movement_debit: Decimal | None
    movement_credit: Decimal | None
    closing_debit: Decimal
    closing_credit: Decimal


class ReadAccounts(tuple[Account, ...]):
    """Accounts as a reader of files makes them: each amount was read as a number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class Dossier:
    """The figures of one organisation for one financial year.

    `typed` and `imported` hold cells by code (`BA.constructions.brut`); `lists` the rows of
    each list, as mappings from column to value; `balance` the trial balance; `filed` the
    aggregates filed with the dossier of an earlier year; `justifications` the
    cooperative's words on violated checks that admit one, by check code.
    """

    year: int
    organisation: str = ""
    typed: Mapping[str, Raw] = field(default_factory=dict)
    imported: Mapping[str, Raw] = field(default_factory=dict)
    lists: Mapping[str, Sequence[Mapping[str, Raw]]] = field(default_factory=dict)
    balance: Sequence[Account] | None = None
    filed: Mapping[str, Raw] = field(default_factory=dict)
    justifications: Mapping[str, str] = field(default_factory=dict)
    name: str = "dossier"

    def __post_init__(self) -> None:
        """Say at once what a caller without a type checker would find out much later. Raises TypeError."""
        _expect("year", self.year, int, "an int")
        for name in ("organisation", "name"):
            _expect(name, getattr(self, name), str, "a str")
        for name in ("typed", "imported", "lists", "filed", "justifications"):
            of_name = getattr(self, name)
            _expect(name, of_name, Mapping, "a mapping")
            for code in of_name:
                _expect(f"a code in {name}", code, str, "a str")
        for code, rows in self.lists.items():
            _expect(f"lists[{code!r}]", rows, Sequence, "a sequence of mappings")
            for row in rows:
                _expect(f"a row of lists[{code!r}]", row, Mapping, "a mapping")
                for column in row:
                    _expect(f"a column in lists[{code!r}]", column, str, "a str")
        for code, words in self.justifications.items():
            _expect(f"justifications[{code!r}]", words, str, "a str")
        if self.balance is not None:
            _expect("balance", self.balance, Sequence, "a sequence of Account (read_balance reads a file)")
            for account in self.balance:
                _expect("an item of balance", account, Account, "an Account")
                _expect("the number of an Account", account.number, str, "a str")

    def __repr__(self) -> str:
        parts = [f"{len(self.typed)} typed", f"{len(self.imported)} imported"]
        parts += [f"{len(rows)} rows of {code}" for code, rows in self.lists.items()]
        if self.balance is not None:
            parts.append(f"{len(self.balance)} accounts")
        return f"<Dossier {self.year} {self.organisation!r}: {', '.join(parts)}>"


def _expect(what: str, value: object, kind: type, article: str) -> None:
    wrong = isinstance(value, bool if kind is int else str if kind is Sequence else ())
    if wrong or not isinstance(value, kind):
        raise TypeError(f"{what}: {article} is expected, not {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document cannot be read or does not fit: where (`pointer`), a code, a French sentence."""

    pointer: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer} : {self.message} [{self.code}]"


class DossierError(ValueError):
    """A dossier cannot be read or used. `problems` tells every reason, with its place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[DossierError], tuple[tuple[Problem, ...]]]:
        """Another process may have found the problems."""
        return type(self), (self.problems,)
