"""The only place that reads the clock; everything else is told the time."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    return datetime.now(UTC)


def local_date(instant: datetime, zone: str) -> date:
    """The calendar day of an instant where a site is.

    >>> local_date(datetime(2026, 3, 31, 22, 30, tzinfo=UTC), "Europe/Kyiv")
    datetime.date(2026, 4, 1)
    """
    return instant.astimezone(ZoneInfo(zone)).date()
