"""The same work for everyone, drawn from a seed: 1,500 inputs, 200 formulas, 300 checks by default.

A `Work` is plain data; each contender turns it into its own language. Every figure is a whole number of
hundredths: of euros for an amount, of per cent for a ratio. A formula is

- a `sum`: signed inputs and earlier formulas;
- a `rate`: an amount times a whole per cent, rounded to the cent, ties away from zero;
- a `ratio`: an amount over another, rounded to a hundredth of per cent, ties away from zero; none when the
  divisor is zero.

A check compares two amounts within 1 euro, or a ratio and a bound within 0.1 point, tolerance included. What is read
and has no value (an absent input, a division by zero) leaves the formula without a value, the check without a verdict.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from benchmarks.judge import judge

Dossier = tuple[int | None, ...]
"""The inputs of one dossier, in cents; None: absent."""

MOST = 10**17 - 1
"""The largest input, in cents: fifteen digits before the comma."""


@dataclass(frozen=True)
class Formula:
    """`kind` is `sum` (signed terms), `rate` (term times `percent`) or `ratio` (term over term)."""

    kind: str
    terms: tuple[str, ...]
    signs: tuple[int, ...] = ()
    percent: int = 0

    def signed(self, name: Callable[[str], str] = str) -> str:
        """Return the terms of a sum as text: `x1 + x2 - x3`."""
        text = " ".join(f"{'+' if s > 0 else '-'} {name(t)}" for s, t in zip(self.signs, self.terms, strict=True))
        return text.removeprefix("+ ") if text[0] == "+" else f"-{text[2:]}"


@dataclass(frozen=True)
class Check:
    """`left op right`; `right` is an amount, or a bound in hundredths of per cent when `left` is a ratio."""

    left: str
    op: str
    right: str | int

    @property
    def tolerance(self) -> int:
        """1 euro or 0.1 point, in hundredths."""
        return 100 if isinstance(self.right, str) else 10


@dataclass(frozen=True)
class Work:
    """Inputs are named x0…, formulas f0…; no formula reads a ratio."""

    inputs: int
    formulas: tuple[Formula, ...]
    checks: tuple[Check, ...]

    @property
    def names(self) -> list[str]:
        """The names of the inputs."""
        return [f"x{i}" for i in range(self.inputs)]

    @cached_property
    def unread(self) -> frozenset[str]:
        """The inputs that no formula reads."""
        return frozenset(self.names).difference(term for formula in self.formulas for term in formula.terms)

    @cached_property
    def levels(self) -> list[list[int]]:
        """The formulas, by how many formulas stand between them and the inputs."""
        depth: dict[str, int] = {}
        levels: list[list[int]] = []
        for index, formula in enumerate(self.formulas):
            level = max((depth[term] + 1 for term in formula.terms if term in depth), default=0)
            depth[f"f{index}"] = level
            if level == len(levels):
                levels.append([])
            levels[level].append(index)
        return levels


def work(inputs: int = 1500, formulas: int = 200, checks: int = 300, seed: int = 7) -> Work:
    """Return the work drawn from `seed`."""
    draw = random.Random(seed)
    made: list[Formula] = []
    names = [f"x{i}" for i in range(inputs)]
    amounts = names.copy()
    for index in range(formulas):
        kind = draw.choices(["sum", "rate", "ratio"], [14, 3, 3])[0]
        if kind == "sum":
            terms = draw.sample(names, draw.randint(4, 12))
            if index and draw.random() < 0.5:
                terms[0] = draw.choice(amounts[inputs:] or amounts)
            made.append(Formula("sum", tuple(terms), tuple(draw.choice((1, 1, 1, -1)) for _ in terms)))
            amounts.append(f"f{index}")
        elif kind == "rate":
            made.append(Formula("rate", (draw.choice(amounts),), percent=draw.randint(1, 99)))
            amounts.append(f"f{index}")
        else:
            made.append(Formula("ratio", tuple(draw.sample(amounts, 2))))
    ratios = [f"f{i}" for i, formula in enumerate(made) if formula.kind == "ratio"]
    found = []
    for _ in range(checks):
        op = draw.choice(("=", "<=", ">="))
        if ratios and draw.random() < 0.1:
            found.append(Check(draw.choice(ratios), op, draw.randint(1, 20_000)))
        else:
            found.append(Check(draw.choice(amounts[inputs:]), op, draw.choice(amounts)))
    return Work(inputs, tuple(made), tuple(found))


def dossiers(work: Work, count: int, seed: int = 11, absent: float = 0) -> Iterator[Dossier]:
    """Yield dossiers of amounts up to ten million euros; a few are zero, negative or, as said, `absent`."""
    draw = random.Random(seed)
    for _ in range(count):
        yield tuple(_amounts(work, draw, 10**9, zero=0.02, negative=0.03, absent=absent))


def adversarial(work: Work, count: int, seed: int = 13, absent: float = 0) -> Iterator[Dossier]:
    """Yield dossiers that meet the corners: roundings that are ties, gaps that are the tolerance, give or take a cent.

    Amounts are small or large, up to a billion euros; many are zero or negative.
    """
    draw = random.Random(seed)
    for _ in range(count):
        yield _cornered(work, draw, draw.choice((10**4, 10**7, 10**9, 10**11)), absent)


def huge(work: Work, count: int, seed: int = 15, absent: float = 0) -> Iterator[Dossier]:
    """Yield dossiers as `adversarial`, whose amounts are as large as they may be."""
    draw = random.Random(seed)
    for _ in range(count):
        yield _cornered(work, draw, MOST, absent)


def edits(work: Work, count: int, seed: int = 17) -> list[tuple[int, int]]:
    """Return which inputs a form edits, one after the other, and the new amounts in cents."""
    draw = random.Random(seed)
    return [(draw.randrange(work.inputs), draw.randint(0, 10**9)) for _ in range(count)]


def series(work: Work, count: int) -> list[list[tuple[int, int]]]:
    """Return two series of edits of the same inputs, with other amounts: in turn, each of them changes something."""
    first, second = (edits(work, count, seed) for seed in (17, 19))
    return [first, [(place, cents) for (place, _), (_, cents) in zip(first, second, strict=True)]]


def _amounts(
    work: Work, draw: random.Random, most: int, zero: float, negative: float, absent: float
) -> list[int | None]:
    cents: list[int | None] = list(draw.choices(range(most + 1), k=work.inputs))
    places = range(work.inputs)
    for place in draw.sample(places, round(negative * work.inputs)):
        cents[place] = -draw.randint(0, most)
    for place in draw.sample(places, round(zero * work.inputs)):
        cents[place] = 0
    for place in draw.sample(places, round(absent * work.inputs)):
        cents[place] = None
    return cents


def _cornered(work: Work, draw: random.Random, most: int, absent: float) -> Dossier:
    cents = _amounts(work, draw, most, zero=0.1, negative=0.3, absent=absent)
    for index, formula in enumerate(work.formulas):
        if draw.random() < 0.5:
            _plant_tie(work, draw, cents, f"f{index}", formula)
    (values, _), _ = judge(work, cents)
    for check in work.checks:
        if isinstance(check.right, str) and check.right in work.unread:
            value, gap = values[int(check.left[1:])], draw.choice((-101, -100, -99, 99, 100, 101))
            if value is not None and abs(value - gap) <= MOST and draw.random() < 0.5:
                cents[int(check.right[1:])] = value - gap
    return tuple(cents)


def _plant_tie(work: Work, draw: random.Random, cents: list[int | None], name: str, formula: Formula) -> None:
    """Give the inputs of a rate or a ratio amounts that make its rounding a tie, or its checks a near thing."""
    if formula.kind == "sum" or any(term[0] != "x" for term in formula.terms):
        return
    places = [int(term[1:]) for term in formula.terms]
    if any(cents[place] is None for place in places):
        return
    if formula.kind == "rate":
        ties = [rest for rest in range(100) if rest * formula.percent % 100 == 50]
        if ties:
            amount = cents[places[0]] or 0
            cents[places[0]] = min(amount - amount % 100 + draw.choice(ties), MOST - 99)
        return
    bounds = [check.right for check in work.checks if check.left == name]
    aim = draw.choice((2 * draw.randint(-3000, 3000) + 1, *(2 * (bound + draw.choice((-10, 10))) for bound in bounds)))
    below = draw.choice((-1, 1)) * draw.randint(1, 10**5)
    cents[places[0]], cents[places[1]] = aim * below, 20_000 * below


def percent(hundredths: int) -> str:
    """Return hundredths of per cent as a plain number: 325 is `0.0325`."""
    return f"{'-' if hundredths < 0 else ''}{abs(hundredths) // 10_000}.{abs(hundredths) % 10_000:04d}"


def as_ruleset(work: Work) -> str:
    """Return the work in the rule language: one table of inputs, aggregates, checks."""
    lines = ["jeu SYNTHESE exercice 2023", "tableau X « Entrées »", "  colonne n « N » en EUR"]
    lines += [f"  ligne {name} « {name} »" for name in work.names]
    lines.append("famille F « Formules »")
    for index, formula in enumerate(work.formulas):
        unit = "EUR"
        match formula.kind:
            case "sum":
                text = formula.signed(_code)
            case "rate":
                text = f"arrondi({_code(formula.terms[0])} * {formula.percent} % ; 0,01 EUR)"
            case _:
                above, below = map(_code, formula.terms)
                text, unit = f"arrondi({above} / {below} ; 0,01 %)", "%"
        lines.append(f"agrégat F.f{index} « f{index} » en {unit} = {text}")
    for index, check in enumerate(work.checks):
        if isinstance(check.right, str):
            right, margin = _code(check.right), "1 EUR"
        else:
            right, margin = f"{check.right // 100},{check.right % 100:02d} %", "0,1 point"
        lines.append(f"contrôle C{index} bloquant « {{écart}} » {_code(check.left)} {check.op} {right} à {margin} près")
    return "\n".join([*lines, ""])


def _code(name: str) -> str:
    return f"X.{name}" if name[0] == "x" else f"F.{name}"
