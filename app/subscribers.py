"""Event → the actions that follow. One table, read by the worker; every action is idempotent by event id."""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

log = logging.getLogger("pdi.events")

Subscriber = Callable[[UUID, Mapping[str, Any]], None]


def note(event_id: UUID, body: Mapping[str, Any]) -> None:
    """Say that an event arrived; its body stays out of the log, since it names people."""
    log.info("event %s delivered with %d facts", event_id, len(body))


SUBSCRIBERS: Mapping[str, tuple[Subscriber, ...]] = {
    "CouponRedeemed": (note,),
    "VisitCompleted": (note,),
    "BundleIssued": (note,),
    "StipendWaiting": (note,),
    "FloatLow": (note,),
}
