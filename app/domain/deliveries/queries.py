import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.deliveries.errors import UnknownDelivery
from app.domain.deliveries.models import DeskEvent, DeskEventSettlement
from app.domain.deliveries.rules import Outcome
from app.domain.devices.models import Device
from app.domain.staff.models import StaffMember


@dataclass(frozen=True)
class Answer:
    """What a device was told about an event, and will be told whenever it asks."""

    id: UUID
    seq: int
    outcome: Outcome
    code: str | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Unbooked:
    """Something that was done at a desk and could not be booked: by which device, when it came, and why."""

    id: UUID
    device_id: UUID
    device: str
    site_id: UUID
    username: str
    received_at: datetime
    code: str | None
    flags: tuple[str, ...]


def top(session: Session, device_id: UUID) -> int:
    """The highest number that is kept of a device; 0 when there is none."""
    found = select(func.max(DeskEvent.seq)).where(DeskEvent.device_id == device_id)
    return session.scalar(found) or 0


def digests(session: Session, ids: Iterable[UUID]) -> dict[UUID, tuple[bytes, Answer]]:
    """The answers kept for these events, each with the keyed digest of what it was the answer to."""
    rows = session.execute(
        select(
            DeskEvent.id,
            DeskEvent.seq,
            DeskEvent.outcome,
            DeskEvent.code,
            DeskEvent.flags,
            DeskEvent.digest,
        ).where(DeskEvent.id.in_(list(ids)))
    )
    return {
        row.id: (row.digest, Answer(row.id, row.seq, row.outcome, row.code, tuple(row.flags)))
        for row in rows
    }


def hash_of(session: Session, device_id: UUID, seq: int) -> bytes | None:
    """The hash of an event's seal by its number, which the next one must name."""
    return session.scalar(
        select(DeskEvent.envelope_hash)
        .where(DeskEvent.device_id == device_id, DeskEvent.seq == seq)
        .order_by(DeskEvent.id)
        .limit(1)
    )


def digest_of(session: Session, event_id: UUID, plaintext: bytes) -> bytes:
    """What tells whether the same event came again: keyed, so that nobody can try what may stand in it."""
    return keyring_of(session).digest("desk-event", event_id.hex, plaintext.hex())


def unbooked(session: Session, programme_id: UUID, *, site_id: UUID | None) -> list[Unbooked]:
    """What waits for someone to look at it, oldest first; of one site, or of all."""
    found = _UNBOOKED.where(*_waits(programme_id, site_id)).order_by(
        DeskEvent.received_at, DeskEvent.seq
    )
    return [_unbooked(*row) for row in session.execute(found)]


def count_unbooked(session: Session, programme_id: UUID, *, site_id: UUID | None) -> int:
    found = (
        select(func.count())
        .select_from(DeskEvent)
        .join(Device, Device.id == DeskEvent.device_id)
        .outerjoin(DeskEventSettlement, DeskEventSettlement.event_id == DeskEvent.id)
        .where(*_waits(programme_id, site_id))
    )
    return session.scalar(found) or 0


def one_unbooked(
    session: Session, event_id: UUID, *, programme_id: UUID, site_id: UUID | None
) -> Unbooked:
    """Raises: UnknownDelivery."""
    found = _UNBOOKED.where(DeskEvent.id == event_id, *_waits(programme_id, site_id))
    row = session.execute(found).first()
    if row is None:
        raise UnknownDelivery
    return _unbooked(*row)


def body_of(session: Session, event_id: UUID) -> dict[str, Any]:
    """What was entered, without the device's key. Opening it is an act: record it. Raises: UnknownDelivery."""
    sealed = session.scalar(select(DeskEvent.sealed_body).where(DeskEvent.id == event_id))
    if sealed is None:
        raise UnknownDelivery
    body = keyring_of(session).open(sealed, table="desk_event", column="sealed_body", row=event_id)
    return dict(json.loads(body))


_UNBOOKED = (
    select(DeskEvent, Device.label, Device.site_id, StaffMember.username)
    .join(Device, Device.id == DeskEvent.device_id)
    .join(StaffMember, StaffMember.id == Device.staff_id)
    .outerjoin(DeskEventSettlement, DeskEventSettlement.event_id == DeskEvent.id)
)


def _waits(programme_id: UUID, site_id: UUID | None) -> list[ColumnElement[bool]]:
    conditions = [
        DeskEvent.programme_id == programme_id,
        DeskEvent.sealed_body.is_not(None),
        DeskEventSettlement.event_id.is_(None),
    ]
    return [*conditions, Device.site_id == site_id] if site_id else conditions


def _unbooked(row: DeskEvent, label: str, site_id: UUID, username: str) -> Unbooked:
    return Unbooked(
        row.id,
        row.device_id,
        label,
        site_id,
        username,
        row.received_at,
        row.code,
        tuple(row.flags),
    )
