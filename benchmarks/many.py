"""Many dossiers: in memory, and from parquet to parquet.

In memory, each contender has the dossiers as it likes them: reading them in is counted from parquet to parquet only.
From parquet to parquet, each runs alone in a process of its own, whose peak of memory is taken. Above 100,000
dossiers the files are the same 100,000 several times.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any

import psutil

from benchmarks import columns, synthetic
from benchmarks.contenders import PLACES, Absent, named, ready
from benchmarks.timing import save, timed, told

SIZES = (10_000, 100_000)
ROUNDS = 5
BY_ROW = ("DecimalFunction", "CentsFunction")
"""Their rate does not depend on how many there are: they run on fewer."""
FEWER = 2_000
LONG_ENOUGH = 8
"""Seconds from which a run is not taken again."""
SHORT = 1
"""What takes fewer seconds runs twice, and the second time counts: processors and memory are awake."""
LONG = ("Many", "OpenFisca", "PolarsFloat", "PolarsDecimal", "Floats")
"""Those that run on a million dossiers."""
MILLION = 1_000_000


def main() -> None:
    """Time, print, save; with `--child`, one contender from parquet to parquet."""
    if sys.argv[1:2] == ["--child"]:
        name, target, *sources = sys.argv[2:]
        print(json.dumps(_child(name, list(map(Path, sources)), Path(target))))
        return
    memory = {str(size): _in_memory(size) for size in SIZES}
    files = _files()
    save("many", {"in_memory": memory, "files": files, "million": MILLION})


def _in_memory(size: int) -> dict[str, float]:
    """Return the dossiers a second of each contender."""
    work = synthetic.work()
    drawn = columns.drawn(work, size)
    found = ready(work, "many")
    times: dict[str, list[float]] = {contender.name: [] for contender in found}
    for _ in range(ROUNDS):
        for contender in found:
            count = FEWER if type(contender).__name__ in BY_ROW else size // contender.slow
            if sum(times[contender.name]) * count > LONG_ENOUGH:
                continue
            table = contender.table(drawn[:, :count])
            gc.collect()
            seconds = timed(lambda each=contender, table=table: each.many(table))
            if seconds < SHORT:
                seconds = timed(lambda each=contender, table=table: each.many(table))
            times[contender.name].append(seconds / count)
            print(
                f"  {contender.name:38} {count:9} dossiers  {1 / times[contender.name][-1]:10.0f} a second", flush=True
            )
            del table
    medians = {name: median(each) for name, each in times.items()}
    told(f"{size} dossiers in memory, µs a dossier", medians, "straight-line Decimal function", 1e6, "µs")
    return {name: 1 / each for name, each in medians.items()}


def _files() -> dict[str, dict[str, Any]]:
    """Return the dossiers a second and the peak of memory of each contender, by number of dossiers."""
    found: dict[str, dict[str, Any]] = {}
    work = synthetic.work()
    with TemporaryDirectory(dir=Path(__file__).parent, prefix=".files-") as folder:
        for size in (*SIZES, MILLION):
            found[str(size)] = {}
            for name in (name for classes in PLACES.values() for name in classes):
                try:
                    contender = named(name)
                except Absent:
                    continue
                if "files" not in contender.does or (size == MILLION and name not in LONG):
                    continue
                if name in BY_ROW and size > SIZES[0]:
                    continue
                code = "X.{}.n" if name == "Many" else "{}"
                sources = columns.file(work, size, Path(folder), code)
                runs = [_alone(name, Path(folder) / "out.parquet", sources) for _ in range(1 if size > SIZES[0] else 3)]
                if None in runs:
                    continue
                rate = size / median(run["seconds"] for run in runs)
                peak = max(run["peak_mb"] for run in runs)
                found[str(size)][contender.name] = {"rate": rate, "peak_mb": peak}
                print(f"  {contender.name:38} {size:9} dossiers  {rate:10.0f} a second  {peak:6.0f} MB", flush=True)
    return found


def _alone(name: str, target: Path, sources: list[Path]) -> dict[str, float] | None:
    """Run a contender in a process of its own; None when it cannot. Its peak is that of it and of its children."""
    command = [sys.executable, "-m", "benchmarks.many", "--child", name, str(target), *map(str, sources)]
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        while child.poll() is None:
            peak = max(peak, _memory(child.pid))
            sleep(0.02)
        told, failed = child.communicate()
    if child.returncode:
        print(f"  {name}: {failed.strip().splitlines()[-1]}")
        return None
    return {"seconds": json.loads(told.splitlines()[-1]), "peak_mb": peak}


def _memory(pid: int) -> float:
    """Return the memory of a process and of those below it, in MB."""
    held = 0
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        for each in (parent, *parent.children(recursive=True)):
            with suppress(psutil.Error):
                held += each.memory_info().rss
    return held / 2**20


def _child(name: str, sources: list[Path], target: Path) -> float:
    contender = named(name)()
    contender.prepare(synthetic.work())
    return timed(lambda: contender.files(sources, target))


if __name__ == "__main__":
    main()
