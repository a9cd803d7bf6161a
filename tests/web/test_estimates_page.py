"""Estimates of the population: each way beside the composition, with intervals that are computed in the background."""

import csv
import io
import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import select

from analysis.bootstraps import BOOTSTRAPS as ALL_BOOTSTRAPS
from analysis.counts import frame
from analysis.estimators import ESTIMATORS
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.chains.queries import load_sample
from app.domain.participants.rules import Sex
from app.domain.programmes.models import Programme
from app.web.figures.estimate_words import BOOTSTRAPS, NAMES
from app.web.figures.estimates import COMPUTED, OFFERED, of_women
from app.worker import compute
from tests.factories import a_place, a_site
from tests.forests import TODAY, Person, plant, simulated
from tests.web.readers import Reader, errors, reader

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
PAGE = "/reach/estimates"
USUAL = "&bootstrap=&replicates=1000&seeds=with"
SIZED = f"{PAGE}?population=5000"


def lead(database: Database, keyring: Keyring, forest: list[Person]) -> Reader:
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
    return reader(database, keyring, place.lead, now=NOW)


@pytest.fixture
def someone(database: Database, keyring: Keyring) -> Reader:
    return lead(database, keyring, simulated(200))


def table(someone: Reader, query: str = "") -> dict[str, dict[str, str]]:
    text = someone.get(f"{PAGE}/estimates.csv{query}").text.removeprefix("\ufeff")
    return {row["way of estimating"]: row for row in csv.DictReader(io.StringIO(text))}


def compute_all(database: Database) -> None:
    while compute(database, clock=lambda: NOW):
        pass


def test_the_page_shows_what_the_estimators_say_of_the_live_sample(
    someone: Reader, database: Database
) -> None:
    with database.snapshot() as session:
        programme = session.scalars(select(Programme.id)).one()
        sample = of_women(load_sample(session, programme, today=TODAY).sample)
    counts = frame(sample, sample.trait("sex")).counts
    told = table(someone, "?population=5000")
    for name in OFFERED:
        expected = ESTIMATORS[name].shares(counts, 5_000)[0, 0]
        assert float(told[NAMES[name]]["share of women"]) == pytest.approx(expected, abs=6e-5)


def test_giles_method_waits_for_the_size_of_the_population(someone: Reader) -> None:
    assert table(someone)[NAMES["gile_ss"]]["share of women"] == ""
    assert "Give the size of the population above to see it." in someone.get(PAGE).text
    assert "Give the size of the population above to see it." not in someone.get(SIZED).text


@pytest.mark.parametrize("typed", ["150", "many", "5000000000000"])
def test_a_size_that_cannot_be_is_said_so_beside_its_field(someone: Reader, typed: str) -> None:
    response = someone.send(PAGE, {"population": typed})
    assert response.status_code == 422
    assert "population" in errors(response.text)


def test_intervals_are_asked_for_once_computed_by_the_worker_and_shown(
    someone: Reader, database: Database
) -> None:
    assert "Compute the intervals" in someone.get(SIZED).text
    for _ in range(2):
        asked = someone.send(PAGE, {"population": "5000"})
        assert (asked.status_code, asked.headers["location"]) == (303, f"{SIZED}{USUAL}")
    waiting = someone.get(SIZED).text
    assert '<progress class="bar" id="computing-bar" max="1" value="0.00">' in waiting
    assert "Compute the intervals" not in waiting
    progress = someone.get(f"{PAGE}/progress?population=5000")
    assert "computing-bar" in progress.text

    compute_all(database)

    finished = someone.get(f"{PAGE}/progress?population=5000")
    assert finished.headers["hx-redirect"] == f"{SIZED}{USUAL}"
    told = table(someone, "?population=5000")
    for name in COMPUTED:
        row = told[NAMES[name]]
        low, share, high = (
            float(row[key]) for key in ("interval from", "share of women", "interval to")
        )
        assert low < share < high
        assert row["interval by"] in BOOTSTRAPS.values()
        assert int(row["replicates"]) <= 1_000
    assert told[NAMES["composition"]]["interval from"] == ""
    assert "Compute the intervals" not in someone.get(SIZED).text
    assert "Compute the intervals" in someone.get(f"{SIZED}&seeds=without").text


def test_what_is_under_way_can_be_stopped(someone: Reader, database: Database) -> None:
    someone.send(PAGE, {"population": "5000"})
    stopped = someone.send(f"{PAGE}/stop", {"population": "5000"})
    assert stopped.headers["location"] == f"{SIZED}{USUAL}"
    assert not compute(database, clock=lambda: NOW)
    assert "Compute the intervals" in someone.get(SIZED).text


def test_an_interval_that_cannot_be_computed_says_so(database: Database, keyring: Keyring) -> None:
    sexes = [Sex.FEMALE, Sex.MALE] * 8
    someone = lead(
        database, keyring, [Person(sex=sex) for sex in sexes]
    )  # nobody recruited anybody
    assert table(someone)[NAMES["rds_i"]]["share of women"] == ""
    someone.send(PAGE, {"bootstrap": "salganik"})
    compute_all(database)
    page = someone.get(f"{PAGE}?bootstrap=salganik").text
    assert "Some intervals could not be computed." in page
    assert "recruitment does not mix enough" in page


def test_with_fewer_than_five_women_nothing_is_estimated(
    database: Database, keyring: Keyring
) -> None:
    few = [Person(sex=Sex.FEMALE, label="ABCD"), *(Person(recruiter=0) for _ in range(30))]
    someone = lead(database, keyring, few)
    assert "Too few people yet" in someone.get(PAGE).text
    assert someone.get(f"{PAGE}/estimates.csv").status_code == 404
    assert someone.send(PAGE).status_code == 303
    assert not compute(database, clock=lambda: NOW)


def test_every_picture_can_be_taken_away_with_its_table(someone: Reader) -> None:
    page = someone.get(PAGE).text
    found = set(re.findall(r'href="(/reach/estimates/[a-z]+\.(?:csv|svg|png))', page))
    assert len(found) == 9
    for address in found:
        response = someone.get(address)
        assert response.status_code == 200
        assert response.headers["content-disposition"].startswith("attachment")
    assert someone.get(f"{PAGE}/nothing.csv").status_code == 404


def test_the_running_estimate_tells_of_no_one_person(someone: Reader) -> None:
    text = someone.get(f"{PAGE}/convergence.csv").text.removeprefix("\ufeff")
    people = [int(row["people who had come"]) for row in csv.DictReader(io.StringIO(text))]
    assert people[0] >= 20
    assert min(b - a for a, b in pairwise(people[:-1])) > 1


def test_every_bootstrap_has_a_name_on_the_page() -> None:
    assert set(BOOTSTRAPS) == set(ALL_BOOTSTRAPS)
    assert set(OFFERED) <= set(NAMES) <= set(ESTIMATORS)
