"""The summary of live data takes the options of ``pdi analyse``, and refuses what cannot be answered by its code."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from analysis.bootstraps import BOOTSTRAPS
from analysis.errors import SampleError
from analysis.estimate import RECOMMENDED, Wanted
from analysis.report import summarise
from analysis.sample import Sample
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.chains.queries import load_sample
from app.domain.participants.rules import Sex
from app.domain.programmes.models import Programme
from app.domain.staff.rules import Role
from app.web.api.chain_summary import MOST_REPLICATES, SummaryAsked
from app.web.wording import text_of
from tests.factories import a_place, a_site, client, key_for
from tests.forests import TODAY, Person, hand_in, plant, simulated
from tests.web.api import is_problem

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
SUMMARY = "/api/v1/chains/summary"


def asking(database: Database, keyring: Keyring, forest: list[Person]) -> httpx.Client:
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    return client(database, keyring, now=NOW, key=key)


def a_matured_forest() -> list[Person]:
    """Two women seeds whose coupons are past: one brought two men, the other nobody. A third still has time."""
    then = TODAY - timedelta(days=40)
    past = TODAY - timedelta(days=1)
    seeds = [
        Person(sex=Sex.FEMALE, came_on=then, live_coupons=3, usable_until=past) for _ in range(2)
    ]
    late = Person(sex=Sex.FEMALE, live_coupons=3, usable_until=TODAY + timedelta(days=9))
    brought = [Person(recruiter=0, came_on=TODAY - timedelta(days=9)) for _ in range(2)]
    return [*seeds, late, *brought]


def test_without_options_it_is_what_a_file_would_say(database: Database, keyring: Keyring) -> None:
    asked = asking(database, keyring, simulated(80)).get(SUMMARY).json()
    expected = summarise(sample_of(database), "sex")
    assert asked.pop("matured_redemption_rate") is None
    assert set(asked["reproduction"].pop("matured")["people"]) == {"female", "male"}
    assert asked == expected


def sample_of(database: Database) -> Sample:
    with database.snapshot() as session:
        programme = session.scalars(select(Programme.id)).one()
        return load_sample(session, programme, today=TODAY).sample


def test_options_are_those_of_the_command(database: Database, keyring: Keyring) -> None:
    http = asking(database, keyring, simulated(80))
    options: dict[str, str | int] = {
        "population_size": 3_000,
        "bootstrap": 40,
        "interval": "neighbourhood",
        "seed": 7,
        "missing_degree": "maximum",
    }
    told = http.get(SUMMARY, params=options).json()
    wanted = Wanted(population_size=3_000, bootstrap="neighbourhood", replicates=40, seed=7)
    expected = summarise(sample_of(database), "sex", missing_degree="maximum", wanted=wanted)
    assert told["estimates"] == expected["estimates"]
    assert told["intervals"] == expected["intervals"]
    assert told["estimates"]["gile_ss"]["female"]["low"] is not None
    assert told["network_size"]["missing_degree"] == "maximum"
    other = http.get(SUMMARY, params={**options, "seed": 8}).json()
    assert other["estimates"] != told["estimates"]


@pytest.mark.parametrize("language", ["en", "uk"])
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"population_size": 79}, "population_too_small"),
        ({"bootstrap": 10, "interval": "gile"}, "no_population_size"),
    ],
)
def test_what_the_analysis_refuses_is_a_problem_with_its_code(
    database: Database,
    keyring: Keyring,
    options: dict[str, int | str],
    code: str,
    language: str,
) -> None:
    http = asking(database, keyring, simulated(80))
    reply = http.get(SUMMARY, params=options, headers={"Accept-Language": language})
    assert is_problem(reply, 422, code)
    assert reply.json()["title"] == text_of(code, language) != text_of("internal_error", language)


def test_without_recruits_an_interval_by_recruitment_is_null_and_says_why(
    database: Database, keyring: Keyring
) -> None:
    seeds = [Person(sex=sex) for sex in (Sex.FEMALE, Sex.MALE) * 6]
    http = asking(database, keyring, seeds)
    told = http.get(SUMMARY, params={"bootstrap": 10, "interval": "salganik"}).json()
    assert told["estimates"]["rds_ii"]["female"]["low"] is None
    assert any("goes by who recruited whom" in each for each in told["warnings"])


@pytest.mark.parametrize(
    "options",
    [
        {"bootstrap": MOST_REPLICATES + 1},
        {"bootstrap": 1},
        {"population_size": 0},
        {"population_size": "many"},
        {"interval": "magic"},
        {"seed": -1},
        {"missing_degree": "guess"},
    ],
)
def test_options_that_mean_nothing_or_ask_too_much_are_refused(
    database: Database, keyring: Keyring, options: dict[str, int | str]
) -> None:
    http = asking(database, keyring, [Person()])
    assert is_problem(http.get(SUMMARY, params=options), 422, "invalid_request")


def test_every_bootstrap_can_be_asked_for() -> None:
    (chosen,) = (
        each["enum"]
        for name, each in SummaryAsked.model_json_schema()["properties"].items()
        if name == "interval"
    )
    assert set(chosen) == {RECOMMENDED, *BOOTSTRAPS}


def test_who_has_had_all_her_time_is_told_apart(database: Database, keyring: Keyring) -> None:
    forest = a_matured_forest()
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest)
        session.flush()
        hand_in(session, place, forest)
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    told = client(database, keyring, now=NOW, key=key).get(SUMMARY).json()
    matured = told["reproduction"]["matured"]
    assert matured["people"]["female"] == 2
    assert matured["matrix"]["female"] == {"female": 0.0, "male": 1.0}
    assert told["matured_redemption_rate"] == 2 / 6


def test_records_that_contradict_each_other_are_not_called_a_bad_question(
    database: Database,
    keyring: Keyring,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    contradiction = SampleError("cycle", "Somebody recruited herself.", id="somebody")

    def contradicting(*_args: object, **_given: object) -> None:
        raise contradiction

    monkeypatch.setattr("app.web.api.chain_summary.summarise", contradicting)
    with pytest.raises(AssertionError, match="did not expect"):  # a 500
        asking(database, keyring, [Person()]).get(SUMMARY)
    assert "unexpected SampleError" in caplog.text
    assert "omebody" not in caplog.text
