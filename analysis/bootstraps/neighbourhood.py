"""The neighbourhood bootstrap: people drawn with replacement, and their neighbours pooled."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.arrays import IntArray
from analysis.bootstraps.bootstrap import Tally, chunks, refuse_without_recruits
from analysis.bootstraps.canonical import canonical_order
from analysis.counts import Counts, Frame


def neighbourhood(
    frame: Frame,
    replicates: int,
    random: np.random.Generator,
    *,
    population_size: float | None = None,
) -> Iterator[Counts]:
    """Draw round(n / c) people with replacement and pool their neighbours, with multiplicity.

    A person's neighbours are her recruiter and her recruits, not herself; c = 2 (n - s) / n is how
    many she has on average, s seeds among n people. So a replicate has about n people. Each
    neighbour brings the recruitment between the two along, for estimators that use it.

    Source: Yauck, Moodie, Apelian, Fourmigue, Grace, Hart, Lambert & Cox (2022), "Neighborhood
    bootstrap for respondent-driven sampling", Journal of Survey Statistics and Methodology 10(2).

    Raises:
        SampleError: ``no_recruits`` where nobody has a neighbour.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[1, 1],
    ...     traits={"sex": ["f", "m"]})
    >>> [counts] = neighbourhood(frame(sample, sample.trait("sex")), 3, np.random.default_rng(1))
    >>> counts.of_group.sum(axis=1).tolist(), counts.recruits[:, 0, 1].tolist()
    ([2, 2, 2], [2, 2, 2])
    """
    refuse_without_recruits(frame.recruiter >= 0, "The neighbourhood bootstrap")
    ties, tally = _ties(frame), Tally(frame)
    people, pairs = tally.people[ties.neighbour], tally.pairs[ties.recruit]
    draws = round(len(frame) / ties.number.mean())
    for some in chunks(replicates, len(frame)):
        drawn = random.integers(0, len(frame), size=some * draws)
        number = ties.number[drawn]
        place = _ranges(ties.first[drawn], number)
        replicate = np.repeat(np.arange(some), number.reshape(some, draws).sum(axis=1))
        yield tally.counts(some, replicate=replicate, people=people[place], pairs=pairs[place])


@dataclass(frozen=True, eq=False)
class _Ties:
    """Neighbours of the people, who are in canonical order.

    Attributes:
        first: (n,) place of a person's first neighbour in the arrays below.
        number: (n,) how many she has.
        neighbour: (2 (n - s),) index into the sample.
        recruit: (2 (n - s),) who of the two was recruited by the other: index into the sample.
    """

    first: IntArray
    number: IntArray
    neighbour: IntArray
    recruit: IntArray


def _ties(frame: Frame) -> _Ties:
    rank = canonical_order(frame).person
    recruit = np.flatnonzero(frame.recruiter >= 0)
    recruiter = frame.recruiter[recruit]
    owner = rank[np.concatenate([recruit, recruiter])]
    order = np.argsort(owner, kind="stable")
    number = np.bincount(owner, minlength=len(frame))
    return _Ties(
        first=np.cumsum(number) - number,
        number=number,
        neighbour=np.concatenate([recruiter, recruit])[order],
        recruit=np.concatenate([recruit, recruit])[order],
    )


def _ranges(first: IntArray, number: IntArray) -> IntArray:
    """first, first + 1, … of each, ``number`` of them, one after another."""
    ends = np.cumsum(number)
    return np.repeat(first - ends + number, number) + np.arange(ends[-1])
