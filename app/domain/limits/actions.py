from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.db import put
from app.core.ids import random_id
from app.domain.limits import queries, rules
from app.domain.limits.models import CodeMiss
from app.domain.programmes.models import Programme


def may_try(
    session: Session, programme_id: UUID, *, channel_id: UUID, caller: bytes, now: datetime
) -> bool:
    """Whether a number may try a code; whoever asks waits until everyone else's try is counted."""
    # Without this a crowd that asks at once would all be let through on the same count.
    session.execute(
        select(Programme.id).where(Programme.id == programme_id).with_for_update(key_share=True)
    )
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


def forget_old(session: Session, *, now: datetime) -> None:
    """Forget misses that no limit counts any more."""
    session.execute(delete(CodeMiss).where(CodeMiss.at <= now - rules.LONGEST))
