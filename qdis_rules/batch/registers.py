"""Where the columns of the function are held: in a few registers, written again and again, or in the results.

A column asked anew from the system costs as much as the sum that fills it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

NAME: Final = re.compile(r"\b[a-z][0-9]+\b")
_MADE: Final = re.compile(r"([a-z][0-9]+) = ([a-z_.]+\(.*)\)")
_RESULT: Final = re.compile(r"(O\[[0-9]+\]\[0\])\[:\] = ([a-z][0-9]+)")
_OTHERS: Final = (
    "add|subtract|multiply|negative|absolute|equal|not_equal|less|less_equal|greater|greater_equal"
    "|minimum|maximum|where|logical_not|logical_and"
)
_KEEPS_NOTHING: Final = re.compile(
    rf"(?:[a-z0-9, ]+ = )?(?:np\.(?:{_OTHERS})|told|rounded_whole|rounded_ratio|near|conjunction|disjunction)\("
    r"|[a-z][0-9]+ [+-]= |O\[[0-9]+\]\[0\]\[:\] = "
)
"""Statements that read columns and whose result is none of them, nor a part of one."""


def placed(lines: Sequence[str], computed: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the statements, each `computed` column written somewhere, and the registers they want.

    Registers are named `r1`, `r2` (int64) and `m1`, `m2` (bool). A column that something may keep a view of has none.
    """
    last = {name: index for index, line in enumerate(lines) for name in NAME.findall(line)}
    ending: dict[int, list[str]] = {}
    for name, index in last.items():
        ending.setdefault(index, []).append(name)
    kept = {name for line in lines if not _KEEPS_NOTHING.match(line) for name in NAME.findall(line)}
    results: dict[str, str] = {}
    for found in filter(None, map(_RESULT.fullmatch, lines)):
        if found[2] in computed:
            results.setdefault(found[2], found[1])
    registers = _Registers()
    told: list[str] = []
    for index, line in enumerate(lines):
        over = ending.get(index, [])
        result, made = _RESULT.fullmatch(line), _MADE.fullmatch(line)
        if result and results.get(result[2]) == result[1]:
            text = ""  # it is there
        elif made and made[1] in computed:
            name, call = made[1], made[2]
            if call.startswith("np."):  # NumPy may write a result over what it reads
                registers.free(over)
            where = results.get(name)
            if where is None and name not in kept and last[name] != index:
                where = registers.take(name)
            text = line if where is None else f"{name} = {call}, out={where})"
        else:
            text = line
        dropped = [name for name in over if name not in registers]
        registers.free(over)
        statements = [text] if text else []
        if dropped:
            statements.append(f"del {', '.join(dropped)}")
        if statements:
            told.append("; ".join(statements))
    return told, registers.names


class _Registers:
    """Which register holds which column, and which hold none."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._free: dict[str, list[str]] = {"r": [], "m": []}
        self._held: dict[str, str] = {}
        self._over: set[str] = set()

    def __contains__(self, column: str) -> bool:
        """Tell whether a column is held, or was."""
        return column in self._held

    def take(self, column: str) -> str:
        """Return where a column is written."""
        kind = "m" if column[0] == "b" else "r"
        if not self._free[kind]:
            self.names.append(f"{kind}{len(self.names) + 1}")
            self._free[kind].append(self.names[-1])
        self._held[column] = self._free[kind].pop()
        return self._held[column]

    def free(self, columns: Collection[str]) -> None:
        """Let the registers of columns that are over hold others."""
        for column in columns:
            if column in self._held and column not in self._over:
                self._over.add(column)
                self._free[self._held[column][0]].append(self._held[column])
