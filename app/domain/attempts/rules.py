"""How often a message is tried, through which channel, and what a report of it changes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.domain.channels.events import DeliveryState
from app.domain.messages.rules import AttemptState

BACKOFF = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
)
MOST_TRIES = len(BACKOFF) + 1
JITTER = 0.2
# After so many refusals in a row another channel is tried.
PATIENCE = 2
# So long a report of something uncertain is waited for.
REPORT_WAIT = timedelta(hours=1)
# A channel whose account was refused is left alone for so long; one that asks for more than this is asked again all the same.
REST = timedelta(minutes=10)
LONGEST_REST = timedelta(days=1)
NO_CHANNEL_WAIT = timedelta(minutes=10)
LONGEST_REASON = 80
LONG_DIGITS = re.compile(r"\+?\d[\d ().-]{5,}\d")

_RANKS: Mapping[AttemptState, int] = {
    AttemptState.SENDING: 0,
    AttemptState.REFUSED: 1,
    AttemptState.REJECTED: 1,
    AttemptState.UNCERTAIN: 1,
    AttemptState.ACCEPTED: 2,
    AttemptState.SENT: 3,
    AttemptState.DELIVERED: 4,
    AttemptState.FAILED: 4,
}
REPORTED: Mapping[DeliveryState, AttemptState] = {
    DeliveryState.QUEUED: AttemptState.ACCEPTED,
    DeliveryState.SENT: AttemptState.SENT,
    DeliveryState.DELIVERED: AttemptState.DELIVERED,
    DeliveryState.FAILED: AttemptState.FAILED,
}


@dataclass(frozen=True)
class Tried:
    """One try of this round: through which channel, and what came of it."""

    channel_id: UUID
    state: AttemptState


def backoff(tries: int, jitter: float) -> timedelta | None:
    """How long to wait after the last of so many tries; None when it was the last. ``jitter`` lies in [0, 1).

    >>> [str(backoff(tries, 0.5)) for tries in (1, 2, 5)], backoff(6, 0.5)
    (['0:00:30', '0:02:00', '4:00:00'], None)
    """
    if tries >= MOST_TRIES:
        return None
    return BACKOFF[max(tries, 1) - 1] * (1 + JITTER * (2 * jitter - 1))


def channels_left(channels: Sequence[UUID], tried: Sequence[Tried]) -> list[UUID]:
    """Through which channels a message may still leave, the best first.

    Never through another than the one that may have taken it; not through one that will never take it; and after ``PATIENCE``
    refusals through the next.
    """
    for each in tried:
        if each.state is AttemptState.UNCERTAIN:
            return [one for one in channels if one == each.channel_id]
    rejected = {each.channel_id for each in tried if each.state is AttemptState.REJECTED}
    refusals = [each.channel_id for each in tried if each.state is AttemptState.REFUSED]
    left = [one for one in channels if one not in rejected]
    return sorted(left, key=lambda one: refusals.count(one) // PATIENCE)


def moves_forward(state: AttemptState, to: AttemptState) -> bool:
    """Whether what is now said of an attempt is news.

    >>> moves_forward(AttemptState.SENT, AttemptState.ACCEPTED), moves_forward(AttemptState.DELIVERED, AttemptState.FAILED)
    (False, False)
    """
    return _RANKS[to] > _RANKS[state]


def safe(reason: str) -> str:
    """A provider's word for why, short and without anything long enough to be a number or a code.

    >>> safe("30006: landline +380501234567")
    '30006: landline …'
    """
    return LONG_DIGITS.sub("…", reason)[:LONGEST_REASON]
