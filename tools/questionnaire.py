"""Tables 1 to 13 of the questionnaire: what neither the balance nor the annexes tell.

A table is a function of the year that returns its cells by code, as in `cells.py`. Amounts in thousands of euros are
those of the entries, of `statements` and `facts`; only what no ledger holds (loans of origin, shares, names) is invented.
"""

from __future__ import annotations

from decimal import Decimal

from cells import Cells
from facts import aged_balance, operations, programmes, staff, stock, ventures
from ledger import ZERO, Year, cents, years_of
from statements import activities, movements

# Column of T11 for each activity of the ledger; what is left is structure.
ACTIVITIES = {
    "LO": "locatif",
    "AS": "accession",
    "AN": "accession",
    "AM": "accession",
    "GP": "preteur",
    "PS": "services",
}
ACTIVITIES |= {"AU": "autres"}
# Row of T11: its lines of the income statement.
LINES = {
    "chiffre_affaires": "PR01..PR15",
    "production": "PR17..PR22",
    "autres_produits": "PR23..PR25 PR29 PR30 PR32",
    "produits_financiers": "PR33..PR39 PR41 PR42",
    "produits_exceptionnels": "PR44..PR47 PR50",
    "reprises": "PR26..PR28 PR40 PR48 PR49",
    "achats": "CC01..CC11 CC14..CC23",
    "entretien_courant": "CC12",
    "gros_entretien": "CC13",
    "taxes_foncieres": "CC26",
    "impots": "CC25 CC27",
    "personnel": "CC29 CC30",
    "pertes": "CC41",
    "autres_charges": "CC42 CC44",
    "interets": "CC47..CC54",
    "charges_exceptionnelles": "CC56..CC58",
    "dotations": "CC32..CC39 CC45 CC46 CC59 CC60",
    "impot_participation": "CC62 CC63",
}
PROGRAMMES = {"vefa": "groupes", "psla": "psla", "brs": "brs", "terrains": "terrains", "revente": "revente"}


def k(amount: Decimal) -> Decimal:
    """Thousands of euros, exactly."""
    return amount / 1000


def t01(year: Year) -> Cells:
    def answer(holds: bool) -> str:
        return "oui" if holds else "non"

    sells = year.has("accession")
    return {
        "T01.siren.n": "000000000",
        "T01.forme.n": "scic",
        "T01.cloture.n": f"31/12/{year.year}",
        "T01.duree.n": 12,
        "T01.classe.n": year.cooperative.classe,
        "T01.sgahlm.n": answer(sells),
        "T01.ofs.n": answer(year.has("brs")),
        "T01.groupements.n": answer(bool(ventures(year))),
        "T01.preteur.n": answer(any(loan.nature == "prets" for loan in year.loans)),
        "T01.responsable_saisie.n": "Personne fictive",
        "T01.responsable_comptable.n": "Personne fictive",
        "T01.responsable_hierarchique.n": "Personne fictive",
    }


def t02(year: Year) -> Cells:
    if not year.has("locatif"):
        return {}
    homes, facts = year.homes, stock(year)
    return {
        "T02.copropriete.n": facts.copropriete,
        "T02.chantier.n": facts.en_chantier,
        "T02.ouverture.n": homes.opening,
        "T02.construits.n": homes.built,
        "T02.acquis.n": homes.moved_from_stock,
        "T02.vendus.n": homes.sold,
        "T02.demolis.n": homes.demolished,
        "T02.soumis_tfpb.n": facts.soumis_tfpb,
    }


def t03(year: Year) -> Cells:
    """A profit: 60 % to the reserves, a tenth to the shares; the rest, or a loss, is carried forward."""
    result = -year.balance("6 7")
    reserves, shares = (cents(max(result, ZERO) * Decimal(share)) for share in ("0.6", "0.1"))
    return {
        "T03.reserves.affectation": k(reserves),
        "T03.interets_parts.affectation": k(shares),
        "T03.report.affectation": k(result - reserves - shares),
    }


