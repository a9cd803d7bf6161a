"""Reading the record, and proving it whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.audit.models import AuditEvent, AuditLink
from app.domain.audit.rules import GENESIS, link


@dataclass(frozen=True)
class Entry:
    """One act as the audit page shows it."""

    id: UUID
    at: datetime
    staff_id: UUID | None
    action: str
    subject: str
    facts: dict[str, object]


def latest(
    session: Session,
    programme_id: UUID,
    *,
    action: str | None = None,
    before: UUID | None = None,
    most: int = 200,
) -> list[Entry]:
    """The newest acts of a programme, newest first; only one kind of act, or only those before an entry."""
    found = select(AuditEvent).where(AuditEvent.programme_id == programme_id)
    if action:
        found = found.where(AuditEvent.action == action)
    if before:
        found = found.where(AuditEvent.id < before)
    rows = session.scalars(found.order_by(AuditEvent.id.desc()).limit(most))
    return [Entry(r.id, r.at, r.staff_id, r.action, r.subject, r.facts) for r in rows]


def acts(session: Session, programme_id: UUID) -> list[str]:
    """The kinds of act a programme's record holds."""
    found = select(AuditEvent.action).where(AuditEvent.programme_id == programme_id).distinct()
    return sorted(session.scalars(found))


def who_did(session: Session, programme_id: UUID, action: str, subject: UUID) -> UUID | None:
    """Whose act it was, where the record says so."""
    return session.scalar(
        select(AuditEvent.staff_id).where(
            AuditEvent.programme_id == programme_id,
            AuditEvent.action == action,
            AuditEvent.subject == str(subject),
        )
    )


def about(session: Session, programme_id: UUID, subject: UUID) -> list[Entry]:
    """Every act with one thing, oldest first."""
    rows = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.programme_id == programme_id, AuditEvent.subject == str(subject))
        .order_by(AuditEvent.id)
    )
    return [Entry(r.id, r.at, r.staff_id, r.action, r.subject, r.facts) for r in rows]


def chained(session: Session) -> int:
    """How many events have their place in the chain."""
    return session.scalar(select(func.count()).select_from(AuditLink)) or 0


def faults(session: Session) -> Iterator[str]:
    """Every place where the record is not as it was written; nothing when it is whole."""
    keyring, previous, expected = keyring_of(session), GENESIS, 0
    rows = session.execute(
        select(AuditLink, AuditEvent)
        .outerjoin(AuditEvent, AuditEvent.id == AuditLink.event_id)
        .order_by(AuditLink.sequence)
        .execution_options(yield_per=1000)
    )
    for place, event in rows:
        expected += 1
        if place.sequence != expected:
            yield f"audit record {expected} is missing"
            expected = place.sequence
        if event is None:
            yield f"audit record {place.sequence} has lost its event"
            continue
        text = event.text()
        if keyring.digest("audit", text) != event.mac:
            yield f"audit record {place.sequence} was altered"
        if link(previous, text, event.mac) != place.hash:
            yield f"audit record {place.sequence} does not follow from the one before it"
        previous = place.hash
    yield from _altered_loose_events(session)


def waiting(session: Session) -> int:
    """How many events have no place in the chain yet."""
    events = session.scalar(select(func.count()).select_from(AuditEvent)) or 0
    return events - chained(session)


def has_loose_events(session: Session) -> bool:
    """Whether anything waits for its place in the chain, by the newest event, which is placed last."""
    newest = session.scalar(select(AuditEvent.id).order_by(AuditEvent.id.desc()).limit(1))
    if newest is None:
        return False
    return session.scalar(select(AuditLink.sequence).where(AuditLink.event_id == newest)) is None


def _altered_loose_events(session: Session) -> Iterator[str]:
    keyring = keyring_of(session)
    loose = (
        select(AuditEvent)
        .outerjoin(AuditLink, AuditLink.event_id == AuditEvent.id)
        .where(AuditLink.sequence.is_(None))
        .execution_options(yield_per=1000)
    )
    for event in session.scalars(loose):
        if keyring.digest("audit", event.text()) != event.mac:
            yield f"audit event {event.id} was altered"
