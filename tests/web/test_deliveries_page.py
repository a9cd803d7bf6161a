"""What could not be booked: seen by those who decide, opened on the record, booked after all or noted."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import installation
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.models import AuditEvent
from app.domain.deliveries.models import DeskEvent, DeskEventSettlement
from app.domain.devices import actions as device_actions
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Standing
from app.domain.staff.rules import Role
from app.verification import CHECKS
from tests.devices import DeskDevice, a_device
from tests.factories import LATER, NOON, Place, a_bundle, a_place, a_site, an_actor, client
from tests.web.readers import Reader, reader

LIST = "/devices/unbooked"
SCREENED = {"sex": "female", "age": "22", "injected": "yes"}


@dataclass
class Case:
    """A device that was locked while someone was served with it, and those who look at what it sent then."""

    database: Database
    keyring: Keyring
    place: Place
    device: DeskDevice
    manager: Reader
    person: UUID
    arrival: UUID
    step: UUID

    def acts(self) -> list[str]:
        with self.database.snapshot() as session:
            found = select(AuditEvent.action).where(AuditEvent.action.startswith("delivery."))
            return list(session.scalars(found.order_by(AuditEvent.id)))

    def settled(self) -> list[str]:
        with self.database.snapshot() as session:
            return [row.settled_as.value for row in session.scalars(select(DeskEventSettlement))]


@pytest.fixture
def case(database: Database, keyring: Keyring) -> Case:
    locked_at = LATER - timedelta(hours=1)
    with database.transaction() as session:
        installation.ensure_installed(session, now=NOON)
        place = a_place(session)
        code = a_bundle(session, place).coupons[0].code
        device = a_device(session, place, keyring)
        device_actions.revoke(session, device.id, by=place.manager, now=locked_at)
    person = device.arrive(code, at=locked_at + timedelta(minutes=1))
    step = device.work("eligibility", person, SCREENED, at=locked_at + timedelta(minutes=2))
    device.upload(client(database, keyring, now=LATER))
    manager = reader(database, keyring, place.manager, now=LATER)
    arrival = UUID(device.sealed[0]["id"])
    return Case(database, keyring, place, device, manager, person, arrival, step)


def test_the_list_says_which_device_and_why_and_nothing_that_was_entered(case: Case) -> None:
    page = case.manager.get(LIST).text

    assert page.count("It was entered after the device had been locked.") == 2
    assert "Tablet 1" in page
    assert case.place.intake.username in page
    assert "Age in years" not in page
    assert case.acts() == []
    assert '<span class="badge warn">2</span>' in case.manager.get("/devices").text


def test_when_all_is_booked_the_page_says_so(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)

    page = reader(database, keyring, place.manager).get(LIST).text

    assert "Everything that devices have sent is booked." in page


def test_what_was_entered_is_opened_in_words_and_the_look_is_recorded(case: Case) -> None:
    page = case.manager.get(f"{LIST}/{case.step}").text

    assert "Age in years</dt><dd>22<" in page
    assert "Sex</dt><dd>Woman<" in page
    assert "drugs in the past 6 months?</dt><dd>Yes<" in page
    assert case.device.key not in page
    assert str(case.person) not in page
    assert case.acts() == ["delivery.viewed"]


def test_what_could_not_be_booked_is_booked_when_someone_decides_so(case: Case) -> None:
    for event in (case.arrival, case.step):
        answer = case.manager.send(f"{LIST}/{event}/again")
        assert (answer.status_code, answer.headers["Location"]) == (303, LIST)

    with case.database.snapshot() as session:
        row = session.get_one(Participant, case.person)
        assert (row.came, row.standing, row.age) == (Came.RECRUIT, Standing.ARRIVED, 22)
        assert [fault for check in CHECKS.values() for fault in check(session)] == []
    assert "Everything that devices have sent is booked." in case.manager.get(LIST).text
    assert case.settled() == ["booked", "booked"]
    assert case.acts() == ["delivery.booked", "delivery.booked"]


def test_all_are_tried_in_their_order_and_what_cannot_be_booked_stays(case: Case) -> None:
    with case.database.transaction() as session:
        device = a_device(session, case.place, case.keyring, label="Tablet 9")
    device.work("dance", case.person)
    device.upload(client(case.database, case.keyring, now=LATER))

    first = case.manager.send(f"{LIST}/again")
    again = case.manager.send(f"{LIST}/again")

    assert (first.status_code, again.status_code) == (303, 303)
    assert "deliveries_booked" in first.headers["Set-Cookie"]
    assert "deliveries_not_booked" in again.headers["Set-Cookie"]
    assert case.settled() == ["booked", "booked"]
    page = case.manager.get(LIST).text
    assert page.count("<section") == 1
    assert "of another version" in page


def test_what_still_cannot_be_booked_says_why_and_stays(case: Case) -> None:
    answer = case.manager.send(f"{LIST}/{case.step}/again")

    assert answer.status_code == 404
    assert "It still cannot be booked." in answer.text
    assert "that they came was not booked" in answer.text
    assert case.settled() == []
    assert case.manager.get(LIST).text.count("<section") == 2


def test_something_is_noted_with_a_reason_and_not_without(case: Case) -> None:
    refused = case.manager.send(f"{LIST}/{case.step}/noted", {"reason": " "})
    taken = case.manager.send(f"{LIST}/{case.step}/noted", {"reason": "Asked at the desk"})

    assert refused.status_code == 422
    assert "Please write down what was done about it." in refused.text
    assert taken.status_code == 303
    assert case.settled() == ["noted"]
    with case.database.snapshot() as session:
        kept = session.scalars(select(DeskEventSettlement.sealed_reason)).one()
        assert kept is not None
        assert b"Asked" not in kept
        assert session.get_one(DeskEvent, case.step).sealed_body is not None


def test_what_was_dealt_with_is_not_dealt_with_twice(case: Case) -> None:
    case.manager.send(f"{LIST}/{case.arrival}/again")

    for act in ("again", "noted"):
        assert case.manager.send(f"{LIST}/{case.arrival}/{act}", {"reason": "x"}).status_code == 404
    assert case.manager.get(f"{LIST}/{case.arrival}").status_code == 404
    assert case.settled() == ["booked"]


def test_the_device_hears_its_first_answer_whatever_was_decided_since(case: Case) -> None:
    first = dict(case.device.verdicts)
    case.manager.send(f"{LIST}/{case.arrival}/again")

    case.device.send(client(case.database, case.keyring, now=LATER), case.device.sealed)

    assert case.device.verdicts == first


def test_a_manager_of_one_site_sees_that_sites_devices_only(case: Case) -> None:
    with case.database.transaction() as session:
        other = a_site(session, case.place.programme.id)
        stranger = an_actor(
            session,
            Role.COUPON_MANAGER,
            programme_id=case.place.programme.id,
            site_id=other.id,
        )
        elsewhere = a_place(session).manager
    for actor in (stranger, elsewhere):
        someone = reader(case.database, case.keyring, actor, now=LATER)
        assert "Everything that devices have sent is booked." in someone.get(LIST).text
        assert someone.get(f"{LIST}/{case.step}").status_code == 404
        assert someone.send(f"{LIST}/{case.step}/again").status_code == 404
        assert someone.send(f"{LIST}/{case.step}/noted", {"reason": "x"}).status_code == 404
    assert case.settled() == []


def test_something_of_another_version_can_only_be_noted(case: Case) -> None:
    with case.database.transaction() as session:
        device = a_device(session, case.place, case.keyring, label="Tablet 9")
    event = device.work("dance", case.person)
    device.upload(client(case.database, case.keyring, now=LATER))

    page = case.manager.get(f"{LIST}/{event}").text

    assert "Something this server does not know" in page
    assert "/again" not in page
    assert case.manager.send(f"{LIST}/{event}/again").status_code == 422
    assert case.manager.send(f"{LIST}/{event}/noted", {"reason": "x"}).status_code == 303
