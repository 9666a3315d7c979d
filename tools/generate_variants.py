"""Write `exemples/variantes.qdis`: for each check, the smallest edit found of a whole dossier that violates it alone.

Usage: python tools/generate_variants.py [--folder rulesets/2023] [--only CODE …] [--tries N]

Variants of the file that still hold are kept as they are; the others are looked for again. The search is
deterministic: the same ruleset and dossiers give the same file. It proves nothing when it finds nothing.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias

from qdis_rules import Dossier, DossierError, Report
from qdis_rules.authoring.examples import ExampleError, edited, evaluated_examples
from qdis_rules.evaluation.dossier import Account
from qdis_rules.evaluation.evaluate import earlier_years, evaluate
from qdis_rules.evaluation.history import Years
from qdis_rules.evaluation.results import CheckResult, Verdict
from qdis_rules.evaluation.wording import french_number
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.model import typed
from qdis_rules.model.readings import reading_of
from qdis_rules.model.types import ChoiceType, ConditionType, DateType, NumberType, number_unit
from qdis_rules.numbers import Exact, NotApplicable, Undefined, exact, shown
from qdis_rules.pipeline import Ruleset, check_sources, compile_sources, ruleset_sources
from qdis_rules.source import Source, Span
from qdis_rules.syntax.printer import format_source
from qdis_rules.units import PREDEFINED

DEFAULT: Final = Path(__file__).resolve().parent.parent / "rulesets" / "2023"
FILE: Final = Path("exemples") / "variantes.qdis"
HEAD: Final = (
    "# Écrit par tools/generate_variants.py : un dossier entier, la plus petite retouche trouvée, un contrôle violé.\n"
)
NOWHERE: Final = Span(Source.of("variante", ""), 0, 0)
CENT: Final = Decimal("0.01")
NAMED: Final = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ÿŒœ_]+")
MAX_LEAVES: Final = 40
MAX_OTHERS: Final = 8
FEW: Final = 12
MAX_STEPS: Final = 6

Step: TypeAlias = typed.ExampleStep
Edit: TypeAlias = tuple[Step, ...]
Leaf: TypeAlias = tuple[str, int]  # the code of a cell or a filed aggregate, how many years back


# --- edits ----------------------------------------------------------------------


def given(kind: str, code: str, back: int, value: typed.Constant | None, row: str | None = None) -> Step:
    """Return the step that gives a value in base units, or takes it away (None)."""
    return Step(kind, code, back, row, value, None, None if value is not None else "absent", NOWHERE)


def account(number: str, amount: Decimal, moment: str | None) -> Step:
    """Return the step that gives a balance (debit positive), or one side's movements."""
    return Step("account", number, 0, None, amount, None, None, NOWHERE, moment)


def line(ruleset: typed.TypedRuleset, step: Step) -> str:
    """Return a step as an author writes it."""
    years = f"[N-{step.back}]" if step.back else ""
    if step.kind == "account":
        assert isinstance(step.value, Decimal)
        return f"  donne compte {step.code}{f' {step.moment}' if step.moment else ''} = {said(step.value)}"
    row = step.row if step.row is None or NAMED.fullmatch(step.row) else f"« {step.row} »"
    code = step.code if row is None else step.code.replace("*", row)
    if step.value is None:
        return f"  donne {code}{years} absent"
    return f"  donne {code}{years} = {written(ruleset, step)}"


def written(ruleset: typed.TypedRuleset, step: Step) -> str:
    """Return the value of a step in the unit of its cell."""
    kind = (ruleset.cells.get(step.code) or ruleset.aggregates[step.code]).type
    match step.value:
        case bool():
            return "oui" if step.value else "non"
        case date():
            return step.value.strftime("%d/%m/%Y")
        case str():
            return step.value if isinstance(kind, ChoiceType) else f"« {step.value} »"
        case _:
            assert step.value is not None
            return said(shown(exact(Fraction(step.value) / number_unit(kind).scale)))


def said(number: Decimal) -> str:
    """Return a number as a ruleset writes it."""
    return french_number(number).replace("\u202f", "").replace("\u00a0", "")


# --- dossiers -------------------------------------------------------------------


