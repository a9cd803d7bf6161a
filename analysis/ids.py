"""Ids of millions of people, without a Python string for each until it is asked for."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from analysis.arrays import IntArray


class LazyIds(Sequence[str]):
    """Ids as text, made when looked at; behaves as a tuple of them does.

    >>> NumberIds(np.array([7, 12, 3]))[::-1], "12" in NumberIds(np.array([7, 12]))
    (('3', '12', '7'), True)
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def _text(self, i: int) -> str: ...

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[str]: ...
    def __getitem__(self, i: int | slice) -> str | Sequence[str]:
        places = range(len(self))[i]
        return self._text(places) if isinstance(places, int) else tuple(map(self._text, places))

    def __iter__(self) -> Iterator[str]:
        return map(self._text, range(len(self)))


@dataclass(frozen=True, eq=False)
class NumberIds(LazyIds):
    """Ids that are whole numbers written in the usual way: no sign, no leading nought.

    Attributes:
        numbers: (n,) the numbers.

    >>> ids = NumberIds(np.array([7, 12]))
    >>> ids[1], ids[:1], list(ids), len(ids)
    ('12', ('7',), ['7', '12'], 2)
    """

    numbers: IntArray

    def __len__(self) -> int:
        return len(self.numbers)

    def _text(self, i: int) -> str:
        return str(int(self.numbers[i]))


@dataclass(frozen=True, eq=False)
class PackedIds(LazyIds):
    """Ids of any kind, one after another in UTF-8.

    Attributes:
        letters: (m,) the bytes of all of them.
        ends: (n + 1,) where each ends, after a 0.

    >>> ids = PackedIds(np.frombuffer(b"annbo", np.uint8), np.array([0, 3, 5]))
    >>> ids[-1], list(ids)
    ('bo', ['ann', 'bo'])
    """

    letters: npt.NDArray[np.uint8]
    ends: IntArray

    def __len__(self) -> int:
        return len(self.ends) - 1

    def _text(self, i: int) -> str:
        return self.letters[self.ends[i] : self.ends[i + 1]].tobytes().decode()
