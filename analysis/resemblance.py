"""How far people of one chain resemble each other, and what seeds still have to do with the figures.

A recruit resembles her recruiter, her recruit resembles her, and so likeness fades with each wave by
a factor λ. From λ follows how long seeds are remembered, how much wider intervals are than those of
a simple random sample, and how far apart chains may lie by chance.

Notation: n people, s seeds, k groups; T the recruitment matrix; each group is held against all
others together.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.blocks import blocks, tabulate
from analysis.counts import Counts, Frame
from analysis.forest import Forest, chains


@dataclass(frozen=True, eq=False)
class SeedMemory:
    """What a person's group has to do with that of the seed of her chain, wave by wave: w waves.

    Attributes:
        people: (w,) people whose group and whose seed's group are known.
        correlation: (w, k) between being of a group and having a seed of that group; 1 at wave 0,
            nan where a wave or its seeds are all of one kind.
        expected: (w, k) λ^wave, what recruitment alone would leave of it.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcd"), ["", "", "a", "b"], traits={"sex": list("fmfm")})
    >>> memory = seed_memory(frame(sample, sample.trait("sex")), sample.forest)
    >>> memory.people.tolist(), memory.correlation[1].tolist()  # everyone is of her seed's group
    ([2, 2], [1.0, 1.0])
    """

    people: IntArray
    correlation: FloatArray
    expected: FloatArray


@dataclass(frozen=True, eq=False)
class Agreement:
    """Whether chains lie as close together as chance would have them: c chains.

    Attributes:
        seed: (c,) index of the seed of each, largest chain first.
        share: (c,) share of the group in each, weighted by the inverse of network size.
        se: (c,) how far it would wobble by chance, given the likeness between recruiter and recruit.
        spread: mean squared distance of the shares from their common mean, each over its ``se``²;
            about 1 where chains differ by chance only; nan with fewer than two chains.
        limit: chance alone keeps the spread below it, at the confidence asked for.

    >>> two = Agreement(np.array([0, 9]), np.array([0.1, 0.9]), np.full(2, 0.1), spread=32.0, limit=3.8)
    >>> two.agrees
    False
    """

    seed: IntArray
    share: FloatArray
    se: FloatArray
    spread: float
    limit: float

    @property
    def agrees(self) -> bool | None:
        return None if np.isnan(self.spread) else self.spread <= self.limit


def likeness(matrix: IntArray) -> FloatArray:
    """(k,) λ_x: how much larger the share of x is among recruits of x than among others' recruits.

    0 where it makes no difference who recruits; 1 where groups never cross; below 0 where recruiters
    prefer the other kind. With two groups it is the second eigenvalue of S. nan where a side
    recruited nobody.

    λ_x = T_xx / T_x· - (T_·x - T_xx) / (T_·· - T_x·), T (k, k) recruits from row to column.

    >>> likeness(np.array([[3, 1], [2, 6]])).tolist()
    [0.5, 0.5]
    """
    total, by_source = matrix.sum(), matrix.sum(axis=1)
    own = np.diag(matrix)
    others = total - by_source
    known = (by_source > 0) & (others > 0)
    among_own = own / np.where(known, by_source, 1)
    among_others = (matrix.sum(axis=0) - own) / np.where(known, others, 1)
    return np.where(known, among_own - among_others, np.nan)


def seed_memory(frame: Frame, forest: Forest) -> SeedMemory:
    """Correlate each person's group with the group of her chain's seed, by wave.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcdef"), ["", "", "a", "a", "b", "b"],
    ...     traits={"sex": ["f", "m", "f", "f", "f", "m"]})
    >>> found = seed_memory(frame(sample, sample.trait("sex")), sample.forest)
    >>> found.correlation[:, 0].round(3).tolist(), found.expected[:, 0].tolist()
    ([1.0, 0.577], [1.0, 0.5])
    """
    k = len(frame.levels)
    of_seed = frame.group[forest.seed]
    known = (frame.group < k) & (of_seed < k)
    waves = forest.max_wave + 1
    cell = (forest.wave[known].astype(np.int64) * k + of_seed[known]) * k + frame.group[known]
    tables = np.bincount(cell, minlength=waves * k * k).reshape(waves, k, k)
    people = tables.sum(axis=(1, 2))
    seed, own = tables.sum(axis=2), tables.sum(axis=1)
    n = people[:, np.newaxis]
    both = n * np.diagonal(tables, axis1=1, axis2=2) - seed * own
    scale = np.sqrt((seed * (n - seed)).astype(np.float64) * (own * (n - own)))
    correlation = np.divide(both, scale, out=np.full(both.shape, np.nan), where=scale > 0)
    expected = likeness(frame.counts.recruits[0]) ** np.arange(waves)[:, np.newaxis]
    return SeedMemory(people, correlation, expected)


def counts_by_seed_group(frame: Frame, forest: Forest) -> Counts:
    """The counts of the chains whose seed is of each group: R = k, for any estimator.

    Estimates of the rows that lie far apart say that seeds still decide the figures.

    >>> from analysis.counts import frame
    >>> from analysis.estimators import ESTIMATORS
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcd"), ["", "", "a", "b"], network_size=[2, 2, 2, 2],
    ...     traits={"sex": ["f", "m", "f", "f"]})
    >>> counts = counts_by_seed_group(frame(sample, sample.trait("sex")), sample.forest)
    >>> ESTIMATORS["rds_ii"].shares(counts, None).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    k, (rows, columns) = len(frame.levels), frame.people_shape
    people = np.zeros((k, rows * columns), dtype=np.int64)
    recruits = np.zeros((k, k * k), dtype=np.int64)
    for some in blocks(len(frame), cells=people.size + recruits.size):
        group = frame.group[forest.seed[some]]
        of_seed = np.where(group < k, group, -1)
        person = np.where(frame.is_counted[some], frame.people_cell[some], -1)
        people += tabulate(of_seed, person, rows=k, columns=rows * columns)
        recruits += tabulate(of_seed, frame.recruits_cell[some], rows=k, columns=k * k)
    return Counts(
        degree=frame.degree,
        people=people.reshape(k, rows, columns),
        recruits=recruits.reshape(k, k, k),
    )


