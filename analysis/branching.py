"""What a branching process with several types comes to: growth, composition, extinction, size.

Notation: k types; R (k, k) with R_xy the mean number of type y that one of type x brings.
"""

from typing import Literal

import numpy as np

from analysis.arrays import FloatArray, IntArray

Unsettled = Literal["not_unique", "periodic"]

_CLOSE = 1e-9
_ENOUGH = 1e-12
_MOST_WAVES = 20_000


def growth(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(…,) the largest eigenvalue of R, and (…, k) its left eigenvector with sum 1.

    The first is the factor from wave to wave in the long run, the second the composition of late
    waves, v R = λ v. Both are nan where R has a nan, the second where R is 0 too.

    Args:
        matrix: (…, k, k), not negative.

    Source: Perron-Frobenius theorem; Diekmann, Heesterbeek & Metz (1990), J. Math. Biol. 28.

    >>> number, composition = growth(np.array([[0.5, 0.5], [0.25, 0.75]]))
    >>> round(float(number), 6), composition.round(6).tolist()
    (1.0, [0.333333, 0.666667])
    """
    known = np.isfinite(matrix).all(axis=(-2, -1)) & (matrix.shape[-1] > 0)
    number = np.full(matrix.shape[:-2], np.nan)
    composition = np.full(matrix.shape[:-1], np.nan)
    if known.any():
        values, vectors = np.linalg.eig(np.swapaxes(matrix[known], -2, -1))
        largest = np.argmax(values.real, axis=-1)[..., np.newaxis]
        found = np.take_along_axis(values.real, largest, axis=-1)[..., 0]
        vector = np.take_along_axis(vectors, largest[..., np.newaxis, :], axis=-1)[..., 0]
        sizes = np.abs(vector.real)
        number[known] = np.maximum(found, 0.0)
        shares = sizes / sizes.sum(axis=-1, keepdims=True)
        composition[known] = np.where(found[..., np.newaxis] > _ENOUGH, shares, np.nan)
    return number, composition


def unsettled(matrix: FloatArray) -> Unsettled | None:
    """Why the composition of late waves depends on where they began, if it does.

    ``not_unique``: two parts that do not mix grow equally fast. ``periodic``: waves swing for ever.

    Args:
        matrix: (k, k), not negative, no nan.

    Source: Perron-Frobenius theorem: eigenvalues as large as the largest, or equal to it.

    >>> unsettled(np.array([[0.0, 2.0], [0.5, 0.0]])), unsettled(np.eye(2))
    ('periodic', 'not_unique')
    >>> unsettled(np.array([[0.0, 2.0], [0.5, 0.1]]))
    """
    values = np.linalg.eigvals(matrix)
    largest = values.real.max(initial=0.0)
    close = _CLOSE**0.5 * max(largest, _ENOUGH)
    if np.count_nonzero(np.abs(values - largest) <= close) > 1:
        return "not_unique"
    return "periodic" if np.count_nonzero(np.abs(values) >= largest - close) > 1 else None


def progeny(matrix: FloatArray) -> FloatArray:
    """(k,) people in a whole chain from one seed of each type, she included, in the mean.

    The row sums of (I − R)⁻¹; infinite where the largest eigenvalue is 1 or more.

    Args:
        matrix: (k, k), not negative.

    Source: Harris (1963), "The Theory of Branching Processes".

    >>> progeny(np.array([[0.5]])).tolist(), progeny(np.array([[1.0]])).tolist()
    ([2.0], [inf])
    """
    k = len(matrix)
    number, _ = growth(matrix)
    if not number < 1:
        return np.full(k, np.nan if np.isnan(number) else np.inf)
    return np.asarray(np.linalg.solve(np.eye(k) - matrix, np.ones(k)), dtype=np.float64)


def extinction(
    outcomes: IntArray, weights: FloatArray, *, unknown: IntArray, mix: FloatArray
) -> FloatArray:
    """(k,) chance that a chain from one of each type ends by itself.

    The smallest q ≥ 0 with q_x = Σ_u w_xu (Π_y q_y^(n_uy)) (Σ_y S_xy q_y)^(m_u), which waves of the
    map approach from 0: its value after w waves is the chance to have ended by then. Exactly 1 where
    the largest eigenvalue of the means is below 1; where it is 1 the last of 20,000 waves is given.

    Args:
        outcomes: (u, k) n, the numbers brought that occur.
        weights: (k, u) w, how often one of each type has each outcome; rows with sum 1.
        unknown: (u,) m, those brought besides whose type is not known.
        mix: (k, k) S, the chances of their types, by type of who brought them.

    Source: Harris (1963), "The Theory of Branching Processes".

    >>> extinction(np.array([[0], [2]]), np.array([[0.25, 0.75]]), unknown=np.array([0, 0]),
    ...     mix=np.ones((1, 1))).round(6).tolist()
    [0.333333]
    """
    number, _ = growth(weights @ outcomes + (weights @ unknown)[:, np.newaxis] * mix)
    if number < 1:
        return np.ones(len(weights))
    ended = np.zeros(len(weights))
    for _ in range(_MOST_WAVES):
        known = np.prod(ended**outcomes, axis=1)
        then = (weights * known * (mix @ ended)[:, np.newaxis] ** unknown).sum(axis=1)
        if np.abs(then - ended).max(initial=0.0) < _ENOUGH:
            break
        ended = then
    return ended
