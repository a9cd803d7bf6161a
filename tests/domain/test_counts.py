"""A drawer is counted against the books."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.money import Money
from app.domain.counts.errors import BadCount, CountIdReused
from app.domain.counts.models import CashCount
from app.domain.counts.queries import counts_of, denominations
from app.domain.counts.rules import CountKind
from app.domain.floats import actions
from app.domain.floats.actions import Counted
from app.domain.floats.errors import (
    MoneyMoved,
    NotYourSite,
)
from app.domain.staff.errors import NotAllowed
from app.domain.staff.rules import Role
from app.domain.stipends.actions import enter
from app.domain.stipends.rules import Account
from tests.cash import (
    CASH,
    NEXT,
    a_sheet,
    a_till,
    books,
    count,
    drawer,
    faults,
    in_books,
    pay,
    sound,
    to_bank,
    top_up,
)
from tests.factories import LATER, Place, a_finished_visit, a_site, an_actor


@pytest.fixture
def place(session: Session) -> Place:
    return a_till(session)


def test_a_count_that_fits_is_kept_and_moves_nothing(session: Session, place: Place) -> None:
    counted = count(session, place)

    assert counted == Counted(Money(0, "UAH"), is_kept=True)
    (kept,) = counts_of(session, place.programme.id, place.site.id)
    assert (kept.expected.minor, kept.counted.minor, kept.reason) == (CASH, CASH, None)
    assert kept.is_blind
    assert kept.pieces == {100: 1000}
    assert in_books(session, place.site) == CASH
    assert in_books(session, place.site, "cash_variance") == 0
    sound(session)


@pytest.mark.parametrize("difference", [-1, -2_550, 1, 777])
def test_what_differs_is_entered_only_with_a_reason(
    session: Session, place: Place, difference: int
) -> None:
    sheet = a_sheet(session, place, CASH + difference)
    first = actions.count_cash(session, books(session, place), sheet, by=place.intake, now=LATER)
    assert first == Counted(Money(difference, "UAH"), is_kept=False)
    assert in_books(session, place.site) == CASH

    again = replace(sheet, reason=" A note stuck to another. ")
    second = actions.count_cash(session, books(session, place), again, by=place.intake, now=NEXT)

    assert second == Counted(Money(difference, "UAH"), is_kept=True)
    assert in_books(session, place.site) == CASH + difference
    assert in_books(session, place.site, "cash_variance") == -difference
    assert drawer(session, place).balance.minor == CASH + difference
    (kept,) = counts_of(session, place.programme.id, place.site.id)
    assert kept.reason == "A note stuck to another."
    assert kept.difference.minor == difference
    assert [each.minor for each in kept.tries] == [CASH + difference]
    sound(session)


def test_the_first_blind_count_is_kept_though_the_second_fits(
    session: Session, place: Place
) -> None:
    sheet = a_sheet(session, place, CASH - 500)
    actions.count_cash(session, books(session, place), sheet, by=place.intake, now=LATER)
    fitting = replace(sheet, pieces={100: CASH // 100})
    assert actions.count_cash(
        session, books(session, place), fitting, by=place.intake, now=NEXT
    ).is_kept

    (kept,) = counts_of(session, place.programme.id, place.site.id)
    assert [each.minor for each in kept.tries] == [CASH - 500]


def test_the_same_sheet_again_changes_nothing_and_another_one_is_refused(
    session: Session, place: Place
) -> None:
    sheet = a_sheet(session, place, CASH - 100, reason="One missing")
    for _ in range(3):
        counted = actions.count_cash(
            session, books(session, place), sheet, by=place.intake, now=LATER
        )
        assert counted == Counted(Money(-100, "UAH"), is_kept=True)
    assert in_books(session, place.site) == CASH - 100

    other = replace(sheet, pieces={100: 1})
    with pytest.raises(CountIdReused):
        actions.count_cash(session, books(session, place), other, by=place.intake, now=LATER)


def test_money_that_moves_while_someone_counts_asks_for_another_count(
    session: Session, place: Place
) -> None:
    visit = a_finished_visit(session, place)
    sheet = a_sheet(session, place)
    pay(session, place, visit.participant_id)

    with pytest.raises(MoneyMoved):
        actions.count_cash(session, books(session, place), sheet, by=place.intake, now=NEXT)

    left = drawer(session, place).balance.minor
    assert left < CASH
    assert count(session, place, left) == Counted(Money(0, "UAH"), is_kept=True)


def test_money_in_and_out_of_the_same_amount_is_noticed_too(session: Session, place: Place) -> None:
    sheet = a_sheet(session, place)
    for act in (top_up, to_bank):
        act(session, place, 500)
    assert drawer(session, place).balance.minor == CASH

    with pytest.raises(MoneyMoved):
        actions.count_cash(session, books(session, place), sheet, by=place.intake, now=NEXT)


def test_of_two_counts_of_one_drawer_the_later_is_asked_again(
    session: Session, place: Place
) -> None:
    first, second = a_sheet(session, place), a_sheet(session, place, CASH - 100, reason="Missing")
    actions.count_cash(session, books(session, place), first, by=place.intake, now=LATER)

    with pytest.raises(MoneyMoved):
        actions.count_cash(session, books(session, place), second, by=place.manager, now=LATER)


@pytest.mark.parametrize("pieces", [{0: 1}, {-100: 1}, {100: -1}, {100: 100_001}, {10**13: 1}])
def test_a_number_that_no_drawer_holds_is_refused(
    session: Session, place: Place, pieces: Mapping[int, int]
) -> None:
    with pytest.raises(BadCount):
        count(session, place, pieces=pieces)


def test_whoever_belongs_to_a_site_counts_no_other(session: Session, place: Place) -> None:
    other = place.at(a_site(session, place.programme.id, cash=5))
    with pytest.raises(NotYourSite):
        count(session, other, 5)
    with pytest.raises(NotAllowed):
        count(session, place, by=place.lead)
    roams = an_actor(session, Role.FINANCE, programme_id=place.programme.id)
    assert count(session, other, 5, by=roams).is_kept


def test_whoever_counts_at_opening_is_responsible(session: Session, place: Place) -> None:
    assert drawer(session, place).holder is None
    count(session, place, kind=CountKind.OPENING)
    count(session, place, by=place.manager)

    holder = drawer(session, place).holder
    assert holder
    assert holder.staff_id == place.intake.staff_id


@pytest.mark.parametrize("currency", ["UAH", "EUR", "USD", "GEL", "KES", "GHS", "TND", "UGX"])
def test_coins_and_notes_are_exact_in_their_own_smallest_unit(currency: str) -> None:
    worths = denominations(currency)
    assert list(worths) == sorted(set(worths), reverse=True)
    assert all(worth > 0 for worth in worths)


def test_a_currency_that_is_not_known_has_no_list() -> None:
    assert denominations("XXX") == ()
    assert denominations("UAH")[:2] == (100_000, 50_000)
    assert denominations("UGX")[0] == 50_000  # it has no smaller unit
    assert denominations("TND")[-1] == 10  # a thousandth is its smallest


def test_verify_finds_a_variance_that_nobody_counted(session: Session, place: Place) -> None:
    count(session, place, CASH - 500, reason="Missing")
    assert faults(session) == ""
    enter(
        session,
        books(session, place),
        100,
        debit=Account.CASH_VARIANCE,
        credit=Account.CASH_FLOAT,
        earner=None,
        cause=("variance", uuid4()),
    )
    assert "no count does" in faults(session)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pieces": {"100": 7}}, "not the sum of its coins"),
        ({"counted_minor": 800, "reason": "x"}, "by something else than the ledger says"),
    ],
)
def test_verify_finds_a_count_that_does_not_add_up(
    session: Session, place: Place, changed: dict[str, Any], told: str
) -> None:
    entry = enter(
        session,
        books(session, place),
        7,
        debit=Account.CASH_VARIANCE,
        credit=Account.CASH_FLOAT,
        earner=None,
        cause=("variance", uuid4()),
    )
    row = {
        "id": uuid4(),
        "programme_id": place.programme.id,
        "site_id": place.site.id,
        "kind": CountKind.SPOT_CHECK,
        "counted_on": date(2026, 3, 4),
        "counted_at": LATER,
        "counted_by": place.intake.staff_id,
        "currency": "UAH",
        "pieces": {"100": 8},
        "expected_minor": 807,
        "counted_minor": 800,
        "is_blind": True,
        "reason": "x",
        "variance_entry": entry,
    }
    if told.startswith("by"):
        row["expected_minor"] = 900
    session.execute(CashCount.__table__.insert().values(**(row | changed)))  # type: ignore[attr-defined]
    assert told in faults(session)
