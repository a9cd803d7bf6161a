"""From a coupon handed out to a recruit who recruits: what the page tells is what the records say, and of nobody alone."""

import csv
import io
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.disclosure import THRESHOLD
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.participants.rules import Sex
from app.web.figures.flow import losing_enough
from app.web.figures.words import WITHHELD
from tests.factories import a_place, a_site
from tests.forests import TODAY, Person, hand_in, plant, simulated
from tests.web.readers import Reader, reader

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
PAGE = "/reach/flow"


def lead(database: Database, keyring: Keyring, forest: list[Person]) -> Reader:
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
        session.flush()
        hand_in(session, place, forest)
    return reader(database, keyring, place.lead, now=NOW)


def with_coupons(people: int) -> list[Person]:
    forest = simulated(people)
    for person in forest:
        person.live_coupons = 3
        person.usable_until = person.came_on + timedelta(days=30)
    return forest


def table(someone: Reader, picture: str) -> list[dict[str, str]]:
    text = someone.get(f"{PAGE}/{picture}.csv").text.removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def test_coupons_are_counted_by_their_holder_and_people_by_themselves(
    database: Database, keyring: Keyring
) -> None:
    forest = with_coupons(250)
    someone = lead(database, keyring, forest)
    holders, brought, came = Counter[str](), Counter[str](), Counter[str]()
    for person in forest:
        holders[_group(person)] += 3
        if person.recruiter is not None:
            brought[_group(forest[person.recruiter])] += 1
            came[_group(person)] += 1

    issued, redeemed = table(someone, "coupons")
    assert {"women": int(issued["women"]), "men": int(issued["men"])} == _known(holders)
    assert {"women": int(redeemed["women"]), "men": int(redeemed["men"])} == _known(brought)
    first = table(someone, "people")[0]
    assert {"women": int(first["women"]), "men": int(first["men"])} == _known(came)


def test_the_page_draws_each_picture_and_gives_it_away(
    database: Database, keyring: Keyring
) -> None:
    someone = lead(database, keyring, with_coupons(250))
    page = someone.get(PAGE).text
    found = set(re.findall(r'href="(/reach/flow/[a-z-]+\.(?:csv|svg|png))"', page))
    assert len(found) == 12
    for address in found:
        assert someone.get(address).status_code == 200
    assert someone.get(f"{PAGE}/nothing.svg").status_code == 404
    assert "Reproduction number" in page
    assert re.search(r"Each wave tends to be (larger|smaller)", page)


def test_before_any_coupon_the_page_says_so(database: Database, keyring: Keyring) -> None:
    someone = lead(database, keyring, [Person(label="ABCD")])
    assert "No coupon has been given out yet" in someone.get(PAGE).text
    assert someone.get(f"{PAGE}/coupons.csv").status_code == 404


def test_curves_and_means_wait_for_enough_people(database: Database, keyring: Keyring) -> None:
    few = [
        Person(sex=Sex.FEMALE, live_coupons=3, label="ABCD"),
        Person(live_coupons=3, label="EFGH"),
    ]
    someone = lead(database, keyring, few)
    page = someone.get(PAGE).text
    assert "Days until a coupon comes back" not in page
    assert "Reproduction number" not in page
    assert table(someone, "coupons")[0]["women"] == WITHHELD


@pytest.mark.parametrize("women", [4, 5])
def test_means_and_shares_wait_until_they_count_no_few_people(
    database: Database, keyring: Keyring, women: int
) -> None:
    sexes = [Sex.FEMALE, Sex.MALE] * 20
    forest = [
        Person(sex=sex, live_coupons=3, usable_until=TODAY - timedelta(days=5)) for sex in sexes
    ]
    brought = [Sex.FEMALE] * women + [Sex.MALE] * 6
    for recruiter in (Sex.FEMALE, Sex.MALE):
        holders = [i for i, sex in enumerate(sexes) if sex is recruiter]
        forest += [Person(sex=sex, recruiter=i) for sex, i in zip(brought, holders, strict=False)]
    page = lead(database, keyring, forest).get(PAGE).text
    assert ("Reproduction number" in page) is (women == 5)


def test_how_many_coupons_came_back_is_not_told_of_a_few(
    database: Database, keyring: Keyring
) -> None:
    sexes = [Sex.FEMALE, Sex.MALE] * 20
    forest = [
        Person(sex=sex, live_coupons=3, usable_until=TODAY - timedelta(days=5)) for sex in sexes
    ]
    forest += [Person(recruiter=2 * i) for i in range(4)]  # brought by women
    forest += [Person(recruiter=2 * i + 1) for i in range(6)]
    page = lead(database, keyring, forest).get(PAGE).text
    women, others = re.findall(
        r'coupons that came back</span>\s*<span class="stat-value">(.*?)<', page
    )
    assert (women, others) == ("–", "10.0 %")


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(0, 30))
def test_no_two_steps_that_are_told_are_a_few_people_apart(lost: list[int], left: int) -> None:
    counts = left + np.cumsum(lost[::-1])[::-1]
    shown = [n for n in losing_enough(counts) if n is not None]
    assert all(n >= THRESHOLD for n in shown)
    for earlier, later in pairwise(shown):
        assert earlier == later or earlier - later >= THRESHOLD


@pytest.mark.parametrize("counts", [[40, 30, 30, 20], [5, 5, 5]])
def test_steps_that_lose_nobody_or_enough_are_all_told(counts: list[int]) -> None:
    assert losing_enough(np.array(counts)) == counts


def _group(person: Person) -> str:
    return {Sex.FEMALE: "women", Sex.MALE: "men"}.get(person.sex, "not known")


def _known(counted: Counter[str]) -> dict[str, int]:
    return {"women": counted["women"], "men": counted["men"]}
