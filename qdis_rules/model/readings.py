"""How accounts are read: at which moment, on which side, and by which statements all of them must be."""

from __future__ import annotations

from collections.abc import Mapping

from qdis_rules.model.typed import Selection, Table


def reading_of(reading: str) -> tuple[str, str]:
    """Return (moment, side) of a reading: ("solde", "débit"), ("ouverture", "créditeurs") …"""
    head, _, side = reading.rpartition(" ")
    return head or "solde", side


def statements(tables: Mapping[str, Table]) -> dict[str, tuple[str, ...]]:
    """Return the statements that must read the whole balance, by title, each with the codes of its tables.

    They are those that `état comptable` names. Where no table names one, each table that is
    neither computed nor `facultatif` stands for itself.
    """
    named: dict[str, tuple[str, ...]] = {}
    for code, table in tables.items():
        if table.statement is not None:
            named[table.statement] = (*named.get(table.statement, ()), code)
    return named or {code: (code,) for code, table in tables.items() if table.origin != "calcul" and not table.optional}


def reads_closing(selection: Selection) -> bool:
    """True when closing balances are read: not the opening, not the movements of the year."""
    return reading_of(selection.reading)[0] == "solde"