def t04(year: Year) -> Cells:
    """Settled operations were financed by loans for their cost, the grants and a fifth of own funds taken off."""
    found: Cells = {}
    to_receive = year.balance("4411")
    for stage, operation in operations(year).items():
        settled = operation.cout_comptabilise * Decimal("0.8") - operation.subventions_notifiees
        lent = cents(settled) if stage in "AB" else operation.emprunts_mobilises
        planned = lent if stage == "A" else max(lent, min(operation.emprunts_prevus, operation.cout_prevu))
        late = min(to_receive, operation.subventions_notifiees) if stage == "C" else ZERO
        rows = {
            "cout_final": k(operation.cout_prevu),
            "cout_comptabilise": k(operation.cout_comptabilise),
            "subventions_prevues": k(operation.subventions_prevues),
            "subventions_notifiees": k(operation.subventions_notifiees),
            "subventions_recues": k(operation.subventions_notifiees - late),
            "emprunts_prevus": k(min(planned, operation.cout_prevu - operation.subventions_prevues)),
            "emprunts_encaisses": k(lent),
            "credits_relais": k(operation.relais),
            "logements": operation.logements,
        }
        found |= {f"T04.{row}.{stage.lower()}": value for row, value in rows.items() if value}
    return found


def t04i(year: Year) -> Cells:
    if not year.has("locatif"):
        return {}
    moves = movements(year)

    def acquired(lines: str) -> Decimal:
        return sum((moves.get(f"IM{line}", {}).get("ACQ", ZERO) for line in lines.split()), ZERO)

    works = acquired("16")
    components = cents(works * Decimal("0.08"))
    return {
        "T04I.neuf.n": k(works - components),
        "T04I.foncier.n": k(acquired("05 15")),
        "T04I.additions.n": k(acquired("07 08 09")),
        "T04I.composants.n": k(components),
    }


def t05(year: Year) -> Cells:
    return {"T05.batiments.emprunts": k(cents(year.balance("21315") * Decimal("0.7")))}


def t06(year: Year) -> Cells:
    """Early repayments refinanced this year; paid from own funds since the beginning, before it."""
    natures = sorted({loan.nature for loan in year.loans})
    found: Cells = {}
    for nature in natures:
        refinanced = sum((loan.anticipes_refinances for loan in year.loans if loan.nature == nature), ZERO)
        if refinanced:
            found[f"T06.{nature}.ra_refinances"] = k(refinanced)
    before = cents(Decimal(1264350) * year.cooperative.size.get("locatif", ZERO))
    for past in years_of(year.cooperative):
        if past.year < year.year:
            loans = (loan for loan in past.loans if loan.nature == "definitif")
            before += sum((loan.anticipes_non_refinances for loan in loans), ZERO)
    return found | {"T06.definitif.cumul_ouverture": k(before) if before else 0}


def t08(year: Year) -> Cells:
    """Lots from opening to closing: the first opening is what the later years need."""
    if not year.has("accession"):
        return {}
    years = years_of(year.cooperative)
    lots = {past.year: programmes(past) for past in years}
    cost = year.balance("601 6031 604 605 607 6037 608 7133 7135 72232")
    found: Cells = {}
    for kind, row in PROGRAMMES.items():
        if kind not in lots[year.year]:
            continue
        moves = {past: lots[past][kind].mis_en_chantier - lots[past][kind].actes for past in lots}
        unsold = {past: max(p[kind].en_cours - p[kind].reserves, 0) for past, p in lots.items()}
        needed = {past: p[kind].reserves + p[kind].invendus_acheves + unsold[past] for past, p in lots.items()}
        closing = {past: sum(move for y, move in moves.items() if y <= past) for past in lots}
        first = max(0, *(needed[past] - closing[past] for past in lots), *(-closing[past] for past in lots))
        programme = lots[year.year][kind]
        others = sum((p.cout_ventes for other, p in lots[year.year].items() if other != kind), ZERO)
        columns = {
            "ouverture": first + closing.get(year.year - 1, 0),
            "chantier": programme.mis_en_chantier,
            "actes": programme.actes,
            "reserves": programme.reserves,
            "invendus_acheves": programme.invendus_acheves,
            "invendus_en_cours": unsold[year.year],
            "emprunts": k(programme.credits_stocks),
            "versements": k(programme.verse_acquereurs),
            # The homes built in groups take what the land, the works and the stocks leave.
            "cout": k(cost - others if kind == "vefa" else programme.cout_ventes),
        }
        found |= {f"T08.{row}.{column}": value for column, value in columns.items() if value}
    psla = lots[year.year]["psla"]
    return found | {
        "T08P.en_location.n": stock(year).psla_loues,
        "T08P.levees.n": psla.actes,
        "T08P.annules.n": 1,
    }


