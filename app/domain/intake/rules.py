"""What a scan is, what becomes of it, and what it may claim about time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.codes import Code, Token
from app.domain.coupons.errors import MistypedCode
from app.domain.programmes.rules import Protocol

CLOCK_TOLERANCE = timedelta(minutes=5)
OFFLINE_CAP = timedelta(days=5)
BEFORE_ANY_COUPON = timedelta(days=400)
UNDO_WITHIN = timedelta(minutes=5)


class Outcome(StrEnum):
    """How a redemption stands: a ``conflict`` waits, an ``overruled`` one lost its conflict to another desk's.

    ``taken_back`` was a mistake of the desk: the coupon is as if it had not been read.
    """

    ACCEPTED = "accepted"
    CONFLICT = "conflict"
    OVERRULED = "overruled"
    TAKEN_BACK = "taken_back"


class Answer(StrEnum):
    """What a desk was told of a redemption, for ever: a repeat hears it whatever was decided since."""

    ACCEPTED = "accepted"
    CONFLICT = "conflict"


class Flag(StrEnum):
    """Things about a redemption that someone may want to look at."""

    OTHER_SITE = "other_site"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_BEHIND = "clock_behind"
    LATE_UPLOAD = "late_upload"
    ACCEPTED_LATE = "accepted_late"
    CLOCK_CORRECTED = "clock_corrected"
    UNREADABLE_UIC = "unreadable_uic"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    POSSIBLE_SELF_RECRUITMENT = "possible_self_recruitment"


CLOCK_FLAGS = (Flag.CLOCK_AHEAD, Flag.CLOCK_BEHIND)


@dataclass(frozen=True)
class Scan:
    """A coupon read at a desk. ``id`` and ``scanned_at`` are the device's own, made before it sends.

    ``not_the_same`` are earlier people with the same code whom the desk has told apart from this one.
    ``late_reason`` is a supervisor's, for a coupon a few days past its last. ``participant_id`` is who she will be,
    when the device has said so already. Only an arrival may be without a coupon. ``flags`` are what is known to be odd
    about the device's clock when ``scanned_at`` has been corrected by it.
    """

    id: UUID
    coupon: Code | Token | None
    site: str
    device_id: str
    scanned_at: datetime
    uic: str | None = None
    not_the_same: tuple[UUID, ...] = ()
    late_reason: str | None = None
    participant_id: UUID | None = None
    flags: tuple[Flag, ...] = ()

    @property
    def card(self) -> Code | Token:
        """What was read. Raises: MistypedCode, of a scan without a coupon."""
        if self.coupon is None:
            raise MistypedCode(reason="empty")
        return self.coupon


@dataclass(frozen=True)
class Verdict:
    """What became of a scan."""

    id: UUID
    coupon: str
    outcome: Outcome
    participant_id: UUID
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Redeemed:
    """A scan that has been played, as far as its repetition has to know it."""

    id: UUID
    coupon_id: UUID
    participant_id: UUID
    answer: Answer
    flags: Sequence[str]
    request_digest: bytes


@dataclass(frozen=True)
class Refused:
    """The same of a scan that redeemed nothing."""

    code: str
    facts: Mapping[str, Any]
    request_digest: bytes


@dataclass(frozen=True)
class Surroundings:
    """All that a scan needs to know before it is played, from one statement.

    ``is_here`` where its device has said who she will be, and she is.
    """

    site_id: UUID
    timezone: str
    protocol_id: UUID
    protocol: Protocol
    currency: str
    redemption: Redeemed | None
    refused: Refused | None
    is_here: bool


def judge_time(scan: Scan, *, now: datetime) -> tuple[datetime, list[Flag]]:
    """The instant at which a scan is judged, and what is odd about the device's clock.

    A device's time is a claim. It is believed between a year ago and now; outside, the server's time decides.
    """
    judged_at, flags = _believe(scan.scanned_at, now)
    known = [*scan.flags, Flag.CLOCK_CORRECTED] if scan.flags else []
    return judged_at, [*known, *(flag for flag in flags if flag not in known)]


def corrected(
    scanned_at: datetime, *, clock: datetime, now: datetime
) -> tuple[datetime, tuple[Flag, ...]]:
    """A device's time corrected by how wrong its clock is as it sends, and never later than now.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> a_day, an_hour = timedelta(days=1), timedelta(hours=1)
    >>> at, flags = corrected(noon - a_day - an_hour, clock=noon - a_day, now=noon)
    >>> at == noon - an_hour, [flag.value for flag in flags]
    (True, ['clock_behind'])
    """
    skew = now - clock
    if abs(skew) <= CLOCK_TOLERANCE:
        return scanned_at, ()
    flag = Flag.CLOCK_BEHIND if skew > timedelta() else Flag.CLOCK_AHEAD
    return min(scanned_at + skew, now), (flag,)


def happened_at(*, scanned_at: datetime, received_at: datetime, flags: Collection[str]) -> datetime:
    """When a coupon was handed in: as its device said, unless its clock was wrong and nobody corrected it."""
    wrong = {flag.value for flag in CLOCK_FLAGS} & set(flags)
    if wrong and Flag.CLOCK_CORRECTED.value not in flags:
        return received_at
    return min(scanned_at, received_at)


def may_undo(
    *, scanned_at: datetime, received_at: datetime, flags: Collection[str], now: datetime
) -> bool:
    """Whether a desk may still take a scan back by itself.

    ``now`` is when the desk said so, which for a desk without a network is before the server heard of the scan.
    """
    since = received_at
    if now < received_at:
        since = happened_at(scanned_at=scanned_at, received_at=received_at, flags=flags)
    return now - since <= UNDO_WITHIN


def _believe(scanned_at: datetime, now: datetime) -> tuple[datetime, list[Flag]]:
    if scanned_at > now + CLOCK_TOLERANCE:
        return now, [Flag.CLOCK_AHEAD]
    if scanned_at > now:
        return now, []
    if scanned_at < now - BEFORE_ANY_COUPON:
        return now, [Flag.CLOCK_BEHIND]
    return scanned_at, [Flag.LATE_UPLOAD] if scanned_at < now - OFFLINE_CAP else []
