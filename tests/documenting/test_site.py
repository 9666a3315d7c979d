"""The site of a ruleset: whole, linked, escaped, the same each time."""

import re
import shutil
import textwrap
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import pytest

from qdis_rules import load_ruleset
from qdis_rules.documenting import NOTICE, Beside, notice_as_pdf, pages_of
from qdis_rules.documenting.drawings import Bullet, bullets
from qdis_rules.pipeline import bundled_folder, compile_sources
from qdis_rules.source import Source
from tests.documenting.reader import dead_links, pages

HOSTILE = """
jeu X exercice 2023
  version « <b>1 & 2</b> »
  titre « </title><script>alert("1")</script> »

unité lot « lots <i>&amp;</i> »

famille F « Famille </h1> & "fils" »
  source « </dd> »

paramètre P.x « Seuil <x onclick='1'> » en EUR = 3 pour 2022 ; 4 pour 2023..2024
  source « </td> » fiabilité déduite

tableau T « Tableau <script>alert('2')</script> »
  repère « <1> »
  aide « Aide </p><script>alert(3)</script> »
  sans objet quand T2.louee.n
  colonne n « Colonne " onload="alert(4)" » en EUR positif
  colonne x « X » en lot
  rubrique « Rubrique </tbody> »
  ligne a « Ligne <img src=x onerror=alert(5)> » obligatoire aide « </th> & »
    comptes n : 10 ; 11 sauf 119 crédit
  ligne A « Même nom, en grand » sur n
  ligne été « Été » = a # pas pour tous : <script>
    + a

tableau t « Le même code, en petit »
  liste clé k
  colonne k « Clé » texte 10
  colonne c « Choix » choix un « 1 < 2 » | deux « 2 > 1 » obligatoire
  colonne m « Montant » en kEUR

tableau T2 « Réponses »
  colonne n « Réponse »
  ligne louee « Oui ? » oui/non
  ligne jour « Jour » date
  ligne mot « Mot » texte 10
  ligne total « Total » en kEUR = somme(t.*.m quand c = un)
  ligne nombre « Nombre » en EUR = nombre(t) * 1 EUR
  ligne avant « Avant » en EUR reprise de T.a.n

contrôle C01 bloquant justifiable « <script>alert(6)</script> {T.a.n} & {écart} »
  T.a.n = T.été.n à 2 % près
  source « <s> » fiabilité à confirmer
  repère « <c> »

contrôle c01 information « {ligne} : {n} »
  pour chaque ligne de T
  quand T2.louee.n :
  n <= P.x

agrégat F.a « <script>alert(7)</script> » en % arrondi 1
  quand T.a.n > 0 :
  = T.été.n / T.a.n
  seuil alerte > 3 % « <u> »
  rubrique « R & <r> »

agrégat F.A « Récurrent » en EUR = défaut(F.A[N-1] ; 0) + T.a.n
"""


def compiled(text):
    return compile_sources([Source.of("règles.qdis", textwrap.dedent(text))]).typed


@pytest.fixture(scope="module")
def whole():
    ruleset = load_ruleset(2023).typed
    return ruleset, pages_of(ruleset)


@pytest.fixture(scope="module")
def hostile():
    ruleset = compiled(HOSTILE)
    return ruleset, pages_of(ruleset)


@pytest.fixture(params=["whole", "hostile"])
def site(request):
    return request.getfixturevalue(request.param)


def test_every_link_leads_somewhere(site):
    assert dead_links(site[1]) == []


def test_every_page_is_well_formed(site):
    for name, page in pages(site[1]).items():
        assert page.wrong == [], name
        assert sorted(page.ids) == sorted(set(page.ids)), name


def test_everything_has_its_place(site):
    ruleset, files = site
    read = pages(files)
    ids = {anchor for page in read.values() for anchor in page.ids}
    codes = [*ruleset.cells, *ruleset.parameters, *(c for c in ruleset.checks if "~" in c)]
    assert [code for code in codes if code not in ids] == []
    titles = [re.search(r"<title>(.*?)</title>", content.decode())[1] for n, content in files.items() if n in read]
    assert len(set(titles)) == len(titles)
    assert len(read) >= len(ruleset.tables) + len(ruleset.aggregates) + len(ruleset.families)


def test_no_two_files_differ_by_case_alone(site):
    assert len({name.lower() for name in site[1]}) == len(site[1])


def test_nothing_comes_from_elsewhere(site):
    """No network, no module, no inline script: a double-click on index.html is enough."""
    for name, content in site[1].items():
        text = content.decode()
        assert re.findall(r"(?:src|href|url\()=?[\"'(]*(?:https?:)?//", text) == [], name
        assert "<script>" not in text, name
        assert "@import" not in text, name


def test_what_an_author_writes_is_text(hostile):
    """No label, source, help or message becomes markup."""
    for name, content in hostile[1].items():
        text = content.decode()
        for tag in ("<b>1 &", "<i>&amp;", "<img", "<x ", "<r>", "<u>", "<s>", "<c>", "<1>", 'onload="', "</title><"):
            assert tag not in text, (name, tag)
    home = pages(hostile[1])["index.html"]
    assert '</title><script>alert("1")</script>' in home.text


