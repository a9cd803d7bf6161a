"""The reach page tells how many and what share, and never tells of anybody."""

from datetime import UTC, datetime
from itertools import pairwise
from xml.etree import ElementTree

import httpx
import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.participants.rules import Sex
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from tests.factories import (
    NOON,
    a_bundle,
    a_place,
    a_redemption,
    a_site,
    client,
    key_for,
)
from tests.forests import TODAY, Person, plant, simulated

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
PICTURES = ("over-time", "site", "wave", "age_band", "entry_route", "reached_before")


def a_programme_of(
    database: Database, keyring: Keyring, forest: list[Person], *, role: Role = Role.PROGRAMME_LEAD
) -> httpx.Client:
    """Three sites, a forest, and someone who looks at it."""
    with database.transaction() as session:
        place = a_place(session)
        more = [a_site(session, place.programme.id) for _ in range(2)]
        plant(session, place, forest, *more)
        key = key_for(session, place, role)
    return client(database, keyring, now=NOW, key=key)


def women_and_men(women: int, men: int, *, unknown: int = 0) -> list[Person]:
    sexes = [Sex.FEMALE] * women + [Sex.MALE] * men + [Sex.UNKNOWN] * unknown
    return [Person(sex=sex) for sex in sexes]


def test_the_tiles_tell_what_a_count_of_the_people_tells(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(240)
    women = sum(1 for person in forest if person.sex is Sex.FEMALE)
    unknown = sum(1 for person in forest if person.sex is Sex.UNKNOWN)
    page = a_programme_of(database, keyring, forest).get("/reach").text
    for value in (240, women, unknown, sum(1 for person in forest if person.is_new)):
        assert f'<span class="stat-value">{value}</span>' in page
    assert f"{100 * women / (240 - unknown):.1f} %" in page
    assert "not an estimate of the population" in page
    assert "UNODC" in page


def test_every_table_adds_up_to_the_people_of_an_independent_count(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(400)
    asked = a_programme_of(database, keyring, forest)
    rows = [line.split(",") for line in asked.get("/reach/wave.csv").text.splitlines()[1:]]
    for wave, people, women, others, unknown, *_ in (row for row in rows if len(row) > 4):
        here = [person for person in forest if person.wave == int(wave)]
        counts = {sex: sum(1 for person in here if person.sex is sex) for sex in Sex}
        assert people in (str(len(here)), "<5*")
        assert women in (str(counts[Sex.FEMALE]), "<5*")
        assert others in (str(counts[Sex.MALE]), "<5*")
        assert unknown in (str(counts[Sex.UNKNOWN]), "<5*")
    assert any(row[2] == "<5*" for row in rows if len(row) > 4)
    assert any(row[2] != "<5*" for row in rows if len(row) > 4)


def test_a_redeemed_coupon_is_one_more_person_reached(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
        coupon = a_bundle(session, place).coupons[0]
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    asked = client(database, keyring, now=NOON, key=key)
    assert '<span class="stat-value">1</span>' in asked.get("/reach").text
    with database.transaction() as session:
        a_redemption(session, place, coupon)
    assert '<span class="stat-value">2</span>' in asked.get("/reach").text


@pytest.mark.parametrize(("women", "men"), [(3, 40), (40, 3), (0, 9)])
def test_a_split_with_fewer_than_five_on_either_side_is_told_nowhere(
    database: Database, keyring: Keyring, women: int, men: int
) -> None:
    asked = a_programme_of(database, keyring, women_and_men(women, men))
    page = asked.get("/reach").text
    assert "&lt;5*" in page
    assert "a larger one that would give it back" in page
    figures = asked.get("/api/v1/reach").json()
    for sex in (*figures["composition"].values(), *figures["composition_without_seeds"].values()):
        assert sex == {"n": None, "share": None, "low": None, "high": None}
    for picture in PICTURES:
        text = asked.get(f"/reach/{picture}.csv").text.splitlines()[1:-2]
        assert all(row.split(",")[2:4] == ["<5*", "<5*"] for row in text), picture
        assert "<circle" not in asked.get(f"/reach/{picture}.svg").text or picture == "over-time"


def test_a_site_whose_split_is_withheld_takes_another_with_it(
    database: Database, keyring: Keyring
) -> None:
    forest = [
        *(Person(site=0, sex=Sex.FEMALE) for _ in range(2)),
        *(Person(site=0) for _ in range(30)),
        *(Person(site=1, sex=sex) for sex in (Sex.FEMALE, Sex.MALE) for _ in range(8)),
        *(Person(site=2, sex=sex) for sex in (Sex.FEMALE, Sex.MALE) for _ in range(20)),
    ]
    asked = a_programme_of(database, keyring, forest)
    sites = asked.get("/api/v1/reach").json()["by_site"]
    assert [site["women"] for site in sites] == [None, None, 20]
    assert [site["people"] for site in sites] == [32, 16, 40]
    code = sites[0]["group"]
    page = asked.get(f"/reach?site={code}").text
    assert '<span class="stat-value">32</span>' in page
    assert '<span class="stat-value"><span class="withheld"' in page
    assert asked.get(f"/reach/wave.csv?site={code}").status_code == 404


def test_the_share_without_seeds_does_not_tell_the_sex_of_the_few_seeds(
    database: Database, keyring: Keyring
) -> None:
    seeds = [Person(sex=Sex.FEMALE), Person(), Person()]
    recruits = [Person(recruiter=i % 3, sex=Sex.FEMALE) for i in range(20)]
    recruits += [Person(recruiter=i % 3) for i in range(30)]
    figures = a_programme_of(database, keyring, seeds + recruits).get("/api/v1/reach").json()
    assert figures["composition"]["female"]["n"] == 21
    assert figures["composition_without_seeds"]["female"]["n"] is None
    assert figures["women_without_seeds_between"] == [18 / 50, 21 / 50]


def test_no_week_of_the_running_totals_gives_back_fewer_than_five(
    database: Database, keyring: Keyring
) -> None:
    figures = a_programme_of(database, keyring, simulated(300)).get("/api/v1/reach").json()
    weeks = figures["over_time"]
    assert len(weeks) > 3
    for before, after in pairwise(weeks):
        assert after["women"] - before["women"] >= 5
        assert after["others"] - before["others"] >= 5
    assert weeks[-1]["people"] == 300


@pytest.mark.parametrize(
    "forest",
    [
        [],
        [Person(sex=Sex.FEMALE)],
        women_and_men(0, 0, unknown=30),
        [Person(age=None, is_new=None)],
    ],
    ids=["nobody", "one person", "no sex known", "nothing known"],
)
def test_a_programme_that_has_hardly_begun_is_told_kindly(
    database: Database, keyring: Keyring, forest: list[Person]
) -> None:
    asked = a_programme_of(database, keyring, forest)
    for language in ("en", "uk"):
        page = asked.get("/reach", headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'<span class="stat-value">{len(forest)}</span>' in page.text
    if not forest:
        assert "Nobody has come yet" in asked.get("/reach").text
    assert asked.get("/api/v1/reach").json()["composition"]["female"]["n"] is None
    for picture in PICTURES:
        assert asked.get(f"/reach/{picture}.svg").status_code == 200
        assert asked.get(f"/reach/{picture}.csv").status_code == 200


def test_pictures_and_tables_can_be_taken_away_in_the_readers_language(
    database: Database, keyring: Keyring
) -> None:
    asked = a_programme_of(database, keyring, simulated(200))
    for picture in PICTURES:
        svg = asked.get(f"/reach/{picture}.svg", headers={"Accept-Language": "uk"})
        assert svg.headers["content-type"] == "image/svg+xml"
        assert "attachment" in svg.headers["content-disposition"]
        assert ElementTree.fromstring(svg.text).tag.endswith("svg")
        assert "жін" in svg.text
        png = asked.get(f"/reach/{picture}.png")
        assert png.content.startswith(b"\x89PNG")
        table = asked.get(f"/reach/{picture}.csv", headers={"Accept-Language": "uk"})
        assert table.content.startswith("\ufeff".encode())
        assert "жінки" in table.text.splitlines()[0]


def test_what_is_not_there_is_not_found(database: Database, keyring: Keyring) -> None:
    asked = a_programme_of(database, keyring, [])
    for path in (
        "/reach?site=NOWHERE",
        "/reach/nothing.svg",
        "/reach/site.graphml",
    ):
        assert asked.get(path).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_may_see_reach_see_it(
    database: Database, keyring: Keyring, role: Role
) -> None:
    asked = a_programme_of(database, keyring, [Person()], role=role)
    expected = 200 if Permission.SEE_REACH in PERMISSIONS[role] else 403
    for path in ("/reach", "/reach/site.csv", "/reach/over-time.png", "/api/v1/reach"):
        assert asked.get(path).status_code == expected


@pytest.mark.parametrize("role", [r for r in Role if Permission.SEE_REACH in PERMISSIONS[r]])
def test_only_those_who_may_open_forecast_and_estimates_are_led_there(
    database: Database, keyring: Keyring, role: Role
) -> None:
    page = a_programme_of(database, keyring, [Person()], role=role).get("/reach").text
    is_led = 'For planning: <a href="/reach/forecast">What comes next</a>.' in page
    assert is_led == (Permission.SEE_CHAINS in PERMISSIONS[role])


def test_a_visitor_is_asked_to_log_in(database: Database, keyring: Keyring) -> None:
    assert client(database, keyring).get("/reach").status_code == 303
