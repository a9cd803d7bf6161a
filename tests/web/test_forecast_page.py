"""What comes next: computed once in the background, the same as analysis says, and told of nobody alone."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from analysis.forecasting.forecast import Comparison, compare
from analysis.forecasting.momentum import momentum
from analysis.forecasting.plan import Change
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.analyses import queries
from app.domain.analyses.models import AnalysisRun
from app.domain.chains.queries import load_sample
from app.domain.participants.models import Participant
from app.domain.participants.rules import Sex, Standing
from app.domain.programmes.models import Programme
from app.domain.recruitment.queries import load_costs, load_coupon_history, load_plan
from app.web.figures import forecasts
from app.web.figures.forecasts import SEED, Future, past
from app.web.figures.reach import reach_of_programme
from app.web.pages import forecasts as pages
from app.worker import compute
from tests.factories import Place, a_place, a_site
from tests.forests import TODAY, Person, hand_in, plant, simulated
from tests.web.readers import Reader, errors, reader

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
PAGE = "/reach/forecast"
ASKED = "weeks=13&coupons=&seeds_female=&seeds_male=&odds=&reward=&from_week=1"
WHAT_IF = {"weeks": "13", "seeds_female": "4", "odds": "2", "reward": "50", "from_week": "3"}
PICTURES = ("people", "share", "cost")

FUTURES = 200  # the page draws ten times as many

World = Callable[..., tuple[Reader, Place]]


@pytest.fixture(autouse=True)
def few_futures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "REPLICATES", FUTURES)


@pytest.fixture
def world(database: Database, keyring: Keyring) -> World:
    """Makes a programme of a forest, and a lead of it."""

    def made(forest: list[Person], **programme: Any) -> tuple[Reader, Place]:
        with database.transaction() as session:
            place = a_place(session, **programme)
            plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
            session.flush()
            hand_in(session, place, forest)
        return reader(database, keyring, place.lead, now=NOW), place

    return made


def recruiting(people: int = 150) -> list[Person]:
    """A forest in which everyone was given three coupons that are over after thirty days."""
    forest = simulated(people)
    for person in forest:
        person.live_coupons, person.usable_until = 3, person.came_on + timedelta(days=30)
    return forest


def compute_all(database: Database) -> None:
    while compute(database, clock=lambda: NOW):
        pass


def table(someone: Reader, picture: str, query: str = ASKED) -> list[dict[str, str]]:
    text = someone.get(f"{PAGE}/{picture}.csv?{query}").text.removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def query_of(fields: dict[str, str]) -> str:
    return "&".join(
        f"{key}={fields.get(key, value)}" for key, value in (e.split("=") for e in ASKED.split("&"))
    )


def compared(database: Database, *, weeks: int) -> Comparison:
    """What analysis says of the same sample, and of ``WHAT_IF``."""
    with database.snapshot() as session:
        programme = session.scalars(select(Programme.id)).one()
        sample = load_sample(session, programme, today=TODAY).sample
        history = load_coupon_history(session, programme, sample, today=TODAY)
        plan = load_plan(session, programme, sample, today=TODAY)
        costs = load_costs(session, programme, sample)
    change = Change(
        from_week=3,
        seeds={**plan.seeds, "female": 4},
        odds={"female": 2.0},
        reward={"female": 5000},
    )
    now = momentum(sample, history, sample.trait("sex"))
    return compare(
        now, plan, change, costs, of="female", weeks=weeks, replicates=FUTURES, seed=SEED
    )


def test_a_forecast_is_asked_for_once_computed_by_the_worker_and_shown(
    world: World, database: Database
) -> None:
    someone, _place = world(recruiting())
    assert "No forecast yet" in someone.get(PAGE).text
    for _ in range(2):
        asked = someone.send(PAGE, {"weeks": "13"})
        assert (asked.status_code, asked.headers["location"]) == (303, f"{PAGE}?{ASKED}")
    with database.snapshot() as session:
        assert len(session.scalars(select(AnalysisRun.id)).all()) == 1
    waiting = someone.get(f"{PAGE}?{ASKED}").text
    assert '<progress class="bar" id="computing-bar" max="1" value="0.00">' in waiting
    assert "No forecast yet" not in waiting
    assert "computing-bar" in someone.get(f"{PAGE}/progress?{ASKED}").text

    compute_all(database)

    finished = someone.get(f"{PAGE}/progress?{ASKED}")
    assert finished.headers["hx-redirect"] == f"{PAGE}?{ASKED}"
    page = someone.get(f"{PAGE}?{ASKED}").text
    assert "If it goes on as now" in page
    assert "If it is changed so" not in page
    assert "computing-bar" not in page
    assert "No forecast yet" in someone.get(f"{PAGE}?weeks=26").text


def test_the_figures_are_those_of_analysis_for_the_same_seed(
    world: World, database: Database
) -> None:
    someone, _place = world(recruiting(), target=400)
    someone.send(PAGE, WHAT_IF)
    compute_all(database)
    expected = compared(database, weeks=13)
    for way, its in {"as now": expected.baseline, "if changed": expected.changed}.items():
        for picture, values in {
            "people": its.people, "share": its.share, "cost": its.cost
        }.items():  # fmt: skip
            rows = [row for row in table(someone, picture, query_of(WHAT_IF)) if row["way"] == way]
            assert [row["week"] for row in rows] == its.days.astype(str).tolist()
            digits, unit = (3, 1) if picture == "share" else (0, 1)
            currency = ""
            if picture == "cost":
                unit, currency = 100, ", UAH"
            for column, quantile in {"expected": 2, "1 in 20 is below": 0}.items():
                told = [float(row[column + currency]) for row in rows]
                known = (values[quantile].round(digits) / unit).tolist()
                assert told == pytest.approx(known, abs=1e-9)
    page = someone.get(f"{PAGE}?{query_of(WHAT_IF)}").text
    assert "If it is changed so" in page
    assert "What the change does" in page
    assert "if changed" in page


def test_what_was_computed_before_results_were_written_otherwise_answers_nothing(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone, _place = world(recruiting())
    with monkeypatch.context() as before:
        before.setattr(queries, "WRITTEN_AS", "otherwise")
        someone.send(PAGE, {"weeks": "13"})
    compute_all(database)
    assert "No forecast yet" in someone.get(f"{PAGE}?{ASKED}").text


def test_the_file_of_costs_is_in_whole_units_with_both_decimals(
    world: World, database: Database
) -> None:
    someone, _place = world(recruiting())
    someone.send(PAGE, {"weeks": "13"})
    compute_all(database)
    for row in table(someone, "cost"):
        assert re.fullmatch(r"\d+\.\d\d", row["expected, UAH"])


def test_every_interval_of_the_page_is_of_nine_futures_in_ten(
    world: World, database: Database
) -> None:
    someone, _place = world(recruiting(), target=400)
    someone.send(PAGE, WHAT_IF)
    compute_all(database)
    page = someone.get(f"{PAGE}?{query_of(WHAT_IF)}").text
    assert set(re.findall(r"in \d+ of 10 futures", page)) == {"in 9 of 10 futures"}
    share = compared(database, weeks=13).baseline.share_at_end
    assert share.low_90 is not None
    assert share.low_90 == pytest.approx(compared(database, weeks=13).baseline.share[0, -1])
    assert f"in 9 of 10 futures from {share.low_90:.1%}".replace("%", " %") in page.replace(
        "\xa0", " "
    )


def test_only_what_is_drawn_stands_in_the_legend(world: World, database: Database) -> None:
    someone, _place = world(recruiting())
    someone.send(PAGE, {"weeks": "13"})
    compute_all(database)
    for picture in PICTURES:
        svg = someone.get(f"{PAGE}/{picture}.svg?{ASKED}").text
        assert (">so far<" in svg) == (picture != "cost")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("coupons", "three", "Please write a whole number here, or leave it empty."),
        ("coupons", "21", "Please write 20 at most."),
        ("seeds_female", "-1", "Please write a whole number here, or leave it empty."),
        ("seeds_male", "501", "Please write 500 at most."),
        ("reward", "much", "Please write an amount of money here, or leave it empty."),
        ("reward", "-5", "Please write an amount of money here, or leave it empty."),
        ("from_week", "0", "Please write one of the weeks looked at, from 1 to 13."),
        ("from_week", "14", "Please write one of the weeks looked at, from 1 to 13."),
        ("from_week", "soon", "Please write one of the weeks looked at, from 1 to 13."),
    ],
)
def test_what_cannot_be_is_said_so_beside_its_field(
    world: World, database: Database, field: str, typed: str, said: str
) -> None:
    someone, _place = world([Person(sex=sex) for sex in [Sex.FEMALE, Sex.MALE] * 5])
    refused = someone.send(PAGE, {"weeks": "13", field: typed})
    assert refused.status_code == 422
    assert errors(refused.text) == {field: said}
    assert re.search(r'<a href="/reach" aria-current="page">Reach</a>', refused.text)
    assert f'value="{typed}"' in refused.text
    assert not compute(database, clock=lambda: NOW)


def test_a_forecast_under_way_can_be_stopped(world: World, database: Database) -> None:
    someone, _place = world(recruiting(60))
    someone.send(PAGE, {"weeks": "13"})
    stopped = someone.send(f"{PAGE}/stop", {"weeks": "13"})
    assert stopped.headers["location"] == f"{PAGE}?{ASKED}"
    assert not compute(database, clock=lambda: NOW)
    assert "No forecast yet" in someone.get(f"{PAGE}?{ASKED}").text
    assert someone.send(f"{PAGE}/stop", {"weeks": "52"}).status_code == 303


def test_before_coupons_have_had_all_their_days_the_page_says_what_to_wait_for(
    world: World, database: Database
) -> None:
    forest = [
        Person(sex=sex, came_on=TODAY, live_coupons=3, usable_until=TODAY + timedelta(days=30))
        for sex in [Sex.FEMALE, Sex.MALE] * 8
    ]
    someone, _place = world(forest)
    someone.send(PAGE, {"weeks": "13"})
    compute_all(database)
    page = someone.get(f"{PAGE}?{ASKED}").text
    assert "A forecast begins when some coupons that came back have had all their days" in page
    assert "No forecast yet" not in page
    assert someone.get(f"{PAGE}/people.csv?{ASKED}").status_code == 404


def test_with_fewer_than_five_women_nothing_is_asked_or_told(
    world: World, database: Database
) -> None:
    forest = recruiting(80)
    for person in [each for each in forest if each.sex is Sex.FEMALE][4:]:
        person.sex = Sex.MALE
    someone, place = world(forest)
    assert "Too few people yet" in someone.get(PAGE).text
    assert someone.send(PAGE, {"weeks": "13"}).status_code == 303
    assert not compute(database, clock=lambda: NOW)

    with database.transaction() as session:
        (fifth,) = plant(session, place, [Person(sex=Sex.FEMALE)])
    someone.send(PAGE, {"weeks": "13"})
    compute_all(database)
    assert table(someone, "share")
    with database.transaction() as session:
        session.execute(
            update(Participant)
            .where(Participant.id == fifth.id)
            .values(standing=Standing.INELIGIBLE)
        )
    assert "Too few people yet" in someone.get(f"{PAGE}?{ASKED}").text
    assert someone.get(f"{PAGE}/share.csv?{ASKED}").status_code == 404


def test_a_forecast_of_some_time_ago_does_not_tell_where_it_began(
    world: World, database: Database
) -> None:
    someone, place = world(recruiting())
    someone.send(PAGE, {"weeks": "13"})
    compute_all(database)
    fresh = table(someone, "share")
    assert fresh[0]["week"] == TODAY.isoformat()
    assert len(fresh) == 14
    assert "Make it again" not in someone.get(f"{PAGE}?{ASKED}").text

    with database.transaction() as session:
        plant(session, place, [Person(sex=Sex.FEMALE)])

    assert "Make it again to have it of today." in someone.get(f"{PAGE}?{ASKED}").text
    for picture in PICTURES:
        rows = table(someone, picture)
        assert rows[0]["week"] == (TODAY + timedelta(days=7)).isoformat()
        assert len(rows) == 13
    first = someone.get(f"{PAGE}/share.svg?{ASKED}").text
    assert first.count("<path") >= 3


def test_the_past_is_told_only_as_far_as_the_page_of_reach_tells_it(
    world: World, database: Database
) -> None:
    world(recruiting())
    with database.snapshot() as session:
        programme = session.scalars(select(Programme.id)).one()
        reach = reach_of_programme(load_sample(session, programme, today=TODAY))
    weeks, share = past(reach, "share")
    assert weeks.astype(str).tolist() == [line.group for line in reach.course.lines]
    assert share.tolist() == [line.share for line in reach.course.lines]
    weeks, people = past(reach, "people")
    told = {line.group: line.people for line in reach.course.lines}
    known = [np.datetime_as_string(week) in told for week in weeks]
    assert people[known].tolist() == list(told.values())
    assert len(past(reach, "cost")[0]) == 0


def test_every_picture_and_table_can_be_taken_away(world: World, database: Database) -> None:
    someone, _place = world(recruiting(), target=300)
    someone.send(PAGE, WHAT_IF)
    compute_all(database)
    page = someone.get(f"{PAGE}?{query_of(WHAT_IF)}").text
    found = set(re.findall(r'href="(/reach/forecast/[a-z]+\.(?:csv|svg|png)[^"]*)"', page))
    assert len(found) == 3 * len(PICTURES)
    for address in found:
        response = someone.get(address.replace("&amp;", "&"))
        assert response.status_code == 200
        assert response.headers["content-disposition"].startswith("attachment")
    assert someone.get(f"{PAGE}/nothing.csv?{query_of(WHAT_IF)}").status_code == 404
    assert someone.get(f"{PAGE}/people.graphml?{query_of(WHAT_IF)}").status_code == 404


def test_the_page_speaks_both_languages(world: World, database: Database) -> None:
    someone, _place = world(recruiting(), target=300)
    someone.send(PAGE, WHAT_IF)
    compute_all(database)
    address = f"{PAGE}?{query_of(WHAT_IF)}"
    for language, said in {"en": "If it is changed so", "uk": "Якщо змінити саме так"}.items():
        someone.browser.cookies.set("pdi_language", language)
        page = someone.get(address).text
        assert said in page
        assert "%(" not in page
        assert f'lang="{language}"' in page


@pytest.mark.parametrize(
    ("missed", "is_likely"), [(0.4, True), (0.5, True), (0.6, False), (None, False)]
)
def test_a_day_of_the_target_comes_first_only_if_half_of_the_futures_meet_it(
    missed: float | None, is_likely: bool
) -> None:
    assert Future({"not_within": missed}, "UAH").is_likely_to_meet is is_likely


def test_asking_how_far_it_is_reads_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    someone, _ = world(recruiting())
    someone.send(PAGE, {"weeks": "13"})
    monkeypatch.setattr(pages, "load_sample", None)
    assert "computing-bar" in someone.get(f"{PAGE}/progress?{ASKED}").text
