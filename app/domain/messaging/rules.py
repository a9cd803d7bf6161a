"""Turns of a telephone's menu: which are repeats, which go on, which begin anew; whom we answer, and what is kept of a call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.channels.events import Pressed
from app.domain.screens.rules import Ask, ReadAnswer, SayFeedback, Screen, State

# A provider that numbers no turns and repeats one does it at once.
REPEAT = timedelta(seconds=1.5)
# So long someone whose call was cut off finds her place again; no call lasts as long.
RESUME = timedelta(minutes=10)
# So long the answer to what was said without a name waits for the provider to ask again.
SCRUB = timedelta(minutes=10)
KEEP_CALLS = timedelta(days=3)
KEEP_SESSIONS = timedelta(days=1)
KEEP_EVENTS = timedelta(days=35)
LONGEST_TRAIL = 30
# Screens of what is said without a name: no conversation shows that there was one.
ANONYMOUS = frozenset(
    {
        "words",
        "feedback_kept",
        "receipt",
        "answer",
        "sms_say_what",
        "sms_read_what",
        "sms_answer",
        "sms_no_answer",
    }
)
_TELEPHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"\d(?:[^\w]*\d){3}")


class Turn(StrEnum):
    """``REPEAT``: the screen that was shown. ``FRESH``: the menu opens. ``RECOVER``: from all that was typed before."""

    REPEAT = "repeat"
    FRESH = "fresh"
    RECOVER = "recover"
    NEXT = "next"


@dataclass(frozen=True)
class Conversation:
    """What a session seals. ``last_input`` and ``owner`` are keyed digests; ``sender`` is gone once something anonymous was said.

    ``place`` is where someone goes on whose call was cut off: the last one whose screen was nobody else's business.
    """

    state: State = field(repr=False)
    screen: Screen = field(repr=False)
    last_input: str
    owner: str
    turn: int | None = None
    event_id: str = ""
    sender: str | None = field(default=None, repr=False)
    place: State | None = field(default=None, repr=False)
    was_private: bool = False
    is_anonymous: bool = False
    trail: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "state": self.state.to_json(),
            "screen": self.screen.to_json(),
            "place": self.place.to_json() if self.place else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Conversation":
        place = stored["place"]
        parts = {
            "state": State.from_json(stored["state"]),
            "screen": Screen.from_json(stored["screen"]),
            "place": State.from_json(place) if place else None,
            "trail": tuple(stored["trail"]),
        }
        return cls(**{**stored, **parts})


@dataclass(frozen=True)
class Reply:
    """What a telephone is shown: a screen, whose words are made after the commit."""

    screen: Screen
    language: str

    @property
    def ends(self) -> bool:
        return self.screen.ends


def turn_of(kept: Conversation | None, event: Pressed, *, last_input: str, age: timedelta) -> Turn:
    """What a turn is to a session that was last touched ``age`` ago. ``last_input`` is the digest of what was typed now."""
    anew = Turn.RECOVER if event.history else Turn.FRESH
    if kept is None:
        return anew
    if event.event_id and event.event_id == kept.event_id:
        return Turn.REPEAT
    if age > RESUME:
        return anew
    is_same = last_input == kept.last_input
    if event.turn is not None and kept.turn is not None:
        if event.turn == kept.turn and is_same:
            return Turn.REPEAT
        if event.turn < kept.turn:  # late, or sent by someone who listened
            is_dialled_again = kept.screen.ends and event.is_new and age > REPEAT
            return Turn.FRESH if is_dialled_again else Turn.REPEAT
    elif is_same and age < REPEAT:
        return Turn.REPEAT
    if event.is_new:
        return Turn.FRESH
    if kept.screen.ends:
        return Turn.REPEAT if event.text else Turn.FRESH
    return Turn.NEXT


def is_telephone(sender: str, *, own: str) -> bool:
    """Whether a text message came from a telephone that can be answered: no short code, no name, not ourselves.

    >>> is_telephone("+380501234567", own="Centre"), is_telephone("+5000", own=""), is_telephone("Bank", own="")
    (True, False, False)
    """
    return bool(_TELEPHONE.fullmatch(sender)) and sender.lstrip("+") != own.lstrip("+")


def is_anonymous(ask: Ask) -> bool:
    return isinstance(ask, SayFeedback | ReadAnswer)


def has_digits(text: str) -> bool:
    """Whether a text may hold a code, a PIN or a number: four digits or more in a row, however they are spaced.

    >>> has_digits("1"), has_digits("12 34"), has_digits("hours 3")
    (False, True, False)
    """
    return bool(_DIGITS.search(text))


def scrub_at(now: datetime) -> datetime:
    """When an anonymous answer is gone: after ten minutes, at a full five, so that it tells little of when it was given."""
    later = now + SCRUB
    return later.replace(second=0, microsecond=0) + timedelta(minutes=5 - later.minute % 5)
