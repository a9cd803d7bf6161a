"""One group against the others in the same place: chains at a site, colleagues at a desk."""

import math
from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.integrity.tails import dispersion, hypergeometric, score_of, tail_of

LEAST = 10
# Three others at least say how much honest groups scatter; among hundreds one group moves nothing.
FEWEST_FOR_SPREAD, MANY = 3, 200


@dataclass(frozen=True, eq=False)
class Compared:
    """Groups beside what the rest of their places would lead one to expect: g groups.

    Attributes:
        observed, expected: (g,) events seen and expected, or sums of values.
        of: (g,) out of how many.
        high, low: (g,) chance of as much or more, and of as much or less; nan where there was too little to compare.
        spread: (g,) how much wider than chance the other groups scatter, φ; already in the two tails.

    >>> compare(np.array([True]), np.array([0]), np.array([0])).high.tolist()
    [nan]
    """

    observed: FloatArray
    expected: FloatArray
    of: IntArray
    high: FloatArray
    low: FloatArray
    spread: FloatArray


def compare(
    event: BoolArray, group: IntArray, stratum: IntArray, *, least: int = LEAST
) -> Compared:
    """Whether an event is more, or less, frequent in a group than in the rest of its strata.

    Given how many events each stratum has, and how many of its members are the group's, the group's
    events are a sum of independent hypergeometric counts: an exact test with nothing estimated. Tails
    are then widened to z / √φ, with φ the ``dispersion`` of the other groups among themselves, so that a
    group neither hides itself nor makes its neighbours look odd. Assumes that within a stratum members
    are alike but for the group.

    Source: Gart (1970), "Point and interval estimation of the common odds ratio in the combination of
    2 × 2 tables with fixed marginals", Biometrika 57, for the exact conditional distribution; φ as in
    ``dispersion``.

    Args:
        event: (n,) whether it happened.
        group: (n,) index of the group, -1 for none: such members stand among the others.
        stratum: (n,) index of the place; only those of one place are compared.
        least: members a group, and the others in its strata, must have.

    >>> event = np.array([True, True, False, False])
    >>> found = compare(event, np.array([0, 0, 1, 1]), np.zeros(4, int), least=2)
    >>> found.high.round(4).tolist(), found.low.round(4).tolist(), found.expected.tolist()
    ([0.1667, 1.0], [1.0, 0.1667], [1.0, 1.0])
    """
    cells = _cells(event.astype(float), group, stratum)
    events = np.bincount(stratum, weights=event, minlength=len(cells.members)).astype(np.int64)
    high, low = np.full(cells.groups, np.nan), np.full(cells.groups, np.nan)
    for g in np.flatnonzero(cells.can_be_told(least)).tolist():
        chances = np.ones(1)
        for s in np.flatnonzero(cells.n[:, g]).tolist():
            drawn, of = int(cells.n[s, g]), int(cells.members[s])
            part = hypergeometric(drawn=drawn, marked=int(events[s]), of=of)
            chances = np.convolve(chances, part)
        x = int(cells.observed[g])
        high[g], low[g] = min(chances[x:].sum(), 1.0), min(chances[: x + 1].sum(), 1.0)
    return _widened(cells, high, low, least)


