"""How often codes and PINs may be guessed wrong by telephone before nobody is told anything any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True)
class Limit:
    """So many misses within a time lock."""

    most: int
    within: timedelta


DAY = timedelta(days=1)
OF_A_NUMBER = (Limit(5, timedelta(minutes=15)), Limit(15, DAY))
OF_A_CHANNEL = (Limit(60, DAY),)
OF_ALL = (Limit(100, DAY),)
LONGEST = DAY
# More text messages of a number in an hour are heard, and not answered.
REPLIES_AN_HOUR = 20
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Miss:
    """A code or PIN that was wrong: through which channel, from which number (its digest), when."""

    channel_id: UUID
    caller: bytes
    at: datetime


def is_locked(misses: Sequence[Miss], *, caller: bytes, channel_id: UUID, now: datetime) -> bool:
    """Whether a number gets no answer about codes now, for its own misses, its channel's or everyone's."""
    of_number = [each.at for each in misses if each.caller == caller]
    of_channel = [each.at for each in misses if each.channel_id == channel_id]
    everyones = [each.at for each in misses]
    return any(
        sum(at > now - limit.within for at in moments) >= limit.most
        for moments, limits in (
            (of_number, OF_A_NUMBER),
            (of_channel, OF_A_CHANNEL),
            (everyones, OF_ALL),
        )
        for limit in limits
    )


def locked_until(
    misses: Sequence[Miss], *, channel_id: UUID | None = None, now: datetime
) -> datetime | None:
    """When codes of a channel (None: of any) can be tried again, if too many were wrong; None where they can be now."""
    limits = OF_ALL if channel_id is None else OF_A_CHANNEL
    moments = sorted(each.at for each in misses if channel_id in (None, each.channel_id))
    until = [
        recent[-limit.most] + limit.within
        for limit in limits
        if len(recent := [at for at in moments if at > now - limit.within]) >= limit.most
    ]
    return max(until, default=None)
