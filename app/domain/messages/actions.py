"""Queue messages, take them out, and note what became of them: by the provider's answer, its reports, and staff."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.db import apart, put
from app.core.ids import random_id
from app.core.outbox import emit
from app.domain.messages import queries
from app.domain.messages.errors import (
    MessageUnderWay,
    NotToSendAgain,
    UnknownMessage,
)
from app.domain.messages.events import MessageFailed
from app.domain.messages.models import (
    Message,
    MessageAttempt,
    ProviderMessage,
)
from app.domain.messages.queries import Leased
from app.domain.messages.rules import (
    HARMLESS_TWICE,
    ROWS_KEPT,
    UNKNOWN_KEPT,
    WORDS_KEPT,
    MessageKind,
    MessageState,
    Reason,
    is_stuck,
)
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.traffic import actions as traffic


def queue(
    session: Session,
    *,
    programme_id: UUID,
    kind: MessageKind,
    cause: UUID | str,
    participant_id: UUID | None = None,
    staff_id: UUID | None = None,
    facts: Mapping[str, Any],
    language: str,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Queue a message to a participant or to someone on the staff; tells whether it is new. The same cause queues once.

    Whether it may leave is judged when it would. ``facts`` are JSON values for its template. Times are kept to the hour: rows that
    were queued in one breath are not told apart from those of the same hour.
    """
    body = {
        "participant": participant_id.hex if participant_id else None,
        "staff": staff_id.hex if staff_id else None,
        "language": language,
        "facts": dict(facts),
    }
    until = _hour(expires_at + timedelta(hours=1) - timedelta(microseconds=1))
    return _queue(session, programme_id, kind, str(cause), body, until, now)


