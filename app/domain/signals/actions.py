"""A person looks at a pattern, writes down what explains it, and sets it aside or takes it up again."""

from datetime import datetime
from math import ceil

from sqlalchemy.orm import Session

from app.core.db import put
from app.core.ids import uuid7
from app.domain.audit.errors import ReasonNeeded
from app.domain.signals.errors import OwnSignal
from app.domain.signals.models import SignalReview
from app.domain.signals.queries import LiveSignal
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission


def set_aside(session: Session, found: LiveSignal, *, note: str, by: Actor, now: datetime) -> None:
    """Note what explains a pattern; it comes back only when it grows.

    Raises:
        ReasonNeeded, OwnSignal, NotAllowed.
    """
    if not note.strip():
        raise ReasonNeeded
    _keep(session, found, note=note.strip(), is_aside=True, by=by, now=now)


def take_up(session: Session, found: LiveSignal, *, by: Actor, now: datetime) -> None:
    """Let a pattern that was set aside be seen again. Raises: OwnSignal, NotAllowed."""
    _keep(session, found, note="", is_aside=False, by=by, now=now)


def note_viewed(session: Session, *, by: Actor, now: datetime) -> None:
    """Note that someone opened the page of patterns, which tells of colleagues."""
    record_act(session, "signals.viewed", by.programme_id, by, now)


def note_exported(session: Session, *, by: Actor, now: datetime) -> None:
    """Note that someone took the table of patterns away."""
    record_act(session, "signals.exported", by.programme_id, by, now)


def _keep(
    session: Session, found: LiveSignal, *, note: str, is_aside: bool, by: Actor, now: datetime
) -> None:
    by.require(Permission.SEE_SIGNALS)
    if found.staff and found.staff.id == by.staff_id:
        raise OwnSignal
    review_id = uuid7()
    put(
        session,
        SignalReview,
        {
            "id": review_id,
            "programme_id": by.programme_id,
            "signal_digest": bytes.fromhex(found.key),
            "kind": found.signal.kind,
            "excess": ceil(found.signal.excess),
            "is_aside": is_aside,
            "note": note,
            "reviewed_by": by.staff_id,
            "reviewed_at": now,
        },
    )
    act = "signal.set_aside" if is_aside else "signal.taken_up"
    record_act(session, act, review_id, by, now, kind=found.signal.kind)
