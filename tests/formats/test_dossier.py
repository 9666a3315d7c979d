"""Dossier files: what is read, and what every kind of bad input gets."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from qdis_rules import DossierError, check_sources, dossier_schema, read_dossier
from qdis_rules.evaluation.evaluate import evaluate
from qdis_rules.formats.dossier import parse_dossier
from qdis_rules.plan.plan import plan
from qdis_rules.source import Source

HEAD = '{"format": "qdis-dossier/1", "exercice": 2023'

RULES = """
jeu T exercice 2023
tableau A « a »
  colonne n « n » en EUR
  ligne x « x »
  ligne y « y » entier en logement
  ligne z « z » oui/non
  ligne d « d » date
  ligne t « t » texte 5
  ligne c « c » choix oui_mais « Oui mais » | jamais
tableau L « l » liste clé k
  colonne k « k » texte 10
  colonne v « v » en kEUR
"""


@pytest.fixture(scope="module")
def rules():
    outcome = check_sources([Source.of("t.qdis", RULES)])
    assert outcome.ok, outcome.diagnostics
    return plan(outcome.value)


def problems(content):
    with pytest.raises(DossierError) as caught:
        parse_dossier(content, "d.json")
    return [(p.pointer, p.code) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [("d.json:1:1", "json-mal-forme")]),
        (b"[]", [("d.json", "json-mal-forme")]),
        (HEAD.encode(), [("d.json:1:46", "json-mal-forme")]),
        (b'{"format": "qdis-dos', [("d.json:1:12", "json-mal-forme")]),
        (b"\xff\xfe{", [("d.json:1", "encodage")]),
        ((HEAD + ', "exercice": 2022}').encode(), [("d.json/exercice", "cle-en-double")]),
        ((HEAD + ', "cellules": {"A.x.n": 1, "A.x.n": 2}}').encode(), [("d.json/A.x.n", "cle-en-double")]),
        ((HEAD + ', "x": 1}').encode(), [("d.json/x", "champ-invalide")]),
        (b'{"format": "qdis-dossier/9", "exercice": 2023}', [("d.json/format", "champ-invalide")]),
        (b'{"format": "qdis-dossier/1"}', [("d.json/exercice", "champ-invalide")]),
        ((HEAD + ', "cellules": {"A.x.n": [1]}}').encode(), [("d.json/cellules/A.x.n", "champ-invalide")]),
        ((HEAD + ', "balance": "../b.csv"}').encode(), [("d.json/balance", "balance-introuvable")]),
        (b"[" * 100_000, [("d.json:1", "json-trop-profond")]),
        (b'{"a":' * 100_000, [("d.json:1", "json-trop-profond")]),
    ],
)
def test_an_unreadable_dossier_says_where(content, expected):
    assert problems(content) == expected


def test_truncating_a_dossier_anywhere_is_refused_clearly():
    whole = (HEAD + ', "cellules": {"A.x.n": "1 250,00", "A.y.n": 3}, "organisme": "Coopérative \\"É\\""}').encode()
    parse_dossier(whole)
    for size in range(len(whole)):
        with pytest.raises(DossierError):
            parse_dossier(whole[:size])


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(DossierError) as caught:
            read_dossier(path)
        assert caught.value.problems[0].code == "fichier-illisible"


@pytest.mark.parametrize("written", ["1250.5", "1 250,50", "1\u202f250,5", "1250,50", " 1250.50 "])
def test_numbers_keep_every_digit(rules, written):
    document = json.dumps({"format": "qdis-dossier/1", "exercice": 2023, "cellules": {"A.x.n": written}})
    report = evaluate(rules, parse_dossier(document))
    assert report.cells["A.x.n"].value == Decimal("1250.5")


def test_json_numbers_never_pass_through_a_float(rules):
    report = evaluate(rules, parse_dossier(HEAD + ', "cellules": {"A.x.n": 123456789012345.123456}}'))
    assert report.cells["A.x.n"].value == Decimal("123456789012345.123456")


@pytest.mark.parametrize(
    ("cells", "pointer", "code"),
    [
        ('"A.x.n": 1e400', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": NaN', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": -Infinity', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": "12 mille"', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": "1,234.5"', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": "٣"', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": "1_000"', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": true', "cellules/A.x.n", "nombre-attendu"),
        ('"A.x.n": 12345678901234567890', "cellules/A.x.n", "nombre-trop-long"),
        ('"A.x.n": "0,1234567"', "cellules/A.x.n", "nombre-trop-long"),
        ('"A.y.n": "1,5"', "cellules/A.y.n", "entier-attendu"),
        ('"A.z.n": 1', "cellules/A.z.n", "oui-non-attendu"),
        ('"A.d.n": "31/02/2023"', "cellules/A.d.n", "date-impossible"),
        ('"A.t.n": "trop long"', "cellules/A.t.n", "texte-trop-long"),
        ('"A.c.n": "jamai"', "cellules/A.c.n", "reponse-inconnue"),
        ('"A.w.n": 1', "cellules/A.w.n", "cellule-inconnue"),
        ('"L.*.v": 1', "cellules/L.*.v", "cellule-inconnue"),
    ],
)
def test_a_value_that_does_not_fit_is_a_problem_with_its_place(rules, cells, pointer, code):
    dossier = parse_dossier(HEAD + ', "cellules": {' + cells + "}}")
    with pytest.raises(DossierError) as caught:
        evaluate(rules, dossier)
    assert [(p.pointer, p.code) for p in caught.value.problems] == [(pointer, code)]


def test_every_problem_is_told_at_once(rules):
    dossier = parse_dossier(
        '{"format": "qdis-dossier/1", "exercice": 2022, "cellules": {"A.x.n": "x", "B.x.n": 1},'
        ' "listes": {"L": [{"k": "a"}, {"k": "a"}, {"v": 1}, {"k": "b", "w": 1}], "M": []},'
        ' "agregats": {"SF.x": 1}, "justifications": {"C9": "…"}}'
    )
    with pytest.raises(DossierError) as caught:
        evaluate(rules, dossier)
    assert [p.code for p in caught.value.problems] == [
        "exercice",
        "nombre-attendu",
        "cellule-inconnue",
        "cle-en-double",
        "cle-absente",
        "colonne-inconnue",
        "liste-inconnue",
        "agregat-inconnu",
        "controle-inconnu",
    ]


def test_an_empty_cell_is_absent_not_zero(rules):
    report = evaluate(rules, parse_dossier(HEAD + ', "cellules": {"A.x.n": null, "A.y.n": " "}}'))
    assert report.cells["A.x.n"].value is None
    assert report.cells["A.x.n"].status == "absent"
    assert report.cells["A.y.n"].status == "absent"


def test_the_schema_accepts_what_the_reader_accepts():
    schema = dossier_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    good = {"format": "qdis-dossier/1", "exercice": 2023, "cellules": {"A.x.n": "1,5", "A.z.n": True, "A.y.n": 3}}
    jsonschema.validate(good, schema)
    for bad in ({}, {**good, "exercice": "2023"}, {**good, "autre": 1}, {**good, "cellules": {"A": [1]}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)
        with pytest.raises(DossierError):
            parse_dossier(json.dumps(bad))


def test_the_schema_published_is_the_one_in_force():
    published = Path(__file__).parents[2] / "docs" / "dossier.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == dossier_schema()
