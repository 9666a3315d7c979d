"""The arithmetic table: every operator and function on a number, zero, absent, sans objet and undefined.

The expected results are written by hand from the language's page on values; they are what two
evaluators could otherwise agree to get wrong. In the tables:

    6 1,5     a number                 A   undefined: the cell D.a is absent
    oui non   a condition              D   undefined: the division n / z of the cell D.u
    O         sans objet               AD  undefined, with both causes
                                       /   undefined: this very division is by zero
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

import pytest

from qdis_rules.evaluation.dossier import Dossier, Raw
from qdis_rules.evaluation.report import Report
from qdis_rules.evaluation.results import Status
from qdis_rules.pipeline import Ruleset, compile_sources
from qdis_rules.source import Source

HEAD = """
jeu X exercice 2023
famille F « f »
tableau I « réponses »
  colonne v « v »
  ligne clos « vrai » oui/non
  ligne ouvert « faux » oui/non
  ligne muette « absente » oui/non
tableau D « opérandes »
  colonne v « v » entier
  ligne n « six »
  ligne m « quatre »
  ligne z « zéro »
  ligne a « absent »
  ligne u « indéfini par division » = n / z
tableau S « sans objet » sans objet quand I.clos
  colonne v « v »
  ligne s « nombre » entier
  ligne c « condition » oui/non
  ligne d « date » date
  ligne r « réponse » choix rep_a | rep_b
tableau E « autres genres »
  colonne v « v »
  ligne d « date » date
  ligne e « date plus tardive » date
  ligne da « date absente » date
  ligne r « réponse » choix rep_a | rep_b
  ligne ra « réponse absente » choix rep_a | rep_b
  ligne t « texte » texte
  ligne ta « texte absent » texte
"""
DOSSIER = Dossier(
    2023,
    typed={
        "I.clos.v": True,
        "I.ouvert.v": False,
        "D.n.v": 6,
        "D.m.v": 4,
        "D.z.v": 0,
        "E.d.v": date(2020, 2, 29),
        "E.e.v": date(2023, 12, 31),
        "E.r.v": "rep_a",
        "E.t.v": "un texte",
    },
)
NUMBERS = {"n": "D.n", "m": "D.m", "z": "D.z", "a": "D.a", "s": "S.s", "u": "D.u"}
CONDITIONS = {"v": "I.clos", "f": "I.ouvert", "a": "D.a > 0", "s": "S.c", "u": "D.u > 0"}
ABSENT, DIVISION = "cellule absente : D.a.v", "division par zéro : n / z"
CAUSES = {"A": {ABSENT}, "D": {DIVISION}, "AD": {ABSENT, DIVISION}}


@lru_cache(maxsize=None)
def report(expressions: tuple[str, ...], kind: str) -> Report:
    """Return the report of the operands above with one aggregate an expression."""
    lines = [f"agrégat F.x{index} « x » {kind} = {text}" for index, text in enumerate(expressions)]
    return ruleset("\n".join((HEAD, *lines))).evaluate(DOSSIER)


def ruleset(text: str) -> Ruleset:
    return compile_sources([Source.of("table.qdis", text)])


def result(of: Report, code: str) -> object:
    """Return a number, a condition, `O`, or the causes of an undefined aggregate."""
    found = of.aggregates[code]
    match found.status:
        case Status.NOT_APPLICABLE:
            return "O"
        case Status.UNDEFINED:
            return {str(cause) for cause in found.causes}
        case _:
            return found.exact if isinstance(found.value, Decimal) else found.value


def expected(word: str, expression: str) -> object:
    if word in CAUSES:
        return CAUSES[word]
    if word == "/":
        return {f"division par zéro : {expression}"}
    if word in ("oui", "non"):
        return word == "oui"
    return word if word == "O" else Fraction(word.replace(",", "."))


def grid(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (row, column, expected) from a table whose first line names the columns."""
    head, *lines = [line.split() for line in text.strip().splitlines()]
    for name, *words in lines:
        assert len(words) == len(head)
        for column, word in zip(head, words, strict=True):
            yield name, column, word


