"""How times are taken: interleaved rounds, medians; and how figures are kept, with the machine they are of."""

from __future__ import annotations

import gc
import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "pyarrow", "polars", "duckdb", "openfisca-core", "zen-engine", "rule-engine", "vtlengine")


def interleaved(tasks: Mapping[str, Callable[[], object]], rounds: int, least: float = 0.05) -> dict[str, float]:
    """Return the median seconds of each task, over `rounds` that each run them all.

    A task that is short runs many times a round, for `least` seconds; the first run of each is not counted. The
    collector of cycles is off while a task runs, as with `timeit`.
    """
    times: dict[str, list[float]] = {name: [] for name in tasks}
    repeats = {}
    for name, task in tasks.items():
        task()
        repeats[name] = max(1, round(least / max(timed(task), 1e-9)))
    for _ in range(rounds):
        for name, task in tasks.items():
            gc.collect()
            gc.disable()
            try:
                times[name].append(timed(task, repeats[name]))
            finally:
                gc.enable()
    return {name: median(found) for name, found in times.items()}


def timed(task: Callable[[], object], repeats: int = 1) -> float:
    """Return the mean seconds of a run."""
    start = perf_counter()
    for _ in range(repeats):
        task()
    return (perf_counter() - start) / repeats


def machine() -> dict[str, Any]:
    """Return what the figures are of."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "revision": _revision(),
        "packages": packages,
    }


def save(name: str, figures: Mapping[str, Any]) -> None:
    """Write the figures of one script, with the machine."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine(), **figures}, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def load(name: str) -> dict[str, Any] | None:
    """Return the figures of one script, None when it has not run."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def told(title: str, seconds: Mapping[str, float], base: str, scale: float = 1e3, unit: str = "ms") -> None:
    """Print times, and their ratio to the one of `base`."""
    print(f"\n{title}")
    for name, each in sorted(seconds.items(), key=lambda item: item[1]):
        ratio = f"{each / seconds[base]:9.2f} ×" if base in seconds else ""
        print(f"  {name:38} {each * scale:12.4f} {unit}  {ratio}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _revision() -> str:
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
