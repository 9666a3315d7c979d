"""Results depend neither on the order of files and declarations nor on the host's decimal context."""

import decimal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from qdis_rules.evaluation.report import Report
from qdis_rules.pipeline import Ruleset, check_sources
from qdis_rules.source import Source
from tests.properties.agreement import differences, values_of, verdicts_of, well_typed
from tests.properties.campaign import examples
from tests.strategies import dossiers, histories, rulesets


def said(report: Report) -> dict[str, Any]:
    """Return all that a report says, with no regard to order."""
    return {
        "values": values_of(report),
        "verdicts": verdicts_of(report),
        "checks": dict(report.checks),
        "aggregates": dict(report.aggregates),
        "cells": dict(report.cells),
        "tables": dict(report.tables),
        "recomputed": report.recomputed,
        "ready": report.ready_for_validation,
        "blockers": {result.name for result in report.blockers},
    }


def assert_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    for part, value in left.items():
        if isinstance(value, dict):
            assert differences(value, right[part]) == {}, part
        else:
            assert value == right[part], part


@examples(80)
@given(st.data())
def test_order_of_declarations_and_files(data: st.DataObject) -> None:
    text = data.draw(rulesets(), label="ruleset")
    ruleset = well_typed(text)
    assume(ruleset is not None)
    assert ruleset is not None
    blocks = data.draw(st.permutations((text.head, *text.blocks)), label="order")
    cut = data.draw(st.integers(0, len(blocks)), label="cut")
    sources = [Source.of("un.qdis", "\n\n".join(blocks[:cut])), Source.of("deux.qdis", "\n\n".join(blocks[cut:]))]
    outcome = check_sources(sources)
    assert outcome.ok, [diagnostic.message for diagnostic in outcome.diagnostics]
    shuffled = Ruleset(outcome.value, outcome.diagnostics)
    dossier = data.draw(dossiers(ruleset.typed), label="dossier")
    history = data.draw(histories(ruleset.typed), label="history")
    assert_same(said(ruleset.evaluate(dossier, history=history)), said(shuffled.evaluate(dossier, history=history)))


HOSTILE = (
    decimal.Context(
        prec=3,
        rounding=decimal.ROUND_DOWN,
        Emin=-2,
        Emax=2,
        traps=[decimal.Inexact, decimal.Rounded, decimal.Subnormal, decimal.Overflow, decimal.FloatOperation],
    ),
    decimal.Context(prec=1, rounding=decimal.ROUND_CEILING, traps=[]),
)


@contextmanager
def ambient(context: decimal.Context) -> Iterator[None]:
    before = decimal.getcontext()
    decimal.setcontext(context.copy())
    try:
        yield
    finally:
        decimal.setcontext(before)


def everything(text: Any, dossier: Any, history: Any) -> tuple[dict[str, Any], list[str]]:
    """Compile, evaluate, show and explain."""
    ruleset = well_typed(text)
    assert ruleset is not None
    report = ruleset.evaluate(dossier, history=history)
    codes = (*list(ruleset.aggregates)[:3], *list(report.checks)[:2])
    return said(report), [line for code in codes for line in report.explain(code).lines()]


@examples(50)
@given(st.data())
def test_the_ambient_decimal_context_is_never_read(data: st.DataObject) -> None:
    text = data.draw(rulesets(), label="ruleset")
    ruleset = well_typed(text)
    assume(ruleset is not None)
    assert ruleset is not None
    dossier = data.draw(dossiers(ruleset.typed), label="dossier")
    history = data.draw(histories(ruleset.typed), label="history")
    calm, lines = everything(text, dossier, history)
    for context in HOSTILE:
        with ambient(context):
            hostile, hostile_lines = everything(text, dossier, history)
        assert_same(calm, hostile)
        assert lines == hostile_lines
