"""``POST /api/v1/redemptions`` and ``/desk/sync``: one answer a scan, with a stable code when it is refused."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core.codes import Code, new_code
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.arrivals.actions import Arrival
from app.domain.coupons.actions import end
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import Scan
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came
from app.domain.staff.rules import Role
from app.web.scanning import take_arrival
from tests.factories import LATER, NOON, a_coupon, a_place, a_seed
from tests.web.api import Api, an_api, is_problem

MALFORMED: dict[str, list[dict[str, Any]]] = {
    "names": [
        {"id": "not-a-uuid"},
        {"id": ""},
        {"id": 7},
        {"id": None},
        {"code": None},
        {"token": "C1AAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"code": 123456789012},
        {"code": "1" * 513},
        {"not_the_same": ["nobody"]},
        {"not_the_same": [str(uuid4())] * 21},
        {"amount": 5},
    ],
    "texts": [
        {"site": None},
        {"site": "K" * 65},
        {"site": "K\u0000"},
        {"site": "\ud800"},
        {"device_id": "d" * 65},
        {"device_id": "desk\u0000"},
        {"uic": "u" * 65},
        {"uic": "Olena\u0000"},
        {"late_reason": "r" * 513},
    ],
    "times": [
        {"scanned_at": "2026-03-04T12:00:00"},
        {"scanned_at": "2026-13-04T12:00:00Z"},
        {"scanned_at": "2026-02-30T12:00:00Z"},
        {"scanned_at": "2026-03-04"},
        {"scanned_at": "yesterday"},
        {"scanned_at": 1772000000},
        {"scanned_at": "1772000000"},
        {"scanned_at": "0001-01-01T00:00:00+14:00"},
        {"scanned_at": "9999-12-31T23:59:59-14:00"},
    ],
}


@pytest.fixture
def api(database: Database, keyring: Keyring) -> Api:
    return an_api(database, keyring)


def test_a_coupon_is_redeemed_and_the_same_scan_gets_the_same_body(api: Api) -> None:
    scan = api.scan()

    first = api.post("/redemptions", scan)
    again = api.post("/redemptions", scan)

    assert first.status_code == again.status_code == 201
    body = first.json()
    assert body == again.json()
    assert (body["id"], body["coupon"], body["outcome"], body["flags"]) == (
        scan["id"],
        api.code,
        "accepted",
        [],
    )


def test_a_token_redeems_as_well_as_a_code(api: Api) -> None:
    reply = api.post("/redemptions", api.scan(code=None, token=api.bundle.coupons[0].token))

    assert (reply.status_code, reply.json()["coupon"]) == (201, api.code)


def test_a_spent_coupon_says_when_and_not_by_whom(api: Api) -> None:
    accepted = api.post("/redemptions", api.scan()).json()
    scan = api.scan()

    replies = [api.post("/redemptions", scan) for _ in range(2)]

    for reply in replies:
        assert is_problem(reply, 409, "already_redeemed")
        assert reply.json()["redeemed_at"] == "2026-03-04T14:00+02:00"
        assert accepted["participant_id"] not in reply.text
        assert str(api.seed) not in reply.text


def test_each_refusal_has_its_status_and_code(api: Api, database: Database) -> None:
    void, lost = (Code(coupon.code) for coupon in api.bundle.coupons[1:])
    with database.transaction() as session:
        foreign = a_coupon(session, a_place(session)).code
        for coupon, ended in ((void, CouponStatus.VOID), (lost, CouponStatus.LOST)):
            end(session, coupon, ended, programme_id=api.place.programme.id, on=NOON.date())
    late = LATER + timedelta(days=60)
    expected: list[tuple[dict[str, Any], int, str]] = [
        ({"code": new_code().digits}, 404, "unknown_coupon"),
        ({"code": "000000005742"}, 422, "mistyped_code"),
        ({"code": "0000"}, 422, "mistyped_code"),
        ({"code": "\u0000"}, 422, "invalid_request"),
        ({"scanned_at": NOON.isoformat()}, 409, "not_yet_active"),
        ({"code": void.digits}, 410, "void"),
        ({"code": lost.digits}, 410, "lost"),
        ({"code": foreign}, 409, "wrong_programme"),
        ({"site": "NOWHERE"}, 404, "unknown_site"),
        ({"uic": "ab"}, 422, "bad_participant"),
        ({"late_reason": "The road was closed"}, 403, "not_allowed"),
    ]
    for given, status, code in expected:
        assert is_problem(api.post("/redemptions", api.scan(**given)), status, code), code
    api.clock[0] = late
    assert is_problem(api.post("/redemptions", api.scan()), 410, "expired")


def test_someone_who_came_before_is_refused_until_she_is_told_apart(
    api: Api, database: Database
) -> None:
    with database.transaction() as session:
        earlier = a_seed(session, api.place, uic="IRY0190")

    refused = api.post("/redemptions", api.scan(uic="iry-01-90"))
    accepted = api.post("/redemptions", api.scan(uic="iry-01-90", not_the_same=[str(earlier)]))

    assert is_problem(refused, 409, "duplicate_participant")
    assert accepted.status_code == 201


def test_a_scan_id_cannot_be_used_for_another_coupon(api: Api) -> None:
    scan = api.scan()
    api.post("/redemptions", scan)

    other = api.scan(id=scan["id"], code=api.bundle.coupons[1].code)
    assert is_problem(api.post("/redemptions", other), 409, "scan_id_reused")


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_body_that_is_not_as_it_should_be_is_refused_and_nothing_kept(
    api: Api, database: Database, kind: str
) -> None:
    for given in MALFORMED[kind]:
        reply = api.post("/redemptions", api.scan(**given))

        assert is_problem(reply, 422, "invalid_request"), given
        assert reply.json()["errors"]
        for value in given.values():
            assert not isinstance(value, str) or len(value) < 8 or value not in reply.text
    assert kept(database) == (0, 0)


def test_what_is_not_a_json_object_is_refused(api: Api) -> None:
    headers = api.headers(Role.INTAKE) | {"Content-Type": "application/json"}
    for body in [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{" * 5000, b'{"id": NaN}']:
        reply = api.http.post("/api/v1/redemptions", content=body, headers=headers)
        assert is_problem(reply, 422, "invalid_request"), body


def test_a_device_clock_far_off_is_flagged_and_harmless(api: Api) -> None:
    for coupon, claimed in zip(
        api.bundle.coupons, ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"), strict=False
    ):
        reply = api.post("/redemptions", api.scan(code=coupon.code, scanned_at=claimed))
        assert reply.status_code == 201
        assert reply.json()["flags"] in (["clock_ahead"], ["clock_behind"])


def test_an_upload_gets_one_final_verdict_a_scan_in_its_order(api: Api, database: Database) -> None:
    with database.transaction() as session:
        foreign = a_coupon(session, a_place(session)).code
    elsewhere = api.scan()
    api.post("/redemptions", elsewhere)
    fine = api.scan(code=api.bundle.coupons[1].code)
    scans = [
        fine,
        api.scan(),
        api.scan(code=new_code().digits),
        api.scan(code="000000005742"),
        api.scan(code=foreign),
        api.scan(site="NOWHERE"),
        fine,
        elsewhere,
        api.scan(id=fine["id"]),
    ]
    upload = {"device_id": "desk-1", "scans": scans}

    replies = [api.post("/desk/sync", upload) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()
    assert [(verdict["outcome"], verdict["code"]) for verdict in replies[0].json()["verdicts"]] == [
        ("accepted", None),
        ("conflict", None),
        ("refused", "unknown_coupon"),
        ("refused", "mistyped_code"),
        ("refused", "wrong_programme"),
        ("refused", "unknown_site"),
        ("accepted", None),
        ("accepted", None),
        ("refused", "scan_id_reused"),
    ]
    assert [verdict["id"] for verdict in replies[0].json()["verdicts"]] == [
        scan["id"] for scan in scans
    ]
    assert kept(database) == (3, 2)


def test_scans_of_an_upload_need_not_repeat_the_device(api: Api, database: Database) -> None:
    upload = {"device_id": "tablet-9", "scans": [api.scan(device_id=None)]}

    assert api.post("/desk/sync", upload).json()["verdicts"][0]["outcome"] == "accepted"
    with database.snapshot() as session:
        assert session.scalars(select(Redemption.device_id)).all() == ["tablet-9"]


def test_an_upload_judges_expiry_at_the_scan(api: Api) -> None:
    last_day = NOON + timedelta(days=30)
    api.clock[0] = last_day + timedelta(days=3)

    upload = {"device_id": "d", "scans": [api.scan(scanned_at=last_day.isoformat())]}

    assert api.post("/desk/sync", upload).json()["verdicts"][0]["outcome"] == "accepted"


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_a_day_wrong_is_corrected_by_what_it_says_now(
    api: Api, database: Database, days: int
) -> None:
    """A day behind, the card would not be usable yet; a day ahead, it would be past its last day."""
    first_day, last_day = NOON + timedelta(days=1), NOON + timedelta(days=30)
    really = first_day if days < 0 else last_day
    api.clock[0] = really + timedelta(hours=2)
    wrong = timedelta(days=days)
    scan = api.scan(scanned_at=(really + wrong).isoformat())
    clock = (api.clock[0] + wrong).isoformat()

    reply = api.post("/desk/sync", {"device_id": "d", "clock": clock, "scans": [scan]})

    assert reply.json()["verdicts"][0]["outcome"] == "accepted"
    with database.snapshot() as session:
        row = session.get_one(Redemption, UUID(scan["id"]))
    assert row.scanned_at == really
    assert row.flags == ["clock_behind" if days < 0 else "clock_ahead", "clock_corrected"]


def test_an_upload_keeps_whoever_it_names_though_the_scan_is_refused(
    api: Api, database: Database
) -> None:
    named = [str(uuid4()) for _ in range(2)]
    scans = [
        api.scan(code=new_code().digits, participant_id=named[0]),
        api.scan(code="000000005742", participant_id=named[1]),
        api.scan(code=new_code().digits),
    ]
    replies = [api.post("/desk/sync", {"device_id": "d", "scans": scans}) for _ in range(2)]

    assert replies[0].json() == replies[1].json()
    assert [each["code"] for each in replies[0].json()["verdicts"]] == [
        "unknown_coupon",
        "mistyped_code",
        "unknown_coupon",
    ]
    with database.snapshot() as session:
        came = session.scalars(select(Participant.id).where(Participant.came == Came.WALK_IN))
        assert {str(each) for each in came} == set(named)


def test_someone_whose_code_came_before_is_accepted_offline_and_asked_about_online(
    api: Api,
) -> None:
    codes = [coupon.code for coupon in api.bundle.coupons]
    api.post("/redemptions", api.scan(code=codes[0], uic="OLENA0785"))
    scan = api.scan(code=codes[1], uic="olena 0785")

    online = api.post("/redemptions", api.scan(code=codes[2], uic="olena 0785"))
    offline = api.post("/desk/sync", {"device_id": "d", "scans": [scan]})

    assert is_problem(online, 409, "duplicate_participant")
    assert offline.json()["verdicts"] == [{"id": scan["id"], "outcome": "accepted", "code": None}]


def test_an_upload_that_is_not_one_is_refused_whole(api: Api, database: Database) -> None:
    uploads: list[object] = [
        {"scans": []},
        {"device_id": "d"},
        {"device_id": "d", "scans": {}},
        {"device_id": "d", "scans": [{}] * 201},
    ]
    for upload in uploads:
        assert is_problem(api.post("/desk/sync", upload), 422, "invalid_request")
    assert kept(database) == (0, 0)


def test_a_malformed_scan_is_refused_by_itself_and_the_others_are_taken_in(
    api: Api, database: Database
) -> None:
    first, second = (coupon.code for coupon in api.bundle.coupons[:2])
    named = [
        api.scan(scanned_at="2026-02-31T10:00:00+02:00"),
        api.scan(scanned_at="2026-03-04T10:00:00"),
        api.scan(scanned_at=None),
        api.scan(amount=5),
        api.scan(code=None),
        api.scan(uic="u" * 65),
    ]
    nameless: list[object] = [api.scan(id="not-a-uuid"), api.scan(id=None), {}, "x", None, 7]
    scans = [api.scan(code=first), *named, *nameless, api.scan(code=second)]

    replies = [api.post("/desk/sync", {"device_id": "d", "scans": scans}) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()
    verdicts = replies[0].json()["verdicts"]
    assert [verdicts[0]["outcome"], verdicts[-1]["outcome"]] == ["accepted", "accepted"]
    assert verdicts[1:-1] == [
        {"id": each, "outcome": "refused", "code": "invalid_request"}
        for each in [*(scan["id"] for scan in named), *(None for _ in nameless)]
    ]
    assert kept(database) == (2, 0)


def test_a_scan_that_a_constraint_refuses_keeps_back_no_other(
    api: Api, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = [api.scan(code=coupon.code) for coupon in api.bundle.coupons]

    def beaten_always(db: Database, scan: Scan, **given: Any) -> Arrival:
        if str(scan.id) == scans[1]["id"]:
            raise IntegrityError("INSERT", {}, Exception("unique"))
        return take_arrival(db, scan, **given)

    monkeypatch.setattr("app.web.api.desk_sync.take_arrival", beaten_always)
    reply = api.post("/desk/sync", {"device_id": "d", "scans": scans})

    assert reply.status_code == 200
    assert [(each["id"], each["outcome"], each["code"]) for each in reply.json()["verdicts"]] == [
        (scans[0]["id"], "accepted", None),
        (scans[1]["id"], "refused", "invalid_request"),
        (scans[2]["id"], "accepted", None),
    ]
    assert kept(database) == (2, 0)


def kept(database: Database) -> tuple[int, int]:
    """How many redemptions and how many refusals are on record."""
    with database.snapshot() as session:
        redeemed = session.scalar(select(func.count()).select_from(Redemption))
        refused = session.scalar(select(func.count()).select_from(RefusedScan))
    return redeemed or 0, refused or 0
