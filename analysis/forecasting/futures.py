"""Futures of a programme, drawn: a branching process with several types and delays, week by week.

B futures at once, k levels, weeks 1 … w of seven days each from the day after the look.

Those whom coupons now out will bring are drawn first, given how old the coupons are; then, week by
week, the sex of all who come, their bundles, how many of each come back (beta-binomial, since the
coupons of one holder fare alike), and when. A person comes on any day of her week with equal chance,
so some of those she brings come in the same week; these are drawn too, as many waves as the shortest
delay leaves room for. That keeps the mean delay and, nearly, its spread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.errors import SampleError
from analysis.forecasting.momentum import Momentum
from analysis.forecasting.plan import Change, Plan
from analysis.forecasting.rates import WEEK, Rates


@dataclass(frozen=True, eq=False)
class Futures:
    """B futures, counted at the look and at the end of every week.

    Attributes:
        levels: as of the momentum.
        people: (B, w + 1, k) people in all.
        seeds: (B, w + 1, k) new seeds since the look, among them.
        coming: (B,) people whom coupons out at the end of the last week will still bring.

    >>> Futures(("f",), people=np.array([[[1], [3]]]), seeds=np.array([[[0], [1]]]),
    ...     coming=np.array([0])).people[0, :, 0].tolist()
    [1, 3]
    """

    levels: tuple[str, ...]
    people: IntArray
    seeds: IntArray
    coming: IntArray


@dataclass(eq=False)
class _State:
    """Where B futures stand; ``pending`` (B, k, …) is who comes in which week, by recruiter."""

    people: IntArray
    pending: IntArray


def draw_futures(
    now: Momentum,
    rates: Rates,
    plan: Plan,
    change: Change | None = None,
    *,
    weeks: int,
    seed: int,
) -> Futures:
    """Draw one future for each set of rates; the same seed gives the same.

    Every week has random numbers of its own, so two plans share them up to the week in which they
    first differ, and nearly after.

    Raises:
        SampleError: ``unknown_level`` where the plan or change names a level that is not there.

    Source: branching process with several types and delays, Jagers (1975), "Branching Processes
    with Biological Applications"; beta-binomial: Skellam (1948), J. R. Stat. Soc. B 10.

    >>> now = Momentum(np.datetime64("2026-04-01"), ("f",), np.array([10]), 2, issued=np.array([[0,
    ...     0, 20]]), live=np.array([[0, 0, 0]]), redeemed=np.array([20]), enrolled=20, alike=0.0,
    ...     delay=np.array([0, 0, 1.0]), redemptions=9, mix=np.array([[20]]), given=np.array([10]))
    >>> from analysis.forecasting.rates import draw_rates
    >>> rates = draw_rates(now, replicates=1, random=np.random.default_rng(1), certain=True)
    >>> draw_futures(now, rates, Plan(), weeks=2, seed=1).people.tolist()
    [[[10], [10], [10]]]
    """
    replicates, k = rates.brings.shape
    lags, ahead = rates.lag.shape[1], rates.live.shape[-1]
    state = _State(
        people=np.tile(now.people.astype(np.int64), (replicates, 1)),
        pending=np.zeros((replicates, k, weeks + max(lags, ahead) + 2), dtype=np.int64),
    )
    start = np.random.default_rng([1, seed, 0])
    state.pending[:, :, 1 : ahead + 1] = _from_live(start, now.live, rates.live)
    people = np.empty((replicates, weeks + 1, k), dtype=np.int64)
    seeds = np.zeros_like(people)
    people[:, 0] = now.people
    for week in range(1, weeks + 1):
        random = np.random.default_rng([1, seed, week])
        policy = _policy(now, rates, plan, change, week)
        fresh = _seeds(policy, state.people, plan.target)
        seeds[:, week] = seeds[:, week - 1] + fresh
        _run(random, state, rates, policy, fresh, week)
        people[:, week] = state.people
    coming = state.pending[:, :, weeks + 1 :].sum(axis=(1, 2))
    return Futures(now.levels, people, seeds, coming)


@dataclass(frozen=True, eq=False)
class _Policy:
    """What holds in one week; ``waves`` is how many can follow each other within it."""

    plan: Plan
    coupons: int
    mix: FloatArray
    seeds: IntArray
    outcomes: FloatArray
    waves: int


def _policy(now: Momentum, rates: Rates, plan: Plan, change: Change | None, week: int) -> _Policy:
    coupons = now.coupons if plan.coupons is None else plan.coupons
    seeds: Mapping[str, int] = plan.seeds
    mix = rates.mix
    if change is not None and week >= change.from_week:
        coupons = coupons if change.coupons is None else change.coupons
        seeds = seeds if change.seeds is None else change.seeds
        mix = _tilted(mix, by_level(now.levels, change.odds, otherwise=1.0))
    return _Policy(
        plan=plan,
        coupons=coupons,
        mix=mix,
        seeds=by_level(now.levels, seeds, otherwise=0.0).astype(np.int64),
        outcomes=_outcomes(rates, coupons),
        waves=(WEEK - 1) // max(int(np.argmax(now.delay > 0)), 1) + 1,
    )


def by_level(
    levels: tuple[str, ...], values: Mapping[str, float], *, otherwise: float
) -> FloatArray:
    """(k,) the value of each level.

    Raises:
        SampleError: ``unknown_level``.

    >>> by_level(("f", "m"), {"f": 2.0}, otherwise=1.0).tolist()
    [2.0, 1.0]
    """
    strange = [level for level in values if level not in levels]
    if strange:
        raise SampleError(
            "unknown_level", f"There is no level {strange[0]!r} here.", level=strange[0]
        )
    return np.array([values.get(level, otherwise) for level in levels], dtype=np.float64)


def _tilted(mix: FloatArray, odds: FloatArray) -> FloatArray:
    weights = mix * odds
    total = weights.sum(axis=-1, keepdims=True)
    tilted: FloatArray = np.where(total > 0, weights / np.where(total > 0, total, 1.0), mix)
    return tilted


def _seeds(policy: _Policy, people: IntArray, target: int | None) -> IntArray:
    going = np.ones(len(people), bool) if target is None else people.sum(axis=1) < target
    return going[:, np.newaxis] * policy.seeds


def _from_live(random: np.random.Generator, live: IntArray, chance: FloatArray) -> IntArray:
    """(B, k, l) whom the coupons now out bring, week by week."""
    out = live > 0
    never = np.clip(1 - chance.sum(axis=-1, keepdims=True), 0.0, 1.0)
    drawn = random.multinomial(live[out], np.concatenate([chance, never], axis=-1)[:, out])
    holder = np.nonzero(out)[0]
    levels = range(len(live))
    return np.stack([drawn[:, holder == x, :-1].sum(axis=1) for x in levels], axis=1)


def _outcomes(rates: Rates, most: int) -> FloatArray:
    """(most + 1, B, k, most + 1) chance that of so many coupons so many come back.

    The beta-binomial with mean p and correlation ρ, as Pólya's urn: with θ = ρ/(1 − ρ),
    C(m, r) Π_{i<r} (p + iθ) Π_{j<m−r} (1 − p + jθ) / Π_{l<m} (1 + lθ).
    """
    p, theta = rates.brings, rates.alike / (1 - rates.alike)
    steps = np.arange(most)[:, np.newaxis, np.newaxis] * theta
    one = np.ones((1, *p.shape))
    back = np.concatenate([one, np.cumprod(p + steps, axis=0)])
    not_back = np.concatenate([one, np.cumprod(1 - p + steps, axis=0)])
    all_ways = np.concatenate([[1.0], np.cumprod(1 + steps[:, 0, 0])])
    chance = np.zeros((most + 1, *p.shape, most + 1))
    for m in range(most + 1):
        for r in range(m + 1):
            chance[m, ..., r] = comb(m, r) * back[r] * not_back[m - r] / all_ways[m]
    return np.asarray(chance / chance.sum(axis=-1, keepdims=True))


def _run(
    random: np.random.Generator,
    state: _State,
    rates: Rates,
    policy: _Policy,
    fresh: IntArray,
    week: int,
) -> None:
    """One week: all who come, and those they bring before it is over."""
    lags = rates.lag.shape[1]
    some = np.arange(len(fresh))
    arriving, came = state.pending[:, :, week], fresh
    for wave in range(policy.waves):
        came = came + random.multinomial(arriving, policy.mix[some]).sum(axis=1)
        state.people[some] += came
        bundles = random.binomial(came, rates.given[some])
        coupons = policy.plan.bundle(state.people[some].sum(axis=1), policy.coupons)
        back = random.multinomial(bundles, policy.outcomes[coupons, some])
        brought = back @ np.arange(policy.coupons + 1)
        when = random.multinomial(brought, rates.lag[some, np.newaxis])
        state.pending[some, :, week + 1 : week + lags] += when[..., 1:]
        arriving = when[..., 0]
        again = arriving.any(axis=1)
        if wave == policy.waves - 1:
            state.pending[some, :, week + 1] += arriving
        some, arriving = some[again], arriving[again]
        came = np.zeros_like(arriving)
        if not len(some):
            return
