"""How a chain is doing."""

from datetime import date
from enum import StrEnum


class ChainState(StrEnum):
    """Growing; stalled: coupons are out but nobody comes with one; ended: no coupon can be redeemed any more."""

    GROWING = "growing"
    STALLED = "stalled"
    ENDED = "ended"


def state_of(
    *, live_coupons: int, last_came_on: date, today: date, stalled_after_days: int
) -> ChainState:
    """How a chain is doing on a day; its seed counts as someone who came.

    >>> last = date(2026, 3, 1)
    >>> facts = {"live_coupons": 2, "last_came_on": last, "stalled_after_days": 14}
    >>> state_of(**facts, today=date(2026, 3, 14)).value, state_of(**facts, today=date(2026, 3, 15)).value
    ('growing', 'stalled')
    >>> state_of(**facts | {"live_coupons": 0}, today=last).value
    'ended'
    """
    if not live_coupons:
        return ChainState.ENDED
    if (today - last_came_on).days >= stalled_after_days:
        return ChainState.STALLED
    return ChainState.GROWING
