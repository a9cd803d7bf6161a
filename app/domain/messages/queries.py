import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.domain.contacts.rules import masked
from app.domain.messages.errors import UnknownMessage
from app.domain.messages.models import Message, MessageAttempt
from app.domain.messages.rules import (
    AGAIN,
    AttemptState,
    MessageKind,
    MessageState,
    Reason,
    is_stuck,
)
from app.domain.programmes import queries as programmes

GOING = (MessageState.WAITING, MessageState.LEASED, MessageState.SENDING)


UNDER_WAY = (
    MessageState.WAITING,
    MessageState.LEASED,
    MessageState.SENDING,
    MessageState.UNCERTAIN,
)


@dataclass(frozen=True)
class Body:
    """For whom a message is, and what it says: neither is ever in a ``repr``. An answer is for ``number``, through ``channel_id``."""

    participant_id: UUID | None = field(repr=False)
    staff_id: UUID | None = field(repr=False)
    number: str | None = field(repr=False)
    channel_id: UUID | None
    language: str
    facts: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Leased:
    """A message that a worker has taken. ``lease`` is what it shows when it comes back with it; ``zone`` is its programme's clock."""

    id: UUID
    programme_id: UUID
    kind: MessageKind
    expires_at: datetime
    tries: int
    counted_on: date | None
    lease: UUID
    zone: str
    body: Body

    def day(self, now: datetime) -> date:
        return local_date(now, self.zone)


@dataclass(frozen=True)
class AttemptFacts:
    """One call of a provider, for the page of a message; ``to`` is the masked number, None once it is forgotten."""

    id: UUID
    channel_id: UUID
    number: int
    state: AttemptState
    reason: str | None
    to: str | None
    parts: int
    cost_minor: int
    made_on: date


@dataclass(frozen=True)
class MessageFacts:
    """A message as pages show it: never for whom. ``next_at`` is when it is looked at again; ``reason`` a ``Reason`` or a
    provider's word."""

    id: UUID
    kind: MessageKind
    state: MessageState
    reason: str | None
    queued_on: date
    expires_at: datetime
    next_at: datetime | None
    ended_on: date | None
    can_be_sent_again: bool
    can_be_cancelled: bool
    attempts: tuple[AttemptFacts, ...]


@dataclass(frozen=True)
class SentFacts:
    """A message that went out to a telephone; ``to`` is the masked number."""

    on: date
    to: str
    kind: MessageKind
    state: AttemptState
    channel_id: UUID


def queue_of(session: Session, programme_id: UUID, *, most: int = 50) -> list[MessageFacts]:
    """What waits or is under way, next first."""
    rows = session.scalars(
        select(Message)
        .where(
            Message.programme_id == programme_id,
            Message.state.in_(UNDER_WAY),
            Message.available_at.is_not(None),
        )
        .order_by(Message.available_at, Message.id)
        .limit(most)
    )
    return _facts(session, rows.all())


def failures(session: Session, programme_id: UUID, *, most: int = 50) -> list[MessageFacts]:
    """What a person has to look at: failed, refused at every try, or uncertain for good; newest first."""
    rows = session.scalars(
        select(Message)
        .where(
            Message.programme_id == programme_id,
            Message.state.in_(AGAIN),
            Message.available_at.is_(None),
        )
        .order_by(Message.queued_on.desc(), Message.id)
        .limit(most)
    )
    return _facts(session, rows.all())


def has_failed_since(session: Session, programme_id: UUID, day: date) -> bool:
    """Whether a message to anyone but staff has failed on a day or after it. A call that fails calls for no other."""
    failed = select(Message.id).where(
        Message.programme_id == programme_id,
        Message.state.in_((MessageState.FAILED, MessageState.DEAD)),
        Message.kind != MessageKind.STAFF_ALERT,
        Message.ended_on >= day,
    )
    return session.scalar(failed.limit(1)) is not None


def cancelled(session: Session, programme_id: UUID, *, most: int = 20) -> list[MessageFacts]:
    """What someone on the staff has called off, newest first."""
    rows = session.scalars(
        select(Message)
        .where(
            Message.programme_id == programme_id,
            Message.state == MessageState.DROPPED,
            Message.reason == Reason.CANCELLED,
        )
        .order_by(Message.ended_on.desc(), Message.id)
        .limit(most)
    )
    return _facts(session, rows.all())


def oldest_waiting(session: Session, programme_id: UUID) -> date | None:
    """The day on which the oldest message was queued that still waits."""
    return session.scalar(
        select(func.min(Message.queued_on)).where(
            Message.programme_id == programme_id, Message.state == MessageState.WAITING
        )
    )


def message(session: Session, programme_id: UUID, message_id: UUID) -> MessageFacts:
    """Raises: UnknownMessage."""
    row = session.get(Message, message_id)
    if row is None or row.programme_id != programme_id:
        raise UnknownMessage
    return _facts(session, [row])[0]


def counts(session: Session, programme_id: UUID) -> dict[MessageState, int]:
    """How many messages are in each state, of those that were not forgotten."""
    found = (
        select(Message.state, func.count())
        .where(Message.programme_id == programme_id)
        .group_by(Message.state)
    )
    return dict.fromkeys(MessageState, 0) | {row[0]: row[1] for row in session.execute(found)}


