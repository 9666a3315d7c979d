"""The README shows what is true."""

import re
from collections import Counter
from pathlib import Path

from qdis_rules import Dossier, load_ruleset
from qdis_rules.authoring.lint import lint
from qdis_rules.pipeline import check_sources, compile_sources
from qdis_rules.source import Source

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIGURES = {
    "BIL.constructions.brut": "1 000 000",
    "BIL.constructions.amort": "260 000",
    "BIL.terrains.brut": "100 000",
    "BIL.terrains.amort": "0",
    "DET.emprunts.n": "740",
}


def block(name):
    return re.search(rf"<!-- {name} -->\n```\w*\n(.*?)```", README, re.S)[1]


def test_the_ruleset_shown_checks_without_a_word():
    ruleset = compile_sources([Source.of("demo.qdis", block("ruleset"))])
    assert ruleset.warnings == ()
    assert lint(ruleset.typed) == ()


def test_the_results_shown_are_what_comes_out():
    report = compile_sources([Source.of("demo.qdis", block("ruleset"))]).evaluate(Dossier(2023, typed=FIGURES))
    levier = report.indicators["SF.levier"]
    check = report.checks["DET01"]
    shown = block("result")
    value = str(levier.value).replace(".", ",")
    assert f"SF.levier = {value} %, alerte : {levier.crossed[0].message}" in shown
    assert f"DET01 {check.verdict} : {check.gaps[0].left} kEUR <= {check.gaps[0].right} kEUR" in shown
    explained = list(report.explain("SF.levier").lines())
    for line in shown.split("\n\n")[1].splitlines():
        assert line in explained or line.strip() == "…"


def test_the_mistake_shown_is_said_so():
    text = block("ruleset").replace("somme(constructions", "somme(construction")
    (diagnostic,) = check_sources([Source.of("demo.qdis", text)]).diagnostics
    assert diagnostic.render() == block("mistake").rstrip("\n")


def test_the_python_shown_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = re.search(r"```python\n(.*?)```", README, re.S)[1]
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out.startswith("6.13 %\n()\n")


def test_the_reliability_stated_is_counted():
    ruleset = load_ruleset(2023)
    kinds = [
        [check for check in ruleset.checks.values() if check.origin is None],
        ruleset.aggregates.values(),
        ruleset.typed.parameters.values(),
    ]
    counts = [Counter(item.notes.reliability for item in kind) for kind in kinds]
    for word in ("sourcée", "partielle", "déduite", "à confirmer"):
        assert f"| {word} | " + " | ".join(str(count[word]) for count in counts) + " |" in README
    assert not any(count[None] for count in counts)
