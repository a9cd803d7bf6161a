"""What a bootstrap is, and what all of them share."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from analysis.arrays import BoolArray, IntArray
from analysis.counts import Counts, Frame
from analysis.errors import SampleError

DRAWS_AT_ONCE = 1 << 16
"""How many people are drawn at once: large enough to be quick, small enough to stay in memory."""

CELLS_AT_ONCE = 1 << 22
"""How many cells of tables are held at once, where there are many network sizes and groups."""

IntervalKind = Literal["percentile", "normal", "logit"]


class Resample(Protocol):
    """Draw a sample anew, again and again.

    Yields counts of a few replicates at a time, ``replicates`` in all. The same state of ``random``
    and the same number of replicates give the same counts.

    >>> from analysis.bootstraps import BOOTSTRAPS
    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[1, 1], traits={"x": ["f", "m"]})
    >>> draw: Resample = BOOTSTRAPS["tree"].resample
    >>> drawn = draw(frame(sample, sample.trait("x")), 5, np.random.default_rng(1))
    >>> sum(len(counts.people) for counts in drawn)
    5
    """

    def __call__(
        self,
        frame: Frame,
        replicates: int,
        random: np.random.Generator,
        *,
        population_size: float | None = None,
    ) -> Iterator[Counts]: ...


@dataclass(frozen=True)
class Bootstrap:
    """A way to find out how far an estimate would wobble if the survey were done again.

    Attributes:
        name: stable, for programs.
        title: as the field calls it.
        resample: draws replicates.
        kind: of the interval that is usual with it.
        source: the paper.
        needs_population_size: it cannot do without.
        keeps_inclusion: a person's chance of inclusion in a replicate is that of her network size in
            the sample itself; otherwise it is worked out anew from the replicate.
        finite_correction: its standard errors are to be multiplied by √(1 - n/N) where N is known.

    >>> from analysis.bootstraps import BOOTSTRAPS
    >>> BOOTSTRAPS["tree"].title, BOOTSTRAPS["tree"].kind
    ('Tree bootstrap', 'percentile')
    """

    name: str
    title: str
    resample: Resample
    kind: IntervalKind
    source: str
    needs_population_size: bool = False
    keeps_inclusion: bool = False
    finite_correction: bool = False

    def __str__(self) -> str:
        return self.name


def chunks(
    number: int, draws_each: int, *, at_least: int = 1, cells_each: int = 0
) -> Iterator[int]:
    """How many to draw at a time, so that memory stays bounded.

    Args:
        draws_each: people drawn for each.
        at_least: however many people that are,
        cells_each: unless the tables of so many cells for each grow too large.

    >>> list(chunks(5, DRAWS_AT_ONCE // 2)), list(chunks(3, 10 * DRAWS_AT_ONCE))
    ([2, 2, 1], [1, 1, 1])
    >>> list(chunks(5, 1, at_least=4, cells_each=CELLS_AT_ONCE // 3))
    [3, 2]
    """
    most = max(at_least, DRAWS_AT_ONCE // max(1, draws_each))
    most = min(most, max(1, CELLS_AT_ONCE // max(1, cells_each)))
    for start in range(0, number, most):
        yield min(most, number - start)


class Tally:
    """Counts the people and recruitments of many replicates.

    Each person is given as her place in ``frame``, each recruitment as the place of the recruit.
    People who do not count, and recruitments where a group is not known, go to a cell that is
    thrown away.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[2, 2],
    ...     traits={"sex": ["m", "f"]})
    >>> tally = Tally(frame(sample, sample.trait("sex")))
    >>> both = np.array([0, 1])
    >>> counts = tally.counts(2, replicate=both, people=tally.people[both], pairs=tally.pairs[both])
    >>> counts.people.tolist()
    [[[0, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]]]
    >>> counts.recruits.tolist()
    [[[0, 0], [0, 0]], [[0, 0], [1, 0]]]
    """

    def __init__(self, frame: Frame):
        rows, columns = frame.people_shape
        k = len(frame.levels)
        self._degree, self._people_shape, self._pairs_shape = frame.degree, (rows, columns), (k, k)
        self.people: IntArray = np.where(frame.is_counted, frame.people_cell, rows * columns)
        self.pairs: IntArray = np.where(frame.recruits_cell < 0, k * k, frame.recruits_cell)

    @property
    def cells(self) -> int:
        """How many the tables of a replicate have."""
        return math.prod(self._people_shape) + math.prod(self._pairs_shape)

    def counts(
        self, replicates: int, *, replicate: IntArray, people: IntArray, pairs: IntArray
    ) -> Counts:
        """Counts of R replicates, from the cells of their people and recruitments.

        Args:
            replicate: (m,) which replicate each belongs to.
            people: (m,) cells, some of ``self.people``.
            pairs: (m,) cells, some of ``self.pairs``.

        >>> from analysis.counts import frame
        >>> from analysis.sample import build_sample
        >>> sample = build_sample(["a"], [""], network_size=[2], traits={"sex": ["f"]})
        >>> tally, twice = Tally(frame(sample, sample.trait("sex"))), np.array([0, 0])
        >>> tally.counts(1, replicate=twice, people=tally.people[twice], pairs=tally.pairs[twice]).of_group
        array([[2]])
        """
        return Counts(
            degree=self._degree,
            people=_table(replicates, replicate, people, self._people_shape),
            recruits=_table(replicates, replicate, pairs, self._pairs_shape),
        )


def _table(
    replicates: int, replicate: IntArray, cell: IntArray, shape: tuple[int, int]
) -> IntArray:
    width = shape[0] * shape[1] + 1
    found = np.bincount(replicate * width + cell, minlength=replicates * width)
    return found.reshape(replicates, width)[:, :-1].reshape(replicates, *shape)


def refuse_without_recruits(is_recruit: BoolArray, title: str) -> None:
    """Stop a bootstrap that has no recruitment to go by.

    Args:
        is_recruit: (n,) who was recruited.
        title: of the bootstrap.

    Raises:
        SampleError: ``no_recruits``.

    >>> refuse_without_recruits(np.array([False]), "This bootstrap")
    Traceback (most recent call last):
    ...
    analysis.errors.SampleError: This bootstrap goes by who recruited whom, and no recruitment is known. (no_recruits)
    """
    if not is_recruit.any():
        raise SampleError(
            "no_recruits",
            f"{title} goes by who recruited whom, and no recruitment is known.",
        )
