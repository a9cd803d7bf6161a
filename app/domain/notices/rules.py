"""Whether a message leaves now, later or never: facts in, verdict out."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.messages.rules import MessageKind, Reason
from app.domain.programmes.rules import MessageRules


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


def _tomorrow(now: datetime, zone: str, rules: MessageRules) -> datetime:
    """When tomorrow's quiet hours are over."""
    clock = ZoneInfo(zone)
    midnight = datetime.combine(now.astimezone(clock).date() + timedelta(days=1), time(), clock)
    return after_quiet_hours(midnight.astimezone(UTC), zone, rules)
