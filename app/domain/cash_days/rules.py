"""What moves a site's cash, when it is low, how long it lasts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.domain.stipends.rules import Account

# Days that the pace of paying out is taken from.
PACE_DAYS = 28


class Alarm(StrEnum):
    """What should not stay so for long with a site's cash."""

    OVERDRAWN = "overdrawn"
    LOW = "low"


class Movement(StrEnum):
    """Why a site's cash changed, in the order of a day's report."""

    FUNDED = "funded"
    FROM_BANK = "from_bank"
    FROM_SITE = "from_site"
    PAID = "paid"
    PAID_FOR_SITE = "paid_for_site"
    PAID_BATCH = "paid_batch"
    LOST = "lost"
    COUNTED = "counted"
    TO_SITE = "to_site"
    TO_BANK = "to_bank"
    OTHER = "other"


@dataclass(frozen=True)
class Outlook:
    """How fast a site's cash goes. ``days`` is None where nothing was paid lately."""

    per_day: int
    days: int | None


def is_low(balance_minor: int, low_minor: int) -> bool:
    """Whether a float is below the protocol's line; a line of 0 is none.

    >>> is_low(4_999, 5_000), is_low(5_000, 5_000), is_low(-1, 0)
    (True, False, False)
    """
    return low_minor > 0 and balance_minor < low_minor


def outlook(balance_minor: int, paid_minor: int, days: int = PACE_DAYS) -> Outlook:
    """How many days the cash lasts if as much is paid a day as lately, days without payments counted.

    >>> outlook(10_000, 28_000).days, outlook(-5, 28_000).days, outlook(10_000, 0).days
    (10, 0, None)
    """
    if paid_minor <= 0:
        return Outlook(0, None)
    return Outlook(round(paid_minor / days), max(0, balance_minor) * days // paid_minor)


def movement_of(
    debit: Account, credit: Account, *, is_persons: bool, is_reversal: bool
) -> Movement:
    """Why an entry moved a site's cash. What undoes another entry stands by itself.

    ``is_persons``: the entry is in a participant's account, so that cash which another site owed is told from cash
    that was carried there.
    """
    if is_reversal:
        return Movement.OTHER
    came_in = debit is Account.CASH_FLOAT
    other = credit if came_in else debit
    if other is Account.CASH_VARIANCE:
        return Movement.COUNTED
    if other is Account.BETWEEN_SITES and is_persons:
        return Movement.OTHER if came_in else Movement.PAID_FOR_SITE
    return (_IN if came_in else _OUT).get(other, Movement.OTHER)


_IN: Mapping[Account, Movement] = {
    Account.FUNDING: Movement.FUNDED,
    Account.BANK: Movement.FROM_BANK,
    Account.BETWEEN_SITES: Movement.FROM_SITE,
}


_OUT: Mapping[Account, Movement] = {
    Account.STIPENDS_PAYABLE: Movement.PAID,
    Account.CLEARING: Movement.PAID_BATCH,
    Account.CASH_LOSS: Movement.LOST,
    Account.BETWEEN_SITES: Movement.TO_SITE,
    Account.BANK: Movement.TO_BANK,
}


def days_between(first: date, last: date) -> list[date]:
    """Every day from one to another, both included."""
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]
