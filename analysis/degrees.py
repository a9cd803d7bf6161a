"""Network sizes: how many are missing, and what stands for them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.arrays import FloatArray
from analysis.blocks import blocks

MissingDegree = Literal["drop", "maximum"]


@dataclass(frozen=True)
class Degrees:
    """Network sizes in persons, over those that are known or stood in for.

    >>> found = degrees(np.array([1.0, 1.0, 4.0]))
    >>> found.mean, round(found.harmonic_mean, 4)  # 3 / (1 + 1 + 1/4)
    (2.0, 1.3333)
    """

    missing: int
    least: float | None
    most: float | None
    mean: float | None
    harmonic_mean: float | None


def stand_in(network_size: FloatArray, missing_degree: MissingDegree) -> FloatArray:
    """(n,) network sizes with the missing left so (``drop``) or set to the largest (``maximum``).

    ``maximum`` is what the R package RDS does without saying so; it is here to compare with it.

    >>> stand_in(np.array([2.0, np.nan, 8.0]), "maximum").tolist()
    [2.0, 8.0, 8.0]
    """
    known = ~np.isnan(network_size)
    if missing_degree == "drop" or not known.any():
        return network_size
    return np.where(known, network_size, network_size[known].max())


def degrees(network_size: FloatArray, missing_degree: MissingDegree = "drop") -> Degrees:
    """Summarise network sizes (n,) in persons; the harmonic mean of the m known is m / Σ 1/d_i.

    >>> degrees(np.array([2.0, np.nan, 4.0]))
    Degrees(missing=1, least=2.0, most=4.0, mean=3.0, harmonic_mean=2.6666666666666665)
    """
    used = stand_in(network_size, missing_degree)
    missing, known, total, inverse, least, most = 0, 0, 0.0, 0.0, np.inf, 0.0
    for some in blocks(len(used)):
        missing += int(np.count_nonzero(np.isnan(network_size[some])))
        sizes = used[some][~np.isnan(used[some])]
        known, total, inverse = known + len(sizes), total + sizes.sum(), inverse + (1 / sizes).sum()
        least, most = sizes.min(initial=least), sizes.max(initial=most)
    if not known:
        return Degrees(missing, None, None, None, None)
    return Degrees(
        missing=missing,
        least=float(least),
        most=float(most),
        mean=float(total / known),
        harmonic_mean=float(known / inverse),
    )