@dataclass(slots=True)
class Base:
    """A whole dossier of the year, its earlier years, and what edits of it were seen to violate."""

    ruleset: Ruleset
    name: str
    dossiers: dict[int, Dossier]  # by how many years back
    years: Years
    report: Report
    neutral: dict[str | None, list[str]] = field(default_factory=dict)  # by moment
    runs: int = 0
    known: dict[Edit, dict[str, CheckResult] | None] = field(default_factory=dict)

    @classmethod
    def read(cls, ruleset: Ruleset, folder: DossierFolder, name: str) -> Base | None:
        """Return a dossier of the year that violates nothing as it is, None for another."""
        dossiers = folder.read(name)
        if dossiers[0].year != ruleset.year:
            return None
        years = earlier_years(ruleset.plan, dossiers[1:])
        report = evaluate(ruleset.plan, dossiers[0], years)
        if report.checks.violated:
            print(f"{name} : laissé, il viole déjà {', '.join(r.name for r in report.checks.violated)}")
            return None
        base = cls(ruleset, name, {ruleset.year - d.year: d for d in dossiers}, years, report)
        base.find_neutral()
        return base

    def violated(self, edit: Edit) -> dict[str, CheckResult] | None:
        """Return what an edit makes violated, by code; None when it makes no dossier."""
        if edit not in self.known:
            self.known[edit] = self._run(edit)
        return self.known[edit]

    def _run(self, edit: Edit) -> dict[str, CheckResult] | None:
        self.runs += 1
        rules = self.ruleset.typed
        made = dict(self.dossiers)
        try:
            for back in sorted({step.back for step in edit}):
                made[back] = edited(rules, made[back], [step for step in edit if step.back == back])
            years = self.years if all(step.back == 0 for step in edit) else [made[back] for back in made if back]
            report = evaluate(self.ruleset.plan, made[0], years)
        except (DossierError, ExampleError):
            return None
        return {result.code: result for result in reversed(report.checks.violated)}

    def accounts(self) -> dict[str, Account]:
        """Return the accounts of its balance, by number."""
        return {each.number: each for each in self.dossiers[0].balance or ()}

    def find_neutral(self) -> None:
        """Find the accounts between which an amount moves without violating anything."""
        for moment in (None, "ouverture"):
            numbers = sorted(
                self.accounts(), key=lambda number: ("45".find(number[0]) % 9, number)
            )  # third parties first
            cash = next((number for number in numbers if number.startswith("512")), None)
            if cash is None:
                return
            self.neutral[moment] = [cash]
            for number in numbers:
                if number != cash and len(self.neutral[moment]) < 4:
                    moved = (*self.moved(number, Decimal(1000), moment), *self.moved(cash, Decimal(-1000), moment))
                    back = (*self.moved(number, Decimal(-1000), moment), *self.moved(cash, Decimal(1000), moment))
                    if self.violated(moved) == {} and self.violated(back) == {}:
                        self.neutral[moment].append(number)

    def moved(self, number: str, by: Decimal, moment: str | None) -> Edit:
        """Return the step that adds to a balance, opening or closing."""
        old = self.accounts().get(number)
        net = Decimal(0)
        if old is not None:
            debit, credit = (
                (old.opening_debit, old.opening_credit)
                if moment == "ouverture"
                else (old.closing_debit, old.closing_credit)
            )
            net = (debit or Decimal(0)) - (credit or Decimal(0))
        return (account(number, net + by, moment),)


# --- what a check reads -----------------------------------------------------------


def leaves(ruleset: typed.TypedRuleset, base: Base, check: typed.Check, place: str | None = None) -> list[Leaf]:
    """Return the entered cells (and filed aggregates) a check reads in the end, nearest first."""
    found: dict[Leaf, None] = {}
    seen: set[Leaf] = set()
    roots = [i for i in check.instances if place is None or i.key == place]
    pending: list[tuple[typed.Expr, int]] = [(i.body, 0) for i in roots]
    pending += [(i.guard, 0) for i in roots if i.guard is not None]
    while pending:
        expr, back = pending.pop(0)
        for node in typed.walk(expr):
            match node:
                case typed.CellValue(code, more) | typed.AggregateValue(code, more):
                    leaf = (code, back + more)
                case typed.RowValue(code) | typed.Supplied(code):
                    leaf = (code, back)
                case _:
                    continue
            if leaf in seen or leaf[1] not in base.dossiers:
                continue
            seen.add(leaf)
            pending.extend((each, leaf[1]) for each in behind(ruleset, base, leaf, found))
    return list(found)[:MAX_LEAVES]


