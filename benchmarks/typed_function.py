"""The straight-line `Decimal` function of a whole ruleset, made from its typed rules: the least a careful person would write.

A value that cannot be computed, absent or *sans objet*, is None, without a cause: an operation on it raises, and the formula
gives None. Divisions are where the author put them. No report, no gap, no message, no second value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

from qdis_rules.evaluation.run import Evaluation
from qdis_rules.model import typed
from qdis_rules.plan.frame import Frame
from qdis_rules.plan.plan import Plan

NO_VALUE = (TypeError, ArithmeticError)
FUNCTIONS = {
    "somme": "sum([{0}], ZERO)",
    "moyenne": "mean([{0}])",
    "min": "min([{0}])",
    "max": "max([{0}])",
    "nombre": "Decimal(len([{0}]))",
    "défaut": "default(lambda: {0}, {1})",
    "renseigné": "known(lambda: {0})",
    "abs": "abs({0})",
    "année": "Decimal(({0}).year)",
    "arrondi": "rounded({0}, {1})",
}


class TypedFunction:
    """`run(given)` returns the computed values by code and the outcome of each trial (a list of them, for rows)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.constants: dict[str, Any] = {
            "ZERO": Decimal(0),
            "Decimal": Decimal,
            "NO_VALUE": NO_VALUE,
            "mean": _mean,
            "default": _default,
            "known": _known,
            "rounded": _rounded,
            "held": HELD,
            "per_row": _per_row,
        }
        self.computed: list[str] = []
        ruleset = plan.ruleset
        slots = ", ".join(f"v{slot}" for slot in range(len(ruleset.order)))
        self.lines = ["def run(v, count, parameter, past, supplied, year):", f"    {slots}, = v"]
        for code in ruleset.order:
            self._step(code)
        trials = [each for check in ruleset.checks.values() for each in check.instances]
        for index, trial in enumerate(trials):
            self._trial(index, trial)
        values = ", ".join(f"v{plan.slots[code]}" for code in self.computed)
        verdicts = ", ".join(f"c{index}" for index in range(len(trials)))
        self.lines.append(f"    return [{values}], [{verdicts}]")
        exec("\n".join(self.lines), self.constants)
        self.run: Callable[..., tuple[list[Any], list[Any]]] = self.constants["run"]

    def given(self, frame: Frame) -> Callable[[], tuple[list[Any], list[Any]]]:
        """Return a run on the inputs of an evaluation, as a person would hold them."""
        slots, cells, run = self.plan.slots, self.plan.ruleset.cells, self.run
        entered = [
            _plain(frame.values[slots[code]]) if code in cells and cells[code].formula is None else None
            for code in self.plan.ruleset.order
        ]
        count = {code: rows if isinstance(rows, int) else None for code, rows in frame.row_counts.items()}
        parameter = {code: _plain(value) for code, value in frame.parameters.items()}
        past = _Past(frame)
        rest = (count, parameter, past, frozenset(frame.supplied), Decimal(frame.year))
        run(entered, *rest)  # the past is looked up once
        return lambda: run(entered, *rest)

    def _step(self, code: str) -> None:
        ruleset, slots = self.plan.ruleset, self.plan.slots
        target = f"v{slots[code]}"
        if code in ruleset.tables:
            closed = ruleset.tables[code].closed
            assert closed is not None
            self._tried(target, self._text(closed))
            entered = [each for each in ruleset.tables[code].cells if ruleset.cells[each].formula is None]
            names = " = ".join(f"v{slots[each]}" for each in entered)
            self.lines.append(f"    if {target} is not False: {names} = None" if names else "")
            return
        if code in ruleset.aggregates:
            aggregate = ruleset.aggregates[code]
            text = self._text(aggregate.formula)
            if aggregate.guard is not None:
                text = f"({text}) if {self._text(aggregate.guard)} else None"
            self._tried(target, text)
            self.computed.append(code)
            return
        cell = ruleset.cells[code]
        if cell.formula is None:
            return
        text = self._text(cell.formula)
        if cell.row == "*":
            text = f"per_row(lambda i: {text}, count[{cell.table!r}])"
        if cell.table in slots:
            text = f"({text}) if v{slots[cell.table]} is False else None"
        self._tried(target, text)
        self.computed.append(code)

    def _trial(self, index: int, trial: typed.CheckInstance) -> None:
        text = self._text(trial.body)
        if trial.guard is not None:
            text = f"({text}) if {self._text(trial.guard)} else None"
        if trial.rows_of is not None:
            text = f"per_row(lambda i: {text}, count[{trial.rows_of!r}])"
        self._tried(f"c{index}", text)

    def _tried(self, target: str, text: str) -> None:
        self.lines += ["    try:", f"        {target} = {text}", "    except NO_VALUE:", f"        {target} = None"]

    def _constant(self, value: Any) -> str:
        if isinstance(value, Fraction):
            value = Decimal(value.numerator) / Decimal(value.denominator)
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

    def _text(self, node: typed.Expr) -> str:
        slots, text = self.plan.slots, self._text
        match node:
            case typed.Const(value):
                return self._constant(value)
            case typed.CellValue(code, back) | typed.AggregateValue(code, back):
                return f"past[{code!r}, {back}]" if back else f"v{slots[code]}"
            case typed.RowValue(code):
                return f"v{slots[code]}[i]"
            case typed.ParameterValue(code):
                return f"parameter[{code!r}]"
            case typed.YearValue():
                return "year"
            case typed.Negation(operand):
                return f"-({text(operand)})"
            case typed.Sum(terms):
                return f"({_joined((('-' if minus else '+', text(term)) for minus, term in terms), '0 ')})"
            case typed.Product(factors):
                return f"({_joined((('/' if divides else '*', text(each)) for divides, each in factors), '1 ')})"
            case typed.Comparison(left, op, right, margin):
                return self._compared(text(left), op, text(right), margin)
            case typed.Between(value, low, high, margin):
                above = self._compared(text(value), ">=", text(low), margin)
                return f"({above} and {self._compared(text(value), '<=', text(high), margin)})"
            case typed.Not(operand):
                return f"(not ({text(operand)}))"
            case typed.And(operands):
                return f"({' and '.join(map(text, operands))})"
            case typed.Or(operands):
                return f"({' or '.join(map(text, operands))})"
            case typed.Conditional(condition, then, otherwise):
                return f"(({text(then)}) if {text(condition)} else ({text(otherwise)}))"
            case typed.Rows(table, value, condition):
                kept = f" if {text(condition)}" if condition is not None else ""
                return f"*[{text(value)} for i in range(count[{table!r}]){kept}]"
            case typed.Fold(function, items):
                return FUNCTIONS[function].format(", ".join(map(text, items)))
            case typed.Apply("renseigné", (typed.CellValue(_, 0) as cell,)):
                return f"({text(cell)} is not None)"
            case typed.Apply(function, arguments):
                return FUNCTIONS[function].format(*map(text, arguments))
            case typed.Supplied(code):
                return f"({code!r} in supplied)"
            case _:
                raise NotImplementedError(type(node).__name__)

    def _compared(self, left: str, op: str, right: str, margin: typed.Margin | None) -> str:
        if margin is None or not margin.amount:
            return f"held[{op!r}]({left}, {right})" if op in HELD else f"({left} {op} {right})"
        within = self._constant(margin.amount)
        if margin.relative:
            within = f"{within} * max(abs({left}), abs({right}))"
        if margin.per_term:
            rows = "".join(f" + count[{table!r}]" for table in margin.lists)
            within = f"{within} * ({margin.cells}{rows})"
        gap = f"{left} - {right}"
        match op:
            case "=":
                return f"(abs({gap}) <= {within})"
            case "<>":
                return f"(abs({gap}) > {within})"
            case "<=" | ">":
                return f"({gap} {op} {within})"
            case _:
                return f"({gap} {op} -{within})"


