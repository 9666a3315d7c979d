"""Running the `exemple` blocks of a ruleset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from qdis_rules.authoring import errors
from qdis_rules.diagnostics import Diagnostic
from qdis_rules.evaluation.dossier import Account, Dossier, DossierError, Raw
from qdis_rules.evaluation.evaluate import earlier_years, evaluate
from qdis_rules.evaluation.history import Years
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.results import CheckResult, Status, Verdict
from qdis_rules.evaluation.wording import compared, in_unit, spoken
from qdis_rules.model import typed
from qdis_rules.model.types import NumberType, Type, number_unit
from qdis_rules.numbers import ZERO, Exact, Undefined, absolute, add, multiply, round_shown, shown, subtract
from qdis_rules.pipeline import Ruleset
from qdis_rules.plan.frame import Value
from qdis_rules.plan.plan import Plan
from qdis_rules.records import dataclass
from qdis_rules.syntax import tree

Reader: TypeAlias = Callable[[str], Sequence[Dossier]]
"""Gives a dossier by name, then those of earlier years, or raises DossierError."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """An `exemple` run: passed, or the diagnostics of the expectations it does not meet."""

    title: str
    passed: bool
    diagnostics: tuple[Diagnostic, ...]


def run_examples(ruleset: Ruleset, read: Reader | None = None) -> tuple[ExampleResult, ...]:
    """Return the result of each `exemple` of `ruleset`, in order of declaration.

    `read` gives the dossiers that examples start from (`DossierFolder.read`); without it,
    such an example fails and says so.
    """
    return tuple(result for result, _ in evaluated_examples(ruleset, read))


def evaluated_examples(ruleset: Ruleset, read: Reader | None = None) -> Iterator[tuple[ExampleResult, Report | None]]:
    """Yield the result of each `exemple` and the report of its dossier, None when there is none.

    Each dossier that examples start from is read once.
    """
    bases = _Bases(ruleset, read)
    for example in ruleset.typed.examples:
        try:
            report = bases.report(example)
        except DossierError as error:
            found = tuple(errors.unfit_example(example.span, str(problem)) for problem in error.problems)
            yield ExampleResult(example.title, False, found), None
        except ExampleError as error:
            yield ExampleResult(example.title, False, (error.diagnostic,)), None
        else:
            unmet = tuple(
                saying for step in example.expected if (saying := _unmet(ruleset.typed, report, step)) is not None
            )
            yield ExampleResult(example.title, not unmet, unmet), report


def evaluated_dossiers(
    ruleset: Ruleset, names: Iterable[str], read: Reader
) -> Iterator[tuple[str, Report | DossierError]]:
    """Yield the report of each dossier of the ruleset's year, or why it has none.

    Those of other years are left out: they are read as earlier years.
    """
    for name in names:
        try:
            dossier, *earlier = read(name)
            if dossier.year == ruleset.year:
                yield name, ruleset.evaluate(dossier, earlier)
        except DossierError as error:
            yield name, error


def example_dossiers(
    ruleset: Ruleset, example: typed.Example, read: Reader | None = None
) -> tuple[Dossier, tuple[Dossier, ...]]:
    """Return the dossier an example describes, and those of earlier years. Raises ExampleError."""
    return _Bases(ruleset, read).dossiers(example)


class ExampleError(ValueError):
    """An example describes no dossier: `diagnostic` says why, and where."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _Bases:
    """The dossiers that examples start from: each is read once, its earlier years evaluated once."""

    def __init__(self, ruleset: Ruleset, read: Reader | None) -> None:
        self._ruleset = ruleset
        self._read = read
        self._found: dict[str, Sequence[Dossier] | DossierError] = {}
        self._years: dict[str, Years] = {}

    def report(self, example: typed.Example) -> Report:
        """Return the report of the dossier an example describes. Raises DossierError, ExampleError."""
        dossier, earlier = self.dossiers(example)
        given = {step.code: step.value for step in example.given if step.kind == "parameter" and step.value is not None}
        if given:
            return evaluate(_under(self._ruleset.plan, given), dossier, earlier)
        if example.base is None or any(step.back for step in example.given):
            return self._ruleset.evaluate(dossier, earlier)
        name = example.base.value
        if name not in self._years:
            self._years[name] = earlier_years(self._ruleset.plan, earlier)
        return evaluate(self._ruleset.plan, dossier, self._years[name])

    def dossiers(self, example: typed.Example) -> tuple[Dossier, tuple[Dossier, ...]]:
        """Return the dossier an example describes, and those of earlier years."""
        year = self._ruleset.year
        found = self._base(example.base) if example.base is not None else ()
        made = {0 if index == 0 else year - base.year: base for index, base in enumerate(found)}
        for back in {0, *(step.back for step in example.given)}:
            base = made.get(back, Dossier(year - back, name=example.title))
            made[back] = edited(self._ruleset.typed, base, [step for step in example.given if step.back == back])
        return made[0], tuple(made[back] for back in sorted(made) if back != 0)

    def _base(self, name: tree.Text) -> Sequence[Dossier]:
        if self._read is None:
            raise ExampleError(errors.no_base(name.span, "aucun répertoire de dossiers n'accompagne ces règles"))
        if name.value not in self._found:
            try:
                self._found[name.value] = self._read(name.value)
            except DossierError as error:
                self._found[name.value] = error
        found = self._found[name.value]
        if isinstance(found, DossierError):
            raise ExampleError(errors.no_base(name.span, " ; ".join(str(problem) for problem in found.problems)))
        return found


