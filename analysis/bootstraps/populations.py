"""Populations of people by group and network size, drawn from without replacement."""

import math

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray


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
        self._shape, self._width, self._blocks = people.shape, width, blocks
        self._degree = np.pad(degree, (0, padding), constant_values=1.0)
        ties = np.pad(people * degree, ((0, 0), (0, 0), (0, padding)))
        self._ties = ties.reshape(replicates * k * blocks, width)
        self._of_block = self._ties.sum(axis=1).reshape(replicates * k, blocks)
        self.ties_left = self._of_block.sum(axis=1).reshape(replicates, k)
        self._first = np.arange(replicates) * k

    @property
    def left(self) -> IntArray:
        """(R, k, D) people who have not come."""
        replicates, k, sizes = self._shape
        left = self._ties.reshape(replicates, k, -1) / self._degree
        return np.rint(left[:, :, :sizes]).astype(np.int64)

    def draw(self, group: IntArray, random: np.random.Generator) -> None:
        """Let one person come out of each population.

        Args:
            group: (R,) of which group; someone of it must be left.

        >>> one = Populations(np.array([1.0, 4.0]), np.array([[[0, 2]]]))
        >>> one.draw(np.array([0]), np.random.default_rng(1))
        >>> one.left.tolist(), one.ties_left.tolist()
        ([[[0, 1]]], [[4.0]])
        """
        chance = random.random((2, len(group)))
        row = self._first + group
        block = picked(self._of_block.take(row, axis=0), chance[0])
        place = row * self._blocks + block
        size = picked(self._ties.take(place, axis=0), chance[1])
        degree = self._degree.take(block * self._width + size)
        left = np.rint(self._ties[place, size] / degree) - 1
        self._ties[place, size] = left * degree
        self._of_block[row, block] = _sums(self._ties.take(place, axis=0))
        self.ties_left.reshape(-1)[row] = _sums(self._of_block.take(row, axis=0))


def picked(weight: FloatArray, chance: FloatArray) -> IntArray:
    """(R,) a column of each row, in proportion to its weight.

    Args:
        weight: (R, m), at least one above 0 in each row.
        chance: (R,) from 0 up to 1.

    >>> picked(np.array([[1.0, 0.0, 3.0], [1.0, 0.0, 3.0]]), np.array([0.2, 0.25])).tolist()
    [0, 2]
    """
    ahead = weight.copy()
    for column in range(1, weight.shape[1]):
        ahead[:, column] += ahead[:, column - 1]
    is_past: BoolArray = ahead > (chance * ahead[:, -1])[:, np.newaxis]
    found: IntArray = is_past.argmax(axis=1)
    return found


def _sums(rows: FloatArray) -> FloatArray:
    """(R,) of short rows, for which this is quicker than ``sum``."""
    return rows @ np.ones(rows.shape[1])


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
