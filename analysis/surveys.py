"""Respondent-driven surveys of a made-up population: coupons passed along its ties."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.networks import Population
from analysis.sample import CouponFigures, Sample, Trait


@dataclass(frozen=True)
class Survey:
    """How a survey goes about it, and what the peers do.

    Attributes:
        participants: n, where it stops.
        seeds: how many begin it.
        seeds_drawn: by network size or each person alike.
        seeds_of: the level all seeds are of; ``None`` for seeds from everyone.
        coupons: given to each person.
        redeemed: chance that a coupon is used while somebody is left to take it, by group of the
            recruiter; one value stands for all groups.
        preference: how readily a tie to each group is chosen for a coupon, relative to others;
            unequal values are differential recruitment.
        heaped_above: network sizes above it are told to the nearest five; ``None`` for exact ones.
        missing: share of people whose network size was not asked.

    >>> Survey(participants=500, redeemed=(0.55, 0.4)).coupons
    3
    """

    participants: int
    seeds: int = 8
    seeds_drawn: Literal["by-degree", "alike"] = "by-degree"
    seeds_of: str | None = None
    coupons: int = 3
    redeemed: tuple[float, ...] = (0.45,)
    preference: tuple[float, ...] = (1.0,)
    heaped_above: int | None = None
    missing: float = 0.0
    start: np.datetime64 = field(default_factory=lambda: np.datetime64("2026-01-12", "D"))


def recruit(
    population: Population, survey: Survey, random: np.random.Generator, *, trait: str = "group"
) -> Sample:
    """Survey a population: no one twice, every recruit a neighbour of her recruiter.

    Wave after wave: each person of a wave draws how many of her coupons are used (binomial) and gives
    them to people she knows who have not come yet, at random but for ``preference``; where two reach
    for one person, one of them does at random and the other tries again. A new seed is enrolled
    where recruitment has died out. The last wave is cut at random. Dates are a week a wave.

    Source: the design is that of Heckathorn (1997), "Respondent-driven sampling", Social Problems
    44(2); without replacement on a made-up network as in Gile & Handcock (2010), "Respondent-driven
    sampling: an assessment of current methodology", Sociological Methodology 40.

    Args:
        trait: the name under which the groups stand in the sample; sites stand there as ``site``.

    Raises:
        ValueError: if the survey asks for more people than there are, or names no level of theirs.

    >>> town = Population.of(("f", "m"), np.array([0, 1, 1]), np.array([[0, 1], [1, 2]]))
    >>> always = Survey(participants=3, seeds=1, seeds_of="f", redeemed=(1.0,))
    >>> recruit(town, always, np.random.default_rng(1)).recruiter.tolist()
    [-1, 0, 1]
    """
    if not 1 <= survey.participants <= len(population):
        raise ValueError("a survey takes at least one person and at most the population")
    taken = np.zeros(len(population), dtype=np.bool_)
    people = [_new_seeds(population, survey, taken, survey.seeds, random)]
    recruiters = [np.full(len(people[0]), -1)]
    total = len(people[0])
    while total < survey.participants:
        who, by = _next_wave(population, survey, taken, people[-1], random)
        by = by + total - len(people[-1])
        if not len(who):
            who = _new_seeds(population, survey, taken, 1, random)
            by = np.full(len(who), -1)
        people.append(who)
        recruiters.append(by)
        total += len(who)
    rounds = np.repeat(np.arange(len(people)), [len(who) for who in people])
    kept = slice(survey.participants)
    return _sample_of(
        population,
        survey,
        random,
        trait,
        person=np.concatenate(people)[kept],
        recruiter=np.concatenate(recruiters)[kept],
        rounds=rounds[kept],
    )


def _new_seeds(
    population: Population,
    survey: Survey,
    taken: BoolArray,
    wanted: int,
    random: np.random.Generator,
) -> IntArray:
    """Indices of people not yet taken, who now are; of the seeds' level while there are any."""
    free = ~taken
    if survey.seeds_of is not None:
        of_level = free & (population.group == population.levels.index(survey.seeds_of))
        free = of_level if of_level.any() else free
    candidates = np.flatnonzero(free)
    weight = population.degree[candidates] if survey.seeds_drawn == "by-degree" else None
    chosen = candidates[_draw(len(candidates), weight, wanted, random)]
    taken[chosen] = True
    return chosen


def _draw(n: int, weight: IntArray | None, wanted: int, random: np.random.Generator) -> IntArray:
    """Places of ``wanted`` of n drawn one after another without putting back.

    Source: exponential races, Efraimidis & Spirakis (2006).
    """
    keys = random.exponential(size=n) / (1.0 if weight is None else np.maximum(weight, 1e-9))
    return np.argsort(keys)[:wanted]


def _next_wave(
    population: Population,
    survey: Survey,
    taken: BoolArray,
    wave: IntArray,
    random: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """Who comes next, in random order, and the place in ``wave`` of each one's recruiter."""
    chance = _by_group(survey.redeemed, population)[population.group[wave]]
    left = random.binomial(survey.coupons, chance)
    owner, friend = _ties_of(population, wave)
    readiness = _by_group(survey.preference, population)[population.group[friend]]
    order = np.argsort(random.exponential(size=len(friend)) / readiness)
    owner, friend = owner[order], friend[order]
    who, by = [], []
    while True:
        open_ = (left[owner] > 0) & ~taken[friend]
        owner, friend = owner[open_], friend[open_]
        if not len(owner):
            break
        nearest = np.sort(np.unique(owner, return_index=True)[1])
        nearest = nearest[np.unique(friend[nearest], return_index=True)[1]]
        left[owner[nearest]] -= 1
        taken[friend[nearest]] = True
        who.append(friend[nearest])
        by.append(owner[nearest])
    if not who:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    order = random.permutation(sum(map(len, who)))
    return np.concatenate(who)[order], np.concatenate(by)[order]


def _ties_of(population: Population, people: IntArray) -> tuple[IntArray, IntArray]:
    """Every tie of these people: the place of its owner among them, and the neighbour."""
    counts = population.degree[people]
    owner = np.repeat(np.arange(len(people)), counts)
    offset = population.first[people] - np.append(0, np.cumsum(counts))[:-1]
    return owner, population.neighbours[np.arange(len(owner)) + offset[owner]]


def _by_group(values: tuple[float, ...], population: Population) -> FloatArray:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), len(population.levels))


def _sample_of(
    population: Population,
    survey: Survey,
    random: np.random.Generator,
    trait: str,
    *,
    person: IntArray,
    recruiter: IntArray,
    rounds: IntArray,
) -> Sample:
    size = population.degree[person].astype(np.float64)
    if survey.heaped_above is not None:
        size = np.where(size > survey.heaped_above, 5 * np.rint(size / 5), size)
    size[(size == 0) | (random.random(len(size)) < survey.missing)] = np.nan
    traits = {trait: Trait(population.levels, population.group[person])}
    if population.site is not None:
        sites = tuple(map(str, range(int(population.site.max()) + 1)))
        traits["site"] = Trait(sites, population.site[person])
    return Sample(
        ids=tuple(map(str, range(1, len(person) + 1))),
        recruiter=recruiter.astype(np.int32),
        network_size=size,
        enrolled_on=survey.start + 7 * rounds.astype("timedelta64[D]"),
        traits=MappingProxyType(traits),
        coupons=CouponFigures(
            issued=len(person) * survey.coupons, redeemed=int(np.count_nonzero(recruiter >= 0))
        ),
    )
