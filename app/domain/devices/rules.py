"""What a device is at a moment, who may have one, and what it is told about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.devices.errors import BadDevice
from app.domain.staff.rules import PERMISSIONS, Permission, Role

ENROLMENT = timedelta(minutes=15)
LONGEST_LABEL = 40
# Below this a device's clock is as good as anyone's.
LARGE_SKEW = timedelta(minutes=5)
# A list is fetched every hour; one of yesterday does not know today's cards.
OLD_LIST = timedelta(days=1)
# A device that came out of nowhere is shown as such for a week.
NEWS = timedelta(days=7)
# Sixteen letters and digits that nobody mistakes for one another: 79 bits, and a quarter of an hour to guess them in.
SECRET_LENGTH = 16
# A slip of the finger or two; whoever has the code and not her password gets no further.
MOST_WRONG_PASSWORDS = 5


class State(StrEnum):
    WAITING = "waiting"
    LAPSED = "lapsed"
    ACTIVE = "active"
    LOCKED = "locked"


@dataclass(frozen=True)
class Life:
    """What decides the state of a device. ``left_at`` is when its person left the staff."""

    secret_until: datetime
    enrolled_at: datetime | None
    revoked_at: datetime | None
    left_at: datetime | None

    @property
    def ended_at(self) -> datetime | None:
        ends = [each for each in (self.revoked_at, self.left_at) if each]
        return min(ends, default=None)


def state_of(life: Life, *, now: datetime) -> State:
    """Waiting for its enrolment, too late for it, at work, or locked.

    >>> begun = datetime(2026, 3, 2, 12)
    >>> life = Life(begun + ENROLMENT, None, None, None)
    >>> state_of(life, now=begun), state_of(life, now=begun + ENROLMENT)
    (<State.WAITING: 'waiting'>, <State.LAPSED: 'lapsed'>)
    """
    if life.ended_at:
        return State.LOCKED
    if life.enrolled_at:
        return State.ACTIVE
    return State.WAITING if now < life.secret_until else State.LAPSED


def may_have_device(role: Role) -> bool:
    """A device redeems, so whoever holds one must be allowed to."""
    return Permission.REDEEM in PERMISSIONS[role]


def check_label(label: str) -> str:
    """Raises: BadDevice."""
    words = " ".join(label.split())
    if not words:
        raise BadDevice(field="label", reason="missing")
    if len(words) > LONGEST_LABEL:
        raise BadDevice(field="label", reason="too_long")
    return words


def normalise_secret(text: str) -> str:
    """An enrolment secret however it was typed.

    >>> normalise_secret(" abcd-efgh jkmn-pqrs ")
    'ABCDEFGHJKMNPQRS'
    """
    return "".join(character for character in text.upper() if character.isalnum())


def grouped_secret(secret: str) -> str:
    """As a person types it.

    >>> grouped_secret("ABCDEFGHJKMNPQRS")
    'ABCD-EFGH-JKMN-PQRS'
    """
    return "-".join(secret[start : start + 4] for start in range(0, len(secret), 4))
