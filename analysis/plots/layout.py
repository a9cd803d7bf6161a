"""Where everyone in a forest is drawn: each chain as rings of waves, the chains side by side."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.forest import Chains, Forest


@dataclass(frozen=True, eq=False)
class Discs:
    """Where the chains lie: arrays of shape (s,), and the height they take together.

    >>> pack(np.array([10.0]), width=32, gap=2).radius.tolist()
    [10.0]
    """

    x: FloatArray
    y: FloatArray
    radius: FloatArray
    height: float


@dataclass(frozen=True, eq=False)
class Fans:
    """Every person's part of her chain's circle, in leaves; arrays of shape (n,).

    Attributes:
        start: leaves before hers.
        leaves: people below her who recruited nobody, herself if she recruited nobody.

    >>> from analysis.forest import grow
    >>> fan_out(grow(np.array([-1, 0, 0]))).start.tolist()  # the second recruit begins after the first
    [0, 0, 1]
    """

    start: IntArray
    leaves: IntArray


def fan_out(forest: Forest) -> Fans:
    """Give every person as much of the circle as she has leaves, her recruits side by side in it.

    >>> from analysis.forest import grow
    >>> fans = fan_out(grow(np.array([-1, 0, 0, 1, 1])))
    >>> fans.leaves.tolist(), fans.start.tolist()
    ([3, 2, 1, 1, 1], [0, 0, 2, 0, 1])
    """
    n = len(forest.wave)
    recruiter = forest.recruiter.astype(np.int64)
    leaves = (forest.recruits == 0).astype(np.int64)
    waves = np.split(np.argsort(forest.wave, kind="stable"), np.cumsum(forest.wave_counts)[:-1])
    for people in reversed(waves[1:]):
        leaves += np.bincount(recruiter[people], weights=leaves[people], minlength=n).astype(
            np.int64
        )
    start = np.zeros(n, dtype=np.int64)
    for people in waves[1:]:
        people = people[np.argsort(recruiter[people], kind="stable")]
        parents = recruiter[people]
        before = np.cumsum(leaves[people]) - leaves[people]
        is_first = np.append(True, parents[1:] != parents[:-1])
        first = before[is_first][np.cumsum(is_first) - 1]
        start[people] = start[parents] + before - first
    return Fans(start, leaves)


def pack(radius: FloatArray, width: float, gap: float) -> Discs:
    """Lay discs in rows, in their order; small ones stand below one another within a row.

    Room left at the end of a row is shared out between its columns, up to three gaps each.

    Args:
        radius: (s,) in the units of ``width`` and ``gap``.

    >>> discs = pack(np.array([10.0, 4.0, 4.0]), width=32, gap=2)
    >>> discs.x.tolist(), discs.y.tolist(), discs.height
    ([11.0, 27.0, 27.0], [12.0, 6.0, 16.0], 24.0)
    """
    x, y = np.zeros_like(radius), np.zeros_like(radius)
    row_top = row_height = left = used = column = 0.0
    first_of_row = 0
    for i, side in enumerate((2 * radius + gap).tolist()):
        if used + side > row_height or side > column:
            left, used, column = left + column, 0.0, side
            if left + side > width:
                _spread(x[first_of_row:i], width - left, most=3 * gap)
                row_top, row_height, left, first_of_row = row_top + row_height, side, 0.0, i
            row_height = max(row_height, side)
        x[i] = left + column / 2
        y[i] = row_top + used + side / 2 + gap / 2
        used += side
    return Discs(x, y, radius, row_top + row_height + gap)


def _spread(x: FloatArray, room: float, most: float) -> None:
    """Move the columns of a full row apart, in place."""
    columns = np.unique(x)
    if len(columns) > 1 and room > 0:
        x += np.searchsorted(columns, x) * min(room / (len(columns) - 1), most)


def place(
    forest: Forest, shown: Chains, discs: Discs
) -> tuple[list[IntArray], FloatArray, FloatArray]:
    """Everyone of the chains shown: their indices, chain by chain, and everyone's coordinates (n,).

    Seeds are in the middle, each wave is on a ring of its own. Within a chain a person follows her
    recruiter or someone whose whole branch has been named, as a pen that draws the tree would go.

    >>> from analysis.forest import chains, grow
    >>> forest = grow(np.array([-1, 0]))
    >>> members, x, y = place(forest, chains(forest), pack(np.array([10.0]), width=32, gap=2))
    >>> [each.tolist() for each in members], x.round(6).tolist(), y.round(6).tolist()
    ([[0, 1]], [11.0, 11.0], [12.0, 22.0])
    """
    rank = np.full(len(forest.wave), -1)
    rank[shown.seed] = np.arange(len(shown.seed))
    chain = rank[forest.seed]
    fans = fan_out(forest)
    angle = 2 * np.pi * (fans.start + fans.leaves / 2) / fans.leaves[forest.seed]
    ring = discs.radius / np.maximum(shown.depth, 1)
    away = forest.wave * ring[chain]
    order = np.lexsort((forest.wave, fans.start, chain))[np.count_nonzero(chain < 0) :]
    ends = np.cumsum(shown.size)
    members: list[IntArray] = [
        order[end - size : end] for end, size in zip(ends, shown.size, strict=True)
    ]
    return members, discs.x[chain] + away * np.sin(angle), discs.y[chain] - away * np.cos(angle)