def behind(ruleset: typed.TypedRuleset, base: Base, leaf: Leaf, found: dict[Leaf, None]) -> Iterator[typed.Expr]:
    """Yield what stands behind a cell or aggregate, or add it to `found` when the dossier gives it."""
    code, back = leaf
    if code in ruleset.aggregates:
        aggregate = ruleset.aggregates[code]
        if back and code in base.dossiers[back].filed:
            found[leaf] = None
            return
        yield aggregate.formula
        if aggregate.guard is not None:
            yield aggregate.guard
        return
    cell = ruleset.cells.get(code)
    if cell is None:  # a table: whether it is begun
        return
    closed = ruleset.tables[cell.table].not_applicable
    if cell.formula is not None:
        yield cell.formula
    else:
        found[leaf] = None
        if cell.carried_from is not None and back + 1 in base.dossiers:
            found[cell.carried_from, back + 1] = None
    if closed is not None:
        yield closed


# --- candidates -------------------------------------------------------------------


def candidates(base: Base, leaf: Leaf, amounts: Sequence[Exact]) -> Iterator[Edit]:
    """Yield the edits of what a dossier gives a cell, smallest first; `amounts` are in base units."""
    ruleset = base.ruleset.typed
    code, back = leaf
    dossier = base.dossiers[back]
    if code in ruleset.aggregates:
        yield (given("aggregate", code, back, None),)
        return
    cell = ruleset.cells[code]
    if cell.row == "*":
        table = ruleset.tables[cell.table]
        for row in dossier.lists.get(cell.table, ())[:2]:
            key = str(row.get(table.key or "")).strip()
            if cell.column != table.key and key:
                rank = list(dossier.lists[cell.table]).index(row)
                now = base.report._evaluation.admitted.rows[cell.table][rank].get(cell.column) if not back else None
                for value in values(cell, now, amounts):
                    yield (given("row", code, back, value, key),)
        return
    supplied = code in dossier.typed or code in dossier.imported
    if cell.selection is not None and not supplied and not back:
        yield from of_accounts(base, cell, amounts)
    now = retained(base, code) if not back else None
    if back:
        past = base.report._evaluation.frame.past(back)
        now = past.cell(code) if past is not None else None
    for value in values(cell, now if not isinstance(now, Undefined | NotApplicable) else None, amounts):
        if value is not None or supplied:
            yield (given("cell", code, back, value),)


def retained(base: Base, code: str) -> object:
    """Return the value of a cell in base units."""
    return base.report._evaluation.value(code)


def values(cell: typed.Cell, now: object, amounts: Sequence[Exact]) -> Iterator[typed.Constant | None]:
    """Yield other values for a cell, None to take it away."""
    match cell.type:
        case NumberType(integer=integer):
            scale = number_unit(cell.type).scale
            old = now if isinstance(now, Decimal | Fraction) else Decimal(0)
            found = [Fraction(old) + Fraction(sign * amount) for amount in amounts for sign in (1, -1)]
            found += [-Fraction(old), Fraction(0)] if old else [scale, -scale]
            yield from fitting(found, scale, integer, old)
            if isinstance(now, Decimal | Fraction):
                yield None
            found = [Fraction(old) * factor for factor in (1000, 10, Fraction(1, 10), Fraction(1, 1000))]
            found += [Fraction(old) + sign * scale * size for size in (1, 1000, 1000000) for sign in (1, -1)]
            yield from fitting(found, scale, integer, old)
        case ChoiceType(answers):
            yield from (answer for answer in answers if answer != now)
            yield None
        case ConditionType():
            yield not now
            yield None
        case DateType():
            old_date = now if isinstance(now, date) else date(2000, 1, 1)
            yield None
            yield from (old_date.replace(day=1, year=old_date.year + years) for years in (1, -1, 100, -100))
        case _:
            yield None


def fitting(found: Iterable[Fraction], scale: Fraction, integer: bool, old: Exact) -> Iterator[Exact]:
    """Yield the values a cell takes: whole where it must be, two decimals, each once."""
    seen = {Fraction(old)}
    for value in found:
        places = 0 if integer else 2
        away = math.ceil if value > old else math.floor  # a rounded edit must still cross the limit
        cut = Fraction(away(value / scale * 10**places), 10**places) * scale
        if cut not in seen and abs(cut / scale) < 10**12:
            seen.add(cut)
            yield exact(cut)


