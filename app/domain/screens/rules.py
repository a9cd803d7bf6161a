"""What a telephone is shown, what a menu must ask the programme for, and what it is told: values without words.

``app/telephone`` makes the words. Codes, PINs, receipts and what someone says are in no ``repr``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from app.core.codes import check_digit

Words = Mapping[str, str]  # by language
Json = Mapping[str, Any]

RECEIPT_LENGTH = 10
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Screens by name that are private: see Screen.is_private.
PRIVATE = frozenset(
    {
        "coupon",
        "coupon_usable",
        "not_usable",
        "own_card",
        "pin",
        "card_says",
        "words",
        "feedback_kept",
        "receipt",
        "answer",
        "locked",
        "sms_mistyped",
        "sms_own_card",
        "sms_no_answer",
        "sms_answer",
        "sms_say_what",
        "sms_read_what",
        "sms_unknown",
    }
)


@dataclass(frozen=True)
class Setting:
    """What a menu must know of its channel: the languages it speaks, and which one it begins with."""

    languages: tuple[str, ...]
    default_language: str


@dataclass(frozen=True)
class State:
    """Where someone is in the menu. It may hold a card's digits until the PIN is typed: keep it sealed."""

    language: str
    where: str
    values: Json = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        return {"language": self.language, "where": self.where, "values": dict(self.values)}

    @classmethod
    def from_json(cls, stored: Json) -> "State":
        return cls(stored["language"], stored["where"], dict(stored["values"]))


@dataclass(frozen=True)
class Option:
    """A line to choose by its key. ``words`` is what it is called where that comes from the programme, by language."""

    key: str
    name: str
    words: Words | None = None


@dataclass(frozen=True)
class Screen:
    """What is shown, by name.

    ``is_private``: what is shown, or what was or will be typed, is nobody else's business. It is never returned to after a
    call was cut off, and what the provider sent for it, or sends next, is not kept.
    """

    name: str
    facts: Json = field(default_factory=dict, repr=False)
    options: tuple[Option, ...] = field(default=(), repr=False)
    ends: bool = False
    is_private: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "facts": dict(self.facts),
            "options": [
                {"key": each.key, "name": each.name, "words": each.words} for each in self.options
            ],
            "ends": self.ends,
            "is_private": self.is_private,
        }

    @classmethod
    def from_json(cls, stored: Json) -> "Screen":
        return cls(
            stored["name"],
            dict(stored["facts"]),
            tuple(Option(**each) for each in stored["options"]),
            stored["ends"],
            stored["is_private"],
        )


@dataclass(frozen=True)
class CheckCoupon:
    """Twelve digits whose check digit is right. Told: CouponUsable, NotUsable, Locked."""

    code: str = field(repr=False)


@dataclass(frozen=True)
class Sites:
    """Told: SiteList."""


@dataclass(frozen=True)
class Hours:
    """Told: SiteHours; NotUsable where the site is no longer there."""

    site: str


@dataclass(frozen=True)
class MyCard:
    """The digits of a claim card, check digit right, and a PIN of four to six digits. Told: CardSays, NotRight, Locked."""

    code: str = field(repr=False)
    pin: str = field(repr=False)


@dataclass(frozen=True)
class Announce:
    """``day`` is 0 for today at the site, up to 2. Told: Announced, ClosedThen, Locked."""

    site: str
    day: int


@dataclass(frozen=True)
class SayFeedback:
    """Told: FeedbackKept, Locked."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class ReadAnswer:
    """A receipt's digits. Told: AnswerIs, Locked."""

    receipt: str = field(repr=False)


@dataclass(frozen=True)
class StopMessages:
    """Told: Stopped."""


Ask = CheckCoupon | Sites | Hours | MyCard | Announce | SayFeedback | ReadAnswer | StopMessages


@dataclass(frozen=True)
class CouponUsable:
    """``since`` where its first day is still to come, else None; ``until`` is its last day."""

    until: date
    since: date | None = None


