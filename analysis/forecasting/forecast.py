"""What recruitment brings if it goes on as it does, or if something is changed: a fan, not a line.

Every figure here is a simulation from what has been seen so far. It holds as long as peers go on as
they did; it knows nothing of holidays, police, or a population that runs out.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import DateArray, FloatArray, IntArray
from analysis.errors import SampleError
from analysis.forecasting.futures import draw_futures
from analysis.forecasting.momentum import Momentum
from analysis.forecasting.outcomes import Outcomes, outcomes
from analysis.forecasting.plan import Change, Costs, Plan
from analysis.forecasting.rates import WEEK, draw_rates

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Interval:
    """The middle of a simulated figure, and where 90 % and 95 % of its replicates lie.

    ``None`` throughout where no replicate has the figure.

    >>> Interval.of(np.arange(101.0)).low_90
    5.0
    """

    median: float | None
    low_90: float | None
    high_90: float | None
    low_95: float | None
    high_95: float | None

    @classmethod
    def of(cls, values: FloatArray) -> "Interval":
        """Of the replicates that have a figure; nan is none.

        Args:
            values: (B,) one for each replicate.

        >>> Interval.of(np.array([1.0, 3.0, np.nan])).median
        2.0
        """
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(None, None, None, None, None)
        found = np.quantile(known, (0.5, 0.05, 0.95, 0.025, 0.975)).tolist()
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

    >>> now = Momentum(np.datetime64("2026-04-01"), ("f",), np.array([10]), 2, issued=np.array([[0,
    ...     20]]), live=np.array([[0, 0]]), redeemed=np.array([20]), enrolled=20, alike=0.0,
    ...     delay=np.array([0, 1.0]), redemptions=9, mix=np.array([[20]]), given=np.array([10]))
    >>> found = forecast(now, Plan(target=12), Costs(), of="f", weeks=1)
    >>> found.people[2].tolist(), found.days.astype(str).tolist(), found.dies_out
    ([10.0, 10.0], ['2026-04-01', '2026-04-08'], 1.0)
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

    >>> now = Momentum(np.datetime64("2026-04-01"), ("f",), np.array([10]), 2, issued=np.array([[0,
    ...     20]]), live=np.array([[0, 0]]), redeemed=np.array([20]), enrolled=20, alike=0.0,
    ...     delay=np.array([0, 1.0]), redemptions=9, mix=np.array([[20]]), given=np.array([10]))
    >>> plan, change = Plan(coupons=0), Change(seeds={"f": 3})
    >>> compare(now, plan, change, Costs(participant=5), of="f", weeks=2).cost.median
    30.0
    """

    baseline: Forecast
    changed: Forecast
    people: Interval
    women: Interval
    share: Interval
    cost: Interval
    days_to_target: Interval
    better: float


@dataclass(frozen=True)
class _Asked:
    of: str
    weeks: int
    replicates: int
    seed: int
    certain: bool


def forecast(
    now: Momentum,
    plan: Plan,
    costs: Costs,
    *,
    of: str,
    change: Change | None = None,
    weeks: int = 52,
    replicates: int = 2_000,
    seed: int = 0,
    certain: bool = False,
) -> Forecast:
    """Draw the weeks to come and summarise them.

    Coupons now out come back given how old they are; whoever comes gets a bundle as the plan and
    its taper say, and brings people after the delays seen. The rates are drawn anew for each
    future from what has been seen, so that what is not known yet widens the fan.

    The day of the target is read off a straight line within its week. Shares and costs at the
    target are those at the end of that week.

    Args:
        now: where the programme stands.
        of: the level whose share is followed, such as ``female``.
        change: what is done otherwise from a week on.
        weeks: the horizon.
        replicates: how many futures.
        certain: let rates be known, so that the fan shows chance alone.

    Raises:
        SampleError: ``unknown_level``, or ``bad_plan`` for a horizon or replicates below 1.

    Source: branching process with several types and delays, Jagers (1975), "Branching Processes
    with Biological Applications"; rates: see ``draw_rates``.

    >>> now = Momentum(np.datetime64("2026-04-01"), ("f", "m"), np.array([10, 30]), 1,
    ...     issued=np.array([[0, 0, 10], [0, 0, 30]]), live=np.array([[0, 0, 0], [8, 0, 0]]),
    ...     redeemed=np.array([10, 30]), enrolled=40, alike=0.0, delay=np.array([0, 0, 1.0]),
    ...     redemptions=40, mix=np.array([[10, 0], [0, 30]]), given=np.array([10, 30]))
    >>> found = forecast(now, Plan(target=48, taper=((0.5, 0),)), Costs(participant=5), of="f",
    ...     weeks=1, certain=True)
    >>> found.people.tolist()[0], found.share[0].round(3).tolist(), found.cost[0].tolist()
    ([40.0, 48.0], [0.25, 0.208], [0.0, 40.0])
    >>> found.met.tolist(), found.days_to_target.median, found.dies_out
    ([0.0, 1.0], 7.0, 0.0)
    """
    asked = _Asked(of, weeks, replicates, seed, certain)
    return _summary(now, plan, _draw(now, plan, costs, asked, change))


