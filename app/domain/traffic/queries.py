from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.programmes import queries as programmes
from app.domain.traffic.models import ChannelDay

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Counts:
    """What a channel did in some days; ``spent_minor`` is in its own currency."""

    accepted: int = 0
    refused: int = 0
    uncertain: int = 0
    delivered: int = 0
    failed: int = 0
    parts: int = 0
    spent_minor: int = 0


@dataclass(frozen=True)
class ChannelHealth:
    """How a channel does today and in the last seven days, today included. ``rests_until`` is None when it is not resting."""

    channel_id: UUID
    today: Counts
    week: Counts
    rests_until: datetime | None
    last_accepted_on: date | None


@dataclass(frozen=True)
class DayCounts:
    """What all channels did on a day."""

    day: date
    counts: Counts


def health(session: Session, programme_id: UUID, *, now: datetime) -> list[ChannelHealth]:
    """Of every channel that sent something in the last seven days; of others there is nothing to say."""
    today = local_date(now, programmes.clock_of(session, programme_id, None))
    rows = session.scalars(
        select(ChannelDay)
        .where(ChannelDay.programme_id == programme_id, ChannelDay.day > today - WEEK)
        .order_by(ChannelDay.channel_id, ChannelDay.day)
    )
    days: dict[UUID, list[ChannelDay]] = defaultdict(list)
    for row in rows:
        days[row.channel_id].append(row)
    return [
        ChannelHealth(
            channel_id,
            _sum([each for each in found if each.day == today]),
            _sum(found),
            max((at for each in found if (at := each.rests_until) and at > now), default=None),
            max((each.day for each in found if each.accepted), default=None),
        )
        for channel_id, found in days.items()
    ]


def days_of(session: Session, programme_id: UUID, *, since: date) -> list[DayCounts]:
    """What went out day by day, for each day on which something did."""
    rows = session.scalars(
        select(ChannelDay)
        .where(ChannelDay.programme_id == programme_id, ChannelDay.day >= since)
        .order_by(ChannelDay.day)
    )
    days: dict[date, list[ChannelDay]] = defaultdict(list)
    for row in rows:
        days[row.day].append(row)
    return [DayCounts(day, _sum(found)) for day, found in days.items()]


def resting(session: Session, programme_id: UUID, *, now: datetime) -> dict[UUID, datetime]:
    """The channels that are left alone for now, and until when."""
    rows = session.execute(
        select(ChannelDay.channel_id, func.max(ChannelDay.rests_until))
        .where(ChannelDay.programme_id == programme_id, ChannelDay.rests_until > now)
        .group_by(ChannelDay.channel_id)
    )
    return {row[0]: row[1] for row in rows if row[1]}


def _sum(days: Sequence[ChannelDay]) -> Counts:
    return Counts(
        *(
            sum(getattr(each, name) for each in days)
            for name in (
                "accepted",
                "refused",
                "uncertain",
                "delivered",
                "failed",
                "parts",
                "spent_minor",
            )
        )
    )
