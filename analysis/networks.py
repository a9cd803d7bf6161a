"""Made-up populations whose truth is known: people, their groups, and who knows whom.

A degree-corrected block model made by matching half-ties: everyone is given a network size, the
half-ties of each group are shared out among the groups as homophily asks, and then paired at
random. Every figure is a parameter of a simulation, not an observation.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray

REMATCHES = 20


@dataclass(frozen=True)
class Society:
    """What a population is to be like.

    Attributes:
        people: N, how many.
        levels: (k,) names of the groups.
        shares: (k,) share of the people in each, summing to 1.
        activity: (k,) relative mean network size: (0.7, 1.0) gives the first group 0.7 times the
            ties of the second.
        homophily: ties between groups that chance would give over those there are, for each pair
            of groups; 1 is none, 2 halves the cross-ties. For two groups this is the population
            homophily of R's package RDS.
        mean_degree: mean network size over all people.
        spread: coefficient of variation of the network sizes inside a group.
        degrees: their distribution inside a group; for ``gamma-poisson`` the spread is that of the
            gamma law.

    >>> Society(people=10).shares
    (0.3, 0.7)
    """

    people: int
    levels: tuple[str, ...] = ("female", "male")
    shares: tuple[float, ...] = (0.3, 0.7)
    activity: tuple[float, ...] = (1.0, 1.0)
    homophily: float = 1.0
    mean_degree: float = 12.0
    spread: float = 0.8
    degrees: Literal["log-normal", "gamma-poisson"] = "log-normal"

    def __post_init__(self) -> None:
        if not len(self.levels) == len(self.shares) == len(self.activity):
            raise ValueError("levels, shares and activity name the same groups")
        if abs(sum(self.shares) - 1) > 1e-9 or min(self.shares) < 0:
            raise ValueError("the shares are not negative and sum to 1")
        if min(self.people, self.mean_degree, self.homophily, *self.activity) <= 0:
            raise ValueError("people, mean degree, homophily and activity are above 0")


@dataclass(frozen=True, eq=False)
class Population:
    """N people and the ties between them, each tie from both sides; no one is tied to herself.

    Attributes:
        levels: (k,) names of the groups.
        group: (N,) index into ``levels``.
        first: (N + 1,) where each person's neighbours begin in ``neighbours``, and their end.
        neighbours: (2 × ties,) indices of people, each tie twice.
        site: (N,) where each one lives, 0, 1, …; ``None`` where all live in one place.

    >>> path = Population.of(("f", "m"), np.array([0, 1, 1]), np.array([[0, 1], [1, 2]]))
    >>> path.degree.tolist(), path.neighbours_of(1).tolist(), path.shares.round(2).tolist()
    ([1, 2, 1], [0, 2], [0.33, 0.67])
    """

    levels: tuple[str, ...]
    group: IntArray
    first: IntArray
    neighbours: IntArray
    site: IntArray | None = None

    @classmethod
    def of(
        cls,
        levels: tuple[str, ...],
        group: IntArray,
        ties: IntArray,
        *,
        site: IntArray | None = None,
    ) -> "Population":
        """From ties (m, 2), each once in either direction.

        >>> pair = Population.of(("f",), np.array([0, 0]), np.array([[1, 0]]))
        >>> pair.neighbours.tolist(), pair.first.tolist()
        ([1, 0], [0, 1, 2])
        """
        ends = np.concatenate([ties, ties[:, ::-1]]).astype(np.int64)
        ends = ends[np.lexsort((ends[:, 1], ends[:, 0]))]
        counts = np.bincount(ends[:, 0], minlength=len(group))
        return cls(levels, group, np.append(0, np.cumsum(counts)), ends[:, 1], site)

    def __len__(self) -> int:
        return len(self.group)

    @property
    def degree(self) -> IntArray:
        """(N,) how many people each one knows."""
        return np.diff(self.first)

    def neighbours_of(self, person: int) -> IntArray:
        """(degree,) the people she knows.

        >>> star = Population.of(("f",), np.array([0, 0, 0]), np.array([[0, 1], [0, 2]]))
        >>> star.neighbours_of(0).tolist(), star.neighbours_of(2).tolist()
        ([1, 2], [0])
        """
        return self.neighbours[self.first[person] : self.first[person + 1]]

    @property
    def group_counts(self) -> IntArray:
        """(k,) people of each group."""
        return np.bincount(self.group, minlength=len(self.levels))

    @cached_property
    def shares(self) -> FloatArray:
        """(k,) the truth that a survey is to find: the share of each group."""
        shares: FloatArray = self.group_counts / len(self.group)
        return shares

    @cached_property
    def ties_between(self) -> IntArray:
        """(k, k) half-ties from each group to each: symmetric, its rows sum to the degrees."""
        k = len(self.levels)
        own = np.repeat(self.group, self.degree)
        return np.bincount(own * k + self.group[self.neighbours], minlength=k * k).reshape(k, k)

    @property
    def mean_degrees(self) -> FloatArray:
        """(k,) mean network size of each group."""
        means: FloatArray = self.ties_between.sum(axis=1) / self.group_counts
        return means

    @property
    def homophily(self) -> float:
        """Cross-ties that chance would give over those there are; inf where there are none.

        Chance pairs half-ties at random: D_x D_y / D between x and y, D_x the ties of x's people.
        For two groups this is ``homophily.estimates`` of R's package RDS for a whole population.

        >>> Population.of(("f", "m"), np.array([0, 1]), np.array([[0, 1]])).homophily
        0.5
        """
        ties = self.ties_between
        own = ties.sum(axis=1)
        by_chance = own.sum() - (own * own).sum() / own.sum()
        cross = ties.sum() - np.trace(ties)
        return float(by_chance / cross) if cross else float("inf")


def populate(society: Society, random: np.random.Generator) -> Population:
    """Draw a population; group sizes are exact, network sizes and homophily hit in the mean.

    Source: degree-corrected block model, Karrer & Newman (2011), Physical Review E 83.

    >>> town = populate(Society(people=400, homophily=2.0), np.random.default_rng(1))
    >>> town.shares.tolist(), round(town.homophily, 1)
    ([0.3, 0.7], 2.0)
    """
    group = np.repeat(np.arange(len(society.levels)), group_sizes(society))
    mean_activity = np.asarray(society.shares) @ np.asarray(society.activity)
    means = society.mean_degree * np.asarray(society.activity) / mean_activity
    wanted = means[group] * _relative_degrees(society, random)
    if society.degrees == "gamma-poisson":
        degree: IntArray = random.poisson(wanted)
    else:
        degree = np.floor(wanted + random.random(len(group))).astype(np.int64)
    degree = np.clip(degree, 1, max(1, society.people // 2))
    return connect(society.levels, group, degree, homophily=society.homophily, random=random)


def group_sizes(society: Society) -> IntArray:
    """(k,) people of each group: the shares of N, rounded so that they sum to N.

    >>> group_sizes(Society(people=11)).tolist()
    [3, 8]
    """
    ends = np.rint(np.cumsum(society.shares) * society.people).astype(np.int64)
    sizes: IntArray = np.diff(ends, prepend=0)
    return sizes


def _relative_degrees(society: Society, random: np.random.Generator) -> FloatArray:
    """(N,) network sizes relative to their group's mean; mean 1."""
    if not society.spread:
        return np.ones(society.people)
    if society.degrees == "gamma-poisson":
        shape = society.spread**-2
        return random.gamma(shape, 1 / shape, society.people)
    variance = np.log1p(society.spread**2)
    return random.lognormal(-variance / 2, np.sqrt(variance), society.people)