def cases(tables: dict[str, str], operands: dict[str, str], kind: str) -> list[object]:
    """Return a test case for each square of each table; the expressions of a table share a ruleset."""
    found: list[object] = []
    for template, table in tables.items():
        squares = list(grid(table))
        texts = tuple(template.format(x=operands[row], y=operands[column]) for row, column, _ in squares)
        for index, (row, column, word) in enumerate(squares):
            found.append(pytest.param(texts, kind, index, word, id=template.format(x=row, y=column)))
    return found


ARITHMETIC = {
    "{x} + {y}": """
        m    z    a    s    u
    n   10   6    A    O    D
    z   4    0    A    O    D
    a   A    A    A    O    AD
    s   O    O    O    O    O
    u   D    D    AD   O    D
    """,
    "{x} - {y}": """
        m    z    a    s    u
    n   2    6    A    O    D
    z   -4   0    A    O    D
    a   A    A    A    O    AD
    s   O    O    O    O    O
    u   D    D    AD   O    D
    """,
    # Strict: zero times what is not known is not known.
    "{x} * {y}": """
        m    z    a    s    u
    n   24   0    A    O    D
    z   0    0    A    O    D
    a   A    A    A    O    AD
    s   O    O    O    O    O
    u   D    D    AD   O    D
    """,
    # What is missing is said first; a division by zero only of what is known.
    "{x} / {y}": """
        m    z    a    s    u
    n   1,5  /    A    O    D
    z   0    /    A    O    D
    a   A    A    A    O    AD
    s   O    O    O    O    O
    u   D    D    AD   O    D
    """,
    "défaut({x} ; {y})": """
        m    z    a    s    u
    n   6    6    6    6    6
    z   0    0    0    0    0
    a   4    0    A    O    D
    s   4    0    A    O    D
    u   4    0    A    O    D
    """,
    # The functions of ranges skip sans objet, and are sans objet when nothing remains.
    "somme({x} ; {y})": """
        m    z    a    s    u
    n   10   6    A    6    D
    z   4    0    A    0    D
    a   A    A    A    A    AD
    s   4    0    A    O    D
    u   D    D    AD   D    D
    """,
    "moyenne({x} ; {y})": """
        m    z    a    s    u
    n   5    3    A    6    D
    z   2    0    A    0    D
    a   A    A    A    A    AD
    s   4    0    A    O    D
    u   D    D    AD   D    D
    """,
    "min({x} ; {y})": """
        m    z    a    s    u
    n   4    0    A    6    D
    z   0    0    A    0    D
    a   A    A    A    A    AD
    s   4    0    A    O    D
    u   D    D    AD   D    D
    """,
    "max({x} ; {y})": """
        m    z    a    s    u
    n   6    6    A    6    D
    z   4    0    A    0    D
    a   A    A    A    A    AD
    s   4    0    A    O    D
    u   D    D    AD   D    D
    """,
    "nombre({x} ; {y})": """
        m    z    a    s    u
    n   2    2    1    1    1
    z   2    2    1    1    1
    a   1    1    0    0    0
    s   1    1    0    O    0
    u   1    1    0    0    0
    """,
}

COMPARISONS = {
    f"{{x}} {op} {{y}}": f"""
        m    z    a    s    u
    n   {six}     A    O    D
    z   {zero}    A    O    D
    a   A    A    A    O    AD
    s   O    O    O    O    O
    u   D    D    AD   O    D
    """
    for op, six, zero in (  # 6 to 4 and 0, then 0 to 4 and 0
        ("=", "non non", "non oui"),
        ("<>", "oui oui", "oui non"),
        ("<", "non non", "oui non"),
        ("<=", "non non", "oui oui"),
        (">", "oui oui", "non non"),
        (">=", "oui oui", "non oui"),
    )
}

