"""What an estimator is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analysis.arrays import FloatArray
from analysis.counts import Counts


class Need(StrEnum):
    """What an estimator cannot do without, beside people whose group is known.

    >>> from analysis.estimators import ESTIMATORS
    >>> Need("network_size") in ESTIMATORS["rds_ii"].needs, ESTIMATORS["composition"].needs
    (True, frozenset())
    """

    NETWORK_SIZE = "network_size"
    RECRUITMENT = "recruitment"
    POPULATION_SIZE = "population_size"


@dataclass(frozen=True)
class Estimator:
    """A way to estimate the shares of the groups in the population.

    Attributes:
        name: stable, for programs.
        title: as the field calls it.
        shares: counts (R, …) and the population's size in persons to (R, k) shares, each row
            summing to 1, or nan where they cannot be estimated.
        needs: what it cannot do without.
        source: the paper.

    >>> from analysis.estimators import ESTIMATORS
    >>> ESTIMATORS["rds_ii"].title, sorted(ESTIMATORS["rds_ii"].needs)
    ('RDS-II (Volz–Heckathorn)', [<Need.NETWORK_SIZE: 'network_size'>])
    """

    name: str
    title: str
    shares: Callable[[Counts, float | None], FloatArray]
    needs: frozenset[Need]
    source: str

    def __str__(self) -> str:
        return self.name


def normalised(mass: FloatArray) -> FloatArray:
    """(R, k) made to sum to 1 in each row; a row without mass, or with nan in it, is nan.

    >>> normalised(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[0.25, 0.75], [nan, nan]]
    """
    total = mass.sum(axis=-1, keepdims=True)
    shares = np.full_like(mass, np.nan)
    np.divide(mass, total, out=shares, where=total > 0)
    return shares


def weighted_shares(counts: Counts, weight: FloatArray) -> FloatArray:
    """(R, k) shares Σ w over the group / Σ w over all, people weighted by their network size.

    Only people whose network size and group are both known have a say.

    Args:
        weight: (D,) or (R, D) for each network size.

    Source: the weighted mean that Volz & Heckathorn (2008), "Probability based estimation theory for
    respondent driven sampling", Journal of Official Statistics 24(1), take with w = 1/d.

    >>> counts = Counts(np.array([1.0, 4.0]), np.array([[[1, 0, 0], [0, 4, 9], [5, 5, 5]]]),
    ...     np.zeros((1, 2, 2)))
    >>> weighted_shares(counts, np.array([1.0, 0.25])).tolist()
    [[0.5, 0.5]]
    """
    return normalised(np.einsum("...d,...dk->...k", weight, counts.placed.astype(np.float64)))


def harmonic_mean_degree(counts: Counts) -> FloatArray:
    """(R, k) h_x = n_x / Σ 1/d_i in persons, over people of group x whose network size is known.

    nan for a group in which nobody's is known.

    Source: Salganik & Heckathorn (2004), "Sampling and estimation in hidden populations using
    respondent-driven sampling", Sociological Methodology 34.

    >>> counts = Counts(np.array([2.0, 4.0]), np.array([[[1, 0], [1, 0], [3, 0]]]), np.zeros((1, 1, 1)))
    >>> harmonic_mean_degree(counts).round(4).tolist()
    [[2.6667]]
    """
    people = counts.placed.astype(np.float64)
    inverse = np.einsum("d,rdk->rk", 1 / counts.degree, people)
    n = people.sum(axis=-2)
    mean: FloatArray = np.full(n.shape, np.nan)
    np.divide(n, inverse, out=mean, where=n > 0)
    return mean
