"""RDS-II: each person weighted by the inverse of her network size."""

from analysis.arrays import FloatArray
from analysis.counts import Counts
from analysis.estimators.estimator import weighted_shares


def rds_ii(counts: Counts, population_size: float | None = None) -> FloatArray:
    """(R, k) P_x = Σ_{i in x} 1/d_i / Σ_i 1/d_i over people whose network size and group are known.

    Assumes that people are reached in proportion to their network size, with replacement, and that
    the chains have forgotten their seeds.

    Source: Volz & Heckathorn (2008), "Probability based estimation theory for respondent driven
    sampling", Journal of Official Statistics 24(1).

    >>> import numpy as np
    >>> counts = Counts(np.array([1.0, 3.0]), np.array([[[1, 0, 0], [0, 9, 0], [0, 0, 0]]]),
    ...     np.zeros((1, 2, 2)))
    >>> rds_ii(counts).tolist()
    [[0.25, 0.75]]
    """
    return weighted_shares(counts, 1 / counts.degree)
