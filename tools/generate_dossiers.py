"""Write the dossiers of the demonstration cooperatives, three years each, in `rulesets/2023/dossiers/`.

Usage: python tools/generate_dossiers.py [folder]
"""

from __future__ import annotations

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import annexes
import cells
import questionnaire
from cells import Value
from ledger import COOPERATIVES, ZERO, Year, cents, years_of
from statements import verify, verify_sequence

PARTS = (cells, questionnaire, annexes)
FOLDER = Path(__file__).resolve().parent.parent / "rulesets" / "2023" / "dossiers"


def document(year: Year, balance: str) -> dict[str, Any]:
    """Return the dossier: what the balance, in the file of that name, does not tell."""
    return {
        "format": "qdis-dossier/1",
        "exercice": year.year,
        "organisme": year.cooperative.name,
        "cellules": {code: written(value) for part in PARTS for code, value in part.cells(year).items()},
        "listes": {
            name: [{column: written(value) for column, value in row.items()} for row in rows]
            for part in PARTS
            for name, rows in part.lists(year).items()
        },
        "balance": balance,
    }


def written(value: Value) -> str:
    """Return a number with a decimal comma, a text as it is."""
    return str(value).replace(".", ",") if isinstance(value, Decimal) else str(value)


def write_balance(year: Year, path: Path) -> None:
    """Write the trial balance: semicolons, decimal comma, debit and credit of each moment."""

    def pair(amount: Decimal) -> list[str]:
        return [written(cents(max(amount, ZERO))), written(cents(max(-amount, ZERO)))]

    titles = ("ouverture", "mouvements", "solde")
    header = ["compte", "libellé", *(f"{title} {side}" for title in titles for side in ("débit", "crédit"))]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(header)
        for account in year.accounts:
            movements = [written(cents(account.debit)), written(cents(account.credit))]
            writer.writerow([account.number, account.label, *pair(account.opening), *movements, *pair(account.closing)])


def main(folder: Path = FOLDER) -> None:
    """Keep the books, verify them and write the dossiers."""
    folder.mkdir(parents=True, exist_ok=True)
    for cooperative in COOPERATIVES:
        years = years_of(cooperative)
        verify_sequence(years)
        for year in years:
            verify(year)
            name = f"{cooperative.code}-{year.year}"
            write_balance(year, folder / f"{name}-balance.csv")
            text = json.dumps(document(year, f"{name}-balance.csv"), ensure_ascii=False, indent=2) + "\n"
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
            print(f"{name}: {len(year.accounts)} accounts, {len(year.entries)} entries, {len(year.loans)} loans")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
