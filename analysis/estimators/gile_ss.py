"""Gile's successive sampling: what RDS-II becomes when the sample is a large part of the population.

Nobody comes twice, so people with large networks are used up first, and weighting them by the
inverse of their network size goes too far.
"""

import numpy as np

from analysis.arrays import BoolArray, FloatArray
from analysis.counts import Counts
from analysis.estimators.estimator import normalised, weighted_shares

SMALL_FRACTION = 0.01
CLOSE_ENOUGH = 1e-12
MOST_STEPS = 2_000
NEWTON_STEPS = 60


def gile_ss(counts: Counts, population_size: float | None) -> FloatArray:
    """(R, k) shares with each person weighted by the inverse of her chance to be in the sample.

    As n / N goes to 1 it becomes the composition, as it goes to 0 RDS-II; where the sample is less
    than a hundredth of the population it is RDS-II, as in the R package RDS (the two then differ by
    less than 0.001 on the reference data). nan without a population size.

    Args:
        population_size: N, in persons.

    Source: Gile (2011), "Improved inference for respondent-driven sampling data with application to
    HIV prevalence estimation", Journal of the American Statistical Association 106(493).

    >>> counts = Counts(np.array([1.0, 3.0]), np.array([[[10, 0, 0], [0, 90, 0], [0, 0, 0]]]),
    ...     np.zeros((1, 2, 2)))
    >>> [round(float(gile_ss(counts, size)[0, 0]), 3) for size in (100, 200, 1e9)]
    [0.1, 0.206, 0.25]
    """
    if population_size is None:
        return np.full(counts.of_group.shape, np.nan)
    unseen_have_no_say = np.nan_to_num(1 / inclusion(counts, population_size))
    return weighted_shares(counts, unseen_have_no_say)


def inclusion(counts: Counts, population_size: float) -> FloatArray:
    """(R, D) π: the chance that a person of each network size is in the sample.

    Where the sample is less than a hundredth of the population: the chance relative to that of the
    largest network size.

    Whoever is drawn first is drawn in proportion to network size, and so on among those who are
    left, n times. The fixed point, without simulation: π_k = 1 - exp(-k τ), where τ makes
    Σ_k N_k π_k = n; N_k, the people of size k in the population, is N (n_k/π_k) / Σ_j (n_j/π_j),
    and begins at n_k/k. Network sizes that nobody in the sample has get nan.

    Source: Gile (2011), section 3; the large-population form of successive sampling.

    >>> counts = Counts(np.array([2.0]), np.array([[[30, 0], [0, 0]]]), np.zeros((1, 1, 1)))
    >>> inclusion(counts, 100.0).round(6).tolist()
    [[0.3]]
    """
    seen = counts.of_degree.astype(np.float64)
    n = seen.sum(axis=-1, keepdims=True)
    size = np.maximum(float(population_size), n)
    present = (seen > 0) & (size > n)
    chance = _fixed_point(seen, n, size, counts.degree, present)
    chance = np.where(
        n < SMALL_FRACTION * size, counts.degree / counts.degree.max(initial=1), chance
    )
    return np.where(seen > 0, np.where(size > n, chance, 1.0), np.nan)


def _fixed_point(
    seen: FloatArray, n: FloatArray, size: FloatArray, degree: FloatArray, present: BoolArray
) -> FloatArray:
    relative = degree / degree.mean() if len(degree) else degree
    people = size * normalised(np.where(present, seen / relative, 0.0))
    time = -np.log1p(-np.minimum(n / size, 1 - 1e-12))
    chance = np.full_like(seen, np.nan)
    going = np.flatnonzero(present.any(axis=-1))
    for _ in range(MOST_STEPS):
        if not len(going):
            break
        time[going] = _time(people[going], relative, n[going], time[going])
        found = -np.expm1(-relative * time[going])
        mass = np.where(present[going], seen[going] / found, 0.0)
        new = size[going] * normalised(mass)
        moved = np.abs(new - people[going]).max(axis=-1) / size[going, 0]
        people[going], chance[going] = new, found
        going = going[moved > CLOSE_ENOUGH]
    return chance


def _time(people: FloatArray, relative: FloatArray, n: FloatArray, start: FloatArray) -> FloatArray:
    """(R, 1) τ with Σ N_k (1 - exp(-k τ)) = n, by Newton's method on log τ."""
    time = start.copy()
    for _ in range(NEWTON_STEPS):
        left = np.exp(-relative * time)
        excess = (people * (1 - left)).sum(axis=-1, keepdims=True) - n
        slope = (people * relative * left).sum(axis=-1, keepdims=True)
        step = np.clip(excess / (slope * time), -1.0, 1.0)
        time = time * np.exp(-step)
        if np.abs(step).max(initial=0) < 1e-14:
            break
    return time
