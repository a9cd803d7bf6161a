"""Delivers the outbox, chains the audit record, computes analyses, sends messages and does what is due once in a while."""

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from analysis.errors import SampleError
from app.computations import KINDS
from app.core.db import Database, NotCommitted
from app.core.errors import DomainError
from app.core.outbox import OutboxRow, body_of
from app.core.settings import Settings
from app.core.turns import is_due, take_turn
from app.domain.analyses import actions as analyses
from app.domain.analyses import queries as analysis_queries
from app.domain.analyses.actions import TakenRun
from app.domain.analyses.queries import Result
from app.domain.audit.actions import chain
from app.domain.audit.queries import has_loose_events
from app.domain.messages import queries as message_queries
from app.sending.messages import client, send_due
from app.sending.posting import Posting
from app.sending.webhooks import deliver_due
from app.subscribers import SUBSCRIBERS, Happened
from app.upkeep import DUTIES

LEASE = timedelta(minutes=2)
BACKOFF = (30, 120, 600, 3600, 14400)
BATCH = 100
IDLE_SECONDS = 2.0
PATIENCE = timedelta(minutes=5)
PROGRESS_EVERY = timedelta(seconds=0.5)
UNKNOWN_KIND, NO_RESULT, BROKEN = "unknown_kind", "no_result", "internal_error"

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
        events = [
            (
                Happened(row.id, row.programme_id, row.kind, body_of(session, row), row.at),
                row.attempts,
            )
            for row in rows
        ]
        session.execute(
            update(OutboxRow)
            .where(OutboxRow.id.in_([event.event_id for event, _ in events]))
            .values(leased_until=now + LEASE, attempts=OutboxRow.attempts + 1)
        )
    results: list[tuple[UUID, str | None, int]] = []
    for event, attempts in events:
        results.append((event.event_id, _deliver_one(database, event, now), attempts))
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


def keep_up(database: Database, *, now: datetime) -> int:
    """Do the duties whose turn it is; returns how much there was. Of several workers one takes each turn."""
    done = 0
    for name, duty in DUTIES.items():
        with database.snapshot() as session:  # a look costs no writer its turn
            if not is_due(session, name, every=duty.every, now=now):
                continue
        with database.transaction() as session:
            is_ours = take_turn(session, name, every=duty.every, now=now)
        if is_ours:
            done += _do(name, database, now)
    return done


def is_keeping_up(database: Database, *, now: datetime) -> bool:
    """Whether no event and no message waits for its first try longer than a working worker would let it."""
    forgotten = select(OutboxRow.id).where(
        OutboxRow.delivered_at.is_(None),
        OutboxRow.attempts == 0,
        OutboxRow.available_at < now - PATIENCE,
    )
    with database.snapshot() as session:
        return session.scalar(forgotten.limit(1)) is None and message_queries.is_kept_up_with(
            session, now=now - PATIENCE
        )


