"""The same work for everyone, drawn from a seed: 1,500 inputs, 200 formulas, 300 checks by default.

A `Work` is plain data; each contender turns it into its own language. Formulas read inputs and
earlier formulas: sums, differences, products by a rate, quotients; checks compare two of them
within a tolerance of 1.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Formula:
    """`kind` is `sum` (signed terms), `rate` (term times rate) or `ratio` (term over term)."""

    kind: str
    terms: tuple[str, ...]
    signs: tuple[int, ...]
    rate: str = ""


@dataclass(frozen=True)
class Check:
    """`left op right`, within 1 unless the sides are ratios."""

    left: str
    op: str
    right: str


@dataclass(frozen=True)
class Work:
    """Inputs are named x0…, formulas f0…; a ratio is read by no formula but may be compared."""

    inputs: int
    formulas: tuple[Formula, ...]
    checks: tuple[Check, ...]


def work(inputs: int = 1500, formulas: int = 200, checks: int = 300, seed: int = 7) -> Work:
    """Return the work drawn from `seed`."""
    draw = random.Random(seed)
    made: list[Formula] = []
    amounts = [f"x{i}" for i in range(inputs)]
    for index in range(formulas):
        kind = draw.choices(["sum", "rate", "ratio"], [14, 3, 3])[0]
        if kind == "sum":
            size = draw.randint(4, 12)
            terms = [*draw.sample([f"x{i}" for i in range(inputs)], size)]
            if index and draw.random() < 0.5:
                terms[0] = draw.choice(amounts[inputs:] or amounts)
            made.append(Formula("sum", tuple(terms), tuple(draw.choice((1, 1, 1, -1)) for _ in terms)))
            amounts.append(f"f{index}")
        elif kind == "rate":
            made.append(Formula("rate", (draw.choice(amounts),), (1,), f"0.{draw.randint(1, 99):02d}"))
            amounts.append(f"f{index}")
        else:
            made.append(Formula("ratio", tuple(draw.sample(amounts, 2)), (1, 1)))
    sums = [f"f{i}" for i, formula in enumerate(made) if formula.kind != "ratio"]
    found = []
    for _ in range(checks):
        left, right = draw.choice(sums), draw.choice(amounts)
        found.append(Check(left, draw.choice(("=", "<=", ">=")), right))
    return Work(inputs, tuple(made), tuple(found))


def dossiers(work: Work, count: int, seed: int = 11) -> Iterator[dict[str, Decimal]]:
    """Yield dossiers of amounts with two decimals, up to ten million; a few are zero or negative."""
    draw = random.Random(seed)
    for _ in range(count):
        yield {
            f"x{i}": Decimal(0)
            if (die := draw.random()) < 0.02
            else Decimal(draw.randint(-(10**9) if die < 0.05 else 0, 10**9)).scaleb(-2)
            for i in range(work.inputs)
        }


def as_ruleset(work: Work) -> str:
    """Return the work in the rule language: one table of inputs, aggregates, checks."""
    lines = ["jeu SYNTHESE exercice 2023", "tableau X « Entrées »", "  colonne n « N » en EUR"]
    lines += [f"  ligne x{i} « x{i} »" for i in range(work.inputs)]
    lines.append("famille F « Formules »")

    def name(code: str) -> str:
        return f"X.{code}" if code[0] == "x" else f"F.{code}"

    for index, formula in enumerate(work.formulas):
        if formula.kind == "sum":
            text = " ".join(
                f"{'+' if s > 0 else '-'} {name(t)}" for s, t in zip(formula.signs, formula.terms, strict=True)
            )
            text = text.removeprefix("+ ")
            unit = "EUR"
        elif formula.kind == "rate":
            text, unit = f"{name(formula.terms[0])} * {formula.rate.replace('.', ',')}", "EUR"
        else:
            text, unit = f"{name(formula.terms[0])} / {name(formula.terms[1])}", "%"
        lines.append(f"agrégat F.f{index} « f{index} » en {unit} = {text}")
    for index, check in enumerate(work.checks):
        lines.append(
            f"contrôle C{index} bloquant « {{écart}} » {name(check.left)} {check.op} {name(check.right)} à 1 EUR près"
        )
    return "\n".join([*lines, ""])


def as_decimal_function(work: Work) -> str:
    """Return the work as a straight-line Python function over Decimal: values and verdicts, no causes.

    A division by zero gives None, and what reads it too: the least a careful person would write.
    """
    lines = ["def run(x):", "    (" + ", ".join(f"x{i}" for i in range(work.inputs)) + ",) = x"]
    for index, formula in enumerate(work.formulas):
        if formula.kind == "sum":
            text = " ".join(f"{'+' if s > 0 else '-'} {t}" for s, t in zip(formula.signs, formula.terms, strict=True))
            lines.append(f"    f{index} = {text.removeprefix('+ ')}")
        elif formula.kind == "rate":
            lines.append(
                f"    f{index} = {formula.terms[0]} * D('{formula.rate}')".replace(f"D('{formula.rate}')", f"R{index}")
            )
        else:
            a, b = formula.terms
            lines.append(f"    f{index} = {a} / {b} if {b} else None")
    for index, check in enumerate(work.checks):
        gap = f"{check.left} - {check.right}"
        test = {"=": f"abs({gap}) <= ONE", "<=": f"{gap} <= ONE", ">=": f"{gap} >= MINUS"}[check.op]
        lines.append(f"    c{index} = {test}")
    values = ", ".join(f"f{i}" for i in range(len(work.formulas)))
    verdicts = ", ".join(f"c{i}" for i in range(len(work.checks)))
    lines.append(f"    return [{values}], [{verdicts}]")
    return "\n".join([*lines, ""])
