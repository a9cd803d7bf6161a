"""Who was reached: composition, by wave, by site, by chain, over time.

Shares are of those whose level is known; the missing are counted beside them. Intervals are
Wilson's, 95 %. They say how far a count of this size wobbles by chance; they describe the people
reached, and are no estimate of a population: recruits of one chain resemble each other, so the
truth is less certain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, DateArray, FloatArray, IntArray
from analysis.blocks import blocks, tabulate
from analysis.forest import chains
from analysis.sample import Sample, Trait

Z_95 = 1.959963984540054
_LONGEST_SPAN_IN_WEEKS = 1_040


@dataclass(frozen=True, eq=False)
class Tally:
    """People by group (rows) and level of a trait (columns): g groups, k levels.

    Attributes:
        groups: what each row is: a wave, a site, a chain, the first day of a week.
        levels: what each column is.
        n: (g, k) people.
        missing: (g,) people of the group whose level is not known.

    >>> tally = Tally(("all",), ("f", "m"), np.array([[1, 3]]), np.array([2]))
    >>> tally.share.tolist(), tally.of.tolist(), tally.people.tolist()
    ([[0.25, 0.75]], [4], [6])
    """

    groups: tuple[str, ...]
    levels: tuple[str, ...]
    n: IntArray
    missing: IntArray

    @property
    def of(self) -> IntArray:
        """(g,) people whose level is known."""
        of: IntArray = self.n.sum(axis=1)
        return of

    @property
    def people(self) -> IntArray:
        """(g,) everyone in the group."""
        return self.of + self.missing

    @property
    def share(self) -> FloatArray:
        """(g, k) share of those whose level is known; nan where there are none."""
        of = self.of[:, np.newaxis]
        return np.where(of > 0, self.n / np.maximum(of, 1), np.nan)

    @property
    def interval(self) -> tuple[FloatArray, FloatArray]:
        """(g, k) and (g, k): Wilson's 95 % interval, low and high."""
        return wilson(self.n, self.of[:, np.newaxis])


@dataclass(frozen=True, eq=False)
class Growth:
    """Enrolment week by week: w weeks, Monday to Sunday.

    Attributes:
        weeks: (w,) the Monday of each.
        new: people enrolled in each week.
        total: people enrolled up to the end of each week.
        undated: how many people have no day of enrolment and are in neither.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], enrolled_on=["2026-03-03", None],
    ...     traits={"sex": ["f", "m"]})
    >>> growth = over_time(sample, sample.trait("sex"))
    >>> growth.weeks.astype(str).tolist(), growth.new.people.tolist(), growth.undated
    (['2026-03-02'], [1], 1)
    """

    weeks: DateArray
    new: Tally
    total: Tally
    undated: int


def wilson(n: IntArray, of: IntArray, z: float = Z_95) -> tuple[FloatArray, FloatArray]:
    """Wilson's score interval for shares n / of, (…,) each; nan where ``of`` is 0.

    (p + z²/2m ± z √(p(1−p)/m + z²/4m²)) / (1 + z²/m) with p = n/m, m = ``of``.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22.

    >>> low, high = wilson(np.array([30]), np.array([100]))
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.2189, 0.3958)
    """
    m = np.where(of > 0, of, np.nan)
    p = n / m
    centre = p + z * z / (2 * m)
    spread = z * np.sqrt(p * (1 - p) / m + (z / (2 * m)) ** 2)
    scale = 1 + z * z / m
    low = np.where(n == 0, 0.0 * p, (centre - spread) / scale)
    high = np.where(n == of, 1.0 + 0.0 * p, (centre + spread) / scale)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def tally(trait: Trait, group: IntArray, groups: Sequence[str]) -> Tally:
    """Count people by group and level.

    Args:
        group: (n,) index into ``groups``; people at -1 are left out.

    >>> tally(Trait.of(["f", "m", None]), np.array([0, 0, 0]), ["all"]).missing.tolist()
    [1]
    """
    g, k = len(groups), len(trait.levels)
    counts = np.zeros((g, k + 1), dtype=np.int64)
    for some in blocks(len(group), cells=counts.size):
        counts += tabulate(group[some], trait.codes[some] + 1, rows=g, columns=k + 1)
    return Tally(tuple(groups), trait.levels, n=counts[:, 1:], missing=counts[:, 0])


