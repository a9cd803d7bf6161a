"""Who is owed what: pure functions over the protocol's schedule, one line each in the table.

To add a schedule: write a function, give it a line in ``SCHEDULES``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.programmes.rules import StipendSchedule


class Incentive(StrEnum):
    PRIMARY = "primary"
    RECRUITMENT = "recruitment"
    EDUCATION = "education"
    STEERING = "steering"
    LOTTERY = "lottery"


class Method(StrEnum):
    """How money reaches a participant."""

    CASH = "cash"
    MOBILE_MONEY = "mobile_money"
    AIRTIME = "airtime"
    VOUCHER = "voucher"


class Account(StrEnum):
    """The books of a site. ``held`` is earned only if the recruit completes her visit; ``payable`` is owed.

    ``clearing`` is money on its way that nobody has confirmed yet, ``bank`` the programme's bank and mobile money.
    ``between_sites`` is what one site has paid for another: over all sites it is nothing. ``unclaimed`` was owed until
    the protocol's time to claim it was over. ``cash_loss`` is money that a desk without a network handed out and that
    turned out not to be owed, ``cash_variance`` what a count found too much or too little.
    """

    FUNDING = "funding"
    CASH_FLOAT = "cash_float"
    BANK = "bank"
    CLEARING = "clearing"
    BETWEEN_SITES = "between_sites"
    STIPENDS_HELD = "stipends_held"
    STIPENDS_PAYABLE = "stipends_payable"
    STIPENDS_UNCLAIMED = "stipends_unclaimed"
    EXPENSE_PRIMARY = "expense_primary"
    EXPENSE_RECRUITMENT = "expense_recruitment"
    EXPENSE_EDUCATION = "expense_education"
    EXPENSE_STEERING = "expense_steering"
    EXPENSE_LOTTERY = "expense_lottery"
    CASH_VARIANCE = "cash_variance"
    WRITE_OFF = "write_off"
    CASH_LOSS = "cash_loss"


class RewardState(StrEnum):
    """How what a recruit's coming earned her recruiter stands."""

    NONE = "none"
    HELD = "held"
    OWED = "owed"
    PAID = "paid"


EXPENSE: Mapping[Incentive, Account] = {
    Incentive.PRIMARY: Account.EXPENSE_PRIMARY,
    Incentive.RECRUITMENT: Account.EXPENSE_RECRUITMENT,
    Incentive.EDUCATION: Account.EXPENSE_EDUCATION,
    Incentive.STEERING: Account.EXPENSE_STEERING,
    Incentive.LOTTERY: Account.EXPENSE_LOTTERY,
}


@dataclass(frozen=True)
class Recruit:
    """What a reward may depend on. Never a health status, never whether a test was taken."""

    is_woman: bool
    age: int | None
    correct_answers: int


Rewards = dict[Incentive, int]


def standard(schedule: StipendSchedule, recruit: Recruit) -> Rewards:
    """A fee for the recruit; for her recruiter a reward, one for each right answer, one for steering.

    >>> most = standard(StipendSchedule(), Recruit(is_woman=True, age=22, correct_answers=8))
    >>> sum(most.values()) - most[Incentive.PRIMARY]
    590
    """
    return {
        Incentive.PRIMARY: schedule.primary,
        Incentive.RECRUITMENT: schedule.recruitment,
        Incentive.EDUCATION: education(schedule, recruit),
        Incentive.STEERING: steering(schedule, recruit),
    }


def simplified(schedule: StipendSchedule, recruit: Recruit) -> Rewards:
    """No reward for bringing someone, a higher one for what she learnt.

    >>> from app.domain.programmes.rules import SIMPLIFIED
    >>> simplified(SIMPLIFIED, Recruit(True, 30, 8))[Incentive.EDUCATION]
    480
    """
    return {
        Incentive.PRIMARY: schedule.primary,
        Incentive.RECRUITMENT: 0,
        Incentive.EDUCATION: education(schedule, recruit),
        Incentive.STEERING: 0,
    }


SCHEDULES: Mapping[str, Callable[[StipendSchedule, Recruit], Rewards]] = {
    "standard": standard,
    "simplified": simplified,
}


def education(schedule: StipendSchedule, recruit: Recruit) -> int:
    return min(recruit.correct_answers * schedule.education_per_answer, schedule.education_most)


def steering(schedule: StipendSchedule, recruit: Recruit) -> int:
    woman = schedule.steering_woman if recruit.is_woman else 0
    young = schedule.steering_under_25 if recruit.age is not None and recruit.age < 25 else 0
    return min(woman + young, schedule.steering_most)


def held_at_redemption(schedule: StipendSchedule) -> int:
    """The part of the recruiter's reward that is known before her recruit's visit: it waits for the rest of it."""
    return schedule.recruitment if schedule.kind == "standard" else 0


def rewards(schedule: StipendSchedule, recruit: Recruit) -> Rewards:
    """What a completed visit earns under a schedule."""
    return SCHEDULES[schedule.kind](schedule, recruit)
