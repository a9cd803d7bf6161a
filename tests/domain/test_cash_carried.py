"""Cash is carried to another site or to the bank: what there is, once, in the books of both."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.domain.stipends.errors import BadAmount, FloatTooLow, PaymentIdReused
from app.domain.treasury.actions import allow_overdraft, fund_bank, move_cash
from app.domain.treasury.errors import SameSite
from tests.cash import CASH, a_till, books, drawer, in_books, sound, to_bank
from tests.factories import LATER, Place, a_site


@pytest.fixture
def place(session: Session) -> Place:
    return a_till(session)


def test_cash_carried_to_another_site_is_one_act_in_the_books_of_both(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    move_id = uuid4()
    for _ in range(2):
        move_cash(
            session,
            books(session, place),
            books(session, other),
            30_000,
            move_id=move_id,
            by=place.finance,
            now=LATER,
        )

    assert in_books(session, place.site) == CASH - 30_000
    assert in_books(session, other.site) == 30_000
    both = (place.site, other.site)
    assert sum(in_books(session, site, "between_sites") for site in both) == 0
    with pytest.raises(PaymentIdReused):
        move_cash(
            session,
            books(session, place),
            books(session, other),
            1,
            move_id=move_id,
            by=place.finance,
            now=LATER,
        )
    sound(session)


def test_more_cash_than_there_is_is_not_carried_away_even_where_it_may_be_overdrawn(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    allow_overdraft(session, place.site.id, 50_000, reason="Late", by=place.manager, now=LATER)
    acts: list[Any] = [
        lambda: move_cash(
            session,
            books(session, place),
            books(session, other),
            CASH + 1,
            move_id=uuid4(),
            by=place.finance,
            now=LATER,
        ),
        lambda: to_bank(session, place, CASH + 1),
    ]
    for act in acts:
        with pytest.raises(FloatTooLow) as refused:
            act()
        assert refused.value.facts == {"missing": 1}
    assert in_books(session, place.site) == CASH
    with pytest.raises(SameSite):
        move_cash(
            session,
            books(session, place),
            books(session, place),
            1,
            move_id=uuid4(),
            by=place.finance,
            now=LATER,
        )
    with pytest.raises(BadAmount):
        to_bank(session, place, 0)


def test_cash_comes_from_the_bank_and_goes_back(session: Session, place: Place) -> None:
    fund_bank(
        session,
        books(session, place),
        80_000,
        funding_id=uuid4(),
        by=place.finance.staff_id,
        now=LATER,
    )
    to_bank(session, place, 40_000)
    assert in_books(session, place.site, "bank") == 120_000
    assert in_books(session, place.site) == CASH - 40_000


def test_cash_from_another_site_ends_what_a_float_may_be_overdrawn(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    allow_overdraft(
        session, other.site.id, 50_000, reason="The car is late", by=place.finance, now=LATER
    )
    assert drawer(session, other).overdraft.minor == 50_000
    move_cash(
        session,
        books(session, place),
        books(session, other),
        1_000,
        move_id=uuid4(),
        by=place.finance,
        now=LATER,
    )
    assert drawer(session, other).overdraft.minor == 0
