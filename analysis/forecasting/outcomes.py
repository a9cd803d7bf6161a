"""Drawn futures of a programme counted out: people, shares, costs, and when the target is met."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.forecasting.futures import Futures, by_level
from analysis.forecasting.momentum import UNKNOWN
from analysis.forecasting.plan import Change, Costs, Plan
from analysis.forecasting.rates import WEEK


@dataclass(frozen=True, eq=False)
class Outcomes:
    """B futures at the look and the end of each of w weeks; money in minor units.

    Attributes:
        people: (B, w + 1) in all.
        of_level: (B, w + 1) of the level that is followed, such as women.
        share: (B, w + 1) ``of_level`` over those whose level is known; nan where there are none.
        cost: (B, w + 1) spent in all.
        met_in: (B,) the week by whose end the target is met, -1 for none.
        days_to_target: (B,) from the look, on a straight line within the week; nan for never.
        ended: (B,) the target is not met, no seed is planned, and no coupon out will come back.

    >>> futures = Futures(("f",), people=np.array([[[1], [1]]]), seeds=np.array([[[0], [0]]]),
    ...     coming=np.array([0]))
    >>> outcomes(futures, Plan(), Costs(), of="f").ended.tolist()
    [True]
    """

    people: IntArray
    of_level: IntArray
    share: FloatArray
    cost: FloatArray
    met_in: IntArray
    days_to_target: FloatArray
    ended: BoolArray


def outcomes(
    futures: Futures, plan: Plan, costs: Costs, change: Change | None = None, *, of: str
) -> Outcomes:
    """Count futures out for one level.

    Cost is what was spent, weekly costs until the target is met, and the sums for each person who
    comes, each recruit, and each recruit of a level.

    Raises:
        SampleError: ``unknown_level``.

    Source: our definition.

    >>> futures = Futures(("f", "m"), people=np.array([[[1, 1], [2, 4]]]),
    ...     seeds=np.array([[[0, 0], [0, 1]]]), coming=np.array([0]))
    >>> found = outcomes(futures, Plan(target=4), Costs(participant=10, recruit=1), of="f")
    >>> found.cost.tolist(), found.share.round(3).tolist(), found.days_to_target.tolist()
    ([[0.0, 43.0]], [[0.5, 0.333]], [3.5])
    """
    followed = by_level(futures.levels, {of: 1}, otherwise=0.0) > 0
    known = np.array([level != UNKNOWN for level in futures.levels])
    people = futures.people.sum(axis=2)
    of_level = futures.people[..., followed].sum(axis=2)
    of_known = futures.people[..., known].sum(axis=2)
    reached = np.zeros(people.shape, bool) if plan.target is None else people >= plan.target
    met_in = np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
    seeds = change.seeds if change and change.seeds is not None else plan.seeds
    return Outcomes(
        people=people,
        of_level=of_level,
        share=np.where(of_known > 0, of_level / np.maximum(of_known, 1), np.nan),
        cost=_cost(futures, costs, change, met_in),
        met_in=met_in,
        days_to_target=_days(people, plan.target, met_in),
        ended=(futures.coming == 0) & (met_in < 0) & (not any(seeds.values())),
    )


def _cost(futures: Futures, costs: Costs, change: Change | None, met_in: IntArray) -> FloatArray:
    came = futures.people - futures.people[:, :1]
    recruits = came - futures.seeds
    week = np.arange(came.shape[1])
    working = np.where(met_in[:, np.newaxis] < 0, week, np.minimum(week, met_in[:, np.newaxis]))
    steering = recruits @ by_level(futures.levels, costs.steering, otherwise=0.0)
    total = costs.spent + costs.weekly * working + costs.participant * came.sum(axis=2)
    total = total + costs.recruit * recruits.sum(axis=2) + steering
    if change is not None:
        before = recruits[:, [min(change.from_week, len(week)) - 1]]
        since = np.where(week[:, np.newaxis] >= change.from_week, recruits - before, 0)
        total = total + since @ by_level(futures.levels, change.reward, otherwise=0.0)
    return np.asarray(total, dtype=np.float64)


def _days(people: IntArray, target: int | None, met_in: IntArray) -> FloatArray:
    row = np.arange(len(people))
    after, before = people[row, met_in], people[row, np.maximum(met_in - 1, 0)]
    part = ((target or 0) - before) / np.maximum(after - before, 1)
    days = WEEK * np.maximum(met_in - 1 + part, 0.0)
    return np.where(met_in < 0, np.nan, np.where(met_in == 0, 0.0, days))
