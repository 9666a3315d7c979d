"""Keep the books of the demonstration cooperatives: balanced entries, year after year.

A cooperative is a choice of themes and their size. Its accounts (``comptes.txt``), events (``journal.txt``) and loans
(``emprunts.txt``) are those of the folder ``demonstration`` that belong to its themes. Each year opens on the closing of
the year before, classes 6 and 7 being closed to account 12. Exact decimals; what varies is derived from names and years.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from zlib import crc32

ZERO, CENT = Decimal("0.00"), Decimal("0.01")
YEARS = (2021, 2022, 2023)
# The level of prices and activity, 2023 being written in the files.
LEVEL = {2021: Decimal("0.954"), 2022: Decimal("0.976"), 2023: Decimal(1)}
# Mean cost of a home built, mean price of a home sold: they turn the entries into numbers of homes.
HOME_COST, HOME_PRICE = Decimal(148000), Decimal(153000)
FILES = Path(__file__).parent / "demonstration"

Lines = Mapping[str, Decimal]


@dataclass(frozen=True, eq=False)
class Cooperative:
    """A demonstration cooperative; ``size`` of each theme it has, 1 being the amounts of the files."""

    code: str
    name: str
    classe: str
    size: Mapping[str, Decimal]
    homes: int = 0
    """Family homes owned on 1 January 2021."""
    sieg: Decimal = ZERO
    """Share of the result booked in the SIEG's account, 12011."""


def cooperative(code: str, name: str, classe: str, homes: int, sieg: str, **size: str) -> Cooperative:
    sizes = {theme: Decimal(value) for theme, value in size.items()}
    return Cooperative(code, f"Coopérative {name} de démonstration (fictive)", classe, sizes, homes, Decimal(sieg))


