"""The developer's guides run: fences with a file name are files, `python` fences run in order in one
namespace, and a `text` fence is exactly what the `python` fence before it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from qdis_rules import Dossier, load_ruleset, report_document
from qdis_rules.evaluation.results import Origin, Status, Verdict
from qdis_rules.formats.documents import DossierDocument
from qdis_rules.numbers import CauseKind
from tests.docs.manual import plain

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = [DOCS / "dossier.md", DOCS / "embedding.md", DOCS / "batches.md"]
FENCE = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_a_guide_runs_and_prints_what_it_shows(guide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    printed = None
    text = guide.read_text("utf-8")
    for fence in FENCE.finditer(text):
        language, name, content = fence.groups()
        line = text.count("\n", 0, fence.start()) + 1
        if name is not None:
            (tmp_path / name).write_text(content, "utf-8")
        elif language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile("\n" * line + content, str(guide), "exec"), namespace)
            printed = out.getvalue()
        else:
            assert language == "text", f"{guide.name}:{line}: unknown fence"
            assert plain(printed).splitlines() == plain(content).splitlines(), f"{guide.name}:{line}"
            printed = None


def test_every_field_of_a_dossier_is_documented():
    page = GUIDES[0].read_text("utf-8")
    assert [name for name in DossierDocument.model_fields if f"| `{name}` |" not in page] == []


def test_every_field_of_a_report_is_documented(tmp_path):
    page = GUIDES[0].read_text("utf-8")
    rules = tmp_path / "regles.qdis"
    rules.write_text(next(f[3] for f in FENCE.finditer(page) if f[2] == "regles.qdis"), "utf-8")
    document = report_document(load_ruleset(rules).evaluate(Dossier(2023)))
    fields = set(document)
    for part in ("agregats", "controles", "cellules", "tableaux"):
        fields.update(key for entry in document[part].values() for key in entry)
    fields.update(document["jeu"])
    assert sorted(name for name in fields if f"`{name}`" not in page) == []
    words = [*Verdict, *Status, *Origin, *CauseKind]
    assert [str(word) for word in words if f"`{word}`" not in page] == []


def test_links_lead_somewhere():
    for guide in GUIDES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text("utf-8")):
            assert (guide.parent / target).is_file(), target
