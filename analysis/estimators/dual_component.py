"""Heckathorn's dual component: RDS-I as a weight for each person, so that anything can be averaged."""

import numpy as np

from analysis.arrays import FloatArray
from analysis.counts import Counts
from analysis.estimators.estimator import normalised
from analysis.mixing import equilibria


def dual_component(counts: Counts, population_size: float | None = None) -> FloatArray:
    """(R, k) shares by ``dual_component_weights``: those of RDS-I, reached another way.

    Source: Heckathorn (2007), "Extensions of respondent-driven sampling: analyzing continuous
    variables and controlling for differential recruitment", Sociological Methodology 37.

    >>> counts = Counts(np.array([1.0, 2.0]), np.array([[[2, 0, 0], [0, 2, 0], [0, 0, 0]]]),
    ...     np.array([[[1, 1], [1, 1]]]))
    >>> dual_component(counts).round(4).tolist()
    [[0.6667, 0.3333]]
    """
    weight = dual_component_weights(counts)
    return normalised((weight * counts.placed).sum(axis=-2))


def dual_component_weights(counts: Counts) -> FloatArray:
    """(R, D, k) w = (E_x / C_x) (1 / d): the weight of a person of group x and network size d.

    The first part puts right that one group recruits or is recruited more (E the equilibrium, C the
    share in the sample, of people whose network size is known), the second that people with large
    networks are easier to reach. Not made to sum to anything. nan without an equilibrium.

    Source: Heckathorn (2007), "Extensions of respondent-driven sampling: analyzing continuous
    variables and controlling for differential recruitment", Sociological Methodology 37.

    >>> counts = Counts(np.array([2.0]), np.array([[[3, 1, 0], [0, 0, 0]]]), np.ones((1, 2, 2)))
    >>> dual_component_weights(counts).round(4).tolist()
    [[[0.3333, 1.0]]]
    """
    share = normalised(counts.placed.sum(axis=-2).astype(np.float64))
    settled = equilibria(counts.recruits)
    of_group = np.divide(settled, share, out=np.full_like(share, np.nan), where=share > 0)
    return of_group[..., np.newaxis, :] / counts.degree[:, np.newaxis]
