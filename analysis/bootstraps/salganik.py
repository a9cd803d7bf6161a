"""Salganik's bootstrap: a chain in which who recruits matters only by her group."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.arrays import IntArray
from analysis.bootstraps.bootstrap import Tally, chunks, refuse_without_recruits
from analysis.bootstraps.canonical import canonical_order
from analysis.counts import Counts, Frame

ABREAST = 500


def salganik(
    frame: Frame,
    replicates: int,
    random: np.random.Generator,
    *,
    population_size: float | None = None,
) -> Iterator[Counts]:
    """Draw a first person uniformly; then, again and again, uniformly one of all who were recruited
    by members of the current person's group, until there are n.

    Only people whose group is known take part; n is their number. Recruitments are those from each
    person to the next. The paper does not say what follows on a person of a group that recruited
    nobody; here another first person is drawn, and no recruitment is counted. So the recruitments of
    a replicate are n - 1 less the new beginnings.

    Assumes that only the group of the recruiter matters, and that one chain stands for all. The groups
    of a replicate are those of the equilibrium, so replicates of RDS-I have their mean at its estimate;
    those of RDS-II and the composition lie nearer to RDS-I and the equilibrium where the sample is
    still far from it.

    Source: Salganik (2006), "Variance estimation, design effects, and sample size calculations for
    respondent-driven sampling", Journal of Urban Health 83(Suppl 1).

    Raises:
        SampleError: ``no_recruits`` where nobody recruited anyone.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "b"], network_size=[1, 1, 1],
    ...     traits={"sex": ["f", "m", "f"]})
    >>> [counts] = salganik(frame(sample, sample.trait("sex")), 2, np.random.default_rng(1))
    >>> counts.of_group.sum(axis=1).tolist(), counts.recruits.sum(axis=(1, 2)).tolist()
    ([3, 3], [2, 2])
    """
    refuse_without_recruits(frame.recruits_cell >= 0, "Salganik's bootstrap")
    pools = _pools(frame)
    cells = pools.tally.cells
    for some in chunks(replicates, len(frame), at_least=ABREAST, cells_each=cells):
        yield _chains(pools, some, random)


@dataclass(frozen=True, eq=False)
class _Pools:
    """Whom members of each group recruited; and last, everyone, to begin with.

    Attributes:
        first: (k + 1,) place of the first of each pool in the arrays below.
        number: (k + 1,) people in it.
        after: (m,) the pool of the next person: that of her group, or to begin anew.
        people, pairs: (m,) cells.
        people_in_all: how many to draw.
    """

    first: IntArray
    number: IntArray
    after: IntArray
    people: IntArray
    pairs: IntArray
    people_in_all: int
    tally: Tally


def _pools(frame: Frame) -> _Pools:
    k, rank, tally = len(frame.levels), canonical_order(frame).person, Tally(frame)
    recruit = np.flatnonzero(frame.recruits_cell >= 0)
    anyone = np.flatnonzero((frame.group < k) & frame.is_counted)
    pool = np.concatenate([frame.group[frame.recruiter[recruit]], np.full(len(anyone), k)])
    person = np.concatenate([recruit, anyone])
    order = np.lexsort((rank[person], pool))
    number = np.bincount(pool, minlength=k + 1)
    has_recruits = number[frame.group[person]] > 0
    pairs = np.where(pool < k, tally.pairs[person], k * k)
    return _Pools(
        first=np.cumsum(number) - number,
        number=number,
        after=np.where(has_recruits, frame.group[person], k)[order],
        people=tally.people[person][order],
        pairs=pairs[order],
        people_in_all=len(anyone),
        tally=tally,
    )


def _chains(pools: _Pools, replicates: int, random: np.random.Generator) -> Counts:
    """As many chains side by side, person after person."""
    pool = np.full(replicates, len(pools.first) - 1)
    blocks = list[Counts]()
    for steps in chunks(pools.people_in_all, replicates, at_least=pools.tally.cells):
        drawn = np.empty((steps, replicates), dtype=np.int64)
        for step, chance in enumerate(random.random((steps, replicates))):
            drawn[step] = pools.first[pool] + (chance * pools.number[pool]).astype(np.int64)
            pool = pools.after[drawn[step]]
        block = pools.tally.counts(
            replicates,
            replicate=np.broadcast_to(np.arange(replicates), drawn.shape).ravel(),
            people=pools.people[drawn].ravel(),
            pairs=pools.pairs[drawn].ravel(),
        )
        blocks = [_added(*blocks, block)]
    return blocks[0]


def _added(first: Counts, *others: Counts) -> Counts:
    return Counts(
        degree=first.degree,
        people=sum((other.people for other in others), first.people),
        recruits=sum((other.recruits for other in others), first.recruits),
    )