def composition(trait: Trait, among: BoolArray | None = None) -> Tally:
    """Everyone, or those whom ``among`` (n,) says, as one group.

    >>> composition(Trait.of(["f", "m", "m", None])).n.tolist()
    [[1, 2]]
    """
    if among is None:
        return tally(trait, np.zeros(len(trait.codes), dtype=np.int8), ["all"])
    return tally(trait, among.astype(np.int8) - np.int8(1), ["all"])


def without_seeds(sample: Sample, trait: Trait) -> Tally:
    """Composition of the recruits alone: staff chose the seeds, peers brought the rest.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "a"], traits={"sex": ["m", "f", "m"]})
    >>> without_seeds(sample, sample.trait("sex")).n.tolist()
    [[1, 1]]
    """
    return composition(trait, sample.recruiter >= 0)


def by_wave(sample: Sample, trait: Trait) -> Tally:
    """By wave, seeds first.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["m", "f"]})
    >>> by_wave(sample, sample.traits["sex"]).n.tolist()
    [[0, 1], [1, 0]]
    """
    if not len(sample):
        return tally(trait, sample.forest.wave, [])
    waves = range(sample.forest.max_wave + 1)
    return tally(trait, sample.forest.wave, [str(wave) for wave in waves])


def by_trait(trait: Trait, other: Trait) -> Tally:
    """By the levels of another trait, such as the site.

    >>> by_trait(Trait.of(["f", "m"]), Trait.of(["Lviv", "Lviv"])).n.tolist()
    [[1, 1]]
    """
    return tally(trait, other.codes, other.levels)


def by_chain(sample: Sample, trait: Trait) -> Tally:
    """By chain, largest first, each called by the id of its seed.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "", "b"], traits={"sex": ["m", "f", "m"]})
    >>> found = by_chain(sample, sample.trait("sex"))
    >>> found.groups, found.n.tolist()
    (('b', 'a'), [[1, 1], [0, 1]])
    """
    found = chains(sample.forest)
    rank = np.full(len(sample), -1)
    rank[found.seed] = np.arange(len(found.seed))
    names = [sample.ids[i] for i in found.seed.tolist()]
    return tally(trait, rank[sample.forest.seed], names)


def over_time(sample: Sample, trait: Trait) -> Growth:
    """By week of enrolment. Weeks without anyone are there too, unless the dates span 20 years.

    >>> from analysis.sample import build_sample
    >>> days = ["2026-03-02", "2026-03-08", "2026-03-16"]
    >>> growth = over_time(s := build_sample(list("abc"), [None] * 3, enrolled_on=days,
    ...     traits={"sex": ["f", "m", "f"]}), s.traits["sex"])
    >>> growth.new.groups, growth.new.people.tolist(), growth.total.share[:, 0].round(2).tolist()
    (('2026-03-02', '2026-03-09', '2026-03-16'), [2, 0, 1], [0.5, 0.5, 0.67])
    """
    dated = ~np.isnat(sample.enrolled_on)
    monday = monday_of(sample.enrolled_on[dated])
    weeks = np.unique(monday)
    if len(weeks) and (weeks[-1] - weeks[0]) // np.timedelta64(7, "D") < _LONGEST_SPAN_IN_WEEKS:
        weeks = np.arange(weeks[0], weeks[-1] + 7, 7)
    group = np.full(len(sample), -1)
    group[dated] = np.searchsorted(weeks, monday)
    new = tally(trait, group, weeks.astype(str).tolist())
    total = Tally(new.groups, new.levels, new.n.cumsum(axis=0), new.missing.cumsum(axis=0))
    return Growth(weeks, new, total, undated=int(np.count_nonzero(~dated)))


def monday_of(days: DateArray) -> DateArray:
    """(n,) the Monday of the week of each day.

    >>> monday_of(np.array(["2026-03-01", "2026-03-02"], dtype="datetime64[D]")).astype(str).tolist()
    ['2026-02-23', '2026-03-02']
    """
    number = days.astype("datetime64[D]").astype(np.int64)
    return ((number + 3) // 7 * 7 - 3).astype("datetime64[D]")
