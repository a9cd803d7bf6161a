"""What a programme means to do in the weeks to come, what may be changed, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analysis.arrays import IntArray
from analysis.errors import SampleError


@dataclass(frozen=True)
class Plan:
    """How recruitment is run from the day of the look on.

    Attributes:
        coupons: a bundle; ``None`` for as many as the last bundles held.
        seeds: new seeds each week by level, such as ``{"female": 2}``; none once the target is met.
        target: people in all to be reached; ``None`` for no target.
        taper: from which share of the target on a bundle holds how many coupons at most, in rising
            order: ``((0.8, 2), (0.9, 1), (1.0, 0))``.

    >>> plan = Plan(target=1_000, taper=((0.8, 2), (0.9, 1), (1.0, 0)))
    >>> plan.bundle(np.array([799, 800, 950, 1_000]), 3).tolist()
    [3, 2, 1, 0]
    """

    coupons: int | None = None
    seeds: Mapping[str, int] = field(default_factory=dict)
    target: int | None = None
    taper: tuple[tuple[float, int], ...] = ()

    def __post_init__(self) -> None:
        shares = [share for share, _ in self.taper]
        counts = [self.coupons or 0, self.target or 0, *self.seeds.values()]
        counts += [most for _, most in self.taper]
        if min(counts) < 0 or shares != sorted(shares) or self.target == 0:
            raise SampleError("bad_plan", "A plan has a negative count or steps out of order.")

    def bundle(self, people: IntArray, coupons: int) -> IntArray:
        """(B,) coupons in a bundle where so many people are reached; ``coupons`` below the steps.

        Args:
            people: (B,) reached so far in each replicate.

        >>> Plan(target=10, taper=((0.5, 1),)).bundle(np.array([4, 5]), 3).tolist()
        [3, 1]
        """
        bundle = np.full(len(people), coupons)
        for share, most in self.taper if self.target else ():
            bundle = np.where(
                people >= share * (self.target or 1), np.minimum(bundle, most), bundle
            )
        return bundle


@dataclass(frozen=True)
class Change:
    """What is done otherwise, from a week on.

    What a reward does to whom peers bring is an assumption of whoever asks: it is no finding of
    this programme. Heckathorn et al. (2002) saw the share of people of 18 to 25 rise by 70 % with a
    steering reward, which is odds times 2.4 where the share was 30 %.

    Attributes:
        from_week: the first week that is changed, counted from 1.
        coupons: a bundle; ``None`` for no change.
        seeds: seeds each week by level, in place of the plan's; ``None`` for no change.
        odds: by level, the factor on the odds that a recruit is of that level.
        reward: by level, what each recruit of that level costs more, in minor units.

    >>> Change(odds={"female": 2.4}, reward={"female": 100}).from_week
    1
    """

    from_week: int = 1
    coupons: int | None = None
    seeds: Mapping[str, int] | None = None
    odds: Mapping[str, float] = field(default_factory=dict)
    reward: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = [self.coupons or 0, *(self.seeds or {}).values(), *self.reward.values()]
        if min(counts) < 0 or self.from_week < 1 or any(odds < 0 for odds in self.odds.values()):
            raise SampleError("bad_plan", "A change has a negative count, or begins in the past.")


@dataclass(frozen=True)
class Costs:
    """What recruitment costs, in minor units of the programme's currency.

    Attributes:
        spent: up to the day of the look.
        weekly: each week, whoever comes, until the target is met.
        participant: for each person who comes, seeds too: her participation reward and supplies.
        recruit: for each recruit, in the mean: her recruiter's recruitment and education rewards.
        steering: for each recruit of a level, by level.

    >>> Costs(participant=750, recruit=250 + 180, steering={"female": 100}).weekly
    0
    """

    spent: int = 0
    weekly: int = 0
    participant: int = 0
    recruit: int = 0
    steering: Mapping[str, int] = field(default_factory=dict)
