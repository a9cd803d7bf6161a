"""How much people keep to their own kind: each definition under its own name.

The field means five things by homophily. Three start at 0 for none (Heckathorn's, and its two parts),
two at 1 (recruitment homophily, ``mixing.recruitment_homophily``, and population homophily).

Notation: k groups, R replicates; S the transition between groups, E its equilibrium, P the shares in
the population by RDS-I, h harmonic mean network sizes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.blocks import blocks, count_cells
from analysis.counts import Counts, Frame
from analysis.estimators.rds_i import rds_i
from analysis.mixing import OBSTACLES, Obstacle, equilibria, equilibrium, transition

Lack = Obstacle | Literal["no_network_sizes", "one_group", "no_recruiters", "no_crossing"]

LACKS: Mapping[Lack, str] = {
    "no_recruits": OBSTACLES["no_recruits"],
    "empty_row": OBSTACLES["empty_row"],
    "not_unique": OBSTACLES["not_unique"],
    "periodic": OBSTACLES["periodic"],
    "no_network_sizes": "there is a group in which nobody's network size is known",
    "one_group": "everyone belongs to one group",
    "no_recruiters": "nobody in the group, or nobody outside it, recruited people whose group is "
    "known",
    "no_crossing": "nobody was recruited from one side to the other, so there is no upper bound",
}


def heckathorn_homophily(counts: Counts) -> FloatArray:
    """(R, k) H_x = (S_xx - P_x) / (1 - P_x) where S_xx >= P_x, else (S_xx - P_x) / P_x.

    0: group x recruits its own as often as the population would give; 1: only its own; -1: never.
    P is RDS-I. nan where there is no equilibrium, and where P_x = 1.

    Source: Heckathorn (2002), "Respondent-driven sampling II", Social Problems 49(1).

    >>> counts = Counts(np.array([2.0]), np.array([[[1, 1, 0], [0, 0, 0]]]),
    ...     np.array([[[3, 1], [1, 3]]]))
    >>> heckathorn_homophily(counts).tolist()
    [[0.5, 0.5]]
    """
    return _excess(_kept(counts), rds_i(counts))


def affiliation_homophily(counts: Counts) -> FloatArray:
    """(R, k) Ha: as Heckathorn's, with the equilibrium E in place of P: bias in whom people know.

    Source: Heckathorn (2002), "Respondent-driven sampling II", Social Problems 49(1).

    >>> counts = Counts(np.array([2.0]), np.array([[[1, 1, 0], [0, 0, 0]]]),
    ...     np.array([[[3, 1], [3, 1]]]))
    >>> affiliation_homophily(counts).round(9).tolist()
    [[0.0, 0.0]]
    """
    return _excess(_kept(counts), equilibria(counts.recruits))


def degree_homophily(counts: Counts) -> FloatArray:
    """(R, k) Hd: as Heckathorn's, with E in place of S_xx: bias because networks differ in size.

    Where all three are positive, (1 - H) = (1 - Ha) (1 - Hd). 0 where network sizes are equal.

    Source: Heckathorn (2002), "Respondent-driven sampling II", Social Problems 49(1).

    >>> counts = Counts(np.array([1.0, 2.0]), np.array([[[2, 0, 0], [0, 2, 0], [0, 0, 0]]]),
    ...     np.array([[[1, 1], [1, 1]]]))
    >>> degree_homophily(counts).round(4).tolist()
    [[-0.25, 0.25]]
    """
    return _excess(equilibria(counts.recruits), rds_i(counts))


def population_homophily(frame: Frame) -> FloatArray:
    """(k,) ties across the border of each group that chance would give, over those there are.

    1 is none; 2 means half as many ties between the group and all others as without homophily. The
    definition is 2 p (1 - p) D_0 D_1 / (m D): p the share of the group, D_0 and D_1 mean network
    sizes outside and inside it, D of all, m the mean number of ties across the border, an
    individual's being her network size times the share of her recruits from the other side; all
    weighted by 1/d, over people who recruited somebody. The weights cancel, and there remains

        2 n_0 n_1 / (n X) with n_0, n_1, n recruiters outside, inside and in all, and X the sum over
        them of the share of recruits from the other side.

    Left out are recruiters whose network size, or any of whose recruits' group, is not known. As in
    the R package RDS, D also counts recruiters whose own group is not known. nan where a side has
    no recruiter, and where nobody recruited across.

    Source: R package RDS, ``homophily.estimates`` with weight type RDS-II.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcde"), ["", "a", "a", "b", "c"], network_size=[5] * 5,
    ...     traits={"sex": ["f", "m", "f", "m", "m"]})
    >>> population_homophily(frame(sample, sample.trait("sex"))).round(4).tolist()
    [0.8889, 0.8889]
    """
    k = len(frame.levels)
    brought = _recruits_of_speakers(frame)
    cells = math.prod(frame.people_shape)
    by_cell = count_cells(np.where(brought > 0, frame.people_cell, -1), cells)
    speakers = by_cell.reshape(frame.people_shape)[:-1]
    inside = speakers[:, :k].sum(axis=0)
    outside = inside.sum() - inside
    share = _recruit_shares(frame, brought)
    across = share.sum(axis=1) + share.sum(axis=0) - 2 * np.diag(share)
    grouped = (1 / frame.degree) @ speakers[:, :k].sum(axis=1)
    everyone = (1 / frame.degree) @ speakers.sum(axis=1)
    expected = 2.0 * inside * outside / max(speakers.sum(), 1)
    known = (inside > 0) & (outside > 0) & (across > 0)
    found: FloatArray = np.divide(expected, across, out=np.full(k, np.nan), where=known)
    return found * float(everyone / grouped) if known.any() else found


@dataclass(frozen=True)
class Definition:
    """What one author means by homophily.

    Attributes:
        name: stable, for programs.
        of: the figure for each group of a sample, (k,).
        none: its value where there is no homophily.

    >>> DEFINITIONS["heckathorn"].none, DEFINITIONS["population"].none
    (0.0, 1.0)
    """

    name: str
    of: Callable[[Frame], FloatArray]
    none: float


def _of_sample(measure: Callable[[Counts], FloatArray]) -> Callable[[Frame], FloatArray]:
    return lambda frame: measure(frame.counts)[0]


DEFINITIONS: Mapping[str, Definition] = {
    each.name: each
    for each in (
        Definition("heckathorn", _of_sample(heckathorn_homophily), 0.0),
        Definition("affiliation", _of_sample(affiliation_homophily), 0.0),
        Definition("degree", _of_sample(degree_homophily), 0.0),
        Definition("population", population_homophily, 1.0),
    )
}


def lacks(frame: Frame, name: str) -> tuple[Lack | None, ...]:
    """(k,) why a definition has no value for a group, a key of ``LACKS``; ``None`` where it has.

    >>> from analysis.counts import frame
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[2, 2],
    ...     traits={"sex": ["f", "m"]})
    >>> lacks(frame(sample, sample.trait("sex")), "heckathorn")
    ('empty_row', 'empty_row')
    """
    found = DEFINITIONS[name].of(frame)
    if name == "population":
        why = _population_lacks(frame)
    else:
        why = (_mixing_lack(frame.counts, name),) * len(found)
    return tuple(w if np.isnan(v) else None for v, w in zip(found, why, strict=True))


def _mixing_lack(counts: Counts, name: str) -> Lack:
    if obstacle := equilibrium(counts.recruits[0]).obstacle:
        return obstacle
    is_sized = counts.placed[0].sum(axis=0) > 0
    return "one_group" if name == "affiliation" or is_sized.all() else "no_network_sizes"


def _population_lacks(frame: Frame) -> tuple[Lack, ...]:
    k = len(frame.levels)
    speaks = _recruits_of_speakers(frame) > 0
    inside = np.bincount(frame.group[speaks], minlength=k + 1)[:k]
    has_both = (inside > 0) & (inside < inside.sum())
    return tuple("no_crossing" if both else "no_recruiters" for both in has_both)


def _kept(counts: Counts) -> FloatArray:
    """(R, k) S_xx."""
    kept: FloatArray = np.diagonal(transition(counts.recruits), axis1=-2, axis2=-1)
    return kept


def _excess(found: FloatArray, expected: FloatArray) -> FloatArray:
    """Over what could be in excess, or below what could be short."""
    room = np.where(found >= expected, 1 - expected, expected)
    return np.divide(found - expected, room, out=np.full_like(room, np.nan), where=room > 0)


def _recruits_of_speakers(frame: Frame) -> IntArray:
    """(n,) recruits of those whose network size and all of whose recruits' groups are known."""
    recruiter, k = frame.recruiter, len(frame.levels)
    brought = np.bincount(recruiter[recruiter >= 0], minlength=len(frame))
    for some in blocks(len(frame)):
        brought[recruiter[some][(recruiter[some] >= 0) & (frame.group[some] == k)]] = 0
        brought[some][frame.size[some] == len(frame.degree)] = 0
    return brought


def _recruit_shares(frame: Frame, brought: IntArray) -> FloatArray:
    """(k, k) the sum over recruiters of group x of the share of their recruits in group y.

    Args:
        brought: (n,) how many each one recruited, 0 for those who are to be left out.
    """
    k = len(frame.levels)
    of_cell = np.zeros(k * k)
    for some in blocks(len(frame), cells=k * k):
        paired = frame.recruits_cell[some] >= 0
        of_recruiter = brought[frame.recruiter[some][paired]]
        counts = of_recruiter > 0
        cells = frame.recruits_cell[some][paired][counts]
        of_cell += np.bincount(cells, weights=1 / of_recruiter[counts], minlength=k * k)
    return of_cell.reshape(k, k)
