"""Turn a year of a cooperative into the cells and lists of its dossier, table by table.

A table is a function of the year that returns its cells by code; `TABLES` names those a dossier holds. To add a table:
write its function from `ledger.Year`, `statements` and `facts`, add it to `TABLES`. What the accounts tell is not typed again.
"""

from __future__ import annotations

from decimal import Decimal

from facts import aged_balance, staff, stock
from ledger import HOME_PRICE, Loan, Year
from statements import equity, movements, recoverable

Value = Decimal | int | str
Cells = dict[str, Value]

CHARGES = {
    "CC08": "achats_non_stockes",
    "CC09": "sous_traitance",
    "CC12": "entretien_courant",
    "CC14": "maintenance",
    "CC25": "taxes_remunerations",
    "CC26": "taxes_foncieres",
    "CC27": "autres_impots",
    "CC29": "salaires",
    "CC30": "charges_sociales",
}
# Rows whose allowances and releases no account tells: the columns to type.
MOVEMENTS = {
    "DP01": ("incorporelles", "DE RE"),
    "DP02": ("corporelles", "DE RE"),
    "DP03": ("financieres", "DF RF"),
    "DP05": ("clients", "DE RE"),
    "DP06": ("autres_creances", "DE RE"),
    "DP07": ("vmp", "DF RF"),
    "PV04": ("autres_charges", "DX RX"),
}
COLUMNS = {
    "DE": "dot_exploitation",
    "DF": "dot_financieres",
    "DX": "dot_exceptionnelles",
    "RE": "rep_exploitation",
    "RF": "rep_financieres",
    "RX": "rep_exceptionnelles",
}
EQUITY = {
    "BP01": "capital",
    "BP03": "primes",
    "BP04": "ecarts_reevaluation",
    "BP05": "reserve_legale",
    "BP06": "reserves_statutaires",
    "BP07": "reserves_cessions",
    "BP08": "autres_reserves",
    "BP10": "report_nouveau",
}


def rc(year: Year) -> Cells:
    if not year.has("locatif"):
        return {"RC.achats_non_stockes.r": 0}  # no tenant: said, not left blank
    return {f"RC.{CHARGES[line]}.r": amount for line, amount in recoverable(year).items()}


def dp_pv(year: Year) -> Cells:
    tables = movements(year)
    return {
        f"{row[:2]}.{name}.{COLUMNS[column]}": tables[row][column]
        for row, (name, columns) in MOVEMENTS.items()
        for column in columns.split()
        if tables.get(row, {}).get(column)
    }


def ar(year: Year) -> Cells:
    """The decision of the assembly, as the entry of appropriation books it."""
    changes = equity(year)
    before, after = -year.balance("11", "opening"), -year.balance("11")
    rows = ("BP05", "BP06", "BP07", "BP08")
    appropriated = {f"AR.{EQUITY[row]}.n": changes[row][0] for row in rows if row in changes and changes[row][0]}
    found: Cells = {**appropriated}
    return found | {
        "AR.report_avant.n": before,
        "AR.resultat.n": -year.balance("12", "opening"),
        "AR.interets_parts.n": year.balance("457", "credit"),
        "AR.report_apres.n": after,
    }


def vk(year: Year) -> Cells:
    columns = ("augmentations", "diminutions")
    changes = equity(year).items()
    return {
        f"VK.{EQUITY[line]}.{column}": amount
        for line, (_, *moves) in changes
        for column, amount in zip(columns, moves, strict=True)
        if amount
    }


def cs(year: Year) -> Cells:
    price, other = -year.balance("7752"), -year.balance("7756")
    homes: Cells = {
        "CS.logements.nombre": round(price / HOME_PRICE),
        "CS.logements.prix": price,
        "CS.logements.vnc": year.balance("67521"),
    }
    others: Cells = {"CS.autres.prix": other, "CS.autres.vnc": year.balance("6756")}
    return (homes if price else {}) | (others if other else {})


def lc(year: Year) -> Cells:
    if not year.has("locatif"):  # rent-to-buy tenants may still owe
        return {"LC.moins_3_mois.creance": year.balance("411")} if year.balance("411") else {}
    found: Cells = {}
    for row, (debt, depreciation) in aged_balance(year).items():
        found |= {f"LC.{row}.creance": debt, f"LC.{row}.depreciation": depreciation}
    return found


def t02(year: Year) -> Cells:
    if not year.has("locatif"):
        return {}
    homes = stock(year)
    return {
        "T02.logements_familiaux.n": homes.familiaux,
        "T02.foyers.n": homes.foyers,
        "T02.equivalents.n": homes.equivalents,
        "T02.geres_tiers.n": homes.geres_tiers,
        "T02.vacants.n": homes.vacants,
        "T02.vacants_plus_3_mois.n": homes.vacants_plus_3_mois,
        "T02.emmenagements.n": homes.emmenagements,
    }


def t12(year: Year) -> Cells:
    if not year.has("locatif"):
        return {}
    homes = stock(year)
    return {"T12.perte_vacance.n": homes.perte_vacance, "T12.charges_vacants.n": homes.charges_vacants}


def t13(year: Year) -> Cells:
    return {"T13.effectif.n": staff(year).effectif}


TABLES = (rc, dp_pv, ar, vk, cs, lc, t02, t12, t13)


def cells(year: Year) -> Cells:
    """Return the typed cells of a year by code: amounts in euros, counts, texts."""
    found: Cells = {}
    for table in TABLES:
        found |= table(year)
    return found


def lists(year: Year) -> dict[str, list[Cells]]:
    """Return the rows of the lists, by list."""
    return {"emprunts": [_loan(loan) for loan in year.loans]}


def _loan(loan: Loan) -> Cells:
    return {
        "contrat": loan.contrat,
        "nature": loan.nature,
        "compte_dette": loan.compte,
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
