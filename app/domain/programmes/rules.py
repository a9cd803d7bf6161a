"""The protocol of a programme: its rules as values, checked when they are made.

Amounts and day counts are defaults a programme edits. Those of the stipend schedule and the taper are our own
placeholders, not published values.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from app.domain.programmes.errors import BadProtocol

# Each has its function in the table of ``stipends.rules``; here, the amounts that it goes by.
AMOUNTS_OF_KIND: Mapping[str, frozenset[str]] = {
    "standard": frozenset(
        {
            "primary",
            "recruitment",
            "education_per_answer",
            "education_most",
            "steering_woman",
            "steering_under_25",
            "steering_first_time",
            "steering_most",
        }
    ),
    "simplified": frozenset({"primary", "education_per_answer", "education_most"}),
    "lottery": frozenset({"primary", "lottery_winners", "lottery_prize"}),
}
SCHEDULE_KINDS = tuple(AMOUNTS_OF_KIND)

# Rules whose default is a placeholder of ours: pages say so wherever someone meets one.
PLACEHOLDERS = frozenset(
    {
        "taper",
        "minimum_age",
        "second_approval_from",
        "self_release_after_days",
        "float_low",
        "remind_after_days",
        "reminders_most",
        "quiet_from",
        "quiet_until",
        "most_a_day",
        "most_a_week",
        "coupon_days_before",
        "appointment_days_before",
    }
).union(*AMOUNTS_OF_KIND.values())

# A device's claim of when it scanned is believed for a little longer than a coupon can live.
LONGEST_DAYS = 180
LARGEST_BUNDLE = 3
MOST_WINNERS = 1000
HOURS_OF_A_DAY = 24


@dataclass(frozen=True)
class StipendSchedule:
    """What is owed for what, in minor units of the programme's currency. A cap of 0 is none."""

    kind: str = "standard"
    primary: int = 750
    recruitment: int = 250
    education_per_answer: int = 30
    education_most: int = 240
    steering_woman: int = 100
    steering_under_25: int = 50
    steering_first_time: int = 0
    steering_most: int = 100
    lottery_winners: int = 4
    lottery_prize: int = 2000
    most_per_recruit: int = 0
    most_per_bundle: int = 0
    most_per_day: int = 0


@dataclass(frozen=True)
class PayoutRules:
    """How what is owed is paid, in minor units and days; 0 is never, or no limit."""

    second_approval_from: int = 100_000
    self_release_after_days: int = 2
    largest_cash_payment: int = 0
    float_low: int = 5_000
    remind_after_days: int = 30
    reminders_most: int = 3
    expires_after_days: int = 0


@dataclass(frozen=True)
class MessageRules:
    """When someone who agreed to it is written to: hours and days on her site's clock, and how often. 0 is never, or no limit.

    Nothing is sent from ``quiet_from`` o'clock until ``quiet_until`` o'clock; where both are the same, no hour is quiet.
    """

    quiet_from: int = 20
    quiet_until: int = 9
    most_a_day: int = 1
    most_a_week: int = 3
    coupon_days_before: int = 5
    appointment_days_before: int = 1


SIMPLIFIED = StipendSchedule(
    kind="simplified",
    recruitment=0,
    education_per_answer=60,
    education_most=480,
    steering_woman=0,
    steering_under_25=0,
    steering_most=0,
)
LOTTERY = StipendSchedule(
    kind="lottery",
    recruitment=0,
    education_per_answer=0,
    education_most=0,
    steering_woman=0,
    steering_under_25=0,
    steering_most=0,
)
# What a programme begins with that chooses a kind.
USUAL: Mapping[str, StipendSchedule] = {
    "standard": StipendSchedule(),
    "simplified": SIMPLIFIED,
    "lottery": LOTTERY,
}


