"""What an event is, when it happened, in which order events are played, and what a missing number means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.deliveries.errors import UnknownEvent
from app.domain.intake.rules import CLOCK_TOLERANCE, corrected
from app.domain.intake.rules import Flag as ClockFlag

VERSION = 1
MOST_FIELDS, LONGEST_WORD, LONGEST_VALUE = 100, 64, 512


class Outcome(StrEnum):
    """What became of an event, for ever."""

    ACCEPTED = "accepted"
    CONFLICT = "conflict"
    REFUSED = "refused"


class Settled(StrEnum):
    """What became of something that could not be booked at once."""

    NOTED = "noted"
    BOOKED = "booked"


class Flag(StrEnum):
    """What someone may want to look at, besides what intake says of a scan; none of them refuses anything."""

    GAP = "gap"
    DEVICE_REVOKED = "device_revoked"
    FEE_NOT_ALLOWED = "fee_not_allowed"
    FEE_NOT_OWED = "fee_not_owed"
    PAD_PROMISED = "pad_promised"


class Left(StrEnum):
    """Why an event has no answer yet. Its device keeps it and sends it again."""

    NOT_ITS_TURN = "not_its_turn"
    UNKNOWN_DEVICE = "unknown_device"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True)
class Event:
    """Something that was done at a desk, as its device wrote it. ``at`` is the device's own time."""

    at: datetime
    previous: str
    kind: str
    person: UUID
    site: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Turn:
    """Which of the numbers of an upload are played, in this order, and which are left for later.

    ``after_gap`` are those before which something is missing for good. ``resend_from`` is the first number that the
    device is asked to send again.
    """

    played: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    after_gap: frozenset[int] = field(default_factory=frozenset)
    resend_from: int | None = None


def read_event(written: Mapping[str, object]) -> Event:
    """An event out of the JSON a device wrote; texts come without blanks around them. Raises: UnknownEvent.

    >>> read_event({"v": 2})
    Traceback (most recent call last):
    app.domain.deliveries.errors.UnknownEvent: unknown_event
    """
    fields, version = written.get("fields"), written.get("v")
    if type(version) is not int or version != VERSION:
        raise UnknownEvent
    if not isinstance(fields, dict) or len(fields) > MOST_FIELDS:
        raise UnknownEvent
    try:
        return Event(
            at=_instant(_text(written.get("at"), LONGEST_WORD)),
            previous=_previous(written.get("previous")),
            kind=_text(written.get("kind"), LONGEST_WORD),
            person=UUID(_text(written.get("person"), LONGEST_WORD)),
            site=_text(written.get("site"), LONGEST_WORD),
            fields={
                _text(name, LONGEST_WORD): _text(value, LONGEST_VALUE)
                for name, value in fields.items()
            },
        )
    except (ValueError, OverflowError):
        raise UnknownEvent from None


def happened_at(
    said: datetime, *, skew: timedelta, now: datetime, since: datetime | None = None
) -> tuple[datetime, tuple[ClockFlag, ...]]:
    """The moment of an event by the server's clock, and what was odd about the device's.

    ``skew`` is the server's time less the device's as it sends: above zero it is behind.

    A device's time is a claim. One that is wrong as a whole is put right by as much as it is wrong now. What then lies in
    the future, or before the device was enrolled (``since``), cannot be, and counts as now.

    >>> noon, day = datetime(2026, 3, 4, 12, tzinfo=UTC), timedelta(days=1)
    >>> at, flags = happened_at(noon + day, skew=-day, now=noon)
    >>> at == noon, [flag.value for flag in flags]
    (True, ['clock_ahead'])
    >>> at, flags = happened_at(noon - day, skew=day * 0, now=noon)
    >>> at == noon - day, flags
    (True, ())
    """
    try:
        at, flags = corrected(said, clock=now - skew, now=now)
    except OverflowError:  # the end of the calendar
        return now, (ClockFlag.CLOCK_AHEAD if said > now else ClockFlag.CLOCK_BEHIND,)
    if at > now:
        is_wrong = at > now + CLOCK_TOLERANCE
        return now, (ClockFlag.CLOCK_AHEAD,) if is_wrong else ()
    if since and at < since - CLOCK_TOLERANCE:
        return now, flags or (ClockFlag.CLOCK_BEHIND,)
    return at, flags


def turn(numbers: Iterable[int], *, top: int, known_to: int, elsewhere: int) -> Turn:
    """In which order the events of one upload are played, so that any order of arrival ends in the same state.

    ``top`` is the highest number the server has of the device, ``known_to`` the highest the device has an answer for, and
    ``elsewhere`` how many wait on it besides those of the upload. Events are played in the order in which they were made.
    Where one is missing, the rest waits for it: the device is asked to send it (again, when the server has forgotten it).
    Only when the device has nothing else to send is it missing for good, and the rest is played with a flag: a gap never
    refuses anything.

    >>> turn([2, 1], top=0, known_to=0, elsewhere=0).played
    (1, 2)
    >>> turn([3], top=1, known_to=1, elsewhere=1)
    Turn(played=(), left=(3,), after_gap=frozenset(), resend_from=2)
    >>> turn([3], top=1, known_to=1, elsewhere=0).after_gap
    frozenset({3})
    >>> turn([], top=4, known_to=9, elsewhere=0).resend_from
    5
    """
    ordered = sorted(numbers)
    gaps = set[int]()
    for place, number in enumerate(ordered):
        if number > top + 1:
            if elsewhere > 0 or known_to > top:
                return Turn(
                    tuple(ordered[:place]), tuple(ordered[place:]), frozenset(gaps), top + 1
                )
            gaps.add(number)
        top = max(top, number)
    return Turn(tuple(ordered), (), frozenset(gaps), top + 1 if known_to > top else None)


def is_unbroken(previous: str, before: bytes | None) -> bool:
    """Whether an event names the event before it (``before`` is the hash of that one's seal) as its device had it."""
    return previous == (before.hex() if before else "")


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise ValueError
    return value.strip()


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError
    return instant.astimezone(UTC)


def _previous(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("(?:[0-9a-f]{64})?", value):
        raise ValueError
    return value
