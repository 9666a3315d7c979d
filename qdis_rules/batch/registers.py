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
    """Return the statements, each column `computed` by a ufunc held somewhere, and the registers they want.

    Registers are named `r1`, `r2` (int64) and `m1`, `m2` (bool). A column that something may keep a view of has none.
    """
    last: dict[str, int] = {}
    kept: set[str] = set()
    results: dict[str, str] = {}
    for index, line in enumerate(lines):
        names = NAME.findall(line)
        last.update(dict.fromkeys(names, index))
        if not _KEEPS_NOTHING.match(line):
            kept.update(names)
        result = _RESULT.fullmatch(line)
        if result and result[2] in computed:
            results.setdefault(result[2], line)
    freed: dict[int, list[str]] = {}
    for name, index in last.items():
        freed.setdefault(index, []).append(name)
    free: dict[str, list[str]] = {"r": [], "m": []}
    held: dict[str, str] = {}
    registers: list[str] = []
    told: list[str] = []
    for index, line in enumerate(lines):
        made = _MADE.fullmatch(line)
        over = [name for name in freed.get(index, ()) if name not in held]
        ending = [held[name] for name in freed.get(index, ()) if name in held]
        at_once = made is not None and made[2].startswith("np.")  # NumPy may write a result over what it reads
        for register in ending if at_once else ():
            free[register[0]].append(register)
        if made and made[1] in computed and made[1] not in held:
            name = made[1]
            where = None
            if name in results:
                where = _RESULT.fullmatch(results[name])[1]  # type: ignore[index]
            elif name not in kept and last[name] != index:
                kind = "m" if name[0] == "b" else "r"
                if not free[kind]:
                    registers.append(f"{kind}{sum(each[0] == kind for each in registers) + 1}")
                    free[kind].append(registers[-1])
                where = held[name] = free[kind].pop()
            if where is not None:
                line = f"{name} = {made[2]}, out={where})"  # noqa: PLW2901
        elif line in results.values():
            line = ""  # noqa: PLW2901
        for register in () if at_once else ending:
            free[register[0]].append(register)
        if over:
            line = f"{line}{'; ' if line else ''}del {', '.join(over)}"  # noqa: PLW2901
        if line:
            told.append(line)
    return told, registers
