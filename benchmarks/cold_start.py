"""What a new process costs: `python benchmarks/cold_start.py [runs]`. Only the standard library is needed here.

Medians of interleaved runs, each in its own process with its output piped, and their ratio to the time that Python
takes to import what any command line would (`decimal`, `json`, `click`). The cache is a temporary folder; byte code is
written, as it is by any installation.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOSSIERS = ROOT / "rulesets" / "2023" / "dossiers"
MIXTE, EARLIER = str(DOSSIERS / "mixte-2023.json"), [str(DOSSIERS / f"mixte-{year}.json") for year in (2022, 2021)]
VERIFY = ["-c", "from qdis_rules.cli import main; main()", "verifier", MIXTE]  # what the script `qdis` does
WARM = {
    "python -c pass": ["-c", "pass"],
    "import decimal, json, click": ["-c", "import decimal, json, click"],
    "import qdis_rules": ["-c", "import qdis_rules"],
    "load_ruleset(2023), cached": ["-c", "import qdis_rules; qdis_rules.load_ruleset(2023)"],
    "qdis verifier, cached": VERIFY,
    "qdis verifier with two earlier years, cached": [*VERIFY, "--precedent", EARLIER[0], "--precedent", EARLIER[1]],
}
COLD = {
    "load_ruleset(2023), no cache": ["-c", "import qdis_rules; qdis_rules.load_ruleset(2023, cache=False)"],
    "load_ruleset(2023), filling the cache": WARM["load_ruleset(2023), cached"],
}
UNIT = "import decimal, json, click"


def seconds(args: list[str], cache: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"QDIS_CACHE": cache, "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *args], env=environment, cwd=ROOT, capture_output=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode > 1:
        raise SystemExit(done.stderr.decode())
    return taken


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as cache:
        times: dict[str, list[float]] = {name: [] for name in (*WARM, *COLD)}
        for args in WARM.values():
            seconds(args, cache)  # byte code and the cache are written
        for _ in range(runs):
            for name, args in WARM.items():
                times[name].append(seconds(args, cache))
        for _ in range(3):
            times["load_ruleset(2023), no cache"].append(seconds(COLD["load_ruleset(2023), no cache"], ""))
            for file in Path(cache).iterdir():
                file.unlink()
            times["load_ruleset(2023), filling the cache"].append(seconds(WARM["load_ruleset(2023), cached"], cache))
    unit = statistics.median(times[UNIT])
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"{name:46} {middle * 1000:8.0f} ms  {middle / unit:6.2f} ×   (best {min(taken) * 1000:.0f} ms)")
    if "--json" in sys.argv:
        print(json.dumps({name: statistics.median(taken) for name, taken in times.items()}))


if __name__ == "__main__":
    main(int(next((word for word in sys.argv[1:] if word.isdigit()), "15")))
