"""Visits announced by telephone: for today, tomorrow or the day after, and forgotten two days later."""

from datetime import date, timedelta

from app.domain.announcements.errors import BadDay

DAYS_AHEAD = 2
KEPT_DAYS = 2


def check_day(day: date, *, today: date) -> None:
    """Raises: BadDay, for a day that is past or too far ahead."""
    if not today <= day <= today + timedelta(days=DAYS_AHEAD):
        raise BadDay


def first_day_kept(today: date) -> date:
    """Announcements of the days before are forgotten today.

    >>> first_day_kept(date(2026, 3, 10))
    datetime.date(2026, 3, 9)
    """
    return today - timedelta(days=KEPT_DAYS - 1)
