"""Write the demonstration dossier of `rulesets/2023/dossiers/` from the ledger of `demo_ledger`.

Usage: python tools/generate_demo.py [folder]
"""

from __future__ import annotations

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from demo_ledger import CENT, ZERO, Demo, Loan, aged_balance, build, verify

from qdis_rules import Ruleset, load_ruleset

DEFAULT_OUT = Path(__file__).resolve().parent.parent / "rulesets" / "2023" / "dossiers"
NAME = "Coopérative de démonstration (fictive)"

PROVISIONS = {"PV01": "reglementees", "PV02": "risques", "PV03": "gros_entretien", "PV04": "autres_charges"}
WRITE_DOWNS = {
    "DP01": "incorporelles",
    "DP02": "corporelles",
    "DP03": "financieres",
    "DP04": "stocks",
    "DP05": "clients",
    "DP06": "autres_creances",
    "DP07": "vmp",
}
MOVEMENTS = {
    "DE": "dot_exploitation",
    "DF": "dot_financieres",
    "DX": "dot_exceptionnelles",
    "RE": "rep_exploitation",
    "RF": "rep_financieres",
    "RX": "rep_exceptionnelles",
}
AGES = {
    "LC01": "moins_3_mois",
    "LC02": "mois_3_a_6",
    "LC03": "mois_6_a_12",
    "LC04": "plus_un_an",
    "LC05": "partis",
}
FACTS = {
    "T02.logements_familiaux.n": ("patrimoine", "logements_familiaux"),
    "T02.foyers.n": ("patrimoine", "foyers_unites"),
    "T02.equivalents.n": ("patrimoine", "foyers_equivalents"),
    "T02.geres_tiers.n": ("patrimoine", "logements_geres_tiers"),
    "T02.vacants.n": ("patrimoine", "logements_vacants"),
    "T02.vacants_plus_3_mois.n": ("patrimoine", "logements_vacants_plus_3_mois"),
    "T02.emmenagements.n": ("patrimoine", "emmenagements"),
    "T12.perte_vacance.n": ("exploitation", "perte_loyers_vacance"),
    "T12.charges_vacants.n": ("exploitation", "charges_logements_vacants"),
    "T13.effectif.n": ("exploitation", "effectif_etp"),
}
# Decisions of the assembly and sheets that no account tells, as the ledger's entries book them.
SHEETS = {
    "AR.reserve_legale.n": "67243.09",
    "AR.reserves_statutaires.n": "112071.82",
    "AR.reserves_cessions.n": "105522.55",
    "AR.autres_reserves.n": "61507.24",
    "AR.interets_parts.n": "38131.83",
    "VK.capital.augmentations": "21151.75",
    "VK.capital.diminutions": "6237.25",
    "CS.logements.nombre": "4",
    "CS.logements.prix": "612386.50",
    "CS.logements.vnc": "268417.35",
    "CS.autres.prix": "5264.75",
    "CS.autres.vnc": "4186.25",
}


def dossier(demo: Demo, ruleset: Ruleset) -> dict[str, Any]:
    """Return the dossier document of 2023: what the balance does not tell."""
    return {
        "format": "qdis-dossier/1",
        "exercice": 2023,
        "organisme": NAME,
        "cellules": {code: french(value) for code, value in cells(demo, ruleset).items()},
        "listes": {"emprunts": [loan_row(loan) for loan in demo.loans]},
        "balance": "balance-2023.csv",
    }


def cells(demo: Demo, ruleset: Ruleset) -> dict[str, str]:
    """Return the typed cells by code."""
    found: dict[str, str] = {}
    rows = {row.notes.mark: name for name, row in ruleset.tables["CC"].rows.items()}
    for mark, amount in demo.recoverable.items():
        if amount:
            found[f"RC.{rows[mark]}.r"] = str(amount)
    for row, columns in demo.movements.items():
        name = PROVISIONS.get(row) or WRITE_DOWNS.get(row)
        for column, amount in columns.items():
            code = f"{row[:2]}.{name}.{MOVEMENTS.get(column)}"
            # What the accounts tell is not typed again.
            if name and column in MOVEMENTS and ruleset.cells[code].selection is None:
                found[code] = str(amount)
    for row, columns_of in aged_balance(demo).items():
        for column, value in columns_of.items():
            found[f"LC.{AGES[row]}.{column}"] = value
    for code, (section, fact) in FACTS.items():
        found[code] = str(demo.facts[section][fact])
    opening = {account.number: -account.opening for account in demo.accounts}
    closing = {account.number: -account.closing for account in demo.accounts}
    found["AR.report_avant.n"] = str(opening["11010"] + opening["11011"])
    found["AR.resultat.n"] = str(opening["12010"] + opening["12011"])
    found["AR.report_apres.n"] = str(closing["11010"] + closing["11011"])
    return found | SHEETS


def loan_row(loan: Loan) -> dict[str, str]:
    """Return a loan as a row of the list `emprunts`."""
    amounts = {
        "co": loan.ouverture,
        "ti": loan.tirages,
        "ka": loan.interets_capitalises,
        "rn": loan.remboursements_contractuels,
        "ra": loan.remboursements_anticipes,
        "rv": loan.reamenagements,
        "interets": loan.interets,
        "ic": loan.icne,
        "ip": loan.compensateurs,
        "e1": loan.moins_un_an,
    }
    texts = {"contrat": loan.contrat, "nature": loan.nature, "compte_dette": loan.compte}
    return texts | {column: french(str(amount)) for column, amount in amounts.items()}


def earlier(year: int, ratio: str) -> dict[str, Any]:
    """Return the dossier of an earlier year: the ratio filed then, nothing else."""
    percent = str((Decimal(ratio) * 100).normalize())
    filed = {"AE.ratio_autofinancement": french(percent)}
    return {"format": "qdis-dossier/1", "exercice": year, "organisme": NAME, "agregats": filed}


def french(number: str) -> str:
    """Return a number with a decimal comma."""
    return number.replace(".", ",")


def write_balance(demo: Demo, path: Path) -> None:
    """Write the trial balance: semicolons, decimal comma, debit and credit of each moment."""

    def pair(amount: Decimal) -> list[str]:
        return [text(max(amount, ZERO)), text(max(-amount, ZERO))]

    def text(amount: Decimal) -> str:
        return french(str(amount.quantize(CENT)))

    titles = ("ouverture", "mouvements", "solde")
    header = ["compte", "libellé", *(f"{title} {side}" for title in titles for side in ("débit", "crédit"))]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(header)
        for account in demo.accounts:
            movements = [text(account.debit), text(account.credit)]
            writer.writerow([account.number, account.label, *pair(account.opening), *movements, *pair(account.closing)])


def main(folder: Path = DEFAULT_OUT) -> None:
    """Build, verify and write the demonstration."""
    demo = build()
    verify(demo)
    folder.mkdir(parents=True, exist_ok=True)
    write_balance(demo, folder / "balance-2023.csv")
    documents = {
        "demo-2023.json": dossier(demo, load_ruleset(2023)),
        "demo-2022.json": earlier(2022, str(demo.facts["precedents"]["ratio_autofinancement_2022"])),
        "demo-2021.json": earlier(2021, str(demo.facts["precedents"]["ratio_autofinancement_2021"])),
    }
    for name, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    print(f"{len(demo.accounts)} accounts, {len(demo.entries)} entries, {len(demo.loans)} loans in {folder}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
