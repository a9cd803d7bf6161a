"""Programs are told the same as people, in the names that other scripts rely on."""

from collections import Counter
from datetime import UTC, datetime

import httpx

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.participants.rules import Sex
from app.domain.staff.rules import Role
from tests.factories import a_bundle, a_place, a_redemption, a_site, client, key_for
from tests.forests import TODAY, Person, plant, simulated
from tests.web.api import is_problem

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)


def asking(database: Database, keyring: Keyring, forest: list[Person]) -> httpx.Client:
    with database.transaction() as session:
        place = a_place(session)
        more = [a_site(session, place.programme.id) for _ in range(2)]
        plant(session, place, forest, *more)
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    return client(database, keyring, now=NOW, key=key)


def test_the_summary_counts_what_a_count_of_the_people_gives(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(250)
    summary = asking(database, keyring, forest).get("/api/v1/chains/summary").json()
    waves = Counter(person.wave for person in forest)
    sexes = Counter(person.sex for person in forest)
    sizes = Counter(person.seed for person in forest)
    assert summary["participants"] == 250
    assert summary["seeds"] == waves[0]
    assert summary["chains"] == sorted(sizes.values(), reverse=True)
    assert summary["wave_counts"] == [waves[wave] for wave in range(max(waves) + 1)]
    assert summary["levels"] == ["female", "male"]
    assert summary["composition"]["female"]["n"] == sexes[Sex.FEMALE]
    assert summary["missing"] == sexes[Sex.UNKNOWN]
    assert summary["trait"] == "sex"
    for name in ("transition", "equilibrium", "homophily", "estimates", "reproduction", "warnings"):
        assert name in summary


def test_reach_counts_what_a_count_of_the_people_gives(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(250)
    reach = asking(database, keyring, forest).get("/api/v1/reach").json()
    sexes = Counter(person.sex for person in forest)
    known = sexes[Sex.FEMALE] + sexes[Sex.MALE]
    assert reach["participants"] == 250
    assert reach["missing"] == sexes[Sex.UNKNOWN]
    assert reach["women_mark"] == 0.3
    assert reach["first_time"] == sum(1 for person in forest if person.is_new)
    female = reach["composition"]["female"]
    assert female["n"] == sexes[Sex.FEMALE]
    assert female["share"] == sexes[Sex.FEMALE] / known
    assert female["low"] < female["share"] < female["high"]
    assert reach["composition"]["male"]["n"] == sexes[Sex.MALE]
    assert reach["walk_ins"] == 0


def test_coupons_are_counted_by_what_became_of_them(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session, now=NOW)
        coupon = a_bundle(session, place, now=NOW).coupons[0]
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    late = datetime(2026, 9, 1, tzinfo=UTC)
    asked = client(database, keyring, now=NOW, key=key)
    coupons = asked.get("/api/v1/reach").json()["coupons"]
    assert (coupons["issued"], coupons["live"], coupons["matured"]) == (3, 3, 0)
    assert asked.get("/api/v1/reach").json()["matured_redemption_rate"] is None
    with database.transaction() as session:
        a_redemption(session, place, coupon, now=datetime(2026, 6, 4, 10, tzinfo=UTC))
    reach = client(database, keyring, now=late, key=key).get("/api/v1/reach").json()
    assert (reach["coupons"]["redeemed"], reach["coupons"]["expired"]) == (1, 2)
    assert reach["matured_redemption_rate"] == 1 / 3
    assert reach["participants"] == 2


def test_chains_are_listed_largest_first_with_small_counts_withheld(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(250)
    chains = asking(database, keyring, forest).get("/api/v1/chains").json()["chains"]
    assert [chain["size"] for chain in chains] == sorted(
        Counter(person.seed for person in forest).values(), reverse=True
    )
    assert all(chain["women"] is None or chain["women"] >= 5 for chain in chains)
    assert set(chains[0]) == {
        "label",
        "site",
        "size",
        "max_wave",
        "women",
        "last_week",
        "live_coupons",
        "state",
    }


def test_a_programme_without_anybody_answers_with_nothing(
    database: Database, keyring: Keyring
) -> None:
    asked = asking(database, keyring, [])
    assert asked.get("/api/v1/chains").json() == {"chains": []}
    assert asked.get("/api/v1/chains/summary").json()["participants"] == 0
    assert asked.get("/api/v1/reach").json()["over_time"] == []


def test_reach_of_one_site_tells_of_its_people_and_an_unknown_site_is_not_found(
    database: Database, keyring: Keyring
) -> None:
    asked = asking(database, keyring, simulated(250))
    everywhere = asked.get("/api/v1/reach").json()
    for there in everywhere["by_site"]:
        here = asked.get("/api/v1/reach", params={"site": there["group"]}).json()
        assert here.keys() == everywhere.keys()
        assert here["participants"] == there["people"]
        assert here["composition"]["female"]["n"] == there["women"]
        assert here["by_site"] == here["by_wave"] == []
    for site in ("unknown", ""):
        reply = asked.get("/api/v1/reach", params={"site": site})
        assert is_problem(reply, 404, "unknown_site")
