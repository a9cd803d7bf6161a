"""Delivers the outbox and chains the audit record; reminders and analyses will join it."""

import logging
import threading
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.core.db import Database
from app.core.outbox import OutboxRow, body_of
from app.domain.audit.actions import chain
from app.domain.audit.queries import has_loose_events
from app.subscribers import SUBSCRIBERS

LEASE = timedelta(minutes=2)
BACKOFF = (30, 120, 600, 3600, 14400)
BATCH = 100
IDLE_SECONDS = 2.0
PATIENCE = timedelta(minutes=5)

log = logging.getLogger("pdi.worker")


def run_once(database: Database, *, now: datetime) -> int:
    """Do what waits; returns how much there was. Two workers at once share the work."""
    return deliver(database, now=now) + _chain(database)


def deliver(database: Database, *, now: datetime) -> int:
    """Deliver waiting events, at least once each. A failing one is tried again, later each time."""
    waiting = (
        select(OutboxRow)
        .where(
            OutboxRow.delivered_at.is_(None),
            OutboxRow.available_at <= now,
            (OutboxRow.leased_until.is_(None)) | (OutboxRow.leased_until < now),
        )
        .order_by(OutboxRow.available_at)
        .limit(BATCH)
    )
    with database.snapshot() as session:  # a look costs no writer its turn
        if session.scalar(waiting.limit(1)) is None:
            return 0
    with database.transaction() as session:
        rows = session.scalars(waiting.with_for_update(skip_locked=True))
        events = [(row.id, row.kind, body_of(session, row), row.attempts) for row in rows]
        session.execute(
            update(OutboxRow)
            .where(OutboxRow.id.in_([event[0] for event in events]))
            .values(leased_until=now + LEASE, attempts=OutboxRow.attempts + 1)
        )
    results: list[tuple[UUID, str | None, int]] = []
    for event_id, kind, body, attempts in events:
        results.append((event_id, _deliver_one(event_id, kind, body), attempts))
    with database.transaction() as session:
        for event_id, failure, attempts in results:
            wait = timedelta(seconds=BACKOFF[min(attempts, len(BACKOFF) - 1)])
            values = (
                {"delivered_at": now, "leased_until": None, "failure": None}
                if failure is None
                else {"available_at": now + wait, "leased_until": None, "failure": failure}
            )
            session.execute(update(OutboxRow).where(OutboxRow.id == event_id).values(**values))
    return len(events)


def is_keeping_up(database: Database, *, now: datetime) -> bool:
    """Whether no event waits for its first delivery longer than a working worker would let it."""
    forgotten = select(OutboxRow.id).where(
        OutboxRow.delivered_at.is_(None),
        OutboxRow.attempts == 0,
        OutboxRow.available_at < now - PATIENCE,
    )
    with database.snapshot() as session:
        return session.scalar(forgotten.limit(1)) is None


class BackgroundWorker:
    """The worker as a thread of the server, for an embedded database that one machine serves."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="pdi-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let what is under way end, and no more begin."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                done = run_once(self._database, now=self._clock())
            except Exception as error:  # noqa: BLE001 - the events of tomorrow must still leave
                log.warning("a round of the worker failed: %s", type(error).__name__)
                done = 0
            if not done:
                self._stopping.wait(IDLE_SECONDS)


def _deliver_one(event_id: UUID, kind: str, body: dict[str, Any]) -> str | None:
    for subscriber in SUBSCRIBERS.get(kind, ()):
        try:
            subscriber(event_id, body)
        except Exception as error:  # noqa: BLE001 - it is another's code, and tried again
            # Neither the error's message nor the event's body: they name people.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("event of kind %s failed: %s\n%s", kind, type(error).__name__, place)
            return type(error).__name__
    return None


def _chain(database: Database) -> int:
    with database.snapshot() as session:
        if not has_loose_events(session):
            return 0
    try:
        with database.transaction() as session:
            return chain(session)
    except IntegrityError:  # another worker was placing the same events
        return 0
