"""Events leave when, and only when, the change they report is committed; their bodies are sealed."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.core.crypto import KeyProblem, Keyring
from app.core.db import Database
from app.core.outbox import Event, OutboxRow, body_of, emit
from tests.factories import NOON

PERSON = UUID("11111111-2222-4333-8444-555555555555")


@dataclass(frozen=True)
class PersonCame(Event):
    person: str


def test_an_event_of_a_unit_that_failed_never_leaves(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        emit_and_fail(database)

    with database.snapshot() as session:
        assert session.scalars(select(OutboxRow)).all() == []


def test_a_body_is_sealed_and_opens_with_the_key(database: Database) -> None:
    with database.transaction() as session:
        emit(session, PersonCame(PERSON.hex), programme_id=uuid4(), at=NOON)

    with database.snapshot() as session:
        row = session.scalars(select(OutboxRow)).one()
        assert PERSON.hex.encode() not in row.sealed_body
        assert PERSON.bytes not in row.sealed_body
        assert (row.kind, body_of(session, row)) == ("PersonCame", {"person": PERSON.hex})


def test_a_body_does_not_open_with_another_key(database: Database) -> None:
    with database.transaction() as session:
        emit(session, PersonCame(PERSON.hex), programme_id=uuid4(), at=NOON)

    with database.snapshot() as session:
        row = session.scalars(select(OutboxRow)).one()
        session.info["keyring"] = Keyring(bytes(32))
        with pytest.raises(KeyProblem):
            body_of(session, row)


def emit_and_fail(database: Database) -> None:
    with database.transaction() as session:
        emit(session, PersonCame(PERSON.hex), programme_id=uuid4(), at=NOON)
        raise ZeroDivisionError
