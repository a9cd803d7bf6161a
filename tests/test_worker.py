"""The worker: every event is delivered at least once and marked, a failing one again and later each time."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app import worker
from app.core.db import Database, NotCommitted
from app.core.outbox import Event, OutboxRow, emit
from app.domain.audit.actions import record
from app.domain.audit.queries import faults, waiting
from app.subscribers import Happened
from app.worker import BACKOFF, LEASE, BackgroundWorker, deliver, run_once
from tests.factories import NOON


@dataclass(frozen=True)
class PersonCame(Event):
    person: str


class Subscriber:
    """Notes what arrives; fails so many times first."""

    def __init__(self, failures: int = 0) -> None:
        self.arrived: list[tuple[UUID, dict[str, Any]]] = []
        self.failures = failures

    def __call__(self, _database: Database, happened: Happened, _now: datetime) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError(f"no answer about {happened.body['person']}")
        self.arrived.append((happened.event_id, dict(happened.body)))


@pytest.fixture
def subscriber(monkeypatch: pytest.MonkeyPatch) -> Subscriber:
    subscriber = Subscriber()
    monkeypatch.setattr(worker, "SUBSCRIBERS", {"PersonCame": (subscriber,)})
    return subscriber


def an_event(database: Database, person: str = "she", *, at: datetime = NOON) -> None:
    with database.transaction() as session:
        emit(session, PersonCame(person), programme_id=uuid4(), at=at)


def rows(database: Database) -> list[OutboxRow]:
    with database.snapshot() as session:
        return list(session.scalars(select(OutboxRow)))


def test_an_event_is_delivered_once_and_marked(database: Database, subscriber: Subscriber) -> None:
    an_event(database)

    assert deliver(database, now=NOON) == 1
    assert deliver(database, now=NOON + timedelta(days=1)) == 0
    assert [body for _, body in subscriber.arrived] == [{"person": "she"}]
    (row,) = rows(database)
    assert (row.delivered_at, row.leased_until, row.attempts) == (NOON, None, 1)


def test_an_event_of_a_kind_nobody_follows_is_marked_too(database: Database) -> None:
    an_event(database)

    assert deliver(database, now=NOON) == 1
    assert rows(database)[0].delivered_at == NOON


def test_a_failing_subscriber_is_tried_again_later_each_time(
    database: Database, subscriber: Subscriber
) -> None:
    subscriber.failures = 7
    an_event(database)
    now, waits = NOON, []
    while not subscriber.arrived:
        assert deliver(database, now=now) == 1
        (row,) = rows(database)
        if row.delivered_at is None:
            assert row.failure == "RuntimeError"
            assert deliver(database, now=row.available_at - timedelta(seconds=1)) == 0
            waits.append(int((row.available_at - now).total_seconds()))
            now = row.available_at

    assert waits == [*BACKOFF, BACKOFF[-1], BACKOFF[-1]]
    assert rows(database)[0].failure is None


def test_a_failure_does_not_hold_up_the_events_behind_it(
    database: Database, subscriber: Subscriber
) -> None:
    subscriber.failures = 1
    an_event(database, "first")
    an_event(database, "second", at=NOON + timedelta(seconds=1))

    deliver(database, now=NOON + timedelta(minutes=1))

    assert [body for _, body in subscriber.arrived] == [{"person": "second"}]


def test_a_failure_is_logged_without_what_the_event_says(
    database: Database, subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber.failures = 1
    an_event(database, "380441112233")

    with caplog.at_level(logging.DEBUG):
        deliver(database, now=NOON)

    assert "PersonCame" in caplog.text
    assert "380441112233" not in caplog.text


def test_a_leased_event_is_left_alone_until_its_lease_is_over(
    database: Database, subscriber: Subscriber
) -> None:
    an_event(database)
    with database.transaction() as session:  # a worker took it and was never heard of again
        session.scalars(select(OutboxRow)).one().leased_until = NOON + LEASE

    assert deliver(database, now=NOON + LEASE) == 0
    assert deliver(database, now=NOON + LEASE + timedelta(seconds=1)) == 1
    assert len(subscriber.arrived) == 1


def test_two_workers_at_once_share_the_events(database: Database, subscriber: Subscriber) -> None:
    for number in range(20):
        an_event(database, str(number))

    with ThreadPoolExecutor(4) as workers:
        done = sum(workers.map(lambda _: deliver(database, now=NOON), range(8)))

    assert done == 20
    assert sorted(int(body["person"]) for _, body in subscriber.arrived) == list(range(20))


def test_a_round_gives_acts_their_place_in_the_record(database: Database) -> None:
    an_act(database, at=NOON)
    run_once(database, now=NOON)
    an_act(database, at=NOON - timedelta(days=60))  # of a day long before the last one placed
    run_once(database, now=NOON)

    with database.snapshot() as session:
        assert waiting(session) == 0
        assert list(faults(session)) == []


def test_the_worker_outlives_a_database_that_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = threading.Semaphore(0)
    troubles = iter([NotCommitted(), RuntimeError("something odd")])

    def one_round(_database: Database, *, now: datetime) -> int:
        rounds.release()
        trouble = next(troubles, None)
        if trouble:
            raise trouble
        return 0

    monkeypatch.setattr(worker, "run_once", one_round)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    background = BackgroundWorker(database, lambda: NOON)
    background.start()
    for _ in range(3):
        assert rounds.acquire(timeout=5)
    began = time.monotonic()
    background.stop()
    assert time.monotonic() - began < 2


def an_act(database: Database, *, at: datetime) -> None:
    with database.transaction() as session:
        record(session, "tested", subject="it", staff_id=None, programme_id=None, at=at)