@dataclass(frozen=True)
class Protocol:
    """One version of the rules."""

    coupons_per_bundle: int = 3
    activation_delay_days: int = 1
    validity_days: int = 30
    grace_days: int = 7
    taper: tuple[tuple[int, int], ...] = ((80, 2), (90, 1), (100, 0))
    minimum_age: int = 18
    knowledge_items: int = 8
    consent_version: str = "1"
    consent_purposes: tuple[str, ...] = ("participation", "follow_up")
    stalled_after_days: int = 14
    fee_offline: bool = False
    stipends: StipendSchedule = field(default_factory=StipendSchedule)
    payouts: PayoutRules = field(default_factory=PayoutRules)
    messages: MessageRules = field(default_factory=MessageRules)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, rules: Mapping[str, Any]) -> "Protocol":
        """Read stored or submitted rules; what is left out takes its default.

        Raises:
            BadProtocol: an unknown rule, a negative or fractional number, a taper that does not fall.
        """
        given = dict(rules)
        parts: dict[str, Any] = {}
        for name, shape in PARTS.items():
            part = given.pop(name, {})
            if not isinstance(part, Mapping):
                raise BadProtocol(rule=name, reason="unknown")
            _refuse_unknown(part, shape)
            parts[name] = shape(**part)
        _refuse_unknown(given, cls)
        if "taper" in given:
            given["taper"] = _taper(given["taper"])
        if "consent_purposes" in given:
            given["consent_purposes"] = _words(given["consent_purposes"])
        protocol = cls(**given, **parts)
        _check(protocol)
        return protocol

    @classmethod
    def stored(cls, rules: Mapping[str, Any]) -> "Protocol":
        """The same for the rules of a version, which every scan reads: they are checked once a process."""
        return _stored(json.dumps(rules))


PARTS: Mapping[str, type] = {
    "stipends": StipendSchedule,
    "payouts": PayoutRules,
    "messages": MessageRules,
}
# Those that change only by a second person's approval.
OF_MONEY = ("stipends", "payouts")


class ProposalState(StrEnum):
    """What became of a proposal; one that waits has none."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


def money_rules(protocol: Protocol) -> dict[str, Any]:
    """The parts that change only by a second person's approval: what is paid, and how."""
    return {name: asdict(getattr(protocol, name)) for name in OF_MONEY}


def with_money_rules(protocol: Protocol, rules: Mapping[str, Any]) -> Protocol:
    """A protocol with these parts in place of its own. Raises: BadProtocol."""
    return Protocol.from_json(protocol.to_json() | {name: rules[name] for name in OF_MONEY})


@lru_cache(maxsize=256)
def _stored(rules: str) -> Protocol:
    return Protocol.from_json(json.loads(rules))


def coupons_in_bundle(protocol: Protocol, *, reached: int, target: int | None) -> int:
    """How many coupons a new bundle holds: fewer near the target.

    >>> [coupons_in_bundle(Protocol(), reached=n, target=100) for n in (79, 80, 90, 100)]
    [3, 2, 1, 0]
    """
    size = protocol.coupons_per_bundle
    for share, smaller in protocol.taper:
        if target and reached * 100 >= share * target:
            size = min(size, smaller)
    return size


def untouched_placeholders(protocol: Protocol) -> frozenset[str]:
    """The rules a programme has left at a placeholder of ours, without amounts that its kind of schedule does not use.

    >>> agreed = {"payouts": PayoutRules(1, 1, 1, 1, 1, 1, 1), "messages": MessageRules(21, 8, 2, 2, 2, 2)}
    >>> sorted(untouched_placeholders(Protocol(minimum_age=16, stipends=SIMPLIFIED, **agreed)))
    ['education_most', 'education_per_answer', 'primary', 'taper']
    >>> sorted(untouched_placeholders(Protocol(taper=(), stipends=LOTTERY, **agreed)))
    ['lottery_prize', 'lottery_winners', 'minimum_age', 'primary']
    """
    kind = protocol.stipends.kind
    ours = _flat(replace(Protocol(), stipends=USUAL[kind]))
    same = {name for name, value in _flat(protocol).items() if value == ours[name] and value != 0}
    unused = frozenset().union(*AMOUNTS_OF_KIND.values()) - AMOUNTS_OF_KIND[kind]
    return PLACEHOLDERS & same - unused


