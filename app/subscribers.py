"""Event → the actions that follow. One table, read by the worker; every action is idempotent by event id."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Database
from app.domain.alerts.rules import AlertKind
from app.domain.notices import actions as notices
from app.domain.webhooks import actions as webhooks
from app.domain.webhooks import queries as webhook_queries

log = logging.getLogger("pdi.events")


@dataclass(frozen=True)
class Happened:
    """An event that arrived. Its body names people, so it is in no ``repr``."""

    event_id: UUID
    programme_id: UUID
    kind: str
    body: Mapping[str, Any] = field(repr=False)
    at: datetime


Subscriber = Callable[[Database, Happened, datetime], None]


def note(_database: Database, happened: Happened, _now: datetime) -> None:
    """Say that an event arrived; its body stays out of the log."""
    log.info("event %s delivered with %d facts", happened.event_id, len(happened.body))


def tell_webhooks(database: Database, happened: Happened, now: datetime) -> None:
    """Put an event on its way to the systems that listen for it, each once."""
    with database.snapshot() as session:  # a look costs no writer its turn
        if not webhook_queries.is_listened_to(session, happened.programme_id, happened.kind):
            return
    with database.transaction() as session:
        webhooks.tell(
            session,
            happened.programme_id,
            happened.event_id,
            happened.kind,
            happened.body,
            at=happened.at,
            now=now,
        )


def tell_of_reward(database: Database, happened: Happened, now: datetime) -> None:
    """Queue the message to someone for whom something waits."""
    body = happened.body
    with database.transaction() as session:
        notices.tell_of_reward(
            session,
            programme_id=happened.programme_id,
            participant_id=UUID(body["participant_id"]),
            language=body["language"],
            is_last=body["is_last"],
            event_id=happened.event_id,
            now=now,
        )


def call_for_cash(database: Database, happened: Happened, now: datetime) -> None:
    """Call whoever brings cash to a site that has little left."""
    site_id = UUID(happened.body["site_id"])
    _call(database, happened, AlertKind.FLOAT_LOW, now, site_id=site_id)


def call_for_approval(database: Database, happened: Happened, now: datetime) -> None:
    """Call whoever may approve a batch, but not who prepared it."""
    batch_id, preparer = UUID(happened.body["batch_id"]), UUID(happened.body["prepared_by"])
    _call(database, happened, AlertKind.BATCH_WAITS, now, batch_id=batch_id, besides=preparer)


def call_for_an_answer(database: Database, happened: Happened, now: datetime) -> None:
    """Call whoever answers what was said without a name."""
    _call(database, happened, AlertKind.FEEDBACK_WAITS, now)


def _call(
    database: Database,
    happened: Happened,
    alert: AlertKind,
    now: datetime,
    *,
    site_id: UUID | None = None,
    batch_id: UUID | None = None,
    besides: UUID | None = None,
) -> None:
    with database.transaction() as session:
        notices.call_staff(
            session,
            programme_id=happened.programme_id,
            alert=alert,
            cause=happened.event_id,
            site_id=site_id,
            batch_id=batch_id,
            besides=besides,
            now=now,
        )


SUBSCRIBERS: Mapping[str, tuple[Subscriber, ...]] = {
    "CouponRedeemed": (note, tell_webhooks),
    "VisitCompleted": (note, tell_webhooks),
    "BundleIssued": (note,),
    "StipendWaiting": (note, tell_of_reward),
    "FloatLow": (note, tell_webhooks, call_for_cash),
    "BatchWaits": (note, call_for_approval),
    "BatchReleased": (tell_webhooks,),
    "BatchClosed": (tell_webhooks,),
    "MessageDelivered": (tell_webhooks,),
    "MessageFailed": (tell_webhooks,),
    "FeedbackWaits": (note, call_for_an_answer),
}
