"""What every estimator needs of a sample: people by network size and group, and who recruited whom.

A sample of any size comes down to two small tables. So one function serves the sample itself and a
thousand replicates of a bootstrap, which come as tables with a leading axis.

Notation: D distinct network sizes, k groups, R replicates (1 for the sample itself).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.blocks import blocks, count_cells
from analysis.degrees import MissingDegree, stand_in
from analysis.errors import SampleError
from analysis.sample import Sample, Trait

LARGEST_PLAIN_SIZE = 1_000_000
MOST_GROUPS = 2_000
"""Tables of recruitments have k² cells: 32 MB each at so many."""


@dataclass(frozen=True, eq=False)
class Counts:
    """People and recruitments, R times over.

    Attributes:
        degree: (D,) the distinct network sizes in persons, ascending.
        people: (R, D + 1, k + 1) people by network size and group; the last row is of those whose
            network size is not known, the last column of those whose group is not known.
        recruits: (R, k, k) how many of each group (column) each group (row) recruited.

    >>> counts = Counts(np.array([2.0]), np.array([[[3, 1, 0], [0, 0, 1]]]), np.ones((1, 2, 2)))
    >>> counts.of_group.tolist(), counts.of_degree.tolist(), counts.placed.tolist()
    ([[3, 1]], [[4]], [[[3, 1]]])
    """

    degree: FloatArray
    people: IntArray
    recruits: IntArray | FloatArray

    @property
    def of_group(self) -> IntArray:
        """(R, k) people of each group, whether or not their network size is known."""
        found: IntArray = self.people[..., :-1].sum(axis=-2)
        return found

    @property
    def of_degree(self) -> IntArray:
        """(R, D) people of each network size, whether or not their group is known."""
        found: IntArray = self.people[..., :-1, :].sum(axis=-1)
        return found

    @property
    def placed(self) -> IntArray:
        """(R, D, k) people whose network size and group are both known."""
        return self.people[..., :-1, :-1]


@dataclass(frozen=True, eq=False)
class Frame:
    """A sample made ready for one trait; arrays of shape (n,) in the order of the sample.

    Attributes:
        levels: the k groups.
        degree: (D,) the distinct network sizes in persons, ascending.
        size: index into ``degree``; D where the network size is not known.
        group: index into ``levels``; k where the group is not known.
        recruiter: index of the recruiter, -1 for a seed.
        is_counted: who counts as one of the people; seeds may be left out of that.
        block: the part of the population each belongs to (a site, say), where recruitment is to be
            understood inside such parts; ``None`` where all are one.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "a"], network_size=[4, 2, None],
    ...     traits={"sex": ["m", "f", None]})
    >>> found = frame(sample, sample.trait("sex"))
    >>> found.counts.people.tolist(), found.counts.recruits.tolist()
    ([[[1, 0, 0], [0, 1, 0], [0, 0, 1]]], [[[0, 0], [1, 0]]])
    """

    levels: tuple[str, ...]
    degree: FloatArray
    size: IntArray
    group: IntArray
    recruiter: IntArray
    is_counted: BoolArray
    block: IntArray | None = None

    def __len__(self) -> int:
        return len(self.group)

    def keeping_within(self, parts: Trait) -> "Frame":
        """The same, with recruitment understood inside the levels of another trait.

        >>> from analysis.sample import build_sample
        >>> sample = build_sample(["a"], [""], traits={"sex": ["m"], "site": ["Lviv"]})
        >>> frame(sample, sample.trait("sex")).keeping_within(sample.trait("site")).block.tolist()
        [1]
        """
        return replace(self, block=parts.codes + 1)

    @cached_property
    def people_cell(self) -> IntArray:
        """(n,) each person's place in a table of ``Counts.people``, read row by row."""
        cell = self.size.astype(np.int32)
        cell *= np.int32(len(self.levels) + 1)
        cell += self.group
        return cell

    @cached_property
    def recruits_cell(self) -> IntArray:
        """(n,) the place of her recruitment in a table of ``Counts.recruits``, read row by row.

        -1 for a seed, and where the group of either is not known.
        """
        k = len(self.levels)
        cell = np.empty(len(self), dtype=np.int32)
        for some in blocks(len(self)):
            recruiter, group = self.recruiter[some], self.group[some]
            source = self.group[recruiter]
            known = (recruiter >= 0) & (source < k) & (group < k)
            cell[some] = np.where(known, source.astype(np.int32) * np.int32(k) + group, -1)
        return cell

    @property
    def people_shape(self) -> tuple[int, int]:
        return len(self.degree) + 1, len(self.levels) + 1

    @cached_property
    def counts(self) -> Counts:
        """The sample's own counts, R = 1."""
        k, (rows, columns) = len(self.levels), self.people_shape
        people = count_cells(np.where(self.is_counted, self.people_cell, -1), rows * columns)
        return Counts(
            degree=self.degree,
            people=people.reshape(1, rows, columns),
            recruits=count_cells(self.recruits_cell, k * k).reshape(1, k, k),
        )


