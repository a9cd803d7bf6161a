"""What a device of the desk asks: its key, the day's list, a look at a card, a log-in for its person."""

import json
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.codes import new_code, new_token
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.envelopes import public_key_text
from app.core.installation import ensure_installed
from app.domain.audit.models import AuditEvent
from app.domain.coupons.actions import end_coupon
from app.domain.coupons.models import Coupon, CouponBundle
from app.domain.coupons.queries import Bundle, PrintedCoupon, bundle_of, holder_digest, read
from app.domain.coupons.rules import CouponStatus
from app.domain.devices.actions import begin_enrolment, revoke
from app.domain.devices.models import Device
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.participants.models import Participant
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.models import Programme, Site
from app.domain.programmes.rules import Protocol
from app.domain.staff.actions import make_api_key, remove_member, start_session
from app.domain.staff.models import StaffMember
from app.domain.staff.rules import Role
from app.web.desk_pack import MARK_BYTES, mark
from tests.factories import (
    LATER,
    NOON,
    PASSWORD,
    Place,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_seed,
    a_site,
    client,
)
from tests.web.api import is_problem
from tests.web.desk_devices import Tablet, a_device

MINUTES_15 = timedelta(minutes=15)


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def clock() -> list[datetime]:
    return [LATER]


@pytest.fixture
def http(database: Database, keyring: Keyring, clock: list[datetime]) -> httpx.Client:
    return client(database, keyring, now=lambda: clock[0])


@pytest.fixture
def tablet(database: Database, place: Place, http: httpx.Client) -> Tablet:
    made = a_device(database, place)
    return Tablet(made.device, made.key, http)


def begun(database: Database, place: Place, now: datetime = LATER) -> str:
    with database.transaction() as session:
        return begin_enrolment(
            session,
            label="Tablet 2",
            staff_id=place.intake.staff_id,
            site_id=place.site.id,
            by=place.manager,
            now=now,
        ).secret


def enrolment(http: httpx.Client, secret: str, password: str = PASSWORD) -> httpx.Response:
    body = {"secret": secret, "password": password, "browser": "Chromium"}
    return http.post("/api/v1/desk/enrol", json=body)


def test_only_her_own_password_enrols_a_device_in_her_name(
    database: Database, place: Place, http: httpx.Client
) -> None:
    secret = begun(database, place)

    refused = enrolment(http, secret, password="a word of the coupon manager")
    assert (refused.status_code, refused.json()["code"]) == (401, "wrong_log_in")
    assert enrolment(http, secret).status_code == 201


def test_five_wrong_passwords_end_an_enrolment(
    database: Database, place: Place, http: httpx.Client
) -> None:
    secret = begun(database, place)

    told = [enrolment(http, secret, password="a guess").json()["code"] for _ in range(6)]
    assert told == ["wrong_log_in"] * 5 + ["enrolment_over"]
    assert enrolment(http, secret).json()["code"] == "enrolment_over"


def end(
    session: Session,
    place: Place,
    coupon: PrintedCoupon,
    status: CouponStatus,
    now: datetime = LATER,
) -> None:
    end_coupon(session, read(coupon.code), status, reason="torn", by=place.manager, now=now)


def marks_in(pack: dict[str, Any]) -> list[bytes]:
    return [each for group in pack["coupons"] for each in cut(group)]


def cut(group: dict[str, Any]) -> list[bytes]:
    whole = b64decode(group["marks"])
    return [whole[at : at + MARK_BYTES] for at in range(0, len(whole), MARK_BYTES)]


def group_of(pack: dict[str, Any], token: str) -> tuple[str, str, str]:
    (found,) = (each for each in pack["coupons"] if mark(token) in cut(each))
    return found["status"], found["from"], found["until"]


def test_a_browser_that_knows_the_secret_becomes_a_device(
    database: Database, keyring: Keyring, place: Place, http: httpx.Client
) -> None:
    with database.transaction() as session:
        life = ensure_installed(session, now=NOON).epoch

    answer = enrolment(http, begun(database, place))

    assert answer.status_code == 201
    told = answer.json()
    assert UUID(told.pop("device_id"))
    key = told.pop("key")
    assert told == {
        "server_key": public_key_text(keyring),
        "label": "Tablet 2",
        "username": place.intake.username,
        "programme": place.programme.code,
        "site": place.site.code,
        "epoch": str(life),
    }
    pack = http.get("/api/v1/desk/pack", headers={"Authorization": f"Bearer {key}"})
    assert pack.status_code == 200