LOGIC = {
    "({x}) et ({y})": """
        v    f    a    s    u
    v   oui  non  A    O    D
    f   non  non  non  non  non
    a   A    non  A    O    AD
    s   O    non  O    O    O
    u   D    non  AD   O    D
    """,
    "({x}) ou ({y})": """
        v    f    a    s    u
    v   oui  oui  oui  oui  oui
    f   oui  non  A    O    D
    a   oui  A    A    O    AD
    s   oui  O    O    O    O
    u   oui  D    AD   O    D
    """,
    "({x}) = ({y})": """
        v    f    a    s    u
    v   oui  non  A    O    D
    f   non  oui  A    O    D
    a   A    A    A    O    AD
    s   O    O    O    O    O
    u   D    D    AD   O    D
    """,
    "({x}) <> ({y})": """
        v    f    a    s    u
    v   non  oui  A    O    D
    f   oui  non  A    O    D
    a   A    A    A    O    AD
    s   O    O    O    O    O
    u   D    D    AD   O    D
    """,
    "défaut({x} ; {y})": """
        v    f    a    s    u
    v   oui  oui  oui  oui  oui
    f   non  non  non  non  non
    a   oui  non  A    O    D
    s   oui  non  A    O    D
    u   oui  non  A    O    D
    """,
}


@pytest.mark.parametrize(
    ("expressions", "kind", "index", "word"),
    [
        *cases(ARITHMETIC, NUMBERS, "entier"),
        *cases(COMPARISONS, NUMBERS, "oui/non"),
        *cases(LOGIC, CONDITIONS, "oui/non"),
    ],
)
def test_two_operands(expressions: tuple[str, ...], kind: str, index: int, word: str) -> None:
    assert result(report(expressions, kind), f"F.x{index}") == expected(word, expressions[index])


ONE_NUMBER = {
    # expression           n = 6   z     a    s    u
    "-{x}":               "-6      0     A    O    D",
    "abs({x})":           "6       0     A    O    D",
    "abs(-{x})":          "6       0     A    O    D",
    "{x} * 1 / 4":        "1,5     0     A    O    D",
    "({x} / 7) * 7":      "6       0     A    O    D",
    "arrondi({x} / 4 ; 1)":      "2   0     A    O    D",
    "arrondi_sup({x} / 4 ; 1)":  "2   0     A    O    D",
    "arrondi_inf({x} / 4 ; 1)":  "1   0     A    O    D",
    "arrondi_pair({x} / 4 ; 1)": "2   0     A    O    D",
    "somme({x})":         "6       0     A    O    D",
    "moyenne({x})":       "6       0     A    O    D",
    "min({x})":           "6       0     A    O    D",
    "max({x})":           "6       0     A    O    D",
    "nombre({x})":        "1       1     0    O    0",
    "somme(défaut({x} ; 0))":      "6  0  0  0  0",
    "nombre(défaut({x} ; 0))":     "1  1  1  1  1",
    "si {x} = 6 alors 1 sinon 2":  "1  2  A  O  D",
    "si oui_ alors {x} sinon D.a": "6  0  A  O  D",
    "si non_ alors D.a sinon {x}": "6  0  A  O  D",
    "si muette_ alors {x} sinon {x}": "M  M  M  M  M",
    "si sans_ alors {x} sinon {x}":   "O  O  O  O  O",
}  # fmt: skip

ONE_CONDITION = {
    # expression                 v     f     a     s     u
    "non ({x})":                "non   oui   A     O     D",
    "non (non ({x}))":          "oui   non   A     O     D",
    "renseigné({x})":           "oui   oui   non   non   non",
    "si {x} alors I.clos sinon I.ouvert": "oui  non  A  O  D",
    "non renseigné({x})":       "non   non   oui   oui   oui",
}  # fmt: skip

FILLED = {"renseigné({x})": "oui  oui  non  non  non"}

WORDS = {"oui_": "I.clos", "non_": "I.ouvert", "muette_": "I.muette", "sans_": "S.c"}


