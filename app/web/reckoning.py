"""What a schedule comes to: a worked example of one recruiter, and what it will cost, beside the rules in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from app.core.i18n import N_
from app.core.money import Money
from app.domain.programmes.rules import LARGEST_BUNDLE, StipendSchedule
from app.domain.recruitment.queries import Outlook
from app.domain.recruitment.rules import Expected, expected
from app.domain.stipends.rules import (
    Incentive,
    Recruit,
    Rewards,
    recruiters,
    rewards,
    rewards_of_bundle,
    tickets,
)

OLDEST = 99
WEEKS_AHEAD = 4
# Where nobody came in the last four weeks.
GUESSED_PACE = 20
YES = "yes"
WOMAN, MAN = "woman", "man"
USUAL = (
    Recruit(is_woman=True, age=22, correct_answers=8, is_first_time=True),
    Recruit(is_woman=True, age=31, correct_answers=6),
    Recruit(is_woman=False, age=28, correct_answers=5, is_first_time=True),
)
EARNED_FOR: Mapping[Incentive, str] = {
    Incentive.PRIMARY: N_("Taking part"),
    Incentive.RECRUITMENT: N_("Bringing someone"),
    Incentive.EDUCATION: N_("Teaching"),
    Incentive.STEERING: N_("Who is reached"),
    Incentive.LOTTERY: N_("Prizes"),
}


@dataclass(frozen=True)
class Line:
    """What one recruit of the example earns her recruiter, and whether a cap left something out."""

    recruit: Recruit
    earned: Mapping[Incentive, Money]
    total: Money
    before: Money
    is_capped: bool
    tickets: int


@dataclass(frozen=True)
class Example:
    """A recruiter with her recruits, under a schedule; ``before`` is the same under the rules in force."""

    lines: tuple[Line, ...]
    fee: Money
    total: Money
    before: Money
    tickets: int


@dataclass(frozen=True)
class Ahead:
    """What so many recruits in so many weeks would cost."""

    recruits: int
    weeks: float
    before: Money
    after: Money

    @property
    def difference(self) -> Money:
        return self.after + -self.before


@dataclass(frozen=True)
class Projection:
    """The cost of the mean recruit by what it is for, prizes shared among a week's recruits; and of the time ahead."""

    outlook: Outlook
    pace: float
    parts: Mapping[Incentive, tuple[Money, Money]]
    before: Money
    after: Money
    month: Ahead
    target: Ahead | None
    tickets: float


def recruits_entered(entered: Mapping[str, str], items: int) -> list[Recruit]:
    """The recruits of the example's form; where something cannot be read, the usual ones."""
    if "recruit_1_sex" not in entered:
        return list(USUAL)
    found = []
    for number, usual in enumerate(USUAL, start=1):
        age = _count(entered.get(f"recruit_{number}_age", ""), OLDEST)
        correct = _count(entered.get(f"recruit_{number}_answers", ""), items)
        found.append(
            Recruit(
                is_woman=entered.get(f"recruit_{number}_sex") == WOMAN,
                age=age,
                correct_answers=usual.correct_answers if correct is None else correct,
                is_first_time=entered.get(f"recruit_{number}_new") == YES,
            )
        )
    return found


def on_one_day(entered: Mapping[str, str]) -> bool:
    return "recruit_1_sex" not in entered or entered.get("one_day") == YES


def example(
    schedule: StipendSchedule,
    before: StipendSchedule,
    recruits: Sequence[Recruit],
    *,
    together: bool,
    currency: str,
) -> Example:
    """What each recruit earns, in the order in which they come.

    >>> best = [Recruit(is_woman=True, age=22, correct_answers=8)] * 3
    >>> usual = StipendSchedule()
    >>> example(usual, usual, best, together=True, currency="UAH").total
    Money(minor=1770, currency='UAH')
    """

    def money(minor: int) -> Money:
        return Money(minor, currency)

    earned = rewards_of_bundle(schedule, recruits[:LARGEST_BUNDLE], on_one_day=together)
    earlier = rewards_of_bundle(before, recruits[:LARGEST_BUNDLE], on_one_day=together)
    lines = tuple(
        Line(
            recruit=recruit,
            earned={each: money(minor) for each, minor in now.items()},
            total=money(recruiters(now)),
            before=money(recruiters(old)),
            is_capped=_left_out(schedule, recruit, now),
            tickets=tickets(schedule, recruit),
        )
        for recruit, now, old in zip(recruits, earned, earlier, strict=True)
    )
    return Example(
        lines,
        money(schedule.primary),
        money(sum(line.total.minor for line in lines)),
        money(sum(line.before.minor for line in lines)),
        sum(line.tickets for line in lines),
    )


def projection(
    schedule: StipendSchedule, before: StipendSchedule, outlook: Outlook, *, currency: str
) -> Projection:
    """What the mean recruit, the next four weeks and the way to the target would cost."""
    recruits = outlook.recent or GUESSED_PACE
    pace = recruits / WEEKS_AHEAD
    old, new = expected(before, outlook.mix), expected(schedule, outlook.mix)

    def money(minor: float) -> Money:
        return Money(round(minor), currency)

    def ahead(recruits: int, weeks: float) -> Ahead:
        return Ahead(
            recruits,
            weeks,
            money(old.cost(recruits=recruits, weeks=weeks)),
            money(new.cost(recruits=recruits, weeks=weeks)),
        )

    parts = {
        each: (money(_part(old, each, pace)), money(_part(new, each, pace))) for each in EARNED_FOR
    }
    wanted = outlook.to_target
    return Projection(
        outlook,
        pace,
        parts,
        money(old.each + old.of_week / pace),
        money(new.each + new.of_week / pace),
        ahead(recruits, WEEKS_AHEAD),
        ahead(wanted, ceil(wanted / pace)) if wanted else None,
        new.tickets * pace,
    )


def _part(of: Expected, incentive: Incentive, pace: float) -> float:
    if incentive is Incentive.LOTTERY:
        return of.of_week / pace
    return of.of_recruit[incentive]


def _left_out(schedule: StipendSchedule, recruit: Recruit, earned: Rewards) -> bool:
    return recruiters(earned) < recruiters(rewards(schedule, recruit))


def _count(text: str, most: int) -> int | None:
    is_count = text.isascii() and text.isdigit() and len(text) <= 3
    return int(text) if is_count and int(text) <= most else None
