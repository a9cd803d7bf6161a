from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.limits import rules
from app.domain.limits.models import CodeMiss
from app.domain.limits.rules import Miss

_MISSES = select(CodeMiss.channel_id, CodeMiss.caller_digest, CodeMiss.at).where(
    CodeMiss.programme_id == bindparam("programme"), CodeMiss.at > bindparam("since")
)


def misses(session: Session, programme_id: UUID, *, now: datetime) -> list[Miss]:
    """All that count in a programme now: at most what the limit of all lets through in a day."""
    given = {"programme": programme_id, "since": now - rules.LONGEST}
    rows = session.connection().execute(_MISSES, given)
    return [Miss(*row) for row in rows]


def is_locked(
    session: Session, programme_id: UUID, *, channel_id: UUID, caller: bytes, now: datetime
) -> bool:
    """Whether a number (its digest) gets no answer about codes now."""
    found = misses(session, programme_id, now=now)
    return rules.is_locked(found, caller=caller, channel_id=channel_id, now=now)
