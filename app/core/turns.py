"""Whose turn it is where several workers would do the same: one row a duty, taken by one of them at a time."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, apart, put


class Turn(Base):
    """When a duty was last begun."""

    __tablename__ = "turn"

    duty: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]


def is_due(session: Session, duty: str, *, every: timedelta, now: datetime) -> bool:
    """Whether it is time again; a look, which takes nothing."""
    taken_at = session.scalar(select(Turn.taken_at).where(Turn.duty == duty))
    return taken_at is None or taken_at <= now - every


def take_turn(session: Session, duty: str, *, every: timedelta, now: datetime) -> bool:
    """Take the duty, unless someone else began it less than ``every`` ago. Of two at once one gets it."""
    taken = session.execute(
        update(Turn).where(Turn.duty == duty, Turn.taken_at <= now - every).values(taken_at=now)
    )
    if taken.rowcount:  # type: ignore[attr-defined]
        return True
    if session.scalar(select(Turn.duty).where(Turn.duty == duty)):
        return False
    try:
        with apart(session) as alone:
            put(alone, Turn, {"duty": duty, "taken_at": now})
    except IntegrityError:
        return False
    return True
