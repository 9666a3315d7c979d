"""The same rhythms on the whole 2023 ruleset and the dossiers that come with it, two earlier years at hand.

Against the straight-line `Decimal` function of the same typed rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import qdis_rules as qdis
from benchmarks.timing import interleaved, save, told
from benchmarks.typed_function import TypedFunction, agreement
from qdis_rules.evaluation.admit import admit
from qdis_rules.evaluation.history import Years
from qdis_rules.evaluation.results import Origin
from qdis_rules.evaluation.run import run
from qdis_rules.pipeline import dossiers_folder

NAMES = ("locative", "accession", "mixte")
YEARS = (2023, 2022, 2021)
EDITS = 200
ROWS = 2_000


def main() -> None:
    """Time, print, save."""
    ruleset = qdis.load_ruleset(2023)
    files = [[dossiers_folder(2023) / f"{name}-{year}.json" for year in YEARS] for name in NAMES]
    function = TypedFunction(ruleset.plan)
    read = [[*map(qdis.read_dossier, each)] for each in files]
    evaluations = [ruleset.evaluate(dossier, earlier)._evaluation for dossier, *earlier in read]
    rhythms = [_rhythms(ruleset, *each) for each in read]
    for rhythm, evaluation in zip(rhythms, evaluations, strict=True):
        rhythm["by hand"] = function.given(evaluation.frame)
    agreed = [sum(each) for each in zip(*(agreement(function, each) for each in evaluations), strict=True)]
    tasks = {what: lambda runs=tuple(each[what] for each in rhythms): [one() for one in runs] for what in rhythms[0]}
    seconds = {what: each / len(NAMES) for what, each in interleaved(tasks, rounds=11).items()}
    seconds["edit"] /= EDITS
    counts = {"cells": len(ruleset.cells), "aggregates": len(ruleset.aggregates), "checks": len(ruleset.checks)}
    if hasattr(ruleset, "evaluate_many"):
        batch = _batch(ruleset, [each[0] for each in files])
        many = interleaved({"many": lambda: list(ruleset.evaluate_many([batch]))}, rounds=3)["many"]
        seconds["many"] = many / batch.num_rows
    told("the 2023 ruleset", seconds, "by hand")
    print(f"  by hand, {agreed[0]:,} of {agreed[1]:,} values and verdicts are the same")
    save("questionnaire", {"seconds": seconds, **counts, "dossiers": list(NAMES), "agreed": agreed})


def _rhythms(ruleset: Any, dossier: Any, *earlier: Any) -> dict[str, Callable[[], object]]:
    """Return what is timed on one dossier."""
    history = Years(ruleset.plan, earlier, [])
    admitted, before = admit(ruleset.plan, dossier), history.before(dossier.year)
    session = ruleset.session(dossier, earlier)
    series = list(_edits(dossier.typed))

    def edit() -> None:
        series.reverse()
        for code, amount in series[:EDITS]:
            session.set(code, amount)

    return {
        "evaluation": lambda: run(ruleset.plan, admitted, before),
        "report": lambda: _ready(ruleset, dossier, history),
        "edit": edit,
    }


def _ready(ruleset: Any, dossier: Any, history: Any) -> bool:
    """Return whether a dossier is ready, from its figures."""
    return ruleset.evaluate(dossier, history).ready_for_validation


def _edits(typed: Any) -> list[tuple[str, Decimal]]:
    """Return edits of the amounts of a dossier: each run of half of them leaves other amounts than the run before."""
    amounts = [code for code, raw in typed.items() if "," in str(raw)]
    places = [amounts[index * 7 % len(amounts)] for index in range(EDITS)]
    first = [(code, Decimal(1000 + index)) for index, code in enumerate(places)]
    return [*first, *((code, amount + 1000) for code, amount in reversed(first))]


def _batch(ruleset: Any, files: Sequence[Path]) -> Any:
    """Return a record batch of the entered cells of the dossiers, again and again."""
    import pyarrow as pa  # noqa: PLC0415

    rows = []
    for path in files:
        cells = ruleset.evaluate(qdis.read_dossier(path)).cells
        given = (Origin.TYPED, Origin.IMPORTED, Origin.ACCOUNTS)
        rows.append({code: cell.value for code, cell in cells.items() if cell.origin in given})
    codes = sorted({code for row in rows for code in row})
    columns = {code: pa.array([row.get(code) for row in rows] * (ROWS // len(rows))) for code in codes}
    return pa.record_batch(columns)


if __name__ == "__main__":
    main()
