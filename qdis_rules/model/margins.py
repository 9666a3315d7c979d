"""The tolerance of each comparison in the body of a check."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.model import errors, typed
from qdis_rules.model.order import Leaves
from qdis_rules.model.resolve import Units, simple_unit
from qdis_rules.model.types import NumberType, number_unit
from qdis_rules.numbers import ZERO, Exact, exact
from qdis_rules.syntax import tree
from qdis_rules.units import Unit


class Margins:
    """Decides margins: the one written, else the ruleset's own for the coarsest unit read."""

    def __init__(
        self,
        tolerances: Sequence[tuple[Unit, Exact]],
        units: Units,
        leaves: Leaves,
        diagnostics: list[Diagnostic],
    ) -> None:
        self._tolerances = tolerances
        self._units = units
        self._leaves = leaves
        self._diagnostics = diagnostics

    def __call__(self, node: tree.Tolerance | None, sides: tuple[typed.Expr, ...]) -> typed.Margin | None:
        """Return the margin of a comparison between `sides` (numbers of one dimension)."""
        units = [side.type.unit for side in sides if isinstance(side.type, NumberType) and side.type.unit]
        unit = units[0] if units else number_unit(NumberType(None))
        if node is None:
            amount = self._default(unit, sides)
            return typed.Margin(amount) if amount else None
        return self._written(node, unit, sides)

    def of_cell(self, cell: typed.Cell) -> Exact:
        """Return the tolerance at which a second value of `cell` agrees with the retained one."""
        if cell.unit is None:
            return ZERO
        return self._default(cell.unit, (typed.CellValue(cell.code, 0, cell.type, cell.span),))

    def _written(self, node: tree.Tolerance, unit: Unit, sides: tuple[typed.Expr, ...]) -> typed.Margin | None:
        quantity = node.amount
        relative = False
        amount: Exact = quantity.value
        if quantity.unit is not None:
            of = simple_unit(quantity.unit.text, quantity.unit.span, self._units, self._diagnostics)
            if of is None:
                return None
            relative = quantity.unit.text == "%"  # « point » is absolute
            amount = exact(Fraction(quantity.value) * of.scale)
            if not relative and not of.compatible(unit):
                self._diagnostics.append(errors.unit_mismatch(sides[0].span, unit, quantity.span, of, "tolérance"))
                return None
        elif quantity.value and unit.dimension:
            plain = number_unit(NumberType(None))
            self._diagnostics.append(errors.unit_mismatch(sides[0].span, unit, quantity.span, plain, "tolérance"))
            return None
        if not node.per_term:
            return typed.Margin(amount, relative)
        leaves = self._leaves.of(*sides)
        lists = tuple(sorted(code.split(".")[0] for code in leaves if ".*." in code))
        fixed = sum(1 for code in leaves if ".*." not in code)
        return typed.Margin(amount, relative, True, fixed, lists)

    def _default(self, unit: Unit, sides: tuple[typed.Expr, ...]) -> Exact:
        """Return the ruleset's tolerance for the coarsest unit in which the cells read are entered."""
        if not any(of.compatible(unit) for of, _ in self._tolerances):
            return ZERO
        coarsest = self._leaves.coarsest(unit.dimension, *sides)
        if coarsest is None:
            return ZERO
        # The tolerance of that very unit, else of the coarsest unit below it.
        fitting = [
            (of.scale, amount) for of, amount in self._tolerances if of.compatible(unit) and of.scale <= coarsest
        ]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else ZERO
