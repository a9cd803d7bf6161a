"""Who is expected at a site today and tomorrow: how many, never who."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.announcements import queries as announcements
from app.domain.appointments import queries as appointments
from app.domain.appointments.queries import Expected
from app.domain.programmes.queries import SiteFacts


@dataclass(frozen=True)
class Coming:
    """Visits announced by telephone, and days agreed at the desk. One person may be in both."""

    day: date
    announced: int
    agreed: Expected


def coming_to(session: Session, site: SiteFacts, *, now: datetime) -> list[Coming]:
    """Today and tomorrow; nothing where nobody is expected on either day."""
    today = local_date(now, site.timezone)
    found = [
        Coming(
            day,
            announcements.expected(session, site.id, day),
            appointments.expected(session, site.id, day),
        )
        for day in (today, today + timedelta(days=1))
    ]
    return found if any(each.announced or each.agreed.together for each in found) else []


@dataclass(frozen=True)
class ComingElsewhere:
    """What is expected at another site today."""

    site: SiteFacts
    announced: int
    agreed: int


def coming_elsewhere(
    session: Session, sites: Iterable[SiteFacts], *, now: datetime
) -> list[ComingElsewhere]:
    """Today at each of these sites of one programme where anyone is expected, each by its own clock."""
    days: dict[date, tuple[dict[UUID, int], dict[UUID, int]]] = {}
    found = []
    for site in sites:
        today = local_date(now, site.timezone)
        if today not in days:
            days[today] = (
                announcements.expected_at_sites(session, site.programme_id, today),
                appointments.expected_at_sites(session, site.programme_id, today),
            )
        announced, agreed = (counts.get(site.id, 0) for counts in days[today])
        if announced or agreed:
            found.append(ComingElsewhere(site, announced, agreed))
    return found
