"""Who recruits whom: the recruitment matrix and what follows from it without an estimator.

Notation: k groups; T (k, k) with T_xy = how many of group y were recruited by group x; S = T with
each row made to sum to 1. Pairs in which either person's group is missing are left out.
"""

from dataclasses import dataclass
from typing import Literal

import networkx as nx
import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.blocks import blocks, tabulate
from analysis.sample import Trait

Obstacle = Literal["no_recruits", "empty_row", "not_unique", "periodic"]

OBSTACLES: dict[Obstacle, str] = {
    "no_recruits": "nobody whose group is known recruited anybody whose group is known",
    "empty_row": "a group recruited nobody, so whom it would recruit is not known",
    "not_unique": "groups that never recruit across to one another each keep to an equilibrium of "
    "their own",
    "periodic": "recruitment swings between groups from wave to wave and never settles",
}


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Where the composition of the waves would settle, or why that cannot be said.

    Attributes:
        shares: (k,) summing to 1; ``None`` where there is an obstacle.
        obstacle: the reason, a key of ``OBSTACLES``.

    >>> equilibrium(np.array([[0, 2], [3, 0]]))
    Equilibrium(shares=None, obstacle='periodic')
    """

    shares: FloatArray | None
    obstacle: Obstacle | None = None


def recruitment_matrix(recruiter: IntArray, trait: Trait) -> IntArray:
    """T (k, k): row x counts the recruits of people at level x, column y their own level.

    T_xy = #{i : recruiter of i is at x, i is at y}, in recruitments.

    Args:
        recruiter: (n,) index of the recruiter, -1 for a seed.

    Source: Heckathorn (1997), "Respondent-driven sampling", Social Problems 44(2).

    >>> recruitment_matrix(np.array([-1, 0, 0, 1]), Trait.of(["m", "f", "m", "f"])).tolist()
    [[1, 0], [1, 1]]
    """
    k = len(trait.levels)
    matrix = np.zeros((k, k), dtype=np.int64)
    for some in blocks(len(recruiter), cells=k * k):
        is_recruit = recruiter[some] >= 0
        source = trait.codes[recruiter[some][is_recruit]]
        matrix += tabulate(source, trait.codes[some][is_recruit], rows=k, columns=k)
    return matrix


def transition(matrix: IntArray | FloatArray) -> FloatArray:
    """S (…, k, k): T with each row made to sum to 1; a row without recruits is nan.

    S_xy = T_xy / Σ_z T_xz: the share of y among the recruits of x.

    Source: Heckathorn (1997), "Respondent-driven sampling", Social Problems 44(2).

    >>> transition(np.array([[1, 3], [0, 0]])).tolist()
    [[0.25, 0.75], [nan, nan]]
    """
    totals = matrix.sum(axis=-1, keepdims=True)
    shares = np.full(matrix.shape, np.nan)
    np.divide(matrix, totals, out=shares, where=totals > 0)
    return shares


def equilibria(matrices: IntArray | FloatArray) -> FloatArray:
    """(R, k) E = E S with ΣE = 1 for each of R recruitment matrices (R, k, k), nan where there is none.

    There is one if every group recruited, and if after enough waves there is a group that can be
    reached from every group in the same number of them: then recruitment neither keeps to several
    sets of groups nor swings for ever. That is read off the cells that are not 0, not off rounded
    eigenvalues.

    Source: Heckathorn (1997), "Respondent-driven sampling", Social Problems 44(2); existence by the
    Perron-Frobenius theorem.

    >>> equilibria(np.array([[[3, 1], [2, 2]], [[3, 0], [0, 2]]])).round(6).tolist()
    [[0.666667, 0.333333], [nan, nan]]
    """
    k = matrices.shape[-1]
    shares = np.full(matrices.shape[:-1], np.nan)
    common = _common(matrices)
    settles = common.any(axis=-1)
    if settles.any() and k:
        equations = np.swapaxes(transition(matrices[settles]), -2, -1) - np.eye(k)
        equations[:, -1] = 1
        wanted = np.zeros((len(equations), k, 1))
        wanted[:, -1] = 1
        found = np.linalg.solve(equations, wanted)[..., 0]
        # A group that recruitment leaves for good has a share of 0, not one of 1e-17.
        shares[settles] = np.where(common[settles], np.clip(found, 0.0, 1.0), 0.0)
    return shares


def _common(matrices: IntArray | FloatArray) -> BoolArray:
    """(R, k) groups that can be reached from every group in one and the same large number of waves.

    None if a group recruited nobody. There are some if and only if recruitment settles, and then
    they are all groups that it does not leave for good.
    """
    k = matrices.shape[-1]
    reaches = matrices > 0
    ahead = 1
    while ahead < k * k:
        reaches = reaches.astype(np.float32) @ reaches.astype(np.float32) > 0
        ahead *= 2
    every_row = (matrices.sum(axis=-1) > 0).all(axis=-1, keepdims=True)
    common: BoolArray = every_row & reaches.all(axis=-2)
    return common


def equilibrium(matrix: IntArray) -> Equilibrium:
    """E (k,): the composition that recruitment leaves unchanged, or why there is none.

    E = E S with ΣE = 1. No row is filled in by guess.

    Args:
        matrix: T (k, k).

    Source: Heckathorn (1997), "Respondent-driven sampling", Social Problems 44(2).

    >>> equilibrium(np.array([[3, 1], [2, 2]])).shares.round(6).tolist()
    [0.666667, 0.333333]
    >>> equilibrium(np.array([[3, 0], [0, 2]])).obstacle
    'not_unique'
    """
    shares = equilibria(matrix[np.newaxis])[0]
    if len(shares) and not np.isnan(shares).any():
        return Equilibrium(shares)
    return Equilibrium(None, _obstacle(matrix))


def _obstacle(matrix: IntArray) -> Obstacle:
    if not matrix.sum():
        return "no_recruits"
    if (matrix.sum(axis=1) == 0).any():
        return "empty_row"
    graph: nx.DiGraph[int] = nx.DiGraph(zip(*np.nonzero(matrix), strict=True))
    return "not_unique" if nx.number_attracting_components(graph) > 1 else "periodic"


def recruitment_homophily(matrix: IntArray) -> float | None:
    """Recruitment within groups over what chance would give: Σ T_xx / Σ (T_x· T_·x / T_··).

    1 is no homophily; above 1, people recruit their own kind more than recruits at hand would
    explain. ``None`` where nobody was recruited, or chance would give none.

    Args:
        matrix: T (k, k).

    Source: R package RDS, ``homophily.estimates.local`` (its "recruitment homophily").

    >>> recruitment_homophily(np.array([[3, 1], [1, 3]]))
    1.5
    """
    total = matrix.sum()
    if not total:
        return None
    expected = (matrix.sum(axis=1) / total) @ matrix.sum(axis=0)
    return float(np.trace(matrix) / expected) if expected else None
