"""What the worker's health check tells."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.core.db import Database
from app.core.outbox import Event, emit
from app.worker import PATIENCE, is_keeping_up, run_once

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)


@dataclass(frozen=True)
class LightSwitchedOn(Event):
    room: str


@pytest.fixture
def waiting(database: Database) -> Database:
    """A database with an event that waits since noon."""
    with database.transaction() as session:
        emit(session, LightSwitchedOn("desk"), programme_id=uuid4(), at=NOON)
    return database


def test_an_event_may_wait_a_little(waiting: Database) -> None:
    assert is_keeping_up(waiting, now=NOON + PATIENCE)


def test_an_event_nobody_delivers_shows_that_no_worker_is_at_work(waiting: Database) -> None:
    assert not is_keeping_up(waiting, now=NOON + PATIENCE * 2)


def test_a_delivered_event_waits_no_more(waiting: Database) -> None:
    run_once(waiting, now=NOON)

    assert is_keeping_up(waiting, now=NOON + PATIENCE * 2)
