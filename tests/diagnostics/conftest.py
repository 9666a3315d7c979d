"""Golden files: `pytest tests/diagnostics --update-golden` rewrites them; read the diff before committing it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden" / "diagnostics"


def pytest_addoption(parser: pytest.Parser) -> None:
    # Another conftest may register it too, for runs from the root.
    with contextlib.suppress(ValueError):
        parser.addoption("--update-golden", action="store_true", help="rewrite the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares a text with the golden file of that name, or rewrites the file."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / f"{name}.txt"
        if request.config.getoption("--update-golden", default=False):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", "utf-8")
            return
        assert path.is_file(), f"no golden file {path.name}: run pytest tests/diagnostics --update-golden"
        assert text + "\n" == path.read_text("utf-8")

    return compare