COOPERATIVES = (
    cooperative("mixte", "mixte", "mixte", 1142, "0.58", commun="1", locatif="1", accession="1", brs="1"),
    cooperative("accession", "d'accession", "accession_seule", 0, "0", commun="0.47", accession="1.3"),
    cooperative("locative", "locative", "locative_seule", 1486, "0.86", commun="0.72", locatif="1.3"),
)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the balance; ``opening`` and ``closing`` are signed, debit first."""

    number: str
    label: str
    opening: Decimal
    debit: Decimal
    credit: Decimal

    @property
    def closing(self) -> Decimal:
        return self.opening + self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced journal entry; legs are signed, debit first."""

    kind: str
    """What it does to fixed assets: A acquisition, V transfer from line to line, S exit, ``-`` nothing."""
    title: str
    activity: str
    """Activity of its charges and products, a column of VC and VP."""
    legs: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan in one year, as a row of the statement of loans."""

    contrat: str
    nature: str
    compte: str
    taux: Decimal
    ouverture: Decimal
    tirages: Decimal
    interets_capitalises: Decimal
    remboursements_contractuels: Decimal
    anticipes_refinances: Decimal
    anticipes_non_refinances: Decimal
    reamenagements: Decimal
    cloture: Decimal
    interets: Decimal
    icne_ouverture: Decimal
    icne: Decimal
    compensateurs_ouverture: Decimal
    compensateurs_courus: Decimal
    compensateurs_payes: Decimal
    moins_un_an: Decimal
    un_a_cinq_ans: Decimal
    plus_cinq_ans: Decimal

    @property
    def remboursements_anticipes(self) -> Decimal:
        return self.anticipes_refinances + self.anticipes_non_refinances

    @property
    def compensateurs(self) -> Decimal:
        return self.compensateurs_ouverture + self.compensateurs_courus - self.compensateurs_payes


@dataclass(frozen=True)
class Homes:
    """Family homes owned: the opening and what the entries of the year make of it."""

    opening: int
    built: int
    moved_from_stock: int
    sold: int
    demolished: int

    @property
    def closing(self) -> int:
        return self.opening + self.built + self.moved_from_stock - self.sold - self.demolished


@dataclass(frozen=True, eq=False)
class Year:
    """The books of a cooperative for one year, before the entries that close classes 6 and 7."""

    cooperative: Cooperative
    year: int
    accounts: tuple[Account, ...]
    entries: tuple[Entry, ...]
    loans: tuple[Loan, ...]
    homes_opening: int

    def has(self, theme: str) -> bool:
        return theme in self.cooperative.size

    def balance(self, prefixes: str, stage: str = "closing") -> Decimal:
        """Sum of the accounts of the prefixes: their closing, opening, debit or credit."""
        wanted = tuple(prefixes.split())  # no prefix, no account
        return sum((getattr(a, stage) for a in self.accounts if a.number.startswith(wanted)), ZERO)

    def legs(self, title: str, prefixes: str = "") -> list[Decimal]:
        """Return the amounts on accounts of the prefixes, in the entries whose title starts so."""
        wanted = tuple(prefixes.split())
        entries = (entry for entry in self.entries if entry.title.startswith(title))
        return [amount for entry in entries for number, amount in entry.legs if number.startswith(wanted)]

    @property
    def homes(self) -> Homes:
        built = sum((max(amount, ZERO) for amount in self.legs("Mises en service", "21")), ZERO)
        return Homes(
            opening=self.homes_opening,
            built=round(built / HOME_COST),
            moved_from_stock=len(self.legs("Logement invendu immobilisé", "21311")),
            sold=round(-self.balance("7752") / HOME_PRICE),
            demolished=6 * len(self.legs("Démolition", "21311")),
        )

    def vary(self, name: str, value: str, spread: str = "0.06") -> Decimal:
        """Return ``value`` moved up or down by at most ``spread`` of itself, always alike for a name and a year."""
        return Decimal(value) * (1 + Decimal(spread) * drift(f"{self.cooperative.code} {name} {self.year}"))


def drift(key: str) -> Decimal:
    """Return a number between -1 and 1 that depends on the key alone."""
    return Decimal(crc32(key.encode()) % 2001 - 1000) / 1000


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


# --- the files -----------------------------------------------------------------------------------


@cache
def _lines(name: str) -> list[str]:
    text = (FILES / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def chart() -> dict[str, tuple[str, str, str]]:
    """Account -> label, theme and opening balance of 2021."""
    found: dict[str, tuple[str, str, str]] = {}
    theme = ""
    for line in _lines("comptes.txt"):
        if line.startswith("=="):
            theme = line[3:]
            continue
        for item in line.split(" | "):
            head, _, opening = item.partition(" @")
            number, label = head.split(" ", 1)
            assert number not in found, f"account {number} given twice"
            found[number] = label, theme, opening
    return found


@dataclass(frozen=True)
class Event:
    """One line of the journal; ``words`` are (account, amount as written)."""

    kind: str
    title: str
    years: tuple[int, ...]
    themes: tuple[str, ...]
    activity: str
    words: tuple[tuple[str, str], ...]


@cache
def journal() -> tuple[Event, ...]:
    found: list[Event] = []
    themes: tuple[str, ...] = ()
    activity = ""
    for line in _lines("journal.txt"):
        head, _, rest = line.partition(" : ")
        if head.startswith("=="):
            *words, activity = rest.split()
            themes = tuple(words)
            continue
        match = re.fullmatch(r"(.) (?:\[([\d ]+)\] )?(.+)", head)
        assert match, line
        years = tuple(map(int, match[2].split())) if match[2] else YEARS
        legs = tuple((account, word) for account, word in map(str.split, rest.split(", ")))
        found.append(Event(match[1], match[3], years, themes, activity, legs))
    return tuple(found)


# --- loans ---------------------------------------------------------------------------------------

NATURES = {  # nature -> theme, interest account, bank, activity
    "definitif": ("locatif", "661122", "5121", "LO"),
    "relais": ("locatif", "661121", "5121", "LO"),
    "stocks": ("accession", "66114", "5122", "AS"),
    "prets": ("accession", "66115", "5121", "GP"),
    "structure": ("commun", "66118", "5121", "ST"),
}


def schedule(profile: str, length: int, rate: Decimal, capital: Decimal) -> list[Decimal]:
    """Return the capital due at each of the terms left."""
    if profile == "rotatif":
        first = cents(capital * length / 100)
        return [first, capital - first]
    if profile == "fine":
        return [ZERO] * (length - 1) + [capital]
    terms: list[Decimal] = []
    left = capital
    for n in range(length, 0, -1):
        due = left * rate / ((1 + rate) ** n - 1) if profile == "annuite" and rate else left / n
        terms.append(left if n == 1 else cents(due))
        left -= terms[-1]
    return terms


def loans_of(coop: Cooperative, year: int, before: Sequence[Loan]) -> tuple[Loan, ...]:
    """Return the loans in a year: those of the year before, one term later."""
    previous = {loan.contrat: loan for loan in before}
    found: list[Loan] = []
    for line in _lines("emprunts.txt"):
        contrat, nature, compte, capital, percent, profile, deferred, *moves = line.split()
        theme = NATURES[nature][0]
        if theme not in coop.size:
            continue
        size, rate = coop.size[theme], Decimal(percent) / 100
        kind, _, number = profile.partition("/")
        length = int(number) - (0 if kind == "rotatif" else year - YEARS[0])
        month = crc32(contrat.encode()) % 10 + 1  # months run since the term of the year
        amounts = dict.fromkeys(("ti", "ka", "ra", "rx", "rv"), ZERO)
        for move in moves:
            when, what, amount = re.split("[:=]", move)
            if int(when) == year:
                amounts[what] += cents(Decimal(amount) * size)
        last = previous.get(contrat)
        opening = last.cloture if last else cents(Decimal(capital) * size)
        accrued = last.icne if last else cents(opening * rate * month / 12)
        words = ("0", "0", "0") if deferred == "-" else deferred.split("/")
        start, run, paid = (cents(Decimal(word) * size * LEVEL[year]) for word in words)
        due = schedule(kind, length, rate, opening)[0]
        early = amounts["ra"] + amounts["rx"]
        closing = opening + amounts["ti"] + amounts["ka"] - due - early + amounts["rv"]
        left = schedule(kind, length if kind == "rotatif" else length - 1, rate, closing)
        accrued_now = cents(closing * rate * month / 12)
        found.append(
            Loan(
                contrat=contrat,
                nature=nature,
                compte=compte,
                taux=rate,
                ouverture=opening,
                tirages=amounts["ti"],
                interets_capitalises=amounts["ka"],
                remboursements_contractuels=due,
                anticipes_refinances=amounts["rx"],
                anticipes_non_refinances=amounts["ra"],
                reamenagements=amounts["rv"],
                cloture=closing,
                interets=cents(opening * rate) + accrued_now - accrued,
                icne_ouverture=accrued,
                icne=accrued_now,
                compensateurs_ouverture=last.compensateurs if last else start,
                compensateurs_courus=run,
                compensateurs_payes=paid,
                moins_un_an=left[0],
                un_a_cinq_ans=sum(left[1:5], ZERO),
                plus_cinq_ans=sum(left[5:], ZERO),
            )
        )
    return tuple(found)


def accrued_account(contrat: str) -> str:
    """Return the account of a loan's accrued interest: 16882 where some of it is capitalised."""
    (line,) = (line for line in _lines("emprunts.txt") if line.startswith(contrat + " "))
    return "16882" if ":ka=" in line else "16881"


