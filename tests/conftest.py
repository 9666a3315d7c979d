"""Settings shared by all tests: a campaign runs with HYPOTHESIS_PROFILE=long, twenty times more examples."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# What is tested is what is compiled here and now; the tests of the cache have one of their own.
os.environ["QDIS_CACHE"] = ""

GOLDEN = Path(__file__).parent / "golden" / "diagnostics"

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("long", settings.get_profile("default"), print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares a text with the golden file of that name, or rewrites the file."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / f"{name}.txt"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", "utf-8")
            return
        assert path.is_file(), f"no golden file {path.name}: run pytest --update-golden"
        assert text + "\n" == path.read_text("utf-8")

    return compare
