"""What a process imports, no more than it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

import qdis_rules

ROOT = Path(__file__).parents[2]
COMPILER = (
    "lark",
    "qdis_rules.syntax.tree",
    "qdis_rules.syntax.parse",
    "qdis_rules.model.check",
    "qdis_rules.plan.generate",
    "qdis_rules.plan.expressions",
)
EDGES = ("pydantic", "rich", "jinja2", "weasyprint", "importlib.metadata", "numpy", "pyarrow")
DOSSIER = "rulesets/2023/dossiers/mixte-2023.json"


def modules(code, *args):
    """Return the modules of a process that ran `code`, and what it wrote."""
    tail = "\nimport sys; sys.stderr.write('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail, *args], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return set(done.stderr.split()), done.stdout


def test_importing_the_package_imports_nothing_of_it():
    found, _ = modules("import qdis_rules")
    bare, _ = modules("import importlib")
    assert {name for name in found - bare if not name.startswith("importlib")} == {"__future__", "qdis_rules"}


@pytest.mark.parametrize("args", [(), ("--json",), ("--precedent", "rulesets/2023/dossiers/mixte-2022.json")])
def test_a_verification_from_the_cache_imports_neither_compiler_nor_edges(tmp_path, monkeypatch, args):
    monkeypatch.setenv("QDIS_CACHE", str(tmp_path))
    qdis_rules.load_ruleset(2023)
    code = "import qdis_rules.cli\ntry: qdis_rules.cli.main()\nexcept SystemExit: pass"
    found, said = modules(code, "verifier", DOSSIER, *args)
    assert "Coopérative mixte" in said
    assert found.isdisjoint({*COMPILER, *EDGES})


def test_every_public_name_is_where_it_is_said_to_be():
    assert set(qdis_rules.__all__) <= set(dir(qdis_rules))
    assert set(qdis_rules._HOME_OF) == set(qdis_rules.__all__) - {"__version__"}
    for name, home in qdis_rules._HOME_OF.items():
        assert getattr(qdis_rules, name) is getattr(sys.modules[home], name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        qdis_rules.nothing  # noqa: B018