def loan_entries(loans: Iterable[Loan]) -> list[Entry]:
    """Return the entries of the loans: capital, interest, accrued and deferred compensating interest."""
    entries: list[Entry] = []
    loans = tuple(loans)

    def post(title: str, activity: str, *legs: tuple[str, Decimal]) -> None:
        if kept := tuple(leg for leg in legs if leg[1]):
            entries.append(Entry("-", title, activity, kept))

    post("Réaménagements", "LO", *((loan.compte, -loan.reamenagements) for loan in loans))
    for loan in loans:
        _, charge, bank, activity = NATURES[loan.nature]
        name, account, accrued_on = loan.contrat, loan.compte, accrued_account(loan.contrat)
        repaid = loan.remboursements_contractuels + loan.remboursements_anticipes
        capitalised, accrued = loan.interets_capitalises, loan.icne_ouverture - loan.icne - loan.interets_capitalises
        run, paid = loan.compensateurs_courus, loan.compensateurs_payes
        post(f"{name} tirage", activity, (bank, loan.tirages), (account, -loan.tirages))
        post(f"{name} intérêts capitalisés", activity, (accrued_on, capitalised), (account, -capitalised))
        post(f"{name} remboursements", activity, (account, repaid), (bank, -repaid))
        interest = ((charge, loan.interets), (accrued_on, accrued), (bank, -loan.interets - accrued))
        post(f"{name} intérêts", activity, *interest)
        deferred = (("661123", run), ("16883", -run), ("4813", run), ("7963", -run))
        post(f"{name} compensateurs différés", activity, *deferred)
        settled = (("16883", paid), (bank, -paid), ("6863", paid), ("4813", -paid))
        post(f"{name} compensateurs payés", activity, *settled)
    return entries


# --- posting -------------------------------------------------------------------------------------


