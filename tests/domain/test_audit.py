"""The record of acts: each row proves itself, and the chain proves that none is missing or has changed places."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.domain.audit.actions import chain, record
from app.domain.audit.models import AuditEvent, AuditLink
from app.domain.audit.queries import faults, has_loose_events, latest, waiting
from tests.factories import NOON, a_place

ACTS = 6


def acts(session: Session, count: int = ACTS, *, first: int = 0) -> None:
    for number in range(first, first + count):
        record(
            session,
            "tested",
            subject=number,
            staff_id=None,
            programme_id=None,
            at=NOON + timedelta(minutes=number),
            facts={"number": number, "words": "Київ", "share": 0.5},
        )


@pytest.fixture
def chained(database: Database) -> Database:
    with database.transaction() as session:
        acts(session)
        chain(session)
    return database


def tamper(database: Database, *statements: str) -> None:
    """As an administrator would who may do anything to the tables, but has no key."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            for trigger in connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))
        if not database.is_sqlite:
            connection.execute(text("SET session_replication_role = DEFAULT"))


def found(database: Database) -> list[str]:
    with database.snapshot() as session:
        return list(faults(session))


def test_a_record_nobody_touched_is_whole(chained: Database) -> None:
    assert found(chained) == []
    with chained.snapshot() as session:
        assert waiting(session) == 0


def test_chaining_goes_on_where_it_ended_and_in_parts(database: Database) -> None:
    with database.transaction() as session:
        acts(session)
        assert [chain(session, most=4) for _ in range(3)] == [4, 2, 0]
        acts(session, 3, first=ACTS)
        assert has_loose_events(session)
        assert chain(session) == 3
        assert not has_loose_events(session)
        assert list(session.scalars(select(AuditLink.sequence).order_by(AuditLink.sequence))) == [
            *range(1, ACTS + 4)
        ]

    assert found(database) == []


def test_acts_of_any_day_are_placed_whichever_came_first(database: Database) -> None:
    with database.transaction() as session:
        for days in (0, -90, 30):
            record(
                session,
                "tested",
                subject=days,
                staff_id=None,
                programme_id=None,
                at=NOON + timedelta(days=days),
            )
            chain(session)
        assert waiting(session) == 0


def test_two_workers_chaining_at_once_place_each_act_once(database: Database) -> None:
    with database.transaction() as session:
        acts(session, 20)

    def attempt(_: int) -> int:
        try:
            with database.transaction() as session:
                return chain(session)
        except IntegrityError:
            return 0

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(attempt, range(4))) == 20
    assert found(database) == []


@pytest.mark.parametrize(
    "change",
    [
        "action = 'something else'",
        "subject = 'someone else'",
        "at = (SELECT max(at) FROM audit_event)",
        "staff_id = id",
        "programme_id = id",
        "mac = (SELECT mac FROM audit_event WHERE subject = '3')",
    ],
)
def test_an_altered_act_is_found_where_it_stands(chained: Database, change: str) -> None:
    tamper(chained, f"UPDATE audit_event SET {change} WHERE subject = '1'")

    assert any("record 2 was altered" in fault for fault in found(chained))
    assert not any("record 1 " in fault for fault in found(chained))


def test_altered_facts_are_found(chained: Database) -> None:
    facts = '{"number": 7, "words": "x", "share": 0.5}'.replace(":", "\\:")
    tamper(chained, f"UPDATE audit_event SET facts = '{facts}' WHERE subject = '4'")

    assert any("record 5 was altered" in fault for fault in found(chained))


def test_a_deleted_act_is_found_with_its_place_or_without(chained: Database) -> None:
    row = "(SELECT id FROM audit_event WHERE subject = '2')"
    tamper(chained, f"DELETE FROM audit_link WHERE event_id = {row}")
    assert found(chained)[0] == "audit record 3 is missing"
    assert "does not follow" in found(chained)[1]

    tamper(chained, "DELETE FROM audit_event WHERE subject = '2'")
    assert found(chained)[0] == "audit record 3 is missing"


@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_act_deleted_from_under_its_place_is_found(chained: Database) -> None:
    with chained.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
    tamper(chained, "DELETE FROM audit_event WHERE subject = '2'")

    assert "audit record 3 has lost its event" in found(chained)


def test_two_acts_that_changed_places_are_found(chained: Database) -> None:
    with chained.snapshot() as session:
        order = select(AuditLink.event_id).order_by(AuditLink.sequence)
        second, third = (each.hex for each in session.scalars(order).all()[1:3])
    tamper(
        chained,
        *(f"DELETE FROM audit_link WHERE sequence = {number}" for number in (2, 3)),
        *(
            f"INSERT INTO audit_link VALUES ({number}, '{event}', {blob(chained)})"
            for number, event in ((2, third), (3, second))
        ),
    )

    assert "audit record 2 does not follow from the one before it" in found(chained)


def test_an_act_slipped_in_without_the_key_is_found(chained: Database) -> None:
    tamper(
        chained,
        "INSERT INTO audit_event (id, at, action, subject, facts, mac) SELECT "
        f"'{'f' * 32}', at, action, subject, facts, mac FROM audit_event WHERE subject = '5'",
    )

    assert found(chained) == ["audit event ffffffff-ffff-ffff-ffff-ffffffffffff was altered"]


def test_acts_are_read_newest_first_and_only_those_of_the_programme(session: Session) -> None:
    place, other = a_place(session), a_place(session)

    entries = latest(session, place.programme.id)

    assert [entry.action for entry in entries] == ["site.opened", "protocol.adopted"]
    assert {entry.id for entry in entries}.isdisjoint(
        entry.id for entry in latest(session, other.programme.id)
    )


def test_an_act_of_a_unit_that_failed_did_not_happen(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        act_and_fail(database)

    with database.snapshot() as session:
        assert session.scalars(select(AuditEvent)).all() == []


def act_and_fail(database: Database) -> None:
    with database.transaction() as session:
        acts(session)
        raise ZeroDivisionError


def blob(database: Database) -> str:
    digits = "ab" * 32
    return f"x'{digits}'" if database.is_sqlite else f"'\\x{digits}'::bytea".replace("::", "\\:\\:")
