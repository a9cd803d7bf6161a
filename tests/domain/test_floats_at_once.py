"""One drawer and several people at the very same moment: what is expected is what the books say when a count is kept."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.cash_days.actions import warn_of_low_floats
from app.domain.counts.actions import Sheet
from app.domain.counts.queries import counts_of
from app.domain.counts.rules import CountKind
from app.domain.floats import actions, queries
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.queries import books_of
from app.domain.treasury.actions import move_cash
from app.verification import floats, money
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site

CASH = 100_000
PEOPLE = 8


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session, cash=CASH)


def a_person(database: Database, place: Place) -> UUID:
    with database.transaction() as session:
        return a_finished_visit(session, place).participant_id


def seen(database: Database, place: Place) -> str:
    with database.snapshot() as session:
        return queries.drawer(session, place.programme.id, place.site.id).seen


def balance(database: Database, place: Place) -> int:
    with database.snapshot() as session:
        return queries.drawer(session, place.programme.id, place.site.id).balance.minor


def count(database: Database, place: Place, minor: int, was_seen: str) -> str:
    sheet = Sheet(uuid4(), CountKind.SPOT_CHECK, {1: 0, minor: 1}, was_seen, reason="Counted")
    try:
        with database.transaction() as session:
            books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
            actions.count_cash(session, books, sheet, by=place.intake, now=LATER)
    except DomainError as refusal:
        return refusal.code
    return "kept"


def pay(database: Database, place: Place, person: UUID) -> str:
    try:
        with database.transaction() as session:
            books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
            pay_in_cash(
                session,
                books,
                payment_id=uuid4(),
                participant_id=person,
                by=place.intake.staff_id,
            )
    except DomainError as refusal:
        return refusal.code
    return "paid"


def faults(database: Database) -> list[str]:
    checks = (floats.counts, floats.variances, floats.handovers, money.entries, money.floats)
    with database.snapshot() as session:
        return [fault for check in checks for fault in check(session)]


def test_of_many_counts_of_one_moment_one_is_kept(database: Database, place: Place) -> None:
    was_seen = seen(database, place)
    with ThreadPoolExecutor(PEOPLE) as people:
        told = Counter(
            people.map(
                lambda number: count(database, place, CASH - number * 100, was_seen), range(PEOPLE)
            )
        )

    assert told == {"kept": 1, "money_moved": PEOPLE - 1}
    with database.snapshot() as session:
        (kept,) = counts_of(session, place.programme.id, place.site.id)
    assert balance(database, place) == kept.counted.minor
    assert faults(database) == []


def test_a_count_waits_for_a_payment_that_is_being_made_and_is_asked_again(
    database: Database, place: Place
) -> None:
    person, was_seen = a_person(database, place), seen(database, place)
    paying, told = threading.Event(), []

    def counting() -> None:
        paying.wait(10)
        told.append(count(database, place, CASH, was_seen))

    counter = threading.Thread(target=counting)
    counter.start()
    with database.transaction() as session:
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        paid = pay_in_cash(
            session,
            books,
            payment_id=uuid4(),
            participant_id=person,
            by=place.intake.staff_id,
        )
        paying.set()
        counter.join(0.5)
        assert told == []  # it waits: nobody can say yet what should be there
    counter.join(20)

    assert told == ["money_moved"]
    assert count(database, place, CASH - paid.amount.minor, seen(database, place)) == "kept"
    assert balance(database, place) == CASH - paid.amount.minor
    assert faults(database) == []


def test_whatever_counts_and_payments_do_at_once_each_count_expected_what_the_books_said(
    database: Database, place: Place
) -> None:
    people = [a_person(database, place) for _ in range(4)]
    was_seen = seen(database, place)
    acts = [
        *(lambda person=person: pay(database, place, person) for person in people),
        *(lambda: count(database, place, CASH - 100, was_seen) for _ in range(4)),
    ]
    with ThreadPoolExecutor(len(acts)) as desks:
        told = Counter(desks.map(lambda act: act(), acts))

    assert told["paid"] == len(people)
    assert told["kept"] <= 1  # only where no payment came before it
    assert told["kept"] + told["money_moved"] == 4
    with database.snapshot() as session:
        kept = counts_of(session, place.programme.id, place.site.id)
    assert [each.expected.minor for each in kept] == [CASH] * len(kept)
    assert faults(database) == []


def test_cash_carried_both_ways_at_once_waits_for_nobody_for_ever(
    database: Database, place: Place
) -> None:
    with database.transaction() as session:
        other = place.at(a_site(session, place.programme.id, cash=CASH))

    def carry(number: int) -> str:
        ends = (place, other) if number % 2 else (other, place)
        with database.transaction() as session:
            sender, receiver = (
                books_of(session, each.programme.id, each.site.id, now=LATER)[0] for each in ends
            )
            move_cash(session, sender, receiver, 100, move_id=uuid4(), by=place.finance, now=LATER)
        return "carried"

    with ThreadPoolExecutor(PEOPLE) as drivers:
        assert Counter(drivers.map(carry, range(20))) == {"carried": 20}

    assert balance(database, place) == balance(database, other) == CASH
    assert faults(database) == []


def test_a_low_float_is_told_once_by_however_many_workers(database: Database) -> None:
    with database.transaction() as session:
        a_place(session, cash=1)

    def tell(_worker: int) -> int:
        with database.transaction() as session:
            return warn_of_low_floats(session, now=LATER)

    with ThreadPoolExecutor(PEOPLE) as workers:
        assert sum(workers.map(tell, range(PEOPLE))) == 1