def lines(tables: dict[str, str], operands: dict[str, str], kind: str) -> list[object]:
    found: list[object] = []
    for template, row in tables.items():
        words = row.split()
        texts = []
        for operand in operands.values():
            text = template.format(x=operand)
            for word, code in WORDS.items():
                text = text.replace(word, code)
            texts.append(text)
        assert len(words) == len(texts)
        found.extend(
            pytest.param(tuple(texts), kind, index, word, id=f"{template} : {name}")
            for index, (name, word) in enumerate(zip(operands, words, strict=True))
        )
    return found


@pytest.mark.parametrize(
    ("expressions", "kind", "index", "word"),
    [
        *lines(ONE_NUMBER, {name: NUMBERS[name] for name in "nzasu"}, "entier"),
        *lines(FILLED, {name: NUMBERS[name] for name in "nzasu"}, "oui/non"),
        *lines(ONE_CONDITION, CONDITIONS, "oui/non"),
    ],
)
def test_one_operand(expressions: tuple[str, ...], kind: str, index: int, word: str) -> None:
    found = result(report(expressions, kind), f"F.x{index}")
    if word == "M":
        assert found == {"cellule absente : I.muette.v"}
    else:
        assert found == expected(word, expressions[index])


OTHERS = {
    # « entre » : bounds included, strict like any comparison
    ("D.m entre D.z et D.n", "oui/non"): "oui",
    ("D.n entre D.z et D.m", "oui/non"): "non",
    ("D.n entre D.n et D.n", "oui/non"): "oui",
    ("D.z entre D.z et D.m", "oui/non"): "oui",
    ("D.m entre D.z et D.m", "oui/non"): "oui",
    ("D.m entre D.n et D.z", "oui/non"): "non",
    ("D.a entre D.z et D.m", "oui/non"): "A",
    ("D.m entre D.a et D.n", "oui/non"): "A",
    ("D.n entre D.a et D.m", "oui/non"): "A",
    ("D.m entre D.z et D.u", "oui/non"): "D",
    ("D.a entre D.z et D.u", "oui/non"): "AD",
    ("S.s entre D.a et D.u", "oui/non"): "O",
    ("D.m entre S.s et D.n", "oui/non"): "O",
    ("D.m entre D.z et S.s", "oui/non"): "O",
    # dates, choices, texts
    ("E.d < E.e", "oui/non"): "oui",
    ("E.d >= E.e", "oui/non"): "non",
    ("E.d = 29/02/2020", "oui/non"): "oui",
    ("E.d <> E.d", "oui/non"): "non",
    ("E.d entre 29/02/2020 et E.e", "oui/non"): "oui",
    ("S.d < E.e", "oui/non"): "O",
    ("S.d < E.da", "oui/non"): "O",
    ("E.r = rep_a", "oui/non"): "oui",
    ("E.r <> rep_a", "oui/non"): "non",
    ("E.r = rep_b", "oui/non"): "non",
    ("S.r = E.ra", "oui/non"): "O",
    ("renseigné(E.t)", "oui/non"): "oui",
    ("renseigné(E.ta)", "oui/non"): "non",
    ("renseigné(S.d)", "oui/non"): "non",
    ("renseigné(E.r)", "oui/non"): "oui",
    ("défaut(E.ra ; rep_b) = rep_b", "oui/non"): "oui",
    ("année(E.d)", "entier"): "2020",
    ("année(S.d)", "entier"): "O",
    ("année(si D.u > 0 alors E.d sinon E.e)", "entier"): "D",
    ("exercice", "entier"): "2023",
    ("année(E.e) - exercice", "entier"): "0",
    # the roundings: ties, and negatives
    ("arrondi(2,5 ; 1)", "entier"): "3",
    ("arrondi(-2,5 ; 1)", "entier"): "-3",
    ("arrondi(2,4 ; 1)", "entier"): "2",
    ("arrondi(-0,5 ; 1)", "entier"): "-1",
    ("arrondi(1,005 ; 0,01)", "entier"): "1,01",
    ("arrondi(1,004999 ; 0,01)", "entier"): "1",
    ("arrondi(7,5 ; 5)", "entier"): "10",
    ("arrondi(10 / 3 ; 0,1)", "entier"): "3,3",
    ("arrondi_pair(2,5 ; 1)", "entier"): "2",
    ("arrondi_pair(3,5 ; 1)", "entier"): "4",
    ("arrondi_pair(-2,5 ; 1)", "entier"): "-2",
    ("arrondi_pair(2,500001 ; 1)", "entier"): "3",
    ("arrondi_sup(2,1 ; 1)", "entier"): "3",
    ("arrondi_sup(-2,1 ; 1)", "entier"): "-3",
    ("arrondi_sup(2 ; 1)", "entier"): "2",
    ("arrondi_inf(2,9 ; 1)", "entier"): "2",
    ("arrondi_inf(-2,9 ; 1)", "entier"): "-2",
    # nothing is rounded in between; units convert exactly
    ("(D.n / 7) * 7", "entier"): "6",
    ("1 / 3 + 1 / 3 + 1 / 3", "entier"): "1",
    ("D.n / 3 / 2", "entier"): "1",
    ("D.n / (1 / 3)", "entier"): "18",
    ("3 % + 0,02", "entier"): "0,05",
    ("2 kEUR + 3 EUR", "en EUR"): "2003",
    ("2 kEUR + 3 EUR", "en kEUR"): "2,003",
    ("1 kEUR / 4 EUR", "entier"): "250",
    ("1 / 8", "en %"): "12,5",
    ("12 EUR / 8 logement", "en EUR/logement"): "1,5",
    ("12 kEUR / 8 logement * 2 logement", "en EUR"): "3000",
    # an operand that Kleene's logic absorbs leaves no cause
    ("D.a > 0 et D.z > 0", "oui/non"): "non",
    ("D.u > 0 ou D.n > 0 ou D.a > 0", "oui/non"): "oui",
    ("non (D.a > 0 et D.u > 0)", "oui/non"): "AD",
    # an earlier year that is missing
    ("D.n[N-1]", "entier"): "Y1",
    ("défaut(D.n[N-1] ; D.m)", "entier"): "4",
    ("moyenne(D.n[N-2..N])", "entier"): "Y12",
    ("nombre(D.n[N-2..N])", "entier"): "1",
}


