"""One edit of a form: an input changes, values and verdicts follow.

The same edits, of inputs drawn at random, one after the other, on the same dossier. A contender that knows no edit
evaluates the whole dossier again: its time is the one of `one_dossier`.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import synthetic
from benchmarks.contenders import Contender, ready
from benchmarks.synthetic import Dossier, Work
from benchmarks.timing import interleaved, save, told

EDITS = 500


def main() -> None:
    """Time, print, save."""
    work = synthetic.work()
    dossier = next(synthetic.dossiers(work, 1))
    found = ready(work, "edit")
    tasks = {contender.name: _edits(contender, work, dossier) for contender in found}
    seconds = {name: each / EDITS for name, each in interleaved(tasks, rounds=15).items()}
    whole = next(contender for contender in found if contender.name == "qdis_rules")
    given = whole.given(dossier)
    seconds["qdis_rules, whole"] = interleaved({"whole": lambda: whole.one(given)}, rounds=15)["whole"]
    told("one edit", seconds, "incremental by hand, Decimal", 1e6, "µs")
    save("one_edit", {"seconds": seconds, "edits": EDITS})


def _edits(contender: Contender, work: Work, dossier: Dossier) -> Callable[[], None]:
    """Return a task of `EDITS` edits; each run gives the same inputs other amounts than the run before."""
    session = contender.session(contender.given(dossier))
    series = [[(place, contender.amount(cents)) for place, cents in each] for each in synthetic.series(work, EDITS)]
    edit = contender.edit

    def run() -> None:
        series.reverse()
        for place, amount in series[0]:
            edit(session, place, amount)

    return run


if __name__ == "__main__":
    main()