def usable_dates(
    *, issued_on: date, activation_delay_days: int, validity_days: int
) -> tuple[date, date]:
    """First and last day of a coupon, both included, on the calendar of its site.

    >>> usable_dates(issued_on=date(2026, 3, 1), activation_delay_days=1, validity_days=30)
    (datetime.date(2026, 3, 2), datetime.date(2026, 3, 31))
    """
    return (
        issued_on + timedelta(days=activation_delay_days),
        issued_on + timedelta(days=validity_days),
    )


def _refuse_unknown(given: Mapping[str, Any], shape: type) -> None:
    unknown = set(given) - {each.name for each in fields(shape)}
    if unknown:
        raise BadProtocol(rule=min(unknown), reason="unknown")


def _check(protocol: Protocol) -> None:
    usual = _flat(Protocol())
    for name, value in _flat(protocol).items():
        if isinstance(usual[name], bool):
            if not isinstance(value, bool):
                raise BadProtocol(rule=name, reason="not_yes_or_no")
        elif isinstance(usual[name], int) and not _is_count(value):
            raise BadProtocol(rule=name, reason="not_a_whole_number")
        if isinstance(usual[name], str) and not isinstance(value, str):
            raise BadProtocol(rule=name, reason="not_a_text")
    if protocol.stipends.kind not in SCHEDULE_KINDS:
        raise BadProtocol(rule="kind", reason="unknown")
    if not protocol.consent_version:
        raise BadProtocol(rule="consent_version", reason="missing")
    if "participation" not in protocol.consent_purposes:
        raise BadProtocol(rule="consent_purposes", reason="missing")
    for name in ("activation_delay_days", "validity_days", "grace_days"):
        if getattr(protocol, name) > LONGEST_DAYS:
            raise BadProtocol(rule=name, reason="too_many_days")
    if protocol.activation_delay_days > protocol.validity_days:
        raise BadProtocol(rule="activation_delay_days", reason="later_than_validity")
    if not 0 < protocol.coupons_per_bundle <= LARGEST_BUNDLE:
        raise BadProtocol(rule="coupons_per_bundle", reason="out_of_range")
    if not 0 < protocol.stipends.lottery_winners <= MOST_WINNERS:
        raise BadProtocol(rule="lottery_winners", reason="out_of_range")
    _check_messages(protocol.messages)
    steps = protocol.taper
    if any(b[0] <= a[0] or b[1] >= a[1] for a, b in pairwise(steps)):
        raise BadProtocol(rule="taper", reason="does_not_fall")


def _check_messages(rules: MessageRules) -> None:
    for name in ("quiet_from", "quiet_until"):
        if getattr(rules, name) > HOURS_OF_A_DAY:
            raise BadProtocol(rule=name, reason="not_an_hour")
    if (rules.quiet_from, rules.quiet_until) == (0, HOURS_OF_A_DAY):
        raise BadProtocol(rule="quiet_until", reason="leaves_no_hour")
    for name in ("coupon_days_before", "appointment_days_before"):
        if getattr(rules, name) > LONGEST_DAYS:
            raise BadProtocol(rule=name, reason="too_many_days")


def _flat(protocol: Protocol) -> dict[str, Any]:
    rules = asdict(protocol)
    for part in PARTS:
        rules |= rules.pop(part)
    return rules


def _taper(steps: object) -> tuple[tuple[int, int], ...]:
    """Pairs of a percentage of the target and a bundle's size."""
    pairs = tuple(map(_pair, steps)) if isinstance(steps, (list, tuple)) else None
    if pairs is None or not all(pairs):
        raise BadProtocol(rule="taper", reason="not_a_whole_number")
    return tuple(pair for pair in pairs if pair)


def _pair(step: object) -> tuple[int, int] | None:
    if not isinstance(step, (list, tuple)) or len(step) != 2 or not all(map(_is_count, step)):
        return None
    return step[0], step[1]


def _words(words: object) -> tuple[str, ...]:
    if not isinstance(words, (list, tuple)) or not all(
        isinstance(word, str) and word for word in words
    ):
        raise BadProtocol(rule="consent_purposes", reason="not_a_text")
    return tuple(words)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
