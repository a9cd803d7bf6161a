"""What nobody has come for: people are reminded discreetly, nothing expires unseen, nobody writes money off alone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from app.core.outbox import OutboxRow, body_of
from app.core.turns import take_turn
from app.domain.audit.errors import ReasonNeeded
from app.domain.audit.models import AuditEvent
from app.domain.contacts.actions import keep_contact, remove_contact
from app.domain.expiry import queries as expiry
from app.domain.expiry.actions import restore as give_back
from app.domain.expiry.errors import NotExpired, WrittenOffAlone
from app.domain.expiry.queries import expired
from app.domain.participants.queries import lock_all
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.queries import SiteFacts
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.errors import NotAllowed
from app.domain.staff.rules import Role
from app.domain.stipends.actions import enter, pay_in_cash
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import Earner, balances, books_of, owed_to
from app.domain.stipends.rules import Account, Method
from app.domain.unclaimed import queries
from app.domain.unclaimed.actions import ask_write_off, decide_write_off, restore
from app.domain.unclaimed.actions import expire as expire_some
from app.domain.unclaimed.actions import remind as remind_one
from app.domain.unclaimed.errors import UnknownWriteOff, WriteOffChanged, WriteOffDecided
from app.domain.unclaimed.models import ClaimReminder, WriteOffRequest
from app.upkeep import DUTIES, expire, remind
from app.worker import keep_up
from tests.factories import LATER, Place, a_finished_visit, a_place, a_seed, a_site, an_actor

DAY = timedelta(days=1)
RULES = PayoutRules(remind_after_days=30, reminders_most=2, expires_after_days=180)
FEE = 750


def a_person(session: Session, place: Place, *, may_remind: bool = True) -> UUID:
    """Someone who is owed her fee since ``LATER``."""
    person = a_finished_visit(session, place).participant_id
    keep_contact(
        session,
        person,
        method=Method.CASH,
        number="050 123 45 67",
        may_remind=may_remind,
        language="uk",
        by=place.intake,
        now=LATER,
    )
    return person


def somewhere(session: Session, rules: PayoutRules = RULES) -> Place:
    return a_place(session, protocol=Protocol(payouts=rules))


def waiting_events(database: Database) -> list[dict[str, Any]]:
    with database.snapshot() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == "StipendWaiting"))
        return [body_of(session, row) for row in rows]


def balance(session: Session, place: Place, account: Account) -> int:
    return sum(
        each.balance.minor
        for each in balances(session, place.programme.id)
        if each.account is account
    )


def test_whoever_agreed_is_reminded_after_its_time_and_a_month_apart(database: Database) -> None:
    with database.transaction() as session:
        place = somewhere(session)
        person = a_person(session, place)
        a_person(session, place, may_remind=False)

    told = {day: remind(database, LATER + day * DAY) for day in (5, 29, 30, 31, 59, 60, 95, 120)}

    assert {day for day, count in told.items() if count} == {30, 60}
    assert (
        waiting_events(database)
        == [{"participant_id": person.hex, "language": "uk", "is_last": False}] * 2
    )


def test_a_last_reminder_comes_thirty_days_before_it_expires(database: Database) -> None:
    with database.transaction() as session:
        place = somewhere(session)
        a_person(session, place)

    told = [remind(database, LATER + day * DAY) for day in (149, 150, 151, 179)]

    assert told == [1, 1, 0, 0]  # the first came late, as the server was off
    assert [each["is_last"] for each in waiting_events(database)] == [False, True]


def test_nobody_is_reminded_who_was_paid_or_took_her_number_back(database: Database) -> None:
    now = LATER + 40 * DAY
    with database.transaction() as session:
        place = somewhere(session)
        paid, silent = a_person(session, place), a_person(session, place)
        due = queries.reminders_due(session, place.programme.id, today=now.date())
        assert {each.participant_id for each in due} == {paid, silent}
        books, _ = books_of(session, place.programme.id, place.site.id, now=now)
        pay_in_cash(
            session, books, payment_id=uuid4(), participant_id=paid, by=place.intake.staff_id
        )
        remove_contact(session, silent, by=place.intake, now=now)

    assert remind(database, now) == 0
    with database.transaction() as session:
        for each in due:  # a list made before, by a worker that was slow
            assert not remind_one(
                session, each, programme_id=place.programme.id, on=now.date(), now=now
            )
    assert waiting_events(database) == []


def test_two_workers_at_once_remind_once(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = somewhere(session)
        for _ in range(4):
            a_person(session, place)
    others = [
        database,
        *(Database(database.url, keyring) for _ in range(2 * (not database.is_sqlite))),
    ]
    start = threading.Barrier(6)
    told: list[int] = []

    def work(number: int) -> None:
        start.wait()
        told.append(remind(others[number % len(others)], LATER + 40 * DAY))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others[1:]:
        other.close()

    assert sum(told) == 4
    assert len(waiting_events(database)) == 4
    assert len({each["participant_id"] for each in waiting_events(database)}) == 4


def test_a_duty_is_taken_by_one_worker_at_a_time(database: Database) -> None:
    every = timedelta(minutes=5)
    with database.transaction() as session:
        assert take_turn(session, "a duty", every=every, now=LATER)
        assert not take_turn(session, "a duty", every=every, now=LATER + timedelta(minutes=4))
        assert take_turn(session, "a duty", every=every, now=LATER + timedelta(minutes=5))
        assert take_turn(session, "another", every=every, now=LATER)


def test_the_worker_does_what_is_due_and_waits_for_the_next_turn(database: Database) -> None:
    with database.transaction() as session:
        place = somewhere(session)
        a_person(session, place)
    now = LATER + 40 * DAY

    assert keep_up(database, now=now) == 1
    with database.transaction() as session:
        a_person(session, place)
    assert keep_up(database, now=now + timedelta(minutes=1)) == 0
    assert keep_up(database, now=now + max(each.every for each in DUTIES.values())) == 1


def test_a_duty_that_fails_stops_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_database: Database, _now: datetime) -> int:
        raise RuntimeError

    bad = {"broken": replace(DUTIES["claims.remind"], do=broken), **DUTIES}
    monkeypatch.setattr("app.worker.DUTIES", bad)
    with database.transaction() as session:
        a_person(session, somewhere(session))

    assert keep_up(database, now=LATER + 40 * DAY) == 1


def test_what_is_past_its_time_moves_into_an_account_of_its_own_with_a_record(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = somewhere(session)
        person = a_person(session, place)
        owed = balance(session, place, Account.STIPENDS_PAYABLE)

    assert expire(database, LATER + 179 * DAY) == 0
    expired = expire(database, LATER + 180 * DAY)
    assert expire(database, LATER + 181 * DAY) == 0

    with database.snapshot() as session:
        assert balance(session, place, Account.STIPENDS_UNCLAIMED) == owed
        assert balance(session, place, Account.STIPENDS_PAYABLE) == 0
        assert owed_to(session, person) == []
        found = expiry.expired(session, place.programme.id)
        assert len(found) == expired > 1
        record = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "stipends.expired")
        ).one()
        assert record.facts["minor"] == owed
        assert record.facts["entries"] == expired


def test_nothing_expires_where_the_rules_say_never(database: Database) -> None:
    with database.transaction() as session:
        place = somewhere(session, PayoutRules())
        a_person(session, place)
        assert {each.expires_on for each in queries.waiting(session, place.programme.id)} == {None}

    assert expire(database, LATER + 4000 * DAY) == 0


def test_a_rule_that_is_new_takes_nothing_before_it_stood_on_the_page_for_thirty_days(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = somewhere(session, PayoutRules())
        a_person(session, place)
    late = LATER + 400 * DAY
    with database.transaction() as session:
        adopt_protocol(
            session,
            place.programme.id,
            Protocol(payouts=replace(RULES, expires_after_days=90)),
            by=place.lead.staff_id,
            now=late,
        )
        days = {each.expires_on for each in queries.waiting(session, place.programme.id)}

    assert days == {(late + 30 * DAY).date()}
    assert expire(database, late + 29 * DAY) == 0
    assert expire(database, late + 30 * DAY) > 0


def test_what_expired_is_given_back_once_and_with_a_reason(database: Database) -> None:
    late = LATER + 200 * DAY
    with database.transaction() as session:
        place = somewhere(session)
        person = a_person(session, place)
    expire(database, late)
    with database.transaction() as session:
        before = expiry.expired_of(session, person)
        (first, *_) = before
        with pytest.raises(ReasonNeeded):
            restore(session, first.entry_id, reason=" ", by=place.finance, now=late)
        with pytest.raises(NotAllowed):
            restore(session, first.entry_id, reason="She came", by=place.intake, now=late)
        restore(session, first.entry_id, reason="She came", by=place.finance, now=late)

        assert sum(each.amount.minor for each in owed_to(session, person)) == first.amount.minor
        assert len(expiry.expired_of(session, person)) == len(before) - 1
    with pytest.raises(NotExpired), database.transaction() as session:
        restore(session, first.entry_id, reason="Again", by=place.finance, now=late)


def test_what_was_given_back_does_not_expire_at_once(database: Database) -> None:
    late = LATER + 200 * DAY
    with database.transaction() as session:
        place = somewhere(session)
        person = a_person(session, place)
    expire(database, late)
    with database.transaction() as session:
        for each in expiry.expired_of(session, person):
            restore(session, each.entry_id, reason="She came", by=place.finance, now=late)

    assert expire(database, late + DAY) == 0
    assert expire(database, late + 180 * DAY) > 0


def expired_money(database: Database) -> tuple[Place, UUID, date]:
    with database.transaction() as session:
        place = somewhere(session)
        person = a_person(session, place)
    late = LATER + 200 * DAY
    expire(database, late)
    return place, person, late.date()


def ask(session: Session, place: Place, until: date, **given: Any) -> UUID:
    request_id = given.pop("request_id", None) or uuid4()
    defaults: dict[str, Any] = {
        "site_id": place.site.id,
        "expired_until": until,
        "reason": "The site has closed",
        "by": place.finance,
        "now": LATER + 201 * DAY,
    }
    ask_write_off(session, request_id=request_id, **(defaults | given))
    return request_id


def test_money_is_written_off_by_two_people_and_never_by_one(database: Database) -> None:
    place, person, until = expired_money(database)
    now = LATER + 202 * DAY
    with database.transaction() as session:
        stood = balance(session, place, Account.STIPENDS_UNCLAIMED)
        request = ask(session, place, until)
        assert ask(session, place, until, request_id=request) == request
        other = an_actor(session, Role.FINANCE, programme_id=place.programme.id)
    for role in (place.finance, place.intake):
        with pytest.raises((WrittenOffAlone, NotAllowed)), database.transaction() as session:
            decide_write_off(session, request, approve=True, by=role, now=now)
    with database.snapshot() as session:
        assert queries.waiting_write_offs(session, place.programme.id) == 1
        assert (
            queries.waiting_write_offs(session, place.programme.id, besides=place.finance.staff_id)
            == 0
        )
    with database.transaction() as session:
        decide_write_off(session, request, approve=True, by=other, now=now)

    with database.transaction() as session:
        assert balance(session, place, Account.WRITE_OFF) == stood > 0
        assert balance(session, place, Account.STIPENDS_UNCLAIMED) == 0
        assert expiry.expired_of(session, person) == []
        with pytest.raises(WriteOffDecided):
            decide_write_off(session, request, approve=False, by=other, now=now)
        with pytest.raises(UnknownWriteOff):
            decide_write_off(session, uuid4(), approve=True, by=other, now=now)
        with pytest.raises(NotExpired):
            ask(session, place, until)


def test_a_request_that_no_longer_says_what_stands_there_is_not_approved(
    database: Database,
) -> None:
    place, person, until = expired_money(database)
    now = LATER + 202 * DAY
    with database.transaction() as session:
        request = ask(session, place, until)
        entry = expiry.expired_of(session, person)[0].entry_id
        restore(session, entry, reason="She came", by=place.finance, now=now)
    with pytest.raises(WriteOffChanged), database.transaction() as session:
        decide_write_off(session, request, approve=True, by=place.lead, now=now)
    with database.transaction() as session:
        assert balance(session, place, Account.WRITE_OFF) == 0
        decide_write_off(session, request, approve=False, by=place.lead, now=now)
        (fact,) = queries.write_offs(session, place.programme.id)
        assert fact.state.value == "refused"


def test_the_database_lets_nobody_decide_her_own_request(database: Database) -> None:
    place, _, until = expired_money(database)
    with database.transaction() as session:
        request = ask(session, place, until)

    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(
            text("UPDATE write_off_request SET decided_by = requested_by, state = 'approved'")
        )
    with database.transaction() as session:
        assert session.get_one(WriteOffRequest, request).decided_by is None


def test_reminders_name_nobody(database: Database) -> None:
    with database.transaction() as session:
        person = a_person(session, somewhere(session))
    remind(database, LATER + 40 * DAY)

    with database.snapshot() as session:
        (row,) = session.scalars(select(ClaimReminder))
        assert row.person_digest not in (person.bytes, person.hex.encode())
        (event,) = session.scalars(select(OutboxRow).where(OutboxRow.kind == "StipendWaiting"))
        assert person.bytes not in event.sealed_body
        assert person.hex.encode() not in event.sealed_body


def test_people_are_held_in_one_order_whatever_sites_owe_them(database: Database) -> None:
    # Whoever holds many people does so in the order of their ids: a batch that is released, for one.
    with database.transaction() as session:
        place = somewhere(session)
        elsewhere = a_site(session, place.programme.id)
        people = sorted(a_seed(session, place) for _ in range(3))
        for person, site in zip(people, (place.site, elsewhere, place.site), strict=True):
            owe(session, place, person, site)
        accruals = [accrual for person in people for accrual in owed_to(session, person)]

    def expires() -> int:
        with database.transaction() as session:
            return expire_some(session, place.programme.id, accruals, now=LATER)

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            lock_all(session, [people[1]])
            expired = other.submit(expires)
            wait_until_it_waits(session)
            lock_all(session, [people[2]])
        assert expired.result() == 3


def owe(session: Session, place: Place, person: UUID, site: SiteFacts) -> None:
    books, _ = books_of(session, place.programme.id, site.id, now=LATER)
    enter(
        session,
        books,
        FEE,
        debit=Account.EXPENSE_PRIMARY,
        credit=Account.STIPENDS_PAYABLE,
        earner=Earner(person),
        cause=("primary", person),
    )


def wait_until_it_waits(session: Session) -> None:
    """Until another transaction waits for what this one holds; SQLite has one writer, and none ever waits in a circle."""
    if session.get_bind().dialect.name != "postgresql":
        return
    mine = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
    for _ in range(200):
        if session.scalar(text(mine)):
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_words_typed_for_several_rewards_stand_on_none_of_them(database: Database) -> None:
    # They are one person's: the same words on each would join her accounts, for whoever has the books without the key.
    with database.transaction() as session:
        place = somewhere(session)
        first, second = (a_person(session, place) for _ in range(2))
        accruals = [accrual for person in (first, second) for accrual in owed_to(session, person)]
        expire_some(session, place.programme.id, accruals, now=LATER)
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        entries = [each.entry_id for each in expired(session, place.programme.id)]
        words = "She was away for the winter"
        give_back(session, books, entries, by=place.finance.staff_id, reason=words)

    with database.snapshot() as session:
        reasons = session.scalars(select(LedgerEntry.reason)).all()
        kept = session.scalars(
            select(AuditEvent.facts).where(AuditEvent.action == "stipends.restored")
        ).one()
    assert words not in reasons
    assert kept["reason"] == words
