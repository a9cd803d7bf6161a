"""Looking at a chain is an act of its own, and is recorded."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.audit.actions import record
from app.domain.staff.queries import Actor

ALL = "all"


def note_viewed(session: Session, label: str, *, by: Actor, now: datetime) -> None:
    """Note that someone opened a chain."""
    record(
        session,
        "chain.viewed",
        subject=label,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
    )


def note_exported(session: Session, label: str, *, form: str, by: Actor, now: datetime) -> None:
    """Note that someone took a chain away as a file, or ``ALL`` of them."""
    record(
        session,
        "chain.exported",
        subject=label,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"form": form},
    )
