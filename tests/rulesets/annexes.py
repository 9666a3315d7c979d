"""The annexes of the demonstration dossier, from the ledger of ``tools/demo_ledger.py``.

What the balance does not tell: the nature of the movements of fixed assets, due dates, activities, the sheets of
the annex. Amounts come from the entries and from the statements; only the keys that split them are invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from qdis_rules import Report, Ruleset

ZERO, CENT = Decimal("0.00"), Decimal("0.01")
MOVEMENTS = {
    "IM": {"ACQ": "acquisitions", "VE": "virements_entrants", "VS": "virements_sortants", "SOR": "sorties"},
    "AM": {"DOT": "dotations", "REP": "reprises", "SOR": "sorties"},
}
# Share due within a year, and within five years, of what is not due within a year altogether.
DUE = {
    "peec": ("0.06", "0.30"),
    "obligataires": ("0", "1"),
    "etablissements_credit": ("0.12", "0.40"),
    "depots": ("0.10", "0.35"),
    "autres_financieres": ("0.25", "0.60"),
    "droits_locataires": ("0.05", "0.25"),
}
CLAIMS = {"immobilisees": "0.15", "subventions": "0.70"}
# Activity of the lines that belong to one; every other line goes to the structure.
ACTIVITIES = {
    "accession_libre": "achats_terrains achats_resolution variation_terrains variation_resolution production_stocks "
    "depreciations_stocks interets_stocks ventes_immeubles stockee_en_cours stockee_acheves parts_sci_vente "
    "location_accession promotion",
    "amenagement": "ventes_terrains concession_amenagement",
    "gestion_prets": "interets_prets activite_preteur prets_accession",
    "locatif": "baux_long_terme entretien_courant gros_entretien maintenance assurances taxes_foncieres cotisations_cglls "
    "amortissements_locatifs depreciations_creances provision_gros_entretien pertes_creances dotations_compensateurs "
    "interets_relais interets_definitifs interets_compensateurs valeurs_cedees provisions_reglementees "
    "recuperation_charges loyers_non_conventionnes surloyers loyers_conventionnes foyers autres_loyers "
    "immobilisee_couts_internes immobilisee_frais_financiers immobilisee_stocks bonifications "
    "subventions_entretien reprises_gros_entretien reprises_creances transferts_compensateurs cessions_actif "
    "subventions_virees reprises_reglementees",
    "prestations": "autres_prestations charges_refacturees",
    "autres": "autres_creances autres_produits_financiers",
}
SHARED = {  # lines split by a key: activity, percent
    "salaires": {"accession_libre": 25, "locatif": 40, "prestations": 10},
    "charges_sociales": {"accession_libre": 25, "locatif": 40, "prestations": 10},
    "honoraires": {"accession_libre": 50, "locatif": 30},
    "publicite": {"accession_libre": 80},
}
TYPED = {
    "VS.resultat.sieg": "318264.75",
    "HB.garanties_donnees.n": "120000",
    "HB.garanties_collectivites.n": "21500000",
    "HB.garanties_cglls.n": "1840000",
    "HB.depots_notaire.n": "24300",
    "PI.couts_internes.stocks": "318264.35",
    "PI.frais_financiers.stocks": "96284.15",
    "EF.cadres.etp": "5.2",
    "EF.maitrise.etp": "6.8",
    "EF.employes.etp": "9.4",
    "EF.immeubles.etp": "7",
}
# Lists by account: prefix, kind.
TRANSFERS = {"791": "exploitation", "7963": "compensateurs", "7968": "financier", "797": "exceptionnel"}
CHARGES = {"671": "charge", "672": "charge", "678": "charge"}
PRODUCTS = {"771": "produit", "772": "produit", "778": "produit"}
WORKS = {"2312": "locatif", "2313": "locatif", "2314": "locatif", "2318": "autre"}
# Operation of accession, homes, line of the assets that holds its cost.
STOCKS = (
    ("Les Rives, terrains à aménager", "24", "terrains_a_amenager"),
    ("Les Rives, logements en cours", "64", "immeubles_en_cours"),
    ("Le Belvédère, logements achevés", "5", "immeubles_acheves"),
    ("Le Parc, location-accession", "20", "immeubles_temporairement_loues"),
)
# Operation, year entered in the plan, of the previous works, of the next ones, cost. The last one takes the rest.
PROGRAMME = (
    ("Les Tilleuls, ravalement", 2019, 2012, 2026, 280000),
    ("Les Tilleuls, parties communes", 2021, 2019, 2027, 96000),
    ("Le Lac, étanchéité", 2015, 2009, 2025, 412000),
)


def annexes(demo: Any, report: Report, ruleset: Ruleset) -> tuple[dict[str, str], dict[str, list[dict[str, str]]]]:
    """Return typed cells and list rows by code, amounts with a decimal comma; `report` is that of the balance."""
    cells = TYPED | {code: str(amount) for code, amount in movements(demo, ruleset).items()}
    cells |= {code: str(amount) for code, amount in [*due_dates(report, ruleset), *activities(report, ruleset)] if amount}
    rows = {code: [[*map(french, row)] for row in rows] for code, rows in lists(demo, report).items()}
    columns = {code: ruleset.tables[code].columns for code in rows}
    named = {
        code: [dict(zip((c for c in columns[code] if not formula(ruleset, code, c)), row, strict=True)) for row in found]
        for code, found in rows.items()
    }
    return {code: french(value) for code, value in cells.items()}, named


def formula(ruleset: Ruleset, table: str, column: str) -> bool:
    return ruleset.cells[f"{table}.*.{column}"].formula is not None


def movements(demo: Any, ruleset: Ruleset) -> dict[str, Decimal]:
    """Tables IM and AM. An exit with no account 675 beside it had no effect on income: something was paid back."""
    found: dict[str, Decimal] = {}
    marks = {row.notes.mark: (code, name) for code in MOVEMENTS for name, row in ruleset.tables[code].rows.items()}
    for mark, columns in demo.movements.items():
        code, name = marks.get(mark, ("", ""))
        for column, amount in columns.items():
            if amount and column in MOVEMENTS.get(code, {}):
                found[f"{code}.{name}.{MOVEMENTS[code][column]}"] = amount
    for entry in demo.entries:
        if entry.kind == "S" and not any(number.startswith("675") for number, _ in entry.legs):
            for number, amount in entry.legs:
                if row := row_of(ruleset, "IM", number):
                    repaid = f"IM.{row}.remboursements"
                    found[repaid] = found.get(repaid, ZERO) - amount
    return found


def row_of(ruleset: Ruleset, table: str, number: str) -> str | None:
    """Return the row of a table whose closing reads an account, if any."""
    for name in ruleset.tables[table].rows:
        selection = ruleset.cells[f"{table}.{name}.cloture"].selection
        if selection and selection.takes(number):
            return name
    return None


def due_dates(report: Report, ruleset: Ruleset) -> Iterator[tuple[str, Decimal]]:
    """Tables ED and EC."""
    for name in entered(ruleset, "ED", "un_an"):
        gross = amount_of(report, f"ED.{name}.passif")
        year, five = (part(gross, share) for share in DUE.get(name, ("1", "1")))
        yield from ((f"ED.{name}.un_an", year), (f"ED.{name}.cinq_ans", five - year), (f"ED.{name}.plus_tard", gross - five))
    for name in entered(ruleset, "EC", "un_an"):
        gross = amount_of(report, f"EC.{name}.actif")
        year = part(gross, CLAIMS.get(name, "1"))
        yield from ((f"EC.{name}.un_an", year), (f"EC.{name}.plus_tard", gross - year))


def activities(report: Report, ruleset: Ruleset) -> Iterator[tuple[str, Decimal]]:
    """Tables VC and VP: a line goes to its activity, is split by a key, or stays in the structure."""
    owners = {name: activity for activity, names in ACTIVITIES.items() for name in names.split()}
    for code, statement in (("VC", "CC"), ("VP", "PR")):
        for name in entered(ruleset, code, "structure"):
            rest = amount_of(report, f"{statement}.{name}.n")
            for activity, percent in SHARED.get(name, {owners.get(name, "structure"): 100}).items():
                amount = part(amount_of(report, f"{statement}.{name}.n"), percent)
                rest -= amount
                yield f"{code}.{name}.{activity}", amount
            if rest:
                yield f"{code}.{name}.structure", rest


def lists(demo: Any, report: Report) -> dict[str, list[tuple[str, ...]]]:
    """Lists TC, XG, FP, OP and PGE: the entered columns, in the order of the tables."""
    closing = {account.number: account.closing for account in demo.accounts}

    def accounts(kinds: Mapping[str, str], sign: int) -> list[tuple[str, str, str]]:
        return [
            (f"{account.number} {account.label}", kind, str(sign * account.closing))
            for account in demo.accounts
            for prefix, kind in kinds.items()
            if account.number.startswith(prefix)
        ]

    works = [(label, kind, "12", "0", cost) for label, kind, cost in accounts(WORKS, 1)]
    stocks = [(label, "accession", homes, "0", str(amount_of(report, f"BA.{row}.brut"))) for label, homes, row in STOCKS]
    plan = [(label, str(entered), str(before), str(due), "non", str(cost)) for label, entered, before, due, cost in PROGRAMME]
    provided = sum(Decimal(cost) * (2024 - before) / (due - before) for _, _, before, due, cost in PROGRAMME)
    rest = amount_of(report, "PV.gros_entretien.cloture") - provided
    return {
        "TC": accounts(TRANSFERS, -1),
        "XG": accounts(CHARGES, 1) + accounts(PRODUCTS, -1),
        "FP": [
            ("SCI des Rives", "40", str(closing["261"]), str(closing["2675"]), str(-closing["2961"]), "-18264,35"),
            ("Société de coordination", "12.5", str(closing["266"]), "0", "0", "214386.27"),
        ],
        "OP": works + stocks,
        "PGE": [*plan, ("Le Parc, peintures", "2022", "2022", "2024", "non", str(rest))],
    }


def entered(ruleset: Ruleset, table: str, column: str) -> Iterator[str]:
    """Yield the rows of a table that are entered in a column."""
    for name in ruleset.tables[table].rows:
        if ruleset.cells[f"{table}.{name}.{column}"].formula is None:
            yield name


def amount_of(report: Report, cell: str) -> Decimal:
    value = report.cells[cell].value
    assert isinstance(value, Decimal), cell
    return value


def part(amount: Decimal, share: str | int) -> Decimal:
    """Return a share of an amount, to the cent; an integer is a percentage."""
    rate = Decimal(share) / 100 if isinstance(share, int) else Decimal(share)
    return (amount * rate).quantize(CENT)


def french(number: str) -> str:
    return number.replace(".", ",")
