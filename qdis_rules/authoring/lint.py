"""What can be said of a correct ruleset before any dossier is seen: warnings only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from qdis_rules.authoring import errors
from qdis_rules.diagnostics import Diagnostic, in_source_order
from qdis_rules.model import typed
from qdis_rules.model.linear import LinearForms
from qdis_rules.model.types import NumberType
from qdis_rules.source import Span
from qdis_rules.units import NUMBER, PERCENT


def lint(ruleset: typed.TypedRuleset) -> tuple[Diagnostic, ...]:
    """Return the warnings on a ruleset that checked without error, in source order."""
    return in_source_order(
        [
            *_constants(ruleset),
            *_tautologies(ruleset),
            *_repeated(ruleset),
            *_unread(ruleset),
            *_divisions(ruleset),
            *_bare_percents(ruleset),
            *_undocumented(ruleset),
        ]
    )


def _declared(ruleset: typed.TypedRuleset) -> Iterator[typed.Check]:
    return (check for check in ruleset.checks.values() if check.origin is None)


def _formulas(ruleset: typed.TypedRuleset) -> Iterator[tuple[typed.Expr | None, typed.Expr]]:
    """Yield (guard, formula) of everything computed or checked."""
    for cell in ruleset.cells.values():
        if cell.formula is not None:
            yield None, cell.formula
    for aggregate in ruleset.aggregates.values():
        yield aggregate.guard, aggregate.formula
        for threshold in aggregate.thresholds:
            yield aggregate.guard, threshold.condition
    for table in ruleset.tables.values():
        if table.not_applicable is not None:
            yield None, table.not_applicable
    for check in ruleset.checks.values():
        for instance in check.instances:
            yield instance.guard, instance.body


def _reads_something(expr: typed.Expr) -> bool:
    return any(
        isinstance(
            node,
            typed.CellValue | typed.RowValue | typed.AggregateValue | typed.Supplied | typed.Rows | typed.YearValue,
        )
        for node in typed.walk(expr)
    )


def _constants(ruleset: typed.TypedRuleset) -> Iterator[Diagnostic]:
    """Conditions that read nothing of the dossier: parameters alone do not make one vary."""
    for guard, formula in _formulas(ruleset):
        for expr in (guard, formula):
            if expr is None:
                continue
            for node in typed.walk(expr):
                if isinstance(node, typed.Comparison | typed.Between) and not _reads_something(node):
                    value = _constant_value(node)
                    if value is not None:
                        yield errors.constant_condition(node.span, value)


def _constant_value(node: typed.Comparison | typed.Between) -> bool | None:
    sides = (node.left, node.right) if isinstance(node, typed.Comparison) else (node.value, node.low, node.high)
    forms = LinearForms({}, ())
    numbers = []
    for side in sides:
        form = forms.of(side)
        if not set(form) <= {None}:
            return None
        numbers.append(form.get(None, Fraction(0)))
    if isinstance(node, typed.Between):
        return numbers[1] <= numbers[0] <= numbers[2]
    left, right = numbers
    return {
        "=": left == right,
        "<>": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[node.op]


def _tautologies(ruleset: typed.TypedRuleset) -> Iterator[Diagnostic]:
    formulas = {code: cell.formula for code, cell in ruleset.cells.items() if cell.formula is not None}
    for code, aggregate in ruleset.aggregates.items():
        if aggregate.guard is None:
            formulas[code] = aggregate.formula
    forms = LinearForms(formulas, ruleset.order)
    for check in _declared(ruleset):
        bodies = [instance.body for instance in check.instances]
        if bodies and all(_always_true(body, forms) for body in bodies):
            yield errors.cannot_fail(bodies[0].span, check.code)


def _always_true(body: typed.Expr, forms: LinearForms) -> bool:
    match body:
        case typed.Comparison(left, "=" | "<=" | ">=", right) if isinstance(left.type, NumberType):
            return forms.equal(left, right)
        case typed.And(operands):
            return all(_always_true(operand, forms) for operand in operands)
        case _:
            return False


def _repeated(ruleset: typed.TypedRuleset) -> Iterator[Diagnostic]:
    seen: dict[object, typed.Check | typed.Aggregate] = {}
    for check in _declared(ruleset):
        key = tuple((instance.guard, instance.body) for instance in check.instances)
        first = seen.setdefault(key, check)
        if first is not check and key:
            yield errors.same_rule(check.span, check.code, first.span, first.code)
    for aggregate in ruleset.aggregates.values():
        if isinstance(aggregate.formula, typed.CellValue | typed.AggregateValue):
            continue  # a second name for a value is a choice of words, not a repeated rule
        rule = (aggregate.guard, aggregate.formula, aggregate.unit)
        earlier = seen.setdefault(rule, aggregate)
        if earlier is not aggregate:
            yield errors.same_rule(aggregate.span, aggregate.code, earlier.span, earlier.code)


def _unread(ruleset: typed.TypedRuleset) -> Iterator[Diagnostic]:
    """Entered rows and columns of numbers of which no cell is read, parameters never read."""
    read: set[str] = set()
    parameters: set[str] = set()
    for check in ruleset.checks.values():
        for instance in check.instances:
            for part in instance.message:
                if not isinstance(part, str) and not hasattr(part, "word"):
                    _collect(part, read, parameters)
    for guard, formula in _formulas(ruleset):
        for expr in (guard, formula):
            if expr is not None:
                _collect(expr, read, parameters)
    for cell in ruleset.cells.values():
        if cell.carried_from is not None:
            read.add(cell.carried_from)
            read.add(cell.code)
    for table in ruleset.tables.values():
        if table.is_list:
            yield from _unread_columns(ruleset, table, read)
            continue
        for row in table.rows.values():
            codes = [code for code in table.cells if ruleset.cells[code].row == row.name]
            # A total is its own reason; a text, a date or an answer informs.
            entered = any(
                ruleset.cells[code].formula is None and isinstance(ruleset.cells[code].type, NumberType)
                for code in codes
            )
            if entered and not any(code in read for code in codes):
                yield errors.unread_cell(row.span, f"{table.code}.{row.name}")
    for parameter in ruleset.parameters.values():
        if parameter.code not in parameters:
            yield errors.unused_parameter(parameter.span, parameter.code)


def _unread_columns(ruleset: typed.TypedRuleset, table: typed.Table, read: set[str]) -> Iterator[Diagnostic]:
    for column in table.columns.values():
        code = f"{table.code}.*.{column.name}"
        informative = not isinstance(ruleset.cells[code].type, NumberType)
        if code not in read and column.name != table.key and not informative:
            yield errors.unread_cell(column.span, f"{table.code}.{column.name}")


def _collect(expr: typed.Expr, read: set[str], parameters: set[str]) -> None:
    for node in typed.walk(expr):
        match node:
            case typed.CellValue(code) | typed.RowValue(code):
                read.add(code)
            case typed.ParameterValue(code):
                parameters.add(code)
            case _:
                pass


def _divisions(ruleset: typed.TypedRuleset) -> Iterator[Diagnostic]:
    seen: set[Span] = set()
    for guard, formula in _formulas(ruleset):
        for divisor, known in _divisors(formula, _nonzero(guard)):
            if _form(divisor) not in known and divisor.span not in seen and not _is_nonzero_constant(ruleset, divisor):
                seen.add(divisor.span)
                yield errors.unguarded_division(divisor.span, divisor.span.inline)


def _divisors(expr: typed.Expr, known: frozenset[_Form]) -> Iterator[tuple[typed.Expr, frozenset[_Form]]]:
    """Yield each divisor with what is known not to be zero where it stands."""
    match expr:
        case typed.Conditional(condition, then, otherwise):
            yield from _divisors(condition, known)
            yield from _divisors(then, known | _nonzero(condition))
            yield from _divisors(otherwise, known | _nonzero(typed.Not(condition, condition.type, condition.span)))
            return
        case typed.Apply("défaut", (value, fallback)):
            # The division is meant to be replaced where it cannot be done.
            yield from _divisors(fallback, known)
            for child in typed.children(value):
                yield from _divisors(child, known)
            return
        case typed.Rows(_, value, condition) if condition is not None:
            yield from _divisors(value, known | _nonzero(condition))
            yield from _divisors(condition, known)
            return
        case typed.Product(factors):
            for divides, factor in factors:
                if divides:
                    yield factor, known
    for child in typed.children(expr):
        yield from _divisors(child, known)


def _nonzero(condition: typed.Expr | None) -> frozenset[_Form]:
    """Return what cannot be zero where `condition` is true."""
    match condition:
        case typed.And(operands):
            return frozenset[_Form]().union(*(_nonzero(operand) for operand in operands))
        case typed.Not(typed.Comparison() as refused):
            return _nonzero(replace(refused, op=_OPPOSITE[refused.op]))
        case typed.Comparison(left, op, right):
            found = []
            if op in ("<", ">", "<>"):
                gap = ((False, left), (True, right)), ((False, right), (True, left))
                found += [_form(typed.Sum(terms, left.type, left.span)) for terms in gap]
            if (op == ">" and _at_least_zero(right)) or (op == ">=" and _positive(right)):
                found.append(_form(left))
            if (op == "<" and _at_least_zero(left)) or (op == "<=" and _positive(left)):
                found.append(_form(right))
            return frozenset(found)
        case _:
            return frozenset()


_Form: TypeAlias = frozenset[tuple[typed.Expr | None, Fraction]]
"""A value as a sum of things: `a - b` however it is written."""

_OPPOSITE: Final = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _form(expr: typed.Expr) -> _Form:
    return frozenset(LinearForms({}, ()).of(expr).items())


def _at_least_zero(expr: typed.Expr) -> bool:
    if isinstance(expr, typed.ParameterValue):
        return True
    return isinstance(expr, typed.Const) and isinstance(expr.value, Decimal | Fraction) and expr.value >= 0


def _positive(expr: typed.Expr) -> bool:
    if isinstance(expr, typed.ParameterValue):
        return True
    return isinstance(expr, typed.Const) and isinstance(expr.value, Decimal | Fraction) and expr.value > 0


def _is_nonzero_constant(ruleset: typed.TypedRuleset, expr: typed.Expr) -> bool:
    match expr:
        case typed.Const(value):
            return value != 0
        case typed.ParameterValue(code):
            return all(dated.value != 0 for dated in ruleset.parameters[code].values)
        case typed.Product(factors):
            return all(_is_nonzero_constant(ruleset, factor) for _, factor in factors)
        case typed.Fold("nombre", items):
            return not any(isinstance(item, typed.Rows) for item in items)
        case _:
            return False


def _bare_percents(ruleset: typed.TypedRuleset) -> Iterator[Diagnostic]:
    """`taux <= 10` compares with 1 000 %: nearly always a forgotten sign. Up to 1, a ratio is meant."""
    for guard, formula in _formulas(ruleset):
        for node in [n for expr in (guard, formula) if expr is not None for n in typed.walk(expr)]:
            match node:
                case typed.Comparison(left, _, right):
                    sides: tuple[typed.Expr, ...] = (left, right)
                case typed.Between(value, low, high):
                    sides = (value, low, high)
                case _:
                    continue
            against = [side for side in sides if _is_percent(side)]
            for side in sides if against else ():
                if isinstance(side, typed.Const) and isinstance(side.value, Decimal) and abs(Fraction(side.value)) > 1:
                    if isinstance(side.type, NumberType) and side.type.unit == NUMBER:
                        yield errors.bare_percent(side.span, side.span.text, against[0].span)


def _is_percent(expr: typed.Expr) -> bool:
    unit = expr.type.unit if isinstance(expr.type, NumberType) else None
    return unit is not None and unit == PERCENT


def _undocumented(ruleset: typed.TypedRuleset) -> Iterator[Diagnostic]:
    for check in _declared(ruleset):
        if check.notes.source is None:
            yield errors.no_source(check.span, f"le contrôle {check.code}")
    for aggregate in ruleset.aggregates.values():
        if aggregate.notes.source is None and not aggregate.internal:
            yield errors.no_source(aggregate.span, f"l'agrégat {aggregate.code}")
    for parameter in ruleset.parameters.values():
        if parameter.notes.source is None:
            yield errors.no_source(parameter.span, f"le paramètre {parameter.code}")
    for table in ruleset.tables.values():
        for row in table.rows.values():
            if row.label is None:
                yield errors.no_label(row.span, f"la ligne {table.code}.{row.name}")
