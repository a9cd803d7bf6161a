"""How many people of each group somebody brings, among those who have had all their time."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.coupons.history import CouponHistory
from analysis.sample import Sample, Trait


@dataclass(frozen=True, eq=False)
class Offspring:
    """Who brought whom, as a table of the distinct outcomes: k levels, u outcomes.

    Attributes:
        levels: of the trait.
        recruits: (u, k + 1) recruits of each level, and last those whose level is not known.
        people: (k, u) how many people of each level had that outcome.
        unknown: people whose own level is not known; they are in no row.

    >>> table = Offspring(("f", "m"), np.array([[0, 0, 0], [1, 2, 0]]), np.array([[1, 1], [3, 1]]), 0)
    >>> table.mean.tolist(), table.of.tolist()
    ([[0.5, 1.0], [0.25, 0.5]], [2, 4])
    """

    levels: tuple[str, ...]
    recruits: IntArray
    people: IntArray
    unknown: int

    @property
    def of(self) -> IntArray:
        """(k,) people of each level."""
        of: IntArray = self.people.sum(axis=1)
        return of

    @property
    def mean(self) -> FloatArray:
        """(k, k) mean recruits of level y by a person of level x, as in ``mean_offspring``."""
        return mean_offspring(self.recruits, self.people)


def offspring(sample: Sample, history: CouponHistory, trait: Trait) -> Offspring:
    """The recruits of all whose last coupon is past its last day.

    Who counts goes by the days on coupons alone, never by what became of them. To count whoever has
    redeemed all her coupons, and leave out whoever still has one, would pick the successful. Those
    who were given no coupons count once they have been enrolled as long as the longest validity, for
    they are part of how many people a person brings; without a day of enrolment they are left out.

    Args:
        sample: n people; its recruiters say who brought whom.
        history: their coupons, which say whose time is over.
        trait: (n,) the levels to tell apart.

    Source: our definition; it is the offspring distribution of Harris (1963), "The Theory of
    Branching Processes".

    >>> from analysis.coupons.history import build_history
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["m", "f"]})
    >>> history = build_history(as_of="2026-04-20", people=2, issued_on=["2026-03-01", "2026-04-19"],
    ...     usable_from=["2026-03-02", "2026-04-19"], usable_until=["2026-03-31", "2026-05-19"],
    ...     redeemed_on=["2026-03-31", ""], holder=[0, 1], recruit=[1, -1])
    >>> found = offspring(sample, history, sample.trait("sex"))
    >>> found.recruits.tolist(), found.people.tolist()
    ([[1, 0, 0]], [[0], [1]])
    """
    ripe = ripe_people(sample, history)
    k = len(trait.levels)
    outcome, recruits = _outcomes(sample.recruiter, trait)
    cells = (trait.codes[ripe].astype(np.int64) + 1) * len(recruits) + outcome[ripe]
    people = np.bincount(cells, minlength=(k + 1) * len(recruits)).reshape(k + 1, -1)
    seen = people.any(axis=0)
    unknown = int(people[0].sum())
    return Offspring(trait.levels, recruits[seen], people[1:, seen], unknown)


def ripe_people(sample: Sample, history: CouponHistory) -> BoolArray:
    """(n,) her time to recruit is over: her last coupon's last day, or that of one she did not get.

    Source: our definition, max over her coupons of usable_until < as_of.

    >>> from analysis.coupons.history import build_history
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", ""], enrolled_on=["2026-03-01", "2026-03-25"])
    >>> ripe_people(sample, build_history(as_of="2026-04-20", people=2, issued_on=["2026-03-10"],
    ...     usable_from=["2026-03-10"], usable_until=["2026-04-09"], holder=[0])).tolist()
    [True, False]
    """
    held = history.holder >= 0
    validity = (history.usable_until - history.issued_on).astype(np.int64)
    longest = np.timedelta64(int(validity.max(initial=0)), "D")
    last = np.full(len(sample), np.iinfo(np.int64).min)
    np.maximum.at(last, history.holder[held], history.usable_until[held].astype(np.int64))
    without = last == np.iinfo(np.int64).min
    over_without = sample.enrolled_on + longest < history.as_of
    return np.where(without, over_without, last < history.as_of.astype(np.int64))


def mean_offspring(recruits: IntArray, people: IntArray) -> FloatArray:
    """(…, k, k) mean recruits of level y by a person of level x; nan where it is not known.

    Recruits whose level is not known are shared out as the known recruits of their recruiters'
    level are; where none of those is known, the row is nan, as it is where there are no people.

    Args:
        recruits: (u, k + 1) as in ``Offspring``.
        people: (…, k, u).

    Source: Diekmann, Heesterbeek & Metz (1990), J. Math. Biol. 28 (the next-generation matrix);
    sharing out takes levels as missing at random within the row, Little & Rubin, "Statistical
    Analysis with Missing Data".

    >>> mean_offspring(np.array([[2, 1, 1]]), np.array([[1], [0]])).round(3).tolist()
    [[2.667, 1.333], [nan, nan]]
    """
    brought = people @ recruits
    known, total = brought[..., :-1], brought.sum(axis=-1, keepdims=True)
    of, of_known = people.sum(axis=-1)[..., np.newaxis], known.sum(axis=-1, keepdims=True)
    spread = np.where(of_known > 0, total / np.maximum(of_known, 1), np.where(total, np.nan, 1.0))
    return np.where(of > 0, known * spread / np.maximum(of, 1), np.nan)


def _outcomes(recruiter: IntArray, trait: Trait) -> tuple[IntArray, IntArray]:
    """(n,) which outcome each person had, and (u, k + 1) what the outcomes are."""
    n, k = len(recruiter), len(trait.levels)
    outcome: IntArray = np.zeros(n, dtype=np.int64)
    recruits: IntArray = np.zeros((1, 0), dtype=np.int64)
    for level in [*range(k), -1]:
        of_level = (recruiter >= 0) & (trait.codes == level)
        brought = np.bincount(recruiter[of_level], minlength=n)
        width = int(brought.max(initial=0)) + 1
        found, outcome = _renumbered(outcome * width + brought)
        recruits = np.column_stack([recruits[found // width], found % width])
    return outcome, recruits


def _renumbered(codes: IntArray) -> tuple[IntArray, IntArray]:
    """The codes there are, and the place of each among them."""
    there = np.bincount(codes) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]
