"""Curves, and names at their ends that do not cover each other."""

from collections.abc import Sequence

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.plots.svg import INK, points, text


def thinned(count: int, most: int) -> IntArray:
    """(m,) indices of at most ``most`` of ``count`` points, evenly, the first and the last among them.

    >>> thinned(9, 5).tolist(), thinned(2, 5).tolist()
    ([0, 2, 4, 6, 8], [0, 1])
    """
    if count <= most:
        return np.arange(count)
    return np.unique(np.rint(np.linspace(0, count - 1, most)).astype(np.int64))


def unbroken(values: FloatArray) -> list[IntArray]:
    """The runs of indices whose values are numbers, of (m,): none is drawn elsewhere.

    >>> [run.tolist() for run in unbroken(np.array([1.0, 2.0, np.nan, 3.0]))]
    [[0, 1], [3]]
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return []
    return np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)


def curve(x: FloatArray, y: FloatArray) -> str:
    """The data of a path through points (m,), in pieces where ``y`` is nan.

    >>> curve(np.array([0.0, 1.0, 2.0, 3.0]), np.array([5.0, 6.0, np.nan, 7.0]))
    'M0 5L1 6M3 7'
    """
    return "".join(
        points(zip(x[run].tolist(), y[run].tolist(), strict=True)) for run in unbroken(y)
    )


def area(x: FloatArray, low: FloatArray, high: FloatArray) -> str:
    """The data of a path round a band (m,), in pieces where either bound is nan.

    >>> area(np.array([0.0, 1.0]), np.array([9.0, 9.0]), np.array([4.0, 5.0]))
    'M0 4L1 5L1 9L0 9Z'
    """
    return "".join(
        points(
            [
                *zip(x[run].tolist(), high[run].tolist(), strict=True),
                *zip(x[run][::-1].tolist(), low[run][::-1].tolist(), strict=True),
            ]
        )
        + "Z"
        for run in unbroken(low + high)
    )


def stairs(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(2m - 1,) the corners of a curve of m points that holds each value until the next ``x``.

    >>> across, up = stairs(np.array([0.0, 2.0, 5.0]), np.array([0.0, 0.5, 0.7]))
    >>> across.tolist(), up.tolist()
    ([0.0, 2.0, 2.0, 5.0, 5.0], [0.0, 0.0, 0.5, 0.5, 0.7])
    """
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Places at least ``gap`` apart, in the order of the wanted ones and near them.

    >>> spread([10, 12, 40], gap=10, low=0, high=50)
    [10.0, 20.0, 40.0]
    >>> spread([48, 49], gap=10, low=0, high=50)
    [40.0, 50.0]
    """
    order = np.argsort(np.asarray(wanted, dtype=float), kind="stable")
    placed = np.zeros(len(order))
    floor = low
    for i in order.tolist():
        placed[i] = max(float(wanted[i]), floor)
        floor = placed[i] + gap
    ceiling = high
    for i in order[::-1].tolist():
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - gap
    return [float(each) for each in placed]


def end_names(
    ends: Sequence[tuple[float, str]], x: float, *, low: float, high: float, size: float = 12
) -> list[str]:
    """The names of curves beside where they end, moved apart where they would touch.

    >>> len(end_names([(10, "women"), (11, "others")], 100, low=0, high=50))
    2
    """
    places = spread([y for y, _ in ends], gap=size + 2, low=low, high=high)
    return [
        text(name, x, place + size / 3, size=size, fill=INK)
        for (_, name), place in zip(ends, places, strict=True)
    ]
