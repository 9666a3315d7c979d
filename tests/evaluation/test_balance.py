"""A balance read at once is the balance read cell by cell."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from qdis_rules.evaluation.balance import Balance
from qdis_rules.evaluation.dossier import Account
from qdis_rules.model.typed import Selection
from qdis_rules.plan.outline import _reading

SIDES = ("débit", "crédit", "débiteurs", "créditeurs")
READINGS = (*SIDES, *(f"ouverture {side}" for side in SIDES), "mouvements débit", "mouvements crédit")
prefixes = st.text("12", min_size=1, max_size=3)
cents = st.integers(-300, 300).map(lambda number: Decimal(number) / 100)
selections = st.recursive(
    st.builds(
        Selection,
        st.lists(prefixes, min_size=1, max_size=4).map(tuple),
        st.lists(prefixes, max_size=2).map(tuple),
        st.just(()),
        st.sampled_from(READINGS),
        st.just(False),
        st.just(()),
    ),
    lambda inner: st.builds(
        Selection,
        st.lists(prefixes, min_size=1, max_size=3).map(tuple),
        st.just(()),
        st.lists(inner, max_size=2).map(tuple),
        st.sampled_from(READINGS),
        st.just(False),
        st.just(()),
    ),
    max_leaves=4,
)


@st.composite
def balances(draw):
    numbers = draw(st.lists(st.text("12", min_size=1, max_size=4), unique=True, max_size=12))
    opening, movement = draw(st.booleans()), draw(st.booleans())
    return [
        Account(
            number,
            "",
            *(draw(cents) if opening else None for _ in range(2)),
            *(draw(cents) if movement else None for _ in range(2)),
            draw(cents),
            draw(cents),
        )
        for number in numbers
    ]


@given(balances(), st.lists(selections, max_size=5))
def test_amounts(accounts, chosen):
    balance = Balance(accounts)
    readings = [_reading(str(place), selection, closes=True) for place, selection in enumerate(chosen)]
    found = balance.amounts(readings)
    for place, selection in enumerate(chosen):
        expected = balance.read(selection)
        assert found.get(str(place)) == expected
        if isinstance(expected, Decimal):
            assert str(found[str(place)]) == str(expected)


@given(balances(), st.lists(selections, max_size=5))
def test_unreached(accounts, chosen):
    """An account is reached when a selection of a statement takes it on the side its balance is."""
    readings = [
        _reading(str(place), selection, closes=" " not in selection.reading) for place, selection in enumerate(chosen)
    ]
    left = {account.number for account, _ in Balance(accounts).unreached(readings)}
    for account in accounts:
        closing = account.closing_debit - account.closing_credit
        missed = "débiteurs" if closing < 0 else "créditeurs"
        reached = any(each.takes(account.number) and each.reading in set(SIDES) - {missed} for each in chosen)
        assert (account.number in left) == (closing != 0 and not reached)


@given(balances())
def test_adding_up(accounts):
    whole = [account for account in accounts if None not in (account.opening_debit, account.movement_debit)]
    expected = all(
        account.opening_debit - account.opening_credit + account.movement_debit - account.movement_credit
        == account.closing_debit - account.closing_credit
        for account in whole
    )
    assert Balance(accounts).adds_up() == expected