class Books:
    """The balances of a year while its events are posted."""

    def __init__(self, coop: Cooperative, year: int, opening: Mapping[str, Decimal]) -> None:
        self.coop, self.year, self.opening = coop, year, opening
        self.balances = defaultdict(lambda: ZERO, opening)
        self.entries: list[Entry] = []

    def post(self, entry: Entry) -> None:
        assert sum((amount for _, amount in entry.legs), ZERO) == 0, f"{entry.title} is not balanced"
        self.entries.append(entry)
        for number, amount in entry.legs:
            self.balances[number] += amount

    def play(self, event: Event) -> None:
        """Post an event, without the legs on accounts of themes the cooperative has not."""
        if self.year not in event.years or not self.coop.size.keys() >= set(event.themes):
            return
        legs = [(number, word) for number, word in event.words if chart()[number][1] in self.coop.size]
        known = [(number, self.amount(event, number, word)) for number, word in legs if word != "*"]
        rest = -sum((amount for _, amount in known), ZERO)
        starred = [(number, rest) for number, word in legs if word == "*"]
        if kept := tuple(leg for leg in [*known, *starred] if leg[1]):
            self.post(Entry(event.kind, event.title, event.activity, kept))

    def amount(self, event: Event, number: str, word: str) -> Decimal:
        """Return what a leg's written amount is worth now."""
        key = f"{self.coop.code} {event.title} {self.year}"
        if word[0] == "<":
            above = tuple(word[1:].split("+"))
            return -sum((amount for account, amount in self.entries[-1].legs if account.startswith(above)), ZERO)
        if match := re.fullmatch(r"(=?)(-?)([\d.]+)%([\d+]*)", word):
            share = Decimal(match[3]) / 100
            share += max(min(share, 1 - share), ZERO) * drift(key) / 12
            base = tuple((match[4] or number).split("+"))
            found = -share * sum((b for account, b in self.balances.items() if account.startswith(base)), ZERO)
            return cents(-found if match[2] else found) - (self.balances[number] if match[1] else ZERO)
        theme = chart()[number][1]
        size = self.coop.size[event.themes[0] if theme == "commun" else theme]
        found = Decimal(word) * size * LEVEL[self.year] * (1 + drift(key) / 32)
        return cents(found) if "." in word else cents(found.quantize(Decimal(1), ROUND_HALF_UP))

    def close(self, loans: tuple[Loan, ...], homes: int) -> Year:
        moves: defaultdict[str, list[Decimal]] = defaultdict(list)
        for entry in self.entries:
            for number, amount in entry.legs:
                moves[number].append(amount)
        accounts = tuple(
            Account(
                number,
                chart()[number][0],
                self.opening.get(number, ZERO),
                sum((amount for amount in moves[number] if amount > 0), ZERO),
                -sum((amount for amount in moves[number] if amount < 0), ZERO),
            )
            for number in sorted(chart())
            if self.opening.get(number) or moves[number]
        )
        return Year(self.coop, self.year, accounts, tuple(self.entries), loans, homes)


def first_opening(coop: Cooperative, loans: Iterable[Loan]) -> dict[str, Decimal]:
    """Return the opening balance of 2021."""
    opening: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for number, (_, theme, amount) in chart().items():
        if amount and amount != "*" and theme in coop.size:
            opening[number] += cents(Decimal(amount) * coop.size[theme])
    for loan in loans:
        opening[loan.compte] -= loan.ouverture
        opening[accrued_account(loan.contrat)] -= loan.icne_ouverture
        opening["16883"] -= loan.compensateurs_ouverture
        opening["4813"] += loan.compensateurs_ouverture
    (balancing,) = (number for number, (_, _, amount) in chart().items() if amount == "*")
    opening[balancing] -= sum(opening.values(), ZERO)
    return {number: amount for number, amount in opening.items() if amount}


def next_opening(year: Year) -> dict[str, Decimal]:
    """Return the opening of the year after: classes 6 and 7 closed to 12, SIEG and others."""
    opening = {a.number: a.closing for a in year.accounts if a.number[0] < "6" and a.closing}
    result = year.balance("6 7")
    assert result < 0, f"{year.cooperative.code} {year.year} makes a loss: the journal appropriates profits only"
    sieg = cents(result * year.cooperative.sieg)
    return opening | {number: amount for number, amount in (("12010", result - sieg), ("12011", sieg)) if amount}


@cache
def years_of(coop: Cooperative) -> tuple[Year, ...]:
    """Return the books of the three years of a cooperative."""
    found: list[Year] = []
    for number in YEARS:
        last = found[-1] if found else None
        loans = loans_of(coop, number, last.loans if last else ())
        books = Books(coop, number, next_opening(last) if last else first_opening(coop, loans))
        for entry in loan_entries(loans):
            books.post(entry)
        for event in journal():
            books.play(event)
        found.append(books.close(loans, last.homes.closing if last else coop.homes))
    return tuple(found)
