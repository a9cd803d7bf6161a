"""The tree bootstrap: seeds drawn with replacement, then recruits of each person, down the tree."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.arrays import IntArray
from analysis.bootstraps.bootstrap import Tally, chunks
from analysis.bootstraps.canonical import canonical_order
from analysis.counts import Counts, Frame
from analysis.errors import SampleError

AT_ONCE = 20
"""Replicates drawn together however large the sample, for forests of many waves."""


def tree(
    frame: Frame,
    replicates: int,
    random: np.random.Generator,
    *,
    population_size: float | None = None,
) -> Iterator[Counts]:
    """Draw s seeds of s with replacement; for each copy of a person with k recruits draw k of them
    with replacement; and so on to the last wave.

    A replicate has as many people as the sample on average, not each time. Copies are drawn wave by
    wave for many replicates at once, O(n) each; 0 recruits end a branch. It resamples people whether
    or not their group and network size are known.

    Raises:
        SampleError: ``no_participants`` where there is nobody.

    Assumes nothing of who recruits whom; its intervals are known to be wide.

    Source: Baraff, McCormick & Raftery (2016), "Estimating uncertainty in respondent-driven sampling
    using a tree bootstrap method", Proceedings of the National Academy of Sciences 113(51).

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "a"], network_size=[1, 1, 1],
    ...     traits={"sex": ["f", "m", "m"]})
    >>> [counts] = tree(frame(sample, sample.trait("sex")), 2, np.random.default_rng(1))
    >>> counts.of_group.tolist(), counts.recruits.tolist()
    ([[1, 2], [1, 2]], [[[0, 2], [0, 0]], [[0, 2], [0, 0]]])
    """
    if not len(frame):
        raise SampleError("no_participants", "There is nobody to draw: this sample has no people.")
    family, tally = _family(frame), Tally(frame)
    people, pairs = tally.people[family.person], tally.pairs[family.person]
    for some in chunks(replicates, len(frame), at_least=AT_ONCE, cells_each=tally.cells):
        replicate, copies = _copies(family, some, random)
        yield tally.counts(some, replicate=replicate, people=people[copies], pairs=pairs[copies])


@dataclass(frozen=True, eq=False)
class _Family:
    """People with the seeds first and siblings side by side; arrays of shape (n,).

    Attributes:
        person: index into the sample.
        first: place of the first of her recruits.
        recruits: how many there are.
        seeds: how many seeds.
    """

    person: IntArray
    first: IntArray
    recruits: IntArray
    seeds: int


def _family(frame: Frame) -> _Family:
    n, rank = len(frame), canonical_order(frame).person
    is_recruit = frame.recruiter >= 0
    of_recruiter = np.where(is_recruit, rank[frame.recruiter], -1)
    person = np.lexsort((rank, of_recruiter))
    recruits = np.bincount(of_recruiter[is_recruit], minlength=n)
    seeds = n - int(is_recruit.sum())
    first = seeds + np.cumsum(recruits) - recruits
    own = rank[person]
    return _Family(person=person, first=first[own], recruits=recruits[own], seeds=seeds)


def _copies(
    family: _Family, replicates: int, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Every copy of every replicate: which replicate it is of, and the place of the person."""
    replicate = np.repeat(np.arange(replicates), family.seeds)
    copies: IntArray = random.integers(0, family.seeds, size=len(replicate))
    waves: list[tuple[IntArray, IntArray]] = [(replicate, copies)]
    while len(copies):
        recruits = family.recruits[copies]
        replicate = np.repeat(replicate, recruits)
        first = np.repeat(family.first[copies], recruits)
        copies = first + random.integers(0, np.repeat(recruits, recruits))
        waves.append((replicate, copies))
    return np.concatenate([r for r, _ in waves]), np.concatenate([c for _, c in waves])