def counts_of_all(session: Session) -> dict[MessageState, int]:
    """The same over all programmes, for the figures that machines read."""
    found = select(Message.state, func.count()).group_by(Message.state)
    return dict.fromkeys(MessageState, 0) | {row[0]: row[1] for row in session.execute(found)}


def is_anything_due(session: Session, *, now: datetime) -> bool:
    """Whether a worker has anything to do; a look, which takes nothing."""
    due = select(Message.id).where(
        Message.state.in_((MessageState.WAITING, MessageState.UNCERTAIN)),
        Message.available_at <= now,
    )
    left_behind = select(Message.id).where(
        Message.state.in_((MessageState.LEASED, MessageState.SENDING)), Message.leased_until < now
    )
    return any(session.scalar(each.limit(1)) is not None for each in (due, left_behind))


def is_kept_up_with(session: Session, *, now: datetime) -> bool:
    """Whether no message waits that was due before then."""
    forgotten = select(Message.id).where(
        Message.state == MessageState.WAITING, Message.available_at < now, Message.tries == 0
    )
    return session.scalar(forgotten.limit(1)) is None


def sent_since(
    session: Session,
    programme_id: UUID,
    since: date,
    *,
    msisdn: str | None = None,
    most: int = 200,
) -> list[SentFacts]:
    """What went out of our own accord, to all numbers that are still known or to one, newest day first.

    Answers to what a telephone asked are left out: they would tell of what was said without a name.
    """
    rows = session.execute(
        select(MessageAttempt, Message.kind)
        .join(Message, Message.id == MessageAttempt.message_id)
        .where(
            MessageAttempt.programme_id == programme_id,
            MessageAttempt.made_on >= since,
            MessageAttempt.sealed_number.is_not(None),
            Message.kind != MessageKind.REPLY,
        )
        .order_by(MessageAttempt.made_on.desc(), MessageAttempt.id)
    )
    found = []
    for attempt, kind in rows:
        number = number_of(session, attempt) or ""
        if msisdn in (None, number):
            found.append(
                SentFacts(attempt.made_on, masked(number), kind, attempt.state, attempt.channel_id)
            )
        if len(found) == most:
            break
    return found


def times_uncertain(session: Session, message_id: UUID, tries: int) -> int:
    """How many of its last so many tries may have left."""
    latest = (
        select(MessageAttempt.state)
        .where(MessageAttempt.message_id == message_id)
        .order_by(MessageAttempt.number.desc())
        .limit(tries)
    )
    return list(session.scalars(latest)).count(AttemptState.UNCERTAIN)


def day_of(session: Session, programme_id: UUID, now: datetime) -> date:
    """Which day it is on a programme's clock."""
    return local_date(now, programmes.clock_of(session, programme_id, None))


def body_of(session: Session, row: Message) -> Body | None:
    """What the seal of a message hides; None once it is forgotten."""
    if row.sealed_body is None:
        return None
    plain = json.loads(
        keyring_of(session).open(row.sealed_body, table="message", column="sealed_body", row=row.id)
    )
    participant, staff, channel = (
        UUID(each) if (each := plain.get(name)) else None
        for name in ("participant", "staff", "channel")
    )
    return Body(
        participant,
        staff,
        plain.get("number"),
        channel,
        plain["language"],
        plain["facts"],
    )


def number_of(session: Session, row: MessageAttempt) -> str | None:
    """Where an attempt went; None once it is forgotten."""
    if row.sealed_number is None:
        return None
    return (
        keyring_of(session)
        .open(row.sealed_number, table="message_attempt", column="sealed_number", row=row.id)
        .decode()
    )


def cause_digest(session: Session, programme_id: UUID, kind: MessageKind, cause: str) -> bytes:
    return keyring_of(session).digest("message-cause", programme_id.hex, kind.value, cause)


def _facts(session: Session, rows: Sequence[Message]) -> list[MessageFacts]:
    attempts: dict[UUID, list[AttemptFacts]] = defaultdict(list)
    found = session.scalars(
        select(MessageAttempt)
        .where(MessageAttempt.message_id.in_([row.id for row in rows]))
        .order_by(MessageAttempt.number)
    )
    for each in found:
        number = number_of(session, each)
        attempts[each.message_id].append(
            AttemptFacts(
                each.id,
                each.channel_id,
                each.number,
                each.state,
                each.reason,
                masked(number) if number else None,
                each.parts,
                each.cost_minor,
                each.made_on,
            )
        )
    return [
        MessageFacts(
            row.id,
            row.kind,
            row.state,
            row.reason,
            row.queued_on,
            row.expires_at,
            row.available_at,
            row.ended_on,
            can_be_sent_again=is_stuck(row.state, row.reason)
            and row.available_at is None
            and row.sealed_body is not None,
            can_be_cancelled=row.state is MessageState.WAITING
            or (row.state is MessageState.UNCERTAIN and row.available_at is not None),
            attempts=tuple(attempts[row.id]),
        )
        for row in rows
    ]
