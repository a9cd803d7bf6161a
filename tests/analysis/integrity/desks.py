"""An honest programme's records, made up: people come by the day's rhythm, teachers differ, staff work in shifts."""

from dataclasses import replace

import numpy as np

from analysis.arrays import IntArray
from analysis.integrity import KnowledgeTests, People, Records, Redemptions

SITES, STAFF_OF_A_SITE, ITEMS, OPTIONS = 3, 5, 8, 3
MONDAY = np.datetime64("2026-03-02", "D")
DIFFICULTY = np.linspace(-1.6, 0.6, ITEMS)


def honest(people: int = 900, *, seed: int = 1, days: int = 150) -> Records:
    """As many recruits as asked for, beside twenty seeds, with nothing planted."""
    random = np.random.default_rng(seed)
    seeds = 20
    total = seeds + people
    day = np.sort(_days(random, people, days))
    recruiter, site = np.full(total, -1), np.zeros(total, dtype=np.int64)
    site[:seeds] = np.arange(seeds) % SITES
    came = np.concatenate([np.zeros(seeds, dtype=np.int64), day])
    left = np.full(total, 3)
    for i in range(seeds, total):
        able = np.flatnonzero((came[:i] < came[i]) & (came[:i] > came[i] - 60) & (left[:i] > 0))
        recruiter[i] = random.choice(able) if len(able) else random.integers(seeds)
        left[recruiter[i]] -= 1
        elsewhere = random.random() < 0.04
        site[i] = random.integers(SITES) if elsewhere else site[recruiter[i]]
    chain = np.arange(total)
    for i in range(seeds, total):
        chain[i] = chain[recruiter[i]]
    place, holder = site[seeds:], recruiter[seeds:]
    return Records(
        sites=SITES,
        chains=seeds,
        role=np.zeros(SITES * STAFF_OF_A_SITE, dtype=np.int64),
        people=People(recruiter, chain, random.random(total) < 0.5, _same_code(random, total)),
        redemptions=(redemptions := _redemptions(random, came, site, place, holder)),
        tests=_tests(random, redemptions),
        refused_at=(refused := random.integers(0, SITES, people // 10)),
        refused_by=_on_duty(random, refused, random.integers(0, days, people // 10)),
        refused_own=random.random(people // 10) < 0.1,
        walked_in_at=(walked := random.integers(0, SITES, people // 15)),
        walked_in_by=_on_duty(random, walked, random.integers(0, days, people // 15)),
    )


def shuffled(records: Records, *, seed: int) -> Records:
    """The same records with the lines of redemptions and of tests in another order."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(records.redemptions))
    place = np.argsort(order)
    redemptions = Redemptions(**{k: v[order] for k, v in vars(records.redemptions).items()})
    lines = random.permutation(len(records.tests))
    tests = KnowledgeTests(**{k: v[lines] for k, v in vars(records.tests).items()})
    tests = replace(tests, redemption=place[tests.redemption])
    return replace(records, redemptions=redemptions, tests=tests)


def _days(random: np.random.Generator, people: int, days: int) -> IntArray:
    """Growing towards the end; half as many on Saturdays, none on Sundays."""
    number = np.arange(days)
    weight = np.array([1, 1, 1, 1, 1, 0.5, 0])[number % 7] * (1 + 2 * number / days)
    chosen: IntArray = 1 + random.choice(days, size=people, p=weight / weight.sum())
    return chosen - 1


def _redemptions(
    random: np.random.Generator, came: IntArray, site: IntArray, place: IntArray, holder: IntArray
) -> Redemptions:
    people = len(place)
    day = MONDAY + came[-people:]
    minute = np.rint(9 * 60 + 8 * 60 * random.beta(2, 2.5, people)).astype(np.int64)
    given = np.minimum(came[holder], came[-people:] - 1)
    return Redemptions(
        at=day.astype("datetime64[m]") + minute.astype("timedelta64[m]"),
        site=place,
        issued_at=site[holder],
        staff=_on_duty(random, place, came[-people:]),
        person=np.arange(len(came) - people, len(came)),
        holder=holder,
        first_day=MONDAY + given + 1,
        last_day=MONDAY + given + 60,
        is_late=random.random(people) < 0.03,
        is_outside_hours=random.random(people) < 0.02,
        is_complete=random.random(people) < 0.93,
        eligible=(random.random(people) < 0.96).astype(np.int64),
        from_stranger=(random.random(people) < 0.05).astype(np.int64),
    )


def _on_duty(random: np.random.Generator, site: IntArray, day: IntArray) -> IntArray:
    """One of the two who have their shift that day."""
    shift = day * 2 + random.integers(0, 2, len(site))
    return site * STAFF_OF_A_SITE + shift % STAFF_OF_A_SITE


def _tests(random: np.random.Generator, redemptions: Redemptions) -> KnowledgeTests:
    """Rasch answers; recruits of one teacher know alike."""
    n = len(redemptions)
    teaching = random.normal(0, 0.8, int(redemptions.holder.max()) + 1)
    knows = 0.6 + teaching[redemptions.holder] + random.normal(0, 0.7, n)
    right = random.random((n, ITEMS)) < 1 / (1 + np.exp(DIFFICULTY - knows[:, np.newaxis]))
    wrong = 1 + random.integers(0, OPTIONS - 1, (n, ITEMS))
    return KnowledgeTests(
        redemption=np.arange(n),
        staff=redemptions.staff,
        answers=np.where(right, 0, wrong),
        is_right=right,
    )


def _same_code(random: np.random.Generator, total: int) -> IntArray:
    return random.integers(0, total, (total // 200, 2))