def frame(
    sample: Sample,
    trait: Trait,
    *,
    missing_degree: MissingDegree = "drop",
    with_seeds: bool = True,
    within: Trait | None = None,
) -> Frame:
    """Make a sample of n people ready for one trait of k levels.

    Args:
        missing_degree: ``drop`` leaves people without a network size out of whatever is weighted by
            it; ``maximum`` gives them the largest, as the R package RDS does.
        with_seeds: whether seeds count among the people. Staff chose them; the R package RDS counts
            them in. Whom they recruited counts either way.
        within: a trait whose levels recruitment hardly crosses (a site); the forest bootstrap then
            keeps people of one level together. Those whose level is not known are one more.

    Raises:
        SampleError: ``too_many_levels`` for a trait that is no grouping.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[4, None], traits={"sex": ["m", "f"]})
    >>> frame(sample, sample.trait("sex")).size.tolist()
    [0, 1]
    >>> frame(sample, sample.trait("sex"), missing_degree="maximum").size.tolist()
    [0, 0]
    """
    if len(trait.levels) > MOST_GROUPS:
        raise SampleError(
            "too_many_levels",
            f"This trait has {len(trait.levels):,} different values, too many to be groups (at most "
            f"{MOST_GROUPS:,}). Put them into bands first.",
            levels=len(trait.levels),
        )
    degree, size = _classes(stand_in(sample.network_size, missing_degree))
    k = len(trait.levels)
    ready = Frame(
        levels=trait.levels,
        degree=degree,
        size=size,
        group=np.where(trait.codes < 0, k, trait.codes).astype(np.int16),
        recruiter=sample.recruiter,
        is_counted=np.ones(len(sample), dtype=bool) if with_seeds else sample.recruiter >= 0,
    )
    return ready if within is None else ready.keeping_within(within)


def _classes(network_size: FloatArray) -> tuple[FloatArray, IntArray]:
    """The distinct sizes, and each person's place among them, their number where not known."""
    whole = _whole(network_size)
    if whole is None:
        degree, place = np.unique(network_size, return_inverse=True)
        known = len(degree) - int(np.count_nonzero(np.isnan(degree)))
        return degree[:known], place.astype(np.int32)
    most = int(whole.max(initial=-1))
    occurs = np.flatnonzero(count_cells(whole, most + 1))
    where = np.full(most + 2, len(occurs), dtype=np.int32)  # -1 points at the last
    where[occurs] = np.arange(len(occurs))
    return occurs.astype(np.float64), where[whole]


def _whole(network_size: FloatArray) -> IntArray | None:
    """(n,) the sizes as integers, -1 where not known; ``None`` if one is no plain whole number."""
    whole = np.empty(len(network_size), dtype=np.int32)
    for some in blocks(len(network_size)):
        sizes = np.where(np.isnan(network_size[some]), -1, network_size[some])
        if sizes.max() >= LARGEST_PLAIN_SIZE:
            return None
        whole[some] = sizes
        if (whole[some] != sizes).any():
            return None
    return whole
