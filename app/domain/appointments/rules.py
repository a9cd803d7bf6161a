"""When someone agreed to come again: what for, which part of the day, how far ahead."""

from datetime import date, timedelta
from enum import StrEnum

from app.domain.appointments.errors import BadAppointmentDay

LONGEST_AHEAD = timedelta(days=400)
# Someone who comes this much later has still come as she agreed to.
LATE = timedelta(days=7)


class AppointmentKind(StrEnum):
    VISIT = "visit"
    FOLLOW_UP = "follow_up"


class PartOfDay(StrEnum):
    ANY = "any"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class AppointmentState(StrEnum):
    """One that is agreed stands. A missed one still does, until she agrees on another day."""

    AGREED = "agreed"
    KEPT = "kept"
    MISSED = "missed"
    CANCELLED = "cancelled"


def check_day(day: date, *, today: date) -> None:
    """Raises: BadAppointmentDay, for a day that is past or more than a year ahead."""
    if not today <= day <= today + LONGEST_AHEAD:
        raise BadAppointmentDay


def is_kept_by_coming(day: date, *, today: date) -> bool:
    """Whether coming today is the coming that was agreed on.

    >>> agreed = date(2026, 3, 8)
    >>> [is_kept_by_coming(agreed, today=date(2026, 3, each)) for each in (7, 8, 15, 16)]
    [False, True, True, False]
    """
    return day <= today <= day + LATE


def is_missed(state: AppointmentState, day: date, *, today: date) -> bool:
    """
    >>> is_missed(AppointmentState.AGREED, date(2026, 3, 8), today=date(2026, 3, 8))
    False
    >>> is_missed(AppointmentState.AGREED, date(2026, 3, 8), today=date(2026, 3, 9))
    True
    """
    is_past = state is AppointmentState.AGREED and day < today
    return is_past or state is AppointmentState.MISSED
