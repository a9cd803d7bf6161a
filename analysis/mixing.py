"""Who recruits whom: the recruitment matrix and what follows from it without an estimator.

Notation: k groups; T (k, k) with T_xy = how many of group y were recruited by group x; S = T with
each row made to sum to 1. Pairs in which either person's group is missing are left out.
"""

from dataclasses import dataclass
from typing import Literal

import networkx as nx
import numpy as np

from analysis.arrays import FloatArray, IntArray
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
    """

    shares: FloatArray | None
    obstacle: Obstacle | None = None


def recruitment_matrix(recruiter: IntArray, trait: Trait) -> IntArray:
    """T (k, k): row x counts the recruits of people at level x, column y their own level.

    >>> recruitment_matrix(np.array([-1, 0, 0, 1]), Trait.of(["m", "f", "m", "f"])).tolist()
    [[1, 0], [1, 1]]
    """
    k = len(trait.levels)
    is_recruit = recruiter >= 0
    source = trait.codes[recruiter[is_recruit]]
    target = trait.codes[is_recruit]
    known = (source >= 0) & (target >= 0)
    cells = source[known].astype(np.int64) * k + target[known]
    return np.bincount(cells, minlength=k * k).reshape(k, k)


def transition(matrix: IntArray) -> FloatArray:
    """S (k, k): T with each row made to sum to 1; a row without recruits is nan.

    >>> transition(np.array([[1, 3], [0, 0]])).tolist()
    [[0.25, 0.75], [nan, nan]]
    """
    totals = matrix.sum(axis=1, keepdims=True)
    shares: FloatArray = np.where(totals > 0, matrix / np.maximum(totals, 1), np.nan)
    return shares


def equilibrium(matrix: IntArray) -> Equilibrium:
    """E (k,): the composition that recruitment leaves unchanged, E = E S with ΣE = 1.

    Whether it exists and is unique is read off the graph of who recruits whom, not off rounded
    eigenvalues: one set of groups that recruitment never leaves, and no cycle length in common
    there. No row is filled in by guess.

    Source: Heckathorn (1997), "Respondent-driven sampling", Social Problems 44(2); existence by the
    Perron-Frobenius theorem.

    >>> equilibrium(np.array([[3, 1], [2, 2]])).shares.round(6).tolist()
    [0.666667, 0.333333]
    >>> equilibrium(np.array([[3, 0], [0, 2]])).obstacle
    'not_unique'
    """
    if not matrix.sum():
        return Equilibrium(None, "no_recruits")
    if (matrix.sum(axis=1) == 0).any():
        return Equilibrium(None, "empty_row")
    graph: nx.DiGraph[int] = nx.DiGraph(zip(*np.nonzero(matrix), strict=True))
    closed = list(nx.attracting_components(graph))
    if len(closed) > 1:
        return Equilibrium(None, "not_unique")
    if not nx.is_aperiodic(graph.subgraph(closed[0])):
        return Equilibrium(None, "periodic")
    k = len(matrix)
    equations = np.vstack([transition(matrix).T - np.eye(k), np.ones(k)])
    shares = np.linalg.lstsq(equations, np.append(np.zeros(k), 1.0), rcond=None)[0]
    return Equilibrium(np.clip(shares, 0.0, 1.0))


def recruitment_homophily(matrix: IntArray) -> float | None:
    """Recruitment within groups over what chance would give: Σ T_xx / Σ (T_x· T_·x / T_··).

    1 is no homophily; above 1, people recruit their own kind more than recruits at hand would
    explain.

    Source: R package RDS, ``homophily.estimates.local`` (its "recruitment homophily").

    >>> recruitment_homophily(np.array([[3, 1], [1, 3]]))
    1.5
    """
    total = matrix.sum()
    if not total:
        return None
    expected = (matrix.sum(axis=1) / total) @ matrix.sum(axis=0)
    return float(np.trace(matrix) / expected) if expected else None
