"""Event → the actions that follow. One table, read by the worker; every action is idempotent by event id."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Database

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


SUBSCRIBERS: Mapping[str, tuple[Subscriber, ...]] = {
    "CouponRedeemed": (note,),
    "VisitCompleted": (note,),
    "BundleIssued": (note,),
    "StipendWaiting": (note,),
    "FloatLow": (note,),
    "BatchWaits": (note,),
    "FeedbackWaits": (note,),
}
