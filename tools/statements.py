"""Draw up the statements of a year, independently of the ruleset, and assert their identities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from itertools import pairwise

from facts import RECOVERY, aged_balance, tenants
from ledger import ZERO, Lines, Year, cents

# Statement lines by account prefix, the longest prefix wins: "line prefixes / depreciation prefixes";
# "debit:credit" names the two lines of a two-sided account.
LINES = """
BA00 109; BA01 201 / 2801; BA02 2082 2083 2084 2085 / 28082 28083 28084 28085 29082 29083; BA05 2111 / 29111
BA03 203 205 206 207 208 232 237 / 2803 2805 2807 2808 290 2932; BA06 211 / 2911; BA07 212 / 2812 2912
BA08 213 / 2813 2913; BA09 214 / 2814 2914; BA11 215 / 2815 2915; BA12 218 / 2818 2918; BA13 221 222 223 / 282 292
BA10 21315 2135 21415 2145 / 281315 28135 281415 28145 291315 29135 291415 29145; BA15 2312 / 29312; BA17 238
BA16 231 235 / 2931; BA19 261 266 2675 2676 / 2961 2966 29675 29676; BA20 267 268 / 2967 2968; BA21 272 / 2972
BA22 2741 / 29741; BA23 278 / 2978; BA24 271 273 274 275 276 277 / 2971 2973 2974 2975 2976; BA25 2678 2688 2768 2788
BA28 31 / 391; BA29 33 / 393; BA30 35 / 395; BA31 358 / 3958; BA32 37 / 397; BA33 32 / 392; BA35 409; BA36 411; BA37 412
BA38 413 414; BA39 415; BA40 416 / 491; BA41 418; BA42:BP45 42 43 44; BA43:BP45 441; BA45:BP48 454; BA46:BP49 45 / 495
BA47:BP50 461; BA48:BP51 46 47 / 496; BA50 50 / 59; BA51:BP38 51 52 53 54 58; BA52 486; BA54 4813; BA55 481; BA56 169
BA57 476; BP01 101; BP02 102 103; BP03 104; BP04 105; BP05 1061; BP06 1062 1063 1064; BP07 10685; BP08 1067 1068
BP10 11; BP11 12; BP13 131 138; BP14 139; BP16 14; BP18 1671; BP19 151 152; BP20 1572; BP21 153 154 155 156 157 158
BP23 162; BP24 161 163; BP25 1641; BP26 1642; BP27 1647; BP28 164; BP29 1651; BP30 1654; BP31 165; BP32 166; BP33 1675
BP34 1676; BP35 167 168 17 18; BP36 1688 1788; BP37 16883; BP40 229; BP41 4191 4195; BP42 419; BP43 40; BP44 402 4082
BP46 404 405 4084; BP47 269 279 509; BP53 4871; BP54 4872; BP55 487; BP58 477; CC01 601; CC02 602; CC03 607; CC04 6031
CC05 6032; CC06 6037; CC07 604 605 608; CC08 606 609; CC09 611; CC10 6122 6125; CC11 6127; CC12 6151; CC13 6152
CC14 615; CC15 616; CC16 61; CC17 621; CC18 622; CC19 623; CC20 625; CC21 6283; CC22 6285; CC23 62; CC25 631 633
CC26 63512; CC27 635 637; CC29 641 648; CC30 645 647; CC32 681112 681122 681123 681124
CC33 6811 68112315 6811235 68112415 6811245; CC34 6812; CC35 6816; CC36 68173; CC37 68174; CC38 68157; CC39 6815
CC41 654; CC42 65; CC44 655; CC45 6863; CC46 686; CC47 661121; CC48 66112; CC49 661123; CC50 66114; CC51 66115; CC52 661
CC53 667; CC54 664 665 666 668; CC56 671 672; CC57 675; CC58 678; CC59 6872; CC60 687; CC62 691; CC63 69; PR01 7011
PR02 701; PR03 703; PR04 7041; PR05 7042; PR06 7043 70943; PR07 7046; PR08 7047; PR09 704; PR10 705
PR11 7062 7066 70672; PR12 7063; PR13 706; PR14 7086; PR15 708 709; PR17 7133; PR18 7135; PR19 7221; PR20 7222
PR21 72232; PR22 72; PR23 741 742; PR24 74; PR25 744; PR26 78157; PR27 78174; PR28 781; PR29 791; PR30 75; PR32 755
PR33 7612; PR34 761; PR35 76241 76242; PR36 762; PR37 763 764; PR38 765 766 768; PR39 767; PR40 786; PR41 7963; PR42 796
PR44 771 772; PR45 775; PR46 777; PR47 778; PR48 7872; PR49 787; PR50 797
"""


def line_index() -> dict[str, tuple[str, ...]]:
    """Prefix -> lines: ``("BA01",)``, ``("BA01.A",)`` or ``("BA42", "BP45")`` for a two-sided account."""
    index: dict[str, tuple[str, ...]] = {}
    for item in LINES.replace("\n", ";").split(";"):
        if words := item.split():
            code, suffix = words[0], ""
            for prefix in words[1:]:
                if prefix == "/":
                    suffix = ".A"
                    continue
                assert prefix not in index, f"prefix {prefix} given twice"
                index[prefix] = (code.split(":")[0] + suffix,) if suffix else tuple(code.split(":"))
    return index


INDEX = line_index()


@cache
def line_of(number: str, balance: Decimal) -> str:
    """The one statement line an account feeds, from its longest known prefix and, if two-sided, its side."""
    for size in range(len(number), 0, -1):
        if number[:size] in INDEX:
            lines = INDEX[number[:size]]
            return lines[-1 if balance < 0 else 0]
    raise AssertionError(f"account {number} reaches no line")


@cache
def statements(year: Year, stage: str = "closing") -> Lines:
    """Amounts of every line (BAnn net, BAnn.B gross, BAnn.A depreciation), the result being in BP11."""
    lines: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for account in year.accounts:
        amount = getattr(account, stage)
        line = line_of(account.number, amount)
        lines[line] += amount if line[:2] in ("BA", "CC") and not line.endswith(".A") else -amount
    for line in [line for line in lines if line.startswith("BA") and len(line) == 4]:
        lines[line + ".B"] = lines[line]
    for line in [line for line in lines if line.endswith(".A")]:
        lines[line[:4]] -= lines[line]
    lines["BP11"] += total(lines, "PR01..PR50 -CC01..CC63")
    return lines


def total(lines: Mapping[str, Decimal], terms: str) -> Decimal:
    """Sum of lines and of ranges of lines: ``"BA01..BA03.B -BP36"``; absent lines count for nothing."""
    result = ZERO
    for term in terms.split():
        sign, name = (-1, term[1:]) if term.startswith("-") else (1, term)
        first, _, last = name.partition("..")
        suffix = "." + (last or first).split(".")[1] if "." in (last or first) else ""
        low, high = int(first[2:4]), int((last or first)[2:4])
        result += sign * sum((lines.get(f"{first[:2]}{n:02d}{suffix}", ZERO) for n in range(low, high + 1)), ZERO)
    return result


def movement_row(
    number: str, kind: str, amount: Decimal, legs: Iterable[tuple[str, Decimal]]
) -> tuple[str, str] | None:
    """Table row and column a leg feeds: IM (gross fixed assets), AM (28), DP (29, 39, 49, 59), PV (14, 15)."""
    if number[0] == "2" and number[:2] not in ("28", "29") and number != "229":
        return "IM" + line_of(number, amount)[2:], {"A": "ACQ", "V": "VE" if amount > 0 else "VS", "S": "SOR"}[kind]
    if number[:2] == "28":
        return "AM" + line_of(number, amount)[2:4], "DOT" if amount < 0 else "SOR" if kind == "S" else "REP"
    rows = {
        "DP01": "290 2932",
        "DP02": "291 292 2931",
        "DP03": "296 297",
        "DP04": "39",
        "DP05": "491",
        "DP06": "495 496",
        "DP07": "59",
        "PV01": "14",
        "PV02": "151 152",
        "PV03": "1572",
        "PV04": "153 154 155 156 158",
    }
    for row, prefixes in rows.items():
        if number.startswith(tuple(prefixes.split())):
            (origin,) = {other[:3] for other, _ in legs if other[:2] in ("68", "78")}
            return row, ("D" if origin[0] == "6" else "R") + {"1": "E", "6": "F", "7": "X"}[origin[2]]
    return None


@cache
def movements(year: Year) -> dict[str, dict[str, Decimal]]:
    """Opening ``O``, movements by column and closing ``F`` of IM, AM, DP and PV, row by row, in positive amounts.

    Rows are numbered as the balance-sheet lines (IM08, AM08) or DP01..DP07, PV01..PV04; see `movement_row`.
    """
    tables: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for entry in year.entries:
        for number, amount in entry.legs:
            if place := movement_row(number, entry.kind, amount, entry.legs):
                tables[place[0]][place[1]] += abs(amount)
    for account in year.accounts:
        if place := movement_row(account.number, "A", account.closing, [("68100", ZERO)]):
            tables[place[0]]["O"] += abs(account.opening)
            tables[place[0]]["F"] += abs(account.closing)
    return {row: dict(tables[row]) for row in sorted(tables)}


@cache
def activities(year: Year) -> dict[tuple[str, str], Decimal]:
    """Charges (CCnn) and products (PRnn) by line and activity: (line, column of VC or VP) -> amount."""
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for entry in year.entries:
        for number, amount in entry.legs:
            if number[0] in "67":
                line = line_of(number, ZERO)
                found[line, entry.activity] += amount if line.startswith("CC") else -amount
    return {place: amount for place, amount in sorted(found.items()) if amount}


@cache
def recoverable(year: Year) -> dict[str, Decimal]:
    """Recoverable part of the charges, by line CCnn: what was recovered is 97 % of it."""
    whole = year.balance("703") / -year.vary("récupération", "0.97", "0.015")
    return {line: cents(whole * share) for line, share in RECOVERY.items()} if whole else {}


@cache
def equity(year: Year) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Line BPnn -> appropriation of the result of the year before, other increases, other decreases."""
    found: defaultdict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 3)
    for entry in year.entries:
        for number, amount in entry.legs:
            if number[:2] in ("10", "11") and number[:3] != "109":
                column = 0 if entry.title.startswith("Affectation") else 1 if amount < 0 else 2
                found[line_of(number, amount)][column] += -amount if column < 2 else amount
    return {line: (a, b, c) for line, (a, b, c) in sorted(found.items())}


