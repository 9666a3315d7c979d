"""The annexes of the demonstration dossiers: what the balance does not tell of IM, AM, ED, EC, VC, VP and the sheets.

A table is a function of the year that returns its cells by code, as in `cells.py`. Amounts come from the entries
and the statements; only the keys that split them are invented.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import cache

from cells import Cells
from facts import staff
from ledger import ZERO, Year, cents
from statements import activities, line_of, movements, statements, total

from qdis_rules import load_ruleset

MOVEMENTS = {
    "IM": {"ACQ": "acquisitions", "VE": "virements_entrants", "VS": "virements_sortants", "SOR": "sorties"},
    "AM": {"DOT": "dotations", "REP": "reprises", "SOR": "sorties"},
}
ACTIVITIES = {
    "AS": "accession_sga",
    "AN": "accession_libre",
    "GP": "gestion_prets",
    "LO": "locatif",
    "AM": "amenagement",
    "PS": "prestations",
    "AU": "autres",
    "ST": "structure",
}
# Row of ED: lines of the liabilities; loans say when they are due, the rest is due so far within a year, five years.
DEBTS = {
    "peec": ("BP23", "0", "0"),
    "obligataires": ("BP24", "0", "0"),
    "etablissements_credit": ("BP25..BP28", "0", "0"),
    "depots": ("BP29..BP31", "0.10", "0.35"),
    "autres_financieres": ("BP32..BP35", "0.20", "1"),
    "interets": ("BP36 BP37", "0.60", "0.80"),
    "concours_bancaires": ("BP38", "1", "1"),
    "droits_locataires": ("BP40", "0.05", "0.25"),
    "fournisseurs": ("BP43 BP44", "1", "1"),
    "fiscales_sociales": ("BP45", "1", "1"),
    "fournisseurs_immobilisations": ("BP46", "1", "1"),
    "autres": ("BP41 BP42 BP47..BP51", "1", "1"),
    "produits_avance": ("BP53..BP55", "1", "1"),
}
# Row of EC: lines of the assets, share due within a year.
CLAIMS = {
    "immobilisees": ("BA20.B BA22.B..BA25.B", "0.15"),
    "locataires": ("BA36.B BA39.B BA40.B", "1"),
    "acquereurs": ("BA37.B", "1"),
    "autres_clients": ("BA38.B BA41.B", "1"),
    "personnel_etat": ("BA42.B", "1"),
    "subventions": ("BA43.B", "0.70"),
    "diverses": ("BA45.B..BA48.B", "1"),
    "charges_avance": ("BA52.B", "1"),
    "fournisseurs": ("BA35.B", "1"),
}
# Rows of the lists by account: prefix, answer.
TRANSFERS = {"791": "exploitation", "7963": "compensateurs", "7968": "financier", "797": "exceptionnel"}
EXCEPTIONAL = {"67": "charge", "77": "produit"}
WORKS = {"2312": "locatif", "2313": "locatif", "2314": "locatif", "2318": "autre"}
STOCKS = {
    "Terrains à aménager": "BA28.B",
    "Immeubles en cours": "BA29.B",
    "Immeubles achevés": "BA30.B",
    "Location-accession": "BA31.B",
}
# Operations of the upkeep programme: entered, previous works, next works, share of the provision; the last takes the rest.
UPKEEP = {
    "Les Tilleuls, ravalement": (2019, 2014, 2026, "0.31"),
    "Les Tilleuls, parties communes": (2021, 2019, 2027, "0.08"),
    "Le Lac, étanchéité": (2015, 2010, 2025, "0.42"),
    "Le Parc, peintures": (2020, 2018, 2028, "*"),
}


@cache
def rows(table: str) -> dict[str, str]:
    """Return the rows of a table by mark: IM08, VC26."""
    return {row.notes.mark: name for name, row in load_ruleset(2023).tables[table].rows.items() if row.notes.mark}


def im_am(year: Year) -> Cells:
    """Every movement, and what became of the exits: back to stock, paid back, else sold, scrapped or replaced."""
    found: Cells = {
        f"{mark[:2]}.{rows(mark[:2])[mark]}.{MOVEMENTS[mark[:2]][column]}": amount
        for mark, columns in movements(year).items()
        if mark[:2] in MOVEMENTS
        for column, amount in columns.items()
        if column in MOVEMENTS[mark[:2]] and amount
    }
    exits: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for entry in year.entries:
        accounts = [number for number, _ in entry.legs]
        if entry.kind != "S" or any(number.startswith("675") for number in accounts):
            continue
        kept = "sorties_stocks" if any(number[0] == "3" for number in accounts) else "remboursements"
        for number, amount in entry.legs:
            if number[0] == "2" and number != "229":
                table = "AM" if number[:2] == "28" else "IM"
                exits[f"{table}.{rows(table)[table + line_of(number, amount)[2:4]]}.{kept}"] += abs(amount)
    return found | exits


def ed_ec(year: Year) -> Cells:
    lines = statements(year)
    found: Cells = {}
    for row, (terms, within, five) in DEBTS.items():
        loans = [loan for loan in year.loans if line_of(loan.compte, -loan.cloture) in spread(terms)]
        other = total(lines, terms) - sum((loan.cloture for loan in loans), ZERO)
        first, second = cents(other * Decimal(within)), cents(other * Decimal(five))
        found[f"ED.{row}.un_an"] = first + sum((loan.moins_un_an for loan in loans), ZERO)
        found[f"ED.{row}.cinq_ans"] = second - first + sum((loan.un_a_cinq_ans for loan in loans), ZERO)
        found[f"ED.{row}.plus_tard"] = other - second + sum((loan.plus_cinq_ans for loan in loans), ZERO)
    for row, (terms, within) in CLAIMS.items():
        gross = total(lines, terms)
        found[f"EC.{row}.un_an"] = cents(gross * Decimal(within))
        found[f"EC.{row}.plus_tard"] = gross - cents(gross * Decimal(within))
    return {code: amount for code, amount in found.items() if amount}


def spread(terms: str) -> set[str]:
    """Return the lines of terms: ``"BP25..BP28 BP33"``."""
    found: set[str] = set()
    for term in terms.split():
        first, _, last = term.partition("..")
        found |= {f"{first[:2]}{n:02d}" for n in range(int(first[2:4]), int((last or first)[2:4]) + 1)}
    return found


def vc_vp(year: Year) -> Cells:
    """By activity, as the entries say."""
    tables = {"CC": "VC", "PR": "VP"}
    return {
        f"{tables[line[:2]]}.{rows(tables[line[:2]])[tables[line[:2]] + line[2:]]}.{ACTIVITIES[activity]}": amount
        for (line, activity), amount in activities(year).items()
    }


def vs(year: Year) -> Cells:
    return {"VS.resultat.sieg": -cents(year.balance("6 7") * year.cooperative.sieg)}


def hb(year: Year) -> Cells:
    debt = sum((loan.cloture for loan in year.loans if loan.nature == "definitif"), ZERO)
    return {
        "HB.garanties_donnees.n": 0,
        "HB.garanties_collectivites.n": cents(debt * Decimal("0.82")),
        "HB.garanties_cglls.n": cents(debt * Decimal("0.09")),
        "HB.depots_notaire.n": cents(-year.balance("1658") / 2),
    }


def pi(year: Year) -> Cells:
    return {
        "PI.couts_internes.stocks": cents(year.balance("604") * Decimal("0.4")),
        "PI.frais_financiers.stocks": cents(year.balance("66114") * Decimal("0.6")),
    }


def ef(year: Year) -> Cells:
    whole = staff(year).effectif
    parts = {"cadres": "0.18", "maitrise": "0.24", "employes": "0.33"}
    found = {row: (whole * Decimal(share)).quantize(Decimal("0.1")) for row, share in parts.items()}
    found["immeubles"] = whole - sum(found.values())
    return {f"EF.{row}.etp": amount for row, amount in found.items()}


TABLES = (im_am, ed_ec, vc_vp, vs, hb, pi, ef)


def cells(year: Year) -> Cells:
    """Return the typed cells of the annexes by code."""
    found: Cells = {}
    for table in TABLES:
        found |= table(year)
    return found


def lists(year: Year) -> dict[str, list[Cells]]:
    """Return the rows of the lists of the annexes, by list."""
    return {"TC": tc(year), "XG": xg(year), "FP": fp(year), "OP": op(year), "PGE": pge(year)}


def tc(year: Year) -> list[Cells]:
    return [
        {"libelle": f"{a.number} {a.label}", "poste": poste, "montant": -a.closing}
        for prefix, poste in TRANSFERS.items()
        for a in year.accounts
        if a.number.startswith(prefix) and a.closing
    ]


def xg(year: Year) -> list[Cells]:
    return [
        {"libelle": f"{a.number} {a.label}", "sens": sens, "montant": abs(a.closing)}
        for prefix, sens in EXCEPTIONAL.items()
        for a in year.accounts
        if a.number.startswith(tuple(prefix + n for n in "128")) and a.closing
    ]


def fp(year: Year) -> list[Cells]:
    shares = {"SCCV Les Tilleuls": ("60", "261", "2675"), "Société de coordination": ("12.5", "266", "2676")}
    return [
        {
            "societe": name,
            "part": Decimal(part),
            "titres": year.balance(held),
            "apports": year.balance(lent),
            "depreciation": -year.balance(f"29{held[1:]} 29{lent[1:]}"),
            "capitaux_propres": year.balance(held) * 2,
        }
        for name, (part, held, lent) in shares.items()
        if year.balance(f"{held} {lent}")
    ]


def op(year: Year) -> list[Cells]:
    lines = statements(year)
    works = [(f"{a.number} {a.label}", WORKS[a.number], a.closing) for a in year.accounts if a.number in WORKS]
    works += [(name, "accession", lines[line]) for name, line in STOCKS.items()]
    return [{"operation": name, "nature": nature, "cout": cost} for name, nature, cost in works if cost]


def pge(year: Year) -> list[Cells]:
    left = -year.balance("1572")
    found: list[Cells] = []
    for name, (entered, before, after, share) in UPKEEP.items():
        elapsed, cycle = year.year - before + 1, after - before
        cost = cents((left if share == "*" else -year.balance("1572") * Decimal(share)) * cycle / elapsed)
        left -= cost * elapsed / cycle
        if cost:
            found.append(
                {
                    "operation": name,
                    "inscrite": entered,
                    "precedente": before,
                    "programmee": after,
                    "terminee": "non",
                    "cout": cost,
                }
            )
    return found