@dataclass(frozen=True)
class NotUsable:
    """Unknown, used, expired, cancelled or another programme's: nobody is told which."""


@dataclass(frozen=True)
class Locked:
    """Wrong too often, or asked too often: the desk helps."""


@dataclass(frozen=True)
class SiteLine:
    id: str
    name: Words


@dataclass(frozen=True)
class SiteList:
    sites: tuple[SiteLine, ...]


@dataclass(frozen=True)
class SiteHours:
    """Hours by weekday, ``mon`` … ``sun``; a day that is missing is closed."""

    name: Words
    address: Words
    phone: str
    hours: Mapping[str, str]


@dataclass(frozen=True)
class CardSays:
    """How many of someone's cards came back, and what waits for her in minor units."""

    returned: int
    due_minor: int
    currency: str


@dataclass(frozen=True)
class NotRight:
    """No such card, another's PIN, a card that is out of use: nobody is told which."""


@dataclass(frozen=True)
class Announced:
    """``hours`` are those of that day, empty where none are known."""

    on: date
    hours: str = ""


@dataclass(frozen=True)
class ClosedThen:
    """Nobody is there on that day."""


@dataclass(frozen=True)
class FeedbackKept:
    """``receipt`` is digits, so that a feature phone can type it: see :func:`is_receipt`."""

    receipt: str = field(repr=False)


@dataclass(frozen=True)
class AnswerIs:
    """None: nothing to read yet, or no such receipt; nobody is told which."""

    text: str | None = field(repr=False)


@dataclass(frozen=True)
class Stopped:
    """No more messages to this number, from now on."""


Told = (
    CouponUsable
    | NotUsable
    | Locked
    | SiteList
    | SiteHours
    | CardSays
    | NotRight
    | Announced
    | ClosedThen
    | FeedbackKept
    | AnswerIs
    | Stopped
)

Step = tuple[State, Screen | Ask]


def outcome(answer: Told) -> Screen:
    """The last screen an answer leads to, the same by any medium."""
    match answer:
        case CouponUsable(until, since):
            days = {"until": until.isoformat(), "since": since.isoformat() if since else None}
            return last("coupon_usable", days)
        case NotUsable():
            return last("not_usable")
        case CardSays():
            return last("card_says", asdict(answer))
        case Announced(on, hours):
            return last("announced", {"on": on.isoformat(), "hours": hours})
        case FeedbackKept(receipt):
            return last("feedback_kept", {"receipt": receipt})
        case Stopped():
            return last("stopped")
    return last("locked")


def last(name: str, facts: Json | None = None) -> Screen:
    """A screen after which nothing is asked."""
    return Screen(name, facts or {}, ends=True, is_private=name in PRIVATE)


def runs_of(hours: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Days in a row with the same hours: first day, last day, hours.

    >>> runs_of({"mon": "9-17", "tue": "9-17", "thu": "12-20"})
    [('mon', 'tue', '9-17'), ('thu', 'thu', '12-20')]
    """
    runs: list[tuple[str, str, str]] = []
    for before, day in zip(("", *WEEKDAYS), WEEKDAYS, strict=False):
        if day not in hours:
            continue
        if runs and runs[-1][1:] == (before, hours[day]):
            runs[-1] = (runs[-1][0], day, hours[day])
        else:
            runs.append((day, day, hours[day]))
    return runs


def is_receipt(digits: str) -> bool:
    """Whether this can be the number of an answer, without looking it up: ten digits with their check digit.

    >>> is_receipt("0000005724"), is_receipt("0000005742"), is_receipt("000000005724")
    (True, False, False)
    """
    plain = len(digits) == RECEIPT_LENGTH and digits.isascii() and digits.isdigit()
    return plain and check_digit(digits) == "0"


def says_something(text: str) -> bool:
    """Whether this can be meant as a message: a key pressed by mistake is none."""
    return sum(map(str.isalpha, text)) >= 2
