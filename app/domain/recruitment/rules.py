"""What a programme's rules mean for the weeks to come: how it recruits, and what each recruit costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from analysis.forecasting.plan import Costs, Plan
from app.domain.participants.rules import Sex
from app.domain.programmes.rules import Protocol, StipendSchedule
from app.domain.stipends.rules import (
    LEFT_OUT_FIRST,
    Incentive,
    Recruit,
    Rewards,
    capped,
    recruiters,
    rewards,
    room,
    tickets,
)

# Whose age is not known earns nothing for being young.
YOUNG, NOT_YOUNG = 20, 30
DAYS_AHEAD = 28
# Below so many, or with fewer than so many on either side, shares would tell of single people.
FEWEST_RECRUITS, FEWEST_OF_A_KIND = 20, 5
STEPS_OF_A_SHARE, STEPS_OF_A_SCORE = 20, 2


@dataclass(frozen=True)
class Seen:
    """What a programme has seen of its recruits, for what the next will cost.

    ``young`` and ``people`` are recruits by sex: those under 25, and all; ``new`` those reached for the first time.
    ``scores`` how many people gave so many right answers.
    """

    people: Mapping[str, int]
    young: Mapping[str, int]
    scores: Mapping[int, int]
    new: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Mix:
    """Who the recruits to come are taken to be: shares in twentieths, and right answers in halves.

    They are as coarse so that what is computed from them tells no more than that of the people behind them; each
    share is taken to be the same among the others. ``guessed`` names what rests on no recruits of the programme.
    """

    women: float = 0.3
    under_25: float = 0.2
    first_time: float = 0.5
    correct: float = 6.0
    guessed: frozenset[str] = frozenset({"women", "under_25", "first_time", "correct"})


@dataclass(frozen=True)
class Expected:
    """What a schedule is expected to cost: for the mean recruit, by what it is earned for, and for a week's prizes."""

    of_recruit: Mapping[Incentive, float]
    of_week: int
    tickets: float

    @property
    def each(self) -> float:
        return sum(self.of_recruit.values())

    def cost(self, *, recruits: int, weeks: float) -> int:
        return round(self.each * recruits + self.of_week * weeks)


def plan_of(protocol: Protocol, *, target: int | None, seeds: Mapping[str, int]) -> Plan:
    """Recruitment as the protocol has it, with so many new seeds a week.

    >>> plan_of(Protocol(), target=100, seeds={}).taper
    ((0.8, 2), (0.9, 1), (1.0, 0))
    """
    taper = tuple((share / 100, most) for share, most in protocol.taper)
    return Plan(coupons=protocol.coupons_per_bundle, seeds=seeds, target=target, taper=taper)


def costs_of(protocol: Protocol, seen: Seen, *, spent: int) -> Costs:
    """What the next participant and recruit cost in the mean, in minor units, if they are as those before.

    Teaching is paid as the scores so far would be, and at its most while there are none.

    >>> costs_of(Protocol(), Seen({"female": 2}, {"female": 1}, {4: 1, 8: 1}), spent=9)
    Costs(spent=9, weekly=0, participant=750, recruit=430, steering={'female': 100})
    """
    schedule = protocol.stipends
    scores = seen.scores or {protocol.knowledge_items: 1}
    tested = sum(scores.values())

    def mean(recruit: Recruit) -> float:
        """Over the scores, of what her recruiter earns for such a recruit."""
        return (
            sum(
                people
                * recruiters(_within_a_recruit(schedule, replace(recruit, correct_answers=n)))
                for n, people in scores.items()
            )
            / tested
        )

    plain = Recruit(is_woman=False, age=NOT_YOUNG, correct_answers=0)
    base = mean(plain)
    return Costs(
        spent=spent,
        weekly=of_week(schedule),
        participant=rewards(schedule, plain)[Incentive.PRIMARY],
        recruit=round(base),
        steering={sex: round(_mean_of(sex, seen, mean) - base) for sex in seen.people},
    )


def expected(schedule: StipendSchedule, mix: Mix) -> Expected:
    """What the mean recruit is expected to cost under a schedule. Caps are reckoned for her alone.

    >>> nobody = Mix(women=0, under_25=0, first_time=0, correct=6)
    >>> expected(StipendSchedule(), nobody).each
    1180.0
    """
    found = dict.fromkeys((Incentive.PRIMARY, *LEFT_OUT_FIRST), 0.0)
    low = int(mix.correct)
    answers = {low: 1 - (mix.correct - low), low + 1: mix.correct - low}
    for woman, young, new, correct in product((True, False), (True, False), (True, False), answers):
        weight = (
            _share(mix.women, woman)
            * _share(mix.under_25, young)
            * _share(mix.first_time, new)
            * answers[correct]
        )
        recruit = Recruit(woman, YOUNG if young else NOT_YOUNG, correct, new)
        for incentive, minor in _within_a_recruit(schedule, recruit).items():
            found[incentive] += weight * minor
    plain = Recruit(is_woman=False, age=None, correct_answers=1)
    return Expected(found, of_week(schedule), mix.correct * tickets(schedule, plain))


def of_week(schedule: StipendSchedule) -> int:
    """What a week costs whoever comes: the prizes of a draw."""
    return schedule.lottery_winners * schedule.lottery_prize if schedule.kind == "lottery" else 0


def mix_of(
    *, recruits: int, women: int, under_25: int, first_time: int, correct: Mapping[int, int]
) -> Mix:
    """How a programme's recruits were, as coarsely as it may be told; what may not be told stays a guess.

    >>> mix_of(recruits=100, women=33, under_25=2, first_time=60, correct={8: 10, 5: 10}).guessed
    frozenset({'under_25'})
    >>> mix_of(recruits=100, women=33, under_25=2, first_time=60, correct={8: 10, 5: 10}).women
    0.35
    """
    usual = Mix()
    counts = {"women": women, "under_25": under_25, "first_time": first_time}
    told = {
        name: round(STEPS_OF_A_SHARE * count / recruits) / STEPS_OF_A_SHARE
        for name, count in counts.items()
        if recruits >= FEWEST_RECRUITS and min(count, recruits - count) >= FEWEST_OF_A_KIND
    }
    tested = sum(correct.values())
    if tested >= FEWEST_RECRUITS:
        mean = sum(answers * people for answers, people in correct.items()) / tested
        told["correct"] = round(mean * STEPS_OF_A_SCORE) / STEPS_OF_A_SCORE
    return replace(usual, **told, guessed=usual.guessed - set(told))


def _within_a_recruit(schedule: StipendSchedule, recruit: Recruit) -> Rewards:
    """What the first recruit of a bundle earns: no cap is used up yet."""
    return capped(rewards(schedule, recruit), room(schedule, in_bundle=0, on_day=0))


def _mean_of(sex: str, seen: Seen, mean: Callable[[Recruit], float]) -> float:
    """For a recruit of one sex, over the ages and the first visits so far."""
    everyone = max(seen.people[sex], 1)
    young, new = seen.young.get(sex, 0) / everyone, seen.new.get(sex, 0) / everyone
    return sum(
        _share(young, is_young)
        * _share(new, is_new)
        * mean(Recruit(sex == Sex.FEMALE.value, YOUNG if is_young else NOT_YOUNG, 0, is_new))
        for is_young, is_new in product((True, False), (True, False))
    )


def _share(share: float, is_it: bool) -> float:
    return share if is_it else 1 - share