def queue_reply(
    session: Session,
    *,
    programme_id: UUID,
    channel_id: UUID,
    to: str,
    screen: Mapping[str, Any],
    language: str,
    cause: UUID | str,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Queue an answer to what someone just sent, through the channel it came by; tells whether it is new.

    She asked, so nothing is judged but whether it is still in time. ``screen`` is what a menu would show, as JSON.
    """
    body = {
        "number": to,
        "channel": channel_id.hex,
        "language": language,
        "facts": dict(screen),
    }
    return _queue(session, programme_id, MessageKind.REPLY, str(cause), body, expires_at, now)


def resend(session: Session, message_id: UUID, *, by: Actor, now: datetime) -> None:
    """Have a message tried again that failed, was refused at every try, may not have left, or was called off.

    Raises:
        NotAllowed, UnknownMessage.
        NotToSendAgain: it did not fail, its time is over, or its words were already forgotten.
    """
    by.require(Permission.SEND_AGAIN)
    row = _locked(session, message_id, by.programme_id)
    waits_for_a_person = is_stuck(row.state, row.reason) and row.available_at is None
    if not waits_for_a_person or row.sealed_body is None or row.expires_at <= now:
        raise NotToSendAgain
    row.state, row.reason, row.tries = MessageState.WAITING, None, 0
    row.available_at, row.ended_on, row.counted_on = now, None, None
    record_act(session, "message.sent_again", message_id, by, now, kind=row.kind.value)


def cancel(session: Session, message_id: UUID, *, by: Actor, now: datetime) -> None:
    """Have a message not sent, or not tried again. Cancelling it twice changes nothing.

    Raises:
        NotAllowed, UnknownMessage.
        MessageUnderWay: it is leaving at this moment, or has left.
    """
    by.require(Permission.SEND_AGAIN)
    row = _locked(session, message_id, by.programme_id)
    if row.state is MessageState.DROPPED and row.reason == Reason.CANCELLED:
        return
    if row.state not in (MessageState.WAITING, MessageState.UNCERTAIN):
        raise MessageUnderWay
    today = local_date(now, programmes.clock_of(session, row.programme_id, None))
    row.state, row.reason = MessageState.DROPPED, Reason.CANCELLED
    row.available_at, row.ended_on = None, today
    forget_reply(row)
    record_act(session, "message.cancelled", message_id, by, now, kind=row.kind.value)


def lease(session: Session, *, now: datetime, until: datetime, most: int = 20) -> list[Leased]:
    """Take messages that are due, for this worker alone until then. Those that another worker is taking are left to it.

    What a worker had taken that is gone comes back, unless it was leaving: that is for ``attempts`` to doubt.
    """
    is_due = Message.state.in_((MessageState.WAITING, MessageState.UNCERTAIN)) & (
        Message.available_at <= now
    )
    is_left_behind = (Message.state == MessageState.LEASED) & (Message.leased_until < now)
    rows = session.scalars(
        select(Message)
        .where(is_due | is_left_behind)
        .order_by(Message.available_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    taken, token, zones = [], random_id(), Zones(session)
    for row in rows:
        if row.state is MessageState.UNCERTAIN and not _may_go_twice(session, row):
            row.available_at = None
            continue
        body = queries.body_of(session, row)
        if body is None:
            end(session, row, MessageState.DROPPED, Reason.EXPIRED, zones.day(row, now), now)
            continue
        row.state, row.lease, row.leased_until = MessageState.LEASED, token, until
        taken.append(
            Leased(
                row.id,
                row.programme_id,
                row.kind,
                row.expires_at,
                row.tries,
                row.counted_on,
                token,
                zones.of(row),
                body,
            )
        )
    return taken


class Zones:
    """The clock that each programme's days are of, looked up once."""

    def __init__(self, session: Session) -> None:
        self._session, self._known = session, dict[UUID, str]()

    def of(self, row: Message) -> str:
        if row.programme_id not in self._known:
            clock = programmes.clock_of(self._session, row.programme_id, None)
            self._known[row.programme_id] = clock
        return self._known[row.programme_id]

    def day(self, row: Message, now: datetime) -> date:
        return local_date(now, self.of(row))


def hold(session: Session, leased: Leased) -> bool:
    """Hold a leased message until commit; tells whether it still is this worker's."""
    row = locked(session, leased.id)
    return row.state is MessageState.LEASED and row.lease == leased.lease


def give_back(session: Session, leased: Sequence[Leased]) -> None:
    """Let others have what was leased and not begun."""
    for each in leased:
        row = locked(session, each.id)
        if row.state is MessageState.LEASED and row.lease == each.lease:
            let_go(row, MessageState.WAITING)


def put_off(session: Session, leased: Leased, *, until: datetime, reason: Reason) -> None:
    """Look at a held message again later. It is no try."""
    row = held(session, leased)
    let_go(row, MessageState.WAITING)
    row.available_at, row.reason = until, reason


def drop(session: Session, leased: Leased, reason: Reason, *, now: datetime) -> None:
    """End a held message that should not leave any more."""
    end(session, held(session, leased), MessageState.DROPPED, reason, leased.day(now), now)


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget what finished messages said and to whom, later the messages themselves; returns how many were deleted.

    What waits is not touched: its time ends it first.
    """
    gone = 0
    for each in programmes.programmes(session):
        today = queries.day_of(session, each.id, now)
        theirs = (Message.programme_id == each.id, Message.state.not_in(queries.GOING))
        spoken = select(Message.id).where(*theirs, Message.queued_on <= today - WORDS_KEPT)
        session.execute(
            update(MessageAttempt)
            .where(MessageAttempt.message_id.in_(spoken), MessageAttempt.sealed_number.is_not(None))
            .values(sealed_number=None)
        )
        session.execute(
            update(Message)
            .where(Message.id.in_(spoken), Message.sealed_body.is_not(None))
            .values(sealed_body=None)
        )
        old = select(Message.id).where(*theirs, Message.queued_on <= today - ROWS_KEPT)
        attempts = select(MessageAttempt.id).where(MessageAttempt.message_id.in_(old))
        session.execute(delete(ProviderMessage).where(ProviderMessage.attempt_id.in_(attempts)))
        session.execute(
            delete(ProviderMessage).where(
                ProviderMessage.programme_id == each.id,
                ProviderMessage.attempt_id.is_(None),
                ProviderMessage.learnt_on <= today - UNKNOWN_KEPT,
            )
        )
        session.execute(delete(MessageAttempt).where(MessageAttempt.message_id.in_(old)))
        gone += session.execute(delete(Message).where(Message.id.in_(old))).rowcount  # type: ignore[attr-defined]
        traffic.forget_old(session, each.id, today=today)
    return gone


def _may_go_twice(session: Session, row: Message) -> bool:
    """Whether a message that may have left is sent once more: once, and where a second copy does no harm."""
    if row.kind not in HARMLESS_TWICE:
        return False
    return queries.times_uncertain(session, row.id, row.tries) == 1


def end(
    session: Session,
    row: Message,
    state: MessageState,
    reason: str | None,
    today: date,
    now: datetime,
) -> None:
    let_go(row, state)
    row.available_at, row.reason, row.ended_on = None, reason, today
    forget_reply(row)
    if state in (MessageState.FAILED, MessageState.DEAD):
        emit(session, MessageFailed(row.id.hex), programme_id=row.programme_id, at=now)


def let_go(row: Message, state: MessageState) -> None:
    row.state, row.lease, row.leased_until = state, None, None


def forget_reply(row: Message) -> None:
    """An answer is in time or no answer: nobody sends it again."""
    if row.kind is MessageKind.REPLY:
        row.sealed_body = None


def locked(session: Session, message_id: UUID) -> Message:
    return session.scalars(
        select(Message)
        .where(Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def held(session: Session, leased: Leased) -> Message:
    """A message that this very transaction holds already."""
    return session.get_one(Message, leased.id)


def _queue(
    session: Session,
    programme_id: UUID,
    kind: MessageKind,
    cause: str,
    body: Mapping[str, Any],
    expires_at: datetime,
    now: datetime,
) -> bool:
    digest = queries.cause_digest(session, programme_id, kind, cause)
    if session.scalar(select(Message.id).where(Message.cause_digest == digest)) is not None:
        return False
    message_id = random_id()
    row = {
        "id": message_id,
        "programme_id": programme_id,
        "cause_digest": digest,
        "kind": kind,
        "sealed_body": keyring_of(session).seal(
            json.dumps(body).encode(), table="message", column="sealed_body", row=message_id
        ),
        "state": MessageState.WAITING,
        "queued_on": local_date(now, programmes.clock_of(session, programme_id, None)),
        "expires_at": expires_at,
        "available_at": _hour(now),
        "tries": 0,
    }
    try:
        with apart(session) as alone:
            put(alone, Message, row)
    except IntegrityError:  # another worker was quicker
        return False
    return True


def _locked(session: Session, message_id: UUID, programme_id: UUID) -> Message:
    row = session.scalar(
        select(Message)
        .where(Message.id == message_id, Message.programme_id == programme_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownMessage
    return row


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
