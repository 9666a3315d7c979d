"""Everything again, and the page: `python -m benchmarks.all`."""

from __future__ import annotations

from time import perf_counter

from benchmarks import exactness, growth, many, one_dossier, one_edit, page, questionnaire

STEPS = (one_dossier, one_edit, questionnaire, many, growth, exactness, page)


def main() -> None:
    """Run each script in turn."""
    for step in STEPS:
        start = perf_counter()
        print(f"— {step.__name__}", flush=True)
        step.main()
        print(f"— {perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
