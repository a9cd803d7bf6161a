"""The page of the desks' devices: enrolled by a code that is shown once, looked after, locked."""

import re
from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app import web
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.models import AuditEvent
from app.domain.deliveries.rules import Left
from app.domain.devices.actions import know_again, note_heard, note_listed, note_wiped
from app.domain.devices.errors import DeviceRevoked
from app.domain.devices.models import Device
from app.domain.staff.actions import remove_member, start_session
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.web.pages.devices import CAUSES
from tests.factories import NOON, PASSWORD, Place, a_place, a_site, an_actor, client
from tests.web.desk_devices import a_device
from tests.web.readers import Reader, errors, reader

MINUTE = timedelta(minutes=1)
WEB = Path(web.__file__).parent
STATIC, WORDS = WEB / "static" / "desk", WEB / "templates" / "desk_app_words.html"


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def manager(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.manager)


def let(someone: Reader, place: Place, **given: str) -> httpx.Response:
    usual = {"label": "Blue tablet", "person": str(place.intake.staff_id), "site": ""}
    return someone.send("/devices", usual | given)


def link_on(page: str) -> str:
    found = re.search(r'<a href="([^"]+/desk/enrol#[^"]+)"', page)
    assert found
    return found[1]


def only_device(database: Database) -> Device:
    with database.snapshot() as session:
        return session.scalars(select(Device)).one()


def test_without_devices_the_page_tells_how_to_begin(manager: Reader) -> None:
    page = manager.get("/devices").text
    assert "No device is enrolled yet." in page
    assert "Choose below who will use it" in page


def test_a_code_is_shown_once_as_a_picture_and_as_a_link_and_enrols_a_device(
    manager: Reader, database: Database, place: Place
) -> None:
    answer = let(manager, place)

    assert answer.status_code == 201
    link = link_on(answer.text)
    base, _, secret = link.partition("#")
    assert base == "http://desk/desk/enrol"
    assert re.search(rf"{re.escape(base)}#<wbr>{secret}<", answer.text)
    drawn = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', answer.text)
    assert drawn
    assert b64decode(drawn[1]).startswith(b"<svg ")
    assert "Good for 15 more minutes" in answer.text
    for page in ("/devices", f"/devices/{only_device(database).id}"):
        assert secret not in manager.get(page).text

    enrolled = manager.browser.post(
        "/api/v1/desk/enrol", json={"secret": secret, "password": PASSWORD}
    )
    assert enrolled.status_code == 201
    assert enrolled.json()["site"] == place.site.code
    assert "In use" in manager.get("/devices").text


def test_the_code_leads_to_the_address_people_type(
    manager: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    browser = client(database, keyring, public_url="https://desk.example.org/")
    browser.cookies.set("__Host-pdi", manager.browser.cookies["pdi_session"])
    page = let(Reader(browser, manager.token), place).text
    assert link_on(page).startswith("https://desk.example.org/desk/enrol#")
    assert "not safe enough" not in page


def test_an_address_without_https_is_said_to_be_no_good(manager: Reader, place: Place) -> None:
    assert "This address is not safe enough for a device." in let(manager, place).text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"label": " "}, "label"),
        ({"label": "x" * 41}, "label"),
        ({"person": ""}, "person"),
    ],
)
def test_a_form_that_cannot_be_taken_says_so_at_its_field_and_keeps_what_was_typed(
    manager: Reader, database: Database, place: Place, given: dict[str, str], field: str
) -> None:
    answer = let(manager, place, **given)
    assert answer.status_code == 422
    assert list(errors(answer.text)) == [field]
    assert f'value="{({"label": "Blue tablet"} | given)["label"]}"' in answer.text
    with database.snapshot() as session:
        assert session.scalar(select(Device.id)) is None


