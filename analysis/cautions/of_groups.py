"""Cautions about recruitment between groups and between sites."""

import networkx as nx
import numpy as np

from analysis.arrays import BoolArray, IntArray
from analysis.cautions.evidence import Evidence
from analysis.notices import Notice

FEW_ACROSS = 0.05
ENOUGH_RECRUITS = 20
ENOUGH_PEOPLE = 10
WIDE = 4.0
UNEVEN = 1.5
CHANCE = 3.0


def groups_never_cross(seen: Evidence) -> Notice | None:
    """There are groups that recruit only their own and are recruited only by their own.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcd"), ["", "", "a", "b"], traits={"sex": list("fmfm")})
    >>> groups_never_cross(Evidence(sample, "sex")).facts["levels"]
    ('f', 'm')
    """
    alone = _alone(seen.matrix)
    if np.count_nonzero(seen.people) < 2 or not alone.any():
        return None
    levels = tuple(seen.levels[x] for x in np.flatnonzero(alone))
    names = ", ".join(repr(level) for level in levels[:10])
    text = (
        f"Nobody was recruited into or out of {names} of {seen.trait_name!r}: how many there are "
        "follows from the seeds alone, and no estimator can tell their share."
    )
    return Notice("groups_never_cross", text, {"levels": levels, "trait": seen.trait_name})


def _alone(matrix: IntArray) -> BoolArray:
    own = np.diag(matrix)
    alone: BoolArray = (own > 0) & (matrix.sum(axis=0) == own) & (matrix.sum(axis=1) == own)
    return alone


def site_bottleneck(seen: Evidence) -> Notice | None:
    """Sites fall into parts without a recruitment between them, or hardly one in twenty crosses.

    >>> from analysis.sample import build_sample
    >>> ids = [str(i) for i in range(22)]
    >>> sample = build_sample(ids, ["", "", *["0"] * 10, *["1"] * 10],
    ...     traits={"site": ["x", "y", *"x" * 10, *"y" * 10]})
    >>> site_bottleneck(Evidence(sample, None)).code
    'sites_never_cross'
    """
    matrix = seen.site_matrix
    if matrix is None or matrix.sum() < ENOUGH_RECRUITS:
        return None
    parts = _parts(matrix)
    across = 1 - float(np.trace(matrix) / matrix.sum())
    if parts > 1:
        text = (
            f"Nobody was recruited between {parts} groups of sites: each is a survey of its own. "
            "Report them apart, or pool them by the sizes of their populations."
        )
        return Notice("sites_never_cross", text, {"parts": parts})
    if across >= FEW_ACROSS:
        return None
    percent = round(100 * across, 1)
    text = (
        f"Only {percent:g} % of the recruits came to another site than their recruiter: between "
        "sites there is a bottleneck, and shares over all sites depend on how many seeds each had."
    )
    return Notice("site_bottleneck", text, {"percent": percent})


def _parts(matrix: IntArray) -> int:
    """Sets of sites with recruitments inside them and none between them."""
    graph: nx.Graph[int] = nx.Graph(zip(*np.nonzero(matrix), strict=True))
    return int(nx.number_connected_components(graph))


def wide_intervals(seen: Evidence) -> Notice | None:
    """Likeness along chains makes the variance at least four times that of a random sample.

    >>> from analysis.simulate import simulate
    >>> wide_intervals(Evidence(simulate(30, seed=1), "sex")) is None
    True
    """
    effect = seen.design_effect
    if not len(effect) or np.isnan(effect).all() or np.nanmax(effect) < WIDE - 1e-9:
        return None
    level, worst = int(np.nanargmax(effect)), round(float(np.nanmax(effect)), 1)
    worth = round(len(seen.sample) / worst)
    text = (
        f"People of a chain are so alike that the {len(seen.sample):,} here tell as much about "
        f"{seen.levels[level]!r} as about {worth:,} drawn at random (design effect {worst:g}): "
        "expect wide intervals."
    )
    facts = {"level": seen.levels[level], "design_effect": worst, "worth": worth}
    return Notice("wide_intervals", text, facts)


def uneven_recruitment(seen: Evidence) -> Notice | None:
    """One group brings at least half as many recruits again as another, and not by chance.

    Groups of ten people or more; chance is three standard errors of the difference. Whoever came
    lately has had less time to recruit.

    >>> from analysis.sample import build_sample
    >>> ids = [str(i) for i in range(40)]
    >>> sample = build_sample(ids, [""] * 20 + ids[:20], traits={"sex": ["f"] * 20 + ["m"] * 20})
    >>> uneven_recruitment(Evidence(sample, "sex")).facts
    {'more': 'f', 'fewer': 'm', 'most': 1.0, 'least': 0.0}
    """
    k, brought = len(seen.levels), seen.sample.forest.recruits
    most = int(brought.max(initial=0)) + 1
    cell = seen.frame.group.astype(np.int32) * np.int32(most) + brought
    people = np.bincount(cell, minlength=(k + 1) * most).reshape(k + 1, most)[:k]
    times = np.arange(most)
    n, total, squares = people.sum(axis=1), people @ times, people @ times**2
    enough = np.flatnonzero(n >= ENOUGH_PEOPLE)
    if len(enough) < 2:
        return None
    mean = total[enough] / n[enough]
    error = (squares[enough] / n[enough] - mean**2) / n[enough]
    low, high = int(mean.argmin()), int(mean.argmax())
    beyond_chance = mean[high] - mean[low] > CHANCE * np.sqrt(error[low] + error[high])
    if mean[high] < UNEVEN * mean[low] or not beyond_chance:
        return None
    more, fewer = seen.levels[enough[high]], seen.levels[enough[low]]
    larger, smaller = round(float(mean[high]), 2), round(float(mean[low]), 2)
    text = (
        f"Coupons are not used alike: people at {more!r} brought {larger:g} recruits each so far, "
        f"at {fewer!r} {smaller:g}. The composition leans towards whom the first ones know."
    )
    facts = {"more": more, "fewer": fewer, "most": larger, "least": smaller}
    return Notice("uneven_recruitment", text, facts)
