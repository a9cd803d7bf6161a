"""What the worker computes is what ``analysis`` says of the programme as it stands."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from analysis.errors import SampleError
from analysis.estimate import Wanted, estimate
from app.computations import KINDS
from app.computations.estimates import compute_estimate
from app.core.db import Database
from app.domain.analyses.errors import BadAnalysis
from app.domain.analyses.rules import AnalysisKind
from app.domain.chains.queries import load_sample
from app.domain.programmes.queries import ProgrammeFacts
from tests.factories import a_place, a_site
from tests.forests import TODAY, plant, simulated

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
        sample = load_sample(session, programme.id, today=TODAY).sample
    due = estimate(sample, "sex", "rds_ii", Wanted(bootstrap="tree", replicates=30, seed=4))
    assert due.interval is not None
    assert found["levels"] == list(due.levels)
    assert found["share"] == due.share.tolist()
    assert found["interval"]["low"] == due.interval.low.tolist()
    assert found["interval"]["replicates"] == 30
    assert (found["people"], found["as_of"]) == (300, TODAY.isoformat())
    assert found["parameters"] == {
        "trait": "sex",
        "estimator": "rds_ii",
        "bootstrap": "tree",
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

    assert (found["people"], found["share"], found["interval"]) == (0, [], None)
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


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
@pytest.mark.parametrize(
    "parameters", [{"favourite_colour": "red"}, {"replicates": 20_001}, {"replicates": "many"}]
)
def test_a_parameter_that_means_nothing_or_asks_too_much_is_refused(
    database: Database, programme: ProgrammeFacts, kind: str, parameters: Mapping[str, Any]
) -> None:
    with pytest.raises(BadAnalysis):
        KINDS[kind](database, programme.id, parameters, lambda _: True, NOW)


def test_only_kinds_that_can_be_asked_for_are_computed() -> None:
    assert set(KINDS) <= set(AnalysisKind)