def of_accounts(base: Base, cell: typed.Cell, amounts: Sequence[Exact]) -> Iterator[Edit]:
    """Yield edits of the accounts a cell reads: an amount moved between two accounts, then one account alone."""
    assert cell.selection is not None
    moment, _ = reading_of(cell.selection.reading)
    known = [number for number in base.accounts() if cell.selection.takes(number)]
    new = [prefix for prefix in cell.selection.prefixes if cell.selection.takes(prefix)]
    for number in (known or new)[:2]:
        if moment == "mouvements":
            yield from of_movements(base, number, amounts)
            continue
        which = "ouverture" if moment == "ouverture" else None
        (now,) = base.moved(number, Decimal(0), which)
        assert isinstance(now.value, Decimal)
        sizes = [shown(exact(Fraction(amount))).quantize(CENT) for amount in amounts]
        moves = [sign * size for size in sizes for sign in (1, -1)]
        moves += [-now.value, -2 * now.value, now.value * 999, Decimal(1000), Decimal(-1000)]
        for move in dict.fromkeys(move for move in moves if move):
            for other in base.neutral.get(which, ()):
                if other != number:
                    yield (*base.moved(number, move, which), *base.moved(other, -move, which))
        for move in dict.fromkeys(move for move in moves if move):
            yield base.moved(number, move, which)


def of_movements(base: Base, number: str, amounts: Sequence[Exact]) -> Iterator[Edit]:
    """Yield edits of the movements of an account: both sides by the same amount, then one side."""
    old = base.accounts().get(number)
    if old is None or old.movement_debit is None or old.movement_credit is None:
        return
    sides = {"mouvements débit": old.movement_debit, "mouvements crédit": old.movement_credit}
    for amount in (*amounts, Decimal(1000)):
        size = shown(exact(Fraction(amount))).quantize(CENT)
        for sign in (1, -1):
            if all(now + sign * size >= 0 for now in sides.values()):
                yield tuple(account(number, now + sign * size, side) for side, now in sides.items())
    for side, now in sides.items():
        yield (account(number, now + 1000, side),)


def amounts_of(ruleset: typed.TypedRuleset, results: Iterable[CheckResult], extra: Decimal) -> list[Exact]:
    """Return what comparisons lack to fail (`extra` more), or to hold, in base units, smallest first."""
    found: dict[Exact, None] = {}
    for result in results:
        for gap in result.gaps:
            unit = PREDEFINED.get(gap.unit or "") or ruleset.units.get(gap.unit or "")
            if unit is not None or gap.unit is None:
                scale = unit.scale if unit is not None else Fraction(1)
                size = abs(gap.margin) + extra if gap.holds else abs(gap.gap)
                found[exact(Fraction(size) * scale)] = None
    return sorted((each for each in found if each), key=Fraction)


# --- the search -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variant:
    """An edit of a dossier, and all that it makes violated, in order of declaration."""

    base: str
    edit: Edit
    codes: tuple[str, ...]
    code: str  # the check looked for
    place: str | None  # the label of its row or column

    @property
    def alone(self) -> bool:
        """True when it violates one check."""
        return len(self.codes) == 1


