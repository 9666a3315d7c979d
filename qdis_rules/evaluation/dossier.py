"""A dossier: what one cooperative gives for one year, before it meets a ruleset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

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

    def __repr__(self) -> str:
        parts = [f"{len(self.typed)} typed", f"{len(self.imported)} imported"]
        parts += [f"{len(rows)} rows of {code}" for code, rows in self.lists.items()]
        if self.balance is not None:
            parts.append(f"{len(self.balance)} accounts")
        return f"<Dossier {self.year} {self.organisation!r}: {', '.join(parts)}>"


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