def compute(
    database: Database,
    clock: Callable[[], datetime],
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Compute one run that waits, with no transaction open meanwhile; returns how many there were.

    A worker that is told to stop gives its run back. One that dies keeps it until its lease runs out.
    """
    with database.snapshot() as session:
        if not analysis_queries.wants_worker(session, now=clock()):
            return 0
    with database.transaction() as session:
        analyses.remove_old(session, now=clock())
        taken = analyses.take(session, now=clock())
    if taken is None:
        return 0
    told = _Told(database, taken, clock, is_stopping)
    result, failure = _compute_one(database, taken, told, now=clock())
    with database.transaction() as session:
        if result:
            analyses.finish(session, taken, result, now=clock())
        elif told.may_go_on:
            analyses.fail(session, taken, failure, now=clock())
        else:  # it had to stop; one that was cancelled stays so
            analyses.give_back(session, taken)
    return 1


@dataclass
class _Told:
    """What a computation tells of itself, kept a few times a second; answers whether it may go on."""

    database: Database
    taken: TakenRun
    clock: Callable[[], datetime]
    is_stopping: Callable[[], bool]
    kept_at: datetime | None = None
    may_go_on: bool = True

    def __call__(self, share: float) -> bool:
        self.may_go_on &= not self.is_stopping()
        now = self.clock()
        is_due = self.kept_at is None or now - self.kept_at >= PROGRESS_EVERY
        if self.may_go_on and is_due:
            self.kept_at = now
            self._keep(share, now)
        return self.may_go_on

    def _keep(self, share: float, now: datetime) -> None:
        try:
            with self.database.transaction() as session:
                self.may_go_on = analyses.advance(session, self.taken, share, now=now)
        except (SQLAlchemyError, NotCommitted) as error:
            # Minutes of work outlive a database that is away for a moment.
            log.warning("the progress of an analysis was not kept: %s", type(error).__name__)


class BackgroundWorker:
    """The worker as five threads: events wait for no analysis, and nothing for another's network. An embedded database has it
    inside the server."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        settings: Settings | None = None,
    ) -> None:
        self._database, self._clock = database, clock
        self._settings = settings or Settings()
        self._providers = client()
        self._posting = Posting(self._settings.webhook_networks)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(round_,), name=name, daemon=True)
            for name, round_ in (
                ("pdi-worker", self._deliver),
                ("pdi-analyses", self._compute),
                ("pdi-upkeep", self._keep_up),
                ("pdi-messages", self._send),
                ("pdi-webhooks", self._tell),
            )
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let what is under way end, and no more begin; an analysis is given back, and messages that have not left."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=10)
        self._providers.close()

    def _deliver(self) -> int:
        return run_once(self._database, now=self._clock())

    def _compute(self) -> int:
        return compute(self._database, self._clock, is_stopping=self._stopping.is_set)

    def _keep_up(self) -> int:
        keep_up(self._database, now=self._clock())
        return 0  # whatever was done, the next turn comes in minutes

    def _send(self) -> int:
        return send_due(
            self._database,
            self._clock,
            self._providers,
            public_url=self._settings.public_url,
            is_stopping=self._stopping.is_set,
        )

    def _tell(self) -> int:
        return deliver_due(
            self._database, self._clock, self._posting, is_stopping=self._stopping.is_set
        )

    def _repeat(self, round_: Callable[[], int]) -> None:
        while not self._stopping.is_set():
            try:
                done = round_()
            except Exception as error:  # noqa: BLE001 - the events of tomorrow must still leave
                log.warning("a round of the worker failed: %s", type(error).__name__)
                done = 0
            if not done:
                self._stopping.wait(IDLE_SECONDS)


def _do(name: str, database: Database, now: datetime) -> int:
    try:
        return DUTIES[name].do(database, now)
    except Exception as error:  # noqa: BLE001 - one bad duty must not stop the others
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("duty %s failed: %s\n%s", name, type(error).__name__, place)
        return 0


def _deliver_one(database: Database, event: Happened, now: datetime) -> str | None:
    for subscriber in SUBSCRIBERS.get(event.kind, ()):
        try:
            subscriber(database, event, now)
        except Exception as error:  # noqa: BLE001 - it is another's code, and tried again
            # Neither the error's message nor the event's body: they name people.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("event of kind %s failed: %s\n%s", event.kind, type(error).__name__, place)
            return type(error).__name__
    return None


def _compute_one(
    database: Database, taken: TakenRun, told: _Told, *, now: datetime
) -> tuple[Result | None, str]:
    if taken.kind not in KINDS:
        return None, UNKNOWN_KIND
    try:
        parameters = taken.parameters
        return KINDS[taken.kind](database, taken.programme_id, parameters, told, now), NO_RESULT
    except (DomainError, SampleError) as refusal:
        return None, refusal.code
    except Exception as error:  # noqa: BLE001 - one bad run must not stop the worker
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("analysis of kind %s failed: %s\n%s", taken.kind, type(error).__name__, place)
        return None, BROKEN


def _chain(database: Database) -> int:
    with database.snapshot() as session:
        if not has_loose_events(session):
            return 0
    try:
        with database.transaction() as session:
            return chain(session)
    except IntegrityError:  # another worker was placing the same events
        return 0