def doubt_by_chain(forest: Forest, weight: FloatArray, likeness: float) -> FloatArray:
    """(n,) Q = Σ_ij w_i w_j λ^dist(i,j) over the people of each chain, at its seed; 0 elsewhere.

    The variance of a chain's weighted share is p (1 - p) Q / (Σ w)², if its groups follow a
    two-state chain at rest along the recruitments. dist(i,j) is the number of recruitments between
    two people. With f_v = w_v + λ Σ f over her recruits, Q = f_seed² + (1 - λ²) Σ f_v² over all
    others, so one pass from the last wave to the first is enough.

    Args:
        weight: (n,), 0 for those without a say.

    Source: the variance is that of Rohe (2019), "A critical threshold for design effects in network
    sampling", Annals of Statistics 47(1); the pass is ours.

    >>> from analysis.forest import grow
    >>> doubt_by_chain(grow(np.array([-1, 0, 0])), np.ones(3), 0.5).tolist()
    [5.5, 0.0, 0.0]
    """
    mass = weight.astype(np.float64)
    is_short = forest.max_wave < 2**16  # short whole numbers are sorted digit by digit, quickly
    wave_number = forest.wave.astype(np.uint16) if is_short else forest.wave
    order = np.argsort(wave_number, kind="stable")
    ends = np.cumsum(forest.wave_counts)
    for wave in range(forest.max_wave, 0, -1):
        people = order[ends[wave - 1] : ends[wave]]
        np.add.at(mass, forest.recruiter[people], likeness * mass[people])
    mass *= mass
    for some in blocks(len(mass)):
        mass[some][forest.recruiter[some] >= 0] *= 1 - likeness**2
    doubt: FloatArray = np.bincount(forest.seed, weights=mass, minlength=len(mass)).astype(
        np.float64, copy=False
    )
    return doubt


def expected_design_effect(
    frame: Frame, forest: Forest, level: int, *, doubt: FloatArray | None = None
) -> float:
    """n Σ Q / (Σ w)²: by how much likeness in chains and unequal weights widen the variance.

    Compared with a simple random sample of as many people, for the share of one group by RDS-II,
    seeds as if drawn at rest. It needs no bootstrap, and is nan where λ is not known.

    Args:
        doubt: (n,) ``doubt_of_level``, where it has been worked out already.

    Source: Rohe (2019), "A critical threshold for design effects in network sampling", Annals of
    Statistics 47(1).

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcde"), ["", "a", "a", "c", "c"], network_size=[2] * 5,
    ...     traits={"sex": ["f", "f", "m", "f", "m"]})
    >>> expected_design_effect(frame(sample, sample.trait("sex")), sample.forest, 0)
    1.0
    """
    weight = weights_of(frame)
    if doubt is None:
        doubt = doubt_of_level(frame, forest, level)
    if doubt is None or not weight.any():
        return float("nan")
    return float(np.count_nonzero(weight) * doubt.sum() / weight.sum() ** 2)


