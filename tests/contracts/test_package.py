"""What the package promises as a whole."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import qdis_rules

ROOT = Path(__file__).parents[2]


def test_public_names_are_sorted_and_present():
    assert list(qdis_rules.__all__) == sorted(qdis_rules.__all__)
    assert all(hasattr(qdis_rules, name) for name in qdis_rules.__all__)


def test_every_public_object_has_a_docstring():
    missing = [name for name in qdis_rules.__all__ if not getattr(qdis_rules, name).__doc__]
    assert missing == []


def test_the_core_loads_without_the_command_line_libraries():
    """An embedder needs neither click, rich nor jinja2; nor pyarrow, numpy and Spark for one dossier."""
    libraries = ("click", "rich", "jinja2", "pyarrow", "numpy", "pandas", "pyspark")
    code = f"import sys, qdis_rules; print([m for m in {libraries} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    return next(out.glob("*.whl"))


def test_the_wheel_carries_grammar_rulesets_and_types(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "qdis_rules/grammar/qdis.lark" in names
    assert "qdis_rules/py.typed" in names
    assert "qdis_rules/rulesets/2023/jeu.qdis" in names
    assert {f"qdis_rules/documenting/templates/{name}" for name in ("base.html", "style.css", "site.js")} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "rulesets/"))]


def test_a_bundled_year_loads_from_an_installed_wheel(wheel, tmp_path):
    """Outside the checkout, from the wheel's own files."""
    target = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(target)
    code = "import qdis_rules as q; r = q.load_ruleset(2023); print(q.__file__, r.year, len(r.tables) > 5)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "PATH": ""},
        check=True,
    )
    place, year, enough = done.stdout.split()
    assert place.startswith(str(target))
    assert (year, enough) == ("2023", "True")
