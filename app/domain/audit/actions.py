"""Writing the record, and chaining what was written."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import uuid7
from app.domain.audit.models import AuditEvent, AuditLink
from app.domain.audit.rules import GENESIS, link

# Transactions commit in another order than their ids were made; none stays open nearly this long.
LATECOMERS_MS = 3_600_000


def record(
    session: Session,
    action: str,
    *,
    subject: object,
    staff_id: UUID | None,
    programme_id: UUID | None,
    at: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Note an act in the transaction that does it: one statement, and no wait for other writers."""
    event = AuditEvent(
        id=uuid7(),
        programme_id=programme_id,
        at=at,
        staff_id=staff_id,
        action=action,
        subject=str(subject),
        facts=dict(facts or {}),
    )
    put(
        session,
        AuditEvent,
        {
            "id": event.id,
            "programme_id": programme_id,
            "at": at,
            "staff_id": staff_id,
            "action": action,
            "subject": event.subject,
            "facts": event.facts,
            "mac": keyring_of(session).digest("audit", event.text()),
        },
    )


def chain(session: Session, *, most: int = 5000) -> int:
    """Give every event that has none its place in the chain; returns how many were placed.

    Two processes that chain at once take the same next number, and the unique key lets only one commit.
    """
    last = session.execute(
        select(AuditLink.sequence, AuditLink.hash, AuditLink.event_id)
        .order_by(AuditLink.sequence.desc())
        .limit(1)
    ).first()
    sequence, previous = (last.sequence, last.hash) if last else (0, GENESIS)
    loose = (
        select(AuditEvent)
        .outerjoin(AuditLink, AuditLink.event_id == AuditEvent.id)
        .where(AuditLink.sequence.is_(None))
        .order_by(AuditEvent.id)
        .limit(most)
    )
    if last:
        loose = loose.where(AuditEvent.id >= _a_while_before(last.event_id))
    placed = []
    for event in session.scalars(loose):
        sequence, previous = sequence + 1, link(previous, event.text(), event.mac)
        placed.append({"sequence": sequence, "event_id": event.id, "hash": previous})
    if placed:
        put(session, AuditLink, placed)
    return len(placed)


def _a_while_before(event_id: UUID) -> UUID:
    """The smallest id of an event that began so long before: by ids, since ``at`` may be any day."""
    return UUID(int=max(0, (event_id.int >> 80) - LATECOMERS_MS) << 80)