def _under(plan: Plan, given: Mapping[str, typed.Constant]) -> Plan:
    """Return the plan with other values of some parameters, whatever the year."""
    parameters = dict(plan.ruleset.parameters)
    for code, value in given.items():
        parameters[code] = replace(parameters[code], values=(typed.ParameterYear(value, None, None),))
    return replace(plan, ruleset=replace(plan.ruleset, parameters=parameters))


def edited(ruleset: typed.TypedRuleset, base: Dossier, steps: Sequence[typed.ExampleStep]) -> Dossier:
    """Return `base` once the `donne` steps of its own year are given. Raises ExampleError."""
    edits = _Edits(ruleset, base)
    accounts: dict[str, list[typed.ExampleStep]] = {}
    for step in steps:
        if step.kind == "parameter":
            continue  # the rules change, not the dossier
        if step.kind == "account":
            accounts.setdefault(step.code, []).append(step)
        elif step.value is not None:
            edits.give(step, step.value)
        elif not edits.take_away(step):
            raise ExampleError(errors.nothing_to_take(step.span, base.name))
    for number, given in accounts.items():
        edits.accounts[number] = edits.account(number, given)
    return replace(
        base,
        typed=edits.cells,
        imported=edits.imported,
        filed=edits.filed,
        lists={code: tuple(rows) for code, rows in edits.rows.items()},
        balance=tuple(edits.accounts.values()) if accounts else base.balance,
    )


