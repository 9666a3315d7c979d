"""The statements of the columnar function: names, inputs, and whether they speak of dossiers or of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from qdis_rules.batch import kernels
from qdis_rules.batch.operands import Code, Flag, Near, Operand, Ratio, Shape, Whole
from qdis_rules.numbers import Rounding


class Statements:
    """Writes statements; expressions are returned as text."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.lines: list[str] = []
        self.inputs: dict[tuple[str, ...], str] = {}
        self.names: dict[str, object] = {"np": np, "Rounding": Rounding}
        self.names.update({name: getattr(kernels, name) for name in kernels.__dict__ if not name.startswith("_")})
        self.columns: set[str] = set()
        """Those of dossiers that are `computed`: where is for `registers` to say."""
        self.table: str | None = None
        """The list whose rows are at hand; None: dossiers."""
        self._shared: dict[str | None, dict[str, str]] = {}
        self._at_rows: dict[str, dict[Operand, Operand]] = {}
        self._count = 0

    def line(self, text: str) -> None:
        """Write a statement."""
        self.lines.append(text)

    def fresh(self, letter: str = "v") -> str:
        """Return a name that nothing bears yet."""
        self._count += 1
        return f"{letter}{self._count}"

    def named(self, text: str, letter: str = "v") -> str:
        """Return a name for an expression."""
        if re.fullmatch(r"[a-z]+[0-9]+|-?[0-9]+|None", text):
            return text
        name = self.fresh(letter)
        self.line(f"{name} = {text}")
        return name

    def computed(self, function: str, *operands: object, letter: str = "v") -> str:
        """Return a name for what a function makes of columns and constants: it can write it where it is told to."""
        name = self.named(f"{function}({', '.join(map(str, operands))})", letter)
        if self.table is None:
            self.columns.add(name)
        return name

    def once(self, text: str, letter: str) -> str:
        """Return a name for an expression written before, or now."""
        shared = self._shared.setdefault(self.table, {})
        if text not in shared:
            shared[text] = self.named(text, letter)
        return shared[text]

    def input(self, *what: str) -> str:
        """Return the name of an input."""
        if what[0] in ("state", "count") and self.shape.complete:
            return "None"
        if what not in self.inputs:
            self.inputs[what] = self.fresh("i")
        return self.inputs[what]

    @property
    def size(self) -> str:
        """Return the text of how many rows are at hand."""
        return "n" if self.table is None else f"len({self.rows(self.table)})"

    def worst(self, *states: str) -> str:
        """Return the state of strict arithmetic."""
        kept = sorted({state for state in states if state != "None"})
        if len(kept) < 2:
            return kept[0] if kept else "None"
        return self.once(f"worst({', '.join(kept)})", "s")

    @contextmanager
    def at(self, table: str | None) -> Iterator[None]:
        """Write of the rows of a list, or of dossiers (None)."""
        outer, self.table = self.table, table
        yield
        self.table = outer

    def rows(self, table: str) -> str:
        """Return the name of the dossier of each row of a list."""
        return self.input("rows", table)

    def here(self, found: Operand) -> Operand:
        """Return an operand of dossiers as one of the rows at hand."""
        if self.table is None:
            return found
        known = self._at_rows.setdefault(self.table, {})
        if found not in known:
            rows = self.rows(self.table)

            def spread(text: str) -> str:
                constant = text == "None" or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
                return text if constant else self.once(f"at_rows({text}, {rows})", text[0])

            match found:
                case Whole(text, scale, bound, state):
                    made: Operand = Whole(spread(text), scale, bound, spread(state))
                case Ratio(above, below, scale, state):
                    made = Ratio(
                        Whole(spread(above.text), above.scale, above.bound),
                        Whole(spread(below.text), below.scale, below.bound),
                        scale,
                        spread(state),
                    )
                case Near(text, error, scale, state, whole):
                    made = Near(spread(text), spread(error), scale, spread(state), whole and spread(whole))
                case Flag(text, state):
                    made = Flag(spread(text), spread(state))
                case Code(text, state):
                    made = Code(spread(text), spread(state))
            known[found] = made
        return known[found]

    def array(self, text: str) -> str:
        """Return the name of a column, for a constant too."""
        return self.once(f"np.full({self.size}, {text})", "v") if re.fullmatch(r"-?[0-9]+", text) else text

    @property
    def doubt(self) -> str:
        """Return the name of where rows in doubt are marked: of dossiers, or of rows of a list."""
        if self.table is None:
            return "F"
        return self.once(f"np.zeros({self.size}, bool)", "d")

    def settle(self) -> None:
        """Mark the dossiers of the rows in doubt."""
        if self.table is not None:
            self.line(f"F[{self.rows(self.table)}[{self.doubt}]] = True")

    def gated(self, gate: Flag, state: str) -> str:
        """Return the state of what belongs to a table that may be closed."""
        return self.once(f"gated_state({gate.text}, {gate.state}, {state})", "s")
