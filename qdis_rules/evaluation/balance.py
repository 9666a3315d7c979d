"""The trial balance: what each cell reads of it, and what reaches no cell."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from qdis_rules.evaluation.dossier import Account
from qdis_rules.model.readings import reading_of
from qdis_rules.model.typed import Selection
from qdis_rules.numbers import ZERO, Exact, add, subtract
from qdis_rules.plan.outline import Reading
from qdis_rules.plan.program import WIDE, wide

_AFTER_DIGITS: Final = ":"  # the character after '9'


class Balance:
    """A trial balance, indexed for prefix reading."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.accounts = sorted(accounts, key=lambda account: account.number)
        self._numbers = [account.number for account in self.accounts]
        self._read: dict[tuple[str, str], list[Decimal] | None] = {}
        self._nets: dict[str, list[tuple[Decimal, Decimal, Decimal]] | None] = {}

    def read(self, selection: Selection) -> Exact | None:
        """Return what `selection` reads, in EUR; None when the balance lacks those columns.

        A trial balance is exhaustive: an account it does not hold is at zero.
        """
        amounts = self._amounts(*reading_of(selection.reading))
        if amounts is None:
            return None
        total: Exact = ZERO
        for index in self._selected(selection):
            total = add(total, amounts[index])
        return total

    def amounts(self, readings: Sequence[Reading]) -> dict[str, Exact]:
        """Return what each of `readings` reads, in EUR, by code; nothing of those whose columns the balance lacks."""
        found: dict[str, Exact] = {}
        with wide():  # as many amounts as a balance holds add up within it
            for reading in readings:
                column = self._amounts(reading.moment, reading.side)
                if column is not None:
                    found[reading.code] = sum(
                        (amount for part in self._parts(reading) for amount in column[part]), ZERO
                    )
        return found

    def _parts(self, reading: Reading) -> list[slice]:
        """Return where the accounts of a reading stand, in order, none twice."""
        parts: list[slice] = []
        for prefix in reading.prefixes:
            start = bisect.bisect_left(self._numbers, prefix)
            stop = bisect.bisect_left(self._numbers, prefix + _AFTER_DIGITS, start)
            if start < stop:
                parts.append(slice(start, stop))
        if len(parts) > 1:  # a prefix of another one holds all of it
            parts.sort(key=lambda part: (part.start, -part.stop))
            parts = _apart(parts)
        if not (reading.exceptions or reading.without):
            return parts
        places = (place for part in parts for place in range(part.start, part.stop))
        return [slice(place, place + 1) for place in places if not reading.spares(self._numbers[place])]

    def adds_up(self) -> bool:
        """Tell whether opening and movements make the closing balance of every account, as far as they are there."""
        opening, movements, closing = map(self._columns, ("ouverture", "mouvements", "solde"))
        if opening is None or movements is None or closing is None:
            return all(None in (each.opening_debit, each.movement_debit) for each in self.accounts)
        with wide():
            return all(
                before + change == after
                for (_, _, before), (_, _, change), (_, _, after) in zip(opening, movements, closing, strict=True)
            )

    def _amounts(self, moment: str, side: str) -> list[Decimal] | None:
        """Return what each account brings to a reading, None when the balance lacks those columns."""
        if (moment, side) not in self._read:
            columns = self._columns(moment)
            self._read[moment, side] = None if columns is None else [_brings(*each, moment, side) for each in columns]
        return self._read[moment, side]

    def _columns(self, moment: str) -> list[tuple[Decimal, Decimal, Decimal]] | None:
        """Return debit, credit and debit − credit of each account, None when the balance lacks those columns."""
        if moment not in self._nets:
            found: list[tuple[Decimal, Decimal, Decimal]] = []
            with wide():
                for account in self.accounts:
                    debit, credit = _columns(account, moment)
                    if debit is not None and credit is not None:
                        found.append((debit, credit, debit - credit))
            self._nets[moment] = found if len(found) == len(self.accounts) else None
        return self._nets[moment]

    def behind(self, selection: Selection) -> list[tuple[Account, Exact]]:
        """Return the accounts `selection` reads and what each brings, in EUR; those at zero left out."""
        moment, side = reading_of(selection.reading)
        found: list[tuple[Account, Exact]] = []
        for account in map(self.accounts.__getitem__, self._selected(selection)):
            debit, credit = _columns(account, moment)
            if debit is not None and credit is not None:
                amount = _brings(debit, credit, WIDE.subtract(debit, credit), moment, side)
                if amount:
                    found.append((account, amount))
        return found

    def _selected(self, selection: Selection) -> Iterable[int]:
        """Yield the places of the accounts of `selection`, in order."""
        picked: set[int] = set()
        for prefix in selection.prefixes:
            start = bisect.bisect_left(self._numbers, prefix)
            end = bisect.bisect_left(self._numbers, prefix + _AFTER_DIGITS)
            picked.update(range(start, end))
        for index in sorted(picked):
            if selection.takes(self._numbers[index]):
                yield index

    def unreached(self, readings: Sequence[Reading]) -> list[tuple[Account, Exact]]:
        """Return the accounts with a closing balance that no statement reads, with that balance (debit positive).

        An annex that reads an account hides no hole of the balance sheet.
        """
        closings = [subtract(account.closing_debit, account.closing_credit) for account in self.accounts]
        left = {place for place, closing in enumerate(closings) if closing}
        for reading in readings:
            for part in self._parts(reading) if reading.closes and left else ():
                for place in range(part.start, part.stop):
                    if reading.side != ("débiteurs" if closings[place] < 0 else "créditeurs"):
                        left.discard(place)
        return [(self.accounts[place], closings[place]) for place in sorted(left)]


def _columns(account: Account, moment: str) -> tuple[Decimal | None, Decimal | None]:
    match moment:
        case "ouverture":
            return account.opening_debit, account.opening_credit
        case "mouvements":
            return account.movement_debit, account.movement_credit
        case _:
            return account.closing_debit, account.closing_credit


def _brings(debit: Decimal, credit: Decimal, net: Decimal, moment: str, side: str) -> Decimal:
    """Return what an account brings to a reading, given its debit, its credit and their difference."""
    if moment == "mouvements":
        return debit if side == "débit" else credit
    match side:
        case "débit":
            return net
        case "crédit":
            return WIDE.subtract(credit, debit)
        case "débiteurs":
            return net if net > 0 else ZERO
        case _:
            return net.copy_abs() if net < 0 else ZERO


def _apart(parts: list[slice]) -> list[slice]:
    """Return the parts, sorted by start, that are in no other."""
    kept: list[slice] = []
    for part in parts:
        if not kept or part.start >= kept[-1].stop:
            kept.append(part)
    return kept