class _Edits:
    """What a dossier holds, while an example changes it."""

    def __init__(self, ruleset: typed.TypedRuleset, base: Dossier) -> None:
        self.ruleset = ruleset
        self.cells = dict(base.typed)
        self.imported = dict(base.imported)
        self.filed = dict(base.filed)
        self.rows = {code: [dict(row) for row in rows] for code, rows in base.lists.items()}
        self.accounts = {account.number: account for account in base.balance or ()}

    def give(self, step: typed.ExampleStep, value: typed.Constant) -> None:
        """Set a cell, a filed aggregate, or a column of a list's row, which is added when it is not there."""
        match step.kind:
            case "cell":
                self.cells[step.code] = _raw(value, self.ruleset.cells[step.code].type)
            case "aggregate":
                self.filed[step.code] = _raw(value, self.ruleset.aggregates[step.code].type)
            case _:
                cell = self.ruleset.cells[step.code]
                row = self._row(cell.table, step.row)
                if row is None:
                    row = {self.ruleset.tables[cell.table].key or "": step.row}
                    self.rows.setdefault(cell.table, []).append(row)
                row[cell.column] = _raw(value, cell.type)

    def take_away(self, step: typed.ExampleStep) -> bool:
        """Remove what a step names from every layer; False when it stands in none."""
        match step.kind:
            case "line":
                row = self._row(step.code, step.row)
                if row is not None:
                    self.rows[step.code].remove(row)
                return row is not None
            case "row":
                cell = self.ruleset.cells[step.code]
                row = self._row(cell.table, step.row)
                return row is not None and row.pop(cell.column, None) is not None
            case _:
                layers = [layer for layer in (self.cells, self.imported, self.filed) if step.code in layer]
                for layer in layers:
                    del layer[step.code]
                return bool(layers)

    def _row(self, table: str, key: str | None) -> dict[str, Raw] | None:
        name = self.ruleset.tables[table].key or ""
        return next((row for row in self.rows.get(table, ()) if str(row.get(name)).strip() == key), None)

    def account(self, number: str, steps: Sequence[typed.ExampleStep]) -> Account:
        """Return an account as given: opening + movements = closing.

        The movements make up for an opening or a closing that is given; the closing for movements.
        """
        old = self.accounts.get(number) or _empty_account(number, next(iter(self.accounts.values()), None))
        given = {step.moment: shown(step.value) for step in steps if isinstance(step.value, Decimal | Fraction)}
        opening = given.get("ouverture", _net(old.opening_debit, old.opening_credit))
        debit = given.get("mouvements débit", old.movement_debit)
        credit = given.get("mouvements crédit", old.movement_credit)
        closing = given.get(None, shown(subtract(old.closing_debit, old.closing_credit)))
        moved = "mouvements débit" in given or "mouvements crédit" in given
        lacking = ("ouverture" in given and old.opening_debit is None) or (moved and old.movement_debit is None)
        if lacking:
            raise ExampleError(errors.unfit_example(steps[0].span, "la balance n'a pas cette colonne"))
        if opening is not None and debit is not None and credit is not None:
            reached = add(opening, subtract(debit, credit))
            missing = subtract(closing, reached)
            if moved and None not in given:
                closing = shown(reached)
            elif moved and missing:
                why = f"l'ouverture et les mouvements du compte {number} ne mènent pas à ce solde"
                raise ExampleError(errors.unfit_example(steps[0].span, why))
            elif missing > 0:
                debit = shown(add(debit, missing))
            else:
                credit = shown(subtract(credit, missing))
        opened = _sides(opening) if opening is not None else (None, None)
        closed = _sides(closing)
        return Account(number, old.label, opened[0], opened[1], debit, credit, closed[0], closed[1])


def _empty_account(number: str, beside: Account | None) -> Account:
    """Return an account at zero, in the columns of the balance it is added to."""
    opening = None if beside is not None and beside.opening_debit is None else Decimal(0)
    moved = None if beside is not None and beside.movement_debit is None else Decimal(0)
    return Account(number, "", opening, opening, moved, moved, Decimal(0), Decimal(0))


def _net(debit: Decimal | None, credit: Decimal | None) -> Decimal | None:
    return shown(subtract(debit, credit)) if debit is not None and credit is not None else None


def _sides(net: Decimal) -> tuple[Decimal, Decimal]:
    return (net, Decimal(0)) if net >= 0 else (Decimal(0), net.copy_abs())


def _raw(value: typed.Constant, kind: Type) -> Raw:
    """Return a value in base units as a dossier would give it, in its declared unit."""
    if isinstance(value, Decimal | Fraction) and isinstance(kind, NumberType):
        return shown(in_unit(value, number_unit(kind)))
    return value if isinstance(value, bool | str | date) else None


def _unmet(
    ruleset: typed.TypedRuleset, report: Report, step: typed.ExampleStep | typed.OnlyViolated
) -> Diagnostic | None:
    if isinstance(step, typed.OnlyViolated):
        return _unmet_alone(report, step)
    if step.kind == "check":
        return _unmet_check(report, step)
    value, kind, places = _found(ruleset, report, step)
    cell = ruleset.cells.get(step.code)
    said = spoken(value, kind, places, entered=cell is not None and cell.formula is None)
    if step.state is not None:
        wanted = {
            "absent": Status.ABSENT,
            "sans objet": Status.NOT_APPLICABLE,
            "non calculable": Status.UNDEFINED,
        }[step.state]
        if _status(ruleset, step, value) is wanted:
            return None
        return errors.unmet_expectation(step.span, said, _why(value))
    if not _same(value, step, kind, places):
        return errors.unmet_expectation(step.span, said, _why(value))
    return None