def connect(
    levels: tuple[str, ...],
    group: IntArray,
    degree: IntArray,
    *,
    homophily: float,
    random: np.random.Generator,
) -> Population:
    """Tie people of given groups and network sizes.

    Between groups x ≠ y there are D_x D_y / (D h) ties; what is left of D_x stays inside. A tie to
    oneself, or a second one between two people, is matched again; the few that are left after that
    are dropped, as is an odd half-tie, so degrees may fall short by a little.

    Args:
        group: (N,) index into ``levels``.
        degree: (N,) how many people each one is to know.

    Source: degree-corrected block model, Karrer & Newman (2011), Physical Review E 83; ties are made by
    matching half-ties.

    Raises:
        ValueError: if ``homophily`` asks a group for more cross-ties than it has ties.

    >>> two = connect(("f", "m"), np.array([0, 1]), np.array([1, 1]), homophily=0.5,
    ...               random=np.random.default_rng(0))
    >>> two.neighbours.tolist()
    [1, 0]
    """
    own = np.bincount(group, weights=degree, minlength=len(levels))
    cross = np.rint(np.outer(own, own) / own.sum() / homophily).astype(np.int64)
    np.fill_diagonal(cross, 0)
    if (own < cross.sum(axis=1)).any():
        raise ValueError("so little homophily cannot be: a group has fewer ties than that")
    parts = [
        np.split(
            random.permutation(np.repeat(members, degree[members])), np.cumsum(cross[x], dtype=int)
        )
        for x, members in enumerate(np.flatnonzero(group == x) for x in range(len(levels)))
    ]
    pairs = [(own[-1][0::2], own[-1][1::2]) for own in parts]
    pairs += [(parts[x][y], parts[y][x]) for x in range(len(levels)) for y in range(x)]
    ties = [_simple(one[: len(other)], other, len(group), random) for one, other in pairs]
    return Population.of(levels, group, np.concatenate(ties))


def _simple(one: IntArray, other: IntArray, people: int, random: np.random.Generator) -> IntArray:
    """The ties of one pair of groups, with loops and repeats matched again, then dropped."""
    ties = np.stack([one, other], axis=1)
    for _ in range(REMATCHES):
        bad = np.flatnonzero(_is_bad(ties, people))
        if not len(bad):
            return ties
        others = random.integers(0, len(ties), len(bad))
        mixed = np.unique(np.append(bad, others))
        ties[mixed, 1] = ties[random.permutation(mixed), 1]
    return ties[~_is_bad(ties, people)]


def _is_bad(ties: IntArray, people: int) -> BoolArray:
    """(m,) whether the tie is a loop, or a second one between its two people."""
    key = ties.min(axis=1) * people + ties.max(axis=1)
    repeated = np.ones(len(ties), dtype=np.bool_)
    repeated[np.unique(key, return_index=True)[1]] = False
    result: BoolArray = repeated | (ties[:, 0] == ties[:, 1])
    return result