@pytest.mark.parametrize(("expression", "kind", "word"), [(*key, word) for key, word in OTHERS.items()])
def test_others(expression: str, kind: str, word: str) -> None:
    years = {"Y1": {"exercice manquant : 2022"}, "Y12": {"exercice manquant : 2021", "exercice manquant : 2022"}}
    found = result(report((expression,), kind), "F.x0")
    assert found == (years[word] if word in years else expected(word, expression))


# --- lists ----------------------------------------------------------------------------


LIST = """
jeu X exercice 2023
famille F « f »
tableau I « i »
  colonne v « v » oui/non
  ligne clos « c »
tableau L « l » liste clé k sans objet quand I.clos
  colonne k « k » texte
  colonne x « x » entier
  colonne b « b » oui/non
  colonne y « y » entier = si b alors x sinon x
"""
FOLDS = ("somme", "moyenne", "min", "max", "nombre")
NO_LIST = "tableau non fourni : L"

RowsByKey: TypeAlias = dict[str, dict[str, Raw]]

SUPPLIED: RowsByKey = {"un": {"x": 6, "b": True}, "deux": {"x": 4, "b": False}}
HOLED: RowsByKey = {"un": {"x": 6, "b": True}, "deux": {"b": False}}
UNKNOWN: RowsByKey = {"un": {"x": 6, "b": True}, "deux": {"x": 4}}

