"""The recruitment forest as arrays: who recruited whom, how deep, in which chain.

A forest is one array ``recruiter`` (n,): the index of the person who recruited each person, or -1
for a seed. Everything here is vectorised, so that a forest of millions takes a fraction of a
second.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.arrays import BoolArray, IntArray
from analysis.blocks import blocks, count_cells
from analysis.errors import SampleError


@dataclass(frozen=True, eq=False)
class Forest:
    """Every person's place in the forest; arrays of shape (n,), in the order of the sample.

    Attributes:
        recruiter: index of the recruiter, -1 for a seed.
        wave: seeds are wave 0, a recruit's wave is her recruiter's + 1.
        seed: index of the seed that began the person's chain; a seed's is her own.
        recruits: how many people she recruited.

    >>> forest = grow(np.array([-1, 0, 0, 2]))
    >>> forest.wave_counts.tolist(), forest.seeds.tolist(), forest.recruiters
    ([1, 2, 1], [0], 2)
    """

    recruiter: IntArray
    wave: IntArray
    seed: IntArray
    recruits: IntArray

    @property
    def max_wave(self) -> int:
        return int(self.wave.max(initial=0))

    @cached_property
    def wave_counts(self) -> IntArray:
        """(max_wave + 1,) people in each wave, seeds first."""
        return count_cells(self.wave, self.max_wave + 1)

    @property
    def seeds(self) -> IntArray:
        """(s,) indices of the seeds, in the order of the sample."""
        return np.flatnonzero(self.recruiter < 0)

    @property
    def recruiters(self) -> int:
        """How many people recruited at least one other."""
        return int(np.count_nonzero(self.recruits))

    @cached_property
    def chains(self) -> "Chains":
        """Size and depth of every chain, see ``chains``; worked out once."""
        n, seed = len(self.seed), self.seeds
        size = np.bincount(self.seed, minlength=n)[seed]
        deepest = np.zeros(n, dtype=self.wave.dtype)
        np.maximum.at(deepest, self.seed, self.wave)
        depth = deepest[seed]
        order = np.lexsort((seed, -depth, -size))
        return Chains(seed=seed[order], size=size[order], depth=depth[order])


@dataclass(frozen=True, eq=False)
class Chains:
    """The recruitment chains of a forest, largest first; arrays of shape (s,).

    Attributes:
        seed: index of the seed of each chain.
        size: people in it, the seed included.
        depth: its last wave.

    >>> found = chains(grow(np.array([-1, -1, 1])))
    >>> found.seed.tolist(), found.size.tolist(), found.depth.tolist()
    ([1, 0], [2, 1], [1, 0])
    """

    seed: IntArray
    size: IntArray
    depth: IntArray


def grow(recruiter: IntArray) -> Forest:
    """Find every person's wave and chain.

    Each person's pointer starts at her recruiter and is replaced, over and over, by the pointer of
    the person it points at, so the distance covered at least doubles: ceil(log2(waves)) rounds at
    most. Blocks of people are done one after another and see what earlier blocks have found, so
    two rounds do where recruiters stand before their recruits.

    Args:
        recruiter: (n,) index of the recruiter, -1 for a seed.

    Raises:
        SampleError: ``cycle`` if someone is, through others or directly, her own recruiter.

    Source: pointer jumping, Wyllie (1979), "The Complexity of Parallel Computations".

    >>> forest = grow(np.array([-1, 0, 1, -1]))
    >>> forest.wave.tolist(), forest.seed.tolist(), forest.recruits.tolist()
    ([0, 1, 2, 0], [0, 0, 0, 3], [1, 1, 0, 0])
    """
    n = len(recruiter)
    is_seed = recruiter < 0
    pointer: IntArray = np.where(is_seed, np.arange(n, dtype=np.int32), recruiter).astype(
        np.int32, copy=False
    )
    wave: IntArray = (~is_seed).astype(np.int32)
    for _ in range(n.bit_length() + 1):
        if _jump(pointer, wave, is_seed):
            recruits = np.bincount(recruiter[~is_seed], minlength=n).astype(np.int32)
            return Forest(recruiter, wave=wave, seed=pointer, recruits=recruits)
    raise SampleError("cycle", "Someone is her own recruiter, directly or through others.")


def _jump(pointer: IntArray, wave: IntArray, is_seed: BoolArray) -> bool:
    """One round, in place; whether everybody now points at a seed."""
    have_arrived = True
    for some in blocks(len(pointer)):
        wave[some] += wave[pointer[some]]
        pointer[some] = pointer[pointer[some]]
        have_arrived &= bool(is_seed[pointer[some]].all())
    return have_arrived


def find_cycle(recruiter: IntArray) -> list[int]:
    """One cycle's people from the smallest index on, each followed by her recruiter; [] if none.

    Args:
        recruiter: (n,) index of the recruiter, -1 for a seed.

    >>> find_cycle(np.array([-1, 3, 1, 2]))
    [1, 3, 2]
    >>> find_cycle(np.array([-1, 0]))
    []
    """
    pointer = np.where(recruiter >= 0, recruiter, -1)
    pointer = np.append(pointer, -1)
    for _ in range(len(recruiter).bit_length() + 1):
        pointer = pointer[pointer]
    caught = np.flatnonzero(pointer >= 0)
    if not len(caught):
        return []
    member = int(pointer[caught[0]])
    cycle = [member]
    while (member := int(recruiter[member])) != cycle[0]:
        cycle.append(member)
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def chains(forest: Forest) -> Chains:
    """Size and depth of every chain, largest first, then deepest, then in the order of the sample.

    >>> found = chains(grow(np.array([-1, 0, 1, -1])))
    >>> found.seed.tolist(), found.size.tolist(), found.depth.tolist()
    ([0, 3], [3, 1], [2, 0])
    """
    return forest.chains


def chains_by_depth(forest: Forest) -> IntArray:
    """(max_wave + 1,) how many chains ended at each wave; at 0, seeds who recruited nobody.

    >>> chains_by_depth(grow(np.array([-1, 0, 1, -1]))).tolist()
    [1, 0, 1]
    """
    return np.bincount(chains(forest).depth, minlength=1)


def members_of(forest: Forest, seed: int) -> IntArray:
    """(m,) indices of everyone in the chain that a seed began, wave after wave.

    >>> members_of(grow(np.array([-1, 0, 1, -1])), 0).tolist()
    [0, 1, 2]
    """
    members = np.flatnonzero(forest.seed == seed)
    return members[np.argsort(forest.wave[members], kind="stable")]


def mean_recruits_by_wave(forest: Forest) -> list[float]:
    """Mean number of recruits of the people of each wave, seeds first.

    >>> mean_recruits_by_wave(grow(np.array([-1, 0, 1, -1])))
    [0.5, 1.0, 0.0]
    """
    if not len(forest.wave):
        return []
    recruited = np.bincount(forest.wave, weights=forest.recruits)
    return [float(mean) for mean in recruited / forest.wave_counts]