def test_what_html_forbids_and_what_disguises_is_replaced():
    text = 'jeu X exercice 2023\ntableau T "a\x07b\u202ec"\n  colonne n « N » en EUR\n  ligne a « A »\n'
    page = pages_of(compiled(text))["pages/tableau-t.html"].decode()
    assert "a\ufffdb\ufffdc" in page
    assert "\u202e" not in page


def test_the_same_ruleset_gives_the_same_bytes(whole, tmp_path):
    """Wherever it is read from."""
    shutil.copytree(bundled_folder(2023), tmp_path / "jeu")
    assert pages_of(load_ruleset(tmp_path / "jeu").typed) == whole[1]


def test_smallest_rulesets_have_a_site():
    files = pages_of(compiled("jeu X exercice 2023"))
    assert dead_links(files) == []
    assert "Paramètres" in pages(files)["pages/parametres.html"].text


def test_reliability_counts_what_the_ruleset_says(whole):
    ruleset, files = whole
    rows = re.findall(r"<tr><th scope=\"row\">(\w+)</th>(.*?)</tr>", files["pages/fiabilite.html"].decode(), re.S)
    counts = {kind: [int(n) for n in re.findall(r"<td class=\"n\">(\d+)</td>", row)] for kind, row in rows}
    words = ("sourcée", "partielle", "déduite", "à confirmer", None)
    declared = [check for check in ruleset.checks.values() if check.origin is None]
    for kind, items in (
        ("Tableaux", ruleset.tables.values()),
        ("Contrôles", declared),
        ("Agrégats", ruleset.aggregates.values()),
        ("Paramètres", ruleset.parameters.values()),
    ):
        assert counts[kind] == [sum(item.notes.reliability == word for item in items) for word in words]
    for name in ("index.html", NOTICE, "pages/fiabilite.html"):
        assert "ne sont publics" in pages(files)[name].text


def test_a_page_tells_what_a_reader_asks(hostile):
    """The form, the accounts, the duties, the readers, the labels beside codes."""
    read = pages(hostile[1])
    table = read["pages/tableau-t.html"].text
    assert "10 ; 11 sauf 119" in table
    assert "solde créditeur net" in table
    assert "bloquant : obligatoire" in table
    assert "C01" in table
    aggregate = read["pages/agregat-f-a--2.html"].text
    assert "arrondi à 1 décimale" in aggregate
    assert "T.été.nÉté" in aggregate.replace(" ", "")
    check = read["pages/controle-c01.html"].text
    assert "à 2 % près" in check
    assert "justifiable" in check
    notice = read[NOTICE].text
    assert "Été, Colonne" in notice
    assert "(exercice précédent)" in notice


def test_the_notice_prints_as_a_pdf(hostile):
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError), reason="WeasyPrint or Pango is missing")
    notice = hostile[1][NOTICE]
    printed = notice_as_pdf(notice)
    assert printed.startswith(b"%PDF-")
    assert notice_as_pdf(notice) == printed


@dataclass
class Quartiles:
    aggregate: str
    family: str
    q1: Decimal
    median: Decimal
    q3: Decimal
    unit: str = "%"
    source: str = "Rapport <1>"
    reliability: str = "partielle"
    remark: str = "année & page"


@dataclass
class Sides:
    yes: tuple
    no: tuple


class Seen:
    names = ("exemple <a>", "dossier.json")
    checks: ClassVar = {"C01": Sides(("exemple <a>",), ()), "c01": Sides((), ())}
    aggregates: ClassVar = {"F.a": ("dossier.json",), "F.A": ()}

    def counts(self):
        return {"contrôles vus satisfaits": "1 sur 2 (50,0 %)"}

    def missing(self):
        return {"contrôles jamais violés": ("C01", "T.a.n~positif"), "seuils jamais franchis": ("F.a alerte > 3 %",)}


def test_quartiles_and_coverage_are_shown_when_given():
    quartiles = (
        Quartiles("F.a", "COOP", Decimal("-1.5"), Decimal(0), Decimal(2)),
        Quartiles("F.a", "ESH", Decimal(0), Decimal(1), Decimal("1234.5")),
    )
    files = pages_of(compiled(HOSTILE), Beside(quartiles=quartiles, coverage=Seen()))
    read = pages(files)
    assert dead_links(files) == []
    assert [page.wrong for page in read.values() if page.wrong] == []
    aggregate = read["pages/agregat-f-a--2.html"].text
    assert "ESH01 %1 234,5" in aggregate
    assert "Rapport <1>" in aggregate
    assert "calculé par 1 exemple ou dossier : dossier.json" in aggregate
    assert "Vu violéjamais" in read["pages/controle-c01.html"].text
    assert "F.a alerte > 3 %" in read["pages/couverture.html"].text
    assert re.search(
        r"Quartiles</th><td class=\"n\">0</td><td class=\"n\">2</td>", files["pages/fiabilite.html"].decode()
    )


def test_quartiles_share_one_scale():
    assert bullets([(Decimal(0), Decimal(1), Decimal(2)), (Decimal(1), Decimal(3), Decimal(4))], 100) == (
        Bullet(0, 25, 50),
        Bullet(25, 75, 100),
    )
    assert bullets([(Decimal(3),) * 3], 100) == (Bullet(50, 50, 50),)
