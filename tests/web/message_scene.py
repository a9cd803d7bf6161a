"""Channels and messages for the pages about them."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.ids import random_id
from app.domain.channels.events import Medium
from app.domain.channels.queries import ChannelFacts
from app.domain.messages.models import Message, MessageAttempt
from app.domain.messages.rules import ENDED, AttemptState, MessageKind, MessageState
from app.domain.traffic.models import ChannelDay
from tests import telephones
from tests.factories import NOON, Place

NUMBER = "+380501234567"
MASKED = "•••• 4567"
AFRICASTALKING = {"username": "sandbox", "api_key": "a key nobody may read"}
TODAY = date(2026, 3, 2)
LEASE = timedelta(minutes=5)
LEASED = (MessageState.LEASED, MessageState.SENDING)


def a_channel(session: Session, place: Place, **given: Any) -> tuple[ChannelFacts, str]:
    """A channel that sends and receives text messages, and its secret."""
    usual = {"name": "Text messages", "media": frozenset({Medium.SMS}), "options": AFRICASTALKING}
    return telephones.a_channel(session, place, "africastalking", **(usual | given))


def a_message(
    session: Session,
    place: Place,
    state: MessageState = MessageState.WAITING,
    *,
    kind: MessageKind = MessageKind.COUPONS_EXPIRE,
    reason: str | None = None,
    number: str = NUMBER,
    channel_id: UUID | None = None,
    now: datetime = NOON,
    lasts: timedelta = timedelta(days=2),
) -> UUID:
    """A message, with one attempt if it has ever left."""
    message_id = random_id()
    seal = keyring_of(session).seal
    session.add(
        Message(
            id=message_id,
            programme_id=place.programme.id,
            cause_digest=message_id.bytes,
            kind=kind,
            sealed_body=seal(
                json.dumps({"language": "uk", "facts": {}}).encode(),
                table="message",
                column="sealed_body",
                row=message_id,
            ),
            state=state,
            reason=reason,
            queued_on=now.date(),
            expires_at=now + lasts,
            available_at=now if state is MessageState.WAITING else None,
            leased_until=now + LEASE if state in LEASED else None,
            tries=0,
            ended_on=now.date() if state in ENDED else None,
        )
    )
    session.flush()
    if channel_id:
        attempt_id = random_id()
        session.add(
            MessageAttempt(
                id=attempt_id,
                programme_id=place.programme.id,
                message_id=message_id,
                channel_id=channel_id,
                number=1,
                state=AttemptState.FAILED,
                sealed_number=seal(
                    number.encode(), table="message_attempt", column="sealed_number", row=attempt_id
                ),
                parts=1,
                cost_minor=50,
                made_on=now.date(),
            )
        )
        session.flush()
    return message_id


def a_day(
    session: Session, place: Place, channel_id: UUID, day: date = TODAY, **counts: int
) -> None:
    """What a channel did on a day."""
    session.add(
        ChannelDay(channel_id=channel_id, day=day, programme_id=place.programme.id, **counts)
    )
    session.flush()
