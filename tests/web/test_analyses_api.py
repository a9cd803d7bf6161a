"""Programs ask for what takes long, follow it, and read what came of it; only of their own programme."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

import analysis
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.analyses.actions import WORKERS_LOST
from app.domain.analyses.models import AnalysisRun
from app.domain.analyses.rules import MOST_UNDER_WAY, MOST_WEEKS
from app.domain.participants.rules import Sex
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from app.web.figures import estimates, forecasts
from app.web.wording import ERRORS
from app.worker import BROKEN, NO_RESULT, UNKNOWN_KIND, compute
from tests.factories import a_place, a_site, client, key_for
from tests.forests import TODAY, Person, plant, simulated
from tests.web.api import is_problem
from tests.web.readers import reader

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
ANALYSES = "/api/v1/analyses"
# What computes, and what no question that a door lets in can bring about.
COMPUTING = ("estimate.py", "weights.py", "bootstraps", "estimators", "forecasting")
NOT_ASKED = {"stopped", "too_few_replicates", "unknown_estimator", "unknown_level"}
ESTIMATE: dict[str, Any] = {"kind": "estimate"}


def asking(
    database: Database,
    keyring: Keyring,
    forest: list[Person],
    *,
    role: Role = Role.PROGRAMME_LEAD,
) -> httpx.Client:
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
        key = key_for(session, place, role)
    return client(database, keyring, now=NOW, key=key)


@pytest.fixture
def http(database: Database, keyring: Keyring) -> httpx.Client:
    return asking(database, keyring, simulated(120))


def ask(http: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    reply = http.post(ANALYSES, json=body)
    assert reply.status_code == 202, reply.text
    asked: dict[str, Any] = reply.json()
    assert reply.headers["location"] == f"{ANALYSES}/{asked['id']}"
    return asked


def compute_all(database: Database) -> None:
    while compute(database, clock=lambda: NOW):
        pass


def test_an_estimate_is_asked_for_followed_and_read(http: httpx.Client, database: Database) -> None:
    wanted = {"estimator": "gile_ss", "population_size": 4_000, "replicates": 50, "seed": 3}
    asked = ask(http, {**ESTIMATE, "parameters": wanted})
    assert asked["state"] == "waiting"
    waiting = http.get(f"{ANALYSES}/{asked['id']}").json()
    assert (waiting["state"], waiting["progress"], waiting["result"]) == ("waiting", 0, None)
    assert waiting["requested_at"] == NOW.isoformat().replace("+00:00", "Z")

    compute_all(database)

    done = http.get(f"{ANALYSES}/{asked['id']}").json()
    assert (done["kind"], done["state"], done["progress"]) == ("estimate", "done", 1)
    assert (done["failure"], done["document"]) == (None, None)
    result = done["result"]
    assert result["levels"] == ["female", "others"]
    low, high = (result["interval"][end][0] for end in ("low", "high"))
    assert low < result["share"][0] < high
    assert result["interval"]["replicates"] == 50
    assert result["parameters"].items() >= done["parameters"].items()
    assert done["parameters"].items() >= wanted.items()


def test_a_result_tells_no_more_than_the_page(http: httpx.Client, database: Database) -> None:
    asked = ask(http, {**ESTIMATE, "parameters": {"replicates": 20}})
    compute_all(database)
    result = http.get(f"{ANALYSES}/{asked['id']}").json()["result"]
    assert not {"used", "left_out"} & set(result)
    assert all(share == round(share, 4) for share in result["share"])
    assert result["interval"]["low"][0] == round(result["interval"]["low"][0], 4)


def test_a_forecast_is_asked_for_and_says_why_it_cannot_be(
    http: httpx.Client, database: Database
) -> None:
    asked = ask(http, {"kind": "forecast", "parameters": {"weeks": 4, "replicates": 10}})
    compute_all(database)
    ended = http.get(f"{ANALYSES}/{asked['id']}").json()
    assert (ended["state"], ended["failure"]) == ("failed", "no_coupons_matured")
    assert ended["failure"] in ERRORS


def test_a_report_is_read_as_a_document(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    reader(database, keyring, place.lead, now=NOW).send("/reports", {"language": "en"})
    compute_all(database)
    with database.snapshot() as session:
        run = session.scalars(select(AnalysisRun.id)).one()
    http = client(database, keyring, now=NOW, key=key)
    told = http.get(f"{ANALYSES}/{run}").json()
    assert (told["kind"], told["result"]) == ("report", None)
    assert http.get(told["document"]).content.startswith(b"%PDF")


def test_asking_the_same_again_gives_the_same_run(http: httpx.Client) -> None:
    assert ask(http, ESTIMATE)["id"] == ask(http, {**ESTIMATE, "parameters": {}})["id"]
    assert ask(http, {**ESTIMATE, "parameters": {"seed": 9}})["id"] != ask(http, ESTIMATE)["id"]


@pytest.mark.parametrize("estimator", ["rds_i", "rds_ii", "gile_ss"])
def test_what_the_page_of_estimates_asks_is_the_same_run(
    http: httpx.Client, database: Database, estimator: str
) -> None:
    wanted = {"estimator": estimator, "population_size": 4_000}
    run = ask(http, {**ESTIMATE, "parameters": wanted})["id"]
    question = estimates.Question(population_size=4_000)
    with database.snapshot() as session:
        row = session.scalars(select(AnalysisRun)).one()
        assert row.parameters == question.parameters(estimator)
    told = http.get("/api/v1/reach/estimates?population_size=4000").json()["estimates"]
    assert {row["estimator"]: row["run"] for row in told}[estimator] == run


def test_what_the_page_of_the_forecast_asks_is_the_same_run(
    http: httpx.Client, database: Database
) -> None:
    ask(http, {"kind": "forecast"})
    with database.snapshot() as session:
        row = session.scalars(select(AnalysisRun)).one()
        assert row.parameters == forecasts.Question().parameters


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "report"},
        {"kind": "estimate", "more": 1},
        {"kind": "estimate", "parameters": {"trait": "site"}},
        {"kind": "estimate", "parameters": {"estimator": "composition"}},
        {"kind": "estimate", "parameters": {"estimator": "magic"}},
        {"kind": "estimate", "parameters": {"replicates": 20_001}},
        {"kind": "estimate", "parameters": {"replicates": 1}},
        {"kind": "estimate", "parameters": {"weeks": 4}},
        {"kind": "forecast", "parameters": {"weeks": 0}},
        {"kind": "forecast", "parameters": {"weeks": 200, "replicates": MOST_WEEKS // 200 + 1}},
        {"kind": "forecast", "parameters": {"change_coupons": -1}},
    ],
)
def test_what_cannot_be_computed_is_refused_at_the_door(
    http: httpx.Client, database: Database, body: dict[str, Any]
) -> None:
    assert is_problem(http.post(ANALYSES, json=body), 422, "invalid_request")
    assert not compute(database, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"estimator": "gile_ss"}, "no_population_size"),
        ({"bootstrap": "gile"}, "no_population_size"),
        ({"population_size": 119}, "population_too_small"),
    ],
)
def test_a_question_that_lacks_something_is_refused_with_the_code_of_the_analysis(
    http: httpx.Client, parameters: dict[str, Any], code: str
) -> None:
    reply = http.post(ANALYSES, json={**ESTIMATE, "parameters": parameters})
    assert is_problem(reply, 422, code)


@pytest.mark.parametrize("kind", ["estimate", "forecast"])
def test_with_fewer_than_five_women_nothing_is_computed(
    database: Database, keyring: Keyring, kind: str
) -> None:
    few = [*(Person(sex=Sex.FEMALE) for _ in range(4)), *(Person() for _ in range(30))]
    http = asking(database, keyring, few)
    assert is_problem(http.post(ANALYSES, json={"kind": kind}), 422, "too_few_people")
    assert not compute(database, clock=lambda: NOW)


def test_more_than_may_wait_are_refused_for_now(http: httpx.Client) -> None:
    for seed in range(MOST_UNDER_WAY):
        ask(http, {**ESTIMATE, "parameters": {"seed": seed}})
    reply = http.post(ANALYSES, json={**ESTIMATE, "parameters": {"seed": 99}})
    assert is_problem(reply, 429, "too_many_analyses")


def test_a_run_of_another_programme_is_not_found(
    http: httpx.Client, database: Database, keyring: Keyring
) -> None:
    asked = ask(http, ESTIMATE)
    others = asking(database, keyring, simulated(40))
    for run in (asked["id"], uuid4()):
        assert is_problem(others.get(f"{ANALYSES}/{run}"), 404, "unknown_analysis")
    assert http.get(f"{ANALYSES}/{asked['id']}").status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_only_programme_leads_ask_and_read(
    database: Database, keyring: Keyring, role: Role
) -> None:
    http = asking(database, keyring, simulated(60), role=role)
    may = Permission.SEE_CHAINS in PERMISSIONS[role]
    assert http.post(ANALYSES, json=ESTIMATE).status_code == (202 if may else 403)
    assert http.get(f"{ANALYSES}/{uuid4()}").status_code == (404 if may else 403)


def test_every_reason_for_a_failure_has_a_text() -> None:
    codes = {WORKERS_LOST, UNKNOWN_KIND, NO_RESULT, BROKEN}
    for name in COMPUTING:
        place = Path(analysis.__file__).parent / name
        for path in [place] if place.is_file() else place.rglob("*.py"):
            codes |= codes_in(path)
    assert "no_coupons_matured" in codes
    assert codes - NOT_ASKED - set(ERRORS) == set()


def codes_in(path: Path) -> set[str]:
    """The codes of ``SampleError`` that stand in a file as they are."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "SampleError"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
