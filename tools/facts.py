"""Facts of a year that the statements do not show: tenants, homes, operations, programmes, ventures, staff.

Whatever the entries already tell is derived from them; only shares, prices and counts that no ledger holds are written
here. Amounts are in euros. `cells` turns all this into the cells of the questionnaire.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger import HOME_COST, ZERO, Year, cents

# Share of each line in the charges recovered from the tenants.
_RECOVERY = "CC08 .472 CC09 .18 CC12 .0263 CC14 .1141 CC25 .0036 CC26 .1182 CC27 .002 CC29 .0602 CC30 .0236"
RECOVERY = dict(zip(_RECOVERY.split()[::2], map(Decimal, _RECOVERY.split()[1::2]), strict=True))


def tenants(year: Year) -> Decimal:
    """Tenants' debts: 411 and 416 without the other doubtful clients."""
    return year.balance("411 4161")


def aged_balance(year: Year) -> dict[str, tuple[Decimal, Decimal]]:
    """Tenants' debts by age: row of LC -> debt, write-down. Over one year or departed, fully written down."""
    if not year.has("locatif"):
        return {}
    doubtful, rents = year.balance("4161"), year.balance("4111")
    debts = {
        "mois_3_a_6": cents(rents * year.vary("3 à 6 mois", "0.16")),
        "mois_6_a_12": cents(doubtful * year.vary("6 à 12 mois", "0.13")),
        "plus_un_an": cents(doubtful * year.vary("plus d'un an", "0.27")),
        "partis": cents(doubtful * year.vary("partis", "0.54")),
    }
    debts = {"moins_3_mois": tenants(year) - sum(debts.values(), ZERO)} | debts
    rates = zip(debts.items(), ("0.01", "0.08", "0.25", "1", "1"), strict=True)
    return {row: (debt, cents(debt * Decimal(rate))) for (row, debt), rate in rates}


@dataclass(frozen=True)
class Stock:
    """Rental stock on 31 December (T02) and its occupation."""

    familiaux: int
    foyers: int
    equivalents: int
    geres_tiers: int
    psla_loues: int
    copropriete: int
    soumis_tfpb: int
    en_chantier: int
    vacants: int
    vacants_plus_3_mois: int
    emmenagements: int
    perte_vacance: Decimal
    charges_vacants: Decimal


def stock(year: Year) -> Stock:
    owned = Decimal(year.homes.closing)
    rents = -year.balance("7041 7042 7043")
    size = year.cooperative.size
    vacant = round(owned * year.vary("vacants", "0.022"))
    return Stock(
        familiaux=year.homes.closing,
        foyers=round(86 * size.get("locatif", ZERO)),
        equivalents=round(29 * size.get("locatif", ZERO)),
        geres_tiers=round(147 * size["commun"]) if year.has("locatif") else 0,
        psla_loues=round(year.balance("3581") / LOT_COST["psla"]),
        copropriete=round(owned * Decimal("0.07")),
        soumis_tfpb=round(owned * Decimal("0.9")),
        en_chantier=round(year.balance("2312 2313 2314") * Decimal("1.72") / HOME_COST),
        vacants=vacant,
        vacants_plus_3_mois=round(vacant * Decimal("0.4")),
        emmenagements=round(owned * year.vary("emmenagements", "0.098")),
        perte_vacance=cents(rents * year.vary("vacance", "0.0181")),
        charges_vacants=cents(rents * year.vary("charges des vacants", "0.0036")),
    )


@dataclass(frozen=True)
class Operation:
    """Rental operations at one stage (T04)."""

    logements: int
    cout_prevu: Decimal
    cout_comptabilise: Decimal
    subventions_prevues: Decimal
    subventions_notifiees: Decimal
    emprunts_prevus: Decimal
    emprunts_mobilises: Decimal
    relais: Decimal


# Stage -> cost at the end over cost booked, share of the grants, share of the definitive debt, share already drawn,
# share of the bridge loans: A settled, B completed not settled, C in progress, D preliminary and land.
STAGES = {
    "B": ("1.03", "0.05", "0.07", "0.95", "0"),
    "C": ("1.72", "0.06", "0.05", "0.45", "1"),
    "D": ("4.1", "0", "0", "1", "0"),
    "A": ("1", "*", "*", "1", "0"),
}


def operations(year: Year) -> dict[str, Operation]:
    """Operations by stage; they add up to the assets (21 of rental homes, 2312 to 2314), to 131, to the rental loans."""
    if not year.has("locatif"):
        return {}
    built = sum((max(amount, ZERO) for amount in year.legs("Mises en service", "21")), ZERO)
    # Homes sold, demolished or replaced have left 21: what is in service is settled, but for what was built this year.
    service = year.balance("2112 2115 212 213 214") - year.balance("21315 2135 21415 2145")
    booked = {"A": service - built, "B": built, "C": year.balance("2312 2313 2314"), "D": year.balance("2111")}
    homes = {"A": year.homes.closing - year.homes.built, "B": year.homes.built, "C": stock(year).en_chantier, "D": 12}
    grants = -year.balance("131")
    debt = sum((loan.cloture for loan in year.loans if loan.nature == "definitif"), ZERO)
    bridge = sum((loan.cloture for loan in year.loans if loan.nature == "relais"), ZERO)
    found: dict[str, Operation] = {}
    for stage, (over, of_grants, of_debt, drawn, of_bridge) in STAGES.items():
        cost = cents(booked[stage] * Decimal(over))
        notified = (
            cents(grants * Decimal(of_grants)) if of_grants != "*" else grants - _sum(found, "subventions_notifiees")
        )
        mobilised = cents(debt * Decimal(of_debt)) if of_debt != "*" else debt - _sum(found, "emprunts_mobilises")
        found[stage] = Operation(
            logements=homes[stage],
            cout_prevu=cost,
            cout_comptabilise=booked[stage],
            subventions_prevues=max(notified, cents(cost * Decimal("0.09"))) if stage in "CD" else notified,
            subventions_notifiees=notified,
            emprunts_prevus=cents(cost * Decimal("0.6")) if stage == "D" else cents(mobilised / Decimal(drawn)),
            emprunts_mobilises=mobilised,
            relais=cents(bridge * Decimal(of_bridge)),
        )
    return dict(sorted(found.items()))


