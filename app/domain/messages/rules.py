"""When a message may leave, through which channel, how often it is tried, and what a report of it changes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.channels.events import DeliveryState
from app.domain.programmes.rules import MessageRules


class MessageKind(StrEnum):
    """What a message is about: also the name of its template. ``REPLY`` answers what someone just sent, and has none."""

    REWARD_WAITING = "reward_waiting"
    REWARD_WAITING_LAST = "reward_waiting_last"
    COUPONS_EXPIRE = "coupons_expire"
    APPOINTMENT = "appointment"
    FOLLOW_UP = "follow_up"
    STAFF_ALERT = "staff_alert"
    REPLY = "reply"


class MessageState(StrEnum):
    """``LEASED``: a worker has it and nothing has left. ``SENDING``: it may be leaving at this moment.

    ``UNCERTAIN``: it may have left, and nobody knows. ``DROPPED``: it should not leave any more, and did not.
    ``DEAD``: every try was surely refused.
    """

    WAITING = "waiting"
    LEASED = "leased"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"
    DEAD = "dead"


ENDED = frozenset(
    {MessageState.DELIVERED, MessageState.FAILED, MessageState.DROPPED, MessageState.DEAD}
)
# What a person may have sent again.
AGAIN = frozenset({MessageState.FAILED, MessageState.DEAD, MessageState.UNCERTAIN})


class AttemptState(StrEnum):
    """One call of a provider. ``REFUSED``: surely not taken, for now; ``REJECTED``: never by this provider; ``ACCEPTED``: taken;
    ``SENT``: handed to the network."""

    SENDING = "sending"
    REFUSED = "refused"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a message was dropped, waits longer, or could not be sent."""

    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    EXPIRED = "expired"
    NOT_TRUE = "not_true"
    CANCELLED = "cancelled"
    QUIET_HOURS = "quiet_hours"
    ENOUGH_TODAY = "enough_today"
    ENOUGH_THIS_WEEK = "enough_this_week"
    NO_CHANNEL = "no_channel"
    CHANNEL_RESTS = "channel_rests"
    NO_BUDGET = "no_budget"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    NOT_DELIVERED = "not_delivered"


def is_stuck(state: MessageState, reason: str | None) -> bool:
    """Whether only a person moves a message on: it went wrong, or someone called it off and may think better of it."""
    return state in AGAIN or (state is MessageState.DROPPED and reason == Reason.CANCELLED)


# A second copy of these does no harm; of the others it might promise the same money twice.
HARMLESS_TWICE = frozenset(
    {
        MessageKind.COUPONS_EXPIRE,
        MessageKind.APPOINTMENT,
        MessageKind.FOLLOW_UP,
        MessageKind.STAFF_ALERT,
        MessageKind.REPLY,
    }
)

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

# What was said and to whom is forgotten before that it was said.
WORDS_KEPT = timedelta(days=14)
ROWS_KEPT = timedelta(days=90)
UNKNOWN_KEPT = timedelta(days=3)
CAPS_KEPT = timedelta(days=8)
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
class Facts:
    """What decides whether a message leaves now. The counts are of its number on the recipient's calendar, without itself."""

    kind: MessageKind
    zone: str
    expires_at: datetime
    is_reachable: bool
    has_agreed: bool
    has_opted_out: bool
    is_true: bool
    sent_today: int = 0
    sent_this_week: int = 0


@dataclass(frozen=True)
class Send:
    """It may leave now."""


@dataclass(frozen=True)
class Wait:
    until: datetime
    reason: Reason


@dataclass(frozen=True)
class Drop:
    reason: Reason


Verdict = Send | Wait | Drop


def judge(facts: Facts, rules: MessageRules, *, now: datetime) -> Verdict:
    """Whether a message leaves now, later or never. An answer to someone who just wrote is only held to its time.

    Staff are called whenever it is no quiet hour, however often.
    """
    if facts.expires_at <= now:
        return Drop(Reason.EXPIRED)
    if facts.kind is MessageKind.REPLY:
        return Send()
    if facts.has_opted_out:
        return Drop(Reason.OPTED_OUT)
    if not facts.is_reachable or not facts.has_agreed:
        return Drop(Reason.NO_CONSENT)
    if not facts.is_true:
        return Drop(Reason.NOT_TRUE)
    loud = after_quiet_hours(now, facts.zone, rules)
    if loud > now:
        return Wait(loud, Reason.QUIET_HOURS)
    if facts.kind is not MessageKind.STAFF_ALERT:
        for most, sent, reason in (
            (rules.most_a_day, facts.sent_today, Reason.ENOUGH_TODAY),
            (rules.most_a_week, facts.sent_this_week, Reason.ENOUGH_THIS_WEEK),
        ):
            if most and sent >= most:
                return Wait(_tomorrow(now, facts.zone, rules), reason)
    return Send()


def after_quiet_hours(now: datetime, zone: str, rules: MessageRules) -> datetime:
    """The next moment that is no quiet hour on a site's clock: now, if now is none.

    >>> rules = MessageRules(quiet_from=20, quiet_until=9)
    >>> def hour(day, *clock):
    ...     found = after_quiet_hours(datetime(2026, *day, *clock, tzinfo=UTC), "Europe/Kyiv", rules)
    ...     return found.astimezone(ZoneInfo("Europe/Kyiv")).strftime("%d %H:%M %z")
    >>> hour((3, 2), 12), hour((3, 2), 18), hour((3, 28), 18), hour((10, 24), 18)
    ('02 14:00 +0200', '03 09:00 +0200', '29 09:00 +0300', '25 09:00 +0200')
    """
    local = now.astimezone(ZoneInfo(zone))
    begin, end, hour = rules.quiet_from % 24, rules.quiet_until % 24, local.hour
    is_quiet = begin <= hour < end if begin <= end else hour >= begin or hour < end
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=hour >= end)
    return max(now, datetime.combine(day, time(end), local.tzinfo).astimezone(UTC))


def backoff(tries: int, jitter: float) -> timedelta | None:
    """How long to wait after the last of so many tries; None when it was the last. ``jitter`` lies in [0, 1).

    >>> [str(backoff(tries, 0.5)) for tries in (1, 2, 5)], backoff(6, 0.5)
    (['0:00:30', '0:02:00', '4:00:00'], None)
    """
    if tries >= MOST_TRIES:
        return None
    return BACKOFF[max(tries, 1) - 1] * (1 + JITTER * (2 * jitter - 1))


@dataclass(frozen=True)
class Tried:
    """One try of this round: through which channel, and what came of it."""

    channel_id: UUID
    state: AttemptState


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


def safe(reason: str) -> str:
    """A provider's word for why, short and without anything long enough to be a number or a code.

    >>> safe("30006: landline +380501234567")
    '30006: landline …'
    """
    return LONG_DIGITS.sub("…", reason)[:LONGEST_REASON]


def moves_forward(state: AttemptState, to: AttemptState) -> bool:
    """Whether what is now said of an attempt is news.

    >>> moves_forward(AttemptState.SENT, AttemptState.ACCEPTED), moves_forward(AttemptState.DELIVERED, AttemptState.FAILED)
    (False, False)
    """
    return _RANKS[to] > _RANKS[state]


def _tomorrow(now: datetime, zone: str, rules: MessageRules) -> datetime:
    """When tomorrow's quiet hours are over."""
    clock = ZoneInfo(zone)
    midnight = datetime.combine(now.astimezone(clock).date() + timedelta(days=1), time(), clock)
    return after_quiet_hours(midnight.astimezone(UTC), zone, rules)
