"""What nobody has come for: how long it waits, when someone is reminded, when it expires."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.domain.programmes.rules import PayoutRules

# Days that parts of the list of what waits begin with.
AGES = (0, 30, 60, 90, 180, 365)
# For so long it stands on the page that something will expire, and a last reminder comes so long before.
WARNING_DAYS = 30
APART_DAYS = 30
LAST_REMINDER = 0


class RequestState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


def band_of(days: int) -> int:
    """The part of the list that something this old belongs to, by the first of its days.

    >>> [band_of(days) for days in (0, 29, 30, 364, 365, 4000)]
    [0, 0, 30, 180, 365, 365]
    """
    return max(age for age in AGES if age <= max(days, 0))


@dataclass(frozen=True)
class Expiry:
    """When what is owed expires: so many days after it became owed, and never unannounced.

    ``since`` is the day from which the programme's rules have expired things this soon.
    """

    after_days: int
    since: date

    def day_of(self, owed_since: date) -> date:
        """The day on which something expires.

        A rule that is new today takes nothing today: everything stands on the page for ``WARNING_DAYS`` first.

        >>> new = Expiry(after_days=90, since=date(2026, 6, 1))
        >>> new.day_of(date(2026, 1, 5)), new.day_of(date(2026, 5, 20))
        (datetime.date(2026, 7, 1), datetime.date(2026, 8, 18))
        """
        announced = self.since + timedelta(days=WARNING_DAYS)
        return max(owed_since + timedelta(days=self.after_days), announced)


def reminder_due(
    rules: PayoutRules,
    *,
    owed_since: date,
    expires_on: date | None,
    sent: Sequence[tuple[int, date]],
    today: date,
) -> int | None:
    """Which reminder someone may get today: 1, 2, … or ``LAST_REMINDER``, the one before it expires; None for none.

    ``sent`` are number and day of those she has had while this was owed.

    >>> rules = PayoutRules(remind_after_days=30, reminders_most=2)
    >>> def due(today, *sent, expires_on=None):
    ...     first = date(2026, 1, 1)
    ...     return reminder_due(rules, owed_since=first, expires_on=expires_on, sent=sent, today=today)
    >>> due(date(2026, 1, 30)), due(date(2026, 1, 31)), due(date(2026, 2, 28), (1, date(2026, 1, 31)))
    (None, 1, None)
    >>> due(date(2026, 3, 2), (1, date(2026, 1, 31))), due(date(2026, 9, 1), (1, date(2026, 1, 31)), (2, date(2026, 3, 2)))
    (2, None)
    >>> due(date(2026, 9, 1), (2, date(2026, 3, 2)), expires_on=date(2026, 9, 20))
    0
    """
    numbers = [number for number, _ in sent]
    is_ending = expires_on is not None and today >= expires_on - timedelta(days=WARNING_DAYS)
    if is_ending:
        return None if LAST_REMINDER in numbers else LAST_REMINDER
    latest = max((day for _, day in sent), default=None)
    is_apart = latest is None or (today - latest).days >= APART_DAYS
    is_time = rules.remind_after_days > 0 and (today - owed_since).days >= rules.remind_after_days
    following = max(numbers, default=0) + 1
    return following if is_time and is_apart and following <= rules.reminders_most else None
