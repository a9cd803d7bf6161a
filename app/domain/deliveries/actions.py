import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import put
from app.domain.audit.errors import ReasonNeeded
from app.domain.deliveries import queries
from app.domain.deliveries.errors import UnknownDelivery
from app.domain.deliveries.models import DeskEvent, DeskEventSettlement
from app.domain.deliveries.queries import Answer
from app.domain.deliveries.rules import Settled
from app.domain.devices.models import Device
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor


@dataclass(frozen=True)
class Delivered:
    """An event as it came: what names it, and what its repetition is recognised by."""

    device_id: UUID
    programme_id: UUID
    digest: bytes
    envelope_hash: bytes


def take_turn(session: Session, device_id: UUID) -> None:
    """Let the uploads of one device in one after another.

    Two tabs or two attempts that send the same events at once would otherwise play them twice, and find out at the end.
    """
    session.execute(select(Device.id).where(Device.id == device_id).with_for_update(key_share=True))


def keep(
    session: Session,
    event: Delivered,
    answer: Answer,
    *,
    now: datetime,
    unbooked: Mapping[str, Any] | None = None,
) -> None:
    """Keep the one answer to an event, in the transaction that played it; and, sealed, what could not be booked."""
    sealed: bytes | None = None
    if unbooked is not None:
        body = json.dumps(unbooked, ensure_ascii=False).encode()
        sealed = keyring_of(session).seal(
            body, table="desk_event", column="sealed_body", row=answer.id
        )
    put(
        session,
        DeskEvent,
        {
            "id": answer.id,
            "programme_id": event.programme_id,
            "device_id": event.device_id,
            "seq": answer.seq,
            "received_at": now,
            "digest": event.digest,
            "envelope_hash": event.envelope_hash,
            "outcome": answer.outcome,
            "code": answer.code,
            "flags": list(answer.flags),
            "sealed_body": sealed,
        },
    )


def note_viewed(session: Session, event_id: UUID, *, by: Actor, now: datetime) -> None:
    """Note that someone opened what a device had sent."""
    record_act(session, "delivery.viewed", event_id, by, now)


def settle(
    session: Session,
    event_id: UUID,
    settled_as: Settled,
    *,
    reason: str,
    site_id: UUID | None,
    by: Actor,
    now: datetime,
) -> None:
    """Take something off the list of what could not be booked: someone has dealt with it, or it is booked by now.

    Raises:
        ReasonNeeded: it was not booked, and nobody said what was done instead.
        UnknownDelivery: it is not on the list, or not any more.
    """
    if settled_as is Settled.NOTED and not reason.strip():
        raise ReasonNeeded
    waiting = queries.one_unbooked(session, event_id, programme_id=by.programme_id, site_id=site_id)
    take_turn(session, waiting.device_id)
    if session.get(DeskEventSettlement, event_id):  # by someone else, a moment ago
        raise UnknownDelivery
    sealed = keyring_of(session).seal(
        reason.strip().encode(), table="desk_event_settlement", column="sealed_reason", row=event_id
    )
    put(
        session,
        DeskEventSettlement,
        {
            "event_id": event_id,
            "programme_id": by.programme_id,
            "settled_as": settled_as,
            "sealed_reason": sealed if reason.strip() else None,
            "settled_by": by.staff_id,
            "settled_at": now,
        },
    )
    record_act(session, f"delivery.{settled_as.value}", event_id, by, now)
