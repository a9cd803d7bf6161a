from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from app.domain.limits import rules
from app.domain.limits.models import CodeMiss
from app.domain.limits.rules import Miss

_MISSES = select(CodeMiss.channel_id, CodeMiss.caller_digest, CodeMiss.at).where(
    CodeMiss.programme_id == bindparam("programme", type_=Uuid()), CodeMiss.at > bindparam("since")
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


def locked_channels(
    session: Session, programme_id: UUID, *, now: datetime
) -> dict[UUID | None, datetime]:
    """Until when whole channels get no answer about codes; under None, everyone."""
    found = misses(session, programme_id, now=now)
    asked = [None, *dict.fromkeys(each.channel_id for each in found)]
    until = {each: rules.locked_until(found, channel_id=each, now=now) for each in asked}
    return {each: at for each, at in until.items() if at}
