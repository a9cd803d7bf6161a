import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.domain.contacts.rules import masked
from app.domain.messages.errors import UnknownMessage
from app.domain.messages.models import ChannelDay, Message, MessageAttempt, MessageTemplate
from app.domain.messages.rules import (
    AGAIN,
    AttemptState,
    MessageKind,
    MessageState,
    Reason,
    Tried,
    is_stuck,
)
from app.domain.programmes import queries as programmes

WEEK = timedelta(days=7)
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


@dataclass(frozen=True)
class Counts:
    """What a channel did in some days; ``spent_minor`` is in its own currency."""

    accepted: int = 0
    refused: int = 0
    uncertain: int = 0
    delivered: int = 0
    failed: int = 0
    parts: int = 0
    spent_minor: int = 0


@dataclass(frozen=True)
class ChannelHealth:
    """How a channel does today and in the last seven days, today included. ``rests_until`` is None when it is not resting."""

    channel_id: UUID
    today: Counts
    week: Counts
    rests_until: datetime | None
    last_accepted_on: date | None


@dataclass(frozen=True)
class DayCounts:
    """What all channels did on a day."""

    day: date
    counts: Counts


@dataclass(frozen=True)
class TemplateFacts:
    """A programme's own words for a template in a language; an empty text means the program's words."""

    name: str
    language: str
    number: int
    text: str
    written_by: UUID
    written_at: datetime


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


def days_of(session: Session, programme_id: UUID, *, since: date) -> list[DayCounts]:
    """What went out day by day, for each day on which something did."""
    rows = session.scalars(
        select(ChannelDay)
        .where(ChannelDay.programme_id == programme_id, ChannelDay.day >= since)
        .order_by(ChannelDay.day)
    )
    days: dict[date, list[ChannelDay]] = defaultdict(list)
    for row in rows:
        days[row.day].append(row)
    return [DayCounts(day, _sum(found)) for day, found in days.items()]


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


def health(session: Session, programme_id: UUID, *, now: datetime) -> list[ChannelHealth]:
    """Of every channel that sent something in the last seven days; of others there is nothing to say."""
    today = local_date(now, programmes.clock_of(session, programme_id, None))
    rows = session.scalars(
        select(ChannelDay)
        .where(ChannelDay.programme_id == programme_id, ChannelDay.day > today - WEEK)
        .order_by(ChannelDay.channel_id, ChannelDay.day)
    )
    days: dict[UUID, list[ChannelDay]] = defaultdict(list)
    for row in rows:
        days[row.channel_id].append(row)
    return [
        ChannelHealth(
            channel_id,
            _sum([each for each in found if each.day == today]),
            _sum(found),
            max((at for each in found if (at := each.rests_until) and at > now), default=None),
            max((each.day for each in found if each.accepted), default=None),
        )
        for channel_id, found in days.items()
    ]


def override(session: Session, programme_id: UUID, name: str, language: str) -> str | None:
    """A programme's own words for a template in a language, if it has any."""
    found = templates_of(session, programme_id).get((name, language))
    return found.text or None if found else None


def templates_of(session: Session, programme_id: UUID) -> dict[tuple[str, str], TemplateFacts]:
    """The newest words of a programme, by template and language."""
    rows = session.scalars(
        select(MessageTemplate)
        .where(MessageTemplate.programme_id == programme_id)
        .order_by(MessageTemplate.number)
    )
    return {(row.name, row.language): _template(row) for row in rows}


def versions_of(
    session: Session, programme_id: UUID, name: str, language: str
) -> list[TemplateFacts]:
    """All that a programme's words for a template in a language have been, the newest first."""
    rows = session.scalars(
        select(MessageTemplate)
        .where(
            MessageTemplate.programme_id == programme_id,
            MessageTemplate.name == name,
            MessageTemplate.language == language,
        )
        .order_by(MessageTemplate.number.desc())
    )
    return [_template(row) for row in rows]


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


def attempts_of(session: Session, message_id: UUID) -> int:
    """The number of a message's latest attempt, 0 for none."""
    latest = select(func.max(MessageAttempt.number)).where(MessageAttempt.message_id == message_id)
    return session.scalar(latest) or 0


def latest_attempt(session: Session, message_id: UUID) -> MessageAttempt:
    """The one under way, of a message that is leaving."""
    return session.scalars(
        select(MessageAttempt)
        .where(MessageAttempt.message_id == message_id)
        .order_by(MessageAttempt.number.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one()


def tried(session: Session, message_id: UUID, tries: int) -> list[Tried]:
    """The tries of a message since it was queued or sent again, in their order."""
    rows = session.execute(
        select(MessageAttempt.channel_id, MessageAttempt.state)
        .where(MessageAttempt.message_id == message_id)
        .order_by(MessageAttempt.number.desc())
        .limit(tries)
    )
    return [Tried(*row) for row in rows][::-1]


def resting(session: Session, programme_id: UUID, *, now: datetime) -> dict[UUID, datetime]:
    """The channels that are left alone for now, and until when."""
    rows = session.execute(
        select(ChannelDay.channel_id, func.max(ChannelDay.rests_until))
        .where(ChannelDay.programme_id == programme_id, ChannelDay.rests_until > now)
        .group_by(ChannelDay.channel_id)
    )
    return {row[0]: row[1] for row in rows if row[1]}


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


def seal_number(session: Session, attempt_id: UUID, msisdn: str) -> bytes:
    return keyring_of(session).seal(
        msisdn.encode(), table="message_attempt", column="sealed_number", row=attempt_id
    )


def cause_digest(session: Session, programme_id: UUID, kind: MessageKind, cause: str) -> bytes:
    return keyring_of(session).digest("message-cause", programme_id.hex, kind.value, cause)


def provider_digest(session: Session, channel_id: UUID, provider_id: str) -> bytes:
    return keyring_of(session).digest("provider-message", channel_id.hex, provider_id)


def _template(row: MessageTemplate) -> TemplateFacts:
    return TemplateFacts(
        row.name, row.language, row.number, row.text, row.written_by, row.written_at
    )


def _sum(days: Sequence[ChannelDay]) -> Counts:
    return Counts(
        *(
            sum(getattr(each, name) for each in days)
            for name in (
                "accepted",
                "refused",
                "uncertain",
                "delivered",
                "failed",
                "parts",
                "spent_minor",
            )
        )
    )


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