@dataclass(slots=True)
class Search:
    """Looks for variants, keeping in `met` the best it meets on the way, for whatever check."""

    ruleset: Ruleset
    bases: Sequence[Base]
    tries: int
    met: dict[str, Variant] = field(default_factory=dict)

    def look(self, code: str) -> Variant | None:
        """Look for the smallest edit that violates `code` alone, else with the fewest others."""
        if self._found(code):  # met while looking for another check: a few tries for a nearer edit
            any(self._single(base, code, base.runs + FEW) for base in self.bases)
            return self.met[code]
        for attempt in (self._single, self._repaired):
            for base in self.bases:
                if attempt(base, code, base.runs + self.tries):
                    return self.met[code]
        return self.met.get(code)

    def _found(self, code: str) -> bool:
        found = self.met.get(code)
        return found is not None and found.alone

    def _variant(self, base: Base, edit: Edit, violated: Mapping[str, CheckResult], code: str) -> Variant:
        rank = {each: index for index, each in enumerate(self.ruleset.checks)}
        codes = sorted(violated, key=lambda each: (rank.get(each, len(rank)), each))
        return Variant(base.name, edit, tuple(codes), code, violated[code].label)

    def _single(self, base: Base, code: str, limit: int) -> bool:
        """Try edits of what the check reads; True when one violates it alone."""
        for edit in self._edits(base, code):
            if base.runs >= limit:
                break
            violated = self._run(base, edit)
            if set(violated) == {code}:
                self.met[code] = self._variant(base, edit, violated, code)
                return True
        return False

    def _edits(self, base: Base, code: str) -> Iterator[Edit]:
        check = self.ruleset.checks[code]
        results = base.report.checks.of(code)
        told = [r for r in results if r.verdict is Verdict.SATISFIED] or list(results)
        for result in told[:3]:
            amounts = amounts_of(self.ruleset.typed, [result], CENT) or [Decimal(1)]
            place = result.key if any(i.key == result.key for i in check.instances) else None
            streams = [candidates(base, leaf, amounts) for leaf in leaves(self.ruleset.typed, base, check, place)]
            while streams:  # the first edit of each cell, then the second …
                for stream in list(streams):
                    edit = next(stream, None)
                    if edit is None:
                        streams.remove(stream)
                    else:
                        yield edit

    def _run(self, base: Base, edit: Edit) -> dict[str, CheckResult]:
        violated = base.violated(edit) or {}
        for code in violated:
            if code in self.ruleset.checks:
                found = self._variant(base, edit, violated, code)
                best = self.met.get(code)
                if best is None or (len(found.codes), len(edit)) < (len(best.codes), len(best.edit)):
                    self.met[code] = found
        return violated

    def _repaired(self, base: Base, code: str, limit: int) -> bool:
        """Add, to edits that violate other checks too, what puts these right, fewest others first."""
        ranks = itertools.count()
        waiting = [
            (len(violated), next(ranks), edit)
            for edit, violated in base.known.items()
            if violated and code in violated and len(violated) <= MAX_OTHERS
        ]
        heapq.heapify(waiting)
        while waiting:
            _, _, edit = heapq.heappop(waiting)
            for repair in self._repairs(base, code, edit):
                if base.runs >= limit:
                    return False
                longer = (*edit, *repair)
                violated = self._run(base, longer)
                if set(violated) == {code}:
                    return True
                if code in violated and len(violated) < len(base.violated(edit) or ()) and len(longer) < MAX_STEPS:
                    heapq.heappush(waiting, (len(violated), next(ranks), longer))
        return False

    def _repairs(self, base: Base, code: str, edit: Edit) -> Iterator[Edit]:
        """Yield edits of what the other violated checks read, sized by their gaps."""
        rules = self.ruleset.typed
        touched = {(step.code, step.back, step.row) for step in edit}
        for other, result in (base.violated(edit) or {}).items():
            if other == code:
                continue
            amounts = amounts_of(rules, [result], CENT) or [Decimal(1)]
            check = self.ruleset.checks.get(other)
            nearest = leaves(rules, base, check)[:15] if check is not None else [(cell, 0) for cell in result.cells]
            for leaf in nearest:
                if leaf[0] in rules.cells or leaf[0] in rules.aggregates:
                    for repair in list(candidates(base, leaf, amounts))[:6]:
                        if not any((step.code, step.back, step.row) in touched for step in repair):
                            yield repair


# --- the file ---------------------------------------------------------------------


def block(ruleset: typed.TypedRuleset, variant: Variant) -> str:
    """Return a variant as an example."""
    lines = [f"exemple « {title(ruleset.checks[variant.code], variant.place)} » sur « {variant.base} »"]
    lines += [line(ruleset, step) for step in variant.edit]
    if variant.alone:
        lines.append(f"  attend contrôle {variant.codes[0]} violé seul")
    else:
        lines.append(f"  attend contrôles {' ; '.join(variant.codes)} violés seuls")
    return "\n".join(lines) + "\n"


def title(check: typed.Check, place: str | None) -> str:
    """Return the code of a check and what its message says first, without figures."""
    text = re.sub(r"\{(ligne|colonne)\}", place or "", check.text)
    text = re.sub(r" *\([^()]*\)|[«»\"]", "", text)  # what stands in brackets, and quotes
    text = re.split(r"\.(?: |$)", text)[0]
    figure = re.search(r"\{|(?<![\w-])[0-9]", text)
    if figure is not None:
        before = text[: figure.start()].rstrip(" :,;")
        end = max(before.rfind(mark) for mark in (",", ":", ";"))
        before = before[:end] if end > 0 and len(before[end + 1 :].split()) <= 2 else _DANGLING.sub("", before)
        text = before if len(before.split()) > 2 else re.sub(r"\{[^{}]*\}|(?<![\w-])[0-9][\w,]*", "…", text)
    words = " ".join(text.split()).strip(" :;,")
    return f"{check.code} : {words}" if words else check.code


