"""What a ruleset compiles to, kept in the user's own cache: the same answers, and nothing from strangers."""

import os
import pickle
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qdis_rules import Dossier, RulesetError, cache, compiled, load_ruleset, pipeline, report_document
from qdis_rules.authoring.examples import run_examples
from qdis_rules.formats.dossier import DossierFolder
from qdis_rules.pipeline import compile_sources, dossiers_folder
from qdis_rules.source import Source
from qdis_rules.syntax import pieces
from tests.strategies import dossiers, histories, rulesets

ROOT = Path(__file__).parents[2]
RULES = """
jeu E exercice 2023
tableau T « t »
  colonne n « n » en EUR positif reprise de n
  ligne a « a » obligatoire
  ligne b « b » comptes : 21 sauf 213
  ligne t « t » = a + b
tableau L « l » facultatif liste clé k
  colonne k « k » texte
  colonne m « m » en EUR positif
  colonne d « d » en EUR = m + m
famille F « f »
agrégat F.x « x » en % arrondi 2 = T.a / T.t source « s » fiabilité partielle
  seuil alerte < 3 % « bas »
agrégat F.y « y » en EUR = T.a[N-1] + somme(L.*.m) source « s » fiabilité partielle
contrôle C1 bloquant « c1 : {écart}, {T.a}. » T.a <= T.b source « s » fiabilité déduite
contrôle C2 avertissement justifiable « {ligne} » pour chaque ligne de T n <= 10 EUR source « s » fiabilité déduite
exemple « un »
  donne T.a.n = 1 EUR
  attend contrôle C1 indéterminé
"""
CAMPAIGN = """campagne E exercice 2023
rendre C1 information à compter du 12/09/2024 par « CM » motif « Faux. »
"""
DOSSIER = Dossier(2023, typed={"T.a.n": "12,5"}, lists={"L": [{"k": "u", "m": 3}]})


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of our own; nothing is there yet."""
    pieces._lark()  # kept there too, unless this process has it
    place = tmp_path / "cache"
    monkeypatch.setenv("QDIS_CACHE", str(place))
    return place


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "jeu"
    folder.mkdir()
    (folder / "jeu.qdis").write_text(RULES)
    (folder / "campagne.qdis").write_text(CAMPAIGN)
    return folder


@pytest.fixture
def compilations(monkeypatch):
    """Count how many times a ruleset is compiled."""
    made = []
    check = pipeline.check_sources
    monkeypatch.setattr(pipeline, "check_sources", lambda sources: made.append(1) or check(sources))
    return made


def kept(home):
    return sorted(file for file in home.glob("*.jeu") if not file.name.startswith("grammaire"))


def answers(ruleset):
    on_day = ruleset.on(date(2024, 10, 1))
    last = Dossier(2022, typed={"T.a.n": 7})
    return report_document(ruleset.evaluate(DOSSIER)), report_document(on_day.evaluate(DOSSIER, [last]))


def test_the_second_time_nothing_is_compiled_and_all_is_equal(home, rules, compilations):
    first = load_ruleset(rules)
    again = load_ruleset(rules)
    assert len(compilations) == 1
    assert again == first == load_ruleset(rules, cache=False)
    assert answers(again) == answers(first)
    assert repr(again) == repr(first)
    assert [str(each) for each in again.campaign.decisions] == [str(each) for each in first.campaign.decisions]


def test_everything_asked_of_a_ruleset_works_on_one_from_the_cache(home, rules):
    load_ruleset(rules)
    ruleset = load_ruleset(rules)
    assert [result.passed for result in run_examples(ruleset)] == [True]
    report = ruleset.evaluate(DOSSIER)
    assert "T.a / T.t" in "\n".join(report.explain("F.x").lines())
    session = ruleset.session(DOSSIER)
    session.set("T.b.n", 20)
    session.set("T.a.n", "3")
    changed = Dossier(2023, typed={"T.a.n": "3", "T.b.n": 20}, lists=DOSSIER.lists)
    assert report_document(session.report) == report_document(ruleset.evaluate(changed))
    huge = Dossier(2023, typed={"T.a.n": "0,333333", "T.b.n": "123456789012345"})
    assert report_document(ruleset.evaluate(huge)) == report_document(load_ruleset(rules, cache=False).evaluate(huge))


@pytest.mark.parametrize("change", ["source", "campagne", "no campagne", "another file", "library"])
def test_anything_that_changes_is_compiled_again(home, rules, compilations, monkeypatch, change):
    load_ruleset(rules)
    match change:
        case "source":
            (rules / "jeu.qdis").write_text(RULES.replace("<= 10 EUR", "<= 11 EUR"))
        case "campagne":
            (rules / "campagne.qdis").write_text(CAMPAIGN.replace("12/09", "13/09"))
        case "no campagne":
            (rules / "campagne.qdis").unlink()
        case "another file":
            (rules / "plus.qdis").write_text("unité lot « Lot »\n")
        case _:
            library = compiled._library()
            monkeypatch.setattr(compiled, "_library", lambda: library + b" ")
    load_ruleset(rules)
    assert len(compilations) == 2
    assert len(kept(home)) == 2


def test_the_name_of_a_folder_changes_nothing(home, rules, compilations):
    load_ruleset(rules)
    moved = rules.rename(rules.with_name("ailleurs"))
    ruleset = load_ruleset(moved)
    assert len(compilations) == 1
    assert str(ruleset.checks["C1"].span) == f"{moved}/jeu.qdis:16:10"


def test_a_ruleset_in_error_is_not_kept(home, rules):
    (rules / "jeu.qdis").write_text(RULES + "contrôle C3 bloquant « x » T.z <= 1\n")
    for _ in range(2):
        with pytest.raises(RulesetError):
            load_ruleset(rules)
    assert not home.exists() or not kept(home)


def test_warnings_are_kept(home, rules):
    (rules / "jeu.qdis").write_text(RULES + "paramètre P « p » en EUR = 3 EUR pour 2020\n")
    first, again = load_ruleset(rules), load_ruleset(rules)
    assert first.warnings
    assert [each.render() for each in again.warnings] == [each.render() for each in first.warnings]


# --- defects --------------------------------------------------------------------------


def corrupt(home, how):
    (file,) = kept(home)
    content = file.read_bytes()
    match how:
        case "empty":
            file.write_bytes(b"")
        case "truncated":
            file.write_bytes(content[:-10])
        case "half":
            file.write_bytes(content[: len(content) // 2])
        case "flipped":
            file.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
        case "another kind":
            file.write_bytes(pickle.dumps("x"))
        case _:
            file.unlink()
            os.mkfifo(file, 0o600)


@pytest.mark.parametrize("how", ["empty", "truncated", "half", "flipped", "another kind", "pipe"])
def test_a_damaged_file_is_compiled_anew_and_written_again(home, rules, compilations, how):
    expected = answers(load_ruleset(rules))
    corrupt(home, how)
    assert answers(load_ruleset(rules)) == expected
    assert len(compilations) == 2
    load_ruleset(rules)
    assert len(compilations) == 2


class Planted:
    """A pickle that tells when it is loaded."""

    def __reduce__(self):
        return os.mkdir, (os.environ["PLANTED"],)


def plant(home):
    """Put, under the right name and digest, what runs if it is ever unpickled."""
    (file,) = kept(home)
    body = (0).to_bytes(8, "big") + pickle.dumps(Planted())
    import hashlib

    file.write_bytes(cache.MAGIC + hashlib.sha256(body).digest() + body)
    return file


@pytest.mark.parametrize(
    "where", ["file open to a group", "file open to all", "folder open to all", "link", "other owner"]
)
def test_what_someone_else_may_have_written_is_not_read(home, rules, tmp_path, compilations, monkeypatch, where):
    monkeypatch.setenv("PLANTED", str(tmp_path / "planted"))
    load_ruleset(rules)
    file = plant(home)
    match where:
        case "file open to a group":
            file.chmod(0o620)
        case "file open to all":
            file.chmod(0o602)
        case "folder open to all":
            home.chmod(0o777)
        case "link":
            elsewhere = file.rename(tmp_path / "elsewhere")
            file.symlink_to(elsewhere)
        case _:
            if os.geteuid() != 0:
                pytest.skip("only root gives files away")
            os.chown(file, 12345, -1)
    load_ruleset(rules)
    assert len(compilations) == 2
    assert not (tmp_path / "planted").exists()


def test_a_pickle_can_make_nothing_but_what_a_ruleset_is_made_of(home, rules, tmp_path, monkeypatch):
    """Even in a file that is trusted: slices name no class."""
    monkeypatch.setenv("PLANTED", str(tmp_path / "planted"))
    with pytest.raises(pickle.UnpicklingError):
        compiled._Reader(memoryview(b""), (0,), (), [pickle.dumps(Planted())])
    assert not (tmp_path / "planted").exists()


def test_a_folder_that_cannot_be_made_is_no_error(rules, tmp_path, monkeypatch, compilations):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below", "\0"):
        monkeypatch.setattr(cache, "folder", lambda place=place: str(place))
        load_ruleset(rules)
        load_ruleset(rules)
    assert len(compilations) == 6


def test_a_folder_that_cannot_be_written_is_no_error(home, rules, compilations, monkeypatch):
    home.mkdir(0o500)
    replace = os.replace

    def refuse(*args, **kwargs):
        raise PermissionError

    monkeypatch.setattr(os, "replace", refuse)  # root may write anywhere
    load_ruleset(rules)
    monkeypatch.setattr(os, "replace", replace)
    assert list(home.iterdir()) == []
    home.chmod(0o700)


def test_files_and_folder_are_the_users_alone(home, rules):
    load_ruleset(rules)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()] == [0o600]


def test_only_the_last_used_are_kept(home, rules, monkeypatch):
    monkeypatch.setattr(cache, "KEPT", 3)
    names = []
    for size in range(5):
        (rules / "jeu.qdis").write_text(RULES.replace("<= 10 EUR", f"<= {size} EUR"))
        load_ruleset(rules)
        names.append(max(kept(home), key=lambda file: file.stat().st_mtime_ns))
        os.utime(names[-1], (size, size))
    assert kept(home) == sorted(names[-3:])


def test_the_tables_of_the_parser_are_kept_too(home):
    built, loaded = pieces._lark.__wrapped__(), pieces._lark.__wrapped__()
    (file,) = home.iterdir()
    assert file.name.startswith("grammaire-")
    text = "si T.a > 3 EUR alors somme(T.*.n) sinon -(1 + x[N-1]) / 2"
    assert loaded.parse(text, start="expression") == built.parse(text, start="expression")


def test_where_it_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("QDIS_CACHE", "")
    assert cache.folder() is None
    monkeypatch.delenv("QDIS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == str(tmp_path / "qdis_rules")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == str(tmp_path / ".cache" / "qdis_rules")


def test_several_processes_at_once(home, rules):
    code = "import sys, qdis_rules as q; print(q.load_ruleset(sys.argv[1]).evaluate(q.Dossier(2023)).checks)"
    running = [
        subprocess.Popen([sys.executable, "-c", code, rules], stdout=subprocess.PIPE, cwd=ROOT, text=True)
        for _ in range(3)
    ]
    said = [process.communicate()[0] for process in running]
    assert len(set(said)) == 1
    assert said[0].startswith("<CheckResults")
    assert len(kept(home)) == 1
    assert not list(home.glob(".*"))


# --- the same as without ----------------------------------------------------------------


def from_bytes(sources):
    """Return the ruleset of sources, compiled, written and read again."""
    ruleset = compile_sources(sources)
    made, generated = pipeline_planned(ruleset)
    content = compiled.dumps(compiled.Compiled(ruleset.typed, ruleset.warnings, None, made), generated, sources)
    found = compiled.loads(memoryview(content), sources)
    return ruleset, pipeline.Ruleset(found.ruleset, found.warnings, found.campaign, _planned=found.plan)


def pipeline_planned(ruleset):
    from qdis_rules.plan.plan import planned

    return planned(ruleset.typed)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_ruleset_reads_again_as_it_was(data):
    text = data.draw(rulesets())
    try:
        ruleset, again = from_bytes([Source.of("j.qdis", text.text)])
    except RulesetError:
        return
    assert again.typed == ruleset.typed
    dossier = data.draw(dossiers(ruleset.typed))
    history = data.draw(histories(ruleset.typed))
    assert report_document(again.evaluate(dossier, history)) == report_document(ruleset.evaluate(dossier, history))


def test_the_bundled_dossiers_are_verified_alike(home):
    """The nine of them, with their earlier years; edits and explanations too."""
    fresh = load_ruleset(2023)
    again = load_ruleset(2023)
    assert again.typed == fresh.typed
    folder = DossierFolder(dossiers_folder(2023))
    verified = 0
    for name in folder.names():
        dossier, *earlier = folder.read(name)
        if dossier.year != 2023:
            continue
        verified += 1
        reports = [ruleset.on(date(2024, 9, 1)).evaluate(dossier, earlier) for ruleset in (fresh, again)]
        assert report_document(reports[1]) == report_document(reports[0])
        for code in list(fresh.aggregates)[::10]:
            assert list(reports[1].explain(code).lines()) == list(reports[0].explain(code).lines())
    assert verified == 3