def doubt_of_level(frame: Frame, forest: Forest, level: int) -> FloatArray | None:
    """(n,) ``doubt_by_chain`` by RDS-II with the λ of one group; ``None`` where λ is not known.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcde"), ["", "a", "a", "c", "c"], network_size=[2] * 5,
    ...     traits={"sex": ["f", "f", "m", "f", "m"]})
    >>> doubt_of_level(frame(sample, sample.trait("sex")), sample.forest, 0).tolist()
    [1.25, 0.0, 0.0, 0.0, 0.0]
    """
    rate = float(likeness(frame.counts.recruits[0])[level])
    return None if np.isnan(rate) else doubt_by_chain(forest, weights_of(frame), rate)


def chains_agree(
    frame: Frame,
    forest: Forest,
    level: int,
    *,
    least: int = 10,
    confidence: float = 0.95,
    doubt: FloatArray | None = None,
) -> Agreement:
    """Hold the chains' shares of one group against what chance would have them differ by.

    The spread is Σ ((p_c - p̄) / se_c)² / (c - 1), with se_c² = p (1 - p) Q_c / (Σ w)² and p̄ the mean
    weighted by 1/se². Its limit is a quantile of chi-squared with c - 1 degrees of freedom, over
    c - 1, by Wilson and Hilferty's approximation. p is RDS-II. Left out are chains so small that
    se_c > p (1 - p): their shares are too far from normal.

    Args:
        least: smaller chains are left out.
        confidence: how often chance alone keeps the spread below the limit.
        doubt: (n,) ``doubt_of_level``, where it has been worked out already.

    Source: Wilson & Hilferty (1931), "The distribution of chi-square", PNAS 17; the variance as in
    ``doubt_by_chain``.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcdefghijklmnopqrst"), ["", "", *"aaaaaaaaabbbbbbbbb"],
    ...     network_size=[3] * 20, traits={"sex": list("fm" + "ffffffmmm" + "fffffmmmm")})
    >>> found = chains_agree(frame(sample, sample.trait("sex")), sample.forest, 0)
    >>> found.share.round(3).tolist(), found.agrees
    ([0.7, 0.5], True)
    """
    weight, own = weights_of(frame), frame.group == level
    if doubt is None:
        doubt = doubt_of_level(frame, forest, level)
    n = len(frame)
    total = np.bincount(forest.seed, weights=weight, minlength=n)
    found = chains(forest)
    seed = found.seed[(found.size >= least) & (total[found.seed] > 0)]
    mass = np.bincount(forest.seed, weights=np.where(own, weight, 0.0), minlength=n)
    share = mass[seed] / total[seed]
    if doubt is None or not len(seed):
        return Agreement(seed, share, np.full(len(seed), np.nan), np.nan, np.nan)
    p = float(mass.sum() / total.sum())
    variance = p * (1 - p) * doubt[seed] / total[seed] ** 2
    told = (variance > 0) & (np.sqrt(variance) <= p * (1 - p) + 1e-9)
    seed, share, variance = seed[told], share[told], variance[told]
    spread = _spread(share, variance) if len(seed) > 1 else np.nan
    limit = _limit(len(seed) - 1, confidence) if len(seed) > 1 else np.nan
    return Agreement(seed, share, np.sqrt(variance), spread, limit)


def _spread(share: FloatArray, variance: FloatArray) -> float:
    mean = float((share / variance).sum() / (1 / variance).sum())
    return float(((share - mean) ** 2 / variance).sum() / (len(share) - 1))


def _limit(degrees_of_freedom: int, confidence: float) -> float:
    a = 2 / (9 * degrees_of_freedom)
    return float((1 - a + NormalDist().inv_cdf(confidence) * math.sqrt(a)) ** 3)


def weights_of(frame: Frame) -> FloatArray:
    """(n,) 1/d for each person, 0 for those whom RDS-II leaves out.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[4, 2],
    ...     traits={"sex": ["f", None]})
    >>> weights_of(frame(sample, sample.trait("sex"))).tolist()
    [0.25, 0.0]
    """
    of_cell = np.zeros(frame.people_shape)
    of_cell[:-1, :-1] = (1 / frame.degree)[:, np.newaxis]
    weight = of_cell.ravel()[frame.people_cell]
    return weight if frame.is_counted.all() else np.where(frame.is_counted, weight, 0.0)