def compare(
    now: Momentum,
    plan: Plan,
    change: Change,
    costs: Costs,
    *,
    of: str,
    weeks: int = 52,
    replicates: int = 2_000,
    seed: int = 0,
    certain: bool = False,
) -> Comparison:
    """What if: the plan without and with a change, on the same rates and random numbers.

    Differences are taken future by future, so what both have in common does not blur them. They
    rest on the change having the effect that is put in; see ``Change``.

    Args:
        of, weeks, replicates, seed, certain: as in ``forecast``.

    Source: common random numbers, Law, "Simulation Modeling and Analysis".

    >>> now = Momentum(np.datetime64("2026-04-01"), ("f", "m"), np.array([10, 30]), 1,
    ...     issued=np.array([[0, 0, 10], [0, 0, 30]]), live=np.array([[0, 0, 0], [8, 0, 0]]),
    ...     redeemed=np.array([10, 30]), enrolled=40, alike=0.0, delay=np.array([0, 0, 1.0]),
    ...     redemptions=40, mix=np.array([[10, 0], [0, 30]]), given=np.array([10, 30]))
    >>> found = compare(now, Plan(), Change(coupons=0), Costs(), of="f", weeks=1, certain=True)
    >>> found.changed.people[0].tolist(), found.women.median, found.people.median < 0
    ([40.0, 48.0], 0.0, True)
    """
    asked = _Asked(of, weeks, replicates, seed, certain)
    without = _draw(now, plan, costs, asked, None)
    changed = _draw(now, plan, costs, asked, change)

    def more(values: FloatArray | IntArray, than: FloatArray | IntArray) -> Interval:
        return Interval.of((values - than).astype(np.float64))

    return Comparison(
        baseline=_summary(now, plan, without),
        changed=_summary(now, plan, changed),
        people=more(changed.people[:, -1], without.people[:, -1]),
        women=more(changed.of_level[:, -1], without.of_level[:, -1]),
        share=more(changed.share[:, -1], without.share[:, -1]),
        cost=more(changed.cost[:, -1], without.cost[:, -1]),
        days_to_target=more(changed.days_to_target, without.days_to_target),
        better=float((changed.share[:, -1] > without.share[:, -1]).mean()),
    )


def _draw(
    now: Momentum, plan: Plan, costs: Costs, asked: _Asked, change: Change | None
) -> Outcomes:
    if asked.weeks < 1 or asked.replicates < 1:
        raise SampleError("bad_plan", "At least one week and one replicate are needed.")
    random = np.random.default_rng([0, asked.seed])
    rates = draw_rates(now, replicates=asked.replicates, random=random, certain=asked.certain)
    futures = draw_futures(now, rates, plan, change, weeks=asked.weeks, seed=asked.seed)
    return outcomes(futures, plan, costs, change, of=asked.of)


def _summary(now: Momentum, plan: Plan, run: Outcomes) -> Forecast:
    replicates, days = run.people.shape
    week = np.arange(days)
    row = np.arange(replicates)
    met = run.met_in >= 0
    last = np.where(met, run.met_in, days - 1)
    new = np.diff(run.people, axis=1).astype(np.float64)
    women = run.of_level[row, last].astype(np.float64)
    women[women == 0] = np.nan
    aimed = plan.target is not None
    by_week = (met[:, np.newaxis] & (run.met_in[:, np.newaxis] <= week)).mean(axis=0)
    return Forecast(
        replicates=replicates,
        days=now.as_of + WEEK * week,
        quantiles=np.array(QUANTILES),
        people=_fan(run.people),
        share=_fan(run.share),
        new=np.column_stack([np.full(len(QUANTILES), np.nan), _fan(new)]),
        cost=_fan(run.cost),
        target=plan.target,
        met=by_week if aimed else np.full(days, np.nan),
        not_within=float(1 - met.mean()) if aimed else None,
        dies_out=float(run.ended.mean()),
        days_to_target=Interval.of(run.days_to_target),
        share_at_target=Interval.of(run.share[row, last][met]),
        share_at_end=Interval.of(run.share[:, -1]),
        cost_at_target=Interval.of(run.cost[row, last][met]),
        cost_per_woman=Interval.of(run.cost[row, last] / women),
    )


def _fan(values: IntArray | FloatArray) -> FloatArray:
    fan: FloatArray = np.quantile(values.astype(np.float64), QUANTILES, axis=0)
    return fan
