"""Composition: the plain shares of those reached, as if everyone had been equally easy to reach."""

import numpy as np

from analysis.arrays import FloatArray
from analysis.counts import Counts
from analysis.estimators.estimator import normalised


def composition(counts: Counts, population_size: float | None = None) -> FloatArray:
    """(R, k) n_x / Σ n_x over people whose group is known.

    It estimates the population only if every person in it was equally likely to come.

    >>> counts = Counts(np.array([2.0]), np.array([[[1, 2, 7], [0, 1, 0]]]), np.zeros((1, 2, 2)))
    >>> composition(counts).tolist()
    [[0.25, 0.75]]
    """
    return normalised(counts.of_group.astype(np.float64))
