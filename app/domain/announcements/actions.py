from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import apart, put
from app.domain.announcements import queries, rules
from app.domain.announcements.models import Announcement
from app.domain.programmes import queries as programmes


def announce(session: Session, site_id: UUID, day: date, caller: bytes, *, now: datetime) -> None:
    """Count a visit that someone announces. ``caller`` is the digest of her number.

    Announcing it again changes nothing.

    Raises: UnknownSite, BadDay.
    """
    site = programmes.site(session, site_id)
    rules.check_day(day, today=local_date(now, site.timezone))
    digest = queries.digest_for(session, site_id, day, caller)
    if session.get(Announcement, (site_id, day, digest)) is not None:
        return
    row = {
        "site_id": site_id,
        "day": day,
        "caller_digest": digest,
        "programme_id": site.programme_id,
    }
    try:
        with apart(session) as alone:
            put(alone, Announcement, row)
    except IntegrityError:  # the provider sent it twice in the same moment
        return


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget the announcements of days past; returns how many."""
    forgotten = 0
    for programme in programmes.programmes(session):
        for site in programmes.sites(session, programme.id):
            since = rules.first_day_kept(local_date(now, site.timezone))
            old = delete(Announcement).where(
                Announcement.site_id == site.id, Announcement.day < since
            )
            gone = session.scalars(old.returning(Announcement.day)).all()
            forgotten += len(gone)
    return forgotten
