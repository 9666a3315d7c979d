"""ZEN engine (Rust, rust_decimal): one decision with one expression node of all formulas and checks."""

from __future__ import annotations

import json
from typing import Any

import zen

from benchmarks.contenders import Contender, hundredths
from benchmarks.judge import Results
from benchmarks.synthetic import Check, Dossier, Formula, Work, percent


class Zen(Contender):
    """Numbers go in and out as Python floats; what is null is left out of the result."""

    name = "ZEN engine"
    exact = "decimal, 28 digits"
    does = frozenset({"one"})

    def prepare(self, work: Work) -> None:
        super().prepare(work)
        texts = [(f"f{i}", _formula(formula)) for i, formula in enumerate(work.formulas)]
        texts += [(f"c{i}", _check(check)) for i, check in enumerate(work.checks)]
        node = {"expressions": [{"id": key, "key": key, "value": text} for key, text in texts]}
        nodes = [
            {"id": "in", "name": "in", "type": "inputNode", "content": {}},
            {"id": "work", "name": "work", "type": "expressionNode", "content": node},
            {"id": "out", "name": "out", "type": "outputNode", "content": {}},
        ]
        edges = [
            {"id": "1", "sourceId": "in", "targetId": "work", "type": "edge"},
            {"id": "2", "sourceId": "work", "targetId": "out", "type": "edge"},
        ]
        self.decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def given(self, dossier: Dossier) -> Any:
        return {f"x{i}": cents / 100 for i, cents in enumerate(dossier)}

    def one(self, given: Any) -> Any:
        return self.decision.evaluate(given)["result"]

    def told(self, made: Any) -> Results:
        formulas = enumerate(self.work.formulas)
        return (
            [hundredths(made.get(f"f{i}"), formula.kind) for i, formula in formulas],
            [made.get(f"c{i}") for i in range(len(self.work.checks))],
        )


def _name(name: str) -> str:
    return f"$.{name}" if name[0] == "f" else name


def _formula(formula: Formula) -> str:
    match formula.kind:
        case "sum":
            return formula.signed(_name)
        case "rate":
            return f"round({_name(formula.terms[0])} * 0.{formula.percent:02d}, 2)"
        case _:
            above, below = map(_name, formula.terms)
            return f"{below} == 0 ? null : round({above} / {below}, 4)"


def _check(check: Check) -> str:
    left = _name(check.left)
    if isinstance(check.right, str):
        return _held(check.op, f"{left} - {_name(check.right)}", "1")
    return f"{left} == null ? null : {_held(check.op, f'{left} - {percent(check.right)}', '0.001')}"


def _held(op: str, gap: str, margin: str) -> str:
    if op == "=":
        return f"abs({gap}) <= {margin}"
    return f"{gap} <= {margin}" if op == "<=" else f"{gap} >= -{margin}"
