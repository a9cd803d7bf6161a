"""The forest bootstrap: the forest stays as it grew, and people are drawn anew along it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.arrays import BoolArray, IntArray
from analysis.bootstraps.bootstrap import Tally, chunks, refuse_without_recruits
from analysis.bootstraps.canonical import canonical_order
from analysis.counts import Counts, Frame
from analysis.forest import grow


def forest(
    frame: Frame,
    replicates: int,
    random: np.random.Generator,
    *,
    population_size: float | None = None,
) -> Iterator[Counts]:
    """Fill every place of the forest anew: a seed's with anyone of the sample, a recruit's with one of
    all who were recruited by members of the group that now stands in her recruiter's place.

    This is Salganik's bootstrap with the forest as it was in place of one long chain, so two people
    are as alike as their distance in the forest makes them: with two groups the covariance is that
    of a Markov chain, λ^t at t steps, λ = S_xx + S_yy - 1, and brothers and sisters are two steps
    apart. One chain of n people, each step of which forgets, knows nothing of them. Drawing whole
    families instead (the tree bootstrap) counts what chains have in common by chance as theirs.

    A place whose recruiter's group is not known is filled in the same way: not known is a group of
    its own. Where a group recruited nobody, anyone of the sample follows, and no recruitment is
    counted. Seeds are drawn like that too, so what staff chose does not tie a replicate down.

    Assumes that whom a person recruits depends on her own group and on nothing further back. Where
    people recruit inside communities of which the trait knows nothing, it is too sure. Where the
    communities are known (``Frame.block``: sites, say), a recruit's place is filled with one of those
    recruited by members of the group and the block that stand in her recruiter's place.

    With RDS-I the mean of the replicates lies on the estimate. With RDS-II it lies where RDS-I does: wave
    after wave the places are filled by who recruits whom, towards the equilibrium, whatever the sample's
    own composition was. So the replicates tell how wide RDS-II's interval is, and not where it lies: the
    interval is laid round the estimate (``kind`` logit).

    It draws with replacement; its user multiplies the standard error by √(1 - n/N).

    Source: the draw is that of Salganik (2006), "Variance estimation, design effects, and sample size
    calculations for respondent-driven sampling", Journal of Urban Health 83(Suppl 1); variance along
    a tree of a Markov chain: Rohe (2019), "A critical threshold for design effects in network
    sampling", Annals of Statistics 47(1).

    Raises:
        SampleError: ``no_recruits`` where nobody was recruited.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "b"], network_size=[1, 1, 1],
    ...     traits={"sex": ["f", "m", "m"]})
    >>> [counts] = forest(frame(sample, sample.trait("sex")), 20, np.random.default_rng(1))
    >>> set(counts.of_group.sum(axis=1).tolist()), counts.recruits[:, :, 0].any()
    ({3}, np.False_)
    """
    refuse_without_recruits(frame.recruiter >= 0, "The forest bootstrap")
    told_apart = _told_apart(frame)
    rank = canonical_order(told_apart).person
    places, pools, tally = _places(frame, rank), _pools(frame, told_apart, rank), Tally(frame)
    nowhere = frame.people_shape[0] * frame.people_shape[1]
    for some in chunks(replicates, len(frame)):
        drawn = _filled(places, pools, some, random)
        people = pools.people[drawn]
        people[~places.is_counted] = nowhere
        yield tally.counts(
            some,
            replicate=np.broadcast_to(np.arange(some), drawn.shape).ravel(),
            people=people.ravel(),
            pairs=pools.pairs[drawn].ravel(),
        )


@dataclass(frozen=True, eq=False)
class _Places:
    """Places of the forest wave after wave, seeds first; arrays of shape (n,).

    Attributes:
        recruiter: the place of the recruiter; -1 for seeds.
        is_counted: whether who stands there counts as one of the people.
        ends: where each wave ends.
    """

    recruiter: IntArray
    is_counted: BoolArray
    ends: list[int]


@dataclass(frozen=True, eq=False)
class _Pools:
    """Whom members of each of k groups recruited, the group not known too; and last, everyone.

    Attributes:
        first: (k + 2,) place of the first of each pool in the arrays below.
        number: (k + 2,) people in it.
        after: (m,) the pool her recruits are drawn from: that of her group, or everyone.
        people, pairs: (m,) cells.
    """

    first: IntArray
    number: IntArray
    after: IntArray
    people: IntArray
    pairs: IntArray


def _told_apart(frame: Frame) -> Frame:
    """The same people with a group for each group in each block, and for those of none."""
    if frame.block is None:
        return frame
    _, group = np.unique(frame.block * (len(frame.levels) + 1) + frame.group, return_inverse=True)
    return replace(frame, levels=tuple(map(str, range(group.max() + 1))), group=group)


def _places(frame: Frame, rank: IntArray) -> _Places:
    grown = grow(frame.recruiter)
    person = np.lexsort((rank, grown.wave))
    place = np.empty_like(person)
    place[person] = np.arange(len(person))
    recruiter = frame.recruiter[person]
    return _Places(
        recruiter=np.where(recruiter < 0, -1, place[recruiter]),
        is_counted=frame.is_counted[person],
        ends=np.cumsum(grown.wave_counts).tolist(),
    )


def _pools(frame: Frame, told_apart: Frame, rank: IntArray) -> _Pools:
    everyone, tally, group = len(told_apart.levels) + 1, Tally(frame), told_apart.group
    recruit = np.flatnonzero(frame.recruiter >= 0)
    anyone = np.flatnonzero(frame.is_counted)
    pool = np.concatenate([group[frame.recruiter[recruit]], np.full(len(anyone), everyone)])
    person = np.concatenate([recruit, anyone])
    order = np.lexsort((rank[person], pool))
    pool, person = pool[order], person[order]
    number = np.bincount(pool, minlength=everyone + 1)
    own = group[person]
    return _Pools(
        first=np.cumsum(number) - number,
        number=number,
        after=np.where(number[own] > 0, own, everyone),
        people=tally.people[person],
        pairs=np.where(pool == everyone, len(frame.levels) ** 2, tally.pairs[person]),
    )


def _filled(
    places: _Places, pools: _Pools, replicates: int, random: np.random.Generator
) -> IntArray:
    """(n, R) who stands in each place, as a place in the arrays of the pools."""
    drawn = np.empty((len(places.recruiter), replicates), dtype=np.int32)
    pool = np.full((places.ends[0], replicates), len(pools.first) - 1)
    start = 0
    for end in places.ends:
        if start:
            pool = pools.after[drawn[places.recruiter[start:end]]]
        chance = random.random(pool.shape)
        drawn[start:end] = pools.first[pool] + (chance * pools.number[pool]).astype(np.int32)
        start = end
    return drawn
