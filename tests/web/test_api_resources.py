"""Bundles, seeds, coupons, the ledger and the chains, as programs see them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.core.codes import new_code
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.training import training_token
from app.domain.staff.rules import Role
from tests.factories import (
    LATER,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_seed,
    a_site,
    key_for,
)
from tests.web.api import Api, an_api, is_problem


@pytest.fixture
def api(database: Database, keyring: Keyring) -> Api:
    return an_api(database, keyring)


def a_seed_body(api: Api, **given: Any) -> dict[str, Any]:
    usual = {
        "site": api.place.site.code,
        "sex": "female",
        "age": 29,
        "network_size": 10,
        "entry_route": "male_partner",
    }
    return usual | given


def test_a_seed_is_enrolled_and_given_her_coupons(api: Api) -> None:
    seed = api.post("/seeds", a_seed_body(api), Role.COUPON_MANAGER)
    assert seed.status_code == 201

    bundle = api.post("/bundles", {"participant_id": seed.json()["participant_id"]})

    assert bundle.status_code == 201
    coupons = bundle.json()["coupons"]
    assert len({coupon["code"] for coupon in coupons}) == 3
    for coupon in coupons:
        assert coupon.keys() == {"code", "url", "usable_from", "usable_until", "status"}
        assert (coupon["usable_from"], coupon["usable_until"], coupon["status"]) == (
            "2026-03-05",
            "2026-04-03",
            "issued",
        )
        assert coupon["url"].startswith("C1")


def test_a_seed_that_is_not_described_as_she_should_be_is_refused(api: Api) -> None:
    malformed: list[dict[str, Any]] = [
        {"sex": "woman"},
        {"entry_route": "unknown"},
        {"age": None},
        {"age": "young"},
        {"age": 29.5},
        {"age": 30.0},
        {"age": "30"},
        {"age": True},
        {"network_size": 10.0},
        {"network_size": "10"},
        {"network_size": "many"},
        {"name": "Olena"},
    ]
    for given in malformed:
        reply = api.post("/seeds", a_seed_body(api, **given), Role.COUPON_MANAGER)
        assert is_problem(reply, 422, "invalid_request"), given


def test_a_seed_who_cannot_be_enrolled_is_refused_with_the_reason(api: Api) -> None:
    refused: list[tuple[dict[str, Any], int, str]] = [
        ({"age": 16}, 409, "not_ready_for_step"),
        ({"age": 5}, 422, "bad_participant"),
        ({"age": 10**30}, 422, "bad_participant"),
        ({"network_size": -1}, 422, "bad_participant"),
        ({"network_size": 10**30}, 422, "bad_participant"),
        ({"site": "NOWHERE"}, 404, "unknown_site"),
    ]
    for given, status, code in refused:
        reply = api.post("/seeds", a_seed_body(api, **given), Role.COUPON_MANAGER)
        assert is_problem(reply, status, code), given


def test_a_second_bundle_is_refused_and_names_the_first(api: Api) -> None:
    reply = api.post("/bundles", {"participant_id": str(api.seed)})

    assert is_problem(reply, 409, "bundle_already_issued")
    assert reply.json()["bundle_id"] == str(api.bundle.id)


def test_a_bundle_for_somebody_not_ready_or_not_known_is_refused(
    api: Api, database: Database
) -> None:
    with database.transaction() as session:
        arrived = a_redemption(session, api.place).participant_id
        stranger = a_seed(session, a_place(session))

    assert is_problem(
        api.post("/bundles", {"participant_id": str(arrived)}), 409, "not_ready_for_bundle"
    )
    for nobody in (stranger, uuid4()):
        reply = api.post("/bundles", {"participant_id": str(nobody)})
        assert is_problem(reply, 404, "unknown_participant")
    assert is_problem(api.post("/bundles", {"participant_id": "x"}), 422, "invalid_request")


def test_the_sheet_is_a_pdf_that_no_cache_keeps(api: Api) -> None:
    reply = api.get(f"/bundles/{api.bundle.id}/sheet.pdf")

    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/pdf")
    assert reply.content.startswith(b"%PDF-")
    assert reply.headers["cache-control"] == "no-store"


def test_a_sheet_that_is_not_ours_is_not_found(api: Api, database: Database) -> None:
    with database.transaction() as session:
        foreign = a_bundle(session, a_place(session))
    for bundle in (foreign.id, uuid4()):
        assert is_problem(api.get(f"/bundles/{bundle}/sheet.pdf"), 404, "unknown_bundle")
    assert is_problem(api.get("/bundles/7/sheet.pdf"), 422, "invalid_request")


def test_looking_at_a_coupon_says_its_state_and_changes_nothing(api: Api) -> None:
    for _ in range(2):
        look = api.get(f"/coupons/{api.code}")
        assert look.status_code == 200
        assert look.json() == {
            "code": api.code,
            "status": "issued",
            "usable": True,
            "reason": None,
            "usable_from": "2026-03-03",
            "usable_until": "2026-04-01",
        }
    api.post("/redemptions", api.scan())
    look = api.get(f"/coupons/{api.code}").json()
    assert (look["status"], look["usable"], look["reason"]) == (
        "redeemed",
        False,
        "already_redeemed",
    )
    assert str(api.seed) not in str(look)


def test_looking_at_what_is_no_coupon_is_refused(api: Api) -> None:
    for code, status, problem in [
        ("123", 422, "mistyped_code"),
        ("000000005742", 422, "mistyped_code"),
        ("%00", 422, "mistyped_code"),
        ("1" * 600, 422, "mistyped_code"),
        ("C1AAAAAAAAAAAAAAAAAAAAAAAAAE", 404, "unknown_coupon"),
    ]:
        assert is_problem(api.get(f"/coupons/{code}"), status, problem), code
    training = api.get(f"/coupons/{training_token('good')}")
    assert is_problem(training, 422, "mistyped_code")
    assert (training.json()["reason"], training.json()["title"]) == (
        "training",
        "This is a training card: it counts nowhere.",
    )
    assert is_problem(api.get(f"/coupons/{new_code().digits}"), 404, "unknown_coupon")


def test_balances_say_what_is_owed_by_site(api: Api, database: Database) -> None:
    with database.transaction() as session:
        a_finished_visit(
            session, api.place, api.bundle.coupons[0], recruiter_id=api.seed, now=LATER
        )
        a_finished_visit(session, a_place(session))
        a_site(session, api.place.programme.id)

    reply = api.get("/ledger/balances", Role.FINANCE)

    assert reply.status_code == 200
    balances = {
        (each["site"], each["account"]): each["balance"] for each in reply.json()["accounts"]
    }
    site = api.place.site.code
    assert balances[site, "stipends_payable"] == {"minor": 590 + 750, "currency": "UAH"}
    assert {key[0] for key in balances} == {site}


def test_balances_of_a_past_day_leave_out_what_was_entered_later(
    api: Api, database: Database
) -> None:
    with database.transaction() as session:
        a_finished_visit(
            session, api.place, api.bundle.coupons[0], recruiter_id=api.seed, now=LATER
        )

    def accounts(query: str) -> list[object]:
        found: list[object] = api.get(f"/ledger/balances{query}", Role.FINANCE).json()["accounts"]
        return found

    day = LATER.date()
    assert accounts(f"?on={day - timedelta(days=1)}") == []
    assert accounts(f"?on={day}") == accounts("") != []
    assert is_problem(api.get("/ledger/balances?on=soon", Role.FINANCE), 422, "invalid_request")


def test_the_summary_of_the_chains_is_that_of_a_file_from_live_data(api: Api) -> None:
    before = api.get("/chains/summary", Role.PROGRAMME_LEAD).json()
    api.post("/redemptions", api.scan())
    after = api.get("/chains/summary", Role.PROGRAMME_LEAD).json()

    assert (before["participants"], after["participants"]) == (1, 2)
    assert (after["seeds"], after["max_wave"], after["wave_counts"]) == (1, 1, [1, 1])
    assert after["coupons"]["issued"] == 3
    assert after["coupons"]["redeemed"] == 1
    assert str(api.seed) not in str(after)
    assert api.seed.hex not in str(after)


def test_a_programme_without_anybody_has_figures_too(api: Api, database: Database) -> None:
    with database.transaction() as session:
        key = key_for(session, a_place(session), Role.PROGRAMME_LEAD)

    for path in ("/chains", "/reach", "/chains/summary"):
        headers = {"Authorization": f"Bearer {key}"}
        assert api.http.get(f"/api/v1{path}", headers=headers).status_code == 200
