"""A site's cash from day to day: the report, how long it lasts, when it is low, what waits for whom."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.outbox import OutboxRow, body_of
from app.domain.cash_days import queries as days
from app.domain.cash_days.actions import warn_of_low_floats
from app.domain.cash_days.rules import Movement
from app.domain.counts.rules import CountKind
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends.actions import note_fee_paid
from app.domain.treasury.actions import (
    move_cash,
)
from app.upkeep import DUTIES, warn
from tests.cash import (
    CASH,
    a_loss,
    a_till,
    ask,
    books,
    count,
    disagree,
    drawer,
    in_books,
    pay,
    to_bank,
    top_up,
)
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site, an_actor


@pytest.fixture
def place(session: Session) -> Place:
    return a_till(session)


@pytest.fixture
def colleague(session: Session, place: Place) -> Actor:
    return an_actor(session, Role.INTAKE, programme_id=place.programme.id, site_id=place.site.id)


def test_a_day_belongs_to_the_calendar_of_its_site(session: Session, place: Place) -> None:
    late = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)  # half past midnight in Kyiv
    count(session, place, CASH - 700, reason="Missing", kind=CountKind.END_OF_DAY, now=late)

    evening = days.day_of(session, place.programme.id, place.site.id, date(2026, 3, 4))
    night = days.day_of(session, place.programme.id, place.site.id, date(2026, 3, 5))

    assert evening.counts == ()
    assert (evening.opening.minor, evening.closing.minor) == (CASH, CASH)
    assert [each.counted.minor for each in night.counts] == [CASH - 700]
    (moved,) = night.movements
    assert (moved.movement, moved.entries, moved.amount.minor) == (Movement.COUNTED, 1, -700)
    assert (night.opening.minor, night.closing.minor) == (CASH, CASH - 700)


def test_the_report_of_a_day_tells_every_movement_as_the_ledger_has_it(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    first, second = a_finished_visit(session, place), a_finished_visit(session, place)
    paid = [pay(session, place, each.participant_id).minor for each in (first, second)]
    stranger = a_finished_visit(session, place).recruiter_id
    note_fee_paid(
        session,
        books(session, place),
        payment_id=uuid4(),
        participant_id=stranger,
        minor=4_321,
        by=place.manager.staff_id,
        now=LATER,
    )
    top_up(session, place, 5_000)
    to_bank(session, place, 2_000)
    move_cash(
        session,
        books(session, place),
        books(session, other),
        3_000,
        move_id=uuid4(),
        by=place.finance,
        now=LATER,
    )
    left = drawer(session, place).balance.minor
    count(session, place, left - 50, reason="Missing", kind=CountKind.END_OF_DAY)

    day = days.day_of(session, place.programme.id, place.site.id, date(2026, 3, 4))

    told = {each.movement: each.amount.minor for each in day.movements}
    assert told == {
        Movement.FUNDED: 5_000,
        Movement.PAID: -sum(paid),
        Movement.LOST: -4_321,
        Movement.COUNTED: -50,
        Movement.TO_SITE: -3_000,
        Movement.TO_BANK: -2_000,
    }
    assert day.opening.minor == CASH
    assert day.closing.minor == in_books(session, place.site) == left - 50
    assert sorted(each.amount.minor for each in day.receipts) == sorted([*paid, 4_321])
    assert [each.amount.minor for each in day.receipts if each.is_loss] == [4_321]
    assert day.paid.minor == sum(paid) + 4_321
    there = days.day_of(session, place.programme.id, other.site.id, date(2026, 3, 4))
    assert [(each.movement, each.amount.minor) for each in there.movements] == [
        (Movement.FROM_SITE, 3_000)
    ]


def test_what_is_paid_for_another_site_is_told_apart_from_cash_carried_there(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=50_000))
    visit = a_finished_visit(session, place)
    paid = pay(session, other, visit.participant_id)

    day = days.day_of(session, place.programme.id, other.site.id, date(2026, 3, 4))

    assert [(each.movement, each.amount.minor) for each in day.movements] == [
        (Movement.PAID_FOR_SITE, -paid.minor)
    ]


def test_the_course_of_a_float_ends_each_day_where_the_ledger_does(
    session: Session, place: Place
) -> None:
    for after in (1, 2, 5):
        now = LATER + timedelta(days=after)
        minor = drawer(session, place).balance.minor
        count(session, place, minor - 1_000 * after, reason="Missing", now=now)

    course = days.course_of(session, place.site.id, since=date(2026, 3, 3), until=date(2026, 3, 9))

    assert course == [
        (date(2026, 3, 3), CASH),
        (date(2026, 3, 4), CASH),
        (date(2026, 3, 5), CASH - 1_000),
        (date(2026, 3, 6), CASH - 3_000),
        (date(2026, 3, 7), CASH - 3_000),
        (date(2026, 3, 8), CASH - 3_000),
        (date(2026, 3, 9), CASH - 8_000),
    ]


def test_how_long_cash_lasts_follows_what_was_paid_lately(session: Session, place: Place) -> None:
    today = date(2026, 3, 4)
    assert days.outlook_of(session, place.site.id, balance_minor=CASH, today=today).days is None
    paid = pay(session, place, a_finished_visit(session, place).participant_id).minor
    to_bank(session, place, 500)

    lasts = days.outlook_of(session, place.site.id, balance_minor=CASH, today=today)

    assert lasts.days == CASH * 28 // paid
    later = days.outlook_of(
        session, place.site.id, balance_minor=CASH, today=today + timedelta(days=28)
    )
    assert later.days is None


def test_a_low_float_is_told_once_a_day_of_its_site(session: Session) -> None:
    rules = Protocol(payouts=PayoutRules(float_low=5_000))
    place = a_place(session, cash=4_999, protocol=rules)
    enough = a_site(session, place.programme.id, cash=5_000)
    a_site(session, place.programme.id, cash=0)
    assert days.low_floats(session, place.programme.id) == [place.site.id]
    assert enough.id not in days.low_floats(session, place.programme.id)

    evening = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
    told = [
        warn_of_low_floats(session, now=evening + timedelta(hours=hours))
        for hours in (0, 1, 2.5, 3, 26.5)
    ]

    assert told == [1, 0, 1, 0, 1]  # it is another day in Kyiv from 22:00 UTC on
    rows = session.query(OutboxRow).where(OutboxRow.kind == "FloatLow").all()
    assert [body_of(session, row)["on"] for row in rows] == [
        "2026-03-04",
        "2026-03-05",
        "2026-03-06",
    ]
    assert set(body_of(session, rows[0])) == {
        "site_id",
        "on",
        "balance_minor",
        "low_minor",
        "currency",
    }


def test_a_worker_tells_of_low_floats_without_being_asked(database: Database) -> None:
    with database.transaction() as session:
        a_place(session, cash=1)
    assert warn(database, LATER) == 1
    assert warn(database, LATER) == 0
    assert DUTIES["floats.warn"].do is warn


def test_what_waits_for_someone_is_counted_for_her_only(
    session: Session, place: Place, colleague: Actor
) -> None:
    disagree(session, place, colleague, CASH - 100)
    a_loss(session, place)
    ask(session, place, 4_000)
    assert days.waiting_for(session, colleague).to_confirm == 1
    assert days.waiting_for(session, place.intake) == days.Waiting()
    assert days.waiting_for(session, place.manager).to_decide == 1
    assert days.waiting_for(session, place.lead).write_offs == 1
    assert days.waiting_for(session, place.finance).write_offs == 0
