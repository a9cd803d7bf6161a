"""Estimates of the population: each way beside the composition, with intervals that are computed in the background."""

import csv
import io
import re
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import select

from analysis.bootstraps import BOOTSTRAPS as ALL_BOOTSTRAPS
from analysis.convergence import enrolment_order
from analysis.counts import frame
from analysis.estimators import ESTIMATORS
from analysis.sample import build_sample
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.chains.queries import load_sample
from app.domain.participants.rules import Sex
from app.domain.programmes.models import Programme
from app.web.figures.estimate_pictures import estimates_table
from app.web.figures.estimate_words import BOOTSTRAPS, NAMES
from app.web.figures.estimates import COMPUTED, OFFERED, Question, courses, of_women, points
from app.web.figures.words import WITHHELD
from app.web.pages import estimates
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


def test_the_page_says_which_estimate_to_look_at(someone: Reader) -> None:
    page = someone.get(PAGE).text
    assert "if not, at RDS-I and RDS-II together" in page


def test_the_page_says_why_there_may_be_fewer_replicates_than_were_asked_for(
    someone: Reader,
) -> None:
    page = someone.get(PAGE).text
    assert "Draws in which this estimate could not be made are left out" in page


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


def test_every_picture_can_be_taken_away_with_its_table(
    database: Database, keyring: Keyring
) -> None:
    someone = lead(database, keyring, simulated(400))
    page = someone.get(PAGE).text
    found = set(re.findall(r'href="(/reach/estimates/[a-z]+\.(?:csv|svg|png))', page))
    assert len(found) == 9
    for address in found:
        response = someone.get(address)
        assert response.status_code == 200
        assert response.headers["content-disposition"].startswith("attachment")
    assert someone.get(f"{PAGE}/nothing.csv").status_code == 404


def test_the_running_estimates_move_only_after_five_women_and_five_others(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(400)
    forest[0].label = "ABCD"
    someone = lead(database, keyring, forest)
    with database.snapshot() as session:
        programme = session.scalars(select(Programme.id)).one()
        live = load_sample(session, programme, today=TODAY)
    found = courses(live.sample, Question())
    order = enrolment_order(live.sample)
    sex, seed = of_women(live.sample).trait("sex").codes[order], live.sample.forest.seed[order]
    lines = {-1: found.whole, **dict(found.chains)}
    assert len(lines) > 1
    for chain, line in lines.items():
        group = sex[seed == chain] if chain >= 0 else sex
        ends = [0, *line.people.tolist()]
        assert ends[-1] == len(group)
        for start, stop in pairwise(ends):
            assert np.count_nonzero(group[start:stop] == 0) >= 5
            assert np.count_nonzero(group[start:stop] == 1) >= 5
    rows = csv.DictReader(io.StringIO(someone.get(f"{PAGE}/convergence.csv").text[1:]))
    assert [int(row["people who had come"]) for row in rows] == found.whole.people.tolist()


def test_the_composition_without_seeds_is_told_only_where_the_page_of_reach_tells_it(
    database: Database, keyring: Keyring
) -> None:
    seeds = [Person(sex=sex) for sex in [Sex.FEMALE] * 2 + [Sex.MALE] * 8]
    recruits = [
        Person(sex=sex, recruiter=i % 10)
        for i, sex in enumerate([Sex.FEMALE, Sex.MALE, Sex.MALE] * 20)
    ]
    someone = lead(database, keyring, [*seeds, *recruits])
    name = NAMES["composition"]
    assert name in table(someone)
    assert name not in table(someone, "?seeds=without")
    assert "who the few seeds are" in someone.get(f"{PAGE}?seeds=without").text


def test_with_enough_of_both_sexes_among_seeds_the_composition_without_them_is_told(
    database: Database, keyring: Keyring
) -> None:
    seeds = [Person(sex=sex) for sex in [Sex.FEMALE] * 5 + [Sex.MALE] * 5]
    recruits = [Person(sex=each.sex, recruiter=i) for i, each in enumerate(seeds)]
    someone = lead(database, keyring, [*seeds, *recruits])
    assert table(someone, "?seeds=without")[NAMES["composition"]]["share of women"] == "0.5"


def test_without_seeds_there_must_be_five_of_both_sexes_among_recruits(
    database: Database, keyring: Keyring
) -> None:
    seeds = [Person(sex=Sex.FEMALE) for _ in range(9)]
    someone = lead(database, keyring, [*seeds, *(Person(recruiter=0) for _ in range(30))])
    assert table(someone)
    page = someone.get(f"{PAGE}?seeds=without").text
    assert "Too few people yet" in page
    assert '<a href="/reach/estimates">Count seeds in</a>' in page
    assert someone.get(f"{PAGE}/estimates.csv?seeds=without").status_code == 404


@pytest.mark.parametrize(("lacking", "told"), [(0, "200"), (3, WITHHELD), (40, "160")])
def test_how_few_have_no_network_size_is_not_told(lacking: int, told: str) -> None:
    size = [10.0] * (200 - lacking) + [None] * lacking
    sex = ["female", "male"] * 100
    ids = [str(i) for i in range(200)]
    sample = build_sample(ids, ["", *ids[:-1]], network_size=size, traits={"sex": sex})
    rows = estimates_table(points(sample, Question()), "en")
    counted = {row[0]: row[-2] for row in rows[1:]}
    assert counted[NAMES["composition"]] == 200
    assert str(counted[NAMES["rds_ii"]]) == told


def test_who_recruits_whom_waits_for_five_of_each(database: Database, keyring: Keyring) -> None:
    forest = [Person(sex=Sex.FEMALE, label="ABCD"), Person(sex=Sex.MALE, label="EFGH")]
    forest += [Person(sex=[Sex.FEMALE, Sex.MALE][i % 2], recruiter=i % 2) for i in range(20)]
    forest.append(Person(sex=Sex.MALE, recruiter=0))
    page = lead(database, keyring, forest).get(PAGE).text
    assert "Told once at least five women and five others" in page


def test_the_gravest_cautions_stand_above_the_pictures_and_the_rest_on_demand(
    someone: Reader,
) -> None:
    someone.browser.cookies.set("pdi_language", "uk")
    page = someone.get(f"{PAGE}?population=400").text
    listed, _, rest = page.partition('<ul class="cautions">')[2].partition("</ul>")
    assert "прийшло 50 %" in listed + rest
    assert 0 < listed.count("<li>") <= 8
    assert page.index("cautions") < page.index('id="convergence"')


def test_every_bootstrap_has_a_name_on_the_page() -> None:
    assert set(BOOTSTRAPS) == set(ALL_BOOTSTRAPS)
    assert set(OFFERED) <= set(NAMES) <= set(ESTIMATORS)


def test_asking_how_far_it_is_reads_nobody(
    someone: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone.send(PAGE, {"population": "5000"})
    monkeypatch.setattr(estimates, "load_sample", None)
    assert "computing-bar" in someone.get(f"{PAGE}/progress?population=5000").text