def compare_totals(
    value: FloatArray, group: IntArray, stratum: IntArray, *, least: int = LEAST
) -> Compared:
    """Whether values, such as scores, are higher or lower in a group than in the rest of its strata.

    Were the values of a stratum dealt out to its members at random, a group's total would have mean
    n x̄ and variance σ² n (N − n) / (N − 1), summed over strata; the tails are normal, widened by φ.

    Source: the finite-population central limit theorem for a random sample's total, Hájek (1960);
    φ as in ``dispersion``.

    Args:
        value: (n,) any numbers.

    >>> value = np.array([8., 8., 2., 2.])
    >>> compare_totals(value, np.array([0, 0, 1, 1]), np.zeros(4, int), least=2).expected.tolist()
    [10.0, 10.0]
    """
    cells = _cells(value, group, stratum)
    score = _scores(cells.n, cells.total, cells.squares)
    score[~cells.can_be_told(least)] = np.nan
    tails = np.array([[tail_of(z), tail_of(-z)] for z in score.tolist()]).reshape(-1, 2)
    return _widened(cells, tails[:, 0], tails[:, 1], least)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Members, totals and totals of squares by stratum and group, (s, g); the last column is of no group."""

    n: FloatArray
    total: FloatArray
    squares: FloatArray

    @property
    def groups(self) -> int:
        return int(self.n.shape[1]) - 1

    @property
    def members(self) -> FloatArray:
        members: FloatArray = self.n.sum(axis=1)
        return members

    @property
    def observed(self) -> FloatArray:
        observed: FloatArray = self.total.sum(axis=0)[:-1]
        return observed

    @property
    def expected(self) -> FloatArray:
        mean = self.total.sum(axis=1) / np.maximum(self.members, 1)
        expected: FloatArray = (mean @ self.n)[:-1]
        return expected

    @property
    def of(self) -> IntArray:
        of: IntArray = self.n.sum(axis=0)[:-1].astype(np.int64)
        return of

    def can_be_told(self, least: int) -> BoolArray:
        """(g,) whether a group, and the others in its strata, have so many members."""
        others = np.where(self.n > 0, self.members[:, np.newaxis] - self.n, 0).sum(axis=0)[:-1]
        told: BoolArray = (self.of >= least) & (others >= least)
        return told


def _cells(value: FloatArray, group: IntArray, stratum: IntArray) -> _Cells:
    groups, strata = int(group.max(initial=-1)) + 1, int(stratum.max(initial=-1)) + 1
    place = stratum * (groups + 1) + np.where(group < 0, groups, group)
    shape, size = (strata, groups + 1), strata * (groups + 1)
    n, total, squares = (
        np.bincount(place, weights=weights, minlength=size).reshape(shape).astype(np.float64)
        for weights in (np.ones(len(value)), value, value**2)
    )
    return _Cells(n, total, squares)


def _scores(n: FloatArray, total: FloatArray, squares: FloatArray) -> FloatArray:
    """(g,) normal scores of the groups' totals, (s, g + 1) each; nan where nothing can vary."""
    members = n.sum(axis=1, keepdims=True)
    mean = total.sum(axis=1, keepdims=True) / np.maximum(members, 1)
    variance = squares.sum(axis=1, keepdims=True) / np.maximum(members, 1) - mean**2
    rest = (members - n) / np.maximum(members - 1, 1)
    deviation = np.sqrt(np.maximum(variance * n * rest, 0).sum(axis=0))
    score = np.full(n.shape[1], np.nan)
    np.divide((total - mean * n).sum(axis=0), deviation, out=score, where=deviation > 1e-9)
    return score[:-1]


def _spreads(cells: _Cells, told: BoolArray) -> FloatArray:
    """(g,) φ of the groups that can be told, each left out of its own; of all of them where they are many."""
    spreads = np.ones(cells.groups)
    if np.count_nonzero(told) <= FEWEST_FOR_SPREAD:
        return spreads
    everyone = _scores(cells.n, cells.total, cells.squares)
    if cells.groups > MANY:
        return np.full(cells.groups, dispersion(everyone[told]))
    for g in np.flatnonzero(told).tolist():
        without = [np.delete(each, g, axis=1) for each in (cells.n, cells.total, cells.squares)]
        spreads[g] = dispersion(_scores(*without)[np.delete(told, g)])
    return spreads


def _widened(cells: _Cells, high: FloatArray, low: FloatArray, least: int) -> Compared:
    spreads = _spreads(cells, cells.can_be_told(least))
    tails = [
        np.array([_shrunk(p, phi) for p, phi in zip(each.tolist(), spreads.tolist(), strict=True)])
        for each in (high, low)
    ]
    return Compared(cells.observed, cells.expected, cells.of, tails[0], tails[1], spreads)


def _shrunk(tail: float, spread: float) -> float:
    is_wider = spread > 1 and not math.isnan(tail)
    return tail_of(score_of(tail) / spread**0.5) if is_wider else tail
