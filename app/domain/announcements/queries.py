from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.announcements.models import Announcement


def expected(session: Session, site_id: UUID, day: date) -> int:
    """How many visits are announced for a site on a day; nobody can say whose."""
    counted = select(func.count()).where(Announcement.site_id == site_id, Announcement.day == day)
    return session.scalar(counted) or 0


def expected_at_sites(session: Session, programme_id: UUID, day: date) -> dict[UUID, int]:
    """The same for each site where any is announced."""
    counted = (
        select(Announcement.site_id, func.count())
        .where(Announcement.programme_id == programme_id, Announcement.day == day)
        .group_by(Announcement.site_id)
    )
    return {row[0]: row[1] for row in session.execute(counted)}


def digest_for(session: Session, site_id: UUID, day: date, caller: bytes) -> bytes:
    """One telephone's digest for one site and day: it is another one anywhere and any day else."""
    return keyring_of(session).digest("announcement", site_id.hex, day.isoformat(), caller.hex())
