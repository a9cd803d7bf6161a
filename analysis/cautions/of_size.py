"""Cautions about how many people there are, in all and by group."""

import numpy as np

from analysis.cautions.evidence import Evidence
from analysis.notices import Notice, counted

FEW_PEOPLE = 100
SMALL_LEVEL = 5
LARGE_PART = 0.1
MANY_SEEDS = 0.05


def small_sample(seen: Evidence) -> Notice | None:
    """Fewer than 100 people.

    >>> from analysis.sample import build_sample
    >>> str(small_sample(Evidence(build_sample(["a"], [""]), None)))
    'Only 1 person: shares are uncertain.'
    """
    n = len(seen.sample)
    if n >= FEW_PEOPLE:
        return None
    people = counted(n, "person", "people")
    return Notice("small_sample", f"Only {people}: shares are uncertain.", {"n": n})


def large_part_of_population(seen: Evidence) -> Notice | None:
    """A tenth of the population or more has come, or more people than it is said to have.

    >>> from analysis.sample import build_sample
    >>> seen = Evidence(build_sample(["a"], [""]), None, population_size=4)
    >>> large_part_of_population(seen).facts["percent"]
    25
    """
    n, size = len(seen.sample), seen.population_size
    if size is None or n < LARGE_PART * size:
        return None
    if n > size:
        text = f"{n:,} people came, more than the {size:,.0f} of the population: correct its size."
        return Notice("population_too_small", text, {"n": n, "population_size": size})
    percent = round(100 * n / size)
    text = (
        f"The sample is {percent} % of the population: RDS-I and RDS-II lean towards people with "
        "small networks; Gile's successive sampling allows for that."
    )
    return Notice(
        "large_part_of_population", text, {"n": n, "population_size": size, "percent": percent}
    )


def seeds_in_estimates(seen: Evidence) -> Notice | None:
    """Seeds are one in twenty or more of those who count.

    >>> from analysis.sample import build_sample
    >>> seeds_in_estimates(Evidence(build_sample(["a", "b"], ["", "a"]), None)).facts["percent"]
    50
    """
    n, seeds = len(seen.sample), len(seen.sample.forest.seeds)
    if not seen.with_seeds or seeds < MANY_SEEDS * n:
        return None
    percent = round(100 * seeds / n)
    text = (
        f"{counted(seeds, 'seed is', 'seeds are')} among the people, {percent} % of them: staff "
        "chose seeds, so compare with the figures without them."
    )
    return Notice("seeds_in_estimates", text, {"seeds": seeds, "n": n, "percent": percent})


def missing_trait(seen: Evidence) -> Notice | None:
    """There are people whose group is not known.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["f", None]})
    >>> missing_trait(Evidence(sample, "sex")).facts["n"]
    1
    """
    if seen.trait_name is None or not seen.trait.missing:
        return None
    people = counted(seen.trait.missing, "person has", "people have")
    text = f"{people} no value of {seen.trait_name!r}; shares are of those who have one."
    return Notice("missing_trait", text, {"n": seen.trait.missing, "trait": seen.trait_name})


def small_level(seen: Evidence) -> Notice | None:
    """There are groups of fewer than five people.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["f", "m"]})
    >>> small_level(Evidence(sample, "sex")).facts["levels"]
    ('f', 'm')
    """
    small = tuple(seen.levels[x] for x in np.flatnonzero(seen.trait.counts < SMALL_LEVEL))
    if not small:
        return None
    names = ", ".join(repr(level) for level in small[:10])
    text = (
        f"Fewer than {SMALL_LEVEL} people at {names} of {seen.trait_name!r}, out of "
        f"{len(seen.sample):,}."
    )
    return Notice("small_level", text, {"levels": small, "trait": seen.trait_name})
