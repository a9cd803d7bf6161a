"""Populations of people by group and network size, drawn from without replacement."""

import math

import numpy as np

from analysis.arrays import FloatArray, IntArray


class Populations:
    """R populations, from each of which people come one after another in proportion to network size.

    Network sizes lie in about √D blocks of about √D, so that a draw looks at 2 √D numbers and not
    at D. Sums are made anew from whole people after each draw, so nothing but 0 is left of a group
    that is used up.

    Attributes:
        ties_left: (R, k) the sum of the network sizes of those of each group who have not come.

    >>> two = Populations(np.array([1.0, 4.0]), np.array([[[1, 1], [0, 0]], [[0, 2], [3, 0]]]))
    >>> two.ties_left.tolist()
    [[5.0, 0.0], [8.0, 3.0]]
    >>> for _ in range(2):
    ...     two.draw(np.array([0, 0]), np.random.default_rng(1))
    >>> two.left.tolist()
    [[[0, 0], [0, 0]], [[0, 0], [3, 0]]]
    """

    def __init__(self, degree: FloatArray, people: IntArray):
        """Begin with everyone.

        Args:
            degree: (D,) network sizes in persons.
            people: (R, k, D) how many there are.
        """
        replicates, k, sizes = people.shape
        width = max(1, math.isqrt(sizes))
        blocks = max(1, -(-sizes // width))
        padding = blocks * width - sizes
        self._shape = people.shape
        self._degree = np.pad(degree, (0, padding)).reshape(blocks, width)
        left = np.pad(people.astype(np.float64), ((0, 0), (0, 0), (0, padding)))
        self._left = left.reshape(replicates * k * blocks, width)
        ties = left.reshape(replicates * k, blocks, width) * self._degree
        self._ties = ties.sum(axis=-1)
        self.ties_left = self._ties.sum(axis=-1).reshape(replicates, k)
        self._each = np.arange(replicates)

    @property
    def left(self) -> IntArray:
        """(R, k, D) people who have not come."""
        replicates, k, sizes = self._shape
        return self._left.reshape(replicates, k, -1)[:, :, :sizes].astype(np.int64)

    def draw(self, group: IntArray, random: np.random.Generator) -> None:
        """Let one person come out of each population.

        Args:
            group: (R,) of which group; someone of it must be left.
        """
        chance = random.random((2, len(group)))
        row = self._each * self._shape[1] + group
        block = picked(self._ties[row], chance[0])
        place = row * len(self._degree) + block
        left, degree = self._left[place], self._degree[block]
        size = picked(left * degree, chance[1])
        left[self._each, size] -= 1
        self._left[place, size] -= 1
        self._ties[row, block] = np.einsum("rd,rd->r", left, degree)
        self.ties_left[self._each, group] = self._ties[row].sum(axis=1)


def picked(weight: FloatArray, chance: FloatArray) -> IntArray:
    """(R,) a column of each row, in proportion to its weight.

    Args:
        weight: (R, m), at least one above 0 in each row.
        chance: (R,) from 0 up to 1.

    >>> picked(np.array([[1.0, 0.0, 3.0], [1.0, 0.0, 3.0]]), np.array([0.2, 0.25])).tolist()
    [0, 2]
    """
    ahead = np.cumsum(weight, axis=1)
    found: IntArray = (ahead <= (chance * ahead[:, -1])[:, np.newaxis]).sum(axis=1)
    return found


def rounded(expected: FloatArray, replicates: int, random: np.random.Generator) -> IntArray:
    """(R, …) whole people with those expectations, whose sum is always the same.

    The classes lie end to end along a ruler, which is shifted by a random part of its unit; a class
    gets the marks that it covers. So a class of 2.3 people gets 2 or 3.

    Source: systematic sampling, Madow & Madow (1944), "On the theory of systematic sampling",
    Annals of Mathematical Statistics 15(1).

    Args:
        expected: people of each class; their sum is a whole number.

    >>> rounded(np.array([1.5, 2.5]), 4, np.random.default_rng(1)).sum(axis=1).tolist()
    [4, 4, 4, 4]
    """
    ends = np.append(0.0, np.cumsum(expected))
    marks = np.floor(ends + random.random((replicates, 1)))
    marks[:, 0], marks[:, -1] = 0, round(ends[-1])
    return np.diff(marks, axis=1).astype(np.int64).reshape(replicates, *expected.shape)
