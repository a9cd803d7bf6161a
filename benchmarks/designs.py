"""Designs of simulated surveys: populations as programmes meet them, and some where estimates fail."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from analysis.arrays import IntArray
from analysis.networks import Population, Society, populate
from analysis.surveys import Survey


@dataclass(frozen=True)
class Design:
    """A kind of population and of survey.

    Attributes:
        make: draws a population.
        about: what is particular in it.
    """

    name: str
    about: str
    survey: Survey
    make: Callable[[np.random.Generator], Population] = field(repr=False)


def in_society(name: str, about: str, society: Society, survey: Survey) -> Design:
    """A design of one population that is mixed as the society says."""
    return Design(name, about, survey, partial(populate, society))


def two_towns(random: np.random.Generator) -> Population:
    """Two populations of 5,000 of whose ties one in twenty leads to the other town."""
    towns = [
        populate(replace(CITY, people=5_000, shares=(share, 1 - share)), random)
        for share in (0.15, 0.45)
    ]
    ends = [_ties(town) for town in towns]
    swapped = round(0.05 * min(map(len, ends)))
    one, other = (random.choice(len(ties), swapped, replace=False) for ties in ends)
    ends[1] += len(towns[0])
    ends[0][one, 1], ends[1][other, 1] = ends[1][other, 1], ends[0][one, 1].copy()
    group = np.concatenate([town.group for town in towns])
    site = np.repeat([0, 1], [len(town) for town in towns])
    return Population.of(CITY.levels, group, np.concatenate(ends), site=site)


def _ties(town: Population) -> IntArray:
    owner = np.repeat(np.arange(len(town)), town.degree)
    ties = np.stack([owner, town.neighbours], axis=1)
    return ties[owner < town.neighbours]


CITY = Society(people=10_000, homophily=1.5)
USUAL = Survey(participants=500)
DESIGNS = (
    in_society("city", "N 10,000, n 500, 30 % women, homophily 1.5, 8 seeds", CITY, USUAL),
    in_society(
        "men first",
        "N 5,000, n 500, homophily 2, women know 0.7 times as many, all 8 seeds men",
        replace(CITY, people=5_000, homophily=2.0, activity=(0.7, 1.0)),
        replace(USUAL, seeds_of="male"),
    ),
    in_society(
        "small survey",
        "N 5,000, n 250, 20 % women, no homophily, 6 seeds",
        replace(CITY, people=5_000, shares=(0.2, 0.8), homophily=1.0),
        replace(USUAL, participants=250, seeds=6),
    ),
    in_society(
        "large survey",
        "N 20,000, n 1,000, 25 % women, homophily 2, women know 0.7 times as many, 10 seeds",
        replace(CITY, people=20_000, shares=(0.25, 0.75), homophily=2.0, activity=(0.7, 1.0)),
        replace(USUAL, participants=1_000, seeds=10),
    ),
    in_society(
        "half of a town",
        "N 1,000, n 500, homophily 1.5, women know 1.4 times as many",
        replace(CITY, people=1_000, activity=(1.4, 1.0)),
        USUAL,
    ),
    in_society(
        "women recruit more",
        "as city, but a woman's coupon is used with chance 0.55, a man's 0.40",
        CITY,
        replace(USUAL, redeemed=(0.55, 0.40)),
    ),
    in_society(
        "women preferred",
        "as city, but a tie to a woman is 1.5 times as likely to get a coupon",
        CITY,
        replace(USUAL, preference=(1.5, 1.0)),
    ),
    Design(
        "two towns",
        "as city, but two towns of 5,000 with 15 % and 45 % women and 5 % of ties between them",
        USUAL,
        two_towns,
    ),
)