def _sum(found: dict[str, Operation], field: str) -> Decimal:
    return sum((getattr(operation, field) for operation in found.values()), ZERO)


# Mean cost of a lot, by kind of programme: it turns the entries into numbers of lots. A lot sells 1.2 times its cost.
LOT_COST = {
    kind: Decimal(cost)
    for kind, cost in (("vefa", 176000), ("psla", 171000), ("brs", 143000), ("terrains", 62000), ("revente", 128000))
}
# Accounts of each kind of programme: sales, stock in progress, completed stock, write-downs, paid by the buyers.
# PSLA and BRS lots are built in the same works as the VEFA ones, in 332 and 352.
PROGRAMMES = {
    "vefa": ("70121", "332 339", "352 3588 359", "393 3952", "4872"),
    "psla": ("70122", "", "3581", "3958", "1654 1658"),
    "brs": ("70123", "", "", "", ""),
    "terrains": ("7011", "31 331", "351", "391", ""),
    "revente": ("7013 7017", "333 37", "353", "397", ""),
}


@dataclass(frozen=True)
class Programme:
    """Accession programmes of one kind (T08): lots of the year, then euros."""

    mis_en_chantier: int
    actes: int
    reserves: int
    invendus_acheves: int
    en_cours: int
    cout_stock: Decimal
    depreciation: Decimal
    credits_stocks: Decimal
    verse_acquereurs: Decimal
    chiffre_affaires: Decimal
    cout_ventes: Decimal


def programmes(year: Year) -> dict[str, Programme]:
    """Programmes by kind; their amounts add up to 31, 33, 35, 37; 39; 701; stock loans; 4872, 1654, 1658; cost of sales."""
    if not year.has("accession"):
        return {}
    bank = sum((loan.cloture for loan in year.loans if loan.nature == "stocks"), ZERO)
    titles = ("Coût des lots vendus", "Sorties partielles", "Résolution, sortie")
    costs = sum((amount for title in titles for amount in year.legs(title, "7135 7133 6037")), ZERO)
    found: dict[str, Programme] = {}
    kinds = [kind for kind in PROGRAMMES if kind != "brs" or year.has("brs")]
    left = costs
    for kind in reversed(kinds):  # VEFA last: it takes what the rounding of the others leaves
        sales, begun, completed, written_down, paid = PROGRAMMES[kind]
        turnover, cost = -year.balance(sales), LOT_COST[kind]
        deeds = round(turnover / cost / Decimal("1.2"))
        cost_of_sales = left if kind == "vefa" else cents(costs * turnover / -year.balance("701"))
        left -= cost_of_sales
        found[kind] = Programme(
            mis_en_chantier=round(deeds * year.vary(f"{kind} mis en chantier", "1.05", "0.2")),
            actes=deeds,
            reserves=round(deeds * year.vary(f"{kind} réservés", "0.62", "0.2")),
            invendus_acheves=0 if kind == "psla" else round(year.balance(completed) / cost),
            en_cours=round(year.balance(begun) / cost / Decimal("0.55")),
            cout_stock=year.balance(f"{begun} {completed}"),
            depreciation=-year.balance(written_down),
            credits_stocks=bank if kind == "vefa" else ZERO,
            verse_acquereurs=-year.balance(paid),
            chiffre_affaires=turnover,
            cout_ventes=cost_of_sales,
        )
    return {kind: found[kind] for kind in kinds}


@dataclass(frozen=True)
class Venture:
    """Share in a company of construction and sale, or another (T09)."""

    nom: str
    part: Decimal
    """Share held, in per cent."""
    capital: Decimal
    compte_courant: Decimal
    quote_part: Decimal
    """Share of its result: 755 less 655, and 7612."""


def ventures(year: Year) -> tuple[Venture, ...]:
    """Ventures; together they hold 261 and 266, 454, and the shares of results of the year."""
    if not year.has("accession"):
        return ()
    totals = (year.balance("261 266"), year.balance("454"), -year.balance("755 655 7612"))
    shares = [(cents(total * Decimal("0.62")), total) for total in totals]
    names = (("SCCV Les Tilleuls", Decimal(60)), ("SCCV Quai Nord", Decimal(35)))
    amounts = ([first for first, _ in shares], [total - first for first, total in shares])
    return tuple(Venture(name, part, *row) for (name, part), row in zip(names, amounts, strict=True))


@dataclass(frozen=True)
class Staff:
    """Means of the structure (T13)."""

    effectif: Decimal
    """Mean headcount, in full-time equivalents."""
    cglls_hors_lissage: Decimal


def staff(year: Year) -> Staff:
    return Staff(
        effectif=(year.balance("641 648") / 34000).quantize(Decimal("0.1")),
        cglls_hors_lissage=cents(year.balance("6283") * Decimal("1.04")),
    )
