"""What a programme's rules mean for the weeks to come: how it recruits, and what each recruit costs."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.forecasting.plan import Costs, Plan
from app.domain.participants.rules import Sex
from app.domain.programmes.rules import Protocol, StipendSchedule
from app.domain.stipends.rules import Incentive, Recruit, rewards

# Whose age is not known earns nothing for being young.
YOUNG, NOT_YOUNG = 20, 30


@dataclass(frozen=True)
class Seen:
    """What a programme has seen of its recruits, for what the next will cost.

    ``young`` and ``people`` are recruits by sex: those under 25, and all; ``scores`` how many people gave so many right
    answers.
    """

    people: Mapping[str, int]
    young: Mapping[str, int]
    scores: Mapping[int, int]


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
    taught = sum(
        people * _rewards(schedule, correct=correct)[Incentive.EDUCATION]
        for correct, people in scores.items()
    )
    plain = _rewards(schedule)
    return Costs(
        spent=spent,
        participant=plain[Incentive.PRIMARY],
        recruit=plain[Incentive.RECRUITMENT] + round(taught / tested),
        steering={sex: _steering(schedule, sex, seen) for sex in seen.people},
    )


def _steering(schedule: StipendSchedule, sex: str, seen: Seen) -> int:
    """For a recruit of one sex, in the mean of the ages so far."""
    everyone, young = seen.people[sex], seen.young.get(sex, 0)
    is_woman = sex == Sex.FEMALE.value
    of_young = _rewards(schedule, is_woman=is_woman, age=YOUNG)[Incentive.STEERING]
    of_others = _rewards(schedule, is_woman=is_woman)[Incentive.STEERING]
    return round((young * of_young + (everyone - young) * of_others) / max(everyone, 1))


def _rewards(
    schedule: StipendSchedule, *, is_woman: bool = False, age: int = NOT_YOUNG, correct: int = 0
) -> dict[Incentive, int]:
    return rewards(schedule, Recruit(is_woman, age, correct))
