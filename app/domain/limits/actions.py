from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import apart, put
from app.core.ids import random_id
from app.domain.limits import queries, rules
from app.domain.limits.models import CodeMiss, ReplyCount
from app.domain.programmes.models import Programme

_HOLD = (
    select(Programme.id)
    .where(Programme.id == bindparam("programme"))
    .with_for_update(key_share=True)
)


def may_try(
    session: Session, programme_id: UUID, *, channel_id: UUID, caller: bytes, now: datetime
) -> bool:
    """Whether a number may try a code; whoever asks waits until everyone else's try is counted."""
    # Without this a crowd that asks at once would all be let through on the same count.
    session.connection().execute(_HOLD, {"programme": programme_id})
    return not queries.is_locked(
        session, programme_id, channel_id=channel_id, caller=caller, now=now
    )


def count_miss(
    session: Session, programme_id: UUID, *, channel_id: UUID, caller: bytes, now: datetime
) -> None:
    """Count a code or PIN that was wrong; it must be committed with the answer."""
    put(
        session,
        CodeMiss,
        {
            "id": random_id(),
            "programme_id": programme_id,
            "channel_id": channel_id,
            "caller_digest": caller,
            "at": now,
        },
    )


def may_reply(session: Session, programme_id: UUID, *, number: bytes, now: datetime) -> bool:
    """Whether a text message of a number (its digest) is answered once more this hour; it is counted by this."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    key = {"programme_id": programme_id, "number_digest": number, "hour": hour}
    more = (
        update(ReplyCount)
        .filter_by(**key)
        .values(replies=ReplyCount.replies + 1)
        .returning(ReplyCount.replies)
    )
    count = session.scalar(more)
    if count is None:
        try:
            with apart(session) as alone:
                put(alone, ReplyCount, {**key, "replies": 1})
        except IntegrityError:  # the hour's first two came at once
            count = session.scalar(more)
    return (count or 1) <= rules.REPLIES_AN_HOUR


def forget_old(session: Session, *, now: datetime) -> None:
    """Forget what no limit counts any more."""
    session.execute(delete(CodeMiss).where(CodeMiss.at <= now - rules.LONGEST))
    session.execute(delete(ReplyCount).where(ReplyCount.hour < now - 2 * rules.HOUR))
