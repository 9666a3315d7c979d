"""Differences from exact rational arithmetic, counted: every value, every verdict of random, adversarial, huge dossiers.

    python -m benchmarks.exactness                      10,000 of each (500 huge), without absents, everyone
    python -m benchmarks.exactness --campaign 100000    for this library, absents too

A contender that refuses some dossiers has them counted apart, by at most 32 at once. One that is slow takes one dossier in so many: how many
were compared is part of the figures.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks import synthetic
from benchmarks.contenders import PLACES, Absent, Contender, named
from benchmarks.judge import Results, judge
from benchmarks.synthetic import Dossier
from benchmarks.timing import save

CHUNK = 500
OURS = ("Run", "Closures", "Many")
KINDS = {"random": synthetic.dossiers, "adversarial": synthetic.adversarial, "huge": synthetic.huge}
SHARES = {"random": 1, "adversarial": 1, "huge": 20}
"""Of the huge there are twenty times fewer."""
LEAST = 32
"""What refuses one dossier of so few is said to refuse them all."""
ABSENT = 0.01

Given = dict[tuple[Any, Any, int], Any]
"""Dossiers as contenders are given them, by what makes them: some take them alike."""

_prepared: dict[str, Contender] = {}


def main() -> None:
    """Count, print, save."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000, help="dossiers of each kind")
    parser.add_argument("--campaign", type=int, default=0, help="dossiers in all, for this library, with absents")
    chosen = parser.parse_args()
    if chosen.campaign:
        figures = count([name for name in OURS if _there(name)], chosen.campaign // 2, ABSENT, whole=True)
        save("campaign", figures)
    else:
        every = [name for classes in PLACES.values() for name in classes]
        figures = count([name for name in every if _there(name)], chosen.count, 0)
        save("exactness", figures)


def count(names: Sequence[str], each: int, absent: float, whole: bool = False) -> dict[str, Any]:
    """Return what differs, by contender and kind of dossiers; `whole`: the slow take every dossier too."""
    jobs = [
        (tuple(names), kind, 1000 + start, min(CHUNK, each // share - start), absent, whole)
        for kind, share in SHARES.items()
        for start in range(0, each // share, CHUNK)
    ]
    found: dict[str, dict[str, Counter[str]]] = {}
    met: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), get_context("spawn")) as pool:
        for kind, corner, counts in pool.map(_chunk, jobs):
            met[kind].update(corner)
            done = sum(each["dossiers"] for each in met.values())
            print(f"\r  {done} dossiers", end="", file=sys.stderr, flush=True)
            for name, counted in counts.items():
                found.setdefault(name, {}).setdefault(kind, Counter()).update(counted)
    for name, kinds in found.items():
        for kind, counted in kinds.items():
            print(f"  {name:38} {kind:12} {_sentence(counted)}")
    return {"met": met, "differences": found, "absent": absent}


def _sentence(counted: Counter[str]) -> str:
    refused = f", {counted['refused']} refused" if counted["refused"] else ""
    return f"{counted['dossiers']} dossiers: {counted['values']} values, {counted['verdicts']} verdicts{refused}"


def _chunk(job: tuple[Sequence[str], str, int, int, float, bool]) -> tuple[str, Counter[str], dict[str, Counter[str]]]:
    """Draw dossiers, judge them, have everyone do them."""
    names, kind, seed, size, absent, whole = job
    work = synthetic.work()
    dossiers = list(KINDS[kind](work, size, seed=seed, absent=absent))
    expected, met = zip(*(judge(work, dossier) for dossier in dossiers), strict=True)
    corner = Counter(dossiers=size, ties=sum(ties for ties, _ in met), gaps=sum(gaps for _, gaps in met))
    found = {}
    given: Given = {}
    for name in names:
        contender = _ready(name)
        step = 1 if whole else contender.slow
        made = _made(contender, dossiers[::step], given)
        found[contender.name] = _compared(made, expected[::step])
    return kind, corner, found


def _made(contender: Contender, dossiers: Sequence[Dossier], known: Given) -> list[Results | None]:
    """Return the results of dossiers, None for each that is refused; `known` are dossiers as contenders are given them."""
    try:
        if "many" in contender.does:
            from benchmarks.columns import array  # noqa: PLC0415

            return [*contender.told_many(contender.many(contender.table(array(dossiers))))]
        return [contender.told(contender.one(_given(contender, dossier, known))) for dossier in dossiers]
    except Exception:  # noqa: BLE001 - each peer has its own errors
        if len(dossiers) <= LEAST:
            return [None] * len(dossiers)
        half = len(dossiers) // 2
        return _made(contender, dossiers[:half], known) + _made(contender, dossiers[half:], known)


def _given(contender: Contender, dossier: Dossier, known: Given) -> Any:
    key = type(contender).given, type(contender).amount, id(dossier)
    if key not in known:
        known[key] = contender.given(dossier)
    return known[key]


def _compared(made: Sequence[Results | None], expected: Sequence[Results]) -> Counter[str]:
    counted: Counter[str] = Counter(dossiers=len(expected))
    for got, right in zip(made, expected, strict=True):
        if got is None:
            counted["refused"] += 1
            continue
        counted["values"] += sum(a != b for a, b in zip(got[0], right[0], strict=True))
        counted["verdicts"] += sum(a is not b for a, b in zip(got[1], right[1], strict=True))
    return counted


def _there(name: str) -> bool:
    try:
        _ready(name)
    except Absent as absent:
        print(f"left out: {absent}")
        return False
    return bool({"one", "many"} & named(name).does) and name not in ("Whole", "Columnar")


def _ready(name: str) -> Contender:
    if name not in _prepared:
        contender = named(name)()
        contender.prepare(synthetic.work())
        _prepared[name] = contender
    return _prepared[name]


if __name__ == "__main__":
    main()