LISTS: list[tuple[str, object, str, tuple[object, ...]]] = [
    # what is supplied, argument, then somme, moyenne, min, max, nombre
    ("non fournie", None, "L.*.x", ({NO_LIST},) * 5),
    ("non fournie", None, "L.*.x quand b", ({NO_LIST},) * 5),
    ("non fournie", None, "défaut(L.*.x ; 0)", ({NO_LIST},) * 5),
    ("vide", {}, "L.*.x", (0, "O", "O", "O", 0)),
    ("vide", {}, "L.*.x quand b", (0, "O", "O", "O", 0)),
    ("fournie", SUPPLIED, "L.*.x", (10, 5, 4, 6, 2)),
    ("fournie", SUPPLIED, "L.*.x / 4", (Fraction(5, 2), Fraction(5, 4), 1, Fraction(3, 2), 2)),
    ("fournie", SUPPLIED, "L.*.x quand b", (6, 6, 6, 6, 1)),
    ("fournie", SUPPLIED, "L.*.x quand non b", (4, 4, 4, 4, 1)),
    ("fournie", SUPPLIED, "L.*.x quand x > 100", (0, "O", "O", "O", 0)),
    ("fournie", SUPPLIED, "L.*.x ; 20", (30, 10, 4, 20, 3)),
    ("trouée", HOLED, "L.*.x", ({"cellule absente : L.deux.x"},) * 4 + (1,)),
    ("trouée", HOLED, "défaut(L.*.x ; 0)", (6, 3, 0, 6, 2)),
    ("trouée", HOLED, "L.*.x quand b", (6, 6, 6, 6, 1)),
    ("trouée", HOLED, "L.*.x quand renseigné(x)", (6, 6, 6, 6, 1)),
    # a row whose filter cannot be told makes everything undefined, the count too
    ("filtre inconnu", UNKNOWN, "L.*.x quand b", ({"cellule absente : L.deux.b"},) * 5),
    ("filtre inconnu", UNKNOWN, "L.*.x quand b ou x > 0", (10, 5, 4, 6, 2)),
    ("filtre inconnu", UNKNOWN, "L.*.x quand b et x > 5", (6, 6, 6, 6, 1)),
    ("filtre inconnu", UNKNOWN, "L.*.y", ({"cellule absente : L.deux.b"},) * 4 + (1,)),
]


@lru_cache(maxsize=None)
def list_ruleset(argument: str) -> Ruleset:
    return ruleset(LIST + "\n".join(f"agrégat F.{name} « x » entier = {name}({argument})" for name in FOLDS))


def list_dossier(rows: RowsByKey | None, closed: bool) -> Dossier:
    lists = {} if rows is None else {"L": [{"k": key, **row} for key, row in rows.items()]}
    return Dossier(2023, typed={"I.clos.v": closed}, lists=lists)


@pytest.mark.parametrize(
    ("rows", "argument", "wanted"), [case[1:] for case in LISTS], ids=[f"{case[0]} : {case[2]}" for case in LISTS]
)
def test_lists(rows: RowsByKey | None, argument: str, wanted: Sequence[object]) -> None:
    found = list_ruleset(argument).evaluate(list_dossier(rows, closed=False))
    assert [result(found, f"F.{name}") for name in FOLDS] == list(wanted)


@pytest.mark.parametrize("argument", ["L.*.x", "L.*.x quand b", "défaut(L.*.y ; 0)"])
def test_a_list_that_does_not_apply_is_sans_objet(argument: str) -> None:
    for rows in (None, {}, SUPPLIED):
        found = list_ruleset(argument).evaluate(list_dossier(rows, closed=True))
        assert [result(found, f"F.{name}") for name in FOLDS] == ["O"] * 5
    mixed = list_ruleset("L.*.x ; 20").evaluate(list_dossier(SUPPLIED, closed=True))
    assert [result(mixed, f"F.{name}") for name in FOLDS] == [20, 20, 20, 20, 1]


@pytest.mark.parametrize(("rows", "wanted"), [(None, {NO_LIST}), ({}, 0), (SUPPLIED, 2), (HOLED, 2), (UNKNOWN, 2)])
def test_counting_the_rows_of_a_list(rows: RowsByKey | None, wanted: object) -> None:
    whole = ruleset(LIST + "agrégat F.n « n » entier = nombre(L)")
    assert result(whole.evaluate(list_dossier(rows, closed=False)), "F.n") == wanted


