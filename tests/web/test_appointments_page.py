"""A day to come again, agreed at the desk; the desk sees how many come, never who announced it."""

import re
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.announcements.actions import announce
from app.domain.appointments import queries
from app.domain.appointments.queries import AppointmentFacts
from app.domain.appointments.rules import AppointmentState
from app.domain.staff.rules import Role
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site, an_actor
from tests.web.readers import Reader, errors, reader

TODAY = LATER.date()
SOON = TODAY + timedelta(days=10)


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def person(database: Database, place: Place) -> UUID:
    with database.transaction() as session:
        return a_finished_visit(session, place).participant_id


def at_the_desk(
    database: Database, keyring: Keyring, place: Place, now: datetime = LATER
) -> Reader:
    return reader(database, keyring, place.intake, now=now)


def agree(desk: Reader, person: UUID, day: date = SOON, **given: str) -> int:
    fields = {"appointment_id": str(uuid4()), "day": day.isoformat(), "part_of_day": "morning"}
    return desk.send(f"/desk/visits/{person}/appointment", fields | given).status_code


def standing(database: Database, person: UUID) -> AppointmentFacts | None:
    with database.snapshot() as session:
        return queries.standing(session, person)


def test_a_day_is_agreed_changed_and_taken_back(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    desk = at_the_desk(database, keyring, place)
    assert "Agree on a day to come again" in desk.get(f"/desk/visits/{person}?step=done").text

    assert agree(desk, person) == 303
    first = standing(database, person)
    assert first
    assert "in the morning" in desk.get(f"/desk/visits/{person}/appointment").text
    assert "Agreed to come again" in desk.get(f"/desk/visits/{person}?step=done").text
    assert agree(desk, person, SOON + timedelta(days=1)) == 303
    second = standing(database, person)
    assert second
    assert (second.id, second.day) == (first.id, SOON + timedelta(days=1))
    assert desk.send(f"/desk/visits/{person}/appointment/cancel").status_code == 303
    assert standing(database, person) is None


def test_a_form_pressed_twice_or_sent_late_makes_one_appointment(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    desk = at_the_desk(database, keyring, place)
    form = str(uuid4())
    assert agree(desk, person, appointment_id=form) == 303
    assert agree(desk, person, appointment_id=form) == 303
    desk.send(f"/desk/visits/{person}/appointment/cancel")
    assert agree(desk, person, appointment_id=form) == 303

    with database.snapshot() as session:
        (only,) = queries.appointments_of(session, person)
    assert only.state is AppointmentState.CANCELLED


@pytest.mark.parametrize("day", ["", "soon", "2026-03-01", "2031-01-01"])
def test_a_day_that_cannot_be_is_refused_beside_its_field(
    database: Database, keyring: Keyring, place: Place, person: UUID, day: str
) -> None:
    desk = at_the_desk(database, keyring, place)
    refused = desk.send(f"/desk/visits/{person}/appointment", {"day": day, "kind": "visit"})
    assert refused.status_code == 422
    assert "day" in errors(refused.text)
    assert standing(database, person) is None


def test_a_second_conversation_is_offered_to_nobody_who_did_not_want_to_be_invited(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    desk = at_the_desk(database, keyring, place)
    assert "A second conversation" not in desk.get(f"/desk/visits/{person}/appointment").text
    assert agree(desk, person, kind="follow_up") == 409


def test_someone_who_is_seen_on_the_day_has_come_as_agreed(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    agree(at_the_desk(database, keyring, place), person)
    desk = at_the_desk(database, keyring, place, LATER + timedelta(days=10))
    assert "1 person agreed to come" in desk.get("/desk/online").text

    fields = {"female_condoms": "2", "request_id": str(uuid4())}
    desk.send(f"/desk/visits/{person}/services", fields)

    assert standing(database, person) is None
    assert "agreed to come" not in desk.get("/desk/online").text


def test_a_missed_day_can_be_noted_as_kept_or_agreed_anew(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    agree(at_the_desk(database, keyring, place), person)
    desk = at_the_desk(database, keyring, place, LATER + timedelta(days=30))

    page = desk.get(f"/desk/visits/{person}/appointment").text
    assert "That day has passed. Nothing is lost" in page
    assert desk.send(f"/desk/visits/{person}/appointment/came").status_code == 303
    assert standing(database, person) is None


def test_the_desk_sees_how_many_are_announced_and_for_no_other_day(
    database: Database, keyring: Keyring, place: Place
) -> None:
    desk = at_the_desk(database, keyring, place)
    assert 'id="coming"' not in desk.get("/desk/online").text
    with database.transaction() as session:
        for caller in range(3):
            announce(session, place.site.id, TODAY, bytes([caller] * 32), now=LATER)
        tomorrow = TODAY + timedelta(days=1)
        announce(session, place.site.id, tomorrow, b"1" * 32, now=LATER)

    page = desk.get("/desk/online").text
    assert re.search(r"Today.*3 visits announced.*Tomorrow.*1 visit announced", page, re.DOTALL)


def test_nobody_of_another_programme_is_agreed_with(
    database: Database, keyring: Keyring, person: UUID
) -> None:
    with database.transaction() as session:
        elsewhere = a_place(session)
    desk = at_the_desk(database, keyring, elsewhere)
    assert desk.get(f"/desk/visits/{person}/appointment").status_code == 404
    assert desk.send(f"/desk/visits/{person}/appointment/cancel").status_code == 404
    assert standing(database, person) is None


def test_whoever_works_for_the_whole_programme_sees_what_other_sites_expect(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        other = a_site(session, place.programme.id)
        announce(session, other.id, TODAY, b"1" * 32, now=LATER)
        anywhere = an_actor(session, Role.COUPON_MANAGER, programme_id=place.programme.id)

    page = reader(database, keyring, anywhere, now=LATER).get("/desk/online").text
    assert re.search(r"Today at .*1 visit announced", page, re.DOTALL)
    assert "Today at" not in at_the_desk(database, keyring, place).get("/desk/online").text