def functional(lines: Mapping[str, Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """Working capital (BF09), requirement (BF12) and cash (BF13), each from its own lines."""
    resources = total(lines, "BP01..BP21 BA01.A..BA50.A BP23..BP35 BP37 BP40")
    frng = resources - total(lines, "BA00.B..BA25.B BA54 BA55 BA56")
    bfr = total(lines, "BA28.B..BA48.B BA52 BA57 -BP41..BP55 -BP36 -BP58")
    return frng, bfr, total(lines, "BA50.B BA51 -BP38")


def indicators(year: Year) -> dict[str, Decimal]:
    """Main amounts, in euros, by the code of the ruleset's aggregate that must find the same."""
    after, before, recovered = statements(year), statements(year, "opening"), recoverable(year)
    frng, bfr, cash = functional(after)
    caf = total(after, "BP11 CC32..CC39 CC45 CC46 CC59 CC60 -PR26..PR28 -PR40 -PR48 -PR49 CC57 -PR45 -PR46")
    definitive = [loan for loan in year.loans if loan.nature == "definitif"]
    repaid = sum((loan.remboursements_contractuels for loan in definitive), ZERO)
    deferred = total(after, "BP37 -BA54") - total(before, "BP37 -BA54")
    staff_cost = total(after, "CC17 CC25 CC29 CC30 -PR14 -PR19") - total(recovered, "CC17 CC25 CC29 CC30")
    overheads = "CC02 CC05 CC08 CC09 CC10 CC14..CC16 CC18..CC20 CC22 CC23 CC27"
    return {
        "AE.resultat_net": after["BP11"],
        "AE.caf": caf,
        "AE.remboursements": repaid,
        "AE.autofinancement_net": caf - repaid + deferred,
        "AE.denominateur": total(after, "PR01..PR15 -PR03 PR33..PR39"),
        "AE.loyers": total(after, "PR04..PR07 PR09"),
        "AE.charges_recuperables": sum(recovered.values(), ZERO),
        "AE.annuites": after["CC48"] + repaid,
        "AE.personnel": staff_cost,
        "AE.cout_gestion": staff_cost + total(after, overheads) - total(recovered, overheads),
        "AE.ventes_accession": total(after, "PR01 PR02"),
        "AE.marge_accession": total(after, "PR01 PR02 PR17 PR18 PR21 -CC01 -CC03 -CC04 -CC06 -CC07"),
        "SF.dette_locative": sum((loan.cloture for loan in definitive), ZERO),
        "SF.dettes_financieres": sum((loan.cloture for loan in year.loans), ZERO),
        "SF.frng": frng,
        "SF.bfr": bfr,
        "SF.tresorerie": cash,
    }


def flows(year: Year, prefixes: str, side: str) -> Decimal:
    """Movements of the year on the accounts of the prefixes, debits or credits only."""
    return year.balance(prefixes, side)


def verify(year: Year) -> None:
    """Assert the identities of the statements, by the numbers of `IDENTITES.md` (C001 to C135)."""
    failures: list[str] = []

    def equal(name: str, left: Decimal, right: Decimal) -> None:
        if left != right:
            failures.append(f"{name}: {left} != {right} (difference {left - right})")

    def check(name: str, holds: bool) -> None:
        if not holds:
            failures.append(name)

    accounts, loans, tables, recovered = year.accounts, year.loans, movements(year), recoverable(year)
    before, after = statements(year, "opening"), statements(year)
    change = defaultdict(lambda: ZERO, {line: after[line] - before[line] for line in {*before, *after}})

    def value(terms: str) -> Decimal:
        return total(after, terms)

    def cell(row: str, column: str) -> Decimal:
        return tables.get(row, {}).get(column, ZERO)

    def rows(table: str, column: str) -> Decimal:
        return sum((cell(row, column) for row in tables if row.startswith(table)), ZERO)

    def loan_sum(field: str) -> Decimal:
        return sum((getattr(loan, field) for loan in loans), ZERO)

    # Ledger: balanced three times, plausible signs, transit accounts empty, no account of an office.
    equal("opening", sum((account.opening for account in accounts), ZERO), ZERO)
    equal("C001", flows(year, "1 2 3 4 5 6 7", "debit"), flows(year, "1 2 3 4 5 6 7", "credit"))
    equal("C002", sum((account.closing for account in accounts), ZERO), ZERO)
    for entry in year.entries:
        equal(f"entry {entry.title}", sum((amount for _, amount in entry.legs), ZERO), ZERO)
    for account in accounts:
        number = account.number
        check(f"account {number} in cents", account.closing == cents(account.closing))
        check(f"account {number} sans objet", not number.startswith(("102", "103")))
        check(f"account {number} opens at zero", number[0] not in "67" or not account.opening)
        transit = number.startswith(("12", "181", "58", "70943"))
        check(f"account {number} ends at zero", not transit or not account.closing)
    for line in {*before, *after}:
        for stage, lines in (("opening", before), ("closing", after)):
            check(f"{stage} of {line} >= 0: {lines[line]}", not line.startswith("BA") or lines[line] >= 0)
    equal("C003", value("BA00..BA57"), value("BP01..BP58"))
    equal("C004", total(before, "BA00..BA57"), total(before, "BP01..BP58"))
    equal("C023", after["BP11"], value("PR01..PR50 -CC01..CC63"))
    # Recoverable charges: inside their line, none on allowances, financial or exceptional lines.
    for line, amount in recovered.items():
        check(f"C025 {line}", ZERO <= amount <= max(after[line], ZERO))
    equal("C030, C031", total(recovered, "CC32..CC39 CC44..CC63"), ZERO)
    # Fixed assets, depreciation, write-downs and provisions.
    for row, columns in tables.items():
        signs = {"IM": "ACQ VE -VS -SOR", "AM": "DOT -REP -SOR"}.get(row[:2], "DE DF DX -RE -RF -RX").split()
        moves = sum((-cell(row, sign[1:]) if sign[0] == "-" else cell(row, sign) for sign in signs), ZERO)
        equal(f"C034/C038/C046 {row}", columns["O"] + moves, columns["F"])
        if row.startswith("IM"):
            equal(f"C033 {row}", columns["F"], after[f"BA{row[2:]}.B"])
    equal("C035", rows("IM", "VE"), rows("IM", "VS"))
    equal("C039", rows("AM", "F") + cell("DP01", "F") + cell("DP02", "F") + cell("DP03", "F"), value("BA01.A..BA25.A"))
    equal("C041", rows("AM", "DOT"), flows(year, "6811 6871", "debit"))
    lent = sum((cell(f"IM{n}", "SOR") for n in range(19, 26)), ZERO) - flows(year, "6756", "debit")
    to_stock = sum((a for e in year.entries if e.kind == "S" for n, a in e.legs if n[0] == "3"), ZERO)
    equal("C043", after["CC57"] + lent + to_stock, rows("IM", "SOR") - rows("AM", "SOR"))
    for name, line, terms in (
        ("C049", "CC38", "PV03.DE"),
        ("C050", "PR26", "PV03.RE"),
        ("C051", "CC59", "PV01.DX"),
        ("C052", "PR48", "PV01.RX"),
        ("C053", "CC39", "PV02.DE PV04.DE"),
        ("C059", "CC35", "DP01.DE DP02.DE"),
        ("C060", "CC36", "DP04.DE"),
        ("C061", "CC37", "DP05.DE DP06.DE"),
        ("C062", "PR27", "DP05.RE DP06.RE"),
        ("C064", "PR40", "DP03.RF DP07.RF"),
        ("C065", "PR49", "DP02.RX PV02.RX PV03.RX PV04.RX"),
        ("C017 other releases", "PR28", "PV02.RE PV04.RE DP01.RE DP02.RE DP04.RE"),
    ):
        equal(name, after[line], sum((cell(*column.split(".")) for column in terms.split()), ZERO))
    # Loans, compensating interest and subsidies.
    for side, lines, field in (("C068", after, "cloture"), ("C069", before, "ouverture")):
        equal(side, loan_sum(field), total(lines, "BP23..BP28 BP33..BP35"))
    equal(
        "C067",
        loan_sum("cloture"),
        loan_sum("ouverture")
        + loan_sum("tirages")
        + loan_sum("interets_capitalises")
        - loan_sum("remboursements_contractuels")
        - loan_sum("remboursements_anticipes")
        + loan_sum("reamenagements"),
    )
    equal("C070", loan_sum("icne"), after["BP36"])
    equal("C071", loan_sum("compensateurs"), after["BP37"])
    for nature, line in (("relais", "CC47"), ("definitif", "CC48"), ("stocks", "CC50"), ("prets", "CC51")):
        equal(f"C072-C075 {nature}", sum((loan.interets for loan in loans if loan.nature == nature), ZERO), after[line])
    structure = sum((loan.interets for loan in loans if loan.nature == "structure"), ZERO)
    equal("C076", structure, after["CC52"] - flows(year, "6615 6616 6618", "debit"))
    for loan in loans:
        split = loan.moins_un_an + loan.un_a_cinq_ans + loan.plus_cinq_ans
        equal(f"{loan.contrat} due within a year, five years, later", split, loan.cloture)
        amounts = (loan.cloture, loan.moins_un_an, loan.un_a_cinq_ans, loan.plus_cinq_ans, loan.icne)
        check(f"{loan.contrat} amounts", min(*amounts, loan.compensateurs) >= 0)
    check("C077", after["BA54"] <= after["BP37"])
    equal("C078", change["BA54"], after["PR41"] - after["CC45"])
    equal("C079", after["PR41"], after["CC49"])
    granted, settled = flows(year, "131 138", "credit"), flows(year, "131 138", "debit")
    equal("C080", change["BP13"], granted - settled)
    closed = flows(year, "139", "credit")
    equal("C081", -change["BP14"], after["PR46"] - closed)
    check("C082", -after["BP14"] <= after["BP13"])
    # Appropriation of the result of the year before and equity, line by line.
    shares = flows(year, "457", "credit")
    changes = equity(year)
    equal("C089", before["BP11"], sum((row[0] for row in changes.values()), ZERO) + shares)
    equal("C090", before["BP11"], flows(year, "12", "debit") - flows(year, "12", "credit"))
    for line, (appropriated, more, less) in changes.items():
        equal(f"C093-C096 {line}", change[line], appropriated + more - less)
    issued = sum((more - less for _, more, less in changes.values()), ZERO) - change["BA00"]
    equal("C097", total(change, "BP01..BP11"), after["BP11"] + issued - shares)
    # Income, cash flow and funding.
    charges = {line: amount - recovered.get(line, ZERO) for line, amount in after.items() if line[:2] == "CC"}
    margins = value("PR01..PR09 PR10..PR15 PR17..PR24 PR33 PR35 PR41 PR46 PR48") - sum(recovered.values(), ZERO)
    margins -= value("CC01 CC03 CC04 CC06 CC07 CC11 CC32 CC45 CC47..CC51 CC59")
    ebe = margins + after["PR25"] - total(charges, "CC02 CC05 CC08..CC10 CC12..CC23 CC25..CC27 CC29 CC30")
    current = ebe + value("PR26..PR32") - total(charges, "CC33..CC44") + value("PR34 PR36..PR40 PR42 -CC46 -CC52..CC54")
    equal("C102", current + value("PR44 PR45 PR47 PR49 PR50 -CC56..CC58 -CC60..CC63"), after["BP11"])
    caf = indicators(year)["AE.caf"]
    subtractive = ebe + value("CC32 CC45 CC59 -PR46 -PR48 PR29..PR34 PR36..PR39 PR42 PR44 PR47 PR50") - value("PR33")
    subtractive -= total(charges, "CC41 CC42") + value("CC44 CC52..CC54 CC56 CC58 CC62 CC63")
    equal("C104", caf, subtractive)
    for stage, lines in (("C115", after), ("C116", before)):
        frng, bfr, cash = functional(lines)
        equal(stage, frng, bfr + cash)
    other = "166 1671 229"
    resources = caf + after["PR45"] + lent + granted - (settled - closed) + change["BP37"]
    incorporated = sum((less - more for line, (_, more, less) in changes.items() if "BP05" <= line <= "BP08"), ZERO)
    resources += to_stock + flows(year, "101 104", "credit") - incorporated - change["BA00"]
    resources += loan_sum("tirages") + loan_sum("interets_capitalises") + loan_sum("reamenagements")
    resources += flows(year, other + " 165", "credit") - flows(year, other + " 165", "debit")
    uses = shares + rows("IM", "ACQ") + flows(year, "481 169", "debit") + flows(year, "101", "debit")
    uses += loan_sum("remboursements_contractuels") + loan_sum("remboursements_anticipes")
    equal("C117", resources - uses, functional(after)[0] - functional(before)[0])
    # Tenants: the aged balance fits the ledger; what the ledger holds of the year before is what it left.
    ageing = aged_balance(year)
    equal("C132", sum((debt for debt, _ in ageing.values()), ZERO), tenants(year))
    check("C135", sum((depreciation for _, depreciation in ageing.values()), ZERO) <= cell("DP05", "F"))
    check("aged balance", min((min(row) for row in ageing.values()), default=ZERO) >= 0)
    check(
        "activities",
        total(after, "PR01..PR50 -CC01..CC63")
        == sum((amount if line[:2] == "PR" else -amount for (line, _), amount in activities(year).items()), ZERO),
    )
    signs = [a.number for a in accounts if a.closing and wrong_side(a.number, a.closing)]
    check(f"accounts on the wrong side: {' '.join(signs)}", not signs)
    assert not failures, "\n".join([f"{year.cooperative.code} {year.year}", *failures])


# Accounts that normally end in credit, and those that may end either way; the others end in debit.
CREDIT = """
10 11 13 14 15 16 229 28 29 339 359 39 401 402 403 404 408 4191 4195 4197 421 424 4282 431 437 4386 4486 447 455 457
464 4686 487 49 509 5124 5181 519 59 609 619 629 7
"""
EITHER = "109 12 139 169 181 44 45 46 47 58 6031 6032 6037 709 7133 7135"


def wrong_side(number: str, closing: Decimal) -> bool:
    """Whether a closing balance is on the side where no event of the journal should bring it."""
    longest = max((p for p in f"{CREDIT} {EITHER}".split() if number.startswith(p)), key=len, default="")
    if longest in EITHER.split():
        return False
    return (closing < 0) != (longest in CREDIT.split())


def verify_sequence(years: tuple[Year, ...]) -> None:
    """Assert that each year opens on the closing of the year before, the result in account 12."""
    for last, year in pairwise(years):
        closing = {a.number: a.closing for a in last.accounts if a.number[0] < "6" and a.closing}
        opening = {a.number: a.opening for a in year.accounts if a.opening and a.number[:2] != "12"}
        assert opening == closing, f"{year.cooperative.code} {year.year} does not open on {last.year}"
        assert year.balance("12", "opening") == last.balance("6 7")
        assert [loan.ouverture for loan in year.loans] == [loan.cloture for loan in last.loans]
        assert year.homes.opening == last.homes.closing
