"""One dossier: how long from its figures to all values and verdicts.

Each contender has the dossier as it likes it; what it prepares once for all dossiers is not counted.
"""

from __future__ import annotations

from benchmarks import synthetic
from benchmarks.contenders import ready
from benchmarks.timing import interleaved, save, timed, told

DOSSIERS = 4
SLOW = 0.5
"""Seconds from which a contender runs on one dossier, three times."""


def main() -> None:
    """Time, print, save."""
    work = synthetic.work()
    dossiers = list(synthetic.dossiers(work, DOSSIERS))
    quick, slow = {}, {}
    for contender in ready(work, "one"):
        one, first = contender.one, contender.given(dossiers[0])
        if timed(lambda one=one, first=first: one(first)) > SLOW:
            slow[contender.name] = lambda one=one, first=first: one(first)
            continue
        given = [first, *map(contender.given, dossiers[1:])]
        quick[contender.name] = lambda one=one, given=given: [one(each) for each in given]
    seconds = {name: found / DOSSIERS for name, found in interleaved(quick, rounds=15).items()}
    seconds.update(interleaved(slow, rounds=3))
    told("one dossier", seconds, "straight-line Decimal function")
    save("one_dossier", {"seconds": seconds})


if __name__ == "__main__":
    main()