def _found(ruleset: typed.TypedRuleset, report: Report, step: typed.ExampleStep) -> tuple[Value, Type, int | None]:
    evaluation = report._evaluation
    item: typed.Cell | typed.Aggregate
    places = None
    if step.code in ruleset.aggregates:
        item = ruleset.aggregates[step.code]
        places = item.places
    else:
        item = ruleset.cells[step.code]
    if step.back:
        past = evaluation.frame.past(step.back)
        if past is None:
            return Undefined(frozenset()), item.type, places
        return (past.aggregate(step.code) if step.kind == "aggregate" else past.cell(step.code)), item.type, places
    value = evaluation.value(step.code)
    if isinstance(value, list):
        table = ruleset.tables[ruleset.cells[step.code].table]
        keys = [str(row.get(table.key or "")) for row in evaluation.admitted.rows[table.code]]
        if step.row not in keys:
            return Undefined(frozenset()), item.type, places
        return value[keys.index(step.row)], item.type, places
    return value, item.type, places


def _same(value: Value, step: typed.ExampleStep, kind: Type, places: int | None) -> bool:
    """Compare with what is shown: an aggregate is rounded as declared."""
    if isinstance(value, Decimal | Fraction) and isinstance(step.value, Decimal | Fraction):
        found: Exact = value
        if places is not None and isinstance(kind, NumberType):
            unit = number_unit(kind)
            found = multiply(round_shown(in_unit(value, unit), places), unit.scale)
        tolerance = step.tolerance if step.tolerance is not None else ZERO
        return absolute(subtract(found, step.value)) <= tolerance
    return type(value) is type(step.value) and value == step.value


def _status(ruleset: typed.TypedRuleset, step: typed.ExampleStep, value: Value) -> Status:
    if isinstance(value, Undefined):
        entered = step.code in ruleset.cells and ruleset.cells[step.code].formula is None
        return Status.ABSENT if entered else Status.UNDEFINED
    if isinstance(value, Decimal | Fraction | bool | str | date):
        return Status.PRESENT
    return Status.NOT_APPLICABLE


def _why(value: Value) -> str | None:
    if isinstance(value, Undefined) and value.causes:
        return "causes : " + " ; ".join(str(cause) for cause in sorted(value.causes))
    return None


_RANK: Mapping[Verdict, int] = {
    Verdict.VIOLATED: 0,
    Verdict.UNDETERMINED: 1,
    Verdict.SATISFIED: 2,
    Verdict.NOT_APPLICABLE: 3,
    Verdict.DEACTIVATED: 4,
}


def _unmet_check(report: Report, step: typed.ExampleStep) -> Diagnostic | None:
    """A check applied to several places has the worst of its verdicts."""
    results = sorted(report.checks.of(step.code), key=lambda result: _RANK[result.verdict])
    worst = results[0].verdict if results else Verdict.NOT_APPLICABLE
    if str(worst) == step.state:
        return None
    causes = sorted({str(cause) for result in results for cause in result.causes})
    message = next((result.message for result in results if result.message), None)
    help = message or ("causes : " + " ; ".join(causes) if causes else None)
    return errors.unmet_expectation(step.span, str(worst), help or _compared(results[:1]))


def _compared(results: Sequence[CheckResult]) -> str | None:
    """Return the comparison that decides a verdict, with what is tolerated: why a check holds all the same."""
    gap = next((result.deciding for result in results if result.deciding is not None), None)
    if gap is None:
        return None
    return f"comparé : {compared(gap)}"


def _unmet_alone(report: Report, step: typed.OnlyViolated) -> Diagnostic | None:
    """A check is violated where one of the places it is applied to violates it."""
    violated = {result.code: result for result in reversed(report.checks.violated)}
    if set(violated) == set(step.codes):
        return None
    kept = [code for code in step.codes if code not in violated]
    others = [f"{result.name} : {result.message}" for code, result in violated.items() if code not in step.codes]
    found = [f"{code} n'est pas violé" for code in dict.fromkeys(kept)]
    helps = [told for code in dict.fromkeys(kept) if (told := _compared(report.checks.of(code))) is not None]
    if others:
        found.append(f"{len(others)} autre{'s' if len(others) > 1 else ''} violé{'s' if len(others) > 1 else ''}")
    return errors.unmet_expectation(step.span, " ; ".join(found), "\n".join([*helps, *reversed(others)]) or None)
