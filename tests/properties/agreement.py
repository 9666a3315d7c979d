"""What it means that a report agrees with the oracle: every value, cause, verdict and threshold."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from qdis_rules.evaluation.dossier import Dossier
from qdis_rules.evaluation.report import Report
from qdis_rules.model import typed
from qdis_rules.numbers import NOT_APPLICABLE, CauseKind, Undefined
from qdis_rules.pipeline import Ruleset, check_sources, compile_sources
from qdis_rules.source import Source
from tests.oracle import Oracle, Told, shown_in
from tests.strategies import RulesetText


def compiled(text: str | RulesetText) -> Ruleset:
    """Return the ruleset of a text. Raises RulesetError."""
    return compile_sources([Source.of("jeu.qdis", text if isinstance(text, str) else text.text)])


def well_typed(text: RulesetText) -> Ruleset | None:
    """Return the ruleset, or None for one of the rare draws that do not check."""
    outcome = check_sources([Source.of("jeu.qdis", text.text)])
    return Ruleset(outcome.value, outcome.diagnostics) if outcome.ok else None


def plain(value: object) -> object:
    """Return a value of either evaluator in one form, its kind kept (True is not 1, nor 0 empty)."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (Decimal, Fraction)):
        return "nombre", Fraction(value)
    if value is NOT_APPLICABLE:
        return "sans objet"
    if isinstance(value, Undefined):
        return "indéfini", sorted(map(str, value.causes))
    return type(value).__name__, value


def values_of(report: Report) -> dict[str, object]:
    """Return every cell, list column and aggregate of a report, unrounded, in base units."""
    evaluation = report._evaluation
    ruleset = evaluation.plan.ruleset
    return {code: plain(evaluation.value(code)) for code in (*ruleset.cells, *ruleset.aggregates)}


def verdicts_of(report: Report) -> dict[str, Told]:
    """Return what a report tells of each check, by name."""
    return {name: Told(str(result.verdict), frozenset(result.causes)) for name, result in report.checks.items()}


def too_large(report: Report) -> bool:
    """True when a number outgrew the evaluator: the oracle has no such bound."""
    return str(CauseKind.TOO_LARGE) in str(values_of(report)) + str(verdicts_of(report))


def differences(left: dict[str, object], right: dict[str, object]) -> dict[str, tuple[object, object]]:
    """Return where two mappings differ: {} when they agree."""
    names = [*left, *(name for name in right if name not in left)]
    return {name: (left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)}


def assert_agrees(ruleset: Ruleset, dossier: Dossier, history: Sequence[Dossier] = ()) -> Report:
    """Evaluate, and assert that the oracle says the same of everything."""
    report = ruleset.evaluate(dossier, history=history)
    oracle = Oracle(ruleset.typed, dossier, history)
    expected = {code: plain(value) for code, value in oracle.values().items()}
    wrong = differences(values_of(report), expected)
    assert not wrong, f"values (evaluated, expected): {wrong}"
    told: dict[str, object] = dict(verdicts_of(report))
    wrong = differences(told, dict(oracle.checks()))
    assert not wrong, f"verdicts (evaluated, expected): {wrong}"
    crossed: dict[tuple[str, str], bool | None] = {
        (code, threshold.name): threshold.crossed
        for code, result in report.aggregates.items()
        for threshold in result.thresholds
    }
    assert crossed == oracle.thresholds()
    assert_shown(ruleset, report, oracle)
    return report


def assert_shown(ruleset: Ruleset, report: Report, oracle: Oracle) -> None:
    """Assert that what is shown is the oracle's value in the declared unit, rounded once."""
    declared: dict[str, typed.Aggregate | typed.Cell] = {**ruleset.typed.aggregates, **ruleset.typed.cells}
    for code, item in declared.items():
        value = oracle.value(code)
        if not isinstance(value, Fraction):
            continue
        places = item.places if isinstance(item, typed.Aggregate) else None
        result = report.aggregates[code] if isinstance(item, typed.Aggregate) else report.cells[code]
        assert isinstance(result.value, Decimal), code
        expected = shown_in(item.type, value)
        if places is None:
            assert abs(Fraction(result.value) - expected) <= abs(expected) / 10**33, code
        else:
            assert result.value.as_tuple().exponent == -places, code
            assert Fraction(result.value) == half_away(expected, places), code


def half_away(value: Fraction, places: int) -> Fraction:
    """Return `value` to `places` decimals, ties away from zero, by whole numbers alone."""
    scaled = abs(value) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    size = Fraction(whole + (2 * rest >= scaled.denominator), 10**places)
    return size if value >= 0 else -size