def agreement(function: TypedFunction, evaluation: Evaluation) -> tuple[int, int]:
    """Return how many values and outcomes are those of the evaluation, and out of how many."""
    values, outcomes = function.given(evaluation.frame)()
    pairs = [(value, evaluation.value(code)) for code, value in zip(function.computed, values, strict=True)]
    pairs += [(mine, theirs) for mine, theirs in zip(outcomes, evaluation.outcomes, strict=True) if theirs is not None]
    return sum(_same(mine, _plain(theirs)) for mine, theirs in pairs), len(pairs)


class _Past(dict[tuple[str, int], Any]):
    """What earlier years say, looked up the first time."""

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame

    def __missing__(self, key: tuple[str, int]) -> Any:
        code, back = key
        year = self._frame.past(back)
        value = None if year is None else year.cell(code) if code.count(".") > 1 else year.aggregate(code)
        self[key] = _plain(value)
        return self[key]


def _joined(parts: Any, first: str) -> str:
    text = " ".join(f"{sign} {part}" for sign, part in parts)
    return text[2:] if text[0] in "+*" else first + text


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | str | Decimal) or hasattr(value, "year") else None


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, list) and isinstance(theirs, list):
        return all(map(_same, mine, theirs))
    if isinstance(mine, Decimal) and isinstance(theirs, Decimal):
        with localcontext(prec=20):
            return +mine == +theirs
    return mine == theirs


def _both(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        if left is None or right is None:
            raise TypeError
        return compare(left, right)

    return compared


HELD = {"=": _both(operator.eq), "<>": _both(operator.ne)}
"""Python tells whether None is something; whether it is less, it refuses to tell."""


def _mean(values: list[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _default(value: Callable[[], Any], otherwise: Any) -> Any:
    try:
        found = value()
    except NO_VALUE:
        return otherwise
    return otherwise if found is None else found


def _known(value: Callable[[], Any]) -> bool:
    return _default(value, None) is not None


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def _per_row(one: Callable[[int], Any], count: int) -> list[Any]:
    found = []
    for row in range(count):
        try:
            found.append(one(row))
        except NO_VALUE:
            found.append(None)
    return found
