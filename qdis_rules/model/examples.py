"""Examples: what each `donne` and `attend` is about."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors, typed
from qdis_rules.model.expressions import Expressions
from qdis_rules.model.resolve import CellSymbol, SymbolTable, simple_unit
from qdis_rules.model.scope import GLOBAL, part_spans
from qdis_rules.model.types import ERROR, ErrorType, NumberType, Type, number_unit
from qdis_rules.model.values import literal
from qdis_rules.numbers import Exact, exact
from qdis_rules.records import dataclass
from qdis_rules.source import Span
from qdis_rules.syntax import tree
from qdis_rules.units import PREDEFINED

_VERDICTS = ("satisfait", "violé", "indéterminé", "sans objet", "désactivé")
_STATES = ("absent", "sans objet", "non calculable")


@dataclass(slots=True)
class Examples:
    """Resolves the steps of examples."""

    symbols: SymbolTable
    expressions: Expressions
    checks: Mapping[str, typed.Check]
    diagnostics: list[Diagnostic]

    def all(self) -> tuple[typed.Example, ...]:
        """Return the examples whose steps resolve."""
        return tuple(self._example(decl) for decl in self.symbols.examples)

    def _example(self, decl: tree.ExampleDecl) -> typed.Example:
        given: dict[tuple[object, ...], typed.ExampleStep] = {}
        expected: list[typed.ExampleStep | typed.OnlyViolated] = []
        for step in decl.steps:
            match step:
                case tree.Given():
                    built = self._given(step, decl)
                    if built is not None:
                        key = (built.kind, built.code, built.back, built.row, built.moment)
                        if key in given:
                            self.diagnostics.append(errors.given_twice(step.span, given[key].span))
                        given[key] = built
                case tree.Expected():
                    expects = self._expected(step)
                    if expects is not None:
                        expected.append(expects)
                case tree.ExpectedAlone(names, span):
                    known = [name.text for name in names if self._known(name)]
                    if len(known) == len(names):
                        expected.append(typed.OnlyViolated(tuple(known), span))
        return typed.Example(decl.title.value, decl.base, tuple(given.values()), tuple(expected), decl.title.span)

    def _given(self, step: tree.Given, decl: tree.ExampleDecl) -> typed.ExampleStep | None:
        if isinstance(step.target, tree.AccountPrefix):
            assert step.value is not None
            euros = NumberType(PREDEFINED["EUR"])
            value = literal(step.value, euros, self.symbols.units, self.diagnostics, None, step.span)
            if value is None:
                return None
            return typed.ExampleStep("account", step.target.digits, 0, None, value, None, None, step.span, step.moment)
        if step.value is None and decl.base is None:
            self.diagnostics.append(
                errors.example_step(
                    step.span,
                    "sans dossier de départ, il n'y a rien à retirer",
                    help="ce qu'un exemple ne donne pas est absent ; « exemple … sur « dossier » » part d'un dossier",
                )
            )
            return None
        target = self._line(step) or self._target(step.target)
        if target is None:
            return None
        what, code, back, row, kind = target
        if what == "aggregate" and back == 0:
            self.diagnostics.append(
                errors.example_step(
                    step.target.span,
                    "un agrégat de l'exercice se calcule, il ne se donne pas",
                    help="donnez les cellules qu'il lit ; un agrégat antérieur se donne : AE.x[N-1]",
                )
            )
            return None
        if what == "parameter" and (step.value is None or back):
            self.diagnostics.append(
                errors.example_step(step.span, "un paramètre se donne pour l'exercice, avec sa valeur")
            )
            return None
        if step.value is None:
            return typed.ExampleStep(what, code, back, row, None, None, "absent", step.span)
        declared = self._declared(code)
        value = literal(step.value, kind, self.symbols.units, self.diagnostics, declared, step.span)
        return self._step(what, code, back, row, value, step) if value is not None else None

    def _line(self, step: tree.Given) -> tuple[str, str, int, str | None, Type] | None:
        """Return the whole row of a list that a step takes away: `donne EMP.E1 absent`."""
        node = step.target
        if not isinstance(node, tree.Reference) or step.value is not None or len(node.parts) != 2:
            return None
        table = self.symbols.tables.get(node.parts[0])
        if table is None or not table.is_list or (node.years is not None and node.years.is_range):
            return None
        return "line", table.code, node.years.first if node.years else 0, node.parts[1], ERROR

    def _known(self, name: tree.Name) -> bool:
        """True when a check has this code, declared or generated; reported otherwise."""
        code = name.text
        generated = code == typed.UNREACHED
        if "~" in code and code.rsplit("~", 1)[1] in typed.GENERATED:
            generated = generated or self._generated_target(code)
        if code in self.checks or generated:
            return True
        if code not in self.symbols.broken and not self._of_what_is_broken(code):
            self.diagnostics.append(errors.unknown_check(name.span, self.checks, typed.marks_of(self.checks)))
        return False

    def _expected(self, step: tree.Expected) -> typed.ExampleStep | None:
        if isinstance(step.target, tree.Name):
            if not self._known(step.target):
                return None
            if step.state not in _VERDICTS:
                self.diagnostics.append(errors.example_step(step.span, f"« {step.state} » n'est pas un verdict"))
                return None
            return self._step("check", step.target.text, 0, None, None, step)
        target = self._target(step.target)
        if target is None:
            return None
        what, code, back, row, kind = target
        if what == "parameter":
            self.diagnostics.append(errors.example_step(step.target.span, "un paramètre se donne, il ne s'attend pas"))
            return None
        if step.value is None:
            if step.state not in _STATES:
                self.diagnostics.append(errors.example_step(step.span, f"« {step.state} » ne se dit pas d'une valeur"))
                return None
            return self._step(what, code, back, row, None, step)
        value = literal(step.value, kind, self.symbols.units, self.diagnostics, self._declared(code), step.span)
        tolerance = self._tolerance(step.tolerance, kind) if step.tolerance else None
        if value is None:
            return None
        return typed.ExampleStep(what, code, back, row, value, tolerance, None, step.span)

    def _tolerance(self, node: tree.Tolerance, kind: Type) -> Exact | None:
        if not isinstance(kind, NumberType):
            self.diagnostics.append(errors.margin_without_number(node.span, kind))
            return None
        unit = number_unit(kind)
        if node.amount.unit is not None:
            of = simple_unit(node.amount.unit.text, node.amount.unit.span, self.symbols.units, self.diagnostics)
            if of is None:
                return None
            if not of.compatible(unit):
                self.diagnostics.append(errors.unit_mismatch(node.span, unit, node.amount.span, of, "tolérance"))
            unit = of
        return exact(Fraction(node.amount.value) * unit.scale)

    def _of_what_is_broken(self, code: str) -> bool:
        """True when a generated check is of a table, row or column that was reported already."""
        parts = code.partition("~")[0].split(".")
        table = self.symbols.tables.get(parts[0])
        return parts[0] in self.symbols.broken or (
            table is not None and any(part in table.broken for part in parts[1:])
        )

    def _generated_target(self, code: str) -> bool:
        cell = code.rsplit("~", 1)[0]
        parts = cell.split(".")
        table = self.symbols.tables.get(parts[0])
        return table is not None and len(parts) == 3 and (parts[1], parts[2]) in table.cells

    def _target(self, node: tree.Reference) -> tuple[str, str, int, str | None, Type] | None:
        """Return (what, code, back, list row, kind) of a step's target, or None once reported."""
        back = node.years.first if node.years else 0
        if node.years is not None and node.years.is_range:
            self.diagnostics.append(errors.range_outside(node.span))
            return None
        table = self.symbols.tables.get(node.parts[0])
        if table is not None and table.is_list and len(node.parts) == 3:
            symbol = table.cells.get(("*", node.parts[2]))
            if symbol is not None:
                return "row", symbol.code, back, node.parts[1], symbol.type
            if node.parts[2] not in table.broken:
                span = part_spans(node)[2]
                self.diagnostics.append(errors.unknown_column(span, table.code, table.decl.name.span, table.columns))
            return None
        found = self.expressions.names.reference(node, GLOBAL, back)
        match found:
            case typed.CellValue(code, _, kind) if not isinstance(kind, ErrorType):
                return "cell", code, back, None, kind
            case typed.AggregateValue(code, _, kind) if not isinstance(kind, ErrorType):
                return "aggregate", code, back, None, kind
            case typed.ParameterValue(code, kind) if not isinstance(kind, ErrorType):
                return "parameter", code, back, None, kind
            case _:
                return None

    def _declared(self, code: str) -> Span | None:
        symbol = self._symbol(code)
        if symbol is not None:
            return (symbol.row or symbol.column).name.span
        aggregate = self.symbols.aggregates.get(code)
        return aggregate.decl.name.span if aggregate else None

    def _symbol(self, code: str) -> CellSymbol | None:
        parts = code.split(".")
        table = self.symbols.tables.get(parts[0])
        return table.cells.get((parts[1], parts[2])) if table and len(parts) == 3 else None

    def _step(
        self,
        what: str,
        code: str,
        back: int,
        row: str | None,
        value: typed.Constant | None,
        step: tree.Given | tree.Expected,
    ) -> typed.ExampleStep:
        state = step.state if isinstance(step, tree.Expected) else None
        return typed.ExampleStep(what, code, back, row, value, None, state, step.span)
