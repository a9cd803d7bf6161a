"""The rules of a programme as a table and as a form: text in, a protocol or a complaint for each field out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from babel.numbers import get_decimal_symbol

from app.core.i18n import N_
from app.core.money import Money, NotAnAmount
from app.domain.programmes.errors import BadProtocol
from app.domain.programmes.rules import (
    HOURS_OF_A_DAY,
    LONGEST_DAYS,
    MOST_WINNERS,
    PARTS,
    Protocol,
    untouched_placeholders,
)
from app.domain.stipends.rules import SCHEDULES
from app.web.complaints import EMPTY, NOT_AN_AMOUNT, NOT_WHOLE, TOO_LONG, Complaint, Complaints

LARGEST_COUNT = 10_000
LONGEST_WORD = 40
YES = "yes"


class Unit(StrEnum):
    """How a rule is written and read."""

    COUNT = "count"
    DAYS = "days"
    HOUR = "hour"
    YEARS = "years"
    SHARE = "share"
    MONEY = "money"
    WORD = "word"
    KIND = "kind"
    YES_NO = "yes_no"


@dataclass(frozen=True)
class Rule:
    """One line of the table and one field of the form. ``taper_2`` is where sets shrink to two coupons.

    ``nothing`` is what a zero means, where it is no amount or number of days.
    """

    name: str
    label: str
    unit: Unit
    hint: str = ""
    is_fixed: bool = False
    nothing: str = ""


KINDS = {
    "standard": N_("Standard: a reward for each recruit, and for what the recruit learnt"),
    "simplified": N_("Simplified: a reward only for what a recruit learnt"),
    "lottery": N_("Draw: a ticket for each right answer of a recruit, and prizes every week"),
}
Groups = tuple[tuple[str, tuple[Rule, ...]], ...]
NONE, NEVER, NO_LIMIT = N_("none"), N_("never"), N_("no limit")
ZERO_IS_NONE = N_("0 is none.")
ZERO_IS_NEVER = N_("0 is never.")
ZERO_IS_NO_LIMIT = N_("0 is no limit.")

# What a lead changes at once.
AT_ONCE: Groups = (
    (
        N_("Coupons"),
        (
            Rule("coupons_per_bundle", N_("Coupons in a set"), Unit.COUNT, N_("One, two or three.")),
            Rule("activation_delay_days", N_("Usable from, days after issue"), Unit.DAYS),
            Rule("validity_days", N_("Last day, days after issue"), Unit.DAYS),
            Rule("grace_days", N_("May be accepted late, with a reason, for"), Unit.DAYS),
            Rule("taper_2", N_("Two coupons a set from this share of the target"), Unit.SHARE),
            Rule("taper_1", N_("One coupon a set from this share of the target"), Unit.SHARE),
            Rule("taper_0", N_("No more coupons from this share of the target"), Unit.SHARE),
        ),
    ),
    (
        N_("The visit"),
        (
            Rule("minimum_age", N_("Youngest age"), Unit.YEARS),
            Rule("knowledge_items", N_("Questions in the knowledge test"), Unit.COUNT, is_fixed=True),
            Rule("consent_version", N_("Version of the consent text"), Unit.WORD),
            Rule("fee_offline", N_("The participation fee may be handed out by a desk without a network"), Unit.YES_NO, N_("Money handed out for a visit that later turns out not to count is booked as a loss, under the name of whoever handed it out.")),
        ),
    ),
    (
        N_("Messages to people who agreed to them"),
        (
            Rule("quiet_from", N_("No messages from this hour on"), Unit.HOUR, N_("From 0 to 24, on the clock of the person's site.")),
            Rule("quiet_until", N_("Until this hour"), Unit.HOUR, N_("The same hour twice means that no hour is quiet.")),
            Rule("most_a_day", N_("Messages to one person a day, at most"), Unit.COUNT, ZERO_IS_NO_LIMIT, nothing=NO_LIMIT),
            Rule("most_a_week", N_("Messages to one person a week, at most"), Unit.COUNT, ZERO_IS_NO_LIMIT, nothing=NO_LIMIT),
            Rule("coupon_days_before", N_("A reminder before the last day of cards to pass on, ahead by"), Unit.DAYS, ZERO_IS_NEVER, nothing=NEVER),
            Rule("appointment_days_before", N_("A reminder before an agreed visit, ahead by"), Unit.DAYS, ZERO_IS_NEVER, nothing=NEVER),
        ),
    ),
)  # fmt: skip
# What changes when a second person approves.
ABOUT_MONEY: Groups = (
    (
        N_("Stipends"),
        (
            Rule("kind", N_("Schedule"), Unit.KIND),
            Rule("primary", N_("For taking part"), Unit.MONEY),
        ),
    ),
    (
        N_("For what a recruit learnt: standard and simplified schedule"),
        (
            Rule("education_per_answer", N_("For each right answer of a recruit"), Unit.MONEY),
            Rule("education_most", N_("For the answers of one recruit, at most"), Unit.MONEY),
        ),
    ),
    (
        N_("For who is reached: standard schedule"),
        (
            Rule("recruitment", N_("For each recruit"), Unit.MONEY),
            Rule("steering_woman", N_("If the recruit is a woman"), Unit.MONEY),
            Rule("steering_under_25", N_("If the recruit is under 25"), Unit.MONEY),
            Rule("steering_first_time", N_("If the recruit was never reached before"), Unit.MONEY),
            Rule("steering_most", N_("For who the recruit is, at most"), Unit.MONEY),
        ),
    ),
    (
        N_("Prizes: schedule with a draw"),
        (
            Rule("lottery_winners", N_("Winners each week"), Unit.COUNT, N_("Each person wins once in a draw.")),
            Rule("lottery_prize", N_("Prize of each winner"), Unit.MONEY),
        ),
    ),
    (
        N_("The most one recruiter can earn"),
        (
            Rule("most_per_recruit", N_("For one recruit, at most"), Unit.MONEY, ZERO_IS_NONE, nothing=NONE),
            Rule("most_per_bundle", N_("For a whole set of coupons, at most"), Unit.MONEY, ZERO_IS_NONE, nothing=NONE),
            Rule("most_per_day", N_("On one day, at most"), Unit.MONEY, ZERO_IS_NONE, nothing=NONE),
        ),
    ),
    (
        N_("How it is paid"),
        (
            Rule("second_approval_from", N_("A batch needs a second approval from this sum on"), Unit.MONEY, ZERO_IS_NEVER, nothing=NEVER),
            Rule("self_release_after_days", N_("Where nobody else can release a batch, one person may after"), Unit.DAYS, N_("It is reviewed later. 0 is never."), nothing=NEVER),
            Rule("largest_cash_payment", N_("Largest payment in cash"), Unit.MONEY, ZERO_IS_NO_LIMIT, nothing=NO_LIMIT),
            Rule("float_low", N_("A cash float is low below"), Unit.MONEY, ZERO_IS_NEVER, nothing=NEVER),
            Rule("remind_after_days", N_("A first reminder of what nobody claims, after"), Unit.DAYS, ZERO_IS_NEVER, nothing=NEVER),
            Rule("reminders_most", N_("Reminders, at most"), Unit.COUNT),
            Rule("expires_after_days", N_("What nobody claims expires after"), Unit.DAYS, N_("0 is never. It stays visible in an account of its own."), nothing=NEVER),
        ),
    ),
)  # fmt: skip
GROUPS = AT_ONCE + ABOUT_MONEY


def rules_of(groups: Groups) -> dict[str, Rule]:
    return {rule.name: rule for _, rules in groups for rule in rules}


RULES = rules_of(GROUPS)
TAPER = {"taper_2": 2, "taper_1": 1, "taper_0": 0}

REFUSALS = {
    "later_than_validity": Complaint(N_("The first day would come after the last one.")),
    "out_of_range": Complaint(N_("Please enter 1, 2 or 3.")),
    "does_not_fall": Complaint(
        N_("Each of these three shares must be at least the one before it.")
    ),
    "not_an_hour": Complaint(
        N_("Please enter an hour of the day, from 0 to %(most)s."), {"most": HOURS_OF_A_DAY}
    ),
    "leaves_no_hour": Complaint(N_("That leaves no hour at which a message may go out.")),
    "too_many_days": Complaint(
        N_("Please enter a number from 0 to %(most)s."), {"most": LONGEST_DAYS}
    ),
}
WINNERS_OUT_OF_RANGE = Complaint(
    N_("Please enter a number from 1 to %(most)s."), {"most": MOST_WINNERS}
)


@dataclass(frozen=True)
class Line:
    """A rule and what it is set to."""

    rule: Rule
    value: object
    is_placeholder: bool


def lines(
    protocol: Protocol, currency: str, groups: Groups = GROUPS
) -> list[tuple[str, list[Line]]]:
    """The table of a protocol, by group. Amounts are ``Money``; a step of the taper that is not set is None."""
    ours, values = untouched_placeholders(protocol), _values(protocol, currency)
    return [
        (
            name,
            [Line(rule, values[rule.name], _family(rule.name) in ours) for rule in rules],
        )
        for name, rules in groups
    ]


def placeholders(protocol: Protocol, currency: str) -> set[str]:
    """The fields that hold a placeholder of ours."""
    return {
        line.rule.name
        for _, group in lines(protocol, currency)
        for line in group
        if line.is_placeholder
    }


def changes(before: Protocol, after: Protocol, currency: str) -> list[tuple[Rule, object, object]]:
    """The rules that differ between two versions: what each was, and what it became."""
    old, new = _values(before, currency), _values(after, currency)
    return [(rule, old[name], new[name]) for name, rule in RULES.items() if old[name] != new[name]]


def as_typed(protocol: Protocol, currency: str, language: str) -> dict[str, str]:
    """What stands in the fields of the form to begin with."""
    mark = get_decimal_symbol(language)

    def typed(value: object) -> str:
        if isinstance(value, Money):
            return str(value.major).replace(".", mark)
        if isinstance(value, bool):
            return YES if value else ""
        return "" if value is None else str(value)

    return {name: typed(value) for name, value in _values(protocol, currency).items()}


def read_protocol(
    entered: Mapping[str, str], current: Protocol, currency: str, groups: Groups = GROUPS
) -> tuple[Protocol | None, Complaints]:
    """The rules that were entered, or what is wrong with which field. What no field of the groups holds stays as it was."""
    values: dict[str, Any] = {}
    complaints: Complaints = {}
    for name, rule in rules_of(groups).items():
        if rule.is_fixed:
            continue
        value = _read(rule, entered.get(name, "").strip(), currency)
        if isinstance(value, Complaint):
            complaints[name] = value
        else:
            values[name] = value
    if complaints:
        return None, complaints
    try:
        return Protocol.from_json(_assembled(values, current)), {}
    except BadProtocol as refusal:
        name = "taper_2" if refusal.facts["rule"] == "taper" else str(refusal.facts["rule"])
        if name == "lottery_winners":
            return None, {name: WINNERS_OUT_OF_RANGE}
        return None, {name: REFUSALS.get(str(refusal.facts["reason"]), NOT_WHOLE)}


def _read(rule: Rule, text: str, currency: str) -> int | str | Complaint | None:
    if rule.unit is Unit.YES_NO:  # a tick that is not set is not sent
        return text == YES
    if not text:
        return None if rule.name in TAPER else EMPTY
    if rule.unit is Unit.MONEY:
        try:
            return Money.parse(text, currency).minor
        except NotAnAmount:
            return NOT_AN_AMOUNT
    if rule.unit is Unit.KIND:
        return text if text in SCHEDULES else EMPTY
    if rule.unit is Unit.WORD:
        return text if len(text) <= LONGEST_WORD else TOO_LONG
    is_count = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_COUNT))
    return int(text) if is_count and int(text) <= LARGEST_COUNT else NOT_WHOLE


def _assembled(values: dict[str, Any], current: Protocol) -> dict[str, Any]:
    rules = current.to_json()
    if TAPER.keys() <= values.keys():
        rules["taper"] = [
            (values[name], size) for name, size in TAPER.items() if values[name] is not None
        ]
    for name, value in values.items():
        within = next((rules[part] for part in PARTS if name in rules[part]), rules)
        if name in within:
            within[name] = value
    return rules


def _values(protocol: Protocol, currency: str) -> dict[str, object]:
    steps = {size: share for share, size in reversed(protocol.taper)}
    known = asdict(protocol)
    for part in PARTS:
        known |= known.pop(part)
    known.update({name: steps.get(size) for name, size in TAPER.items()})
    return {
        name: Money(known[name], currency) if rule.unit is Unit.MONEY else known[name]
        for name, rule in RULES.items()
    }


def _family(name: str) -> str:
    return "taper" if name in TAPER else name
