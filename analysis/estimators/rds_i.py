"""RDS-I: from who recruits whom, and how large the networks of each group are.

Two people who know each other could each have recruited the other. So ties from x to y are as many
as ties from y to x, and the shares follow from the transition between groups and the mean network
sizes. With two groups there is one such equation. With more there are more equations than unknowns;
then they are made consistent first (data smoothing), or solved as well as can be (least squares).
"""

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.counts import Counts
from analysis.estimators.estimator import harmonic_mean_degree, normalised
from analysis.mixing import equilibria, transition


def rds_i(counts: Counts, population_size: float | None = None) -> FloatArray:
    """(R, k) P_x = (E_x / h_x) / Σ_y (E_y / h_y), E the equilibrium, h harmonic mean network sizes.

    For more than two groups this is the solution with data smoothing, which leaves E as it is and
    makes all reciprocity equations hold. nan where the recruitments have no equilibrium.

    Source: Salganik & Heckathorn (2004), "Sampling and estimation in hidden populations using
    respondent-driven sampling", Sociological Methodology 34; data smoothing: Heckathorn (2002),
    "Respondent-driven sampling II", Social Problems 49(1).

    >>> counts = Counts(np.array([1.0, 2.0]), np.array([[[2, 0, 0], [0, 2, 0], [0, 0, 0]]]),
    ...     np.array([[[1, 1], [1, 1]]]))
    >>> rds_i(counts).round(4).tolist()
    [[0.6667, 0.3333]]
    """
    return normalised(equilibria(counts.recruits) / harmonic_mean_degree(counts))


def smoothed(recruits: IntArray | FloatArray) -> FloatArray:
    """(R, k, k) recruitments after data smoothing: T* = n diag(E) S, then the mean of T* and its
    transpose.

    As many go from each group to each other group as come back. Rows keep their equilibrium.

    Source: Heckathorn (2002), "Respondent-driven sampling II", Social Problems 49(1).

    >>> smoothed(np.array([[[1.0, 3.0], [1.0, 1.0]]])).round(4).tolist()
    [[[0.6, 1.8], [1.8, 1.8]]]
    """
    n = recruits.sum(axis=(-2, -1), keepdims=True)
    flow = n * equilibria(recruits)[..., np.newaxis] * transition(recruits)
    half: FloatArray = (flow + np.swapaxes(flow, -2, -1)) / 2
    return half


def rds_i_least_squares(counts: Counts, population_size: float | None = None) -> FloatArray:
    """(R, k) the P with Σ P = 1 that leaves least of Σ_{x<y} (P_x h_x S_xy - P_y h_y S_yx)².

    With two groups it equals RDS-I. nan where a group recruited nobody, or where groups fall apart
    into sets without a recruitment between them. A share is never negative: the equations make a
    matrix whose inverse has no negative entry.

    Source: Heckathorn (2002), "Respondent-driven sampling II", Social Problems 49(1).

    >>> counts = Counts(np.array([1.0, 2.0]), np.array([[[2, 0, 0], [0, 2, 0], [0, 0, 0]]]),
    ...     np.array([[[1, 1], [1, 1]]]))
    >>> rds_i_least_squares(counts).round(4).tolist()
    [[0.6667, 0.3333]]
    """
    solvable = ~np.isnan(equilibria(counts.recruits)).any(axis=-1)
    ties = harmonic_mean_degree(counts)[..., np.newaxis] * transition(counts.recruits)
    solvable &= ~np.isnan(ties).any(axis=(-2, -1))
    shares = np.full(counts.of_group.shape, np.nan)
    if solvable.any() and shares.size:
        shares[solvable] = _least_squares(ties[solvable])
    return shares


def _least_squares(ties: FloatArray) -> FloatArray:
    """Minimise P' Q P under Σ P = 1, with Q_xx = Σ_y ties_xy² and Q_xy = -ties_xy ties_yx, x ≠ y."""
    k = ties.shape[-1]
    other = 1 - np.eye(k)
    scale = (ties * other).max(axis=(-2, -1), keepdims=True, initial=0.0)
    ties = np.divide(ties * other, scale, out=np.zeros_like(ties), where=scale > 0)
    form = np.eye(k) * (ties**2).sum(axis=-1)[..., np.newaxis] - ties * np.swapaxes(ties, -2, -1)
    bordered = np.zeros((*ties.shape[:-2], k + 1, k + 1))
    bordered[..., :k, :k] = form
    bordered[..., :k, k] = bordered[..., k, :k] = 1
    wanted = np.zeros((*ties.shape[:-2], k + 1, 1))
    wanted[..., k, 0] = 1
    found: FloatArray = np.linalg.solve(bordered, wanted)[..., :k, 0]
    return normalised(np.clip(found, 0, None))