# --- guards, verdicts, tolerances -------------------------------------------------------


@pytest.mark.parametrize(
    ("guard", "wanted"), [("v", "6"), ("f", "O"), ("a", "A"), ("s", "O"), ("u", "D")], ids=["v", "f", "a", "s", "u"]
)
def test_a_guarded_aggregate(guard: str, wanted: str) -> None:
    text = f"{HEAD}\nagrégat F.x « x » entier quand {CONDITIONS[guard]} : = D.n"
    assert result(ruleset(text).evaluate(DOSSIER), "F.x") == expected(wanted, "")


VERDICTS = """
        v           f            a            s            u
    v   satisfait   violé        A            sans_objet   D
    f   sans_objet  sans_objet   sans_objet   sans_objet   sans_objet
    a   A           A            A            A            A
    s   sans_objet  sans_objet   sans_objet   sans_objet   sans_objet
    u   D           D            D            D            D
"""


@pytest.mark.parametrize(("guard", "body", "word"), list(grid(VERDICTS)))
def test_verdicts(guard: str, body: str, word: str) -> None:
    """An undefined guard decides before the body is read."""
    text = f"{HEAD}\ncontrôle C bloquant « faux » quand {CONDITIONS[guard]} : {CONDITIONS[body]}"
    found = ruleset(text).evaluate(DOSSIER).checks["C"]
    if word in CAUSES:
        assert found.verdict == "indéterminé"
        assert {str(cause) for cause in found.causes} == CAUSES[word]
    else:
        assert found.verdict == word.replace("_", " ")
        assert found.causes == ()


TOLERANCES = """
         -2    -1,000001  -1    0    1    1,000001  2
    =    non   non        oui   oui  oui  non       non
    <>   oui   oui        non   non  non  oui       oui
    <=   oui   oui        oui   oui  oui  non       non
    >=   non   non        oui   oui  oui  oui       oui
    <    oui   oui        non   non  non  non       non
    >    non   non        non   non  non  oui       oui
"""


@lru_cache(maxsize=None)
def compared() -> Ruleset:
    operators = {"eq": "=", "ne": "<>", "le": "<=", "ge": ">=", "lt": "<", "gt": ">"}
    checks = [f"contrôle {n} bloquant « m » T.x {op} T.y à 1 EUR près" for n, op in operators.items()]
    checks += [f"contrôle {n}_jeu bloquant « m » T.x {op} T.y" for n, op in operators.items()]
    checks += [
        f"contrôle {n}_exact bloquant « m » (si T.x {op} T.y alors I.v sinon I.f)" for n, op in operators.items()
    ]
    checks += [f"contrôle {n}_non bloquant « m » non (T.x {op} T.y à 1 EUR près)" for n, op in operators.items()]
    head = """
    jeu X exercice 2023 tolérance 1 EUR
    tableau I « i »
      colonne v « v » oui/non
      ligne v « v »
      ligne f « f »
    tableau T « t »
      colonne v « v » en EUR
      ligne x « x »
      ligne y « y »
    """
    return ruleset("\n".join((head, *checks)))


def verdict(gap: str, name: str) -> str:
    gap_number = Decimal(gap.replace(",", "."))
    typed: dict[str, Raw] = {"T.x.v": 100 + gap_number, "T.y.v": 100, "I.v.v": True, "I.f.v": False}
    return str(compared().evaluate(Dossier(2023, typed=typed)).checks[name].verdict)


OPERATORS = {"=": "eq", "<>": "ne", "<=": "le", ">=": "ge", "<": "lt", ">": "gt"}


