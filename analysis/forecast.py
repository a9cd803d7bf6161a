"""What recruitment brings if it goes on as it does, or if something is changed: a fan, not a line.

Every figure here is a simulation from what has been seen so far. It holds as long as peers go on as
they did; it knows nothing of holidays, police, or a population that runs out.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import DateArray, FloatArray

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Interval:
    """The middle of a simulated figure, and where 80 % and 95 % of its replicates lie.

    ``None`` throughout where no replicate has the figure.

    >>> Interval.of(np.arange(101.0)).low_80
    10.0
    """

    median: float | None
    low_80: float | None
    high_80: float | None
    low_95: float | None
    high_95: float | None

    @classmethod
    def of(cls, values: FloatArray) -> "Interval":
        """Of the replicates that have a figure; nan is none."""
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(None, None, None, None, None)
        found = np.quantile(known, (0.5, 0.1, 0.9, 0.025, 0.975)).tolist()
        return cls(*found)


@dataclass(frozen=True, eq=False)
class Forecast:
    """Replicates of the weeks to come, summarised: q quantiles, w + 1 days a week apart.

    Money is in minor units of the programme's currency.

    Attributes:
        replicates: how many futures were drawn.
        days: (w + 1,) the day of the look and every seventh after it.
        quantiles: (q,) 0.05, 0.25, 0.5, 0.75, 0.95: what the rows of the fans are.
        people: (q, w + 1) people in all, at the end of that day.
        share: (q, w + 1) share of women (or of the level asked for) among them, of those whose
            level is known.
        new: (q, w + 1) people who came in the seven days up to that day; the first is nan.
        cost: (q, w + 1) spent in all, what was spent before the look included.
        target: how many people are aimed at; ``None`` where nothing is.
        met: (w + 1,) chance that the target is met by then; nan without a target.
        not_within: chance that it is not met within the horizon; ``None`` without a target.
        dies_out: chance that recruitment ends before the target (or, without one, before the end of
            the horizon): no coupon that is out will come back, and no seed is planned.
        days_to_target: days from the look, of the replicates that meet it.
        share_at_target: of the replicates that meet it.
        share_at_end: share of women at the end of the horizon.
        cost_at_target: of the replicates that meet it.
        cost_per_woman: cost at the end of the horizon, or at the target where that is met, over the
            women reached by then.
    """

    replicates: int
    days: DateArray
    quantiles: FloatArray
    people: FloatArray
    share: FloatArray
    new: FloatArray
    cost: FloatArray
    target: int | None
    met: FloatArray
    not_within: float | None
    dies_out: float
    days_to_target: Interval
    share_at_target: Interval
    share_at_end: Interval
    cost_at_target: Interval
    cost_per_woman: Interval


@dataclass(frozen=True, eq=False)
class Comparison:
    """The same futures twice, without and with a change: changed minus baseline, by replicate.

    Attributes:
        baseline: if recruitment goes on as it does.
        changed: if the change is made.
        people: more people at the end of the horizon.
        women: more women at the end of the horizon.
        share: higher share of women at the end of the horizon, as a difference of shares.
        cost: more spent by the end of the horizon, in minor units.
        days_to_target: later, in days, of the replicates that meet the target both ways.
        better: chance that the changed share of women is the higher one.
    """

    baseline: Forecast
    changed: Forecast
    people: Interval
    women: Interval
    share: Interval
    cost: Interval
    days_to_target: Interval
    better: float
