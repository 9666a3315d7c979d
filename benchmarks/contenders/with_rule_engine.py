"""rule-engine (Python, Decimal): one rule a formula and a check, matched in order; results join the facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import rule_engine

from benchmarks.contenders import Contender, hundredths
from benchmarks.judge import Results
from benchmarks.synthetic import Check, Dossier, Formula, Work, percent


class RuleEngine(Contender):
    """It has no rounding to a step: a floor of its own, on either side of zero."""

    name = "rule-engine"
    exact = "decimal, 28 digits"
    does = frozenset({"one"})
    slow = 20

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        context = rule_engine.Context(default_value=None)
        texts = [(f"f{i}", _formula(formula)) for i, formula in enumerate(work.formulas)]
        texts += [(f"c{i}", _check(check)) for i, check in enumerate(work.checks)]
        self.rules = [(name, rule_engine.Rule(text, context=context)) for name, text in texts]

    def given(self, dossier: Dossier) -> Any:
        return {f"x{i}": Decimal(cents).scaleb(-2) for i, cents in enumerate(dossier)}

    def one(self, given: Any) -> Any:
        facts = given.copy()
        for name, rule in self.rules:
            facts[name] = rule.evaluate(facts)
        return facts

    def told(self, made: Any) -> Results:
        formulas = enumerate(self.work.formulas)
        return (
            [hundredths(made[f"f{i}"], formula.kind) for i, formula in formulas],
            [made[f"c{i}"] for i in range(len(self.work.checks))],
        )


def _formula(formula: Formula) -> str:
    match formula.kind:
        case "sum":
            return formula.signed()
        case "rate":
            return _rounded(f"{formula.terms[0]} * {formula.percent}", 100)
        case _:
            above, below = formula.terms
            return f"{below} == 0 ? null : ({_rounded(f'{above} / {below} * 10000', 10_000)})"


def _rounded(scaled: str, scale: int) -> str:
    return f"{scaled} < 0 ? -((0.5 - {scaled}).floor) / {scale} : ({scaled} + 0.5).floor / {scale}"


def _check(check: Check) -> str:
    if isinstance(check.right, str):
        return _held(check.op, f"{check.left} - {check.right}", "1")
    return f"{check.left} == null ? null : ({_held(check.op, f'{check.left} - {percent(check.right)}', '0.001')})"


def _held(op: str, gap: str, margin: str) -> str:
    if op == "=":
        return f"$abs({gap}) <= {margin}"
    return f"{gap} <= {margin}" if op == "<=" else f"{gap} >= -{margin}"
