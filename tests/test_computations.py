"""What the worker computes is what ``analysis`` says of the programme as it stands."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis.errors import SampleError
from analysis.estimate import Wanted, estimate
from analysis.forecasting.forecast import forecast
from analysis.forecasting.momentum import momentum
from app.computations import KINDS
from app.computations.estimates import compute_estimate
from app.computations.forecasts import compute_forecast
from app.core.db import Database
from app.domain.analyses.errors import BadAnalysis
from app.domain.analyses.rules import AnalysisKind
from app.domain.chains.queries import load_sample
from app.domain.programmes.queries import ProgrammeFacts
from app.domain.recruitment.queries import load_costs, load_coupon_history, load_plan
from app.web.figures.estimates import of_women
from tests.factories import a_place, a_site
from tests.forests import TODAY, hand_in, plant, simulated

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)


@pytest.fixture
def programme(database: Database) -> ProgrammeFacts:
    """A programme with three hundred people in its chains."""
    with database.transaction() as session:
        place = a_place(session)
        forest = simulated(300)
        sites = [a_site(session, place.programme.id) for _ in {each.site for each in forest}]
        plant(session, place, forest, *sites)
        return place.programme


@pytest.fixture
def recruiting(database: Database) -> ProgrammeFacts:
    """A programme of two hundred people with their coupons, some of them still out."""
    with database.transaction() as session:
        place = a_place(session, target=260)
        forest = simulated(200, seed=3)
        for person in forest:
            person.site, person.live_coupons = 0, 3
            person.usable_until = person.came_on + timedelta(days=30)
        plant(session, place, forest)
        hand_in(session, place, forest)
        return place.programme


def forecasted(
    database: Database, programme: ProgrammeFacts, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    given = {"replicates": 50, "weeks": 8, **parameters}
    result = compute_forecast(database, programme.id, given, lambda _: True, NOW)
    assert result is not None
    return dict(json.loads(result.content))


def estimated(
    database: Database, programme: ProgrammeFacts, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    result = compute_estimate(database, programme.id, parameters, lambda _: True, NOW)
    assert result.media_type == "application/json"
    return dict(json.loads(result.content))


def test_an_estimate_is_the_one_of_the_live_sample(
    database: Database, programme: ProgrammeFacts
) -> None:
    found = estimated(database, programme, {"replicates": 30, "seed": 4})

    with database.snapshot() as session:
        sample = of_women(load_sample(session, programme.id, today=TODAY).sample)
    wanted = Wanted(bootstrap="forest", replicates=30, seed=4)
    due = estimate(sample, "sex", "rds_ii", wanted, within="site")
    assert due.interval is not None
    assert found["levels"] == list(due.levels)
    assert found["share"] == due.share.tolist()
    assert found["interval"]["low"] == due.interval.low.tolist()
    assert found["interval"]["replicates"] == 30
    assert (found["people"], found["as_of"]) == (300, TODAY.isoformat())
    assert found["parameters"] == {
        "trait": "sex",
        "estimator": "rds_ii",
        "bootstrap": "forest",
        "replicates": 30,
        "seed": 4,
        "population_size": None,
        "interval": None,
        "missing_degree": "drop",
        "with_seeds": True,
    }


def test_a_programme_nobody_came_to_has_no_estimate_and_says_why(database: Database) -> None:
    with database.transaction() as session:
        programme = a_place(session).programme
    found = estimated(database, programme, {"replicates": 30})

    assert (found["people"], found["interval"]) == (0, None)
    assert set(found["share"]) == {None}
    assert [each["code"] for each in found["notices"]] != []


def test_an_estimate_tells_how_far_it_is_and_stops_when_told(
    database: Database, programme: ProgrammeFacts
) -> None:
    told: list[float] = []

    def go_on(share: float) -> bool:
        told.append(share)
        return True

    compute_estimate(database, programme.id, {"replicates": 30}, go_on, NOW)
    assert told == sorted(told)
    assert told[-1] == 1.0
    with pytest.raises(SampleError) as stopped:
        compute_estimate(database, programme.id, {"replicates": 30}, lambda _: False, NOW)
    assert stopped.value.code == "stopped"


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"trait": "shoe"}, "unknown_trait"),
        ({"estimator": "guess"}, "unknown_estimator"),
        ({"estimator": "gile_ss"}, "no_population_size"),
    ],
)
def test_what_cannot_be_estimated_is_refused_by_a_code(
    database: Database, programme: ProgrammeFacts, parameters: Mapping[str, Any], refusal: str
) -> None:
    with pytest.raises(SampleError) as refused:
        estimated(database, programme, parameters)
    assert refused.value.code == refusal


def test_a_forecast_begins_where_the_programme_stands(
    database: Database, recruiting: ProgrammeFacts
) -> None:
    found = forecasted(database, recruiting, {"seed": 2})

    with database.snapshot() as session:
        sample = load_sample(session, recruiting.id, today=TODAY).sample
        history = load_coupon_history(session, recruiting.id, sample, today=TODAY)
        plan = load_plan(session, recruiting.id, sample, today=TODAY)
        costs = load_costs(session, recruiting.id, sample)
    start = momentum(sample, history, sample.trait("sex"))
    due = forecast(start, plan, costs, of="female", weeks=8, replicates=50, seed=2)
    assert found["forecast"]["people"] == due.people.tolist()
    assert found["forecast"]["days"][0] == TODAY.isoformat()
    assert {row[0] for row in found["forecast"]["people"]} == {200}
    assert found["forecast"]["people"][-1][-1] > 200
    assert (found["plan"]["target"], found["currency"]) == (260, "UAH")
    assert (found["people"], found["comparison"]) == (200, None)


def test_a_change_is_compared_with_going_on(database: Database, recruiting: ProgrammeFacts) -> None:
    as_it_is = forecasted(database, recruiting, {})["forecast"]
    change = {"change_coupons": 0, "change_seeds_female": 4, "change_from_week": 2}
    found = forecasted(database, recruiting, change)

    assert found["forecast"] == as_it_is
    changed = found["comparison"]["changed"]
    assert [row[:2] for row in changed["people"]] == [row[:2] for row in as_it_is["people"]]
    assert changed["people"] != as_it_is["people"]
    rewarded = forecasted(
        database, recruiting, {"change_odds_female": 3.0, "change_reward_female": 100}
    )
    assert rewarded["comparison"]["share"]["median"] > 0
    assert rewarded["comparison"]["changed"]["cost"][2][-1] > as_it_is["cost"][2][-1]


def test_a_forecast_goes_by_another_plan_where_one_is_given(
    database: Database, recruiting: ProgrammeFacts
) -> None:
    plan = {"target": 500, "coupons": 1, "seeds_female": 3, "seeds_male": 0}
    found = forecasted(database, recruiting, plan)

    assert (found["plan"]["target"], found["plan"]["coupons"]) == (500, 1)
    assert found["plan"]["seeds"] == {"female": 3, "male": 0}


def test_a_forecast_stops_when_told_and_refuses_what_would_fill_the_memory(
    database: Database, recruiting: ProgrammeFacts
) -> None:
    assert compute_forecast(database, recruiting.id, {}, lambda _: False, NOW) is None
    with pytest.raises(BadAnalysis):
        forecasted(database, recruiting, {"weeks": 1000, "replicates": 2000})


def test_a_forecast_before_any_coupon_has_matured_is_refused_by_a_code(
    database: Database, programme: ProgrammeFacts
) -> None:
    with pytest.raises(SampleError) as refused:
        forecasted(database, programme, {})
    assert refused.value.code == "no_coupons_matured"


@pytest.mark.parametrize("kind", sorted({"estimate", "forecast"}))
@pytest.mark.parametrize(
    "parameters", [{"favourite_colour": "red"}, {"replicates": 20_001}, {"replicates": "many"}]
)
def test_a_parameter_that_means_nothing_or_asks_too_much_is_refused(
    database: Database, programme: ProgrammeFacts, kind: str, parameters: Mapping[str, Any]
) -> None:
    with pytest.raises(BadAnalysis):
        KINDS[kind](database, programme.id, parameters, lambda _: True, NOW)


def test_every_kind_that_can_be_asked_for_is_computed() -> None:
    assert set(KINDS) == set(AnalysisKind)
