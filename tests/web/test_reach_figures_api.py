"""Programs read the same estimates and the same way from coupon to recruiter as the pages show, and no more."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.participants.rules import Sex
from app.domain.staff.rules import Role
from app.web.figures.estimate_words import NAMES
from app.web.figures.flow_pictures import STEPS
from app.web.figures.words import WITHHELD
from app.worker import compute
from tests.factories import a_place, a_site, client, key_for
from tests.forests import TODAY, Person, hand_in, plant, simulated
from tests.web.api import is_problem
from tests.web.readers import Reader, reader

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
ESTIMATES, FLOW = "/api/v1/reach/estimates", "/api/v1/reach/flow"
Doors = tuple[httpx.Client, Reader]


def both_doors(
    database: Database, keyring: Keyring, forest: list[Person], *, with_redemptions: bool = False
) -> Doors:
    """A program and a person of one programme."""
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
        if with_redemptions:
            session.flush()
            hand_in(session, place, forest)
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    program = client(database, keyring, now=NOW, key=key)
    return program, reader(database, keyring, place.lead, now=NOW)


def with_coupons(people: int) -> list[Person]:
    forest = simulated(people)
    for person in forest:
        person.live_coupons = 3
        person.usable_until = person.came_on + timedelta(days=30)
    return forest


def table(page: Reader, address: str) -> list[dict[str, str]]:
    text = page.get(address).text.removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def figure(cell: str) -> float | None:
    return float(cell) if cell else None


def count(cell: str) -> int | None:
    return None if cell == WITHHELD else int(cell)


def compute_intervals(database: Database, page: Reader) -> None:
    page.send("/reach/estimates", {"population": "5000"})
    while compute(database, clock=lambda: NOW):
        pass


def test_estimates_are_those_of_the_page(database: Database, keyring: Keyring) -> None:
    program, page = both_doors(database, keyring, simulated(200))
    compute_intervals(database, page)
    told = program.get(ESTIMATES, params={"population_size": 5_000}).json()
    shown = table(page, "/reach/estimates/estimates.csv?population=5000")
    assert len(told["estimates"]) == len(shown) == 4
    for row, cells in zip(told["estimates"], shown, strict=True):
        assert NAMES[row["estimator"]] == cells["way of estimating"]
        for key, column in (
            ("share", "share of women"),
            ("low", "interval from"),
            ("high", "interval to"),
            ("se", "standard error"),
            ("design_effect", "design effect"),
        ):
            assert row[key] == figure(cells[column]), (row["estimator"], key)
        assert (row["used"], row["left_out"]) == (
            count(cells["people counted"]),
            count(cells["left out"]),
        )
        is_computed = row["estimator"] != "composition"
        assert (row["low"] is not None, row["run"] is not None) == (is_computed, is_computed)


def test_how_an_estimate_settled_is_what_the_page_shows(
    database: Database, keyring: Keyring
) -> None:
    program, page = both_doors(database, keyring, simulated(200))
    told = program.get(ESTIMATES).json()
    shown = table(page, "/reach/estimates/convergence.csv")
    assert told["convergence"] == [
        {"people": int(row["people who had come"]), "share": float(row["share of women"])}
        for row in shown
    ]
    assert len(shown) > 1


def test_a_run_under_way_is_named_and_has_no_interval_yet(
    database: Database, keyring: Keyring
) -> None:
    program, page = both_doors(database, keyring, simulated(120))
    page.send("/reach/estimates", {})
    rows = {row["estimator"]: row for row in program.get(ESTIMATES).json()["estimates"]}
    run = program.get(f"/api/v1/analyses/{rows['rds_ii']['run']}").json()
    assert (run["state"], run["parameters"]["estimator"]) == ("waiting", "rds_ii")
    assert rows["rds_ii"]["low"] is None
    assert rows["gile_ss"]["share"] is None


def test_other_choices_have_intervals_of_their_own(database: Database, keyring: Keyring) -> None:
    program, page = both_doors(database, keyring, simulated(120))
    compute_intervals(database, page)
    other = program.get(
        ESTIMATES, params={"population_size": 5_000, "bootstrap": "neighbourhood"}
    ).json()
    assert all(row["low"] is None and row["run"] is None for row in other["estimates"])


def test_a_population_smaller_than_the_sample_is_refused(
    database: Database, keyring: Keyring
) -> None:
    program, _ = both_doors(database, keyring, simulated(120))
    for size in (1, 119):
        reply = program.get(ESTIMATES, params={"population_size": size})
        assert is_problem(reply, 422, "population_too_small")


@pytest.mark.parametrize(
    "few", [[], [*(Person(sex=Sex.FEMALE) for _ in range(4)), *(Person() for _ in range(30))]]
)
def test_with_fewer_than_five_women_nothing_is_told(
    database: Database, keyring: Keyring, few: list[Person]
) -> None:
    program, _ = both_doors(database, keyring, few)
    told = program.get(ESTIMATES).json()
    assert told.pop("women_mark") == 0.3
    assert not any(told.values())


def test_mixing_is_told_as_the_page_rounds_it(database: Database, keyring: Keyring) -> None:
    program, page = both_doors(database, keyring, simulated(250))
    mixing = program.get(ESTIMATES).json()["mixing"]
    assert mixing["recruitment_homophily"] is not None
    text = page.get("/reach/estimates").text
    for each in (mixing["recruitment_homophily"], mixing["differential_activity"]):
        assert f">{each:g}</td>" in text


def test_the_way_from_coupon_to_recruiter_is_that_of_the_page(
    database: Database, keyring: Keyring
) -> None:
    program, page = both_doors(database, keyring, with_coupons(250), with_redemptions=True)
    told = program.get(FLOW).json()
    assert told["others"] == "male"
    for picture in ("coupons", "people"):
        shown = table(page, f"/reach/flow/{picture}.csv")
        assert [(row["step"], row["women"], row["men"]) for row in shown] == [
            (STEPS[row["step"]], cell(row["women"]), cell(row["others"])) for row in told[picture]
        ]
    shown = table(page, "/reach/flow/days.csv")
    assert len(told["days"]) == len(shown)
    for row, cells in zip(told["days"], shown, strict=True):
        assert cells["holder"] == {"women": "women", "others": "men"}[row["holder"]]
        assert (row["day"], row["followed"]) == (
            int(cells["days"]),
            count(cells["coupons still followed"]),
        )
        assert row["share"] == figure(cells["share redeemed"])
    for cells in table(page, "/reach/flow/each-brings.csv"):
        names = {"women": "women", "men": "others"}
        mean = told["reproduction"]["matrix"][names[cells["recruiter"]]][names[cells["recruit"]]]
        assert (mean["value"], mean["low"], mean["high"]) == tuple(
            figure(cells[column]) for column in ("mean number", "interval from", "interval to")
        )


def test_few_people_have_no_curve_and_no_means(database: Database, keyring: Keyring) -> None:
    few = [Person(sex=Sex.FEMALE, live_coupons=3), Person(live_coupons=3)]
    program, _ = both_doors(database, keyring, few)
    told = program.get(FLOW).json()
    assert (told["days"], told["reproduction"]) == (None, None)
    assert told["coupons"][0] == {"step": "issued", "women": None, "others": None}
    nothing: dict[str, Any] = {"value": None, "low": None, "high": None}
    assert told["matured_redemption_rate"] == {"women": nothing, "others": nothing}


def test_before_any_coupon_there_is_no_step(database: Database, keyring: Keyring) -> None:
    program, _ = both_doors(database, keyring, [Person()])
    told = program.get(FLOW).json()
    assert (told["coupons"], told["people"]) == ([], [])


def cell(n: int | None) -> str:
    return WITHHELD if n is None else str(n)
