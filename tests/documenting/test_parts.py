"""Formulas in pieces, readers, drawings, files."""

import textwrap

import pytest

from qdis_rules.documenting.beside import Beside
from qdis_rules.documenting.drawings import Node, bar, layered
from qdis_rules.documenting.formulas import Mention, pieces
from qdis_rules.documenting.readers import readers
from qdis_rules.documenting.views import Views
from qdis_rules.documenting.writing import CannotWrite, write_site
from qdis_rules.pipeline import compile_sources
from qdis_rules.source import Source

RULES = """
jeu X exercice 2023
famille F « Famille »
paramètre P.x « Seuil » en EUR = 3
tableau T « Tableau »
  colonne n « N » en EUR
  colonne m « M » en EUR = n - P.x
  ligne a « Alpha »
  ligne b « Bêta »
  ligne c « Gamma »
  ligne total « Total » = somme(a..c) pour n
tableau L « Liste »
  liste clé k
  colonne k « Clé » texte 10
  colonne g « Genre » choix un « Le premier » | deux « Le second »
  colonne v « Valeur » en EUR
agrégat F.a « A » en EUR
  = T.a.n # la première
    + somme(L.*.v quand g = un)
    - T.b.n[N-1]
agrégat F.b « B » en EUR = nombre(L) * 1 EUR
contrôle C01 bloquant « {ligne} : {n} » pour chaque ligne de T n >= 0
"""


@pytest.fixture(scope="module")
def rules():
    return compile_sources([Source.of("x.qdis", textwrap.dedent(RULES))]).typed


def test_a_formula_is_cut_at_names_without_its_comments(rules):
    found = pieces([rules.aggregates["F.a"].formula])
    assert "".join(piece if isinstance(piece, str) else piece.text for piece in found) == (
        "T.a.n\n  + somme(L.*.v quand g = un)\n  - T.b.n[N-1]"
    )
    assert [piece for piece in found if isinstance(piece, Mention)] == [
        Mention("T.a.n", ("T.a.n",)),
        Mention("L.*.v", ("L.*.v",)),
        Mention("g", ("L.*.g",)),
        Mention("un", (), ("Le premier",)),
        Mention("T.b.n[N-1]", ("T.b.n",), past=True),
    ]
    assert pieces([rules.aggregates["F.b"].formula])[1] == Mention("L", ("L",))


def test_a_formula_of_many_places_names_them_all(rules):
    check = rules.checks["C01"]
    mention = pieces([instance.body for instance in check.instances])[0]
    assert mention == Mention("n", ("T.a.n", "T.b.n", "T.c.n", "T.total.n"))
    assert Views(rules, Beside()).mention_label(mention) == "N, 4 lignes de T"


def test_a_range_is_labelled_by_its_ends(rules):
    (mention,) = (p for p in pieces([rules.cells["T.total.n"].formula]) if isinstance(p, Mention))
    views = Views(rules, Beside())
    assert views.mention_label(mention, "T", "ligne") == "Alpha à Gamma, 3 lignes"
    assert views.mention_label(mention) == "N, Alpha à Gamma, 3 lignes"


def test_who_reads_what(rules):
    found = readers(rules)
    assert found["T.a.n"] == ("T.a.m", "T.total.n", "F.a", "C01")
    assert found["P.x"] == ("T.a.m", "T.b.m", "T.c.m", "T.total.m")
    assert found["L"] == ("F.a", "F.b")
    assert "F.a" not in found


def node(key):
    return Node(key, "cellule", key, f"Libellé de {key}", None, key)


def test_boxes_stand_to_the_right_of_what_leads_to_them_and_never_overlap():
    links = {("a", "b"): 1, ("a", "c"): 1, ("b", "d"): 1, ("c", "d"): 1, ("a", "d"): 2, ("d", "e"): 1, ("b", "e"): 1}
    drawing = layered([node(key) for key in "abcde"], links)
    boxes = {box.node.key: box for box in drawing.boxes}
    assert all(boxes[start].x < boxes[end].x for start, end in links)
    for one in boxes.values():
        assert 0 <= one.y <= one.y + one.height <= drawing.height
        for other in boxes.values():
            if one is not other and one.x == other.x:
                assert one.y + one.height <= other.y or other.y + other.height <= one.y
    assert len(drawing.curves) == len(links)


def test_a_loop_is_drawn_and_does_not_hang():
    drawing = layered([node(key) for key in "ab"], {("a", "b"): 1, ("b", "a"): 1, ("b", "b"): 1})
    assert len(drawing.curves) == 3
    assert layered([], {}).boxes == ()


def test_a_bar_is_filled_to_its_end():
    parts = bar({"x": 1, "y": 0, "z": 2}, 100)
    assert [(part.name, part.x, part.width) for part in parts] == [("x", 0, 33), ("z", 33, 67)]
    assert bar({"x": 0}, 100) == ()


def test_a_site_is_written_and_replaced_whole(tmp_path):
    folder = tmp_path / "a" / "site"
    write_site({"index.html": b"1", "pages/x.html": b"1"}, folder)
    write_site({"index.html": b"2"}, folder)
    assert sorted(p.name for p in folder.iterdir()) == [".qdis-documentation", "index.html"]
    assert (folder / "index.html").read_bytes() == b"2"
    assert list(folder.parent.iterdir()) == [folder]


def test_an_empty_folder_is_taken(tmp_path):
    write_site({"index.html": b"1"}, tmp_path)
    assert (tmp_path / "index.html").read_bytes() == b"1"


def test_someone_elses_folder_is_refused_and_left(tmp_path):
    (tmp_path / "compte.xlsx").write_text("précieux")
    with pytest.raises(CannotWrite, match="autre chose"):
        write_site({"index.html": b"1"}, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["compte.xlsx"]


def test_a_file_added_to_a_site_is_not_lost(tmp_path):
    write_site({"index.html": b"1"}, tmp_path / "site")
    (tmp_path / "site" / "notes.txt").write_text("précieux")
    with pytest.raises(CannotWrite, match=r"notes\.txt"):
        write_site({"index.html": b"2"}, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_bytes() == b"1"


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "site").write_text("")
    with pytest.raises(CannotWrite, match="répertoire"):
        write_site({"index.html": b"1"}, tmp_path / "site")


def test_a_site_that_cannot_be_finished_leaves_the_old_one(tmp_path, monkeypatch):
    write_site({"index.html": b"1"}, tmp_path / "site")

    def full(self, content):
        raise OSError(28, "full")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="full"):
        write_site({"index.html": b"2"}, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == [tmp_path / "site"]


@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_or_a_link_of_someone_else_is_kept(tmp_path, linked):
    site, elsewhere = tmp_path / "site", tmp_path / "ailleurs"
    elsewhere.mkdir()
    write_site({"index.html": b"1", "pages/x.html": b"1"}, site)
    mine = site / "pages" / "à moi"
    if linked:
        mine.symlink_to(elsewhere)
    else:
        mine.mkdir()
    with pytest.raises(CannotWrite, match="pages/à moi"):
        write_site({"index.html": b"2"}, site)
    assert mine.is_dir()
    assert (site / "index.html").read_bytes() == b"1"