def test_only_someone_who_redeems_and_is_still_there_is_given_a_device(
    manager: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        other = a_place(session)
        gone = an_actor(session, programme_id=place.programme.id)
        remove_member(session, gone.staff_id, by=None, now=NOON)

    for person in (place.finance, place.staff[Role.HEALTH_EDUCATOR], gone):
        answer = let(manager, place, person=str(person.staff_id), site=place.site.code)
        assert list(errors(answer.text)) == ["person"], person.role
        assert str(person.staff_id) not in manager.get("/devices").text
    assert let(manager, place, person=str(other.intake.staff_id)).status_code == 404


def test_a_device_is_used_where_its_person_works(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        elsewhere = a_site(session, place.programme.id)
        everywhere = an_actor(session, programme_id=place.programme.id)
    admin = reader(database, keyring, place.staff[Role.ADMINISTRATOR])

    assert list(errors(let(admin, place, site=elsewhere.code).text)) == ["site"]
    assert list(errors(let(admin, place, person=str(everywhere.staff_id)).text)) == ["site"]
    assert let(admin, place, site="NOWHERE").status_code == 404
    made = let(admin, place, person=str(everywhere.staff_id), site=elsewhere.code)
    assert made.status_code == 201
    assert only_device(database).site_id == elsewhere.id


def test_a_coupon_manager_of_one_site_has_only_that_sites_devices(
    manager: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        elsewhere = place.at(a_site(session, place.programme.id))
        manages: Actor = an_actor(
            session,
            Role.COUPON_MANAGER,
            programme_id=place.programme.id,
            site_id=elsewhere.site.id,
        )
        everywhere = an_actor(session, programme_id=place.programme.id)
    theirs = a_device(database, place)
    other = reader(database, keyring, manages)

    assert "Tablet 1" in manager.get("/devices").text
    assert "Tablet 1" not in other.get("/devices").text
    page = f"/devices/{theirs.device.id}"
    assert other.get(page).status_code == 404
    assert other.get(f"{page}/waiting").status_code == 404
    for form in ("rename", "lock", "code"):
        assert other.send(f"{page}/{form}", {"label": "Mine"}).status_code == 404
    given = {"person": str(everywhere.staff_id), "site": place.site.code}
    assert list(errors(let(other, place, **given).text)) == ["site"]
    assert str(place.intake.staff_id) not in other.get("/devices").text
    admin = reader(database, keyring, place.staff[Role.ADMINISTRATOR])
    assert admin.get(page).status_code == 200


def test_the_devices_of_another_programme_are_out_of_reach(
    database: Database, keyring: Keyring, place: Place
) -> None:
    device = a_device(database, place).device.id
    with database.transaction() as session:
        elsewhere = a_place(session)
    for role in (Role.ADMINISTRATOR, Role.COUPON_MANAGER):
        other = reader(database, keyring, elsewhere.staff[role])
        assert "Tablet 1" not in other.get("/devices").text
        assert other.get(f"/devices/{device}").status_code == 404
        for form in ("rename", "lock", "code"):
            answer = other.send(f"/devices/{device}/{form}", {"label": "Mine"})
            assert answer.status_code == 404
    assert only_device(database).revoked_at is None


def test_the_list_says_what_a_device_told_and_what_to_look_at(
    manager: Reader, database: Database, place: Place
) -> None:
    device = a_device(database, place, now=NOON - timedelta(days=3)).device.id
    assert "It has no list of cards yet." in manager.get("/devices").text

    with database.transaction() as session:
        note_listed(session, device, now=NOON - timedelta(days=2))
        note_heard(
            session,
            device,
            waiting=12,
            last_problem="full",
            skew=timedelta(hours=-23),
            now=NOON - timedelta(hours=3),
        )
    page = manager.get("/devices").text
    for words in (
        "In use",
        "3 hours ago",
        '<span class="badge warn">12</span>',
        "Its clock is 23 hours ahead.",
        "Its list of cards is 2 days old.",
        "Last problem: the device has no room left",
    ):
        assert words in page
    one = manager.get(f"/devices/{device}").text
    assert "12 entries" in one
    assert "23 hours ahead" in one

    with database.transaction() as session:
        note_listed(session, device, now=NOON)
        skew = timedelta(minutes=4)
        note_heard(session, device, waiting=0, last_problem="away", skew=skew, now=NOON)
    page = manager.get("/devices").text
    for words in ("clock is", "list of cards is", "Last problem", "badge warn"):
        assert words not in page
    assert "no network" in manager.get(f"/devices/{device}").text


def test_what_a_device_calls_its_problem_is_never_shown_as_it_is(
    manager: Reader, database: Database, place: Place
) -> None:
    device = a_device(database, place).device.id
    with database.transaction() as session:
        note_heard(
            session,
            device,
            waiting=1,
            last_problem="<b>C1 Olena",
            skew=timedelta(0),
            now=NOON,
        )
    for page in ("/devices", f"/devices/{device}"):
        assert "Olena" not in manager.get(page).text
        assert "something else" in manager.get(page).text


def test_every_cause_a_device_can_tell_has_words_here_and_there(
    manager: Reader, database: Database, place: Place
) -> None:
    device = a_device(database, place).device.id
    scripts = [(STATIC / name).read_text() for name in ("outbox.js", "server.js")]
    told = {
        *re.findall(r"""new Away\(\s*(?:answer\S+ \?\? )?"(\w+)\"""", "".join(scripts)),
        *re.findall(r"""new Away\([^)]*\? "(\w+)" : "(\w+)\"""", scripts[1])[0],
        *re.findall(r"""QuotaExceededError" \? "(\w+)" : "(\w+)\"""", scripts[0])[0],
        *Left,
        DeviceRevoked.code,
    }
    assert told == set(CAUSES)
    assert {"away", "slow", "server", "garbled", "full", "device", "not_its_turn"} < told
    app = WORDS.read_text()
    for cause in told:
        assert f"data-cause-{cause}=" in app
        with database.transaction() as session:
            note_heard(session, device, waiting=1, last_problem=cause, skew=timedelta(0), now=NOON)
        assert CAUSES[cause] in manager.get(f"/devices/{device}").text


def test_a_device_that_was_known_again_is_said_to_be_for_a_week(
    database: Database, keyring: Keyring, place: Place
) -> None:
    made = a_device(database, place)
    with database.transaction() as session:
        session.delete(session.get_one(Device, made.device.id))
    with database.transaction() as session:
        assert know_again(session, made.key, now=NOON)
    words = "enrolled after the backup this server was restored from"

    pages = [
        reader(database, keyring, place.manager, now=NOON + timedelta(days=days)).get(page).text
        for days in (0, 8)
        for page in ("/devices", f"/devices/{made.device.id}")
    ]

    assert [words in page for page in pages] == [True, True, False, False]
    assert "Known again" in pages[3]


def test_the_page_of_the_code_goes_on_when_the_device_is_enrolled(
    manager: Reader, database: Database, place: Place
) -> None:
    secret = link_on(let(manager, place).text).partition("#")[2]
    device = only_device(database).id
    waiting = manager.get(f"/devices/{device}/waiting")
    assert "Good for 15 more minutes" in waiting.text
    assert "hx-redirect" not in waiting.headers

    manager.browser.post("/api/v1/desk/enrol", json={"secret": secret, "password": PASSWORD})
    assert manager.get(f"/devices/{device}/waiting").headers["hx-redirect"] == f"/devices/{device}"
    assert "The device is enrolled." in manager.get(f"/devices/{device}").text


def test_a_code_that_ran_out_is_replaced_by_a_new_one(
    manager: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    let(manager, place)
    device = only_device(database).id
    later = reader(database, keyring, place.manager, now=NOON + 15 * MINUTE)
    assert "Not enrolled in time" in later.get("/devices").text
    assert later.get(f"/devices/{device}/waiting").headers["hx-redirect"]

    answer = later.send(f"/devices/{device}/code")

    assert answer.status_code == 201
    secret = link_on(answer.text).partition("#")[2]
    enrolled = later.browser.post(
        "/api/v1/desk/enrol", json={"secret": secret, "password": PASSWORD}
    )
    assert UUID(enrolled.json()["device_id"]) == device
    assert later.send(f"/devices/{device}/code").status_code == 410


def test_a_new_code_ends_the_one_before(manager: Reader, database: Database, place: Place) -> None:
    first = link_on(let(manager, place).text).partition("#")[2]
    manager.send(f"/devices/{only_device(database).id}/code")
    answer = manager.browser.post(
        "/api/v1/desk/enrol", json={"secret": first, "password": PASSWORD}
    )
    assert answer.json()["code"] == "enrolment_over"


def test_an_enrolment_can_be_called_off(manager: Reader, database: Database, place: Place) -> None:
    secret = link_on(let(manager, place).text).partition("#")[2]
    device = only_device(database).id

    assert manager.send(f"/devices/{device}/lock").headers["location"] == "/devices"

    answer = manager.browser.post(
        "/api/v1/desk/enrol", json={"secret": secret, "password": PASSWORD}
    )
    assert answer.json()["code"] == "enrolment_over"
    page = manager.get("/devices").text
    assert "Its code no longer works." in page
    assert "Blue tablet" not in page
    assert "The enrolment was called off." in manager.get(f"/devices/{device}").text
    assert manager.send(f"/devices/{device}/code").status_code == 410


def test_before_a_device_is_locked_its_page_says_what_happens_to_it(
    manager: Reader, database: Database, place: Place
) -> None:
    page = manager.get(f"/devices/{a_device(database, place).device.id}").text
    assert "it wipes its list of cards, its open visits and its keys" in page
    assert "Nothing that was done is lost" in page


def test_a_locked_device_is_refused_and_its_persons_log_ins_end(
    manager: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    made = a_device(database, place)
    someone = reader(database, keyring, place.intake)
    page = f"/devices/{made.device.id}"

    assert manager.send(f"{page}/lock").headers["location"] == page
    assert manager.send(f"{page}/lock").headers["location"] == page

    key = {"Authorization": f"Bearer {made.key}"}
    answer = manager.browser.get("/api/v1/desk/pack", headers=key)
    assert answer.json()["code"] == "device_revoked"
    assert someone.get("/desk").headers["location"].startswith("/login")
    shown = manager.get(page).text
    assert "This device is locked." in shown
    assert f'action="{page}/lock"' not in shown
    with database.snapshot() as session:
        acts = session.scalars(select(AuditEvent).where(AuditEvent.action == "device.revoked"))
        assert [each.staff_id for each in acts] == [place.manager.staff_id]


def test_someone_who_locks_her_own_device_stays_logged_in_here(
    manager: Reader, database: Database, place: Place
) -> None:
    made = a_device(database, place, person=place.manager)
    with database.transaction() as session:
        elsewhere = start_session(session, place.manager, now=NOON)
    manager.send(f"/devices/{made.device.id}/lock")

    assert manager.get("/devices").status_code == 200
    answer = manager.browser.get("/desk", headers={"Cookie": f"pdi_session={elsewhere}"})
    assert answer.headers["location"].startswith("/login")


def test_a_locked_device_is_last_and_says_whether_it_has_heard(
    manager: Reader, database: Database, place: Place
) -> None:
    made = a_device(database, place, label="A")
    a_device(database, place, label="B")
    manager.send(f"/devices/{made.device.id}/lock")
    page = manager.get("/devices").text
    assert page.index(">B<") < page.index(">A<")

    with database.transaction() as session:
        note_wiped(session, made.device.id, now=NOON)
    assert "It says that it wiped itself." in manager.get("/devices").text


def test_the_devices_of_someone_who_left_are_shown_as_locked(
    manager: Reader, database: Database, place: Place
) -> None:
    a_device(database, place)
    with database.transaction() as session:
        remove_member(session, place.intake.staff_id, by=None, now=NOON)
    page = manager.get("/devices").text
    assert "Locked" in page
    assert "This person has left the staff." in page


def test_a_device_is_renamed(manager: Reader, database: Database, place: Place) -> None:
    page = f"/devices/{a_device(database, place).device.id}"
    assert manager.send(f"{page}/rename", {"label": "  Green   phone "}).status_code == 303
    assert "Green phone" in manager.get("/devices").text
    assert list(errors(manager.send(f"{page}/rename", {"label": ""}).text)) == ["label"]


def test_the_record_says_what_was_done_with_a_device_and_names_nobody(
    manager: Reader, database: Database, place: Place
) -> None:
    secret = link_on(let(manager, place, label="Olenas phone").text).partition("#")[2]
    manager.browser.post(
        "/api/v1/desk/enrol", json={"secret": secret, "password": PASSWORD, "browser": "Chrome 120"}
    )
    device = only_device(database).id
    manager.send(f"/devices/{device}/rename", {"label": "Olenas tablet"})
    manager.send(f"/devices/{device}/lock")

    with database.snapshot() as session:
        kept = [
            event
            for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id))
            if event.action.startswith("device.")
        ]
    assert [each.action for each in kept] == [
        "device.enrolment_begun",
        "device.enrolled",
        "device.renamed",
        "device.revoked",
    ]
    assert {each.subject for each in kept} == {str(device)}
    assert "Olena" not in " ".join(each.text() for each in kept)
