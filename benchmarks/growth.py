"""Growth: the time of this library and of a few peers as rules, then dossiers, grow."""

from __future__ import annotations

import gc
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any

from benchmarks import columns, synthetic
from benchmarks.contenders import ready
from benchmarks.timing import interleaved, save, timed
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source

TIMES = (1, 2, 4, 8)
COUNTS = (1_000, 10_000, 100_000, 1_000_000)
ONE = ("Run", "DecimalFunction", "Zen")
MANY = ("Many", "OpenFisca", "PolarsDecimal", "Floats")
BLOCK = 100_000
"""Above it, the same dossiers again: memory does not hold a million of them at once."""


def main() -> None:
    """Time, print, save."""
    save("growth", {"rules": _rules(), "dossiers": _dossiers()})


def _rules() -> dict[str, Any]:
    """Return the seconds of one dossier, of an edit and of the compilation, by how many times the rules."""
    found: dict[str, Any] = {"one": {}, "edit": {}, "compiled": {}}
    for times in TIMES:
        work = _work(times)
        with ProcessPoolExecutor(
            1, get_context("spawn")
        ) as alone:  # what others hold would be looked at again and again
            compiled = alone.submit(_compilation, times).result()
        found["compiled"].setdefault("qdis_rules", {})[str(times)] = compiled
        dossier = next(synthetic.dossiers(work, 1))
        ones = {}
        for each in ready(work, "one", only=ONE):
            given = each.given(dossier)
            ones[each.name] = lambda one=each.one, given=given: one(given)
        for name, seconds in interleaved(ones, rounds=7).items():
            found["one"].setdefault(name, {})[str(times)] = seconds
        (ours,) = ready(work, "edit", only=["Run"])
        session = ours.session(ours.given(dossier))
        series = synthetic.series(work, 300)

        def edit(session: Any = session, series: Any = series, ours: Any = ours) -> None:
            series.reverse()
            for place, cents in series[0]:
                ours.edit(session, place, ours.amount(cents))

        seconds = interleaved({"edit": edit}, rounds=7)["edit"] / 300
        found["edit"].setdefault(ours.name, {})[str(times)] = seconds
        print(f"  rules × {times}:", {name: f"{each[str(times)] * 1e3:.3f} ms" for name, each in found["one"].items()})
    return found


def _work(times: int) -> synthetic.Work:
    return synthetic.work(1500 * times, 200 * times, 300 * times)


def _compilation(times: int) -> float:
    """Return the seconds of a compilation, the parser at hand."""
    compile_sources([Source.of("vide.qdis", "jeu VIDE exercice 2023\n")])
    source = Source.of("synthese.qdis", synthetic.as_ruleset(_work(times)))
    return timed(lambda: compile_sources([source]).plan)


def _dossiers() -> dict[str, dict[str, float]]:
    """Return the seconds of so many dossiers."""
    work = synthetic.work()
    found: dict[str, dict[str, float]] = {}
    drawn = columns.drawn(work, BLOCK)
    contenders = ready(work, "many", only=MANY)
    for count in COUNTS:
        size = min(count, BLOCK)
        for contender in contenders:
            if count > BLOCK and type(contender).__name__ != "Many":
                continue
            table = contender.table(drawn[:, :size])

            def many(contender: Any = contender, table: Any = table, blocks: int = count // size) -> None:
                for _ in range(blocks):
                    contender.many(table)

            gc.collect()
            runs = [timed(many) for _ in range(1 if count > BLOCK else 3)]
            found.setdefault(contender.name, {})[str(count)] = median(runs)
            print(f"  {contender.name:38} {count:9} dossiers {median(runs):9.3f} s")
            del table, many
    return found


if __name__ == "__main__":
    main()
