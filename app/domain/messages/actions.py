"""Queue messages, and do with them what staff decides."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.db import apart, put
from app.core.ids import random_id, uuid7
from app.domain.channels.events import Delivery
from app.domain.messages import queries
from app.domain.messages.errors import (
    MessageUnderWay,
    NotToSendAgain,
    TemplateChanged,
    UnknownMessage,
)
from app.domain.messages.models import Message, MessageTemplate
from app.domain.messages.rules import MessageKind, MessageState, Reason, is_stuck
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission


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
    until = _hour(expires_at) + timedelta(hours=1)
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
    row.state, row.reason, row.available_at = MessageState.DROPPED, Reason.CANCELLED, None
    row.ended_on = local_date(now, programmes.clock_of(session, row.programme_id, None))
    record_act(session, "message.cancelled", message_id, by, now, kind=row.kind.value)


def write_template(
    session: Session,
    *,
    name: str,
    language: str,
    text: str,
    after: int,
    by: Actor,
    now: datetime,
) -> None:
    """Put a programme's own words in place of a template's; an empty text goes back to the program's.

    ``after`` is the number of the version that was looked at, 0 for none. The same words again change nothing. Whether the words
    can be filled in is for whoever knows the template.

    Raises:
        NotAllowed.
        TemplateChanged: someone else was quicker.
    """
    by.require(Permission.WRITE_TEMPLATES)
    found = queries.templates_of(session, by.programme_id).get((name, language))
    words = text.strip()
    if (found.text if found else "") == words:
        return
    number = found.number if found else 0
    if number != after:
        raise TemplateChanged(number=number)
    template_id = uuid7()
    row = {
        "id": template_id,
        "programme_id": by.programme_id,
        "name": name,
        "language": language,
        "number": number + 1,
        "text": words,
        "written_by": by.staff_id,
        "written_at": now,
    }
    try:
        with apart(session) as alone:
            put(alone, MessageTemplate, row)
    except IntegrityError:
        raise TemplateChanged(number=number + 1) from None
    record_act(session, "template.written", template_id, by, now, template=name, language=language)


def report(session: Session, channel_id: UUID, delivery: Delivery, *, now: datetime) -> bool:
    """Note what a provider says became of a message; tells whether it changed anything.

    Reports only move forward: repeated ones and those that come late change nothing. One that names only the provider's id, before
    we know that id ourselves, is kept until we do.
    """
    raise NotImplementedError


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
