"""The synthetic work means the same to the judge, to the library and to the function it is measured against."""

from fractions import Fraction

import pytest

from benchmarks import synthetic
from benchmarks.contenders import named
from benchmarks.judge import judge, rounded

WORK = synthetic.work(inputs=150, formulas=40, checks=60)
DOSSIERS = {
    "random": list(synthetic.dossiers(WORK, 20)),
    "adversarial": list(synthetic.adversarial(WORK, 20)),
    "huge": list(synthetic.huge(WORK, 10)),
}


def contender(name):
    made = named(name)()
    made.prepare(WORK)
    return made


@pytest.mark.parametrize("kind", DOSSIERS)
@pytest.mark.parametrize("name", ["Whole", "Run", "Closures", "DecimalFunction", "CentsFunction"])
def test_it_gives_what_the_judge_says(name, kind):
    does = contender(name)
    for dossier in DOSSIERS[kind]:
        assert does.told(does.one(does.given(dossier))) == judge(WORK, dossier)[0]


@pytest.mark.parametrize("name", ["Whole", "Run", "Closures"])
def test_absent_inputs_too(name):
    does = contender(name)
    for dossier in synthetic.adversarial(WORK, 10, absent=0.05):
        (values, verdicts), _ = judge(WORK, dossier)
        assert None in values
        assert None in verdicts
        assert does.told(does.one(does.given(dossier))) == (values, verdicts)


@pytest.mark.parametrize("name", ["Run", "DecimalEdits", "CentsEdits"])
def test_edits_give_what_the_judge_says_of_the_edited_dossier(name):
    does, dossier = contender(name), DOSSIERS["random"][0]
    session, edited = does.session(does.given(dossier)), list(dossier)
    for place, cents in synthetic.edits(WORK, 40):
        does.edit(session, place, does.amount(cents))
        edited[place] = cents
    assert does.edited(session) == judge(WORK, edited)[0]


def test_adversarial_dossiers_meet_the_corners():
    ties, gaps = zip(*(judge(WORK, dossier)[1] for dossier in DOSSIERS["adversarial"]), strict=True)
    assert sum(ties) > 20
    assert sum(gaps) > 20


@pytest.mark.parametrize(
    ("exact", "whole"),
    [(Fraction(1, 2), 1), (Fraction(-1, 2), -1), (Fraction(49, 100), 0), (Fraction(-7, 2), -4), (3, 3)],
)
def test_the_judge_rounds_ties_away_from_zero(exact, whole):
    assert rounded(exact) == whole


def test_series_of_edits_change_something_each_time():
    one, other = synthetic.series(WORK, 50)
    assert [place for place, _ in one] == [place for place, _ in other]
    for before, after in ((one, other), (other, one)):
        last = dict(before)
        for place, cents in after:
            assert last[place] != cents
            last[place] = cents
