"""Whom the simulated programme meets. Every figure here is invented; the proportions are only plausible."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.participants.rules import EntryRoute, Sex
from app.domain.services.actions import Given
from app.domain.services.rules import Service, State
from app.domain.visits.queries import Item

WHEN_WOMEN_COME = (
    112  # the day, from the programme's first, around which women begin to bring women
)
HOW_FAST = 20


@dataclass(frozen=True)
class Person:
    """A simulated person. ``teaching`` in [0, 1] and ``drive`` matter once she has coupons of her own."""

    sex: Sex
    age: int | None
    network_size: int | None
    never_reached_before: bool | None
    injects: bool
    agrees: bool
    follow_up: bool
    teaching: float
    drive: float
    claims: bool
    uic: str | None

    @property
    def is_eligible(self) -> bool:
        return self.injects and (self.age is None or self.age >= 18)


def meet(rng: random.Random, *, woman: float, serves: bool = False) -> Person:
    """Someone who comes; a woman with probability ``woman``. One who ``serves`` is eligible and agrees."""
    sex = Sex.FEMALE if rng.random() < woman else Sex.MALE
    if rng.random() < 0.025 and not serves:
        sex = rng.choice((Sex.UNKNOWN, Sex.PREFER_NOT_TO_SAY))
    age = _age(rng, sex)
    injects, agrees = rng.random() > 0.03, rng.random() > 0.02
    return Person(
        sex=sex,
        age=max(age or 30, 19) if serves else age,
        network_size=_network_size(rng),
        never_reached_before=None if rng.random() < 0.03 else rng.random() < 0.68,
        injects=injects or serves,
        agrees=agrees or serves,
        follow_up=rng.random() < 0.8,
        teaching=rng.betavariate(3, 2),
        drive=rng.lognormvariate(0, 0.9),
        claims=rng.random() < 0.5,
        uic=_uic(rng) if rng.random() < 0.5 else None,
    )


def chance_of_a_woman(recruiter: Sex, day: int) -> float:
    """Women come late, first through male partners and friends, and then bring one another."""
    late = 1 / (1 + math.exp((WHEN_WOMEN_COME - day) / HOW_FAST))
    return 0.32 + 0.3 * late if recruiter is Sex.FEMALE else 0.05 + 0.25 * late


def answers(rng: random.Random, items: tuple[Item, ...], *, taught: float) -> Mapping[str, str]:
    """A knowledge test as someone fills it in who was taught that well; later items are harder."""
    given = {}
    for place, item in enumerate(items):
        knows = 0.34 + 0.62 * taught - 0.025 * place
        others = [option for option in item.options if option != item.right]
        given[item.id] = item.right if rng.random() < knows else rng.choice(others)
    return given


def what_she_takes(rng: random.Random, person: Person) -> list[Given]:
    """What a visit gives, by need and not by any result."""
    given: list[Given] = [
        (Service.NEEDLES_AND_SYRINGES, State.GIVEN, rng.choice((10, 20, 20, 30, 50))),
        (Service.INFORMATION_MATERIALS, State.GIVEN, rng.randint(1, 3)),
    ]
    if rng.random() < 0.7:
        given.append((Service.MALE_CONDOMS, State.GIVEN, rng.choice((5, 10, 10, 20))))
    if person.sex is Sex.FEMALE:
        if rng.random() < 0.5:
            given.append((Service.FEMALE_CONDOMS, State.GIVEN, rng.randint(1, 5)))
            given.append((Service.EDUCATION_FEMALE_CONDOM, State.GIVEN, 1))
        if rng.random() < 0.6:
            given.append((Service.EDUCATION_CONDOM_NEGOTIATION, State.GIVEN, 1))
        if rng.random() < 0.05:
            given.append((Service.REFERRAL_ANTENATAL, State.MADE, 1))
        if rng.random() < 0.08:
            given.append((Service.REFERRAL_VIOLENCE_SUPPORT, State.ACCOMPANIED, 1))
    for test, taken in ((Service.HIV_TEST, 0.74), (Service.HEPATITIS_C_TEST, 0.62)):
        given.append((test, State.OFFERED, 1))
        if rng.random() < taken:
            given.append((test, State.TAKEN, 1))
            if rng.random() < 0.9:
                given.append((test, State.RESULT_RECEIVED, 1))
    if rng.random() < 0.15:
        given.append((Service.HEPATITIS_B_DOSE, State.GIVEN, 1))
    if rng.random() < 0.12:
        given.append((Service.REFERRAL_OPIOID_AGONIST_TREATMENT, State.MADE, 1))
    return given


def route_of_seed(rng: random.Random, sex: Sex) -> EntryRoute:
    """The first women were found through male partners and friends; men on the street and at a counter."""
    routes = EntryRoute
    if sex is Sex.FEMALE:
        return rng.choice((routes.MALE_PARTNER, routes.MALE_PARTNER, routes.FRIEND, routes.SELF))
    return rng.choice((routes.OUTREACH, routes.OUTREACH, routes.SERVICE_CLIENT, routes.FRIEND))


def _age(rng: random.Random, sex: Sex) -> int | None:
    if sex not in (Sex.FEMALE, Sex.MALE) and rng.random() < 0.3:
        return None
    middle, spread = (31, 7) if sex is Sex.FEMALE else (34, 8)
    return min(max(round(rng.gauss(middle, spread)), 17), 64)


def _network_size(rng: random.Random) -> int | None:
    """How many she knows: log-normal, and told in round numbers, as people do."""
    if rng.random() < 0.03:
        return None
    size = max(1, round(rng.lognormvariate(math.log(14), 0.75)))
    heap = 1 if size <= 10 else 5 if size <= 40 else 10
    return min(round(size / heap) * heap, 200)


def _uic(rng: random.Random) -> str:
    letters = "".join(rng.choice("АБВГДЗІКЛМНОПРСТ") for _ in range(4))
    return f"{letters}{rng.randint(1, 28):02}{rng.randint(1, 12):02}{rng.randint(68, 99)}"
