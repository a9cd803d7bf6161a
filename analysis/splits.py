"""Groups split in two, such as women and others by site: which splits may be shown beside their totals.

Here, unlike in ``disclosure``, the reader knows much already: how many people there are in all, how many of
them are at the level, and how many each group has. So a split that is withheld must not follow from those
and the splits shown. It is withheld where either part is below the threshold, and with it the next smallest
splits, until those withheld have, taken together, the threshold of both parts, and the threshold of people
besides the largest of them.

Why that is enough: say a withheld group has R people, and the withheld groups together W at the level and V
not. All that follows of the group's own count is that it lies from max(0, R - V) to min(R, W). Those two
differ by R, V, W, or the people of the other withheld groups (W + V - R): by the threshold at least, unless
the group itself is smaller.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, IntArray
from analysis.disclosure import THRESHOLD
from analysis.reach import Tally


@dataclass(frozen=True, eq=False)
class Splits:
    """Groups, and what may be shown of them; arrays of shape (g,).

    Attributes:
        n: people at the level; meant to be shown only where ``is_split``.
        of: people whose level is known.
        people: everyone; meant to be shown only where ``is_counted``.

    >>> tally = Tally(("a",), ("f", "m"), np.array([[2, 40]]), np.zeros(1, int))
    >>> found = split(tally, "f")
    >>> found.n.tolist(), found.of.tolist(), found.is_split.tolist(), found.is_counted.tolist()
    ([2], [42], [False], [True])
    """

    n: IntArray
    of: IntArray
    people: IntArray
    is_split: BoolArray
    is_counted: BoolArray


def split(tally: Tally, level: str, *, threshold: int = THRESHOLD) -> Splits:
    """Which groups of a tally may be split at a level, and which may be counted at all.

    >>> tally = Tally(("a", "b", "c"), ("f", "m"), np.array([[9, 30], [2, 40], [6, 8]]), np.zeros(3, int))
    >>> split(tally, "f").is_split.tolist(), split(tally, "f").is_counted.tolist()
    ([True, False, False], [True, True, True])
    """
    of, people = tally.of, tally.people
    at_level = tally.levels.index(level) if level in tally.levels else None
    n = np.zeros_like(of) if at_level is None else tally.n[:, at_level]
    is_counted = ~_withheld(people[:, np.newaxis], threshold)
    is_split = is_counted & ~_withheld(np.stack([n, of - n], axis=1), threshold, ~is_counted)
    return Splits(n, of, people, is_split, is_counted)


def periods(parts: IntArray, *, threshold: int = THRESHOLD) -> IntArray:
    """Where running totals may be read: the last index of each period with enough people in every part.

    A running total told week by week gives back each week's count, so weeks are put together until there
    are enough. What remains at the end belongs to the last period.

    Args:
        parts: (w, p) people in each week, such as women and others.

    >>> periods(np.array([[5, 10], [1, 10], [4, 10], [6, 10], [1, 1]])).tolist()
    [0, 2, 4]
    """
    ends: list[int] = []
    together = np.zeros(parts.shape[1], dtype=np.int64)
    for week, more in enumerate(parts):
        together = together + more
        if (together >= threshold).all():
            ends.append(week)
            together = np.zeros_like(together)
    if ends:
        ends[-1] = len(parts) - 1
    return np.array(ends, dtype=np.int64)


def _withheld(parts: IntArray, threshold: int, already: BoolArray | None = None) -> BoolArray:
    """(g,) groups with a small part, and the smallest others that must go with them."""
    hidden: BoolArray = np.array((parts < threshold).any(axis=1))
    if already is not None:
        hidden |= already
    if hidden.any():
        for i in np.argsort(parts.min(axis=1), kind="stable").tolist():
            if _is_enough(parts[hidden], threshold):
                break
            hidden[i] = True
    return hidden


def _is_enough(hidden: IntArray, threshold: int) -> bool:
    together, people = hidden.sum(axis=0), hidden.sum(axis=1)
    besides_largest = int(people.sum() - people.max())
    is_one_part = hidden.shape[1] == 1
    return bool((together >= threshold).all()) and (is_one_part or besides_largest >= threshold)
