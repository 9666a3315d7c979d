"""A loaded ruleset is shared between threads: all of them get the same reports."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from qdis_rules.evaluation.dossier import Dossier
from qdis_rules.evaluation.report import Report
from tests.properties.agreement import compiled, values_of
from tests.properties.test_total import RULES

THREADS = 8


@pytest.fixture(autouse=True)
def _impatient_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def dossier(number: int) -> Dossier:
    return Dossier(
        2023,
        typed={"T.x.a": Decimal(number) / 8, "T.y.a": 7, "ID.actif.v": number % 3 != 0, "ID.parc.v": number},
        lists={"L": [{"k": f"clé {row}", "m": row + number} for row in range(number % 4)]},
    )


HISTORY = (Dossier(2022, typed={"T.x.a": 3, "T.x.b": 1}), Dossier(2021, filed={"F.b2": "3,5"}))


def said(report: Report) -> tuple[Any, ...]:
    explained = [list(report.explain(code).lines()) for code in report.aggregates]
    return values_of(report), dict(report.checks), dict(report.aggregates), dict(report.cells), explained


def test_one_ruleset_shared_by_eight_threads() -> None:
    alone = compiled(RULES)
    expected = [said(alone.evaluate(dossier(number), history=HISTORY)) for number in range(12)]
    shared = compiled(RULES)  # its plan is built by whichever thread comes first
    barrier = Barrier(THREADS)

    def work(start: int) -> list[tuple[Any, ...]]:
        barrier.wait()
        order = [(start + step) % 12 for step in range(12)]
        found = {number: said(shared.evaluate(dossier(number), history=HISTORY)) for number in order}
        return [found[number] for number in range(12)]

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(found == expected for found in pool.map(work, range(THREADS)))
