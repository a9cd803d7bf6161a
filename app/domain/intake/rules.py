"""What becomes of a scan, and what it may claim about time."""

from datetime import datetime, timedelta
from enum import StrEnum

CLOCK_TOLERANCE = timedelta(minutes=5)
OFFLINE_CAP = timedelta(days=5)
BEFORE_ANY_COUPON = timedelta(days=400)


class Outcome(StrEnum):
    """``overruled`` is a redemption that stood until a conflict was decided for the other desk."""

    ACCEPTED = "accepted"
    CONFLICT = "conflict"
    OVERRULED = "overruled"


class Flag(StrEnum):
    """Things about a redemption that someone may want to look at."""

    OTHER_SITE = "other_site"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_BEHIND = "clock_behind"
    LATE_UPLOAD = "late_upload"
    ACCEPTED_LATE = "accepted_late"


def judge_time(scanned_at: datetime, *, now: datetime) -> tuple[datetime, list[Flag]]:
    """The instant at which a scan is judged, and what is odd about the device's clock.

    A device's time is a claim. It is believed between a year ago and now; outside, the server's time decides.
    """
    if scanned_at > now + CLOCK_TOLERANCE:
        return now, [Flag.CLOCK_AHEAD]
    if scanned_at > now:
        return now, []
    if scanned_at < now - BEFORE_ANY_COUPON:
        return now, [Flag.CLOCK_BEHIND]
    return scanned_at, [Flag.LATE_UPLOAD] if scanned_at < now - OFFLINE_CAP else []
