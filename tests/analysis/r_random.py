"""The random numbers of R, so that what R drew can be drawn again.

R 3.6 and later with its defaults: Mersenne-Twister, and whole numbers by rejection of bits.
"""

from collections.abc import Iterator

import numpy as np

from analysis.arrays import IntArray

STATE = 624


class RRandom:
    """Stands for ``numpy.random.Generator`` where only ``integers`` from 0 is asked for.

    >>> RRandom(1).integers(0, 10, size=5).tolist()  # R: set.seed(1); sample.int(10, 5, TRUE) - 1
    [8, 3, 6, 0, 1]
    """

    def __init__(self, seed: int):
        self._halves = _halves(seed)

    def integers(self, low: int, high: int | IntArray, size: int | None = None) -> IntArray:
        """One after another, as R's ``sample.int(high, size, replace = TRUE) - 1`` draws them."""
        assert low == 0
        highs = [high] * (size or 0) if isinstance(high, int) else high.tolist()
        return np.array([self._below(each) for each in highs], dtype=np.int64)

    def _below(self, high: int) -> int:
        bits = (high - 1).bit_length()
        while True:
            value = 0
            for _ in range(0, bits + 1, 16):
                value = value << 16 | next(self._halves)
            value &= (1 << bits) - 1
            if value < high:
                return value


def _halves(seed: int) -> Iterator[int]:
    """The upper 16 bits of each number, after R's scrambling of the seed."""
    for _ in range(50):
        seed = (69069 * seed + 1) % 2**32
    words = []
    for _ in range(STATE + 1):
        seed = (69069 * seed + 1) % 2**32
        words.append(seed)
    twister = np.random.MT19937()
    twister.state = {
        "bit_generator": "MT19937",
        "state": {"key": np.array(words[1:], dtype=np.uint32), "pos": STATE},
    }
    while True:
        yield from (twister.random_raw(10_000) >> 16).tolist()
