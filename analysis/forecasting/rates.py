"""What each drawn future of a programme goes by: rates with what is not yet known about them.

B futures, k levels, a days of delay, l weeks of delay.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.forecasting.momentum import UNKNOWN, Momentum

WEEK = 7


@dataclass(frozen=True, eq=False)
class Rates:
    """B sets of rates.

    Attributes:
        brings: (B, k) chance that a coupon of a holder of that level brings somebody in the end.
        alike: correlation of the coupons of one holder.
        mix: (B, k, k) chance of each level of a recruit, by level of the recruiter; rows sum to 1.
        given: (B, k) chance that somebody who comes is given coupons.
        lag: (B, l) how many weeks after her recruiter's week a recruit comes; rows sum to 1.
        live: (B, k, a, l) chance that a coupon now out, so many days old, brings somebody in the
            week after the look, the next, …

    >>> half = np.full((1, 1), 0.5)
    >>> Rates(half, alike=0.0, mix=np.ones((1, 1, 1)), given=half, lag=np.ones((1, 1)),
    ...     live=np.zeros((1, 1, 1, 1))).brings.tolist()
    [[0.5]]
    """

    brings: FloatArray
    alike: float
    mix: FloatArray
    given: FloatArray
    lag: FloatArray
    live: FloatArray


def draw_rates(
    now: Momentum, *, replicates: int, random: np.random.Generator, certain: bool = False
) -> Rates:
    """Draw rates from what has been seen.

    Delays are Dirichlet, with the redemptions seen. A coupon's chance to be redeemed is beta: mean
    (redeemed + p) / (ripe + 1), ripe the coupons issued, each counted as the part of its time that
    has passed, and p the chance over all levels, which stands for one more coupon; the weight of
    the ripe ones is divided by 1 + (m − 1) ρ, ρ the correlation within bundles of m. Whom recruiters
    bring is Dirichlet, with the recruits seen and ½ for each level. A coupon out for a days comes
    later with chance p (1 − G) / (1 − p G), G the part of redemptions that come within a days.

    Args:
        certain: take the means instead, so that the fan shows chance alone.

    Source: conjugate posteriors, Gelman et al., "Bayesian Data Analysis"; ½: Jeffreys (1946), Proc.
    R. Soc. A 186; 1 + (m − 1) ρ: Kish (1965), "Survey Sampling".

    >>> now = Momentum(np.datetime64("2026-04-01"), ("f",), np.array([10]), 2, issued=np.array([[0,
    ...     0, 20]]), live=np.array([[0, 0, 0]]), redeemed=np.array([5]), enrolled=5, alike=0.0,
    ...     delay=np.array([0, 0.5, 0.5]), redemptions=5, mix=np.array([[5]]), given=np.array([10]))
    >>> rates = draw_rates(now, replicates=1, random=np.random.default_rng(1), certain=True)
    >>> rates.brings.tolist(), rates.lag.round(3).tolist(), rates.live[0, 0].round(3).tolist()
    ([[0.25]], [[0.786, 0.214]], [[0.25], [0.143], [0.0]])
    """
    draw = _Draw(random, replicates, certain)
    delay = draw.shares(now.redemptions * now.delay)
    ripe = np.minimum(delay.cumsum(axis=1), 1.0)
    redeemed = _redeemed(now, ripe, draw)
    enrolled = draw.part(now.enrolled, now.redeemed.sum() - now.enrolled)[:, np.newaxis]
    whole = now.given.sum() / max(now.people.sum(), 1)
    given = draw.part(now.given + whole, now.people - now.given + 1 - whole)
    waiting = np.tensordot(delay, _weeks_ahead(len(now.delay)), axes=(1, 1))
    still = 1 - redeemed[:, :, np.newaxis] * ripe[:, np.newaxis]
    chance = (redeemed * enrolled)[:, :, np.newaxis] / np.where(still > 1e-12, still, np.inf)
    return Rates(
        brings=redeemed * enrolled,
        alike=now.alike,
        mix=_mix(now, draw),
        given=given,
        lag=delay @ _weeks_later(len(now.delay)),
        live=chance[..., np.newaxis] * waiting[:, np.newaxis],
    )


@dataclass(frozen=True)
class _Draw:
    """Shares of a whole: drawn, or their means."""

    random: np.random.Generator
    replicates: int
    certain: bool

    def sizes(self, weights: FloatArray) -> FloatArray:
        shape = (self.replicates, *weights.shape)
        if self.certain:
            return np.broadcast_to(weights, shape).astype(np.float64)
        return self.random.standard_gamma(weights, size=shape)

    def shares(self, weights: FloatArray) -> FloatArray:
        """(B, …) Dirichlet over the last axis."""
        sizes = self.sizes(np.asarray(weights, dtype=np.float64))
        total = sizes.sum(axis=-1, keepdims=True)
        return np.asarray(np.where(total > 0, sizes / np.where(total > 0, total, 1.0), 0.0))

    def part(self, yes: FloatArray | IntArray | int, no: FloatArray | IntArray | int) -> FloatArray:
        """(B, …) beta; certain where one of the two is 0."""
        shares = self.shares(
            np.stack([np.asarray(yes), np.asarray(no)], axis=-1).astype(np.float64)
        )
        return np.asarray(shares[..., 0])


def _redeemed(now: Momentum, ripe: FloatArray, draw: _Draw) -> FloatArray:
    """(B, k): its weights differ between futures, for so do the delays."""
    seen = ripe @ now.issued.T
    overall = np.minimum(now.redeemed.sum() / np.maximum(seen.sum(axis=1), 1e-12), 1.0)
    more = 0 if draw.certain else 1
    of = np.maximum(seen + more, 1e-12)
    mean = np.minimum((now.redeemed + more * overall[:, np.newaxis]) / of, 1.0)
    mean = np.asarray(np.where(seen > 0, mean, overall[:, np.newaxis]))
    if draw.certain:
        return mean
    weight = np.maximum(of, 1.0) / (1 + max(now.coupons - 1, 0) * now.alike)
    yes = draw.random.standard_gamma(weight * mean)
    no = draw.random.standard_gamma(weight * (1 - mean))
    return np.asarray(yes / np.maximum(yes + no, 1e-300))


def _mix(now: Momentum, draw: _Draw) -> FloatArray:
    """(B, k, k); rows of levels that brought nobody yet are as all are together, if certain."""
    counts = now.mix.astype(np.float64)
    if draw.certain:
        together = counts.sum(axis=0) if counts.any() else now.people.astype(np.float64)
        return draw.shares(np.where(counts.sum(axis=1, keepdims=True) > 0, counts, together))
    half = np.full(len(now.levels), 0.5)
    if now.levels[-1:] == (UNKNOWN,) and not counts[:, -1].any():
        half[-1] = 0.0
    return draw.shares(counts + half)


def _weeks_later(a: int) -> FloatArray:
    """(a, l) chance that a delay of so many days ends so many weeks later, from any weekday."""
    weeks = (np.arange(a)[:, np.newaxis] + np.arange(WEEK)) // WEEK
    ends = weeks[..., np.newaxis] == np.arange(weeks.max(initial=0) + 1)
    return np.asarray(ends.mean(axis=1))


def _weeks_ahead(a: int) -> FloatArray:
    """(a, a, l) whether a coupon of an age (first axis) with a delay (second) comes in a week."""
    ahead = np.arange(a) - np.arange(a)[:, np.newaxis] - 1
    week = np.where(ahead >= 0, ahead // WEEK, -1)
    comes = week[..., np.newaxis] == np.arange(max(week.max(initial=0) + 1, 1))
    return np.asarray(comes, dtype=np.float64)