def t09s(year: Year) -> Cells:
    if not year.has("accession"):
        return {}
    deeds = sum(programme.actes for programme in programmes(year).values())
    return {
        "T09S.operations_sga.n": round(deeds / 10),
        "T09S.montant_sga.n": k(cents(-year.balance("701") * Decimal("0.7"))),
    }


def t10(year: Year) -> Cells:
    if not any(loan.nature == "prets" for loan in year.loans):
        return {}
    lent = year.balance("2781 2782")
    return {"T10.prets.douteux": k(cents(lent * Decimal("0.03"))), "T10.tiers.encours": k(cents(lent / 2))}


def t11(year: Year) -> Cells:
    """By activity as the entries say; sales of rent-to-buy homes and the management of buildings have their own columns."""
    rows = {line: row for row, terms in LINES.items() for line in _spread(terms)}
    found: dict[tuple[str, str], Decimal] = {}
    for (line, activity), amount in activities(year).items():
        if line in rows and activity in ACTIVITIES:
            key = (rows[line], ACTIVITIES[activity])
            found[key] = found.get(key, ZERO) + amount
    for column, taken, accounts in (("psla", "accession", "70122 7047"), ("syndic", "services", "7065 70671")):
        amount = -year.balance(accounts)
        found["chiffre_affaires", column] = amount
        found["chiffre_affaires", taken] = found.get(("chiffre_affaires", taken), ZERO) - amount
    cells: Cells = {f"T11.{row}.{column}": k(amount) for (row, column), amount in found.items() if amount}
    return cells | {"T11R.methode.n": "prorata"}


def _spread(terms: str) -> list[str]:
    found = []
    for term in terms.split():
        first, _, last = term.partition("..")
        found += [f"{first[:2]}{number:02d}" for number in range(int(first[2:]), int((last or first)[2:]) + 1)]
    return found


def t12(year: Year) -> Cells:
    if not year.has("locatif"):
        return {}
    recent, _ = aged_balance(year)["moins_3_mois"]
    return {
        "T12.terme_non_echu.n": cents(recent * Decimal("0.6")),
        "T12.abattements_tfpb.n": cents(year.balance("63512") * Decimal("0.11")),
        "T12.degrevements_tfpb.n": -year.balance("7717"),
    }


def t13(year: Year) -> Cells:
    due = staff(year).cglls_hors_lissage
    found: Cells = {"T13.tresorerie_affectee.n": k(cents(year.balance("5121") * Decimal("0.1")))}
    if due:
        found |= {"T13.cglls_hors_lissage.n": due, "T13.lissage_rls.n": year.balance("6283") - due}
    return found


TABLES = (t01, t02, t03, t04, t04i, t05, t06, t08, t09s, t10, t11, t12, t13)


def cells(year: Year) -> Cells:
    """Return the typed cells of tables 1 to 13 by code."""
    found: Cells = {}
    for table in TABLES:
        found |= table(year)
    return found


def lists(year: Year) -> dict[str, list[Cells]]:
    """Return the rows of the ventures (T09), none where there is no accession."""
    rows: list[Cells] = [
        {
            "nom": venture.nom,
            "part": venture.part,
            "capital": k(venture.capital),
            "compte_courant": k(venture.compte_courant),
            "resultat": k(venture.quote_part),
        }
        for venture in ventures(year)
    ]
    return {"T09": rows} if rows else {}
