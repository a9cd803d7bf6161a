"""Who is owed what: pure functions over the protocol's schedule, one line each in the table.

To add a schedule: write a function, give it a line in ``SCHEDULES``.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.codes import check_digit
from app.domain.programmes.rules import StipendSchedule

RECEIPT_LENGTH = 10


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


class ClaimedWith(StrEnum):
    """How whoever paid knew that it was hers: she was here for her visit, said her code, showed her card; or a batch."""

    VISIT = "visit"
    CODE = "code"
    CARD = "card"
    BATCH = "batch"


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


class AccrualState(StrEnum):
    """Where the money of an accrual is. *Corrected* is what someone reversed by hand; *given up* was written off."""

    OPEN = "open"
    ON_ITS_WAY = "on_its_way"
    PAID = "paid"
    EXPIRED = "expired"
    GIVEN_UP = "given_up"
    CORRECTED = "corrected"


# Where no entry takes it back.
HANDED_OVER = frozenset({AccrualState.ON_ITS_WAY, AccrualState.PAID, AccrualState.GIVEN_UP})


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
    is_first_time: bool = False


Rewards = dict[Incentive, int]


def new_receipt() -> str:
    """Draw the number of a payment: nine random digits, so that it tells neither order nor amount, and a check digit."""
    body = f"{secrets.randbelow(10 ** (RECEIPT_LENGTH - 1)):0{RECEIPT_LENGTH - 1}}"
    return body + check_digit(body)


def is_receipt(digits: str) -> bool:
    """Tell whether these can be a payment's number; a slip of the finger is told without looking anything up.

    >>> is_receipt("0000005724"), is_receipt("0000005742")
    (True, False)
    """
    plain = len(digits) == RECEIPT_LENGTH and digits.isascii() and digits.isdigit()
    return plain and check_digit(digits) == "0"


def receipt_text(number: str) -> str:
    """As it is printed and said.

    >>> receipt_text("0000005724")
    '000 000 5724'
    """
    return f"{number[:3]} {number[3:6]} {number[6:]}"


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


def lottery(schedule: StipendSchedule, recruit: Recruit) -> Rewards:
    """The fee, and for her recruiter ``tickets`` in place of money.

    >>> from app.domain.programmes.rules import LOTTERY
    >>> sum(lottery(LOTTERY, Recruit(True, 30, 8)).values())
    750
    """
    return {
        Incentive.PRIMARY: schedule.primary,
        Incentive.RECRUITMENT: 0,
        Incentive.EDUCATION: 0,
        Incentive.STEERING: 0,
    }


SCHEDULES: Mapping[str, Callable[[StipendSchedule, Recruit], Rewards]] = {
    "standard": standard,
    "simplified": simplified,
    "lottery": lottery,
}

# Whom a programme may want to reach most: the amount of the schedule, and who it is for.
STEERED: Mapping[str, Callable[[Recruit], bool]] = {
    "steering_woman": lambda recruit: recruit.is_woman,
    "steering_under_25": lambda recruit: recruit.age is not None and recruit.age < 25,
    "steering_first_time": lambda recruit: recruit.is_first_time,
}
# What a cap leaves out first.
LEFT_OUT_FIRST = (Incentive.STEERING, Incentive.EDUCATION, Incentive.RECRUITMENT)


def education(schedule: StipendSchedule, recruit: Recruit) -> int:
    return min(recruit.correct_answers * schedule.education_per_answer, schedule.education_most)


def steering(schedule: StipendSchedule, recruit: Recruit) -> int:
    earned: int = sum(getattr(schedule, name) for name, is_it in STEERED.items() if is_it(recruit))
    return min(earned, schedule.steering_most)


def tickets(schedule: StipendSchedule, recruit: Recruit) -> int:
    """How many tickets of the week's draw a completed visit earns her recruiter: one for each right answer."""
    return recruit.correct_answers if schedule.kind == "lottery" else 0


def has_caps(schedule: StipendSchedule) -> bool:
    return bool(schedule.most_per_recruit or schedule.most_per_bundle or schedule.most_per_day)


def room(schedule: StipendSchedule, *, in_bundle: int, on_day: int) -> int | None:
    """How much a recruiter can still earn for one more recruit, after what she has earned; None without a cap.

    >>> room(StipendSchedule(most_per_recruit=500, most_per_bundle=900), in_bundle=590, on_day=590)
    310
    """
    caps = (
        (schedule.most_per_recruit, 0),
        (schedule.most_per_bundle, in_bundle),
        (schedule.most_per_day, on_day),
    )
    left = [most - earned for most, earned in caps if most]
    return max(0, min(left)) if left else None


def capped(rewards: Rewards, room: int | None) -> Rewards:
    """What fits into the room: steering is left out first, then teaching, then the recruit's coming. A fee always fits.

    >>> most = standard(StipendSchedule(), Recruit(is_woman=True, age=22, correct_answers=8))
    >>> capped(most, 300) == most | {Incentive.EDUCATION: 50, Incentive.STEERING: 0}
    True
    """
    left = dict(rewards)
    if room is None:
        return left
    over = max(0, sum(rewards[each] for each in LEFT_OUT_FIRST) - room)
    for each in LEFT_OUT_FIRST:
        out = min(over, left[each])
        left[each] -= out
        over -= out
    return left


def rewards_of_bundle(
    schedule: StipendSchedule, recruits: Sequence[Recruit], *, on_one_day: bool
) -> list[Rewards]:
    """What each of a recruiter's recruits earns, in the order in which their visits are completed, within all caps.

    >>> best = Recruit(is_woman=True, age=22, correct_answers=8)
    >>> capped_at = StipendSchedule(most_per_day=1000)
    >>> [recruiters(each) for each in rewards_of_bundle(capped_at, [best] * 3, on_one_day=True)]
    [590, 410, 0]
    """
    found: list[Rewards] = []
    for recruit in recruits:
        so_far = sum(map(recruiters, found))
        left = room(schedule, in_bundle=so_far, on_day=so_far if on_one_day else 0)
        found.append(capped(rewards(schedule, recruit), left))
    return found


def recruiters(rewards: Rewards) -> int:
    """The part of a visit's rewards that is the recruiter's."""
    return sum(rewards[each] for each in LEFT_OUT_FIRST)


def held_at_redemption(schedule: StipendSchedule) -> int:
    """The part of the recruiter's reward that is known before her recruit's visit: it waits for the rest of it."""
    return schedule.recruitment if schedule.kind == "standard" else 0


def rewards(schedule: StipendSchedule, recruit: Recruit) -> Rewards:
    """What a completed visit earns under a schedule."""
    return SCHEDULES[schedule.kind](schedule, recruit)
