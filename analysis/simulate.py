"""A synthetic recruitment forest: seeded, vectorised wave by wave, up to millions of people.

Every figure here is a made-up parameter of a simulation, not an observation.
"""

from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from analysis.arrays import IntArray
from analysis.ids import NumberIds
from analysis.sample import CouponFigures, Sample, Trait

SITES = ("Dnipro", "Lviv", "Odesa")
SEXES = ("female", "male")
AGE_BANDS = ("18-24", "25-34", "35-44", "45+")
FEMALE = 0


@dataclass(frozen=True)
class Scenario:
    """What the simulated peers do.

    Attributes:
        coupons: given to each person.
        redeemed: chance that a coupon brings someone in, by sex of the recruiter (women, men).
        woman_recruited: chance that a recruit is a woman, by sex of the recruiter (women, men).
        women_among_seeds: share of women among seeds.
        same_age_band: chance that a recruit is of the recruiter's age band.
        same_site: chance that a recruit comes to the recruiter's site.
        network_size: medians of the log-normal network sizes in persons (women, men).
        network_spread: standard deviation of their logarithm.
        network_size_missing: share of people whose network size was not asked.
        seeds_in_thousand: seeds enrolled for each thousand people.

    >>> crossing = Scenario(same_site=0.0, women_among_seeds=1.0)
    >>> alike = simulate(3, seed=1, scenario=crossing).trait("sex")
    >>> alike.counts.tolist()  # all three are seeds
    [3, 0]
    """

    coupons: int = 3
    redeemed: tuple[float, float] = (0.46, 0.36)
    woman_recruited: tuple[float, float] = (0.55, 0.2)
    women_among_seeds: float = 0.1
    same_age_band: float = 0.45
    same_site: float = 0.98
    network_size: tuple[float, float] = (11.0, 15.0)
    network_spread: float = 0.8
    network_size_missing: float = 0.02
    seeds_in_thousand: int = 20
    age_bands: tuple[float, ...] = (0.18, 0.4, 0.3, 0.12)
    start: np.datetime64 = field(default_factory=lambda: np.datetime64("2026-01-12", "D"))


@dataclass(frozen=True, eq=False)
class _Wave:
    """The people of one wave; arrays of one length."""

    recruiter: IntArray
    sex: IntArray
    age: IntArray
    site: IntArray
    day: IntArray

    def __len__(self) -> int:
        return len(self.recruiter)


def simulate(participants: int, *, seed: int = 0, scenario: Scenario | None = None) -> Sample:
    """A forest of exactly that many people, the same for the same seed.

    Waves are drawn until there are more people than asked for; those who came first are kept, so a
    person's recruiter is always there too. Where recruitment dies out, staff enrol new seeds.

    Raises:
        ValueError: if ``participants`` is below 1.

    >>> sample = simulate(500, seed=1)
    >>> len(sample), sample.forest.max_wave > 3, list(sample.traits)
    (500, True, ['site', 'sex', 'age_band'])
    """
    if participants < 1:
        raise ValueError("at least one participant is needed")
    how = scenario or Scenario()
    random = np.random.default_rng(seed)
    seeds = max(len(SITES), participants * how.seeds_in_thousand // 1000)
    enough = participants + participants // 4
    waves = [_seeds(random, seeds, how, earliest=0)]
    total = len(waves[0])
    while total < enough:
        wave = _recruits(random, waves[-1], first=total - len(waves[-1]), how=how)
        if not len(wave):
            latest = max(int(wave.day.max(initial=0)) for wave in waves)
            wave = _seeds(random, seeds, how, earliest=latest)
        waves.append(wave)
        total += len(wave)
    return _sample_of(random, waves, participants, how)


def _seeds(random: np.random.Generator, n: int, how: Scenario, *, earliest: int) -> _Wave:
    return _Wave(
        recruiter=np.full(n, -1, dtype=np.int32),
        sex=(random.random(n) >= how.women_among_seeds).astype(np.int8),
        age=random.choice(len(AGE_BANDS), size=n, p=how.age_bands).astype(np.int8),
        site=(np.arange(n) % len(SITES)).astype(np.int8),
        day=(earliest + random.integers(0, 21, size=n)).astype(np.int32),
    )


def _recruits(random: np.random.Generator, wave: _Wave, *, first: int, how: Scenario) -> _Wave:
    brought = random.binomial(how.coupons, np.asarray(how.redeemed)[wave.sex])
    parent = np.repeat(np.arange(len(wave), dtype=np.int32), brought)
    n = len(parent)
    is_woman = random.random(n) < np.asarray(how.woman_recruited)[wave.sex[parent]]
    own_age = random.choice(len(AGE_BANDS), size=n, p=how.age_bands).astype(np.int8)
    own_site = random.integers(0, len(SITES), size=n).astype(np.int8)
    delay = np.minimum(1 + random.geometric(0.12, size=n), 30).astype(np.int32)
    return _Wave(
        recruiter=np.int32(first) + parent,
        sex=np.where(is_woman, np.int8(FEMALE), np.int8(1 - FEMALE)),
        age=np.where(random.random(n) < how.same_age_band, wave.age[parent], own_age),
        site=np.where(random.random(n) < how.same_site, wave.site[parent], own_site),
        day=wave.day[parent] + delay,
    )


def _sample_of(
    random: np.random.Generator, waves: list[_Wave], participants: int, how: Scenario
) -> Sample:
    """The people who came first, in the order in which they came."""
    day = np.concatenate([wave.day for wave in waves])
    order = np.argsort(day, kind="stable")[:participants]
    place = np.full(len(day) + 1, -1, dtype=np.int32)
    place[order] = np.arange(participants, dtype=np.int32)
    recruiter = place[np.concatenate([wave.recruiter for wave in waves])[order]]
    sex = np.concatenate([wave.sex for wave in waves])[order]
    median = np.asarray(how.network_size)[sex]
    sizes = np.maximum(1, np.rint(median * np.exp(random.normal(0, how.network_spread, len(sex)))))
    sizes[random.random(len(sex)) < how.network_size_missing] = np.nan
    site = np.concatenate([wave.site for wave in waves])[order]
    age = np.concatenate([wave.age for wave in waves])[order]
    codes = {"site": (SITES, site), "sex": (SEXES, sex), "age_band": (AGE_BANDS, age)}
    traits = {name: Trait(levels, each.astype(np.int32)) for name, (levels, each) in codes.items()}
    return Sample(
        ids=NumberIds(np.arange(1, participants + 1, dtype=np.int32)),
        recruiter=recruiter,
        network_size=sizes,
        enrolled_on=how.start + day[order].astype("timedelta64[D]"),
        traits=MappingProxyType(traits),
        coupons=CouponFigures(
            issued=participants * how.coupons, redeemed=int(np.count_nonzero(recruiter >= 0))
        ),
    )
