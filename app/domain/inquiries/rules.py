"""Who asks by telephone, and what a site's hours say of a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Caller:
    """A telephone, at a moment. The number is a hint, never proof of who holds it."""

    programme_id: UUID
    channel_id: UUID
    msisdn: str = field(repr=False)
    digest: bytes = field(repr=False)
    language: str
    at: datetime


def hours_on(opening_hours: Mapping[str, str], day: date) -> str | None:
    """A site's hours on a day: None where it is closed, empty where no hours are known at all.

    >>> hours_on({"mon": "9-17"}, date(2026, 3, 2)), hours_on({"mon": "9-17"}, date(2026, 3, 3)), hours_on({}, date(2026, 3, 3))
    ('9-17', None, '')
    """
    if not opening_hours:
        return ""
    return opening_hours.get(WEEKDAYS[day.weekday()]) or None