def test_a_secret_enrols_one_browser_however_it_was_typed(
    database: Database, place: Place, http: httpx.Client
) -> None:
    secret = begun(database, place)
    assert re.fullmatch(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", secret)

    assert enrolment(http, f" {secret.lower().replace('-', ' ')}").status_code == 201
    assert is_problem(enrolment(http, secret), 410, "enrolment_over")


def test_an_enrolment_is_over_after_a_quarter_of_an_hour(
    database: Database, place: Place, http: httpx.Client, clock: list[datetime]
) -> None:
    secret = begun(database, place)

    clock[0] = LATER + MINUTES_15
    assert is_problem(enrolment(http, secret), 410, "enrolment_over")
    clock[0] = LATER + MINUTES_15 - timedelta(seconds=1)
    assert enrolment(http, secret).status_code == 201


def test_an_enrolment_ends_with_its_persons_log_in(
    database: Database, place: Place, http: httpx.Client
) -> None:
    secret = begun(database, place)
    with database.transaction() as session:
        remove_member(session, place.intake.staff_id, by=None, now=LATER)

    assert is_problem(enrolment(http, secret), 410, "enrolment_over")
    with database.snapshot() as session:
        assert session.scalar(select(Device.key_digest)) is None


def test_what_is_no_secret_enrols_nobody(
    database: Database, place: Place, http: httpx.Client
) -> None:
    begun(database, place)
    for secret in ("", "-", "ABCD-EFGH-JKMN-PQRS", "x" * 64):
        assert is_problem(enrolment(http, secret), 410, "enrolment_over")
    assert is_problem(enrolment(http, "x" * 65), 422, "invalid_request")


def test_neither_secret_nor_key_is_kept(tablet: Tablet, database: Database, place: Place) -> None:
    secret = begun(database, place)
    with database.snapshot() as session:
        kept = str([vars(row) for row in session.scalars(select(Device))])
        said = str([vars(row) for row in session.scalars(select(AuditEvent))])
    for word in (secret, secret.replace("-", ""), tablet.key):
        assert word not in kept
        assert word not in said


CALLS: dict[str, Callable[[Tablet], httpx.Response]] = {
    "pack": lambda tablet: tablet.get("/pack"),
    "look": lambda tablet: tablet.post("/look", {"id": str(uuid4())}),
    "session": lambda tablet: tablet.post("/session"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_locked_device_is_refused_and_hears_that_it_is_locked(
    tablet: Tablet, database: Database, place: Place, call: str
) -> None:
    assert CALLS[call](tablet).is_success
    with database.transaction() as session:
        revoke(session, tablet.device.id, by=place.manager, now=LATER)

    assert is_problem(CALLS[call](tablet), 401, "device_revoked")


@pytest.mark.parametrize("call", CALLS)
def test_the_devices_of_someone_who_left_the_staff_are_refused(
    tablet: Tablet, database: Database, place: Place, call: str
) -> None:
    with database.transaction() as session:
        remove_member(session, place.intake.staff_id, by=None, now=LATER)

    assert is_problem(CALLS[call](tablet), 401, "device_revoked")


@pytest.mark.parametrize("call", CALLS)
def test_a_key_no_device_has_is_unknown_which_is_not_locked(
    tablet: Tablet, http: httpx.Client, call: str
) -> None:
    stranger = Tablet(tablet.device, tablet.key + "x", http)
    assert is_problem(CALLS[call](stranger), 401, "unknown_device")


@pytest.mark.parametrize("call", CALLS)
def test_neither_an_api_key_nor_a_log_in_opens_what_is_for_devices(
    tablet: Tablet, database: Database, place: Place, http: httpx.Client, call: str
) -> None:
    with database.transaction() as session:
        key = make_api_key(session, place.intake.staff_id, label="test", now=NOON)
        http.cookies.set("pdi_session", start_session(session, place.intake, now=LATER))

    assert is_problem(CALLS[call](Tablet(tablet.device, key, http)), 401, "unknown_device")
    reply = http.request(
        "GET" if call == "pack" else "POST",
        f"/api/v1/desk/{call}",
        json=None if call == "pack" else {"id": str(uuid4())},
    )
    assert is_problem(reply, 401, "not_logged_in")


def test_a_devices_key_opens_nothing_else(tablet: Tablet, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {tablet.key}"}
    for method, path in (
        ("GET", f"/api/v1/coupons/{new_code().digits}"),
        ("POST", "/api/v1/redemptions"),
        ("POST", "/api/v1/desk/sync"),
        ("POST", "/api/v1/bundles"),
        ("GET", "/api/v1/chains"),
        ("GET", "/api/v1/ledger/balances"),
    ):
        assert is_problem(http.request(method, path, headers=headers), 401, "not_logged_in"), path
    assert http.get("/desk", headers=headers).headers["location"].startswith("/login")


def test_a_device_may_what_its_persons_role_may_now(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        row = session.get(StaffMember, place.intake.staff_id)
        assert row
        row.role = Role.HEALTH_EDUCATOR

    for call in CALLS.values():
        assert is_problem(call(tablet), 403, "not_allowed")


def test_the_list_says_what_a_device_has_to_know(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        life = ensure_installed(session, now=NOON).epoch
        bundle = a_bundle(session, place)

    pack = tablet.get("/pack").json()

    assert pack["made_at"] == LATER.isoformat()
    assert pack["epoch"] == str(life)
    assert pack["device"] == {"id": str(tablet.device.id), "label": "Tablet 1"}
    assert pack["username"] == place.intake.username
    assert pack["programme"] == {"code": place.programme.code, "name": "Neighbours"}
    assert pack["site"]["code"] == place.site.code
    assert pack["site"]["timezone"] == "Europe/Kyiv"
    assert pack["site"]["name"]["uk"] == "Центр здоров'я"
    assert pack["protocol"] == {
        "version": 1,
        "minimum_age": 18,
        "grace_days": 7,
        "activation_delay_days": 1,
        "validity_days": 30,
        "bundle_size": 3,
        "consent_purposes": ["participation", "follow_up"],
        "fee": None,
    }
    assert "redeem" in pack["may"]
    assert "accept_late" not in pack["may"]
    assert sorted(marks_in(pack)) == sorted(mark(each.token) for each in bundle.coupons)
    assert group_of(pack, bundle.coupons[0].token) == ("issued", "2026-03-03", "2026-04-01")


def test_the_list_says_what_a_device_may_hand_out_where_the_rules_let_it(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        rules = Protocol(fee_offline=True)
        adopt_protocol(session, place.programme.id, rules, by=None, now=NOON)

    fee = tablet.get("/pack").json()["protocol"]["fee"]

    assert (fee["minor"], fee["currency"]) == (750, "UAH")
    assert fee["text"] == {"en": "UAH\xa07.50", "uk": "7,50\xa0₴"}


def test_the_list_tells_a_sites_own_days_and_how_many_cards_are_given_now(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        site, programme = (
            session.get(Site, place.site.id),
            session.get(Programme, place.programme.id),
        )
        assert site
        assert programme
        site.activation_delay_days, site.validity_days = 3, 14
        programme.target = 10
        for _ in range(8):
            a_seed(session, place)

    pack = tablet.get("/pack").json()

    told = pack["protocol"]
    days = (told["activation_delay_days"], told["validity_days"], told["bundle_size"])
    assert days == (3, 14, 2)
    assert pack["complete_until"] == "2026-03-06"


def test_the_list_tells_every_fate_of_a_card(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        first, second = a_bundle(session, place), a_bundle(session, place)
        used, lost, void = first.coupons
        a_redemption(session, place, used)
        for coupon, status in ((lost, CouponStatus.LOST), (void, CouponStatus.VOID)):
            end(session, place, coupon, status)

    pack = tablet.get("/pack").json()

    told = [group_of(pack, each.token)[0] for each in (used, lost, void, second.coupons[0])]
    assert told == ["redeemed", "lost", "void", "issued"]


def test_what_ended_or_expired_half_a_year_ago_is_no_longer_listed(
    tablet: Tablet, database: Database, place: Place, clock: list[datetime]
) -> None:
    with database.transaction() as session:
        bundle = a_bundle(session, place)  # usable until 1 April
        a_redemption(session, place, bundle.coupons[0])  # on 4 March

    def listed(on: date) -> set[bytes]:
        clock[0] = datetime.combine(on, NOON.timetz())
        return set(marks_in(tablet.get("/pack").json()))

    used, *unused = (mark(each.token) for each in bundle.coupons)
    after_used, after_expired = date(2026, 3, 4), date(2026, 4, 1)
    half_a_year = timedelta(days=180)
    assert listed(after_used + half_a_year) == {used, *unused}
    assert listed(after_used + half_a_year + timedelta(days=1)) == set(unused)
    assert listed(after_expired + half_a_year) == set(unused)
    assert listed(after_expired + half_a_year + timedelta(days=1)) == set()


def test_a_card_ended_long_after_its_last_day_is_listed_as_what_it_is(
    tablet: Tablet, database: Database, place: Place, clock: list[datetime]
) -> None:
    with database.transaction() as session:
        coupon = a_bundle(session, place).coupons[0]
        clock[0] = NOON + timedelta(days=700)
        end(session, place, coupon, CouponStatus.VOID, now=clock[0])

    assert group_of(tablet.get("/pack").json(), coupon.token)[0] == "void"


def test_the_list_holds_only_its_own_programme(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        a_bundle(session, a_place(session))

    assert tablet.get("/pack").json()["coupons"] == []


def test_the_list_is_complete_until_a_card_of_today_could_be_used(
    tablet: Tablet, database: Database, place: Place, clock: list[datetime]
) -> None:
    clock[0] = datetime.fromisoformat("2026-03-04T21:59:00+00:00")  # still the fourth in Kyiv
    assert tablet.get("/pack").json()["complete_until"] == "2026-03-04"
    clock[0] = datetime.fromisoformat("2026-03-04T22:01:00+00:00")
    assert tablet.get("/pack").json()["complete_until"] == "2026-03-05"

    with database.transaction() as session:
        rules = Protocol(activation_delay_days=0)
        adopt_protocol(session, place.programme.id, rules, by=None, now=NOON)
    assert tablet.get("/pack").json()["complete_until"] == "2026-03-04"

    with database.transaction() as session:  # where it is still the fourth
        a_site(session, place.programme.id, timezone="America/New_York")
    assert tablet.get("/pack").json()["complete_until"] == "2026-03-03"


def test_a_list_in_which_nothing_is_new_is_not_sent_again(
    tablet: Tablet, database: Database, place: Place, clock: list[datetime]
) -> None:
    first = tablet.get("/pack")
    clock[0] += timedelta(minutes=50)
    again = tablet.get("/pack", If_None_Match=first.headers["etag"])
    through_a_proxy = tablet.get("/pack", If_None_Match="W/" + first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert through_a_proxy.status_code == 304
    assert again.headers["etag"] == first.headers["etag"]

    with database.transaction() as session:
        a_bundle(session, place)
    fresh = tablet.get("/pack", If_None_Match=first.headers["etag"])
    assert fresh.status_code == 200
    assert fresh.headers["etag"] != first.headers["etag"]


def test_no_code_token_chain_person_or_bundle_can_be_found_in_the_list(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        visits = [a_finished_visit(session, place, with_bundle=True) for _ in range(3)]
        secrets: list[str] = []
        for visit in visits:
            for holder in (visit.recruiter_id, visit.participant_id):
                found = bundle_of(session, holder)
                assert found
                secrets += [str(holder), holder.hex, str(found), found.hex]
        for table in (Coupon, CouponBundle, Participant, Redemption):
            for row_id in session.scalars(select(table.id)):
                secrets += [str(row_id), row_id.hex]
        chains = [each for each in session.scalars(select(Participant.chain_label)) if each]
    bundles = [visit.bundle for visit in visits if visit.bundle]
    for coupon in (each for bundle in bundles for each in bundle.coupons):
        secrets += [coupon.code, coupon.code[:11], coupon.token, coupon.token[2:]]

    body = tablet.get("/pack").content

    assert len(marks_in(json.loads(body))) == 18
    unpacked = body + b"".join(marks_in(json.loads(body)))
    for secret in secrets:
        assert secret.encode() not in unpacked
        if len(secret) == 32 and re.fullmatch("[0-9a-f]+", secret):
            assert bytes.fromhex(secret)[:MARK_BYTES] not in unpacked
    words = set(re.findall(r'"([^"]*)"', body.decode()))
    assert words.isdisjoint(chains)


def test_the_cards_of_a_bundle_do_not_lie_beside_one_another(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        bundles = [a_bundle(session, place) for _ in range(20)]

    listed = marks_in(tablet.get("/pack").json())

    assert listed == sorted(listed)  # by what is random, so by nothing
    assert together(listed, bundles) < 4
    # The control: in the order in which they were made every bundle would show.
    made = [mark(coupon.token) for bundle in bundles for coupon in bundle.coupons]
    assert together(made, bundles) == 20


def together(listed: list[bytes], bundles: list[Bundle]) -> int:
    places = {each: at for at, each in enumerate(listed)}
    spans = [sorted(places[mark(each.token)] for each in bundle.coupons) for bundle in bundles]
    return sum(last - first == 2 for first, _, last in spans)


def test_looking_tells_a_good_card_and_redeems_nothing(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        coupon = a_bundle(session, place).coupons[0]

    for text in (coupon.code, coupon.token.lower(), f"https://card.example/{coupon.token}"):
        reply = tablet.post("/look", {"id": str(uuid4()), "coupon": text, "uic": None})
        assert reply.json() == {"verdict": "good", "facts": {}, "known": []}
    with database.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(Redemption)) == 0
        assert session.scalar(select(func.count()).select_from(RefusedScan)) == 0


def test_looking_tells_why_a_card_cannot_be_used_and_keeps_that_it_was_refused(
    tablet: Tablet, database: Database, place: Place, clock: list[datetime]
) -> None:
    with database.transaction() as session:
        used, lost, other = a_bundle(session, place).coupons
        a_redemption(session, place, used)
        end(session, place, lost, CouponStatus.LOST)
        theirs = a_bundle(session, a_place(session)).coupons[0]

    def look(text: str) -> dict[str, Any]:
        said: dict[str, Any] = tablet.post("/look", {"id": str(uuid4()), "coupon": text}).json()
        assert said.pop("known") == []
        return said

    used_at = LATER.astimezone().isoformat()
    told = look(used.token)
    assert told["verdict"] == "already_redeemed"
    assert datetime.fromisoformat(told["facts"]["used_at"]) == datetime.fromisoformat(used_at)
    assert look(lost.token) == {"verdict": "lost", "facts": {}}
    assert look(theirs.token) == {"verdict": "wrong_programme", "facts": {}}
    assert look(new_token().text) == {"verdict": "unknown_coupon", "facts": {}}
    clock[0] = NOON
    assert look(other.token) == {
        "verdict": "not_yet_active",
        "facts": {"usable_from": "2026-03-03"},
    }
    clock[0] = NOON + timedelta(days=37)
    assert look(other.token) == {
        "verdict": "expired",
        "facts": {"usable_until": "2026-04-01", "late_until": "2026-04-08"},
    }
    clock[0] = NOON + timedelta(days=38)
    assert look(other.token) == {"verdict": "expired", "facts": {"usable_until": "2026-04-01"}}
    with database.snapshot() as session:
        refused = session.execute(select(RefusedScan.code, RefusedScan.device_id)).all()
    assert len(refused) == 7
    assert {device for _, device in refused} == {"Tablet 1"}


def test_looking_at_a_slip_of_the_finger_says_what_is_wrong_with_it(tablet: Tablet) -> None:
    said = tablet.post("/look", {"id": str(uuid4()), "coupon": "000000005742"}).json()
    assert (said["verdict"], said["facts"]) == ("mistyped_code", {"reason": "check_digit"})


def test_looking_finds_who_came_before_with_the_same_code(
    tablet: Tablet, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        seed = a_seed(session, place, uic="ANNA1987")

    said = tablet.post("/look", {"id": str(uuid4()), "coupon": None, "uic": " anna-1987"}).json()

    assert said == {
        "verdict": None,
        "facts": {},
        "known": [{"participant_id": str(seed), "came_on": "2026-03-02", "site": place.site.code}],
    }
    nobody = tablet.post("/look", {"id": str(uuid4()), "uic": "NOBODY99"}).json()
    assert nobody["known"] == []
    short = tablet.post("/look", {"id": str(uuid4()), "uic": "!"})
    assert is_problem(short, 422, "bad_participant")


def test_a_device_logs_its_person_in(tablet: Tablet, database: Database, place: Place) -> None:
    reply = tablet.post("/session")

    assert (reply.status_code, reply.content) == (204, b"")
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("pdi_session=")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    page = tablet.http.get("/desk")
    assert page.status_code == 200
    assert place.intake.username in page.text
    with database.snapshot() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.logged_in"))
    assert event.staff_id == place.intake.staff_id
    assert event.facts == {"device": str(tablet.device.id)}


def test_locking_a_device_ends_the_log_in_it_opened(
    tablet: Tablet, database: Database, place: Place
) -> None:
    tablet.post("/session")
    assert tablet.http.get("/desk").status_code == 200
    with database.transaction() as session:
        revoke(session, tablet.device.id, by=place.manager, now=LATER)

    assert tablet.http.get("/desk").headers["location"].startswith("/login")


def test_a_device_that_locks_itself_closes_the_log_in_it_opened(
    tablet: Tablet, http: httpx.Client
) -> None:
    secret = tablet.post("/session").headers["set-cookie"].split(";")[0]
    assert tablet.http.get("/desk").status_code == 200
    asked = {"Authorization": f"Bearer {tablet.key}"}

    for _ in range(2):
        assert tablet.http.delete("/api/v1/desk/session", headers=asked).status_code == 204

    # Whoever kept the cookie has nothing of it either.
    kept = http.get("/desk", headers={"Cookie": secret})
    assert kept.headers["location"].startswith("/login")


def test_a_device_closes_nobody_elses_log_in(
    tablet: Tablet, http: httpx.Client, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        secret = start_session(session, place.finance, now=LATER)
    asked = {"Authorization": f"Bearer {tablet.key}", "Cookie": f"pdi_session={secret}"}

    assert http.delete("/api/v1/desk/session", headers=asked).status_code == 204

    assert http.get("/stipends", headers={"Cookie": f"pdi_session={secret}"}).status_code == 200


def test_a_locked_device_can_still_tell_that_it_was_wiped(
    tablet: Tablet, database: Database, place: Place, clock: list[datetime]
) -> None:
    with database.transaction() as session:
        revoke(session, tablet.device.id, by=place.manager, now=LATER)
    clock[0] = LATER + timedelta(hours=1)

    assert tablet.post("/wiped").status_code == 204
    clock[0] = LATER + timedelta(hours=2)
    assert tablet.post("/wiped").status_code == 204

    with database.snapshot() as session:
        row = session.get(Device, tablet.device.id)
        told = select(func.count()).where(AuditEvent.action == "device.wiped")
        assert row
        assert row.wiped_at == LATER + timedelta(hours=1)
        assert session.scalar(told) == 1


def test_that_a_device_was_heard_of_is_noted_once_a_minute_at_most(
    tablet: Tablet, database: Database, clock: list[datetime]
) -> None:
    def seen() -> datetime | None:
        with database.snapshot() as session:
            return session.scalar(select(Device.seen_at))

    tablet.post("/look", {"id": str(uuid4())})
    assert seen() == LATER
    clock[0] = LATER + timedelta(seconds=59)
    tablet.post("/look", {"id": str(uuid4())})
    assert seen() == LATER
    clock[0] = LATER + timedelta(seconds=61)
    tablet.post("/look", {"id": str(uuid4())})
    assert seen() == clock[0]


def test_no_key_or_secret_reaches_a_log(
    tablet: Tablet,
    database: Database,
    place: Place,
    http: httpx.Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = begun(database, place)
    with caplog.at_level("DEBUG"):
        enrolment(http, secret)
        enrolment(http, secret)
        tablet.get("/pack")
        tablet.post("/look", {"id": "no id", "coupon": secret})
    ours = [str(vars(each)) for each in caplog.records if each.name != "httpx"]
    assert any("POST /api/v1/desk/enrol 201" in each for each in ours)
    for word in (secret, tablet.key):
        assert not [each for each in ours if word in each]


def test_the_digest_of_a_holder_is_not_in_the_list(
    tablet: Tablet, database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        seed = a_seed(session, place)
        a_bundle(session, place, seed)
    listed = marks_in(tablet.get("/pack").json())
    assert holder_digest(keyring, seed)[:MARK_BYTES] not in listed