_DANGLING: Final = re.compile(r"( (de|du|des|à|au|est|sont|que|et|d'))+$")


@dataclass(frozen=True, slots=True)
class Held:
    """A variant of the file that still holds."""

    text: str
    codes: tuple[str, ...]


def split(text: str) -> list[str]:
    """Return the examples of a file, each as text."""
    return [f"exemple {part}".rstrip() + "\n" for part in re.split(r"^exemple ", text, flags=re.MULTILINE)[1:]]


def holding(sources: Sequence[Source], blocks: Sequence[str], folder: DossierFolder) -> tuple[list[Held], set[str]]:
    """Return the blocks that hold, and the checks that other examples of the ruleset show violated alone."""
    named = {f"bloc {index}": Source.of(f"bloc {index}", text) for index, text in enumerate(blocks)}
    wrong = {d.primary.span.source.name for d in check_sources([*sources, *named.values()]).diagnostics}
    kept = {name: source for name, source in named.items() if name not in wrong}
    ruleset = compile_sources([*sources, *kept.values()])
    held: list[Held] = []
    alone: set[str] = set()
    for example, (result, _) in zip(ruleset.typed.examples, evaluated_examples(ruleset, folder.read), strict=True):
        for step in example.expected:
            if result.passed and isinstance(step, typed.OnlyViolated):
                name = example.span.source.name
                if name in kept:
                    held.append(Held(kept[name].text, step.codes))
                elif len(step.codes) == 1:
                    alone.update(step.codes)
    return held, alone


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=DEFAULT, help="the ruleset")
    parser.add_argument("--only", nargs="*", default=(), metavar="CODE", help="look again for these checks, no other")
    parser.add_argument("--tries", type=int, default=60, help="evaluations for one check on one dossier")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    file: Path = options.folder / FILE
    folder = DossierFolder(options.folder / "dossiers")
    read = ruleset_sources(options.folder).value
    sources = [source for source in read if Path(source.name) != file]
    ruleset = compile_sources(sources)
    held, elsewhere = holding(sources, split(file.read_text("utf-8")) if file.is_file() else (), folder)
    held = [each for each in held if not set(each.codes) & set(options.only)]
    unknown = [code for code in options.only if code not in ruleset.checks]
    if unknown:
        parser.error(f"contrôles inconnus : {', '.join(unknown)}")
    wanted = [code for code in options.only or ruleset.checks if code not in elsewhere]
    wanted = [code for code in wanted if not any(code in each.codes for each in held)]
    print(f"{len(ruleset.checks)} contrôles : {len(held)} variantes tiennent, {len(wanted)} contrôles à chercher")

    bases = [base for name in folder.names() if (base := Base.read(ruleset, folder, name)) is not None]
    search = Search(ruleset, bases, options.tries)
    try:
        for code in wanted:
            variant = search.look(code)
            told = "rien" if variant is None else " ; ".join(variant.codes)
            print(f"{round(time.monotonic() - start)} s  {code} : {told}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrompu : ce qui est trouvé est écrit", file=sys.stderr)
    found = {frozenset(variant.codes): variant for code in reversed(wanted) if (variant := search.met.get(code))}
    written_now = [block(ruleset, variant) for variant in found.values()]
    fresh, _ = holding(sources, written_now, folder)
    lost = set(written_now) - {each.text for each in fresh}
    rank = {code: index for index, code in enumerate(ruleset.checks)}
    everything = sorted([*held, *fresh], key=lambda each: rank[each.codes[0]])
    file.write_text(canonical(HEAD + "\n".join(each.text for each in everything)), encoding="utf-8")

    seconds = round(time.monotonic() - start)
    alone = sum(1 for each in everything if len(each.codes) == 1)
    print(
        f"{alone} contrôles violés seuls, {len(elsewhere)} le sont ailleurs ; {seconds} s, {sum(b.runs for b in bases)} évaluations"
    )
    for each in everything:
        if len(each.codes) > 1:
            print(f"à plusieurs : {' ; '.join(each.codes)}")
    shown = {code for each in everything for code in each.codes}
    for code in wanted:
        if code not in shown:
            print(f"rien trouvé : {code}")
    for text in sorted(lost):
        print(f"ne se relit pas comme cherché :\n{text}")
    return 0


def canonical(text: str) -> str:
    """Return rule text in canonical form."""
    return format_source(Source.of("variantes.qdis", text)).value


if __name__ == "__main__":
    sys.exit(main())
