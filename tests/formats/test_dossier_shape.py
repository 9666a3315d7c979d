"""A dossier read without pydantic, and with it: the same dossier, or the same problems."""

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from qdis_rules import DossierError
from qdis_rules.formats import dossier as module
from qdis_rules.formats.dossier import parse_dossier

codes = st.sampled_from(["A.x.n", "", "é", "A\ud800", "x" * 201, "\u202f", "A.x.\n"]) | st.text(max_size=4)
words = st.text(max_size=5) | st.sampled_from(["", "\ud83d", "é\udc00", "x" * 20_001])
scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=True) | words
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(codes, inner, max_size=2))
cells = st.dictionaries(codes, scalars, max_size=3)
years = st.integers(1980, 2110) | st.sampled_from([2023.0, "2023", 20230, -2023])
FIELDS = {
    "format": st.just("qdis-dossier/1"),
    "exercice": st.integers(1990, 2100),
    "organisme": words,
    "cellules": cells,
    "rapatriement": cells,
    "listes": st.dictionaries(codes, st.lists(cells, max_size=2), max_size=2),
    "balance": st.none(),
    "agregats": cells,
    "justifications": st.dictionaries(codes, words, max_size=2),
}
documents = st.fixed_dictionaries(
    {name: FIELDS[name] for name in ("format", "exercice")},
    optional={name: FIELDS[name] for name in FIELDS if name not in ("format", "exercice")},
)


@st.composite
def mutated(draw):
    """A document with something of another kind, a field too many or too few."""
    document = copy.deepcopy(draw(documents))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*FIELDS, "autre"]))
        if draw(st.booleans()):
            document[name] = draw(years if name == "exercice" else anything)
        else:
            document.pop(name, None)
    return document


def read(content):
    try:
        return parse_dossier(content, "d.json")
    except DossierError as error:
        return error.problems


def with_pydantic(content):
    kept = module._is_well_formed
    module._is_well_formed = lambda loaded: False
    try:
        return read(content)
    finally:
        module._is_well_formed = kept


def same(one, other):
    if one != other:
        return False
    kinds = (
        [[type(value) for value in each.typed.values()] for each in (one, other)] if hasattr(one, "typed") else [0, 0]
    )
    return kinds[0] == kinds[1]


@settings(max_examples=600)
@given(mutated(), st.booleans())
def test_both_readings_agree(document, escaped):
    content = json.dumps(document, ensure_ascii=escaped)
    assert same(read(content), with_pydantic(content)), content


@given(documents)
def test_what_is_well_formed_is_seen_so_unless_it_is_rare(document):
    content = json.dumps(document)
    found = read(content)
    if isinstance(found, module.Dossier) and "\\" not in content:
        assert module._is_well_formed(module._loaded(content, "d.json"))


@given(st.text(alphabet='[]{}"\\a', max_size=60), st.integers(0, 3))
def test_depth_is_counted_alike_whether_or_not_anything_is_escaped(text, extra):
    """What is counted at once for a text without a backslash is what is counted one character after another."""
    content = "[" * (module.MAX_DEPTH - 2 + extra) + text

    def refused(content):
        try:
            module._limit_depth(content, "d")
        except DossierError:
            return True
        return False

    assert refused(content) == refused("\\" + content)