@pytest.mark.parametrize(("op", "gap", "word"), list(grid(TOLERANCES)))
def test_tolerance(op: str, gap: str, word: str) -> None:
    """Symmetric, bound included, the same whether written or the ruleset's own, and under `non`."""
    held, failed = ("satisfait", "violé") if word == "oui" else ("violé", "satisfait")
    name = OPERATORS[op]
    assert verdict(gap, name) == held
    assert verdict(gap, f"{name}_jeu") == held
    assert verdict(gap, f"{name}_non") == failed


EXACT = """
         -1    0    1
    =    non   oui  non
    <>   oui   non  oui
    <=   oui   oui  non
    >=   non   oui  oui
    <    oui   non  non
    >    non   non  oui
"""


@pytest.mark.parametrize(("op", "gap", "word"), list(grid(EXACT)))
def test_the_condition_of_si_is_exact(op: str, gap: str, word: str) -> None:
    assert verdict(gap, f"{OPERATORS[op]}_exact") == ("satisfait" if word == "oui" else "violé")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("T.a entre 12 EUR et 20 EUR à 2 EUR près", "satisfait"),
        ("T.a entre 12,01 EUR et 20 EUR à 2 EUR près", "violé"),
        ("T.a entre 1 EUR et 8 EUR à 2 EUR près", "satisfait"),
        ("T.a entre 1 EUR et 7,99 EUR à 2 EUR près", "violé"),
        ("T.a = 10,2 EUR à 2 % près", "satisfait"),  # 0,2 of 10,2
        ("T.a = 10,21 EUR à 2 % près", "violé"),
        ("T.a = 9,8 EUR à 2 % près", "satisfait"),  # 0,2 of 10: the larger side
        ("T.a = 9,79 EUR à 2 % près", "violé"),
        ("-T.a = -10,2 EUR à 2 % près", "satisfait"),
        ("T.z = 0 EUR à 2 % près", "satisfait"),
        ("T.a = 0,011 kEUR à 1 EUR près", "satisfait"),
        ("T.a = 11 EUR à 0,001 kEUR près", "satisfait"),
        ("T.a + T.b = 33 EUR à 1 EUR près par terme", "violé"),  # two cells read
        ("T.a + T.b = 32 EUR à 1 EUR près par terme", "satisfait"),
        ("T.t = 32 EUR à 1 EUR près par terme", "satisfait"),  # through a computed cell
        ("T.t = T.z + 33 EUR à 1 EUR près par terme", "satisfait"),
        ("T.a = 14 EUR à 10 % près par terme", "violé"),  # 1,4
        ("somme(L.*.x) = 3 EUR à 1 EUR près par terme", "satisfait"),  # two rows
        ("somme(L.*.x) = 3 EUR à 0,9 EUR près par terme", "violé"),
        ("T.a = 11 EUR à 1 EUR près et T.b = 20 EUR", "satisfait"),
    ],
)
def test_forms_of_tolerance(body: str, wanted: str) -> None:
    text = f"""
    jeu X exercice 2023
    tableau T « t »
      colonne v « v » en EUR
      ligne a « a »
      ligne b « b »
      ligne z « z »
      ligne t « t » = a + b
    tableau L « l » liste clé k
      colonne k « k » texte
      colonne x « x » en EUR
    contrôle C bloquant « m » {body}
    """
    dossier = Dossier(
        2023,
        typed={"T.a.v": 10, "T.b.v": 20, "T.z.v": 0},
        lists={"L": [{"k": "un", "x": 2}, {"k": "deux", "x": 3}]},
    )
    assert ruleset(text).evaluate(dossier).checks["C"].verdict == wanted


def test_a_number_that_outgrows_memory_is_a_cause_not_a_crash() -> None:
    """Squaring again and again is the one way to grow without loops."""
    steps = [f"agrégat F.q{i} « q » entier = F.q{i - 1} * F.q{i - 1}" for i in range(1, 30)]
    text = "\n".join((HEAD, "agrégat F.q0 « q » entier = D.n", *steps))
    found = ruleset(text).evaluate(DOSSIER).aggregates["F.q29"]
    assert found.status is Status.UNDEFINED
    assert {str(cause.kind) for cause in found.causes} == {"nombre trop grand"}
