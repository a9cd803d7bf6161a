"""Whether the people of one group have larger networks than others', and so come more easily.

Mean network sizes are weighted by the inverse of network size, as in RDS-II, so that of a group is
its harmonic mean n_x / Σ 1/d_i.
"""

import numpy as np

from analysis.arrays import FloatArray
from analysis.counts import Counts


def differential_activity(counts: Counts) -> FloatArray:
    """(R, k) each group's mean network size over that of all other groups together.

    1: their networks are alike; nan where nobody's network size is known on one side.

    Source: R package RDS, ``differential.activity.estimates`` with weight type RDS-II, for each
    group in turn.

    >>> counts = Counts(np.array([2.0, 4.0]), np.array([[[1, 0, 0], [0, 3, 0], [0, 0, 0]]]),
    ...     np.zeros((1, 2, 2)))
    >>> differential_activity(counts).tolist()
    [[0.5, 2.0]]
    """
    people = counts.placed.astype(np.float64)
    inverse = np.einsum("d,rdk->rk", 1 / counts.degree, people)
    n = people.sum(axis=-2)
    return _ratio(_ratio(n, inverse), _ratio(_others(n), _others(inverse)))


def differential_activity_of_rds(counts: Counts) -> FloatArray:
    """(R,) the one ratio that R's RDS gives: with two groups, the last one's over the first one's.

    With more, RDS takes the two groups with most people, and of these the one that comes later in
    the order of the levels, over all others. So its figure depends on what levels are called:
    ``differential_activity`` does not.

    Source: R package RDS, ``differential.activity.estimates`` with weight type RDS-II.

    >>> counts = Counts(np.array([2.0, 4.0]), np.array([[[1, 0, 0], [0, 3, 0], [0, 0, 0]]]),
    ...     np.zeros((1, 2, 2)))
    >>> differential_activity_of_rds(counts).tolist()
    [2.0]
    """
    by_group = differential_activity(counts)
    if by_group.shape[-1] < 2:
        return np.full(len(by_group), np.nan)
    largest = np.argsort(-counts.of_group, axis=-1, kind="stable")[:, :2]
    ratio: FloatArray = np.take_along_axis(by_group, largest.max(axis=-1, keepdims=True), axis=-1)
    return ratio[:, 0]


def _others(of_group: FloatArray) -> FloatArray:
    others: FloatArray = of_group.sum(axis=-1, keepdims=True) - of_group
    return others


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
