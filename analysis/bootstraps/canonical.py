"""An order of people and groups that depends on neither names nor rows.

A bootstrap that draws the third person of a file draws someone else when the file is sorted, and one
that draws the first group draws another group when it is renamed: the same seed then gives other
figures for the same survey. Here people and groups are ordered by what is known of them, so whoever
is still equal in all of it can be exchanged without changing a figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.arrays import IntArray
from analysis.counts import Frame
from analysis.forest import Forest, grow

Signature = npt.NDArray[np.uint64]

_ROOT, _BELOW, _ABOVE, _UNKNOWN = np.array(
    [[0x9E3779B97F4A7C15], [0xC2B2AE3D27D4EB4F], [0x165667B19E3779F9], [0x27D4EB2F165667C5]],
    dtype=np.uint64,
)


@dataclass(frozen=True, eq=False)
class Order:
    """Ranks from 0 on.

    Attributes:
        person: (n,) rank of each person.
        group: (k,) rank of each group.

    >>> order = Order(person=np.array([2, 0, 1]), group=np.array([0]))
    >>> np.argsort(order.person).tolist()  # the second person of the file comes first
    [1, 2, 0]
    """

    person: IntArray
    group: IntArray


def canonical_order(frame: Frame) -> Order:
    """Rank people and groups by their place in the forest, not by row or name.

    A person's signature says her network size, her group's signature, the same of everyone below
    her and of everyone above her. A group's signature sums those of its members; it starts the same
    for all, and is worked out again until it tells no more groups apart. Groups that mirror each
    other in everything cannot be told apart: those are ranked as ``frame.levels`` has them.

    Signatures are 64-bit hashes, the same in every run.

    Source: colour refinement, Weisfeiler & Leman (1968); on a forest, the tree isomorphism of Aho,
    Hopcroft & Ullman (1974).

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> def ranks(ids, recruiters, group):
    ...     sample = build_sample(ids, recruiters, traits={"group": group})
    ...     return canonical_order(frame(sample, sample.trait("group")))
    >>> first = ranks(["a", "b", "c"], ["", "a", "a"], ["x", "x", "y"])
    >>> second = ranks(["c", "b", "a"], ["a", "a", ""], ["v", "w", "w"])
    >>> first.person[::-1].tolist() == second.person.tolist()
    True
    >>> first.group[::-1].tolist() == second.group.tolist()
    True
    """
    if not len(frame):
        return Order(person=np.empty(0, dtype=np.int64), group=np.arange(len(frame.levels)))
    forest = grow(frame.recruiter)
    waves = np.split(
        np.argsort(forest.wave, kind="stable"), np.cumsum(forest.wave_counts)[:-1].tolist()
    )
    k = len(frame.levels)
    group = np.append(np.zeros(k, dtype=np.uint64), _UNKNOWN)
    person, told = _signatures(frame, forest, waves, group), 1
    while told < k:
        found = _group_signatures(frame, person, group)
        distinct = len(np.unique(found[:k]))
        if distinct <= told:
            break
        group, told = found, distinct
        person = _signatures(frame, forest, waves, group)
    return Order(person=_rank(person), group=_rank(group[:k]))


def _signatures(
    frame: Frame, forest: Forest, waves: Sequence[IntArray], group: Signature
) -> Signature:
    """(n,) of everyone below first, from the last wave up; then of everyone above."""
    own = _mixed(_mixed(group)[frame.group] + frame.size.astype(np.uint64))
    below = np.zeros_like(own)
    for wave in reversed(waves):
        own[wave] = _mixed(own[wave] + below[wave])
        if forest.wave[wave[0]]:
            np.add.at(below, forest.recruiter[wave], _mixed(own[wave] + _BELOW))
    for wave in waves:
        above = own[forest.recruiter[wave]] if forest.wave[wave[0]] else _ROOT
        own[wave] = _mixed(own[wave] + _mixed(above + _ABOVE))
    return own


def _group_signatures(frame: Frame, person: Signature, group: Signature) -> Signature:
    found = np.zeros_like(group)
    np.add.at(found, frame.group, _mixed(person))
    return np.append(_mixed(found[:-1]), _UNKNOWN)


def _rank(signature: Signature) -> IntArray:
    order = np.argsort(signature, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _mixed(value: Signature) -> Signature:
    """Every bit of the result depends on every bit of the value.

    Source: Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators".
    """
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
