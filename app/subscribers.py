"""Event → the actions that follow. One table, read by the worker; every action is idempotent by event id."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Database
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


SUBSCRIBERS: Mapping[str, tuple[Subscriber, ...]] = {
    "CouponRedeemed": (note, tell_webhooks),
    "VisitCompleted": (note, tell_webhooks),
    "BundleIssued": (note,),
    "StipendWaiting": (note,),
    "FloatLow": (note, tell_webhooks),
    "BatchWaits": (note,),
    "BatchReleased": (tell_webhooks,),
    "BatchClosed": (tell_webhooks,),
    "MessageDelivered": (tell_webhooks,),
    "MessageFailed": (tell_webhooks,),
    "FeedbackWaits": (note,),
}
