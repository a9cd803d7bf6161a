"""The protocol of a programme: its rules as values, checked when they are made.

Amounts and day counts are defaults a programme edits. Those of the stipend schedule and the taper are our own
placeholders, not published values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from app.domain.programmes.errors import BadProtocol


@dataclass(frozen=True)
class StipendSchedule:
    """What is owed for what, in minor units of the programme's currency."""

    kind: str = "standard"
    primary: int = 750
    recruitment: int = 250
    education_per_answer: int = 30
    education_most: int = 240
    steering_woman: int = 100
    steering_under_25: int = 50
    steering_most: int = 100


SIMPLIFIED = StipendSchedule(
    kind="simplified",
    recruitment=0,
    education_per_answer=60,
    education_most=480,
    steering_woman=0,
    steering_under_25=0,
    steering_most=0,
)


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
    stipends: StipendSchedule = field(default_factory=StipendSchedule)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, rules: Mapping[str, Any]) -> "Protocol":
        """Read stored or submitted rules; what is left out takes its default.

        Raises:
            BadProtocol: an unknown rule, a negative or fractional number, a taper that does not fall.
        """
        given = dict(rules)
        stipends = given.pop("stipends", {})
        _refuse_unknown(given, cls)
        _refuse_unknown(stipends, StipendSchedule)
        if "taper" in given:
            given["taper"] = tuple((int(share), int(size)) for share, size in given["taper"])
        if "consent_purposes" in given:
            given["consent_purposes"] = tuple(given["consent_purposes"])
        protocol = cls(**given, stipends=StipendSchedule(**stipends))
        _check(protocol)
        return protocol


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
    numbers = {**asdict(protocol), **asdict(protocol.stipends)}
    for name, value in numbers.items():
        if isinstance(value, (int, float)) and (not isinstance(value, int) or value < 0):
            raise BadProtocol(rule=name, reason="not_a_whole_number")
    if protocol.activation_delay_days > protocol.validity_days:
        raise BadProtocol(rule="activation_delay_days", reason="later_than_validity")
    if not 0 < protocol.coupons_per_bundle <= 3:
        raise BadProtocol(rule="coupons_per_bundle", reason="out_of_range")
    if list(protocol.taper) != sorted(protocol.taper, key=lambda step: (step[0], -step[1])):
        raise BadProtocol(rule="taper", reason="does_not_fall")
