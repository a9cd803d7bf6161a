"""How many recruits each person brings, by group: whether recruitment keeps itself going."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.mixing import recruitment_matrix
from analysis.sample import Trait


@dataclass(frozen=True, eq=False)
class Reproduction:
    """Mean recruits by group of recruiter and recruit.

    Attributes:
        matrix: (k, k) mean number of recruits of group y that a person of group x has brought.
        number: the factor by which each wave would exceed the one before if this went on;
            recruitment dies out below 1. ``None`` where there are no groups.
    """

    matrix: FloatArray
    number: float | None


def reproduction(recruiter: IntArray, trait: Trait) -> Reproduction:
    """R (k, k) with R_xy = T_xy / n_x, and its largest eigenvalue.

    It counts the recruits there are so far: coupons that are still valid will add to it, so early
    in a programme it is too low. Recruits whose group is missing are in no cell.

    Source: Diekmann, Heesterbeek & Metz (1990), "On the definition and the computation of the basic
    reproduction ratio", J. Math. Biol. 28 (the next-generation matrix).

    >>> found = reproduction(np.array([-1, 0, 0, 1]), Trait.of(["m", "f", "m", "m"]))
    >>> found.matrix.round(3).tolist(), round(found.number, 3)
    ([[0.0, 1.0], [0.333, 0.333]], 0.768)
    """
    counts = trait.counts
    matrix = recruitment_matrix(recruiter, trait) / np.maximum(counts, 1)[:, np.newaxis]
    return Reproduction(matrix, _largest_eigenvalue(matrix))


def _largest_eigenvalue(matrix: FloatArray) -> float | None:
    if not len(matrix):
        return None
    return float(np.abs(np.linalg.eigvals(matrix)).max())
